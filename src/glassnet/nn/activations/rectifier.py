"""Rectifiers: ReLU (A7), leaky ReLU, ELU, GELU, softplus."""

from __future__ import annotations

import math

from glassnet import ops
from glassnet.graph.tensor import Operand, Tensor
from glassnet.nn.activations.activation import Activation
from glassnet.ops.declare import as_tensor
from glassnet.records import dataclass
from glassnet.unit import check_number

__all__ = ["ELU", "GELU", "LeakyReLU", "ReLU", "Softplus", "elu", "gelu", "leaky_relu", "relu"]


def relu(x: Operand) -> Tensor:
    """Return max(0, x), element by element. The derivative at 0 is taken as 0.

    >>> import glassnet as gn
    >>> gn.relu(gn.tensor([-2.0, 0.0, 3.0]))
    tensor([0., 0., 3.])
    """
    tensor = as_tensor(x)
    return ops.maximum(0.0, tensor)


@dataclass(frozen=True)
class ReLU(Activation, name="relu"):
    """ψ(v) = max(0, v); ψ′(v) = 1 above 0, else 0. Source: lecture notes (A7)."""

    range = (0.0, math.inf)
    initializer = "he_uniform"

    def __call__(self, v: Tensor) -> Tensor:
        """Return max(0, v)."""
        return relu(v)


def leaky_relu(x: Operand, slope: float = 0.01) -> Tensor:
    """Return x above 0, else slope · x. The derivative at 0 is taken as the slope."""
    tensor = as_tensor(x)
    return ops.select(tensor > 0.0, tensor, tensor * slope)


@dataclass(frozen=True)
class LeakyReLU(Activation, name="leaky_relu"):
    """ψ(v) = v above 0, else a·v. Source: Maas, Hannun & Ng (2013).

    Args:
        slope: a, from 0 up to 1.
    """

    initializer = "he_uniform"

    slope: float = 0.01

    def __post_init__(self) -> None:
        check_number("slope", self.slope, low=0, high=1)

    def __call__(self, v: Tensor) -> Tensor:
        """Return v above 0, else a·v."""
        return leaky_relu(v, self.slope)


def elu(x: Operand, scale: float = 1.0) -> Tensor:
    """Return x above 0, else scale · (eˣ − 1)."""
    tensor = as_tensor(x)
    below = ops.expm1(ops.select(tensor > 0.0, 0.0, tensor))
    return ops.select(tensor > 0.0, tensor, below * scale)


@dataclass(frozen=True)
class ELU(Activation, name="elu"):
    """ψ(v) = v above 0, else a(e^v − 1). Source: Clevert, Unterthiner & Hochreiter (2016).

    Args:
        scale: a, above 0: the output goes down to −a.
    """

    initializer = "he_uniform"

    scale: float = 1.0

    def __post_init__(self) -> None:
        check_number("scale", self.scale, low=0, open_low=True)

    def __call__(self, v: Tensor) -> Tensor:
        """Return v above 0, else a(e^v − 1)."""
        return elu(v, self.scale)


def gelu(x: Operand) -> Tensor:
    """Return x·Φ(x) with the normal distribution function Φ(x) = ½(1 + erf(x/√2))."""
    tensor = as_tensor(x)
    return tensor * 0.5 * (ops.erf(tensor * math.sqrt(0.5)) + 1.0)


@dataclass(frozen=True)
class GELU(Activation, name="gelu"):
    """ψ(v) = v·Φ(v), Φ the normal distribution function. Source: Hendrycks & Gimpel (2016)."""

    initializer = "he_uniform"

    def __call__(self, v: Tensor) -> Tensor:
        """Return v·Φ(v)."""
        return gelu(v)


@dataclass(frozen=True)
class Softplus(Activation, name="softplus"):
    """ψ(v) = ln(1 + e^v), a smooth max(0, v); ψ′(v) is the logistic function."""

    range = (0.0, math.inf)
    initializer = "he_uniform"

    def __call__(self, v: Tensor) -> Tensor:
        """Return ln(1 + e^v)."""
        return ops.softplus(v)
