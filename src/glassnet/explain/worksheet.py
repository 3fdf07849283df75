"""A problem as one course of lines, over all its steps, and the blank sheet to fill in."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Iterator
from dataclasses import replace

from glassnet.explain.carrying import left_by
from glassnet.explain.conventions import Profile
from glassnet.explain.expressions import (
    Address,
    Apply,
    Expression,
    Number,
    Power,
    Product,
    Quantity,
    Quotient,
    Sum,
    quantities,
)
from glassnet.explain.linear import symbol_of
from glassnet.explain.problems import Problem
from glassnet.explain.sheet import Line, Section, Sheet
from glassnet.records import dataclass

__all__ = ["Course", "Entry", "Worksheet", "course_of", "rewrite", "worksheet"]


@dataclass(frozen=True)
class Entry:
    """A line of a course.

    Args:
        step: The step, from 1.
        section: The heading that it stands under.
        line: The line; in a course of several steps its addresses carry the step.
        name: The address as it is written within its step, such as `hidden.v[1]`.
        symbol: The quantity as it is printed, such as `hidden.v₁`.
        role: "given"; "carried", taken over from the step before; or "asked".
    """

    step: int
    section: str
    line: Line
    name: str
    symbol: str
    role: str

    @property
    def address(self) -> Address:
        """Return where the quantity stands in the course."""
        return self.line.address


@dataclass(frozen=True)
class Course:
    """All the steps of a problem as one sheet: what a step leaves, the next one starts from.

    Args:
        title: What is worked out.
        profile: The conventions.
        entries: All lines in the order of working.
        steps: How many steps.
        layered: The layers whose names are written.
    """

    title: str
    profile: Profile
    entries: tuple[Entry, ...]
    steps: int
    layered: frozenset[str] = frozenset()

    @property
    def sheet(self) -> Sheet:
        """Return the course as a sheet that can be worked out."""
        return Sheet(self.title, (Section("", tuple(entry.line for entry in self.entries)),))


def rewrite(
    expression: Expression, change: Callable[[Expression], Expression | None]
) -> Expression:
    """Return a formula with parts replaced.

    Args:
        expression: The formula.
        change: Returns what stands in place of a part, or None where its own parts are to be
            looked at.
    """
    new = change(expression)
    if new is not None:
        return new
    match expression:
        case Sum(terms):
            return Sum(tuple((sign, rewrite(term, change)) for sign, term in terms))
        case Product(factors):
            return Product(tuple(rewrite(factor, change) for factor in factors))
        case Quotient(above, below):
            return Quotient(rewrite(above, change), rewrite(below, change))
        case Power(base, exponent):
            return Power(rewrite(base, change), exponent)
        case Apply(op, operands, attributes):
            changed = tuple(
                tuple(rewrite(entry, change) for entry in operand)
                if isinstance(operand, tuple)
                else rewrite(operand, change)
                for operand in operands
            )
            return Apply(op, changed, attributes)
        case _:
            return expression


def course_of(
    problem: str | os.PathLike[str] | Problem,
    *,
    conventions: str | None = None,
    steps: int | None = None,
) -> Course:
    """Return the course of a problem.

    Args:
        problem: The name of a built-in problem, a TOML file, or a problem.
        conventions: "notes", "pytorch" or "matlab"; what the problem says if not given.
        steps: How many steps; as many as the problem says if not given.
    """
    from glassnet.explain.workings import explain

    workings = explain(problem, conventions=conventions, steps=steps)
    count = len(workings.sheets)
    entries: list[Entry] = []
    before: dict[Address, Line] = {}
    for number, sheet in enumerate(workings.sheets, start=1):
        layered = sheet.layered
        known: set[Address] = set()  # what is given, or only repeats it
        for section in sheet.sections:
            for line in section.lines:
                source = left_by(line, before) if line.formula is None else None
                if source is not None:
                    role, formula = "carried", Quantity(_placed(source, number - 1, count))
                elif line.formula is None or _repeats(line.formula, known):
                    role, formula = "given", line.formula
                    known.add(line.address)
                else:
                    role, formula = "asked", line.formula
                if formula is not None and source is None:
                    formula = _moved(formula, number, count)
                moved = replace(line, address=_placed(line.address, number, count), formula=formula)
                symbol = symbol_of(line.address, layered=line.address.layer in layered)
                entry = Entry(number, section.title, moved, str(line.address), symbol, role)
                entries.append(entry)
        before = {line.address: line for line in sheet.lines()}
    layered = frozenset[str]().union(*(sheet.layered for sheet in workings.sheets))
    return Course(workings.title, workings.profile, tuple(entries), count, layered)


def _placed(address: Address, step: int, steps: int) -> Address:
    return address if steps == 1 else replace(address, layer=f"{step}:{address.layer}")


def _moved(formula: Expression, step: int, steps: int) -> Expression:
    def change(part: Expression) -> Expression | None:
        return Quantity(_placed(part.address, step, steps)) if isinstance(part, Quantity) else None

    return rewrite(formula, change)


def _repeats(formula: Expression, known: set[Address]) -> bool:
    """Whether a formula is a number, or only names what is given, as in d₁ = class."""
    return isinstance(formula, Number) or (
        isinstance(formula, Quantity) and set(quantities(formula)) <= known
    )


# --- the blank sheet ------------------------------------------------------------------------------
@dataclass(frozen=True, repr=False)
class Worksheet:
    """A blank sheet: every quantity of a problem in order, what is given filled in.

    Args:
        course: The lines.
    """

    course: Course

    def __str__(self) -> str:
        """Return the sheet as text, a line `address =` for each quantity."""
        return "\n".join(self._rows()) + "\n"

    __repr__ = __str__

    def _rows(self) -> Iterator[str]:
        course = self.course
        yield f"# {course.title}"
        yield "# Write each value behind its =, and leave empty what you do not have."
        yield "# What stands behind a # is not read."
        for sentence in course.profile.sentences()[:1]:
            if any("δ" in entry.name or "∂" in entry.name for entry in course.entries):
                yield f"# {sentence}"
        now = (0, "")
        for entry in course.entries:
            if entry.role == "carried":
                continue
            if entry.step != now[0] and course.steps > 1:
                yield from ("", f"[step {entry.step}]")
            if (entry.step, entry.section) != now:
                now = (entry.step, entry.section)
                yield from ("", f"# {entry.section}")
            yield f"{entry.name} ={_filled_in(entry, ' ')}"

    def to_csv(self, delimiter: str = ",") -> str:
        """Return the sheet as a table: step (where there are several), quantity, value."""
        file = io.StringIO()
        writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        several = self.course.steps > 1
        writer.writerow([*(["step"] if several else []), "quantity", "value"])
        for entry in self.course.entries:
            if entry.role != "carried":
                value = _filled_in(entry, "")
                value = value.replace(".", ",") if delimiter == ";" else value
                writer.writerow([*([entry.step] if several else []), entry.name, value])
        return file.getvalue()


def _filled_in(entry: Entry, space: str) -> str:
    return f"{space}{entry.line.value + 0.0:.15g}" if entry.role == "given" else ""


def worksheet(
    problem: str | os.PathLike[str] | Problem,
    *,
    conventions: str | None = None,
    steps: int | None = None,
) -> Worksheet:
    """Return the blank sheet of a problem: every quantity in order, to be filled in by hand.

    Args:
        problem: The name of a built-in problem, a TOML file, or a problem.
        conventions: "notes", "pytorch" or "matlab"; what the problem says if not given.
        steps: How many steps; as many as the problem says if not given.

    Raises:
        ArgumentError, DataError, ShapeError: The problem cannot be read, or does not fit together.

    >>> import glassnet as gn
    >>> print(worksheet("backpropagation").to_csv().splitlines()[0])
    quantity,value
    """
    return Worksheet(course_of(problem, conventions=conventions, steps=steps))
