"""From step to step: what one leaves is what the next one starts from, as it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from glassnet.explain.contributions import with_contributions
from glassnet.explain.expressions import Address
from glassnet.explain.sheet import Line, Sheet, rounded

__all__ = ["carried_on", "left_by"]


def carried_on(sheets: Sequence[Sheet], digits: int) -> tuple[Sheet, ...]:
    """Return the sheets of steps, each given what stands on the page of the one before.

    Args:
        sheets: The steps, one after the other, with the values of the engine.
        digits: How many significant digits each result is rounded to before it is used.
    """
    short = rounded(digits)
    found: list[Sheet] = []
    before: dict[Address, Line] = {}
    worked: Mapping[Address, float] = {}
    for sheet in sheets:
        given: dict[Address, float] = {}
        for line in sheet.lines():
            if line.formula is None:
                source = left_by(line, before)
                given[line.address] = short(line.value) if source is None else worked[source]
        found.append(_started_from(sheet, given) if before else sheet)
        before = {line.address: line for line in sheet.lines()}
        worked = with_contributions(sheet).work(short, given)
    return tuple(found)


def _started_from(sheet: Sheet, given: Mapping[Address, float]) -> Sheet:
    def line_of(line: Line) -> Line:
        return replace(line, value=given.get(line.address, line.value))

    sections = (
        replace(section, lines=tuple(map(line_of, section.lines))) for section in sheet.sections
    )
    return replace(sheet, sections=tuple(sections))


def left_by(line: Line, before: dict[Address, Line]) -> Address | None:
    """Return which result of the step before a quantity starts from: w from `w new`."""
    here = line.address
    symbol = here.symbol.removesuffix(" before")
    named = [replace(here, symbol=name) for name in (f"{symbol} new", symbol)]
    if here.symbol.endswith(" before"):  # a memory, which may have another name where it is made
        named += [a for a in before if (a.layer, a.index) == (here.layer, here.index)]
    for address in named:
        source = before.get(address)
        if source is not None and source.formula is not None and source.value == line.value:
            return address
    return None
