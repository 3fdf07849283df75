"""The native engine as the other rooms see it: programs of several batch sizes on one memory."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Self

import numpy as np

from glassnet.errors import ArgumentError
from glassnet.graph import DType, Graph, Tensor
from glassnet.graph.types import Array, Shape
from glassnet.records import dataclass

if TYPE_CHECKING:
    from glassnet.engines.native import _native
    from glassnet.engines.native.instructions import Plan
    from glassnet.engines.native.patterns import Neuron

__all__ = [
    "Answers",
    "Engine",
    "Epochs",
    "Steps",
    "is_available",
    "permutation",
    "thread_limit",
    "why_not",
]

OBJECTIVE = "measures/objective"


@cache
def why_not() -> str | None:
    """Return why the native engine cannot be used on this machine, or None if it can."""
    try:
        import_module("glassnet.engines.native._native")
    except ImportError as error:
        return f"the compiled module is not there ({error}); reinstall with a C++17 compiler"
    return None


def is_available() -> bool:
    """Return whether the native engine can be used on this machine."""
    return why_not() is None


def permutation(n: int, seed: int, *, stream: int, counter: int = 0) -> Array:
    """Return the same order as `glassnet.ops.philox.permutation`, quickly."""
    from glassnet.engines.native import _native

    return _native.permutation(n, seed, stream, counter)


def thread_limit() -> int:
    """Return how many threads a step may use: `GLASSNET_THREADS`, or 0, one for each core.

    Raises:
        ArgumentError: `GLASSNET_THREADS` is not a whole number from 1.
    """
    given = os.environ.get("GLASSNET_THREADS", "").strip()
    if not given:
        return 0
    if not given.isdecimal() or int(given) < 1:
        raise ArgumentError(
            "the environment variable GLASSNET_THREADS says how many threads a step may use: a "
            f"whole number from 1; got {given!r:.40}"
        )
    return min(int(given), 1024)


@dataclass(frozen=True)
class Steps:
    """The graphs of a step for batches of several sizes, lowered: engines may share them.

    Attributes:
        plans: The program for each size of a batch.
        inputs, outputs: What each name stands for, for the largest batch.
        neuron: The kernel's settings, where one kernel stands for the whole step.
    """

    plans: Mapping[int, Plan]
    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]
    neuron: Neuron | None

    @classmethod
    def of(cls, graphs: Mapping[int, Graph]) -> Self:
        """Lower graphs; inputs and outputs of the same name are the same memory.

        Raises:
            Unsupported: An operation that the machine has no instruction for.
        """
        from glassnet.engines.native.lowering import lower
        from glassnet.engines.native.patterns import recognise

        largest = graphs[max(graphs)]
        return cls(
            {n: lower(graph) for n, graph in graphs.items()},
            largest.inputs,
            largest.outputs,
            recognise(graphs[1]) if set(graphs) == {1} else None,
        )

    @property
    def measures(self) -> list[str]:
        """The names of the outputs that measure a batch."""
        return [name for name in self.outputs if name.startswith("measures/")]


class Engine:
    """Programs for batches of several sizes, working on the same parameters.

    Args:
        steps: The step, as graphs for each size of a batch, or lowered already.
        evaluation: Steps that only measure, if there are any; they see the same memory.
        others: The step in other forms, such as for shorter sequences, by the names that `epochs`
            calls them by; they see the same memory too.
        kernels: The instruction set; the best of this processor if empty.
        threads: How many threads a step may use; `thread_limit()` if not given. The bits of the
            results do not depend on it.

    Raises:
        Unsupported: An operation that the machine has no instruction for.
    """

    def __init__(
        self,
        steps: Steps | Mapping[int, Graph],
        evaluation: Steps | None = None,
        *,
        others: Mapping[int, Steps] | None = None,
        kernels: str = "",
        threads: int | None = None,
    ) -> None:
        from glassnet.engines.native import _native
        from glassnet.engines.native.machine import load

        self._native = _native
        self.store = _native.Store()
        self._graphs = {} if isinstance(steps, Steps) else dict(steps)
        self.steps = steps if isinstance(steps, Steps) else Steps.of(steps)
        measured = [] if evaluation is None else [evaluation]
        forms = others or {}
        parts = [self.steps, *measured, *forms.values()]
        sizes: dict[str, tuple[DType, int]] = {}
        for part in parts:
            for name, tensor in (*part.inputs.items(), *part.outputs.items()):
                known = sizes.get(name, (tensor.dtype, 1))[1]
                sizes[name] = (tensor.dtype, max(known, tensor.size))
        for name, (dtype, size) in sizes.items():
            self.store.add(name, dtype.value, size)
        limit = thread_limit() if threads is None else threads
        self._programs, *rest = [
            {n: load(plan, self.store, kernels, limit) for n, plan in part.plans.items()}
            for part in parts
        ]
        self._evaluation = rest[0] if measured else {}
        self._others = dict(zip(forms, rest[len(measured) :], strict=True))

    def write(self, name: str, value: Array) -> None:
        """Put values into named memory."""
        self.store.write(name, np.ascontiguousarray(value).reshape(-1))

    def read(self, name: str, dtype: DType, shape: Shape) -> Array:
        """Return the values in named memory."""
        found = np.empty(shape, dtype.numpy)
        self.store.read(name, found)
        return found

    def run(self, n: int, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Run the program for n examples once and return its outputs."""
        for name, value in inputs.items():
            self.write(name, value)
        self._programs[n].run()
        outputs = self._graphs[n].outputs if self._graphs else self.steps.outputs
        return {name: self.read(name, kind.dtype, kind.shape) for name, kind in outputs.items()}

    def advance(self, n: int) -> None:
        """Run the program for n examples on what lies in the memory."""
        self._programs[n].run()

    def evaluate(self, inputs: Mapping[str, Array]) -> dict[str, float]:
        """Return the measures of some examples, whose number is that of an evaluation's program."""
        for name, value in inputs.items():
            self.write(name, value)
        self._evaluation[len(inputs["batch/x"])].run()
        names = self.steps.measures
        dtype = self.steps.outputs["measures/loss"].dtype
        return {name[9:]: float(self.read(name, dtype, ())) for name in names if name != OBJECTIVE}

    def epochs(
        self,
        data: Mapping[str, Array],
        edges: Array,
        state: Sequence[str],
        form: int | None = None,
    ) -> Epochs:
        """Return what runs epochs on examples; `state` names what a step hands to the next.

        `form` names another form of the step.
        """
        programs = self._programs if form is None else self._others[form]
        return Epochs(self, programs, data, edges, state)


class Epochs:
    """Epochs on the same examples; they are checked once, here, and read where they lie.

    Args:
        engine: Whose memory is changed.
        programs: The engine's programs for each size of a batch.
        data: The examples; the arrays are kept alive, and must not be resized.
        edges: Where each batch begins, and where the last one ends.
        state: The names of what a step hands to the next.
    """

    def __init__(
        self,
        engine: Engine,
        programs: Mapping[int, _native.Program],
        data: Mapping[str, Array],
        edges: Array,
        state: Sequence[str],
    ) -> None:
        from glassnet.engines.native import _native

        self.measures = engine.steps.measures
        neuron = engine.steps.neuron
        aligned: dict[str, Array] = {
            name: np.require(value, requirements=("C", "A")) for name, value in data.items()
        }
        self._epochs = _native.Epochs(
            engine.store,
            programs,
            state,
            self.measures,
            aligned,
            np.ascontiguousarray(edges, np.int64),
            ("", "", "", 1.0) if neuron is None else astuple(neuron),
        )

    def run(
        self,
        order: tuple[bool, int, int, int],
        rates: Array,
        first_step: int,
        after_step: Callable[[int, float], None],
    ) -> tuple[int, dict[str, float], bool, BaseException | None]:
        """Run one step for each batch without returning to Python in between.

        Args:
            order: Whether the examples are shuffled; seed, stream and counter of `permutation`.
            rates: The learning rate of each step, or one for all.
            first_step: The number of the first step.
            after_step: Called some twenty times a second with the examples done and the last loss.

        Returns:
            How many steps were done; the measures, each summed over the examples; whether all
            numbers stayed finite; the exception (such as KeyboardInterrupt) that ended it early.
        """
        done, sums, finite, stopped_by = self._epochs.run(order, rates, first_step, after_step)
        totals = {name[9:]: total for name, total in zip(self.measures, sums, strict=True)}
        return done, totals, finite, stopped_by

    def restore(self) -> None:
        """Go back to the state at the beginning of the last epoch."""
        self._epochs.restore()


class Answers:
    """A program that answers batches of one size, reading parameters where they lie.

    Args:
        graph: From `batch/x` and parameters to `y` and `class`.
        values: The arrays of the other inputs. They are not copied: changes inside them are seen.
        gaps: Whether examples may hold NaN, for steps that are missing.
    """

    def __init__(self, graph: Graph, values: Mapping[str, Array], *, gaps: bool = False) -> None:
        from glassnet.engines.native import _native
        from glassnet.engines.native.lowering import lower
        from glassnet.engines.native.machine import load

        self._values = dict(values)  # kept alive
        store = _native.Store()
        for name, value in values.items():
            store.attach(name, value, value.dtype.name)
        for name in ("batch/x", "y", "class"):
            tensor = graph.inputs[name] if name in graph.inputs else graph.outputs[name]
            store.add(name, tensor.dtype.value, tensor.size)
        x, y = graph.inputs["batch/x"], graph.outputs["y"]
        self._store, self._x, self.n = store, x, x.shape[0]
        self._outputs = {name: graph.outputs[name] for name in ("y", "class")}
        self._program = load(lower(graph), store, threads=thread_limit())
        self._call = None
        if x.ndim == y.ndim == 2 and not gaps:  # that call refuses what is not finite
            self._call = _native.Answer(
                store, self._program, x.shape[0], x.shape[1], y.shape[1], x.dtype == "float64"
            )

    def answer(self, x: Array, classes: bool) -> Array | None:
        """Return classes or outputs; None if x is not as expected.

        Rows of numbers must be finite, and of the right type and shape. Sequences are only looked
        at for these two: a step that is missing is no number.
        """
        if self._call is not None:
            return self._call(x, classes)
        if x.shape != self._x.shape or x.dtype != self._x.dtype.numpy:
            return None
        self._store.write("batch/x", np.ascontiguousarray(x).reshape(-1))
        self._program.run()
        name = "class" if classes else "y"
        found = np.empty(self._outputs[name].shape, self._outputs[name].dtype.numpy)
        self._store.read(name, found.reshape(-1))
        return found
