"""What is to be learned: the target column, the task, and the classes."""

from __future__ import annotations

from typing import Literal

import numpy as np

from glassnet.data.columns import Array, Column, Kind, number_text
from glassnet.data.converting import Encoded, as_booleans, as_numbers, as_texts, cell_error
from glassnet.data.images import Images
from glassnet.data.table import Table, list_names
from glassnet.errors import ArgumentError, DataError, ShapeError
from glassnet.records import dataclass

__all__ = ["Class", "Target", "Task", "decide_target"]

Task = Literal["classification", "regression"]
Class = str | int | float

MOST_CLASSES_UNASKED = 20
MOST_CLASSES = 1000
LABELS = "label"


@dataclass(frozen=True)
class Target:
    """What a network learns to answer.

    `classes` are sorted: texts of a category, numbers, or the two words of a boolean column; none
    for regression. `reason` says why this task. `position` (from 1) and `width` are the column's
    place in the file and the number of the file's columns: they find it in files without a header.
    """

    name: str
    task: Task
    kind: Kind
    classes: tuple[Class, ...]
    reason: str
    position: int
    width: int
    notes: tuple[str, ...] = ()

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes as text, in order: numbers without a needless decimal point."""
        return tuple(c if isinstance(c, str) else number_text(c) for c in self.classes)

    def find(self, table: Table) -> Column | None:
        """Return the target's column in a table, or None where the table has none."""
        if self.name in table.names and not table.numbered:
            return table.column(self.name)
        by_position = table.numbered or self.name == str(self.position)
        if not by_position or len(table.header) != self.width:
            return None
        name = table.header[self.position - 1]
        return table.column(name) if name in table.names else None

    def usable_rows(self, data: Table | Images) -> Array:
        """Return the rows in which the target is not missing (int64, 1-D)."""
        if isinstance(data, Images):
            return np.arange(len(data))
        return np.flatnonzero(~self._column(data).missing)

    def encode(self, data: Table | Images) -> Array:
        """Return the class of each row (int64 index into `classes`), or the number (float64).

        Raises:
            DataError: there is no such column; a cell is missing, or of a class not known.
        """
        return self.apply(data).values

    def apply(self, data: Table | Images) -> Encoded:
        """Do as `encode`, and return notes too: on labels matched without their final point."""
        if isinstance(data, Images):
            return Encoded(self._encode_labels(data))
        column = self._column(data)
        missing = np.flatnonzero(column.missing)
        if len(missing):
            others = f" (and in {len(missing) - 1} other rows)" if len(missing) > 1 else ""
            message = (
                f"the target is missing here{others}; leave such rows out: "
                "`table.take(target.usable_rows(table))`"
            )
            raise cell_error(data, column, int(missing[0]), message)
        if self.task == "regression":
            return Encoded(as_numbers(data, column))
        return self._encode_classes(data, column)

    def decode(self, indices: Array) -> Array:
        """Return the class (1-D, text or numbers) of each index.

        Raises:
            ShapeError: the indices are not whole numbers below the number of classes, in one row.
        """
        index = np.asarray(indices)
        count = len(self.classes)
        if (
            index.ndim != 1
            or index.dtype.kind not in "iu"
            or np.any((index < 0) | (index >= count))
        ):
            raise ShapeError(
                f"class indices must be whole numbers from 0 to {count - 1} with shape (n,); got "
                f"{index.dtype} numbers with shape {index.shape}"
            )
        if all(isinstance(c, str) for c in self.classes):
            return np.array(self.classes, object)[index]
        return np.array(self.classes)[index]

    def _column(self, table: Table) -> Column:
        column = self.find(table)
        if column is None:
            raise DataError(
                f"there is no target column {self.name!r}; the {len(table.header)} columns are "
                f"{list_names(table.names)}",
                source=table.source,
            )
        return column

    def _encode_classes(self, table: Table, column: Column) -> Encoded:
        if self.kind is Kind.BOOLEAN:
            words = (str(self.classes[0]), str(self.classes[1]))
            return Encoded(as_booleans(table, column, words).astype(np.int64))
        if self.kind is Kind.NUMBER:
            values = as_numbers(table, column)
            known: dict[Class | None, int] = {c: i for i, c in enumerate(self.classes)}
        else:
            values = as_texts(column)
            known = {c: i for i, c in enumerate(self.classes)}
        cells: list[Class | None] = values.tolist()
        notes: tuple[str, ...] = ()
        unknown = {cell for cell in cells if cell not in known}
        if unknown:
            shortened = {c: c.removesuffix(".") for c in unknown if isinstance(c, str)}
            if len(shortened) < len(unknown) or any(s not in known for s in shortened.values()):
                row = next(i for i, cell in enumerate(cells) if cell in unknown)
                raise cell_error(
                    table,
                    column,
                    row,
                    f"class {column.text(row)!r} is not known; the classes in training are "
                    f"{list_names(self.class_names)}",
                )
            known |= {label: known[short] for label, short in shortened.items()}
            example, short = next(iter(sorted(shortened.items())))
            notes = (f"class labels matched without their final point: {example!r} as {short!r}",)
        return Encoded(np.array([known[cell] for cell in cells], np.int64), notes)

    def _encode_labels(self, images: Images) -> Array:
        if images.labels is None:
            raise DataError("the images have no labels", source=images.source)
        unknown = np.flatnonzero(~np.isin(images.labels, self.classes))
        if len(unknown):
            raise DataError(
                f"image {unknown[0] + 1} has the label {images.labels[unknown[0]]}; the classes in "
                f"training are {list_names(self.class_names)}",
                source=images.source,
            )
        return np.searchsorted(np.array(self.classes), images.labels).astype(np.int64)


def decide_target(
    data: Table | Images, target: str | int | None = None, task: str | None = None
) -> Target:
    """Return what is to be learned: the column named, or else the last, and the task that fits it.

    Text and yes/no answers are classes. Numbers are classes where they are whole, with at most 20
    distinct values, and at most 2 or a tenth of the rows; otherwise they are to be predicted as
    numbers. For images the labels are the target.

    Args:
        data: the table or the images.
        target: a column's name, or its number in the file (from 1).
        task: "classification" or "regression", where the user decides.

    Raises:
        ArgumentError: there is no such task.
        DataError: there is no such column, or it does not fit the task; or it has only one class.

    >>> from glassnet.data import open_data
    >>> found = decide_target(open_data("iris").data)
    >>> found.name, found.task, found.classes
    ('species', 'classification', ('Iris-setosa', 'Iris-versicolor', 'Iris-virginica'))
    """
    if task not in (None, "classification", "regression"):
        raise ArgumentError(f"task must be 'classification' or 'regression'; got {task!r}")
    if isinstance(data, Images):
        return _label_target(data, target, task)
    column = data.columns[-1] if target is None else data.column(target)
    position = data.header.index(column.name) + 1
    missing = np.flatnonzero(column.missing)
    rows = data.take(np.flatnonzero(~column.missing)) if len(missing) else data
    column = rows.column(column.name)
    if not len(rows):
        raise _error(data, column, "the target has no values: every cell is missing")
    notes = _missing_note(data, column.name, missing) if len(missing) else ()
    chosen, reason = _choose_task(data, column, task)
    classes = _classes(column) if chosen == "classification" else ()
    _check(data, column, chosen, classes)
    width = len(data.header)
    return Target(column.name, chosen, column.kind, classes, reason, position, width, notes)


def _error(table: Table, column: Column, message: str) -> DataError:
    return DataError(message, source=table.source, column=column.name)


def _missing_note(table: Table, name: str, missing: Array) -> tuple[str, ...]:
    count = len(missing)
    lines = ", ".join(str(line) for line in table.lines[missing[:5]]) + ", …" * (count > 5)
    rows, line = ("row", "line") if count == 1 else ("rows", "lines")
    return (f"{count} {rows} left out: the target {name!r} is missing ({line} {lines})",)


def _choose_task(table: Table, column: Column, task: str | None) -> tuple[Task, str]:
    if column.kind is Kind.DATE:
        raise _error(table, column, "a date cannot be the target; choose another with `target`")
    if task == "regression" and column.kind is not Kind.NUMBER:
        example = next(column.text(i) for i in range(len(column.values)))
        raise _error(
            table,
            column,
            f"regression needs a target of numbers; this one is {column.kind} ({example!r}); "
            "choose classification, or another target",
        )
    if task is not None:
        return ("classification" if task == "classification" else "regression"), "asked for"
    if column.kind is not Kind.NUMBER:
        return "classification", "text" if column.kind is Kind.CATEGORY else "yes or no"
    distinct = np.unique(column.values)
    most = min(MOST_CLASSES_UNASKED, max(2, len(column.values) // 10))
    values = f"{len(distinct)} distinct value{'s' if len(distinct) != 1 else ''}"
    if not np.all(distinct == np.floor(distinct)):
        return "regression", f"numbers with {values}"
    whole = f"whole numbers with {values}"
    return ("classification" if len(distinct) <= most else "regression"), whole


def _classes(column: Column) -> tuple[Class, ...]:
    if column.kind is Kind.BOOLEAN:
        words = column.words or ("false", "true")
        return tuple(words[i] for i in sorted({int(value) for value in column.values}))
    if column.kind is Kind.CATEGORY:
        return tuple(sorted({str(value) for value in column.values}))
    return tuple(int(v) if v.is_integer() else v for v in sorted(set(column.values.tolist())))


def _check(table: Table, column: Column, task: Task, classes: tuple[Class, ...]) -> None:
    rows = len(column.values)
    if task == "regression":
        if column.values.min() == column.values.max():
            value = column.text(0)
            raise _error(table, column, f"every value is {value}: there is nothing to learn")
        return
    if len(classes) == 1:
        raise _error(table, column, f"only one class ({column.text(0)!r}): nothing to tell apart")
    advice = "choose another target" + ", or regression" * (column.kind is Kind.NUMBER)
    if len(classes) > MOST_CLASSES:
        message = f"{len(classes)} classes, where at most {MOST_CLASSES} are allowed; {advice}"
        raise _error(table, column, message)
    if len(classes) == rows and (rows > 10 or any(isinstance(c, float) for c in classes)):
        message = f"all {rows} rows have classes of their own: nothing to learn from; {advice}"
        raise _error(table, column, message)


def _label_target(images: Images, target: str | int | None, task: str | None) -> Target:
    if images.labels is None:
        raise DataError(
            "the images have no labels, which are the target; name their file with `labels`",
            source=images.source,
        )
    if target is not None and target != LABELS:
        raise ArgumentError(f"the target of images is their labels; got target={target!r}")
    if task == "regression":
        raise ArgumentError("the labels of images are classes; the task is classification")
    # Without the counts NumPy would load its masked arrays first, which takes 20 ms.
    classes = tuple(int(label) for label in np.unique(images.labels, return_counts=True)[0])
    if len(classes) == 1:
        message = f"only one class ({classes[0]}): nothing to tell apart"
        raise DataError(message, source=images.source)
    return Target(LABELS, "classification", Kind.NUMBER, classes, "labels of images", 1, 1)
