"""Softmax (A7): a layer's outputs as probabilities of classes."""

from __future__ import annotations

from glassnet import ops
from glassnet.graph.tensor import Operand, Tensor
from glassnet.nn.activations.activation import Activation
from glassnet.ops.declare import as_tensor
from glassnet.records import dataclass

__all__ = ["Softmax", "log_softmax", "softmax"]


def _shifted(v: Tensor) -> Tensor:
    """Return z = v − m, with m the largest entry: softmax is the same, and e^v cannot overflow."""
    layer = v.label.layer
    largest = ops.stop_gradient(ops.max_(v, -1)).named("m", layer)
    return (v - largest.reshape(*v.shape[:-1], 1)).named("z", layer)


def softmax(x: Operand) -> Tensor:
    """Return e^(x_k) / Σ_j e^(x_j) over the last axis: numbers above 0 that add up to 1.

    >>> import glassnet as gn
    >>> gn.softmax(gn.tensor([0.0, 0.0, 1000.0]))
    tensor([0., 0., 1.])
    """
    powers = ops.exp(_shifted(as_tensor(x)))
    return powers / powers.sum(-1).reshape(*powers.shape[:-1], 1)


def log_softmax(x: Operand) -> Tensor:
    """Return the logarithm of softmax over the last axis, exact for small probabilities too."""
    shifted = _shifted(as_tensor(x))
    total = ops.logsumexp(shifted, -1).named("L", shifted.label.layer)
    return shifted - total.reshape(*shifted.shape[:-1], 1)


@dataclass(frozen=True)
class Softmax(Activation, name="softmax"):
    """ψ(v)_k = e^(v_k) / Σ_j e^(v_j) over the neurons of the layer. Source: lecture notes (A7)."""

    range = (0.0, 1.0)

    def __call__(self, v: Tensor) -> Tensor:
        """Return e^(v_k) / Σ_j e^(v_j) over the last axis."""
        return softmax(v)
