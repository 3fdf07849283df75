"""Exponential decay of the learning rate."""

from __future__ import annotations

from glassnet.graph.tensor import Tensor
from glassnet.learning.schedule import Schedule
from glassnet.records import dataclass
from glassnet.unit import check_number

__all__ = ["Exponential"]


@dataclass(frozen=True)
class Exponential(Schedule, name="exponential"):
    """The learning rate falls by the same part in each epoch, a little at each step: η · γ^epoch.

    Args:
        rate: The learning rate at first, η, above 0.
        decay: γ, above 0 and at most 1: what an epoch leaves of the learning rate.

    Source: lecture notes, learning rate (H1).

    >>> import glassnet as gn
    >>> Exponential(0.1, decay=0.5).formula(gn.tensor([0.0, 1.0, 2.0]), 30.0)
    tensor([0.1  , 0.05 , 0.025])
    """

    rate: float
    decay: float = 0.95

    def __post_init__(self) -> None:
        check_number("rate", self.rate, low=0, open_low=True)
        check_number("decay", self.decay, low=0, high=1, open_low=True)

    def formula(self, epoch: Tensor, epochs: float) -> Tensor:
        """Return η · γ^epoch."""
        del epochs
        return (self.rate * self.decay**epoch).named("η")
