"""Learning vector quantisation against a few lines of NumPy."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, DataError, ModelFileError, ShapeError
from glassnet.rules.lvq import LVQ

RNG = np.random.default_rng(5)
X = np.concatenate([RNG.normal(size=(30, 2)) + centre for centre in ([0, 0], [2, 0], [0, 2])])
T = np.repeat([0, 1, 2], 30)
Y = np.array(["a", "b", "c"])[T]


def quiet(**settings: Any) -> LVQ:
    given: dict[str, Any] = {"progress": False}
    return LVQ(**(given | settings))


def by_hand(w: Any, labels: Any, order: Any, variant: str, window: float, rate: float) -> Any:
    w, steps = w.copy(), len(order)
    for t, i in enumerate(order):
        x, eta = X[i], rate * (1 - t / steps)
        d = np.sqrt(((x - w) ** 2).sum(axis=1))
        if variant == "lvq1":
            j = d.argmin()
            w[j] += (eta if labels[j] == T[i] else -eta) * (x - w[j])
            continue
        j, k = np.argsort(d)[:2]
        if (labels[j] == T[i]) == (labels[k] == T[i]):
            continue
        if min(d[j] / d[k], d[k] / d[j]) > (1 - window) / (1 + window):
            right, wrong = (j, k) if labels[j] == T[i] else (k, j)
            w[right] += eta * (x - w[right])
            w[wrong] -= eta * (x - w[wrong])
    return w


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("variant", ["lvq1", "lvq2.1"])
@pytest.mark.parametrize("prototypes", [1, 3])
def test_step_for_step(engine: str, variant: str, prototypes: int) -> None:
    model = quiet(variant=variant, prototypes=prototypes, engine=engine, shuffle=False, epochs=4)
    start = model.steps(X, Y, epochs=1)
    assert len(start) == 90
    model.fit(X, Y)
    first = quiet(prototypes=prototypes, epochs=1, learning_rate=1e-15).fit(X, Y)
    order = np.tile(np.arange(90), 4)
    w = by_hand(first.weights_, first.labels_, order, variant, 0.2, 0.1)
    assert np.abs(w - first.weights_).max() > 0.01
    np.testing.assert_allclose(model.weights_, w, rtol=1e-9, atol=1e-11)
    assert model.labels_.tolist() == np.repeat([0, 1, 2], prototypes).tolist()


def test_starts() -> None:
    still: Any = {"epochs": 1, "learning_rate": 1e-15}
    means = quiet(**still).fit(X, Y)
    np.testing.assert_allclose(means.weights_, [X[k == T].mean(axis=0) for k in range(3)])
    drawn = quiet(start="examples", prototypes=2, **still).fit(X, Y)
    for unit, weights in enumerate(drawn.weights_):
        place = int(np.abs(X - weights).sum(axis=1).argmin())
        np.testing.assert_allclose(X[place], weights)
        assert T[place] == unit // 2
    several = quiet(prototypes=3, **still).fit(X, Y).weights_  # 3 parts of equal size
    np.testing.assert_allclose(several[:3].mean(axis=0), X[:30].mean(axis=0))


def test_lvq2_refines() -> None:
    model = quiet(prototypes=2, epochs=30, learning_rate=0.05).fit(X, Y)
    assert model.score(X, Y) > 0.8
    model.set_params(variant="lvq2.1", learning_rate="constant 0.01")
    before = model.weights_.copy()
    model.partial_fit(X, Y)
    assert not np.array_equal(before, model.weights_)
    assert model.score(X, Y) > 0.8


def test_going_on_is_one_fit() -> None:
    whole, parts = quiet(shuffle=False, epochs=3).fit(X, Y), quiet(shuffle=False, epochs=3)
    parts.partial_fit(X, Y, classes=["a", "b", "c"])
    for _ in range(2):
        parts.partial_fit(X, Y)
    np.testing.assert_allclose(parts.weights_, whole.weights_, rtol=1e-12)
    assert whole.history_["accuracy"][-1] > 0.7
    with pytest.raises(ArgumentError):
        parts.partial_fit(X)
    with pytest.raises(DataError, match="unknown"):
        parts.partial_fit(X[:2], ["a", "z"])


def test_steps_are_those_of_fit() -> None:
    model = quiet(epochs=2)
    steps = model.steps(X, Y)
    np.testing.assert_allclose(steps["w"][-1], model.fit(X, Y).weights_, rtol=1e-12)
    assert {float(row["s"].sum()) for row in steps} == {-1.0, 1.0}


def test_saved_and_loaded(tmp_path: Path) -> None:
    model = quiet(prototypes=2).fit(X, Y)
    model.save(tmp_path / "rule.safetensors")
    again: Any = gn.load(tmp_path / "rule.safetensors")
    np.testing.assert_array_equal(again.predict(X), model.predict(X))
    assert again.facts() == model.facts()
    again.partial_fit(X, Y)
    np.testing.assert_array_equal(again.weights_, model.partial_fit(X, Y).weights_)
    again.labels_ = again.labels_ + 5
    with pytest.raises(ModelFileError, match="class"):
        again.remember(model.learnt())


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"prototypes": 0}, "prototypes must be"),
        ({"variant": "lvq3"}, "lvq1, lvq2.1"),
        ({"window": 0}, "window must be"),
        ({"window": 1.0}, "window must be"),
        ({"start": "random"}, "means, examples"),
        ({"learning_rate": 2}, "learning_rate must be"),
    ],
)
def test_settings_out_of_range(settings: Any, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        quiet(**settings).fit(X, Y)


def test_bad_examples() -> None:
    bad = X.copy()
    bad[3, 1] = np.nan
    with pytest.raises(DataError, match="row 3, column 1"):
        quiet().fit(bad, Y)
    with pytest.raises(DataError, match="one class"):
        quiet().fit(X, ["a"] * 90)
    with pytest.raises(ArgumentError, match="targets"):
        quiet().fit(X)
    with pytest.raises(ShapeError):
        quiet().fit(X, Y[:5])
    with pytest.raises(DataError, match="class c has 1 example"):
        quiet(prototypes=2).fit(X[:61], Y[:61])
    with pytest.raises(ShapeError):
        quiet().fit(X, Y).predict(X[:, :1])


def test_scikit_learn_can_use_it() -> None:
    selection = pytest.importorskip("sklearn.model_selection", reason="scikit-learn is missing")
    scores = selection.cross_val_score(quiet(prototypes=2), X, Y, cv=3)
    assert scores.mean() > 0.75
