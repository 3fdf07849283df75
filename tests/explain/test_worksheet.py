"""Blank sheets, and answer sheets as people and programs write them."""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from glassnet.errors import ArgumentError, DataError
from glassnet.explain.answers import read_answers
from glassnet.explain.checking import check
from glassnet.explain.matching import plain_name
from glassnet.explain.problems import built_in
from glassnet.explain.worksheet import course_of, worksheet
from glassnet.explain.written import read_number


@pytest.mark.parametrize("name", built_in())
def test_a_course_works_out_to_what_the_engine_computed(name: str) -> None:
    course = course_of(name)
    worked = course.sheet.work()
    for entry in course.entries:
        assert worked[entry.address] == pytest.approx(entry.line.value, rel=1e-12, abs=1e-14)


@pytest.mark.parametrize("name", built_in())
def test_a_blank_sheet_has_every_quantity_and_no_answer(name: str) -> None:
    course, blank = course_of(name), worksheet(name)
    for text in (str(blank), blank.to_csv(), blank.to_csv(";")):
        checked = check(name, text)
        asked = sum(entry.role == "asked" for entry in course.entries)
        assert checked.counts["blank"] == asked == checked.possible
        assert all(mark.is_right or mark.status == "blank" for mark in checked.marks)
        assert checked.method == checked.accuracy == 0
        assert not checked.is_right


@pytest.mark.parametrize("name", built_in())
@pytest.mark.parametrize("delimiter", ["", ",", ";"])
def test_a_sheet_filled_in_is_right(name: str, delimiter: str) -> None:
    blank = worksheet(name)
    text = blank.to_csv(delimiter) if delimiter else str(blank)
    lines = text.splitlines()
    values = iter(
        f"{entry.line.value:.6g}" for entry in blank.course.entries if entry.role == "asked"
    )
    for number, line in enumerate(lines):
        if line.endswith(delimiter or " =") and not line.startswith("#"):
            value = next(values)
            lines[number] = line + (value.replace(".", ",") if delimiter == ";" else f" {value}")
    checked = check(name, "\n".join(lines))
    assert checked.is_right, str(checked)
    assert checked.method == checked.accuracy == checked.possible


def test_weights_of_later_steps_are_not_given_away() -> None:
    first, _, rest = str(worksheet("perceptron")).partition("[step 2]")
    assert "w[1,1] = 0.5" in first
    assert "x[1] = 1" in rest
    assert "w[1,1] =" not in rest.replace("w new", "")


# --- numbers and names ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("0.5498", 0.5498, 1e-4),
        ("0,5498", 0.5498, 1e-4),
        ("−0.170", -0.17, 1e-3),
        ("–3", -3.0, 1.0),
        ("+.5", 0.5, 0.1),
        ("1e-3", 0.001, 1e-3),
        ("2.5·10^−3", 0.0025, 1e-4),
        ("2,5 × 10⁻³", 0.0025, 1e-4),
        ("1/2", 0.5, 0.0),
        ("½", 0.5, 0.0),
        ("-3/4", -0.75, 0.0),
        ("1.234,5", 1234.5, 0.1),
        ("1,234.5", 1234.5, 0.1),
        ("1230000", 1230000.0, 1e4),
        ("≈ 0.55", 0.55, 0.01),
    ],
)
def test_numbers(text: str, value: float, unit: float) -> None:
    written = read_number(text)
    assert written is not None
    assert (written.value, written.unit) == (pytest.approx(value), pytest.approx(unit))


@pytest.mark.parametrize(
    "text", ["", "a", "1/0", "nan", "inf", "1e999", "1.2.3", "1e-99999", "0x1", "1 - y", "9" * 500]
)
def test_what_is_no_number(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize(
    "spelling",
    ["hidden.Δw[1,2]", "hidden.Δw₁₂", "hidden.Δw12", "hidden.Δw_{12}", "hidden.∆w[1, 2]",
     "hidden . Delta w_12"],
)  # fmt: skip
def test_spellings(spelling: str) -> None:
    assert plain_name(spelling) == plain_name("hidden.Δw[1,2]")
    assert check("backpropagation", f"{spelling} = 0.002947")["hidden.Δw[1,2]"].is_right


def test_short_names_where_they_can_mean_only_one() -> None:
    checked = check("backpropagation", "e = 0.477259\neta = 0.25\nv1 = 0.2\nb new = -0.170233")
    assert checked["output.e[1]"].is_right
    notes = [mark.note for mark in checked.marks if mark.status == "unknown"]
    assert notes == [
        "this may be hidden.v[1] or output.v[1]: say which",
        "this may be output.b new or hidden.b new[1]: say which",
    ]


# --- files ----------------------------------------------------------------------------------------
TEXT = "hidden.v₁ = 0.2\r\nhidden.y₁ = 0,5498   # rounded\r\nδ? = ?\r\nE = 0.114\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        TEXT.encode(),
        codecs.BOM_UTF8 + TEXT.encode(),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le"),
        TEXT.encode("utf-16-be"),
        TEXT.replace("₁", "1").replace("δ", "é").encode("latin-1"),
    ],
)
def test_encodings(raw: bytes, tmp_path: Path) -> None:
    path = tmp_path / "sheet.txt"
    path.write_bytes(raw)
    for checked in (check("backpropagation", path), check("backpropagation", raw)):
        assert all(checked[name].is_right for name in ("hidden.v[1]", "hidden.y[1]", "E"))


@pytest.mark.parametrize(
    "text",
    [
        "quantity;value\nhidden.v[1];0,2\nhidden.Δw[1,2];0,002947\n",
        'quantity,value\nhidden.v[1],0.2\n"hidden.Δw[1,2]",0.002947\n',
        "quantity,value\nhidden.v[1],0,2\nhidden.Δw[1,2],0.002947\n",
        "hidden.v₁;0,2\nhidden.Δw₁₂;0,002947",
        "value\tquantity\n0.2\thidden.v1\n0.002947\thidden.Δw12\n",
        'quantity,value\nhidden.v[1],0.2\n"hidden.y[1],5\nhidden.Δw12,0.002947\n',
    ],
)
def test_tables(text: str) -> None:
    checked = check("backpropagation", text)
    assert checked["hidden.v[1]"].is_right
    assert checked["hidden.Δw[1,2]"].is_right


def test_steps_of_a_sheet() -> None:
    text = "v = 2.5\n[step 2]\nv = -1.5\nstep 3\nv=0.5\n4: v = 0.5\n[step 9]\nv = 1\n"
    table = "step;quantity;value\n1;v;2,5\n2;v;-1,5\n3;v;0,5\n4;v;0,5\n9;v;1\nx;v;1\n"
    for sheet in (text, table):
        checked = check("perceptron", sheet)
        assert all(checked[f"{step}:v[1]"].is_right for step in range(1, 5))
        assert checked.counts["unknown"] == 1
        assert any("no step 9; the problem has 5" in mark.note for mark in checked.marks)


def test_a_line_that_cannot_be_read_stops_nothing() -> None:
    lines = ["hidden.v[1] = a lot", "what", "= 3", "hidden.q[1] = 1", "hidden.y[1] = 0.5498"]
    checked = check("backpropagation", "\n".join(lines))
    assert checked["hidden.v[1]"].status == "unreadable"
    assert checked["hidden.y[1]"].is_right
    assert checked.counts["unknown"] == 1
    assert "did you mean 'hidden." in next(m.note for m in checked.marks if m.status == "unknown")
    assert sum(mark.status == "unreadable" for mark in checked.marks) == 3


def test_the_same_quantity_twice() -> None:
    checked = check("backpropagation", "hidden.v1 = 0.3\nhidden.v1 = 0.2\nhidden.y1 = 0.5498")
    assert checked["hidden.v[1]"].is_right
    assert checked["hidden.y[1]"].is_right
    first, last = (mark for mark in checked.marks if mark.address == "hidden.v[1]")
    assert (first.status, first.counts, last.counts) == ("wrong", False, True)
    assert "written again on line 2" in first.note


def test_ten_thousand_lines() -> None:
    text = "hidden.v1 = 0.2\nnothing = 1\n" * 5000
    checked = check("backpropagation", text)
    assert checked["hidden.v[1]"].is_right
    assert checked.counts["unknown"] == 5000
    assert len(read_answers(text)) == 10_000


def test_sheets_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        check("backpropagation", tmp_path / "none.txt")
    with pytest.raises(DataError, match="cannot be read"):
        check("backpropagation", tmp_path)
    with pytest.raises(DataError, match="not text"):
        check("backpropagation", bytes(range(256)) * 10)
    with pytest.raises(ArgumentError, match="did you mean"):
        check("backpropagtion", "v = 1")
