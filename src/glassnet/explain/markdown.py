"""Workings as Markdown: formulas between dollar signs, as GitHub and notebooks show them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from glassnet.explain.latex import formula
from glassnet.explain.notation import Notation, width
from glassnet.explain.parts import Equation, Page, Part, Table

__all__ = ["render_markdown"]

WIDE = 60  # digits on a line


def render_markdown(title: str, pages: Sequence[Page]) -> str:
    """Return some pages as Markdown.

    Args:
        title: What is worked out.
        pages: The steps.
    """
    found = [f"# {_prose(title)}", ""]
    said = pages[0].conventions if pages else ()
    if said:
        found += [*(f"- {_prose(text)}" for text in said), ""]
    for page in pages:
        level = "##"
        if page.title != title:
            found += [f"## {_prose(page.title)}", ""]
            level = "###"
        for part in page.parts:
            found += [f"{level} {_prose(part.title)}", "", *_part(part)]
    return "\n".join(found).rstrip() + "\n"


def _part(part: Part) -> Iterator[str]:
    if part.sentence:
        yield from (_prose(part.sentence), "")
    for group in part.groups():
        yield "- " + ", ".join(f"${_math(entry.name)} = {_math(entry.result)}$" for entry in group)
    for entry in part.workings:
        yield from _rows(entry)
    blank = not part.given and not part.workings  # stands already before the first table
    for table in part.tables:
        yield from list(_table(table))[blank:]
        blank = False
    for picture in part.pictures:
        yield from ("```text", picture.text, "```") if picture.text else ()
    yield ""


def _table(table: Table) -> Iterator[str]:
    yield from ("", _prose(table.caption)) if table.caption else ()
    yield ""
    yield f"| {' | '.join(map(_entry, table.head))} |"
    yield f"|{' --- |' * len(table.head)}"
    for number, row in enumerate(table.rows):
        cells = [_entry(entry) for entry in row]
        lit = [
            f"**{cell}**" if (number, at) in table.lit else cell for at, cell in enumerate(cells)
        ]
        yield f"| {' | '.join(lit)} |"


def _entry(entry: Notation | str) -> str:
    return _prose(entry) if isinstance(entry, str) else f"${_math(entry)}$"


def _rows(entry: Equation) -> Iterator[str]:
    """Yield the lines of an equation: all on one if there is room, else a line for each side."""
    first, *rest = map(_math, entry.sides)
    head = f"- ${_math(entry.name)} = {first}"
    if width(entry.name) + sum(map(width, entry.sides)) <= WIDE:
        yield " = ".join([head, *rest]) + "$" + _aside(entry)
        return
    yield f"{head}$"
    for side in rest:
        yield f"  $= {side}$"
    if entry.sentence:
        yield f"  {_prose(entry.sentence)}"


def _aside(entry: Equation) -> str:
    return f" — {_prose(entry.sentence)}" if entry.sentence else ""


def _math(written: Notation) -> str:
    return formula(written).strip()


def _prose(text: str) -> str:
    """Return a sentence with the signs escaped that Markdown would read."""
    return re.sub(r"([\\`*_\[\]<>$#|])", r"\\\1", " ".join(text.split()))
