"""The error function, for the exact GELU."""

from __future__ import annotations

import math

import numpy as np

from glassnet.graph.operation import Case, Domain, Elementwise, Explanation, Op, Samples, Worked
from glassnet.graph.tensor import Operand, Tensor
from glassnet.graph.types import Array
from glassnet.ops.declare import elementwise, elementwise_cases, infer_float
from glassnet.ops.exponential import exp

__all__ = ["erf"]

# Cody, Rational Chebyshev approximations for the error function, Math. Comp. 23 (1969) 631-637;
# coefficients as in his CALERF: |x| ≤ 0.46875, then up to 4, then above. About 1 part in 10¹⁶.
_SMALL = (
    (1.85777706184603153e-1, 3.16112374387056560e0, 1.13864154151050156e2,
     3.77485237685302021e2, 3.20937758913846947e3),
    (1.0, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3,
     2.84423683343917062e3),
)  # fmt: skip
_MEDIUM = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594e0,
     6.61191906371416295e1, 2.98635138197400131e2, 8.81952221241769090e2,
     1.71204761263407058e3, 2.05107837782607147e3, 1.23033935479799725e3),
    (1.0, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2,
     1.62138957456669019e3, 3.29079923573345963e3, 4.36261909014324716e3,
     3.43936767414372164e3, 1.23033935480374942e3),
)  # fmt: skip
_LARGE = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1,
     1.25781726111229246e-1, 1.60837851487422766e-2, 6.58749161529837803e-4),
    (1.0, 2.56852019228982242e0, 1.87295284992346047e0, 5.27905102951428412e-1,
     6.05183413124413191e-2, 2.33520497626869185e-3),
)  # fmt: skip


def _ratio(coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: Array) -> Array:
    return np.polyval(coefficients[0], x) / np.polyval(coefficients[1], x)


def _erf(x: Array) -> Array:
    wide = np.asarray(x, dtype=np.float64)
    size = np.minimum(np.abs(wide), 6.0)  # erf(6) is 1 to all digits of float64
    small = wide * _ratio(_SMALL, np.minimum(size, 0.46875) ** 2)
    decay = np.exp(-size * size)
    medium = 1.0 - decay * _ratio(_MEDIUM, np.clip(size, 0.46875, 4.0))
    beyond = np.maximum(size, 4.0)
    inverse = 1.0 / beyond**2
    tail = (1.0 / math.sqrt(math.pi) - inverse * _ratio(_LARGE, inverse)) / beyond
    large = 1.0 - decay * tail
    outer = np.copysign(np.where(size <= 4.0, medium, large), wide)
    return np.where(size <= 0.46875, small, outer).astype(x.dtype)


ERF = Op(
    name="erf",
    infer=infer_float("erf"),
    evaluate=_erf,
    pullback=lambda g, _y, x: (g * (2.0 / math.sqrt(math.pi)) * exp(-(x * x)),),
    native=Elementwise("erf"),
    jax=lambda jnp, x: __import__("jax").scipy.special.erf(x),
    explain=Explanation("erf {0}", "The error function, between −1 and 1.", ("2/√π · e^(−{0}²)",)),
    samples=lambda: Samples(
        (
            *elementwise_cases((-3, 3)),
            Case((Domain((9,), -7, 7),)),
            Case((Domain((5,), -0.5, 0.5),)),
        ),
        Worked(([0.0, 0.5, 1.0],), [0.0, 0.5204998778130465, 0.8427007929497149]),
    ),
)


def erf(x: Operand) -> Tensor:
    """Return the error function of x: 2/√π · ∫₀ˣ e^(−t²) dt."""
    return elementwise(ERF, x)
