"""What the page of a sheet shows: each quantity as formula, numbers put in, result."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from glassnet.explain.contributions import contribution_grid, with_contributions
from glassnet.explain.conventions import Profile
from glassnet.explain.expressions import Address, Expression, Sum, parts
from glassnet.explain.network_picture import network_svg
from glassnet.explain.notation import Notation
from glassnet.explain.parts import Equation, Page, Part, Picture, Table
from glassnet.explain.setting import notation
from glassnet.explain.sheet import Cell, Line, LineTable, Sheet, rounded
from glassnet.explain.symbols import name_of, number

__all__ = ["sheet_page", "sheet_parts"]


def sheet_page(sheet: Sheet, profile: Profile) -> Page:
    """Return what is shown of a sheet.

    Args:
        sheet: What is worked out.
        profile: The conventions: digits and rounding.
    """
    parts = sheet_parts(sheet, profile, layered=sheet.layered)
    return Page(sheet.title, sheet.conventions, parts, _pictures(sheet, profile))


def sheet_parts(
    sheet: Sheet,
    profile: Profile,
    *,
    layered: Collection[str],
    left_out: Collection[Address] = (),
    tables: Mapping[str, tuple[Table, ...]] | None = None,
    most_terms: int | None = None,
) -> tuple[Part, ...]:
    """Return the sections of a sheet as parts of a page.

    Args:
        sheet: What is worked out.
        profile: The conventions: digits and rounding.
        layered: The layers that names say.
        left_out: What has no line, although formulas speak of it.
        tables: Tables, by the title of the section in which they stand.
        most_terms: Of sums with more terms only the first and last are written; all if not given.
    """
    digits = profile.digits
    spread = with_contributions(sheet)
    short = rounded(digits)
    given = {line.address: short(line.value) for line in spread.lines() if line.formula is None}
    of = (
        spread.work(short, given)
        if profile.carried
        else {line.address: line.value for line in spread.lines()}
    )

    wide = {a.symbol for a in of if a.time is not None and a.index not in ((), (1,))}

    def name(address: Address) -> Notation:
        return name_of(address, layered=address.layer in layered)

    def value(address: Address) -> Notation:
        return number(of[address], digits)

    def equation(line: Line) -> Equation:
        address, formula = line.address, line.formula
        sides, sentences = [value(address)], [line.sentence]
        if formula is not None:
            ways = (name, value)
            sides = [notation(formula, way, digits, most_terms) for way in ways] + sides
            sentences.append(_counted(formula, most_terms))
        once = tuple(dict.fromkeys(sides))
        sentence = " ".join(filter(None, sentences))
        return Equation(name(address), once, (address.layer, _family(address, wide)), sentence)

    def cell(entry: Cell) -> Notation | str:
        if isinstance(entry, str):
            return entry
        return value(entry) if isinstance(entry, Address) else notation(entry, value, digits)

    def table(entries: LineTable) -> Table:
        rows = tuple(tuple(map(cell, row)) for row in entries.rows)
        return Table(entries.head, rows, lit=entries.lit)

    found: list[Part] = []
    for section in spread.sections:
        tabled = frozenset[Address]() if section.table is None else section.table.shown
        shown = [line for line in section.lines if line.address not in {*left_out, *tabled}]
        grid = contribution_grid(section, of)
        added = (grid.table(layered=bool(layered)),) if grid is not None else ()
        added = ((tables or {}).get(section.title, ())) + added
        if section.table is not None:
            added = (*added, table(section.table))
        if not shown and not added:
            continue
        found.append(
            Part(
                section.title,
                section.sentence,
                tuple(equation(line) for line in shown if line.formula is None),
                tuple(equation(line) for line in shown if line.formula is not None),
                added,
            )
        )
    return tuple(found)


def _family(address: Address, wide: Collection[str]) -> str:
    """Return what a quantity is listed with: the weights of all gates; each step, or example.

    Args:
        address: The quantity.
        wide: What has several numbers at a step.
    """
    gate = re.fullmatch(r"(\w)_\w", address.symbol)
    symbol = gate[1] if gate is not None else address.symbol
    if address.time is None:
        return symbol
    return f"{symbol}({address.time if symbol in wide else ''})@{address.example}"


def _counted(formula: Expression, most_terms: int | None) -> str:
    """Say how many terms the longest sum has, where not all are written."""
    most, todo = 0, [formula]
    while todo:
        part = todo.pop()
        if isinstance(part, Sum):
            most = max(most, len(part.terms))
        todo += parts(part)
    if most_terms is None or most <= most_terms:
        return ""
    return f"The sum has {most} terms; the first and last are shown, the result is of all."


def _pictures(sheet: Sheet, profile: Profile) -> tuple[Picture, ...]:
    svg = network_svg(sheet, profile)
    if not svg:
        return ()
    several = any(line.address.example is not None for line in sheet.lines())
    shown = "The network before the change"
    shown += ", with the numbers of the first example" if several else ""
    return (Picture(svg, f"{shown}."),)
