"""Linear and piecewise-linear neurons (A3)."""

from __future__ import annotations

from glassnet.errors import ArgumentError
from glassnet.graph.tensor import Tensor
from glassnet.nn.activations.activation import Activation
from glassnet.ops import clip
from glassnet.records import dataclass
from glassnet.unit import check_number

__all__ = ["Linear", "PiecewiseLinear"]


@dataclass(frozen=True)
class Linear(Activation, name="linear"):
    """ψ(v) = v. Source: lecture notes, activation functions (A3)."""

    def __call__(self, v: Tensor) -> Tensor:
        """Return v."""
        return v


@dataclass(frozen=True)
class PiecewiseLinear(Activation, name="piecewise_linear"):
    """ψ(v) = v, moved into [low, high]. The derivative is 1 inside and at both ends, 0 outside.

    Args:
        low: The lowest output.
        high: The highest output, above `low`.

    Source: lecture notes, activation functions (A3).
    """

    low: float = 0.0
    high: float = 1.0

    def __post_init__(self) -> None:
        check_number("low", self.low)
        check_number("high", self.high)
        if not self.low < self.high:
            raise ArgumentError(f"high must be above low; got low={self.low}, high={self.high}")

    def __call__(self, v: Tensor) -> Tensor:
        """Return min(max(v, low), high)."""
        return clip(v, self.low, self.high)
