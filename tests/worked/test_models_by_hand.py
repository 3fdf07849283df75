"""G1–G3: linear, logistic and softmax regression, one step each, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from worked.glass import Step


def test_linear_regression() -> None:
    """G1. ŷ = wx + b from w = 1, b = 0, on (1, 3), (2, 5), (3, 7); η = 0.1.

    a = 1, 2, 3;  a − y = −2, −3, −4;  MSE = (4 + 9 + 16)/3 = 29/3
    ∂/∂w = (2/3)(−2·1 − 3·2 − 4·3) = −40/3;  ∂/∂b = (2/3)(−9) = −6
    w = 1 + 4/3, b = 0.6
    """
    net = gn.Network([gn.Dense(1, weights=[[1.0]], biases=[0.0])], inputs=1, dtype="float64")
    x, y = [[1.0], [2.0], [3.0]], [[3.0], [5.0], [7.0]]
    step = Step(net, x, y, loss="mse", optimizer="sgd 0.1")
    assert step["output.e"].ravel().tolist() == [-2, -3, -4]
    assert step.loss == pytest.approx(29 / 3, rel=1e-15)
    assert step.new["output.w"].item() == pytest.approx(1 + 4 / 3, rel=1e-15)
    assert step.new["output.b"].item() == pytest.approx(0.6, rel=1e-15)
    run = gn.fit(net, x, y, optimizer="sgd 0.1", mode="batch", epochs=1)
    assert run.settings["loss"] == "mse"
    assert net.parameters["output.w"].item() == step.new["output.w"].item()


def test_linear_regression_finds_the_line() -> None:
    """The three points lie on 2x + 1: training ends there."""
    net = gn.Network([gn.Dense(1)], inputs=1, dtype="float64")
    x, y = [[1.0], [2.0], [3.0]], [3.0, 5.0, 7.0]
    gn.fit(net, x, y, optimizer="sgd 0.1", mode="batch", epochs=2000)
    assert net.parameters["output.w"].item() == pytest.approx(2, abs=1e-9)
    assert net.parameters["output.b"].item() == pytest.approx(1, abs=1e-9)
    assert net.predict([[10.0]]) == pytest.approx(21, abs=1e-7)


def test_logistic_regression() -> None:
    """G2. z = wx + b from w = ln 3, b = 0, on x = 1 with y = 1 and x = −1 with y = 1; η = 1.

    z = ln 3, −ln 3;  a = 3/4, 1/4
    ∂L/∂z = (a − y)/(a(1 − a)) · a(1 − a) = a − y = −1/4, −3/4
    L = −½(ln ¾ + ln ¼) = ½ ln(16/3)
    ∂/∂w = ½(−¼·1 + ¾·1) = ¼;  ∂/∂b = ½(−¼ − ¾) = −½
    """
    w = float(np.log(3.0))
    net = gn.Network(
        [gn.Dense(1, "logistic", weights=[[w]], biases=[0.0])], inputs=1, dtype="float64"
    )
    x, y = [[1.0], [-1.0]], [[1.0], [1.0]]
    step = Step(net, x, y, loss="binary_cross_entropy", optimizer="sgd 1.0")
    assert step.loss == pytest.approx(0.5 * np.log(16 / 3), rel=1e-15)
    # δ is averaged over the two examples: −½(a − y)
    np.testing.assert_allclose(step.delta("output.v").ravel(), [1 / 8, 3 / 8], rtol=1e-15)
    assert step.new["output.w"].item() == pytest.approx(w - 0.25, rel=1e-15)
    assert step.new["output.b"].item() == pytest.approx(0.5, rel=1e-15)


def test_the_likelihood_is_what_the_loss_measures() -> None:
    """G2: minimising the cross-entropy maximises L(w) = Π σ(z)^y (1 − σ(z))^(1−y)."""
    x = np.array([[0.5], [-1.0], [2.0], [0.0]])
    y = np.array([[1.0], [0.0], [0.0], [1.0]])
    layer = gn.Dense(1, "logistic", weights=[[0.7]], biases=[0.1])
    net = gn.Network([layer], inputs=1, dtype="float64")
    step = Step(net, x, y, loss="binary_cross_entropy", optimizer="sgd 1.0")
    a = 1 / (1 + np.exp(-(0.7 * x + 0.1)))
    likelihood = np.prod(a**y * (1 - a) ** (1 - y))
    assert step.loss == pytest.approx(-np.log(likelihood) / 4, rel=1e-14)


def test_softmax_regression() -> None:
    """G3. Two inputs, three classes; z = (0, ln 2, ln 5) for x = (1, 0), whose class is the third.

    a = (1/8, 2/8, 5/8);  L = −ln(5/8);  a − t = (1/8, 2/8, −3/8);  ∂L/∂w_kj = (a_k − t_k) x_j
    """
    weights = [[0.0, 9.0], [float(np.log(2.0)), 9.0], [float(np.log(5.0)), 9.0]]
    layer = gn.Dense(3, "softmax", weights=weights, biases=[0.0, 0.0, 0.0])
    net = gn.Network([layer], inputs=2, dtype="float64")
    step = Step(net, [[1.0, 0.0]], [2], loss="cross_entropy", optimizer="sgd 8.0")
    np.testing.assert_allclose(step["output.y"], [[1 / 8, 2 / 8, 5 / 8]], rtol=1e-15)
    assert step["d"].tolist() == [[0, 0, 1]]  # one-hot
    assert step.loss == pytest.approx(-np.log(5 / 8), rel=1e-14)
    np.testing.assert_allclose(step.delta("output.v"), [[-1 / 8, -2 / 8, 3 / 8]], rtol=1e-14)
    # η = 8: the first weight of each neuron moves by −1, −2, +3; the others stay
    moved = step.new["output.w"] - np.array(weights)
    np.testing.assert_allclose(moved, [[-1, 0], [-2, 0], [3, 0]], atol=1e-13)
    np.testing.assert_allclose(step.new["output.b"], [-1, -2, 3], atol=1e-13)
