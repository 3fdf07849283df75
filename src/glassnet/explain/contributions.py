"""What each example of a batch adds to a gradient or a change: a line for each, then their sum.

The same for the steps of a sequence (back-propagation through time): what a step adds is known by
the local gradient, or the derivative, in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import nan

import numpy as np

from glassnet.explain.expressions import (
    Address,
    Expression,
    Product,
    Quantity,
    Quotient,
    Sum,
    add,
    divide,
    evaluate,
    multiply,
    negate,
    quantities,
)
from glassnet.explain.linear import symbol_of
from glassnet.explain.matrix_view import Grid
from glassnet.explain.sheet import Line, Section, Sheet
from glassnet.records import dataclass

__all__ = [
    "Contribution", "Split", "contribution_grid", "contributions", "of_steps", "with_contributions",
    "with_steps",
]  # fmt: skip

MOST_STEPS = 8  # of a sequence whose contributions have lines of their own
MOST_LINES = 4  # examples of a batch whose contributions have lines of their own


@dataclass(frozen=True)
class Contribution:
    """What one example adds, or one step in time.

    Args:
        example: The number of the example, or of the step.
        formula: What it adds.
    """

    example: int
    formula: Expression


@dataclass(frozen=True)
class Split:
    """A sum over examples, taken apart.

    Args:
        entries: What each example adds.
        rest: What is added besides and belongs to no example, such as a penalty's part.
    """

    entries: tuple[Contribution, ...]
    rest: tuple[Expression, ...] = ()

    def scaled(self, scale: Callable[[Expression], Expression]) -> Split:
        """Return it with each part multiplied or divided by the same."""
        entries = tuple(Contribution(e.example, scale(e.formula)) for e in self.entries)
        return Split(entries, tuple(map(scale, self.rest)))


Belongs = Callable[[Expression], set[int]]  # to which examples, or steps, a formula belongs


def _examples(formula: Expression) -> set[int]:
    return {a.example for a in quantities(formula) if a.example is not None}


def _steps(formula: Expression) -> set[int]:
    """Return the steps in time of the derivatives in a formula."""
    return {
        a.time
        for a in quantities(formula)
        if a.time is not None and a.symbol.startswith(("δ", "∂E/∂"))
    }


def contributions(formula: Expression, belongs: Belongs = _examples) -> Split | None:
    """Return what each example adds in a formula; None if it is no sum over examples.

    Args:
        formula: The formula.
        belongs: To which examples a part of it belongs.
    """
    match formula:
        case Sum(terms):
            return _of_sum([t if sign > 0 else negate(t) for sign, t in terms], belongs)
        case Product(factors):
            for place, factor in enumerate(factors):
                others = (*factors[:place], *factors[place + 1 :])
                found = None if any(map(belongs, others)) else contributions(factor, belongs)
                if found is not None:
                    return found.scaled(lambda part, rest=others: multiply([*rest, part]))
        case Quotient(above, below) if not belongs(below):
            found = contributions(above, belongs)
            return found and found.scaled(lambda part: divide(part, below))
        case _:
            pass
    return None


def of_steps(formula: Expression) -> Split | None:
    """Return what each step in time adds in a formula; None if it is no sum over steps."""
    return contributions(formula, _steps)


def _of_sum(terms: Sequence[Expression], belongs: Belongs) -> Split | None:
    examples = [belongs(term) for term in terms]
    if all(len(found) <= 1 for found in examples):
        of_example: dict[int, list[Expression]] = {}
        for term, found in zip(terms, examples, strict=True):
            for number in found:
                of_example.setdefault(number, []).append(term)
        rest = [term for term, found in zip(terms, examples, strict=True) if not found]
        entries = tuple(Contribution(number, add(parts)) for number, parts in of_example.items())
        return Split(entries, tuple(rest)) if len(entries) > 1 else None
    if sum(map(bool, examples)) > 1:
        return None
    place = next(at for at, found in enumerate(examples) if found)
    inner = contributions(terms[place], belongs)  # the sum stands in one of the terms
    others = (*terms[:place], *terms[place + 1 :])
    return inner and Split(inner.entries, (*inner.rest, *others))


def with_steps(sheet: Sheet) -> Sheet:
    """Return a sheet in which sums over time are worked out step by step.

    What step 2 adds to `rnn1.∂E/∂u[1,2]` is `rnn1.∂E/∂u(2)[1,2]`.
    """
    values = {line.address: line.value for line in sheet.lines()}

    def spread(section: Section) -> Iterator[Line]:
        for line in section.lines:
            found = of_steps(line.formula) if line.formula is not None and _is_sum(line) else None
            parts = () if found is None else found.entries
            own = [replace(line.address, time=part.example) for part in parts]
            if found is None or len(parts) > MOST_STEPS or not values.keys().isdisjoint(own):
                yield line
                continue
            own.sort(key=lambda address: address.time or 0)
            for part, address in zip(sorted(parts, key=lambda p: p.example), own, strict=True):
                value = evaluate(part.formula, values.__getitem__)
                yield Line(address, value, part.formula, line.kind)
            yield replace(line, formula=add([*map(Quantity, own), *found.rest]))

    if not any(line.address.time is not None for line in sheet.lines()):
        return sheet
    sections = [replace(section, lines=tuple(spread(section))) for section in sheet.sections]
    return replace(sheet, sections=tuple(sections))


def with_contributions(sheet: Sheet) -> Sheet:
    """Return a sheet in which sums over a few examples are worked out example by example.

    What one example adds to `output.Δw[1,2]` is `output.Δw[1,2]@3`. Sums over time are worked out
    step by step.
    """
    sheet = with_steps(sheet)
    values = {line.address: line.value for line in sheet.lines()}
    sections = [
        replace(section, lines=tuple(_spread(section, values))) for section in sheet.sections
    ]
    return replace(sheet, sections=tuple(sections))


def _spread(section: Section, values: Mapping[Address, float]) -> Iterator[Line]:
    for line in section.lines:
        found = _split(line)
        if found is None or len(found.entries) > MOST_LINES:
            yield line
            continue
        total: list[Expression] = []
        for entry in found.entries:
            address = replace(line.address, example=entry.example)
            value = evaluate(entry.formula, values.__getitem__)
            yield Line(address, value, entry.formula, line.kind)
            total.append(Quantity(address))
        yield replace(line, formula=add([*total, *found.rest]))


def _split(line: Line) -> Split | None:
    """Return what each example adds to a parameter's change or gradient."""
    if not _is_sum(line) or line.formula is None or _is_in_time(line.formula):
        return None
    return contributions(line.formula)


def _is_in_time(formula: Expression) -> bool:
    return any(address.time is not None for address in quantities(formula))


def _is_sum(line: Line) -> bool:
    """Whether a line is the change of a parameter, or the derivative by one, of all examples."""
    address = line.address
    alone = address.example is None and address.time is None
    return alone and address.symbol.startswith(("Δ", "∂E/∂"))


def contribution_grid(section: Section, values: Mapping[Address, float]) -> Grid | None:
    """Return what each example of a larger batch adds to the lines of a section, as a table.

    Of a long sequence it is what each step in time adds.

    Args:
        section: Lines that are worked out.
        values: The value of each quantity that they speak of.
    """
    columns: list[Line] = []
    rows: dict[int, list[float]] = {}
    of_time = False
    for line in section.lines:
        if line.formula is None or not _is_sum(line):
            continue
        in_time = _is_in_time(line.formula)
        found = of_steps(line.formula) if in_time else contributions(line.formula)
        if found is None or len(found.entries) <= (MOST_STEPS if in_time else MOST_LINES):
            continue
        of_time = of_time or in_time
        columns.append(line)
        for entry in found.entries:
            added = evaluate(entry.formula, values.__getitem__)
            row = rows.setdefault(entry.example, [])
            row += [nan] * (len(columns) - 1 - len(row)) + [added]
    if not columns:
        return None
    for row in rows.values():
        row += [nan] * (len(columns) - len(row))
    heads = tuple(symbol_of(line.address, layered=False) for line in columns)
    return Grid(
        Address("t" if of_time else "example"),
        tuple(map(str, sorted(rows))),
        heads,
        np.array([rows[number] for number in sorted(rows)]),
        f"What each of the {len(rows)} {'steps' if of_time else 'examples'} adds",
    )
