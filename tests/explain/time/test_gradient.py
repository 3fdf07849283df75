"""The gradient's path through time, beside finite differences, PyTorch and JAX (K5, K6)."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import (
    ArgumentError,
    DataError,
    NonFiniteError,
    OutputError,
    ShapeError,
)

STEPS, FEATURES, UNITS = 7, 2, 3
RNG = np.random.default_rng(5)
X = RNG.normal(size=(STEPS, FEATURES))


@gn.cell(carry=("h", "m"), weights={"w": ("2 units", "inputs"), "u": ("2 units", "units")})
def remembering(carry: Any, x: Any, w: Any) -> Any:
    """A cell of the tests' own, with two parts of a state that depend on each other."""
    units = carry["h"].shape[1]
    v = x @ w["w"].T + carry["h"] @ w["u"].T
    keep = gn.logistic(v[:, :units])
    m = keep * carry["m"] + (1 - keep) * gn.tanh(v[:, units:])
    return {"h": gn.tanh(m) * keep, "m": m}


LAYERS = {
    "rnn": lambda **s: gn.RNN(UNITS, **s),
    "relu": lambda **s: gn.RNN(UNITS, "relu", **s),
    "lstm": lambda **s: gn.LSTM(UNITS, **s),
    "peepholes": lambda **s: gn.LSTM(UNITS, peepholes=True, **s),
    "gru": lambda **s: gn.GRU(UNITS, **s),
    "own": lambda **s: gn.Recurrent(remembering, UNITS, **s),
}


def network(kind: str, **settings: Any) -> gn.Network:
    net = gn.Network([LAYERS[kind](**settings)], inputs=(STEPS, FEATURES), seed=3, dtype="float64")
    rng = np.random.default_rng(11)
    for key, value in net.parameters.items():
        net.parameters[key] = rng.normal(scale=0.6, size=value.shape)
    return net


def stacked(layers: list[Any], steps: int = STEPS) -> gn.Network:
    return gn.Network(layers, inputs=(steps, FEATURES), seed=1, dtype="float64")


# --- independent oracles --------------------------------------------------------------------------
@pytest.mark.parametrize("kind", LAYERS)
def test_the_product_is_the_derivative_by_finite_differences(kind: str) -> None:
    """The start of the state is moved; what becomes of h(T) is asked of the network itself."""
    found = gn.gradient_through_time(network(kind), X)
    size = sum(found.sizes.values())
    assert found.lags == STEPS
    start, eps = RNG.normal(scale=0.3, size=size), 1e-6
    at = gn.gradient_through_time(network(kind, start=tuple(start)), X)

    def end(move: Any) -> Any:
        return network(kind, start=tuple(start + move)).outputs(X[None])[0]

    columns = [(end(eps * e) - end(-eps * e)) / (2 * eps) for e in np.eye(size)]
    assert np.allclose(at.jacobian(STEPS)[:UNITS], np.array(columns).T, rtol=1e-6, atol=1e-8)


def torch_states(kind: str, net: gn.Network) -> Any:
    """Return PyTorch's step from the whole state to the next one, with the same weights."""
    torch = pytest.importorskip("torch")
    p = {key.partition(".")[2]: torch.tensor(value) for key, value in net.parameters.items()}
    x = torch.tensor(X)
    if kind == "gru":
        made = torch.nn.GRUCell(FEATURES, UNITS, dtype=torch.float64)
        extra = torch.cat([torch.zeros(2 * UNITS, dtype=torch.float64), p["bu"]])
        order = slice(None)
    elif kind == "lstm":  # PyTorch has the gates in the order i, f, g, o; here it is f, i, g, o
        made = torch.nn.LSTMCell(FEATURES, UNITS, dtype=torch.float64)
        extra = torch.zeros(4 * UNITS, dtype=torch.float64)
        rows = np.arange(4 * UNITS).reshape(4, UNITS)
        order = rows[[1, 0, 2, 3]].ravel()
    else:
        made = torch.nn.RNNCell(FEATURES, UNITS, dtype=torch.float64)
        extra = torch.zeros(UNITS, dtype=torch.float64)
        order = slice(None)
    with torch.no_grad():
        made.weight_ih.copy_(p["w"][order])
        made.weight_hh.copy_(p["u"][order])
        made.bias_ih.copy_(p["b"][order])
        made.bias_hh.copy_(extra)

    def later(state: Any, first: int, last: int) -> Any:
        for t in range(first, last):
            if kind == "lstm":
                h, c = made(x[t], (state[:UNITS], state[UNITS:]))
                state = torch.cat([h, c])
            else:
                state = made(x[t], state)
        return state

    return torch, later


@pytest.mark.parametrize("kind", ["rnn", "lstm", "gru"])
def test_beside_pytorch(kind: str) -> None:
    net = network(kind)
    torch, later = torch_states(kind, net)
    found = gn.gradient_through_time(net, X)
    size = sum(found.sizes.values())
    start = torch.zeros(size, dtype=torch.float64)
    for k in range(STEPS):
        state = later(start, 0, k).detach()
        whole = torch.autograd.functional.jacobian(lambda s, k=k: later(s, k, STEPS), state)
        lag = STEPS - k
        assert np.allclose(found.jacobian(lag), whole.numpy(), rtol=1e-9, atol=1e-12)
        block = np.linalg.svd(whole.numpy()[:UNITS, :UNITS], compute_uv=False)[0]
        assert found.norms["h"][lag] == pytest.approx(block, rel=1e-9)
        if kind == "lstm":
            cells = np.linalg.svd(whole.numpy()[UNITS:, UNITS:], compute_uv=False)[0]
            assert found.norms["c"][lag] == pytest.approx(cells, rel=1e-9)
            assert found.norms["state"][lag] == pytest.approx(
                np.linalg.svd(whole.numpy(), compute_uv=False)[0], rel=1e-9
            )


def test_an_own_cell_beside_jax() -> None:
    jax = pytest.importorskip("jax")
    jnp = jax.numpy
    net = network("own")
    w, u = (np.asarray(net.parameters[f"recurrent1.{key}"]) for key in "wu")

    def step(state: Any, x: Any) -> Any:
        h, m = state[:UNITS], state[UNITS:]
        v = w @ x + u @ h
        keep = 1 / (1 + jnp.exp(-v[:UNITS]))
        m = keep * m + (1 - keep) * jnp.tanh(v[UNITS:])
        return jnp.concatenate([jnp.tanh(m) * keep, m])

    found = gn.gradient_through_time(net, X)
    with jax.enable_x64(True):
        state = jnp.zeros(2 * UNITS)
        for t in range(STEPS):
            wanted = jax.jacobian(step)(state, X[t])
            assert np.allclose(found.jacobians[STEPS - 1 - t], wanted, rtol=1e-9, atol=1e-12)
            state = step(state, X[t])


# --- what is measured -----------------------------------------------------------------------------
def test_linear_networks_by_hand() -> None:
    """h(t) = U h(t−1) + …: every Jacobian is U, and the product a power of it."""
    net = stacked([gn.RNN(2, "linear"), gn.Dense(1)])
    u = np.array([[0.5, 1.0], [0.0, 0.25]])
    net.parameters["rnn1.u"] = u
    found = gn.gradient_through_time(net, X)
    assert np.array_equal(found.jacobians, np.broadcast_to(u, (STEPS, 2, 2)))
    assert np.allclose(found.jacobian(3), np.linalg.matrix_power(u, 3))
    assert found.factors == pytest.approx([np.linalg.norm(u, 2)] * STEPS)
    assert found.places == (7, 6, 5, 4, 3, 2, 1, 0)


def test_steps_layers_and_lags_are_chosen() -> None:
    net = stacked([gn.LSTM(2), gn.RNN(3), gn.Dense(1)])
    assert gn.gradient_through_time(net, X).layer == "lstm1"
    whole = gn.gradient_through_time(net, X, layer="rnn1")
    part = gn.gradient_through_time(net, X, layer="rnn1", step=5, lags=2)
    assert (part.step, part.places, part.lags) == (5, (5, 4, 3), 2)
    assert np.array_equal(part.jacobians, whole.jacobians[2:4])


def test_the_second_layer_is_fed_by_the_first() -> None:
    torch = pytest.importorskip("torch")
    net = stacked([gn.RNN(2), gn.RNN(UNITS), gn.Dense(1)])
    p = {key: torch.tensor(value) for key, value in net.parameters.items()}
    h, rows = torch.zeros(2, dtype=torch.float64), []
    for x in torch.tensor(X):
        h = torch.tanh(p["rnn1.w"] @ x + p["rnn1.u"] @ h + p["rnn1.b"])
        rows.append(h)

    def end(state: Any) -> Any:
        for row in rows:
            state = torch.tanh(p["rnn2.w"] @ row + p["rnn2.u"] @ state + p["rnn2.b"])
        return state

    wanted = torch.autograd.functional.jacobian(end, torch.zeros(UNITS, dtype=torch.float64))
    found = gn.gradient_through_time(net, X, layer="rnn2").jacobian(STEPS)
    assert np.allclose(found, wanted.numpy(), rtol=1e-9, atol=1e-12)


def test_backward_layers_go_the_other_way() -> None:
    net = stacked([gn.Bidirectional(gn.RNN(2)), gn.Dense(1)])
    assert gn.gradient_through_time(net, X, layer="bidirectional1").layer.endswith("forward")
    back = gn.gradient_through_time(net, X, layer="bidirectional1.backward")
    assert back.places == (1, 2, 3, 4, 5, 6, 7, 8)
    assert "J(i) = ∂h(i)/∂h(i+1)" in str(back)
    plain = stacked([gn.RNN(2), gn.Dense(1)])
    for key in "wub":
        plain.parameters[f"rnn1.{key}"] = net.parameters[f"bidirectional1.backward_{key}"]
    turned = gn.gradient_through_time(plain, X[::-1])
    assert np.allclose(back.norms["h"], turned.norms["h"], rtol=1e-12)


def test_missing_steps_are_left_out() -> None:
    net = stacked([gn.Mask(), gn.GRU(2), gn.Dense(1)])
    short = gn.gradient_through_time(net, X[:4])
    assert (short.step, short.lags) == (4, 4)
    plain = stacked([gn.GRU(2), gn.Dense(1)])
    for key in ("w", "u", "b", "bu"):
        plain.parameters[f"gru1.{key}"] = net.parameters[f"gru1.{key}"]
    alone = gn.gradient_through_time(plain, X[:4])
    assert np.allclose(short.norms["h"], alone.norms["h"], rtol=1e-12)


def test_norms_beyond_the_range_of_numbers() -> None:
    """The products are scaled: what lies between is right though the ends are not numbers."""
    net = stacked([gn.RNN(1, "linear"), gn.Dense(1)], steps=400)
    x = np.zeros((400, FEATURES))
    for weight, end in ((100.0, np.inf), (0.01, 0.0)):
        net.parameters["rnn1.u"][:] = weight
        found = gn.gradient_through_time(net, x)
        assert found.norms["h"][100] == pytest.approx(weight**100, rel=1e-9)
        assert found.norms["h"][400] == end
        assert "nan" not in str(found)
        assert "<svg" in found._repr_html_()
        json.dumps(found.to_dict(), allow_nan=False)


def test_more_rows_than_are_worked_out_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from glassnet.explain.time import jacobians

    whole = gn.gradient_through_time(network("lstm"), X)
    monkeypatch.setattr(jacobians, "ROWS", 12)  # two steps at once: the last block is padded
    again = gn.gradient_through_time(network("lstm"), X)
    assert np.allclose(whole.jacobians, again.jacobians, rtol=1e-13)


# --- how it is shown ------------------------------------------------------------------------------
def test_the_table() -> None:
    net = stacked([gn.RNN(1, "linear"), gn.Dense(1)], steps=4)
    net.parameters["rnn1.u"][:] = -0.5
    text = str(gn.gradient_through_time(net, X[:4]))
    assert max(map(len, text.splitlines())) <= 80
    assert "∂h(4)/∂h(0) = J(4) · J(3) · J(2) · J(1)" in text
    assert "= (−0.5) · (−0.5) · (−0.5) · (−0.5)" in text
    assert re.search(r"4 +0 +0\.5 +0\.0625 +0\.0625\n", text)
    assert "falls to 0.0625: a factor of 0.5 for each step" in " ".join(text.split())


def test_matrices_are_written_out_where_the_state_is_small() -> None:
    text = str(gn.gradient_through_time(stacked([gn.LSTM(2), gn.Dense(1)]), X))
    assert max(map(len, text.splitlines())) <= 80
    assert "J(7): spectral norm" in text
    assert "∂s(7)/∂s(3) = J(7) J(6) J(5) J(4)." in text
    assert "h2(7)" in text
    assert "c1(6)" in text
    large = str(gn.gradient_through_time(stacked([gn.LSTM(3), gn.Dense(1)]), X))
    assert "J(7): spectral norm" not in large


def test_plain_data_and_page() -> None:
    found = gn.gradient_through_time(network("lstm"), X)
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert data["state"] == {"h": UNITS, "c": UNITS}
    assert [row["lag"] for row in data["lags"]] == list(range(STEPS + 1))
    assert set(data["lags"][3]["norms"]) == {"h", "c", "state"}
    assert data["lags"][1]["jacobian_norm"] == pytest.approx(data["lags"][1]["norms"]["state"])
    assert "‖∂c(t)/∂c(k)‖" in found._repr_html_()


def test_the_plot(tmp_path: Path) -> None:
    found = gn.gradient_through_time(network("lstm"), X)
    found.plot(tmp_path / "norms.svg")
    root = ET.parse(tmp_path / "norms.svg").getroot()
    paths = [entry for entry in root.iter() if entry.get("class", "").startswith("curve")]
    assert len([entry for entry in paths if entry.tag.endswith("path")]) == 4
    assert len(list(root.iter("{http://www.w3.org/2000/svg}circle"))) == 3 * (STEPS + 1)
    with pytest.raises(ArgumentError, match=r"must end in \.svg"):
        found.plot(tmp_path / "norms.png")
    with pytest.raises(OutputError, match="no folder"):
        found.plot(tmp_path / "none" / "norms.svg")


# --- what is refused ------------------------------------------------------------------------------
def test_networks_that_do_not_go_through_time() -> None:
    with pytest.raises(ArgumentError, match="no recurrent layer"):
        gn.gradient_through_time(gn.Network([gn.Dense(1)], inputs=2), [[1.0, 2.0]])
    with pytest.raises(ArgumentError, match="must be a network"):
        gn.gradient_through_time("model", X)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="inputs"):
        gn.gradient_through_time(gn.Network([gn.RNN(2)]), X)


def test_a_threshold_lets_nothing_through() -> None:
    """Its derivative is 0 wherever it has one."""
    found = gn.gradient_through_time(stacked([gn.RNN(2, "threshold"), gn.Dense(1)]), X)
    assert found.norms["h"].tolist() == [1.0] + [0.0] * STEPS
    assert "nan" not in str(found)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layer": "lstm2"}, r"no recurrent layer 'lstm2' \(did you mean 'lstm1'\?\)"),
        ({"step": 8}, "1 to 7; got 8"),
        ({"step": 0}, "step"),
        ({"lags": 0}, "lags"),
        ({"lags": 1.5}, "lags"),
    ],
)
def test_wrong_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        gn.gradient_through_time(stacked([gn.LSTM(2), gn.Dense(1)]), X, **settings)


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (X[:, :1], ShapeError, r"\(time, 2\), time first; got \(7, 1\)"),
        (X[0], ShapeError, r"got \(2,\)"),
        (np.stack([X, X]), ShapeError, "got 2 of them"),
        (np.zeros((0, 2)), DataError, "empty"),
        (X * np.nan, DataError, "finite"),
        ([["a", "b"]], DataError, "sequence of numbers"),
        ("a text", ArgumentError, "reads numbers, not texts"),
        ("  ", DataError, "the text is empty"),
    ],
)
def test_wrong_sequences(x: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        gn.gradient_through_time(stacked([gn.RNN(2), gn.Dense(1)]), x)


def test_numbers_that_are_not_finite() -> None:
    net = stacked([gn.RNN(2), gn.Dense(1)])
    net.parameters["rnn1.u"][1, 0] = np.nan
    with pytest.raises(NonFiniteError, match=r"rnn1\.u\[2, 1\] is nan"):
        gn.gradient_through_time(net, X)
    net = stacked([gn.RNN(1, "linear"), gn.Dense(1)], steps=400)
    net.parameters["rnn1.u"][:] = 100.0
    with pytest.raises(NonFiniteError, match=r"rnn1: h\(\d+\) is not finite"):
        gn.gradient_through_time(net, np.ones((400, FEATURES)))


def test_states_that_are_too_large() -> None:
    net = gn.Network([gn.RNN(1000), gn.Dense(1)], inputs=(50, 1))
    with pytest.raises(ArgumentError, match="at most 40 lags"):
        gn.gradient_through_time(net, np.zeros((50, 1)))


def test_a_lag_that_is_not_there() -> None:
    with pytest.raises(ArgumentError, match="lag must be 7 at most"):
        gn.gradient_through_time(network("rnn"), X).jacobian(8)
