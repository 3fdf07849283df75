"""Workings as one HTML file that needs nothing else: formulas in MathML, the network in SVG."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from glassnet.explain.mathml import formula
from glassnet.explain.notation import Leaf, Notation, broken, row, width
from glassnet.explain.parts import Equation, Page, Part, Picture, Table
from glassnet.explain.styles import STYLE

__all__ = ["html_fragment", "render_html"]

TERM, SHORT = 22, 42  # digits that are never cut; digits of sides on one line
LIT = '<td class="lit">'  # an entry of a table that is pointed out
OPEN = 3  # how many steps are unfolded at first


def render_html(title: str, pages: Sequence[Page]) -> str:
    """Return a whole HTML page with some pages of workings.

    Args:
        title: What is worked out.
        pages: The steps.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{_prose(title)}</title>\n"
        "<style>body{margin:0}@media screen and (prefers-color-scheme:dark)"
        "{body{background:#10161d}}</style>\n"
        f"</head>\n<body>\n{html_fragment(title, pages)}</body>\n</html>\n"
    )


def html_fragment(title: str, pages: Sequence[Page]) -> str:
    """Return the same for the inside of another page, such as a notebook."""
    return "".join(_fragment(title, pages))


def _fragment(title: str, pages: Sequence[Page]) -> Iterator[str]:
    yield f'<div class="glassnet-workings">\n<style>{STYLE}</style>\n<h1>{_prose(title)}</h1>\n'
    said = pages[0].conventions if pages else ()
    if said:
        items = "".join(f"<li>{_prose(text)}</li>\n" for text in said)
        yield f'<ul class="conventions">\n{items}</ul>\n'
    for number, page in enumerate(pages):
        several = len(pages) > 1
        if several:
            unfolded = " open" if number < OPEN else ""
            yield f"<details{unfolded}><summary><h2>{_prose(page.title)}</h2></summary>\n"
        for picture in page.pictures:
            yield _figure(picture)
        for part in page.parts:
            yield from _part(part, "h3" if several else "h2")
        yield "</details>\n" if several else ""
    yield "</div>\n"


def _figure(picture: Picture) -> str:
    caption = f"<figcaption>{_prose(picture.caption)}</figcaption>" if picture.caption else ""
    return f"<figure>{picture.svg}{caption}</figure>\n"


def _part(part: Part, level: str) -> Iterator[str]:
    yield f"<details open><summary><{level}>{_prose(part.title)}</{level}></summary>\n"
    if part.sentence:
        yield f"<p>{_prose(part.sentence)}</p>\n"
    for group in part.groups():
        entries = (_math(row(e.name, Leaf("sign", "="), e.result)) for e in group)
        yield f'<p class="given">{" ".join(entries)}</p>\n'
    for entry in part.workings:
        yield _working(entry)
    for table in part.tables:
        yield from _table(table)
    for picture in part.pictures:
        yield _figure(picture)
    yield "</details>\n"


def _table(table: Table) -> Iterator[str]:
    yield '<div class="table"><table>\n'
    yield f"<caption>{_prose(table.caption)}</caption>\n" if table.caption else ""
    yield f"<tr>{''.join(f'<th>{_entry(entry)}</th>' for entry in table.head)}</tr>\n"
    for number, entries in enumerate(table.rows):
        cells = (
            f"{LIT if (number, at) in table.lit else '<td>'}{_entry(entry)}</td>"
            for at, entry in enumerate(entries)
        )
        yield f"<tr>{''.join(cells)}</tr>\n"
    yield "</table></div>\n"


def _entry(entry: Notation | str) -> str:
    return _prose(entry) if isinstance(entry, str) else _math(entry)


def _working(entry: Equation) -> str:
    """Return an equation: what it is of, then its sides: on lines of their own if they are long."""
    sides = [_side(side) for side in entry.sides]
    sides[-1] = f'<b class="result">{sides[-1]}</b>'
    if sum(map(width, entry.sides)) <= SHORT:
        sides = [" ".join(sides)]
    lines = "".join(f"<span>{side}</span>" for side in sides)
    if entry.sentence:
        lines += f'<span class="why">{_prose(entry.sentence)}</span>'
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
