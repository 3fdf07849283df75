"""`glassnet train brackets` and `adding`: what they print, keep and refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import glassnet as gn
from tests.cli.conftest import Run

SMALL = "--epochs 1 --no-progress"


def test_brackets(run: Run, place: Path) -> None:
    result = run(f"train brackets {SMALL} --layers '8 lstm returns=sequence, softmax' --seed 3")
    assert result.status == 0, result.err
    assert "labels right" in result.out
    assert "80 steps" in result.out
    lines = [line.strip() for line in result.out.splitlines()]
    shown = [line.split()[1] for line in lines if line.startswith(("right ", "answered "))]
    assert len(shown) == 6
    assert {len(text) for text in shown} == {40}
    net = gn.load(place / "brackets.safetensors")
    assert net.seed == 3
    again = run("evaluate brackets.safetensors brackets --json")
    found = json.loads(again.out)["measures"]
    assert set(found) == {"40 steps", "80 steps"}
    assert 0.3 < found["80 steps"]["labels right"] < 1
    worked = run("explain brackets.safetensors brackets --example 7 --quantity 'lstm1.h(2)[3]'")
    assert "h₃(2) = o₃(2) · tanh c₃(2) = " in worked.out
    through = run("explain brackets.safetensors brackets --example 7 --quantity lstm1.dE/du_f[1,2]")
    assert "What each of the 39 steps adds" in through.out
    assert "not trained on 'adding'" in run("explain brackets.safetensors adding").err


def test_adding(run: Run, place: Path) -> None:
    options = "--layers '4 lstm, linear' --optimizer 'adam 0.02' --clip-norm 1"
    result = run(f"train adding {SMALL} {options} --out sums.safetensors --json")
    assert result.status == 0, result.err
    found = json.loads(result.out)
    assert found["run"]["epochs"] == 1
    assert found["settings"]["clip_norm"] == 1
    assert "0.02" in str(found["settings"]["optimizer"])
    assert 0 < found["measures"]["100 steps"]["mean error"] < 1
    again = run("evaluate sums.safetensors adding")
    assert "off by less than 0.04" in again.out
    assert "answered" in again.out
    assert (place / "sums.safetensors").exists()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train brackets --layers '8 lstm, softmax'", "returns=sequence"),
        ("train adding --layers '8 lstm, softmax'", "always answers 1"),
        ("train adding --layers '8 lstm, 2 linear'", "needs (1,)"),
        ("train adding --target price", "--target has no place here"),
        ("train brackets --delimiter ';'", "how a table is read"),
        ("train brackets --epochs 0", "epochs"),
    ],
)
def test_refusals(run: Run, line: str, message: str) -> None:
    result = run(line)
    assert result.status == 2
    assert message in " ".join(result.err.split())


def test_models_of_something_else(run: Run) -> None:
    assert run("train iris --epochs 1 --no-progress").status == 0
    result = run("evaluate iris.safetensors adding")
    assert result.status == 2
    assert "was not trained on 'adding'" in result.err
    result = run("predict iris.safetensors brackets")
    assert result.status == 2
    assert "glassnet evaluate" in result.err
