"""The checker of graphs, run after tracing, after differentiation and after every pass."""

from __future__ import annotations

from glassnet.errors import GlassnetError, VerificationError
from glassnet.graph.graph import Graph
from glassnet.graph.operation import REGISTRY, Constant, Source

__all__ = ["verify"]


def verify(graph: Graph) -> Graph:
    """Return the graph if it is well formed, else raise VerificationError naming the node.

    Checked: each node's op is registered; its inputs stand before it; its type is what the op
    infers from them (axis names apart); every source is a declared input; inputs are sources.
    """
    declared = set(graph.inputs.values())
    if len(declared) != len(graph.inputs):
        raise VerificationError("an input is declared under two names")
    seen: set[object] = set()
    for index, node in enumerate(graph.nodes):
        place = f"node %{index} ({node.op.name}{f', {node.label}' if str(node.label) else ''})"
        if REGISTRY.get(node.op.name) is not node.op:
            raise VerificationError(f"{place}: the op is not registered")
        if any(source not in seen for source in node.inputs):
            raise VerificationError(f"{place}: an input stands after the node that uses it")
        seen.add(node)
        if isinstance(node.op.native, Source) and node not in declared:
            raise VerificationError(f"{place}: a source that is not among the graph's inputs")
        if node in declared and not isinstance(node.op.native, Source):
            raise VerificationError(f"{place}: declared as an input but computed")
        try:
            kind = node.op.infer(*(source.type for source in node.inputs), **node.attributes)
        except (GlassnetError, TypeError, KeyError, IndexError) as error:
            raise VerificationError(f"{place}: {error}") from error
        if (kind.shape, kind.dtype) != (node.type.shape, node.type.dtype):
            raise VerificationError(f"{place}: says {node.type}, but its inputs give {kind}")
        if isinstance(node.op.native, Constant) and node.attributes["value"].flags.writeable:
            raise VerificationError(f"{place}: a constant that can be written to")
    return graph
