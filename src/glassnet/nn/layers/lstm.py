"""Long short-term memory (K7)."""

from __future__ import annotations

from collections.abc import Mapping

from glassnet import ops
from glassnet.graph.tensor import Tensor
from glassnet.nn.initializers import Initializer, Zeros, given
from glassnet.nn.layers.layer import Parameter
from glassnet.nn.layers.over_time import GatedLayer, State
from glassnet.records import dataclass
from glassnet.unit import check_number

__all__ = ["LSTM"]


@dataclass(frozen=True)
class LSTM(GatedLayer, name="lstm"):
    """Cells that keep, forget and hand out what they remember, as gates decide.

    f = σ(W_f x + U_f h + b_f), i and o likewise, g = tanh(W_g x + U_g h + b_g); then
    c(t) = f ⊙ c(t−1) + i ⊙ g and h(t) = o ⊙ tanh c(t). An example has the shape (time, features).
    The weights of the gates f, i, g, o stand one below the other, in this order.

    Args:
        units: How many cells.
        peepholes: Whether the gates see the cells: f and i see c(t−1), o sees c(t), each by one
            weight for each cell.
        forget_bias: The first bias of f; those of the other gates are 0.
        returns: "sequence", h after each step, or "last", h after the last one. If not given, the
            sequence where another layer that goes over time comes after it, else the last.
        start: h(0) and c(0): "zeros", "learnt", or 2 · units numbers, those of h first.
        weights: Where the first W, of shape (4 · units, features), comes from.
        recurrent: Where the first U, of shape (4 · units, units), comes from.

    Source: lecture notes, LSTM (K7); Hochreiter & Schmidhuber (1997); forget gates by Gers,
    Schmidhuber & Cummins (2000), peepholes by Gers, Schraudolph & Schmidhuber (2002).

    >>> import glassnet as gn
    >>> net = gn.Network([gn.LSTM(32), gn.LSTM(16), gn.Dense(2, "softmax")], inputs=(20, 3))
    >>> net.stack.shapes
    ((20, 3), (20, 32), (16,), (2,))
    """

    gates = 4
    gate_names = ("f", "i", "g", "o")

    peepholes: bool = False
    forget_bias: float = 1.0

    def __post_init__(self) -> None:
        check_number("forget_bias", self.forget_bias)
        super().__post_init__()

    def state_sizes(self) -> dict[str, int]:
        """Return h and c, of `units` numbers each."""
        return {"h": self.units, "c": self.units}

    def first_biases(self) -> Initializer:
        """Return the forget bias for f, zeros for the others."""
        return given([self.forget_bias] * self.units + [0.0] * (3 * self.units))

    def weights_for(self, inputs: int) -> dict[str, Parameter]:
        """Return w, u and b, and with peepholes p, whose rows belong to f, i and o."""
        found = super().weights_for(inputs)
        if self.peepholes:
            shape, axes = (3, self.units), (None, "neuron")
            seen = ("f", "i", "o")
            found["p"] = Parameter(shape, "p", Zeros(), axes, penalised=True, blocks=seen)
        return found

    def step(self, state: State, x: Tensor, weights: Mapping[str, Tensor], name: str) -> State:
        """Return h(t) and c(t)."""
        h, c = state["h"], state["c"]
        v = (x @ weights["w"].T + weights["b"]) + h @ weights["u"].T
        v_f, v_i, v_g, v_o = self.split(v)
        if self.peepholes:
            v_f, v_i = v_f + weights["p"][0] * c, v_i + weights["p"][1] * c
        f = ops.logistic(v_f.named("v_f", name)).named("f", name)
        i = ops.logistic(v_i.named("v_i", name)).named("i", name)
        g = ops.tanh(v_g.named("v_g", name)).named("g", name)
        c = (f * c + i * g).named("c", name)
        if self.peepholes:
            v_o = v_o + weights["p"][2] * c
        o = ops.logistic(v_o.named("v_o", name)).named("o", name)
        return {"h": (o * ops.tanh(c)).named("h", name), "c": c}
