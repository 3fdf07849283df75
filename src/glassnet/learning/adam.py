"""Adam."""

from __future__ import annotations

from glassnet.graph.tensor import Tensor
from glassnet.graph.types import DType
from glassnet.learning.optimizer import Optimizer, State
from glassnet.learning.schedule import Schedule
from glassnet.ops import cast, sqrt
from glassnet.records import dataclass
from glassnet.unit import check_number

__all__ = ["Adam"]


@dataclass(frozen=True)
class Adam(Optimizer, name="adam"):
    """Adam: momentum, divided by the root of the running mean square, both corrected for the start.

    m(t) = β₁ m(t−1) + (1 − β₁) g; v(t) = β₂ v(t−1) + (1 − β₂) g², with g = ∂L/∂w, from 0;
    m̂ = m(t)/(1 − β₁ᵗ); v̂ = v(t)/(1 − β₂ᵗ); w ← w − η m̂/(√v̂ + ε).

    PyTorch's Adam computes the same (it divides √v by √(1 − β₂ᵗ), which is √v̂).

    Args:
        learning_rate: η, above 0; or a schedule.
        beta1: β₁, at least 0 and below 1: how much of the mean gradient m is kept.
        beta2: β₂, at least 0 and below 1: how much of the mean square v is kept.
        epsilon: ε, above 0: keeps the division defined where the gradient has always been 0.

    Source: Kingma & Ba, Adam: a method for stochastic optimization (2015), algorithm 1.
    """

    learning_rate: float | Schedule = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("beta1", self.beta1, low=0, high=1, open_high=True)
        check_number("beta2", self.beta2, low=0, high=1, open_high=True)
        check_number("epsilon", self.epsilon, low=0, open_low=True)

    def slots(self) -> dict[str, float]:
        """Remember the running means of the gradient and of its square."""
        return {"mean": 0.0, "mean_square": 0.0}

    def update(
        self, weight: Tensor, gradient: Tensor, state: State, rate: Tensor, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return w − η m̂/(√v̂ + ε), and m and v."""
        m = (self.beta1 * state["mean"] + (1.0 - self.beta1) * gradient).named("m")
        square = gradient * gradient
        v = (self.beta2 * state["mean_square"] + (1.0 - self.beta2) * square).named("v")
        m_hat = (m / _correction(self.beta1, step, m.dtype)).named("m̂")
        v_hat = (v / _correction(self.beta2, step, v.dtype)).named("v̂")
        change = (rate * m_hat / (sqrt(v_hat) + self.epsilon)).named("Δw")
        return weight - change, {"mean": m, "mean_square": v}


def _correction(beta: float, step: Tensor, dtype: DType) -> Tensor:
    """Return 1 − βᵗ, worked out in float64: for β near 1, float32 would lose half the digits."""
    return cast(1.0 - beta ** cast(step, DType.FLOAT64), dtype)
