"""Focus: one neuron, quantity or example of a step; the same numbers as on the whole sheet."""

from __future__ import annotations

import re
import time
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, GlassnetError
from glassnet.explain import explain
from glassnet.explain.conventions import PROFILES
from glassnet.explain.expressions import quantities
from glassnet.explain.focus import Focus
from glassnet.explain.problems import built_in, load_problem, read_problem
from glassnet.explain.sheet import Sheet
from glassnet.explain.step_view import StepView, step_chapter
from glassnet.graph import DType
from glassnet.learning import Optimizer
from glassnet.learning.backpropagation import Recipe, training_graph
from glassnet.nn import Loss, Stack

BATCH = """
title = "Three examples at once"
[network]
layers = ["2 logistic", "1 logistic"]
[weights]
"hidden.w" = [[0.6, -0.1], [-0.3, 0.4]]
"hidden.b" = [0.3, 0.5]
"output.w" = [[0.4, 0.1]]
"output.b" = [-0.2]
[training]
optimizer = "sgd 0.25"
[data]
x = [[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]
d = [[1.0], [1.0], [0.0]]
"""


# Formulas of one's own and beam searches are shown whole.
STEPS = [
    name for name in built_in() if not load_problem(name).expression and not load_problem(name).beam
]


def large_step(
    sizes: tuple[int, int, int] = (64, 32, 10), n: int = 32, seed: int = 0
) -> tuple[Any, dict[str, Any]]:
    """Return the graph of a step of a network for pictures, and what it is given."""
    stack = Stack([gn.Dense(sizes[1], "tanh"), gn.Dense(sizes[2], "softmax")], sizes[0])
    recipe = Recipe(
        stack, Loss.of("cross_entropy"), Optimizer.of("sgd 0.1"), DType.FLOAT64, class_targets=True
    )
    graph = training_graph(recipe, n)
    random = np.random.default_rng(seed)
    inputs: dict[str, Any] = {
        key: random.normal(0.0, 0.3, node.shape)
        if node.dtype.is_float
        else random.integers(0, sizes[2], node.shape)
        for key, node in graph.inputs.items()
    }
    return graph, inputs | {"rate": 0.1, "step": 1, "seed": 0, "counter": 1}


def worked(sheet: Sheet) -> dict[str, float]:
    return {str(line.address): line.value for line in sheet.lines() if line.formula is not None}


def assert_self_contained(sheet: Sheet) -> None:
    """Each formula speaks of what stands on the page, and gives the number beside it."""
    known = {line.address for line in sheet.lines()}
    for line in sheet.lines():
        assert line.formula is None or known.issuperset(quantities(line.formula))
    found = sheet.work()
    for line in sheet.lines():
        assert found[line.address] == pytest.approx(line.value, rel=1e-12, abs=1e-14)


# --- the same numbers as the whole sheet ----------------------------------------------------------
@pytest.mark.parametrize("name", [*STEPS, BATCH])
@pytest.mark.parametrize("conventions", PROFILES)
def test_each_quantity_as_on_the_whole_sheet(name: str, conventions: str) -> None:
    problem: Any = name if "\n" not in name else read_problem(name, "batch")
    whole = explain(problem, conventions=conventions, steps=1).sheets[0]
    values = {str(line.address): line.value for line in whole.lines()}
    formulas = {str(line.address): line.formula for line in whole.lines()}
    symbols = dict.fromkeys(line.address.symbol for line in whole.lines() if line.formula)
    assert symbols
    for symbol in symbols:
        sheet = explain(problem, conventions=conventions, steps=1, quantity=symbol).sheets[0]
        own = worked(sheet)
        if symbol not in ("w", "b"):
            # What a schedule gives is worked out wherever a formula speaks of it.
            shown = {_symbol_of(address) for address in own}
            if "_" not in symbol:  # Δw is that of all gates, too
                shown = {re.sub(r"_[a-z]", "", one) for one in shown}
            assert shown - {"η"} == {symbol} - {"η"}
        assert set(own) >= {a for a, f in formulas.items() if f and _symbol_of(a) == symbol}
        for line in sheet.lines():
            assert line.value == values[str(line.address)]
        assert_self_contained(sheet)


def _symbol_of(address: str) -> str:
    symbol = address.partition("@")[0].partition("[")[0].rpartition(".")[2]
    return re.sub(r"\(\d+\)", "", symbol)  # without its step in time


def test_a_neuron() -> None:
    sheet = explain("backpropagation", neuron="hidden.2").sheets[0]
    assert set(worked(sheet)) == {
        "hidden.v[2]", "hidden.y[2]", "hidden.δ[2]", "hidden.Δw[2,1]", "hidden.Δw[2,2]",
        "hidden.Δb[2]", "hidden.w new[2,1]", "hidden.w new[2,2]", "hidden.b new[2]",
    }  # fmt: skip
    assert sheet["hidden.δ[2]"].value == pytest.approx(0.0024468, abs=5e-8)
    assert_self_contained(sheet)


def test_what_formulas_speak_of_stands_before_them() -> None:
    sheet = explain("backpropagation", neuron="hidden.2", quantity="delta").sheets[0]
    assert [section.title for section in sheet.sections] == [
        "Given", "From before", "Backward: hidden layer",
    ]  # fmt: skip
    given, before, _ = sheet.sections
    assert [str(line.address) for line in given.lines] == ["output.w[1,2]"]
    assert {str(line.address) for line in before.lines} == {"hidden.y[2]", "output.δ[1]"}


def test_an_example_of_a_batch() -> None:
    problem = read_problem(BATCH, "batch")
    sheet = explain(problem, example=2).sheets[0]
    assert {line.address.example for line in sheet.lines() if line.formula} == {2}
    one = explain(problem, example=2, neuron="output.1", quantity="e").sheets[0]
    assert set(worked(one)) == {"output.e[1]@2"}
    assert "output.e₁(2) = " in str(explain(problem, example=2, quantity="error"))


def test_a_step_of_a_rule() -> None:
    workings = explain("perceptron", epoch=2, example=1)
    (sheet,) = workings.sheets
    assert "epoch 2, example 1" in sheet.title
    assert sheet["w new[1,2]"].value == 2.0
    assert explain("perceptron", step=3).sheets[0]["w new[1,2]"].value == 2.0
    assert [s["v[1]"].value for s in explain("perceptron", example=2).sheets] == [-1.5, 0.5]


def test_a_step_of_a_network() -> None:
    all_steps = explain("backpropagation", steps=3).sheets
    (third,) = explain("backpropagation", step=3).sheets
    assert worked(third) == worked(all_steps[2])


# --- what people type -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("typed", "symbols"),
    [
        ("delta", {"δ"}),
        ("δ", {"δ"}),
        ("local gradient", {"δ"}),
        ("Local Gradients", {"δ"}),
        ("v", {"v"}),
        ("local fields", {"v"}),
        ("output", {"y"}),
        ("e", {"e"}),
        ("E", {"E"}),
        ("error energy", {"E"}),
        ("cost", {"E"}),
        ("w", {"w new"}),
        ("w new", {"w new"}),
        ("weights", {"w new"}),
        ("Δw", {"Δw"}),
        ("dw", {"Δw"}),
        ("delta w", {"Δw"}),
        ("change", {"Δw", "Δb"}),
        ("biases", {"b new"}),
        ("gradient", {"δ"}),
    ],
)
def test_names_of_quantities(typed: str, symbols: set[str]) -> None:
    sheet = explain("backpropagation", quantity=typed).sheets[0]
    assert {_symbol_of(address) for address in worked(sheet)} == symbols


def test_gradients_under_other_conventions() -> None:
    for typed in ("gradient", "dE/dw", "∂E/∂w"):
        sheet = explain("backpropagation", conventions="pytorch", quantity=typed).sheets[0]
        assert "output.∂E/∂w[1,1]" in worked(sheet)


@pytest.mark.parametrize(
    ("typed", "address"),
    [
        ("hidden.w new[2,1]", "hidden.w new[2,1]"),
        ("hidden.dw[2,2]", "hidden.Δw[2,2]"),
        ("output.delta[1]", "output.δ[1]"),
    ],
)
def test_one_number_by_its_address(typed: str, address: str) -> None:
    assert set(worked(explain("backpropagation", quantity=typed).sheets[0])) == {address}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"quantity": "detla"}, "did you mean 'delta'"),
        ({"quantity": "momentum"}, "there are "),
        ({"neuron": "hiden.2"}, "did you mean 'hidden'"),
        ({"neuron": "hidden.3"}, "hidden has 2 neurons; say hidden.1 to hidden.2"),
        ({"neuron": "hidden.0"}, "hidden.1 to hidden.2"),
        ({"neuron": "hidden.x"}, "hidden.1 to hidden.2"),
        ({"neuron": "2"}, r"hidden \(2\), output \(1\)"),
        ({"neuron": "hidden.2", "quantity": "e"}, "has no 'e'"),
        ({"quantity": "hidden.w[3,1]"}, r"hidden.w\[2,2\]"),
        ({"quantity": "hidden.e[1]"}, "output"),
        ({"example": 0}, "example"),
        ({"step": 0}, "step"),
        ({"epoch": 4, "steps": 2}, "2 steps"),
        ({"carried": True, "table": True}, "exact values"),
    ],
)
def test_what_is_not_there(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        explain("backpropagation", **options)


def test_formulas_of_ones_own_are_shown_whole() -> None:
    for options in ({"quantity": "w"}, {"table": True}):
        with pytest.raises(ArgumentError, match="shown whole"):
            explain("weight-sharing", **options)


def test_no_such_example() -> None:
    with pytest.raises(GlassnetError, match="there are 1, 2, 3"):
        explain(read_problem(BATCH, "batch"), example=4)
    with pytest.raises(GlassnetError, match="6 steps in 3 epochs"):
        explain("perceptron", epoch=9)


# --- rounding, and large networks -----------------------------------------------------------------
def test_results_are_rounded_before_they_are_used() -> None:
    """A part of the page has the numbers of the whole page."""
    whole = explain("backpropagation", digits=3, carried=True)
    part = explain("backpropagation", digits=3, carried=True, neuron="hidden.1")
    lines = [line.strip() for line in str(whole).splitlines()]
    shown = [line.strip() for line in str(part).splitlines() if "hidden.δ₁ =" in line]
    assert shown
    assert all(line in lines for line in shown)
    graph, inputs = large_step()
    profile = gn.explain("and", carried=True).profile
    with pytest.raises(ArgumentError, match="leave the rounding"):
        step_chapter(graph, inputs, profile, "large", Focus(quantity="E"))


@pytest.mark.parametrize("quantity", ["δ", "v", "Δw", "w new", "E"])
def test_a_large_network_in_part(quantity: str) -> None:
    graph, inputs = large_step()
    values = gn.Program(graph).run(inputs)
    start = time.perf_counter()
    chapter = step_chapter(
        graph, inputs, PROFILES["notes"], "digits", Focus("hidden.2", quantity)
        if quantity != "E" else Focus(quantity="E"),
    )  # fmt: skip
    chapter.page(PROFILES["notes"])
    assert time.perf_counter() - start < 5.0  # it takes some hundredths of a second
    assert isinstance(chapter, StepView)
    assert_self_contained(chapter.sheet)
    if quantity == "w new":
        found = chapter.sheet["hidden.w new[2,1]"].value
        assert found == pytest.approx(values["parameters/hidden.w"][1, 0], rel=1e-12)


def test_the_largest_network() -> None:
    graph, inputs = large_step((784, 256, 10))
    start = time.perf_counter()
    focus = Focus("hidden.200", "v", 7)
    chapter = step_chapter(graph, inputs, PROFILES["notes"], "large", focus)
    text = str(chapter.page(PROFILES["notes"]))
    assert time.perf_counter() - start < 10.0
    assert len(text) < 200_000
    assert isinstance(chapter, StepView)
    (line,) = (line for line in chapter.lines.lines() if line.formula)
    w, b = inputs["parameters/hidden.w"], inputs["parameters/hidden.b"]
    assert line.value == pytest.approx(w[199] @ inputs["batch/x"][6] + b[199], rel=1e-12)
