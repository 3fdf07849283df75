"""Workings as one HTML file that needs nothing else: formulas in MathML, the network in SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from glassnet.explain.conventions import Profile
from glassnet.explain.mathml import formula
from glassnet.explain.network_picture import network_svg
from glassnet.explain.notation import Leaf, Notation, broken, row, width
from glassnet.explain.parts import Equation, Part, page
from glassnet.explain.sheet import Sheet
from glassnet.explain.styles import STYLE

__all__ = ["html_fragment", "render_html"]

TERM, SHORT = 22, 42  # digits that are never cut; digits of sides on one line
OPEN = 3  # how many steps are unfolded at first


def render_html(title: str, sheets: Sequence[Sheet], profile: Profile) -> str:
    """Return a whole page with the workings of some sheets.

    Args:
        title: What is worked out.
        sheets: The steps.
        profile: The conventions: digits and rounding.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{_prose(title)}</title>\n"
        "<style>body{margin:0}@media screen and (prefers-color-scheme:dark)"
        "{body{background:#10161d}}</style>\n"
        f"</head>\n<body>\n{html_fragment(title, sheets, profile)}</body>\n</html>\n"
    )


def html_fragment(title: str, sheets: Sequence[Sheet], profile: Profile) -> str:
    """Return the same for the inside of another page, such as a notebook."""
    return "".join(_fragment(title, sheets, profile))


def _fragment(title: str, sheets: Sequence[Sheet], profile: Profile) -> Iterator[str]:
    yield f'<div class="glassnet-workings">\n<style>{STYLE}</style>\n<h1>{_prose(title)}</h1>\n'
    said = sheets[0].conventions if sheets else ()
    if said:
        items = "".join(f"<li>{_prose(text)}</li>\n" for text in said)
        yield f'<ul class="conventions">\n{items}</ul>\n'
    for number, sheet in enumerate(sheets):
        several = len(sheets) > 1
        if several:
            unfolded = " open" if number < OPEN else ""
            yield f"<details{unfolded}><summary><h2>{_prose(sheet.title)}</h2></summary>\n"
        yield from _picture(sheet, profile)
        for part in page(sheet, profile):
            yield from _part(part, "h3" if several else "h2")
        yield "</details>\n" if several else ""
    yield "</div>\n"


def _picture(sheet: Sheet, profile: Profile) -> Iterator[str]:
    svg = network_svg(sheet, profile)
    if svg:
        several = any(line.address.example is not None for line in sheet.lines())
        shown = "The network before the change"
        shown += ", with the numbers of the first example" if several else ""
        yield f"<figure>{svg}<figcaption>{shown}.</figcaption></figure>\n"


def _part(part: Part, level: str) -> Iterator[str]:
    yield f"<details open><summary><{level}>{_prose(part.title)}</{level}></summary>\n"
    if part.sentence:
        yield f"<p>{_prose(part.sentence)}</p>\n"
    for group in part.groups():
        entries = (_math(row(e.name, Leaf("sign", "="), e.result)) for e in group)
        yield f'<p class="given">{" ".join(entries)}</p>\n'
    for entry in part.workings:
        yield _working(entry)
    yield "</details>\n"


def _working(entry: Equation) -> str:
    """Return an equation: what it is of, then its sides: on lines of their own if they are long."""
    sides = [_side(side) for side in entry.sides]
    sides[-1] = f'<b class="result">{sides[-1]}</b>'
    if sum(map(width, entry.sides)) <= SHORT:
        sides = [" ".join(sides)]
    lines = "".join(f"<span>{side}</span>" for side in sides)
    return f'<div class="working">{_math(entry.name)}{lines}</div>\n'


def _side(side: Notation) -> str:
    pieces = broken(side, TERM)
    pieces[0] = row(Leaf("sign", "="), pieces[0])
    return " ".join(map(_math, pieces))


def _math(written: Notation) -> str:
    text = formula(written)
    if text.startswith("<mo>"):  # a piece that begins with the sign between it and the one before
        text = f'<mo form="infix">{text.removeprefix("<mo>")}'
    return f"<math>{text}</math>"


def _prose(text: str) -> str:
    return escape(text, quote=False)
