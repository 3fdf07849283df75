"""Part of a sheet: what is asked for, with what it is worked out from, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from glassnet.errors import ArgumentError, nearest
from glassnet.explain.expressions import Address, quantities
from glassnet.explain.sheet import Line, Sheet

__all__ = ["only"]


def only(sheet: Sheet, asked: Sequence[str]) -> Sheet:
    """Return a sheet with only those lines that are asked for or needed for them.

    Args:
        sheet: All of a step.
        asked: Quantities: by symbol ("v", "w new"), with their layer ("output.δ"), of one step in
            time ("rnn1.h(2)"), or one alone by its address ("output.δ[1]"). Everything stays if
            there are none.

    Raises:
        ArgumentError: There is no such quantity.
    """
    if not asked:
        return sheet
    lines = list(sheet.lines())
    known = dict.fromkeys(name for line in lines for name in _names(line))
    for name in asked:
        if name not in known:
            symbols = dict.fromkeys(line.address.symbol for line in lines)
            raise ArgumentError(
                f"asked has {name!r:.60}{nearest(name, known)}; the quantities are "
                f"{', '.join(symbols)}"
            )
    kept: set[Address] = set()
    for line in reversed(lines):  # a formula speaks only of lines before it
        if line.address in kept or not _names(line).isdisjoint(asked):
            kept.add(line.address)
            kept.update(quantities(line.formula) if line.formula is not None else ())
    sections = [
        replace(
            section, lines=tuple(line for line in section.lines if line.address in kept), table=None
        )
        for section in sheet.sections
    ]
    turned = any(address.symbol[:1] in "δ∂Δ" for address in kept)
    return replace(
        sheet,
        sections=tuple(section for section in sections if section.lines),
        conventions=sheet.conventions if turned else sheet.conventions[-1:],
    )


def _names(line: Line) -> set[str]:
    address = line.address
    found = {address.symbol, f"{address.layer}.{address.symbol}", str(address)}
    if address.time is not None:
        step = f"{address.symbol}({address.time})"
        found |= {step, f"{address.layer}.{step}"}
    return found
