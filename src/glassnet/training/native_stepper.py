"""Running training steps on the native engine: an epoch is one call."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from glassnet.engines.native import Engine
from glassnet.errors import ArgumentError
from glassnet.graph import Graph
from glassnet.graph.types import Array
from glassnet.training.stepper import Material, StepGraphs, Stepper, batch_blocks

__all__ = ["NativeStepper"]

PERSISTENT = ("parameters/", "statistics/", "slots/")


class NativeStepper:
    """The state of a training run in the native engine's memory.

    It has the methods of `Stepper`, and gives the same numbers within rounding.

    Args:
        recipe: What a step computes.
        values: The starting values of `parameters/…`, `statistics/…` and `slots/…`.
        seed: The run's seed.

    Raises:
        Unsupported: An operation that the native engine cannot run.
    """

    def __init__(self, recipe: StepGraphs, values: dict[str, Array], seed: int) -> None:
        self.recipe, self.seed = recipe, seed
        self.step = 0
        self._shapes = {key: value.shape for key, value in values.items()}
        self._start = values
        self._now: dict[str, Array] | None = None  # what the engine's memory holds, once read
        self._training: Engine | None = None
        self._evaluation: Engine | None = None

    @property
    def values(self) -> dict[str, Array]:
        """The values of parameters, statistics and slots now."""
        engine = self._training
        if engine is None:
            return self._start
        if self._now is None:
            dtype = self.recipe.dtype
            self._now = {key: engine.read(key, dtype, s) for key, s in self._shapes.items()}
        return self._now

    @values.setter
    def values(self, values: dict[str, Array]) -> None:
        self._now = None
        if self._training is None:
            self._start = values
        else:
            for key, value in values.items():
                self._training.write(key, value)

    def _prepare(self, sizes: Sequence[int]) -> Engine:
        if self._training is None:
            graphs = {n: self.recipe.training_graph(n) for n in sorted(sizes, reverse=True)}
            engine = Engine(graphs)
            for key, value in self._start.items():
                engine.write(key, value)
            self._training = engine
        return self._training

    def epoch(
        self,
        material: Material,
        order: Array,
        edges: Array,
        rates: Array,
        after_step: Callable[[int, float], None],
    ) -> dict[str, float]:
        """Run one step for each batch and return the measures, averaged over the examples.

        Arguments, result and errors as `Stepper.epoch`; `after_step` is called some twenty times a
        second, not after each step.
        """
        engine = self._prepare(np.unique(np.diff(edges), return_counts=True)[0].tolist())
        engine.write("seed", np.array(self.seed, np.int64))
        before, self._now = self.values, None
        try:
            done, totals, finite, stopped_by = engine.epoch(
                material.inputs(slice(None)), order, edges, rates, self.step + 1, after_step
            )
        except IndexError as error:
            raise ArgumentError(f"a class or a place: {error}") from None
        if stopped_by is None and not (finite and self._is_finite()):
            return self._replay(before, material, order, edges, rates)
        self.step += done
        examples = int(edges[done]) if done else 1
        if stopped_by is not None:
            raise stopped_by
        after_step(examples, totals["loss"] / examples)
        return {key: total / examples for key, total in totals.items()}

    def _is_finite(self) -> bool:
        return all(bool(np.isfinite(value).all()) for value in self.values.values())

    def _replay(
        self, before: dict[str, Array], material: Material, order: Array, edges: Array, rates: Array
    ) -> dict[str, float]:
        """Go through the epoch again on the reference engine, which names the place."""
        reference = Stepper(self.recipe, before, self.seed)
        reference.step = self.step
        try:
            return reference.epoch(material, order, edges, rates, lambda _done, _loss: None)
        finally:
            self.values, self.step = reference.values, reference.step

    def evaluate(self, material: Material) -> dict[str, float]:
        """Return the measures over all examples, without learning from them."""
        blocks = batch_blocks(len(material))
        if self._evaluation is None:
            sizes = sorted({stop - start for start, stop in blocks}, reverse=True)
            graphs: dict[int, Graph] = {n: self.recipe.evaluation_graph(n) for n in sizes}
            self._evaluation = Engine(graphs)
        engine = self._evaluation
        for key, value in self.values.items():
            if not key.startswith("slots/"):
                engine.write(key, value)
        totals: dict[str, float] = {}
        share = 0.0
        for start, stop in blocks:
            measured = engine.run(stop - start, material.inputs(slice(start, stop)))
            weights = material.weight
            weight = stop - start if weights is None else float(weights[start:stop].sum())
            share += weight
            for key, value in measured.items():
                counts = weight if key == "measures/loss" else stop - start
                totals[key[9:]] = totals.get(key[9:], 0.0) + float(value) * counts
        return {k: total / (share if k == "loss" else len(material)) for k, total in totals.items()}
