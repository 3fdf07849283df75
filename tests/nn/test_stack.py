"""Layers one after the other: names, shapes, text forms, and what is said where they do not fit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, ShapeError
from glassnet.nn import Activation, Stack, parse_layers
from glassnet.nn.activations import Linear, ReLU, Softmax, Tanh
from glassnet.nn.coding import code_classes, decide_classes
from glassnet.ops import constant


# --- names --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("layers", "names"),
    [
        ([gn.Dense(3)], ("output",)),
        ([gn.Dense(3, "tanh"), gn.Dense(1)], ("hidden", "output")),
        ([gn.Dense(3), gn.Dense(3), gn.Dense(1)], ("hidden1", "hidden2", "output")),
        (
            [gn.Dense(3), gn.BatchNorm(), "relu", gn.Dropout(0.1), gn.Dense(2), "softmax"],
            ("hidden", "batchnorm1", "apply1", "dropout1", "output", "apply2"),
        ),
        (
            [gn.Dropout(0.1), gn.Dense(1), gn.Dropout(0.2)],
            ("dropout1", "output", "dropout2"),
        ),
        (["tanh"], ("apply1",)),
    ],
)
def test_layers_are_named_as_a_person_would(layers: Any, names: Any) -> None:
    assert Stack(layers, 2).names == names


def test_shapes_units_and_parameters() -> None:
    stack = Stack([gn.Dense(5, "tanh"), gn.BatchNorm(), gn.Dropout(), gn.Dense(3, "softmax")], 4)
    assert stack.shapes == ((4,), (5,), (5,), (5,), (3,))
    assert stack.units == 3
    assert stack.activation == Softmax()
    assert {key: entry.shape for key, entry in stack.parameters().items()} == {
        "hidden.w": (5, 4),  # [to, from]
        "hidden.b": (5,),
        "batchnorm1.gamma": (5,),
        "batchnorm1.beta": (5,),
        "output.w": (3, 5),
        "output.b": (3,),
    }
    assert set(stack.statistics()) == {"batchnorm1.mean", "batchnorm1.variance"}
    assert set(stack.penalties()) == {"hidden.w", "output.w"}  # not biases, not γ and β


def test_the_activation_of_the_last_neurons() -> None:
    assert Stack([gn.Dense(2), "relu", gn.Dropout(0.5)], 1).activation == ReLU()
    assert Stack([gn.Dense(2, "tanh"), gn.BatchNorm()], 1).activation == Tanh()
    assert Stack([gn.BatchNorm()], 1).activation == Linear()


def test_an_activation_by_itself_is_a_layer() -> None:
    forms = ["relu", gn.Apply("relu"), ReLU(), "apply relu", "relu()"]
    stacks = [Stack([gn.Dense(2), form], 3) for form in forms]
    assert all(stack.layers == stacks[0].layers for stack in stacks)


def test_the_forward_pass_names_its_numbers() -> None:
    stack = Stack([gn.Dense(2, "tanh"), gn.Dense(1, "logistic")], 2)
    values = {key: constant(np.ones(p.shape)) for key, p in stack.parameters().items()}
    output, _ = stack.forward(constant([[1.0, 2.0]]), values, {})
    assert str(output.y.label) == "output.y"
    assert str(output.v.label) == "output.v"
    hidden = 2 * np.tanh(4.0) + 1
    assert output.v.item() == pytest.approx(hidden, rel=1e-15)


def test_the_local_field_behind_an_applied_softmax() -> None:
    stack = Stack([gn.Dense(2, weights=[[1.0], [0.0]]), "softmax"], 1)
    values = {"output.w": constant([[1.0], [0.0]]), "output.b": constant([0.0, 0.0])}
    output, _ = stack.forward(constant([[1000.0]]), values, {})
    assert output.v.value.tolist() == [[1000.0, 0.0]]  # what a cross-entropy starts from
    assert output.y.value.tolist() == [[1.0, 0.0]]


# --- mistakes -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("layers", "inputs", "kind", "message"),
    [
        ([], 2, ArgumentError, 'a network needs layers, as in [gn.Dense(3, "softmax")]'),
        ([gn.Dense(1)], 0, ArgumentError, "inputs must be a whole number of at least 1; got 0"),
        ([gn.Dense(1)], -2, ArgumentError, "inputs must be a whole number of at least 1"),
        ([gn.Dense(1)], (), ArgumentError, "inputs must be a whole number of at least 1; got ()"),
        ([gn.Dense(1)], (3, 0), ArgumentError, "inputs must be a whole number of at least 1"),
        ([gn.Dense(1)], 2.5, ArgumentError, "inputs must be a whole number of at least 1"),
        ([gn.Dense(1)], (3.5,), ArgumentError, "inputs must be a whole number of at least 1"),
        ([gn.Dense(1)], "3", ArgumentError, "inputs must be a whole number of at least 1"),
        ([gn.Dense(1)], True, ArgumentError, "inputs must be a whole number of at least 1"),
        ([gn.Dense(2), gn.Dense(1)], (2, 3, 4), ShapeError, "layer hidden (2 linear): a dense"),
        ([gn.LSTM(2)], 3, ShapeError, "layer lstm1 (lstm 2): a recurrent layer needs a sequence"),
        (
            [gn.Embedding(9, 2)],
            (3, 2),
            ShapeError,
            "layer embedding1 (embedding 9 2)",
        ),
        (
            [gn.GRU(3), gn.Dense(2), gn.GRU(2, returns="last"), gn.GRU(1)],
            (5, 2),
            ShapeError,
            "layer gru3 (gru 1): a recurrent layer needs a sequence for each example",
        ),
        (["rellu"], 2, ArgumentError, "no layer named 'rellu'"),
        ([3], 2, ArgumentError, "layer must be one of apply, average, batchnorm, bidirectional"),
        ([None], 2, ArgumentError, "layer must be one of"),
    ],
)
def test_what_is_said_where_layers_do_not_fit(
    layers: Any, inputs: Any, kind: Any, message: str
) -> None:
    with pytest.raises(kind) as caught:
        Stack(layers, inputs)
    assert message in str(caught.value)


# --- text ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "layers"),
    [
        ("softmax", [gn.Dense(3, "softmax")]),
        ("16 tanh, softmax", [gn.Dense(16, "tanh"), gn.Dense(3, "softmax")]),
        ("  16   tanh ,softmax ", [gn.Dense(16, "tanh"), gn.Dense(3, "softmax")]),
        ("16", [gn.Dense(16)]),
        (
            "8, batchnorm, relu, dropout 0.2, softmax",
            [
                gn.Dense(8),
                gn.BatchNorm(),
                gn.Apply("relu"),
                gn.Dropout(0.2),
                gn.Dense(3, "softmax"),
            ],
        ),
        ("8 relu l2=0.01, linear", [gn.Dense(8, "relu", l2=0.01), gn.Dense(3)]),
        (
            '4 "logistic slope=2", logistic slope=3',
            [gn.Dense(4, "logistic slope=2"), gn.Dense(3, "logistic slope=3")],
        ),
        ("dense 5 elu, apply tanh, softmax", [gn.Dense(5, "elu"), gn.Apply("tanh"), None]),
        ("4 relu biases=none, softmax", [gn.Dense(4, "relu", biases=None), None]),
        ("4 relu, dropout 0.5", [gn.Dense(4, "relu"), gn.Dropout(0.5)]),
    ],
)
def test_layers_from_text(text: str, layers: Any) -> None:
    wanted = [gn.Dense(3, "softmax") if layer is None else layer for layer in layers]
    assert parse_layers(text, 3) == tuple(wanted)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "an entry is empty; write '16 tanh, softmax'"),
        ("16 tanh,,softmax", "an entry is empty"),
        ("16 tanh,", "an entry is empty"),
        ("16 tanb, softmax", "there is no activation named 'tanb' (did you mean 'tanh'?)"),
        ("16 tanh, softmx", "'softmx' is neither a number of neurons nor one of apply, average"),
        ("16 tanh, softmx", "(did you mean 'softmax'?)"),
        ("droput 0.2, softmax", "(did you mean 'dropout'?)"),
        ("0 tanh", "units must be a whole number of at least 1; got 0"),
        ("-4 tanh", "units must be a whole number of at least 1; got -4"),
        ("2.5 tanh", "dense: units must be of type int; got '2.5'"),
        ("16 tanh, dropout 2", "rate must be a number at least 0 and below 1; got 2.0"),
        ("16 tanh weight=ones", "dense has no setting 'weight' (did you mean 'weights'?)"),
        ('16 "tanh', "cannot be read: No closing quotation"),
        ("16x tanh", "'16x' is neither a number of neurons nor one of"),
    ],
)
def test_text_that_is_no_layer(text: str, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        parse_layers(text, 3)
    assert message in str(caught.value)


def test_capital_letters_are_understood() -> None:
    assert Stack(["ReLU"], 3).layers == (gn.Apply("relu"),)
    assert parse_layers("8 ReLU, Softmax", 3) == (gn.Dense(8, "relu"), gn.Dense(3, "softmax"))


# --- classes as targets, and read off outputs ---------------------------------------------------
@pytest.mark.parametrize(
    ("activation", "units", "coded"),
    [
        ("logistic", 1, [[0], [1], [1]]),
        ("linear", 1, [[0], [1], [1]]),
        ("tanh", 1, [[-1], [1], [1]]),
        ("bipolar_logistic", 1, [[-1], [1], [1]]),
        ("softmax", 2, [[1, 0], [0, 1], [0, 1]]),
        ("tanh", 2, [[1, -1], [-1, 1], [-1, 1]]),
        ("relu", 3, [[1, 0, 0], [0, 1, 0], [0, 1, 0]]),
    ],
)
def test_how_classes_are_coded(activation: str, units: int, coded: Any) -> None:
    psi = Activation.of(activation)
    found = code_classes(constant(np.array([0, 1, 1])), units, psi, gn.DType.FLOAT64)
    assert found.value.tolist() == coded
    assert decide_classes(found, psi).value.tolist() == [0, 1, 1]


def test_where_the_decision_changes() -> None:
    y = constant([[0.5], [0.5000001], [0.4999999]])
    assert decide_classes(y, Activation.of("logistic")).value.tolist() == [0, 1, 0]
    y = constant([[0.0], [1e-9], [-1e-9]])
    assert decide_classes(y, Activation.of("tanh")).value.tolist() == [0, 1, 0]
    tie = constant([[0.3, 0.4, 0.4]])
    assert decide_classes(tie, Activation.of("softmax")).value.tolist() == [1]
