"""I2, I3 and I5 in a network: two steps of `fit`, worked by hand.

A single linear neuron without bias, y = wx, from w = 2; one example x = 1, d = 0; E = ½(d − y)².
So y = w, and ∂E/∂w = y = w: a bowl. η = 0.1, α = 0.5.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from worked.glass import Step


def network() -> gn.Network:
    return gn.Network([gn.Dense(1, weights=[[2.0]], biases=None)], inputs=1, dtype="float64")


def after(optimizer: Any, epochs: int, **settings: Any) -> float:
    net = network()
    gn.fit(
        net,
        [[1.0]],
        [[0.0]],
        loss="half_squared_error",
        optimizer=optimizer,
        mode="online",
        epochs=epochs,
        **settings,
    )
    return net.parameters["output.w"].item()


def test_gradient_descent() -> None:
    # I1: w ← w − ηw: 2, 1.8, 1.62
    assert after("sgd 0.1", 1) == pytest.approx(1.8, rel=1e-15)
    assert after("sgd 0.1", 2) == pytest.approx(1.62, rel=1e-15)


def test_momentum() -> None:
    """I2: Δw(t) = αΔw(t−1) + ηg(t); w ← w − Δw(t).

    Δw(1) = 0.1·2 = 0.2, w = 1.8;  Δw(2) = 0.5·0.2 + 0.1·1.8 = 0.28, w = 1.52
    """
    rule = gn.Momentum(0.1, momentum=0.5)
    assert after(rule, 1) == pytest.approx(1.8, rel=1e-15)
    assert after(rule, 2) == pytest.approx(1.52, rel=1e-15)


def test_nesterov() -> None:
    """I3: the gradient at the look-ahead point w − αΔw(t−1).

    Step 1: nothing to look ahead by: Δw = 0.2, w = 1.8
    Step 2: look-ahead 1.8 − 0.5·0.2 = 1.7, g = 1.7: Δw = 0.1 + 0.17 = 0.27, w = 1.53
    """
    rule = gn.Nesterov(0.1, momentum=0.5)
    assert after(rule, 1) == pytest.approx(1.8, rel=1e-15)
    assert after(rule, 2) == pytest.approx(1.53, rel=1e-15)


def test_nesterov_looks_ahead_inside_the_graph() -> None:
    net = network()
    net.parameters["output.w"] = np.array([[1.8]])
    step = Step(
        net,
        [[1.0]],
        [[0.0]],
        loss="half_squared_error",
        optimizer="nesterov 0.1 momentum=0.5",
        slots={"slots/output.w/change": np.array([[0.2]])},
        number=2,
    )
    assert step["output.ŵ"].item() == pytest.approx(1.7, rel=1e-15)
    assert step["output.v"].item() == pytest.approx(1.7, rel=1e-15)
    assert step["output.Δw"].item() == pytest.approx(0.27, rel=1e-15)
    assert step.new["output.w"].item() == pytest.approx(1.53, rel=1e-15)


def test_rmsprop() -> None:
    """I5: MS ← βMS + (1 − β)g²; w ← w − ηg/(√MS + ε); β = 0.75, ε as good as 0.

    MS = 0.25·4 = 1, w = 2 − 0.1·2/1 = 1.8
    MS = 0.75·1 + 0.25·1.8² = 1.56, w = 1.8 − 0.18/√1.56
    """
    rule = "rmsprop 0.1 decay=0.75 epsilon=1e-16"
    assert after(rule, 1) == pytest.approx(1.8, rel=1e-14)
    assert after(rule, 2) == pytest.approx(1.8 - 0.18 / np.sqrt(1.56), rel=1e-14)


def test_clipping() -> None:
    """I6: the gradient 2, clipped to 0.5 by value or by norm: a step of 0.05."""
    assert after("sgd 0.1", 1, clip_value=0.5) == pytest.approx(1.95, rel=1e-15)
    assert after("sgd 0.1", 1, clip_norm=0.5) == pytest.approx(1.95, rel=1e-15)
    assert after("sgd 0.1", 1, clip_norm=3.0) == pytest.approx(1.8, rel=1e-15)


def test_a_schedule() -> None:
    """η halves every epoch: 0.1, 0.05: w = 1.8, then 1.8 · 0.95 = 1.71."""
    schedule = gn.StepDecay(0.1, every=1, decay=0.5)
    assert after(gn.GradientDescent(schedule), 2) == pytest.approx(1.71, rel=1e-14)
