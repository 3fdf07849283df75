"""Choosing how each column is treated, from the rows for training only."""

from __future__ import annotations

import numpy as np

from glassnet.data.columns import Array, Column, Kind
from glassnet.data.converting import cell_error
from glassnet.data.table import Table
from glassnet.data.treatments import (
    BooleanColumn,
    CategoryColumn,
    DateColumn,
    LeftOut,
    NumberColumn,
    Treatment,
    years,
)
from glassnet.errors import DataError
from glassnet.records import dataclass

__all__ = ["Choices", "choose_treatment", "mean_and_deviation"]

ENOUGH_ROWS = 10  # fewer rows do not show that a column is an identifier or counts the rows
NEARLY_ALL = 0.9


@dataclass(frozen=True)
class Choices:
    """What the user chose for all columns."""

    standardize: bool = True
    impute: bool = True
    max_levels: int = 50
    keep_row_numbers: bool = False


def choose_treatment(table: Table, training: Table, index: int, choices: Choices) -> Treatment:
    """Return how a column is treated; statistics come from the rows for training only.

    Args:
        table: all rows; they show whether the column counts the rows.
        training: the rows for training.
        index: the column's place in both tables.
        choices: what the user chose.

    Raises:
        DataError: a value is missing although missing values are not to be filled in, or the
            numbers are too large to standardise.
    """
    column = training.columns[index]
    name = column.name
    counts_rows = len(table.columns) > 1 and _counts_rows(table.columns[index])
    if counts_rows and not choices.keep_row_numbers:
        return LeftOut(name, "a row number: it counts the rows; --numbers keeps it")
    missing = column.missing
    if not choices.impute and missing.any():
        row = int(np.argmax(missing))
        message = "there is no value here; turn `impute` on, or leave out the row or the column"
        raise cell_error(training, column, row, message)
    if missing.all():
        return LeftOut(name, "no values in the training rows")
    flag = bool(missing.any())
    values = column.values[~missing]
    first = column.text(int(np.argmin(missing)))
    if np.all(values == values[0]):
        apart = f" apart from {int(missing.sum())} missing" if flag else ""
        return LeftOut(name, f"constant: {first!r} in all training rows{apart}")
    if column.kind is Kind.NUMBER:
        return _number(training, column, values, flag, choices)
    if column.kind is Kind.BOOLEAN:
        words = column.words or ("false", "true")
        return BooleanColumn(name, words, 0.5 if choices.impute else None, flag)
    if column.kind is Kind.DATE:
        return _date(training, column, values, flag, choices)
    return _category(column, values, flag, choices)


def mean_and_deviation(values: Array, table: Table, name: str) -> tuple[float, float]:
    """Return the mean and the population standard deviation; a deviation of 0 becomes 1.

    Raises:
        DataError: the numbers are so large that their squares overflow.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        mean, deviation = float(np.mean(values)), float(np.std(values))
    if not (np.isfinite(mean) and np.isfinite(deviation)):
        largest = float(np.abs(values).max())
        message = f"the numbers are too large to standardise (up to {largest:.3g}); rescale them"
        raise DataError(message, source=table.source, column=name)
    tiny = deviation < np.finfo(np.float64).tiny
    return mean, 1.0 if tiny else deviation


def _counts_rows(column: Column) -> bool:
    values = column.values
    if column.kind is not Kind.NUMBER or column.forced or len(values) < ENOUGH_ROWS:
        return False
    return values[0] in (0.0, 1.0) and bool(np.all(np.diff(values) == 1.0))


def _number(
    table: Table, column: Column, values: Array, flag: bool, choices: Choices
) -> NumberColumn:
    fill = float(np.median(values)) if choices.impute else None
    filled = column.values if fill is None else np.where(column.missing, fill, column.values)
    mean, deviation = 0.0, 1.0
    if choices.standardize:
        mean, deviation = mean_and_deviation(filled, table, column.name)
    return NumberColumn(column.name, fill, flag, mean, deviation)


def _date(table: Table, column: Column, values: Array, flag: bool, choices: Choices) -> DateColumn:
    numbers = years(values)
    fill = float(np.median(numbers)) if choices.impute else None
    filled = np.where(column.missing, numbers[0] if fill is None else fill, years(column.values))
    mean, deviation = 0.0, 1.0
    if choices.standardize:
        mean, deviation = mean_and_deviation(filled, table, column.name)
    months = np.unique(values.astype("datetime64[M]").astype(np.int64) % 12 + 1)
    spans = numbers.max() - numbers.min() > 1.0 and len(months) > 1
    chosen = tuple(int(month) for month in months) if spans else ()
    return DateColumn(column.name, fill, flag, mean, deviation, chosen)


def _category(column: Column, values: Array, flag: bool, choices: Choices) -> Treatment:
    found, counts = np.unique(values.astype(str), return_counts=True)
    levels: list[str] = found.tolist()
    distinct = len(levels)
    if not column.forced and distinct >= max(ENOUGH_ROWS, NEARLY_ALL * len(values)):
        return LeftOut(
            column.name,
            f"nearly every row is different ({distinct} values in {len(values)} rows): "
            "an identifier or free text; `categories` keeps it",
        )
    other = distinct > choices.max_levels
    if other:
        most = np.argsort(-counts, kind="stable")[: choices.max_levels]
        levels = [levels[i] for i in sorted(most.tolist())]
    return CategoryColumn(column.name, tuple(levels), other, flag, choices.impute)
