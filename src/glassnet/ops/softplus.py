"""The softplus function ln(1 + eˣ): a smooth ReLU, and the logistic neuron's cross-entropy."""

from __future__ import annotations

import numpy as np

from glassnet.graph.operation import Case, Domain, Elementwise, Explanation, Op, Samples, Worked
from glassnet.graph.tensor import Operand, Tensor
from glassnet.graph.types import Array
from glassnet.ops.declare import elementwise, elementwise_cases, infer_float
from glassnet.ops.sigmoid import logistic

__all__ = ["softplus"]


def _softplus(x: Array) -> Array:
    return np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x)))


SOFTPLUS = Op(
    name="softplus",
    infer=infer_float("softplus"),
    evaluate=_softplus,
    pullback=lambda g, _y, x: (g * logistic(x),),
    native=Elementwise("softplus"),
    jax=lambda jnp, x: jnp.logaddexp(x, 0),
    explain=Explanation(
        "ln(1 + e^{0})",
        "A smooth form of max(0, x); its derivative is the logistic function.",
        ("1 / (1 + e^(−{0}))",),
        steps=(
            (
                "1 / (1 + e^{0}) · e^{0}",
                (
                    "The chain rule: the derivative of ln s is 1/s, and that of s = 1 + e^u with "
                    "respect to u is e^u."
                ),
            ),
            ("1 / (1 + e^(−{0}))", "Above and below are multiplied by e^(−u)."),
        ),
    ),
    samples=lambda: Samples(
        (*elementwise_cases((-3, 3)), Case((Domain((4,), -1000, 1000),))),
        Worked(([0.0, 1000.0, -1000.0],), [0.6931471805599453, 1000.0, 0.0]),
    ),
)


def softplus(x: Operand) -> Tensor:
    """Return ln(1 + eˣ); neither overflows nor loses digits for large |x|."""
    return elementwise(SOFTPLUS, x)
