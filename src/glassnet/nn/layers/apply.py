"""An activation as a layer of its own, such as after batch normalisation."""

from __future__ import annotations

from collections.abc import Mapping

from glassnet.graph.tensor import Tensor
from glassnet.nn.activations import Activation
from glassnet.nn.layers.layer import Draws, Forward, Layer
from glassnet.records import dataclass

__all__ = ["Apply"]


@dataclass(frozen=True)
class Apply(Layer, name="apply"):
    """y = ψ(x), with nothing to train.

    Args:
        activation: ψ, by name or as an object.

    >>> import glassnet as gn
    >>> layers = [gn.Dense(8), gn.BatchNorm(), gn.Apply("relu"), gn.Dense(3, "softmax")]
    """

    activation: Activation | str = "relu"

    def __post_init__(self) -> None:
        object.__setattr__(self, "activation", Activation.of(self.activation))

    @property
    def psi(self) -> Activation:
        """The activation, as an object."""
        return Activation.of(self.activation)

    def forward(
        self,
        x: Tensor,
        parameters: Mapping[str, Tensor],
        statistics: Mapping[str, Tensor],
        draws: Draws | None,
        name: str,
    ) -> Forward:
        """Return ψ(x)."""
        del parameters, statistics, draws
        y = self.psi(x)
        return Forward(y if y is x else y.named("y", name), x)
