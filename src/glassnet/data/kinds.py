"""From cells to columns: the kind of a column is decided by all of its cells, and says why."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet.data.cells import (
    BOOLEAN_PAIRS,
    has_leading_zeros,
    parse_date,
    parse_decimal_comma,
    parse_number,
)
from glassnet.data.columns import Array, Column, Kind
from glassnet.errors import DataError
from glassnet.records import dataclass

__all__ = ["CellColumn", "decide_column"]

MOSTLY_NUMBERS = 0.9
ENOUGH_NUMBERS = 10


@dataclass(frozen=True)
class CellColumn:
    """The cells of one column as text, and where they came from.

    `counts` maps each distinct cell to how often it occurs, so that each is looked at only once.
    """

    name: str
    cells: Sequence[str]
    lines: Sequence[int]
    source: str
    missing: frozenset[str]
    decimal_commas: bool = False

    def counts(self) -> Counter[str]:
        """Return the distinct cells, missing ones left out, with the number of times they occur."""
        counts = Counter(self.cells)
        return Counter({c: n for c, n in counts.items() if c.strip() not in self.missing})

    def error(self, cell: str, message: str) -> DataError:
        """Return an error that names the first line on which this cell stands."""
        line = self.lines[self.cells.index(cell)]
        return DataError(message, source=self.source, line=line, column=self.name)

    def build(
        self, kind: Kind, parsed: dict[str, Any], reason: str, words: tuple[str, str] | None = None
    ) -> Column:
        """Return the column whose cells have the parsed values; all other cells are missing."""
        values: Array
        if kind is Kind.CATEGORY:
            values = np.empty(len(self.cells), object)
            values[:] = [parsed.get(cell) for cell in self.cells]
        elif kind is Kind.DATE:
            values = np.array([parsed.get(cell, "NaT") for cell in self.cells], "datetime64[D]")
        else:
            values = np.array([parsed.get(cell, math.nan) for cell in self.cells], np.float64)
        return Column(self.name, kind, values, reason, words, reason.startswith("asked for"))


def decide_column(column: CellColumn, forced: Kind | None = None) -> Column:
    """Return a column of the kind that its cells show, or of the kind that was asked for.

    Raises:
        DataError: a number is infinite or too large; or nearly all cells are numbers, but not all.
    """
    counts = column.counts()
    if forced is Kind.CATEGORY:
        return _category(column, counts, "asked for as a category")
    if not counts:
        return column.build(Kind.NUMBER, {}, "no values: every cell is missing")
    if forced is Kind.NUMBER:
        return _forced_number(column, counts)
    numbers = {cell: n for cell in counts if (n := parse_number(cell.strip())) is not None}
    if any(has_leading_zeros(cell.strip()) for cell in numbers):
        return _category(column, counts, "codes with leading zeros")
    if len(numbers) == len(counts):
        return _numbers(column, numbers, "all cells are numbers")
    if column.decimal_commas:
        commas = _all_parsed(counts, parse_decimal_comma)
        if commas is not None:
            return _numbers(column, commas, "numbers with decimal commas")
    return (
        _boolean(column, counts)
        or _date(column, counts)
        or _category_unless_numbers(column, counts, numbers)
    )


def _all_parsed(counts: Counter[str], parse: Callable[[str], Any]) -> dict[str, Any] | None:
    parsed: dict[str, Any] = {}
    for cell in counts:
        value = parse(cell.strip())
        if value is None:
            return None
        parsed[cell] = value
    return parsed


def _numbers(column: CellColumn, numbers: dict[str, float], reason: str) -> Column:
    for cell, number in numbers.items():
        if math.isinf(number):
            raise column.error(
                cell,
                f"{cell.strip()!r} is infinite or too large for a number (the largest is "
                "1.8e308); mend it, or name it with `--missing` if it stands for no value",
            )
    return column.build(Kind.NUMBER, numbers, reason)


def _forced_number(column: CellColumn, counts: Counter[str]) -> Column:
    numbers: dict[str, float] = {}
    for cell in counts:
        number = parse_number(cell.strip())
        if number is None and column.decimal_commas:
            number = parse_decimal_comma(cell.strip())
        if number is None:
            raise column.error(
                cell,
                f"{cell.strip()!r} is not a number, and the column was asked to be numbers; mend "
                "it, name it with `--missing` if it stands for no value, or drop `--numbers`",
            )
        numbers[cell] = number
    return _numbers(column, numbers, "asked for as numbers")


def _boolean(column: CellColumn, counts: Counter[str]) -> Column | None:
    folded = {cell: cell.strip().lower() for cell in counts}
    for pair in BOOLEAN_PAIRS:
        if set(folded.values()) == set(pair):
            first: dict[str, str] = {}
            for cell, word in folded.items():
                first.setdefault(word, cell.strip())
            words = (first[pair[0]], first[pair[1]])
            parsed = {cell: float(word == pair[1]) for cell, word in folded.items()}
            return column.build(Kind.BOOLEAN, parsed, f"the words {words[0]} and {words[1]}", words)
    return None


def _date(column: CellColumn, counts: Counter[str]) -> Column | None:
    days = _all_parsed(counts, parse_date)
    if days is None:
        return None
    timed = any(":" in cell for cell in counts)
    return column.build(Kind.DATE, days, "dates; the time of day left out" if timed else "dates")


def _category(column: CellColumn, counts: Counter[str], reason: str) -> Column:
    return column.build(Kind.CATEGORY, {cell: cell.strip() for cell in counts}, reason)


def _category_unless_numbers(
    column: CellColumn, counts: Counter[str], numbers: dict[str, float]
) -> Column:
    """Return a category column, but refuse one that is all numbers except for a few cells."""
    amount = sum(counts[cell] for cell in numbers)
    if amount >= ENOUGH_NUMBERS and amount >= MOSTLY_NUMBERS * counts.total():
        odd = next(cell for cell in counts if cell not in numbers)
        others = counts.total() - amount
        hint = ""
        if parse_number(odd.strip().replace(",", "")) is not None:
            hint = "numbers are written without separators between thousands, as 1234.5; "
        raise column.error(
            odd,
            f"{odd.strip()!r} is not a number, but {amount} of the column's {counts.total()} cells "
            f"are; {hint}mend {'it' if others == 1 else f'these {others} cells'}, or name the text "
            f"with `--missing` if it stands for no value, or make the column categories with "
            f"`--categories {column.name!r}`",
        )
    distinct = len({cell.strip() for cell in counts})
    return _category(
        column, counts, f"text: {distinct} distinct value{'s' if distinct != 1 else ''}"
    )
