"""Comparisons: two numbers give yes or no."""

from __future__ import annotations

import numpy as np

from glassnet.graph.operation import Elementwise, Explanation, NoGradient, Op, Samples, Worked
from glassnet.graph.tensor import OPERATORS, Operand, Tensor
from glassnet.ops.declare import elementwise, elementwise_cases, infer_compare, infer_elementwise

__all__ = ["equal", "less", "less_equal", "logical_not", "not_equal"]

STEP = NoGradient(
    "A comparison jumps from no to yes: its derivative is zero wherever it exists, so gradient "
    "descent learns nothing through it. Threshold neurons are trained by the perceptron rule; for "
    "gradient descent use `logistic` or `tanh` instead."
)

LESS = Op(
    name="less",
    infer=infer_compare("less"),
    evaluate=np.less,
    pullback=STEP,
    native=Elementwise("less"),
    jax=lambda jnp, a, b: jnp.less(a, b),
    explain=Explanation("{0} < {1}", "Is the first number below the second?"),
    samples=lambda: Samples(
        elementwise_cases((-2, 2), (-2, 2)), Worked(([1.0, 2.0], [2.0, 2.0]), [True, False])
    ),
)


def less(a: Operand, b: Operand) -> Tensor:
    """Return whether a < b, element by element (bool); shapes are broadcast."""
    return elementwise(LESS, a, b)


LESS_EQUAL = Op(
    name="less_equal",
    infer=infer_compare("less_equal"),
    evaluate=np.less_equal,
    pullback=STEP,
    native=Elementwise("less_equal"),
    jax=lambda jnp, a, b: jnp.less_equal(a, b),
    explain=Explanation("{0} ≤ {1}", "Is the first number no larger than the second?"),
    samples=lambda: Samples(
        elementwise_cases((-2, 2), (-2, 2)), Worked(([2.0, 3.0], [2.0, 2.0]), [True, False])
    ),
)


def less_equal(a: Operand, b: Operand) -> Tensor:
    """Return whether a ≤ b, element by element (bool); shapes are broadcast."""
    return elementwise(LESS_EQUAL, a, b)


EQUAL = Op(
    name="equal",
    infer=infer_compare("equal"),
    evaluate=np.equal,
    pullback=STEP,
    native=Elementwise("equal"),
    jax=lambda jnp, a, b: jnp.equal(a, b),
    explain=Explanation("{0} is {1}", "Are the two numbers equal?"),
    samples=lambda: Samples(
        elementwise_cases((-2, 2), (-2, 2)), Worked(([2.0, 3.0], [2.0, 2.0]), [True, False])
    ),
)


def equal(a: Operand, b: Operand) -> Tensor:
    """Return whether a = b, element by element (bool); shapes are broadcast."""
    return elementwise(EQUAL, a, b)


LOGICAL_NOT = Op(
    name="logical_not",
    infer=infer_elementwise("logical_not", "b"),
    evaluate=np.logical_not,
    pullback=STEP,
    native=Elementwise("logical_not"),
    jax=lambda jnp, a: jnp.logical_not(a),
    explain=Explanation("not {0}", "Yes becomes no, and no becomes yes."),
    samples=lambda: Samples(
        elementwise_cases((0, 2), kind="bool"), Worked(([True, False],), [False, True])
    ),
)


def logical_not(a: Operand) -> Tensor:
    """Return the opposite of a yes/no tensor."""
    return elementwise(LOGICAL_NOT, a)


def not_equal(a: Operand, b: Operand) -> Tensor:
    """Return whether a ≠ b, element by element (bool); shapes are broadcast."""
    return logical_not(equal(a, b))


OPERATORS["<"] = less
OPERATORS["<="] = less_equal
