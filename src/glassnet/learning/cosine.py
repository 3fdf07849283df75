"""Cosine annealing of the learning rate."""

from __future__ import annotations

import math

from glassnet.graph.tensor import Tensor
from glassnet.learning.schedule import Schedule
from glassnet.ops import cos, minimum
from glassnet.records import dataclass
from glassnet.unit import check_number

__all__ = ["Cosine"]


@dataclass(frozen=True)
class Cosine(Schedule, name="cosine"):
    """The learning rate falls along half a cosine, from η at first to η_T at the end of training.

    η_T + ½ (η − η_T)(1 + cos(π · epoch/epochs)); η_T after the end, if training goes on.

    Args:
        rate: The learning rate at first, η, above 0.
        final: The learning rate at the end, η_T, at least 0 and at most `rate`.

    Source: Loshchilov & Hutter, SGDR: stochastic gradient descent with warm restarts (2017),
    equation 5, without restarts.

    >>> import glassnet as gn
    >>> Cosine(0.1, final=0.02).formula(gn.tensor([0.0, 15.0, 30.0, 31.0]), 30.0)
    tensor([0.1 , 0.06, 0.02, 0.02])
    """

    rate: float
    final: float = 0.0

    def __post_init__(self) -> None:
        check_number("rate", self.rate, low=0, open_low=True)
        check_number("final", self.final, low=0, high=self.rate)

    def formula(self, epoch: Tensor, epochs: float) -> Tensor:
        """Return η_T + ½ (η − η_T)(1 + cos(π · epoch/epochs))."""
        check_number("epochs", epochs, low=0, open_low=True)
        progress = minimum(epoch / epochs, 1.0)
        half = 0.5 * (self.rate - self.final)
        return (self.final + half * (1.0 + cos(math.pi * progress))).named("η")
