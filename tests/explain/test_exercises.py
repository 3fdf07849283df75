"""Exercises: friendly, the same for ever, true; sheets of them are marked as they should be."""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.engines.native import Engine, is_available
from glassnet.explain.checking import check
from glassnet.explain.conventions import profile_of
from glassnet.explain.exercises import Exercise, all_kinds, exercise
from glassnet.explain.exercises.draws import Draws
from glassnet.explain.exercises.kind import LEVELS
from glassnet.explain.latex import formula
from glassnet.explain.problems import Problem, read_problem
from glassnet.explain.workings import explain
from glassnet.learning.backpropagation import Recipe, training_graph
from glassnet.learning.optimizer import Optimizer
from glassnet.nn.losses import Loss
from glassnet.nn.stack import Stack, parse_layers
from glassnet.rules import RULES
from tests.explain.equations import latex_value

KINDS = list(all_kinds())
SEEDS = range(100, 111)
DIGITS = 12  # that are printed where equations are read again
NO_NUMBERS = (r"\operatorname{argm",)  # the place of a number among others
ROWS = [
    *(f"A{n}" for n in range(1, 9)), *(f"B{n}" for n in range(1, 4)), "C1",
    *(f"D{n}" for n in range(1, 7)), *(f"G{n}" for n in range(1, 4)),
    *(f"H{n}" for n in range(1, 6)), *(f"I{n}" for n in range(1, 7)),
    *(f"K{n}" for n in range(3, 8)),
]  # fmt: skip


def test_the_kinds_cover_the_rows() -> None:
    known = all_kinds()
    rows = {row for kind in known.values() for row in kind.row.split(", ")}
    assert rows == set(ROWS), "each row has a kind"
    assert [kind.name for kind in known.values()] == list(known)
    assert all(len(kind.title) <= 60 for kind in known.values())


# --- random exercises of every kind and level -----------------------------------------------------
@pytest.mark.parametrize("kind", KINDS)
def test_random_exercises(kind: str) -> None:
    seen: set[str] = set()
    for level in LEVELS:
        for seed in SEEDS:
            one = exercise(kind, seed=seed, level=level)
            is_friendly(one)
            prints_what_is_true(one)
            is_marked_right(one)
            seen.add(one.toml.partition("[")[2])
    assert len(seen) > len(SEEDS), "seeds and levels give different exercises"


def is_friendly(one: Exercise) -> None:
    """Given numbers have at most two decimals; what comes out is no wall of zeros."""
    data = "\n".join(
        line for line in one.toml.splitlines() if line[:1] not in "#t" and "seed" not in line
    )
    for text in re.findall(r"(?<![\w.])-?\d+\.?\d*", data.replace("1e-12", "")):
        assert len(text.partition(".")[2]) <= 2, one.toml
        assert abs(float(text)) < 20
    answers = one.answers()
    assert answers
    assert all(math.isfinite(value) and abs(value) < 1e4 for value in answers.values())
    if one.kind not in ("learning-rate", "dropout"):  # where it is the point
        for entry in one.course.entries:
            assert entry.line.kind != "local gradient" or abs(entry.line.value) > 1e-3, one


def prints_what_is_true(one: Exercise) -> None:
    workings = explain(one.problem, digits=DIGITS, carried=True)
    for page in workings.pages():
        for entry in (entry for part in page.parts for entry in part.workings):
            texts = [formula(side) for side in entry.sides[-2:]]
            if len(entry.sides) < 3 or any(word in texts[0] for word in NO_NUMBERS):
                continue
            value, wanted = map(latex_value, texts)
            assert value == pytest.approx(wanted, rel=1e-9, abs=1e-10), one


def is_marked_right(one: Exercise) -> None:
    checked = check(one.course, filled_in(one))
    assert checked.is_right, f"{one.toml}\n{checked}"


def filled_in(one: Exercise, **changed: float) -> str:
    """Return the worksheet with the right answers, rounded; some of them changed."""
    answers = iter({**one.answers(), **changed}.values())
    lines = str(one.worksheet).splitlines()
    return "\n".join(
        f"{line} {next(answers):.6g}" if line.endswith(" =") else line for line in lines
    )


# --- the weights are those of the C++ engine ------------------------------------------------------
LEARNING = [kind for kind in KINDS if any("new" in name for name in exercise(kind).answers())]


def native_steps(problem: Problem) -> list[Mapping[str, Any]]:
    """Return what the native engine gives out at each step, run from the problem's own numbers."""
    if problem.rule:
        settings = dict(problem.rule)
        model: Any = RULES[settings.pop("name")]()
        model.set_params(**settings)
        data = [problem.data[key] for key in ("x", "d") if key in problem.data]
        taken = model.steps(*data, epochs=-(-problem.steps // len(data[0])))
        given = taken.inputs[: problem.steps]
        engine = Engine({1: taken.graph})
        return [engine.run(1, {k: np.asarray(v) for k, v in step.items()}) for step in given]
    x, training_text = np.array(problem.data["x"]), problem.training["optimizer"]
    stack = Stack(parse_layers(", ".join(problem.network["layers"]), 1), x.shape[1:])
    d = np.array(problem.data["d"])
    training = dict(problem.training)
    loss, optimizer = Loss.of(training.pop("loss")), Optimizer.of(training.pop("optimizer"))
    seed = training.pop("seed", 0)
    recipe = Recipe(stack, loss, optimizer, gn.DType.FLOAT64, class_targets=d.ndim == 1, **training)
    engine = Engine({len(x): training_graph(recipe, len(x))})
    state: dict[str, Any] = {}
    for key, parameter in stack.parameters().items():
        first = parameter.initializer.values(parameter.shape, 0, 0)
        state[f"parameters/{key}"] = np.array(problem.weights.get(key, first), np.float64)
        for slot, value in optimizer.slots().items():
            state[f"slots/{key}/{slot}"] = np.full(parameter.shape, value)
    for key, entry in stack.statistics().items():
        state[f"statistics/{key}"] = entry.initializer.values(entry.shape, 0, 0)
    found: list[Mapping[str, Any]] = []
    for number in range(1, problem.steps + 1):
        given = {**state, "batch/x": x, "batch/target": d, "step": float(number)}
        given |= {"rate": rate_of(training_text, number), "seed": seed, "counter": number}
        kinds = {"seed": np.int64, "counter": np.int64}
        ready = {k: np.asarray(v, kinds.get(k, np.asarray(v).dtype)) for k, v in given.items()}
        found.append(engine.run(len(x), ready))
        state = {key: found[-1][key] for key in state}
    return found


def rate_of(optimizer: str, step: int) -> float:
    """Return η of "sgd 0.1", or of "sgd 'exponential 0.1 0.5'" at a step."""
    numbers = [float(text) for text in re.findall(r"(?<![=\d.])\d+\.?\d*(?=[ ']|$)", optimizer)]
    if "exponential" not in optimizer:
        return numbers[0]
    rate, decay = numbers
    return rate * decay ** (step - 1)


@pytest.mark.skipif(not is_available(), reason="the native engine is not there")
@pytest.mark.parametrize("kind", LEARNING)
def test_new_weights_are_the_native_engines(kind: str) -> None:
    for level in LEVELS:
        for seed in range(14):  # of all kinds and levels together more than 1,000
            one = exercise(kind, seed=seed, level=level)
            printed = {
                value
                for name, value in one.answers().items()
                if re.search(r"[wbγβ] new", name) or name.endswith(" new")
            }
            native = [
                float(value)
                for step in native_steps(one.problem)
                for key, values in step.items()
                if key.startswith("parameters/")
                for value in np.ravel(values)
            ]
            for value in printed:
                assert min(abs(value - other) for other in native) < 1e-12, (one, value)


# --- the same for ever ----------------------------------------------------------------------------
GOLDEN = sorted((Path(__file__).parent / "exercises").glob("*.toml"))  # kind-level-seed.toml


def test_the_draws_are_those_of_the_specification() -> None:
    """Philox 4×32-10 by itself, as Salmon et al. write it: plain Python, no library."""

    def philox(counter: list[int], key: list[int]) -> list[int]:
        c, k = list(counter), list(key)
        for _ in range(10):
            first, second = c[0] * 0xD2511F53, c[2] * 0xCD9E8D57
            c = [
                (second >> 32) ^ c[1] ^ k[0],
                second & 0xFFFFFFFF,
                (first >> 32) ^ c[3] ^ k[1],
                first & 0xFFFFFFFF,
            ]
            k = [(k[0] + 0x9E3779B9) % 2**32, (k[1] + 0xBB67AE85) % 2**32]
        return c

    stream = zlib.crc32(b"exercise neuron 2")
    draws = Draws(7, "neuron", 2, attempt=3)
    for block in range(3):  # of 64 words each
        words = [
            word
            for position in range(16)
            for word in philox([position, stream, 3 * 2**20 + block, 0], [7, 0])
        ]
        assert [draws.below(1000) for _ in words] == [word * 1000 // 2**32 for word in words]
    assert {Draws(1, "a", 1).whole(-2, 2) for _ in range(1)} <= set(range(-2, 3))


@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.stem)
def test_the_same_seed_gives_the_same_exercise_for_ever(file: Path) -> None:
    kind, level, seed = file.stem.rsplit("-", 2)
    made = exercise(kind, level=int(level), seed=int(seed)).toml
    assert made.encode() == file.read_bytes()


def test_there_are_pinned_exercises() -> None:
    assert len(GOLDEN) >= 7


@pytest.mark.parametrize("kind", KINDS)
def test_the_file_is_the_problem(kind: str) -> None:
    one = exercise(kind, seed=5, level=3)
    again = read_problem(one.toml, "")
    for part in ("title", "network", "weights", "training", "rule", "expression", "values",
                 "beam", "probabilities", "steps"):  # fmt: skip
        assert getattr(again, part) == getattr(one.problem, part)
    assert again.conventions == profile_of(one.problem.conventions)
    assert list(again.asked) == list(one.problem.asked)
    assert {k: np.array(v).tolist() for k, v in again.data.items()} == {
        k: np.array(v).tolist() for k, v in one.problem.data.items()
    }
    assert max(map(len, one.statement.splitlines())) <= 80
