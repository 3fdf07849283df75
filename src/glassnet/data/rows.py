"""Text to rows of cells: delimiters, quotes, blank lines, and rows of the wrong length."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from typing import Protocol

from glassnet.errors import ArgumentError, DataError
from glassnet.records import dataclass

__all__ = ["Rows", "split_rows"]

# In order of preference where several fit every line: a file with ";" may have decimal commas.
DELIMITERS = ("\t", ";", "|", ",")
DELIMITER_NAMES = {"\t": "tab", ",": "','", ";": "';'", "|": "'|'"}
SAMPLE_ROWS = 100


@dataclass(frozen=True)
class Rows:
    """The cells of a file: all `cells[i]` are of equal length; line `lines[i]` has them."""

    cells: list[list[str]]
    lines: list[int]
    delimiter: str
    notes: tuple[str, ...]


class _Reader(Protocol):
    """What `csv.reader` returns."""

    @property
    def line_num(self) -> int: ...
    def __iter__(self) -> Iterator[list[str]]: ...


def split_rows(text: str, source: str, delimiter: str | None = None) -> Rows:
    """Split text into rows of cells; the delimiter is found out where it is not given.

    Raises:
        ArgumentError: the delimiter is not one character.
        DataError: no rows; a quote that does not end; rows of different lengths.
    """
    given = _checked(delimiter) if delimiter is not None else None
    chosen = given or _detect(text)
    notes: list[str] = []
    try:
        cells, lines, blank = _parse(text, source, chosen, quoting=True)
    except DataError:
        if chosen != "\t":  # files with tabs are often written without any quoting
            raise
        cells, lines, blank = _parse(text, source, chosen, quoting=False)
        notes.append("quotation marks are read as text, since they do not pair up")
    if given is None and chosen != ",":
        notes.insert(0, f"delimiter {DELIMITER_NAMES[chosen]}")
    if blank:
        notes.append(f"{blank} blank line{'s' if blank > 1 else ''} skipped")
    if not cells:
        raise DataError("the file is empty: it has no rows", source=source)
    _check_lengths(cells, lines, source, chosen)
    return Rows(cells, lines, chosen, tuple(notes))


def _checked(delimiter: str) -> str:
    named = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "space": " "}
    character = named.get(delimiter.lower(), delimiter)
    if len(character) != 1 or character in '"\r\n\0':
        raise ArgumentError(
            f"delimiter must be one character, such as ',' or ';' or 'tab'; got {delimiter!r}"
        )
    return character


def _reader(text: str, delimiter: str, *, quoting: bool, strict: bool) -> _Reader:
    return csv.reader(
        io.StringIO(text, newline=""),
        delimiter=delimiter,
        skipinitialspace=delimiter != " ",
        quoting=csv.QUOTE_MINIMAL if quoting else csv.QUOTE_NONE,
        strict=strict,
    )


def _detect(text: str) -> str:
    """Return the delimiter that splits the first rows most evenly; "," where none splits any."""
    best, best_score = ",", (0.0, 0)
    for delimiter in DELIMITERS:
        reader = _reader(text, delimiter, quoting=True, strict=False)
        try:
            counts = Counter(len(row) for row in islice(reader, SAMPLE_ROWS) if not _is_blank(row))
        except csv.Error:
            continue
        split = {length: rows for length, rows in counts.items() if length > 1}
        if not split:
            continue
        length, rows = max(split.items(), key=lambda pair: (pair[1], pair[0]))
        share = rows / counts.total()
        score = (share, 0 if share == 1.0 else length)
        if score > best_score:
            best, best_score = delimiter, score
    return best


def _is_blank(row: list[str]) -> bool:
    return not row or (len(row) == 1 and not row[0].strip())


def _parse(
    text: str, source: str, delimiter: str, *, quoting: bool
) -> tuple[list[list[str]], list[int], int]:
    reader = _reader(text, delimiter, quoting=quoting, strict=True)
    cells: list[list[str]] = []
    lines: list[int] = []
    blank = 0
    line = 1
    try:
        for row in reader:
            if _is_blank(row):
                blank += 1
            else:
                cells.append(row)
                lines.append(line)
            line = reader.line_num + 1
    except csv.Error as error:
        raise _broken(error, source, line, delimiter) from None
    return cells, lines, blank


def _broken(error: csv.Error, source: str, line: int, delimiter: str) -> DataError:
    text = str(error)
    if "end of data" in text or "field larger" in text:
        message = "a quotation mark opens a cell here and is never closed; close it, or double it"
    elif "expected after" in text:
        message = (
            "a quoted cell goes on after its closing quotation mark; write quotation marks inside "
            f'a cell twice ("") or check the delimiter, which is taken to be {delimiter!r}'
        )
    else:
        message = f"the line cannot be split into cells ({text})"
    return DataError(message, source=source, line=line)


def _check_lengths(cells: list[list[str]], lines: list[int], source: str, delimiter: str) -> None:
    counts = Counter(map(len, cells))
    if len(counts) == 1:
        return
    expected, share = counts.most_common(1)[0]
    for row, line in zip(cells, lines, strict=True):
        if len(row) != expected:
            most = "most" if share * 2 > len(cells) else "other"
            raise DataError(
                f"{len(row)} cell{'s' if len(row) != 1 else ''} found where {expected} are "
                f"expected, as on {most} lines (delimiter {DELIMITER_NAMES.get(delimiter)}); "
                "mend the line, quote cells that contain the delimiter, or set `--delimiter`",
                source=source,
                line=line,
            )
