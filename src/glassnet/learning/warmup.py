"""Warm-up: a learning rate that rises before another schedule takes over."""

from __future__ import annotations

from collections.abc import Sequence

from glassnet.errors import ArgumentError
from glassnet.graph.tensor import Tensor
from glassnet.learning.schedule import Schedule
from glassnet.ops import maximum, minimum
from glassnet.records import dataclass
from glassnet.unit import check_number

__all__ = ["WarmUp"]


@dataclass(frozen=True)
class WarmUp(Schedule, name="warmup"):
    """The learning rate rises in a straight line to where another schedule begins, then follows it.

    η(epoch) = (s + (1 − s) · min(epoch/w, 1)) · schedule(max(epoch − w, 0)), with w the epochs of
    warm-up. The first step is made with the part s of the rate, and not with 0: a step of rate 0
    would learn nothing, and in batch mode it would be the whole first epoch.

    The other schedule begins when the warm-up ends: its epoch 0 is epoch w, and it is told that
    training lasts `epochs − w`, so that `cosine` still ends with training. Training that is not
    longer than the warm-up ends before the other schedule begins.

    Args:
        schedule: What follows the warm-up.
        epochs: How long the warm-up lasts, w, in epochs (fractions too), above 0.
        start: The part of the rate that the first step is made with, s, above 0 and at most 1.

    Source: Goyal et al., Accurate, large minibatch SGD (2017), section 2.2.

    >>> import glassnet as gn
    >>> from glassnet.learning import Constant
    >>> schedule = WarmUp(Constant(0.1), epochs=2.0, start=0.5)
    >>> schedule.formula(gn.tensor([0.0, 1.0, 2.0, 3.0]), 10.0)
    tensor([0.05 , 0.075, 0.1  , 0.1  ])
    """

    schedule: Schedule
    epochs: float = 5.0
    start: float = 0.1

    def __post_init__(self) -> None:
        # users without a type checker may give a number or text
        if not isinstance(self.schedule, Schedule):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ArgumentError(
                f"schedule must be a schedule, such as Constant(0.1); got {self.schedule!r}"
            )
        check_number("epochs", self.epochs, low=0, open_low=True)
        check_number("start", self.start, low=0, high=1, open_low=True)

    def formula(self, epoch: Tensor, epochs: float) -> Tensor:
        """Return the schedule's rate, times the part that the warm-up has reached."""
        # a warm-up without an end asks the schedule for its beginning only: any length will do
        remaining = epochs - self.epochs if epochs > self.epochs else epochs
        rate = self.schedule.formula(maximum(epoch - self.epochs, 0.0), remaining).named("η₀")
        reached = self.start + (1.0 - self.start) * minimum(epoch / self.epochs, 1.0)
        return (reached * rate).named("η")

    def factor(self, history: Sequence[float]) -> float:
        """Return the factor of the schedule, which sees the losses of the warm-up too."""
        return self.schedule.factor(history)
