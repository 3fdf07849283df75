"""Sequences of different lengths as arrays, and a target for each step.

A step that is missing is NaN in every number; as the number of a class it is −1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.errors import DataError, ShapeError
from glassnet.graph.types import Array, DType
from glassnet.nn.stack import Stack
from glassnet.training.targets import Targets, read_plain_targets

__all__ = ["as_sequences", "check_steps", "read_step_targets"]

NO_CLASS = -1


def as_sequences(x: Any, inputs: Sequence[int], dtype: DType) -> Array:
    """Return sequences as an array of shape (n, *inputs), with NaN for the steps that are missing.

    Args:
        x: A list of sequences, each of shape (steps, features) or (steps,), or an array.
        inputs: The shape of the longest sequence that the network takes.
        dtype: The number type.

    Raises:
        DataError: There is no sequence, or one has no steps, or numbers that are not finite.
        ShapeError: A sequence is too long, or its steps have another number of features.
    """
    longest, features = inputs[0], tuple(inputs[1:])
    try:
        parts = [np.asarray(part, np.float64) for part in x]
    except (TypeError, ValueError):
        raise DataError(
            "examples must be a list of sequences of numbers, each of shape "
            f"({', '.join(map(str, ('steps', *features)))}{'' if features else ','}); "
            f"got {type(x).__name__} starting {str(x)[:60]!r}"
        ) from None
    if not parts:
        raise DataError("there is no example: the list has no sequence")
    rows = np.full((len(parts), *inputs), np.nan)
    for place, part in enumerate(parts):
        if part.ndim != len(inputs) or (part.shape[1:] != features and part.size):
            raise ShapeError(
                f"sequence {place} (counted from 0) has shape {part.shape}; the network takes "
                f"({', '.join(map(str, ('steps', *features)))}{'' if features else ','})"
            )
        if len(part) > longest:
            raise ShapeError(
                f"sequence {place} (counted from 0) has {len(part)} steps; the network takes at "
                f"most {longest}"
            )
        rows[place, : len(part)] = part
    if not features:
        rows[rows == NO_CLASS] = np.nan
    steps = _steps_of(rows)
    full: Array = steps.sum(1) > 0
    if not full.all():
        place = int(np.argmin(full))
        raise DataError(f"sequence {place} (counted from 0) is empty: it needs a step at least")
    with np.errstate(over="ignore"):  # what does not fit is infinite, and told below
        rows = np.ascontiguousarray(rows, dtype.numpy)
    wrong: Array = ~np.isfinite(rows) & steps.reshape(*steps.shape, *(1,) * len(features))
    if wrong.any():
        place, step, *_ = np.argwhere(wrong)[0]
        raise DataError(
            f"sequence {place}, step {step} (counted from 0) holds a number that is not finite in "
            f"{dtype}. A step that is missing is NaN in all its numbers"
        )
    return rows


def _steps_of(rows: Array) -> Array:
    """Return which steps are part of their sequences: those that are not NaN in all numbers."""
    there: Array = ~np.isnan(rows)
    return there.reshape(*there.shape[:2], -1).sum(-1) > 0


def read_step_targets(
    y: Any, n: int, stack: Stack, dtype: DType, classes: tuple[Any, ...] | None = None
) -> Targets:
    """Return a target for each step: class numbers (n, time), or values (n, time, units).

    Arguments and errors as `read_targets`; `y` has the shape (n, time) or (n, time, units), or is a
    list of sequences as long as those of the examples.
    """
    time = stack.steps
    assert time is not None
    try:
        parts = [np.asarray(part) for part in y]
    except (TypeError, ValueError):
        raise DataError("targets must be a sequence for each example") from None
    lengths = sorted({part.shape[0] if part.ndim else 0 for part in parts})
    fits = bool(lengths) and (lengths[-1] <= time if stack.is_masked else lengths == [time])
    axes = {part.ndim for part in parts}
    if len(parts) != n or not fits or axes not in ({1}, {2}):
        raise ShapeError(
            f"the network answers each of {time} steps: {n} examples need targets of shape "
            f"({n}, {time}), or ({n}, {time}, {stack.units}); got {len(parts)} of "
            f"shapes {', '.join(str(part.shape) for part in parts[:3])}"
        )
    there = np.zeros((n, time), np.bool_)
    for place, part in enumerate(parts):
        there[place, : len(part)] = _known(part, stack)
    if not stack.is_masked and not there.all():
        place, step = np.argwhere(~there)[0]
        raise DataError(f"the target of example {place}, step {step} (counted from 0) is missing")
    entries = [part[_known(part, stack)] for part in parts]
    found = read_plain_targets(np.concatenate(entries), int(there.sum()), stack, dtype, classes)
    if found.are_classes:
        values = np.full((n, time), NO_CLASS, np.int64)
    else:
        values = np.full((n, time, stack.units), np.nan, dtype.numpy)
    values[there] = found.values
    return Targets(values, found.classes, found.task)


def _known(part: Array, stack: Stack) -> Array:
    """Return which steps have a target."""
    if part.dtype.kind == "f":
        return (~np.isnan(part)).reshape(len(part), -1).sum(-1) > 0
    if part.dtype.kind in "iu" and part.ndim == 1 and stack.is_masked and stack.units > 1:
        return part != NO_CLASS
    return np.ones(len(part), np.bool_)


def check_steps(rows: Array, targets: Targets) -> None:
    """Raise DataError where a step of an example has no target."""
    if targets.values.ndim < 2 or (not targets.are_classes and targets.values.ndim < 3):
        return
    there = _steps_of(rows)
    known = targets.values >= 0 if targets.are_classes else _steps_of(targets.values)
    if (there & ~known).any():
        place, step = np.argwhere(there & ~known)[0]
        raise DataError(f"the target of example {place}, step {step} (counted from 0) is missing")
