"""The perceptron: the notes' calculation, an independent implementation, what is inseparable."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, ConvergenceWarning, DataError, ShapeError
from glassnet.rules import Perceptron

START: dict[str, Any] = {"start_weights": [0.5, -1.0, -0.5], "start_bias": 0.5}
AND = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1]
XOR = AND[0], [0, 1, 1, 0]


# --- the notes' worked example (C2) ---------------------------------------------------------------
@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_worked_example_with_the_vectors_calculated_with(engine: str, dtype: str) -> None:
    x, d = [[1, -1, -1], [1, 1, -1]], [0, 1]
    neuron = Perceptron(**START, engine=engine, dtype=dtype).fit(x, d)
    assert neuron.weights_.tolist() == [[-0.5, 2.0, 0.5]]
    assert neuron.bias_.tolist() == [-0.5]
    assert neuron.history_["mistakes"] == [2, 1, 0]
    assert neuron.mistakes_ == 3
    assert neuron.is_separable_


def test_worked_example_step_by_step() -> None:
    steps = Perceptron(**START).steps([[1, -1, -1], [1, 1, -1]], [0, 1])
    found = [
        (int(r["epoch"]), int(r["example"]), r["v"].item(), r["y"].item(), r["e"].item(),
         r["w"].tolist()[0], r["b"].tolist()[0])
        for r in steps
    ]  # fmt: skip
    assert found == [
        (1, 1, 2.5, 1.0, -1.0, [-0.5, 0.0, 0.5], -0.5),
        (1, 2, -1.5, 0.0, 1.0, [0.5, 1.0, -0.5], 0.5),
        (2, 1, 0.5, 1.0, -1.0, [-0.5, 2.0, 0.5], -0.5),
        (2, 2, 0.5, 1.0, 0.0, [-0.5, 2.0, 0.5], -0.5),
        (3, 1, -3.5, 0.0, 0.0, [-0.5, 2.0, 0.5], -0.5),
        (3, 2, 0.5, 1.0, 0.0, [-0.5, 2.0, 0.5], -0.5),
    ]


def test_worked_example_with_the_vectors_stated() -> None:
    x, d = [[1, -1, -1], [1, 1, 1]], [0, 1]
    steps = Perceptron(**START).steps(x, d)
    assert [r["v"].item() for r in steps] == [2.5, -0.5, -1.5, 3.5]
    neuron = Perceptron(**START).fit(x, d)
    assert (neuron.weights_.tolist(), neuron.bias_.tolist()) == ([[0.5, 1.0, 1.5]], [0.5])
    assert neuron.history_["mistakes"] == [2, 0]


# --- against an independent implementation --------------------------------------------------------
def independent(x: Any, d: Any, rate: float, epochs: int) -> list[tuple[list[float], float]]:
    w, b, states = [0.0] * len(x[0]), 0.0, []
    for _ in range(epochs):
        for row, wanted in zip(x, d, strict=True):
            v = sum(a * c for a, c in zip(w, row, strict=True)) + b
            e = wanted - (1 if v >= 0 else 0)
            w = [a + rate * e * c for a, c in zip(w, row, strict=True)]
            b += rate * e
            states.append((w, b))
    return states


@pytest.mark.parametrize("seed", range(8))
def test_every_step_on_random_whole_numbers(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.integers(-9, 10, (40, int(rng.integers(1, 8))))
    d = np.concatenate([[0, 1], rng.integers(0, 2, 38)])
    rate = float(rng.choice([0.5, 1.0, 2.0]))
    wanted = independent(x.tolist(), d.tolist(), rate, 3)
    steps = Perceptron(learning_rate=rate).steps(x, d, epochs=3)
    for row, (w, b) in zip(steps, wanted, strict=False):
        assert row["w"].tolist() == [w]
        assert row["b"].tolist() == [b]
    for engine in ("native", "reference"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            neuron = Perceptron(learning_rate=rate, epochs=3, engine=engine).fit(x, d)
        last = wanted[len(neuron.history_) * 40 - 1]
        assert (neuron.weights_.tolist(), neuron.bias_.tolist()) == ([last[0]], [last[1]])


def test_one_against_the_rest_is_a_neuron_for_each_class() -> None:
    rng = np.random.default_rng(3)
    x, y = rng.integers(-5, 6, (60, 4)), rng.integers(0, 3, 60)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = Perceptron(epochs=4).fit(x, y)
    for k in range(3):
        w, b = independent(x.tolist(), (y == k).astype(int).tolist(), 1.0, 4)[-1]
        assert found.weights_[k].tolist() == w
        assert found.bias_[k] == b


def test_joint_rule_moves_the_right_neuron_and_the_winner() -> None:
    rng = np.random.default_rng(4)
    x, y = rng.integers(-5, 6, (60, 4)), rng.integers(0, 3, 60)
    w, b = np.zeros((3, 4)), np.zeros(3)
    for _ in range(4):
        for row, wanted in zip(x, y, strict=True):
            winner = int(np.argmax(w @ row + b))
            if winner != wanted:
                w[wanted] += row
                w[winner] -= row
                b[wanted] += 1
                b[winner] -= 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = Perceptron(epochs=4, multiclass="joint").fit(x, y)
    np.testing.assert_array_equal(found.weights_, w)
    np.testing.assert_array_equal(found.bias_, b)


def test_bipolar_neurons_make_steps_twice_as_long() -> None:
    rng = np.random.default_rng(5)
    x = rng.integers(-5, 6, (50, 3))
    y = (x @ [2, -1, 1] > 0).astype(int)
    plain, bipolar = Perceptron().fit(x, y), Perceptron(bipolar=True).fit(x, y)
    np.testing.assert_array_equal(bipolar.weights_, 2 * plain.weights_)
    assert bipolar.mistakes_ == plain.mistakes_


def test_averaged_weights_are_the_mean_after_all_steps() -> None:
    rng = np.random.default_rng(6)
    x, y = rng.integers(-5, 6, (30, 3)), rng.integers(0, 2, 30)
    states = independent(x.tolist(), y.tolist(), 1.0, 5)
    with pytest.warns(ConvergenceWarning):
        found = Perceptron(variant="averaged", epochs=5).fit(x, y)
    np.testing.assert_allclose(found.weights_[0], np.mean([w for w, _ in states], axis=0), 1e-12)
    np.testing.assert_allclose(found.bias_[0], np.mean([b for _, b in states]), 1e-12)


# --- what can and cannot be separated -------------------------------------------------------------
def test_xor_is_proved_impossible() -> None:
    with pytest.warns(ConvergenceWarning, match="not linearly separable"):
        neuron = Perceptron(epochs=20).fit(*XOR)
    assert neuron.is_separable_ is False
    assert neuron.certificate_ is not None
    assert any("not linearly separable" in note for note in neuron.notes_)


@pytest.mark.parametrize("variant", ["pocket", "averaged"])
def test_variants_do_better_than_the_last_weights(variant: str) -> None:
    rng = np.random.default_rng(7)
    better = []
    for _ in range(10):
        x = rng.normal(size=(200, 5))
        y = ((x @ rng.normal(size=5) + rng.normal(size=200)) > 0).astype(int)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            plain = Perceptron(epochs=20).fit(x, y).score(x, y)
            better.append(Perceptron(epochs=20, variant=variant).fit(x, y).score(x, y) - plain)
    assert np.mean(better) > 0.02
    assert variant == "averaged" or min(better) >= 0.0


def test_mistakes_keep_within_the_bound() -> None:
    rng = np.random.default_rng(8)
    for _ in range(5):
        x = rng.normal(size=(100, 3))
        y = (x @ rng.normal(size=3) + 0.1 > 0).astype(int)
        x += 0.2 * np.sign(2 * y - 1)[:, None] * 0.1
        neuron = Perceptron(shuffle=True, epochs=5000)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            neuron.fit(x, y)
        bound = neuron.mistake_bound(x, y)
        if neuron.is_separable_:
            assert neuron.mistakes_ <= bound < np.inf
        else:
            assert bound == np.inf


def test_bound_is_infinite_without_a_plane() -> None:
    assert Perceptron().mistake_bound(*XOR) == np.inf


def test_bound_worked_by_hand() -> None:
    # (1) fires, (−1) does not; with the bias's 1 the points are (1, 1) and (−1, 1). The best plane
    # through the origin is w = (1, 0) with margin 1; R² = 2.
    assert Perceptron().mistake_bound([[1.0], [-1.0]], [1, 0]) == pytest.approx(2.0, rel=1e-6)


# --- a little at a time, files, habits of scikit-learn --------------------------------------------
def test_partial_fit_goes_on() -> None:
    x, y = np.array(AND[0]), np.array(AND[1])
    whole = Perceptron().fit(x, y)
    parts = Perceptron()
    for _ in range(len(whole.history_)):
        for start in (0, 2):
            parts.partial_fit(x[start : start + 2], y[start : start + 2], classes=[0, 1])
    np.testing.assert_array_equal(parts.weights_, whole.weights_)
    assert parts.mistakes_ == whole.mistakes_


def test_saved_and_loaded(tmp_path: Any) -> None:
    rng = np.random.default_rng(9)
    x = rng.normal(size=(60, 4))
    y = np.array(["left", "middle", "right"])[np.argmax(x[:, :3] + 3 * x[:, 1:], axis=1)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        neuron = Perceptron(variant="pocket", epochs=30).fit(x, y)
    neuron.save(tmp_path / "p.safetensors")
    again = gn.load(tmp_path / "p.safetensors")
    assert isinstance(again, Perceptron)
    assert again.get_params() == neuron.get_params()
    np.testing.assert_array_equal(again.predict(x), neuron.predict(x))
    assert again.mistakes_ == neuron.mistakes_


def test_a_data_frame_is_read_as_by_fit() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1.0, 2, 8, 9], "kind": ["x", "x", "y", "y"]})
    neuron = Perceptron().fit(frame, "kind")
    assert neuron.predict(frame).tolist() == ["x", "x", "y", "y"]


def test_cross_validation_of_scikit_learn() -> None:
    sklearn = pytest.importorskip("sklearn.model_selection")
    rng = np.random.default_rng(10)
    x = rng.normal(size=(90, 3))
    scores = sklearn.cross_val_score(Perceptron(epochs=500), x, (x.sum(axis=1) > 0).astype(int))
    assert scores.mean() > 0.8


# --- what is refused ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("x", "y", "error", "words"),
    [
        ([[1.0], [2.0]], [0.5, 1.0], DataError, "whole numbers"),
        ([[1.0], [2.0]], [1, 1], DataError, "one class only"),
        ([[1.0], [float("nan")]], [0, 1], DataError, "row 1"),
        ([[1.0], [2.0]], [0], ShapeError, "2 examples need 2"),
        ([1.0, 2.0], [0, 1], ShapeError, "one row"),
        ([], [], (ShapeError, DataError), "examples"),
        (np.zeros((0, 2)), [], DataError, "0 rows"),
        (np.zeros((2, 0)), [0, 1], ShapeError, "at least one input"),
        ([[1.0], [2.0]], None, ArgumentError, "targets"),
        ([[1.0], ["a"]], [0, 1], DataError, "numbers"),
    ],
)
def test_bad_examples(x: Any, y: Any, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        Perceptron().fit(x, y)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"learning_rate": 0}, "learning_rate"),
        ({"variant": "pockets"}, "did you mean 'pocket'"),
        ({"multiclass": "all"}, "one_vs_rest"),
        ({"epochs": 0}, "epochs"),
        ({"dtype": "float16"}, "float32"),
        ({"start_weights": [1, 2, 3]}, "shape"),
        ({"start_weights": "many"}, "numbers"),
        ({"start_bias": float("inf")}, "finite"),
        ({"bias": False, "start_bias": 1.0}, "bias=False"),
    ],
)
def test_bad_settings(settings: dict[str, Any], words: str) -> None:
    with pytest.raises((ArgumentError, ShapeError), match=words):
        Perceptron(**settings).fit(*AND)


def test_not_fitted() -> None:
    with pytest.raises(ArgumentError, match="call fit first"):
        Perceptron().predict([[1.0]])
    with pytest.raises(ArgumentError, match="no setting 'eta'"):
        Perceptron().set_params(eta=1)
