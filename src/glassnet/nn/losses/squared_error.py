"""Squared errors: the notes' error energy (D2) and the mean squared error (G1)."""

from __future__ import annotations

from glassnet.graph.tensor import Tensor
from glassnet.nn.losses.loss import Loss, Output
from glassnet.records import dataclass

__all__ = ["HalfSquaredError", "MeanSquaredError"]


@dataclass(frozen=True)
class HalfSquaredError(Loss, name="half_squared_error"):
    """The error energy E(n) = ½ Σ_j e_j² with e_j = d_j − y_j; averaged over the examples.

    Source: lecture notes, back-propagation (D2).
    """

    def per_example(self, output: Output, target: Tensor) -> Tensor:
        """Return ½ Σ_j (d_j − y_j)²."""
        e = (target - output.y).named("e", output.y.label.layer)
        return (e**2.0).sum(1) * 0.5


@dataclass(frozen=True)
class MeanSquaredError(Loss, name="mse"):
    """The mean squared error (1/n) Σ (a − y)², over examples and outputs.

    Source: lecture notes, linear regression (G1).
    """

    def per_example(self, output: Output, target: Tensor) -> Tensor:
        """Return the mean over the outputs of (y_j − d_j)²."""
        e = (output.y - target).named("e", output.y.label.layer)
        return (e**2.0).mean(1)
