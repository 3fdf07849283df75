"""`glassnet explain`: the program of a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import glassnet as gn
from tests.cli.conftest import Run

MODEL = "flowers.safetensors"


def test_the_program_of_a_step(run: Run, models: Path) -> None:
    del models
    people = run(f"explain {MODEL} --program")
    assert people.status == 0
    found = json.loads(run(f"explain {MODEL} --program --json").out)
    assert found["model"] == MODEL
    assert found["settings"]["loss"] == {"value": "cross_entropy", "from": "as in its training"}
    assert found["settings"]["optimiser"]["value"] == "adam 0.01"
    size = found["settings"]["batch_size"]["value"]
    first = found["instructions"][0]
    assert (first["kind"], first["space"]) == ("product", [size, 32, 6])
    assert first["flops"] == 2 * size * 32 * 6
    assert found["flops"] == sum(entry["flops"] for entry in found["instructions"])
    for said in (
        "hidden.v = x @ hidden.wᵀ + hidden.b",
        f"hidden.v: {size} × 32 at ",
        "cross_entropy (as in its training)",
        f"{found['flops']:,}",
        f"{found['arena']['bytes']:,} bytes",
        "slots/hidden.w/mean_square",
    ):
        assert said in people.out, said
    assert max(map(len, people.out.splitlines())) <= 80
    assert "\x1b" not in people.out


def test_another_batch_and_predictions(run: Run, models: Path) -> None:
    del models
    words = f"explain {MODEL} --program --what prediction --batch-size 7 --json"
    found = json.loads(run(words).out)
    assert found["settings"]["batch_size"] == {"value": 7, "from": "as asked for"}
    keys = {o["key"] for entry in found["instructions"] for o in entry["writes"] if "key" in o}
    assert keys == {"y", "class"}


def test_numbers(run: Run, models: Path) -> None:
    del models
    assert "mse (as in its training)" in run("explain line.safetensors --program").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (f"explain {MODEL}", f"`glassnet explain {MODEL} --program`"),
        (f"explain {MODEL} --program --what step", "one of training, prediction; got 'step'"),
        (f"explain {MODEL} --program --batch-size 0", "batch_size must be a whole number"),
        ("explain flowers.csv --program", "flowers.csv is text"),
        ("explain nowhere.safetensors --program", "nowhere.safetensors"),
        ("explain --program", "say what is to be explained"),
    ],
)
def test_mistakes(words: str, message: str, run: Run, models: Path) -> None:
    del models
    result = run(words)
    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert result.err.startswith("error: ")
    assert result.err.count("\n") == 1


# --- the workings of a problem --------------------------------------------------------------------
@pytest.mark.parametrize(
    ("form", "begins", "ending"),
    [
        ("text", "Back-propagation: one step", "txt"),
        ("markdown", "# Back-propagation: one step", "md"),
        ("latex", "\\documentclass", "tex"),
        ("html", "<!DOCTYPE html>", "html"),
        ("json", "{", "json"),
    ],
)
def test_workings_in_every_format(
    form: str, begins: str, ending: str, run: Run, tmp_path: Path
) -> None:
    printed = run(f"explain backpropagation --format {form}")
    assert printed.status == 0
    assert printed.out.startswith(begins)
    path = tmp_path / f"own.{ending}"
    saved = run(f"explain backpropagation --out {path}")
    assert (saved.status, saved.out) == (0, "")
    assert path.read_text(encoding="utf-8") == printed.out
    other = tmp_path / "page"
    assert run(f"explain backpropagation --format {form} --out {other}").status == 0
    assert other.read_text(encoding="utf-8") == printed.out


def test_json_is_a_format(run: Run) -> None:
    by_switch = run("explain backpropagation --json").out
    assert json.loads(by_switch) == json.loads(run("explain backpropagation --format json").out)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("explain and --format latx", "did you mean 'latex'"),
        ("explain and --out own.pdf", "its ending tells the format"),
        ("explain and --out none/own.md", "there is no folder"),
        ("explain and --json --format latex", "two formats"),
    ],
)
def test_mistakes_in_formats(words: str, message: str, run: Run) -> None:
    result = run(words)
    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert result.err.count("\n") == 1


# --- part of a step, tables, and steps of models --------------------------------------------------
def test_part_of_a_step(run: Run) -> None:
    result = run("explain backpropagation --neuron hidden.2 --quantity delta")
    assert result.status == 0
    assert "hidden.δ₂ = output.w₁₂ · output.δ₁ · hidden.y₂ · (1 − hidden.y₂)" in result.out
    assert "hidden.δ₁" not in result.out
    assert max(map(len, result.out.splitlines())) <= 80
    second = run("explain perceptron --epoch 2 --example 1").out
    assert second.count("New weights") == 1
    assert "w₁₂ new = w₁₂ + η · x₂ · e₁ = 1 + 1 · (−1) · (−1) = 2" in second


def test_a_run_as_a_table(run: Run) -> None:
    rows = run("explain perceptron --table").out.splitlines()
    assert rows[-1].split() == ["3", "1", "−3.5", "0", "0", "0", "−0.5", "2", "0.5", "−0.5"]


def test_a_step_of_a_model(run: Run, models: Path) -> None:
    """The last step of the training, replayed, gives the weights that the model has."""
    trained = json.loads(run("train flowers.csv --epochs 4 --batch-size 4 --out own --json").out)
    steps, epochs = trained["run"]["steps"], trained["run"]["epochs"]
    words = f"explain {trained['model']} flowers.csv --step {steps} --quantity 'output.b new[1]'"
    found = json.loads(run(f"{words} --json").out)["steps"][0]
    value = found["sections"][-1]["quantities"][0]["value"]
    network = gn.load(models / trained["model"])
    assert value == pytest.approx(float(network.parameters["output.b"][0]), rel=2e-5)
    assert f"epoch {epochs}, step {steps // epochs} of {steps // epochs}" in found["title"]
    page = run(words)
    assert (page.status, page.err) == (0, "")
    assert "to the bit (float32)" in page.out
    table = run(f"explain {trained['model']} flowers.csv --epoch 2 --table --quantity E").out
    assert f"The run: {steps // epochs} step" in table


def test_the_next_step_of_a_model(run: Run, models: Path) -> None:
    del models
    result = run(f"explain {MODEL} flowers.csv --example 3 --neuron output.1 --quantity delta")
    assert result.status == 0
    assert f"{MODEL}: the next step, on example 3" in result.out
    assert "output.δ₁ = " in result.out


def test_large_layers_are_no_wall(run: Run, models: Path) -> None:
    del models
    result = run(f"explain {MODEL} flowers.csv")
    assert result.status == 0
    assert max(map(len, result.out.splitlines())) <= 80
    assert len(result.out.splitlines()) < 700  # Adam has six quantities for each parameter
    assert "one entry is worked out" in " ".join(result.out.split())


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("explain backpropagation --neuron hiden.1", "did you mean 'hidden'"),
        ("explain backpropagation --quantity detla", "did you mean 'delta'"),
        ("explain backpropagation --example 4", "no example 4"),
        ("explain backpropagation --step 0", "step must be"),
        ("explain backpropagation flowers.csv", "is no model"),
        ("explain backpropagation --paths 'hidden.w[1,1]' --table", "leave --steps"),
        (f"explain {MODEL} {MODEL}", "is a model, and data are needed here"),
        (f"explain {MODEL} flowers.csv --epoch 999999", "there is no epoch 999999"),
        (f"explain {MODEL} flowers.csv --example 99", "no example 99"),
        (f"explain {MODEL} line.csv", "species"),
        (f"explain {MODEL} nowhere.csv", "nowhere.csv"),
    ],
)
def test_mistakes_in_what_is_worked_out(words: str, message: str, run: Run, models: Path) -> None:
    del models
    result = run(words)
    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert result.err.count("\n") == 1


# --- derivations ----------------------------------------------------------------------------------
def test_symbols(run: Run, tmp_path: Path) -> None:
    people = run("explain backpropagation --symbols")
    assert people.status == 0
    assert "δⱼ = −∂E/∂vⱼ = ψ′(vⱼ) Σₖ δₖ wₖⱼ" in people.out
    assert max(map(len, people.out.splitlines())) <= 80
    found = json.loads(run("explain backpropagation --symbols --json").out)
    assert found["steps"][0]["sections"][0]["equations"][0]["name"] == "vⱼ"
    path = tmp_path / "derivation.tex"
    assert run(f"explain softmax --symbols --out {path}").status == 0
    assert r"\frac{\partial E}{\partial v_j}" in path.read_text(encoding="utf-8")


def test_a_rule_without_a_gradient_cannot_be_derived(run: Run) -> None:
    result = run("explain perceptron --symbols")
    assert result.status == 2
    assert "does not go down the gradient of a cost" in result.err


def test_a_step_of_a_rules_model(run: Run, tmp_path: Path) -> None:
    model = tmp_path / "rule.safetensors"
    assert run(f"train iris --rule perceptron --out {model}").status == 0
    result = run(f"explain {model} iris --neuron 2 --quantity v")
    assert (result.status, result.err) == (0, "")
    assert "v₂ = w₂₁ · x₁ + w₂₂ · x₂" in result.out
