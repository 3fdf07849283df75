"""Step decay of the learning rate."""

from __future__ import annotations

from glassnet.graph.tensor import Tensor
from glassnet.learning.schedule import Schedule
from glassnet.ops import floor
from glassnet.records import dataclass
from glassnet.unit import check_number, check_whole

__all__ = ["StepDecay"]


@dataclass(frozen=True)
class StepDecay(Schedule, name="step"):
    """The learning rate is multiplied by γ once every few epochs: η · γ^⌊epoch/every⌋.

    Args:
        rate: The learning rate at first, η, above 0.
        every: The epochs from one change to the next: a whole number of at least 1.
        decay: γ, above 0 and at most 1.

    Source: lecture notes, learning rate (H1).

    >>> import glassnet as gn
    >>> StepDecay(0.1, every=10, decay=0.5).formula(gn.tensor([0.0, 9.5, 10.0, 20.0]), 30.0)
    tensor([0.1  , 0.1  , 0.05 , 0.025])
    """

    rate: float
    every: int = 10
    decay: float = 0.5

    def __post_init__(self) -> None:
        check_number("rate", self.rate, low=0, open_low=True)
        check_whole("every", self.every)
        check_number("decay", self.decay, low=0, high=1, open_low=True)

    def formula(self, epoch: Tensor, epochs: float) -> Tensor:
        """Return η · γ^⌊epoch/every⌋."""
        del epochs
        return (self.rate * self.decay ** floor(epoch / self.every)).named("η")
