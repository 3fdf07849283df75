"""Gradient clipping, by value and by norm (I6): the answer to cliffs and exploding gradients.

Each function takes the gradients of all weights by name, and returns them clipped by the same
names. Both are formulas that go between the gradients and the optimiser.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from glassnet.graph.tensor import Tensor, learning_of
from glassnet.graph.types import DType
from glassnet.ops import cast, clip, constant, select, sqrt, sum_
from glassnet.unit import check_number

__all__ = ["clip_by_norm", "clip_by_value", "global_norm"]


def clip_by_value(gradients: Mapping[str, Tensor], limit: float) -> dict[str, Tensor]:
    """Return the gradients with each element moved into [−limit, limit].

    Args:
        gradients: ∂L/∂w of each weight, by name; any shapes.
        limit: The largest size of an element, above 0.

    Raises:
        ArgumentError: The limit is not a number above 0.

    Source: lecture notes, gradient clipping (I6).

    >>> import glassnet as gn
    >>> clip_by_value({"w": gn.tensor([-3.0, 0.5])}, 1.0)
    {'w': tensor([-1. ,  0.5])}
    """
    check_number("limit", limit, low=0, open_low=True)
    return {
        name: _clipped(gradient, clip(gradient, -limit, limit))
        for name, gradient in gradients.items()
    }


def clip_by_norm(gradients: Mapping[str, Tensor], limit: float) -> dict[str, Tensor]:
    """Return the gradients, all of them times limit/‖g‖ if the norm ‖g‖ of them all is above it.

    The direction stays the same. Gradients of norm 0 stay 0. Where the norm is not a finite number
    (a gradient is not, or its square overflows), the gradients become NaN, which stops training
    with an explanation; 0, which limit/∞ would give, would stop it without one.

    Args:
        gradients: ∂L/∂w of each weight, by name; any shapes.
        limit: The largest norm, above 0.

    Raises:
        ArgumentError: The limit is not a number above 0.

    Source: lecture notes, gradient clipping (I6); Pascanu, Mikolov & Bengio, On the difficulty of
    training recurrent neural networks (2013), section 3.2.

    >>> import glassnet as gn
    >>> clip_by_norm({"w": gn.tensor([3.0]), "b": gn.tensor([4.0])}, 1.0)
    {'w': tensor([0.6]), 'b': tensor([0.8])}
    """
    check_number("limit", limit, low=0, open_low=True)
    norm = _norm(gradients)
    shrunk = select(norm < math.inf, limit / norm, math.nan)
    factor = select(norm <= limit, 1.0, shrunk).named("limit/‖g‖")
    return {
        name: _clipped(gradient, gradient * cast(factor, gradient.dtype))
        for name, gradient in gradients.items()
    }


def global_norm(gradients: Mapping[str, Tensor]) -> Tensor:
    """Return ‖g‖ = √Σg² over every element of every gradient: a single number, at least 0.

    Args:
        gradients: ∂L/∂w of each weight, by name; any shapes. The norm of none is 0.

    >>> import glassnet as gn
    >>> global_norm({"w": gn.tensor([3.0]), "b": gn.tensor([4.0])})
    tensor(5.)
    """
    dtype = next((gradient.dtype for gradient in gradients.values()), DType.FLOAT64)
    return cast(_norm(gradients), dtype).named("‖g‖")


def _norm(gradients: Mapping[str, Tensor]) -> Tensor:
    """Return ‖g‖ in float64: the squares of large float32 numbers overflow in float32."""
    wide = [cast(gradient, DType.FLOAT64) for gradient in gradients.values()]
    squares = [sum_(gradient * gradient) for gradient in wide]
    total = squares[0] if squares else constant(0.0)
    for square in squares[1:]:
        total = total + square
    return sqrt(total).named("‖g‖")


def _clipped(gradient: Tensor, clipped: Tensor) -> Tensor:
    label, origin = gradient.label, gradient.provenance
    if label.symbol or origin is None or origin.adjoint is None:
        return clipped.named(f"{label.symbol or 'g'} clipped", label.layer, label.time)
    of = origin.adjoint.label
    with learning_of(of.layer, of.of or of.symbol):
        return clipped.named(f"∂E/∂{of.of or of.symbol} clipped")
