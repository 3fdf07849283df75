"""Tables: named columns of equal length, with the line of the file that each row came from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from glassnet.data.columns import Array, Column
from glassnet.errors import DataError, nearest
from glassnet.records import dataclass

__all__ = ["Table", "list_names"]

SHOWN_ROWS = 5


@dataclass(frozen=True, eq=False)
class Table:
    """A table of data, as read from a file or taken from a data frame.

    `source` is the file's name as shown to people. `lines` (int64, shape (rows,)) are the numbers
    of the lines that the rows came from; 1 … n for data frames. `notes` say what was decided while
    reading. `header` has the names of all columns of the file, those that were ignored included.
    """

    columns: tuple[Column, ...]
    source: str
    lines: Array
    notes: tuple[str, ...] = ()
    header: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.header:
            object.__setattr__(self, "header", self.names)

    def __repr__(self) -> str:
        return f"Table({self.source}: {self.rows} rows × {len(self.columns)} columns)"

    def __len__(self) -> int:
        return self.rows

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.lines)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def numbered(self) -> bool:
        """Whether the columns have no names of their own: the file has no header line."""
        return self.header == tuple(str(i + 1) for i in range(len(self.header)))

    def column(self, name: str | int) -> Column:
        """Return the column of that name, or else of that number (from 1, as in the file).

        Raises:
            DataError: there is no such column; the nearest name is suggested.
        """
        return self.columns[self.names.index(self.find_name(name))]

    def find_name(self, name: str | int) -> str:
        """Return the name of the column with that name, or else of that number in the file."""
        if isinstance(name, str) and name in self.names:
            return name
        text = str(name).strip()
        if text.isdecimal() and 1 <= int(text) <= len(self.header):
            found = self.header[int(text) - 1]
            if found in self.names:
                return found
            raise DataError(f"column {found!r} was left out with `ignore`", source=self.source)
        hint = nearest(text, self.names)
        raise DataError(
            f"there is no column {name!r}{hint}; the columns are {list_names(self.names)}",
            source=self.source,
        )

    def take(self, rows: Array) -> Table:
        """Return the table with only the given rows (int64 or bool, 1-D), in the order given."""
        index = np.asarray(rows)
        columns = tuple(column.take(index) for column in self.columns)
        return replace(self, columns=columns, lines=self.lines[index])

    def _repr_html_(self) -> str:
        """Return the first rows as HTML, for notebooks."""
        from glassnet.notebook import escape

        head = "".join(
            f"<th>{escape(c.name)}<br><small>{c.kind}</small></th>" for c in self.columns
        )
        body = "".join(
            f"<tr><td><small>{self.lines[i]}</small></td>"
            + "".join(f"<td>{escape(c.text(i))}</td>" for c in self.columns)
            + "</tr>"
            for i in range(min(self.rows, SHOWN_ROWS))
        )
        more = f"{self.rows} rows × {len(self.columns)} columns, from {escape(self.source)}"
        notes = "".join(f"<li>{escape(note)}</li>" for note in self.notes)
        return (
            f"<table><thead><tr><th><small>line</small></th>{head}</tr></thead>"
            f"<tbody>{body}</tbody></table><p>{more}</p><ul>{notes}</ul>"
        )


def list_names(names: tuple[str, ...] | list[str], limit: int = 12) -> str:
    """Return names for a message: quoted, with commas, the rest counted if there are many.

    >>> list_names(("a", "b"))
    "'a', 'b'"
    """
    shown = ", ".join(repr(name) for name in names[:limit])
    return shown if len(names) <= limit else f"{shown}, … ({len(names)} in all)"
