"""Cuts and joints: what is sliced and what is set side by side, so that chains can do it unseen.

A chain reads a slice of the columns, and writes a part of a tensor set side by side, where it lies.
"""

from __future__ import annotations

from glassnet.graph import Graph, Tensor, rebuild
from glassnet.graph.operation import Elementwise, Movement
from glassnet.graph.tensor import OPERATORS, apply
from glassnet.graph.types import Shape

__all__ = ["join"]


def join(graph: Graph) -> Graph:
    """Return the graph with sums of padded parts set side by side, and slices taken early.

    - a + b, where both are padded with zeros so that they do not meet, is one beside the other.
    - The slice of an operation on elements is the operation on slices, if only slices are needed.
    - The slice of what is repeated along other axes is the repeated slice.
    """
    patterns = {n.op.native.pattern for n in graph.nodes if isinstance(n.op.native, Movement)}
    if "pad" in patterns:
        graph = _joined(graph)
    return _sliced_early(graph) if "slice" in patterns else graph


def _pattern(node: Tensor) -> str:
    return node.op.native.pattern if isinstance(node.op.native, Movement) else ""


def _is_sum(node: Tensor) -> bool:
    return isinstance(node.op.native, Elementwise) and node.op.native.instruction == "add"


# --- sums of padded parts -------------------------------------------------------------------------
def _joined(graph: Graph) -> Graph:
    def replacement(node: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        made = node.on(inputs)
        joined = _side_by_side(made) if _is_sum(made) else None
        return made if joined is None else joined

    return rebuild(graph, replacement)


def _side_by_side(node: Tensor) -> Tensor | None:
    parts = _padded_parts(node)
    axes = {axis for part in parts for axis in _padded_axes(part)} if parts else set[int]()
    if len(axes) != 1:
        return None
    (axis,) = axes
    parts.sort(key=lambda part: part.attributes["low"][axis])
    place = 0
    for part in parts:
        if part.attributes["low"][axis] != place:
            return None
        place += part.inputs[0].shape[axis]
    if place != node.shape[axis]:
        return None
    return OPERATORS["concatenate"]([part.inputs[0] for part in parts], axis)


def _padded_parts(node: Tensor) -> list[Tensor]:
    """Return the padded tensors that a sum is of; none if it is of anything else."""
    todo, found = [node], list[Tensor]()
    while todo:
        tensor = todo.pop()
        if _is_sum(tensor):
            todo += tensor.inputs
        elif _pattern(tensor) == "pad" and not any(tensor.attributes["between"]):
            found.append(tensor)
        else:
            return []
    return found


def _padded_axes(node: Tensor) -> list[int]:
    low, high = node.attributes["low"], node.attributes["high"]
    return [axis for axis in range(node.ndim) if low[axis] or high[axis]]


# --- slices ---------------------------------------------------------------------------------------
def _sliced_early(graph: Graph) -> Graph:
    outputs = set(graph.outputs.values())
    users: dict[Tensor, list[Tensor]] = {}
    for node in graph.nodes:
        for source in node.inputs:
            users.setdefault(source, []).append(node)
    early: set[Tensor] = set()  # whose slices are made of slices
    for node in reversed(graph.nodes):
        if node not in outputs and node.inputs and _is_taken_in_slices(node, users, early):
            early.add(node)
    if not early:
        return graph
    made: set[Tensor] = set()  # the same nodes, made anew
    known: dict[object, Tensor] = {}

    def cut(node: Tensor, start: Shape, stop: Shape, step: Shape) -> Tensor:
        key = (node, start, stop, step)
        if key not in known:
            known[key] = worked_out(node, start, stop, step)
        return known[key]

    def worked_out(node: Tensor, start: Shape, stop: Shape, step: Shape) -> Tensor:
        if node not in made:
            whole = (start, stop) == ((0,) * node.ndim, node.shape) and set(step) <= {1}
            return node if whole else OPERATORS["slice"](node, start, stop, step)
        if _pattern(node) != "broadcast":
            return apply(
                node.op, *(cut(s, start, stop, step) for s in node.inputs), **node.attributes
            )
        (source,) = node.inputs
        shape = tuple(-(-(b - a) // by) for a, b, by in zip(start, stop, step, strict=True))
        bounds = (
            [
                (a, b, by) if length > 1 else (0, length, 1)
                for a, b, by, length in zip(
                    start[-source.ndim :],
                    stop[-source.ndim :],
                    step[-source.ndim :],
                    source.shape,
                    strict=True,
                )
            ]
            if source.ndim
            else []
        )
        low, high, by = (tuple(bound[k] for bound in bounds) for k in range(3))
        return OPERATORS["broadcast"](cut(source, low, high, by), shape)

    def replacement(node: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        if _pattern(node) == "slice" and node.inputs[0] in early:
            a = node.attributes
            return cut(inputs[0], a["start"], a["stop"], a["step"])
        again = node.on(inputs)
        if node in early:
            made.add(again)
        return again

    return rebuild(graph, replacement)


def _is_taken_in_slices(
    node: Tensor, users: dict[Tensor, list[Tensor]], early: set[Tensor]
) -> bool:
    """Return whether only slices of a node are needed, and no element in two of them."""
    wanted = users.get(node, ())
    plain = isinstance(node.op.native, Elementwise) or _pattern(node) == "broadcast"
    slices = [user for user in wanted if _pattern(user) == "slice"]
    rest = [user for user in wanted if _pattern(user) != "slice"]
    fits = sum(user.size for user in slices) <= node.size
    return bool(wanted) and plain and fits and all(user in early for user in rest)
