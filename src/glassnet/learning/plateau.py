"""A learning rate that falls when training makes no progress."""

from __future__ import annotations

import math
from collections.abc import Sequence

from glassnet.graph.tensor import Tensor
from glassnet.learning.schedule import Constant, Schedule
from glassnet.records import dataclass
from glassnet.unit import check_number, check_whole

__all__ = ["ReduceOnPlateau"]


@dataclass(frozen=True)
class ReduceOnPlateau(Schedule, name="plateau"):
    """The learning rate is multiplied by γ whenever the loss has not improved for some time.

    An epoch improves if its loss is below that of the best epoch so far by more than `threshold`
    times its size. After more than `patience` epochs in a row that do not, the rate is multiplied
    by γ, never below `min_rate`, and the count begins again. A loss that is not a number is no
    improvement. PyTorch's ReduceLROnPlateau does the same for losses that are not negative (and
    leaves out changes of the rate below 1e-8).

    Args:
        rate: The learning rate at first, η, above 0.
        decay: γ, above 0 and below 1.
        patience: The epochs without improvement that are let pass: a whole number, at least 0.
        threshold: The part of the best loss by which a loss must be below it, at least 0, below 1.
        min_rate: The smallest learning rate, at least 0 and at most `rate`.

    >>> ReduceOnPlateau(0.1, decay=0.5, patience=1).factor([1.0, 0.8, 0.8, 0.8, 0.7])
    0.5
    """

    rate: float
    decay: float = 0.1
    patience: int = 10
    threshold: float = 1e-4
    min_rate: float = 0.0

    def __post_init__(self) -> None:
        check_number("rate", self.rate, low=0, open_low=True)
        check_number("decay", self.decay, low=0, high=1, open_low=True, open_high=True)
        check_whole("patience", self.patience, low=0)
        check_number("threshold", self.threshold, low=0, high=1, open_high=True)
        check_number("min_rate", self.min_rate, low=0, high=self.rate)

    def formula(self, epoch: Tensor, epochs: float) -> Tensor:
        """Return η for every epoch: `factor` is what changes it."""
        return Constant(self.rate).formula(epoch, epochs)

    def factor(self, history: Sequence[float]) -> float:
        """Return γ to the power of how often the rate has fallen; at least min_rate/η.

        It depends on the losses alone, so that a run that is replayed gets the same rates.

        Args:
            history: The monitored loss after each epoch so far.
        """
        factor, best, waited = 1.0, math.inf, 0
        for loss in history:
            needed = best - self.threshold * abs(best) if best < math.inf else best
            if loss < needed:
                best, waited = loss, 0
            else:
                waited += 1
            if waited > self.patience:
                factor, waited = max(factor * self.decay, self.min_rate / self.rate), 0
        return factor
