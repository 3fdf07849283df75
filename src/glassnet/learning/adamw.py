"""Adam with decoupled weight decay."""

from __future__ import annotations

from glassnet.graph.tensor import Tensor
from glassnet.learning.adam import Adam
from glassnet.learning.optimizer import State
from glassnet.records import dataclass
from glassnet.unit import check_number

__all__ = ["AdamW"]


@dataclass(frozen=True)
class AdamW(Adam, name="adamw"):
    """Adam with weight decay beside the gradient: w ← w − η m̂/(√v̂ + ε) − ηλw.

    m̂ and v̂ are those of `Adam`: the decay does not enter them, as an L2 penalty in the loss would.
    All that is learned decays, biases too. λ is multiplied by the learning rate, as in PyTorch; the
    paper's own λ is not (only by the schedule): it is ηλ of here.

    Args:
        learning_rate: η, above 0; or a schedule.
        beta1: β₁, at least 0 and below 1: how much of the mean gradient m is kept.
        beta2: β₂, at least 0 and below 1: how much of the mean square v is kept.
        epsilon: ε, above 0: keeps the division defined where the gradient has always been 0.
        weight_decay: λ, at least 0; ηλ must be well below 1.

    Source: Loshchilov & Hutter, Decoupled weight decay regularization (2019), algorithm 2.
    """

    weight_decay: float = 0.01

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number("weight_decay", self.weight_decay, low=0)

    def update(
        self, weight: Tensor, gradient: Tensor, state: State, rate: Tensor, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return w − η m̂/(√v̂ + ε) − ηλw, and m and v."""
        stepped, remembered = super().update(weight, gradient, state, rate, step)
        decay = (rate * self.weight_decay * weight).named("ηλw")
        return stepped - decay, remembered
