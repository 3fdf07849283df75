"""Pictures of what a rule has learnt: files are written, and what cannot be drawn is said."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, DataError
from glassnet.rules.pictures import _line

pytest.importorskip("matplotlib", reason="pictures need matplotlib")

AND = [[0, 0], [0, 1], [1, 0], [1, 1]]
D = ["no", "no", "no", "yes"]


def is_svg(path: Path) -> bool:
    return path.read_text().startswith("<?xml")


@pytest.mark.parametrize("kind", [gn.Perceptron, gn.NearestNeighbours, gn.LVQ, gn.Adaline])
def test_regions(kind: Any, tmp_path: Path) -> None:
    rule = kind().fit(AND, D)
    rule.plot(tmp_path / "regions.svg", AND, D)
    rule.plot(tmp_path / "plain.png", AND)
    assert is_svg(tmp_path / "regions.svg")
    with pytest.raises(ArgumentError, match="give the examples"):
        rule.plot(tmp_path / "x.svg")
    with pytest.raises(DataError, match="class 'maybe' is unknown"):
        rule.plot(tmp_path / "x.svg", AND, ["maybe"] * 4)
    with pytest.raises(ArgumentError, match="must end in"):
        rule.plot(tmp_path / "x.gif", AND, D)
    assert len(list(tmp_path.iterdir())) == 2


def test_epochs(tmp_path: Path) -> None:
    oja = gn.Oja(epochs=5).fit(AND)
    oja.plot(tmp_path / "epochs.svg")
    assert is_svg(tmp_path / "epochs.svg")
    with pytest.raises(ArgumentError, match="no epochs"):
        gn.NearestNeighbours().fit([[1.0], [2.0]], D[2:]).plot(tmp_path / "x.svg")
    with pytest.raises(ArgumentError, match="fit first"):
        gn.Oja().plot(tmp_path / "x.svg")


@pytest.mark.parametrize("coding", ["bipolar", "binary"])
def test_the_moving_line(coding: str, tmp_path: Path) -> None:
    gn.Perceptron().steps(AND, D).plot(tmp_path / "perceptron.svg")
    gn.Adaline(epochs=20, coding=coding).steps(AND, D).plot(tmp_path / "adaline.png")
    gn.StochasticNeuron(epochs=2).steps(AND, D).plot(tmp_path / "stochastic.pdf")
    assert is_svg(tmp_path / "perceptron.svg")
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize(
    "steps",
    [
        gn.Perceptron().steps([[0], [1]], [0, 1]),
        gn.Perceptron(epochs=2).steps(AND, [0, 1, 2, 2]),
        gn.LeastMeanSquares(0.1, epochs=1).steps(AND, [0, 1, 1, 2]),
        gn.Oja(epochs=1).steps(AND),
        gn.LVQ(epochs=1).steps(AND, D),
    ],
)
def test_steps_without_a_line(steps: Any, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match="one neuron that has two inputs"):
        steps.plot(tmp_path / "x.svg")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("w", [[1.0, 2.0], [0.0, 1.0], [1.0, 0.0], [-3.0, 0.1]])
def test_ends_are_on_the_line(w: list[float]) -> None:
    low, high = np.array([-1.0, -2.0]), np.array([3.0, 4.0])
    ends = _line(np.array(w), -0.5, low, high)
    assert ends is not None
    for point in zip(*ends, strict=True):
        assert abs(np.dot(w, point) - 0.5) < 1e-12
    assert _line(np.zeros(2), 1.0, low, high) is None


def test_the_warning_names_the_callers_line() -> None:
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        gn.Perceptron(epochs=3).fit(AND, [0, 1, 1, 0])
        gn.Hebb(learning_rate=1.0, epochs=40).fit(AND)
        gn.LeastMeanSquares(5.0, epochs=1).fit(AND, [0, 1, 1, 0])
    assert [entry.filename for entry in seen] == [__file__] * 3
