"""Whatever is wrong with a file is one DataError that says what, where, and what to do."""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path

import pytest

from glassnet.data import Kind, open_data, read_table
from glassnet.errors import ArgumentError, DataError, GlassnetError

TEN = "".join(f"{i},{i}\n" for i in range(10))
NUMBERS = "a,b\n" + TEN

# name: (content, options, parts of the message)
BAD: dict[str, tuple[str | bytes, dict[str, object], tuple[str, ...]]] = {
    "empty": ("", {}, ("data.csv", "is empty")),
    "blank lines only": ("\n  \n\n", {}, ("is empty",)),
    "header only": ("a,b\n", {"header": True}, ("header line", "no rows", "--no-header")),
    "names only": ("name,species\n", {}, ("header line", "no rows")),
    "one row": ("1,2\n", {}, ("only one row", "at least 2")),
    "one row below a header": ("a,b\n1,2\n", {}, ("only one row",)),
    "short row": ("a,b,c\n1,2,3\n4,5\n6,7,8\n", {}, ("line 3", "2 cells", "3 are expected")),
    "long row": ("1,2\n3,4\n5,6,7\n", {}, ("line 3", "3 cells", "2 are expected")),
    "short row after blanks": ("1,2\n\n\n3,4\n5\n", {"header": False}, ("line 5", "1 cell found")),
    "odd text": (NUMBERS + "x7,3\n", {}, ("line 12", "column 'a'", "'x7'", "--missing")),
    "odd text among 20": (
        "a\n" + "1\n" * 20 + "oops\nugh\n", {}, ("line 22", "'oops'", "20 of the column's 22")
    ),
    "thousands": (NUMBERS + '"1,234",3\n', {}, ("'1,234'", "without separators", "1234.5")),
    "not a number": ("a,b\n1,2\nx,3\n", {"numbers": ["a"]}, ("line 3, column 'a'", "'x'")),
    "inf": ("a,b\n1,2\ninf,3\n", {}, ("line 3", "column 'a'", "'inf'", "--missing")),
    "overflow": ("a,b\n1,2\n2,-1e999\n", {}, ("line 3", "column 'b'", "'-1e999'", "too large")),
    "forced inf": ("a\n1\n-Infinity\n", {"numbers": [1]}, ("line 3", "'-Infinity'")),
    "duplicate names": ("a,b,a\n1,2,3\n4,5,6\n", {}, ("line 1", "columns 1 and 3", "'a'")),
    "name equals a number": ("2,\n1,5\n", {"header": True}, ("columns 1 and 2", "'2'")),
    "NUL": (b"1,2\n3,\x004\n", {}, ("binary file", "byte 6")),
    "NUL in utf-16": ("1,2\n3,\0\n".encode("utf-16"), {}, ("binary file", "line 2")),
    "Excel": (b"PK\x03\x04rest", {}, ("binary file", "save the sheet as CSV")),
    "PNG": (b"\x89PNG\r\n", {}, ("binary file", "PNG picture")),
    "latin-1": ("a,b\n1,2\n3,é\n".encode("latin-1"), {}, ("line 3", "byte 10", "0xe9", "latin-1")),
    "cut utf-16": ("1,2\n".encode("utf-16") + b"x", {}, ("utf-16", "--encoding")),
    "open quote": ('a,b\n1,2\n"3,4\n5,6\n', {}, ("line 3", "never closed")),
    "open quote in a long file": (
        'a,b\n1,2\n"3,4\n' + "5,6\n" * 50_000, {}, ("line 3", "never closed")
    ),
    "text after a quote": ('a,b\n"1"x,2\n', {}, ("line 2", "closing quotation mark")),
    "unknown column": ("a,b\n1,2\n3,4\n", {"ignore": ["aa"]}, ("`ignore`", "'aa'", "'a', 'b'")),
    "misspelt column": (
        "weight,b\n1,2\n3,4\n", {"numbers": ["wieght"]}, ("did you mean 'weight'?",)
    ),
    "column 0": ("a,b\n1,2\n3,4\n", {"categories": [0]}, ("`categories`", "0", "numbers 1 to 2")),
    "column 3 of 2": ("a,b\n1,2\n3,4\n", {"categories": ["3"]}, ("'3'",)),
    "all ignored": ("a,b\n1,2\n3,4\n", {"ignore": [1, 2]}, ("every column is ignored",)),
    "damaged gzip": (gzip.compress(b"1,2\n3,4\n" * 99)[:-9], {}, ("gzip", "cut short")),
    "mangled gzip": (b"\x1f\x8b\x08" + b"junk" * 9, {}, ("gzip", "damaged")),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_explained(name, write):
    content, options, parts = BAD[name]
    with pytest.raises(DataError) as caught:
        read_table(write(content), **options)
    for part in parts:
        assert part in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("options", "part"),
    [
        ({"delimiter": ";;"}, "one character"),
        ({"delimiter": ""}, "one character"),
        ({"delimiter": '"'}, "one character"),
        ({"encoding": "utf-99"}, "'utf-99'"),
        ({"encoding": "lattin-1"}, "did you mean 'latin-1'?"),
        ({"encoding": "hex"}, "'hex'"),
        ({"numbers": ["a"], "categories": [1]}, "both `numbers` and `categories`"),
    ],
)
def test_bad_options_are_explained(options, part, write):
    with pytest.raises(GlassnetError, match=re.escape(part)):
        read_table(write("a,b\n1,2\n3,4\n"), **options)


def test_a_missing_file_suggests_the_nearest_name(tmp_path, write):
    write("1,2\n", "flowers.csv")
    with pytest.raises(DataError, match=r"did you mean 'flowers\.csv'\?"):
        read_table(tmp_path / "flower.csv")
    with pytest.raises(DataError, match=r"did you mean 'iris'\?"):
        open_data("irsi")
    with pytest.raises(DataError, match=r"built-in data sets are iris and digits"):
        open_data(tmp_path / "zzz")
    with pytest.raises(DataError, match=r"folder .* is not there either"):
        read_table(tmp_path / "no" / "data.csv")


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(DataError, match="is a folder, not a file"):
        read_table(tmp_path)


def test_a_name_that_cannot_be_a_file():
    with pytest.raises(DataError, match="cannot be read"):
        read_table("x\0y")
    with pytest.raises(DataError, match="cannot be read"):
        read_table("x" * 5000)


def test_no_permission(write, monkeypatch):
    path = write("1,2\n3,4\n")

    def refuse(self: Path) -> bytes:
        raise PermissionError(13, os.strerror(13))

    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(DataError, match="no permission to read"):
        read_table(path)


def test_what_the_messages_ask_for_helps(write):
    content = NUMBERS + "x7,3\n"
    assert read_table(write(content), missing=["x7"]).column("a").kind is Kind.NUMBER
    assert read_table(write(content), categories=["a"]).column("a").kind is Kind.CATEGORY
    latin = write("a,b\n1,2\n3,é\n".encode("latin-1"))
    assert read_table(latin, encoding="latin-1").column("b").text(1) == "é"
    assert read_table(write("1,2\n"), minimum_rows=1).rows == 1


def test_images_have_no_options_of_tables():
    with pytest.raises(ArgumentError, match="`header`"):
        open_data("digits", header=True)
    with pytest.raises(ArgumentError, match="`labels`"):
        open_data("iris", labels="x")
