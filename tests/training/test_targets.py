"""Targets in every form that a person may have them in, and what is said where they do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, DataError, GlassnetError, ShapeError

X = [[0.0], [1.0], [2.0], [3.0]]


def network(units: int, activation: str, dtype: str = "float32") -> gn.Network:
    return gn.Network([gn.Dense(units, activation)], inputs=1, dtype=dtype)


def fitted(units: int, activation: str, y: Any, **settings: Any) -> gn.Network:
    net = network(units, activation)
    gn.fit(net, X, y, **{"epochs": 2, **settings})
    return net


# --- classes ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (["cat", "dog", "dog", "eel"], ("cat", "dog", "eel")),
        (np.array(["eel", "dog", "dog", "cat"]), ("cat", "dog", "eel")),
        (np.array(["eel", "dog", "dog", "cat"], dtype=object), ("cat", "dog", "eel")),
        ([0, 1, 2, 1], (0, 1, 2)),
        ([10, 20, 30, 10], (10, 20, 30)),
        ([-1, 0, 1, 1], (-1, 0, 1)),
        ([0.0, 1.0, 2.0, 1.0], (0.0, 1.0, 2.0)),
        (np.array([0, 1, 2, 1], dtype=np.uint8), (0, 1, 2)),
        (np.array([0, 1, 2, 1], dtype=object), (0.0, 1.0, 2.0)),
        ((2, 1, 0, 0), (0, 1, 2)),
        ([0, 1, 1, 0], (0, 1, 2)),  # class 2 happens to have no example
    ],
)
def test_three_classes(y: Any, classes: Any) -> None:
    net = fitted(3, "softmax", y)
    assert net.task == "classification"
    assert net.classes == classes
    answers = net.predict(X)
    assert answers.shape == (4,)
    assert set(answers.tolist()) <= set(classes)
    probabilities = net.predict_proba(X)
    assert probabilities.shape == (4, 3)
    np.testing.assert_allclose(probabilities.sum(1), 1, rtol=1e-6)
    assert net.outputs(X).shape == (4, 3)
    assert [classes[k] for k in probabilities.argmax(1)] == answers.tolist()


@pytest.mark.parametrize(
    ("y", "classes"),
    [
        (["no", "yes", "yes", "no"], ("no", "yes")),
        ([False, True, True, False], (False, True)),
        (np.array([True, False, True, False]), (False, True)),
        ([0, 1, 1, 0], (0, 1)),
        ([0.0, 1.0, 1.0, 0.0], (0.0, 1.0)),
    ],
)
@pytest.mark.parametrize("units", [1, 2])
def test_two_classes_with_one_neuron_or_two(y: Any, classes: Any, units: int) -> None:
    activation = "logistic" if units == 1 else "softmax"
    net = fitted(units, activation, y, epochs=400, optimizer="adam 0.1")
    assert net.classes == classes
    assert net.predict_proba(X).shape == (4, 2)
    np.testing.assert_allclose(net.predict_proba(X).sum(1), 1, rtol=1e-6)
    # the two are separable if the classes are sorted along x
    net = fitted(units, activation, sorted(y), epochs=400, optimizer="adam 0.1")
    assert net.predict(X).tolist() == sorted(y)


def test_bipolar_targets_with_tanh() -> None:
    net = network(1, "tanh")
    run = gn.fit(net, X, [-1, -1, 1, 1], loss="mse", epochs=300, optimizer="adam 0.1")
    assert net.task == "classification"
    assert net.classes == (-1, 1)
    assert net.predict(X).tolist() == [-1, -1, 1, 1]
    assert run.history["accuracy"][-1] == 1.0
    # the targets of the neuron are −1 and 1, not 0 and 1
    np.testing.assert_allclose(net.outputs(X).ravel()[[0, 3]], [-1, 1], atol=0.1)


def test_numbers_that_are_no_ends_of_the_range_are_values() -> None:
    for y in ([0, 1, 1, 0], [5, 6, 7, 8]):  # a linear neuron has no ends
        net = fitted(1, "linear", y)
        assert net.task == "regression"
        assert net.classes is None
    net = fitted(1, "logistic", [0.2, 0.4, 0.6, 0.8])
    assert net.task == "regression"
    assert net.predict(X).shape == (4,)


def test_one_hot_targets_of_softmax_are_classes_by_number() -> None:
    net = fitted(3, "softmax", np.eye(3)[[0, 1, 2, 1]], epochs=500, optimizer="adam 0.1")
    assert net.task == "classification"
    assert net.classes == (0, 1, 2)
    assert net.predict(X).dtype.kind == "i"


def test_one_hot_and_class_numbers_train_alike() -> None:
    a = fitted(3, "softmax", [0, 1, 2, 1], mode="batch")
    b = fitted(3, "softmax", np.eye(3)[[0, 1, 2, 1]], mode="batch")
    np.testing.assert_allclose(a.parameters["output.w"], b.parameters["output.w"], rtol=1e-5)


def test_several_yes_no_answers() -> None:
    y = np.array([[1, 0], [1, 1], [0, 1], [0, 1]])
    net = network(2, "logistic")
    run = gn.fit(net, X, y, epochs=600, optimizer="adam 0.1")
    assert run.settings["loss"] == "binary_cross_entropy"
    assert net.task == "regression"  # no single class: the answers are the outputs
    answers = net.predict(X)
    assert answers.shape == (4, 2)
    assert (answers > 0.5).astype(int).tolist() == y.tolist()


def test_values() -> None:
    net = fitted(1, "linear", [0.5, 1.5, 2.5, 3.5], epochs=3000, optimizer="adam 0.05")
    np.testing.assert_allclose(net.predict(X), [0.5, 1.5, 2.5, 3.5], atol=1e-2)
    net = fitted(1, "linear", [[0.5], [1.5], [2.5], [3.5]])
    assert net.predict(X).shape == (4,)
    net = fitted(2, "linear", np.arange(8.0).reshape(4, 2))
    assert net.predict(X).shape == (4, 2)


# --- mistakes -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("units", "activation", "y", "kind", "message"),
    [
        (3, "softmax", [0, 1, 2], ShapeError, "4 examples need 4 targets; the targets have shape"),
        (3, "softmax", [0, 1, 2, 1, 0], ShapeError, "4 examples need 4 targets"),
        (3, "softmax", 1, ShapeError, "4 examples need 4 targets; the targets have shape ()"),
        (3, "softmax", np.zeros((4, 3, 1)), ShapeError, "4 examples need 4 targets"),
        (3, "softmax", ["a", "b", "a", "b"], ShapeError, "2 classes (a, b); the network has 3"),
        (2, "softmax", ["a", "b", "c", "b"], ShapeError, "3 classes (a, b, c); the network has 2"),
        (1, "logistic", ["a", "b", "c", "b"], ShapeError, "1 output, for 2 classes"),
        (3, "softmax", [0, 1, 2, 3], ShapeError, "the targets have 4 classes (0, 1, 2, 3)"),
        (2, "softmax", ["a"] * 4, DataError, "of one class only ('a'); two are needed"),
        (2, "softmax", [1] * 4, DataError, "of one class only (1)"),
        (1, "logistic", [True] * 4, DataError, "of one class only (True)"),
        (2, "softmax", ["a", None, "b", "a"], DataError, "targets are missing in some rows"),
        (1, "linear", [0.5, None, 1.5, 2.0], DataError, "targets are missing in some rows"),
        (
            2,
            "softmax",
            np.array(["a", np.nan, "b", "a"], dtype=object),
            DataError,
            "targets are missing in some rows",
        ),
        (1, "linear", [0.5, np.nan, 1.5, 2.0], DataError, "target 1 (counted from 0) is nan"),
        (3, "softmax", [0.0, np.nan, 1.0, 2.0], DataError, "target 1 (counted from 0) is nan"),
        (2, "linear", [["a", "b"]] * 4, DataError, "must be numbers; got 'a'"),
        (1, "linear", np.array(["2020-01-01"] * 4, "M8"), DataError, "got datetime64"),
        (1, "linear", [1j, 2j, 3j, 4j], DataError, "targets must be numbers or class names"),
        (2, "linear", [0.5, 1.5, 2.5, 3.5], ShapeError, "do not fit 2 outputs: (4, 2) is needed"),
        (1, "linear", np.zeros((4, 2)), ShapeError, "targets of shape (4, 2) do not fit 1 outputs"),
        (1, "linear", None, ArgumentError, "y, the targets, must be given"),
        (1, "linear", [], ShapeError, "4 examples need 4 targets"),
        (1, "linear", [[1.0], [2.0], [3.0, 4.0], [5.0]], GlassnetError, "targets"),
        (3, "softmax", np.array([{}, {}, {}, {}], dtype=object), GlassnetError, "class"),
        (1, "tanh", ["a", "b", "a", "b"], ArgumentError, "say which loss is meant"),
        (3, "softmax", [[0.2, 0.2, 1.2]] * 4, DataError, "needs targets from 0 to 1"),
    ],
)
def test_targets_that_do_not_fit(
    units: int, activation: str, y: Any, kind: Any, message: str
) -> None:
    with pytest.raises(kind) as caught:
        fitted(units, activation, y)
    assert message in str(caught.value)


def test_a_failed_fit_leaves_the_network_as_it_was() -> None:
    net = fitted(3, "softmax", ["a", "b", "c", "a"])
    before = {key: value.copy() for key, value in net.parameters.items()}
    for y in (["a", "b"], ["a"] * 4, [0, 1, 2, 3]):
        with pytest.raises(GlassnetError):
            gn.fit(net, X, y)
    assert net.classes == ("a", "b", "c")
    assert net.task == "classification"
    for key, value in before.items():
        np.testing.assert_array_equal(net.parameters[key], value)
    assert set(net.predict(X)) <= {"a", "b", "c"}


# --- examples -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("x", "kind", "message"),
    [
        ([0.0, 1.0, 2.0], ShapeError, "examples must have shape (n, 2); got (3,)"),
        ([1.0, 2.0], ShapeError, "for a single example write it as one row: [example]"),
        ([[1.0, 2.0, 3.0]], ShapeError, "examples must have shape (n, 2); got (1, 3)"),
        ([[[1.0, 2.0]]], ShapeError, "got (1, 1, 2)"),
        ([], ShapeError, "examples must have shape (n, 2)"),
        (np.zeros((0, 2)), DataError, "there is no example: the table has 0 rows"),
        ([[1.0, "b"]], DataError, "examples must be a table of numbers"),
        ([[1.0], [2.0, 3.0]], DataError, "rows of one length"),
        ([[1.0, None]], DataError, "row 0, column 1 (counted from 0)"),
        ([[1.0, float("nan")]], DataError, "row 0, column 1 (counted from 0) is nan"),
        ([[1.0, 2j]], DataError, "examples must be a table of numbers"),
        ("text", DataError, "examples must be a table of numbers"),
        (None, GlassnetError, ""),
        ({"a": [1.0]}, DataError, "examples must be a table of numbers"),
    ],
)
@pytest.mark.parametrize("ask", ["predict", "outputs", "predict_proba", "fit"])
def test_examples_that_do_not_fit(ask: str, x: Any, kind: Any, message: str) -> None:
    net = gn.Network([gn.Dense(1, "logistic")], inputs=2)
    asked = (lambda x: gn.fit(net, x, [0, 1])) if ask == "fit" else getattr(net, ask)
    with pytest.raises(kind) as caught:
        asked(x)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "x",
    [
        [[1, 2]],
        [(1.0, 2.0)],
        np.array([[1, 2]], dtype=np.int8),
        np.array([[True, False]]),
        np.array([[1.0, 2.0]], dtype=np.float16),
        np.array([["1", "2"]]),
        np.array([[1, 2.0]], dtype=object),
        np.asfortranarray(np.ones((3, 2))),
        np.ones((3, 4))[:, ::2],
        gn.tensor([[1.0, 2.0]]),
    ],
)
def test_examples_in_every_form(x: Any) -> None:
    net = gn.Network([gn.Dense(1, "logistic")], inputs=2)
    found = net.outputs(x)
    wide = np.asarray(x, dtype=np.float64)
    np.testing.assert_array_equal(found, net.outputs(wide))
    assert found.dtype == np.float32


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("form", ["view", "float64", "float32", "list", "whole", "columns first"])
def test_weights_of_any_form_may_be_put_in(form: str, dtype: str) -> None:
    x = np.random.default_rng(0).normal(size=(5, 3))
    w = np.array([[1.0, 2.0], [-3.0, 4.0], [5.0, -6.0]])
    forms: dict[str, Any] = {
        "view": w.T,
        "float64": np.ascontiguousarray(w.T),
        "float32": w.T.astype(np.float32),
        "list": w.T.tolist(),
        "whole": w.T.astype(int),
        "columns first": np.asfortranarray(w.T.astype(dtype)),
    }
    net = gn.Network([gn.Dense(2)], inputs=3, dtype=dtype)
    net.outputs(x)
    net.parameters["output.w"] = forms[form]
    np.testing.assert_allclose(net.outputs(x), x @ w, rtol=1e-5, atol=1e-5)
    net.parameters["output.w"][:] = 1  # a change inside the array is seen, whatever it was
    expected = np.repeat(x.sum(1, keepdims=True), 2, axis=1)
    np.testing.assert_allclose(net.outputs(x), expected, rtol=1e-5, atol=1e-5)
    net.parameters["output.w"] = np.ones((3, 2))
    with pytest.raises(ShapeError, match=r"output\.w must have shape \(2, 3\); it has \(3, 2\)"):
        net.outputs(x)


def test_probabilities_need_probabilities() -> None:
    net = gn.Network([gn.Dense(2, "tanh")], inputs=1)
    with pytest.raises(ArgumentError, match="tanh outputs are no probabilities"):
        net.predict_proba(X)


def test_many_examples_are_answered_in_blocks() -> None:
    net = gn.Network([gn.Dense(3, "softmax")], inputs=2, dtype="float64")
    x = np.random.default_rng(0).normal(size=(2500, 2))
    found = net.outputs(x)
    rows = np.concatenate([net.outputs(x[start : start + 100]) for start in range(0, 2500, 100)])
    np.testing.assert_allclose(found, rows, rtol=1e-14)


def test_the_number_of_inputs_is_taken_from_the_data() -> None:
    net = gn.Network([gn.Dense(2, "softmax")])
    assert not net.is_built
    assert "?" in repr(net)
    for ask in (lambda: net.predict(X), lambda: net.stack, lambda: net.save("nowhere")):
        with pytest.raises(ArgumentError, match="does not know its number of inputs yet"):
            ask()
    gn.fit(net, np.ones((4, 7)), [0, 1, 0, 1], epochs=1)
    assert net.stack.inputs == (7,)
    unfit = gn.Network([gn.Dense(2, "softmax")])
    with pytest.raises(ShapeError, match=r"examples must have shape \(n, inputs\); got \(4,\)"):
        gn.fit(unfit, [0.0, 1.0, 2.0, 3.0], [0, 1, 0, 1])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"seed": -1}, "seed must be a whole number of at least 0 and at most"),
        ({"seed": 1.5}, "9223372036854775807; got 1.5"),
        ({"dtype": "float16"}, "dtype must be one of float32, float64; got 'float16'"),
        ({"dtype": "int64"}, "dtype must be one of float32, float64; got 'int64'"),
    ],
)
def test_settings_of_a_network(settings: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        gn.Network([gn.Dense(1)], inputs=1, **settings)
    assert message in str(caught.value)


def test_seeds_of_any_size() -> None:
    for seed in (2**31, 2**53, 2**63 - 1):
        net = gn.Network([gn.Dense(2, "tanh"), gn.Dropout(0.5), gn.Dense(1)], inputs=1, seed=seed)
        gn.fit(net, X, [0.5, 1.5, 2.5, 3.5], epochs=1, seed=seed)
    with pytest.raises(ArgumentError, match="seed"):
        gn.fit(net, X, [0.5, 1.5, 2.5, 3.5], epochs=1, seed=2**63)


# --- how a network shows itself -------------------------------------------------------------------
def test_summary() -> None:
    layers = [gn.Dense(16, "tanh"), gn.BatchNorm(), gn.Dropout(0.2), gn.Dense(3, "softmax")]
    net = gn.Network(layers, inputs=4)
    lines = net.summary().splitlines()
    cells = [line.split() for line in lines]
    assert cells[0] == ["layer", "output", "parameters"]
    assert cells[1] == ["input", "4"]
    assert cells[2] == ["hidden", "16", "tanh", "16", "80"]  # 16 · 4 weights + 16 biases
    assert cells[3] == ["batchnorm1", "batchnorm", "16", "32"]
    assert cells[4] == ["dropout1", "dropout", "0.2", "16"]
    assert cells[5] == ["output", "3", "softmax", "3", "51"]
    assert cells[6] == ["in", "all", "163"]
    assert repr(net).splitlines()[0] == "Network (float32, seed 0)"
    html = net._repr_html_()
    assert html.count("<tr>") == 7
    assert "<td>163</td>" in html
