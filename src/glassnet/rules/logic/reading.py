"""Truth tables from files: CSV with columns of inputs and, last, the output."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

from glassnet.errors import ArgumentError, DataError
from glassnet.rules.logic.table import ALLOWED, MOST_INPUTS, OUTPUTS, TruthTable

__all__ = ["read_table"]

LARGEST = 100_000  # characters: 64 rows of 7 columns are far less


def read_table(path: Path) -> TruthTable:
    """Return the truth table of a CSV file.

    Args:
        path: A file with a line for each row of inputs, in any order: 0s and 1s, the last of them
            the output (- or x where it does not matter). A first line of names is the header.

    Raises:
        DataError: The file cannot be read; a cell is no 0 or 1; a row is missing, or stands there
            twice with different outputs; there are more than 6 inputs.
    """
    source = str(path)
    lines = [(n, cells) for n, cells in enumerate(_cells(path), start=1) if any(cells)]
    if not lines:
        raise DataError("the file is empty", source=source)
    names: tuple[str, ...] = ()
    if any(cell not in OUTPUTS for cell in lines[0][1]):
        names = tuple(lines[0][1][:-1])
        lines = lines[1:]
    if not lines:
        raise DataError("there is a header but no row", source=source)
    width = len(lines[0][1])
    if names and len(names) + 1 != width:
        raise DataError(
            f"{width} cells, but the header has {len(names) + 1}", source=source, line=lines[0][0]
        )
    if not 2 <= width <= MOST_INPUTS + 1:
        raise DataError(
            f"a truth table has 1 to {MOST_INPUTS} columns of inputs and one of outputs; "
            f"here are {width} columns",
            source=source,
            line=lines[0][0],
        )
    outputs = _outputs(lines, width, source)
    try:
        return TruthTable(outputs, names)
    except ArgumentError as error:
        raise DataError(str(error), source=source) from None


def _cells(path: Path) -> list[list[str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read(LARGEST + 1)
    except FileNotFoundError:
        raise DataError(f"there is no file {str(path)!r}") from None
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise DataError("the file is no text in UTF-8", source=str(path)) from None
    if len(text) > LARGEST:
        raise DataError(
            f"the file is far larger than any truth table of {MOST_INPUTS} inputs", source=str(path)
        )
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = next((mark for mark in (",", ";", "\t") if mark in first), " ")
    try:
        rows = csv.reader(text.splitlines(), delimiter=delimiter, skipinitialspace=True)
        return [[cell.strip() for cell in row] for row in rows]
    except csv.Error as error:
        raise DataError(f"the file cannot be read as CSV: {error}", source=str(path)) from None


def _outputs(lines: list[tuple[int, list[str]]], width: int, source: str) -> tuple[int | None, ...]:
    found: dict[tuple[int, ...], tuple[int | None, int]] = {}
    for line, cells in lines:
        if len(cells) != width:
            raise DataError(
                f"{len(cells)} cells, but there are {width} columns", source=source, line=line
            )
        for cell in cells[:-1]:
            if cell not in ("0", "1"):
                raise DataError(f"an input must be 0 or 1; got {cell!r}", source=source, line=line)
        if cells[-1] not in OUTPUTS:
            raise DataError(
                f"the output must be {ALLOWED}; got {cells[-1]!r}", source=source, line=line
            )
        point, output = tuple(int(cell) for cell in cells[:-1]), OUTPUTS[cells[-1]]
        before = found.setdefault(point, (output, line))
        if before[0] != output:
            raise DataError(
                f"the inputs {', '.join(cells[:-1])} have another output in line {before[1]}: "
                "one of the two lines is wrong",
                source=source,
                line=line,
            )
    every = list(itertools.product((0, 1), repeat=width - 1))
    missing = [point for point in every if point not in found]
    if missing:
        raise DataError(
            f"there is no row for the inputs {', '.join(map(str, missing[0]))} ({len(missing)} of "
            f"{len(every)} rows are missing); add it, with - as output if it does not matter",
            source=source,
        )
    return tuple(found[point][0] for point in every)
