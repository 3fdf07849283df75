"""Sums, means, maxima over axes, and where the maximum stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from glassnet.errors import DTypeError, ShapeError
from glassnet.graph.operation import (
    Case,
    Domain,
    Explanation,
    Kink,
    NoGradient,
    Op,
    Reduction,
    Samples,
    Worked,
)
from glassnet.graph.tensor import OPERATORS, Operand, Tensor, apply
from glassnet.graph.types import DType, Shape, TensorType
from glassnet.ops.compare import equal
from glassnet.ops.declare import as_tensor, axes_of, single_axis
from glassnet.ops.select import cast
from glassnet.ops.shape import broadcast, reshape

__all__ = ["argmax", "infer_reduction", "max_", "mean", "reduction_cases", "spread", "sum_"]


def _drop(x: TensorType, axes: tuple[int, ...], dtype: DType) -> TensorType:
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    return TensorType(
        tuple(x.shape[axis] for axis in kept), dtype, tuple(x.axes[axis] for axis in kept)
    )


def infer_reduction(name: str, kinds: str, empty: bool) -> Callable[..., TensorType]:
    """Return an `infer` for reductions of some kinds of number, of no numbers too or not."""

    def infer(x: TensorType, *, axes: tuple[int, ...]) -> TensorType:
        if x.dtype.numpy.kind not in kinds:
            raise DTypeError(f"{name}: not defined for {x.dtype}; convert first with `gn.cast`")
        if not empty and any(x.shape[axis] == 0 for axis in axes):
            raise ShapeError(f"{name}: there is nothing to take it of along an axis of {x.shape}")
        return _drop(x, axes, x.dtype)

    return infer


def spread(g: Tensor, x: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Repeat a reduced tensor along the axes that were folded away."""
    kept: Shape = tuple(1 if axis in axes else n for axis, n in enumerate(x.shape))
    return broadcast(reshape(g, kept), x.shape)


def reduction_cases(empty: bool = True) -> tuple[Case, ...]:
    """Return a case for each usual choice of axes."""
    cases = (
        Case((Domain((3,)),), {"axes": (0,)}),
        Case((Domain((2, 3)),), {"axes": (0,)}),
        Case((Domain((2, 3)),), {"axes": (1,)}),
        Case((Domain((2, 3, 4)),), {"axes": (0, 2)}),
        Case((Domain((2, 3)),), {"axes": (0, 1)}),
        Case((Domain(()),), {"axes": ()}),
    )
    return (*cases, Case((Domain((0, 3)),), {"axes": (0,)})) if empty else cases


SUM = Op(
    name="sum",
    infer=infer_reduction("sum", "fi", empty=True),
    evaluate=lambda x, axes: np.sum(x, axis=axes),
    pullback=lambda g, _y, x, axes: (spread(g, x, axes),),
    native=Reduction("sum"),
    jax=lambda jnp, x, axes: jnp.sum(x, axis=axes),
    explain=Explanation("Σ {0}", "All the numbers are added."),
    samples=lambda: Samples(
        reduction_cases(), Worked(([[1.0, 2.0], [3.0, 4.0]],), [4.0, 6.0], {"axes": (0,)})
    ),
)


def sum_(x: Operand, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Return the sum over all axes, or over those given (which are dropped)."""
    node = as_tensor(x)
    axes = axes_of("sum", axis, node.ndim)
    return apply(SUM, node, axes=axes) if axes else node


def _pull_mean(g: Tensor, _y: Tensor, x: Tensor, axes: tuple[int, ...]) -> tuple[Tensor]:
    count = float(np.prod([x.shape[axis] for axis in axes]))
    return (spread(g / count, x, axes),)


MEAN = Op(
    name="mean",
    infer=infer_reduction("mean", "f", empty=False),
    evaluate=lambda x, axes: np.mean(x, axis=axes),
    pullback=_pull_mean,
    native=Reduction("mean"),
    jax=lambda jnp, x, axes: jnp.mean(x, axis=axes),
    explain=Explanation("(1/n) Σ {0}", "The numbers are added, and divided by their count."),
    samples=lambda: Samples(
        reduction_cases(empty=False),
        Worked(([[1.0, 2.0], [3.0, 4.0]],), [2.0, 3.0], {"axes": (0,)}),
    ),
)


def mean(x: Operand, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Return the mean over all axes, or over those given (which are dropped)."""
    node = as_tensor(x)
    axes = axes_of("mean", axis, node.ndim)
    return apply(MEAN, node, axes=axes) if axes else node


def _pull_max(g: Tensor, y: Tensor, x: Tensor, axes: tuple[int, ...]) -> tuple[Tensor]:
    largest = cast(equal(x, spread(y, x, axes)), x.dtype)
    return (spread(g, x, axes) * largest / spread(sum_(largest, axes), x, axes),)


MAX = Op(
    name="max",
    infer=infer_reduction("max", "fi", empty=False),
    evaluate=lambda x, axes: np.max(x, axis=axes),
    pullback=_pull_max,
    native=Reduction("max"),
    jax=lambda jnp, x, axes: jnp.max(x, axis=axes),
    explain=Explanation("max {0}", "The largest of the numbers."),
    samples=lambda: Samples(
        reduction_cases(empty=False),
        Worked(([[1.0, 2.0], [3.0, -4.0]],), [3.0, 2.0], {"axes": (0,)}),
        kinks=(Kink(([2.0, 1.0, 2.0],), ([0.5, 0.0, 0.5],), {"axes": (0,)}),),
    ),
)


def max_(x: Operand, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Return the largest element over all axes, or over those given (which are dropped).

    Elements that share the maximum share the gradient equally.
    """
    node = as_tensor(x)
    axes = axes_of("max", axis, node.ndim)
    return apply(MAX, node, axes=axes) if axes else node


def _infer_argmax(x: TensorType, *, axis: int) -> TensorType:
    if x.shape[axis] == 0:
        raise ShapeError(f"argmax: there is nothing to choose from along axis {axis} of {x.shape}")
    return _drop(x, (axis,), DType.INT64)


def _argmax(x: Any, axis: int) -> Any:
    return np.asarray(np.argmax(x, axis=axis), dtype=np.int64)


ARGMAX = Op(
    name="argmax",
    infer=_infer_argmax,
    evaluate=_argmax,
    pullback=NoGradient("The place of the largest number jumps: it has no derivative."),
    native=Reduction("argmax"),
    jax=lambda jnp, x, axis: jnp.argmax(x, axis=axis),
    explain=Explanation("argmax {0}", "The place of the largest number, counted from 0."),
    samples=lambda: Samples(
        (Case((Domain((3,)),), {"axis": 0}), Case((Domain((2, 3)),), {"axis": 1})),
        Worked(([1.0, 3.0, 3.0],), 1, {"axis": 0}),
    ),
)


def argmax(x: Operand, axis: int = -1) -> Tensor:
    """Return where the largest element stands along an axis (int64); the first one of equals."""
    node = as_tensor(x)
    return apply(ARGMAX, node, axis=single_axis("argmax", axis, node.ndim))


OPERATORS["sum"] = sum_
OPERATORS["mean"] = mean
