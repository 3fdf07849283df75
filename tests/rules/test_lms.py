"""LMS: the notes' formula step by step, least squares, the boundary of stable learning rates."""

from __future__ import annotations

import copy
import warnings
from typing import Any

import numpy as np
import pytest

from glassnet.errors import (
    ArgumentError,
    ConvergenceWarning,
    DataError,
    NonFiniteError,
    ShapeError,
)
from glassnet.learning import Exponential
from glassnet.rules import stable_rate
from glassnet.rules.least_mean_squares import LeastMeanSquares
from glassnet.rules.stable_rate import largest_stable_rate

ENGINES = ["native", "reference"]


def line(n: int = 60, noise: float = 0.0, units: int = 1, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    d = x @ rng.normal(size=(3, units)) + rng.normal(size=units)
    return x, d + noise * rng.normal(size=d.shape)


def least_squares(x: Any, d: Any) -> Any:
    return np.linalg.lstsq(np.c_[x, np.ones(len(x))], d, rcond=None)[0].T


def found(model: LeastMeanSquares) -> Any:
    return np.c_[model.weights_, model.bias_]


# --- against a loop -------------------------------------------------------------------------------
def loop(x: Any, d: Any, rate: float, epochs: int, size: int = 1) -> list[Any]:
    """Return (w, b) after each step of the rule, written as the notes write it."""
    w, b, seen = np.zeros((d.shape[1], x.shape[1])), np.zeros(d.shape[1]), []
    for _ in range(epochs):
        for at in range(0, len(x), size):
            part, wanted = x[at : at + size], d[at : at + size]
            e = wanted - (part @ w.T + b)
            w = w + rate * sum(np.outer(e[i], part[i]) for i in range(len(e))) / len(e)
            b = b + rate * sum(e) / len(e)
            seen.append(np.c_[w, b])
    return seen


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("mode", "size"), [("online", 1), ("minibatch", 7), ("minibatch", 60), ("batch", 60)]
)
@pytest.mark.parametrize("units", [1, 3])
def test_the_rule_as_a_loop(engine: str, mode: str, size: int, units: int) -> None:
    x, d = line(noise=0.2, units=units)
    model = LeastMeanSquares(
        0.05,
        mode=mode,
        batch_size=size if mode == "minibatch" else None,
        epochs=4,
        shuffle=False,
        engine=engine,
    ).fit(x, d)
    np.testing.assert_allclose(found(model), loop(x, d, 0.05, 4, size)[-1], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("units", [1, 3])
def test_step_by_step(units: int) -> None:
    x, d = line(n=8, units=units)
    steps = LeastMeanSquares(0.1, epochs=2, shuffle=False).steps(x, d)
    assert steps.columns == ("epoch", "example", "x", "d", "y", "e", "w", "b")
    expected = loop(x, d, 0.1, 2)
    assert len(steps) == len(expected) == 16
    for row, after in zip(steps, expected, strict=True):
        np.testing.assert_allclose(np.c_[row["w"], row["b"]], after, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(row["e"], row["d"] - row["y"], rtol=0, atol=0)


def test_a_step_worked_by_hand() -> None:
    # d = 2, y = 0.5·1 − 0.5·2 + 1 = 0.5, e = 1.5, Δw = 0.1 · 1.5 · (1, 2), Δb = 0.15
    row = next(
        iter(LeastMeanSquares(0.1, start_weights=[0.5, -0.5], start_bias=1.0).steps([[1, 2]], [2]))
    )
    assert row["e"].item() == 1.5
    np.testing.assert_allclose(row["w"], [[0.65, -0.2]], rtol=1e-15)
    np.testing.assert_allclose(row["b"], [1.15], rtol=1e-15)


def test_the_order_is_new_in_each_epoch_and_steps_show_it() -> None:
    x, d = line(n=20, noise=0.1)
    model = LeastMeanSquares(0.1, epochs=3, seed=5)
    steps = model.steps(x, d)
    orders = np.array(steps["example"]).reshape(3, 20)
    assert all(sorted(order) == list(range(1, 21)) for order in orders.tolist())
    assert orders[0].tolist() != orders[1].tolist()
    np.testing.assert_allclose(steps["w"][-1], model.fit(x, d).weights_, rtol=1e-12)


# --- least squares --------------------------------------------------------------------------------
@pytest.mark.parametrize("noise", [0.0, 0.5])
@pytest.mark.parametrize("units", [1, 2])
def test_batch_comes_to_least_squares(noise: float, units: int) -> None:
    x, d = line(noise=noise, units=units)
    model = LeastMeanSquares(mode="batch", epochs=1000).fit(x, d)
    np.testing.assert_allclose(found(model), least_squares(x, d), rtol=0, atol=1e-6)


def test_online_comes_to_least_squares_of_consistent_targets() -> None:
    x, d = line()
    for rate in (None, Exponential(0.1, 0.99), "exponential 0.1 0.99"):
        model = LeastMeanSquares(rate, epochs=200).fit(x, d)
        np.testing.assert_allclose(found(model), least_squares(x, d), rtol=0, atol=1e-6)


def test_online_comes_to_least_squares_of_noisy_targets_as_the_rate_falls() -> None:
    # What is left at a rate η is of order η · noise; it stops to follow when η n ≈ 1 − γ.
    x, d = line(n=100, noise=0.03)
    model = LeastMeanSquares(Exponential(0.05, 0.999), epochs=10_000).fit(x, d)
    np.testing.assert_allclose(found(model), least_squares(x, d), rtol=0, atol=1e-6)


def test_without_bias() -> None:
    x, d = line(noise=0.3)
    model = LeastMeanSquares(mode="batch", epochs=500, bias=False).fit(x, d)
    np.testing.assert_allclose(model.weights_, np.linalg.lstsq(x, d)[0].T, rtol=0, atol=1e-6)
    assert model.bias_.tolist() == [0.0]


def test_predict_has_the_form_of_the_targets() -> None:
    x, d = line(units=2)
    model = LeastMeanSquares(epochs=200).fit(x, d)
    assert model.predict(x).shape == (60, 2)
    assert model.score(x, d) == pytest.approx(1.0, abs=1e-9)
    single = LeastMeanSquares(epochs=200).fit(x, d[:, 0])
    assert single.predict(x).shape == (60,)
    assert single.score(x, d[:, 0]) == pytest.approx(1.0, abs=1e-9)
    assert single.task == "regression"


# --- the largest stable learning rate -------------------------------------------------------------
@pytest.mark.parametrize("bias", [True, False])
def test_the_boundary_in_batch_mode_is_real(bias: bool) -> None:
    x, d = line(noise=0.1)
    wide = np.c_[x, np.ones(60)] if bias else x
    largest = 2.0 / np.linalg.eigvalsh(wide.T @ wide / 60)[-1]
    settings: dict[str, Any] = {"mode": "batch", "epochs": 1500, "bias": bias}
    below = LeastMeanSquares(0.99 * largest, **settings).fit(x, d)
    assert below.largest_rate_ == pytest.approx(largest, rel=1e-12)
    expected = np.linalg.lstsq(wide, d)[0].T
    weights = found(below) if bias else below.weights_
    np.testing.assert_allclose(weights, expected, rtol=0, atol=1e-6)
    with pytest.warns(ConvergenceWarning, match=r"2/λ_max"):
        above = LeastMeanSquares(1.01 * largest, **settings).fit(x, d)
    assert above.history_["loss"][-1] > 1e6 * above.history_["loss"][0]


def test_the_warning_names_both_numbers_and_divergence_is_told() -> None:
    x, d = line()
    model = LeastMeanSquares(7.0)
    with (
        pytest.warns(ConvergenceWarning, match=r"rate 7 is above .* 0\.\d+ \(2/tr R\)"),
        pytest.raises(NonFiniteError, match=r"largest stable learning rate .* is 0\.\d+ "),
    ):
        model.fit(x, d)
    assert not model.is_fitted
    with pytest.warns(ConvergenceWarning, match="above"):
        told = LeastMeanSquares(Exponential(7.0, 0.1), epochs=1).fit(x[:1], d[:1])
    assert any("largest stable" in note for note in told.notes_)


def test_online_rate_is_two_over_the_trace() -> None:
    x, d = line()
    model = LeastMeanSquares().fit(x, d)
    trace = 1.0 + (x**2).sum(axis=1).mean()
    assert model.largest_rate_ == pytest.approx(2.0 / trace, rel=1e-12)
    assert model.history_["learning_rate"][0] == pytest.approx(0.2 / trace, rel=1e-12)


@pytest.mark.parametrize("most_exact", [1024, 2])
@pytest.mark.parametrize("shape", [(50, 4), (4, 50), (40, 30), (1, 3)])
def test_largest_rate_of_any_batch_size(
    shape: tuple[int, int], most_exact: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stable_rate, "MOST_EXACT", most_exact)
    x = np.random.default_rng(1).normal(size=shape) + 0.3
    n = shape[0]
    for bias in (True, False):
        wide = np.c_[x, np.ones(n)] if bias else x
        largest = np.linalg.svd(wide, compute_uv=False)[0] ** 2 / n
        full = largest_stable_rate(x, n, bias=bias)
        one = largest_stable_rate(x, 1, bias=bias)
        assert full == pytest.approx(2.0 / largest, rel=1e-6)
        assert one == pytest.approx(2.0 * n / (wide**2).sum(), rel=1e-12)
        if n > 2:
            assert one < largest_stable_rate(x, 2, bias=bias) < full
    assert largest_stable_rate(np.zeros((3, 2)), 1, bias=False) == np.inf


def test_inputs_of_zero_learn_nothing_and_break_nothing() -> None:
    model = LeastMeanSquares(bias=False, epochs=2).fit(np.zeros((3, 2)), [1.0, 2.0, 3.0])
    assert model.weights_.tolist() == [[0.0, 0.0]]


# --- going on, copying, refusing ------------------------------------------------------------------
@pytest.mark.parametrize("rate", [0.05, "exponential 0.05 0.5"])
def test_partial_fit_goes_on(rate: Any) -> None:
    x, d = line(noise=0.1)
    whole = LeastMeanSquares(rate, epochs=3, shuffle=False).fit(x, d)
    parts = LeastMeanSquares(rate, epochs=3)
    for _ in range(3):
        parts.partial_fit(x, d)
    np.testing.assert_allclose(found(parts), found(whole), rtol=1e-12)
    assert parts.history_["epoch"] == [1, 2, 3]


def test_partial_fit_example_by_example() -> None:
    x, d = line(n=10, noise=0.1)
    single, chosen = LeastMeanSquares(0.05), LeastMeanSquares()
    for row, value in zip(x, d, strict=True):
        single.partial_fit(row[None], value[None])
        chosen.partial_fit(row[None], value[None])
    np.testing.assert_allclose(found(single), loop(x, d, 0.05, 1)[-1], rtol=1e-12)
    assert chosen.largest_rate_ == pytest.approx(2 / (1 + (x**2).sum(axis=1).max()))


def test_partial_fit_after_loading(tmp_path: Any) -> None:
    import glassnet as gn

    x, d = line(noise=0.1)
    model = LeastMeanSquares("exponential 0.05 0.5").partial_fit(x, d)
    model.save(tmp_path / "line.safetensors")
    again: Any = gn.load(tmp_path / "line.safetensors")
    np.testing.assert_array_equal(found(again.partial_fit(x, d)), found(model.partial_fit(x, d)))
    assert again.largest_rate_ == model.largest_rate_
    np.testing.assert_array_equal(copy.deepcopy(model).predict(x), model.predict(x))


def test_float32() -> None:
    x, d = line(noise=0.1)
    model = LeastMeanSquares(dtype="float32", mode="batch", epochs=500).fit(x, d)
    assert model.weights_.dtype == np.float32
    np.testing.assert_allclose(found(model), least_squares(x, d), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"learning_rate": 0.0}, "learning_rate must be a number above 0"),
        ({"learning_rate": "rising 3"}, "no schedule named 'rising'"),
        ({"mode": "sometimes"}, "mode must be one of"),
        ({"mode": "batch", "batch_size": 5}, "batch"),
        ({"mode": "online", "batch_size": 5}, "belongs to mode"),
        ({"epochs": 0}, "epochs must be"),
        ({"bias": False, "start_bias": 1.0}, "bias=False"),
        ({"start_weights": [1.0]}, "start_weights must have shape"),
        ({"start_weights": [1.0, np.nan, 2.0]}, "start_weights must be finite"),
        ({"start_weights": "abc"}, "start_weights must be numbers"),
    ],
)
def test_settings_that_are_not_allowed(settings: dict[str, Any], message: str) -> None:
    with pytest.raises((ArgumentError, ShapeError), match=message):
        LeastMeanSquares(**settings).fit(*line())


def test_targets_that_are_not_allowed() -> None:
    x, d = line()
    with pytest.raises(DataError, match="target 3"):
        LeastMeanSquares().fit(x, np.where(np.arange(60)[:, None] == 3, np.nan, d))
    with pytest.raises(ArgumentError, match="y, the targets"):
        LeastMeanSquares().fit(x)
    model = LeastMeanSquares().fit(x, d)
    with pytest.raises(ShapeError, match="1 values for each example"):
        model.partial_fit(x, np.c_[d, d])
    with pytest.raises(ShapeError, match="examples must have shape"):
        model.partial_fit(x[:, :2], d)
    with pytest.raises(ArgumentError, match='mode="online"'):
        LeastMeanSquares(mode="batch").steps(x, d)


def test_no_warning_below_the_largest_rate() -> None:
    x, d = line()
    largest = LeastMeanSquares().fit(x, d).largest_rate_
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        LeastMeanSquares(0.999 * largest, epochs=1).fit(x, d)
