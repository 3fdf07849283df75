"""RMSProp (I5)."""

from __future__ import annotations

from glassnet.graph.tensor import Tensor
from glassnet.learning.optimizer import Optimizer, State
from glassnet.learning.schedule import Schedule
from glassnet.ops import sqrt
from glassnet.records import dataclass
from glassnet.unit import check_number

__all__ = ["RMSProp"]


@dataclass(frozen=True)
class RMSProp(Optimizer, name="rmsprop"):
    """RMSProp: each weight's gradient is divided by the root of its running mean square.

    MS(t) = β MS(t−1) + (1 − β)(∂L/∂w)²; w ← w − η (∂L/∂w)/(√MS(t) + ε), from MS(0) = 0.

    PyTorch's RMSprop computes the same, with β called `alpha`.

    Args:
        learning_rate: η, above 0; or a schedule.
        decay: β, at least 0 and below 1, usually 0.9 to 0.999: how much of MS is kept.
        epsilon: ε, above 0: keeps the division defined where the gradient has always been 0.

    Source: lecture notes, adaptive learning rate via RMSProp (I5); Tieleman & Hinton, Neural
    Networks for Machine Learning (2012), lecture 6.5.
    """

    learning_rate: float | Schedule = 0.001
    decay: float = 0.9
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("decay", self.decay, low=0, high=1, open_high=True)
        check_number("epsilon", self.epsilon, low=0, open_low=True)

    def slots(self) -> dict[str, float]:
        """Remember the running mean of the squared gradient, MS(t−1)."""
        return {"mean_square": 0.0}

    def update(
        self, weight: Tensor, gradient: Tensor, state: State, rate: Tensor, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return w − η (∂L/∂w)/(√MS + ε), and MS."""
        del step
        square = gradient * gradient
        mean_square = self.decay * state["mean_square"] + (1.0 - self.decay) * square
        mean_square = mean_square.named("MS")
        change = (rate * gradient / (sqrt(mean_square) + self.epsilon)).named("Δw")
        return weight - change, {"mean_square": mean_square}
