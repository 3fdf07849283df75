"""Every optimiser against NumPy and PyTorch, and proof that these checks can fail."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import sys
import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from optimizer_oracles import NUMPY, TORCH, numpy_path, torch_path
from optimizer_runs import (
    BOTTOM,
    CURVATURE,
    SEQUENCE,
    START,
    quadratic,
    recorded,
    run,
    step_graph,
)

import glassnet as gn
import glassnet.learning as learning
from glassnet.learning import Momentum, Nesterov, Optimizer
from glassnet.unit import FAMILIES

MEMBERS = FAMILIES["optimizer"]
NAMES = sorted(MEMBERS)

# Settings that are far from the defaults, and such that each one changes the numbers visibly.
VIVID: dict[str, dict[str, float]] = {
    "sgd": {},
    "momentum": {"momentum": 0.7},
    "nesterov": {"momentum": 0.7},
    "adaptive_gain": {"increase": 0.3, "min_gain": 0.4, "max_gain": 1.5},
    "rmsprop": {"decay": 0.6, "epsilon": 0.05},
    "adagrad": {"epsilon": 0.05},
    "adam": {"beta1": 0.7, "beta2": 0.8, "epsilon": 0.05},
    "adamw": {"beta1": 0.7, "beta2": 0.8, "epsilon": 0.05, "weight_decay": 0.1},
}


def make(name: str, **settings: Any) -> Any:
    return MEMBERS[name](**{"learning_rate": 0.03, **settings})


def close(actual: Any, expected: Any) -> None:
    np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-13)


def check_against_numpy(optimizer: Any, name: str, settings: dict[str, Any]) -> None:
    """The check that the mutations below must fail."""
    for gradient in (quadratic, recorded):
        expected = numpy_path(name, START, gradient, 50, 0.03, **settings)
        close(run(optimizer, None if gradient is quadratic else gradient)["weight"], expected)


def test_every_optimiser_has_an_oracle() -> None:
    assert set(NAMES) == set(NUMPY) == set(TORCH) == set(VIVID)


@pytest.mark.parametrize("vivid", [False, True], ids=["default", "vivid"])
@pytest.mark.parametrize("name", NAMES)
def test_numpy(name: str, vivid: bool) -> None:
    settings = VIVID[name] if vivid else {}
    check_against_numpy(make(name, **settings), name, settings)


@pytest.mark.parametrize("vivid", [False, True], ids=["default", "vivid"])
@pytest.mark.parametrize("name", [name for name in NAMES if TORCH[name] is not None])
@pytest.mark.parametrize("gradient", [quadratic, recorded])
def test_pytorch(name: str, vivid: bool, gradient: Any) -> None:
    torch = pytest.importorskip("torch", reason="the oracle is PyTorch, which is not installed")
    settings = VIVID[name] if vivid else {}
    translate = TORCH[name]
    assert translate is not None
    kind, options = translate(**settings)
    expected = torch_path(torch, kind, START, gradient, 50, 0.03, **options)
    close(run(make(name, **settings), gradient)["weight"], expected)


@pytest.mark.parametrize("gradient", [quadratic, recorded])
def test_the_look_ahead_points_of_nesterov_are_the_weights_of_pytorch(gradient: Any) -> None:
    torch = pytest.importorskip("torch", reason="the oracle is PyTorch, which is not installed")
    theirs = torch_path(
        torch, "SGD", START, gradient, 50, 0.03, momentum=0.8, nesterov=True, dampening=0.0
    )
    ours = run(Nesterov(0.03, momentum=0.8), gradient)
    close(ours["weight"] - 0.8 * ours["change"], theirs)  # the next ŵ = w − αΔw
    close(ours["point"][1:], theirs[:-1])
    close(theirs + 0.8 * ours["change"], ours["weight"])  # and back
    assert np.abs(ours["weight"] - theirs).max() > 1e-2


def test_momentum_when_the_rate_changes_keeps_the_steps_that_pytorch_scales() -> None:
    def rate(t: int) -> float:
        return 0.03 if t <= 25 else 0.003

    ours = run(Momentum(0.03, momentum=0.8), recorded, rate=rate)["weight"]
    close(ours, numpy_path("momentum", START, recorded, 50, rate, momentum=0.8))

    # PyTorch: u ← αu + g; w ← w − ηu, with the η of now for all that u remembers
    w, u, outside = START, np.zeros(3), []
    for t in range(1, 51):
        u = 0.8 * u + recorded(w, t)
        w = w - rate(t) * u
        outside.append(w)
    close(ours[:25], outside[:25])
    assert np.abs(ours[26:] - outside[26:]).max() > 1e-2
    torch = pytest.importorskip("torch", reason="the oracle is PyTorch, which is not installed")
    close(torch_path(torch, "SGD", START, recorded, 50, rate, momentum=0.8), outside)


@pytest.mark.parametrize("name", NAMES)
def test_a_changing_rate(name: str) -> None:
    def rate(t: int) -> float:
        return 0.05 / t

    expected = numpy_path(name, START, quadratic, 50, rate, **VIVID[name])
    close(run(make(name, **VIVID[name]), None, rate=rate)["weight"], expected)


@pytest.mark.parametrize("name", NAMES)
def test_float32_stays_float32(name: str) -> None:
    optimizer = make(name, **VIVID[name])
    outputs = run(optimizer, None, dtype="float32")
    assert {array.dtype for array in outputs.values()} == {np.dtype("float32")}
    graph = step_graph(optimizer, (3,), "float32", bowl=True)
    wide = [node for node in graph.nodes if node.dtype == "float64" and node.size > 1]
    assert not wide
    expected = run(optimizer, None)["weight"]
    # 50 steps of rounding, each a few units of the last place (1.2e-7) of numbers up to 2
    np.testing.assert_allclose(outputs["weight"], expected, rtol=0, atol=1e-5)


def test_the_first_steps_of_adam_are_exact_in_float32() -> None:
    # 1 − 0.999 in float32 would be wrong by 1.3e-5 of itself, and so would the first steps be
    adam = MEMBERS["adam"](1.0)
    narrow = run(adam, recorded, steps=5, start=np.zeros(3), dtype="float32")["weight"]
    wide = run(adam, recorded, steps=5, start=np.zeros(3))["weight"]
    np.testing.assert_allclose(narrow, wide, rtol=2e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [(), (1,), (2, 3), (2, 1, 2), (0,)])
def test_each_weight_is_treated_by_itself(name: str, shape: tuple[int, ...]) -> None:
    optimizer = make(name, **VIVID[name])
    rng = np.random.default_rng(3)
    start, sequence = rng.normal(size=shape), rng.normal(size=(5, *shape))
    together = run(optimizer, lambda _w, t: sequence[t - 1], steps=5, start=start)
    assert set(together) == {"weight", "point", *optimizer.slots()}
    assert together["weight"].shape == (5, *shape)
    for place in np.ndindex(shape):
        alone = run(
            optimizer,
            lambda _w, t, place=place: sequence[(t - 1, *place)],
            steps=5,
            start=start[place],
        )
        for output, values in together.items():
            np.testing.assert_array_equal(values[(slice(None), *place)], alone[output])


@pytest.mark.parametrize("name", NAMES)
def test_a_step_is_a_formula_of_its_inputs_with_the_textbooks_symbols(name: str) -> None:
    graph = gn.verify(step_graph(make(name), (3,), "float64", bowl=False))
    symbols = {node.label.symbol for node in graph.nodes}
    wanted = {
        "nesterov": {"ŵ"},
        "adaptive_gain": {"g"},
        "rmsprop": {"MS"},
        "adagrad": {"G"},
        "adam": {"m", "v", "m̂", "v̂"},
        "adamw": {"m", "v", "m̂", "v̂", "ηλw"},
    }
    assert {"Δw"} | wanted.get(name, set()) <= symbols


@pytest.mark.parametrize("name", NAMES)
def test_a_convex_quadratic_is_reduced(name: str) -> None:
    optimizer: Any = MEMBERS[name]()  # all defaults
    path = run(optimizer, None, steps=300)["weight"]
    loss = 0.5 * (CURVATURE * (np.vstack([START, path]) - BOTTOM) ** 2).sum(axis=1)
    assert loss[-1] < 0.8 * loss[0]
    assert loss.max() <= loss[0] * (1 + 1e-12)
    assert np.isfinite(path).all()


@pytest.mark.parametrize("name", NAMES)
def test_gradients_of_zero_move_nothing(name: str) -> None:
    optimizer = make(name, **{k: v for k, v in VIVID[name].items() if k != "weight_decay"})
    if name == "adamw":
        optimizer = dataclasses.replace(optimizer, weight_decay=0.0)
    path = run(optimizer, lambda _w, _t: np.zeros(3), steps=3)["weight"]
    np.testing.assert_array_equal(path, [START] * 3)


def test_the_gain_stays_where_there_is_no_sign_and_sees_tiny_gradients() -> None:
    gains = MEMBERS["adaptive_gain"](0.1, increase=0.5)
    sequence = [1.0, 0.0, 1.0, 1e-200, -1e-200, -1.0, -1.0]
    found = run(gains, lambda _w, t: sequence[t - 1], steps=7, start=0.0)["gain"]
    #                    first, now 0, before 0, kept, turned, kept, kept
    assert found.tolist() == [1.0, 1.0, 1.0, 1.5, 0.75, 1.25, 1.75]


def test_a_plain_number_is_a_constant_schedule() -> None:
    schedule = learning.Cosine(0.1)
    assert Momentum(0.2).schedule == learning.Constant(0.2)
    assert Momentum(schedule).schedule is schedule


# ------------------------------------------------------------------- proof that the checks can fail


def fails(optimizer: Any, name: str) -> bool:
    try:
        check_against_numpy(optimizer, name, VIVID[name])
    except (AssertionError, gn.errors.GlassnetError):
        return True
    return False


@pytest.mark.parametrize("name", NAMES)
def test_each_setting_matters(name: str) -> None:
    optimizer = make(name, **VIVID[name])
    assert not fails(optimizer, name)
    for field in dataclasses.fields(optimizer):
        if field.name != "learning_rate":  # given to the run; the rate is a mutation of its own
            value = getattr(optimizer, field.name)
            other = value * 1.01 if field.name in ("max_gain", "epsilon") else value * 0.99
            assert fails(dataclasses.replace(optimizer, **{field.name: other}), name), field.name
    assert fails(dataclasses.replace(optimizer, learning_rate=0.0301), name)


@pytest.mark.parametrize("name", NAMES)
def test_each_slot_is_remembered(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    cls: Any = MEMBERS[name]
    original = cls.update
    for slot in make(name).slots():

        def forgetful(self: Any, *args: Any, slot: str = slot) -> Any:
            weight, state = original(self, *args)
            return weight, {**state, slot: args[2][slot]}

        with monkeypatch.context() as patch:
            patch.setattr(cls, "update", forgetful)
            assert fails(make(name, **VIVID[name]), name), slot


SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Pow: ast.Mult,
    ast.Gt: ast.GtE,
    ast.Lt: ast.LtE,
}
NAME_SWAPS = {"maximum": "minimum", "minimum": "maximum", "sqrt": "abs", "sign": "abs"}


class Mutation(ast.NodeTransformer):
    """Changes the one place of a formula whose number is given, counted in reading order."""

    def __init__(self, place: int) -> None:
        self.place, self.seen, self.done = place, 0, ""
        self.depth = 0

    def _here(self) -> bool:
        self.seen += 1
        return self.seen - 1 == self.place

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        if node.name in ("update", "lookahead", "slots", "_correction"):
            self.depth += 1
            self.generic_visit(node)
            self.depth -= 1
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        swapped = SWAPS.get(type(node.op))
        if self.depth and swapped and self._here():
            self.done = f"line {node.lineno}: {ast.unparse(node)}"
            node.op = swapped()  # type: ignore[assignment]
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        swapped = SWAPS.get(type(node.ops[0]))
        if self.depth and swapped and self._here():  # what is compared with stays: signs are whole
            self.done = f"line {node.lineno}: {ast.unparse(node)}"
            node.ops = [swapped()]  # type: ignore[list-item]
        return node

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if self.depth and node.id in NAME_SWAPS and self._here():
            self.done = f"line {node.lineno}: {node.id}"
            return ast.Name(NAME_SWAPS[node.id], node.ctx)
        return node

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        if self.depth and isinstance(node.value, float) and self._here():
            self.done = f"line {node.lineno}: {node.value}"
            return ast.Constant(node.value + 0.5)
        return node


def mutants(name: str) -> Iterator[tuple[str, Any]]:
    """Every class that differs from the optimiser by one operator, name or constant."""
    module = importlib.import_module(MEMBERS[name].__module__)
    source = inspect.getsource(module)
    for place in range(100):
        mutation = Mutation(place)
        tree = ast.fix_missing_locations(mutation.visit(ast.parse(source)))
        if not mutation.done:
            return
        changed = types.ModuleType("mutant")
        sys.modules["mutant"] = changed
        changed.__dict__.update(maximum=gn.maximum, minimum=gn.minimum)
        saved = dict(MEMBERS)
        try:
            exec(compile(tree, "mutant", "exec"), changed.__dict__)
            yield mutation.done, MEMBERS[name]
        finally:
            MEMBERS.clear()
            MEMBERS.update(saved)
            del sys.modules["mutant"]


@pytest.mark.parametrize("name", NAMES)
def test_every_change_of_a_formula_is_noticed(name: str) -> None:
    settings = {"learning_rate": 0.03, **VIVID[name]}
    found = [(what, fails(cls(**settings), name)) for what, cls in mutants(name)]
    assert len(found) >= 2
    assert [what for what, noticed in found if not noticed] == []
    assert MEMBERS[name].__module__.startswith("glassnet.learning.")


def test_the_random_gradients_change_their_signs() -> None:
    assert (np.diff(np.sign(SEQUENCE), axis=0) != 0).sum(axis=0).min() > 10


def test_the_parent_has_no_update() -> None:
    number = gn.tensor(1.0)
    with pytest.raises(NotImplementedError, match="Optimizer has no update"):
        Optimizer(0.1).update(number, number, {}, number, number)
