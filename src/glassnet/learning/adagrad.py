"""Adagrad."""

from __future__ import annotations

from glassnet.graph.tensor import Tensor
from glassnet.learning.optimizer import Optimizer, State
from glassnet.learning.schedule import Schedule
from glassnet.ops import sqrt
from glassnet.records import dataclass
from glassnet.unit import check_number

__all__ = ["Adagrad"]


@dataclass(frozen=True)
class Adagrad(Optimizer, name="adagrad"):
    """Adagrad: each weight's gradient is divided by the root of the sum of all its squares so far.

    G(t) = G(t−1) + (∂L/∂w)²; w ← w − η (∂L/∂w)/(√G(t) + ε), from G(0) = 0.

    PyTorch's Adagrad computes the same, as long as its `lr_decay` is 0.

    Args:
        learning_rate: η, above 0; or a schedule.
        epsilon: ε, above 0: keeps the division defined where the gradient has always been 0.

    Source: Duchi, Hazan & Singer, Adaptive subgradient methods for online learning and stochastic
    optimization (2011).
    """

    learning_rate: float | Schedule = 0.01
    epsilon: float = 1e-10

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("epsilon", self.epsilon, low=0, open_low=True)

    def slots(self) -> dict[str, float]:
        """Remember the sum of the squared gradients, G(t−1)."""
        return {"sum_of_squares": 0.0}

    def update(
        self, weight: Tensor, gradient: Tensor, state: State, rate: Tensor, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return w − η (∂L/∂w)/(√G + ε), and G."""
        del step
        total = (state["sum_of_squares"] + gradient * gradient).named("G")
        change = (rate * gradient / (sqrt(total) + self.epsilon)).named("Δw")
        return weight - change, {"sum_of_squares": total}
