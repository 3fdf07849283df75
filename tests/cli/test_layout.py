"""Lines that fit: paragraphs and tables on a narrow screen, with any characters in them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.cli.layout import Styled, columns_of, set_table, wrap

TEXTS = st.text(st.sampled_from("ab, \n\t–漢é\N{COMBINING ACUTE ACCENT}"), max_size=40)


def lines_of(*args: object, **settings: object) -> list[str]:
    found = set_table(*args, **settings)  # type: ignore[arg-type]
    return ["".join(piece.text for piece in line).rstrip() for line in found]


@given(TEXTS, st.integers(2, 30))
def test_wrapped_text_fits_and_loses_only_spaces(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(columns_of(line) <= width for line in lines)
    assert "".join(lines).replace(" ", "") == "".join(text.split())


def test_words_stay_whole_where_they_can() -> None:
    assert wrap("the seed is 0", 8) == ["the seed", "is 0"]
    assert wrap("a very-long-word-indeed b", 10) == ["a", "very-long-", "word-indee", "d b"]
    assert wrap("", 10) == [""]


def test_a_table_that_fits() -> None:
    rows = [["iris", 150, Styled("x", "red")], ["adult", "48,842", ""]]
    assert lines_of(rows, 40, head=["name", "rows", "z"], right=[1]) == [
        "name     rows  z",
        "iris      150  x",
        "adult  48,842",
    ]


def test_the_widest_columns_are_narrowed() -> None:
    rows = [["a", "one two three four five six", "one two three four five six"]]
    assert lines_of(rows, 31) == [
        "a  one two       one two",
        "   three four    three four",
        "   five six      five six",
    ]


@given(st.lists(st.lists(TEXTS, min_size=3, max_size=3), min_size=1, max_size=4))
def test_a_table_keeps_to_its_width(rows: list[list[str]]) -> None:
    assert all(columns_of(line) <= 24 for line in lines_of(rows, 24))


@pytest.mark.parametrize("style", ["bold", ""])
def test_styles_go_with_their_columns(style: str) -> None:
    (line,) = set_table([["a", Styled("b", "green")]], 20, styles=[style, "dim"])
    assert [piece.style for piece in line if piece.text.strip()] == [style, "green"]
