"""How one column of a table becomes features: one small class for each way of treating a column.

Each has `names`, the features that it makes; `apply`, which makes them, as an array of shape
(rows, features), and counts what it met for the first time; and `details`, its line in a summary.
"""
# ruff: noqa: D102  (the three methods are described above, once for all classes)

from __future__ import annotations

import math

import numpy as np

from glassnet.data.cells import parse_number
from glassnet.data.columns import Array, Column, Kind, number_text
from glassnet.data.converting import (
    Encoded,
    as_booleans,
    as_dates,
    as_numbers,
    as_texts,
    cell_error,
)
from glassnet.data.table import Table
from glassnet.records import dataclass

__all__ = [
    "BooleanColumn",
    "CategoryColumn",
    "DateColumn",
    "LeftOut",
    "NumberColumn",
    "Treatment",
    "years",
]

MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
OTHER = "(other)"


@dataclass(frozen=True)
class NumberColumn:
    """A number x: missing → `fill`, then (x − `mean`) / `deviation`; maybe a feature "is missing".

    `fill` is None where missing values are errors; `mean` 0 and `deviation` 1 leave x as it is.
    """

    column: str
    fill: float | None
    flag: bool
    mean: float
    deviation: float

    @property
    def names(self) -> tuple[str, ...]:
        return (self.column, *_flag_name(self.column, self.flag))

    @property
    def details(self) -> tuple[str, str]:
        parts = [_standardised(self.mean, self.deviation)]
        return "number", "; ".join(parts + _filled("median", self.fill, self.flag))

    def apply(self, table: Table, column: Column) -> Encoded:
        numbers = as_numbers(table, column)
        missing = _missing(table, column, np.isnan(numbers), self.fill)
        filled = np.where(missing, 0.0 if self.fill is None else self.fill, numbers)
        scaled = (filled - self.mean) / self.deviation
        notes = _filled_notes(self.column, missing, self.flag, "the training median")
        return Encoded(_stack(scaled, missing, self.flag), notes)


@dataclass(frozen=True)
class BooleanColumn:
    """A yes/no answer: 0 or 1, and ½ where it is missing; maybe a feature "is missing"."""

    column: str
    words: tuple[str, str]
    fill: float | None
    flag: bool

    @property
    def names(self) -> tuple[str, ...]:
        return (self.column, *_flag_name(self.column, self.flag))

    @property
    def details(self) -> tuple[str, str]:
        parts = [f"{self.words[0]} → 0, {self.words[1]} → 1"]
        return "boolean", "; ".join(parts + _filled("the middle", self.fill, self.flag))

    def apply(self, table: Table, column: Column) -> Encoded:
        answers = as_booleans(table, column, self.words)
        missing = _missing(table, column, np.isnan(answers), self.fill)
        filled = np.where(missing, 0.0 if self.fill is None else self.fill, answers)
        notes = _filled_notes(self.column, missing, self.flag, "the middle")
        return Encoded(_stack(filled, missing, self.flag), notes)


@dataclass(frozen=True)
class CategoryColumn:
    """A category, one-hot: a feature for each level, maybe for "(other)" and for "is missing".

    A level not met in training is "(other)" where there is that feature, else 0 in all of them.
    """

    column: str
    levels: tuple[str, ...]
    other: bool
    flag: bool
    impute: bool

    @property
    def names(self) -> tuple[str, ...]:
        shown = (*self.levels, OTHER) if self.other else self.levels
        levels = tuple(f"{self.column} = {level}" for level in shown)
        return (*levels, *_flag_name(self.column, self.flag))

    @property
    def details(self) -> tuple[str, str]:
        parts = [f"one-hot: {len(self.levels)} levels"]
        parts += ["rarer ones → (other)"] * self.other
        parts += ["missing → a level of its own"] * self.flag
        return "category", "; ".join(parts)

    def apply(self, table: Table, column: Column) -> Encoded:
        texts = as_texts(column)
        missing = _missing(table, column, column.missing, 0.0 if self.impute else None)
        place: dict[str | None, int] = {level: i for i, level in enumerate(self.levels)}
        if column.kind is Kind.NUMBER:  # 1.50 is the level "1.5" as well as "1.50"
            numbers = {
                parse_number(level): i for i, level in reversed(list(enumerate(self.levels)))
            }
            texts_as_numbers = {text: numbers.get(parse_number(text)) for text in texts if text}
            place = {t: i for t, i in texts_as_numbers.items() if i is not None} | place
        unseen = len(self.levels) if self.other else -1
        index = np.array([place.get(text, unseen) for text in texts], np.int64)
        index[missing] = len(self.names) - 1 if self.flag else -1
        features = (index[:, None] == np.arange(len(self.names))).astype(np.float64)
        new = [str(text) for text in texts if text is not None and text not in place]
        return Encoded(features, () if self.other else self._note(new))

    def _note(self, new: list[str]) -> tuple[str, ...]:
        if not new:
            return ()
        shown = ", ".join(repr(text) for text in sorted(set(new))[:5])
        rows = f"{len(new)} row{'s have a value' if len(new) != 1 else ' has a value'}"
        return (f"column {self.column!r}: {rows} not met in training, taken as no level: {shown}",)


@dataclass(frozen=True)
class DateColumn:
    """A date: the year (with its fraction) as a number; maybe the month, one-hot, and "is missing".

    `months` are the months met in training (1 … 12), or none where they are not used.
    """

    column: str
    fill: float | None
    flag: bool
    mean: float
    deviation: float
    months: tuple[int, ...]

    @property
    def names(self) -> tuple[str, ...]:
        months = tuple(f"{self.column}: {MONTHS[month - 1]}" for month in self.months)
        return (f"{self.column}: year", *months, *_flag_name(self.column, self.flag))

    @property
    def details(self) -> tuple[str, str]:
        parts = [f"year {_standardised(self.mean, self.deviation)}"]
        parts += [f"month one-hot: {len(self.months)}"] * bool(self.months)
        return "date", "; ".join(parts + _filled("median", self.fill, self.flag))

    def apply(self, table: Table, column: Column) -> Encoded:
        days = as_dates(table, column)
        missing = _missing(table, column, np.isnat(days), self.fill)
        filled = np.where(missing, 0.0 if self.fill is None else self.fill, years(days))
        scaled = (filled - self.mean) / self.deviation
        month = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
        month[missing] = 0
        one_hot = month[:, None] == np.array(self.months, np.int64)
        parts = np.column_stack([scaled, one_hot.astype(np.float64)])
        notes = _filled_notes(self.column, missing, self.flag, "the training median")
        return Encoded(_stack(parts, missing, self.flag), notes)


@dataclass(frozen=True)
class LeftOut:
    """A column that makes no features, and why."""

    column: str
    reason: str

    @property
    def names(self) -> tuple[str, ...]:
        return ()

    @property
    def details(self) -> tuple[str, str]:
        return "left out", self.reason

    def apply(self, table: Table, column: Column) -> Encoded:
        del column
        return Encoded(np.empty((table.rows, 0)))


Treatment = NumberColumn | BooleanColumn | CategoryColumn | DateColumn | LeftOut


def years(days: Array) -> Array:
    """Return days as years with a fraction (float64, NaN for NaT): 1 July 2001 is about 2001.5.

    >>> years(np.array(["2001-01-01", "2001-07-02"], "datetime64[D]")).round(2)
    array([2001. , 2001.5])
    """
    year = days.astype("datetime64[Y]")
    following = year + np.timedelta64(1, "Y")
    start, end = year.astype("datetime64[D]"), following.astype("datetime64[D]")
    present = ~np.isnat(days)
    result = np.full(len(days), math.nan)
    passed = (days - start)[present] / (end - start)[present]
    result[present] = year[present].astype(np.int64) + 1970 + passed
    return result


def _flag_name(column: str, flag: bool) -> tuple[str, ...]:
    return (f"{column} is missing",) if flag else ()


def _stack(features: Array, missing: Array, flag: bool) -> Array:
    parts = [features, missing.astype(np.float64)] if flag else [features]
    return np.column_stack(parts)


def _missing(table: Table, column: Column, missing: Array, fill: float | None) -> Array:
    if fill is None and missing.any():
        row = int(np.argmax(missing))
        message = "there is no value here, and missing values are not filled in (impute is off)"
        raise cell_error(table, column, row, f"{message}; fill them in, or leave the row out")
    return missing


def _filled_notes(column: str, missing: Array, flag: bool, value: str) -> tuple[str, ...]:
    """Say what became of missing values where training had none, so that no feature shows them."""
    count = int(missing.sum())
    if flag or not count:
        return ()
    values = "value is" if count == 1 else "values are"
    return (
        f"column {column!r}: {count} {values} missing, which training never met: {value} is taken",
    )


def _standardised(mean: float, deviation: float) -> str:
    if mean == 0.0 and deviation == 1.0:
        return "as it is"
    return f"standardised: mean {mean:.6g}, standard deviation {deviation:.6g}"


def _filled(name: str, fill: float | None, flag: bool) -> list[str]:
    if fill is None:
        return []
    text = f"missing → {name} {number_text(float(f'{fill:.6g}'))}"
    return [text + ", with a feature “is missing”"] if flag else []
