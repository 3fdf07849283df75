"""Strange sheets: whatever a student hands in ends in clear marks, or in one clear message."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from glassnet.errors import DataError
from glassnet.explain.checking import Checked, check
from glassnet.explain.problems import Problem
from glassnet.explain.worksheet import course_of
from glassnet.explain.written import agrees, read_number
from tests.explain.students import random_net

LINES = "hidden.v[1] = 0,2\nhidden.v[2] = 0,9\noutput.e[1] = 0,477259 \n"


def marked(raw: bytes | str) -> Checked:
    return check("backpropagation", raw.encode() if isinstance(raw, str) else raw)


def only(raw: str) -> tuple[str, str]:
    """Return status and note of the single line of a sheet."""
    (mark,) = (mark for mark in marked(raw).marks if mark.status != "blank")
    return mark.status, mark.note


# --- encodings and line ends ----------------------------------------------------------------------
@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "cp437"],
)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
def test_encodings(encoding: str, ends: str) -> None:
    text = LINES + "# für mich\n"
    counts = marked(text.replace("\n", ends).encode(encoding)).counts
    assert counts["right"] == 3
    assert counts["blank"] == 26
    assert sum(counts.values()) == 29


def test_unseen_signs() -> None:
    assert only("\ufeff\u200fhidden.v1\u200b\u00a0= \u202d0.2\u202c")[0] == "right"
    assert marked("hidden.v1 = 0.2\u2028hidden.v2 = 0.9\fhidden.y1 = 1").counts["right"] == 2


def test_control_signs_do_not_reach_the_terminal() -> None:
    checked = marked("hidden.v1 = 0.2\n\x1b[31mred = \x1b]0;title\x07\n" + "hidden.v2 = 0.9\n" * 30)
    assert "\x1b" not in str(checked)
    assert "\x07" not in str(checked)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (bytes(range(256)) * 9, "not text"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(99), "not text"),
        (b"%PDF-1.4\n" + bytes(range(128, 256)) * 9 + b"\nx = 3", "not text"),
        (bytes(b or 1 for b in random.Random(1).randbytes(5000)), "not text"),
        (b"\xff\xfeh", "not text"),
        (b"PK\x03\x04" + bytes(99), "packed, as spreadsheets"),
        (b"v = 1 \n" * 1_200_000, "too large .* saved as CSV"),
        (b"v\n" * 150_000, "too many lines"),
    ],
)
def test_what_is_no_sheet(raw: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "sheet.bin").write_bytes(raw)
    for sheet in (raw, tmp_path / "sheet.bin"):
        with pytest.raises(DataError, match=message):
            check("backpropagation", sheet)


@pytest.mark.parametrize("raw", ["", "\n\n", "# nothing\n", "quantity,value\n", ";;\n;;\n"])
def test_empty_sheets(raw: str) -> None:
    checked = marked(raw)
    assert checked.counts["blank"] == 29
    assert checked.method == checked.accuracy == 0


# --- numbers --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    ["0.2", "+.2", "0,2", "0.200 000", "1/5", "20 %", "20%", "2e-1", "2E-01", "2·10^-1", "2×10⁻¹",
     "2 * 10**-1", "2*10^-1", "≈ 0.2", "(0.2)", "[0,2]", '"0.2"', '="0.2"', "'0.2", "$0.2$", "0.2;",
     "0.2.", "0.2,", "0.6·0 − 0.1·1 + 0.3 = 0.2"],
)  # fmt: skip
def test_ways_to_write_a_number(text: str) -> None:
    assert only(f"hidden.v1 = {text}")[0] == "right"


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("nan", "this is no number"), ("a lot", "this is no number"),
        ("0.2 V", "this is no number"),
        ("inf", "this is no finite number"), ("−∞", "this is no finite number"),
        ("1e999", "this is no finite number"), ("1/0", "this is no number"),
        ("#DIV/0!", "this is an error of the spreadsheet"), ("1" * 5000, "this is no number"),
    ],
)  # fmt: skip
def test_what_is_no_number(text: str, note: str) -> None:
    assert only(f"hidden.v1 = {text}") == ("unreadable", note)
    assert only(f"quantity;value\nhidden.v1;{text}") == ("unreadable", note)


@pytest.mark.parametrize(
    ("text", "value"),
    [("1'234.5", 1234.5), ("1’234,5", 1234.5), ("1,234,567", 1234567.0), ("1.234.567,8", 1234567.8),
     ("50 %", 0.5), ("12,5 %", 0.125)],
)  # fmt: skip
def test_thousands_and_percent(text: str, value: float) -> None:
    written = read_number(text)
    assert written is not None
    assert written.value == pytest.approx(value)
    assert agrees(written, value)


def test_one_comma_is_a_decimal_one_unless_a_thousand_is_right() -> None:
    large = Problem(
        "large", {"x": [[1234.0]], "d": [[0.0]]}, network={"layers": ["1 linear"]},
        weights={"output.w": [[1.0]], "output.b": [0.0]}, training={"optimizer": "sgd 0.1"},
    )  # fmt: skip
    for text, status in (
        ("1,234", "right"),
        ("1.234", "right"),
        ("1234", "right"),
        ("1,235", "wrong"),
    ):
        assert check(large, f"v1 = {text}")["output.v[1]"].status == status, text
    assert only("hidden.v1 = 0,200")[0] == "right"


# --- tables and other forms -----------------------------------------------------------------------
@pytest.mark.parametrize(
    "text",
    [
        "sep=;\r\nquantity;value\r\nhidden.v[1];0,2\r\nhidden.v[2];0,9",
        '"quantity";"value"\n"hidden.v[1]";"0,2"\n"hidden.v[2]";"0,9"',
        'quantity,value\n"hidden.v[1]","0,2"\nhidden.v[2],="0.9"',
        "quantity\tvalue\nhidden.v[1]\t0,2\n\nhidden.v[2]\t0,9",
        "quantity;value;note\nhidden.v[1];0,2;sure\n;;\nhidden.v[2];0,9;",
        "value;quantity\n0,2;hidden.v[1]\n0,9;hidden.v[2]",
        "quantity,value\nhidden.v[1],0.2,,,\nhidden.v[2],0.9,,",
        "| quantity | value |\n|---|---:|\n| hidden.v[1] | 0.2 |\n| hidden.v[2] | 0.9 |",
        "hidden.v[1]: 0,2\nhidden.v[2]: 0,9",
        "hidden.v[1] 0,2\nhidden.v[2] 0,9",
        "hidden.v[2] = 0.9\n\n\nhidden.v[1] = 0.2",
    ],
)
def test_tables(text: str) -> None:
    checked = marked(text)
    assert checked.counts["right"] == 2, str(checked)
    assert checked.counts["blank"] == 27
    assert sum(checked.counts.values()) == 29


def test_shuffled_lines_are_marked_alike() -> None:
    course = course_of(random_net(random.Random(2)).problem())
    lines = [
        f"{e.name} = {e.line.value * (1.3 if e.name == 'hidden.v[1]' else 1):.6g}"
        for e in course.entries
        if e.role == "asked"
    ]
    first = {m.address: m.status for m in check(course, "\n".join(lines)).marks}
    random.Random(0).shuffle(lines)
    assert {m.address: m.status for m in check(course, "\n".join(lines)).marks} == first


def test_unknown_quantities_name_the_nearest() -> None:
    assert only("hiden.v[1] = 0.2") == (
        "unknown",
        "there is no such quantity (did you mean 'hidden.v[1]'?)",
    )


def test_a_large_wrong_sheet_is_marked_in_full() -> None:
    """A net of 20 and 20 neurons: 1,300 lines, all wrong; then with blank lines before them."""
    rng = random.Random(4)
    rows = [[round(rng.uniform(-1, 1), 2) for _ in range(20)] for _ in range(20)]
    problem = Problem(
        "large", {"x": [rows[0]], "d": [[0.5] * 2]},
        network={"layers": ["20 logistic", "2 logistic"]},
        weights={"hidden.w": rows, "hidden.b": rows[1], "output.w": rows[:2],
                 "output.b": [0.1, 0.2]},
        training={"optimizer": "sgd 0.5"},
    )  # fmt: skip
    course = course_of(problem)
    asked = [e for e in course.entries if e.role == "asked"]
    text = "\n".join(f"{e.name} = {e.line.value + 1.375:.6g}" for e in asked)
    checked = check(course, text)
    assert checked.counts["wrong"] + checked.counts["follows"] == len(asked) > 900
    new = "\n".join(line for line in text.split("\n") if " new" in line)
    assert check(course, new).counts["wrong"] == new.count("\n") + 1
