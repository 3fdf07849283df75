"""Answer sheets on recurrent networks: marked, errors carried forward, mistakes in time named."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from glassnet.explain.checking import Checked, check
from glassnet.explain.exercises import exercise
from glassnet.explain.expressions import Address, evaluate
from glassnet.explain.worksheet import Course, course_of, worksheet

Values = Mapping[str, float]
Slip = Callable[[Values], float]


def sheet_of(course: Course, slips: Mapping[str, Slip], *, symbols: bool = False) -> str:
    """Return a sheet as a person fills it in who slips, and goes on from there."""
    known: dict[Address, float] = {}
    named: dict[str, float] = {}
    rows: list[str] = []
    for entry in course.entries:
        formula = entry.line.formula
        value = entry.line.value
        if entry.role == "asked" and formula is not None:
            value = evaluate(formula, known.__getitem__)
        if entry.name in slips:
            value = slips[entry.name](named)
        if entry.role == "asked":
            text = f"{value:.7g}"
            rows.append(f"{entry.symbol if symbols else entry.name} = {text}")
        known[entry.address] = named[entry.name] = value
    return "\n".join(rows)


def marked(problem: str, slips: Mapping[str, Slip]) -> Checked:
    course = course_of(problem)
    return check(course, sheet_of(course, slips))


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru", "truncated-bptt"])
@pytest.mark.parametrize("symbols", [False, True])
def test_a_right_sheet(name: str, symbols: bool) -> None:
    """Names may be written as in the worksheet, rnn1.h(2)[1], or as on the page, h₁(2)."""
    course = course_of(name)
    assert check(course, sheet_of(course, {}, symbols=symbols)).is_right


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("h1(2)", "rnn1.h(2)[1]"),
        ("h[1](2)", "rnn1.h(2)[1]"),
        ("rnn1.h_1(2)", "rnn1.h(2)[1]"),
        ("delta_1(2)", "rnn1.δ(2)[1]"),
        ("dE/du_11(2)", "rnn1.∂E/∂u(2)[1,1]"),
        ("∂E/∂u₁₁(2)", "rnn1.∂E/∂u(2)[1,1]"),
        ("u11 new", "rnn1.u new[1,1]"),
    ],
)
def test_ways_to_write_a_name(written: str, address: str) -> None:
    value = next(e.line.value for e in course_of("rnn").entries if e.name == address)
    assert check("rnn", f"{written} = {value:.7g}")[address].status == "right"


def test_names_of_gates() -> None:
    for written in ("δ1(2) full", "delta full(2)", "rnn1.δ full(2)[1]"):
        address = "rnn1.δ full(2)[1]"
        assert check("truncated-bptt", f"{written} = 0.446781")[address].status == "right"
    for written in ("v_f(2)", "vf1(2)", "v_f[1](2)", "lstm1.v_f(2)[1]"):
        assert check("lstm", f"{written} = 0.784503")["lstm1.v_f(2)[1]"].status == "right"


def test_an_error_in_a_state_is_carried_through_time() -> None:
    checked = marked("rnn", {"rnn1.h(1)[1]": lambda _: 0.25})
    statuses = {mark.address: mark.status for mark in checked.marks}
    assert statuses["rnn1.h(1)[1]"] == "wrong"
    for later in ("rnn1.v(2)[1]", "rnn1.h(3)[2]", "output.v[1]", "rnn1.δ(1)[1]",
                  "rnn1.∂E/∂u(2)[1,1]", "rnn1.∂E/∂u[1,1]", "rnn1.u new[1,1]"):  # fmt: skip
        assert statuses[later] == "follows", later
    assert statuses["rnn1.h(1)[2]"] == "right"
    assert checked.counts["wrong"] == 1


MISTAKES: dict[str, tuple[str, str, Slip]] = {
    "slope-forgotten": (
        "rnn", "rnn1.δ(2)[1]",
        lambda v: v["rnn1.u[1,1]"] * v["rnn1.δ(3)[1]"] + v["rnn1.u[2,1]"] * v["rnn1.δ(3)[2]"],
    ),
    "transposed": (
        "rnn", "rnn1.δ(2)[1]",
        lambda v: (v["rnn1.u[1,1]"] * v["rnn1.δ(3)[1]"] + v["rnn1.u[1,2]"] * v["rnn1.δ(3)[2]"])
        * (1 - v["rnn1.h(2)[1]"] ** 2),
    ),
    "state-of-another-step": (
        "rnn", "rnn1.∂E/∂u(2)[1,2]", lambda v: -v["rnn1.δ(2)[1]"] * v["rnn1.h(2)[2]"],
    ),
    "term-forgotten": (
        "rnn", "rnn1.v(2)[1]",
        lambda v: -0.5 * 0.5 - 0.3 + 0.1 - 0.1 * v["rnn1.h(1)[2]"],
    ),
    "bias-forgotten": (
        "lstm", "lstm1.v_f(2)[1]", lambda v: 0.5 * -0.5 + 0.2 * v["lstm1.h(1)[1]"],
    ),
    "path-through-time": (
        "lstm", "lstm1.δ_c(1)[1]",
        lambda v: v["lstm1.δ_c(2)[1]"] * v["lstm1.f(2)[1]"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("code", MISTAKES)
def test_likely_causes(code: str) -> None:
    problem, address, slip = MISTAKES[code]
    found = {cause.code: cause.lines for cause in marked(problem, {address: slip}).causes}
    assert code in found, found
    assert address in found[code]


def test_the_forgotten_gradient_of_a_gate() -> None:
    slope = marked(
        "lstm",
        {"lstm1.δ_f(2)[1]": lambda v: v["lstm1.δ_c(2)[1]"] * v["lstm1.c(1)[1]"]},
    )
    assert "slope-forgotten" in {cause.code for cause in slope.causes}


def test_the_worksheet_has_the_steps() -> None:
    rows = str(worksheet("rnn")).splitlines()
    assert rows.index("# Forward: rnn1 layer, t = 1") < rows.index("rnn1.h(1)[1] =")
    assert rows.index("rnn1.δ(3)[1] =") < rows.index("rnn1.δ(1)[1] =")
    assert "rnn1.∂E/∂u(2)[1,1] =" in rows
    assert "x(2)[1] = -0.5" in rows


@pytest.mark.parametrize("level", [1, 2, 3])
def test_exercises_ask_for_what_they_say(level: int) -> None:
    bptt = exercise("bptt", seed=1, level=level).answers()
    assert any(name.startswith("rnn1.∂E/∂u(2)") for name in bptt)
    assert any(name.startswith("rnn1.δ(1)") for name in bptt)
    cut = exercise("truncated-bptt", seed=1, level=level).answers()
    total = cut["rnn1.∂E/∂u full[1,1]"] - cut["rnn1.∂E/∂u[1,1]"]
    assert cut["rnn1.∂E/∂u cut[1,1]"] == pytest.approx(total, rel=1e-10)
    assert abs(total) > 1e-5
