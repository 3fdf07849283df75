"""`glassnet worksheet`: a blank sheet of every quantity of a problem, to be filled in by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glassnet.cli import problem_options as given
from glassnet.errors import ArgumentError
from glassnet.files import write_file

__all__ = ["worksheet"]


def worksheet(
    problem: given.ProblemArgument,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="FILE",
            help="Where to write it; a name that ends in .csv makes a table. Else it is printed.",
            show_default=False,
        ),
    ] = None,
    csv: Annotated[
        bool, typer.Option("--csv", help="Write a table, for a spreadsheet, in place of text.")
    ] = False,
    semicolon: Annotated[
        bool,
        typer.Option(
            "--semicolon", help="A table with semicolons between cells and decimal commas."
        ),
    ] = False,
    steps: given.Steps = None,
    conventions: given.Conventions = None,
) -> int:
    """Write a blank sheet of a problem: every quantity in order, to be filled in by hand.

    Fill in what you have, and let `glassnet check` mark it.

    [bold]Examples[/bold]

    glassnet worksheet backpropagation --out mine.txt

    glassnet worksheet perceptron --csv
    """
    from glassnet.explain.worksheet import worksheet as blank

    sheet = blank(problem, conventions=conventions, steps=steps)
    table = csv or semicolon or (out is not None and out.suffix.lower() == ".csv")
    text = sheet.to_csv(";" if semicolon else ",") if table else str(sheet)
    if out is None:
        print(text, end="")
        return 0
    if out.exists():
        raise ArgumentError(
            f"{str(out)!r} exists already, and may be filled in; choose another name"
        )
    # A spreadsheet takes a file without the mark for Latin-1.
    write_file(out, "\ufeff" + text if table else text)
    return 0
