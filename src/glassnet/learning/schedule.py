"""What a schedule is: a formula from the epoch to the learning rate; and the constant one."""

from __future__ import annotations

from collections.abc import Sequence

from glassnet.graph.tensor import Tensor
from glassnet.records import dataclass
from glassnet.unit import Unit, check_number

__all__ = ["Constant", "Schedule"]


@dataclass(frozen=True)
class Schedule(Unit, family="schedule"):
    """The parent of all schedules.

    A member overrides `formula`; one that looks at how training goes overrides `factor` too.
    """

    def formula(self, epoch: Tensor, epochs: float) -> Tensor:
        """Return the learning rate.

        Args:
            epoch: The epochs done so far, with fractions within an epoch: 0 at the first step.
                Any shape: a vector gives the rates of many steps at once.
            epochs: The epochs that training is to last.
        """
        raise NotImplementedError(f"{type(self).__name__} has no formula")

    def factor(self, history: Sequence[float]) -> float:
        """Return what the formula is multiplied by, given the monitored loss after each epoch."""
        del history
        return 1.0


@dataclass(frozen=True)
class Constant(Schedule, name="constant"):
    """The same learning rate throughout: η.

    Args:
        rate: The learning rate, above 0.
    """

    rate: float

    def __post_init__(self) -> None:
        check_number("rate", self.rate, low=0, open_low=True)

    def formula(self, epoch: Tensor, epochs: float) -> Tensor:
        """Return η for every epoch."""
        del epochs
        return (epoch * 0.0 + self.rate).named("η")
