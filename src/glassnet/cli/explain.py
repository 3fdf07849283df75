"""`glassnet explain`: problems worked out as on paper; the program that a model runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glassnet.cli import options as common
from glassnet.cli import problem_options as given
from glassnet.cli.opening import is_model, open_model
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
PROGRAM = "The program of a model"
PATHS = "The paths from a weight to the cost"
MOST_PATHS = 8
WORKINGS = given.WORKINGS


def explain(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="WHAT",
            help="A built-in problem (see --list), a problem as a TOML file, or a model.",
            show_default=False,
        ),
    ] = None,
    listed: Annotated[
        bool, typer.Option("--list", help="List the built-in problems.", rich_help_panel=WORKINGS)
    ] = False,
    steps: given.Steps = None,
    conventions: given.Conventions = None,
    digits: Annotated[
        int | None,
        typer.Option(
            metavar="K",
            help="Significant digits that are printed; 6 if not said.",
            rich_help_panel=WORKINGS,
            show_default=False,
        ),
    ] = None,
    carried: Annotated[
        bool,
        typer.Option(
            "--carried",
            help="Round each result to these digits before it is used, as with pen and paper.",
            rich_help_panel=WORKINGS,
        ),
    ] = False,
    form: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="text, markdown, latex, html or json; as the file's ending says, else text.",
            rich_help_panel=WORKINGS,
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the workings to a file: .txt, .md, .tex, .html, .json.",
            rich_help_panel=WORKINGS,
            show_default=False,
        ),
    ] = None,
    weight: Annotated[
        str | None,
        typer.Option(
            "--paths",
            metavar="WEIGHT",
            help="Show every path from a weight, such as 'hidden.w[1,1]', to the cost.",
            rich_help_panel=PATHS,
            show_default=False,
        ),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(
            metavar="QUANTITY",
            help="Another end, such as 'output.y[1]'; the cost if not said.",
            rich_help_panel=PATHS,
            show_default=False,
        ),
    ] = None,
    example: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Only the paths of this example, from 1.",
            rich_help_panel=PATHS,
            show_default=False,
        ),
    ] = None,
    most: Annotated[
        int | None,
        typer.Option(
            metavar="K",
            help="How many paths are listed, the largest first; 8 if not said.",
            rich_help_panel=PATHS,
            show_default=False,
        ),
    ] = None,
    program: Annotated[
        bool,
        typer.Option(
            "--program",
            help="Show the instructions that the native engine runs for a batch of a model.",
            rich_help_panel=PROGRAM,
        ),
    ] = False,
    part: Annotated[
        str,
        typer.Option(
            "--what",
            metavar="PART",
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
    """Work a problem out as on paper: each number as formula, numbers put in, result.

    A problem is a network or a rule with given weights and examples: one of those built in, or a
    TOML file of your own. Of a model, --program shows what the native engine executes.

    [bold]Examples[/bold]

    glassnet explain --list

    glassnet explain backpropagation

    glassnet explain perceptron --digits 4 --carried

    glassnet explain backpropagation --out workings.html

    glassnet explain backpropagation --paths 'hidden.w[1,2]'

    glassnet explain digits.safetensors --program
    """
    if listed:
        return _list(as_json=as_json)
    if what is None:
        raise ArgumentError(
            "say what is to be explained: a problem, such as `glassnet explain backpropagation` "
            "(`glassnet explain --list` shows all), or a model with --program"
        )
    path = Path(what)
    if program or is_model(path):
        if not program:
            raise ArgumentError(
                f"{what!r} is a model; of models, so far only the program can be shown: "
                f"`glassnet explain {what} --program`"
            )
        return _program(path, part, batch_size, as_json=as_json)
    from glassnet.explain.paths import paths as find_paths
    from glassnet.explain.saving import save_text
    from glassnet.explain.workings import Workings, format_of
    from glassnet.explain.workings import explain as work_out

    if as_json and form not in (None, "json"):
        raise ArgumentError(f"--json and --format {form} ask for two formats; choose one of them")
    wanted = "json" if as_json else form or (format_of(out) if out else "text")
    if weight is None:
        for option, value in (("--to", to), ("--example", example), ("--most", most)):
            if value is not None:
                raise ArgumentError(f"{option} is for paths: say from where with --paths WEIGHT")
        workings = work_out(
            what, conventions=conventions, digits=digits, carried=carried, steps=steps
        )
    else:
        if steps is not None:
            raise ArgumentError("--paths shows one step; leave --steps out")
        found = find_paths(
            what,
            weight,
            to=to,
            example=example,
            most=MOST_PATHS if most is None else most,
            conventions=conventions,
            digits=digits,
            carried=carried,
        )
        workings = Workings(found.title, (found,), found.profile)
    text = workings.render(wanted)
    if out is None:
        print(text, end="")
    else:
        save_text(out, text)
    return 0


def _list(*, as_json: bool) -> int:
    from glassnet.explain.problems import built_in, grouped

    known = built_in()
    if as_json:
        print_json(known)
        return 0
    screen = Screen()
    screen.heading("Problems", "glassnet explain NAME")
    for group, problems in grouped(known).items():
        screen.gap()
        screen.exact(group, "bold")
        screen.facts(list(problems.items()))
    return 0


def _program(path: Path, part: str, batch_size: int | None, *, as_json: bool) -> int:
    from glassnet.explain import program as list_program
    from glassnet.training import Network

    net = open_model(path)
    if not isinstance(net, Network):
        raise ArgumentError(
            f"{str(path)!r} is a classical rule; --program is for networks that learn by gradients"
        )
    listing = list_program(net, batch_size, what=part)
    if as_json:
        print_json({"model": str(path), **listing.to_json()})
        return 0
    screen = Screen()
    screen.heading("Program", str(path))
    for kind, text in listing.lines():
        if kind == "gap":
            screen.gap()
        else:
            screen.exact(text, STYLES[kind])
    return 0
