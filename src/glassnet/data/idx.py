"""The idx format of the MNIST files: arrays of numbers behind a short header.

Source: Y. LeCun, C. Cortes & C. Burges, The MNIST database of handwritten digits: two zero bytes,
one for the type of the numbers, one for how many sizes follow, the sizes as 32-bit numbers, the
numbers; all with the high byte first.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

import numpy as np

from glassnet.data.columns import Array
from glassnet.data.files import read_bytes
from glassnet.errors import DataError

__all__ = ["is_idx", "read_idx"]

TYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}


def is_idx(raw: bytes) -> bool:
    """Return whether bytes begin as an idx file does.

    >>> is_idx(bytes([0, 0, 8, 3])), is_idx(b"5.1,3.5")
    (True, False)
    """
    return len(raw) >= 4 and raw[:2] == b"\0\0" and raw[2] in TYPES and raw[3] > 0


def read_idx(path: str | os.PathLike[str]) -> Array:
    """Return the array in an idx file (compressed or not), in the sizes and type of its header.

    Raises:
        DataError: the file cannot be read, is no idx file, or is shorter or longer than it says.
    """
    source, raw = Path(path).name, read_bytes(path)
    if not is_idx(raw):
        raise DataError(
            f"not an idx file: it begins with the bytes {raw[:4].hex(' ') or '(none)'}, where "
            "00 00, a number type (08 … 0e) and the number of sizes are expected",
            source=source,
        )
    dtype, dimensions = np.dtype(TYPES[raw[2]]), raw[3]
    start = 4 + 4 * dimensions
    if len(raw) < start:
        raise DataError(
            f"the file is cut short: {len(raw)} bytes, where the header alone has {start}",
            source=source,
        )
    sizes = tuple(int(size) for size in np.frombuffer(raw, ">u4", dimensions, 4))
    expected = start + math.prod(sizes) * dtype.itemsize
    if len(raw) != expected:
        wrong = "is cut short" if len(raw) < expected else "goes on after its end"
        raise DataError(
            f"the file {wrong}: {len(raw)} bytes, where its sizes "
            f"{' × '.join(map(str, sizes))} need {expected}; fetch it again",
            source=source,
        )
    values = np.frombuffer(raw, dtype, offset=start).reshape(sizes)
    return values.astype(dtype.newbyteorder("="))
