"""`paths`: every path from a weight to a cost, and that back-propagation gives their sum."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence

import numpy as np

from glassnet.errors import ArgumentError
from glassnet.explain.conventions import Profile
from glassnet.explain.expressions import Address, Expression, Number, quantities
from glassnet.explain.path_ends import View, view_of_problem, view_of_tensor
from glassnet.explain.path_graph import Arrow, Element, PathGraph, Route, Tally
from glassnet.explain.path_result import Factor, Path, Paths, Share, Web
from glassnet.explain.problems import Problem, load_problem
from glassnet.explain.sheet import Line
from glassnet.explain.workings import profile_of
from glassnet.graph import Tensor
from glassnet.unit import check_whole

__all__ = ["paths"]

MOST_TERMS = 12  # quantities in a formula that is written out
MOST_LISTED = 1000
ROOM = 1000.0  # roundings by which sums in another order may differ
MOST_DRAWN = 48  # numbers in a picture of the whole graph


def paths(
    of: Tensor | str | os.PathLike[str] | Problem,
    weight: Tensor | str,
    *,
    at: int | tuple[int, ...] | None = None,
    to: str | None = None,
    example: int | None = None,
    most: int = 8,
    conventions: str | None = None,
    digits: int | None = None,
    carried: bool = False,
) -> Paths:
    """Return every path from a weight to a cost, each with its product of local derivatives.

    The derivative of the cost with respect to the weight is the sum over all paths (the chain
    rule); back-propagation finds the same sum without walking the paths one by one. Paths run over
    the numbers that have a name. Where nothing between has one, each operation is given one.

    Args:
        of: The cost, a tensor of one element; or a problem, as for `explain`.
        weight: A tensor that the cost is made from: one number of it, such as `w[0, 1]`. Of a
            problem, the address of a quantity, such as "hidden.w[1,1]".
        at: Which element of the tensor, from 0, if it has several.
        to: Of a problem: the address of another end, such as "output.y[1]".
        example: Only the paths of this example, from 1.
        most: How many paths are listed; the largest without signs, if there are more.
        conventions: "notes", "pytorch" or "matlab"; what the problem says if not given.
        digits: How many significant digits are printed.
        carried: Whether results are rounded to these digits before they are used.

    Raises:
        ArgumentError: The weight is no single number, there is no such quantity or example, or more
            than 100,000 arrows lie between the weight and the cost.
        DTypeError: The weight or the cost is no floating-point number.

    >>> import glassnet as gn
    >>> x, w, b = gn.tensor(3.0, "x"), gn.tensor(2.0, "w"), gn.tensor(1.0, "b")
    >>> v = (w * x + b).named("v")
    >>> found = gn.paths((v * gn.relu(v)).named("a"), w)
    >>> found.count, found.total, found.gradient
    (1, 42.0, 42.0)
    """
    check_whole("most", most, low=1, high=MOST_LISTED)
    if isinstance(of, Tensor):
        profile = profile_of(conventions or "notes", digits, carried)
        view = view_of_tensor(of, weight, at, to)
    else:
        known = of if isinstance(of, Problem) else load_problem(of)
        profile = profile_of(conventions or known.conventions, digits, carried)
        view = view_of_problem(known, weight, at, to, profile)
    return _Finder(view, example, most, profile).found()


class _Finder:
    def __init__(self, view: View, example: int | None, most: int, profile: Profile) -> None:
        self.view, self.example, self.most, self.profile = view, example, most, profile
        self.elements = view.elements
        self.graph = PathGraph(view.start, view.end, view.elements)
        self.factors: dict[Arrow, Factor] = {}
        self.values: dict[Address, float] = {}
        self.nodes: dict[str, list[Tensor]] = {}
        for node, name in view.elements.names.items():
            self.nodes.setdefault(name[1], []).append(node)

    def found(self) -> Paths:
        """Return the paths, with all that their page shows."""
        examples = sorted({n for e in self.graph.numbers if (n := self._example(e)) is not None})
        self._check(examples)
        allowed = None if self.example is None else self._only(self.example)
        all_paths = self.graph.tally()
        tally = all_paths if allowed is None else self.graph.tally(allowed)
        routes = self.graph.largest(self.most, allowed)
        listed = tuple(self._path(route) for route in routes)
        return Paths(
            start=self._address(self.view.start),
            end=self._address(self.view.end),
            paths=listed,
            count=tally.count,
            zero=tally.zero,
            total=tally.total,
            absolute=tally.absolute,
            gradient=self.view.gradient,
            agrees=self._agrees(all_paths),
            stopped=self.graph.stopped,
            rest=all_paths.total - tally.total if self.example is not None else 0.0,
            example=self.example,
            shares=tuple(self._shares(examples, all_paths)) if self.example is None else (),
            lines=self._lines(routes),
            values=self.values,
            web=self._web(routes),
            profile=self.profile,
        )

    def _check(self, examples: Sequence[int]) -> None:
        """Raise ArgumentError unless there are paths of the example that is asked for."""
        if self.example is None:
            return
        check_whole("example", self.example)
        if not examples and self.example == 1:  # the only one: it has no number
            self.example = None
        elif self.example not in examples:
            known = "there is one example"
            if examples:
                known = f"there are those of examples {examples[0]} to {examples[-1]}"
            raise ArgumentError(f"there are no paths of example {self.example}; {known}")

    def _agrees(self, tally: Tally) -> bool:
        gradient = self.view.gradient
        room = ROOM * float(np.finfo(self.view.end[0].dtype.numpy).eps) * tally.absolute
        both_undefined = math.isnan(gradient) and math.isnan(tally.total)
        return both_undefined or math.isclose(tally.total, gradient, rel_tol=0.0, abs_tol=room)

    def _address(self, number: Element) -> Address:
        return self.elements.address(*number)

    def _example(self, number: Element) -> int | None:
        return self._address(number).example

    def _only(self, example: int) -> Callable[[Element], bool]:
        allowed = {e for e in self.graph.numbers if self._example(e) in (None, example)}
        return allowed.__contains__

    def _shares(self, examples: Sequence[int], tally: Tally) -> list[Share]:
        if len(examples) < 2:
            return []
        found: list[Share] = []
        for example in examples:
            own = self.graph.tally(self._only(example))
            found.append(Share(example, own.count, own.total))
        across = tally.count - sum(share.count for share in found)
        if across:
            total = tally.total - sum(share.total for share in found)
            found.append(Share(None, across, total))
        return found

    def _path(self, route: Route) -> Path:
        start = self._address(self.view.start)
        return Path(
            (start, *(self._address(arrow.end) for arrow in route.arrows)),
            tuple(self._factor(arrow) for arrow in reversed(route.arrows)),
            route.product,
        )

    def _factor(self, arrow: Arrow) -> Factor:
        if arrow not in self.factors:
            formula = self._known(self.graph.formula(arrow)) or Number(arrow.derivative)
            above, below = self._address(arrow.end), self._address(arrow.start)
            self.factors[arrow] = Factor(above, below, formula, arrow.derivative)
        return self.factors[arrow]

    def _known(self, formula: Expression) -> Expression | None:
        """Return a formula after noting the values that it needs; None if it is too long."""
        spoken = dict.fromkeys(quantities(formula))
        if len(spoken) > MOST_TERMS:
            return None
        for address in spoken:
            self.values.setdefault(address, self._value(address))
        return formula

    def _value(self, address: Address) -> float:
        for node in self.nodes[address.layer]:
            place = self.elements.place(node, address)
            if place is not None:
                return self.elements.value(node, place)
        raise AssertionError(f"no quantity has the address {address}")

    def _lines(self, routes: Sequence[Route]) -> tuple[Line, ...]:
        passed = {self.view.start, self.view.end}
        passed |= {arrow.end for route in routes for arrow in route.arrows}
        found: list[Line] = []
        for number in self.graph.numbers:
            if number not in passed:
                continue
            address, value = self._address(number), self.elements.value(*number)
            self.values[address] = value
            formula = None
            if number[0].inputs and number != self.view.start:
                formula = self._known(self.elements.formula(*number))
            found.append(Line(address, value, formula))
        return tuple(found)

    def _web(self, routes: Sequence[Route]) -> Web:
        whole = len(self.graph.numbers) <= MOST_DRAWN
        arrows = self.graph.arrows
        if not whole:
            arrows = tuple(dict.fromkeys(arrow for route in routes for arrow in route.arrows))
        drawn = {end for arrow in arrows for end in (arrow.start, arrow.end)}
        numbers = [number for number in self.graph.numbers if number in drawn]
        place = {number: at for at, number in enumerate(numbers)}
        slopes = self.graph.derivatives()
        return Web(
            tuple((self._address(e), self.elements.value(*e), slopes[e]) for e in numbers),
            tuple((place[a.start], place[a.end], a.derivative) for a in arrows),
            whole,
        )
