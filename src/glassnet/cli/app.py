"""The command `glassnet`: its commands put together, and the way into it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated, Any

import typer

from glassnet.cli.failures import guarded

__all__ = ["COMMANDS", "command_line", "main"]

COMMANDS = (
    "train",
    "predict",
    "evaluate",
    "info",
    "sample",
    "translate",
    "explain",
    "worksheet",
    "check",
    "exercise",
    "time",
    "logic",
    "rules",
    "bench",
)


def _print_version(asked: bool) -> None:
    if asked:
        import glassnet

        typer.echo(f"glassnet {glassnet.__version__}")
        raise typer.Exit


def glassnet(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Neural networks that show every number.

    [bold]glassnet train iris[/bold] trains a network on a built-in table and saves it as a model;
    instead of [bold]iris[/bold], name a file of your own (CSV, TSV, or images in idx format).
    """
    del version
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def command_line(words: Sequence[str]) -> Any:
    """Return what reads the command line: with all commands, or the one that is asked for alone.

    To load one takes 3 ms, to load all of them 8.
    """
    app = typer.Typer(
        name="glassnet",
        add_completion=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback(invoke_without_command=True)(glassnet)
    for name in words[:1] if words and words[0] in COMMANDS else COMMANDS:
        app.command()(getattr(import_module(f"glassnet.cli.{name}"), name))
    return typer.main.get_command(app)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    Args:
        arguments: The words after `glassnet`; those that the program was called with if None.

    Returns:
        0 if all is done; 2 for a mistake of the user, explained in one message on standard error;
        130 if it was interrupted; 141 if nobody reads the output any more; 70 for a mistake of
        glassnet itself.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    command = command_line(words)

    def run() -> int:
        with command.make_context("glassnet", words) as context:
            status = command.invoke(context)
        return status if isinstance(status, int) else 0

    return guarded(run)
