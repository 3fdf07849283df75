"""Reading tables from text files: CSV and its relatives, compressed or not."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypedDict

import numpy as np

from glassnet.data.cells import DEFAULT_MISSING, sort_of
from glassnet.data.columns import Column, Kind
from glassnet.data.files import read_bytes, read_text
from glassnet.data.kinds import CellColumn, decide_column
from glassnet.data.rows import Rows, split_rows
from glassnet.data.table import Table, list_names
from glassnet.errors import ArgumentError, DataError, nearest

__all__ = ["ReadOptions", "read_table"]


class ReadOptions(TypedDict, total=False):
    """The options of `read_table`, for those that pass them on."""

    header: bool | None
    delimiter: str | None
    encoding: str
    missing: Iterable[str] | None
    numbers: Sequence[str | int]
    categories: Sequence[str | int]
    ignore: Sequence[str | int]
    minimum_rows: int


def read_table(
    path: str | os.PathLike[str],
    *,
    header: bool | None = None,
    delimiter: str | None = None,
    encoding: str = "utf-8",
    missing: Iterable[str] | None = None,
    numbers: Sequence[str | int] = (),
    categories: Sequence[str | int] = (),
    ignore: Sequence[str | int] = (),
    minimum_rows: int = 2,
) -> Table:
    r"""Read a table from a text file, which may be compressed with gzip.

    Args:
        path: the file.
        header: whether the first row has the columns' names; found out where None.
        delimiter: the character between cells; found out among `,` `;` tab `|` where None.
        encoding: of the text; byte-order marks go before it.
        missing: the cells that stand for no value, the empty cell always among them; where None:
            empty, `?`, `NA`, `N/A`, `NaN`, `nan`, `null`, `NULL`.
        numbers: names or numbers (from 1) of columns that are to be numbers.
        categories: names or numbers of columns that are to be categories.
        ignore: names or numbers of columns to leave out.
        minimum_rows: how many rows of data there must be at least.

    Raises:
        ArgumentError: an option has a value that is not allowed.
        DataError: the file cannot be read, or is not a table; with file, line and column.

    >>> import tempfile, pathlib
    >>> path = pathlib.Path(tempfile.mkdtemp(), "pets.csv")
    >>> _ = path.write_text("weight,animal\n4.5,cat\n30,dog\n?,cat\n")
    >>> read_table(path).columns
    (Column('weight', number, 3 rows: all cells are numbers),
     Column('animal', category, 3 rows: text: 2 distinct values))
    """
    place = Path(path)
    if delimiter is None and place.name.lower().endswith((".tsv", ".tsv.gz", ".tab")):
        delimiter = "tab"
    source, raw = place.name, read_bytes(place)
    markers = _markers(missing)
    text, notes = read_text(raw, source, encoding)
    rows = split_rows(text, source, delimiter)
    by_column = list(zip(*rows.cells, strict=True))
    has_header = _has_header(by_column, markers) if header is None else header
    names = _names(rows, source) if has_header else [str(i + 1) for i in range(len(by_column))]
    lines = rows.lines[1:] if has_header else rows.lines
    _check_amount(len(lines), source, has_header, minimum_rows)
    forced, ignored = _wishes(names, source, numbers, categories, ignore)
    columns = tuple(
        decide_column(
            CellColumn(
                name,
                cells[1:] if has_header else cells,
                lines,
                source,
                markers,
                decimal_commas=rows.delimiter == ";",
            ),
            forced.get(name),
        )
        for name, cells in zip(names, by_column, strict=True)
        if name not in ignored
    )
    if not columns:
        raise DataError("every column is ignored; leave at least one", source=source)
    notes += rows.notes
    if not has_header:
        notes += ("no header line: columns are numbered",)
    notes += _column_notes(columns, names, ignored)
    return Table(columns, source, np.array(lines, np.int64), notes, tuple(names))


def _markers(missing: Iterable[str] | None) -> frozenset[str]:
    if missing is None:
        return DEFAULT_MISSING
    words = [missing] if isinstance(missing, str) else list(missing)
    return frozenset(("", *(word.strip() for word in words)))


def _has_header(columns: Sequence[Sequence[str]], markers: frozenset[str]) -> bool:
    """Return whether the first cells are names: unlike the cells below them, or never met again."""
    for_header = against = False
    for first, *others in columns:
        sorts = {sort_of(c.strip()) for c in set(others) if c.strip() not in markers}
        sort = sort_of(first.strip())
        if len(sorts) == 1 and "text" not in sorts and first.strip() not in markers:
            for_header = for_header or sort not in sorts
            against = against or sort in sorts
        elif not sorts:
            against = against or sort != "text"
    if for_header or against:
        return for_header
    names = [first.strip() for first, *_ in columns]
    distinct = all(names) and len(set(names)) == len(names)
    return distinct and not any(first in others for first, *others in columns)


def _names(rows: Rows, source: str) -> list[str]:
    names = [cell.strip() or str(i + 1) for i, cell in enumerate(rows.cells[0])]
    for i, name in enumerate(names):
        first = names.index(name)
        if first != i:
            raise DataError(
                f"the header names columns {first + 1} and {i + 1} both {name!r}; rename one, or "
                "if the first line is data, set `header=False` (`--no-header`)",
                source=source,
                line=rows.lines[0],
            )
    return names


def _check_amount(count: int, source: str, has_header: bool, minimum: int) -> None:
    if count == 0 and has_header:
        raise DataError(
            "there is a header line, but no rows of data below it; add rows, or if the first line "
            "is data, set `header=False` (`--no-header`)",
            source=source,
        )
    if count < minimum:
        rows = "only one row" if count == 1 else f"only {count} rows"
        raise DataError(f"{rows} of data; at least {minimum} are needed", source=source)


def _wishes(
    names: list[str],
    source: str,
    numbers: Sequence[str | int],
    categories: Sequence[str | int],
    ignore: Sequence[str | int],
) -> tuple[dict[str, Kind], frozenset[str]]:
    """Return the kinds asked for by column name, and the names to leave out."""
    forced: dict[str, Kind] = {}
    ignored = frozenset(_resolve(names, source, wish, "ignore") for wish in _listed(ignore))
    for option, kind, wishes in (
        ("numbers", Kind.NUMBER, numbers),
        ("categories", Kind.CATEGORY, categories),
    ):
        for wish in _listed(wishes):
            name = _resolve(names, source, wish, option)
            if forced.setdefault(name, kind) is not kind:
                raise ArgumentError(
                    f"column {name!r} is named in both `numbers` and `categories`; choose one"
                )
    return forced, ignored


def _listed(wishes: Sequence[str | int] | str | int) -> Sequence[str | int]:
    return [wishes] if isinstance(wishes, str | int) else wishes


def _resolve(names: list[str], source: str, wish: str | int, option: str) -> str:
    text = str(wish).strip()
    if isinstance(wish, str) and text in names:
        return text
    if text.isdecimal() and 1 <= int(text) <= len(names):
        return names[int(text) - 1]
    raise DataError(
        f"`{option}` names a column {wish!r}, which is not there{nearest(text, names)}; "
        f"the columns are {list_names(names)}, or their numbers 1 to {len(names)}",
        source=source,
    )


def _column_notes(
    columns: tuple[Column, ...], names: list[str], ignored: frozenset[str]
) -> tuple[str, ...]:
    notes: list[str] = []
    commas = [c.name for c in columns if c.reason == "numbers with decimal commas"]
    if commas:
        notes.append(f"decimal commas in {list_names(commas)}")
    timed = [c.name for c in columns if c.reason.endswith("time of day left out")]
    if timed:
        notes.append(f"the time of day is left out of {list_names(timed)}")
    if ignored:
        notes.append(f"ignored: {list_names([name for name in names if name in ignored])}")
    return tuple(notes)
