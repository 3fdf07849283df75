"""A graph: named inputs, named outputs, and the nodes between them in an order that can be run."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping
from functools import cached_property

from glassnet.errors import VerificationError
from glassnet.graph.operation import Source
from glassnet.graph.tensor import Tensor
from glassnet.records import dataclass

__all__ = ["Graph", "rebuild", "topological_order"]


def topological_order(
    outputs: Iterable[Tensor], known: Container[Tensor] = ()
) -> tuple[Tensor, ...]:
    """Return every node that the outputs depend on, each after its inputs. No recursion.

    The order is that in which a person would read the formula: inputs from left to right. Nodes
    that are `known` are left out, with what only they depend on.
    """
    order: list[Tensor] = []
    done: set[Tensor] = set()
    begun: set[Tensor] = set()  # those whose inputs are on their way
    for output in outputs:
        stack = [output]
        while stack:
            node = stack[-1]
            if node in begun or node in done or node in known:
                stack.pop()
                if node in begun:
                    begun.remove(node)
                    done.add(node)
                    order.append(node)
                continue
            begun.add(node)
            for source in reversed(node.inputs):
                if source in begun:
                    raise VerificationError(
                        f"a node depends on itself: {source.op.name}, {source.type}"
                    )
                if source not in done:
                    stack.append(source)
    return tuple(order)


@dataclass(frozen=True, eq=False)
class Graph:
    """A function from named inputs to named outputs.

    Args:
        inputs: The tensors whose values come from outside, by name.
        outputs: The results, by name.
    """

    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]

    @cached_property
    def nodes(self) -> tuple[Tensor, ...]:
        """All nodes that the outputs need, each after its inputs (unused inputs last)."""
        order = topological_order(self.outputs.values())
        used = set(order)
        return order + tuple(tensor for tensor in self.inputs.values() if tensor not in used)

    def __str__(self) -> str:
        from glassnet.graph.loop import bodies  # a loop holds a graph itself

        number = {node: index for index, node in enumerate(self.nodes)}
        names = {tensor: name for name, tensor in self.inputs.items()}
        lines: list[str] = []
        for node, index in number.items():
            sources = ", ".join(f"%{number[source]}" for source in node.inputs)
            settings = "".join(
                f" {key}={value}"
                for key, value in node.attributes.items()
                if key not in ("value", "kind")
            )
            title = names.get(node) or str(node.label)
            call = (
                node.op.name if isinstance(node.op.native, Source) else f"{node.op.name}({sources})"
            )
            line = f"%{index} = {call}{settings} : {node.type}"
            lines.append(f"{line}  # {title}" if title else line)
        lines += [f"return {name} = %{number[node]}" for name, node in self.outputs.items()]
        for loop, body in bodies(self.nodes).items():
            lines += [
                "",
                f"the loop of {loop}:",
                *(f"    {line}" for line in str(body).splitlines()),
            ]
        return "\n".join(lines)


def rebuild(graph: Graph, replacement: Callable[[Tensor, tuple[Tensor, ...]], Tensor]) -> Graph:
    """Make a graph anew, node by node: the skeleton of every pass.

    `replacement(node, inputs)` gets each node with its inputs already replaced and returns what
    shall stand in its place.
    """
    new: dict[Tensor, Tensor] = {}
    for node in graph.nodes:
        new[node] = replacement(node, tuple(map(new.__getitem__, node.inputs)))
    return Graph(
        {name: new[tensor] for name, tensor in graph.inputs.items()},
        {name: new[tensor] for name, tensor in graph.outputs.items()},
    )
