"""Choice between two numbers, and change of the number type."""

from __future__ import annotations

import numpy as np

from glassnet.errors import DTypeError
from glassnet.graph.operation import (
    Case,
    Domain,
    Elementwise,
    Explanation,
    Op,
    Samples,
    Worked,
)
from glassnet.graph.tensor import Operand, Tensor, apply
from glassnet.graph.types import Array, DType, TensorType, merge_axes
from glassnet.ops.declare import SHAPES, as_tensor, as_tensors, elementwise, infer_elementwise

__all__ = ["cast", "select"]

_branches = infer_elementwise("select", "fib")


def _infer_select(condition: TensorType, a: TensorType, b: TensorType) -> TensorType:
    if condition.dtype is not DType.BOOL:
        raise DTypeError(f"select: the condition must be bool; got {condition.dtype}")
    kind = _branches(a, b)
    _branches(condition, kind.with_dtype(DType.BOOL))
    return TensorType(kind.shape, kind.dtype, merge_axes(kind.shape, a, b, condition))


SELECT = Op(
    name="select",
    infer=_infer_select,
    evaluate=np.where,
    pullback=lambda g, _y, condition, _a, _b: (
        None,
        select(condition, g, 0.0),
        select(condition, 0.0, g),
    ),
    native=Elementwise("select"),
    jax=lambda jnp, c, a, b: jnp.where(c, a, b),
    explain=Explanation("{1} if {0}, else {2}", "One of two numbers, as the condition says."),
    samples=lambda: Samples(
        tuple(
            Case((Domain(shape, 0, 2, "bool"), Domain(shape), Domain(shape))) for shape in SHAPES
        ),
        Worked(([True, False], [1.0, 2.0], [3.0, 4.0]), [1.0, 4.0]),
    ),
)


def select(condition: Operand, a: Operand, b: Operand) -> Tensor:
    """Return a where the condition holds, else b; shapes are broadcast.

    The gradient goes to the branch that was taken; the other gets 0, also where it is not finite
    (but a derivative *inside* the other branch that is not finite still gives NaN: 0 · inf).
    """
    first, second = as_tensors(a, b)
    if not isinstance(a, Tensor) and isinstance(b, Tensor):
        first = as_tensor(a, b)
    return elementwise(SELECT, as_tensor(condition), first, second)


def _evaluate_cast(x: Array, dtype: str) -> Array:
    return x.astype(np.dtype(dtype))


def _pull_cast(g: Tensor, _y: Tensor, x: Tensor, dtype: str) -> tuple[Tensor | None]:
    del dtype
    return (cast(g, x.dtype) if x.dtype.is_float else None,)


CAST = Op(
    name="cast",
    infer=lambda x, dtype: TensorType(x.shape, DType(dtype), x.axes),
    evaluate=_evaluate_cast,
    pullback=_pull_cast,
    native=Elementwise("cast"),
    jax=lambda jnp, x, dtype: x.astype(dtype),
    explain=Explanation("{0}", "The same number, stored in another type.", ("1",)),
    samples=lambda: Samples(
        (
            Case((Domain((2, 3)),), {"dtype": "float64"}),
            Case((Domain((3,), 0, 2, "bool"),), {"dtype": "float64"}),
            Case((Domain((3,), 0, 9, "integer"),), {"dtype": "float64"}),
            Case((Domain((3,), 0, 9, "integer"),), {"dtype": "bool"}),
        ),
        Worked(([True, False],), [1.0, 0.0], {"dtype": "float64"}),
    ),
)


def cast(x: Operand, dtype: DType | str) -> Tensor:
    """Return x in another number type; yes and no become 1 and 0."""
    node = as_tensor(x)
    return node if node.dtype == dtype else apply(CAST, node, dtype=str(DType(dtype)))
