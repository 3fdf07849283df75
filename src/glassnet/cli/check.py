"""`glassnet check`: an answer sheet marked line by line, with the likely causes of mistakes."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glassnet.cli import options as common
from glassnet.cli import problem_options as given
from glassnet.cli.layout import Styled
from glassnet.cli.screen import Screen, print_json

if TYPE_CHECKING:
    from glassnet.explain.checking import Checked, Mark

__all__ = ["check"]

STYLES = {
    "right": "green",
    "right to the digits given": "green",
    "follows": "yellow",
    "wrong": "red",
    "blank": "dim",
    "unreadable": "magenta",
    "unknown": "magenta",
}
TOGETHER = 4  # blank quantities in a row, from which on they share a line
MOST_CAUSES = 5


def check(
    problem: given.ProblemArgument,
    sheet: Annotated[
        str,
        typer.Argument(
            metavar="SHEET",
            help="The answers: lines such as `hidden.v[1] = 0.2`, or a table (CSV); - reads them "
            "from standard input.",
            show_default=False,
        ),
    ],
    steps: given.Steps = None,
    conventions: given.Conventions = None,
    as_json: common.AsJson = False,
) -> int:
    """Mark an answer sheet: each line, what follows from wrong ones, and the likely causes.

    A line is right for the digits that it shows. A wrong one that follows from your own values
    before it earns the mark for the method. The exit status is 0 if every quantity is there and
    right, and 1 if not.

    [bold]Examples[/bold]

    glassnet worksheet backpropagation --out mine.txt

    glassnet check backpropagation mine.txt
    """
    from glassnet.explain.checking import check as mark_sheet
    from glassnet.explain.decoding import LARGEST

    content = sys.stdin.buffer.read(LARGEST + 1) if sheet == "-" else Path(sheet)
    checked = mark_sheet(problem, content, conventions=conventions, steps=steps)
    if as_json:
        print_json({"problem": problem, "sheet": sheet, **checked.to_json()})
    else:
        _show(checked, sheet)
    return 0 if checked.is_right else 1


def _show(checked: Checked, source: str) -> None:
    from glassnet.explain.checking import listed

    screen = Screen()
    screen.heading(checked.title, source)
    groups = itertools.groupby(
        checked.marks, key=lambda mark: -1 if mark.status == "unknown" else mark.step
    )
    for step, marks in groups:
        screen.gap()
        if checked.steps > 1 or step < 0:
            screen.line("Not in this problem" if step < 0 else f"Step {step}", "bold")
        screen.table(list(_rows(list(marks))))
    if checked.causes:
        screen.heading("Likely causes")
        for cause in checked.causes[:MOST_CAUSES]:
            follow = f"; {cause.follow} more follow" if cause.follow else ""
            screen.line(f"{cause.text}: {listed(cause.lines)}{follow}")
    screen.heading("Marks")
    count = ", ".join(f"{n} {status}" for status, n in checked.counts.items() if n)
    screen.line(f"{checked.summary()}: {count}")


def _rows(marks: Sequence[Mark]) -> Iterator[list[Styled]]:
    from glassnet.explain.checking import said

    for blank, group in itertools.groupby(marks, key=lambda mark: mark.status == "blank"):
        several = list(group)
        if blank and len(several) >= TOGETHER:
            names = f"{several[0].symbol} … {several[-1].symbol}"
            yield [Styled("…"), Styled(""), Styled(f"blank ({len(several)}): {names}", "dim")]
            continue
        for mark in several:
            verdict = said(mark) + (f"; {mark.cause}?" if mark.cause else "")
            yield [Styled(mark.symbol), Styled(mark.written), Styled(verdict, STYLES[mark.status])]
