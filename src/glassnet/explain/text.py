"""A page as text for a terminal of 80 columns: formula, numbers put in, result."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterator, Sequence

from glassnet.explain.linear import linear
from glassnet.explain.notation import Notation
from glassnet.explain.parts import Equation, Page, Part, Table

__all__ = ["columns_of", "render_text"]

WIDTH = 80
GAP = "  "
LIT = "*"  # stands behind an entry that is pointed out


def render_text(page: Page, width: int = WIDTH) -> str:
    """Return a page as text.

    Args:
        page: What is shown.
        width: Columns of the page.
    """
    found = textwrap.wrap(page.title, width) or [""]
    for sentence in page.conventions:
        found += textwrap.wrap(sentence, width, initial_indent=GAP, subsequent_indent=GAP)
    found += [""]
    for picture in page.pictures:
        found += [*picture.text.splitlines(), ""] if picture.text else []
    for part in page.parts:
        found += [*_part(part, width), ""]
    return "\n".join(found).rstrip() + "\n"


def _part(part: Part, width: int) -> Iterator[str]:
    yield part.title
    yield from textwrap.wrap(part.sentence, width, initial_indent=GAP, subsequent_indent=GAP)
    for group in part.groups():
        yield from _given(group, width)
    for entry in part.workings:
        yield from _working(entry, width)
    for table in part.tables:
        yield from _table(table, width)
    for picture in part.pictures:
        yield from picture.text.splitlines()


def _given(entries: Sequence[Equation], width: int) -> Iterator[str]:
    """Yield what is given, several on a line."""
    now = ""
    for entry in entries:
        text = f"{linear(entry.name)} = {linear(entry.result)}"
        longer = f"{now}   {text}" if now else GAP + text
        if now and columns_of(longer) > width:
            yield now
            longer = GAP + text
        now = longer
    yield now


def _working(entry: Equation, width: int) -> Iterator[str]:
    head = f"{GAP}{linear(entry.name)} = "
    sides = list(dict.fromkeys(map(linear, entry.sides)))
    joined = head + " = ".join(sides)
    if columns_of(joined) <= width:
        yield joined
    else:
        room = " " * (columns_of(head) - 2) + "= "
        for position, side in enumerate(sides):
            yield from _folded((room if position else head) + side, columns_of(head), width)
    indent = GAP * 2
    yield from textwrap.wrap(entry.sentence, width, initial_indent=indent, subsequent_indent=indent)


def _folded(row: str, indent: int, width: int) -> Iterator[str]:
    """Yield a row in pieces that fit, cut between terms."""
    while columns_of(row) > width:
        most = width + len(row) - columns_of(row)
        cut = max(_outermost(row, sign, indent, most) for sign in ("+", "−"))
        cut = cut if cut > indent else _outermost(row, "·", indent, most)
        inner = max(_outermost(row, sign, indent, most, within=1) for sign in ("+", "−"))
        cut = cut if cut > indent else inner
        cut = cut if cut > indent else row.rfind(" ", indent, most)
        if cut <= indent:
            break
        yield row[:cut]
        row = " " * indent + row[cut + 1 :]
    yield row


def _outermost(row: str, sign: str, start: int, most: int, within: int = 0) -> int:
    """Return the last place of a sign that stands within so many brackets; −1 if there is none."""
    found, depth = -1, 0
    for place in range(start, min(most, len(row))):
        depth += (row[place] in "([") - (row[place] in ")]")
        if depth == within and place + 3 <= most and row[place : place + 3] == f" {sign} ":
            found = place
    return found


def _table(table: Table, width: int) -> Iterator[str]:
    """Yield a table; one that is too wide in blocks, with the first column before each."""
    texts = [[_entry(entry) for entry in row] for row in (table.head, *table.rows)]
    for row, column in table.lit:
        texts[row + 1][column] += LIT
    widths = [max(map(columns_of, column)) for column in zip(*texts, strict=True)]
    if table.caption:
        yield from textwrap.wrap(table.caption, width, initial_indent=GAP, subsequent_indent=GAP)
    blocks, room = [[0]], width
    for column in range(1, len(widths)):
        if sum(widths[at] + len(GAP) for at in (*blocks[-1], column)) > room and blocks[-1] != [0]:
            blocks.append([0])
        blocks[-1].append(column)
    for position, block in enumerate(blocks):
        yield from [""] if position else []
        for row in texts:
            cells = (" " * (widths[at] - columns_of(row[at])) + row[at] for at in block)
            yield (GAP + GAP.join(cells)).rstrip()


def _entry(entry: Notation | str) -> str:
    return entry if isinstance(entry, str) else linear(entry)


def columns_of(text: str) -> int:
    """Return how many columns a text takes: accents stand above the letter before."""
    return sum(not unicodedata.combining(sign) for sign in text)
