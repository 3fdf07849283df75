"""What `explain`, `worksheet` and `check` share: the problem, and how it is worked out."""

from __future__ import annotations

from typing import Annotated

import typer

__all__ = ["WORKINGS", "Conventions", "ProblemArgument", "Steps"]

WORKINGS = "The workings of a problem"

ProblemArgument = Annotated[
    str,
    typer.Argument(
        metavar="PROBLEM",
        help="A built-in problem (see `glassnet explain --list`), or a problem as a TOML file.",
        show_default=False,
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="How many steps; as many as the problem says if not said.",
        rich_help_panel=WORKINGS,
        show_default=False,
    ),
]
Conventions = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="notes (δ = −∂E/∂v), pytorch or matlab (∂E/∂v), or a TOML file with your own; as the "
        "problem says if not said.",
        rich_help_panel=WORKINGS,
        show_default=False,
    ),
]
