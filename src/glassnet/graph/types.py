"""Tensor types: a shape, a number type, and a name for each axis."""

from __future__ import annotations

from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from glassnet.errors import ArgumentError
from glassnet.records import dataclass

__all__ = ["Array", "Axes", "DType", "Shape", "TensorType", "broadcast_shapes", "merge_axes"]

Array = npt.NDArray[Any]
Shape = tuple[int, ...]
Axes = tuple[str | None, ...]


class DType(StrEnum):
    """The number types of tensors. Types never change silently: `cast` changes them."""

    FLOAT64 = "float64"
    FLOAT32 = "float32"
    INT64 = "int64"
    BOOL = "bool"

    @classmethod
    def _missing_(cls, value: object) -> None:
        raise ArgumentError(f"dtype must be one of {', '.join(cls)}; got {value!r}")

    @property
    def is_float(self) -> bool:
        """True for the types that have derivatives."""
        return self in (DType.FLOAT32, DType.FLOAT64)

    @cached_property
    def numpy(self) -> np.dtype[Any]:
        """The NumPy type of the same name."""
        return np.dtype(self.value)


@dataclass(frozen=True, slots=True)
class TensorType:
    """What is known of a tensor before it has values.

    Args:
        shape: The length of each axis.
        dtype: The type of the numbers.
        axes: A name for each axis, for the reader (`"example"`, `"time"`, `"neuron"`, `"source"`,
            `"channel"`, `"row"`, `"column"`), or None. Names never decide how numbers are computed.

    >>> print(TensorType((32, 4), DType.FLOAT64, ("example", "source")))
    float64[example=32, source=4]
    """

    shape: Shape
    dtype: DType
    axes: Axes = ()

    def __post_init__(self) -> None:
        if not self.axes:
            object.__setattr__(self, "axes", (None,) * len(self.shape))
        assert len(self.axes) == len(self.shape), (self.axes, self.shape)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        size = 1
        for length in self.shape:
            size *= length
        return size

    def with_dtype(self, dtype: DType) -> TensorType:
        """Return the same shape and axes with another number type."""
        return TensorType(self.shape, dtype, self.axes)

    def __str__(self) -> str:
        axes = (
            f"{name}={length}" if name else str(length)
            for name, length in zip(self.axes, self.shape, strict=True)
        )
        return f"{self.dtype}[{', '.join(axes)}]"


def broadcast_shapes(*shapes: Shape) -> Shape | None:
    """Return the common shape by NumPy's rules, or None if the shapes do not fit."""
    result: list[int] = []
    for position in range(1, max((len(shape) for shape in shapes), default=0) + 1):
        lengths = {shape[-position] for shape in shapes if len(shape) >= position} - {1}
        if len(lengths) > 1:
            return None
        result.append(lengths.pop() if lengths else 1)
    return tuple(reversed(result))


def merge_axes(shape: Shape, *operands: TensorType) -> Axes:
    """Name the axes of a broadcast result: the first operand that names an axis of that length."""
    names: list[str | None] = []
    for position in range(len(shape), 0, -1):
        found = None
        for operand in operands:
            if operand.ndim >= position and operand.shape[-position] == shape[-position]:
                found = operand.axes[-position]
                if found is not None:
                    break
        names.append(found)
    return tuple(names)
