"""Workings as Markdown: formulas between dollar signs, as GitHub and notebooks show them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from glassnet.explain.conventions import Profile
from glassnet.explain.latex import formula
from glassnet.explain.notation import Notation, width
from glassnet.explain.parts import Equation, Part, page
from glassnet.explain.sheet import Sheet

__all__ = ["render_markdown"]

WIDE = 60  # digits on a line


def render_markdown(title: str, sheets: Sequence[Sheet], profile: Profile) -> str:
    """Return the workings of some sheets as Markdown.

    Args:
        title: What is worked out.
        sheets: The steps.
        profile: The conventions: digits and rounding.
    """
    found = [f"# {_prose(title)}", ""]
    said = sheets[0].conventions if sheets else ()
    if said:
        found += [*(f"- {_prose(text)}" for text in said), ""]
    for sheet in sheets:
        level = "##"
        if sheet.title != title:
            found += [f"## {_prose(sheet.title)}", ""]
            level = "###"
        for part in page(sheet, profile):
            found += [f"{level} {_prose(part.title)}", "", *_part(part)]
    return "\n".join(found).rstrip() + "\n"


def _part(part: Part) -> Iterator[str]:
    if part.sentence:
        yield from (_prose(part.sentence), "")
    for group in part.groups():
        yield "- " + ", ".join(f"${_math(entry.name)} = {_math(entry.result)}$" for entry in group)
    for entry in part.workings:
        yield from _rows(entry)
    yield ""


def _rows(entry: Equation) -> Iterator[str]:
    """Yield the lines of an equation: all on one if there is room, else a line for each side."""
    first, *rest = map(_math, entry.sides)
    head = f"- ${_math(entry.name)} = {first}"
    if width(entry.name) + sum(map(width, entry.sides)) <= WIDE:
        yield " = ".join([head, *rest]) + "$"
        return
    yield f"{head}$"
    for side in rest:
        yield f"  $= {side}$"


def _math(written: Notation) -> str:
    return formula(written).strip()


def _prose(text: str) -> str:
    """Return a sentence with the signs escaped that Markdown would read."""
    return re.sub(r"([\\`*_\[\]<>$#|])", r"\\\1", " ".join(text.split()))
