"""Running training steps on the native engine: an epoch is one call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import Self

import numpy as np

from glassnet.engines.native import Engine, Epochs, Steps
from glassnet.errors import ArgumentError
from glassnet.graph.types import Array
from glassnet.records import dataclass
from glassnet.training.batches import Order
from glassnet.training.lengths import shortened
from glassnet.training.stepper import Material, StepGraphs, Stepper, average

__all__ = ["Lowered", "NativeStepper", "Sizes"]


@dataclass(frozen=True)
class Sizes:
    """How many examples are learnt from at once, and how many are measured at once.

    Where batches are made by length, `steps` tells for how many steps they are run; the last is
    the number of all steps.
    """

    training: tuple[int, ...]
    evaluation: tuple[int, ...] = ()
    steps: tuple[int, ...] = ()


@dataclass(frozen=True)
class Lowered:
    """The steps of a recipe for the machine; steppers of the same recipe may share them."""

    sizes: Sizes
    training: Steps
    evaluation: Steps | None
    shorter: dict[int, Steps] = field(default_factory=dict[int, Steps])

    @classmethod
    def of(cls, recipe: StepGraphs, sizes: Sizes) -> Self:
        """Lower a recipe's steps.

        Raises:
            Unsupported: An operation that the native engine cannot run.
        """
        training = Steps.of({n: recipe.training_graph(n) for n in sizes.training})
        measured = {n: recipe.evaluation_graph(n) for n in sizes.evaluation}
        n = sizes.training[0]
        shorter = {
            steps: Steps.of({n: shortened(recipe, steps).training_graph(n)})
            for steps in sizes.steps[:-1]
        }
        return cls(sizes, training, Steps.of(measured) if measured else None, shorter)


class NativeStepper:
    """The state of a training run in the native engine's memory.

    It has the methods of `Stepper`, and gives the same numbers within rounding.

    Args:
        recipe: What a step computes.
        values: The starting values of `parameters/…`, `statistics/…` and `slots/…`.
        seed: The run's seed.
        lowered: The recipe's steps.
        threads: How many threads a step may use; all cores if not given.
    """

    def __init__(
        self,
        recipe: StepGraphs,
        values: dict[str, Array],
        seed: int,
        lowered: Lowered,
        threads: int | None = None,
    ) -> None:
        self.recipe, self.lowered = recipe, lowered
        self._shapes = {key: value.shape for key, value in values.items()}
        self._engine = Engine(
            lowered.training, lowered.evaluation, others=lowered.shorter, threads=threads
        )
        self._learnt: tuple[Material, Array, Epochs] | None = None
        self.restart(values, seed)

    def restart(self, values: dict[str, Array], seed: int) -> None:
        """Begin another run of the same recipe."""
        self.values, self.seed, self.step = values, seed, 0
        self._engine.write("seed", np.array(seed, np.int64))

    @property
    def values(self) -> dict[str, Array]:
        """The values of parameters, statistics and slots now."""
        dtype = self.recipe.dtype
        return {key: self._engine.read(key, dtype, s) for key, s in self._shapes.items()}

    @values.setter
    def values(self, values: dict[str, Array]) -> None:
        for key, value in values.items():
            self._engine.write(key, value)

    def put(self, values: dict[str, Array]) -> None:
        """Put other values in place of some of the state's."""
        self.values = values

    def _epochs(self, material: Material, edges: Array) -> Epochs:
        """Return what runs epochs on some examples; it is made once for a run."""
        if self._learnt is None or self._learnt[0] is not material or self._learnt[1] is not edges:
            data = material.inputs(slice(None))
            self._learnt = (material, edges, self._engine.epochs(data, edges, list(self._shapes)))
        return self._learnt[2]

    def epoch(
        self,
        material: Material,
        order: Order,
        edges: Array,
        rates: Array,
        after_step: Callable[[int, float], None],
    ) -> dict[str, float]:
        """Run one step for each batch and return the measures, averaged over the examples.

        Arguments, result and errors as `Stepper.epoch`; `after_step` is called some twenty times a
        second, not after each step.
        """
        if material.cuts is not None:
            return self._in_parts(material, order, edges, rates, after_step)
        epochs = self._epochs(material, edges)
        totals = self._run(epochs, order, edges, rates, after_step)
        if totals is None:
            return self._replay(material, order, edges, rates)
        return {key: total / int(edges[-1]) for key, total in totals.items()}

    def _run(
        self,
        epochs: Epochs,
        order: Order,
        edges: Array,
        rates: Array,
        after_step: Callable[[int, float], None],
    ) -> dict[str, float] | None:
        """Run one step for each batch and return the measures, summed over the examples.

        None, and the state as it was before, where a number is not finite.
        """
        try:
            done, totals, finite, stopped_by = epochs.run(
                order.drawn_from, rates, self.step + 1, after_step
            )
        except IndexError as error:
            raise ArgumentError(f"a class or a place: {error}") from None
        if stopped_by is None and not finite:
            epochs.restore()
            return None
        self.step += done
        if stopped_by is not None:
            raise stopped_by
        after_step(int(edges[-1]), totals["loss"] / int(edges[-1]))
        return totals

    def _in_parts(
        self,
        material: Material,
        order: Order,
        edges: Array,
        rates: Array,
        after_step: Callable[[int, float], None],
    ) -> dict[str, float]:
        """Run an epoch whose batches are made by length: a call for each run of like batches."""
        assert material.cuts is not None
        taken, sums = order.rows(), dict[str, float]()
        rates = np.broadcast_to(rates, len(edges) - 1)
        for first, stop, steps in material.cuts.runs(taken, edges):
            begin = int(edges[first])
            part = material.take(taken[begin : edges[stop]])
            places, now = edges[first : stop + 1] - begin, rates[first:stop].copy()
            whole = Order(len(part), 0, 0, False)
            form = steps if steps in self.lowered.shorter else None
            data = part.inputs(slice(None), steps)
            epochs = self._engine.epochs(data, places, list(self._shapes), form)

            def after(done: int, loss: float, begin: int = begin) -> None:
                after_step(begin + done, loss)

            totals = self._run(epochs, whole, places, now, after)
            if totals is None:
                means = self._replay(part, whole, places, now)
                totals = {key: mean * len(part) for key, mean in means.items()}
            for key, total in totals.items():
                sums[key] = sums.get(key, 0.0) + total
        return {key: total / int(edges[-1]) for key, total in sums.items()}

    def _replay(
        self, material: Material, order: Order, edges: Array, rates: Array
    ) -> dict[str, float]:
        """Go through the epoch again on the reference engine, which names the place."""
        reference = Stepper(self.recipe, self.values, self.seed)
        reference.step = self.step
        try:
            return reference.epoch(material, order, edges, rates, lambda _done, _loss: None)
        finally:
            self.values, self.step = reference.values, reference.step

    def evaluate(self, material: Material) -> dict[str, float]:
        """Return the measures over all examples, without learning from them."""
        return average(material, self._engine.evaluate)
