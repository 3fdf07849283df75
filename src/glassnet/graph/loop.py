"""A loop: what a recurrence does at each step, as a graph of its own.

The node of a recurrence (`glassnet.ops.scan`) is one result of a loop. All results of one run of a
loop are nodes with the same loop and the same inputs: engines run it once for all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

from glassnet.graph.graph import Graph, topological_order
from glassnet.graph.operation import Recurrence
from glassnet.graph.tensor import Tensor
from glassnet.graph.types import TensorType
from glassnet.records import dataclass

__all__ = ["Final", "Loop", "Result", "Stack", "bodies", "substitute"]


@dataclass(frozen=True)
class Final:
    """A carry after the last step."""

    carry: int

    def __str__(self) -> str:
        return f"carry {self.carry + 1} at the end"


@dataclass(frozen=True)
class Stack:
    """The value of a node of the body at each step, along a new first axis."""

    node: Tensor

    def __str__(self) -> str:
        return f"{str(self.node.label) or self.node.op.name} of each step"


Result = Final | Stack


@dataclass(frozen=True, eq=False)
class Loop:
    """What is done at each step.

    Args:
        carries: The inputs of the body that stand for what the step before left.
        elements: Those that stand for the entry of each sequence at this step.
        constants: Those that are the same at all steps.
        following: What each carry becomes, by nodes of the body.
        length: The number of steps.
        reverse: Whether the last entry comes first. Stacks have the order of the sequences.
    """

    carries: tuple[Tensor, ...]
    elements: tuple[Tensor, ...]
    constants: tuple[Tensor, ...]
    following: tuple[Tensor, ...]
    length: int
    reverse: bool = False

    def __str__(self) -> str:
        steps = f"{self.length} step{'' if self.length == 1 else 's'}"
        return f"{steps} back" if self.reverse else steps

    def __repr__(self) -> str:
        return f"<loop of {self}>"

    @property
    def inputs(self) -> tuple[Tensor, ...]:
        """The inputs of the body, in the order of the recurrence's own inputs."""
        return (*self.carries, *self.elements, *self.constants)

    @property
    def places(self) -> range:
        """The places in the sequences, in the order of the steps."""
        return range(self.length - 1, -1, -1) if self.reverse else range(self.length)

    def type_of(self, result: Result) -> TensorType:
        """Return the type of a result."""
        if isinstance(result, Final):
            return self.carries[result.carry].type
        kind = result.node.type
        return TensorType((self.length, *kind.shape), kind.dtype, ("time", *kind.axes))

    def input_types(self) -> list[TensorType]:
        """Return the types of what the recurrence is applied to."""
        along = [
            TensorType((self.length, *e.shape), e.dtype, ("time", *e.type.axes))
            for e in self.elements
        ]
        return [
            *(carry.type for carry in self.carries),
            *along,
            *(constant.type for constant in self.constants),
        ]

    def graph(self, wanted: Iterable[Tensor] = ()) -> Graph:
        """Return the body as a graph: `following/0`… and `stack/0`… of the wanted nodes."""
        inputs = {f"input/{place}": node for place, node in enumerate(self.inputs)}
        outputs = {f"following/{place}": node for place, node in enumerate(self.following)}
        outputs |= {f"stack/{place}": node for place, node in enumerate(wanted)}
        return Graph(inputs, outputs)

    @cached_property
    def varying(self) -> frozenset[Tensor]:
        """The nodes that may differ from step to step: those that need a carry or an element."""
        found = {*self.carries, *self.elements}
        for node in topological_order(self.following):
            if any(source in found for source in node.inputs):
                found.add(node)
        return frozenset(found)


def bodies(nodes: Iterable[Tensor]) -> dict[Loop, Graph]:
    """Return the loops that nodes are results of, each with its body and all that is kept of it."""
    kept: dict[Loop, dict[Tensor, None]] = {}
    for node in nodes:
        if isinstance(node.op.native, Recurrence):
            wanted = kept.setdefault(node.attributes["loop"], {})
            if isinstance(node.attributes["output"], Stack):
                wanted[node.attributes["output"].node] = None
    return {loop: loop.graph(wanted) for loop, wanted in kept.items()}


def substitute(outputs: Iterable[Tensor], known: Mapping[Tensor, Tensor]) -> dict[Tensor, Tensor]:
    """Return what nodes become when some of them are replaced, for all that the outputs need."""
    new = dict(known)
    for node in topological_order(outputs, known):
        inputs = tuple(new[source] for source in node.inputs)
        new[node] = node.on(inputs)
    return new
