"""What was measured after each epoch, as a table."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping
from typing import Any

from glassnet.files import write_file

__all__ = ["History"]


class History:
    """A table with a row for each epoch; `history["loss"]` is a column.

    Columns: `epoch` (from 1), `loss` (mean over the epoch, while learning), `accuracy` for classes,
    `validation_loss` and `validation_accuracy` (after the epoch) where there is a validation part,
    `learning_rate` (at the epoch's last step), `seconds` (since the start).
    """

    def __init__(self) -> None:
        self._rows: list[dict[str, float]] = []

    def append(self, row: Mapping[str, float]) -> None:
        """Add the measures of one epoch."""
        self._rows.append(dict(row))

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self._rows[0]) if self._rows else ()

    def __getitem__(self, column: str) -> list[float]:
        if self._rows and column not in self._rows[0]:
            raise KeyError(f"no column {column!r}; the columns are {', '.join(self.columns)}")
        return [row[column] for row in self._rows]

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, float]]:
        return iter(self._rows)

    def last(self) -> dict[str, float]:
        """Return the newest row; empty before the first epoch's end."""
        return dict(self._rows[-1]) if self._rows else {}

    def to_dict(self) -> dict[str, list[float]]:
        """Return the columns by name: `pandas.DataFrame(history.to_dict())` makes a frame."""
        return {column: self[column] for column in self.columns}

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Write the table to a CSV file."""
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        write_file(path, text.getvalue())

    def _shown(self) -> list[int]:
        """Return the numbers of the rows that are shown: all of a few, else the ends."""
        n = len(self._rows)
        return list(range(n)) if n <= 12 else [*range(6), *range(n - 6, n)]

    def _cells(self) -> list[list[str]]:
        return [[_number(self._rows[row][name]) for name in self.columns] for row in self._shown()]

    def __repr__(self) -> str:
        if not self._rows:
            return "(no epoch yet)"
        table = [[name.replace("_", " ") for name in self.columns], *self._cells()]
        widths = [max(len(row[i]) for row in table) for i in range(len(self.columns))]
        lines = [
            "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            for row in table
        ]
        if len(self._rows) > 12:
            lines.insert(7, "…".rjust(widths[0]))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        return self.to_html()

    def to_html(self) -> str:
        """Return the table as HTML."""
        from glassnet.notebook import html_table

        rows = self._cells()
        if len(self._rows) > 12:
            rows.insert(6, ["…"] * len(self.columns))
        return html_table([name.replace("_", " ") for name in self.columns], rows)


def _number(value: Any) -> str:
    return str(int(value)) if value == int(value) and abs(value) < 1e9 else f"{value:.4g}"
