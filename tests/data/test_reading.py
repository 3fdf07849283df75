"""Reading tables: delimiters, headers, encodings, and the kinds of columns."""

from __future__ import annotations

import gzip
import math

import numpy as np
import pytest

from glassnet.data import Kind, read_table

N, C, B, D = Kind.NUMBER, Kind.CATEGORY, Kind.BOOLEAN, Kind.DATE


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "-2.5", ".5", "+3e2", "7."], N, [1, -2.5, 0.5, 300, 7]),
        (["1", "?", "NA", "", "2"], N, [1, math.nan, math.nan, math.nan, 2]),
        (["0", "1", "0.5"], N, [0, 1, 0.5]),
        (["02208", "11300", "00000"], C, ["02208", "11300", "00000"]),
        (["1_000", "2_000"], C, ["1_000", "2_000"]),
        (["true", "False", "TRUE"], B, [1, 0, 1]),
        (["yes", "no", "null", "Yes"], B, [1, 0, math.nan, 1]),
        (["t", "f", "t"], B, [1, 0, 1]),
        (["N", "Y", "N"], B, [0, 1, 0]),
        (["yes", "yes", "yes"], C, ["yes", "yes", "yes"]),
        (["yes", "no", "maybe"], C, ["yes", "no", "maybe"]),
        (["1949-01", "1949-02", "NA"], D, ["1949-01-01", "1949-02-01", "NaT"]),
        (["2024-02-29", "2024-03-01"], D, ["2024-02-29", "2024-03-01"]),
        (["2024/2/29", "2024/12/01"], D, ["2024-02-29", "2024-12-01"]),
        (["2024-02-29T10:00:00Z", "2024-03-01 09:30"], D, ["2024-02-29", "2024-03-01"]),
        (["2024-02-30", "2024-03-01"], C, ["2024-02-30", "2024-03-01"]),
        (["red", " red ", "blue"], C, ["red", "red", "blue"]),
        (["?", "NA", ""], N, [math.nan] * 3),
        (["inf", "nothing", "else"], C, ["inf", "nothing", "else"]),
        (["1"] * 8 + ["x"], C, ["1"] * 8 + ["x"]),
    ],
)
def test_kinds(cells, kind, values, write):
    table = read_table(write("".join(f"{cell},q\n" for cell in cells)), header=False)
    column = table.columns[0]
    assert column.kind is kind
    assert column.reason
    if kind is D:
        np.testing.assert_array_equal(column.values, np.array(values, "datetime64[D]"))
    else:
        np.testing.assert_array_equal(column.values, np.array(values, column.values.dtype))
    assert column.missing.tolist() == [c.strip() in ("?", "NA", "", "null") for c in cells]


def test_the_words_of_a_boolean_are_kept(write):
    column = read_table(write("a,b\nYes,1\nNO,2\nyes,3\n")).column("a")
    assert column.words == ("NO", "Yes")
    assert [column.text(i) for i in range(3)] == ["Yes", "NO", "Yes"]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a,b\n1,x\n2,y\n", ("a", "b")),
        ("1,x\n2,y\n3,x\n", ("1", "2")),
        ("name,colour\ncat,black\ndog,black\n", ("name", "colour")),
        ("cat,black\ndog,black\ncat,brown\n", ("1", "2")),
        ("a,\n1,2\n3,4\n", ("a", "2")),
        (",x\n0,1.5\n1,2.5\n", ("1", "x")),
        (" a , b \n1,2\n3,4\n", ("a", "b")),
        ("day,n\n2024-01-01,1\n2024-01-02,2\n", ("day", "n")),
        ("2024-01-01\n2024-01-02\n2024-01-03\n", ("1",)),
        ("a,b\n?,?\n1,2\n", ("a", "b")),
        ("a,b\nx,\ny,\n", ("a", "b")),
    ],
)
def test_header_lines_are_recognised(text, names, write):
    table = read_table(write(text))
    assert table.names == names
    note = "no header line: columns are numbered"
    assert (note in table.notes) == table.numbered == (names[0] == "1" and names[-1] != "x")


def test_header_can_be_said(write):
    assert read_table(write("1,2\n3,4\n5,6\n"), header=True).names == ("1", "2")
    assert read_table(write("a,b\nc,d\ne,f\n"), header=False).rows == 3


@pytest.mark.parametrize(
    ("delimiter", "name", "note"),
    [
        (",", "x.csv", None),
        (";", "x.csv", "';'"),
        ("|", "x.csv", "'|'"),
        ("\t", "x.txt", "tab"),
        ("\t", "x.TSV", None),
    ],
)
def test_delimiters(delimiter, name, note, write):
    lines = [("a", "b"), ("1", "one two"), ("2", "three")]
    table = read_table(write("".join(delimiter.join(line) + "\n" for line in lines), name))
    assert table.names == ("a", "b")
    assert table.column("b").text(0) == "one two"
    assert [n for n in table.notes if "delimiter" in n] == ([f"delimiter {note}"] if note else [])
    shown = {"\t": "tab"}.get(delimiter, delimiter)
    chosen = read_table(write("".join(delimiter.join(line) + "\n" for line in lines), "y"),
                        delimiter=shown)  # fmt: skip
    assert chosen.names == ("a", "b")


def test_decimal_commas(write):
    table = read_table(write("a;b;c\n3,14;1;1,5\n2;2;x\n-0,5;3;z\n"))
    np.testing.assert_array_equal(table.column("a").values, [3.14, 2, -0.5])
    assert table.column("c").kind is C
    assert "decimal commas in 'a'" in table.notes
    with_commas = read_table(write('a,b\n"3,14",1\n"2,5",2\n'))
    assert with_commas.column("a").kind is C


def test_lines_are_those_of_the_file(write):
    table = read_table(write('a,b\r\n\r\n"x\r\ny",1\r\n   \r\nz,2\r\n'))
    assert table.lines.tolist() == [3, 6]
    assert "2 blank lines skipped" in table.notes
    assert table.take(np.array([1])).lines.tolist() == [6]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_line_endings(ending, write):
    table = read_table(write(ending.join(["a,b", "1,2", "3,4"])))
    assert table.column("b").values.tolist() == [2, 4]
    assert table.lines.tolist() == [2, 3]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_byte_order_marks(encoding, write):
    table = read_table(write("größe,b\n1,ü\n2,ü\n".encode(encoding)))
    assert table.names == ("größe", "b")
    assert "byte-order mark" in table.notes[0]


def test_quotes_and_spaces(write):
    table = read_table(write('name, says\ncat, "miaow, ""purr"""\ndog, wuff\n'))
    assert table.column("says").text(0) == 'miaow, "purr"'


def test_quotes_that_do_not_pair_up_are_text_between_tabs(write):
    table = read_table(write('"a film\t1\nmy "b"\t0\n', "x.txt"))
    assert table.columns[0].text(0) == '"a film'
    assert any("quotation marks" in note for note in table.notes)


def test_gzip_and_ignore(write):
    table = read_table(write(gzip.compress(b"id,a,b\n7,1,2\n8,3,4\n"), "x.csv.gz"), ignore=["id"])
    assert table.names == ("a", "b")
    assert table.header == ("id", "a", "b")
    assert table.column(2).name == "a"
    assert "ignored: 'id'" in table.notes


def test_missing_markers_replace_the_usual_ones(write):
    column = read_table(write("a,b\n1,x\n-999,y\n,z\n"), missing="-999").column("a")
    assert column.missing.tolist() == [False, True, True]


def test_a_table_shows_itself(write):
    table = read_table(write("a,b\n1,<i>\n2,y\n"))
    assert repr(table) == "Table(data.csv: 2 rows × 2 columns)"
    assert "&lt;i&gt;" in table._repr_html_()
    assert len(table) == table.rows == 2


EXPECTED = {
    "adult-test.csv": (16281, "NCNCNCCCCCNNNCC"),
    "adult-train.csv": (32561, "NCNCNCCCCCNNNCC"),
    "airline-passengers.csv": (144, "DN"),
    "horse-colic.csv": (300, "N" * 24 + "CCCN"),
    "housing.csv": (506, "N" * 14),
    "iris.csv": (150, "NNNNC"),
    "pima-indians-diabetes.csv": (768, "N" * 9),
    "wine.csv": (178, "N" * 14),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_known_files(name, full_data):
    table = read_table(full_data / "csv" / name)
    letters = "".join(column.kind[0].upper() for column in table.columns)
    assert (table.rows, letters) == EXPECTED[name]
    assert table.numbered == (name != "airline-passengers.csv")


def test_known_missing_values_and_codes(full_data):
    colic = read_table(full_data / "csv" / "horse-colic.csv")
    assert colic.column("25").reason == "codes with leading zeros"
    assert int(colic.column("4").missing.sum()) == 60
    adult = read_table(full_data / "csv" / "adult-train.csv")
    assert [int(adult.column(n).missing.sum()) for n in (2, 7, 14)] == [1836, 1843, 583]
