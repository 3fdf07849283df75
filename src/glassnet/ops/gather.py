"""Ops that read from and add to places given by numbers: gather, scatter-add, one-hot."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import ArgumentError, DTypeError, ShapeError
from glassnet.graph.operation import (
    Case,
    Domain,
    Explanation,
    Indexed,
    NoGradient,
    Op,
    Samples,
    Worked,
)
from glassnet.graph.tensor import OPERATORS, Operand, Tensor, apply
from glassnet.graph.types import Array, DType, TensorType
from glassnet.ops.declare import as_tensor, integer_type, single_axis
from glassnet.ops.sources import constant

__all__ = ["gather", "one_hot", "scatter_add"]


def _check_range(name: str, indices: Array, size: int) -> None:
    if indices.size and (indices.min() < 0 or indices.max() >= size):
        wrong = indices[(indices < 0) | (indices >= size)].flat[0]
        raise ArgumentError(f"{name}: indices must be from 0 to {size - 1}; got {wrong}")


def _indices(indices: Operand) -> Tensor:
    if isinstance(indices, Tensor):
        return indices
    return constant(np.asarray(indices, dtype=np.int64) if np.size(indices) == 0 else indices)


def _infer_gather(x: TensorType, indices: TensorType, *, axis: int) -> TensorType:
    integer_type("gather", indices)
    shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    return TensorType(shape, x.dtype, (*x.axes[:axis], *indices.axes, *x.axes[axis + 1 :]))


def _evaluate_gather(x: Array, indices: Array, axis: int) -> Array:
    _check_range("gather", indices, x.shape[axis])
    return np.take(x, indices, axis=axis)


GATHER = Op(
    name="gather",
    infer=_infer_gather,
    evaluate=_evaluate_gather,
    pullback=lambda g, _y, x, indices, axis: (
        scatter_add(g, indices, x.shape[axis], axis),
        None,
    ),
    native=Indexed("gather"),
    jax=lambda jnp, x, indices, axis: jnp.take(x, indices, axis=axis),
    explain=Explanation("{0}[{1}]", "The entries at the given places are read."),
    samples=lambda: Samples(
        (
            Case((Domain((5,)), Domain((3,), 0, 5, "integer")), {"axis": 0}),
            Case((Domain((4, 3)), Domain((6,), 0, 4, "integer")), {"axis": 0}),
            Case((Domain((2, 5)), Domain((2, 2), 0, 5, "integer")), {"axis": 1}),
            Case((Domain((5, 2)), Domain((), 0, 5, "integer")), {"axis": 0}),
        ),
        Worked(([1.0, 2.0, 3.0], [2, 0, 2]), [3.0, 1.0, 3.0], {"axis": 0}),
    ),
)


def gather(x: Operand, indices: Operand, axis: int = 0) -> Tensor:
    """Return the entries of x at the given places along an axis.

    Args:
        x: Any tensor.
        indices: Whole numbers (int64) of any shape, from 0 to the axis's length − 1.
        axis: The axis that is replaced by the axes of `indices`.

    Its gradient adds what comes back to the places that were read (`scatter_add`).
    """
    node = as_tensor(x)
    place = single_axis("gather", axis, node.ndim)
    return apply(GATHER, node, _indices(indices), axis=place)


def _infer_scatter(x: TensorType, indices: TensorType, *, size: int, axis: int) -> TensorType:
    integer_type("scatter_add", indices)
    if x.dtype is DType.BOOL:
        raise DTypeError("scatter_add: yes and no cannot be added; convert first with `gn.cast`")
    if size < 0:
        raise ArgumentError(f"scatter_add: size must be 0 or more; got {size}")
    covered = x.shape[axis : axis + indices.ndim]
    if covered != indices.shape:
        raise ShapeError(
            f"scatter_add: shape {x.shape} has {covered} from axis {axis} on, "
            f"but the indices have {indices.shape}"
        )
    after = axis + indices.ndim
    shape = (*x.shape[:axis], size, *x.shape[after:])
    return TensorType(shape, x.dtype, (*x.axes[:axis], None, *x.axes[after:]))


def _evaluate_scatter(x: Array, indices: Array, size: int, axis: int) -> Array:
    _check_range("scatter_add", indices, size)
    result = np.zeros((*x.shape[:axis], size, *x.shape[axis + indices.ndim :]), x.dtype)
    place: Any = (*(slice(None),) * axis, indices)
    np.add.at(result, place, x)
    return result


SCATTER_ADD = Op(
    name="scatter_add",
    infer=_infer_scatter,
    evaluate=_evaluate_scatter,
    pullback=lambda g, _y, _x, indices, size, axis: (gather(g, indices, axis), None),
    native=Indexed("scatter_add"),
    jax=lambda jnp, x, indices, size, axis: (
        jnp.zeros((*x.shape[:axis], size, *x.shape[axis + indices.ndim :]), x.dtype)
        .at[(*(slice(None),) * axis, indices)]
        .add(x)
    ),
    explain=Explanation("Σ {0} at {1}", "Each entry is added to the place that is given for it."),
    samples=lambda: Samples(
        (
            Case((Domain((3,)), Domain((3,), 0, 5, "integer")), {"axis": 0, "size": 5}),
            Case((Domain((6, 3)), Domain((6,), 0, 4, "integer")), {"axis": 0, "size": 4}),
            Case((Domain((2, 2, 2)), Domain((2, 2), 0, 5, "integer")), {"axis": 1, "size": 5}),
        ),
        Worked(([1.0, 2.0, 4.0], [2, 0, 2]), [2.0, 0.0, 5.0], {"axis": 0, "size": 3}),
    ),
)


def scatter_add(x: Operand, indices: Operand, size: int, axis: int = 0) -> Tensor:
    """Return zeros with x added at the given places of one axis of length `size`.

    The axes of `indices` are those of x from `axis` on; they are replaced by that one axis.
    """
    node, places = as_tensor(x), _indices(indices)
    place = single_axis("scatter_add", axis, max(node.ndim - places.ndim, 0) + 1)
    return apply(SCATTER_ADD, node, places, size=int(size), axis=place)


def _infer_one_hot(indices: TensorType, *, classes: int, dtype: str) -> TensorType:
    integer_type("one_hot", indices)
    if classes < 1:
        raise ArgumentError(f"one_hot: classes must be 1 or more; got {classes}")
    if not DType(dtype).is_float:
        raise DTypeError(f"one_hot: dtype must be float64 or float32; got {dtype}")
    return TensorType((*indices.shape, classes), DType(dtype), (*indices.axes, None))


def _evaluate_one_hot(indices: Array, classes: int, dtype: str) -> Array:
    _check_range("one_hot", indices, classes)
    return (indices[..., None] == np.arange(classes)).astype(dtype)


ONE_HOT = Op(
    name="one_hot",
    infer=_infer_one_hot,
    evaluate=_evaluate_one_hot,
    pullback=NoGradient("A class number is no quantity: it has no derivative."),
    native=Indexed("one_hot"),
    jax=lambda jnp, indices, classes, dtype: (indices[..., None] == jnp.arange(classes)).astype(
        dtype
    ),
    explain=Explanation("one-hot {0}", "1 at the place of the class, 0 elsewhere."),
    samples=lambda: Samples(
        (Case((Domain((4,), 0, 3, "integer"),), {"classes": 3, "dtype": "float64"}),),
        Worked(([1, 0],), [[0.0, 1.0], [1.0, 0.0]], {"classes": 2, "dtype": "float64"}),
    ),
)


def one_hot(indices: Operand, classes: int, dtype: DType | str = DType.FLOAT64) -> Tensor:
    """Return a new last axis of length `classes`: 1 at the class's number, 0 elsewhere."""
    return apply(ONE_HOT, _indices(indices), classes=int(classes), dtype=str(DType(dtype)))


OPERATORS["scatter_add"] = scatter_add
