"""A column read as the kind that it had in training, whatever kind its own cells suggest.

A test file may be so short that its yes/no column has only a "yes", or its codes no leading zero.
"""

from __future__ import annotations

import math

import numpy as np

from glassnet.data.cells import BOOLEAN_PAIRS, parse_date, parse_number
from glassnet.data.columns import Array, Column, Kind
from glassnet.data.table import Table
from glassnet.errors import DataError
from glassnet.records import dataclass

__all__ = ["Encoded", "as_booleans", "as_dates", "as_numbers", "as_texts", "cell_error"]


@dataclass(frozen=True, eq=False)
class Encoded:
    """Numbers made from a table, and notes on what was decided: unseen categories and such."""

    values: Array
    notes: tuple[str, ...] = ()


def cell_error(table: Table, column: Column, row: int, message: str) -> DataError:
    """Return an error that names file, line and column of one cell."""
    line = int(table.lines[row])
    return DataError(message, source=table.source, line=line, column=column.name)


def present(column: Column) -> list[int]:
    """Return the rows in which the column has a value."""
    return [int(row) for row in np.flatnonzero(~column.missing)]


def as_numbers(table: Table, column: Column) -> Array:
    """Return the column's numbers (float64, shape (rows,)), NaN where missing.

    Raises:
        DataError: a cell is not a finite number.
    """
    if column.kind in (Kind.NUMBER, Kind.BOOLEAN):
        return column.values
    numbers = np.full(len(column.values), math.nan)
    for row in present(column):
        number = parse_number(column.text(row))
        if number is None or math.isinf(number):
            message = f"{column.text(row)!r} is not a number; the column was numbers in training"
            raise cell_error(table, column, row, message)
        numbers[row] = number
    return numbers


def as_texts(column: Column) -> Array:
    """Return the column's cells as text (object, shape (rows,)), None where missing."""
    if column.kind is Kind.CATEGORY:
        return column.values
    texts = np.empty(len(column.values), object)
    for row in present(column):
        texts[row] = column.text(row)
    return texts


def as_booleans(table: Table, column: Column, words: tuple[str, str]) -> Array:
    """Return 0 and 1 for the two words (float64, shape (rows,)), NaN where missing.

    Raises:
        DataError: a cell is neither of the two words, nor 0 or 1.
    """
    known = {words[0].lower(): 0.0, words[1].lower(): 1.0, "0": 0.0, "1": 1.0}
    if words in (("False", "True"), ("false", "true")):  # of a frame, or written in other words
        known |= {word: float(i) for pair in BOOLEAN_PAIRS for i, word in enumerate(pair)}
    answers = np.full(len(column.values), math.nan)
    for row in present(column):
        word = column.text(row)
        if word.lower() not in known:
            message = f"{word!r} is neither {words[0]!r} nor {words[1]!r}, the words in training"
            raise cell_error(table, column, row, message)
        answers[row] = known[word.lower()]
    return answers


def as_dates(table: Table, column: Column) -> Array:
    """Return the column's days (datetime64[D], shape (rows,)), NaT where missing.

    Raises:
        DataError: a cell is not a date.
    """
    if column.kind is Kind.DATE:
        return column.values
    days = np.full(len(column.values), np.datetime64("NaT", "D"))
    for row in present(column):
        day = parse_date(column.text(row))
        if day is None:
            message = f"{column.text(row)!r} is not a date (2024-12-31 or 2024-12)"
            raise cell_error(table, column, row, message)
        days[row] = np.datetime64(day, "D")
    return days
