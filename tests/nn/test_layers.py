"""Every registered layer against PyTorch and JAX; what batch normalisation and dropout remember."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.engines import Program
from glassnet.errors import ArgumentError, ShapeError
from glassnet.nn import Layer, Stack, parse_layers
from glassnet.ops import constant
from glassnet.unit import FAMILIES
from nn import layer_checks as checks
from nn.layer_oracles import LAYERS

PAIRS = checks.pairs()
WITH_TORCH = [(name, i) for name, i in PAIRS if LAYERS[name][i].torch]


def test_every_layer_has_an_oracle() -> None:
    assert set(LAYERS) == set(FAMILIES["layer"])


@pytest.mark.parametrize("training", [True, False], ids=["training", "answering"])
@pytest.mark.parametrize(("name", "position"), PAIRS)
def test_jax(name: str, position: int, training: bool) -> None:
    checks.check_jax(name, position, training)


@pytest.mark.parametrize("training", [True, False], ids=["training", "answering"])
@pytest.mark.parametrize(("name", "position"), WITH_TORCH)
def test_pytorch(name: str, position: int, training: bool) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch, the second oracle, is not installed")
    checks.check_torch(name, position, training, torch)


@pytest.mark.parametrize(("name", "position"), PAIRS)
def test_float32_stays_float32(name: str, position: int) -> None:
    checks.check_float32(name, position)


@pytest.mark.parametrize(("name", "position"), PAIRS)
def test_text_and_json_give_the_same_layer(name: str, position: int) -> None:
    layer = Layer.of(LAYERS[name][position].text)
    assert parse_layers(str(layer), 1) == (layer,)
    assert Layer.from_json(layer.to_json()) == layer


@pytest.mark.parametrize(
    "layer",
    [
        gn.Dense(3, "logistic slope=2", l2=0.123456789),
        gn.Dense(3, "piecewise_linear low=-1 high=2", weights="normal 0.2"),
        gn.Dense(1, "relu", weights="lecun_normal", biases="ones", l1=1e-5),
        gn.Dense(2, "gelu", biases=None),
        gn.Apply("elu 0.5"),
        gn.BatchNorm(0.2, epsilon=1e-3),
    ],
)
def test_settings_are_kept_by_text_and_json(layer: Layer) -> None:
    assert parse_layers(str(layer), 1) == (layer,)
    assert Layer.from_json(layer.to_json()) == layer


@pytest.mark.parametrize(("name", "position"), PAIRS)
def test_parameters_say_what_they_are(name: str, position: int) -> None:
    oracle = LAYERS[name][position]
    layer = Layer.of(oracle.text)
    for entries in (layer.parameters(oracle.shape), layer.statistics(oracle.shape)):
        for entry in entries.values():
            assert entry.symbol
            assert len(entry.axes) == len(entry.shape)
            assert entry.initializer.values(entry.shape, 0, 0).shape == entry.shape


# --- batch normalisation ------------------------------------------------------------------------
def _run(
    stack: Stack, x: Any, parameters: Any, statistics: Any, seed: int | None, step: int = 1
) -> tuple[Any, dict[str, Any]]:
    """Answer a batch: in training with a seed, else as the network answers."""
    kind = gn.DType.FLOAT64

    def number(value: int) -> Any:
        return constant(np.int64(value))

    output, updated = stack.forward(
        constant(np.asarray(x), kind),
        {k: constant(v, kind) for k, v in parameters.items()},
        {k: constant(v, kind) for k, v in statistics.items()},
        None if seed is None else number(seed),
        None if seed is None else number(step),
    )
    return output.y.value, {key: tensor.value for key, tensor in updated.items()}


def test_running_statistics_over_several_batches() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch, the oracle, is not installed")
    stack = Stack([gn.BatchNorm(momentum=0.3)], 3)
    parameters = {"batchnorm1.gamma": np.array([1.0, 2.0, -1.0]), "batchnorm1.beta": np.ones(3)}
    statistics = {"batchnorm1.mean": np.zeros(3), "batchnorm1.variance": np.ones(3)}
    theirs = torch.nn.BatchNorm1d(3, momentum=0.3, dtype=torch.float64)
    theirs.weight = torch.nn.Parameter(torch.tensor(parameters["batchnorm1.gamma"]))
    theirs.bias = torch.nn.Parameter(torch.tensor(parameters["batchnorm1.beta"]))
    generator = np.random.default_rng(0)
    for n in (8, 5, 2, 8, 3, 8):
        x = generator.normal(size=(n, 3)) * [1, 5, 0.1] + [0, 10, -3]
        y, statistics = _run(stack, x, parameters, statistics, seed=0)
        np.testing.assert_allclose(y, theirs(torch.tensor(x)).detach().numpy(), atol=1e-9)
    mean, variance = theirs.running_mean.numpy(), theirs.running_var.numpy()
    np.testing.assert_allclose(statistics["batchnorm1.mean"], mean, rtol=1e-12)
    np.testing.assert_allclose(statistics["batchnorm1.variance"], variance, rtol=1e-12)
    theirs.eval()
    x = generator.normal(size=(1, 3))
    y, updated = _run(stack, x, parameters, statistics, seed=None)
    np.testing.assert_allclose(y, theirs(torch.tensor(x)).detach().numpy(), rtol=1e-12)
    assert updated == {}  # answering teaches nothing


def test_batches_come_out_with_mean_0_and_variance_1() -> None:
    x = np.random.default_rng(1).normal(size=(50, 2)) * [3, 0.2] + [5, -5]
    stack = Stack([gn.BatchNorm(epsilon=1e-12)], 2)
    parameters = {"batchnorm1.gamma": np.ones(2), "batchnorm1.beta": np.zeros(2)}
    statistics = {"batchnorm1.mean": np.zeros(2), "batchnorm1.variance": np.ones(2)}
    y, _ = _run(stack, x, parameters, statistics, seed=0)
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(0), 1, rtol=1e-9)


def test_a_constant_feature_does_not_divide_by_zero() -> None:
    stack = Stack([gn.BatchNorm()], 1)
    parameters = {"batchnorm1.gamma": np.ones(1), "batchnorm1.beta": np.array([0.25])}
    statistics = {"batchnorm1.mean": np.zeros(1), "batchnorm1.variance": np.ones(1)}
    y, _ = _run(stack, [[7.0], [7.0]], parameters, statistics, seed=0)
    assert y.tolist() == [[0.25], [0.25]]


@pytest.mark.parametrize("mode", ["online", "minibatch"])
def test_batch_normalisation_needs_two_examples(mode: str) -> None:
    net = gn.Network([gn.Dense(2), gn.BatchNorm(), gn.Dense(1)], inputs=1)
    size = 1 if mode == "minibatch" else None
    with pytest.raises(ArgumentError, match=f"batches of at least 2 examples: mode '{mode}'"):
        gn.fit(net, [[0.0], [1.0], [2.0]], [0.1, 0.2, 0.3], mode=mode, batch_size=size, epochs=1)


def test_a_last_batch_of_one_joins_the_one_before() -> None:
    net = gn.Network([gn.Dense(2), gn.BatchNorm(), gn.Dense(1)], inputs=1)
    x = np.arange(9.0)[:, None]
    run = gn.fit(net, x, x[:, 0], batch_size=4, epochs=3)
    assert run.steps == 6  # 4 and 5 examples, three times


def test_one_example_in_training_is_explained() -> None:
    stack = Stack([gn.BatchNorm()], 1)
    parameters = {"batchnorm1.gamma": np.ones(1), "batchnorm1.beta": np.zeros(1)}
    statistics = {"batchnorm1.mean": np.zeros(1), "batchnorm1.variance": np.ones(1)}
    with pytest.raises(ShapeError, match="batchnorm1: batch normalisation needs batches of at"):
        _run(stack, [[7.0]], parameters, statistics, seed=0)


# --- dropout ------------------------------------------------------------------------------------
def _dropped(layers: Any, x: Any, seed: int, step: int) -> Any:
    return _run(Stack(layers, np.shape(x)[1]), x, {}, {}, seed, step)[0]


def test_the_mask_replays_from_seed_step_and_layer() -> None:
    ones = np.ones((20, 30))
    layer = gn.Dropout(0.4)
    first = _dropped([layer], ones, seed=5, step=9)
    np.testing.assert_array_equal(first, _dropped([layer], ones, seed=5, step=9))
    others = [_dropped([layer], ones, seed=6, step=9), _dropped([layer], ones, seed=5, step=10)]
    # in the second place of a stack, the same layer draws another mask
    others.append(_dropped([gn.Dropout(0.0), layer], ones, seed=5, step=9))
    masks = [first, *others]
    for i, a in enumerate(masks):
        for b in masks[:i]:
            # independent masks agree where both keep or both drop: 0.6² + 0.4² = 0.52
            assert abs(np.mean((a > 0) == (b > 0)) - 0.52) < 0.1


def test_two_dropout_layers_drop_independently() -> None:
    both = _dropped([gn.Dropout(0.5), gn.Dropout(0.5)], np.ones((100, 100)), seed=0, step=1)
    assert np.mean(both > 0) == pytest.approx(0.25, abs=0.03)
    assert set(np.unique(both)) == {0.0, 4.0}


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_the_share_that_is_kept_and_its_scale(rate: float) -> None:
    y = _dropped([gn.Dropout(rate)], np.ones((200, 200)), seed=3, step=1)
    n = y.size
    kept = np.mean(y > 0)
    assert abs(kept - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / n)
    np.testing.assert_allclose(y[y > 0], 1 / (1 - rate), rtol=1e-15)


def test_nothing_is_dropped_when_the_network_answers() -> None:
    x = np.random.default_rng(0).normal(size=(4, 6))
    y, _ = _run(Stack([gn.Dropout(0.9)], 6), x, {}, {}, seed=None)
    np.testing.assert_array_equal(y, x)


def test_a_rate_of_0_drops_nothing() -> None:
    x = np.random.default_rng(0).normal(size=(4, 6))
    np.testing.assert_array_equal(_dropped([gn.Dropout(0.0)], x, seed=1, step=1), x)


def test_training_with_dropout_replays_and_differs_by_seed() -> None:
    x = np.random.default_rng(0).normal(size=(20, 3))
    y = (x[:, 0] > 0).astype(int)

    def trained(seed: int) -> Any:
        net = gn.Network([gn.Dense(8, "tanh"), gn.Dropout(0.5), gn.Dense(2, "softmax")], inputs=3)
        gn.fit(net, x, y, epochs=3, seed=seed, shuffle=False, mode="batch")
        return net.parameters["hidden.w"]

    np.testing.assert_array_equal(trained(0), trained(0))
    assert not np.allclose(trained(0), trained(1))  # order and first weights are the same


# --- settings -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: gn.Dense(0), "units must be a whole number of at least 1; got 0"),
        (lambda: gn.Dense(-3), "units must be a whole number of at least 1; got -3"),
        (lambda: gn.Dense(2.5), "units must be a whole number of at least 1; got 2.5"),
        (lambda: gn.Dense(True), "units must be a whole number of at least 1; got True"),
        (lambda: gn.Dense("8"), "units must be a whole number of at least 1; got '8'"),
        (lambda: gn.Dense(2, "tanb"), "no activation named 'tanb' (did you mean 'tanh'?)"),
        (lambda: gn.Dense(2, l1=-1), "l1 must be a number at least 0; got -1"),
        (lambda: gn.Dense(2, l2=float("nan")), "l2 must be a number at least 0; got nan"),
        (lambda: gn.Dropout(1.0), "rate must be a number at least 0 and below 1; got 1.0"),
        (lambda: gn.Dropout(-0.1), "rate must be a number at least 0 and below 1; got -0.1"),
        (lambda: gn.BatchNorm(momentum=0), "momentum must be a number above 0 and at most 1"),
        (lambda: gn.BatchNorm(epsilon=0), "epsilon must be a number above 0; got 0"),
        (lambda: gn.Apply("rellu"), "no activation named 'rellu' (did you mean 'relu'?)"),
        (lambda: gn.Apply(7), "activation must be one of"),
        (lambda: Layer.of("dens 3"), "no layer named 'dens' (did you mean 'dense'?)"),
        (lambda: Layer.of("dense"), "dense needs a setting units"),
        (lambda: Layer.of("dense x"), "dense: units must be of type int; got 'x'"),
        (lambda: Layer.of("dropout 0.5 0.6"), "dropout has no setting '0.6'; it has rate"),
        (lambda: Layer.of(""), "layer is empty"),
        (lambda: Layer.of(None), "layer must be one of apply"),
        (lambda: gn.LSTM(0), "units must be a whole number of at least 1; got 0"),
        (lambda: gn.GRU(2.5), "units must be a whole number of at least 1; got 2.5"),
        (lambda: gn.RNN(2, "tanb"), "no activation named 'tanb' (did you mean 'tanh'?)"),
        (lambda: gn.LSTM(2, forget_bias="x"), "forget_bias must be a number; got 'x'"),
        (lambda: gn.LSTM(2, returns="all"), "returns must be one of sequence, last; got 'all'"),
        (lambda: gn.GRU(2, start="lernt"), "(did you mean 'learnt'?)"),
        (lambda: gn.LSTM(2, start=[0.0, 1.0]), "numbers as the state: 2 for h, 2 for c; got 2"),
        (lambda: gn.GRU(2, recurrent="orthogona"), "(did you mean 'orthogonal'?)"),
        (lambda: gn.Bidirectional("dense 3"), "bidirectional needs a recurrent layer; got 3"),
        (lambda: gn.Embedding(0, 3), "vocabulary must be a whole number of at least 1; got 0"),
        (lambda: gn.Embedding(3, 0), "size must be a whole number of at least 1; got 0"),
        (lambda: gn.Recurrent("peephol_cell", 3), "(did you mean 'peephole_cell'?)"),
        (lambda: gn.Recurrent(len, 3), "a cell is a function under @gn.cell(weights=…)"),
        (lambda: gn.cell(carry="h", weights={}), "carry must be a list of names"),
        (lambda: gn.cell(weights={"w": ("4 unit",)}), "the length of an axis must be a whole"),
        (lambda: gn.cell(weights={"w": (1, 1)}, initial={"v": "ones"}), "no weight 'v'"),
    ],
)
def test_settings_that_are_not_allowed(make: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        make()
    assert message in str(caught.value)


# --- the suite can fail -------------------------------------------------------------------------
MUTANTS: dict[str, tuple[str, Any, Any]] = {
    "dense without its bias": ("dense", "forward", lambda f: _without_bias(f)),
    "dense with a slope of 1.001": ("dense", "forward", lambda f: _scaled(f)),
    "batch normalisation by n − 1": ("batchnorm", "forward", lambda f: _scaled(f, 0.9)),
    "dropout without its scale": ("dropout", "forward", lambda f: _scaled(f, 0.7)),
    "apply with a slope of 1.001": ("apply", "forward", lambda f: _scaled(f)),
    "rnn without its bias": ("rnn", "step", lambda f: _no_bias_in_step(f)),
    "lstm without its bias": ("lstm", "step", lambda f: _no_bias_in_step(f)),
    "gru without its bias": ("gru", "step", lambda f: _no_bias_in_step(f)),
    "average a little too large": ("average", "forward", lambda f: _scaled(f)),
    "bidirectional in one direction": ("bidirectional", "forward", lambda f: _scaled(f)),
}


def _scaled(sound: Any, factor: float = 1.001) -> Any:
    def forward(self: Any, x: Any, *rest: Any, **named: Any) -> Any:
        result = sound(self, x, *rest, **named)
        return type(result)(result.output * factor, result.local_field, result.statistics)

    return forward


def _no_bias_in_step(sound: Any) -> Any:
    def step(self: Any, state: Any, x: Any, weights: Any, name: str) -> Any:
        return sound(self, state, x, {**weights, "b": weights["b"] * 0.0}, name)

    return step


def _without_bias(sound: Any) -> Any:
    def forward(self: Any, x: Any, parameters: Any, *rest: Any) -> Any:
        return sound(self, x, {k: v for k, v in parameters.items() if k != "b"}, *rest)

    return forward


@pytest.mark.parametrize("mutant", MUTANTS)
def test_broken_formula_is_found(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name, method, damage = MUTANTS[mutant]
    kind: Any = Layer.named(name)
    monkeypatch.setattr(kind, method, damage(getattr(kind, method)))
    with pytest.raises(AssertionError):
        checks.check_jax(name, 0, training=True)


def test_forgotten_statistics_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch", reason="PyTorch, the oracle, is not installed")
    sound = gn.BatchNorm.forward

    def biased(self: Any, x: Any, *rest: Any) -> Any:
        result = sound(self, x, *rest)
        n = x.shape[0]
        statistics = {**result.statistics}
        if statistics:  # the running variance takes the batch's divided by n
            running = rest[1]["variance"] * (1.0 - self.momentum)
            statistics["variance"] = running + (statistics["variance"] - running) * ((n - 1) / n)
        return type(result)(result.output, result.local_field, statistics)

    checks.check_torch("batchnorm", 0, True, torch)
    monkeypatch.setattr(gn.BatchNorm, "forward", biased)
    with pytest.raises(AssertionError, match="running variance"):
        checks.check_torch("batchnorm", 0, True, torch)


def test_a_dense_layer_of_programs() -> None:
    """A layer is a graph like any other: it can be traced, printed and run by itself."""
    kind = gn.TensorType((1, 2), gn.DType.FLOAT64)
    layer = gn.Dense(1, "linear", weights=[[2.0, 3.0]], biases=None)

    def body(x: Any) -> Any:
        w = constant([[2.0, 3.0]])
        return layer.forward(x, {"w": w}, {}, None, "output").output

    graph = gn.trace(body, x=kind)
    assert "output.v" in str(graph)
    assert Program(graph).run({"x": [[1.0, 1.0]]})["result"].tolist() == [[5.0]]
