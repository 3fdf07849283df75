"""A sheet: the quantities of a step in the order in which a person works, each with its formula."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from glassnet.explain.conventions import Profile
from glassnet.explain.expressions import Address, Expression, evaluate
from glassnet.explain.linear import linear, symbol_of
from glassnet.explain.parts import Page
from glassnet.explain.setting import notation
from glassnet.explain.symbols import name_of
from glassnet.records import dataclass

__all__ = ["Cell", "Line", "LineTable", "Section", "Sheet", "rounded"]

Cell = str | Address | Expression  # a word, a quantity's number, a formula with numbers put in


@dataclass(frozen=True)
class Line:
    """One quantity.

    Args:
        address: Where it stands.
        value: Its value, as the engine computed it.
        formula: What it is computed from; None for what is given.
        kind: What the quantity is, for people and for marking: "weight", "local field", …
        sentence: What happens here, in one plain sentence, where it helps.
    """

    address: Address
    value: float
    formula: Expression | None = None
    kind: str = ""
    sentence: str = ""


@dataclass(frozen=True)
class LineTable:
    """Lines as the entries of a table, rather than one below the other.

    Args:
        head: What the columns are of.
        rows: As many entries each; of a quantity its number is shown.
        lit: Row and column, from 0, of entries that are pointed out.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    lit: frozenset[tuple[int, int]] = frozenset()

    @property
    def shown(self) -> frozenset[Address]:
        """The quantities that are entries."""
        return frozenset(cell for row in self.rows for cell in row if isinstance(cell, Address))


@dataclass(frozen=True)
class Section:
    """Lines that belong together, such as the local fields and outputs of a layer.

    Args:
        title: The heading.
        lines: In the order of working.
        sentence: What happens here; "" where nothing needs to be said.
        table: What of it is shown in rows and columns, if anything.
    """

    title: str
    lines: tuple[Line, ...]
    sentence: str = ""
    table: LineTable | None = None


@dataclass(frozen=True)
class Sheet:
    """All the quantities of one step.

    Args:
        title: What is worked out.
        sections: In the order of working; a formula speaks only of lines that stand before it.
        conventions: What was chosen where textbooks differ, as sentences.
        home: The layer whose name is not written, where all others are: the one that goes over
            time.
    """

    title: str
    sections: tuple[Section, ...]
    conventions: tuple[str, ...] = ()
    home: str = ""

    @property
    def layered(self) -> frozenset[str]:
        """The layers whose names are written: none if there is only one."""
        found = frozenset(line.address.layer for line in self.lines()) - {""}
        return found - {self.home} if len(found) > 1 else frozenset()

    def lines(self) -> Iterator[Line]:
        """Yield all lines in the order of working."""
        for section in self.sections:
            yield from section.lines

    def __getitem__(self, address: str) -> Line:
        """Return the line with an address such as `hidden.v[1]`."""
        for line in self.lines():
            if str(line.address) == address:
                return line
        raise KeyError(f"there is no quantity {address!r}")

    def page(self, profile: Profile) -> Page:
        """Return what is shown: each quantity as formula, numbers put in, result."""
        from glassnet.explain.sheet_page import sheet_page

        return sheet_page(self, profile)

    def to_json(self) -> dict[str, Any]:
        """Return every quantity with its address, formula and value, as plain data."""
        from glassnet.explain.contributions import with_contributions

        return {
            "title": self.title,
            "sections": [
                {"title": section.title, "quantities": list(map(_plain, section.lines))}
                for section in with_contributions(self).sections
            ],
        }

    def work(
        self,
        rounding: Callable[[float], float] | None = None,
        given: Mapping[Address, float] | None = None,
    ) -> dict[Address, float]:
        """Return the value of each quantity, worked out from those before it.

        Args:
            rounding: What happens to each result before it is used; nothing if not given.
            given: Values that stand in place of results, such as a student's own.
        """
        found: dict[Address, float] = {}
        own = given or {}
        for line in self.lines():
            if line.address in own:
                found[line.address] = own[line.address]
            elif line.formula is None:
                found[line.address] = line.value
            else:
                result = evaluate(line.formula, found.__getitem__)
                found[line.address] = result if rounding is None else rounding(result)
        return found


def _plain(line: Line) -> dict[str, Any]:
    formula = None if line.formula is None else linear(notation(line.formula, name_of))
    return {
        "address": str(line.address),
        "symbol": symbol_of(line.address),
        "kind": line.kind,
        "formula": formula,
        "value": line.value,
    }


def rounded(digits: int) -> Callable[[float], float]:
    """Return what rounds a number to so many significant digits, as with pen and paper.

    >>> rounded(3)(0.54983)
    0.55
    """

    def round_one(value: float) -> float:
        return float(f"{value:.{digits - 1}e}") if np.isfinite(value) else value

    return round_one
