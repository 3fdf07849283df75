"""Gradient descent (I1)."""

from __future__ import annotations

from glassnet.graph.tensor import Tensor
from glassnet.learning.optimizer import Optimizer, State
from glassnet.learning.schedule import Schedule
from glassnet.records import dataclass

__all__ = ["GradientDescent"]


@dataclass(frozen=True)
class GradientDescent(Optimizer, name="sgd"):
    """Gradient descent: w ← w − η ∂L/∂w.

    Args:
        learning_rate: η, above 0; or a schedule.

    Source: lecture notes, optimisers (I1).
    """

    learning_rate: float | Schedule = 0.1

    def update(
        self, weight: Tensor, gradient: Tensor, state: State, rate: Tensor, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return w − η ∂L/∂w."""
        del state, step
        change = (rate * gradient).named("Δw")
        return weight - change, {}
