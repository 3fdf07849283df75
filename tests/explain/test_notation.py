"""Formulas of whole training steps, written and read back: layers, losses, optimisers, clipping."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from glassnet.explain import latex, mathml
from glassnet.explain.conventions import PROFILES
from glassnet.explain.expressions import Address, Number, Quantity, add, divide, multiply, negate
from glassnet.explain.expressions import power as raised
from glassnet.explain.notation import broken, row, width
from glassnet.explain.setting import notation
from glassnet.explain.stepwise import explain_step
from glassnet.explain.symbols import name_of, number
from glassnet.graph import DType
from glassnet.learning import Optimizer
from glassnet.learning.backpropagation import Recipe, training_graph
from glassnet.nn import Loss, Stack
from tests.explain.equations import latex_value, mathml_value
from tests.explain.test_workings import LAYERS, LOSSES


@pytest.mark.parametrize("clip", [{}, {"clip_norm": 0.1}, {"clip_value": 0.01}], ids=str)
@pytest.mark.parametrize("optimizer", ["sgd 0.1", "nesterov 0.1", "adagrad 0.1", "adamw 0.1"])
@pytest.mark.parametrize("layers", LAYERS)
def test_steps_are_true_as_written(layers: str, optimizer: str, clip: dict[str, float]) -> None:
    stack = Stack(LAYERS[layers], 2)
    classes = stack.activation.name in ("softmax", "logistic")
    loss = Loss.of(LOSSES.get(layers, "half_squared_error"))
    recipe = Recipe(
        stack, loss, Optimizer.of(optimizer), DType.FLOAT64, class_targets=classes, **clip
    )
    graph = training_graph(recipe, 2)
    random = np.random.default_rng(len(layers))
    inputs: dict[str, Any] = {
        key: random.uniform(0.1, 0.9, tensor.shape).round(6)
        if tensor.dtype.is_float
        else random.integers(0, 2, tensor.shape)
        for key, tensor in graph.inputs.items()
    }
    inputs |= {"step": 3, "seed": 1, "counter": 5}
    profile = replace(PROFILES["notes"], digits=12, carried=True)
    checked = 0
    for part in explain_step(graph, inputs, profile).page(profile).parts:
        for entry in part.workings:
            result = latex_value(latex.formula(entry.result))
            assert mathml_value(mathml.formula(entry.result)) == result
            for side in entry.sides[1:-1] if len(entry.sides) > 2 else []:
                text = latex.formula(side)
                assert latex_value(text) == pytest.approx(result, rel=1e-10, abs=1e-13), text
                found = mathml_value(mathml.formula(side))
                assert found == pytest.approx(result, rel=1e-10, abs=1e-13), text
                pieces = [latex.formula(piece) for piece in broken(side, 20)]
                assert latex_value(" ".join(pieces)) == pytest.approx(result, rel=1e-10, abs=1e-13)
                checked += 1
    assert checked > 10


A, B = (Quantity(Address(letter)) for letter in "ab")
NEGATIVE = {"a": -2.0, "b": -0.5}


@pytest.mark.parametrize(
    ("formula", "names", "numbers"),
    [
        (add([A, B]), "a + b", "-2 + (-0.5)"),
        (add([A, negate(B)]), "a - b", "-2 - (-0.5)"),
        (multiply([A, B]), r"a \cdot b", r"-2 \cdot (-0.5)"),
        (add([A, multiply([B, A])]), r"a + b \cdot a", r"-2 + (-0.5) \cdot (-2)"),
        (negate(A), "-a", "-(-2)"),
        (raised(A, 2.0), "a^2", "(-2)^2"),
        (raised(A, -0.5), "a^{-0.5}", "(-2)^{-0.5}"),
        (divide(A, add([B, Number(1.0)])), r"\frac{a}{b + 1}", r"\frac{-2}{-0.5 + 1}"),
        (raised(divide(A, B), 2.0), r"(\frac{a}{b})^2", None),
        (multiply([Number(1e-7), A]), r"1 \cdot 10^{-7} \cdot a", r"1 \cdot 10^{-7} \cdot (-2)"),
        (raised(add([A, B]), 2.0), "(a + b)^2", "(-2 + (-0.5))^2"),
    ],
)
def test_brackets(formula: Any, names: str, numbers: str | None) -> None:
    written = latex.formula(notation(formula, name_of)).replace(r"\left", "").replace(r"\right", "")
    assert written == names
    if numbers is not None:
        put_in = notation(formula, lambda address: number(NEGATIVE[address.symbol], 6))
        assert latex.formula(put_in) == numbers


def test_long_formulas_are_cut_before_signs() -> None:
    terms = [multiply([Quantity(Address("w", "", (1, i))), A]) for i in range(1, 30)]
    written = notation(add(terms), name_of)
    pieces = broken(written, 30)
    assert len(pieces) > 5
    assert max(map(width, pieces)) <= 30
    assert row(*pieces) == written
    assert latex.formula(pieces[1]).startswith(" + ")


def test_long_brackets_can_be_cut_too() -> None:
    mean = divide(add([Quantity(Address("x", "", (i,))) for i in range(1, 40)]), Number(39.0))
    text = latex.formula(notation(mean, name_of))
    assert text.startswith(r"\bigl(x_1 + x_2")
    assert text.endswith(r"x_{39}\bigr) / 39")


def test_numbers() -> None:
    assert latex.formula(number(-1.5e-7, 6)) == r"-1.5 \cdot 10^{-7}"
    assert latex.formula(number(float("inf"), 6)) == r"\infty"
    assert mathml.formula(number(-3.0, 6)) == '<mo form="prefix">−</mo><mn>3</mn>'
