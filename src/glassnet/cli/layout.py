"""Paragraphs and tables as lines that fit a width; each piece of a line has a style."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

__all__ = ["Line", "Styled", "columns_of", "set_table", "wrap"]

INVISIBLE = ("Mn", "Me", "Cf")  # categories of characters that take no room of their own


class Styled(NamedTuple):
    """Text with a style, in rich's words: "bold", "dim", "cyan"."""

    text: str
    style: str = ""


Line = list[Styled]


def columns_of(text: str) -> int:
    """Return how many columns of a terminal a text takes: East Asian characters take two.

    >>> columns_of("naïve"), columns_of("e\N{COMBINING ACUTE ACCENT}"), columns_of("漢字")
    (5, 1, 4)
    """
    return len(text) if text.isascii() else sum(map(_columns, text))


def _columns(character: str) -> int:
    if unicodedata.category(character) in INVISIBLE:
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def wrap(text: str, width: int) -> list[str]:
    """Return the lines of a text, broken at spaces; words that are too long are cut.

    >>> wrap("never standardised", 10)
    ['never', 'standardis', 'ed']
    """
    lines: list[str] = []
    for paragraph in text.expandtabs().split("\n"):
        if columns_of(paragraph) <= width:
            lines.append(paragraph.rstrip())
            continue
        line = ""
        for word in re.findall(" *[^ ]+", paragraph):
            if columns_of(line + word) <= width:
                line += word
                continue
            if line:
                lines.append(line)
            *full, line = _cut(word.lstrip() if line else word, width)
            lines += full
        lines.append(line)
    return lines


def _cut(word: str, width: int) -> list[str]:
    pieces, room = [""], width
    for character in word:
        room -= _columns(character)
        if room < 0 and pieces[-1]:
            pieces.append("")
            room = width - _columns(character)
        pieces[-1] += character
    return pieces


def set_table(
    rows: Sequence[Sequence[Any]],
    width: int,
    *,
    head: Sequence[str] | None = None,
    right: Sequence[int] = (),
    styles: Sequence[str] = (),
    gap: int = 2,
) -> Iterator[Line]:
    """Yield the lines of a table that is `width` wide at most; `Screen.table` says what is what."""
    count = len(rows[0] if rows else head or ())
    styles = [*styles, *[""] * (count - len(styles))]
    table = [
        [
            cell if isinstance(cell, Styled) else Styled(str(cell), style)
            for cell, style in zip(row, styles, strict=True)
        ]
        for row in rows
    ]
    if head is not None:
        table.insert(0, [Styled(name, "dim") for name in head])
    widths = _narrowed(
        [
            max(columns_of(line) for cell in column for line in cell.text.expandtabs().split("\n"))
            for column in zip(*table, strict=True)
        ],
        width - gap * count,
    )
    for row in table:
        cells = [wrap(cell.text, room) for cell, room in zip(row, widths, strict=True)]
        for index in range(max(map(len, cells))):
            line: Line = []
            for column, (lines, room) in enumerate(zip(cells, widths, strict=True)):
                text = lines[index] if index < len(lines) else ""
                pieces = [Styled(text, row[column].style), Styled(" " * (room - columns_of(text)))]
                line += pieces[::-1] if column in right else pieces
                line.append(Styled(" " * gap))
            yield line


def _narrowed(widths: list[int], room: int) -> list[int]:
    """Return widths that fit into the room: the widest columns become equally wide.

    >>> _narrowed([3, 50, 12], 40)
    [3, 25, 12]
    """
    if sum(widths) <= room:
        return widths
    limits = range(room, 1, -1)
    limit = next((n for n in limits if sum(min(w, n) for w in widths) <= room), 1)
    return [min(width, limit) for width in widths]
