"""Batches by length: sequences of about the same length together, run only as far as they go.

The steps that a short sequence lacks change nothing, but they are computed all the same. So
sequences are put into batches with others of their kind, and each batch takes no more steps than
its longest sequence has, rounded up to one of a few lengths: each length is a program of its own.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from glassnet.errors import ArgumentError, GlassnetError
from glassnet.graph.types import Array
from glassnet.learning.backpropagation import Recipe
from glassnet.nn.layers import Average, OverTime
from glassnet.nn.stack import Stack
from glassnet.ops.philox import STREAM_BATCHES, permutation
from glassnet.records import dataclass

__all__ = ["Cuts", "choose_cuts", "choose_lengths", "lengths_of", "shortened"]

MOST_LENGTHS = 6
NEARLY = 1.1  # fewer lengths are taken where they cost hardly more steps
CANDIDATES = 128
WORTH = 0.2  # the share of all steps that must be saved where nobody has asked


@dataclass(frozen=True, eq=False)
class Cuts:
    """How far each batch is run.

    Args:
        lengths: The steps of each example, (n,).
        steps: The numbers of steps that batches are run for, rising; the last is the longest.
        size: How many examples a batch has. A batch of another number (the last of an epoch) is run
            for all steps, so that it needs one program and not one for each length.
        each_step: Whether each step has a target.
    """

    lengths: Array
    steps: tuple[int, ...]
    size: int
    each_step: bool

    def take(self, rows: Array) -> Cuts:
        """Return them for some of the examples."""
        return dataclasses.replace(self, lengths=self.lengths[rows])

    def steps_of(self, rows: Array) -> int:
        """Return how many steps a batch of these examples is run for."""
        if len(rows) != self.size:
            return self.steps[-1]
        longest = int(self.lengths[rows].max())
        return next(steps for steps in self.steps if steps >= longest)

    def runs(self, rows: Array, edges: Array) -> list[tuple[int, int, int]]:
        """Return the runs of batches that take the same number of steps.

        Args:
            rows: The examples in their order.
            edges: Where each batch begins in it, and where the last one ends.

        Returns:
            For each run its first batch, the one after its last, and the number of steps.
        """
        places = edges.tolist()
        steps = [self.steps_of(rows[a:b]) for a, b in pairwise(places)]
        firsts = [at for at in range(len(steps)) if at == 0 or steps[at] != steps[at - 1]]
        return [
            (first, stop, steps[first])
            for first, stop in zip(firsts, [*firsts[1:], len(steps)], strict=True)
        ]

    def arrange(self, rows: Array, edges: Array, seed: int, epoch: int) -> Array:
        """Return examples that stand in an order of chance as batches of about the same length.

        Each is there once. Within the examples of one number of steps, chance decides who is in a
        batch with whom, and chance decides the order of the batches. The last one, which may have
        another size, takes its examples from anywhere too.
        """
        full, last = len(edges) - 2, int(edges[-1] - edges[-2])
        if full < 1:
            return rows
        size = int(edges[1] - edges[0])
        kinds = np.searchsorted(self.steps, self.lengths[rows])
        sorted_rows = rows[np.argsort(kinds, kind="stable")]
        drawn = permutation(full + 1, seed, stream=STREAM_BATCHES, counter=epoch).tolist()
        odd = drawn[-1]
        starts = [at * size if at <= odd else (at - 1) * size + last for at in drawn]
        parts = [sorted_rows[at : at + size] for at in starts[:-1]]
        return np.concatenate([*parts, sorted_rows[starts[-1] : starts[-1] + last]])


def lengths_of(rows: Array) -> Array:
    """Return the steps of each sequence up to its last one that is there, for rows (n, time, …).

    >>> lengths_of(np.array([[1.0, np.nan, np.nan], [np.nan, 2.0, np.nan]])).tolist()
    [1, 2]
    """
    missing = np.isnan(rows.reshape(*rows.shape[:2], -1)[..., 0])
    return rows.shape[1] - np.argmin(missing[:, ::-1], axis=1)


def choose_lengths(lengths: Array, longest: int, most: int = MOST_LENGTHS) -> tuple[int, ...]:
    """Return the numbers of steps that sequences are rounded up to, so that the sum is small.

    Args:
        lengths: The steps of each sequence, (n,).
        longest: The largest of the numbers.
        most: How many there are at most; fewer where more would save hardly anything.

    >>> choose_lengths(np.array([3, 3, 4, 9, 10]), 10, most=2)
    (4, 10)
    """
    known = np.unique(lengths)
    if len(known) > CANDIDATES:
        known = np.unique(np.quantile(lengths, np.linspace(0, 1, CANDIDATES), method="higher"))
    known = np.append(known[known < longest], longest)
    below = np.append(0, np.searchsorted(np.sort(lengths), known, side="right"))
    # cost[i, j]: all sequences that are longer than the i-th number (0: than nothing), and not
    # longer than the j-th, are rounded up to the j-th.
    cost = (below[None, 1:] - below[:, None]) * known[None, :].astype(np.float64)
    cost[np.tril_indices(len(known) + 1, -1, len(known))] = np.inf
    best, before = cost[0], list[Array]()
    totals = [best[-1]]
    for _ in range(min(most, len(known)) - 1):
        through = np.append(np.inf, best)[:, None] + cost
        before.append(np.argmin(through, axis=0))
        best = np.min(through, axis=0)
        totals.append(best[-1])
    count = next(at for at, total in enumerate(totals) if total <= NEARLY * min(totals))
    chosen, at = [longest], len(known) - 1
    for came_from in reversed(before[:count]):
        at = int(came_from[at]) - 1
        chosen.append(int(known[at]))
    return tuple(chosen[::-1])


def choose_cuts(
    by_length: bool | None, stack: Stack, rows: Array, edges: Array, *, shuffle: bool
) -> Cuts | None:
    """Return how far batches are run; None where each is run for all steps.

    Args:
        by_length: What was asked for; None: where sequences differ much in length, and a layer
            goes through them step by step.
        stack: The network.
        rows: The examples to learn from, (n, time, …).
        edges: Where each batch begins, and where the last one ends.
        shuffle: Whether the examples may be put into another order.

    Raises:
        ArgumentError: It was asked for and cannot be had.
    """
    reason = _why_not(stack, shuffle) if by_length is not False else ""
    if by_length is False or reason:
        if by_length:
            raise ArgumentError(f"by_length: {reason}")
        return None
    lengths, longest = lengths_of(rows), stack.inputs[0]
    steps = choose_lengths(lengths, longest)
    size = int(edges[1] - edges[0])
    rounded = np.array(steps)[np.searchsorted(steps, lengths)]
    saved = 1 - float(rounded.mean()) / longest
    if by_length is None and (saved < WORTH or len(edges) < 4 or not _is_slow(stack)):
        return None
    return Cuts(lengths, steps, size, stack.steps is not None)


def _is_slow(stack: Stack) -> bool:
    """Whether a layer goes step by step: where none does, a step costs less than a program."""
    return any(isinstance(la, OverTime) and not isinstance(la, Average) for la in stack.layers)


def _why_not(stack: Stack, shuffle: bool) -> str:
    """Return why batches cannot be made by length; empty if they can."""
    if not stack.is_masked:
        return "the network takes sequences of one length: it must begin with a mask"
    if not shuffle:
        return "it puts the examples into another order, which shuffle=False forbids"
    try:
        shorter = Stack(stack.layers, (1, *stack.inputs[1:]))
    except GlassnetError as error:
        return f"the network cannot take shorter sequences: {error}"
    for known, other in ((stack.parameters(), shorter.parameters()),
                         (stack.statistics(), shorter.statistics())):  # fmt: skip
        for key, parameter in known.items():
            if parameter.shape != other[key].shape:
                return f"the shape of {key} depends on the number of steps"
    return ""


def shortened(recipe: object, steps: int | None) -> Recipe:
    """Return a recipe for sequences of fewer steps; the same one for None."""
    assert isinstance(recipe, Recipe)
    if steps is None or steps == recipe.stack.inputs[0]:
        return recipe
    stack = Stack(recipe.stack.layers, (steps, *recipe.stack.inputs[1:]))
    return dataclasses.replace(recipe, stack=stack)


def cut(inputs: dict[str, Array], steps: int, each_step: bool) -> dict[str, Array]:
    """Return the inputs of a step's graph without what comes after so many steps."""
    names: Sequence[str] = ("batch/x", "batch/target") if each_step else ("batch/x",)
    return inputs | {name: np.ascontiguousarray(inputs[name][:, :steps]) for name in names}
