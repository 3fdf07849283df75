"""Ops that join and cut: concatenate, slice, pad; and indexing with [] made of them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import numpy as np

from glassnet.errors import ArgumentError, DTypeError, ShapeError
from glassnet.graph.operation import Case, Domain, Explanation, Movement, Op, Samples, Worked
from glassnet.graph.tensor import OPERATORS, Operand, Tensor, apply
from glassnet.graph.types import Array, TensorType
from glassnet.ops.declare import as_tensor, as_tensors, single_axis
from glassnet.ops.shape import reshape

__all__ = ["concatenate", "pad", "slice_", "stack"]


def _infer_concatenate(*types: TensorType, axis: int) -> TensorType:
    first = types[0]
    for other in types[1:]:
        if other.dtype != first.dtype:
            raise DTypeError(
                f"concatenate: number types {first.dtype} and {other.dtype} do not mix"
            )
        rest = [n for position, n in enumerate(other.shape) if position != axis]
        if other.ndim != first.ndim or rest != [
            n for position, n in enumerate(first.shape) if position != axis
        ]:
            raise ShapeError(
                f"concatenate: shapes {first.shape} and {other.shape} differ outside axis {axis}"
            )
    length = sum(kind.shape[axis] for kind in types)
    shape = (*first.shape[:axis], length, *first.shape[axis + 1 :])
    return TensorType(shape, first.dtype, first.axes)


def _pull_concatenate(g: Tensor, _y: Tensor, *parts: Tensor, axis: int) -> tuple[Tensor, ...]:
    shares: list[Tensor] = []
    start = 0
    for part in parts:
        low, high = [0] * g.ndim, list(g.shape)
        low[axis], high[axis] = start, start + part.shape[axis]
        start = high[axis]
        shares.append(slice_(g, low, high))
    return tuple(shares)


CONCATENATE = Op(
    name="concatenate",
    infer=_infer_concatenate,
    evaluate=lambda *parts, axis: np.concatenate(parts, axis=axis),
    pullback=_pull_concatenate,
    native=Movement("concatenate"),
    jax=lambda jnp, *parts, axis: jnp.concatenate(parts, axis=axis),
    explain=Explanation("[{0}, …]", "The tensors are set side by side."),
    samples=lambda: Samples(
        (
            Case((Domain((2,)), Domain((3,))), {"axis": 0}),
            Case((Domain((2, 1)), Domain((2, 3)), Domain((2, 2))), {"axis": 1}),
            Case((Domain((0, 2)), Domain((3, 2))), {"axis": 0}),
        ),
        Worked(([1.0], [2.0, 3.0]), [1.0, 2.0, 3.0], {"axis": 0}),
    ),
)


def concatenate(parts: Sequence[Operand], axis: int = 0) -> Tensor:
    """Return the tensors set side by side along an axis; their other lengths must be equal."""
    if not parts:
        raise ArgumentError("concatenate needs at least one tensor")
    tensors = as_tensors(*parts)
    return apply(CONCATENATE, *tensors, axis=single_axis("concatenate", axis, tensors[0].ndim))


def stack(parts: Sequence[Operand], axis: int = 0) -> Tensor:
    """Return tensors of one shape set side by side along a new axis."""
    tensors = as_tensors(*parts)
    for part in tensors:
        if part.shape != tensors[0].shape:
            raise ShapeError(f"stack: shapes {tensors[0].shape} and {part.shape} differ")
    place = single_axis("stack", axis, tensors[0].ndim + 1) if tensors else 0
    return concatenate(
        [reshape(part, (*part.shape[:place], 1, *part.shape[place:])) for part in tensors], place
    )


def _infer_slice(
    x: TensorType, *, start: tuple[int, ...], stop: tuple[int, ...], step: tuple[int, ...]
) -> TensorType:
    if not len(start) == len(stop) == len(step) == x.ndim or min(step, default=1) < 1:
        raise ArgumentError(f"slice: one start, stop and step ≥ 1 for each axis of {x.shape}")
    for low, high, length in zip(start, stop, x.shape, strict=True):
        if not 0 <= low <= high <= length:
            raise ShapeError(f"slice: {start} to {stop} does not lie inside shape {x.shape}")
    shape = tuple(-(-(high - low) // by) for low, high, by in zip(start, stop, step, strict=True))
    return TensorType(shape, x.dtype, x.axes)


def _evaluate_slice(
    x: Array, start: tuple[int, ...], stop: tuple[int, ...], step: tuple[int, ...]
) -> Array:
    return x[tuple(slice(*bounds) for bounds in zip(start, stop, step, strict=True))]


def _pull_slice(
    g: Tensor,
    _y: Tensor,
    x: Tensor,
    start: tuple[int, ...],
    stop: tuple[int, ...],
    step: tuple[int, ...],
) -> tuple[Tensor]:
    del stop
    between = tuple(by - 1 for by in step)
    high = tuple(
        length - low - (n + (n - 1) * gap if n else 0)
        for length, low, n, gap in zip(x.shape, start, g.shape, between, strict=True)
    )
    return (pad(g, start, high, between),)


SLICE = Op(
    name="slice",
    infer=_infer_slice,
    evaluate=_evaluate_slice,
    pullback=_pull_slice,
    native=Movement("slice"),
    jax=lambda jnp, x, start, stop, step: x[tuple(map(slice, start, stop, step))],
    explain=Explanation("{0}[…]", "A part is cut out."),
    samples=lambda: Samples(
        (
            Case((Domain((5,)),), {"start": (1,), "stop": (4,), "step": (1,)}),
            Case((Domain((7,)),), {"start": (1,), "stop": (7,), "step": (3,)}),
            Case((Domain((3, 4)),), {"start": (0, 1), "stop": (3, 4), "step": (2, 2)}),
            Case((Domain((3,)),), {"start": (1,), "stop": (1,), "step": (1,)}),
        ),
        Worked(([1.0, 2.0, 3.0, 4.0],), [2.0, 4.0], {"start": (1,), "stop": (4,), "step": (2,)}),
    ),
)


def slice_(
    x: Operand, start: Sequence[int], stop: Sequence[int], step: Sequence[int] | None = None
) -> Tensor:
    """Return the part of x from start up to stop (not included) along each axis."""
    node = as_tensor(x)
    by = tuple(step) if step is not None else (1,) * node.ndim
    return apply(SLICE, node, start=tuple(start), stop=tuple(stop), step=by)


def _infer_pad(
    x: TensorType, *, low: tuple[int, ...], high: tuple[int, ...], between: tuple[int, ...]
) -> TensorType:
    if (
        not len(low) == len(high) == len(between) == x.ndim
        or min((*low, *high, *between), default=0) < 0
    ):
        raise ArgumentError(
            f"pad: one number ≥ 0 for each axis of {x.shape}; got {low}, {high}, {between}"
        )
    shape = tuple(
        before + after + (n + (n - 1) * gap if n else 0)
        for n, before, after, gap in zip(x.shape, low, high, between, strict=True)
    )
    return TensorType(shape, x.dtype, x.axes)


def _place(x: Array, low: tuple[int, ...], between: tuple[int, ...]) -> tuple[slice, ...]:
    return tuple(
        slice(before, before + (n - 1) * (gap + 1) + 1 if n else before, gap + 1)
        for n, before, gap in zip(x.shape, low, between, strict=True)
    )


def _evaluate_pad(
    x: Array, low: tuple[int, ...], high: tuple[int, ...], between: tuple[int, ...]
) -> Array:
    kind = TensorType(x.shape, x.dtype)  # type: ignore[arg-type]
    result = np.zeros(_infer_pad(kind, low=low, high=high, between=between).shape, x.dtype)
    result[_place(x, low, between)] = x
    return result


def _pull_pad(
    g: Tensor,
    _y: Tensor,
    x: Tensor,
    low: tuple[int, ...],
    high: tuple[int, ...],
    between: tuple[int, ...],
) -> tuple[Tensor]:
    del high
    step = tuple(gap + 1 for gap in between)
    stop = [
        before + ((n - 1) * by + 1 if n else 0)
        for before, n, by in zip(low, x.shape, step, strict=True)
    ]
    return (slice_(g, low, stop, step),)


def _jax_pad(jnp: Any, x: Any, low: Any, high: Any, between: Any) -> Any:
    lax: Any = import_module("jax.lax")  # optional: only JAX itself calls this
    return lax.pad(x, jnp.zeros((), x.dtype), tuple(zip(low, high, between, strict=True)))


PAD = Op(
    name="pad",
    infer=_infer_pad,
    evaluate=_evaluate_pad,
    pullback=_pull_pad,
    native=Movement("pad"),
    jax=_jax_pad,
    explain=Explanation("[0, {0}, 0]", "Zeros are set around (and between) the numbers."),
    samples=lambda: Samples(
        (
            Case((Domain((3,)),), {"low": (1,), "high": (2,), "between": (0,)}),
            Case((Domain((2, 3)),), {"low": (0, 1), "high": (1, 0), "between": (1, 2)}),
            Case((Domain((0,)),), {"low": (1,), "high": (1,), "between": (1,)}),
        ),
        Worked(([1.0, 2.0],), [0.0, 1.0, 0.0, 2.0], {"low": (1,), "high": (0,), "between": (1,)}),
    ),
)


def pad(
    x: Operand,
    low: Sequence[int],
    high: Sequence[int],
    between: Sequence[int] | None = None,
) -> Tensor:
    """Return x with zeros before, after and between its elements, so many along each axis."""
    node = as_tensor(x)
    gaps = tuple(between) if between is not None else (0,) * node.ndim
    return apply(PAD, node, low=tuple(low), high=tuple(high), between=gaps)


def _index(x: Tensor, key: Any) -> Tensor:
    """Return x[key] for whole numbers, slices with a step ≥ 1, None and `...`."""
    keys = list(key) if isinstance(key, tuple) else [key]
    named = sum(entry is not None and entry is not ... for entry in keys)
    dots = [place for place, entry in enumerate(keys) if entry is ...]
    if named > x.ndim or len(dots) > 1:
        raise ArgumentError(f"[{key}] has more entries than the {x.ndim} axes of shape {x.shape}")
    place = dots[0] if dots else len(keys)
    keys[place : place + 1] = [slice(None)] * (x.ndim - named)
    start: list[int] = []
    stop: list[int] = []
    step: list[int] = []
    kept: list[int | None] = []  # lengths of the result: None for an axis that stays as it is
    for entry in keys:
        axis = len(start)
        if entry is None:
            kept.append(1)
        elif isinstance(entry, slice):
            bounds = entry.indices(x.shape[axis])
            if bounds[2] < 1:
                raise ArgumentError(f"[{key}]: steps must be 1 or more")
            start.append(bounds[0])
            stop.append(max(bounds[0], bounds[1]))
            step.append(bounds[2])
            kept.append(-(-(stop[-1] - start[-1]) // bounds[2]))
        elif isinstance(entry, int | np.integer) and not isinstance(entry, bool):
            length = x.shape[axis]
            if not -length <= entry < length:
                raise ArgumentError(f"[{key}]: {entry} is outside axis {axis} of shape {x.shape}")
            at = int(entry) % length
            start.append(at)
            stop.append(at + 1)
            step.append(1)
        else:
            raise ArgumentError(
                f"[{key}]: use whole numbers, slices, None or ...; for lists use `gn.gather`"
            )
    whole = all(
        (low, high, by) == (0, n, 1)
        for low, high, by, n in zip(start, stop, step, x.shape, strict=True)
    )
    return reshape(x if whole else slice_(x, start, stop, step), [n for n in kept if n is not None])


OPERATORS["[]"] = _index
OPERATORS["concatenate"] = concatenate
OPERATORS["slice"] = slice_


OPERATORS["stack"] = stack
