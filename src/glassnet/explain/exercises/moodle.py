r"""Exercises as questions for Moodle: XML to be imported into a question bank.

Each exercise is a question of type *cloze* (embedded answers): its text has a field for every
quantity that is asked for, and the workings are its general feedback. Formulas are LaTeX between
\( and \), which Moodle's MathJax filter shows.

Source: Moodle's documentation, "Moodle XML format" and "Embedded Answers (Cloze) question type".
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby

from glassnet.explain.exercises.exercise import Exercise, given_groups, place_of
from glassnet.explain.exercises.kind import find_kind
from glassnet.explain.expressions import Address
from glassnet.explain.latex import formula
from glassnet.explain.linear import linear
from glassnet.explain.notation import Notation, broken, width
from glassnet.explain.numbers import short
from glassnet.explain.parts import Equation, Page, Table
from glassnet.explain.setting import notation
from glassnet.explain.sheet import rounded
from glassnet.explain.symbols import name_of
from glassnet.explain.worksheet import Course, Entry

__all__ = ["to_moodle"]

DIGITS = 4  # significant digits that are asked for
FEWEST = 1e-6  # the tolerance of an answer that is 0
PENALTY = "0.3333333"  # what a further attempt costs, as Moodle has it
LINE = 56  # digits of a formula on a line
SIGNIFICANT = ("one", "two", "three", "four", "five", "six")


def to_moodle(exercises: Sequence[Exercise]) -> str:
    """Return exercises as Moodle XML, those of a kind in a category of their own.

    An answer is right within one unit of its fourth digit, or as far from the exact value as
    rounding each result to four digits leads; one rounded more coarsely earns half the mark.

    Args:
        exercises: The exercises.
    """
    found = ['<?xml version="1.0" encoding="UTF-8"?>', "<quiz>"]
    for name, group in groupby(exercises, key=lambda one: one.kind):
        found += _category(find_kind(name).title)
        for one in group:
            found += _question(one)
    return "\n".join([*found, "</quiz>", ""])


def _category(title: str) -> Iterator[str]:
    path = "$course$/top/Exercises of glassnet/" + title.replace("/", "//")
    yield '<question type="category">'
    yield f"  <category><text>{_data(path)}</text></category>"
    yield "</question>"


def _question(one: Exercise) -> Iterator[str]:
    yield '<question type="cloze">'
    yield f"  <name><text>{_data(one.title)}</text></name>"
    yield f'  <questiontext format="html"><text>{_data(_text(one))}</text></questiontext>'
    yield f'  <generalfeedback format="html"><text>{_data(_workings(one))}</text></generalfeedback>'
    yield f"  <penalty>{PENALTY}</penalty>"
    yield "  <hidden>0</hidden>"
    yield f"  <idnumber>glassnet-{one.kind}-{one.level}-{one.seed}</idnumber>"
    yield "</question>"


def _data(text: str) -> str:
    """Return a text that XML takes as it is."""
    return f"<![CDATA[{text.replace(']]>', ']]]]><![CDATA[>')}]]>"


# --- what is asked --------------------------------------------------------------------------------
def _text(one: Exercise) -> str:
    course = one.course
    found = [f"<p>{_prose(one.task)}</p>"]
    for step, groups in given_groups(course):
        texts = [
            ", ".join(f"{_name(entry, course)} = {short(entry.line.value)}" for entry in group)
            for group in groups
        ]
        found.append(f"<p>{f'Step {step}: ' if step else ''}{'; '.join(texts)}</p>")
    found.append(f"<p>Give numbers to {SIGNIFICANT[DIGITS - 1]} significant digits.</p>")
    carried = course.sheet.work(rounded(DIGITS))
    asked = [entry for entry in course.entries if entry.role == "asked"]
    for (step, section), entries in groupby(asked, key=lambda entry: (entry.step, entry.section)):
        head = f"Step {step}: {section}" if course.steps > 1 else section
        found += [f"<h5>{_prose(head)}</h5>", "<ul>"]
        for entry in entries:
            field = _field(entry, course, abs(carried[entry.address] - entry.line.value))
            found.append(f"<li>{_name(entry, course)} = {field}</li>")
        found.append("</ul>")
    return "\n".join(found)


def _field(entry: Entry, course: Course, drift: float) -> str:
    """Return the field for a quantity: its value, a tolerance, and what is said to an answer.

    Args:
        entry: The quantity.
        course: What it is part of.
        drift: How far from the exact value rounding on the way leads.
    """
    value = entry.line.value + 0.0
    unit = 10.0 ** (math.floor(math.log10(abs(value))) + 1 - DIGITS) if abs(value) > 1e-12 else 0.0
    tolerance = max(unit, 1.5 * drift, FEWEST)
    choices = [f"={value:.10g}:{tolerance:.3g}"]
    if abs(value - round(value, 2)) > 1e-9:
        said = f"Nearly: keep {SIGNIFICANT[DIGITS - 1]} digits on the way."
        choices.append(f"%50%{value:.10g}:{10 * tolerance:.3g}#{_said(said)}")
    if entry.line.formula is not None:
        written = notation(entry.line.formula, lambda a: _named(a, course))
        choices.append(f"%0%*#{_said(f'{entry.symbol} = {linear(written)}')}")
    return f"{{1:NUMERICAL:{'~'.join(choices)}}}"


def _prose(text: str) -> str:
    """Return words as HTML in which nothing can be taken for a field."""
    return escape(text).replace("{", "&#123;")


def _said(text: str) -> str:
    r"""Return a feedback within a field: the signs that end it with a backslash in front."""
    text = escape(text, quote=False)
    for sign in "\\}#~":
        text = text.replace(sign, f"\\{sign}")
    return text


def _name(entry: Entry, course: Course) -> str:
    return _math(_named(entry.address, course))


def _named(address: Address, course: Course) -> Notation:
    own = place_of(address, course)
    return name_of(own, layered=own.layer in course.layered)


def _math(written: Notation) -> str:
    """Return a formula between signs for mathematics, which do not stand inside each other."""
    text = re.sub(r"\\\((.*?)\\\)", r"}\1\\text{", formula(written))  # they do within \text{…}
    return rf"\({escape(text, quote=False)}\)"


# --- the workings ---------------------------------------------------------------------------------
def _workings(one: Exercise) -> str:
    pages = one.solution.pages()
    return "\n".join(line for page in pages for line in _page(page, several=len(pages) > 1))


def _page(page: Page, *, several: bool) -> Iterator[str]:
    if several:
        yield f"<h4>{escape(page.title)}</h4>"
    for part in page.parts:
        yield f"<h5>{escape(part.title)}</h5>"
        if part.sentence:
            yield f"<p>{escape(part.sentence)}</p>"
        for group in part.groups():
            texts = (f"{_math(entry.name)} = {_math(entry.result)}" for entry in group)
            yield f"<p>{', '.join(texts)}</p>"
        for entry in part.workings:
            yield f"<p>{_equation(entry)}</p>"
            if entry.sentence:
                yield f"<p>{escape(entry.sentence)}</p>"
        for table in part.tables:
            yield from _table(table)


def _equation(entry: Equation) -> str:
    """Return an equation on one line if there is room, else on a line for each side."""
    sides = [entry.name, *entry.sides]
    if sum(map(width, sides)) + 3 * len(entry.sides) <= LINE:
        return " = ".join(map(_math, sides))
    lines = [piece for side in entry.sides for piece in _pieces(side)]
    return f"{_math(entry.name)} " + "<br>".join(lines)


def _pieces(side: Notation) -> Iterator[str]:
    for number, piece in enumerate(broken(side, LINE)):
        yield f"{'= ' if not number else '&emsp; '}{_math(piece)}"


def _table(table: Table) -> Iterator[str]:
    if table.caption:
        yield f"<p>{escape(table.caption)}</p>"
    yield "<table>"
    yield f"<tr>{''.join(f'<th>{_cell(cell)}</th>' for cell in table.head)}</tr>"
    for row in table.rows:
        yield f"<tr>{''.join(f'<td>{_cell(cell)}</td>' for cell in row)}</tr>"
    yield "</table>"


def _cell(cell: Notation | str) -> str:
    return escape(cell) if isinstance(cell, str) else _math(cell)
