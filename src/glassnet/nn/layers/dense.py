"""The fully connected layer: y = ψ(W x + b) (A1, D1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glassnet.errors import ArgumentError, ShapeError
from glassnet.graph.tensor import Tensor
from glassnet.graph.types import Shape
from glassnet.nn.activations import Activation
from glassnet.nn.initializers import Given, Initializer, given
from glassnet.nn.layers.layer import Draws, Forward, Layer, Parameter
from glassnet.records import dataclass
from glassnet.unit import check_number, check_whole, quoted

__all__ = ["Dense"]


def _initializer(choice: Any) -> Initializer:
    return Initializer.of(choice) if isinstance(choice, str | Initializer) else given(choice)


def _short(choice: Any) -> str:
    return "given" if isinstance(choice, Given) else quoted(str(choice).lower())


@dataclass(frozen=True)
class Dense(Layer, name="dense"):
    """Fully connected neurons: v_j = Σ_i w_ji x_i + b_j, y_j = ψ(v_j).

    After a layer that returns a sequence they answer each step by itself.

    Args:
        units: How many neurons.
        activation: ψ, by name ("tanh", "logistic slope=2") or as an object.
        weights: Where the first weights come from: an initialiser by name or as an object, or the
            values themselves, of shape (units, inputs). If not given, what suits the activation:
            He for rectifiers, Xavier for the others.
        biases: The same for the biases, of shape (units,); None for neurons without bias.
        l1: Strength λ of the penalty λ Σ|w| on this layer's weights.
        l2: Strength λ of the penalty (λ/2) Σw² on this layer's weights.

    Raises:
        ArgumentError: A value that is not allowed.

    Source: lecture notes, model of a neuron (A1) and multi-layer perceptron (D1).

    >>> import glassnet as gn
    >>> gn.Dense(2, "logistic", weights=[[0.6, -0.1], [-0.3, 0.4]], biases=[0.3, 0.5]).units
    2
    """

    units: int
    activation: Activation | str = "linear"
    weights: Initializer | str | None = None
    biases: Initializer | str | bool | None = "zeros"
    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        check_whole("units", self.units)
        check_number("l1", self.l1, low=0)
        check_number("l2", self.l2, low=0)
        activation = Activation.of(self.activation)
        weights = activation.initializer if self.weights is None else self.weights
        object.__setattr__(self, "activation", activation)
        object.__setattr__(self, "weights", _initializer(weights))
        off = self.biases is None or self.biases is False
        biases = None if off else _initializer("zeros" if self.biases is True else self.biases)
        object.__setattr__(self, "biases", biases)

    def __str__(self) -> str:
        """Return the text that `--layers` reads: "16 tanh", and what is not the usual."""
        words = [str(self.units), quoted(str(self.psi))]
        if self.weights != Initializer.of(self.psi.initializer):
            words.append(f"weights={_short(self.weights)}")
        if self.biases != Initializer.of("zeros"):
            words.append(f"biases={_short(self.biases)}")
        words += [f"{key}={value}" for key, value in (("l1", self.l1), ("l2", self.l2)) if value]
        return " ".join(words)

    @property
    def psi(self) -> Activation:
        """The activation, as an object."""
        return Activation.of(self.activation)

    def output_shape(self, shape: Shape) -> Shape:
        """Return (units,) for inputs of shape (m,), (time, units) for sequences (time, m)."""
        if len(shape) > 2:
            raise ShapeError(
                "a dense layer needs a row of numbers for each example, or for each step of a "
                f"sequence; it is fed shape {shape}"
            )
        return (*shape[:-1], self.units)

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        """Return w of shape (units, m), and b of shape (units,) unless there is no bias."""
        if not isinstance(self.weights, Initializer):
            raise ArgumentError(f"weights must be an initialiser; got {self.weights!r}")
        axes = ("neuron", "source")
        found = {"w": Parameter((self.units, shape[-1]), "w", self.weights, axes, penalised=True)}
        if isinstance(self.biases, Initializer):
            found["b"] = Parameter((self.units,), "b", self.biases, ("neuron",))
        return found

    @property
    def penalties(self) -> tuple[float, float]:
        """The layer's own L1 and L2 strengths."""
        return (self.l1, self.l2)

    def forward(
        self,
        x: Tensor,
        parameters: Mapping[str, Tensor],
        statistics: Mapping[str, Tensor],
        draws: Draws | None,
        name: str,
    ) -> Forward:
        """Return y = ψ(v) with v = x Wᵀ + b, of shape (n, units) or (n, time, units)."""
        del statistics, draws
        v = x.reshape(-1, x.shape[-1]) @ parameters["w"].T if x.ndim > 2 else x @ parameters["w"].T
        if "b" in parameters:
            v = v + parameters["b"]
        if x.ndim > 2:
            v = v.reshape(*x.shape[:-1], self.units)
        v = v.named("v", name)
        y = self.psi(v)
        return Forward(y if y is v else y.named("y", name), v)
