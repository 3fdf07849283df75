"""The basic recurrent layer (K4)."""

from __future__ import annotations

from collections.abc import Mapping

from glassnet.graph.tensor import Tensor
from glassnet.nn.activations import Activation
from glassnet.nn.layers.over_time import GatedLayer, State
from glassnet.records import dataclass

__all__ = ["RNN"]


@dataclass(frozen=True)
class RNN(GatedLayer, name="rnn"):
    """Neurons that see their own outputs of the step before: h(t) = ψ(W x(t) + U h(t−1) + b).

    An example has the shape (time, features).

    Args:
        units: How many neurons.
        activation: ψ, by name ("tanh", "relu") or as an object.
        returns: "sequence", the outputs of each step, or "last", those of the last one. If not
            given, the sequence where another layer that goes over time comes after it, else the
            last.
        start: h(0): "zeros", "learnt", or `units` numbers.
        weights: Where the first W, of shape (units, features), comes from.
        recurrent: Where the first U, of shape (units, units), comes from.

    Source: lecture notes, basic recurrent network (K4); Elman (1990).

    >>> import glassnet as gn
    >>> net = gn.Network([gn.RNN(8), gn.Dense(1)], inputs=(20, 3))
    >>> net.stack.shapes
    ((20, 3), (8,), (1,))
    """

    activation: Activation | str = "tanh"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "activation", Activation.of(self.activation))

    @property
    def psi(self) -> Activation:
        """The activation, as an object."""
        return Activation.of(self.activation)

    def step(self, state: State, x: Tensor, weights: Mapping[str, Tensor], name: str) -> State:
        """Return h(t) = ψ(W x(t) + b + U h(t−1))."""
        v = (x @ weights["w"].T + weights["b"]) + state["h"] @ weights["u"].T
        return {"h": self.psi(v.named("v", name)).named("h", name)}
