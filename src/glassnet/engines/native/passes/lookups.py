"""Products with looked-up rows: few rows of a table, multiplied once each.

A character model looks up 64 rows some thousand times a step, and multiplies all of them by the
weights of the next layer; there are only 64 different answers.
"""

from __future__ import annotations

from collections import Counter

from glassnet.graph import Graph, Tensor, rebuild
from glassnet.graph.operation import Contraction, Elementwise, Indexed, Movement
from glassnet.graph.tensor import OPERATORS, apply

__all__ = ["multiply_rows_once"]

LEAST = 2  # so many times more rows must be looked up than there are


def multiply_rows_once(graph: Graph) -> Graph:
    """Return the graph with products on the table's side of a look-up, where that is the smaller.

    With E a table, r the rows looked up, and S(g) the rows of g added up by r:

    - E[r] W = (E W)[r]
    - E[r] + b = (E + b)[r]
    - E[r]ᵀ G = Eᵀ S(G)
    - S(G Wᵀ) = S(G) Wᵀ

    Rows that change places before or after are looked up, or added up, in the other order.
    """
    looks_up = any(isinstance(node.op.native, Indexed) for node in graph.nodes)
    if not looks_up or not any(isinstance(n.op.native, Contraction) for n in graph.nodes):
        return graph

    uses = Counter(source for node in graph.nodes for source in node.inputs)

    def replacement(node: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        made = node.on(inputs)
        if isinstance(node.op.native, Contraction) and node.ndim == 2:
            return _product(made)
        if isinstance(node.op.native, Elementwise) and node.op.native.instruction == "add":
            return _biased(made) if all(uses[source] == 1 for source in node.inputs) else made
        if _pattern(node) == "transpose":
            return _looked_up_in_order(made)
        return _added_up(_in_order(made)) if _pattern(node) == "scatter_add" else made

    return rebuild(graph, replacement)


def _pattern(node: Tensor) -> str:
    kind = node.op.native
    return kind.pattern if isinstance(kind, Indexed | Movement) else ""


def _rows_of(node: Tensor) -> Tensor | None:
    """Return the look-up of rows that a matrix is, one under the other; None if it is none."""
    matrix = node
    while _pattern(node) == "reshape":
        (node,) = node.inputs
    if _pattern(node) != "gather" or node.attributes["axis"] != 0 or node.inputs[0].ndim != 2:
        return None
    table, rows = node.inputs
    whole = matrix.shape == (rows.size, table.shape[1])
    return node if whole and rows.size >= LEAST * table.shape[0] else None


def _looked_up_in_order(node: Tensor) -> Tensor:
    """Return a look-up in another order of the rows: their numbers change places, not the rows."""
    (found,), order = node.inputs, node.attributes["order"]
    rows_stay_whole = order[-1] == node.ndim - 1
    if _pattern(found) != "gather" or found.attributes["axis"] != 0 or not rows_stay_whole:
        return node
    table, rows = found.inputs
    if table.ndim != 2:
        return node
    return apply(found.op, table, OPERATORS["transpose"](rows, order[:-1]), axis=0)


def _in_order(node: Tensor) -> Tensor:
    """Return rows added up as they lie, where they were put in another order before."""
    x, rows = node.inputs
    if _pattern(x) != "transpose" or node.attributes["axis"] != 0 or x.ndim != rows.ndim + 1:
        return node
    order: tuple[int, ...] = x.attributes["order"]
    if order[-1] != x.ndim - 1:
        return node
    back = tuple(order.index(axis) for axis in range(rows.ndim))
    places = OPERATORS["transpose"](rows, back)
    return apply(node.op, x.inputs[0], places, **node.attributes)


def _product(node: Tensor) -> Tensor:
    a, b = node.inputs
    found = _rows_of(a)
    if found is not None:
        table, rows = found.inputs
        few = apply(node.op, table, b)
        return OPERATORS["reshape"](apply(found.op, few, rows, axis=0), node.shape)
    turned = _pattern(a) == "transpose" and a.attributes["order"] == (1, 0)
    found = _rows_of(a.inputs[0]) if turned else None
    if found is not None:
        table, rows = found.inputs
        return apply(node.op, OPERATORS["transpose"](table, (1, 0)), _sums(b, rows, table.shape[0]))
    return node


def _biased(node: Tensor) -> Tensor:
    """Return rows of a table, to each of which a row is added, as rows of another table."""
    for looked_up, row in (node.inputs, node.inputs[::-1]):
        found, bias, width = looked_up, row, node.shape[-1] if node.ndim else 0
        while _pattern(found) == "reshape":
            (found,) = found.inputs
        while _pattern(bias) in ("reshape", "broadcast") and bias.inputs[0].shape[-1:] == (width,):
            (bias,) = bias.inputs
        if _pattern(found) != "gather" or found.attributes["axis"] != 0 or bias.shape != (width,):
            continue
        table, rows = found.inputs
        whole = table.shape[1:] == (width,) and rows.size * width == node.size
        if whole and rows.size >= LEAST * table.shape[0]:
            few = apply(node.op, table, OPERATORS["broadcast"](bias, table.shape))
            return OPERATORS["reshape"](apply(found.op, few, rows, axis=0), node.shape)
    return node


def _added_up(node: Tensor) -> Tensor:
    x, rows = node.inputs
    size = node.attributes["size"]
    product = x
    while _pattern(product) == "reshape":
        (product,) = product.inputs
    is_product = isinstance(product.op.native, Contraction) and product.ndim == 2
    matches = node.attributes["axis"] == 0 and x.shape == (*rows.shape, *product.shape[1:])
    if not is_product or not matches or rows.size < LEAST * size:
        return node
    a, b = product.inputs
    return apply(product.op, _sums(a, rows, size), b)


def _sums(matrix: Tensor, rows: Tensor, size: int) -> Tensor:
    x = OPERATORS["reshape"](matrix, (*rows.shape, matrix.shape[1]))
    return OPERATORS["scatter_add"](x, rows, size, 0)
