"""Tables from what is in memory: pandas and polars frames (through narwhals) and NumPy arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.data.cells import DEFAULT_MISSING
from glassnet.data.columns import Array, Column, Kind
from glassnet.data.kinds import CellColumn, decide_column
from glassnet.data.table import Table, list_names
from glassnet.errors import ArgumentError, DataError, ShapeError, nearest

if TYPE_CHECKING:
    import narwhals as nw

__all__ = ["from_arrays", "from_frame", "is_frame"]


def is_frame(x: object) -> bool:
    """Return whether x is a data frame that `from_frame` takes.

    >>> is_frame([[1.0, 2.0]])
    False
    """
    if not hasattr(x, "columns") or isinstance(x, np.ndarray | Table):
        return False
    import narwhals as nw

    dependencies: Any = nw.dependencies
    return bool(dependencies.is_into_dataframe(x))


def from_frame(
    frame: Any,
    *,
    numbers: Sequence[str] = (),
    categories: Sequence[str] = (),
    ignore: Sequence[str] = (),
    source: str = "data frame",
) -> Table:
    """Return a table with the columns of a pandas or polars frame; the index is left out.

    Numbers, booleans, dates and categoricals keep their kinds; text and object columns are looked
    at as the cells of a file are. `numbers`, `categories` and `ignore` name columns, as in
    `read_table`.

    Raises:
        DataError: not a data frame; no rows; a column of a type that has no meaning here.

    >>> import pandas
    >>> from_frame(pandas.DataFrame({"weight": [4.5, 30.0], "animal": ["cat", "dog"]})).columns
    (Column('weight', number, 2 rows: Float64 numbers),
     Column('animal', category, 2 rows: text: 2 distinct values))
    """
    import narwhals as nw

    try:
        narwhal: nw.DataFrame[Any] = nw.from_native(frame, eager_only=True)
    except (TypeError, nw.exceptions.NarwhalsError) as error:
        raise DataError(
            f"not a data frame of pandas or polars in memory, but {type(frame).__name__} ({error})"
        ) from None
    names = [str(name) for name in narwhal.columns]
    if len(narwhal) == 0 or not names:
        raise DataError(f"the frame is empty: {len(narwhal)} rows, {len(names)} columns")
    forced = _forced(names, numbers, categories, ignore)
    columns = tuple(
        _from_series(narwhal.get_column(original), name, forced.get(name), source)
        for original, name in zip(narwhal.columns, names, strict=True)
        if name not in ignore
    )
    if not columns:
        raise DataError("every column is ignored; leave at least one", source=source)
    lines = np.arange(1, len(narwhal) + 1)
    return Table(columns, source, lines, header=tuple(names))


def _forced(
    names: list[str], numbers: Sequence[str], categories: Sequence[str], ignore: Sequence[str]
) -> dict[str, Kind]:
    for wish in (*numbers, *categories, *ignore):
        if wish not in names:
            hint = nearest(wish, names)
            raise DataError(f"no column {wish!r}{hint}; the columns are {list_names(names)}")
    both = sorted(set(numbers) & set(categories))
    if both:
        raise ArgumentError(f"column {both[0]!r} is named in both `numbers` and `categories`")
    return dict.fromkeys(numbers, Kind.NUMBER) | dict.fromkeys(categories, Kind.CATEGORY)


def _from_series(series: nw.Series[Any], name: str, forced: Kind | None, source: str) -> Column:
    import narwhals as nw

    dtype = series.dtype
    if forced is None:
        if dtype.is_numeric():
            return _numbers(series, name, source)
        if isinstance(dtype, nw.Boolean):
            cells = [math.nan if _is_missing(v) else float(v) for v in series.to_list()]
            values = np.array(cells, np.float64)
            return Column(name, Kind.BOOLEAN, values, "Boolean values", ("False", "True"))
        if isinstance(dtype, nw.Date | nw.Datetime):
            days = [_day(value) for value in series.to_list()]
            return Column(name, Kind.DATE, np.array(days, "datetime64[D]"), f"{dtype} values")
    if isinstance(dtype, nw.List | nw.Struct | nw.Array | nw.Duration | nw.Time | nw.Binary):
        raise DataError(
            f"values of type {dtype} cannot be inputs; turn them into numbers, text or dates, or "
            "leave the column out with `ignore`",
            source=source,
            column=name,
        )
    if isinstance(dtype, nw.Categorical | nw.Enum):
        forced = forced or Kind.CATEGORY
    cells = ["" if _is_missing(value) else _text(value) for value in series.to_list()]
    lines = range(1, len(cells) + 1)
    column = CellColumn(name, cells, lines, source, DEFAULT_MISSING)
    return decide_column(column, forced)


def _numbers(series: nw.Series[Any], name: str, source: str) -> Column:
    values = np.array(
        [math.nan if _is_missing(v) else float(v) for v in series.to_list()], np.float64
    )
    return _finite(Column(name, Kind.NUMBER, values, f"{series.dtype} numbers"), source)


def _finite(column: Column, source: str) -> Column:
    infinite = np.flatnonzero(np.isinf(column.values))
    if len(infinite):
        row = int(infinite[0])
        raise DataError(
            f"{column.values[row]} is not a finite number; replace it, by NaN if it is missing",
            source=source,
            line=row + 1,
            column=column.name,
        )
    return column


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return bool(value != value)  # of all values only NaN is unlike itself


def _text(value: Any) -> str:
    return str(value).strip()


def _day(value: Any) -> str:
    return "NaT" if _is_missing(value) else str(value)[:10]


def from_arrays(X: Any, names: Sequence[str] | None = None, *, source: str = "array") -> Table:
    """Return a table of numbers from an array of shape (n, columns); NaN stands for missing.

    Raises:
        ArgumentError: there are not as many names as columns, or two are alike.
        DataError: the array holds something else than finite numbers and NaN, or nothing.
        ShapeError: the array is not two-dimensional.

    >>> from_arrays([[1.0, 2.0], [3.0, 4.0]], ["x", "y"]).names
    ('x', 'y')
    """
    try:
        array: Array = np.asarray(X)
        numbers = array.astype(np.float64) if array.dtype.kind != "c" else None
    except (TypeError, ValueError) as error:
        raise DataError(f"the array does not hold numbers ({error})", source=source) from None
    if numbers is None or array.dtype.kind in "SUMm":
        raise DataError(f"the array holds {array.dtype}, where numbers are needed", source=source)
    if numbers.ndim != 2:
        raise ShapeError(f"X must have shape (n, columns); got {numbers.shape}")
    if 0 in numbers.shape:
        raise DataError(f"the array is empty: its shape is {numbers.shape}", source=source)
    count = numbers.shape[1]
    chosen = [str(i + 1) for i in range(count)] if names is None else [str(name) for name in names]
    if len(chosen) != count or len(set(chosen)) != count:
        raise ArgumentError(f"names must be {count} different names; got {chosen!r}")
    columns = tuple(
        _finite(Column(name, Kind.NUMBER, numbers[:, i].copy(), f"{array.dtype} numbers"), source)
        for i, name in enumerate(chosen)
    )
    return Table(columns, source, np.arange(1, len(numbers) + 1))
