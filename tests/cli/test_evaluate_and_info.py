"""`glassnet evaluate` and `glassnet info`: the figures of the training come back."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import glassnet
from tests.cli.conftest import Run

MODEL = "flowers.safetensors"


def test_evaluating_classes(run: Run, models: Path) -> None:
    del models
    people = run(f"evaluate {MODEL} flowers.csv")
    found = json.loads(run(f"evaluate {MODEL} flowers.csv --json").out)
    assert people.status == 0
    assert found["target"] == "species"
    assert found["measures"]["examples"] == 12
    assert re.search(rf"accuracy +{found['measures']['accuracy']:.3f}", people.out)
    assert re.search(r"right ↓ +answered → +setosa +versicolor", people.out)
    assert max(map(len, people.out.splitlines())) <= 80


def test_evaluating_numbers(run: Run, models: Path) -> None:
    del models
    people = run("evaluate line.safetensors line.csv")
    measures = json.loads(run("evaluate line.safetensors line.csv --json").out)["measures"]
    assert measures["r2"] > 0.9
    assert re.search(rf"RMSE +{measures['rmse']:.4g}", people.out)


def test_a_target_that_does_not_vary_has_no_r2(run: Run, models: Path) -> None:
    (models / "same.csv").write_text("x,y\n1,2\n2,2\n")
    assert re.search(r"R² +–", run("evaluate line.safetensors same.csv").out)
    measures = json.loads(run("evaluate line.safetensors same.csv --json").out)["measures"]
    assert measures["r2"] is None


def test_rows_without_target_are_left_out(run: Run, models: Path) -> None:
    (models / "new.csv").write_text("length,width,colour,species\n5,3,red,?\n5,3,red,setosa\n")
    result = run(f"evaluate {MODEL} new.csv")
    assert "1 row" in result.out
    assert json.loads(run(f"evaluate {MODEL} new.csv --json").out)["measures"]["examples"] == 1


def test_many_classes_and_long_names(run: Run, models: Path) -> None:
    rows = "".join(f"{i % 26},{i % 7},the class that is called {i % 26}\n" for i in range(260))
    (models / "many.csv").write_text(f"a,b,kind\n{rows}")
    assert run("train many.csv -q --epochs 3").status == 0
    result = run("evaluate many.safetensors many.csv")
    assert "the 20 worst of 26 classes" in result.out
    assert "most frequent mistakes" in result.out
    assert max(map(len, result.out.splitlines())) <= 80


def test_info(run: Run, models: Path) -> None:
    del models
    people = run(f"info {MODEL}")
    assert people.status == 0
    found = json.loads(run(f"info {MODEL} --json").out)
    assert found["version"] == glassnet.__version__
    assert found["classes"] == ["setosa", "versicolor"]
    assert found["target"] == "species"
    assert found["parameters"] == 6 * 32 + 32 + 32 * 2 + 2
    assert [layer["output"] for layer in found["layers"]] == [[32], [2]]
    assert [column["treated_as"] for column in found["columns"]] == [
        "number",
        "number",
        "category",
        "target",
    ]
    training = found["training"]
    assert (training["seed"], training["epochs"], training["optimizer"]) == (1, 60, "adam 0.01")
    for said in (
        "32 tanh",
        "setosa, versicolor",
        "one-hot",
        "adam 0.01",
        f"glassnet {glassnet.__version__}",
        "flowers.csv: 12 rows × 4 columns",
        f"accuracy {training['measures']['train']['accuracy']:.4g}",
    ):
        assert said in people.out, said
    assert max(map(len, people.out.splitlines())) <= 80


@pytest.mark.parametrize("command", ["train", "predict", "evaluate", "info", "explain"])
def test_help_has_examples(command: str, run: Run) -> None:
    result = run(f"{command} --help")
    assert result.status == 0
    assert result.out.count(f"glassnet {command} ") >= 3  # the usage, and two examples
    assert max(map(len, result.out.splitlines())) <= 80


def test_help_and_version(run: Run) -> None:
    assert run("--version").out == f"glassnet {glassnet.__version__}\n"
    for typed in ("--help", "-h", ""):
        result = run(typed)
        assert result.status == 0
        assert all(name in result.out for name in ("train", "predict", "evaluate", "info", "iris"))
