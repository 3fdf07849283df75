"""Simplification: what needs no input is worked out; what changes nothing disappears."""

from __future__ import annotations

import numpy as np

from glassnet.engines.reference import evaluate_node
from glassnet.graph import Graph, Tensor, rebuild
from glassnet.graph.operation import Constant, Contraction, Movement
from glassnet.graph.tensor import OPERATORS, apply
from glassnet.graph.types import Array

__all__ = ["simplify"]


def simplify(graph: Graph) -> Graph:
    """Return a graph with the same outputs and fewer nodes.

    - A node whose inputs are all constant becomes a constant (one number, repeated, if all its
      elements are equal).
    - A movement of a movement of the same kind becomes one, or none if it ends where it began.
    - A product that is then transposed becomes the product of the transposes the other way round.
    - A node that only passes its input on disappears.
    """
    outputs = set(graph.outputs.values())
    users: dict[Tensor, int] = {}
    for node in graph.nodes:
        for source in node.inputs:
            users[source] = users.get(source, 0) + 1

    def replacement(node: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        if not inputs:
            return node
        if all(isinstance(source.op.native, Constant) for source in inputs):
            return _constant(evaluate_node(node, [s.attributes["value"] for s in inputs]))
        if all(_uniform(source) is not None for source in inputs) and node not in outputs:
            folded = _fold_uniform(node, inputs)
            if folded is not None:
                return folded
        if isinstance(node.op.native, Movement):
            moved = _movement(node, inputs[0], users.get(node.inputs[0], 0))
            return node.on(inputs) if moved is None else moved
        return node.on(inputs)

    return rebuild(graph, replacement)


def _constant(value: Array) -> Tensor:
    flat = value.reshape(-1)
    if value.ndim and flat.size and np.all(flat == flat[0]):
        return OPERATORS["broadcast"](OPERATORS["constant"](flat[0], value.dtype.name), value.shape)
    return OPERATORS["constant"](value, value.dtype.name)


def _uniform(node: Tensor) -> Tensor | None:
    """Return the single constant that a node repeats, if that is what it is."""
    while isinstance(node.op.native, Movement) and len(node.inputs) == 1:
        if node.op.native.pattern == "pad":
            return None
        node = node.inputs[0]
    return node if isinstance(node.op.native, Constant) and node.size == 1 else None


def _fold_uniform(node: Tensor, inputs: tuple[Tensor, ...]) -> Tensor | None:
    """Work out a node whose inputs are repeated constants, unless that is what it already is."""
    if isinstance(node.op.native, Movement) and all(
        isinstance(source.op.native, Constant) for source in inputs
    ):
        return None
    values: list[Array] = []
    for source in inputs:
        single = _uniform(source)
        assert single is not None
        values.append(np.broadcast_to(single.attributes["value"].reshape(()), source.shape))
    return _constant(evaluate_node(node, values))


def _transposed(node: Tensor, order: tuple[int, ...]) -> Tensor:
    """Return the node with its last two axes exchanged: what it is the transpose of, if it is."""
    if isinstance(node.op.native, Movement) and node.attributes.get("order") == order:
        return node.inputs[0]
    return OPERATORS["transpose"](node, order)


def _movement(node: Tensor, source: Tensor, users: int) -> Tensor | None:
    """Return what a movement becomes, or None if it stays."""
    pattern = node.op.native.pattern if isinstance(node.op.native, Movement) else ""
    if pattern == "alias":
        return source
    if pattern == "transpose":
        order: tuple[int, ...] = node.attributes["order"]
        if source.op is node.op:
            before: tuple[int, ...] = source.attributes["order"]
            both = tuple(before[axis] for axis in order)
            return OPERATORS["transpose"](source.inputs[0], both)
        last_two = (*range(node.ndim - 2), node.ndim - 1, node.ndim - 2)
        if isinstance(source.op.native, Contraction) and order == last_two and users == 1:
            a, b = source.inputs
            return apply(source.op, _transposed(b, last_two), _transposed(a, last_two))
    if pattern == "reshape" and source.op is node.op:
        return OPERATORS["reshape"](source.inputs[0], node.shape)
    if pattern in ("reshape", "broadcast") and node.shape == source.shape:
        return source
    return None
