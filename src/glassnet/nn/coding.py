"""How classes are written as targets of output neurons, and read off their outputs."""

from __future__ import annotations

from glassnet import ops
from glassnet.graph.tensor import Tensor
from glassnet.graph.types import DType
from glassnet.nn.activations import Activation

__all__ = ["code_classes", "decide_classes"]


def _is_bipolar(activation: Activation) -> bool:
    return activation.range == (-1.0, 1.0)


def code_classes(target: Tensor, units: int, activation: Activation, dtype: DType) -> Tensor:
    """Return class numbers as targets for output neurons, of shape (n, units).

    One neuron answers yes or no: 1 for class 1. Several have one neuron for each class: 1 for the
    example's class. The others are 0, or −1 where the neurons' outputs reach from −1 to 1.
    """
    if units == 1:
        coded = ops.cast(target, dtype).reshape(target.shape[0], 1)
    else:
        coded = ops.one_hot(target, units, dtype)
    return coded * 2.0 - 1.0 if _is_bipolar(activation) else coded


def decide_classes(y: Tensor, activation: Activation) -> Tensor:
    """Return the class number that outputs of shape (n, units) stand for (int64, shape (n,)).

    One neuron: class 1 above the middle of its range (½, or 0 for −1 … 1). Several: the largest.
    """
    if y.shape[1] > 1:
        return ops.argmax(y, 1)
    middle = 0.0 if _is_bipolar(activation) else 0.5
    return ops.cast((y > middle).reshape(-1), DType.INT64)
