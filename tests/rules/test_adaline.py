"""ADALINE: the LMS rule on coded classes, its answers, and what least squares says of both."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from glassnet.errors import ArgumentError, ConvergenceWarning, DataError
from glassnet.rules.adaline import Adaline

ENGINES = ["native", "reference"]
AND = [[0, 0], [0, 1], [1, 0], [1, 1]], ["no", "no", "no", "yes"]


def groups(classes: int, seed: int = 0) -> tuple[Any, Any]:
    rng = np.random.default_rng(seed)
    number = np.repeat(np.arange(classes), 30)
    centres = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0]])
    return rng.normal(size=(len(number), 2)) + centres[number], np.array(["a", "b", "c"])[number]


def loop(x: Any, d: Any, rate: float, epochs: int) -> Any:
    w, b = np.zeros((d.shape[1], x.shape[1])), np.zeros(d.shape[1])
    for _ in range(epochs):
        for example, wanted in zip(x, d, strict=True):
            e = wanted - (w @ example + b)  # from the linear v, not from the answer
            w = w + rate * np.outer(e, example)
            b = b + rate * e
    return np.c_[w, b]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("coding", ["bipolar", "binary"])
@pytest.mark.parametrize("classes", [2, 3])
def test_the_rule_as_a_loop(engine: str, coding: str, classes: int) -> None:
    x, y = groups(classes)
    own = (y[:, None] == (["b"] if classes == 2 else ["a", "b", "c"])).astype(float)
    d = own if coding == "binary" else 2 * own - 1
    model = Adaline(0.01, coding=coding, epochs=3, shuffle=False, engine=engine).fit(x, y)
    expected = loop(x, d, 0.01, 3)
    np.testing.assert_allclose(np.c_[model.weights_, model.bias_], expected, rtol=1e-11, atol=1e-14)
    v = x @ expected[:, :-1].T + expected[:, -1]
    middle = 0.5 if coding == "binary" else 0.0
    if classes == 2:
        wanted = np.where(v[:, 0] >= middle, "b", "a")
        np.testing.assert_allclose(model.decision_function(x), v[:, 0] - middle, atol=1e-12)
    else:
        wanted = np.array(["a", "b", "c"])[v.argmax(axis=1)]
        np.testing.assert_allclose(model.decision_function(x), v - middle, atol=1e-12)
    assert (model.predict(x) == wanted).all()
    assert model.history_["accuracy"][-1] == model.score(x, y)


def test_a_step_learns_from_an_example_that_is_answered_rightly() -> None:
    steps = Adaline(0.1, shuffle=False, start_weights=[1.0]).steps([[2.0], [-1.0]], [1, 0], 1)
    first = next(iter(steps))
    assert (first["v"].item(), first["d"].item(), first["e"].item()) == (2.0, 1.0, -1.0)
    np.testing.assert_allclose(first["w"], [[0.8]])


@pytest.mark.parametrize("coding", ["bipolar", "binary"])
def test_batch_comes_to_least_squares(coding: str) -> None:
    x, y = groups(2)
    own = (y == "b").astype(float)
    d = own if coding == "binary" else 2 * own - 1
    model = Adaline(coding=coding, mode="batch", epochs=3000).fit(x, y)
    expected = np.linalg.lstsq(np.c_[x, np.ones(len(x))], d)[0]
    np.testing.assert_allclose(np.r_[model.weights_[0], model.bias_], expected, atol=1e-6)


def test_both_codings_give_one_decision() -> None:
    x, y = groups(2)
    settings: dict[str, Any] = {"mode": "batch", "epochs": 3000}
    bipolar = Adaline(**settings).fit(x, y).decision_function(x)
    binary = Adaline(coding="binary", **settings).fit(x, y).decision_function(x)
    np.testing.assert_allclose(bipolar, 2 * binary, atol=1e-5)


def test_it_comes_to_rest_where_classes_cannot_be_separated() -> None:
    xor = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    model = Adaline(mode="batch", epochs=500).fit(*xor)
    np.testing.assert_allclose(np.c_[model.weights_, model.bias_], 0.0, atol=1e-12)
    model = Adaline().fit(*AND)
    assert model.predict(AND[0]).tolist() == AND[1]


def test_iris_as_well_as_least_squares() -> None:
    datasets = pytest.importorskip("sklearn.datasets", reason="iris from scikit-learn")
    x, y = datasets.load_iris(return_X_y=True)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    targets = 2 * (y[:, None] == np.arange(3)) - 1
    fit = np.c_[x, np.ones(150)] @ np.linalg.lstsq(np.c_[x, np.ones(150)], targets)[0]
    model = Adaline(seed=1).fit(x, y)
    assert abs(model.score(x, y) - (fit.argmax(axis=1) == y).mean()) < 0.05


def test_partial_fit_and_a_file(tmp_path: Any) -> None:
    import glassnet as gn

    x, y = groups(3)
    whole = Adaline(0.01, epochs=1, shuffle=False).fit(x, y)
    parts = Adaline(0.01).partial_fit(x[:30], y[:30], classes=["a", "b", "c"])
    parts.partial_fit(x[30:], y[30:])
    np.testing.assert_allclose(parts.weights_, whole.weights_, rtol=1e-12)
    parts.save(tmp_path / "model.safetensors")
    again: Any = gn.load(tmp_path / "model.safetensors")
    assert (again.predict(x) == parts.predict(x)).all()
    assert again.partial_fit(x, y).epochs_done_ == 3
    with pytest.raises(DataError, match="class 'd' is unknown"):
        parts.partial_fit(x[:1], ["d"])


def test_what_is_refused() -> None:
    x, y = groups(2)
    with pytest.raises(ArgumentError, match="coding must be one of"):
        Adaline(coding="ternary").fit(x, y)
    with pytest.raises(DataError, match="one class only"):
        Adaline().fit(x, ["a"] * len(x))
    with pytest.warns(ConvergenceWarning, match="2/tr R"):
        Adaline(0.5, epochs=1).fit(x, y)
