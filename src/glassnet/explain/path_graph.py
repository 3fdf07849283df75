"""The graph of single numbers between a weight and a cost: its arrows are local derivatives.

A node is an element of a tensor with a name; an arrow runs from each to those whose formula speaks
of it. How many paths there are, their sum and the largest of them are found by one walk backward
over the arrows, however many paths there are.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from glassnet.engines import Program
from glassnet.errors import ArgumentError
from glassnet.explain.elements import Elements
from glassnet.explain.expressions import Expression
from glassnet.graph import Graph, Tensor, apply, differentiate, topological_order
from glassnet.graph.operation import (
    Contraction,
    Elementwise,
    Indexed,
    Movement,
    NoGradient,
    Reduction,
)
from glassnet.graph.types import Array
from glassnet.ops.sources import constant, filled, input_tensor
from glassnet.records import dataclass

__all__ = ["Arrow", "Element", "PathGraph", "Route", "Tally"]

Element = tuple[Tensor, tuple[int, ...]]
Allowed = Callable[[Element], bool]

MOST_ARROWS = 100_000


@dataclass(frozen=True, eq=False)
class Arrow:
    """From a number to one whose formula speaks of it.

    Args:
        start: The number.
        end: The one that is worked out from it.
        derivative: The local derivative ∂end/∂start, the other numbers in the formula held fixed.
    """

    start: Element
    end: Element
    derivative: float


@dataclass(frozen=True)
class Route:
    """A path, arrow by arrow from the weight to the cost.

    Args:
        arrows: The arrows.
        product: The product of their derivatives.
    """

    arrows: tuple[Arrow, ...]
    product: float


@dataclass(frozen=True)
class Tally:
    """All paths taken together.

    Args:
        count: How many there are.
        zero: How many have a local derivative of 0 on the way.
        total: The sum of their products.
        absolute: The sum of their products without signs.
    """

    count: int
    zero: int
    total: float
    absolute: float


class PathGraph:
    """Every number on a way from a weight to a cost.

    Args:
        start: The weight.
        end: The cost.
        elements: The graph's names and values; paths run over the nodes that have a name.

    `stopped` says whether an operation on the way, such as a comparison, hands no gradient back.

    Raises:
        ArgumentError: More than 100,000 arrows lie between them.
    """

    def __init__(self, start: Element, end: Element, elements: Elements) -> None:
        self.start, self.end = start, end
        self._all = elements
        self._cuts: dict[Tensor, _Cut] = {}
        self.stopped = False
        self.arrows = self._differentiated(self._kept(self._reached()))
        leaving: dict[Element, list[Arrow]] = {start: [], end: []}
        for arrow in self.arrows:
            leaving.setdefault(arrow.start, []).append(arrow)
            leaving.setdefault(arrow.end, [])
        self._leaving = leaving
        place = {node: number for number, node in enumerate(topological_order([end[0], start[0]]))}
        self.numbers = tuple(sorted(leaving, key=lambda e: (place[e[0]], e[1])))

    # --- the arrows -------------------------------------------------------------------------------
    def _reached(self) -> list[tuple[Element, Element]]:
        """Return each pair of numbers of which the second is worked out from the first."""
        reached: dict[Tensor, dict[tuple[int, ...], None]] = {self.start[0]: {self.start[1]: None}}
        found: list[tuple[Element, Element]] = []
        for target in topological_order([self.end[0]]):
            if target not in self._all.names or not target.inputs or target is self.start[0]:
                continue
            cut = _Cut(target, self._all, reached)
            for source in cut.sources:
                for index in reached[source]:
                    ends = cut.ends((source, index))
                    found += [((source, index), (target, end)) for end in ends]
                    if len(found) > MOST_ARROWS:
                        raise ArgumentError(
                            f"more than {MOST_ARROWS:,} arrows lie between the weight and the "
                            "cost; take fewer examples, or a path to a number that lies nearer"
                        )
                    for end in ends:
                        reached.setdefault(target, {})[end] = None
            self.stopped |= cut.stops
            if target in reached:
                self._cuts[target] = cut
        return found

    def _kept(self, pairs: Sequence[tuple[Element, Element]]) -> list[tuple[Element, Element]]:
        """Return the pairs from which the cost is reached."""
        reaching = {self.end}
        kept: list[tuple[Element, Element]] = []
        for start, end in reversed(pairs):
            if end in reaching:
                reaching.add(start)
                kept.append((start, end))
        return kept[::-1]

    def _differentiated(self, pairs: Iterable[tuple[Element, Element]]) -> tuple[Arrow, ...]:
        into: dict[Element, list[Element]] = {}
        for start, end in pairs:
            into.setdefault(end, []).append(start)
        found: list[Arrow] = []
        for end, starts in into.items():
            slopes = self._cuts[end[0]].slopes(end[1])
            found += [Arrow(s, end, float(slopes[s[0]][s[1]])) for s in starts]
        return tuple(found)

    def formula(self, arrow: Arrow) -> Expression:
        """Return the local derivative of an arrow in symbols."""
        return self._cuts[arrow.end[0]].formula(arrow.end[1], arrow.start)

    # --- the paths --------------------------------------------------------------------------------
    def tally(self, allowed: Allowed | None = None) -> Tally:
        """Return the number of paths and their sum.

        Args:
            allowed: Which numbers a path may pass; all if not given.
        """
        found: dict[Element, tuple[int, int, float, float]] = {self.end: (1, 1, 1.0, 1.0)}
        for number in self._backward(allowed):
            count, working, total, absolute = 0, 0, 0.0, 0.0
            for arrow in self._leaving[number]:
                if arrow.end in found:
                    more = found[arrow.end]
                    slope = arrow.derivative
                    count += more[0]
                    working += more[1] if slope != 0.0 else 0
                    total += slope * more[2]
                    absolute += abs(slope) * more[3]
            if count:
                found[number] = (count, working, total, absolute)
        count, working, total, absolute = found.get(self.start, (0, 0, 0.0, 0.0))
        return Tally(count, count - working, total, absolute)

    def derivatives(self) -> Mapping[Element, float]:
        """Return the derivative of the cost with respect to each number: the sum over all paths."""
        found = {self.end: 1.0}
        for number in self._backward(None):
            found[number] = sum(a.derivative * found[a.end] for a in self._leaving[number])
        return found

    def largest(self, most: int, allowed: Allowed | None = None) -> tuple[Route, ...]:
        """Return the paths with the largest products without signs, the largest first.

        Each number keeps the best ways from it to the cost; those of a number are among its arrows
        followed by the best ways from their ends. Sizes are compared as logarithms, so that long
        products cannot vanish.
        """
        best: dict[Element, list[tuple[float, Arrow | None, int]]] = {self.end: [(0.0, None, 0)]}
        for number in self._backward(allowed):
            ways = [
                (_times(_size(arrow.derivative), size), arrow, rank)
                for arrow in self._leaving[number]
                for rank, (size, _, _) in enumerate(best.get(arrow.end, ()))
            ]
            if ways:
                best[number] = heapq.nlargest(most, ways, key=lambda way: way[0])
        return tuple(self._followed(best, rank) for rank in range(len(best.get(self.start, ()))))

    def _followed(
        self, best: Mapping[Element, list[tuple[float, Arrow | None, int]]], rank: int
    ) -> Route:
        arrows: list[Arrow] = []
        _, arrow, rank = best[self.start][rank]
        while arrow is not None:
            arrows.append(arrow)
            _, arrow, rank = best[arrow.end][rank]
        return Route(tuple(arrows), math.prod(a.derivative for a in reversed(arrows)))

    def _backward(self, allowed: Allowed | None) -> Iterable[Element]:
        """Yield the numbers before the cost, each after all that are worked out from it."""
        for number in reversed(self.numbers):
            if number != self.end and (allowed is None or allowed(number)):
                yield number


def _size(value: float) -> float:
    if math.isnan(value):
        return math.inf
    return math.log(abs(value)) if value != 0.0 else -math.inf


def _times(one: float, other: float) -> float:
    """Return the logarithm of a product; what is 0 stays 0."""
    return -math.inf if -math.inf in (one, other) else one + other


class _Cut:
    """How one named tensor is worked out from the named ones before it, cut out of the graph."""

    def __init__(
        self, target: Tensor, elements: Elements, reached: Mapping[Tensor, object]
    ) -> None:
        names, values = elements.names, elements.values
        inner = topological_order(target.inputs, known=names)
        copies: dict[Tensor, Tensor] = {}
        for node in (*inner, target):
            for source in node.inputs:
                if source not in copies:  # what has a name is given here
                    copies[source] = constant(values[source], source.dtype)
            copies[node] = (
                apply(node.op, *(copies[source] for source in node.inputs), **node.attributes)
                if node.inputs
                else constant(values[node], node.dtype)
            )
        self._nodes = [node for node in (*inner, target) if node.inputs]
        self._target, self._copies, self._values = target, copies, values
        self.sources = [node for node in copies if node in reached and node is not target]
        named = [node for node in copies if node in names]
        self._names = {copies[node]: names[node] for node in named}
        self._placings = {copies[node]: elements.placing(node) for node in named}
        self._passing = {node: _passing(node) for node in self._nodes} if self.sources else {}
        self.stops = False  # whether a number goes into an operation that hands no gradient back
        self._program: Program | None = None
        self._gradients: dict[tuple[int, ...], tuple[Elements, dict[Tensor, Tensor]]] = {}

    def ends(self, start: Element) -> list[tuple[int, ...]]:
        """Return the places of the target at which a number is used."""
        source, index = start
        mark = np.zeros(source.shape, bool)
        mark[index] = True
        marks = {source: mark}
        for node in self._nodes:
            if any(entry in marks for entry in node.inputs):
                found = _spread(node, self._passing[node], marks, self._values)
                if found is None:
                    self.stops = True
                else:
                    marks[node] = found
        found = marks.get(self._target)
        return [] if found is None else [tuple(map(int, at)) for at in np.argwhere(found)]

    def slopes(self, index: tuple[int, ...]) -> dict[Tensor, Array]:
        """Return the derivatives of one number of the target by all that it is worked out from."""
        if self._program is None:
            seed = input_tensor("seed", self._target.type)
            found = self._differentiate(seed)
            self._program = Program(
                Graph({"seed": seed}, {str(i): found[s] for i, s in enumerate(self.sources)})
            )
        values = self._program.outputs(self._program.evaluate({"seed": self._one(index)}))
        return {source: values[str(i)] for i, source in enumerate(self.sources)}

    def formula(self, index: tuple[int, ...], start: Element) -> Expression:
        """Return such a derivative in symbols: what differentiation puts together."""
        if index not in self._gradients:
            found = self._differentiate(constant(self._one(index), self._target.dtype))
            ends = {str(i): found[source] for i, source in enumerate(self.sources)}
            graph = Graph({}, {**ends, "target": self._copies[self._target]})
            values = Program(graph).evaluate({})
            self._gradients[index] = (
                Elements(values, self._names, {}, placings=self._placings),
                found,
            )
        elements, found = self._gradients[index]
        return elements.element(found[start[0]], start[1])

    def _differentiate(self, seed: Tensor) -> dict[Tensor, Tensor]:
        wrt = [self._copies[source] for source in self.sources]
        gradients = differentiate(self._copies[self._target], wrt, seed).gradients
        return dict(zip(self.sources, gradients, strict=True))

    def _one(self, index: tuple[int, ...]) -> Array:
        found = np.zeros(self._target.shape, self._target.dtype.numpy)
        found[index] = 1.0
        return found


def _passing(node: Tensor) -> tuple[bool, ...]:
    """Return through which inputs an operation hands a gradient back."""
    if isinstance(node.op.pullback, NoGradient) or not node.dtype.is_float:
        return (node.dtype.is_float,) * len(node.inputs)  # those asked for one say why they cannot
    shares = node.op.pullback(filled(node, 1.0), node, *node.inputs, **node.attributes)
    return tuple(share is not None for share in shares)


def _spread(
    node: Tensor,
    passing: Sequence[bool],
    marks: Mapping[Tensor, Array],
    values: Mapping[Tensor, Array],
) -> Array | None:
    """Return where in the result of an operation the marked numbers are used; None if nowhere."""
    given = [
        marks.get(source) if passes else None
        for source, passes in zip(node.inputs, passing, strict=True)
    ]
    if all(mark is None for mark in given):
        return None
    marked = [
        np.zeros(source.shape, bool) if mark is None else mark
        for source, mark in zip(node.inputs, given, strict=True)
    ]
    match node.op.native:
        case Elementwise():
            return np.logical_or.reduce(marked)
        case Movement():
            return _moved(node, marked)
        case Contraction():
            left, right = marked
            ones = [np.ones(source.shape) for source in node.inputs]
            used = node.op.evaluate(left.astype(float), ones[1], **node.attributes)
            used = used + node.op.evaluate(ones[0], right.astype(float), **node.attributes)
            return np.asarray(used) != 0
        case Reduction():
            axes = node.attributes.get("axes", node.attributes.get("axis"))
            return np.asarray(marked[0].any(axis=axes))
        case Indexed() if node.inputs[0] in marks:
            return _moved(node, [marked[0], *(values[source] for source in node.inputs[1:])])
        case _:
            return np.ones(node.shape, bool)


def _moved(node: Tensor, given: Sequence[Array]) -> Array:
    """Return where marks go: what changes if they are taken away."""
    is_movement = isinstance(node.op.native, Movement)
    marks = len(given) if is_movement else 1  # the rest says where elements go
    with_marks = [entry.astype(float) for entry in given[:marks]]
    found, without = (
        np.asarray(node.op.evaluate(*entries, *given[marks:], **node.attributes))
        for entries in (with_marks, [np.zeros_like(entry) for entry in with_marks])
    )
    return found != without
