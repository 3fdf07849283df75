"""Large quantities: tables of at most some rows and columns, one entry worked, JSON complete."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from glassnet.explain.conventions import PROFILES
from glassnet.explain.expressions import Address
from glassnet.explain.focus import Focus
from glassnet.explain.linear import linear
from glassnet.explain.matrix_view import COLUMNS, ROWS, grid_of
from glassnet.explain.step_view import LINES, StepView, step_chapter
from glassnet.explain.text import render_text
from tests.explain.test_focus import assert_self_contained, large_step

NOTES = PROFILES["notes"]


def view(*focus: Any) -> StepView:
    graph, inputs = large_step()
    found = step_chapter(graph, inputs, NOTES, "digits", Focus(*focus) if focus else None)
    assert isinstance(found, StepView)
    return found


def test_no_wall_of_numbers() -> None:
    chapter = view()
    page = chapter.page(NOTES)
    tables = [table for part in page.parts for table in part.tables]
    assert len(tables) > 8
    for table in tables:
        assert len(table.rows) <= ROWS
        assert len(table.head) <= COLUMNS + 1
        assert all(len(row) == len(table.head) for row in table.rows)
    for part in page.parts:
        kinds = [entry.group for entry in part.workings]
        assert all(kinds.count(kind) <= LINES for kind in kinds)
    text = render_text(page)
    assert max(map(len, text.splitlines())) <= 80
    assert len(text.splitlines()) < 700
    assert_self_contained(chapter.sheet)


def test_one_entry_is_worked_and_marked() -> None:
    page = view().page(NOTES)
    (part,) = (part for part in page.parts if part.title == "Forward: hidden layer")
    names = [linear(entry.name) for entry in part.workings]
    assert names == ["hidden.v₁(1)", "hidden.y₁(1)"]
    for table, entry in zip(part.tables, part.workings, strict=True):
        ((row, column),) = table.lit
        assert (row, column) == (0, 1)
        shown = table.rows[row][column]
        assert isinstance(shown, str)
        printed = float(linear(entry.result).replace("−", "-"))
        assert float(shown.replace("−", "-")) == pytest.approx(printed, rel=6e-4)


def test_long_sums_are_shown_in_part_but_summed_whole() -> None:
    graph, inputs = large_step()
    chapter = step_chapter(graph, inputs, NOTES, "digits", Focus("hidden.2", "v", 3))
    text = render_text(chapter.page(NOTES))
    assert "The sum has 65 terms" in text
    assert "+ … +" in re.sub(r"\s+", " ", text)
    wanted = inputs["parameters/hidden.w"][1] @ inputs["batch/x"][2]
    wanted += inputs["parameters/hidden.b"][1]
    result = text.rpartition("= ")[2].split()[0].replace("−", "-")
    assert float(result) == pytest.approx(wanted, rel=1e-5)


def test_how_to_see_any_other_entry() -> None:
    """What the page says shows the entry, for the last entry of each large quantity."""
    chapter = view()
    (said,) = (text for text in chapter.sheet.conventions if "large quantities" in text)
    neuron, quantity, place = re.findall(
        r"--neuron (\S+) --quantity (\S+)\), .*--quantity \"(.*?)\"", said
    )[0]
    assert view(neuron, quantity).grids
    one = view(None, place).sheet
    assert [str(line.address) for line in one.lines() if line.formula] == ["hidden.Δw[32,64]"]


def test_json_is_complete() -> None:
    graph, inputs = large_step()
    document = view().to_json()
    tables = {
        table["address"]: table
        for section in document["sections"]
        for table in section.get("tables", [])
    }
    assert np.array_equal(tables["hidden.w"]["values"], inputs["parameters/hidden.w"])
    assert np.array_equal(tables["x"]["values"], inputs["batch/x"].T)
    del graph
    (section,) = (s for s in document["sections"] if s["title"] == "Forward: hidden layer")
    formula = next(q["formula"] for q in section["quantities"] if q["symbol"] == "hidden.v₁(1)")
    assert formula.count("·") == 64


def test_a_table_by_itself() -> None:
    values = {(i, j): 10.0 * i + j for i in range(3) for j in range(20)}
    grid = grid_of(Address("w", "hidden"), values, None, (), (0, 19))
    assert grid.rows == ("1", "2", "3")
    table = grid.table()
    assert table.rows[1][1] == "10"
    assert [row[-1] for row in table.rows] == ["19", "29", "39"]
    assert [row[-2] for row in table.rows] == ["…"] * 3
    assert table.lit == {(0, len(table.head) - 1)}
    assert grid.to_json()["values"][2][19] == 39.0


def test_numbers_in_one_row() -> None:
    values = {(1, j): float(j) for j in range(20)}
    grid = grid_of(Address("w", "hidden"), values, None, ())
    assert grid.rows == ("1–6", "7–12", "13–18", "19–20")
    assert grid.table().rows[3][1:] == ("18", "19", "", "", "", "")
    assert "hidden.w₂: 20 numbers" in grid.caption
    assert grid.to_json()["values"][3] == [18.0, 19.0, None, None, None, None]


@pytest.mark.parametrize("digits", [1, 15])
def test_any_number_of_digits(digits: int) -> None:
    from dataclasses import replace

    page = view("output.3").page(replace(NOTES, digits=digits))
    assert render_text(page)
