"""Splitting examples into parts for training, validation and testing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.data.columns import Array
from glassnet.errors import ArgumentError, DataError, ShapeError
from glassnet.ops.philox import STREAM_SPLIT, permutation
from glassnet.records import dataclass

__all__ = ["Split", "split"]


@dataclass(frozen=True, eq=False)
class Split:
    """The rows of each part (int64, 1-D, sorted), and notes on classes too small for a part."""

    train: Array
    validation: Array
    test: Array
    notes: tuple[str, ...] = ()

    def describe(self) -> str:
        """Return the parts in one line, those that are empty left out.

        >>> split(42, test=0.15, validation=0.15, seed=0).describe()
        '42 rows: 30 train, 6 validation, 6 test'
        """
        total = len(self.train) + len(self.validation) + len(self.test)
        parts = (("train", self.train), ("validation", self.validation), ("test", self.test))
        shown = ", ".join(f"{len(rows)} {name}" for name, rows in parts if len(rows))
        return f"{total} row{'s' if total != 1 else ''}: {shown}"

    def __repr__(self) -> str:
        return f"Split({self.describe()})"


def split(
    n: int,
    *,
    test: float = 0.0,
    validation: float = 0.0,
    seed: int = 0,
    labels: Array | None = None,
    names: Sequence[str] | None = None,
) -> Split:
    """Split n rows at random, the same way on every machine for the same seed.

    With `labels` (shape (n,)) each class is spread over the parts in proportion, by largest
    remainders, and keeps at least one row for training. `names` are the classes' names for notes
    where the labels are indices.

    Raises:
        ArgumentError: a fraction is not in 0 ≤ f < 1, or they leave nothing for training.
        DataError: there are too few rows for the parts.
        ShapeError: the labels are not n.

    >>> split(10, test=0.2, validation=0.0, seed=1)
    Split(10 rows: 8 train, 2 test)
    """
    _check_fraction("test", test)
    _check_fraction("validation", validation)
    if test + validation >= 1:
        raise ArgumentError(
            f"test + validation must be below 1, to leave rows for training; got {test} + "
            f"{validation} = {test + validation:g}"
        )
    if not _is_whole(seed) or seed < 0:
        raise ArgumentError(f"seed must be a whole number of at least 0; got {seed!r}")
    if not _is_whole(n) or n < 1:
        raise ArgumentError(f"n must be a whole number of at least 1; got {n!r}")
    classes = _class_indices(n, labels)
    sizes = _largest_remainder(np.array([1 - test - validation, validation, test]) * n, n)
    for name, fraction, size in (("validation", validation, sizes[1]), ("test", test, sizes[2])):
        if fraction > 0 and size == 0:
            raise DataError(f"{fraction:g} of {n} rows leaves no row for {name}; enlarge `{name}`")
    if sizes[0] == 0:
        raise DataError(f"no row of {n} is left for training; make test or validation smaller")
    members = _members(classes, permutation(n, seed, stream=STREAM_SPLIT))
    tests, validations = _per_class([len(m) for m in members], int(sizes[2]), int(sizes[1]))
    ends = [t + v for t, v in zip(tests, validations, strict=True)]
    return Split(
        _sorted([m[end:] for m, end in zip(members, ends, strict=True)]),
        _sorted([m[t:end] for m, t, end in zip(members, tests, ends, strict=True)]),
        _sorted([m[:t] for m, t in zip(members, tests, strict=True)]),
        _small_classes(tests, validations, test, validation, labels, names),
    )


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def _check_fraction(name: str, value: Any) -> None:
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not 0 <= value < 1:
        raise ArgumentError(
            f"{name} must be a fraction of the rows, at least 0 and below 1; got {value!r}"
        )


def _class_indices(n: int, labels: Array | None) -> Array:
    if labels is None:
        return np.zeros(n, np.int64)
    given = np.asarray(labels)
    if given.shape != (n,):
        raise ShapeError(f"labels must have shape ({n},), one for each row; got {given.shape}")
    return np.unique(given, return_inverse=True)[1].reshape(n)


def _members(classes: Array, order: Array) -> list[Array]:
    """Return the rows of each class, in the random order."""
    return [order[classes[order] == c] for c in range(int(classes.max()) + 1)]


def _largest_remainder(quotas: Array, total: int, most: Array | None = None) -> Array:
    """Return whole numbers near the quotas (≥ 0) that add up to the total, none above `most`.

    Each quota is rounded down; what is left goes to the largest remainders, the first of equals.
    """
    rounded = np.round(quotas, 9)  # 0.1 · 30 is 3.0000000000000004
    counts = np.floor(rounded).astype(np.int64)
    limit = np.full(len(counts), total) if most is None else most
    counts = np.minimum(counts, limit)
    order = np.argsort(counts - rounded, kind="stable")
    while (left := total - int(counts.sum())) > 0:
        free = order[counts[order] < limit[order]]
        if not len(free):
            raise DataError(
                "every class keeps one row for training, and too few rows are left for the other "
                "parts; make test or validation smaller, or split without labels"
            )
        counts[free[:left]] += 1
    return counts


def _per_class(amounts: list[int], test: int, validation: int) -> tuple[list[int], list[int]]:
    """Return how many rows of each class go to testing and to validation."""
    size = np.array(amounts)
    spare = size - (1 if len(amounts) > 1 else 0)
    shares = size / size.sum()
    tests = _largest_remainder(shares * test, test, spare)
    validations = _largest_remainder(shares * validation, validation, spare - tests)
    return [int(count) for count in tests], [int(count) for count in validations]


def _sorted(parts: list[Array]) -> Array:
    return np.sort(np.concatenate(parts)).astype(np.int64)


def _small_classes(
    tests: list[int],
    validations: list[int],
    test: float,
    validation: float,
    labels: Array | None,
    names: Sequence[str] | None,
) -> tuple[str, ...]:
    if labels is None:
        return ()
    values = np.unique(np.asarray(labels), return_counts=True)[0]
    notes: list[str] = []
    for part, fraction, counts in (("validation", validation, validations), ("test", test, tests)):
        absent = [
            str(values[i] if names is None else names[int(values[i])])
            for i in range(len(values))
            if fraction > 0 and counts[i] == 0
        ]
        if absent:
            shown = ", ".join(absent[:8]) + ", …" * (len(absent) > 8)
            plural = "classes are" if len(absent) > 1 else "class is"
            notes.append(f"{len(absent)} {plural} too small for the {part} part: {shown}")
    return tuple(notes)
