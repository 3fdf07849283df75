"""Which axes of a graph's arrays are the same one: along it, one index letter runs.

The rows of w and the neurons of v are one axis, since a product joins them; the sources of w and
the outputs of the layer before are another one.
"""

from __future__ import annotations

from collections.abc import Sequence

from glassnet.graph import Tensor
from glassnet.graph.operation import Contraction, Elementwise, Movement, Reduction

__all__ = ["Axes", "folded_axes", "kept_places"]

Side = tuple[Tensor, int]


class Axes:
    """The axes of all nodes of a graph, those that are the same joined.

    Args:
        nodes: The nodes, each after its inputs.
    """

    def __init__(self, nodes: Sequence[Tensor]) -> None:
        self._above: dict[Side, Side] = {}
        for node in nodes:
            for axis in range(node.ndim):
                self._above[node, axis] = (node, axis)
        for node in nodes:
            self._join(node)
        self._numbers: dict[Side, int] = {}
        self.lengths: list[int] = []
        self.names: list[set[str]] = []
        for node in nodes:
            for axis in range(node.ndim):
                root = self._root((node, axis))
                if root not in self._numbers:
                    self._numbers[root] = len(self.lengths)
                    self.lengths.append(root[0].shape[root[1]])
                    self.names.append(set())
                self.names[self._numbers[root]] |= {node.type.axes[axis] or ""} - {""}

    def of(self, node: Tensor) -> tuple[int, ...]:
        """Return the number of each axis of a node."""
        return tuple(self._numbers[self._root((node, axis))] for axis in range(node.ndim))

    def _root(self, side: Side) -> Side:
        while self._above[side] != side:
            self._above[side] = self._above[self._above[side]]
            side = self._above[side]
        return side

    def _same(self, left: Side, right: Side) -> None:
        self._above[self._root(left)] = self._root(right)

    def _join(self, node: Tensor) -> None:
        match node.op.native:
            case Elementwise():
                for source in node.inputs:
                    for axis in range(node.ndim):
                        self._same((source, axis), (node, axis))
            case Contraction():
                left, right = node.inputs
                self._same((left, left.ndim - 1), (right, right.ndim - 2))
                self._same((left, left.ndim - 2), (node, node.ndim - 2))
                self._same((right, right.ndim - 1), (node, node.ndim - 1))
                for axis in range(node.ndim - 2):
                    self._same((left, axis), (node, axis))
                    self._same((right, axis), (node, axis))
            case Reduction():
                (source,) = node.inputs
                folded = folded_axes(node)
                kept = [axis for axis in range(source.ndim) if axis not in folded]
                for axis, place in enumerate(kept):
                    self._same((source, place), (node, axis))
            case Movement():
                for axis, place in enumerate(kept_places(node) or ()):
                    if place is not None:
                        self._same((node.inputs[0], axis), (node, place))
            case _:
                pass


def folded_axes(node: Tensor) -> tuple[int, ...]:
    """Return the axes that a reduction folds away."""
    axes = node.attributes.get("axes", node.attributes.get("axis", ()))
    return (axes,) if isinstance(axes, int) else tuple(axes)


def kept_places(node: Tensor) -> tuple[int | None, ...] | None:
    """Return for each axis of a movement's input the axis of the result that it becomes.

    None for an axis of length 1 that is repeated or dropped; None altogether where elements change
    their places in another way.
    """
    if len(node.inputs) != 1:
        return None
    (source,) = node.inputs
    match node.op.native:
        case Movement("broadcast"):
            first = node.ndim - source.ndim
            return tuple(
                first + axis if length == node.shape[first + axis] else None
                for axis, length in enumerate(source.shape)
            )
        case Movement("alias"):
            return tuple(range(source.ndim))
        case Movement("transpose"):
            order = node.attributes["order"]
            return tuple(order.index(axis) for axis in range(source.ndim))
        case Movement("reshape"):
            return _reshaped(source.shape, node.shape)
        case _:
            return None


def _reshaped(before: tuple[int, ...], after: tuple[int, ...]) -> tuple[int | None, ...] | None:
    """Return where axes go if all that a reshape does is to add or drop axes of length 1."""
    if before == after:
        return tuple(range(len(before)))
    long = [axis for axis, length in enumerate(after) if length != 1]
    if [length for length in before if length != 1] != [after[axis] for axis in long]:
        return None
    rest = iter(long)
    return tuple(next(rest) if length != 1 else None for length in before)
