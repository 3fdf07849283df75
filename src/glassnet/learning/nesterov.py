"""Nesterov's momentum (I3)."""

from __future__ import annotations

from glassnet.graph.tensor import Tensor
from glassnet.learning.optimizer import Optimizer, State
from glassnet.learning.schedule import Schedule
from glassnet.records import dataclass
from glassnet.unit import check_number

__all__ = ["Nesterov"]


@dataclass(frozen=True)
class Nesterov(Optimizer, name="nesterov"):
    """Nesterov's momentum: the gradient is taken where the momentum alone would lead.

    ŵ(t) = w(t) − αΔw(t−1); Δw(t) = αΔw(t−1) + η ∂L/∂w(ŵ(t)); w ← w − Δw(t), from Δw(0) = 0.

    PyTorch's SGD with `nesterov=True` never leaves the look-ahead point: what it calls the weights
    is ŵ here. With α and η the same throughout, its weights after each step are w − αΔw of this
    optimiser after the same step, and its momentum buffer is Δw/η; its weights w are found from
    them as ŵ + αΔw. When η changes during training, the two differ as with `Momentum`.

    Args:
        learning_rate: η, above 0; or a schedule.
        momentum: α, at least 0 and below 1: how much of the last step is made again.

    Source: lecture notes, Nesterov momentum (I3); Sutskever et al., On the importance of
    initialization and momentum in deep learning (2013), section 2.
    """

    learning_rate: float | Schedule = 0.05
    momentum: float = 0.9

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("momentum", self.momentum, low=0, high=1, open_high=True)

    def slots(self) -> dict[str, float]:
        """Remember the last step, Δw(t−1)."""
        return {"change": 0.0}

    def lookahead(self, weight: Tensor, state: State) -> Tensor:
        """Return ŵ = w − αΔw(t−1)."""
        return (weight - self.momentum * state["change"]).named("ŵ")

    def update(
        self, weight: Tensor, gradient: Tensor, state: State, rate: Tensor, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return w − Δw(t), and Δw(t)."""
        del step
        change = (self.momentum * state["change"] + rate * gradient).named("Δw")
        return weight - change, {"change": change}
