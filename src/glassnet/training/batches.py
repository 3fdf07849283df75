"""The three modes of training (F1–F3) and the order in which examples are taken."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glassnet.engines import native
from glassnet.engines.native import is_available
from glassnet.errors import ArgumentError
from glassnet.graph.types import Array
from glassnet.ops.philox import STREAM_SHUFFLE, permutation
from glassnet.records import dataclass
from glassnet.unit import check_choice, check_whole

if TYPE_CHECKING:
    from glassnet.training.lengths import Cuts

__all__ = ["MODES", "Order", "batch_edges", "batch_sizes", "epoch_order", "resolve_batch_size"]

MODES = ("online", "minibatch", "batch")


def resolve_batch_size(mode: str, batch_size: int | None, n: int) -> int:
    """Return how many examples a step learns from.

    Args:
        mode: "online" (an update after each example), "batch" (after all of them) or "minibatch".
        batch_size: For mini-batches: their size; 32 if not given. No larger than n is used.
        n: The number of training examples.

    Source: lecture notes, training modes (F1–F3).
    """
    check_choice("mode", mode, MODES)
    if batch_size is not None:
        check_whole("batch_size", batch_size)
        fixed = {"online": 1, "batch": n}.get(mode)
        if fixed is not None and batch_size != fixed:
            raise ArgumentError(
                f"{mode} mode learns from {'one example' if mode == 'online' else 'all examples'} "
                f'at a time; batch_size={batch_size} belongs to mode="minibatch"'
            )
    return {"online": 1, "batch": n}.get(mode, min(batch_size or 32, n))


def batch_edges(n: int, size: int, smallest: int = 1) -> Array:
    """Return where the batches of an epoch begin, and where the last one, smaller if need be, ends.

    A last batch below `smallest` examples (batch normalisation needs two) joins the one before it.

    >>> batch_edges(10, 4)
    array([ 0,  4,  8, 10])
    """
    edges = np.append(np.arange(0, n, size, dtype=np.int64), n)
    return np.delete(edges, -2) if len(edges) > 2 and edges[-1] - edges[-2] < smallest else edges


def batch_sizes(edges: Array) -> tuple[int, ...]:
    """Return how many examples the batches have: all as many as the first, or the last one.

    >>> batch_sizes(np.array([0, 4, 8, 10]))
    (4, 2)
    """
    first, last = int(edges[1] - edges[0]), int(edges[-1] - edges[-2])
    return (first,) if first == last else (first, last)


@dataclass(frozen=True)
class Order:
    """The order of the examples in an epoch, told by what it is drawn from.

    Args:
        n: How many examples there are.
        seed: The run's seed.
        epoch: The epoch, counted from 0.
        shuffled: Whether it is an order of chance.
        cuts: Where batches are made by length, how.
        edges: Where these batches begin, and where the last one ends.
    """

    n: int
    seed: int
    epoch: int
    shuffled: bool
    cuts: Cuts | None = None
    edges: Array | None = None

    def rows(self) -> Array:
        """Draw it: the numbers of the examples, shape (n,)."""
        drawn = epoch_order(self.n, self.seed, self.epoch, self.shuffled)
        if self.cuts is None or self.edges is None:
            return drawn
        return self.cuts.arrange(drawn, self.edges, self.seed, self.epoch)

    @property
    def drawn_from(self) -> tuple[bool, int, int, int]:
        """Whether it is shuffled; seed, stream and counter of its permutation."""
        return self.shuffled, self.seed, STREAM_SHUFFLE, self.epoch


def epoch_order(n: int, seed: int, epoch: int, shuffle: bool) -> Array:
    """Return the order of the examples in an epoch (counted from 0): a function of the seed."""
    if not shuffle:
        return np.arange(n)
    quick = is_available() and n > 1
    draw = native.permutation if quick else permutation
    return draw(n, seed, stream=STREAM_SHUFFLE, counter=epoch)
