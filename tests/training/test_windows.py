"""Truncated back-propagation through time, against PyTorch's with `detach` and the same weights."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.engines.native import is_available
from glassnet.errors import ArgumentError, DataError, ShapeError

SYMBOLS, UNITS, RATE = 5, 4, 0.3
ENGINES = ["reference", *(["native"] if is_available() else [])]


def _network(steps, layer=None):
    layers = [
        gn.Embedding(SYMBOLS, 3),
        layer or gn.LSTM(UNITS, returns="sequence"),
        gn.Dense(SYMBOLS, "softmax"),
    ]
    return gn.Network(layers, inputs=steps, seed=2, dtype="float64")


def _text(length, seed=0):
    text = np.random.default_rng(seed).integers(0, SYMBOLS, length + 1)
    text[:SYMBOLS] = np.arange(SYMBOLS)
    return text[:-1], text[1:]


def _train(net, x, y, truncate, streams=None, engine=None):
    return gn.fit(net, x, y, truncate=truncate, streams=streams, epochs=2, engine=engine,
                  optimizer=f"sgd {RATE}", progress=False)  # fmt: skip


def _pytorch(net, x, y, hop, longest, epochs=2):
    """Return the weights after training by a loop that is written out, on streams (n, time)."""
    torch = pytest.importorskip("torch", reason="an oracle")
    w = {
        key: torch.tensor(value, dtype=torch.float64, requires_grad=True)
        for key, value in net.parameters.items()
    }
    x, y = torch.tensor(x), torch.tensor(y)

    def step(symbol, h, c):
        v = w["embedding1.w"][symbol] @ w["lstm1.w"].T + h @ w["lstm1.u"].T + w["lstm1.b"]
        f, i, g, o = v.split(UNITS, 1)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    for _ in range(epochs):
        start = [torch.zeros(len(x), UNITS, dtype=torch.float64) for _ in range(2)]
        for at in range(0, x.shape[1] - longest + 1, hop):
            (h, c), answers = start, []
            for t in range(longest):
                h, c = step(x[:, at + t], h, c)
                answers.append(h @ w["output.w"].T + w["output.b"])
                if t == hop - 1:
                    start = [h.detach(), c.detach()]
            logits = torch.stack(answers[-hop:], 1).reshape(-1, SYMBOLS)
            right = y[:, at + longest - hop : at + longest].reshape(-1)
            loss = torch.nn.functional.cross_entropy(logits, right)
            for value, gradient in zip(
                w.values(), torch.autograd.grad(loss, list(w.values())), strict=True
            ):
                value.data -= RATE * gradient
    return {key: value.detach().numpy() for key, value in w.items()}


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("hop", "longest"), [(4, 4), (2, 5), (1, 3)])
def test_the_weights_are_those_of_a_loop_written_out(engine, hop, longest):
    x, y = _text(36)
    net = _network(longest)
    expected = _pytorch(net, x.reshape(3, 12), y.reshape(3, 12), hop, longest)
    run = _train(net, x, y, (hop, longest), streams=3, engine=engine)
    assert run.steps == 2 * ((12 - longest) // hop + 1)
    assert run.settings["engine"] == engine
    for key, value in expected.items():
        np.testing.assert_allclose(net.parameters[key], value, rtol=1e-9, atol=1e-12)


def test_the_state_goes_on_from_window_to_window():
    """Without it the first symbol of a window could not tell what comes next."""
    x = np.tile([0, 1, 0, 2], 200)  # after 0 comes 1 or 2, by what was before
    y = np.roll(x, -1)
    net = gn.Network(
        [gn.Embedding(3, 4), gn.LSTM(8, returns="sequence"), gn.Dense(3, "softmax")],
        inputs=1, seed=1,
    )  # fmt: skip
    run = gn.fit(net, x, y, truncate=1, streams=4, epochs=60, optimizer="adam 0.02", progress=False)
    assert run.history["accuracy"][-1] > 0.97  # by itself, a 0 is answered right half the time


def test_several_sequences_are_the_parts_of_one():
    x, y = _text(36)
    one, several = _network(4), _network(4)
    _train(one, x, y, 4, streams=3)
    _train(several, x.reshape(3, 12), y.reshape(3, 12), 4)
    for key, value in one.parameters.items():
        np.testing.assert_array_equal(value, several.parameters[key])


def test_numbers_at_each_step_and_what_makes_no_window():
    x = np.random.default_rng(0).normal(size=(2, 11, 3))
    net = gn.Network([gn.GRU(4, returns="sequence"), gn.Dense(1)], inputs=(4, 3), seed=0)
    run = gn.fit(net, x, x.sum(-1, keepdims=True), truncate=4, epochs=1, progress=False)
    assert run.steps == 2
    assert "the last 3 of 11 steps make no window" in run.notes


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"truncate": 5}, ArgumentError, "go back 5 steps, and the network takes windows of 4"),
        ({"truncate": (5, 4)}, ArgumentError, "k1 = 5 steps between updates"),
        ({"truncate": 0}, ArgumentError, "k1"),
        ({"truncate": (1, 2, 3)}, ArgumentError, "truncate must be k"),
        ({"streams": 10}, DataError, "longer than the sequences: 4 steps, where each of 10"),
        ({"streams": 0}, ArgumentError, "streams"),
        ({"truncate": None}, ArgumentError, "streams needs truncate"),
        ({"batch_size": 3}, ArgumentError, "a batch is a window"),
        ({"sample_weight": [1.0]}, ArgumentError, "no weights"),
        ({"y": [1, 2]}, ShapeError, "a target for each step"),
        ({"x": np.zeros((2, 3, 4, 5))}, ShapeError, "sequences must have shape"),
        ({"y": None}, ArgumentError, "a target for each step"),
    ],
)
def test_what_does_not_go_is_said_in_one_message(change, error, message):
    x, y = _text(36)
    given = {"x": x, "y": y, "truncate": 4, "streams": 3, "progress": False, **change}
    net = _network(4)
    with pytest.raises(error, match=message):
        gn.fit(net, given.pop("x"), given.pop("y"), **given)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (gn.Bidirectional(gn.GRU(2, returns="sequence")), "both ways needs whole sequences"),
        (gn.LSTM(4), "answer each step"),
    ],
)
def test_networks_that_cannot_go_on(layer, message):
    x, y = _text(36)
    with pytest.raises(ArgumentError, match=message):
        _train(_network(4, layer), x, y, 4)


def test_a_symbol_beyond_the_table_is_named():
    x, y = _text(36)
    x[7] = 99
    with pytest.raises(DataError, match="99"):
        _train(_network(4), x, y, 4)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(("truncate", "streams"), [(4, 3), ((2, 5), 3), (6, 1)])
def test_the_validation_part_is_measured_with_the_state_carried_over(engine, truncate, streams):
    x, y = _text(90)
    hop, longest = (truncate, truncate) if isinstance(truncate, int) else truncate
    net = _network(longest)
    run = gn.fit(net, x, y, truncate=truncate, streams=streams, epochs=2, engine=engine,
                 validation=0.4, optimizer=f"sgd {RATE}", progress=False)  # fmt: skip
    kept = len(x) - 36
    time = 36 // streams
    used = (time - longest) // hop * hop + longest
    whole = net.for_steps(used)
    p = whole.predict_proba(x[kept:].reshape(streams, time)[:, :used])
    right = y[kept:].reshape(streams, time)[:, :used]
    each = -np.log(np.take_along_axis(p, right[..., None], -1)[..., 0])
    counted = each[:, longest - hop :]
    np.testing.assert_allclose(run.history["validation_loss"][-1], counted.mean(), rtol=1e-9)
    at = (p.argmax(-1) == right)[:, longest - hop :].mean()
    np.testing.assert_allclose(run.history["validation_accuracy"][-1], at, rtol=1e-12)


def test_validation_does_not_change_what_is_learnt():
    x, y = _text(60)
    nets = [_network(5), _network(5)]
    _train(nets[0], x[:36], y[:36], 5, streams=2)
    gn.fit(nets[1], x[:36], y[:36], truncate=5, streams=2, epochs=2, optimizer=f"sgd {RATE}",
           validation=(x[36:], y[36:]), progress=False)  # fmt: skip
    for key, value in nets[0].parameters.items():
        np.testing.assert_array_equal(value, nets[1].parameters[key])


def test_too_short_a_validation_part_is_refused():
    x, y = _text(60)
    with pytest.raises(DataError, match="the validation part: the windows are longer"):
        gn.fit(_network(5), x, y, truncate=5, streams=2, validation=(x[:8], y[:8]), progress=False)
