"""Random numbers as a function of (seed, counter, stream, position): they replay exactly."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

from glassnet.errors import ArgumentError, DTypeError, ShapeError
from glassnet.graph.operation import (
    Case,
    Domain,
    Explanation,
    NoGradient,
    Op,
    Random,
    Samples,
    Worked,
)
from glassnet.graph.tensor import Operand, Tensor, apply
from glassnet.graph.types import Array, DType, Shape, TensorType
from glassnet.ops import philox
from glassnet.ops.sources import constant

__all__ = ["random_normal", "random_uniform"]

FIXED = NoGradient("A random number does not depend on its seed in a way that has a derivative.")


def _infer(
    seed: TensorType, counter: TensorType, *, shape: Shape, dtype: str, stream: int
) -> TensorType:
    for name, kind in (("seed", seed), ("counter", counter)):
        if kind.dtype is not DType.INT64:
            raise DTypeError(f"random: {name} must be int64; got {kind.dtype}")
        if kind.shape:
            raise ShapeError(f"random: {name} must be a single number; got shape {kind.shape}")
    if not DType(dtype).is_float:
        raise DTypeError(f"random: dtype must be float64 or float32; got {dtype}")
    if stream < 0:
        raise ArgumentError(f"random: stream must be 0 or more; got {stream}")
    return TensorType(shape, DType(dtype))


def _uniform(seed: Array, counter: Array, shape: Shape, dtype: str, stream: int) -> Array:
    return philox.uniform(shape, int(seed), stream=stream, counter=int(counter), dtype=dtype)


def _normal(seed: Array, counter: Array, shape: Shape, dtype: str, stream: int) -> Array:
    return philox.normal(shape, int(seed), stream=stream, counter=int(counter), dtype=dtype)


def _in_jax(draw: Any) -> Any:
    """Let JAX call NumPy for the draw: the same bits on every engine, for very little work."""

    def rule(jnp: Any, seed: Any, counter: Any, shape: Shape, dtype: str, stream: int) -> Any:
        jax: Any = import_module("jax")  # optional: only JAX itself calls this

        def host(seed: Any, counter: Any) -> Array:
            return draw(seed, counter, shape, dtype, stream)

        return jax.pure_callback(host, jax.ShapeDtypeStruct(shape, jnp.dtype(dtype)), seed, counter)

    return rule


_INTEGERS = (Domain((), 0, 1000, "integer"), Domain((), 0, 1000, "integer"))
_CASES = tuple(
    Case(_INTEGERS, {"shape": shape, "dtype": dtype, "stream": 7})
    for shape in ((), (5,), (3, 4), (0,))
    for dtype in ("float64", "float32")
)

RANDOM_UNIFORM = Op(
    name="random_uniform",
    infer=_infer,
    evaluate=_uniform,
    pullback=FIXED,
    native=Random("uniform"),
    jax=_in_jax(_uniform),
    explain=Explanation("U[0, 1)", "A random number between 0 and 1, fixed by seed and counter."),
    samples=lambda: Samples(
        _CASES,
        # Random123's known answer for key 0, counter 0: the first word is 6627e8d5 (hexadecimal).
        Worked((0, 0), [0x6627E8 / 2**24], {"shape": (1,), "dtype": "float32", "stream": 0}),
    ),
)


def _scalar(value: Operand) -> Tensor:
    return value if isinstance(value, Tensor) else constant(value)


def random_uniform(
    shape: Sequence[int],
    seed: Operand,
    counter: Operand = 0,
    *,
    stream: int = 0,
    dtype: DType | str = DType.FLOAT64,
) -> Tensor:
    """Return numbers uniform in [0, 1), the same for the same arguments on every engine.

    Args:
        shape: The shape of the result.
        seed: A whole number (int64): which sequence.
        counter: A whole number (int64): which draw of it, such as the number of the training step.
        stream: Which of many independent sequences of that seed, such as the number of a layer.
        dtype: "float64" (53 random bits) or "float32" (24).

    Source: Philox 4×32-10; see `glassnet.ops.philox`.
    """
    settings = {"shape": tuple(shape), "dtype": str(DType(dtype)), "stream": stream}
    return apply(RANDOM_UNIFORM, _scalar(seed), _scalar(counter), **settings)


RANDOM_NORMAL = Op(
    name="random_normal",
    infer=_infer,
    evaluate=_normal,
    pullback=FIXED,
    native=Random("normal"),
    jax=_in_jax(_normal),
    explain=Explanation("N(0, 1)", "A normally distributed number, fixed by seed and counter."),
    samples=lambda: Samples(
        _CASES,
        # The inverse distribution function at (0x6627e8d5e169c58d >> 11) / 2⁵³ = 0.39904…
        Worked((0, 0), [-0.2558159702035156], {"shape": (1,), "dtype": "float64", "stream": 0}),
    ),
)


def random_normal(
    shape: Sequence[int],
    seed: Operand,
    counter: Operand = 0,
    *,
    stream: int = 0,
    dtype: DType | str = DType.FLOAT64,
) -> Tensor:
    """Return standard normal numbers (mean 0, variance 1), the same on every engine.

    Arguments as in `random_uniform`. Source: the inverse distribution function (Wichura, AS 241) of
    a uniform number.
    """
    settings = {"shape": tuple(shape), "dtype": str(DType(dtype)), "stream": stream}
    return apply(RANDOM_NORMAL, _scalar(seed), _scalar(counter), **settings)
