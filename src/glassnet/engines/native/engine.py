"""The native engine as the other rooms see it: programs of several batch sizes on one memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module

import numpy as np

from glassnet.graph import DType, Graph
from glassnet.graph.types import Array, Shape

__all__ = ["Answers", "Engine", "is_available", "permutation", "why_not"]


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


class Engine:
    """Programs for batches of several sizes, working on the same parameters.

    Args:
        graphs: The graph of a step for each batch size. Inputs and outputs of the same name are the
            same memory.

    Raises:
        Unsupported: An operation that the machine has no instruction for.
    """

    def __init__(self, graphs: Mapping[int, Graph], *, kernels: str = "") -> None:
        from glassnet.engines.native import _native
        from glassnet.engines.native.lowering import lower
        from glassnet.engines.native.machine import load
        from glassnet.engines.native.patterns.linear_neuron import recognise

        self._native = _native
        self.store = _native.Store()
        self.plans = {n: lower(graph) for n, graph in graphs.items()}
        self._outputs = dict(graphs[max(graphs)].outputs)
        sizes: dict[str, tuple[DType, int]] = {}
        for graph in graphs.values():
            for name, tensor in (*graph.inputs.items(), *graph.outputs.items()):
                known = sizes.get(name, (tensor.dtype, 1))[1]
                sizes[name] = (tensor.dtype, max(known, tensor.size))
        for name, (dtype, size) in sizes.items():
            self.store.add(name, dtype.value, size)
        self._programs = {n: load(plan, self.store, kernels) for n, plan in self.plans.items()}
        self._measures = [name for name in self._outputs if name.startswith("measures/")]
        self._neuron = recognise(graphs[1]) if set(graphs) == {1} else None

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
        return {
            name: self.read(name, tensor.dtype, tensor.shape)
            for name, tensor in self._outputs.items()
        }

    def epoch(
        self,
        data: Mapping[str, Array],
        order: Array,
        edges: Array,
        rates: Array,
        first_step: int,
        after_step: Callable[[int, float], None],
    ) -> tuple[int, dict[str, float], bool, BaseException | None]:
        """Run one step for each batch without returning to Python in between.

        Returns:
            How many steps were done; the measures, each summed over the examples; whether the
            objective stayed finite; the exception (such as KeyboardInterrupt) that ended it early.
        """
        if self._neuron is not None:
            return self._learn_linear_neuron(data, order, rates, after_step)
        done, sums, finite, stopped_by = self._native.run_epoch(
            self.store,
            self._programs,
            {name: np.ascontiguousarray(value) for name, value in data.items()},
            np.ascontiguousarray(order, np.int64),
            np.ascontiguousarray(edges, np.int64),
            np.ascontiguousarray(rates, np.float64),
            first_step,
            self._measures,
            after_step,
        )
        named = zip(self._measures, sums, strict=True)
        return done, {name[9:]: total for name, total in named}, finite, stopped_by

    def _learn_linear_neuron(
        self,
        data: Mapping[str, Array],
        order: Array,
        rates: Array,
        after_step: Callable[[int, float], None],
    ) -> tuple[int, dict[str, float], bool, BaseException | None]:
        assert self._neuron is not None
        done, loss, finite, stopped_by = self._native.run_linear_neuron(
            self.store,
            self._neuron.weights,
            self._neuron.bias,
            self._neuron.factor,
            np.ascontiguousarray(data["batch/x"]),
            np.ascontiguousarray(data["batch/target"]),
            np.ascontiguousarray(order, np.int64),
            np.ascontiguousarray(rates, np.float64),
            after_step,
        )
        return done, {"loss": loss, "objective": loss}, finite, stopped_by


class Answers:
    """A program that answers batches of one size, reading parameters where they lie.

    Args:
        graph: From `batch/x` and parameters to `y` and `class`.
        values: The arrays of the other inputs. They are not copied: changes inside them are seen.
    """

    def __init__(self, graph: Graph, values: Mapping[str, Array]) -> None:
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
        program = load(lower(graph), store)
        self._call = _native.Answer(
            store, program, x.shape[0], x.size // x.shape[0], y.shape[1], x.dtype == "float64"
        )

    def answer(self, x: Array, classes: bool) -> Array | None:
        """Return classes or outputs; None if x is not finite, or of another type or shape."""
        return self._call(x, classes)
