"""What each example of a batch adds to a gradient or a change: a line for each, then their sum."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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

__all__ = ["Contribution", "Split", "contribution_grid", "contributions", "with_contributions"]

MOST_LINES = 4  # examples of a batch whose contributions have lines of their own


@dataclass(frozen=True)
class Contribution:
    """What one example adds.

    Args:
        example: The number of the example.
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


def contributions(formula: Expression) -> Split | None:
    """Return what each example adds in a formula; None if it is no sum over examples."""
    match formula:
        case Sum(terms):
            return _of_sum([term if sign > 0 else negate(term) for sign, term in terms])
        case Product(factors):
            for place, factor in enumerate(factors):
                others = (*factors[:place], *factors[place + 1 :])
                found = None if any(map(_examples, others)) else contributions(factor)
                if found is not None:
                    return found.scaled(lambda part, rest=others: multiply([*rest, part]))
        case Quotient(above, below) if not _examples(below):
            found = contributions(above)
            return found and found.scaled(lambda part: divide(part, below))
        case _:
            pass
    return None


def _examples(formula: Expression) -> set[int]:
    return {a.example for a in quantities(formula) if a.example is not None}


def _of_sum(terms: Sequence[Expression]) -> Split | None:
    examples = [_examples(term) for term in terms]
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
    inner = contributions(terms[place])  # the sum stands in one of the terms
    others = (*terms[:place], *terms[place + 1 :])
    return inner and Split(inner.entries, (*inner.rest, *others))


def with_contributions(sheet: Sheet) -> Sheet:
    """Return a sheet in which sums over a few examples are worked out example by example.

    What one example adds to `output.Δw[1,2]` is `output.Δw[1,2]@3`.
    """
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
    summed = line.address.example is None and line.address.symbol.startswith(("Δ", "∂E/∂"))
    return contributions(line.formula) if summed and line.formula is not None else None


def contribution_grid(section: Section, values: Mapping[Address, float]) -> Grid | None:
    """Return what each example of a larger batch adds to the lines of a section, as a table.

    Args:
        section: Lines that are worked out.
        values: The value of each quantity that they speak of.
    """
    columns: list[Line] = []
    rows: dict[int, list[float]] = {}
    for line in section.lines:
        found = _split(line)
        if found is None or len(found.entries) <= MOST_LINES:
            continue
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
        Address("example"),
        tuple(map(str, sorted(rows))),
        heads,
        np.array([rows[number] for number in sorted(rows)]),
        f"What each of the {len(rows)} examples adds",
    )
