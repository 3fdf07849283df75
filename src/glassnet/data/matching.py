"""Finding a model's columns in another table: by name, or by position where there is no header."""

from __future__ import annotations

from collections.abc import Sequence

from glassnet.data.columns import Column
from glassnet.data.table import Table, list_names
from glassnet.errors import DataError, nearest
from glassnet.records import dataclass

__all__ = ["Layout"]


@dataclass(frozen=True)
class Layout:
    """The columns of the table that a model was fitted to.

    `header` has the names of all columns of its file; `ignored` those that were ignored while
    reading; `target` the target's name, or None.
    """

    header: tuple[str, ...]
    ignored: tuple[str, ...]
    target: str | None

    @property
    def numbered(self) -> bool:
        """Whether that file had no header line."""
        return self.header == tuple(str(i + 1) for i in range(len(self.header)))

    @classmethod
    def of(cls, table: Table, target: str | None) -> Layout:
        """Return the layout of a table."""
        ignored = tuple(name for name in table.header if name not in table.names)
        return cls(table.header, ignored, target)

    def match(self, table: Table, names: tuple[str, ...]) -> dict[str, Column]:
        """Return the table's column for each of the names.

        Columns match by name, in any order, where both files have header lines; otherwise by
        position, and the table must have as many columns, the target's perhaps left out.

        Raises:
            DataError: columns are missing, with the nearest names; or their number does not fit.
        """
        if not self.numbered and not table.numbered:
            return self._by_name(table, names)
        return self._by_position(table, names)

    def _by_name(self, table: Table, names: tuple[str, ...]) -> dict[str, Column]:
        found = {column.name: column for column in table.columns}
        absent = [name for name in names if name not in found]
        if absent:
            unexpected = [name for name in found if name not in self.header]
            hints = "".join(
                f"; for {name!r}{hint}" for name in absent if (hint := nearest(name, unexpected))
            )
            extra = f"; not expected: {list_names(unexpected)}" if unexpected else ""
            raise DataError(
                f"there is no column {list_names(absent)}, which the model needs{extra}{hints}; "
                "rename or add it",
                source=table.source,
            )
        return {name: found[name] for name in names}

    def _by_position(self, table: Table, names: tuple[str, ...]) -> dict[str, Column]:
        kept = [name for name in self.header if name not in self.ignored]
        layouts = [self.header, self._without_target(self.header), kept, self._without_target(kept)]
        for layout in layouts:
            if len(layout) == len(table.header):
                return self._pick(table, names, layout)
        counts = " or ".join(map(str, sorted({len(layout) for layout in layouts}, reverse=True)))
        target = f" (the target {self.target!r} may be left out)" if self.target else ""
        raise DataError(
            f"{len(table.header)} columns found where {counts} are expected{target}; without a "
            "header line in both files the columns match by position",
            source=table.source,
        )

    def _without_target(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if name != self.target]

    def _pick(
        self, table: Table, names: tuple[str, ...], columns: Sequence[str]
    ) -> dict[str, Column]:
        place = dict(zip(columns, table.header, strict=True))
        read = {column.name: column for column in table.columns}
        gone = [name for name in names if place.get(name) not in read]
        if gone:
            message = f"the model needs column {list_names(gone)}, which is ignored here"
            raise DataError(message, source=table.source)
        return {name: read[place[name]] for name in names}
