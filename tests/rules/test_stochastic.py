"""The stochastic neuron: how often it fires, the same bits everywhere, and maximum likelihood."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, ConvergenceWarning, DataError, ShapeError
from glassnet.learning import Exponential
from glassnet.ops.philox import STREAM_FIRING, uniform
from glassnet.rules.stochastic import BLOCK, StochasticNeuron

ENGINES = ["native", "reference"]
TEMPERATURES = [0.1, 0.5, 1.0, 2.0, 10.0]
FIELDS = [-1.5, -0.3, 0.0, 0.3, 1.5]
HALF_WIDTH = 3.290526731491926  # of the 99.9 % confidence interval, in standard deviations


def neuron(**settings: Any) -> StochasticNeuron:
    return StochasticNeuron.from_weights([1.0], **settings)


def noisy(n: int = 200, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    v = x @ [1.0, -2.0, 0.5] + 0.3
    return x, np.where(v + rng.logistic(size=n) > 0, "yes", "no")


# --- firing ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("temperature", TEMPERATURES)
def test_it_fires_as_often_as_its_probability_says(temperature: float) -> None:
    draws = 1_000_000
    v = np.array(FIELDS)
    fired = (neuron(temperature=temperature).sample(v[:, None], draws, seed=11) > 0).mean(axis=0)
    p = 1.0 / (1.0 + np.exp(-v / temperature))
    assert (np.abs(fired - p) <= HALF_WIDTH * np.sqrt(p * (1 - p) / draws)).all()
    shown = neuron(temperature=temperature).predict_proba(v[:, None])
    np.testing.assert_allclose(shown, np.stack([1 - p, p], axis=1), rtol=1e-12, atol=1e-15)
    expected = neuron(temperature=temperature).expected_output(v[:, None])
    np.testing.assert_allclose(expected, 2 * p - 1, atol=1e-12)


def test_draws_do_not_depend_on_each_other() -> None:
    y = neuron().sample([[0.0]], 200_000, seed=3)[:, 0].astype(float)
    for lag in (1, 2, 7):
        assert abs((y[:-lag] * y[lag:]).mean()) < HALF_WIDTH / np.sqrt(len(y) - lag)


def test_the_same_seed_gives_the_same_bits_on_both_engines() -> None:
    x = np.random.default_rng(0).normal(size=(7, 2))
    found = []
    for engine in ENGINES:
        model = StochasticNeuron.from_weights([1.0, -0.5], 0.2, temperature=0.7)
        model.engine = engine
        found.append((model.sample(x, 100_000, seed=5), model.anneal(x, [3.0, 1.0, 0.1], seed=5)))
    for one, two in zip(*found, strict=True):
        np.testing.assert_array_equal(one, two)
    model = StochasticNeuron.from_weights([1.0, -0.5], 0.2, temperature=0.7)
    np.testing.assert_array_equal(model.sample(x, 11, seed=5), found[0][0][:11])
    assert (model.sample(x, 1000, seed=6) != found[0][0][:1000]).any()


def test_the_draws_are_those_of_philox() -> None:
    x = np.array([[0.4], [-0.2]])
    block = BLOCK // 2
    u = np.concatenate(
        [uniform((block, 2), 9, stream=STREAM_FIRING, counter=0),
         uniform((5, 2), 9, stream=STREAM_FIRING, counter=1)]
    )  # fmt: skip
    expected = np.where(u < 1 / (1 + np.exp(-x[:, 0])), 1, -1)
    found = neuron().sample(x, block + 5, seed=9)
    assert (found.dtype, found.shape) == (np.int8, (block + 5, 2))
    np.testing.assert_array_equal(found, expected)


def test_without_temperature_it_is_a_threshold_neuron() -> None:
    v = np.array([[-1.0], [-1e-9], [0.0], [1e-9], [1.0]])
    cold = neuron(temperature=0)
    fires = [0.0, 0.0, 1.0, 1.0, 1.0]
    assert cold.predict_proba(v)[:, 1].tolist() == fires
    assert cold.expected_output(v).tolist() == [-1, -1, 1, 1, 1]
    assert (cold.sample(v, 50) == np.array([-1, -1, 1, 1, 1])).all()
    assert cold.predict(v).tolist() == [-1, -1, 1, 1, 1]
    for temperature in (1e-12, 1e-300, 5e-324):  # the limit, and no overflow on the way
        p = neuron(temperature=temperature).predict_proba(v)
        assert p[[0, 1, 3, 4], 1].tolist() == [0, 0, 1, 1]
        np.testing.assert_array_equal(p.sum(axis=1), 1.0)


def test_it_comes_to_rest_as_the_temperature_falls() -> None:
    x = np.linspace(-1, 1, 41)[:, None]
    fired = neuron().anneal(x, Exponential(10.0, 0.9), seed=1, steps=150)
    assert (fired.dtype, fired.shape) == (np.int8, (150, 41))
    assert abs(fired[:10].mean()) < 0.2
    end = np.where(x[:, 0] >= 0, 1, -1)
    assert (fired[-10:] == end).all(axis=0)[np.abs(x[:, 0]) > 0.01].all()
    last = neuron().anneal(x, [5.0, 1.0, 0.0], seed=1)
    assert last[-1].tolist() == end.tolist()


@pytest.mark.parametrize("temperature", [[1.0, 2.0], [-1.0], [np.nan], [], [[1.0]], "hot"])
def test_temperatures_that_are_not_allowed(temperature: Any) -> None:
    with pytest.raises(ArgumentError, match="temperatures must"):
        neuron().anneal([[1.0]], temperature)


# --- learning -------------------------------------------------------------------------------------
def loop(x: Any, d: Any, rate: float, temperature: float, epochs: int) -> Any:
    w, b = np.zeros(x.shape[1]), 0.0
    for _ in range(epochs):
        for example, wanted in zip(x, d, strict=True):
            mean_output = np.tanh((w @ example + b) / (2 * temperature))
            w = w + rate / temperature * (wanted - mean_output) * example
            b = b + rate / temperature * (wanted - mean_output)
    return np.r_[w, b]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_the_rule_as_a_loop(engine: str, temperature: float) -> None:
    x, y = noisy(50)
    d = np.where(y == "yes", 1.0, -1.0)
    settings: dict[str, Any] = {"learning_rate": 0.05, "temperature": temperature, "epochs": 3}
    model = StochasticNeuron(shuffle=False, engine=engine, **settings).fit(x, y)
    found = np.r_[model.weights_[0], model.bias_]
    np.testing.assert_allclose(found, loop(x, d, 0.05, temperature, 3), rtol=1e-11)
    steps = StochasticNeuron(shuffle=False, **settings).steps(x, y, epochs=1)
    assert steps.columns == ("epoch", "example", "x", "d", "v", "<y>", "e", "w", "b")
    np.testing.assert_allclose(steps["w"][-1][0], loop(x, d, 0.05, temperature, 1)[:-1], rtol=1e-11)


def test_a_step_is_twice_the_gradient_of_the_log_likelihood() -> None:
    temperature, h = 0.7, 1e-6
    x, w = np.array([0.4, -1.1]), np.array([0.3, 0.2])

    def log_likelihood(w: Any) -> float:
        return -float(np.log1p(np.exp((w @ x) / temperature)))  # of d = −1

    slope = [(log_likelihood(w + h * e) - log_likelihood(w - h * e)) / (2 * h) for e in np.eye(2)]
    row = next(
        iter(
            StochasticNeuron(1e-3, temperature, bias=False, start_weights=w, shuffle=False).steps(
                [x, x], ["a", "b"]
            )
        )
    )
    np.testing.assert_allclose(row["w"][0] - w, 2 * 1e-3 * np.array(slope), rtol=1e-8)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_it_comes_to_logistic_regression(temperature: float) -> None:
    linear = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is the oracle")
    x, y = noisy()
    oracle = linear.LogisticRegression(C=np.inf, tol=1e-12, max_iter=1000).fit(x, y)
    model = StochasticNeuron(temperature=temperature, mode="batch", epochs=1500).fit(x, y)
    np.testing.assert_allclose(model.weights_ / temperature, oracle.coef_, atol=1e-5)
    np.testing.assert_allclose(model.bias_ / temperature, oracle.intercept_, atol=1e-5)
    np.testing.assert_allclose(model.predict_proba(x), oracle.predict_proba(x), atol=1e-5)
    assert (model.predict(x) == oracle.predict(x)).all()
    cost = -np.log(oracle.predict_proba(x)[np.arange(len(x)), (y == "yes").astype(int)]).mean()
    assert model.history_["loss"][-1] == pytest.approx(cost, rel=1e-6)
    falling = StochasticNeuron("exponential 0.1 0.99", temperature, epochs=1000).fit(x, y)
    np.testing.assert_allclose(falling.weights_ / temperature, oracle.coef_, atol=0.02)


def test_separable_classes_are_told_apart_ever_more_surely() -> None:
    x = np.array([[-2.0], [-1.0], [1.0], [2.0]])
    short = StochasticNeuron(epochs=50).fit(x, [0, 0, 1, 1])
    long = StochasticNeuron(epochs=5000).fit(x, [0, 0, 1, 1])
    assert short.score(x, [0, 0, 1, 1]) == long.score(x, [0, 0, 1, 1]) == 1.0
    assert long.weights_[0, 0] > 2 * short.weights_[0, 0]
    assert long.predict_proba(x)[[0, 3], [0, 1]].min() > 0.999


def test_the_largest_rate_scales_with_the_temperature() -> None:
    x, y = noisy()
    rates = [StochasticNeuron(temperature=t, epochs=1).fit(x, y).largest_rate_ for t in (1.0, 3.0)]
    assert rates[1] == pytest.approx(9 * rates[0])
    assert rates[0] == pytest.approx(4 / (1 + (x**2).sum(axis=1).mean()))
    with pytest.warns(ConvergenceWarning, match=r"2/tr R, times 2\)"):
        StochasticNeuron(2.0, epochs=1).fit(x, y)


def test_a_temperature_changed_later_changes_answers_only() -> None:
    x, y = noisy()
    model = StochasticNeuron().fit(x, y)
    before, probabilities = model.predict(x), model.predict_proba(x)
    model.set_params(temperature=0)
    assert (model.predict(x) == before).all()
    assert set(model.predict_proba(x).ravel().tolist()) == {0.0, 1.0}
    assert (probabilities[:, 1] >= 0.5).tolist() == (model.predict_proba(x)[:, 1] == 1).tolist()


def test_partial_fit_and_a_file(tmp_path: Any) -> None:
    x, y = noisy(40)
    whole = StochasticNeuron(0.05, epochs=1, shuffle=False).fit(x, y)
    parts = StochasticNeuron(0.05).partial_fit(x[:1], y[:1], classes=["no", "yes"])
    parts.partial_fit(x[1:], y[1:])
    np.testing.assert_allclose(parts.weights_, whole.weights_, rtol=1e-12)
    parts.save(tmp_path / "model.safetensors")
    again: Any = gn.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(again.predict_proba(x), parts.predict_proba(x))
    np.testing.assert_array_equal(again.sample(x, 9, seed=2), parts.sample(x, 9, seed=2))
    given = StochasticNeuron.from_weights([1.0, 2.0], classes=("off", "on"))
    given.save(tmp_path / "given.safetensors")
    loaded: Any = gn.load(tmp_path / "given.safetensors")
    assert loaded.predict([[1.0, 1.0]]).tolist() == ["on"]
    assert "stochastic neuron" in dict(loaded.facts())["neurons"]


def test_what_is_refused() -> None:
    x, y = noisy(30)
    with pytest.raises(ArgumentError, match="temperature must be above 0 to learn"):
        StochasticNeuron(temperature=0).fit(x, y)
    with pytest.raises(ArgumentError, match="temperature must be a number at least 0"):
        StochasticNeuron(temperature=-1.0).fit(x, y)
    with pytest.raises(DataError, match="two classes apart; there are 3"):
        StochasticNeuron().fit(x, np.arange(30) % 3)
    with pytest.raises(DataError, match="one class only"):
        StochasticNeuron().fit(x, ["a"] * 30)
    with pytest.raises(ArgumentError, match="draws must be"):
        neuron().sample([[1.0]], 0)
    with pytest.raises(ArgumentError, match="seed must be"):
        neuron().sample([[1.0]], 1, seed=-1)
    with pytest.raises(ShapeError, match="examples must have shape"):
        neuron().sample([[1.0, 2.0]])
    for weights in ([], [[1.0]], 1.0, ["a"]):
        with pytest.raises(ArgumentError, match="weights must"):
            StochasticNeuron.from_weights(weights)
    with pytest.raises(ArgumentError, match="two different"):
        StochasticNeuron.from_weights([1.0], classes=["a", "a"])
    with pytest.raises(ArgumentError, match="bias must be"):
        StochasticNeuron.from_weights([1.0], float("nan"))


def test_large_fields_do_not_overflow() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        p = StochasticNeuron.from_weights([1e200]).predict_proba([[1e100], [-1e100]])
    assert p.tolist() == [[0.0, 1.0], [1.0, 0.0]]
