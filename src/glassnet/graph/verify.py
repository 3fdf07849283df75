"""The checker of graphs, run after tracing, after differentiation and after every pass."""

from __future__ import annotations

from glassnet.errors import GlassnetError, VerificationError
from glassnet.graph.graph import Graph
from glassnet.graph.loop import bodies
from glassnet.graph.operation import REGISTRY, Constant, Source
from glassnet.graph.tensor import Tensor

__all__ = ["verify"]


def verify(graph: Graph) -> Graph:
    """Return the graph if it is well formed, else raise VerificationError naming the node.

    Checked: each node's op is registered; its inputs stand before it; its type is what the op
    infers from them (axis names apart); every source is a declared input; inputs are sources.
    """
    declared = set(graph.inputs.values())
    if len(declared) != len(graph.inputs):
        raise VerificationError("an input is declared under two names")
    seen: set[Tensor] = set()
    for index, node in enumerate(graph.nodes):
        try:
            _check(node, seen, declared)
        except (GlassnetError, TypeError, KeyError, IndexError) as error:
            label = f", {node.label}" if str(node.label) else ""
            place = f"node %{index} ({node.op.name}{label})"
            raise VerificationError(f"{place}: {error}") from error
        seen.add(node)
    for loop, body in bodies(graph.nodes).items():
        try:
            verify(body)
        except VerificationError as error:
            raise VerificationError(f"inside the loop of {loop}: {error}") from error
    return graph


def _check(node: Tensor, seen: set[Tensor], declared: set[Tensor]) -> None:
    op = node.op
    if REGISTRY.get(op.name) is not op:
        raise VerificationError("the op is not registered")
    if not seen.issuperset(node.inputs):
        raise VerificationError("an input stands after the node that uses it")
    is_source = isinstance(op.native, Source)
    if is_source and node not in declared:
        raise VerificationError("a source that is not among the graph's inputs")
    if not is_source and node in declared:
        raise VerificationError("declared as an input but computed")
    kind = op.infer(*(source.type for source in node.inputs), **node.attributes)
    if kind.shape != node.type.shape or kind.dtype != node.type.dtype:
        raise VerificationError(f"says {node.type}, but its inputs give {kind}")
    if isinstance(op.native, Constant) and node.attributes["value"].flags.writeable:
        raise VerificationError("a constant that can be written to")
