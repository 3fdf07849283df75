"""What a derivation says, put to the test with numbers: an evaluator that shares no code with it.

Values come from NumPy; derivatives are quotients of differences. ∂E/∂x lets everything that comes
after x follow; any other ∂a/∂b holds all other named quantities fixed, as on a blackboard.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from glassnet.explain.derivations import Derivation
from glassnet.explain.derivations import terms as t
from glassnet.explain.derivations.chains import Line
from glassnet.explain.derivations.reading import spelled
from glassnet.graph import Tensor
from glassnet.graph.graph import topological_order

STEP = 1e-5
RATE = 0.37
FUNCTIONS = {
    "e": math.exp,
    "ln": math.log,
    "√": math.sqrt,
    "tanh": math.tanh,
    "sin": math.sin,
    "cos": math.cos,
    "erf": math.erf,
    "|": abs,
    "⌊": math.floor,
    "sign": lambda u: float(np.sign(u)),
    "max": max,
    "min": min,
    "not": lambda u: not u,
}
RELATIONS = {"<": lambda a, b: a < b, "≤": lambda a, b: a <= b, "=": lambda a, b: a == b}


class Blackboard:
    """The values of all that a derivation speaks of."""

    def __init__(self, derivation: Derivation) -> None:
        self.board = derivation.board
        self.end: Any = self.board.end.node
        self.order = topological_order([self.end])
        self.values = self.work({})
        self.slopes: dict[tuple[Any, Any, bool], Any] = {}

    def work(self, given: Mapping[Tensor, Any]) -> dict[Tensor, Any]:
        found: dict[Tensor, Any] = {}
        for node in self.order:
            if node in given:
                found[node] = np.asarray(given[node])
                continue
            sources = [found[source] for source in node.inputs]
            found[node] = np.asarray(node.op.evaluate(*sources, **node.attributes))
        return found

    def slope(self, above: Any, below: Any, direct: bool = False) -> Any:
        """Return ∂above/∂below for all elements, of shape above.shape + below.shape."""
        if (above, below, direct) not in self.slopes:
            fixed: dict[Any, Any] = {
                n: self.values[n] for n in self.order if n.op.name == "stop_gradient"
            }
            if above is not self.end or direct:
                fixed |= {n: self.values[n] for n in self.board.names if n is not above}
            found = np.zeros((*above.shape, *below.shape))
            for place in np.ndindex(*below.shape):
                ends: list[Any] = []
                for sign in (1, -1):
                    moved = np.array(self.values[below], float)
                    moved[place] += sign * STEP
                    ends.append(self.work({**fixed, below: moved})[above])
                found[(..., *place)] = (ends[0] - ends[1]) / (2 * STEP)
            self.slopes[above, below, direct] = found
        return self.slopes[above, below, direct]

    def value(self, term: Any, at: Mapping[t.Index, int]) -> float:
        """Return the value of a formula with its free letters at given places."""

        def of(part: Any) -> float:
            return self.value(part, at)

        def spot(element: t.Element) -> tuple[int, ...]:
            return tuple(at[p] if isinstance(p, t.Index) else p for p in element.places)

        match term:
            case t.Number(value):
                return value
            case t.Count(axis):
                return float(self.board.letters.axes.lengths[axis])
            case t.Rate():
                return RATE
            case t.Element(node):
                return float(self.values[node][spot(term)])
            case t.Partial(above, below, direct):
                slope = self.slope(above.node, below.node, direct)
                return float(slope[(*spot(above), *spot(below))])
            case t.Slope(output, field):
                return of(t.Partial(output, field))
            case t.LocalGradient(end, field):
                return -of(t.Partial(end, field))
            case t.Change(end, weight):
                return -RATE * of(t.Partial(end, weight))
            case t.Kronecker(left, right):
                places = [at[p] if isinstance(p, t.Index) else p for p in (left, right)]
                return float(places[0] == places[1])
            case t.Sum(terms):
                return math.fsum(map(of, terms))
            case t.Product(factors) | t.Chain(factors):
                return math.prod(map(of, factors))
            case t.Quotient(above, below):
                return of(above) / of(below)
            case t.Power(base, exponent):
                return of(base) ** of(exponent)
            case t.Relation(sign, left, right):
                return RELATIONS[sign](of(left), of(right))
            case t.Choice(then, condition, otherwise):
                return of(then) if of(condition) else of(otherwise)
            case t.Total(index, inside, fold):
                length = self.board.letters.axes.lengths[index.axis]
                found = [self.value(inside, {**at, index: place}) for place in range(length)]
                return {"max": max, "product": math.prod, "sum": math.fsum}[fold](found)
            case t.Function(name, operands):
                return float(FUNCTIONS[name](*map(of, operands)))
            case t.Applied(op, operands, settings):
                written = of(spelled(term))
                computed = float(op.evaluate(*map(np.float64, map(of, operands)), **dict(settings)))
                assert math.isclose(written, computed, rel_tol=1e-9, abs_tol=1e-12)
                return written
            case _:
                raise AssertionError(term)


def free(term: Any) -> set[t.Index]:
    """Return the letters that a formula leaves open."""
    match term:
        case t.Total(index, inside):
            return free(inside) - {index}
        case t.Kronecker(left, right):
            return {place for place in (left, right) if isinstance(place, t.Index)}
        case _ if t.parts(term):
            return {index for part in t.parts(term) for index in free(part)}
        case _:
            return {p for e in t.elements(term) for p in e.places if isinstance(p, t.Index)}


def equalities(derivation: Derivation) -> Iterator[tuple[Line, list[tuple[float, ...]]]]:
    """Yield each line with the values of its left side and of all others, for all places."""
    blackboard = Blackboard(derivation)
    lengths = derivation.board.letters.axes.lengths
    for line in derivation.lines():
        sides = [line.name if line.name is not None else line.of, *line.sides]
        letters = sorted({index for side in sides for index in free(side)}, key=str)
        places = itertools.product(*(range(lengths[index.axis]) for index in letters))
        rows: list[tuple[float, ...]] = []
        for place in places:
            at = dict(zip(letters, place, strict=True))
            rows.append(tuple(blackboard.value(side, at) for side in sides))
        yield line, rows


def check(derivation: Derivation) -> int:
    """Check every equality; return how many sides were compared."""
    compared = 0
    for line, rows in equalities(derivation):
        assert rows
        for first, *others in rows:
            for other in others:
                assert math.isclose(first, other, rel_tol=2e-6, abs_tol=2e-8), (line, first, other)
                compared += 1
    return compared
