"""The two S-shaped functions: tanh and the logistic function."""

from __future__ import annotations

import numpy as np

from glassnet.graph.operation import Case, Domain, Elementwise, Explanation, Op, Samples, Worked
from glassnet.graph.tensor import Operand, Tensor
from glassnet.graph.types import Array
from glassnet.ops.declare import elementwise, elementwise_cases, infer_float

__all__ = ["logistic", "tanh"]

TANH = Op(
    name="tanh",
    infer=infer_float("tanh"),
    evaluate=np.tanh,
    pullback=lambda g, y, _x: (g * (1.0 - y * y),),
    native=Elementwise("tanh"),
    jax=lambda jnp, x: jnp.tanh(x),
    explain=Explanation(
        "tanh {0}",
        "The hyperbolic tangent, between −1 and 1.",
        ("1 − {y}²",),
        steps=(
            (
                (
                    "((e^{0} + e^(−{0})) · (e^{0} + e^(−{0})) − (e^{0} − e^(−{0})) · "
                    "(e^{0} − e^(−{0}))) / (e^{0} + e^(−{0}))²"
                ),
                (
                    "With tanh u = p/q, p = e^u − e^(−u) and q = e^u + e^(−u): by the quotient "
                    "rule (p′q − pq′)/q², and here p′ = q and q′ = p."
                ),
            ),
            (
                "1 − (e^{0} − e^(−{0}))² / (e^{0} + e^(−{0}))²",
                "The fraction is split into two; the first one is 1.",
            ),
            ("1 − {y}²", "The second one is the square of tanh u, which is y."),
        ),
    ),
    samples=lambda: Samples(
        elementwise_cases((-3, 3)), Worked(([0.0, 0.5],), [0.0, 0.46211715726000976])
    ),
)


def tanh(x: Operand) -> Tensor:
    """Return the hyperbolic tangent of x, between −1 and 1."""
    return elementwise(TANH, x)


def _logistic(x: Array) -> Array:
    # e^−|x| never overflows; for x < 0 the same value is e^x / (1 + e^x).
    decay = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, decay) / (1 + decay)


LOGISTIC = Op(
    name="logistic",
    infer=infer_float("logistic"),
    evaluate=_logistic,
    pullback=lambda g, y, _x: (g * (y * (1.0 - y)),),
    native=Elementwise("logistic"),
    jax=lambda jnp, x: 1 / (1 + jnp.exp(-x)),
    explain=Explanation(
        "1 / (1 + e^(−{0}))",
        "The logistic function, between 0 and 1.",
        ("{y}(1 − {y})",),
        steps=(
            (
                "−1 / (1 + e^(−{0}))² · (−e^(−{0}))",
                (
                    "The chain rule: the derivative of 1/s is −1/s², and that of s = 1 + e^(−u) "
                    "with respect to u is −e^(−u)."
                ),
            ),
            (
                "1 / (1 + e^(−{0})) · (e^(−{0}) / (1 + e^(−{0})))",
                "The two signs cancel, and the fraction is split into two.",
            ),
            (
                "1 / (1 + e^(−{0})) · (((1 + e^(−{0})) − 1) / (1 + e^(−{0})))",
                "In the second one, 1 is added above and taken away again.",
            ),
            (
                "1 / (1 + e^(−{0})) · (1 − 1 / (1 + e^(−{0})))",
                "The second fraction is split: (s − 1)/s = 1 − 1/s.",
            ),
            ("{y} · (1 − {y})", "1/(1 + e^(−u)) is y."),
        ),
    ),
    samples=lambda: Samples(
        (*elementwise_cases((-3, 3)), Case((Domain((3,), -40, 40),))),
        Worked(([0.0, 0.2, 0.9],), [0.5, 0.549833997312478, 0.7109495026250039]),
    ),
)


def logistic(x: Operand) -> Tensor:
    """Return 1/(1 + e⁻ˣ), between 0 and 1; exact for large |x| too."""
    return elementwise(LOGISTIC, x)
