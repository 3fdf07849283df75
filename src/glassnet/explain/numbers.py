"""How numbers are written in pictures: short where they are read, in full where they are looked up.

A short number has the digits that fit and a true minus sign; a full one can be typed in again.
"""

from __future__ import annotations

import math

from glassnet.graph import Array, TensorType

__all__ = ["full", "kind_of", "lines", "short"]

DIGITS, ENTRY_DIGITS = 6, 4  # of a single number, and of an entry of a vector or matrix
ROW, ROWS, FIRST = 6, 5, 4  # what is shown in full: so many columns and rows; else so many entries
LOOKED_UP = 36  # entries that a full value lists


def short(value: float, digits: int = DIGITS) -> str:
    """Return a number as a person would write it, to so many significant digits.

    >>> short(0.5227411), short(-3.0), short(1e-7), short(True)
    ('0.522741', '−3', '1e−7', 'True')
    """
    if isinstance(value, int):
        return str(value).replace("-", "−")
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    mantissa, _, exponent = f"{value + 0.0:.{digits}g}".partition("e")
    text = f"{mantissa}e{int(exponent)}" if exponent else mantissa
    return text.replace("-", "−")


def lines(value: Array) -> tuple[str, ...]:
    """Return a value as it stands in a picture, line by line.

    >>> import numpy as np
    >>> lines(np.array([[1.0, -2.5], [10.0, 0.0]]))
    ('[ 1  −2.5]', '[10     0]')
    >>> lines(np.arange(100.0))
    ('100 numbers', '0, 1, 2, 3, …')
    """
    if value.size == 1:
        return (short(value.item()),)
    if value.size == 0:
        return (f"no numbers ({_times(value.shape)})",)
    if value.ndim == 1 and len(value) <= ROW:
        return (f"[{', '.join(short(entry, ENTRY_DIGITS) for entry in value.tolist())}]",)
    if value.ndim == 2 and value.shape[0] <= ROWS and value.shape[1] <= ROW:
        texts = [[short(entry, ENTRY_DIGITS) for entry in row] for row in value.tolist()]
        widths = [max(map(len, column)) for column in zip(*texts, strict=True)]
        return tuple(
            f"[{'  '.join(text.rjust(n) for text, n in zip(row, widths, strict=True))}]"
            for row in texts
        )
    entries = value.ravel()[:FIRST].tolist()
    size = _times(value.shape)
    return (
        f"{size} numbers",
        f"{', '.join(short(entry, ENTRY_DIGITS) for entry in entries)}, …",
    )


def full(value: Array) -> str:
    """Return a value with all its digits; of a large one the first entries.

    >>> import numpy as np
    >>> full(np.array([0.1])), full(np.array([1.0, 2.0]))
    ('0.1', '[1.0, 2.0]')
    """
    if value.size == 1:
        return repr(value.item())
    if value.size <= LOOKED_UP:
        return str(value.tolist())
    entries = ", ".join(repr(entry) for entry in value.ravel()[:LOOKED_UP].tolist())
    return f"[{entries}, … ({_times(value.shape)} numbers)]"


def kind_of(kind: TensorType) -> str:
    """Return a type for a reader: `float64` for a single number, else with its axes."""
    return str(kind.dtype) if not kind.shape else str(kind)


def _times(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))
