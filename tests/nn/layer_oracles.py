"""For each layer, PyTorch's module with the same weights, and the same function in JAX.

A registered layer that is not in this table fails the suite. Layers that draw random numbers are
given their mask: what the mask is, is tested by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from nn.activation_oracles import ACTIVATIONS, jnp


@dataclass(frozen=True)
class LayerOracle:
    """What is known of a layer.

    Args:
        text: The layer, as it is written on the command line.
        inputs: The shape of one example.
        function: (x, parameters, statistics, mask, training) → y, in JAX.
        torch: (torch, parameters, statistics) → a module with these values; None if there is none.
        dropped: The share that is dropped, for layers that draw a mask.
        settings: What cannot be written as text.
    """

    text: str
    inputs: int
    function: Callable[..., Any]
    torch: Callable[..., Any] | None = None
    dropped: float = 0.0
    settings: dict[str, Any] = field(default_factory=dict[str, Any])


def _dense(activation: str) -> Callable[..., Any]:
    psi = ACTIVATIONS[activation][0].function

    def layer(x: Any, p: Any, *_: Any) -> Any:
        v = jnp.einsum("ni,ji->nj", x, p["w"])
        return psi(v + p["b"]) if "b" in p else psi(v)

    return layer


def _torch_dense(function: str | None) -> Callable[..., Any]:
    def module(torch: Any, p: Any, _: Any) -> Any:
        units, inputs = p["w"].shape
        linear = torch.nn.Linear(inputs, units, bias="b" in p, dtype=torch.float64)
        linear.weight = torch.nn.Parameter(torch.tensor(p["w"]))
        if "b" in p:
            linear.bias = torch.nn.Parameter(torch.tensor(p["b"]))
        names = {"weight": "w", "bias": "b"}
        chain = [linear] if function is None else [linear, getattr(torch.nn, function)()]
        return _Named(torch.nn.Sequential(*chain), {f"0.{key}": to for key, to in names.items()})

    return module


@dataclass
class _Named:
    """A PyTorch module, and what its parameters are called here."""

    module: Any
    names: dict[str, str]


def _batch_norm(momentum: float, epsilon: float) -> Callable[..., Any]:
    del momentum

    def layer(x: Any, p: Any, s: Any, _: Any, training: bool) -> Any:
        mean = x.mean(0) if training else s["mean"]
        spread = jnp.mean(x * x, 0) - mean**2 if training else s["variance"]
        return p["gamma"] * (x - mean) * (spread + epsilon) ** -0.5 + p["beta"]

    return layer


def _torch_batch_norm(momentum: float, epsilon: float) -> Callable[..., Any]:
    def module(torch: Any, p: Any, s: Any) -> Any:
        found = torch.nn.BatchNorm1d(
            len(p["gamma"]), eps=epsilon, momentum=momentum, dtype=torch.float64
        )
        found.weight = torch.nn.Parameter(torch.tensor(p["gamma"]))
        found.bias = torch.nn.Parameter(torch.tensor(p["beta"]))
        found.running_mean = torch.tensor(s["mean"])
        found.running_var = torch.tensor(s["variance"])
        return _Named(found, {"weight": "gamma", "bias": "beta"})

    return module


def _dropout(rate: float) -> Callable[..., Any]:
    def layer(x: Any, _: Any, __: Any, mask: Any, training: bool) -> Any:
        return jnp.where(mask, x / (1.0 - rate), 0.0) if training else x

    return layer


def _apply(name: str) -> Callable[..., Any]:
    psi = ACTIVATIONS[name][0].function
    return lambda x, *_: psi(x)


def _torch_apply(function: str) -> Callable[..., Any]:
    return lambda torch, *_: _Named(getattr(torch.nn, function)(), {})


LAYERS: dict[str, tuple[LayerOracle, ...]] = {
    "dense": (
        LayerOracle("dense 4 tanh", 3, _dense("tanh"), _torch_dense("Tanh")),
        LayerOracle("dense 2 linear", 5, _dense("linear"), _torch_dense(None)),
        LayerOracle("dense 3 gelu biases=none", 4, _dense("gelu"), _torch_dense("GELU")),
        LayerOracle("dense 1 logistic", 1, _dense("logistic"), _torch_dense("Sigmoid")),
        LayerOracle("dense 5 softmax", 4, _dense("softmax")),
    ),
    "batchnorm": (
        LayerOracle("batchnorm", 4, _batch_norm(0.1, 1e-5), _torch_batch_norm(0.1, 1e-5)),
        LayerOracle("batchnorm 0.7 0.25", 3, _batch_norm(0.7, 0.25), _torch_batch_norm(0.7, 0.25)),
    ),
    "dropout": (
        LayerOracle("dropout 0.3", 5, _dropout(0.3), dropped=0.3),
        LayerOracle("dropout 0", 2, _dropout(0.0)),
    ),
    "apply": (
        LayerOracle("apply tanh", 3, _apply("tanh"), _torch_apply("Tanh")),
        LayerOracle("apply softplus", 2, _apply("softplus"), _torch_apply("Softplus")),
    ),
}
