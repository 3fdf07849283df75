"""Signs and short numbers: what stands in boxes."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

import glassnet as gn
from glassnet.explain.numbers import full, lines, short
from glassnet.explain.scene import compose
from glassnet.explain.signs import derivative, formula, sign
from glassnet.graph import REGISTRY, apply

X, Y = gn.tensor([-2.0], "x"), gn.tensor([3.0], "y")


@pytest.mark.parametrize(
    ("node", "fixed", "names", "expected"),
    [
        (X + Y, {}, {}, ("+", False)),
        (X * Y, {}, {}, ("·", False)),
        (gn.maximum(X, Y), {}, {}, ("max", False)),
        (X - Y, {}, {0: "x", 1: "y"}, ("x − y", False)),
        (X - Y, {}, {0: "x"}, ("−", True)),
        (X - Y, {}, {0: "a name that", 1: "leaves no room"}, ("−", True)),
        (X / Y, {}, {0: "1", 1: "−2"}, ("1 / (−2)", False)),
        (X - 1.0, {1: "1"}, {}, ("− 1", False)),
        (1.0 - X, {0: "1"}, {}, ("1 −", False)),
        (X**2, {1: "2"}, {}, ("(·)²", False)),
        (X**2.5, {1: "2.5"}, {}, ("(·)^2.5", False)),
        (2.0**X, {0: "2"}, {}, ("2ˣ", False)),
        (X**Y, {}, {0: "x", 1: "y"}, ("x^y", False)),
        (gn.exp(X), {}, {}, ("eˣ", False)),
        (gn.tanh(X), {}, {}, ("tanh", False)),
        (gn.log(Y), {}, {}, ("ln", False)),
        (gn.sqrt(Y), {}, {}, ("√", False)),
        (abs(X), {}, {}, ("|·|", False)),
        (-X, {}, {}, ("−", False)),
        (X.sum(), {}, {}, ("Σ", False)),
        (gn.maximum(0.0, X), {0: "0"}, {}, ("max(0, ·)", False)),
        (gn.logistic(X), {}, {}, ("logistic", False)),
        (gn.stop_gradient(X), {}, {}, ("stop_gradient", False)),
        (gn.tensor([[1.0]]).T, {}, {}, ("·ᵀ", False)),
        (gn.select(X < Y, X, Y), {}, {}, ("· if ·, else ·", True)),
        (gn.tensor([[1.0]]) @ gn.tensor([[1.0]]), {}, {0: "W", 1: "x"}, ("W x", False)),
        (gn.tensor([[1.0]]) @ gn.tensor([[1.0]]), {}, {0: "W"}, ("matmul", True)),
        (gn.stack([X, Y]), {}, {0: "x", 1: "y"}, ("[·, …]", True)),
    ],
)
def test_a_sign_is_short_and_says_which_operand_is_which(node, fixed, names, expected):
    assert sign(node, fixed, names) == expected


def test_every_op_of_the_registry_has_a_readable_sign():
    for op in REGISTRY.values():
        for case in op.samples().cases:
            inputs = [gn.zeros(*d.shape, dtype=_dtype(d.kind)) for d in case.inputs]
            if not inputs:
                continue
            node = apply(op, *inputs, **case.attributes)
            text, _ = sign(node, {}, {})
            assert 0 < len(text) <= 20, (op, text)
            assert text.isprintable(), (op, text)
            assert formula(node, {})
            for position in range(len(inputs)):
                derivative(node, position, {}, "1")


def _dtype(kind):
    return {"float": "float64", "integer": "int64", "bool": "bool"}[kind]


def test_formulas_put_negative_numbers_in_brackets():
    node = X - Y
    assert formula(node, {0: "−2", 1: "−3"}) == "−2 − (−3)"
    assert formula(gn.maximum(X, Y), {0: "0", 1: "−3"}) == "max(0, −3)"
    assert formula(X**2, {0: "−2", 1: "2"}) == "(−2)²"
    assert derivative(gn.tanh(X), 0, {0: "−2"}, "−0.9") == "1 − (−0.9)²"
    assert derivative(gn.square(X), 0, {0: "0.5"}, "0.25") == "2 · 0.5"
    assert derivative(gn.square(X), 0, {0: "−2"}, "4") == "2 · (−2)"
    assert derivative(gn.sqrt(Y), 0, {0: "x"}, "y") == "1/(2y)"
    assert derivative(gn.sqrt(Y), 0, {0: "9"}, "3") == "1/(2 · 3)"
    assert derivative(X * Y, 0, {0: "−2", 1: "−3"}, "6") == "−3"
    assert derivative(gn.maximum(X, Y), 0, {}, "1") == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.5227411, "0.522741"),
        (-3.0, "−3"),
        (-0.0, "0"),
        (1e-7, "1e−7"),
        (1.5e20, "1.5e20"),
        (float("nan"), "nan"),
        (float("-inf"), "−∞"),
        (True, "True"),
        (-12, "−12"),
        (123456789, "123456789"),
    ],
)
def test_short_numbers(value, text):
    assert short(value) == text


def test_large_values_show_their_size_and_first_entries():
    assert lines(np.zeros((0, 3))) == ("no numbers (0 × 3)",)
    assert lines(np.array([True, False])) == ("[True, False]",)
    assert lines(np.arange(7.0)) == ("7 numbers", "0, 1, 2, 3, …")
    assert lines(np.zeros((2, 2, 2)))[0] == "2 × 2 × 2 numbers"
    assert lines(np.array([[[2.5]]])) == ("2.5",)
    assert full(np.array(1 / 3)) == repr(1 / 3)
    assert full(np.zeros((20, 20))).endswith("… (20 × 20 numbers)]")
    assert len(full(np.full((300, 300), 1 / 3))) < 2000


def single_numbers(op):
    cases = (c for c in op.samples().cases if all(d.shape == () for d in c.inputs))
    return next((c for c in cases if {d.kind for d in c.inputs} == {"float"}), None)


WITH_FORMULA = [op for op in REGISTRY.values() if op.explain.derivatives and single_numbers(op)]


def worked_out(text):
    """The value of a formula as a person would read it."""
    text = text.replace("−", "-").replace("·", "*").replace("²", "**2").replace("^", "**")
    text = re.sub(r"(?<=[\d)])\(", "*(", text.replace("√π", "sqrt(pi)"))
    text = re.sub(r"\b(ln|sin|cos|sign) (\(.*?\)|[\d.e+-]+)", r"\1(\2)", text)
    functions = {"ln": math.log, "sign": np.sign, "sin": math.sin, "cos": math.cos}
    return eval(text, {**functions, "sqrt": math.sqrt, "pi": math.pi, "e": math.e})


@pytest.mark.parametrize("op", WITH_FORMULA, ids=lambda op: op.name)
@pytest.mark.parametrize("share", [0.3, 0.8])
def test_local_derivatives_can_be_worked_out_from_the_numbers_shown(op, share):
    case = single_numbers(op)
    shares = (share, 1 - 0.7 * share)
    values = [d.low + (d.high - d.low) * s for d, s in zip(case.inputs, shares, strict=False)]
    inputs = [gn.tensor(value, f"x{index}") for index, value in enumerate(values)]
    scene = compose({apply(op, *inputs, **case.attributes): ""}, None, True, False)
    for arrow in scene.arrows:
        shown = arrow.note[0]
        result = float(arrow.note[-1].removeprefix("= ").replace("−", "-"))
        assert worked_out(shown) == pytest.approx(result, rel=1e-4), arrow
        assert float(arrow.hint.rsplit(" ", 1)[1]) == pytest.approx(result, rel=1e-5), arrow
