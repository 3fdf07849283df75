"""Pictures of digits, and their names spelt: from a picture to a sequence (one to many, K2)."""

from __future__ import annotations

import numpy as np

from glassnet.data.columns import Array

__all__ = ["NAMES", "digit_names", "shifted"]

NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def digit_names(part: str = "train") -> tuple[Array, list[str]]:
    """Return the pictures of the built-in digits, as numbers from 0 to 1, and the digits' names.

    Args:
        part: "train" (3,823 pictures) or "test" (1,797 pictures by other writers).

    Returns:
        The pictures, of shape (n, 64), and n names.
    """
    from glassnet.data.dataset import open_data
    from glassnet.data.images import Images
    from glassnet.unit import check_choice

    check_choice("part", part, ("train", "test"))
    data = open_data("digits")
    images = data.data if part == "train" else data.test
    assert isinstance(images, Images)
    assert images.labels is not None
    rows = images.pixels.astype(np.float64).reshape(len(images), -1) / images.maximum
    return rows, [NAMES[label] for label in images.labels.tolist()]


def shifted(rows: Array, names: list[str]) -> tuple[Array, list[str]]:
    """Return pictures and names, and each picture also moved by one pixel in four directions.

    What is moved over the edge is lost, what comes in is empty. A digit stays the digit that it is,
    so there is more to learn from.

    Args:
        rows: Square pictures, of shape (n, pixels).
        names: Their names.

    >>> pictures, names = shifted(np.eye(4), ["a", "b", "c", "d"])
    >>> pictures.shape, names[3:6]
    ((20, 4), ['d', 'a', 'b'])
    >>> pictures[4].tolist()
    [0.0, 1.0, 0.0, 0.0]
    """
    side = round(rows.shape[1] ** 0.5)
    pictures = rows.reshape(len(rows), side, side)
    found = [pictures]
    for axis in (2, 1):
        for step in (1, -1):
            moved = np.roll(pictures, step, axis)
            empty: list[slice | int] = [slice(None)] * 3
            empty[axis] = 0 if step == 1 else -1
            moved[tuple(empty)] = 0
            found.append(moved)
    return np.concatenate(found).reshape(-1, side * side), names * 5
