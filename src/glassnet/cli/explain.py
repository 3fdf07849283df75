"""`glassnet explain`: problems worked out as on paper; the program that a model runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glassnet.cli import options as common
from glassnet.cli import problem_options as given
from glassnet.cli.opening import is_model, open_as_trained, open_model, refuse_writer
from glassnet.cli.screen import Screen, print_json
from glassnet.errors import ArgumentError
from glassnet.records import dataclass

if TYPE_CHECKING:
    from glassnet.explain.workings import Workings
    from glassnet.rules.estimator import Estimator
    from glassnet.training import Network

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
FOCUS = "What of it is worked out"


def explain(
    what: Annotated[
        str | None,
        typer.Argument(
            metavar="WHAT",
            help="A built-in problem (see --list), a problem as a TOML file, or a model.",
            show_default=False,
        ),
    ] = None,
    data: Annotated[
        str | None,
        typer.Argument(
            metavar="[DATA]",
            help="Of a model: the data that it was trained on, a file or a built-in name.",
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
    symbols: Annotated[
        bool,
        typer.Option(
            "--symbols",
            help="Derive the gradients in symbols, through the chain rule, without numbers.",
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
    most: Annotated[
        int | None,
        typer.Option(
            metavar="K",
            help="How many paths are listed, the largest first; 8 if not said.",
            rich_help_panel=PATHS,
            show_default=False,
        ),
    ] = None,
    neuron: Annotated[
        str | None,
        typer.Option(
            metavar="NEURON",
            help="Work out one neuron, such as hidden.2 (counted from 1), or one layer.",
            rich_help_panel=FOCUS,
            show_default=False,
        ),
    ] = None,
    quantity: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help=(
                "Work out one quantity, by symbol or name: delta, v, y, w, dw, error, …; or one "
                "number, such as 'hidden.w[2,1]'."
            ),
            rich_help_panel=FOCUS,
            show_default=False,
        ),
    ] = None,
    example: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Work out one example, from 1; with --paths, only its paths.",
            rich_help_panel=FOCUS,
            show_default=False,
        ),
    ] = None,
    epoch: Annotated[
        int | None,
        typer.Option(
            metavar="E",
            help="The epoch of the run, from 1. Of a model: its run is replayed to that step.",
            rich_help_panel=FOCUS,
            show_default=False,
        ),
    ] = None,
    step: Annotated[
        int | None,
        typer.Option(
            metavar="S",
            help="The step, from 1: of the epoch if one is said, else of the run.",
            rich_help_panel=FOCUS,
            show_default=False,
        ),
    ] = None,
    table: Annotated[
        bool,
        typer.Option(
            "--table",
            help="Show the run as a table: a row for each step.",
            rich_help_panel=FOCUS,
        ),
    ] = False,
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

    A problem is a network or a rule with given weights and examples: one of
    those built in, or a TOML file of your own.

    Of a model with the data that it was trained on, any step of its training is
    worked out: the run is replayed. Where no step is said, it is the next one.

    [bold]Examples[/bold]

    glassnet explain --list

    glassnet explain backpropagation

    glassnet explain perceptron --digits 4 --carried

    glassnet explain backpropagation --symbols

    glassnet explain backpropagation --out workings.html

    glassnet explain backpropagation --paths 'hidden.w[1,2]'

    glassnet explain perceptron --table

    glassnet explain backpropagation --neuron hidden.2 --quantity delta

    glassnet explain iris.safetensors iris --epoch 3 --step 2 --neuron output.1

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
    if program:
        return _program(path, part, batch_size, as_json=as_json)
    from glassnet.explain.saving import save_text
    from glassnet.explain.workings import explain as work_out
    from glassnet.explain.workings import format_of

    if as_json and form not in (None, "json"):
        raise ArgumentError(f"--json and --format {form} ask for two formats; choose one of them")
    wanted = "json" if as_json else form or (format_of(out) if out else "text")
    shown = _Shown(conventions, digits, carried)
    parts = (steps, epoch, step, neuron, quantity, table or None, data)
    if symbols:
        for option in (*parts, weight, to, example, most):
            if option is not None:
                raise ArgumentError(
                    "--symbols derives a problem without numbers; leave --steps, --epoch, --step, "
                    "--example, --neuron, --quantity, --table, --paths, --to, --most and DATA out"
                )
        workings = work_out(what, symbols=True, **vars(shown))
    elif weight is not None:
        for option in parts:
            if option is not None:
                raise ArgumentError(
                    "--paths shows one step of a problem; leave --steps, --epoch, --step, "
                    "--neuron, --quantity, --table and DATA out"
                )
        workings = _paths(what, weight, to, example, most, shown)
    elif to is not None or most is not None:
        option = "--to" if to is not None else "--most"
        raise ArgumentError(f"{option} is for paths: say from where with --paths WEIGHT")
    else:
        asked = _Asked(steps, epoch, step, example, neuron, quantity, table)
        workings = _work_out(what, data, asked, shown)
    text = workings.render(wanted)
    if out is None:
        print(text, end="")
    else:
        save_text(out, text)
    return 0


@dataclass(frozen=True)
class _Shown:
    """How workings are shown."""

    conventions: str | None
    digits: int | None
    carried: bool


@dataclass(frozen=True)
class _Asked:
    """What of a run is worked out."""

    steps: int | None
    epoch: int | None
    step: int | None
    example: int | None
    neuron: str | None
    quantity: str | None
    table: bool


def _paths(
    what: str, weight: str, to: str | None, example: int | None, most: int | None, shown: _Shown
) -> Workings:
    from glassnet.explain.paths import paths
    from glassnet.explain.workings import Workings

    most = MOST_PATHS if most is None else most
    found = paths(what, weight, to=to, example=example, most=most, **vars(shown))
    return Workings(found.title, (found,), found.profile)


def _work_out(what: str, data: str | None, asked: _Asked, shown: _Shown) -> Workings:
    """Return the workings of a problem, or of a model with data."""
    from glassnet.explain.focus import Focus
    from glassnet.explain.rule_models import model_steps
    from glassnet.explain.steps import Where
    from glassnet.explain.workings import Workings, chapters_of, explain_network, profile_of
    from glassnet.explain.workings import explain as work_out
    from glassnet.training import Network

    path = Path(what)
    if not is_model(path):
        if data is not None:
            raise ArgumentError(
                f"{what!r} is no model, and only models are worked out with data ({data!r:.60}); "
                "a problem has its own examples"
            )
        return work_out(what, **vars(asked), **vars(shown))
    net, examples, targets = _model_and_data(path, data)
    profile = profile_of(shown.conventions or "notes", shown.digits, shown.carried)
    focus = Focus(asked.neuron, asked.quantity, asked.example)
    where = Where(asked.epoch, asked.step, asked.example)
    if not isinstance(net, Network):
        taken = model_steps(net, examples, None, path.name, where, asked.steps, table=asked.table)
        chapters = chapters_of(path.name, taken, profile, focus, table=asked.table)
        return Workings(path.name, chapters, profile)
    return explain_network(
        net,
        examples,
        targets,
        profile,
        where,
        focus,
        name=path.name,
        steps=asked.steps,
        table=asked.table,
    )


def _model_and_data(path: Path, data: str | None) -> tuple[Network | Estimator, Any, Any]:
    """Return a model, the data that it is worked out with, and targets that are not part of it."""
    if data is None:
        raise ArgumentError(
            f"{path.name} is a model: say with which data a step is worked out, as in "
            f"`glassnet explain {path} DATA`; `glassnet explain {path} --program` shows what the "
            "native engine executes"
        )
    from glassnet.cli.jobs.steps import TASKS, as_made

    net = open_model(path)
    refuse_writer(net, path)
    if data in TASKS:
        return net, *as_made(path, net, data)
    return net, open_as_trained(data, net, common.Reading()), None


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
