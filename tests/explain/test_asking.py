"""Problems that ask for some quantities only."""

from __future__ import annotations

from dataclasses import replace

import pytest

from glassnet.errors import ArgumentError, DataError
from glassnet.explain.problems import load_problem, read_problem
from glassnet.explain.workings import explain
from glassnet.explain.worksheet import course_of

WHOLE = load_problem("backpropagation")


@pytest.mark.parametrize(
    ("asked", "last", "lines"),
    [
        (("hidden.v",), "hidden.v[2]", 10),
        (("E",), "E", 20),
        (("hidden.δ[1]",), "hidden.δ[1]", 21),
        (("v", "y"), "output.y[1]", 17),
    ],
)
def test_what_is_asked_and_what_it_needs(asked: tuple[str, ...], last: str, lines: int) -> None:
    problem = replace(WHOLE, asked=asked)
    (sheet,) = explain(problem).sheets
    (whole,) = explain(WHOLE).sheets
    names = [str(line.address) for line in sheet.lines()]
    assert names[-1] == last
    assert len(names) == lines
    assert all(line.value == whole[str(line.address)].value for line in sheet.lines())
    assert sheet.work()[whole[last].address] == pytest.approx(whole[last].value)
    assert all(section.lines for section in sheet.sections)


def test_the_sign_of_gradients_is_said_only_where_there_are_some() -> None:
    assert len(explain(replace(WHOLE, asked=("E",))).sheets[0].conventions) == 1
    assert len(explain(replace(WHOLE, asked=("hidden.δ",))).sheets[0].conventions) == 2


def test_several_steps() -> None:
    course = course_of(replace(load_problem("perceptron"), asked=("e",)))
    assert [e.name for e in course.entries if e.role == "asked" and e.step == 2] == [
        "v[1]", "y[1]", "e[1]",
    ]  # fmt: skip


def test_mistakes() -> None:
    with pytest.raises(ArgumentError, match=r"backpropagation: asked has 'hiden.v'.*'hidden.v'"):
        explain(replace(WHOLE, asked=("hiden.v",)))
    text = 'asked = "v"\n[network]\nlayers = ["1 linear"]\n[data]\nx = [[1.0]]\n'
    with pytest.raises(DataError, match="asked must be a list"):
        read_problem(text, "mine.toml")
