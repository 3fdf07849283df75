"""Large quantities as tables: rows and columns of numbers, with … for what is left out."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from glassnet.explain.expressions import Address
from glassnet.explain.linear import symbol_of
from glassnet.explain.numbers import short
from glassnet.explain.parts import Table
from glassnet.explain.symbols import name_of
from glassnet.graph.types import Array
from glassnet.records import dataclass

__all__ = ["Grid", "grid_of"]

ROWS, COLUMNS = 12, 8  # of a table that is printed
ALONG = 6  # numbers on a line, where they stand in one row
DIGITS = 4
WIDTH = 76  # columns of a page that a table may take
GAP = 2
LEFT_OUT = "…"


@dataclass(frozen=True)
class Grid:
    """Numbers in rows and columns.

    Args:
        address: The quantity, without places: `hidden.w`.
        rows: What each row is of.
        columns: What each column is of; "" where the row says it.
        values: The numbers, (rows, columns); NaN where there is none.
        caption: What the table shows.
        lit: Row and column of the entry that is worked out, from 0.
    """

    address: Address
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: Array
    caption: str
    lit: tuple[int, int] | None = None

    def table(self, *, layered: bool = True) -> Table:
        """Return what is printed: at most some 8 columns and 12 rows, to 4 digits."""
        rows = _shown(len(self.rows), ROWS)
        for most in range(COLUMNS, 3, -1):
            columns = _shown(len(self.columns), most)
            texts = [[self._cell(row, column) for column in columns] for row in rows]
            if self._width(texts, rows, columns) <= WIDTH:
                break
        else:
            columns = _shown(len(self.columns), 4)
            texts = [[self._cell(row, column) for column in columns] for row in rows]
        head = name_of(self.address, layered=layered)
        lit = frozenset[tuple[int, int]]()
        if self.lit is not None and self.lit[0] in rows and self.lit[1] in columns:
            lit = frozenset({(rows.index(self.lit[0]), columns.index(self.lit[1]) + 1)})
        return Table(
            (head, *(LEFT_OUT if c is None else self.columns[c] for c in columns)),
            tuple(
                (LEFT_OUT if row is None else self.rows[row], *cells)
                for row, cells in zip(rows, texts, strict=True)
            ),
            self.caption,
            lit,
        )

    def _cell(self, row: int | None, column: int | None) -> str:
        if row is None or column is None:
            return LEFT_OUT
        value = float(self.values[row, column])
        return "" if np.isnan(value) else short(value, DIGITS)

    def _width(
        self,
        texts: Sequence[Sequence[str]],
        rows: Sequence[int | None],
        columns: Sequence[int | None],
    ) -> int:
        labels = [LEFT_OUT if row is None else self.rows[row] for row in rows]
        found = GAP + max(map(len, [symbol_of(self.address), *labels]))
        for place, column in enumerate(columns):
            head = LEFT_OUT if column is None else self.columns[column]
            found += GAP + max(len(head), *(len(row[place]) for row in texts))
        return found

    def to_json(self) -> dict[str, Any]:
        """Return all the numbers as plain data."""
        plain = [
            [None if np.isnan(value) else value for value in row] for row in self.values.tolist()
        ]
        return {
            "address": str(self.address),
            "caption": self.caption,
            "rows": list(self.rows),
            "columns": list(self.columns),
            "values": plain,
        }


def _shown(count: int, most: int) -> list[int | None]:
    """Return which of several are shown; None stands for those that are left out."""
    if count <= most:
        return list(range(count))
    return [*range(most - 2), None, count - 1]


def grid_of(
    address: Address,
    values: Mapping[tuple[int, ...], float],
    axis: int | None,
    labels: Sequence[str],
    worked: tuple[int, ...] | None = None,
    named: Callable[[int, int], str] | None = None,
) -> Grid:
    """Return the table of some elements of a quantity.

    Args:
        address: The quantity, without places.
        values: The value of each element; its places along the axes, from 0.
        axis: Which axis numbers examples, or None.
        labels: What the examples are called.
        worked: The element that is worked out beside the table.
        named: What a place along an axis is called, where it is not its number: a step in time, a
            gate, an example; the axes for which it returns "" have numbers.
    """
    places = [sorted({place[a] for place in values}) for a in range(len(next(iter(values))))]
    long = [a for a, found in enumerate(places) if len(found) > 1]

    def label(a: int, at: int) -> str:
        own = "" if named is None else named(a, at)
        return own or (labels[at] if a == axis else str(at + 1))

    fixed = {a: found[0] for a, found in enumerate(places) if len(found) == 1}
    of = labels[fixed[axis]] if axis in fixed and len(labels) > fixed[axis] and labels[1:] else ""
    plain = [a for a in fixed if a != axis and (named is None or not named(a, 0))]
    index = tuple(fixed[a] + 1 for a in plain)
    own = replace(address, index=index if long else (), example=int(of) if of else None)
    whose = symbol_of(own)
    said = f"{whose}: {len(values):,} numbers"
    if len(long) < 2:
        by = ", one for each example" if long == [axis] else ""
        return _row(address, values, long, label, said + by, worked)
    across = axis if axis in long and len(long) == 2 else long[-1]
    down = [a for a in range(len(places)) if a != across and a in long]
    rows = list(itertools.product(*(places[a] for a in down)))
    numbers = np.full((len(rows), len(places[across])), np.nan)
    lit: tuple[int, int] | None = None
    for r, row in enumerate(rows):
        for c, column in enumerate(places[across]):
            at = {**fixed, **dict(zip(down, row, strict=True)), across: column}
            place = tuple(at[a] for a in range(len(places)))
            numbers[r, c] = values[place]
            lit = (r, c) if place == worked else lit
    words = "examples" if across == axis else "inputs" if len(places) == 2 else "columns"
    which = "inputs" if address.symbol == "x" else "neurons" if axis not in down else "rows"
    if named is not None and any("(" in named(a, 0) for a in down):
        which, words = "steps in time", "inputs" if address.symbol == "x" else "neurons"
    caption = f"{said}; rows are {which}, columns {words}"
    heads = tuple(label(across, column) for column in places[across])
    names = tuple(",".join(label(a, at) for a, at in zip(down, row, strict=True)) for row in rows)
    return Grid(address, names, heads, numbers, caption, lit)


def _row(
    address: Address,
    values: Mapping[tuple[int, ...], float],
    long: Sequence[int],
    label: Any,
    said: str,
    worked: tuple[int, ...] | None,
) -> Grid:
    """Return the table of numbers that stand in one row: so many on a line."""
    own = long[0] if long else 0
    entries = sorted(values.items())
    lines = -(-len(entries) // ALONG)
    numbers = np.full((lines, ALONG), np.nan)
    numbers.reshape(-1)[: len(entries)] = [value for _, value in entries]
    names = [label(own, place[own]) for place, _ in entries]
    rows = tuple(
        f"{names[start]}–{names[min(start + ALONG, len(names)) - 1]}"
        for start in range(0, len(names), ALONG)
    )
    at = next((i for i, (place, _) in enumerate(entries) if place == worked), None)
    lit = None if at is None else divmod(at, ALONG)
    return Grid(address, rows, ("",) * ALONG, numbers, said, lit)
