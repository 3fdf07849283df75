"""What op files share: operands made into tensors, shapes aligned, the usual types and cases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from glassnet.errors import ArgumentError, DTypeError, ShapeError
from glassnet.graph.operation import Case, Domain, Op
from glassnet.graph.tensor import OPERATORS, Operand, Tensor, apply
from glassnet.graph.types import DType, TensorType, broadcast_shapes, merge_axes

__all__ = [
    "as_tensor",
    "as_tensors",
    "axes_of",
    "elementwise",
    "elementwise_cases",
    "infer_compare",
    "infer_elementwise",
    "infer_float",
    "integer_type",
    "single_axis",
]

SHAPES = ((), (3,), (2, 3), (1, 4, 1), (0,))


def elementwise_cases(*domains: tuple[float, float], kind: str = "float") -> tuple[Case, ...]:
    """Return one case for each usual shape (none, one, two, three axes, empty)."""
    return tuple(
        Case(tuple(Domain(shape, low, high, kind) for low, high in domains)) for shape in SHAPES
    )


def as_tensor(operand: Operand, like: Tensor | None = None) -> Tensor:
    """Return the operand as a tensor.

    Python's numbers and lists take the number type of `like`; NumPy arrays keep their own.
    """
    if isinstance(operand, Tensor):
        return operand
    weak = not isinstance(operand, np.ndarray | np.generic)
    dtype = like.dtype if like is not None and weak else None
    if dtype is DType.INT64 and not np.issubdtype(np.asarray(operand).dtype, np.integer):
        raise DTypeError(
            f"{operand!r} is no whole number, but the tensor that it meets holds {dtype}; "
            'use `gn.cast(tensor, "float64")`'
        )
    return OPERATORS["constant"](operand, dtype)


def as_tensors(*operands: Operand) -> tuple[Tensor, ...]:
    """Return all operands as tensors; plain numbers take the type of the first that is a tensor."""
    like = next((operand for operand in operands if isinstance(operand, Tensor)), None)
    return tuple(as_tensor(operand, like) for operand in operands)


def elementwise(op: Op, *operands: Operand, **attributes: Any) -> Tensor:
    """Apply an elementwise op: operands of different shapes are first broadcast to a common one.

    This is the only place where shapes are broadcast; the `broadcast` op's pullback sums the
    gradient back, so that no other op needs to think of it.
    """
    tensors = as_tensors(*operands)
    if len({tensor.shape for tensor in tensors}) > 1:
        shape = broadcast_shapes(*(tensor.shape for tensor in tensors))
        if shape is None:
            shapes = " and ".join(str(tensor.shape) for tensor in tensors)
            raise ShapeError(
                f"{op.name}: shapes {shapes} do not fit: counted from the right, lengths must be "
                "equal, or one of them 1"
            )
        tensors = tuple(OPERATORS["broadcast"](tensor, shape) for tensor in tensors)
    return apply(op, *tensors, **attributes)


def _common(name: str, types: Sequence[TensorType]) -> TensorType:
    first = types[0]
    for other in types[1:]:
        if other.dtype != first.dtype:
            raise DTypeError(
                f"{name}: number types {first.dtype} and {other.dtype} do not mix; "
                f'convert one of them, as in `gn.cast(tensor, "{first.dtype}")`'
            )
        if other.shape != first.shape:
            raise ShapeError(f"{name}: shapes {first.shape} and {other.shape} differ")
    return TensorType(first.shape, first.dtype, merge_axes(first.shape, *types))


def infer_elementwise(name: str, kinds: str = "fi") -> Callable[..., TensorType]:
    """Return an `infer` for ops whose result has the type of all their inputs.

    Args:
        name: The op's name, for messages.
        kinds: The kinds of number allowed: f (floating point), i (whole), b (yes/no).
    """

    def infer(*types: TensorType, **_: Any) -> TensorType:
        result = _common(name, types)
        if result.dtype.numpy.kind not in kinds:
            raise DTypeError(
                f"{name}: not defined for {result.dtype}; convert first, "
                'as in `gn.cast(tensor, "float64")`'
            )
        return result

    return infer


def infer_float(name: str) -> Callable[..., TensorType]:
    """Return an `infer` for elementwise ops of floating-point numbers only."""
    return infer_elementwise(name, "f")


def infer_compare(name: str) -> Callable[..., TensorType]:
    """Return an `infer` for comparisons: two tensors of one type give yes or no."""

    def infer(*types: TensorType) -> TensorType:
        return _common(name, types).with_dtype(DType.BOOL)

    return infer


def integer_type(name: str, kind: TensorType) -> None:
    """Raise DTypeError unless the type is of whole numbers."""
    if kind.dtype is not DType.INT64:
        raise DTypeError(f"{name}: indices must be int64; got {kind.dtype}")


def single_axis(name: str, axis: int, ndim: int) -> int:
    """Return an axis counted from the left, or raise ArgumentError if there is none such."""
    if not -ndim <= axis < ndim:
        raise ArgumentError(
            f"{name}: axis must be from {-ndim} to {ndim - 1} for {ndim} axes; got {axis}"
            if ndim
            else f"{name}: a tensor without axes has no axis {axis}"
        )
    return axis % ndim


def axes_of(name: str, axis: int | tuple[int, ...] | None, ndim: int) -> tuple[int, ...]:
    """Return the axes meant, sorted and counted from the left: all of them for None."""
    if axis is None:
        return tuple(range(ndim))
    given = axis if isinstance(axis, tuple) else (axis,)
    axes = sorted(single_axis(name, entry, ndim) for entry in given)
    if len(set(axes)) < len(axes):
        raise ArgumentError(f"{name}: axis {given} names an axis twice")
    return tuple(axes)
