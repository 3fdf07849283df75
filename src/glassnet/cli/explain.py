"""`glassnet explain`: how a model comes to what it computes."""

from __future__ import annotations

from typing import Annotated

import typer

from glassnet.cli import options as common
from glassnet.cli.opening import open_model
from glassnet.cli.screen import Screen, print_json
from glassnet.errors import ArgumentError

__all__ = ["explain"]

STYLES = {
    "fact": "",
    "head": "dim",
    "entry": "bold",
    "formula": "cyan",
    "place": "dim",
    "total": "bold",
}
PROGRAM = "The program"


def explain(
    model: common.ModelArgument,
    program: Annotated[
        bool,
        typer.Option(
            "--program", help="Show the instructions that the native engine runs for a batch."
        ),
    ] = False,
    what: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help="The program of a training step, or of a prediction: training, prediction.",
            rich_help_panel=PROGRAM,
        ),
    ] = "training",
    batch_size: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Examples in the batch; as in the model's training if not said.",
            rich_help_panel=PROGRAM,
            show_default=False,
        ),
    ] = None,
    as_json: common.AsJson = False,
) -> int:
    """Show how MODEL computes: so far, the program of a step, with --program.

    Each instruction with its formulas; where its results lie; its floating-point operations and the
    bytes that it reads and writes; and the memory that the program needs.

    [bold]Examples[/bold]

    glassnet explain digits.safetensors --program

    glassnet explain digits.safetensors --program --what prediction --batch-size 1
    """
    if not program:
        raise ArgumentError(
            f"say what is to be explained: so far there is only --program, as in "
            f"`glassnet explain {model} --program`"
        )
    from glassnet.explain import program as listed
    from glassnet.training import Network

    net = open_model(model)
    if not isinstance(net, Network):
        raise ArgumentError(
            f"{str(model)!r} is a classical rule; --program is for networks that learn by gradients"
        )
    listing = listed(net, batch_size, what=what)
    if as_json:
        print_json({"model": str(model), **listing.to_json()})
        return 0
    screen = Screen()
    screen.heading("Program", str(model))
    for kind, text in listing.lines():
        if kind == "gap":
            screen.gap()
        else:
            screen.exact(text, STYLES[kind])
    return 0
