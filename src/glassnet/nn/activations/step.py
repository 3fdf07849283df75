"""Neurons that fire or do not: the threshold (A2) and its bipolar form, signum."""

from __future__ import annotations

from glassnet import ops
from glassnet.graph.tensor import Operand, Tensor
from glassnet.nn.activations.activation import Activation
from glassnet.ops.declare import as_tensor
from glassnet.records import dataclass
from glassnet.unit import check_number

__all__ = ["Signum", "Threshold", "signum", "threshold"]


def threshold(x: Operand, at: float = 0.0) -> Tensor:
    """Return 1 where x ≥ at, else 0. There is no derivative to learn by."""
    tensor = as_tensor(x)
    return ops.cast(tensor >= at, tensor.dtype)


@dataclass(frozen=True)
class Threshold(Activation, name="threshold"):
    """ψ(v) = 1 if v ≥ T, else 0: the neuron of McCulloch and Pitts (1943).

    Args:
        at: The threshold T.

    Source: lecture notes, threshold function (A2).
    """

    range = (0.0, 1.0)
    trained_by = "the perceptron rule"

    at: float = 0.0

    def __post_init__(self) -> None:
        check_number("at", self.at)

    def __call__(self, v: Tensor) -> Tensor:
        """Return 1 if v ≥ T, else 0."""
        return threshold(v, self.at)


def signum(x: Operand, at: float = 0.0) -> Tensor:
    """Return 1 where x ≥ at, else −1. There is no derivative to learn by."""
    return threshold(x, at) * 2.0 - 1.0


@dataclass(frozen=True)
class Signum(Activation, name="signum"):
    """ψ(v) = 1 if v ≥ T, else −1: the threshold neuron with bipolar output.

    Args:
        at: The threshold T.

    Source: lecture notes, threshold function (A2).
    """

    range = (-1.0, 1.0)
    trained_by = "the perceptron rule"

    at: float = 0.0

    def __post_init__(self) -> None:
        check_number("at", self.at)

    def __call__(self, v: Tensor) -> Tensor:
        """Return 1 if v ≥ T, else −1."""
        return signum(v, self.at)
