"""S-shaped neurons: logistic (A4), bipolar logistic, tanh (A5), softsign."""

from __future__ import annotations

from glassnet import ops
from glassnet.graph.tensor import Operand, Tensor
from glassnet.nn.activations.activation import Activation
from glassnet.ops.declare import as_tensor
from glassnet.records import dataclass
from glassnet.unit import check_number

__all__ = ["BipolarLogistic", "Logistic", "Softsign", "Tanh", "bipolar_logistic", "softsign"]


def _steeper(v: Tensor, slope: float) -> Tensor:
    return v if slope == 1.0 else v * slope


@dataclass(frozen=True)
class Logistic(Activation, name="logistic"):
    """ψ(v) = 1/(1 + e^(−av)), between 0 and 1; ψ′(v) = a ψ (1 − ψ).

    Args:
        slope: a, above 0.

    Source: lecture notes, sigmoid function (A4).
    """

    range = (0.0, 1.0)

    slope: float = 1.0

    def __post_init__(self) -> None:
        check_number("slope", self.slope, low=0, open_low=True)

    def __call__(self, v: Tensor) -> Tensor:
        """Return 1/(1 + e^(−av))."""
        return ops.logistic(self.logits(v))

    def logits(self, v: Tensor) -> Tensor:
        """Return av: the logarithm of the odds y/(1 − y)."""
        return _steeper(v, self.slope)


def bipolar_logistic(x: Operand) -> Tensor:
    """Return 2/(1 + e⁻ˣ) − 1, between −1 and 1."""
    return ops.logistic(x) * 2.0 - 1.0


@dataclass(frozen=True)
class BipolarLogistic(Activation, name="bipolar_logistic"):
    """ψ(v) = 2/(1 + e^(−av)) − 1 = tanh(av/2), between −1 and 1; ψ′(v) = (a/2)(1 − ψ²).

    Args:
        slope: a, above 0.
    """

    range = (-1.0, 1.0)

    slope: float = 1.0

    def __post_init__(self) -> None:
        check_number("slope", self.slope, low=0, open_low=True)

    def __call__(self, v: Tensor) -> Tensor:
        """Return 2/(1 + e^(−av)) − 1."""
        return bipolar_logistic(_steeper(v, self.slope))


@dataclass(frozen=True)
class Tanh(Activation, name="tanh"):
    """ψ(v) = tanh v, between −1 and 1; ψ′(v) = 1 − ψ². Source: lecture notes (A5)."""

    range = (-1.0, 1.0)

    def __call__(self, v: Tensor) -> Tensor:
        """Return tanh v."""
        return ops.tanh(v)


def softsign(x: Operand) -> Tensor:
    """Return x/(1 + |x|), between −1 and 1."""
    tensor = as_tensor(x)
    return tensor / (abs(tensor) + 1.0)


@dataclass(frozen=True)
class Softsign(Activation, name="softsign"):
    """ψ(v) = v/(1 + |v|), between −1 and 1; ψ′(v) = 1/(1 + |v|)²."""

    range = (-1.0, 1.0)

    def __call__(self, v: Tensor) -> Tensor:
        """Return v/(1 + |v|)."""
        return softsign(v)
