"""Classical rules on the command line: `train --rule`, what follows it, and `rules`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet
from glassnet.data import open_data
from glassnet.rules import RULES
from tests.cli.conftest import Run

CLASSES = ("adaline", "competitive", "lvq", "nearest k=3", "perceptron", "som rows=4 columns=4")
NUMBERS = ("lms", "nearest", "nearest k=2 weights=distance")
NOTHING = ("hebb", "oja", "sanger components=2")


@pytest.fixture
def data(place: Path) -> Path:
    """A folder with petals.csv (two inputs, two classes) and line.csv (numbers)."""
    iris = open_data("iris").data
    rows = zip(*(iris.columns[i].values.tolist() for i in (2, 3)), range(150), strict=True)
    lines = [f"{a},{b},{'setosa' if row < 50 else 'other'}" for a, b, row in rows]
    (place / "petals.csv").write_text("\n".join(["length,width,species", *lines]) + "\n")
    numbers = [((x * 5) % 13, (x * 7) % 11) for x in range(100)]
    lines = [f"{a},{b},{0.3 * a - b + 1}" for a, b in numbers]
    (place / "line.csv").write_text("\n".join(["a,b,y", *lines]) + "\n")
    return place


@pytest.mark.parametrize("rule", CLASSES)
def test_classes(run: Run, data: Path, rule: str) -> None:
    trained = run("train", "petals.csv", "--rule", rule, "--out", "m.safetensors")
    assert trained.status == 0, trained.err
    assert max(map(len, trained.out.splitlines())) <= 80
    assert "accuracy" in trained.out
    answers = run("predict m.safetensors petals.csv").out.splitlines()
    assert len(answers) == 151
    assert answers[0].split(",")[0] == "prediction"
    found = json.loads(run("evaluate m.safetensors petals.csv --json").out)["measures"]
    right = [line.split(",")[0] for line in answers[1:]]
    wanted = [line.split(",")[2] for line in (data / "petals.csv").read_text().splitlines()[1:]]
    assert found["accuracy"] == np.mean(np.array(right) == wanted) > 0.9
    info = run("info m.safetensors")
    assert type(glassnet.load(data / "m.safetensors")).__name__ in info.out


@pytest.mark.parametrize("rule", NUMBERS)
def test_numbers(run: Run, data: Path, rule: str) -> None:
    del data
    trained = run("train", "line.csv", "--rule", rule, "--json", "--out", "m.safetensors")
    assert trained.status == 0, trained.err
    assert json.loads(trained.out)["measures"]["train"]["r2"] > 0.99
    found = json.loads(run("evaluate m.safetensors line.csv --json").out)["measures"]
    assert found["r2"] > 0.8


@pytest.mark.parametrize("rule", NOTHING)
def test_without_targets(run: Run, data: Path, rule: str) -> None:
    del data
    assert run("train", "line.csv", "--rule", rule, "--out", "m.safetensors").status == 0
    lines = run("predict m.safetensors line.csv").out.splitlines()
    assert len(lines) == 101
    measured = run("evaluate m.safetensors line.csv")
    assert measured.status == 2
    assert "learnt without targets" in measured.err


@pytest.mark.parametrize(
    ("rule", "head"),
    [("som rows=3 columns=4", "unit,row,column,distance"), ("competitive 5", "unit,distance")],
)
def test_units_without_classes(run: Run, data: Path, rule: str, head: str) -> None:
    assert run("train", "line.csv", "--rule", rule, "--out", "m.safetensors").status == 0
    lines = run("predict m.safetensors line.csv").out.splitlines()
    assert lines[0] == head
    assert len(lines) == 101
    model: Any = glassnet.load(data / "m.safetensors")
    table = open_data(data / "line.csv").data
    assert [int(line.split(",")[0]) for line in lines[1:]] == model.predict(table).tolist()
    assert "learnt without targets" in run("evaluate m.safetensors line.csv").err


@pytest.mark.parametrize("rule", [*CLASSES, "stochastic"])
def test_pictures_of_two_inputs(run: Run, data: Path, rule: str) -> None:
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    done = run("train", "petals.csv", "--rule", rule, "--plot", "p.svg", "--out", "m.safetensors")
    assert done.status == 0, done.err
    assert (data / "p.svg").read_text().startswith("<?xml")


def test_pictures_and_tables_of_epochs(run: Run, data: Path) -> None:
    pytest.importorskip("matplotlib", reason="pictures need matplotlib")
    assert run("train line.csv --rule oja --plot o.png --history o.csv").status == 0
    assert (data / "o.png").read_bytes().startswith(b"\x89PNG")
    assert (data / "o.csv").read_text().startswith("epoch,loss,")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("line.csv --rule perceptron", "'y' is a number; this rule learns classes"),
        ("petals.csv --rule lms", "'species' has classes; this rule learns numbers"),
        ("petals.csv --rule 'nearest k=500'", "k = 500 neighbours cannot be found among 120"),
        ("petals.csv --rule 'nearest k=0'", "k must be a whole number of at least 1"),
        ("petals.csv --rule 'som rows=0'", "rows must be a whole number of at least 1"),
        ("petals.csv --rule 'perceptron fast'", "learning_rate: there is no schedule named 'fast'"),
        ("petals.csv --rule 'perceptron -1'", "learning_rate must be a number above 0"),
        ("petals.csv --rule 'som row=3'", "som has no setting 'row' (did you mean 'rows'?)"),
        ("petals.csv --rule 'lms start_bias=3'", "start_bias can be given in Python only"),
        ("petals.csv --rule sim", "no rule named 'sim' (did you mean 'som'?)"),
        ("petals.csv --rule ''", "no rule named ''"),
        ("petals.csv --rule som --layers softmax", "--layers is an option of networks"),
        ("line.csv --rule nearest --plot p.svg", "--plot: the rule nearest has no epochs"),
        ("petals.csv --rule nearest --history h.csv", "--history: the rule nearest has no epochs"),
        ("petals.csv --rule nearest --epochs 3", "nearest has no such setting"),
        ("petals.csv --rule hebb --engine fast", "engine must be one of"),
    ],
)
def test_what_cannot_be(run: Run, data: Path, words: str, said: str) -> None:
    before = sorted(data.iterdir())
    result = run(f"train {words}")
    assert result.status == 2
    assert result.err.count("\n") == 1
    assert said in result.err
    assert sorted(data.iterdir()) == before


def test_a_number_type_of_its_own(run: Run, data: Path) -> None:
    run("train petals.csv --rule lvq --out m.safetensors")
    assert glassnet.load(data / "m.safetensors").dtype == "float64"
    run("train petals.csv --rule lvq --dtype float32 --out m.safetensors")
    assert glassnet.load(data / "m.safetensors").dtype == "float32"


def test_the_proof_names_rows_of_the_file(run: Run, data: Path) -> None:
    lines = (data / "petals.csv").read_text().splitlines()
    lines[100] = lines[3].replace("setosa", "other")  # row 99 is row 2, of the other class
    (data / "petals.csv").write_text("\n".join(lines) + "\n")
    result = run("train petals.csv --rule perceptron --test 0")
    said = " ".join(result.out.split())
    assert "Rows 99 and 2" in said or "row 99" in said
    assert "class other" in said
    assert ".." not in said


# --- rules ----------------------------------------------------------------------------------------
def test_all_rules_are_listed(run: Run) -> None:
    result = run("rules")
    assert result.status == 0
    shown = [line.split()[0] for line in result.out.splitlines() if line.strip()]
    assert set(RULES) <= set(shown)
    assert max(map(len, result.out.splitlines())) <= 80


@pytest.mark.parametrize("rule", sorted(RULES))
def test_settings_of_a_rule(run: Run, rule: str) -> None:
    found = json.loads(run(f"rules {rule} --json").out)["rules"]
    assert [entry["rule"] for entry in found] == [rule]
    settings = {entry["name"]: entry["default"] for entry in found[0]["settings"]}
    assert settings == RULES[rule]().get_params()
    assert all(entry["meaning"] for entry in found[0]["settings"])
    shown = run(f"rules {rule}")
    assert max(map(len, shown.out.splitlines())) <= 80
    hidden = ("progress", "start_weights", "start_bias")
    first = [line.split()[0] for line in shown.out.splitlines() if line.strip()]
    assert all((name in first) != (name in hidden) for name in settings)


def test_an_unknown_rule(run: Run) -> None:
    assert run("rules Self-Organising-Map").status == 0
    result = run("rules sim")
    assert result.status == 2
    assert "did you mean 'som'?" in result.err
