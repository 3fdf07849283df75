"""Gradient descent with an adaptive gain for each weight (I4)."""

from __future__ import annotations

from glassnet.graph.tensor import Tensor
from glassnet.learning.optimizer import Optimizer, State
from glassnet.learning.schedule import Schedule
from glassnet.ops import maximum, minimum, select, sign
from glassnet.records import dataclass
from glassnet.unit import check_number

__all__ = ["AdaptiveGain"]


@dataclass(frozen=True)
class AdaptiveGain(Optimizer, name="adaptive_gain"):
    """A gain g for each weight, raised while its gradient keeps its sign: Δw = η g ∂L/∂w.

    g(t) = g(t−1) + β where ∂L/∂w has the sign that it had a step before, g(t−1) · (1 − β) where the
    sign has changed; w ← w − Δw(t), from g = 1. The gain is updated before it is used. It stays as
    it is at the first step, and where the gradient, or that of the step before, is 0.

    Args:
        learning_rate: η, above 0; or a schedule.
        increase: β, above 0 and below 1: what is added, and the part that is taken away.
        min_gain: The gain never falls below this: above 0 and at most 1; None for no limit.
        max_gain: The gain never rises above this: at least 1; None for no limit.

    Source: lecture notes, adaptive learning (I4); Jacobs, Increased rates of convergence through
    learning rate adaptation (1988).
    """

    learning_rate: float | Schedule = 0.05
    increase: float = 0.05
    min_gain: float | None = None
    max_gain: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("increase", self.increase, low=0, high=1, open_low=True, open_high=True)
        if self.min_gain is not None:
            check_number("min_gain", self.min_gain, low=0, high=1, open_low=True)
        if self.max_gain is not None:
            check_number("max_gain", self.max_gain, low=1)

    def slots(self) -> dict[str, float]:
        """Remember the gain, and the last gradient for its sign."""
        return {"gain": 1.0, "gradient": 0.0}

    def update(
        self, weight: Tensor, gradient: Tensor, state: State, rate: Tensor, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return w − η g ∂L/∂w, and g and ∂L/∂w."""
        del step
        before = state["gain"]
        # signs are multiplied, not gradients: the product of two tiny gradients would become 0
        agreement = (sign(gradient) * sign(state["gradient"])).named("s")
        raised = before + self.increase
        lowered = before * (1.0 - self.increase)
        gain = select(agreement > 0.0, raised, select(agreement < 0.0, lowered, before))
        if self.min_gain is not None:
            gain = maximum(gain, self.min_gain)
        if self.max_gain is not None:
            gain = minimum(gain, self.max_gain)
        gain = gain.named("g")
        change = (rate * gain * gradient).named("Δw")
        return weight - change, {"gain": gain, "gradient": gradient}
