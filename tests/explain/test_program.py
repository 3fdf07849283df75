"""`gn.program`: what a step is made from, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, NotDifferentiableError, PairingError


def network(*layers: Any, inputs: int = 4, **training: Any) -> gn.Network:
    net = gn.Network(list(layers), inputs=inputs)
    net.training = training
    return net


def facts(listing: Any) -> dict[str, tuple[Any, str]]:
    return {name: (value, said) for name, value, said in listing.facts}


def test_the_defaults_of_an_untrained_network() -> None:
    found = facts(gn.program(network(gn.Dense(3, "softmax"))))
    assert found["batch size"] == (32, "the default")
    assert found["loss"] == ("cross_entropy", "the default")
    assert found["optimiser"] == ("adam 0.01", "the default")
    assert facts(gn.program(network(gn.Dense(2))))["loss"] == ("mse", "the default")
    assert facts(gn.program(network(gn.Dense(1, "logistic"))))["loss"][0] == "binary_cross_entropy"


def test_the_settings_of_the_training() -> None:
    net = network(gn.Dense(2, "tanh"), gn.Dense(1))
    settings = {"optimizer": gn.Nesterov(0.02), "loss": "half_squared_error", "clip_norm": 2.0}
    gn.fit(net, [[0, 1, 2, 3]] * 20, [0.5, 1] * 10, batch_size=8, epochs=1, l2=0.1, **settings)
    listing = gn.program(net)
    found = facts(listing)
    trained = "as in its training"
    assert found["batch size"] == (8, trained)
    assert found["loss"] == ("half_squared_error", trained)
    assert found["optimiser"] == (str(gn.Nesterov(0.02)), trained)
    assert (found["l2"], found["clip_norm"]) == (("0.1", trained), ("2", trained))
    assert any("slots/" in operand.key for operand in listing.memory)
    assert "batch size  8 (as in its training)" in str(listing)


def test_what_is_asked_for_comes_first() -> None:
    net = network(gn.Dense(3, "softmax"), batch_size=8, loss="mse", optimizer="sgd 0.1")
    found = facts(gn.program(net, 5, loss="cross_entropy", optimizer="adam"))
    assert found["batch size"] == (5, "as asked for")
    assert found["loss"] == ("cross_entropy", "as asked for")
    assert found["optimiser"][1] == "as asked for"


def test_stored_settings_are_not_trusted() -> None:
    """A file may hold anything."""
    odd: dict[str, Any] = {"batch_size": "many", "loss": 3, "optimizer": "magic 1", "l1": "x"}
    odd |= {"l2": -1.0, "clip_norm": float("nan"), "clip_value": True}
    found = facts(gn.program(network(gn.Dense(2, "softmax"), **odd)))
    assert found["batch size"] == (32, "the default")
    assert found["loss"] == ("cross_entropy", "the default")
    assert found["optimiser"][0] == "adam 0.01"
    assert "'magic 1' of its training is not known here" in found["optimiser"][1]
    assert not {"l1", "l2", "clip_norm", "clip_value"} & set(found)


def test_predictions() -> None:
    listing = gn.program(network(gn.Dense(3, "softmax")), 1, what="prediction")
    assert {operand.key for operand in listing.memory} == {
        "batch/x", "parameters/output.w", "parameters/output.b", "y", "class",
    }  # fmt: skip
    assert set(facts(listing)) == {"program", "numbers", "batch size"}


def test_the_kernel_for_one_linear_neuron_is_told() -> None:
    online = gn.program(network(gn.Dense(1)), 1, loss="half_squared_error", optimizer="sgd 0.1")
    assert facts(online)["kernel"][0] == "linear neuron"
    assert "kernel" not in facts(gn.program(network(gn.Dense(1)), 2, optimizer="sgd 0.1"))


def test_mistakes() -> None:
    net = network(gn.Dense(3, "softmax"))
    with pytest.raises(ArgumentError, match="one of training, prediction"):
        gn.program(net, what="step")
    with pytest.raises(ArgumentError, match="batch_size must be a whole number"):
        gn.program(net, 0)
    with pytest.raises(ArgumentError, match="at least 2 examples"):
        gn.program(network(gn.Dense(3), gn.BatchNorm()), 1)
    with pytest.raises(ArgumentError, match="number of inputs"):
        gn.program(gn.Network([gn.Dense(3)]))
    with pytest.raises(PairingError):
        gn.program(network(gn.Dense(3)), loss="cross_entropy")
    with pytest.raises(NotDifferentiableError):
        gn.program(network(gn.Dense(3, "threshold")))
