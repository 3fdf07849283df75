"""The gated recurrent unit."""

from __future__ import annotations

from collections.abc import Mapping

from glassnet import ops
from glassnet.graph.tensor import Tensor
from glassnet.nn.initializers import Zeros
from glassnet.nn.layers.layer import Parameter
from glassnet.nn.layers.over_time import GatedLayer, State
from glassnet.records import dataclass

__all__ = ["GRU"]


@dataclass(frozen=True)
class GRU(GatedLayer, name="gru"):
    """Neurons with a gate z that keeps the state and a gate r that hides it from the candidate n.

    r = σ(W_r x + U_r h + b_r), z = σ(W_z x + U_z h + b_z),
    n = tanh(W_n x + b_n + r ⊙ (U_n h + b_u)), and h(t) = (1 − z) ⊙ n + z ⊙ h(t−1): PyTorch's
    convention, where r acts after the product with U_n and z = 1 keeps the state. (Cho et al. let r
    act before the product.) The weights of r, z, n stand one below the other, in this order.
    An example has the shape (time, features).

    Args:
        units: How many neurons.
        returns: "sequence", h after each step, or "last", h after the last one. If not given, the
            sequence where another layer that goes over time comes after it, else the last.
        start: h(0): "zeros", "learnt", or `units` numbers.
        weights: Where the first W, of shape (3 · units, features), comes from.
        recurrent: Where the first U, of shape (3 · units, units), comes from.

    Source: Cho et al. (2014); PyTorch's documentation of `torch.nn.GRU`.

    >>> import glassnet as gn
    >>> gn.Network([gn.GRU(8), gn.Dense(1)], inputs=(20, 3)).parameters["gru1.u"].shape
    (24, 8)
    """

    gates = 3
    gate_names = ("r", "z", "n")

    def weights_for(self, inputs: int) -> dict[str, Parameter]:
        """Return w, u and b, and bu, the bias of the candidate's part of the state."""
        bias = Parameter((self.units,), "b_u", Zeros(), ("neuron",))
        return {**super().weights_for(inputs), "bu": bias}

    def step(self, state: State, x: Tensor, weights: Mapping[str, Tensor], name: str) -> State:
        """Return h(t) = (1 − z) ⊙ n + z ⊙ h(t−1)."""
        h = state["h"]
        x_r, x_z, x_n = self.split(x @ weights["w"].T + weights["b"])
        h_r, h_z, h_n = self.split(h @ weights["u"].T)
        r = ops.logistic((x_r + h_r).named("v_r", name)).named("r", name)
        z = ops.logistic((x_z + h_z).named("v_z", name)).named("z", name)
        v_n = x_n + r * (h_n + weights["bu"])
        n = ops.tanh(v_n.named("v_n", name)).named("n", name)
        return {"h": ((1.0 - z) * n + z * h).named("h", name)}
