"""Gradient descent with momentum (I2)."""

from __future__ import annotations

from glassnet.graph.tensor import Tensor
from glassnet.learning.optimizer import Optimizer, State
from glassnet.learning.schedule import Schedule
from glassnet.records import dataclass
from glassnet.unit import check_number

__all__ = ["Momentum"]


@dataclass(frozen=True)
class Momentum(Optimizer, name="momentum"):
    """Momentum: Δw(t) = αΔw(t−1) + η ∂L/∂w(t); w ← w − Δw(t), from Δw(0) = 0.

    The learning rate is part of Δw, so that a step keeps the size that it had when it was made.
    PyTorch's SGD keeps u(t) = αu(t−1) + g(t) and steps by ηu(t): the same as long as η stays the
    same. When η changes during training, PyTorch scales the steps remembered by it too.

    Args:
        learning_rate: η, above 0; or a schedule.
        momentum: α, at least 0 and below 1: how much of the last step is made again.

    Source: lecture notes, training with momentum (I2); Polyak, Some methods of speeding up the
    convergence of iteration methods (1964).
    """

    learning_rate: float | Schedule = 0.05
    momentum: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("momentum", self.momentum, low=0, high=1, open_high=True)

    def slots(self) -> dict[str, float]:
        """Remember the last step, Δw(t−1)."""
        return {"change": 0.0}

    def update(
        self, weight: Tensor, gradient: Tensor, state: State, rate: Tensor, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return w − Δw(t), and Δw(t)."""
        del step
        change = (self.momentum * state["change"] + rate * gradient).named("Δw")
        return weight - change, {"change": change}
