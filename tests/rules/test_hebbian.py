"""Hebb, Oja and Sanger: the formulas as loops, and the eigenvectors of the covariance."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import open_data
from glassnet.errors import ArgumentError, ConvergenceWarning, DataError, ShapeError
from glassnet.rules.hebbian import Hebb
from glassnet.rules.oja import Oja
from glassnet.rules.principal_components import careful_rate
from glassnet.rules.sanger import Sanger
from glassnet.rules.start_values import first_directions

ENGINES = ["native", "reference"]


def cloud(n: int = 200, inputs: int = 5, seed: int = 0) -> Any:
    rng = np.random.default_rng(seed)
    turned, _ = np.linalg.qr(rng.normal(size=(inputs, inputs)))
    return rng.normal(size=(n, inputs)) * np.arange(inputs, 0, -1) @ turned + 3.0


def iris() -> Any:
    datasets = pytest.importorskip("sklearn.datasets", reason="iris as an array: scikit-learn")
    return datasets.load_iris().data


def digits() -> Any:
    images: Any = open_data("digits").data
    return images.pixels[:1200].reshape(-1, 64).astype(float)


def standardised(x: Any) -> Any:
    spread = x.std(axis=0)
    return (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)


def eigenvectors(x: Any, count: int) -> tuple[Any, Any]:
    values, vectors = np.linalg.eigh(np.cov(x.T))
    return values[::-1][:count], vectors[:, ::-1][:, :count].T


def cosines(model: Any, vectors: Any) -> Any:
    w = model.components_
    return np.abs((w * vectors).sum(axis=1)) / np.linalg.norm(w, axis=1)


# --- the formulas as loops ------------------------------------------------------------------------
def oja_loop(x: Any, w: Any, rates: Any) -> list[Any]:
    seen = []
    for example, rate in zip(x, rates, strict=True):
        y = w @ example
        w = w + rate * y * (example - y * w)
        seen.append(w)
    return seen


def sanger_loop(x: Any, w: Any, rates: Any) -> list[Any]:
    w, seen = w.copy(), []
    for example, rate in zip(x, rates, strict=True):
        y, before = w @ example, w.copy()
        for i in range(len(w)):
            told = sum(y[j] * before[j] for j in range(i + 1))
            w[i] = before[i] + rate * y[i] * (example - told)
        seen.append(w.copy())
    return seen


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("rate", [0.002, "exponential 0.002 0.5"])
def test_sanger_and_oja_as_loops(engine: str, rate: Any) -> None:
    x = cloud()
    at = np.arange(400) / 200
    rates = np.full(400, 0.002) if rate == 0.002 else 0.002 * 0.5**at
    centred = np.tile(x - x.mean(axis=0), (2, 1))
    settings: dict[str, Any] = {
        "learning_rate": rate,
        "epochs": 2,
        "shuffle": False,
        "engine": engine,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # two epochs are few
        oja = Oja(start_weights=[0.5, 0.1, 0.0, 0.2, 0.3], **settings).fit(x)
        start = first_directions((3, 5), 7, np.float64)
        sanger = Sanger(3, seed=7, **settings).fit(x)
    expected = oja_loop(centred, np.array([0.5, 0.1, 0.0, 0.2, 0.3]), rates)[-1]
    same = np.sign(expected[np.abs(expected).argmax()])
    np.testing.assert_allclose(oja.components_[0], same * expected, rtol=1e-10)
    expected = sanger_loop(centred, start, rates)[-1]
    same = np.sign(expected[np.arange(3), np.abs(expected).argmax(axis=1)])[:, None]
    np.testing.assert_allclose(sanger.components_, same * expected, rtol=1e-9, atol=1e-12)


def test_step_by_step() -> None:
    x = cloud(n=10)
    centred = x - x.mean(axis=0)
    start = first_directions((2, 5), 0, np.float64)
    steps = Sanger(2, learning_rate=0.01, shuffle=False).steps(x, epochs=1)
    for row, after in zip(steps, sanger_loop(centred, start, [0.01] * 10), strict=True):
        np.testing.assert_allclose(row["w"], after, rtol=1e-11, atol=1e-14)
    steps = Oja(0.01, shuffle=False, start_weights=[1, 0, 0, 0, 0]).steps(x, epochs=1)
    assert steps.columns == ("epoch", "example", "x", "y", "w")
    first = np.array([1.0, 0, 0, 0, 0])
    for row, after in zip(steps, oja_loop(centred, first, [0.01] * 10), strict=True):
        np.testing.assert_allclose(row["w"][0], after, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("supervised", [True, False])
@pytest.mark.parametrize(("forgetting", "decay"), [(0.0, 0.0), (0.03, 0.0), (0.02, 0.005)])
@pytest.mark.parametrize("rate", [0.01, "exponential 0.01 0.5"])
def test_hebb_as_a_loop(
    engine: str, supervised: bool, forgetting: float, decay: float, rate: Any
) -> None:
    rng = np.random.default_rng(3)
    x, d, start = rng.normal(size=(20, 4)), rng.normal(size=(20, 2)), rng.normal(size=(2, 4))
    rates = np.full(40, 0.01) if rate == 0.01 else 0.01 * 0.5 ** (np.arange(40) / 20)
    w = start.copy()
    for k in range(40):
        eta, part = rates[k], rates[k] / 0.01
        y = d[k % 20] if supervised else np.tanh(w @ x[k % 20])
        w = w + eta * np.outer(y, x[k % 20]) - part * forgetting * y[:, None] * w - part * decay * w
    model = Hebb(
        2,
        rate,
        forgetting,
        decay,
        activation="linear" if supervised else "tanh",
        start_weights=start,
        epochs=2,
        engine=engine,
    ).fit(x, d if supervised else None)
    np.testing.assert_allclose(model.weights_, w, rtol=1e-11, atol=1e-13)
    answers = x @ w.T if supervised else np.tanh(x @ w.T)
    np.testing.assert_allclose(model.transform(x), answers, rtol=1e-10, atol=1e-12)


# --- principal components -------------------------------------------------------------------------
DATA: dict[str, Callable[[], Any]] = {
    "iris": iris,
    "iris standardised": lambda: standardised(iris()),
    "digits": digits,
    "digits standardised": lambda: standardised(digits()),
    "random": cloud,
}


@pytest.mark.parametrize("name", DATA)
def test_oja_finds_the_first_eigenvector(name: str) -> None:
    x = DATA[name]()
    values, vectors = eigenvectors(x, 1)
    model = Oja(seed=1).fit(x)
    assert cosines(model, vectors)[0] > 1 - 1e-4
    assert np.linalg.norm(model.components_) == pytest.approx(1.0, abs=1e-3)
    assert model.explained_variance_[0] == pytest.approx(values[0], rel=1e-3)
    total = np.cov(x.T).trace()
    assert model.explained_variance_ratio_[0] == pytest.approx(values[0] / total, rel=1e-3)
    assert model.components_[0, np.abs(model.components_[0]).argmax()] > 0


COUNTS = {"iris": 4, "iris standardised": 4, "digits": 6, "digits standardised": 4, "random": 5}


@pytest.mark.parametrize(("name", "count"), COUNTS.items())
def test_sanger_finds_the_eigenvectors_in_order(name: str, count: int) -> None:
    x = DATA[name]()
    values, vectors = eigenvectors(x, count)
    model = Sanger(count).fit(x)
    assert (cosines(model, vectors) > 1 - 1e-3).all()
    w = model.components_
    np.testing.assert_allclose(w @ w.T, np.eye(count), atol=5e-3)
    np.testing.assert_allclose(model.explained_variance_, values, rtol=5e-3)
    np.testing.assert_allclose(
        model.transform(x), (x - x.mean(axis=0)) @ w.T, rtol=1e-9, atol=1e-9 * np.abs(x).max()
    )


def test_more_epochs_come_nearer() -> None:
    x = cloud()
    model = Sanger(3, epochs=4000).fit(x)
    assert (cosines(model, eigenvectors(x, 3)[1]) > 1 - 1e-6).all()


def test_all_components_give_the_examples_back() -> None:
    x = cloud()
    model = Sanger(5)
    outputs = model.fit_transform(x)
    np.testing.assert_allclose(model.inverse_transform(outputs), x, atol=0.02)
    assert model.explained_variance_ratio_.sum() == pytest.approx(1.0, abs=1e-3)
    assert model.history_["loss"][-1] < 1e-3 * model.history_["loss"][0]
    assert model.outputs() == [f"component {i}" for i in range(1, 6)]


def test_without_taking_the_mean_away() -> None:
    x = cloud()
    second_moments = x.T @ x / len(x)
    values, vectors = np.linalg.eigh(second_moments)
    model = Oja(subtract_mean=False).fit(x)
    assert cosines(model, vectors[:, -1:].T)[0] > 1 - 1e-4
    assert model.mean_.tolist() == [0.0] * 5
    assert model.explained_variance_[0] == pytest.approx(values[-1], rel=1e-3)


def test_one_that_has_not_settled_is_told() -> None:
    x = np.array(
        [[1.0, 2.0], [2.0, 4.1], [3.0, 5.9]]
    )  # the second eigenvalue is 1/600 of the first
    with pytest.warns(ConvergenceWarning, match=r"component 2 .* had not settled after 50 epochs"):
        model = Sanger(2, epochs=50).fit(x)
    assert any("settled" in note for note in model.notes_)


def test_a_rate_that_no_example_can_carry_away() -> None:
    x = np.concatenate([np.random.default_rng(0).normal(size=(300, 3)), [[1000.0, 0.0, 0.0]]])
    centred = x - x.mean(axis=0)
    assert careful_rate(centred) <= 1.0 / (centred**2).sum(axis=1).max()
    assert np.abs(Oja().fit(x).components_[0, 0]) == pytest.approx(1.0, abs=1e-2)


@pytest.mark.parametrize("model", [Oja(epochs=40), Sanger(2, epochs=40)])
def test_partial_fit_goes_on(model: Any) -> None:
    x = cloud(n=1000)
    with pytest.raises(ArgumentError, match="fit first"):
        model.transform(x)
    for _ in range(20):
        for part in (x[:500], x[500:]):
            model.partial_fit(part)
    np.testing.assert_allclose(model.mean_, x.mean(axis=0), rtol=1e-10)
    vectors = eigenvectors(x, len(model.components_))[1]
    assert (cosines(model, vectors) > 1 - 1e-4).all()
    assert model.epochs_done_ == 40
    again = copy.deepcopy(model)
    np.testing.assert_array_equal(again.transform(x), model.transform(x))


def test_a_file_remembers_how_far_it_was(tmp_path: Any) -> None:
    x = cloud()
    model = Sanger(2).partial_fit(x).partial_fit(x)
    model.save(tmp_path / "model.safetensors")
    again: Any = gn.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(
        again.partial_fit(x).components_, model.partial_fit(x).components_
    )
    assert again.facts() == model.facts()


def test_first_directions_are_at_right_angles() -> None:
    rows = first_directions((4, 6), 0, np.float64)
    np.testing.assert_allclose(rows @ rows.T, np.eye(4), atol=1e-12)
    many = first_directions((5, 2), 0, np.float64)
    np.testing.assert_allclose((many**2).sum(axis=1), 1.0)


# --- Hebb -----------------------------------------------------------------------------------------
def test_plain_learning_turns_to_the_first_component_and_grows() -> None:
    x = cloud()
    first = eigenvectors(x, 1)[1][0]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        short = Hebb(epochs=5, subtract_mean=True).fit(x)
        long = Hebb(learning_rate=2e-4, epochs=30, bound=1e20, subtract_mean=True).fit(x)
    assert 10 < np.linalg.norm(short.weights_) < 1e5
    w = long.weights_[0]
    assert abs(w @ first) / np.linalg.norm(w) > 1 - 1e-3
    growth = long.history_["largest_weight"]
    assert growth == sorted(growth)
    assert growth[-1] > 1e9
    with pytest.warns(ConvergenceWarning, match=r"after epoch \d+ the largest weight is .* above"):
        bounded = Hebb(learning_rate=0.01, epochs=100).fit(x)
    assert bounded.training_["stopped"] == "weights passed the bound"
    assert len(bounded.history_) < 100


def test_forgetting_comes_to_the_mean_of_what_a_neuron_fires_for() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 2)) * 0.2 + np.repeat([[2.0, 1.0], [-2.0, -1.0]], 1000, axis=0)
    model = Hebb(
        learning_rate=0.005,
        forgetting=0.005,
        activation="threshold",
        start_weights=[0.1, 0.1],
        epochs=5,
        shuffle=True,
    ).fit(x)
    np.testing.assert_allclose(model.weights_[0], x[:1000].mean(axis=0), atol=0.05)


def test_decay_bounds_a_supervised_neuron() -> None:
    model = Hebb(learning_rate=0.1, decay=0.1, epochs=500).fit([[1.0, 2.0]], [3.0])
    np.testing.assert_allclose(model.weights_, [[3.0, 6.0]], rtol=1e-9)


def test_the_linear_associator() -> None:
    rng = np.random.default_rng(0)
    patterns = np.linalg.qr(rng.normal(size=(8, 8)))[0][:4]
    answers = rng.normal(size=(4, 3))
    memory = Hebb().fit(patterns, answers)
    np.testing.assert_allclose(memory.weights_, answers.T @ patterns, rtol=1e-12)
    np.testing.assert_allclose(memory.recall(patterns), answers, rtol=1e-10)
    assert memory.task == "regression"
    assert memory.predict(patterns).shape == (4, 3)
    # patterns that are not at right angles answer with crosstalk: D xᵀ(X x)
    mixed = rng.normal(size=(4, 8))
    crossed = Hebb().fit(mixed, answers)
    np.testing.assert_allclose(crossed.recall(mixed), mixed @ mixed.T @ answers, rtol=1e-10)
    signs = np.sign(answers)
    auto = Hebb(activation="signum").fit(patterns, signs)
    assert (auto.recall(patterns + 0.01 * rng.normal(size=patterns.shape)) == signs).all()


def test_hebb_partial_fit_and_file(tmp_path: Any) -> None:
    rng = np.random.default_rng(0)
    x, d = rng.normal(size=(6, 3)), rng.normal(size=6)
    whole = Hebb().fit(x, d)
    parts = Hebb().partial_fit(x[:3], d[:3]).partial_fit(x[3:], d[3:])
    np.testing.assert_allclose(parts.weights_, whole.weights_, rtol=1e-12)
    assert parts.predict(x).shape == (6,)
    parts.save(tmp_path / "model.safetensors")
    again: Any = gn.load(tmp_path / "model.safetensors")
    assert again.task == "regression"
    np.testing.assert_array_equal(again.recall(x), parts.recall(x))
    with pytest.raises(ArgumentError, match="with targets"):
        again.partial_fit(x)
    with pytest.raises(ArgumentError, match="must have 1 values"):
        again.partial_fit(x, np.c_[d, d])
    with pytest.raises(ShapeError, match="examples must have shape"):
        again.partial_fit(x[:, :2], d)


def test_steps_with_and_without_targets() -> None:
    steps = Hebb(learning_rate=1.0).steps([[1.0, -1.0], [2.0, 0.5]], [1.0, -1.0])
    assert steps.columns == ("epoch", "example", "x", "d", "w")
    assert [w.tolist() for w in steps["w"]] == [[[1.0, -1.0]], [[-1.0, -1.5]]]
    steps = Hebb(learning_rate=1.0, start_weights=[1.0, 0.0]).steps([[1.0, -1.0]])
    assert steps.columns == ("epoch", "example", "x", "y", "w")
    assert steps["w"][0].tolist() == [[2.0, -1.0]]


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Hebb(units=0), "units must be"),
        (Hebb(forgetting=-1.0), "forgetting must be a number at least 0"),
        (Hebb(decay=1.0), "decay must be a number at least 0 and below 1"),
        (Hebb(bound=0.0), "bound must be a number above 0"),
        (Hebb(activation="thresold"), "did you mean 'threshold'"),
        (Hebb(learning_rate=-1.0), "learning_rate must be"),
        (Oja(epochs=0), "epochs must be"),
        (Oja(start_weights=[0.0] * 5), "start_weights must not be 0"),
        (Oja(learning_rate="rising"), "no schedule"),
        (Sanger(0), "components must be a whole number"),
        (Sanger(6), "components must be at most the number of inputs, 5"),
    ],
)
def test_settings_that_are_not_allowed(model: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        model.fit(cloud())
    assert not model.is_fitted


def test_numbers_that_are_not_finite() -> None:
    with pytest.raises(DataError, match="target 1"):
        Hebb().fit([[1.0], [2.0]], [1.0, np.nan])
    with pytest.raises(DataError, match="row 1, column 0"):
        Hebb().fit([[1.0], [np.nan]])


def test_examples_that_are_all_the_same() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = Sanger(2, epochs=3).fit(np.ones((4, 3)))
    assert model.explained_variance_.tolist() == [0.0, 0.0]
    assert np.isfinite(model.components_).all()
