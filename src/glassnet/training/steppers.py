"""Choosing the engine that runs the steps."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from glassnet.engines.native import Unsupported, why_not
from glassnet.errors import ArgumentError
from glassnet.graph.types import Array
from glassnet.learning.backpropagation import Recipe
from glassnet.records import dataclass
from glassnet.training.native_stepper import Lowered, NativeStepper, Sizes
from glassnet.training.stepper import LoopRecipe, StepGraphs, Stepper

__all__ = ["ENGINES", "Choose", "Chosen", "Reuse", "choose_stepper"]

ENGINES = ("native", "reference")


@dataclass(frozen=True)
class Chosen:
    """What runs the steps.

    Attributes:
        stepper: It.
        engine: The name of its engine.
        reason: Why it is not the native one, where that was not asked for.
    """

    stepper: Stepper | NativeStepper
    engine: str
    reason: str = ""


# From engine, recipe, starting values, seed and the sizes of batches to what runs the steps.
Choose = Callable[[str | None, LoopRecipe, dict[str, Array], int, Sizes], Chosen]


def choose_stepper(
    engine: str | None,
    recipe: StepGraphs,
    values: dict[str, Array],
    seed: int,
    sizes: Sizes,
    lowered: Lowered | None = None,
    threads: int | None = None,
) -> Chosen:
    """Return what runs the steps: the native engine, where it can.

    Args:
        engine: The engine that was asked for, if any.
        recipe: What a step computes.
        values: The starting values of parameters, statistics and slots.
        seed: The run's seed.
        sizes: How many examples batches have.
        lowered: The recipe's steps for these sizes, where they are at hand.
        threads: How many threads a step may use; all cores if not given.

    Raises:
        ArgumentError: The native engine was asked for by name and cannot be used.
    """
    if engine == "reference":
        return Chosen(Stepper(recipe, values, seed), "reference")
    reason = why_not()
    if reason is None:
        try:
            lowered = lowered or Lowered.of(recipe, sizes)
            return Chosen(NativeStepper(recipe, values, seed, lowered, threads), "native")
        except Unsupported as error:
            reason = str(error)
    if engine == "native":
        raise ArgumentError(f"the native engine cannot be used: {reason}")
    return Chosen(Stepper(recipe, values, seed), "reference", reason)


class Reuse:
    """Gives one worker's copies a stepper: made for the first, used again for those that follow.

    Args:
        other: Another worker's, whose lowered steps are used too.
        threads: How many threads a step may use; all cores if not given.
    """

    def __init__(self, other: Reuse | None = None, threads: int | None = None) -> None:
        self._threads = threads
        self.known: tuple[LoopRecipe, Sizes, Chosen] | None = None
        self._pattern = other.known if other is not None else None

    def __call__(
        self,
        engine: str | None,
        recipe: LoopRecipe,
        values: dict[str, Array],
        seed: int,
        sizes: Sizes,
    ) -> Chosen:
        """Return what runs the steps; arguments and errors as `choose_stepper`."""
        if self.known is not None and _serves(self.known, recipe, sizes):
            self.known[2].stepper.restart(values, seed)
            return self.known[2]
        lowered: Lowered | None = None
        if self._pattern is not None and _serves(self._pattern, recipe, sizes):
            stepper = self._pattern[2].stepper
            lowered = stepper.lowered if isinstance(stepper, NativeStepper) else None
        chosen = choose_stepper(engine, recipe, values, seed, sizes, lowered, self._threads)
        self.known = (recipe, sizes, chosen)
        return chosen


def _serves(known: tuple[LoopRecipe, Sizes, Chosen], recipe: LoopRecipe, sizes: Sizes) -> bool:
    """Whether the steps are the same but for the learning rate, which is their input."""
    pattern, known_sizes, _ = known
    assert isinstance(recipe, Recipe)
    same = dataclasses.replace(recipe, optimizer=pattern.optimizer)
    return same == pattern and sizes == known_sizes
