"""The columns of a table: a name, a kind, the values, and why that kind was chosen."""

from __future__ import annotations

from dataclasses import replace
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from glassnet.records import dataclass

__all__ = ["Array", "Column", "Kind", "number_text"]

Array = npt.NDArray[Any]


class Kind(StrEnum):
    """What the cells of a column are: numbers, categories, yes/no answers, or dates."""

    NUMBER = "number"
    CATEGORY = "category"
    BOOLEAN = "boolean"
    DATE = "date"


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a table.

    `values` has shape (rows,): for numbers float64 with NaN where missing; for categories an object
    array of `str`, or None where missing; for booleans float64 with 0, 1 or NaN; for dates
    `datetime64[D]` with NaT. `reason` says in a few words why the column is of this kind.
    `words` are the two words of a boolean column, the false one first. `forced` is true where the
    user chose the kind.
    """

    name: str
    kind: Kind
    values: Array
    reason: str
    words: tuple[str, str] | None = None
    forced: bool = False

    def __repr__(self) -> str:
        return f"Column({self.name!r}, {self.kind}, {len(self.values)} rows: {self.reason})"

    @property
    def missing(self) -> Array:
        """Where there is no value (bool, shape (rows,))."""
        if self.kind is Kind.CATEGORY:
            return np.fromiter((v is None for v in self.values), bool, len(self.values))
        return np.isnat(self.values) if self.kind is Kind.DATE else np.isnan(self.values)

    def take(self, rows: Array) -> Column:
        """Return the column with only the given rows, in the order given."""
        return replace(self, values=self.values[rows])

    def text(self, row: int) -> str:
        """Return the value of one row as a person would write it; "" where it is missing."""
        value = self.values[row]
        if self.kind is Kind.CATEGORY:
            return "" if value is None else str(value)
        if self.kind is Kind.DATE:
            return "" if np.isnat(value) else str(value)
        if np.isnan(value):
            return ""
        if self.kind is Kind.BOOLEAN:
            return (self.words or ("false", "true"))[int(value)]
        return number_text(value)


def number_text(value: float) -> str:
    """Return a number as a person would write it: whole numbers without a decimal point.

    >>> number_text(3.0), number_text(0.1)
    ('3', '0.1')
    """
    number = float(value)
    return str(int(number)) if number.is_integer() and abs(number) < 1e15 else repr(number)
