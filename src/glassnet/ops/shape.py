"""Ops that repeat or rearrange: broadcast, reshape, transpose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.errors import ArgumentError, ShapeError
from glassnet.graph.operation import Case, Domain, Explanation, Movement, Op, Samples, Worked
from glassnet.graph.tensor import OPERATORS, Operand, Tensor, apply
from glassnet.graph.types import Shape, TensorType, broadcast_shapes, merge_axes
from glassnet.ops.declare import as_tensor, single_axis

__all__ = ["broadcast", "reshape", "transpose"]


def _infer_broadcast(x: TensorType, *, shape: Shape) -> TensorType:
    if broadcast_shapes(x.shape, shape) != shape:
        raise ShapeError(
            f"broadcast: shape {x.shape} cannot be repeated to {shape}: counted from the right, "
            "each length must be equal, or 1 before"
        )
    return TensorType(shape, x.dtype, merge_axes(shape, x))


def _pull_broadcast(g: Tensor, _y: Tensor, x: Tensor, *, shape: Shape) -> tuple[Tensor]:
    new = len(shape) - x.ndim
    repeated = tuple(range(new)) + tuple(
        axis + new for axis, length in enumerate(x.shape) if length == 1 and shape[axis + new] != 1
    )
    return (reshape(g.sum(repeated), x.shape),)


BROADCAST = Op(
    name="broadcast",
    infer=_infer_broadcast,
    evaluate=lambda x, shape: np.broadcast_to(x, shape),
    pullback=_pull_broadcast,
    native=Movement("broadcast"),
    jax=lambda jnp, x, shape: jnp.broadcast_to(x, shape),
    explain=Explanation("{0}", "The same number is used for each element."),
    samples=lambda: Samples(
        cases=(
            Case((Domain(()),), {"shape": (2, 3)}),
            Case((Domain((3,)),), {"shape": (2, 3)}),
            Case((Domain((2, 1)),), {"shape": (4, 2, 3)}),
            Case((Domain((1, 1)),), {"shape": (1, 3)}),
            Case((Domain((1,)),), {"shape": (0,)}),
        ),
        worked=Worked(([1.0, 2.0],), [[1.0, 2.0], [1.0, 2.0]], {"shape": (2, 2)}),
    ),
)


def broadcast(x: Operand, shape: Sequence[int]) -> Tensor:
    """Return x repeated to a larger shape, by NumPy's rules.

    Its gradient is the sum over the repeats.
    """
    node = as_tensor(x)
    target = tuple(int(length) for length in shape)
    return node if node.shape == target else apply(BROADCAST, node, shape=target)


def _infer_reshape(x: TensorType, *, shape: Shape) -> TensorType:
    result = TensorType(shape, x.dtype)
    if result.size != x.size:
        raise ShapeError(
            f"reshape: {x.shape} holds {x.size} elements, {shape} would hold {result.size}"
        )
    if tuple(n for n in shape if n != 1) == tuple(n for n in x.shape if n != 1):
        kept = iter(name for name, n in zip(x.axes, x.shape, strict=True) if n != 1)
        return TensorType(shape, x.dtype, tuple(next(kept) if n != 1 else None for n in shape))
    return result


RESHAPE = Op(
    name="reshape",
    infer=_infer_reshape,
    evaluate=lambda x, shape: np.reshape(x, shape),
    pullback=lambda g, _y, x, shape: (reshape(g, x.shape),),
    native=Movement("reshape"),
    jax=lambda jnp, x, shape: jnp.reshape(x, shape),
    explain=Explanation("{0}", "The same numbers, arranged in another shape."),
    samples=lambda: Samples(
        cases=(
            Case((Domain((2, 3)),), {"shape": (3, 2)}),
            Case((Domain((4,)),), {"shape": (1, 4, 1)}),
            Case((Domain((1, 1)),), {"shape": ()}),
        ),
        worked=Worked(([1.0, 2.0, 3.0, 4.0],), [[1.0, 2.0], [3.0, 4.0]], {"shape": (2, 2)}),
    ),
)


def reshape(x: Operand, shape: Sequence[int] | int) -> Tensor:
    """Return the elements of x, row after row, in another shape; one length may be -1."""
    node = as_tensor(x)
    lengths: Any = (shape,) if isinstance(shape, int) else tuple(shape)
    if len(lengths) == 1 and isinstance(lengths[0], tuple | list):
        lengths = lengths[0]  # x.reshape((2, 3)), as in NumPy
    wanted = tuple(int(length) for length in lengths)
    if wanted.count(-1) > 1 or any(length < -1 for length in wanted):
        raise ArgumentError(
            f"reshape: at most one length may be -1, the rest 0 or more; got {wanted}"
        )
    if -1 in wanted:
        known = -int(np.prod(wanted))
        if known == 0 or node.size % known:
            raise ShapeError(f"reshape: {node.size} elements of {node.shape} do not fill {wanted}")
        wanted = tuple(node.size // known if length == -1 else length for length in wanted)
    return node if node.shape == wanted else apply(RESHAPE, node, shape=wanted)


def _infer_transpose(x: TensorType, *, order: tuple[int, ...]) -> TensorType:
    if sorted(order) != list(range(x.ndim)):
        raise ArgumentError(
            f"transpose: order must name each of the {x.ndim} axes of {x.shape} once; got {order}"
        )
    return TensorType(
        tuple(x.shape[axis] for axis in order), x.dtype, tuple(x.axes[axis] for axis in order)
    )


TRANSPOSE = Op(
    name="transpose",
    infer=_infer_transpose,
    evaluate=lambda x, order: np.transpose(x, order),
    pullback=lambda g, _y, _x, order: (transpose(g, [order.index(i) for i in range(len(order))]),),
    native=Movement("transpose"),
    jax=lambda jnp, x, order: jnp.transpose(x, order),
    explain=Explanation("{0}ᵀ", "Rows and columns change places."),
    samples=lambda: Samples(
        cases=(
            Case((Domain((2, 3)),), {"order": (1, 0)}),
            Case((Domain((2, 3, 4)),), {"order": (2, 0, 1)}),
        ),
        worked=Worked(([[1.0, 2.0], [3.0, 4.0]],), [[1.0, 3.0], [2.0, 4.0]], {"order": (1, 0)}),
    ),
)


def transpose(x: Operand, order: Sequence[int] | None = None) -> Tensor:
    """Return x with its axes in another order: reversed if none is given."""
    node = as_tensor(x)
    axes = range(node.ndim - 1, -1, -1) if order is None else order
    wanted = tuple(single_axis("transpose", axis, node.ndim) for axis in axes)
    return node if wanted == tuple(range(node.ndim)) else apply(TRANSPOSE, node, order=wanted)


OPERATORS["broadcast"] = broadcast
OPERATORS["reshape"] = reshape
OPERATORS["transpose"] = transpose
