"""The larger, the smaller, size, sign, rounding down, and clipping to a range."""

from __future__ import annotations

import numpy as np

from glassnet.errors import ArgumentError
from glassnet.graph.operation import (
    Case,
    Domain,
    Elementwise,
    Explanation,
    Kink,
    Op,
    Samples,
    Worked,
)
from glassnet.graph.tensor import OPERATORS, Operand, Tensor
from glassnet.graph.types import TensorType
from glassnet.ops.compare import less, less_equal
from glassnet.ops.declare import elementwise, elementwise_cases, infer_elementwise, infer_float
from glassnet.ops.select import select

__all__ = ["absolute", "clip", "floor", "maximum", "minimum", "sign"]

MAXIMUM = Op(
    name="maximum",
    infer=infer_elementwise("maximum"),
    evaluate=np.maximum,
    pullback=lambda g, _y, a, b: (
        select(less_equal(b, a), g, 0.0),
        select(less(a, b), g, 0.0),
    ),
    native=Elementwise("maximum"),
    jax=lambda jnp, a, b: jnp.maximum(a, b),
    explain=Explanation("max({0}, {1})", "The larger of the two numbers."),
    samples=lambda: Samples(
        elementwise_cases((-2, 2), (-2, 2)),
        Worked(([1.0, -3.0], [0.0, 0.0]), [1.0, 0.0]),
        kinks=(Kink(([1.0], [1.0]), ([1.0], [0.0])),),
    ),
)


def maximum(a: Operand, b: Operand) -> Tensor:
    """Return the larger of a and b, element by element; where equal, the gradient goes to a."""
    return elementwise(MAXIMUM, a, b)


MINIMUM = Op(
    name="minimum",
    infer=infer_elementwise("minimum"),
    evaluate=np.minimum,
    pullback=lambda g, _y, a, b: (
        select(less_equal(a, b), g, 0.0),
        select(less(b, a), g, 0.0),
    ),
    native=Elementwise("minimum"),
    jax=lambda jnp, a, b: jnp.minimum(a, b),
    explain=Explanation("min({0}, {1})", "The smaller of the two numbers."),
    samples=lambda: Samples(
        elementwise_cases((-2, 2), (-2, 2)),
        Worked(([1.0, -3.0], [0.0, 0.0]), [0.0, -3.0]),
        kinks=(Kink(([1.0], [1.0]), ([1.0], [0.0])),),
    ),
)


def minimum(a: Operand, b: Operand) -> Tensor:
    """Return the smaller of a and b, element by element; where equal, the gradient goes to a."""
    return elementwise(MINIMUM, a, b)


ABSOLUTE = Op(
    name="abs",
    infer=infer_elementwise("abs"),
    evaluate=np.abs,
    pullback=lambda g, _y, x: (g * sign(x),),
    native=Elementwise("abs"),
    jax=lambda jnp, x: jnp.abs(x),
    explain=Explanation("|{0}|", "The size of the number, without its sign.", ("sign {0}",)),
    samples=lambda: Samples(
        elementwise_cases((-2, 2)), Worked(([-1.5, 0.0],), [1.5, 0.0]), (Kink(([0.0],), ([0.0],)),)
    ),
)


def absolute(x: Operand) -> Tensor:
    """Return the size of x; its derivative at 0 is taken as 0."""
    return elementwise(ABSOLUTE, x)


SIGN = Op(
    name="sign",
    infer=infer_elementwise("sign"),
    evaluate=np.sign,
    pullback=lambda _g, _y, _x: (None,),
    native=Elementwise("sign"),
    jax=lambda jnp, x: jnp.sign(x),
    explain=Explanation("sign {0}", "1 above zero, −1 below, 0 at zero.", ("0",)),
    samples=lambda: Samples(
        elementwise_cases((-2, 2)),
        Worked(([-1.5, 0.0, 3.0],), [-1.0, 0.0, 1.0]),
        (Kink(([0.0, 2.0],), ([0.0, 0.0],)),),
    ),
)


def sign(x: Operand) -> Tensor:
    """Return 1, 0 or −1 as x is above, at or below 0. Its derivative is 0."""
    return elementwise(SIGN, x)


FLOOR = Op(
    name="floor",
    infer=infer_float("floor"),
    evaluate=np.floor,
    pullback=lambda _g, _y, _x: (None,),
    native=Elementwise("floor"),
    jax=lambda jnp, x: jnp.floor(x),
    explain=Explanation("⌊{0}⌋", "The largest whole number that is not above it.", ("0",)),
    samples=lambda: Samples(
        elementwise_cases((-2, 2)), Worked(([-1.5, 2.0],), [-2.0, 2.0]), (Kink(([1.0],), ([0.0],)),)
    ),
)


def floor(x: Operand) -> Tensor:
    """Return the largest whole number that is not above x. Its derivative is 0."""
    return elementwise(FLOOR, x)


def _infer_clip(x: TensorType, *, low: float, high: float) -> TensorType:
    if not low <= high:
        raise ArgumentError(f"clip: low must not be above high; got low={low}, high={high}")
    return infer_float("clip")(x)


CLIP = Op(
    name="clip",
    infer=_infer_clip,
    evaluate=lambda x, low, high: np.clip(x, low, high).astype(x.dtype),
    pullback=lambda g, y, x, low, high: (
        select(less_equal(low, x), select(less_equal(x, high), g, 0.0), 0.0),
    ),
    native=Elementwise("clip"),
    jax=lambda jnp, x, low, high: jnp.clip(x, low, high),
    explain=Explanation(
        "min(max({0}, {low}), {high})", "Numbers outside the range are moved to its end."
    ),
    samples=lambda: Samples(
        tuple(Case((Domain(shape),), {"low": -0.5, "high": 1.0}) for shape in ((), (5,), (2, 3))),
        Worked(([-2.0, 0.25, 2.0],), [-0.5, 0.25, 1.0], {"low": -0.5, "high": 1.0}),
        kinks=(Kink(([-0.5, 1.0, 1.5],), ([1.0, 1.0, 0.0],), {"low": -0.5, "high": 1.0}),),
    ),
)


def clip(x: Operand, low: float, high: float) -> Tensor:
    """Return x moved into [low, high]; the derivative is 1 inside and at both ends, else 0."""
    return elementwise(CLIP, x, low=float(low), high=float(high))


OPERATORS["abs"] = absolute
