"""Checking: right sheets are never faulted, wrong lines are carried forward, causes are named."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from glassnet.explain.checking import Checked, check
from glassnet.explain.problems import Problem, load_problem
from glassnet.explain.worksheet import course_of
from tests.explain.students import (
    Numbers,
    digits,
    random_net,
    random_perceptron,
    sheet,
    work,
    work_perceptron,
)

SHEETS = Path(__file__).parent / "sheets"
ALL_RIGHT = sheet(work(random_net(random.Random(0))), 6)


# --- right sheets ---------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("loss", ["half_squared_error", "mse"])
def test_a_right_sheet_is_never_faulted(seed: int, loss: str) -> None:
    net = random_net(random.Random(seed), outputs=2 + (loss == "mse"), loss=loss)
    course = course_of(net.problem())
    for k in (3, 4, 5, 6):
        for cut in (digits(k), float):
            checked = check(course, sheet(work(net, "", cut), k))
            assert checked.is_right, str(checked)
            assert checked.method == checked.accuracy == checked.possible
            assert not checked.causes


# --- planted mistakes -----------------------------------------------------------------------------
PLANTED = {
    "error sign": "error-sign",
    "slope forgotten": "slope-forgotten",
    "slope at y": "slope-at-output",
    "rate forgotten": "rate-forgotten",
    "another rate": "another-rate",
    "bias forgotten": "bias-forgotten",
    "bias sign": "bias-sign",
    "transposed forward": "transposed",
    "transposed backward": "transposed",
    "updated weight": "updated-weight",
    "half forgotten": "factor",
    "mean forgotten": "factor",
    "rounded early": "rounded-early",
    "threshold": "threshold",
    "digit": "copied-wrongly",
    "sign": "copied-wrongly",
}


def planted(mistake: str, rng: random.Random) -> tuple[Problem, str, int] | None:
    """Return a random problem, a sheet with the mistake, and steps; None if it changes nothing."""
    if mistake == "threshold":
        problem = random_perceptron(rng)
        return problem, sheet(work_perceptron(problem, strict=True), 6), 1
    mean = mistake == "mean forgotten"
    net = random_net(rng, outputs=2 + mean, loss="mse" if mean else "half_squared_error")
    k = rng.choice((4, 5, 6))
    cut = rng.choice((digits(k), float))
    right = work(net, "", cut)
    if mistake in ("digit", "sign"):
        text = with_a_slip(sheet(right, k), mistake, rng)
        return None if text is None else (net.problem(), text, 1)
    wrong: Numbers
    if mistake == "rounded early":
        wrong = work(net, "", digits(rng.choice((1, 2))))
    elif mistake == "another rate":
        rates = [rate for rate in (0.05, 0.1, 0.2, 0.25, 0.5, 0.7, 1.5) if rate != net.rate]
        wrong = work(net, "", cut, rng.choice(rates))
    else:
        wrong = work(net, mistake, cut)
    if all(abs(wrong[a] - right[a]) <= 2 * 10 ** (1 - k) * abs(right[a]) for a in right):
        return None
    return net.problem(), sheet(wrong, k), 1


def with_a_slip(text: str, kind: str, rng: random.Random) -> str | None:
    """Return a sheet with one sign or digit changed."""
    lines = text.splitlines()
    place = rng.randrange(len(lines))
    name, _, value = lines[place].partition(" = ")
    if float(value) == 0.0:
        return None
    if kind == "sign":
        value = value[1:] if value.startswith("-") else f"-{value}"
    else:
        at = rng.choice([i for i, c in enumerate(value.partition("e")[0]) if c.isdigit()])
        other = rng.choice([c for c in "0123456789" if c != value[at]])
        value = value[:at] + other + value[at + 1 :]
    lines[place] = f"{name} = {value}"
    return "\n".join(lines)


@pytest.mark.parametrize("mistake", PLANTED)
def test_the_cause_of_a_planted_mistake_is_named(mistake: str) -> None:
    rng = random.Random(f"planted {mistake}")
    tried = named = 0
    while tried < 40:
        made = planted(mistake, rng)
        if made is None:
            continue
        problem, text, steps = made
        checked = check(problem, text, steps=steps)
        tried += 1
        named += PLANTED[mistake] in {cause.code for cause in checked.causes}
    assert named >= 0.9 * tried


def test_another_rate_is_said() -> None:
    net = random_net(random.Random(5))
    net.rate = 0.1
    checked = check(net.problem(), sheet(work(net, rate=0.3), 5))
    assert checked.causes[0].text == "the numbers were made with η = 0.3, not with 0.1"


def test_a_cause_in_blank_lines() -> None:
    """Only the changes are written; ψ′ is forgotten in local gradients that are not."""
    net = random_net(random.Random(3))
    numbers = work(net, "slope forgotten")
    kept = {a: value for a, value in numbers.items() if "δ" not in a and "new" not in a}
    checked = check(net.problem(), sheet(kept, 6))
    assert checked.causes[0].code == "slope-forgotten"


# --- errors carried forward -----------------------------------------------------------------------
def test_what_follows_from_a_wrong_line() -> None:
    net = random_net(random.Random(1))
    right = work(net)
    shifted = random_net(random.Random(1))
    shifted.hidden_b[0] += 0.37  # the same as a wrong v₁, but for b₁ new
    numbers = work(shifted)
    numbers["hidden.b new[1]"] = net.hidden_b[0] + numbers["hidden.Δb[1]"]
    checked = check(net.problem(), sheet(numbers, 6))
    assert checked["hidden.v[1]"].status == "wrong"
    assert checked["hidden.v[2]"].is_right
    follows = [mark for mark in checked.marks if mark.status == "follows"]
    assert {mark.address for mark in follows} == {
        a for a in right if f"{right[a]:.6g}" != f"{numbers[a]:.6g}" and a != "hidden.v[1]"
    }
    assert all(mark.origins == ("hidden.v[1]",) and mark.method for mark in follows)
    assert not any(mark.accuracy for mark in follows)
    assert checked.method == checked.possible - 1
    assert checked.accuracy == checked.possible - 1 - len(follows)
    assert "wrong, but follows correctly from your hidden.v[1]" in str(checked)


@pytest.mark.parametrize("first", ["output.y[1] = 1", "output.y[1] = 0", "output.δ[1] = 0"])
def test_a_degenerate_value_earns_nothing_later(first: str) -> None:
    """Everything after an output of 1 is 0: there was nothing to do."""
    text = first + "\n" + "\n".join(
        f"{a} = 0"
        for a in ("output.δ[1]", "hidden.δ[1]", "hidden.δ[2]", "output.Δw[1,1]", "output.Δw[1,2]")
        if not first.startswith(a)
    )  # fmt: skip
    text += "\noutput.w new[1,1] = 0.4\noutput.w new[1,2] = 0.1\n"
    checked = check("backpropagation", text)
    assert checked.method == checked.accuracy == 0
    assert checked.counts["follows"] >= 5


def test_a_threshold_is_not_degenerate() -> None:
    text = "v = -2.5\ny = 0\ne = 0\nw11 new = 0.5\n[step 2]\nv = -0.5\n"
    checked = check("perceptron", text)
    assert checked["1:y[1]"].status == "follows"
    assert checked["1:y[1]"].method
    assert not checked["1:w new[1,1]"].method


def test_errors_go_on_into_the_next_step() -> None:
    text = "w12 new = 4\n[step 2]\nv = 2.5\ny = 1\ne = 0\n"
    checked = check("perceptron", text)
    assert checked["1:w new[1,2]"].status == "wrong"
    mark = checked["2:v[1]"]
    assert (mark.status, mark.origins) == ("follows", ("1:w new[1,2]",))


def test_a_given_number_read_wrongly() -> None:
    text = "x2 = 2\nhidden.v1 = 0.1\nhidden.v2 = 1.3\n"
    checked = check("backpropagation", text)
    assert checked["x[2]"].status == "wrong"
    assert checked["hidden.v[1]"].status == checked["hidden.v[2]"].status == "follows"


def test_digits() -> None:
    for text, status in (
        ("0.522741", "right"), ("0.5227", "right to the digits given"), ("0.5228", "wrong"),
        ("0.52", "right to the digits given"), ("0.5", "wrong"), ("1", "wrong"),
    ):  # fmt: skip
        checked = check("backpropagation", f"output.y1 = {text}")
        assert checked["output.y[1]"].status == status, text


# --- the notes' own pages -------------------------------------------------------------------------
def statuses(checked: Checked, *wanted: str) -> set[str]:
    marks = [mark for mark in checked.marks if mark.counts or mark.address == "η"]
    return {f"{m.step}:{m.address}" for m in marks if m.status in wanted}


def test_the_notes_perceptron() -> None:
    checked = check("perceptron", SHEETS / "perceptron.txt")
    assert statuses(checked, "wrong") == {"1:v[1]", "3:w new[1,2]"}
    assert not statuses(checked, "follows", "unreadable", "unknown")
    assert checked.counts["right"] == 21
    assert checked["1:v[1]"].value == 2.5
    assert checked["3:w new[1,2]"].value == 2.0
    # the next field, 0.5, is made with the right weight
    assert "does not follow from your 3:w new[1,2]" in checked["4:v[1]"].note


def test_the_notes_back_propagation() -> None:
    checked = check("backpropagation", SHEETS / "backpropagation.txt")
    assert statuses(checked, "wrong") == {
        "1:η", "1:output.y[1]", "1:output.Δw[1,2]", "1:output.Δb"
    }  # fmt: skip
    assert not statuses(checked, "follows", "unreadable", "unknown")
    assert statuses(checked, "right", "right to the digits given") == {
        "1:hidden.v[1]", "1:hidden.v[2]", "1:hidden.y[1]", "1:hidden.y[2]", "1:output.v[1]",
        "1:output.δ[1]", "1:output.Δw[1,1]", "1:output.b new",
    }  # fmt: skip
    assert [(m.written, m.status) for m in checked.marks if m.address == "output.y[1]"] == [
        ("0.5227", "right to the digits given"),
        ("0.5507", "wrong"),
        ("0.5927", "wrong"),
        ("0.5997", "wrong"),
    ]
    assert "not follow from your output.y[1]" in checked["output.δ[1]"].note
    texts = {cause.text for cause in checked.causes}
    assert "the numbers were made with η = 0.25, not with the stated 0.05" in texts
    assert checked["output.Δw[1,2]"].cause == "a digit is copied wrongly"


def test_the_notes_numbers_were_not_made_with_the_stated_rate() -> None:
    notes = load_problem("backpropagation")
    stated = replace(notes, training={**notes.training, "optimizer": "sgd 0.05"})
    checked = check(stated, SHEETS / "backpropagation.txt")
    first = checked.causes[0]
    assert first.text == "the numbers were made with η = 0.25, not with 0.05"
    assert first.lines == ("output.Δw[1,1]", "output.b new")


# --- what comes out -------------------------------------------------------------------------------
def test_json() -> None:
    checked = check("backpropagation", "hidden.v1 = 0.3\nhidden.y1 = 0.574443\nq = 1\n")
    document = json.loads(json.dumps(checked.to_json(), allow_nan=False))
    found = {line["address"]: line for line in document["lines"]}
    assert found["hidden.y[1]"]["status"] == "follows"
    assert found["hidden.y[1]"]["follows_from"] == ["hidden.v[1]"]
    assert found["q"]["status"] == "unknown"
    assert document["marks"] == {"possible": 29, "method": 1, "accuracy": 0}
    assert document["right"] is False


@pytest.mark.parametrize("seed", range(20))
def test_wild_numbers_break_nothing(seed: int) -> None:
    rng = random.Random(seed)
    names = [e.name for e in course_of("backpropagation").entries]
    values = ["0", "1e300", "-1e300", "1e-300", "1/3", "0.5", "12345678901234567890", "-0", ""]
    text = "\n".join(f"{name} = {rng.choice(values)}" for name in names)
    json.dumps(check("backpropagation", text).to_json(), allow_nan=False)
