"""Kernels that stand for a whole step: where they are recognised, and that they agree."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.engines.native import why_not
from glassnet.engines.native.patterns import recognise
from glassnet.errors import NonFiniteError
from glassnet.graph import DType
from glassnet.learning import Optimizer
from glassnet.learning.backpropagation import Recipe, training_graph
from glassnet.nn import Loss, Stack
from glassnet.rules import Adaline, Estimator, LeastMeanSquares, Perceptron

native = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


def graph(
    layer: Any, loss: str = "mse", optimizer: str = "sgd 0.1", n: int = 1, **more: Any
) -> Any:
    recipe = Recipe(
        Stack([layer], 7), Loss.of(loss), Optimizer.of(optimizer), DType.FLOAT64, **more
    )
    return training_graph(recipe, n)


@pytest.mark.parametrize(("loss", "factor"), [("half_squared_error", 1.0), ("mse", 2.0)])
@pytest.mark.parametrize("biases", ["zeros", None])
def test_the_linear_neuron_is_recognised(loss: str, factor: float, biases: Any) -> None:
    found = recognise(graph(gn.Dense(1, biases=biases), loss))
    assert found is not None
    assert (found.weights, found.bias, found.factor) == (
        "parameters/output.w",
        "parameters/output.b" if biases else "",
        factor,
    )


@pytest.mark.parametrize(
    "other",
    [
        {"layer": gn.Dense(1, "tanh")},
        {"layer": gn.Dense(2)},
        {"layer": gn.Dense(1), "optimizer": "momentum 0.1"},
        {"layer": gn.Dense(1), "n": 2},
        {"layer": gn.Dense(1), "l2": 0.1},
        {"layer": gn.Dense(1), "clip_norm": 1.0},
        {"layer": gn.Dense(1), "weighted": True},
        {"layer": gn.Dense(1, "logistic"), "loss": "binary_cross_entropy"},
    ],
    ids=str,
)
def test_other_steps_are_not(other: dict[str, Any]) -> None:
    assert recognise(graph(**other)) is None


@native
@pytest.mark.parametrize("inputs", [1, 2, 3, 7, 8, 9, 15, 16, 17, 20, 31, 32, 33, 64, 100])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("loss", ["mse", "half_squared_error"])
@pytest.mark.parametrize("biases", ["zeros", None])
def test_the_linear_neuron_learns_the_same(inputs: int, dtype: str, loss: str, biases: Any) -> None:
    generator = np.random.default_rng(inputs)
    x = generator.normal(size=(60, inputs)) / np.sqrt(inputs)
    y = x @ generator.normal(size=inputs) + 0.5
    found: list[Any] = []
    for engine in ("reference", "native"):
        net = gn.Network([gn.Dense(1, biases=biases)], inputs, dtype=dtype)
        optimizer = gn.GradientDescent(gn.Cosine(0.1))
        run = gn.fit(
            net, x, y, loss=loss, optimizer=optimizer, mode="online", epochs=3, engine=engine
        )
        found.append((net.parameters, run.history["loss"]))
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    for key, value in found[0][0].items():
        np.testing.assert_allclose(found[1][0][key], value, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(found[1][1], found[0][1], rtol=tolerance, atol=tolerance)


@native
def test_a_rate_that_is_too_high_is_told() -> None:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(500, 4))
    net = gn.Network([gn.Dense(1)], 4)
    with pytest.raises(NonFiniteError, match="epoch 1, step"):
        gn.fit(net, x, x.sum(1), optimizer="sgd 50.0", loss="mse", mode="online", epochs=2)
    assert all(np.isfinite(value).all() for value in net.parameters.values())


# --- the rules in textbook form -------------------------------------------------------------------
def rule_graph(rule: Any, n: int = 1, classes: int = 2, dtype: str = "float64") -> Any:
    """Return the graph of a rule's step with 7 inputs."""
    rule.set_params(dtype=dtype)
    units = 1 if classes == 2 else classes
    values = {"parameters/weights": np.zeros((units, 7), dtype)}
    if rule.bias:
        values["parameters/bias"] = np.zeros(units, dtype)
    if isinstance(rule, Perceptron):
        return rule.step_graph(values, n, classes)
    return rule.step_graph(values, n)


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        (LeastMeanSquares(), "linear"),
        (LeastMeanSquares(bias=False), "linear"),
        (Adaline(), "linear"),
        (Perceptron(), "threshold"),
        (Perceptron(bias=False), "threshold"),
        (Perceptron(bipolar=True), "signum"),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rules_are_recognised(rule: Estimator, kind: str, dtype: str) -> None:
    found = recognise(rule_graph(rule, dtype=dtype))
    assert found is not None
    assert found.kind == kind
    assert (found.bias != "") == rule.get_params()["bias"]


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("n", [1, 4])
@pytest.mark.parametrize("rule", [LeastMeanSquares(), Perceptron(), Perceptron(bipolar=True)])
def test_rules_of_other_shapes_are_not(rule: Estimator, n: int, classes: int) -> None:
    found = recognise(rule_graph(rule, n, classes))
    assert (found is not None) == (n == 1 and classes == 2)
