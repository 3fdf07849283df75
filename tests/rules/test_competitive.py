"""Competitive learning against a few lines of NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, DataError, ModelFileError, ShapeError
from glassnet.learning.schedule import Schedule
from glassnet.ops import philox
from glassnet.rules.competitive import Competitive

RNG = np.random.default_rng(3)
CENTRES = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
X = np.concatenate([centre + 0.05 * RNG.normal(size=(20, 2)) for centre in CENTRES])
Y = np.repeat(["a", "b", "c"], 20)


def quiet(**settings: Any) -> Competitive:
    given: dict[str, Any] = {"progress": False, "units": 4}
    return Competitive(**(given | settings))


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize(
    "settings",
    [{}, {"winners": 2}, {"conscience": 0.5}, {"conscience": 0.3, "winners": 3}],
)
def test_step_for_step(engine: str, settings: Any) -> None:
    model = quiet(shuffle=False, epochs=3, engine=engine, **settings).fit(X)
    w = X[philox.permutation(60, 0, stream=philox.STREAM_INITIAL)[:4]]
    p = np.full(4, 0.25)
    c, k = settings.get("conscience", 0.0), settings.get("winners", 1)
    for t in range(180):
        x = X[t % 60]
        squares = ((x - w) ** 2).sum(axis=1)
        p += 0.01 * ((np.arange(4) == squares.argmin()) - p)
        wins = np.argsort(squares - c * (0.25 - p), kind="stable")[:k]
        w[wins] += 0.5 * (1 - t / 180) * (x - w[wins])
    np.testing.assert_allclose(model.weights_, w, rtol=1e-10, atol=1e-12)
    if c:
        np.testing.assert_allclose(model.frequencies_, p, rtol=1e-10)
    else:
        assert not hasattr(model, "frequencies_")


def test_it_finds_the_groups() -> None:
    model = quiet(units=3, start="random", conscience=1.0, conscience_rate=0.05, epochs=60).fit(X)
    order = [int(((model.weights_ - centre) ** 2).sum(axis=1).argmin()) for centre in CENTRES]
    assert sorted(order) == [0, 1, 2]
    np.testing.assert_allclose(model.weights_[order], CENTRES, atol=0.05)
    assert model.hits_.tolist() == [20, 20, 20]


def test_one_unit_with_the_rate_1_over_t_is_the_mean() -> None:
    class Harmonic(Schedule):
        def formula(self, epoch: Any, epochs: float) -> Any:
            del epochs
            return 1.0 / (epoch * 60.0 + 1.0)

    model = quiet(units=1, epochs=1, learning_rate=Harmonic()).fit(X)
    np.testing.assert_allclose(model.weights_[0], X.mean(axis=0), rtol=1e-12)


def test_a_conscience_wakes_dead_units() -> None:
    x = np.concatenate([X, [[50.0, 50.0]]])
    dead = quiet(units=6, start="random", epochs=5, seed=2).fit(x)
    assert (dead.hits_ == 0).any()
    assert any("dead units" in note and "conscience" in note for note in dead.notes_)
    awake = quiet(units=6, start="random", epochs=60, seed=2, conscience=2000.0).fit(X)
    assert (awake.hits_ > 0).sum() > (quiet(units=6, start="random", seed=2).fit(x).hits_ > 0).sum()


def test_answers() -> None:
    model = quiet().fit(X)
    apart = np.sqrt(((X[:, None] - model.weights_[None]) ** 2).sum(axis=2))
    np.testing.assert_allclose(model.transform(X), apart, atol=1e-7)
    np.testing.assert_array_equal(model.predict(X), apart.argmin(axis=1))
    assert model.quantization_error(X) == pytest.approx(apart.min(axis=1).mean())
    np.testing.assert_array_equal(quiet().fit_transform(X), model.transform(X))
    far = quiet().fit(X + 1e6)  # little is lost far from the origin
    shifted = np.sqrt((((X + 1e6)[:, None] - far.weights_[None]) ** 2).sum(axis=2))
    np.testing.assert_allclose(far.transform(X + 1e6), shifted, atol=1e-6)


def test_labels() -> None:
    model = quiet(units=3, start="random", conscience=1.0, conscience_rate=0.05, epochs=60).fit(
        X, Y
    )
    assert model.score(X, Y) == 1.0
    assert model.predict(CENTRES).tolist() == ["a", "b", "c"]
    assert model.votes_.sum() == 60
    with pytest.raises(ArgumentError, match="class of each"):
        model.partial_fit(X)


def test_going_on_is_one_fit() -> None:
    settings: Any = {"shuffle": False, "epochs": 4, "conscience": 0.2}
    whole, parts = quiet(**settings).fit(X), quiet(**settings)
    for _ in range(4):
        parts.partial_fit(X)
    np.testing.assert_allclose(parts.weights_, whole.weights_, rtol=1e-12)
    np.testing.assert_allclose(parts.frequencies_, whole.frequencies_, rtol=1e-12)
    assert parts.hits_.sum() == 240


def test_steps_are_those_of_fit() -> None:
    model = quiet(epochs=2)
    steps = model.steps(X)
    assert steps.columns == ("epoch", "example", "x", "d²", "nearest", "η", "w")
    np.testing.assert_allclose(steps["w"][-1], model.fit(X).weights_, rtol=1e-12)
    first = int(steps["nearest"][0][0])
    assert first == int(steps["d²"][0].argmin())


def test_saved_and_loaded(tmp_path: Path) -> None:
    for settings, y in (({}, None), ({"conscience": 0.1}, Y)):
        model = quiet(**settings).fit(X, y)
        model.save(tmp_path / "rule.safetensors")
        again: Any = gn.load(tmp_path / "rule.safetensors")
        np.testing.assert_array_equal(again.predict(X), model.predict(X))
        assert again.facts() == model.facts()
        again.partial_fit(X, y)
        np.testing.assert_array_equal(again.weights_, model.partial_fit(X, y).weights_)
        with pytest.raises(ModelFileError, match="updates"):
            again.remember({"updates": -1, "planned": 3})
        with pytest.raises(ModelFileError, match="planned"):
            again.remember({"updates": 1, "planned": "many"})
        again.units = 9
        with pytest.raises(ModelFileError, match="9 were set"):
            again.remember(model.learnt())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"units": 0}, "units must be"),
        ({"winners": 5}, "at most units"),
        ({"winners": 0}, "winners must be"),
        ({"conscience": -1}, "conscience must be"),
        ({"conscience_rate": 0}, "conscience_rate must be"),
        ({"start": "zeros"}, "examples, random"),
        ({"learning_rate": 0}, "learning_rate must be"),
        ({"learning_rate": 1.01}, "learning_rate must be"),
        ({"learning_rate": "nothing"}, "schedule"),
    ],
)
def test_settings_out_of_range(settings: Any, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        quiet(**settings).fit(X)


def test_bad_examples() -> None:
    bad = X.copy()
    bad[3, 1] = np.inf
    with pytest.raises(DataError, match="row 3, column 1"):
        quiet().fit(bad)
    with pytest.raises(DataError, match="start from examples"):
        quiet(units=61).fit(X)
    with pytest.raises(DataError, match="one class"):
        quiet().fit(X, ["a"] * 60)
    with pytest.raises(ShapeError):
        quiet().fit(X, Y[:5])
    with pytest.raises(ShapeError):
        quiet().fit(X).predict(X[:, :1])
    with pytest.raises(ArgumentError, match="fit first"):
        quiet().transform(X)


def test_scikit_learn_can_copy_it() -> None:
    base = pytest.importorskip("sklearn.base", reason="scikit-learn is not installed")
    model = quiet(winners=2)
    assert base.clone(model).get_params() == model.get_params()
