"""The matrix product."""

from __future__ import annotations

import numpy as np

from glassnet.errors import DTypeError, ShapeError
from glassnet.graph.operation import Case, Contraction, Domain, Explanation, Op, Samples, Worked
from glassnet.graph.tensor import OPERATORS, Operand, Tensor, apply
from glassnet.graph.types import TensorType, broadcast_shapes
from glassnet.ops.declare import as_tensors
from glassnet.ops.shape import broadcast, reshape, transpose

__all__ = ["matmul"]


def _infer(a: TensorType, b: TensorType) -> TensorType:
    if not a.dtype.is_float or a.dtype != b.dtype:
        raise DTypeError(
            f"matmul: number types {a.dtype} and {b.dtype} do not fit; both must be the same "
            'floating-point type, as in `gn.cast(tensor, "float64")`'
        )
    if a.ndim < 2 or b.ndim != a.ndim or a.shape[:-2] != b.shape[:-2] or a.shape[-1] != b.shape[-2]:
        raise ShapeError(
            f"matmul: shapes {a.shape} and {b.shape} do not fit: "
            "the last length of the first must equal the last but one of the second"
        )
    shape = (*a.shape[:-1], b.shape[-1])
    return TensorType(shape, a.dtype, (*a.axes[:-1], b.axes[-1]))


def _swap(x: Tensor) -> Tensor:
    return transpose(x, [*range(x.ndim - 2), x.ndim - 1, x.ndim - 2])


MATMUL = Op(
    name="matmul",
    infer=_infer,
    evaluate=np.matmul,
    pullback=lambda g, _y, a, b: (matmul(g, _swap(b)), matmul(_swap(a), g)),
    native=Contraction(),
    jax=lambda jnp, a, b: jnp.matmul(a, b),
    explain=Explanation(
        "{0} {1}", "Each row of the first meets each column of the second: Σᵢ aᵢ bᵢ."
    ),
    samples=lambda: Samples(
        (
            Case((Domain((2, 3)), Domain((3, 4)))),
            Case((Domain((1, 1)), Domain((1, 1)))),
            Case((Domain((5, 2, 3)), Domain((5, 3, 4)))),
            Case((Domain((2, 0)), Domain((0, 3)))),
        ),
        Worked(([[1.0, 2.0]], [[3.0], [4.0]]), [[11.0]]),
    ),
)


def matmul(a: Operand, b: Operand) -> Tensor:
    """Return the matrix product of a (…, m, k) and b (…, k, n): shape (…, m, n).

    A vector of shape (k,) counts as one row on the left and one column on the right, and that axis
    is dropped again; leading axes are broadcast, as in NumPy.

    Raises:
        ShapeError: The inner lengths differ.
    """
    left, right = as_tensors(a, b)
    if left.ndim == 0 or right.ndim == 0:
        raise ShapeError(f"matmul: shapes {left.shape} and {right.shape}: use * for single numbers")
    row, column = left.ndim == 1, right.ndim == 1
    if row:
        left = reshape(left, (1, *left.shape))
    if column:
        right = reshape(right, (*right.shape, 1))
    if left.shape[:-2] != right.shape[:-2] and left.shape[-1] == right.shape[-2]:
        leading = broadcast_shapes(left.shape[:-2], right.shape[:-2])
        if leading is None:
            raise ShapeError(f"matmul: leading axes of {left.shape} and {right.shape} do not fit")
        left = broadcast(left, (*leading, *left.shape[-2:]))
        right = broadcast(right, (*leading, *right.shape[-2:]))
    product = apply(MATMUL, left, right)
    if row or column:
        shape = product.shape[:-2]
        shape += () if row else (product.shape[-2],)
        shape += () if column else (product.shape[-1],)
        product = reshape(product, shape)
    return product


OPERATORS["@"] = matmul
