"""Common subexpressions: what is computed twice is computed once."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.graph import Graph, Tensor, rebuild
from glassnet.graph.operation import Source

__all__ = ["share"]


def share(graph: Graph) -> Graph:
    """Return the graph with nodes of the same op, inputs and settings made into one."""
    known: dict[Any, Tensor] = {}

    def replacement(node: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        if isinstance(node.op.native, Source):
            return node
        settings = tuple((name, _key(value)) for name, value in node.attributes.items())
        key = (node.op, inputs, settings)
        found = known.get(key)
        if found is None:
            found = known[key] = node.on(inputs)
        return found

    return rebuild(graph, replacement)


def _key(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    return value
