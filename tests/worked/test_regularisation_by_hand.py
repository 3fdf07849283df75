"""H2 and H3: penalties, dropout and batch normalisation, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from oracles import philox

import glassnet as gn
from worked.glass import Step


def linear(weights: list[list[float]], bias: float = 0.0, **settings: float) -> gn.Network:
    layer = gn.Dense(len(weights), weights=weights, biases=[bias] * len(weights), **settings)
    return gn.Network([layer], inputs=len(weights[0]), dtype="float64")


def test_l2() -> None:
    """E = ½(d − y)², plus (λ/2) Σw²; w = (3, −4), b = 1, x = (0, 0), d = 1: no error, only λw.

    λ = 0.1: the penalty is 0.05 · 25 = 1.25; with η = 0.5 a weight shrinks by 0.5 · 0.1 = 5 %.
    The bias is not penalised.
    """
    step = Step(
        linear([[3.0, -4.0]], 1.0),
        [[0.0, 0.0]],
        [[1.0]],
        loss="half_squared_error",
        optimizer="sgd 0.5",
        l2=0.1,
    )
    assert step.loss == 0.0
    assert step.objective == pytest.approx(1.25, rel=1e-15)
    np.testing.assert_allclose(step.new["output.w"], [[2.85, -3.8]], rtol=1e-15)
    assert step.new["output.b"].tolist() == [1.0]


def test_l1() -> None:
    """λ Σ|w|: 0.1 · 7 = 0.7; each weight moves by ηλ = 0.05 towards 0, whatever its size."""
    step = Step(
        linear([[3.0, -4.0]], 1.0),
        [[0.0, 0.0]],
        [[1.0]],
        loss="half_squared_error",
        optimizer="sgd 0.5",
        l1=0.1,
    )
    assert step.objective == pytest.approx(0.7, rel=1e-15)
    np.testing.assert_allclose(step.new["output.w"], [[2.95, -3.95]], rtol=1e-15)
    assert step.new["output.b"].tolist() == [1.0]


def test_penalties_add_up() -> None:
    """A layer's own λ and that of `fit` are added: 0.1 + 0.2 for L1, 0.3 + 0.1 for L2.

    ∂/∂w at w = 2: 0.3 + 0.4 · 2 = 1.1; objective 0.3 · 2 + 0.2 · 4 = 1.4
    """
    net = linear([[2.0]], 0.0, l1=0.1, l2=0.3)
    data = {"loss": "half_squared_error", "optimizer": "sgd 1.0"}
    step = Step(net, [[0.0]], [[0.0]], l1=0.2, l2=0.1, **data)  # type: ignore[arg-type]
    assert step.objective == pytest.approx(1.4, rel=1e-15)
    assert step.new["output.w"].item() == pytest.approx(0.9, rel=1e-15)
    net = linear([[2.0]], 0.0, l1=0.1, l2=0.3)
    gn.fit(net, [[0.0]], [[0.0]], epochs=1, mode="batch", l1=0.2, l2=0.1, **data)
    assert net.parameters["output.w"].item() == pytest.approx(0.9, rel=1e-15)


def test_l1_of_a_weight_of_zero_leaves_it_there() -> None:
    net = linear([[0.0]])
    gn.fit(net, [[0.0]], [[0.0]], loss="mse", optimizer="sgd 1.0", epochs=3, l1=0.5)
    assert net.parameters["output.w"].item() == 0.0


def test_batch_normalisation() -> None:
    """H3. z = 1, 3, 5, 7: μ = 4, σ² = (9 + 1 + 1 + 9)/4 = 5; ε = 4, so √(σ² + ε) = 3.

    z′ = −1, −1/3, 1/3, 1;  y = γz′ + β with γ = 3, β = 10: 7, 9, 11, 13
    running mean: 0.9·0 + 0.1·4 = 0.4;  running variance: 0.9·1 + 0.1·(20/3) = 47/30
    """
    net = gn.Network([gn.BatchNorm(momentum=0.1, epsilon=4.0)], inputs=1, dtype="float64")
    net.parameters["batchnorm1.gamma"][:] = 3
    net.parameters["batchnorm1.beta"][:] = 10
    z = [[1.0], [3.0], [5.0], [7.0]]
    step = Step(net, z, [[0.0]] * 4, loss="mse", optimizer="sgd 0.01")
    assert step["batchnorm1.μ"].tolist() == [4.0]
    assert step["batchnorm1.σ²"].tolist() == [5.0]
    np.testing.assert_allclose(step["batchnorm1.z′"].ravel(), [-1, -1 / 3, 1 / 3, 1], rtol=1e-15)
    np.testing.assert_allclose(step["batchnorm1.y"].ravel(), [7, 9, 11, 13], rtol=1e-15)
    assert step.statistics["batchnorm1.mean"].item() == pytest.approx(0.4, rel=1e-15)
    assert step.statistics["batchnorm1.variance"].item() == pytest.approx(47 / 30, rel=1e-15)
    # ∂E/∂β = (2/4) Σy = 20; ∂E/∂γ = (2/4) Σ y z′ = ½ (−7 − 3 + 11/3 + 13) = 10/3
    assert step.new["batchnorm1.beta"].item() == pytest.approx(10 - 0.2, rel=1e-14)
    assert step.new["batchnorm1.gamma"].item() == pytest.approx(3 - 0.1 / 3, rel=1e-14)


def test_batch_normalisation_answers_by_the_running_statistics() -> None:
    """After that step: (z − 0.4)/√(47/30 + 4) · γ + β for any single z."""
    net = gn.Network([gn.BatchNorm(momentum=0.1, epsilon=4.0)], inputs=1, dtype="float64")
    gn.fit(net, [[1.0], [3.0], [5.0], [7.0]], [0.0] * 4, mode="batch", epochs=1)
    gamma = net.parameters["batchnorm1.gamma"].item()
    beta = net.parameters["batchnorm1.beta"].item()
    expected = gamma * (2.0 - 0.4) / np.sqrt(47 / 30 + 4) + beta
    assert net.outputs([[2.0]]).item() == pytest.approx(expected, rel=1e-14)


def test_dropout() -> None:
    """p = 0.5: what is kept counts double. The mask is u ≥ p, with u from Philox by hand:
    key = the run's seed, 0; stream 2¹⁷ + 0 for the first layer; counter = the step's number, 1.
    """
    layers = [gn.Dropout(0.5), gn.Dense(1, weights=[[1.0, 10.0, 100.0, 1000.0]], biases=[0.0])]
    net = gn.Network(layers, inputs=4, dtype="float64")
    step = Step(net, [[1.0, 1.0, 1.0, 1.0]], [[0.0]], loss="mse", optimizer="sgd 0.1")
    u = philox.uniform64(4, seed=0, stream=2**17, counter=1)
    mask = [1.0 if value >= 0.5 else 0.0 for value in u]
    assert 0 < sum(mask) < 4  # this seed keeps some and drops some
    assert step["dropout1.mask"].tolist() == [mask]
    assert step["dropout1.y"].tolist() == [[2 * kept for kept in mask]]
    assert step["output.v"].item() == sum(
        2 * w * kept for w, kept in zip([1, 10, 100, 1000], mask, strict=True)
    )
    # a weight whose input was dropped does not learn in this step
    moved = (step.new["output.w"] != [[1.0, 10.0, 100.0, 1000.0]]).ravel().tolist()
    assert moved == [kept == 1.0 for kept in mask]
    assert net.outputs([[1.0, 1.0, 1.0, 1.0]]).item() == 1111.0  # nothing dropped, nothing doubled
