"""The four operations, negation and powers, element by element."""

from __future__ import annotations

import numpy as np

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
from glassnet.ops.compare import equal
from glassnet.ops.declare import elementwise, elementwise_cases, infer_elementwise, infer_float
from glassnet.ops.exponential import log
from glassnet.ops.select import select

__all__ = ["add", "divide", "multiply", "negate", "power", "square", "subtract"]

ADD = Op(
    name="add",
    infer=infer_elementwise("add"),
    evaluate=np.add,
    pullback=lambda g, _y, _a, _b: (g, g),
    native=Elementwise("add"),
    jax=lambda jnp, a, b: jnp.add(a, b),
    explain=Explanation("{0} + {1}", "The two numbers are added.", ("1", "1")),
    samples=lambda: Samples(elementwise_cases((-2, 2), (-2, 2)), Worked(([1.5], [2.0]), [3.5])),
)


def add(a: Operand, b: Operand) -> Tensor:
    """Return a + b, element by element; shapes are broadcast."""
    return elementwise(ADD, a, b)


SUBTRACT = Op(
    name="subtract",
    infer=infer_elementwise("subtract"),
    evaluate=np.subtract,
    pullback=lambda g, _y, _a, _b: (g, -g),
    native=Elementwise("subtract"),
    jax=lambda jnp, a, b: jnp.subtract(a, b),
    explain=Explanation("{0} − {1}", "The second number is taken from the first.", ("1", "−1")),
    samples=lambda: Samples(elementwise_cases((-2, 2), (-2, 2)), Worked(([1.5], [2.0]), [-0.5])),
)


def subtract(a: Operand, b: Operand) -> Tensor:
    """Return a − b, element by element; shapes are broadcast."""
    return elementwise(SUBTRACT, a, b)


MULTIPLY = Op(
    name="multiply",
    infer=infer_elementwise("multiply"),
    evaluate=np.multiply,
    pullback=lambda g, _y, a, b: (g * b, g * a),
    native=Elementwise("multiply"),
    jax=lambda jnp, a, b: jnp.multiply(a, b),
    explain=Explanation("{0} · {1}", "The two numbers are multiplied.", ("{1}", "{0}")),
    samples=lambda: Samples(elementwise_cases((-2, 2), (-2, 2)), Worked(([1.5], [-2.0]), [-3.0])),
)


def multiply(a: Operand, b: Operand) -> Tensor:
    """Return a · b, element by element; shapes are broadcast."""
    return elementwise(MULTIPLY, a, b)


DIVIDE = Op(
    name="divide",
    infer=infer_float("divide"),
    evaluate=np.divide,
    pullback=lambda g, y, _a, b: (g / b, -(g * y / b)),
    native=Elementwise("divide"),
    jax=lambda jnp, a, b: jnp.divide(a, b),
    explain=Explanation(
        "{0} / {1}", "The first number is divided by the second.", ("1/{1}", "−{0}/{1}²")
    ),
    samples=lambda: Samples(elementwise_cases((-2, 2), (0.5, 2)), Worked(([1.0], [-4.0]), [-0.25])),
)


def divide(a: Operand, b: Operand) -> Tensor:
    """Return a / b, element by element; shapes are broadcast. Division by 0 gives ±inf or NaN."""
    return elementwise(DIVIDE, a, b)


NEGATE = Op(
    name="negate",
    infer=infer_elementwise("negate"),
    evaluate=np.negative,
    pullback=lambda g, _y, _x: (-g,),
    native=Elementwise("negate"),
    jax=lambda jnp, x: jnp.negative(x),
    explain=Explanation("−{0}", "The sign is turned round.", ("−1",)),
    samples=lambda: Samples(elementwise_cases((-2, 2)), Worked(([1.5],), [-1.5])),
)


def negate(x: Operand) -> Tensor:
    """Return −x."""
    return elementwise(NEGATE, x)


def _pull_power(g: Tensor, y: Tensor, base: Tensor, exponent: Tensor) -> tuple[Tensor, Tensor]:
    # At a base of 0, x⁰ has the slope 0, and 0ⁿ log 0 is taken as 0, the limit for n > 0. What is
    # not meant is replaced before it is worked out, so that further derivatives are finite too.
    nonzero = select(equal(base, 0.0), 1.0, base)
    slope = exponent * power(select(equal(exponent, 0.0), nonzero, base), exponent - 1.0)
    return g * slope, g * y * log(nonzero)


POWER = Op(
    name="power",
    infer=infer_float("power"),
    evaluate=np.power,
    pullback=_pull_power,
    native=Elementwise("power"),
    jax=lambda jnp, a, b: jnp.power(a, b),
    explain=Explanation(
        "{0}^{1}",
        "The first number is raised to the power of the second.",
        ("{1} · {0}^({1} − 1)", "{y} · ln {0}"),
    ),
    samples=lambda: Samples(
        (
            *elementwise_cases((0.5, 2), (-2, 2)),
            Case((Domain((4,), 0.5, 2), Domain((4,), 2, 3))),
        ),
        Worked(([1.5, 4.0], [2.0, 0.5]), [2.25, 2.0]),
        kinks=(Kink(([0.0], [2.0]), ([0.0], [0.0])), Kink(([0.0], [0.0]), ([0.0], [0.0]))),
    ),
)


def power(base: Operand, exponent: Operand) -> Tensor:
    """Return base raised to exponent, element by element; shapes are broadcast.

    A negative base has a value for whole exponents only, else NaN. The exponent 2, written as a
    plain number, is a square.
    """
    if isinstance(exponent, int | float) and exponent == 2 and isinstance(base, Tensor):
        return square(base)
    return elementwise(POWER, base, exponent)


SQUARE = Op(
    name="square",
    infer=infer_elementwise("square"),
    evaluate=np.square,
    pullback=lambda g, _y, x: (g * (x * 2.0),),
    native=Elementwise("square"),
    jax=lambda jnp, x: jnp.square(x),
    explain=Explanation("{0}²", "The number is multiplied by itself.", ("2 · {0}",)),
    samples=lambda: Samples(elementwise_cases((-2, 2)), Worked(([-1.5, 3.0],), [2.25, 9.0])),
)


def square(x: Operand) -> Tensor:
    """Return x²."""
    return elementwise(SQUARE, x)


OPERATORS["+"] = add
OPERATORS["-"] = subtract
OPERATORS["*"] = multiply
OPERATORS["/"] = divide
OPERATORS["neg"] = negate
OPERATORS["**"] = power
