"""What a rule starts from: weights that were given, zeros, or random directions."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import ArgumentError, ShapeError
from glassnet.graph.types import Array
from glassnet.ops.philox import STREAM_INITIAL, normal

__all__ = ["first_directions", "first_values"]


def first_values(name: str, given: Any, shape: tuple[int, ...], dtype: Any) -> Array:
    """Return first weights or biases as an array of the shape that is needed; 0 if none are given.

    Args:
        name: The name of the setting, for messages.
        given: Numbers of that shape, or of its other axes where the first has length 1; or None.
        shape: The shape that is needed.
        dtype: NumPy's number type.

    Raises:
        ArgumentError, ShapeError: No numbers, not finite, or of another shape.
    """
    if given is None:
        return np.zeros(shape, dtype)
    try:
        array = np.array(given, dtype)
    except (TypeError, ValueError, OverflowError):
        raise ArgumentError(f"{name} must be numbers; got {given!r:.60}") from None
    if array.shape != shape and not (shape[0] == 1 and array.shape == shape[1:]):
        raise ShapeError(f"{name} must have shape {shape}; got {array.shape}")
    if not np.isfinite(array).all():
        raise ArgumentError(f"{name} must be finite")
    return array.reshape(shape)


def first_directions(shape: tuple[int, int], seed: int, dtype: Any) -> Array:
    """Return random directions of length 1, one in each row, at right angles if they have room.

    They are normally distributed numbers, of which each row loses its parts along the rows above.
    """
    rows = normal(shape, seed, stream=STREAM_INITIAL)
    for i in range(len(rows)):
        if i < shape[1]:
            for j in range(i):
                rows[i] -= (rows[i] @ rows[j]) * rows[j]
        rows[i] /= np.sqrt(rows[i] @ rows[i])
    return rows.astype(dtype)
