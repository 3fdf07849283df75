"""Layers that go over time: against PyTorch's with the same weights, own cells against JAX's scan,
padding against each sequence alone, and networks of them from first weights to model file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.engines.native import is_available
from glassnet.errors import ArgumentError, DataError, ModelFileError, ShapeError
from glassnet.graph import Graph, differentiate
from glassnet.nn import Initializer, Layer, Stack, parse_layers
from glassnet.nn.initializers import Blocks
from glassnet.nn.layers import RecurrentLayer
from glassnet.nn.layers.recurrent import CELLS
from glassnet.ops import constant

N, TIME, INPUTS, UNITS = 4, 6, 3, 5
TOLERANCE = {"rtol": 1e-9, "atol": 1e-9}
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
# PyTorch's gates stand in the order i, f, g, o; ours in the order of the notes, f, i, g, o.
ORDER = {"rnn": [0], "lstm": [1, 0, 2, 3], "gru": [0, 1, 2]}


def _random(seed: int, *shape: int) -> Any:
    return np.random.default_rng(seed).uniform(-1, 1, shape)


def _parameters(layer: Layer, seed: int = 0) -> dict[str, Any]:
    shapes = {key: entry.shape for key, entry in layer.parameters((TIME, INPUTS)).items()}
    return {key: _random(seed + i, *shape) for i, (key, shape) in enumerate(shapes.items())}


def _ours(layer: Layer, values: Any, x: Any) -> tuple[Any, dict[str, Any]]:
    """Return the output for a batch, and the gradients of Σ s · y."""
    leaves = {key: gn.tensor(value, key) for key, value in {**values, "x": x}.items()}
    y = layer.forward(leaves["x"], leaves, {}, None, "layer").output
    gradients = differentiate((y * _random(99, *y.shape)).sum(), list(leaves.values())).gradients
    return y.value, {key: g.value for key, g in zip(leaves, gradients, strict=True)}


# --- PyTorch ------------------------------------------------------------------------------------
def _blocks(value: Any, order: list[int]) -> Any:
    parts = np.split(np.asarray(value), len(order))
    return np.concatenate([parts[place] for place in order])


@pytest.mark.parametrize("returns", ["sequence", "last"])
@pytest.mark.parametrize("both", [False, True], ids=["forward", "both"])
@pytest.mark.parametrize("kind", ["rnn", "rnn relu", "lstm", "gru"])
def test_pytorch(kind: str, both: bool, returns: str) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch, the oracle, is not installed")
    name, *rest = kind.split()
    layer = Layer.of(f"{name} {UNITS} {' '.join(rest)} returns={returns}")
    layer = gn.Bidirectional(layer) if both else layer  # type: ignore[arg-type]
    values, x = _parameters(layer), _random(50, N, TIME, INPUTS)
    made = {"rnn": torch.nn.RNN, "lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[name]
    settings = {"nonlinearity": rest[0] if rest else "tanh"} if name == "rnn" else {}
    theirs = made(
        INPUTS, UNITS, batch_first=True, bidirectional=both, dtype=torch.float64, **settings
    )
    order = ORDER[name]
    back = np.argsort(order).tolist()
    directions = {"": "forward_", "_reverse": "backward_"} if both else {"": ""}
    for suffix, prefix in directions.items():
        b_u = np.zeros(GATES[name] * UNITS)
        if name == "gru":
            b_u[2 * UNITS :] = values[f"{prefix}bu"]
        for key, value in (
            ("weight_ih_l0", _blocks(values[f"{prefix}w"], back)),
            ("weight_hh_l0", _blocks(values[f"{prefix}u"], back)),
            ("bias_ih_l0", _blocks(values[f"{prefix}b"], back)),
            ("bias_hh_l0", b_u),
        ):
            setattr(theirs, key + suffix, torch.nn.Parameter(torch.tensor(value)))
    batch = torch.tensor(x, requires_grad=True)
    sequence, last = theirs(batch)
    last = last[0] if name == "lstm" else last
    wanted = sequence if returns == "sequence" else torch.cat(list(last), -1)
    (wanted * torch.tensor(_random(99, *wanted.shape))).sum().backward()
    y, gradients = _ours(layer, values, x)
    np.testing.assert_allclose(y, wanted.detach().numpy(), **TOLERANCE)
    np.testing.assert_allclose(gradients["x"], batch.grad.numpy(), **TOLERANCE)
    for suffix, prefix in directions.items():
        grads = {key: getattr(theirs, f"{key}_l0{suffix}").grad.numpy()
                 for key in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}  # fmt: skip
        for ours, key in (("w", "weight_ih"), ("u", "weight_hh"), ("b", "bias_ih")):
            found = gradients[prefix + ours]
            np.testing.assert_allclose(found, _blocks(grads[key], order), **TOLERANCE)
        if name == "gru":
            np.testing.assert_allclose(
                gradients[f"{prefix}bu"], grads["bias_hh"][2 * UNITS :], **TOLERANCE
            )


# --- peepholes, by the formulas in plain numbers ------------------------------------------------
def test_peepholes_by_the_formulas() -> None:
    layer = gn.LSTM(2, peepholes=True, returns="sequence")
    p, x = _parameters(layer, 3), _random(7, 1, TIME, INPUTS)

    def sigma(v: Any) -> Any:
        return 1 / (1 + np.exp(-v))

    h, c, wanted = np.zeros(2), np.zeros(2), []
    for row in x[0]:
        (wf, wi, wg, wo), (uf, ui, ug, uo) = np.split(p["w"], 4), np.split(p["u"], 4)
        bf, bi, bg, bo = np.split(p["b"], 4)
        f = sigma(wf @ row + uf @ h + p["p"][0] * c + bf)
        i = sigma(wi @ row + ui @ h + p["p"][1] * c + bi)
        c = f * c + i * np.tanh(wg @ row + ug @ h + bg)
        o = sigma(wo @ row + uo @ h + p["p"][2] * c + bo)
        h = o * np.tanh(c)
        wanted.append(h)
    np.testing.assert_allclose(_ours(layer, p, x)[0][0], wanted, rtol=1e-13)


# --- cells of one's own -------------------------------------------------------------------------
@gn.cell(
    carry=("h", "m"),
    weights={"w": ("2 units", "inputs"), "u": ("units", "units"), "slope": "units", "k": (2, 3)},
    initial={"slope": "ones"},
)
def leaky(carry: Any, x: Any, w: Any) -> Any:
    """A cell of no textbook: two inputs' worth of gates, and a memory that leaks."""
    h, m = carry["h"], carry["m"]
    units = h.shape[1]
    v = x @ w["w"].T
    m = m * gn.logistic(v[:, :units]) + gn.tanh(h @ w["u"].T) * w["slope"]
    return {"h": gn.sin(m + v[:, units:]) * w["k"][0, 1], "m": m}


def test_a_cell_of_ones_own_against_jaxs_scan(jax_oracle: Any) -> None:
    jax, jnp = jax_oracle.jax, jax_oracle.jnp
    layer = gn.Recurrent(leaky, UNITS, returns="sequence", start="learnt")
    values, x = _parameters(layer, 20), _random(51, N, TIME, INPUTS)

    def step(state: Any, row: Any, p: Any) -> Any:
        h, m = state
        v = row @ p["w"].T
        m = m * jax.nn.sigmoid(v[:, :UNITS]) + jnp.tanh(h @ p["u"].T) * p["slope"]
        h = jnp.sin(m + v[:, UNITS:]) * p["k"][0, 1]
        return (h, m), h

    def answer(p: Any) -> Any:
        start = tuple(jnp.tile(p[key], (N, 1)) for key in ("h0", "m0"))
        _, ys = jax.lax.scan(lambda s, row: step(s, row, p), start, p["x"].transpose(1, 0, 2))
        return ys.transpose(1, 0, 2)

    leaves = {key: jnp.asarray(value) for key, value in {**values, "x": x}.items()}
    wanted = answer(leaves)
    slopes = jax.grad(lambda p: (answer(p) * _random(99, *wanted.shape)).sum())(leaves)
    y, gradients = _ours(layer, values, x)
    np.testing.assert_allclose(y, wanted, **TOLERANCE)
    assert set(gradients) == set(slopes)
    for key, slope in slopes.items():
        np.testing.assert_allclose(gradients[key], slope, **TOLERANCE, err_msg=key)


def test_a_part_of_the_carry_may_be_handed_on_as_it_came() -> None:
    @gn.cell(carry=("h", "c"), weights={"w": ("units", "inputs")})
    def kept(carry: Any, x: Any, w: Any) -> Any:
        return {"h": gn.tanh(x @ w["w"].T + carry["c"]), "c": carry["c"]}

    net = gn.Network([gn.Recurrent(kept, 3, start=(0, 0, 0, 1, 2, 3))], inputs=(4, 2), seed=1,
                     dtype="float64")  # fmt: skip
    x = _random(7, 5, 4, 2)
    wanted = np.tanh(x[:, -1] @ net.parameters["recurrent1.w"].T + [1, 2, 3])
    np.testing.assert_allclose(net.outputs(x), wanted, **TOLERANCE)


def test_first_weights_of_a_cell() -> None:
    layer = gn.Recurrent(leaky, 4)
    found = layer.parameters((TIME, INPUTS))
    assert {key: entry.shape for key, entry in found.items()} == {
        "w": (8, 3), "u": (4, 4), "slope": (4,), "k": (2, 3)
    }  # fmt: skip
    assert found["slope"].initializer == Initializer.of("ones")
    u = found["u"].initializer.values((4, 4), 0, 0)
    np.testing.assert_allclose(u @ u.T, np.eye(4), atol=1e-12)
    assert found["w"].initializer == Blocks(Initializer.of("xavier_uniform"), 2)


def test_a_cell_is_known_by_its_name(tmp_path: Path) -> None:
    net = gn.Network([gn.Recurrent(leaky, 4), gn.Dense(1)], inputs=(TIME, INPUTS))
    net.save(tmp_path / "own.safetensors")
    x = _random(1, 3, TIME, INPUTS)
    again = gn.load(tmp_path / "own.safetensors")
    np.testing.assert_array_equal(again.predict(x), net.predict(x))
    known = CELLS.pop("leaky")
    try:
        with pytest.raises(ModelFileError, match=r"no cell named 'leaky'.*under @gn\.cell first"):
            gn.load(tmp_path / "own.safetensors")
    finally:
        CELLS["leaky"] = known


@pytest.mark.parametrize(
    ("answer", "kind", "message"),
    [
        (lambda c, x: c["h"], ArgumentError, "as a dict of h; it returned Tensor"),
        (lambda c, x: {"g": c["h"]}, ArgumentError, "as a dict of h; it returned g"),
        (lambda c, x: {"h": x}, ShapeError, r"h has shape \(1, 2\); the cell makes it \(1, 3\)"),
    ],
)
def test_what_is_said_of_a_cell_that_does_not_fit(answer: Any, kind: Any, message: str) -> None:
    @gn.cell(weights={})
    def wrong(carry: Any, x: Any, w: Any) -> Any:
        return answer(carry, x)

    net = gn.Network([gn.Recurrent(wrong, 2)], inputs=(TIME, INPUTS))
    with pytest.raises(kind, match=f"cell wrong: .*{message}"):
        net.predict(_random(0, 1, TIME, INPUTS))
    del CELLS["wrong"]


# --- sequences of different lengths -------------------------------------------------------------
LENGTHS = [3, 6, 1, 5]
KINDS = [
    gn.RNN(4),
    gn.LSTM(4, peepholes=True),
    gn.GRU(4, start="learnt"),
    gn.Bidirectional(gn.LSTM(3)),
    gn.Bidirectional(gn.GRU(3, start="learnt")),
    gn.Recurrent(leaky, 4),
]


def _sequences() -> list[Any]:
    return [_random(60 + i, length, INPUTS) for i, length in enumerate(LENGTHS)]


def _loss(stack: Stack, values: Any, x: Any, mark: Any) -> list[Any]:
    """Return each example's loss Σ s · y, and the gradients of their sum."""
    leaves = {key: gn.tensor(value) for key, value in values.items()}
    output, _ = stack.forward(constant(x), leaves, {})
    each = (output.y * mark).reshape(len(x), -1).sum(1)
    gradients = differentiate(each.sum(), list(leaves.values())).gradients
    graph = Graph({}, {str(i): node for i, node in enumerate((each, *gradients))})
    return list(gn.Program(graph).run({}).values())


@pytest.mark.parametrize("returns", ["sequence", "last"])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_padding_changes_nothing(kind: Any, returns: str) -> None:
    """Values and gradients of a padded batch are those of each sequence alone, without padding."""
    layers = [gn.Dense(3, "tanh"), gn.GRU(3), kind.returning(returns)]
    stack = Stack([gn.Mask(), *layers], (TIME, INPUTS))
    values = {key: _random(i, *p.shape) for i, (key, p) in enumerate(stack.parameters().items())}
    mark = _random(98, TIME, stack.units) if returns == "sequence" else _random(98, stack.units)
    padded = np.full((len(LENGTHS), TIME, INPUTS), np.nan)
    marks = np.zeros((len(LENGTHS), *mark.shape))
    for i, sequence in enumerate(_sequences()):
        padded[i, : len(sequence)] = sequence
        marks[i] = mark
        if returns == "sequence":
            marks[i, len(sequence) :] = 0.0
    found = _loss(stack, values, padded, marks)
    total: list[Any] = []
    for sequence in _sequences():
        alone = Stack(layers, sequence.shape)
        cut = mark[: len(sequence)] if returns == "sequence" else mark
        total.append(_loss(alone, values, sequence[None], cut[None]))
    np.testing.assert_allclose(found[0], [one[0][0] for one in total], **TOLERANCE)
    for place in range(1, len(found)):
        np.testing.assert_allclose(found[place], sum(one[place] for one in total), **TOLERANCE)


def test_padding_in_training_and_answers() -> None:
    """A list of sequences, NaN at the end, and a longer window give the same network."""
    sequences, classes = _sequences(), [0, 1, 1, 0]

    def trained(x: Any, time: int) -> Any:
        net = gn.Network(
            [gn.Mask(), gn.LSTM(4), gn.Dense(2, "softmax")], inputs=(time, INPUTS), dtype="float64"
        )
        gn.fit(net, x, classes, epochs=5, batch_size=2, engine="reference", progress=False)
        return net

    nets = [trained(sequences, TIME), trained(sequences, TIME + 3)]
    padded = np.full((4, TIME, INPUTS), np.nan)
    for i, sequence in enumerate(sequences):
        padded[i, : len(sequence)] = sequence
    nets.append(trained(padded, TIME))
    for net in nets[1:]:
        for key, value in nets[0].parameters.items():
            np.testing.assert_allclose(net.parameters[key], value, **TOLERANCE)
        np.testing.assert_allclose(net.outputs(sequences), nets[0].outputs(padded), **TOLERANCE)
    one = np.concatenate([nets[0].outputs([sequence]) for sequence in sequences])
    np.testing.assert_allclose(nets[0].outputs(sequences), one, **TOLERANCE)


@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_both_engines_learn_the_same(kind: Any) -> None:
    if not is_available():
        pytest.skip("the compiled part is not built")

    def trained(engine: str) -> Any:
        layers = [gn.Mask(), kind, gn.Dropout(0.2), gn.Dense(2, "softmax")]
        net = gn.Network(layers, inputs=(TIME, INPUTS), dtype="float64")
        gn.fit(net, _sequences(), [0, 1, 1, 0], epochs=3, batch_size=2, engine=engine,
               progress=False)  # fmt: skip
        return net.parameters

    native, reference = trained("native"), trained("reference")
    for key, value in reference.items():
        np.testing.assert_allclose(native[key], value, **TOLERANCE, err_msg=key)


@pytest.mark.parametrize("values", [False, True], ids=["classes", "values"])
def test_a_target_for_each_step(values: bool) -> None:
    """The loss of the padded batch is the mean over the steps that are there."""
    sequences = _sequences()
    if values:
        last, targets = gn.Dense(2), [_random(i, len(s), 2) for i, s in enumerate(sequences)]
    else:
        last = gn.Dense(3, "softmax")
        targets = [np.arange(len(s)) % 3 for s in sequences]
    net = gn.Network(
        [gn.Mask(), gn.GRU(4, returns="sequence"), last], inputs=(TIME, INPUTS), dtype="float64"
    )
    before = net.outputs(sequences)
    run = gn.fit(net, sequences, targets, epochs=1, mode="batch", engine="reference",
                 progress=False)  # fmt: skip
    each, right = [], []
    for y, target in zip(before, targets, strict=True):
        for row, wanted in zip(y, target, strict=False):
            each.append(np.mean((row - wanted) ** 2) if values else -np.log(row[wanted]))
            right.append(not values and row.argmax() == wanted)
    assert run.history["loss"][0] == pytest.approx(np.mean(each), rel=1e-12)
    if not values:
        assert run.history["accuracy"][0] == pytest.approx(np.mean(right), rel=1e-12)
    assert net.predict(sequences).shape == ((4, TIME, 2) if values else (4, TIME))


def test_a_label_for_each_step_is_learnt() -> None:
    """The parity of the ones so far: a memory of one bit."""
    x = np.random.default_rng(0).integers(0, 2, (60, 8, 1)).astype(float)
    y = np.cumsum(x[..., 0], 1).astype(int) % 2
    net = gn.Network([gn.LSTM(6, returns="sequence"), gn.Dense(1, "logistic")], inputs=(8, 1))
    gn.fit(net, x, y, epochs=150, optimizer="adam 0.05", engine="reference", progress=False)
    assert np.mean(net.predict(x) == y) > 0.98


@pytest.mark.parametrize(
    ("x", "y", "kind", "message"),
    [
        ([np.zeros((3, 2)), np.zeros((7, 2))], [0, 1], ShapeError,
         "sequence 1 (counted from 0) has 7 steps; the network takes at most 5"),
        ([np.zeros((3, 2)), np.zeros((3, 4))], [0, 1], ShapeError,
         "sequence 1 (counted from 0) has shape (3, 4); the network takes (steps, 2)"),
        ([np.zeros((3, 2)), np.zeros((0, 2))], [0, 1], DataError, "sequence 1 (counted from 0) is"),
        ([np.zeros((3, 2)), [[np.nan, 1.0]]], [0, 1], DataError,
         "sequence 1, step 0 (counted from 0) holds a number that is not finite"),
        ([np.zeros((3, 2)), [["a", "b"]]], [0, 1], DataError, "a list of sequences of numbers"),
        ([], [], DataError, "the list has no sequence"),
        (5, [0], DataError, "a list of sequences of numbers"),
    ],
)  # fmt: skip
def test_sequences_that_do_not_fit(x: Any, y: Any, kind: Any, message: str) -> None:
    net = gn.Network([gn.Mask(), gn.GRU(2), gn.Dense(1, "logistic")], inputs=(5, 2))
    with pytest.raises(kind) as caught:
        gn.fit(net, x, y, engine="reference", progress=False)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("y", "kind", "message"),
    [
        ([[0, 1, 0], [1, 1]], DataError, "the target of example 1, step 2 (counted from 0) is"),
        ([[0, 1, 0, 1, 1, 1], [1, 1, 0]], ShapeError, "answers each of 5 steps"),
        ([0, 1], ShapeError, "2 examples need targets of shape (2, 5), or (2, 5, 1)"),
    ],
)
def test_step_targets_that_do_not_fit(y: Any, kind: Any, message: str) -> None:
    net = gn.Network(
        [gn.Mask(), gn.GRU(2, returns="sequence"), gn.Dense(1, "logistic")], inputs=(5, 2)
    )
    with pytest.raises(kind) as caught:
        gn.fit(net, [np.zeros((3, 2)), np.ones((3, 2))], y, engine="reference", progress=False)
    assert message in str(caught.value)


# --- embedding ----------------------------------------------------------------------------------
def test_embedding_of_sequences_of_different_lengths() -> None:
    """−1 in an array and a shorter list are the same; a symbol that is not there learns nothing."""
    ids, classes = [[1, 2, 0], [4], [2, 2], [0, 1, 4, 1]], [0, 1, 1, 0]
    layers = [gn.Mask(), gn.Embedding(6, 3), gn.GRU(4), gn.Dense(1, "logistic")]
    nets = [gn.Network(layers, inputs=4, dtype="float64") for _ in range(2)]
    first = nets[0].parameters["embedding1.w"].copy()
    array = np.full((4, 4), -1)
    for i, row in enumerate(ids):
        array[i, : len(row)] = row
    for net, x in zip(nets, (ids, array), strict=True):
        gn.fit(net, x, classes, epochs=3, engine="reference", progress=False)
    for key, value in nets[0].parameters.items():
        np.testing.assert_array_equal(nets[1].parameters[key], value)
    moved = (nets[0].parameters["embedding1.w"] != first).any(1)
    assert moved.tolist() == [True, True, True, False, True, False]


@pytest.mark.parametrize("wrong", [7, -1, 1.5])
def test_numbers_of_no_symbol(wrong: float) -> None:
    net = gn.Network([gn.Embedding(6, 3), gn.GRU(4), gn.Dense(1)], inputs=2)
    with pytest.raises(DataError) as caught:
        net.predict(np.array([[0, 1], [2, wrong]], np.float32))
    assert f"example 1, step 1 (counted from 0) is {wrong:g}" in str(caught.value)
    assert "whole numbers from 0 to 5" in str(caught.value)


# --- first weights and states -------------------------------------------------------------------
@pytest.mark.parametrize("shape", [(6, 6), (9, 4), (4, 9), (40, 40), (3,)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    w = Initializer.of("orthogonal").values(shape, 5, 2).reshape(shape[0], -1)
    small = w @ w.T if w.shape[0] <= w.shape[1] else w.T @ w
    np.testing.assert_allclose(small, np.eye(len(small)), atol=1e-12)
    other = Initializer.of("orthogonal").values(shape, 6, 2)
    assert not np.isclose(w.ravel(), other.ravel()).all()


def test_each_gate_starts_orthogonal_and_forget_gates_open() -> None:
    net = gn.Network([gn.LSTM(7, forget_bias=1.5), gn.Dense(1)], inputs=(4, 2), dtype="float64")
    gates = np.split(net.parameters["lstm1.u"], 4)
    for i, gate in enumerate(gates):
        np.testing.assert_allclose(gate @ gate.T, np.eye(7), atol=1e-12)
        assert not any(np.isclose(gate, other).any() for other in gates[:i])
    assert net.parameters["lstm1.b"].tolist() == [1.5] * 7 + [0.0] * 21
    limit = np.sqrt(6 / (2 + 7))  # Xavier for one gate, of 7 neurons on 2 inputs
    w = np.abs(net.parameters["lstm1.w"])
    assert 0.8 * limit < w.max() <= limit


def test_given_weights_and_states() -> None:
    w, u = _random(0, 8, 3), _random(1, 8, 2)
    layer = gn.LSTM(2, weights=w, recurrent=u, start=[0.1, -0.2, 0.5, 2.0])
    net = gn.Network([layer], inputs=(1, 3), dtype="float64")
    np.testing.assert_array_equal(net.parameters["lstm1.w"], w)
    np.testing.assert_array_equal(net.parameters["lstm1.u"], u)
    x = _random(2, 1, 1, 3)
    v = w @ x[0, 0] + u @ [0.1, -0.2] + [1, 1, 0, 0, 0, 0, 0, 0]
    f, i, o = (1 / (1 + np.exp(-v[a : a + 2])) for a in (0, 2, 6))
    c = f * [0.5, 2.0] + i * np.tanh(v[4:6])
    np.testing.assert_allclose(net.outputs(x)[0], o * np.tanh(c), rtol=1e-12)


def test_a_learnt_start_is_learnt() -> None:
    x, y = _random(3, 20, 1, 2), np.full((20, 1), 0.7)
    net = gn.Network([gn.RNN(3, start="learnt"), gn.Dense(1)], inputs=(1, 2))
    assert net.parameters["rnn1.h0"].tolist() == [0, 0, 0]
    gn.fit(net, x, y, epochs=3, engine="reference", progress=False)
    assert (net.parameters["rnn1.h0"] != 0).all()


def test_a_state_is_carried_from_window_to_window() -> None:
    """Two windows with the state handed on are one long sequence."""
    layer = gn.LSTM(UNITS, returns="sequence")
    p = {key: constant(value) for key, value in _parameters(layer).items()}
    x = _random(4, N, 2 * TIME, INPUTS)
    whole, last = layer.unroll(constant(x), p)
    first, state = layer.unroll(constant(x[:, :TIME]), p)
    second, end = layer.unroll(constant(x[:, TIME:]), p, state=state)
    np.testing.assert_allclose(
        np.concatenate([first.value, second.value], 1), whole.value, **TOLERANCE
    )
    for key in ("h", "c"):
        np.testing.assert_allclose(end[key].value, last[key].value, **TOLERANCE)


# --- networks -----------------------------------------------------------------------------------
def test_what_is_returned_where_nothing_is_said() -> None:
    stack = Stack([gn.LSTM(4), gn.Dropout(0.1), gn.Bidirectional("gru 3"), gn.Dense(2)], (5, 2))
    assert stack.shapes == ((5, 2), (5, 4), (5, 4), (6,), (2,))
    stack = Stack(["lstm 4", "dense 3 tanh", gn.RNN(2, returns="sequence"), "dense 2"], (5, 2))
    assert stack.shapes == ((5, 2), (5, 4), (5, 3), (5, 2), (5, 2))
    assert (stack.steps, stack.units) == (5, 2)
    said = gn.GRU(2, returns="last")
    assert said.returning("sequence") is said
    assert isinstance(said, RecurrentLayer)


@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("lstm 32, softmax", [gn.LSTM(32), gn.Dense(3, "softmax")]),
        ("32 lstm, softmax", [gn.LSTM(32), gn.Dense(3, "softmax")]),
        ("8 rnn relu, dropout 0.2, 4 gru, 5 tanh, softmax",
         [gn.RNN(8, "relu"), gn.Dropout(0.2), gn.GRU(4), gn.Dense(5, "tanh"),
          gn.Dense(3, "softmax")]),
        ("16 LSTM peepholes=true forget_bias=2", [gn.LSTM(16, peepholes=True, forget_bias=2.0)]),
        ('mask, embedding 50 8, bidirectional "gru 4", softmax',
         [gn.Mask(), gn.Embedding(50, 8), gn.Bidirectional(gn.GRU(4)), gn.Dense(3, "softmax")]),
    ],
)  # fmt: skip
def test_recurrent_layers_from_text(text: str, layers: Any) -> None:
    assert parse_layers(text, 3) == tuple(layers)
    assert parse_layers(", ".join(map(str, layers)), 3) == tuple(layers)


@pytest.mark.parametrize("kind", [*KINDS, gn.LSTM(3, start=[0.1] * 6), gn.GRU(3)], ids=str)
def test_a_model_file_gives_the_network_back(kind: Any, tmp_path: Path) -> None:
    x = _random(1, 12, TIME, INPUTS)
    y = (x[:, :, 0].sum(1) > 0).astype(int)
    layers = [gn.GRU(3), gn.Dropout(0.2), kind, gn.Dense(2, "softmax")]
    net = gn.Network(layers, inputs=(TIME, INPUTS))
    gn.fit(net, x, y, epochs=2, engine="reference", progress=False)
    net.save(tmp_path / "net.safetensors")
    again = gn.load(tmp_path / "net.safetensors")
    assert again.layers == net.layers
    np.testing.assert_array_equal(again.outputs(x), net.outputs(x))
    assert again.predict(x).shape == (12,)


def test_a_network_is_built_by_its_data() -> None:
    x = _random(1, 30, TIME, INPUTS)
    y = x[:, 0, 0] + x[:, -1, 1]
    net = gn.Network([gn.GRU(8), gn.GRU(8), gn.Dense(1)])
    run = gn.fit(net, x, y, epochs=60, engine="reference", progress=False)
    assert net.stack.inputs == (TIME, INPUTS)
    assert run.history["loss"][-1] < 0.2 * run.history["loss"][0]
    assert net.predict(x).shape == (30,)


def test_a_threshold_in_a_loop_is_not_trained() -> None:
    net = gn.Network([gn.RNN(2, "threshold"), gn.Dense(1)], inputs=(TIME, INPUTS))
    with pytest.raises(gn.GlassnetError, match="layer rnn1: a threshold neuron has no derivative"):
        gn.fit(net, _random(0, 3, TIME, INPUTS), [0.1, 0.2, 0.3], progress=False)


@pytest.mark.parametrize("layer", ["rnn 3", "lstm 3", "gru 3"])
def test_a_state_that_is_handed_over_goes_on_as_if_nothing_had_been_cut(layer):
    """Two windows with the state between them answer as the whole; also where they overlap."""
    stack = Stack([gn.Embedding(5, 4), Layer.of(f"{layer} returns=sequence"), gn.Dense(5)], (6,))
    net = gn.Network(stack.layers, inputs=6, seed=3, dtype="float64")
    p = {key: constant(value) for key, value in net.parameters.items()}
    x = np.random.default_rng(0).integers(0, 5, (2, 6)).astype(float)
    whole, _ = stack.forward(constant(x), p, {})
    first, _ = stack.forward(constant(x[:, :4]), p, {}, hand_over=2)
    sizes = stack.carries()
    assert {key: value.shape for key, value in first.carry.items()} == {
        key: (2, size) for key, size in sizes.items()
    }
    second, _ = stack.forward(constant(x[:, 2:]), p, {}, carry=first.carry)
    np.testing.assert_allclose(np.asarray(second.y), np.asarray(whole.y)[:, 2:], rtol=1e-12)
    np.testing.assert_allclose(np.asarray(first.y), np.asarray(whole.y)[:, :4], rtol=1e-12)


def test_a_layer_that_goes_both_ways_has_no_state_to_hand_over():
    stack = Stack([gn.Bidirectional(gn.GRU(3)), gn.Dense(1)], (4, 2))
    with pytest.raises(ArgumentError, match="both ways needs whole sequences"):
        stack.carries()


@pytest.mark.skipif(not is_available(), reason="the compiled module is not there")
def test_texts_of_different_lengths_are_answered_natively_as_each_alone():
    """Numbers of symbols with gaps, (n, time), and one answer each, (n, units): both two axes."""
    layers = [gn.Mask(), gn.Embedding(7, 4), gn.Average(), gn.Dense(1, "logistic")]
    net = gn.Network(layers, inputs=5, seed=1, dtype="float64")
    texts = [[1, 2, 3], [4], [6, 5, 4, 3, 2]]
    together = net.predict(texts)
    alone = np.concatenate([net.predict([text]) for text in texts])
    np.testing.assert_allclose(together, alone, rtol=1e-12)
    w, b = net.parameters["output.w"], net.parameters["output.b"]
    means = np.stack([net.parameters["embedding1.w"][text].mean(0) for text in texts])
    np.testing.assert_allclose(together, 1 / (1 + np.exp(-(means @ w.T + b))), rtol=1e-12)
