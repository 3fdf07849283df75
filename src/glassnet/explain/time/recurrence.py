"""The loops of a network: which layer each belongs to, and the values that it has at each step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from glassnet.engines import Program
from glassnet.errors import ArgumentError, NonFiniteError, nearest
from glassnet.graph.graph import Graph, topological_order
from glassnet.graph.loop import Loop, Stack
from glassnet.graph.operation import Recurrence
from glassnet.graph.tensor import Tensor, apply
from glassnet.graph.types import Array, DType, TensorType
from glassnet.nn.layers import Bidirectional, Recurrent
from glassnet.nn.layers.bidirectional import DIRECTIONS
from glassnet.nn.layers.over_time import RecurrentLayer
from glassnet.nn.stack import Stack as Layers
from glassnet.ops import input_tensor
from glassnet.records import dataclass
from glassnet.training import Network

__all__ = [
    "Steps",
    "Traced",
    "check_finite",
    "choose_layer",
    "described",
    "named_nodes",
    "recurrent_layers",
]


def recurrent_layers(stack: Layers) -> dict[str, RecurrentLayer]:
    """Return the recurrent layers by name; of one that goes both ways, each direction."""
    found: dict[str, RecurrentLayer] = {}
    for name, layer in zip(stack.names, stack.layers, strict=True):
        if isinstance(layer, RecurrentLayer):
            found[name] = layer
        elif isinstance(layer, Bidirectional):
            found |= {f"{name}.{direction}": layer.inner for direction in DIRECTIONS}
    return found


def choose_layer(stack: Layers, layer: str | None) -> str:
    """Return the name of a recurrent layer: the one asked for, or the first.

    Raises:
        ArgumentError: There is none, or none of that name.
    """
    known = recurrent_layers(stack)
    if not known:
        raise ArgumentError(
            "this network has no recurrent layer, so nothing in it goes through time; its layers "
            f"are {', '.join(stack.names)}. Recurrent ones are RNN, LSTM, GRU and Recurrent"
        )
    if layer is None:
        return next(iter(known))
    if f"{layer}.forward" in known:  # both directions: the one that goes forward
        return f"{layer}.forward"
    if layer not in known:
        raise ArgumentError(
            f"there is no recurrent layer {layer!r:.60}{nearest(str(layer), known)}; choose one of "
            f"{', '.join(known)}"
        )
    return layer


def described(layer: RecurrentLayer) -> str:
    """Return what a layer is, in a few words: "LSTM, 8 cells"."""
    size = next(iter(layer.state_sizes().values()))
    if isinstance(layer, Recurrent):
        return f"cell {layer.known.name}, {size} unit{'' if size == 1 else 's'}"
    unit = "cell" if layer.name == "lstm" else "neuron"
    return f"{layer.name.upper()}, {size} {unit}{'' if size == 1 else 's'}"


@dataclass(frozen=True)
class Steps:
    """What a loop did, in the order in which it went over the steps.

    Args:
        places: The place in the sequence of each step, from 1.
        present: Whether each step is part of the sequence.
        before: The state before each step by part, each of shape (steps, size).
        after: The state after each step.
        entries: What the loop read at each step: for each of its sequences (steps, …).
    """

    places: tuple[int, ...]
    present: Array
    before: Mapping[str, Array]
    after: Mapping[str, Array]
    entries: tuple[Array, ...]


class Traced:
    """A network as a graph for n examples, in float64, with its values.

    Args:
        net: The network.
        n: How many examples.
    """

    def __init__(self, net: Network, n: int) -> None:
        stack = net.stack
        kinds = {f"parameters/{k}": p.shape for k, p in stack.parameters().items()}
        kinds |= {f"statistics/{k}": p.shape for k, p in stack.statistics().items()}
        self.inputs = {"x": input_tensor("x", TensorType((n, *stack.inputs), DType.FLOAT64))}
        for key, shape in kinds.items():
            kind, _, name = key.partition("/")
            layer, _, symbol = name.rpartition(".")
            made = input_tensor(key, TensorType(shape, DType.FLOAT64))
            self.inputs[key] = made.named(symbol, layer) if kind == "parameters" else made
        parts: dict[str, dict[str, Tensor]] = {"parameters": {}, "statistics": {}}
        for key, tensor in self.inputs.items():
            kind, _, name = key.partition("/")
            if name:
                parts[kind][name] = tensor
        answer, _ = stack.forward(self.inputs["x"], parts["parameters"], parts["statistics"])
        self.output = answer.y
        values = {"parameters": net.parameters, "statistics": net.statistics}
        self.values: dict[str, Array] = {}
        for key in kinds:
            kind, _, name = key.partition("/")
            self.values[key] = np.asarray(values[kind][name], np.float64)

    def run(self, nodes: Sequence[Tensor], rows: Array) -> list[Array]:
        """Return the values of nodes for n examples."""
        graph = Graph(self.inputs, {str(place): node for place, node in enumerate(nodes)})
        found = Program(graph).run({**self.values, "x": rows})
        return [found[str(place)] for place in range(len(nodes))]

    def recurrence(self, name: str) -> Tensor:
        """Return a result of the loop of a layer."""
        for node in topological_order([self.output]):
            if isinstance(node.op.native, Recurrence):
                loop: Loop = node.attributes["loop"]
                if any(entry.label.layer == name for entry in named_nodes(loop)):
                    return node
        raise AssertionError(f"layer {name} is not in the graph")

    def stacked(self, name: str, node: Tensor) -> Tensor:
        """Return the values of a node of a layer's loop at all steps, in the sequence's order."""
        result = self.recurrence(name)
        loop = result.attributes["loop"]
        return apply(result.op, *result.inputs, loop=loop, output=Stack(node))

    def steps(self, name: str, parts: Sequence[str], rows: Array) -> Steps:
        """Return what the loop of a layer did for the first example.

        Args:
            name: The layer's name.
            parts: The parts of its state.
            rows: The examples.
        """
        result = self.recurrence(name)
        loop: Loop = result.attributes["loop"]
        count, along = len(loop.carries), len(loop.elements)
        nodes = [self.stacked(name, node) for node in (*loop.carries, *loop.following)]
        found = self.run([*nodes, *result.inputs[count : count + along]], rows)
        order = list(loop.places)
        values = [value[order, 0] for value in found]
        present: Array = np.ones(loop.length, np.bool_)
        for element, value in zip(loop.elements, values[2 * count :], strict=True):
            if element.dtype == DType.BOOL:  # the mask is the only one of these
                present = value.astype(np.bool_)
        return Steps(
            tuple(place + 1 for place in order),
            present,
            dict(zip(parts, values[:count], strict=True)),
            dict(zip(parts, values[count : 2 * count], strict=True)),
            tuple(value[order, 0] for value in found[2 * count :]),
        )


def check_finite(made: Steps, name: str) -> None:
    """Raise NonFiniteError, saying where, if a state of a layer is not finite."""
    for place, number in enumerate(made.places):
        for part, values in made.after.items():
            if not np.isfinite(values[place]).all():
                raise NonFiniteError(
                    f"{name}: {part}({number}) is not finite: the state has grown out of the range "
                    "of numbers; take a shorter sequence, or smaller weights"
                )


def named_nodes(loop: Loop) -> Iterator[Tensor]:
    """Yield the nodes of a loop's body that have a name, in the order of the formula."""
    inputs = set(loop.inputs)
    for node in topological_order(loop.following[::-1]):  # the output, which is first, comes last
        if node.label.symbol and node not in inputs:
            yield node
