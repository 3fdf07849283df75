"""For each layer, PyTorch's module with the same weights, and the same function in JAX.

A registered layer that is not in this table fails the suite. Layers that draw random numbers are
given their mask: what the mask is, is tested by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import glassnet as gn
from nn.activation_oracles import ACTIVATIONS, jax, jnp


@dataclass(frozen=True)
class LayerOracle:
    """What is known of a layer.

    Args:
        text: The layer, as it is written on the command line.
        inputs: The shape of one example; a number m stands for (m,).
        function: (x, parameters, statistics, mask, training) → y, in JAX.
        torch: (torch, parameters, statistics) → a module with these values; None if there is none.
        dropped: The share that is dropped, for layers that draw a mask.
        settings: What cannot be written as text.
        symbols: How many symbols there are, for layers that read whole numbers.
    """

    text: str
    inputs: int | tuple[int, ...]
    function: Callable[..., Any]
    torch: Callable[..., Any] | None = None
    dropped: float = 0.0
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    symbols: int | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one example."""
        return self.inputs if isinstance(self.inputs, tuple) else (self.inputs,)


def _dense(activation: str) -> Callable[..., Any]:
    psi = ACTIVATIONS[activation][0].function

    def layer(x: Any, p: Any, *_: Any) -> Any:
        v = jnp.einsum("ni,ji->nj", x, p["w"])
        return psi(v + p["b"]) if "b" in p else psi(v)

    return layer


def _torch_dense(function: str | None) -> Callable[..., Any]:
    def module(torch: Any, p: Any, _: Any) -> Any:
        units, inputs = p["w"].shape
        linear = torch.nn.Linear(inputs, units, bias="b" in p, dtype=torch.float64)
        linear.weight = torch.nn.Parameter(torch.tensor(p["w"]))
        if "b" in p:
            linear.bias = torch.nn.Parameter(torch.tensor(p["b"]))
        names = {"weight": "w", "bias": "b"}
        chain = [linear] if function is None else [linear, getattr(torch.nn, function)()]
        return _Named(torch.nn.Sequential(*chain), {f"0.{key}": to for key, to in names.items()})

    return module


@dataclass
class _Named:
    """A PyTorch module, and what its parameters are called here."""

    module: Any
    names: dict[str, str]


def _batch_norm(momentum: float, epsilon: float) -> Callable[..., Any]:
    del momentum

    def layer(x: Any, p: Any, s: Any, _: Any, training: bool) -> Any:
        mean = x.mean(0) if training else s["mean"]
        spread = jnp.mean(x * x, 0) - mean**2 if training else s["variance"]
        return p["gamma"] * (x - mean) * (spread + epsilon) ** -0.5 + p["beta"]

    return layer


def _torch_batch_norm(momentum: float, epsilon: float) -> Callable[..., Any]:
    def module(torch: Any, p: Any, s: Any) -> Any:
        found = torch.nn.BatchNorm1d(
            len(p["gamma"]), eps=epsilon, momentum=momentum, dtype=torch.float64
        )
        found.weight = torch.nn.Parameter(torch.tensor(p["gamma"]))
        found.bias = torch.nn.Parameter(torch.tensor(p["beta"]))
        found.running_mean = torch.tensor(s["mean"])
        found.running_var = torch.tensor(s["variance"])
        return _Named(found, {"weight": "gamma", "bias": "beta"})

    return module


def _dropout(rate: float) -> Callable[..., Any]:
    def layer(x: Any, _: Any, __: Any, mask: Any, training: bool) -> Any:
        return jnp.where(mask, x / (1.0 - rate), 0.0) if training else x

    return layer


def _apply(name: str) -> Callable[..., Any]:
    psi = ACTIVATIONS[name][0].function
    return lambda x, *_: psi(x)


def _torch_apply(function: str) -> Callable[..., Any]:
    return lambda torch, *_: _Named(getattr(torch.nn, function)(), {})


# --- over time: written out step by step, one example, one gate after the other -----------------
def _sigma(v: Any) -> Any:
    return 1.0 / (1.0 + jnp.exp(-v))


def _gates(p: Any, count: int, x: Any, h: Any) -> Any:
    """Return the sums of each gate without biases: those of the input and those of the state."""
    units = len(h)
    rows = [slice(k * units, (k + 1) * units) for k in range(count)]
    return [(p["w"][r] @ x, p["u"][r] @ h, p["b"][r]) for r in rows]


def _rnn_step(psi: Any) -> Callable[..., Any]:
    def step(p: Any, x: Any, h: Any) -> Any:
        return (psi(p["w"] @ x + p["u"] @ h[0] + p["b"]),)

    return step


def _lstm_step(p: Any, x: Any, state: Any) -> Any:
    h, c = state
    f, i, g, o = (a + b + bias for a, b, bias in _gates(p, 4, x, h))
    if "p" in p:
        f, i = f + p["p"][0] * c, i + p["p"][1] * c
    c = _sigma(f) * c + _sigma(i) * jnp.tanh(g)
    if "p" in p:
        o = o + p["p"][2] * c
    return _sigma(o) * jnp.tanh(c), c


def _gru_step(p: Any, x: Any, state: Any) -> Any:
    h = state[0]
    (r_x, r_h, r_b), (z_x, z_h, z_b), (n_x, n_h, n_b) = _gates(p, 3, x, h)
    r, z = _sigma(r_x + r_h + r_b), _sigma(z_x + z_h + z_b)
    n = jnp.tanh(n_x + n_b + r * (n_h + p["bu"]))
    return ((1 - z) * n + z * h,)


def over_time(step: Any, parts: int, units: int, sequence: bool = False) -> Callable[..., Any]:
    """Return a layer from its step: each example by itself, each step after the other."""

    def one(x: Any, p: Any, reverse: bool) -> Any:
        def body(state: Any, row: Any) -> Any:
            after = tuple(step(p, row, state))
            return after, after[0]

        state = tuple(p.get(f"{key}0", jnp.zeros(units)) for key in "hc"[:parts])
        last, found = jax.lax.scan(body, state, x, reverse=reverse)
        return found if sequence else last[0]

    def layer(x: Any, p: Any, *_: Any, reverse: bool = False) -> Any:
        return jax.vmap(lambda example: one(example, p, reverse))(x)

    return layer


def _both(layer: Any) -> Callable[..., Any]:
    def both(x: Any, p: Any, *_: Any) -> Any:
        parts = []
        for name, reverse in (("forward_", False), ("backward_", True)):
            own = {k.removeprefix(name): v for k, v in p.items() if k.startswith(name)}
            parts.append(layer(x, own, reverse=reverse))
        return jnp.concatenate(parts, -1)

    return both


@gn.cell(
    carry=("h", "c"),
    weights={
        "w": ("4 units", "inputs"),
        "u": ("4 units", "units"),
        "b": "4 units",
        "p": (3, "units"),
    },
)
def peephole_cell(carry: Any, x: Any, w: Any) -> Any:
    """The peephole LSTM, as a user writes it."""
    h, c = carry["h"], carry["c"]
    units = h.shape[1]
    v = x @ w["w"].T + h @ w["u"].T + w["b"]
    f = gn.logistic(v[:, :units] + w["p"][0] * c)
    i = gn.logistic(v[:, units : 2 * units] + w["p"][1] * c)
    c = f * c + i * gn.tanh(v[:, 2 * units : 3 * units])
    o = gn.logistic(v[:, 3 * units :] + w["p"][2] * c)
    return {"h": o * gn.tanh(c), "c": c}


def _table(x: Any, p: Any, *_: Any) -> Any:
    return jnp.take(p["w"], x.astype(int), axis=0)


LAYERS: dict[str, tuple[LayerOracle, ...]] = {
    "dense": (
        LayerOracle("dense 4 tanh", 3, _dense("tanh"), _torch_dense("Tanh")),
        LayerOracle("dense 2 linear", 5, _dense("linear"), _torch_dense(None)),
        LayerOracle("dense 3 gelu biases=none", 4, _dense("gelu"), _torch_dense("GELU")),
        LayerOracle("dense 1 logistic", 1, _dense("logistic"), _torch_dense("Sigmoid")),
        LayerOracle("dense 5 softmax", 4, _dense("softmax")),
    ),
    "batchnorm": (
        LayerOracle("batchnorm", 4, _batch_norm(0.1, 1e-5), _torch_batch_norm(0.1, 1e-5)),
        LayerOracle("batchnorm 0.7 0.25", 3, _batch_norm(0.7, 0.25), _torch_batch_norm(0.7, 0.25)),
    ),
    "dropout": (
        LayerOracle("dropout 0.3", 5, _dropout(0.3), dropped=0.3),
        LayerOracle("dropout 0", 2, _dropout(0.0)),
    ),
    "apply": (
        LayerOracle("apply tanh", 3, _apply("tanh"), _torch_apply("Tanh")),
        LayerOracle("apply softplus", 2, _apply("softplus"), _torch_apply("Softplus")),
    ),
    "rnn": (
        LayerOracle("rnn 4", (5, 3), over_time(_rnn_step(jnp.tanh), 1, 4)),
        LayerOracle(
            "rnn 3 softplus returns=sequence start=learnt",
            (4, 2),
            over_time(_rnn_step(ACTIVATIONS["softplus"][0].function), 1, 3, sequence=True),
        ),
    ),
    "lstm": (
        LayerOracle("lstm 3", (5, 2), over_time(_lstm_step, 2, 3)),
        LayerOracle(
            "lstm 3 true returns=sequence", (4, 2), over_time(_lstm_step, 2, 3, sequence=True)
        ),
        LayerOracle("lstm 2 start=learnt", (1, 3), over_time(_lstm_step, 2, 2)),
    ),
    "gru": (
        LayerOracle("gru 3", (5, 2), over_time(_gru_step, 1, 3)),
        LayerOracle("gru 2 returns=sequence", (4, 3), over_time(_gru_step, 1, 2, sequence=True)),
    ),
    "bidirectional": (
        LayerOracle('bidirectional "gru 3"', (4, 2), _both(over_time(_gru_step, 1, 3))),
        LayerOracle(
            'bidirectional "lstm 2 true returns=sequence start=learnt"',
            (3, 2),
            _both(over_time(_lstm_step, 2, 2, sequence=True)),
        ),
    ),
    "recurrent": (LayerOracle("recurrent peephole_cell 3", (5, 2), over_time(_lstm_step, 2, 3)),),
    "embedding": (LayerOracle("embedding 5 3", 4, _table, symbols=5),),
    "mask": (
        LayerOracle("mask", (3, 2), lambda x, *_: x),
        LayerOracle("mask", 3, lambda x, *_: x),
    ),
    "average": (
        LayerOracle("average", (4, 3), lambda x, *_: sum(x[:, t] for t in range(4)) / 4),
        LayerOracle("average", (1, 2), lambda x, *_: x[:, 0]),
    ),
}
