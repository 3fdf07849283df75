"""Workings of a classical rule's model: the steps that it takes on examples."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError

X = np.array([[1.0, -1.0, -1.0], [1.0, 1.0, -1.0]])
D = [0, 1]


def perceptron() -> Any:
    first: dict[str, Any] = {"start_weights": [0.5, -1.0, -0.5], "start_bias": 0.5}
    return gn.Perceptron(learning_rate=1.0, shuffle=False, **first).fit(X, D)


def test_the_steps_are_those_of_the_problem() -> None:
    """The notes' perceptron, fitted, gives the pages of the built-in problem."""
    wanted = gn.explain("perceptron").sheets
    found = gn.explain(perceptron(), X, D, steps=5).sheets
    for one, other in zip(found, wanted, strict=True):
        assert [(str(a.address), a.value) for a in one.lines()] == [
            (str(b.address), b.value) for b in other.lines()
        ]


def test_one_step_and_the_whole_run() -> None:
    one = gn.explain(perceptron(), X, D, epoch=2, example=1, quantity="v")
    assert "= 0.5 · 1 + 1 · (−1) + (−0.5) · (−1) + 0.5" in str(one)
    rows = str(gn.explain(perceptron(), X, D, table=True)).splitlines()
    assert rows[-1].split()[:2] == ["3", "2"]  # an epoch without a mistake ends it


@pytest.mark.parametrize(
    "rule",
    [gn.LeastMeanSquares(), gn.Adaline(), gn.Competitive(2), gn.Hebb(), gn.Oja(), gn.Sanger(2),
     gn.SelfOrganisingMap(2, 2), gn.LVQ(), gn.StochasticNeuron()],
)  # fmt: skip
def test_every_rule_with_steps(rule: Any) -> None:
    sheet = gn.explain(rule, X, np.array([-1.0, 1.0]) if rule.rule == "adaline" else D).sheets[0]
    worked = sheet.work()
    assert worked
    for line in sheet.lines():
        assert worked[line.address] == pytest.approx(line.value, rel=1e-6, abs=1e-7)


def test_what_remembers_is_worked_out_as_an_answer() -> None:
    model = gn.NearestNeighbours(1).fit(X, ["no", "yes"])
    sheet = gn.explain(model, X + 0.25, example=2).sheets[0]
    assert sheet["class"].value == 2.0
    assert "classes: 1 is no, 2 is yes" in str(sheet.conventions)


@pytest.mark.parametrize(
    ("model", "given", "words"),
    [
        (gn.NearestNeighbours(1).fit(X, D), {"x": X, "example": 9}, "no example 9; there are 2"),
        (perceptron(), {}, "say with which examples"),
        (perceptron(), {"x": X, "y": D, "epoch": 50}, "6 in 3 epochs of 2 examples"),
    ],
)
def test_what_cannot_be_worked_out(model: Any, given: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        gn.explain(model, **given)
