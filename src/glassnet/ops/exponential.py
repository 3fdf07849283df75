"""Exponentials, logarithms and the square root."""

from __future__ import annotations

import numpy as np

from glassnet.graph.operation import Elementwise, Explanation, Op, Samples, Worked
from glassnet.graph.tensor import Operand, Tensor
from glassnet.ops.declare import elementwise, elementwise_cases, infer_float

__all__ = ["exp", "expm1", "log", "log1p", "sqrt"]

EXP = Op(
    name="exp",
    infer=infer_float("exp"),
    evaluate=np.exp,
    pullback=lambda g, y, _x: (g * y,),
    native=Elementwise("exp"),
    jax=lambda jnp, x: jnp.exp(x),
    explain=Explanation("e^{0}", "e = 2.71828… is raised to this power.", ("{y}",)),
    samples=lambda: Samples(
        elementwise_cases((-3, 3)), Worked(([0.0, -0.2],), [1.0, 0.8187307530779818])
    ),
)


def exp(x: Operand) -> Tensor:
    """Return eˣ."""
    return elementwise(EXP, x)


EXPM1 = Op(
    name="expm1",
    infer=infer_float("expm1"),
    evaluate=np.expm1,
    pullback=lambda g, y, _x: (g * (y + 1.0),),
    native=Elementwise("expm1"),
    jax=lambda jnp, x: jnp.expm1(x),
    explain=Explanation("e^{0} − 1", "e to this power, less one.", ("{y} + 1",)),
    samples=lambda: Samples(
        elementwise_cases((-3, 3)), Worked(([0.0, 1e-12],), [0.0, 1.0000000000005e-12])
    ),
)


def expm1(x: Operand) -> Tensor:
    """Return eˣ − 1, exact to the last digits for x near 0 too."""
    return elementwise(EXPM1, x)


LOG = Op(
    name="log",
    infer=infer_float("log"),
    evaluate=np.log,
    pullback=lambda g, _y, x: (g / x,),
    native=Elementwise("log"),
    jax=lambda jnp, x: jnp.log(x),
    explain=Explanation("ln {0}", "The natural logarithm.", ("1/{0}",)),
    samples=lambda: Samples(
        elementwise_cases((0.3, 3)), Worked(([1.0, 2.0],), [0.0, 0.6931471805599453])
    ),
)


def log(x: Operand) -> Tensor:
    """Return the natural logarithm of x; −inf at 0, NaN below."""
    return elementwise(LOG, x)


LOG1P = Op(
    name="log1p",
    infer=infer_float("log1p"),
    evaluate=np.log1p,
    pullback=lambda g, _y, x: (g / (x + 1.0),),
    native=Elementwise("log1p"),
    jax=lambda jnp, x: jnp.log1p(x),
    explain=Explanation("ln(1 + {0})", "The natural logarithm of one more.", ("1/(1 + {0})",)),
    samples=lambda: Samples(
        elementwise_cases((-0.6, 3)), Worked(([0.0, 1e-12],), [0.0, 9.999999999995e-13])
    ),
)


def log1p(x: Operand) -> Tensor:
    """Return ln(1 + x), exact to the last digits for x near 0 too."""
    return elementwise(LOG1P, x)


SQRT = Op(
    name="sqrt",
    infer=infer_float("sqrt"),
    evaluate=np.sqrt,
    pullback=lambda g, y, _x: (g / (y * 2.0),),
    native=Elementwise("sqrt"),
    jax=lambda jnp, x: jnp.sqrt(x),
    explain=Explanation("√{0}", "The square root.", ("1/(2{y})",)),
    samples=lambda: Samples(elementwise_cases((0.3, 3)), Worked(([2.25, 0.0],), [1.5, 0.0])),
)


def sqrt(x: Operand) -> Tensor:
    """Return the square root of x; NaN below 0. Its derivative at 0 is infinite."""
    return elementwise(SQRT, x)
