"""`glassnet exercise`: new problems with friendly numbers, one or a class set."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from glassnet.cli import options as common
from glassnet.cli.screen import Screen, print_json
from glassnet.errors import ArgumentError, nearest
from glassnet.files import check_writable, write_file

if TYPE_CHECKING:
    from glassnet.explain.exercises import Exercise

__all__ = ["exercise"]

LONG = 20  # exercises from which on a bar is shown
SHOWN = 3  # folders up to which all are named
FORMATS = ("text", "markdown", "latex", "html", "json", "moodle")


def exercise(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="KIND",
            help="What is to be practised, such as backpropagation (see --list).",
            show_default=False,
        ),
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the kinds of exercises.")] = False,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Which one: the same seed gives the same exercise.")
    ] = 0,
    level: Annotated[int, typer.Option(metavar="L", help="How hard it is: 1, 2 or 3.")] = 1,
    count: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="A class set: so many exercises, with the seeds from --seed on.",
            show_default=False,
        ),
    ] = None,
    solution: Annotated[
        bool, typer.Option("--solution", help="Show the solution in place of the blank sheet.")
    ] = False,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="FORMAT",
            help="Of the solution: text, markdown, latex, html or json; or moodle, for questions "
            "to import into Moodle.",
        ),
    ] = "text",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Write into this new folder: problem.toml, worksheet.txt, worksheet.csv and the "
            "solution; with --format moodle, write this XML file.",
            show_default=False,
        ),
    ] = None,
    as_json: common.AsJson = False,
) -> int:
    """Make a new exercise with friendly numbers: problem, blank sheet and solution.

    Sheets that were filled in are marked by `glassnet check FOLDER/problem.toml SHEET`.

    [bold]Examples[/bold]

    glassnet exercise --list

    glassnet exercise backpropagation --seed 7 --level 2

    glassnet exercise perceptron --out mine --format html

    glassnet exercise neuron --count 30 --out class

    glassnet exercise neuron --count 30 --format moodle --out neuron.xml
    """
    if listed:
        return _list(as_json=as_json)
    if kind is None:
        raise ArgumentError(
            "say what is to be practised, such as `glassnet exercise backpropagation` "
            "(`glassnet exercise --list` shows all kinds)"
        )
    if form not in FORMATS:
        raise ArgumentError(
            f"there is no format {form!r:.40}{nearest(form, FORMATS)}; choose one of "
            f"{', '.join(FORMATS)}"
        )
    from glassnet.explain.exercises import class_set
    from glassnet.explain.exercises.folders import check_folder

    if out is not None and form == "moodle":
        check_writable(out)
    elif out is not None:
        check_folder(out)
    elif (count or 1) > 1 and form != "moodle" and not as_json:
        raise ArgumentError(
            f"{count} exercises are too many for the screen: say where they are to be written, "
            "such as --out class"
        )
    made = class_set(kind, 1 if count is None else count, seed=seed, level=level)
    if out is not None:
        _save(made, out, form, alone=count is None, as_json=as_json)
    elif as_json:
        print_json({"exercises": [_plain(one) for one in made]})
    elif form == "moodle":
        from glassnet.explain.exercises import to_moodle

        print(to_moodle(made), end="")
    elif form != "text":
        if not solution:
            raise ArgumentError(
                f"--format {form} is the format of the solution: add --solution to see it, or "
                "--out FOLDER to write it"
            )
        print(made[0].solution.render(form), end="")
    else:
        print(f"{made[0].statement}\n{made[0].solution}" if solution else made[0], end="")
    return 0


def _list(*, as_json: bool) -> int:
    from glassnet.explain.exercises import all_kinds

    known = all_kinds()
    if as_json:
        print_json({n: {"rows": k.row.split(", "), "title": k.title} for n, k in known.items()})
        return 0
    screen = Screen()
    screen.heading("Kinds of exercises", "glassnet exercise KIND --seed N --level 1..3")
    screen.table([[name, k.row, k.title] for name, k in known.items()], styles=["bold", "dim", ""])
    return 0


def _plain(one: Exercise) -> dict[str, Any]:
    return {
        "kind": one.kind,
        "seed": one.seed,
        "level": one.level,
        "title": one.title,
        "task": one.task,
        "problem": one.toml,
        "answers": one.answers(),
    }


def _save(made: list[Exercise], out: Path, form: str, *, alone: bool, as_json: bool) -> None:
    from glassnet.explain.exercises import save_class_set, save_exercise, to_moodle

    if form == "moodle":
        files = (write_file(out, to_moodle(list(_counted(made)))),)
    elif alone:
        files = save_exercise(made[0], out, form)
    else:
        files = save_class_set(_counted(made), out, form)
    if as_json:
        print_json({"files": [str(file) for file in files]})
        return
    screen = Screen()
    if len(made) == 1:
        screen.heading(made[0].title)
    else:
        screen.heading(f"{len(made)} exercises: {made[0].kind}, level {made[0].level}")
    shown = [str(file) for file in files]
    if form != "moodle" and not alone:
        folders = [str(file.parent) for file in files if file.name == "problem.toml"]
        some = folders if len(folders) <= SHOWN else [folders[0], "…", folders[-1]]
        shown = [*some, str(files[-1])]
    screen.facts([("written", name) for name in shown])


def _counted(made: list[Exercise]) -> Iterator[Exercise]:
    """Yield exercises with a bar on a terminal, worked out one after the other."""
    if len(made) < LONG or not sys.stderr.isatty():
        yield from made
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(made, "exercises", console=Console(stderr=True), transient=True)
