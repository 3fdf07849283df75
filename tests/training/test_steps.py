"""Networks on sequences: another length, padding, exploding gradients, and what LSTM solves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.data.generated.adding import SOLVED, adding
from glassnet.data.generated.brackets import SYMBOLS, brackets
from glassnet.errors import ArgumentError

RNG = np.random.default_rng(0)


def labeller(steps: int, units: int = 64) -> gn.Network:
    symbols = len(SYMBOLS)
    layers = [gn.Embedding(symbols, symbols), gn.LSTM(units, returns="sequence")]
    return gn.Network([*layers, gn.Dense(4, "softmax")], inputs=(steps,))


def test_another_length_answers_the_shared_steps_alike() -> None:
    x, labels = brackets(64, 30, seed=1)
    net = labeller(10, 16)
    gn.fit(net, x[:, :10], labels[:, :10], epochs=2, progress=False)
    longer = net.for_steps(30)
    np.testing.assert_allclose(longer.outputs(x)[:, :10], net.outputs(x[:, :10]), atol=1e-6)
    assert longer.predict(x).shape == (64, 30)
    assert longer.classes == net.classes
    assert all(longer.parameters[key] is value for key, value in net.parameters.items())


def test_another_length_for_a_mask() -> None:
    net = gn.Network([gn.Mask(), gn.GRU(5), gn.Dense(2)], inputs=(6, 3), dtype="float64")
    x = RNG.normal(size=(4, 6, 3))
    # what is missing at the end changes nothing
    np.testing.assert_allclose(net.for_steps(9).outputs(list(x)), net.outputs(x), rtol=1e-12)


def test_another_length_needs_layers_over_time() -> None:
    with pytest.raises(ArgumentError, match="goes over time"):
        gn.Network([gn.Dense(2)], inputs=3).for_steps(4)
    with pytest.raises(ArgumentError, match="time"):
        labeller(5, 4).for_steps(0)


def change(clip: dict[str, Any]) -> float:
    """Return how far one step of gradient descent goes where gradients explode over 30 steps."""
    net = gn.Network([gn.RNN(3, "linear"), gn.Dense(1)], inputs=(30, 2), dtype="float64")
    key = next(key for key, value in net.parameters.items() if value.shape == (3, 3))
    net.parameters[key] = 1.5 * np.eye(3)
    before = {key: value.copy() for key, value in net.parameters.items()}
    x, y = RNG.normal(size=(8, 30, 2)), RNG.normal(size=8)
    optimizer = gn.GradientDescent(1.0)
    gn.fit(net, x, y, epochs=1, batch_size=8, optimizer=optimizer, progress=False, **clip)
    return float(np.sqrt(sum(((net.parameters[key] - v) ** 2).sum() for key, v in before.items())))


def test_exploding_gradients_are_clipped() -> None:
    assert change({}) > 1e6
    assert change({"clip_norm": 0.5}) == pytest.approx(0.5, rel=1e-9)
    weights = 3 * 2 + 3 * 3 + 3 + 3 + 1
    assert change({"clip_value": 0.1}) <= 0.1 * np.sqrt(weights) * (1 + 1e-9)


@pytest.mark.slow
def test_brackets_of_twice_the_length() -> None:
    x, labels = brackets(4_000, 40, depth=4, seed=0)
    net = labeller(40)
    gn.fit(net, x, labels, epochs=15, optimizer=gn.Adam(gn.Cosine(0.01)), progress=False)
    x, labels = brackets(2_560, 80, depth=4, seed=1)
    assert (net.for_steps(80).predict(x) == labels).mean() >= 0.99


def adding_net(layer: Any) -> tuple[float, float]:
    """Train on the adding problem of 100 steps; return the share that is solved, and the MSE."""
    net = gn.Network([layer, gn.Dense(1)], inputs=(100, 2))
    x, y = adding(10_000, 100, seed=0)
    gn.fit(net, x, y, epochs=30, optimizer=gn.Adam(gn.Cosine(0.01)), progress=False)
    x, y = adding(2_560, 100, seed=1)
    errors = np.abs(net.predict(x) - y)
    return float((errors < SOLVED).mean()), float((errors**2).mean())


@pytest.mark.slow
def test_lstm_solves_the_adding_problem() -> None:
    solved, _ = adding_net(gn.LSTM(32))
    assert solved >= 0.99


@pytest.mark.slow
def test_the_basic_network_does_not() -> None:
    solved, error = adding_net(gn.RNN(32))
    assert solved < 0.2
    assert error > 0.1  # who always answers 1 has 1/6
