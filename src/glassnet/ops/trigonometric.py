"""Sine and cosine."""

from __future__ import annotations

import numpy as np

from glassnet.graph.operation import Elementwise, Explanation, Op, Samples, Worked
from glassnet.graph.tensor import Operand, Tensor
from glassnet.ops.declare import elementwise, elementwise_cases, infer_float

__all__ = ["cos", "sin"]

SIN = Op(
    name="sin",
    infer=infer_float("sin"),
    evaluate=np.sin,
    pullback=lambda g, _y, x: (g * cos(x),),
    native=Elementwise("sin"),
    jax=lambda jnp, x: jnp.sin(x),
    explain=Explanation("sin {0}", "The sine (of an angle in radians).", ("cos {0}",)),
    samples=lambda: Samples(
        elementwise_cases((-3, 3)), Worked(([0.0, 1.0],), [0.0, 0.8414709848078965])
    ),
)


def sin(x: Operand) -> Tensor:
    """Return the sine of x (radians)."""
    return elementwise(SIN, x)


COS = Op(
    name="cos",
    infer=infer_float("cos"),
    evaluate=np.cos,
    pullback=lambda g, _y, x: (-(g * sin(x)),),
    native=Elementwise("cos"),
    jax=lambda jnp, x: jnp.cos(x),
    explain=Explanation("cos {0}", "The cosine (of an angle in radians).", ("−sin {0}",)),
    samples=lambda: Samples(
        elementwise_cases((-3, 3)), Worked(([0.0, 1.0],), [1.0, 0.5403023058681398])
    ),
)


def cos(x: Operand) -> Tensor:
    """Return the cosine of x (radians)."""
    return elementwise(COS, x)
