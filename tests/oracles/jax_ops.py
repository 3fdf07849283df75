"""One JAX function for each op, by name, written apart from the op's own `jax` field.

Where JAX has a primitive (`jax.lax`) it is used; else another way to the same number is taken.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from oracles import philox

jax = pytest.importorskip("jax", reason="the oracle of the ops is JAX, which is not installed")
lax, jnp = jax.lax, jax.numpy

ORACLES: dict[str, Callable[..., Any]] = {
    # arithmetic
    "add": lax.add,
    "subtract": lax.sub,
    "multiply": lax.mul,
    "divide": lax.div,
    "negate": lax.neg,
    "power": lax.pow,
    # comparisons and choice
    "less": lax.lt,
    "less_equal": lax.le,
    "equal": lax.eq,
    "logical_not": lax.bitwise_not,
    "select": lambda condition, a, b: lax.select(condition, a, b),
    "cast": lambda x, dtype: x != 0 if dtype == "bool" else lax.convert_element_type(x, dtype),
    # functions of one number
    "exp": lax.exp,
    "expm1": lax.expm1,
    "log": lax.log,
    "log1p": lax.log1p,
    "sqrt": lax.sqrt,
    "square": lambda x: lax.integer_pow(x, 2),
    "sin": lax.sin,
    "cos": lax.cos,
    "tanh": lax.tanh,
    "logistic": jax.nn.sigmoid,
    "erf": lax.erf,
    "softplus": jax.nn.softplus,
    "abs": lax.abs,
    "sign": lax.sign,
    "floor": lax.floor,
    "clip": lambda x, low, high: lax.clamp(x.dtype.type(low), x, x.dtype.type(high)),
    "maximum": lax.max,
    "minimum": lax.min,
    "stop_gradient": lax.stop_gradient,
    # recurrence: that of the samples, h ← w h + x
    "scan": lambda h, xs, w, loop, output: _linear_recurrence(h, xs, w, loop, output),
    # reductions
    "sum": lambda x, axes: jnp.add.reduce(x, axis=axes) if axes else x,
    "mean": lambda x, axes: jnp.einsum(
        x, range(x.ndim), [axis for axis in range(x.ndim) if axis not in axes]
    )
    / math.prod(x.shape[axis] for axis in axes),
    "max": lambda x, axes: lax.reduce_max(x, axes),
    "logsumexp": lambda x, axes: jax.nn.logsumexp(x, axis=axes) if axes else x,
    "argmax": lambda x, axis: lax.argmax(x, axis, np.int64),
    # shapes
    "broadcast": lambda x, shape: lax.broadcast_in_dim(
        x, shape, range(len(shape) - x.ndim, len(shape))
    ),
    "reshape": lambda x, shape: lax.reshape(x, shape),
    "transpose": lambda x, order: jnp.einsum(x, range(x.ndim), order),
    "concatenate": lambda *parts, axis: lax.concatenate(parts, axis),
    "slice": lambda x, start, stop, step: lax.slice(x, start, stop, step),
    "pad": lambda x, low, high, between: lax.pad(
        x, np.zeros((), x.dtype), list(zip(low, high, between, strict=True))
    ),
    # products and places
    "matmul": lambda a, b: jnp.einsum("...ij,...jk->...ik", a, b),
    "gather": lambda x, indices, axis: jnp.tensordot(
        jax.nn.one_hot(indices, x.shape[axis], dtype=x.dtype), jnp.moveaxis(x, axis, 0), axes=1
    ).transpose(_places(x.ndim, indices.ndim, axis)),
    "scatter_add": lambda x, indices, size, axis: jnp.moveaxis(
        jnp.tensordot(
            jax.nn.one_hot(indices, size, dtype=x.dtype),
            jnp.moveaxis(x, range(axis, axis + indices.ndim), range(indices.ndim)),
            axes=([*range(indices.ndim)], [*range(indices.ndim)]),
        ),
        0,
        axis,
    ),
    "one_hot": lambda indices, classes, dtype: jnp.eye(classes, dtype=dtype)[indices],
    # sources
    "constant": lambda value, axes=(): jnp.array(value),
    "input": lambda **_: None,
    "random_uniform": lambda seed, counter, shape, dtype, stream: _drawn(
        philox.uniform32 if dtype == "float32" else philox.uniform64,
        shape, dtype, (int(seed), stream, int(counter)),
    ),
    "random_normal": lambda seed, counter, shape, dtype, stream: _drawn(
        philox.normal64, shape, dtype, (int(seed), stream, int(counter))
    ),
}  # fmt: skip


def _places(ndim: int, indices: int, axis: int) -> list[int]:
    """From (indices…, the other axes…) to the indices' axes in the place of `axis`."""
    others = list(range(indices, indices + ndim - 1))
    return [*others[:axis], *range(indices), *others[axis:]]


def _drawn(draw: Any, shape: tuple[int, ...], dtype: str, address: tuple[int, int, int]) -> Any:
    return np.array(draw(math.prod(shape), *address), dtype).reshape(shape)


@dataclass(frozen=True)
class Judgement:
    """What the oracle finds for one set of inputs."""

    value: np.ndarray[Any, Any]
    first: tuple[Any, ...] = ()  # seed · Jacobian, for each input in `wrt`
    second: tuple[Any, ...] = ()  # of Σ direction · first: for the seed, then each in `wrt`


def judge(
    name: str,
    inputs: Sequence[Any],
    attributes: Any,
    wrt: Sequence[int] = (),
    seed: Any = None,
    directions: Sequence[Any] = (),
) -> Judgement:
    """Return the value of an op and, where a seed is given, its first and second derivatives.

    All in one compiled program: compiling is what takes time here.
    """
    function = ORACLES[name]
    if name.startswith("random"):
        return Judgement(function(*inputs, **attributes))

    def everything(variables: Sequence[Any], seed: Any, directions: Any) -> Any:
        def as_function(*some: Any) -> Any:
            arrays = list(map(jnp.asarray, inputs))
            for position, variable in zip(wrt, some, strict=True):
                arrays[position] = variable
            return function(*arrays, **attributes)

        def gradients(seed: Any, *some: Any) -> Any:
            return jax.vjp(as_function, *some)[1](seed)

        result = as_function(*variables)
        if seed is None:
            return result, (), ()
        first, pull = jax.vjp(gradients, seed, *variables)
        return result, first, pull(tuple(directions))

    with jax.numpy_dtype_promotion("strict"):
        found = jax.jit(everything)([inputs[position] for position in wrt], seed, list(directions))
    return Judgement(*jax.tree.map(np.asarray, found))


def _linear_recurrence(h: Any, xs: Any, w: Any, loop: Any, output: Any) -> Any:
    """Return h ← w h + x step by step, without JAX's scan."""
    states: dict[int, Any] = {}
    for step in reversed(range(3)) if loop.reverse else range(3):
        h = states[step] = w * h + xs[step]
    return h if hasattr(output, "carry") else jnp.stack([states[step] for step in range(3)])
