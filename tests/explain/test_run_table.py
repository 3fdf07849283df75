"""Runs as tables: the notes' perceptron, networks, chosen columns, 80 columns of text."""

from __future__ import annotations

import json
import unicodedata

import pytest

from glassnet.errors import ArgumentError
from glassnet.explain import explain
from glassnet.explain.problems import built_in, load_problem
from glassnet.explain.run_table import MOST_ROWS, RunTable

# The notes' worked example C2, put right: epoch, example, v, y, d, e, w after, b after.
C2 = [
    [1, 1, 2.5, 1, 0, -1, -0.5, 0, 0.5, -0.5],
    [1, 2, -1.5, 0, 1, 1, 0.5, 1, -0.5, 0.5],
    [2, 1, 0.5, 1, 0, -1, -0.5, 2, 0.5, -0.5],
    [2, 2, 0.5, 1, 1, 0, -0.5, 2, 0.5, -0.5],
    [3, 1, -3.5, 0, 0, 0, -0.5, 2, 0.5, -0.5],
]


def table_of(name: str, **options: object) -> RunTable:
    (chapter,) = explain(name, table=True, **options).chapters  # type: ignore[arg-type]
    assert isinstance(chapter, RunTable)
    return chapter


def test_the_notes_perceptron() -> None:
    found = table_of("perceptron")
    assert found.to_json()["columns"] == [
        "epoch", "example", "v[1]", "y[1]", "d[1]", "e[1]", "w new[1,1]", "w new[1,2]",
        "w new[1,3]", "b new",
    ]  # fmt: skip
    assert found.to_json()["rows"] == C2


SHOWN_WHOLE = [n for n in built_in() if load_problem(n).expression or load_problem(n).beam]


@pytest.mark.parametrize("name", [n for n in built_in() if n not in SHOWN_WHOLE])
@pytest.mark.parametrize("digits", [3, 6, 12])
def test_it_fits_a_page(name: str, digits: int) -> None:
    text = str(explain(name, table=True, digits=digits, steps=4))
    assert max(sum(not unicodedata.combining(c) for c in row) for row in text.splitlines()) <= 80
    assert "The run: " in text


@pytest.mark.parametrize("name", ["backpropagation", "perceptron", "momentum"])
def test_the_numbers_are_those_of_the_steps(name: str) -> None:
    found = table_of(name, steps=4, quantity="v")
    sheets = explain(name, steps=4).sheets
    assert len(found.values) == len(sheets)
    for values, sheet in zip(found.values, sheets, strict=True):
        assert list(values) == [sheet[str(address)].value for address in found.columns]


def test_chosen_columns() -> None:
    found = table_of("backpropagation", steps=3, quantity="delta", neuron="hidden")
    assert list(map(str, found.columns)) == ["E", "hidden.δ[1]", "hidden.δ[2]"]
    one = table_of("backpropagation", steps=3, quantity="output.w new[1,2]")
    assert list(map(str, one.columns)) == ["E", "output.w new[1,2]"]
    with pytest.raises(ArgumentError, match="choose fewer"):
        explain("backpropagation", table=True, quantity="w", digits=12)


def test_what_there_is_no_room_for_is_said() -> None:
    assert "there is no room for" in str(explain("backpropagation", table=True))


def test_part_of_a_run() -> None:
    assert table_of("perceptron", epoch=2).places == ((2, 1), (2, 2))
    assert table_of("perceptron", example=1).places == ((1, 1), (2, 1), (3, 1))


def test_a_long_run() -> None:
    workings = explain("backpropagation", table=True, steps=MOST_ROWS + 50, quantity="E")
    text = str(workings).splitlines()
    assert len(text) < MOST_ROWS + 10
    assert any(line.split() == ["…", "…"] for line in text)
    assert len(json.loads(workings.render("json"))["steps"][0]["rows"]) == MOST_ROWS + 50


@pytest.mark.parametrize("form", ["markdown", "latex", "html"])
def test_other_formats(form: str) -> None:
    assert "3.5" in explain("perceptron", table=True).render(form)
