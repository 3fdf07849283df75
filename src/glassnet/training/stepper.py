"""Running training steps on the reference engine; the native engine takes its place for speed."""

from __future__ import annotations

import math
import weakref
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from glassnet.engines import Program
from glassnet.errors import NonFiniteError
from glassnet.graph import DType, Graph
from glassnet.graph.types import Array
from glassnet.learning.optimizer import Optimizer
from glassnet.training.batches import Order
from glassnet.training.lengths import Cuts, cut, shortened
from glassnet.training.nonfinite import explain_nonfinite

__all__ = ["LoopRecipe", "Material", "StepGraphs", "Stepper", "average", "batch_blocks"]

EVALUATION_BLOCK = 2048


class StepGraphs(Protocol):
    """What a stepper runs: the graphs of a step, and of a measurement, for n examples."""

    @property
    def dtype(self) -> DType:
        """The number type of state and data."""
        ...

    def training_graph(self, n: int) -> Graph:
        """Return the graph of a step on n examples."""
        ...

    def evaluation_graph(self, n: int) -> Graph:
        """Return the graph that measures n examples without learning from them."""
        ...


class LoopRecipe(StepGraphs, Protocol):
    """What the loop over epochs must know beside the graphs."""

    @property
    def optimizer(self) -> Optimizer:
        """The optimiser, whose memory is part of the state."""
        ...

    @property
    def hand_over(self) -> int | None:
        """After how many steps of a sequence the state is handed to the next batch, if it is."""
        ...

    def first_carry(self, n: int) -> dict[str, Array]:
        """Return the state that is handed to the first batch, of n examples."""
        ...


class Material:
    """Examples, targets and weights as arrays, ready to be cut into batches.

    A rule that learns without a teacher has no targets.
    The arrays may be the caller's, who may write into them meanwhile; NumPy refuses to resize them.

    Args:
        x: The examples.
        target: Their targets.
        weight: Their weights.
        block: How many are measured at once.
        cuts: Where batches are made by length, how far each is run.
    """

    def __init__(
        self,
        x: Array,
        target: Array | None,
        weight: Array | None,
        block: int = EVALUATION_BLOCK,
        cuts: Cuts | None = None,
    ) -> None:
        self.x, self.target, self.weight = x, target, weight
        self.block, self.cuts = block, cuts
        # `array.resize(…, refcheck=False)` frees what is read here, but for an array that has a
        # weak reference.
        self._fixed = weakref.ref(_owner(x))

    def __len__(self) -> int:
        return len(self.x)

    def take(self, rows: Array) -> Material:
        """Return some of the examples."""
        weight = None if self.weight is None else self.weight[rows]
        target = None if self.target is None else self.target[rows]
        cuts = None if self.cuts is None else self.cuts.take(rows)
        return Material(self.x[rows], target, weight, self.block, cuts)

    def steps(self, rows: Array) -> int | None:
        """Return how many steps a batch of some examples is run for; None: for all."""
        return None if self.cuts is None else self.cuts.steps_of(rows)

    def inputs(self, rows: Any, steps: int | None = None) -> dict[str, Array]:
        """Return some of the examples as inputs of a graph, of sequences the first steps."""
        found = {"batch/x": self.x[rows]}
        if self.target is not None:
            found["batch/target"] = self.target[rows]
        if self.weight is not None:
            found["batch/weight"] = self.weight[rows]
        if steps is None or self.cuts is None:
            return found
        return cut(found, steps, self.cuts.each_step)


def _owner(array: Array) -> Array:
    """Return the array whose memory this one shows."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


class Stepper:
    """The state of a training run, and the steps that change it.

    Args:
        recipe: What a step computes.
        values: The starting values of `parameters/…`, `statistics/…` and `slots/…`.
        seed: The run's seed.
    """

    def __init__(self, recipe: StepGraphs, values: dict[str, Array], seed: int) -> None:
        self.recipe, self.values, self.seed = recipe, values, seed
        self.step = 0
        self._training: dict[tuple[int, int | None], Program] = {}
        self._evaluation: dict[int, Program] = {}

    def epoch(
        self,
        material: Material,
        order: Order,
        edges: Array,
        rates: Array,
        after_step: Callable[[int, float], None],
    ) -> dict[str, float]:
        """Run one step for each batch and return the measures, averaged over the examples.

        Args:
            material: The training examples.
            order: The order in which they are taken.
            edges: Where each batch begins in that order, and where the last one ends.
            rates: The learning rate of each step, or one for all.
            after_step: Called after each step with the number of examples done and the loss.

        Raises:
            NonFiniteError: A number is not finite; the state before that step is kept.
        """
        totals: dict[str, float] = {}
        places, taken = edges.tolist(), order.rows()
        rates = np.broadcast_to(rates, len(places) - 1)
        for start, stop, rate in zip(places[:-1], places[1:], rates, strict=True):
            n, rows = stop - start, taken[start:stop]
            steps = material.steps(rows)
            program = self._program(n, steps)
            step = self.step + 1
            values = program.evaluate(
                {
                    **self.values,
                    **material.inputs(rows, steps),
                    "rate": rate,
                    "step": step,
                    "seed": self.seed,
                    "counter": step,
                }
            )
            outputs = program.outputs(values)
            measures = {k[9:]: float(outputs.pop(k)) for k in list(outputs) if k[:9] == "measures/"}
            if not self._is_finite(measures["objective"], outputs):
                raise NonFiniteError(explain_nonfinite(program.graph, values, step))
            self.values, self.step = outputs, step
            for key, value in measures.items():
                totals[key] = totals.get(key, 0.0) + value * n
            after_step(stop, measures["loss"])
        return {key: total / places[-1] for key, total in totals.items()}

    def _program(self, n: int, steps: int | None) -> Program:
        """Return the program of a step on n examples, of sequences so many steps."""
        program = self._training.get((n, steps))
        if program is None:
            recipe = self.recipe if steps is None else shortened(self.recipe, steps)
            program = self._training[n, steps] = Program(recipe.training_graph(n))
        return program

    @staticmethod
    def _is_finite(objective: float, outputs: dict[str, Array]) -> bool:
        if not math.isfinite(objective):
            return False
        with np.errstate(all="ignore"):
            return all(
                math.isfinite(value.sum()) or bool(np.isfinite(value).all())
                for value in outputs.values()
            )

    def put(self, values: dict[str, Array]) -> None:
        """Put other values in place of some of the state's."""
        self.values = {**self.values, **values}

    def restart(self, values: dict[str, Array], seed: int) -> None:
        """Begin another run of the same recipe."""
        self.values, self.seed, self.step = values, seed, 0

    def evaluate(self, material: Material) -> dict[str, float]:
        """Return the measures over all examples, without learning from them.

        Where a state is handed on, it goes from block to block.
        """
        known = {k: v for k, v in self.values.items() if not k.startswith("slots/")}

        def measure(inputs: dict[str, Array]) -> dict[str, float]:
            n = len(inputs["batch/x"])
            program = self._evaluation.get(n)
            if program is None:
                program = self._evaluation[n] = Program(self.recipe.evaluation_graph(n))
            found = program.run({**known, **inputs})
            known.update({key: value for key, value in found.items() if key[:6] == "carry/"})
            return {k[9:]: float(v) for k, v in found.items() if k[:9] == "measures/"}

        return average(material, measure)


def average(
    material: Material, measure: Callable[[dict[str, Array]], dict[str, float]]
) -> dict[str, float]:
    """Return the measures over all examples: the loss by the examples' weights, others plainly.

    Args:
        material: The examples.
        measure: From the examples of a block, as inputs of a graph, to their measures.
    """
    totals: dict[str, float] = {}
    share = 0.0
    for start, stop in batch_blocks(len(material), material.block):
        rows = slice(start, stop)
        weight = stop - start if material.weight is None else float(material.weight[rows].sum())
        share += weight
        for key, value in measure(material.inputs(rows)).items():
            counts = weight if key == "loss" else stop - start
            totals[key] = totals.get(key, 0.0) + value * counts
    return {k: total / (share if k == "loss" else len(material)) for k, total in totals.items()}


def batch_blocks(n: int, size: int = EVALUATION_BLOCK) -> list[tuple[int, int]]:
    """Return where each block of an evaluation begins and ends."""
    return [(at, min(at + size, n)) for at in range(0, n, size)]
