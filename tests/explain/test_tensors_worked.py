"""Computations of a user's own worked out: the circuits of CS231n, and the notes' E2 and E4."""

from __future__ import annotations

import pytest

import glassnet as gn
from glassnet.errors import ArgumentError
from glassnet.explain import explain


def test_the_first_circuit() -> None:
    """f = (x + y)z at (−2, 5, −4): f = −12, gradients (−4, −4, 3)."""
    x, y, z = gn.tensor(-2.0, "x"), gn.tensor(5.0, "y"), gn.tensor(-4.0, "z")
    sheet = explain((x + y).named("q") * z).sheets[0]
    found = {str(line.address): line.value for line in sheet.lines()}
    assert found == {
        "x": -2, "y": 5, "z": -4, "q": 3, "f": -12,
        "∂f/∂q": -4, "∂f/∂x": -4, "∂f/∂y": -4, "∂f/∂z": 3,
    }  # fmt: skip
    assert "f = q · z = 3 · (−4) = −12" in str(explain((x + y).named("q") * z))


def test_the_sigmoid_neuron() -> None:
    """w = (2, −3, −3), x = (−1, −2): 0.7311; gradients as printed in the course's notes."""
    w, x = gn.tensor([2.0, -3.0, -3.0], "w"), gn.tensor([-1.0, -2.0], "x")
    v = (w[0] * x[0] + w[1] * x[1] + w[2]).named("v")
    sheet = explain(gn.logistic(v)).sheets[0]
    assert sheet["f"].value == pytest.approx(0.7311, abs=5e-5)
    gradient_w = [sheet[f"∂f/∂w[{i}]"].value for i in (1, 2, 3)]
    gradient_x = [sheet[f"∂f/∂x[{i}]"].value for i in (1, 2)]
    assert gradient_w == pytest.approx([-0.1966, -0.3932, 0.1966], abs=5e-5)
    assert gradient_x == pytest.approx([0.3932, -0.5898], abs=5e-5)


def test_relu_neuron() -> None:
    """E2: a = relu(wx + b)."""
    x, w, b = gn.tensor(2.0, "x"), gn.tensor(0.5, "w"), gn.tensor(1.0, "b")
    sheet = explain(gn.relu(w * x + b).named("a")).sheets[0]
    assert [sheet[f"∂a/∂{n}"].value for n in "wxb"] == [2.0, 0.5, 1.0]


def test_weight_sharing() -> None:
    """E4: the derivative with respect to a shared weight is the sum over both paths."""
    w, x = gn.tensor(3.0, "w"), gn.tensor(2.0, "x")
    first = (w * x).named("y₁")
    sheet = explain((w * first).named("y₂"), wrt=w).sheets[0]
    assert sheet["∂y₂/∂w"].value == 12.0
    worked = sheet.work()
    assert all(worked[line.address] == pytest.approx(line.value) for line in sheet.lines())


def test_vectors_have_values_and_no_derivatives() -> None:
    x = gn.tensor([1.0, -2.0], "x")
    sheet = explain(gn.tanh(x).named("y")).sheets[0]
    assert [section.title for section in sheet.sections] == ["Given", "Forward"]


def test_what_cannot_be_written_out() -> None:
    with pytest.raises(ArgumentError, match="name"):
        explain(gn.tensor(1.0) + gn.tensor(2.0))
    with pytest.raises(ArgumentError, match="numbers"):
        explain(gn.tensor([0.0] * 6000, "x").sum())
