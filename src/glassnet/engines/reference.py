"""The reference engine: NumPy, one node after the other, every value kept.

It defines what a graph means. It is slow and simple on purpose: the other engines are held to it,
and the workings are read from its values.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from glassnet.errors import ArgumentError, ShapeError
from glassnet.graph.evaluation import do_work, work_on
from glassnet.graph.graph import Graph, topological_order
from glassnet.graph.operation import Source
from glassnet.graph.tensor import OPERATORS, Tensor
from glassnet.graph.types import Array

__all__ = ["Program", "Values", "evaluate_node", "value_of"]


class Values(Mapping[Tensor, Array]):
    """The value of every node of one run, by node."""

    def __init__(self, places: Mapping[Tensor, int], values: list[Array]) -> None:
        self._places, self._values = places, values

    def __getitem__(self, node: Tensor) -> Array:
        return self._values[self._places[node]]

    def __iter__(self) -> Any:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


def evaluate_node(node: Tensor, inputs: list[Array]) -> Array:
    """Return the value of one node from the values of its inputs."""
    return np.asarray(node.op.evaluate(*inputs, **node.attributes), node.dtype.numpy)


class Program:
    """A graph made ready to be run many times: what depends on no input is worked out once.

    >>> import glassnet as gn
    >>> number = gn.TensorType((), gn.DType.FLOAT64)
    >>> program = Program(gn.trace(lambda x: {"y": x * x}, x=number))
    >>> program.run({"x": np.float64(3.0)})["y"]
    array(9.)
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        nodes = graph.nodes
        self._places = {node: index for index, node in enumerate(nodes)}
        self._inputs = [(name, self._places[node], node) for name, node in graph.inputs.items()]
        self._outputs = [(name, self._places[node]) for name, node in graph.outputs.items()]
        varying: set[Tensor] = set()
        for node in nodes:
            if isinstance(node.op.native, Source) or not varying.isdisjoint(node.inputs):
                varying.add(node)
        fixed = [node for node in nodes if node not in varying]
        self._work, size = work_on([n for n in nodes if n in varying and n.inputs], self._places)
        start, more = work_on(fixed, self._places)
        self._start: list[Any] = [None] * max(size, more)
        with np.errstate(all="ignore"):
            do_work(start, self._start)

    def evaluate(self, inputs: Mapping[str, Any]) -> Values:
        """Run the graph and return the value of every node.

        Raises:
            ArgumentError: An input is not given.
            ShapeError: An input's shape is not that of the graph.
        """
        values = self._start.copy()
        for name, index, node in self._inputs:
            try:
                value = np.asarray(inputs[name], node.dtype.numpy)
            except KeyError:
                needed = ", ".join(map(repr, self.graph.inputs))
                raise ArgumentError(f"input {name!r} is not given; needed: {needed}") from None
            if value.shape != node.shape:
                raise ShapeError(f"input {name!r} must have shape {node.shape}; got {value.shape}")
            values[index] = value
        with np.errstate(all="ignore"):
            do_work(self._work, values)
        return Values(self._places, values)

    def run(self, inputs: Mapping[str, Any]) -> dict[str, Array]:
        """Run the graph and return its outputs by name."""
        return self.outputs(self.evaluate(inputs))

    def outputs(self, values: Values) -> dict[str, Array]:
        """Return the outputs among the values of a run, by name."""
        nodes = self.graph.outputs
        return {name: np.asarray(values[node], node.dtype.numpy) for name, node in nodes.items()}


_known: WeakKeyDictionary[Tensor, Array] = WeakKeyDictionary()


def value_of(tensor: Tensor) -> Array:
    """Return the value of a tensor that depends on no input of a graph; read-only, kept."""
    if tensor not in _known:
        missing = topological_order([tensor], _known)
        sources = [s for node in missing for s in node.inputs if s in _known]
        places = {node: index for index, node in enumerate(dict.fromkeys((*sources, *missing)))}
        work, size = work_on(missing, places)
        values: list[Any] = [None] * size
        for node in sources:
            values[places[node]] = _known[node]
        with np.errstate(all="ignore"):
            do_work(work, values)
        for node in missing:
            value = np.asarray(values[places[node]], node.dtype.numpy).view()
            value.setflags(write=False)
            _known[node] = value
    return _known[tensor]


def _depends_on_input(tensor: Tensor) -> bool:
    return any(isinstance(node.op.native, Source) for node in topological_order([tensor]))


def _show(tensor: Tensor) -> str:
    if _depends_on_input(tensor):
        return f"<tensor {str(tensor.label) or tensor.op.name}: {tensor.type}>"
    body = np.array2string(tensor.value, separator=", ", prefix="tensor(", threshold=200)
    kind = "" if tensor.dtype in ("float64", "bool") else f", dtype={tensor.dtype}"
    return f"tensor({body}{kind})"


def _show_html(tensor: Tensor) -> str:
    from html import escape

    return f"<pre>{escape(_show(tensor))}</pre>"


OPERATORS["value"] = value_of
OPERATORS["show"] = _show
OPERATORS["show_html"] = _show_html
