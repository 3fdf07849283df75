"""Workings: the notes' calculations number by number, and every printed equation checked again."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, DataError, GlassnetError
from glassnet.explain import explain
from glassnet.explain.conventions import PROFILES
from glassnet.explain.linear import linear
from glassnet.explain.problems import built_in, load_problem, read_problem
from glassnet.explain.stepwise import explain_step
from glassnet.explain.text import render_text
from glassnet.graph import DType
from glassnet.learning import Optimizer
from glassnet.learning.backpropagation import Recipe, training_graph
from glassnet.nn import Loss, Stack
from tests.explain.equations import rounds_to

# The notes' worked example D6, put right: every number that the page names.
D6 = {
    "hidden.v[1]": 0.2,
    "hidden.v[2]": 0.9,
    "hidden.y[1]": 0.549834,
    "hidden.y[2]": 0.710950,
    "output.v[1]": 0.0910285,
    "output.y[1]": 0.522741,
    "output.e[1]": 0.477259,
    "output.δ[1]": 0.1190678,
    "output.Δw[1,1]": 0.0163669,
    "output.Δw[1,2]": 0.0211628,
    "output.Δb": 0.0297670,
    "hidden.δ[1]": 0.0117885,
    "hidden.δ[2]": 0.0024468,
    "hidden.Δw[1,1]": 0.0,
    "hidden.Δw[1,2]": 0.0029471,
    "hidden.Δw[2,1]": 0.0,
    "hidden.Δw[2,2]": 0.00061171,
    "hidden.Δb[1]": 0.0029471,
    "hidden.Δb[2]": 0.00061171,
    "output.w new[1,1]": 0.4163669,
    "output.w new[1,2]": 0.1211628,
    "output.b new": -0.1702330,
    "hidden.w new[1,2]": -0.0970529,
    "hidden.b new[1]": 0.3029471,
    "hidden.w new[2,2]": 0.4006117,
    "hidden.b new[2]": 0.5006117,
}


def test_the_notes_back_propagation() -> None:
    sheet = explain("backpropagation").sheets[0]
    for address, wanted in D6.items():
        assert sheet[address].value == pytest.approx(wanted, abs=6e-8 if wanted < 0.1 else 6e-7)


def test_the_formulas_of_back_propagation() -> None:
    text = str(explain("backpropagation"))
    for line in (
        "hidden.y₁ = 1 / (1 + e^(−hidden.v₁)) = 1 / (1 + e^(−0.2)) = 0.549834",
        "output.e₁ = d₁ − output.y₁ = 1 − 0.522741 = 0.477259",
        "E = ½ · output.e₁² = ½ · 0.477259² = 0.113888",
        "output.δ₁ = output.e₁ · output.y₁ · (1 − output.y₁)",
        "hidden.δ₁ = output.w₁₁ · output.δ₁ · hidden.y₁ · (1 − hidden.y₁)",
        "output.Δb = η · output.δ₁ = 0.25 · 0.119068 = 0.029767",
        "output.w₁₁ new = output.w₁₁ + output.Δw₁₁ = 0.4 + 0.0163669 = 0.416367",
    ):
        assert line in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_notes_perceptron() -> None:
    found = [
        [sheet[a].value for a in ("v[1]", "y[1]", "e[1]", "w new[1,1]", "w new[1,2]", "b new")]
        for sheet in explain("perceptron").sheets
    ]
    assert found == [
        [2.5, 1.0, -1.0, -0.5, 0.0, -0.5],
        [-1.5, 0.0, 1.0, 0.5, 1.0, 0.5],
        [0.5, 1.0, -1.0, -0.5, 2.0, -0.5],
        [0.5, 1.0, 0.0, -0.5, 2.0, -0.5],
        [-3.5, 0.0, 0.0, -0.5, 2.0, -0.5],
    ]


# --- every line follows from those before it ------------------------------------------------------
@pytest.mark.parametrize("name", built_in())
@pytest.mark.parametrize("conventions", PROFILES)
def test_built_in_problems_add_up(name: str, conventions: str) -> None:
    for sheet in explain(name, conventions=conventions).sheets:
        worked = sheet.work()
        assert len({line.address for line in sheet.lines()}) == len(list(sheet.lines()))
        for line in sheet.lines():
            assert worked[line.address] == pytest.approx(line.value, rel=1e-12, abs=1e-14)


LAYERS: dict[str, list[Any]] = {
    "tanh-softmax": [gn.Dense(2, "tanh"), gn.Dense(3, "softmax")],
    "relu-norm-linear": [
        gn.Dense(3, "relu", biases=None),  # its gradient would be 0 but for the rounding
        gn.BatchNorm(),
        gn.Dense(1, "linear"),
    ],
    "logistic": [gn.Dense(1, "logistic")],
    "deep": [gn.Dense(2, "elu"), gn.Dense(2, "gelu"), gn.Dense(2, "softsign"), gn.Dense(2)],
    "shared-names": [gn.Dense(2, "tanh", biases=None), gn.Dropout(0.5), gn.Dense(1)],
}
LOSSES = {"tanh-softmax": "cross_entropy", "logistic": "binary_cross_entropy"}


@pytest.mark.parametrize("clip", [{}, {"clip_norm": 0.1}, {"clip_value": 0.01}], ids=str)
@pytest.mark.parametrize("n", [1, 2])
@pytest.mark.parametrize(
    "optimizer",
    ["sgd 0.1", "momentum 0.1", "nesterov 0.1", "adaptive_gain 0.1", "adagrad 0.1", "rmsprop 0.1",
     "adam 0.1", "adamw 0.1"],
)  # fmt: skip
@pytest.mark.parametrize("layers", LAYERS)
def test_steps_add_up(layers: str, optimizer: str, n: int, clip: dict[str, float]) -> None:
    """What a person gets by following the lines is what the engine computed."""
    if layers == "relu-norm-linear" and n == 1:
        n = 3
    stack = Stack(LAYERS[layers], 2)
    classes = stack.activation.name in ("softmax", "logistic")
    loss = Loss.of(LOSSES.get(layers, "half_squared_error"))
    recipe = Recipe(
        stack, loss, Optimizer.of(optimizer), DType.FLOAT64, class_targets=classes, **clip
    )
    graph = training_graph(recipe, n)
    random = np.random.default_rng(len(layers))
    inputs: dict[str, Any] = {
        key: random.uniform(0.1, 0.9, tensor.shape)
        if tensor.dtype.is_float
        else random.integers(0, 2, tensor.shape)
        for key, tensor in graph.inputs.items()
    }
    inputs |= {"step": 3, "seed": 1, "counter": 5}
    for profile in PROFILES.values():
        sheet = explain_step(graph, inputs, profile)
        worked = sheet.work()
        for line in sheet.lines():
            assert worked[line.address] == pytest.approx(line.value, rel=1e-9, abs=1e-12)
        new = {str(line.address): line.value for line in sheet.lines()}
        outputs = gn.Program(graph).run(inputs)
        for key in stack.parameters():
            layer, _, name = key.partition(".")
            symbol = stack.parameters()[key].symbol
            value = outputs[f"parameters/{key}"]
            first = "1,1" if value.ndim == 2 else "1"
            address = f"{layer}.{symbol} new" + ("" if value.shape == (1,) else f"[{first}]")
            assert new[address] == pytest.approx(value.flat[0], rel=1e-12), name


# --- every printed equation is true of the numbers printed beside it ------------------------------
READ = {"−": "-", "·": "*", "²": "**2", "½": "0.5", "e^": "np.e**", " tanh ": "np.tanh"}


def equations(text: str) -> list[tuple[str, float]]:
    """Return the substituted right-hand sides of a page, with the results printed after them."""
    joined: list[str] = []
    for line in text.splitlines():
        if line.startswith("   ") and joined and (line.strip()[:1] in "=+−"):
            joined[-1] += " " + line.strip()
        else:
            joined.append(line.strip())
    found: list[tuple[str, float]] = []
    for line in joined:
        sides = [side.strip() for side in line.split(" = ")]
        numbers = re.fullmatch(r"−?[\d.]+(e−?\d+)?", sides[-1])
        if len(sides) > 2 and numbers and not re.search(r"[a-zA-Zδη]", sides[-2].replace("e^", "")):
            found.append((sides[-2], float(sides[-1].replace("−", "-"))))
    return found


@pytest.mark.parametrize("name", ["backpropagation", "perceptron", "and", "lms", "momentum"])
@pytest.mark.parametrize("digits", [3, 6, 9])
def test_printed_equations_are_true(name: str, digits: int) -> None:
    page = str(explain(name, digits=digits, carried=True))
    checked = equations(page)
    assert len(checked) > 5
    for text, wanted in checked:
        python = text
        for sign, word in READ.items():
            python = python.replace(sign, word)
        value = eval(python, {"np": np})
        assert rounds_to(value, wanted, digits), text


def test_rounding_is_carried() -> None:
    exact, carried = (explain("backpropagation", digits=2, carried=c) for c in (False, True))
    assert "0.11" in str(exact)
    assert str(exact) != str(carried)
    assert "rounded to 2 significant digits before it is used" in str(carried)


def test_json_has_every_quantity() -> None:
    document = explain("backpropagation").to_json()
    sections = document["steps"][0]["sections"]
    found = {q["address"]: q for section in sections for q in section["quantities"]}
    assert found["hidden.δ[1]"]["value"] == pytest.approx(0.0117885, abs=1e-7)
    assert found["hidden.δ[1]"]["formula"].startswith("output.w₁₁ · output.δ₁")
    assert found["x[1]"]["formula"] is None


# --- problems that cannot be read -----------------------------------------------------------------
PLAIN = """
[network]
layers = ["1 linear"]
[weights]
"output.w" = [[1.0, 2.0]]
[data]
x = [[1.0, 2.0]]
d = [[1.0]]
"""


def test_a_problem_of_ones_own(tmp_path: Any) -> None:
    path = tmp_path / "own.toml"
    path.write_text(PLAIN, encoding="utf-8")
    assert explain(path).sheets[0]["output.v[1]"].value == 5.0


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[network]", "[netwrok]", "did you mean 'network'"),
        ("layers =", "layer =", "did you mean 'layers'"),
        ("1 linear", "1 linaer", "linear"),
        ('"output.w"', '"output.W"', "did you mean 'output.w'"),
        ("[[1.0, 2.0]]\n[data]", "[[1.0]]\n[data]", r"shape \(1, 2\)"),
        ("d = [[1.0]]", "d = [[1.0, 2.0]]", "d must have shape"),
        ("d = [[1.0]]", '[training]\nloss = "mse"', "no d"),
        ("x = [[1.0, 2.0]]", 'x = [["a"]]', "numbers"),
        ("x = [[1.0, 2.0]]", "x = [[1.0, nan]]", "finite"),
        ("[network]", "steps = 0\n[network]", "steps"),
        ("[network]", 'conventions = "note"\n[network]', "notes"),
        ("[network]", "[network", "TOML"),
    ],
)
def test_bad_problems(old: str, new: str, words: str, tmp_path: Any) -> None:
    path = tmp_path / "own.toml"
    path.write_text(PLAIN.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(GlassnetError, match=words):
        explain(path)


def test_names_that_do_not_exist(tmp_path: Any) -> None:
    with pytest.raises(ArgumentError, match="did you mean 'backpropagation'"):
        load_problem("backpropagtion")
    with pytest.raises(DataError, match="cannot be read"):
        load_problem(tmp_path / "none.toml")
    with pytest.raises(DataError, match="either"):
        read_problem("[data]\nx = [[1]]\n", "own")
    with pytest.raises(ArgumentError, match="conventions"):
        explain("and", conventions="mine")
    with pytest.raises(ArgumentError, match="digits"):
        explain("and", digits=0)


def test_text_fits_a_page_of_any_width() -> None:
    workings = explain("backpropagation")
    page = render_text(workings.pages()[0], width=64)
    assert max(map(len, page.splitlines()[3:])) <= 64


@pytest.mark.parametrize("name", ["lms", "momentum", "adaline", "logistic-regression", "hebb"])
def test_a_step_starts_from_what_stands_on_the_page_before(name: str) -> None:
    """With digits carried, the next step is given the rounded results of the last one."""
    pages = explain(name, digits=3, carried=True, steps=3).pages()
    assert len(pages) == 3
    found = 0
    for before, after in itertools.pairwise(pages):
        left = {linear(e.name): e.result for part in before.parts for e in part.workings}
        for entry in (e for part in after.parts for e in part.given):
            new = left.get(f"{linear(entry.name)} new")
            if new is not None:
                assert linear(entry.result) == linear(new)
                found += 1
    assert found >= 2
