"""What a rule learns from: arrays, read and checked; or tables, encoded as `fit` encodes them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from glassnet.errors import ArgumentError, DataError, ShapeError
from glassnet.graph.types import Array, DType
from glassnet.records import dataclass
from glassnet.training.network import as_rows
from glassnet.training.tables import is_table

if TYPE_CHECKING:
    from glassnet.data import Preprocessing
    from glassnet.training.prepare import Prepared

__all__ = ["Examples", "read_classes", "read_examples", "read_numbers"]


@dataclass(frozen=True)
class Examples:
    """Examples ready for a rule.

    Args:
        x: Numbers, (n, inputs), finite and of the rule's type.
        target: Class numbers (int64, (n,)), values ((n, units)), or None.
        classes: What the class numbers stand for; None where the target is none or values.
        preprocessing: How a table's columns become numbers; None for plain arrays.
        notes: What was decided on the way.
        rows: The number of each example's row in the table that it is from; None for arrays.
    """

    x: Array
    target: Array | None
    classes: tuple[Any, ...] | None = None
    preprocessing: Preprocessing | None = None
    notes: tuple[str, ...] = ()
    rows: Array | None = None

    def __len__(self) -> int:
        return len(self.x)


def read_examples(
    x: Any, y: Any, dtype: DType, *, wants: str, classes: Sequence[Any] | None = None
) -> Examples:
    """Return examples and targets as a rule needs them.

    Args:
        x: An array of shape (n, inputs), or a table or data frame with a target column.
        y: The targets; for a table the name of the target column (the last if not given).
        dtype: The number type.
        wants: "classes", "numbers", "either", "labels" (classes, if there are any) or "nothing".
        classes: The classes, if they are known already.

    Raises:
        DataError, ShapeError: Examples or targets are missing, not finite, or do not fit.
    """
    if is_table(x):
        from glassnet.training.prepare import prepare

        task = {"classes": "classification", "numbers": "regression"}.get(wants)
        return from_prepared(prepare(x, y, task=task), dtype, wants=wants)
    try:
        shape = np.shape(x)
    except ValueError:
        raise DataError("examples must be a table of numbers with rows of one length") from None
    if len(shape) != 2:
        hint = "; for a single example write it as one row: [example]" if len(shape) == 1 else ""
        hint = hint if shape != (0,) else "; there is no example"
        raise ShapeError(f"examples must have shape (n, inputs); got {shape}{hint}")
    if shape[0] and not shape[1]:
        raise ShapeError(f"examples must have at least one input; got shape {shape}")
    rows = as_rows(x, shape[1:], dtype)
    if y is None or wants == "nothing":
        if wants in ("labels", "nothing"):
            return Examples(rows, None)
        raise ArgumentError("y, the targets, must be given with an array of examples")
    if wants == "numbers" or (wants == "either" and classes is None and not _names_classes(y)):
        return Examples(rows, read_numbers(y, len(rows), dtype))
    numbers, found = read_classes(y, len(rows), classes)
    return Examples(rows, numbers, found)


def from_prepared(prepared: Prepared, dtype: DType, *, wants: str) -> Examples:
    """Return the training part of prepared data as a rule needs it."""
    part, target = prepared.train, prepared.target
    known = part.targets
    if wants == "classes" and not known.are_classes:
        raise DataError(
            f"the target {target.name!r} is a number; this rule learns classes: choose another "
            "target or a rule that learns numbers, such as lms, or say that its values are classes "
            "(task classification)"
        )
    if wants == "numbers" and known.are_classes:
        raise DataError(
            f"the target {target.name!r} has classes; this rule learns numbers: choose another "
            "target or a rule that learns classes, such as adaline, or say that its values are "
            "numbers (task regression)"
        )
    rows = as_rows(part.x, part.x.shape[1:], dtype)
    notes = tuple(prepared.notes)
    numbers = prepared.usable[prepared.split.train]
    if wants == "nothing" or (wants == "labels" and not known.are_classes):
        return Examples(rows, None, None, prepared.preprocessing, notes, numbers)
    values = known.values if known.are_classes else known.values.astype(dtype.numpy)
    return Examples(rows, values, known.classes, prepared.preprocessing, notes, numbers)


def _names_classes(y: Any) -> bool:
    """Return whether targets are names, yes/no answers or whole numbers rather than values."""
    array = np.asarray(y)
    if array.dtype.kind in "bUSO":
        return True
    return array.ndim == 1 and array.dtype.kind in "iu"


def read_classes(y: Any, n: int, classes: Sequence[Any] | None) -> tuple[Array, tuple[Any, ...]]:
    """Return class numbers (int64, (n,)) and the classes, in sorted order if they are new.

    Raises:
        ShapeError, DataError: Another number of targets than examples; values that are no classes;
            one class only; a class that is not among `classes`.
    """
    try:
        array = np.asarray(y)
    except ValueError:
        raise DataError("targets must be one class for each example") from None
    if array.shape == (n, 1):
        array = array[:, 0]
    if array.shape != (n,):
        raise ShapeError(f"{n} examples need {n} classes; the targets have shape {array.shape}")
    if array.dtype.kind == "O":
        if any(entry is None or entry != entry for entry in array):
            raise DataError("targets are missing in some rows; leave those rows out")
        has_text = any(isinstance(entry, str) for entry in array)
        array = array.astype(str) if has_text else np.array(array.tolist())
    if array.dtype.kind == "f":
        wrong = np.flatnonzero(~np.isfinite(array) | (array != np.round(array)))
        if len(wrong):
            raise DataError(
                f"target {wrong[0]} (counted from 0) is {array[wrong[0]]}; classes are needed: "
                "names, or whole numbers such as 0 and 1"
            )
        array = array.astype(np.int64)
    if array.dtype.kind not in "iubUS":
        raise DataError(f"targets must be classes: names or whole numbers; got {array.dtype}")
    names, numbers = np.unique(array, return_inverse=True)
    found = cast("list[Any]", names.tolist())
    if classes is None:
        if len(found) < 2:
            raise DataError(f"the targets are of one class only ({found[0]!r}); two are needed")
        known = tuple(found)
    else:
        known = tuple(classes)
    number = {name: index for index, name in enumerate(known)}
    unknown = [entry for entry in found if entry not in number]
    if unknown:
        shown = ", ".join(str(name) for name in known[:8])
        raise DataError(f"class {unknown[0]!r} is unknown; the classes are {shown}")
    return np.array([number[entry] for entry in found], np.int64)[numbers], known


def read_numbers(y: Any, n: int, dtype: DType) -> Array:
    """Return values as targets, of shape (n, units).

    Raises:
        ShapeError, DataError: Another number of targets than examples; no numbers; not finite.
    """
    try:
        array = np.asarray(y, dtype=np.float64)
    except (TypeError, ValueError):
        raise DataError("targets must be numbers, in rows of one length") from None
    if array.ndim not in (1, 2) or len(array) != n:
        raise ShapeError(f"{n} examples need {n} targets; the targets have shape {array.shape}")
    with np.errstate(over="ignore"):
        values = np.ascontiguousarray(array.reshape(n, -1), dtype.numpy)
    wrong = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(wrong):
        raise DataError(
            f"target {wrong[0]} (counted from 0) is {array[wrong[0]]}; it must be finite in {dtype}"
        )
    return values
