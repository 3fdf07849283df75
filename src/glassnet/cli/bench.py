"""`glassnet bench`: how long glassnet and its peers take for the same work, on this machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from glassnet.cli import options as common
from glassnet.cli.options import FILES
from glassnet.cli.screen import Screen, complain, print_json
from glassnet.cli.writing import check_outputs
from glassnet.errors import ArgumentError, nearest

__all__ = ["bench"]

FAILED = 1

Rungs = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="The rungs to be measured, with commas between; all if not said.",
        show_default=False,
    ),
]
Systems = Annotated[
    str | None,
    typer.Option(
        metavar="NAMES",
        help="The systems to be measured, with commas between: glassnet, floor (hand-written C++), "
        "torch, jax, sklearn, onnxruntime; all that are installed if not said.",
        show_default=False,
    ),
]
Repeat = Annotated[
    int, typer.Option(metavar="N", min=1, help="How often each is measured, in turn.")
]
Seconds = Annotated[
    float, typer.Option(metavar="X", min=0.001, help="About how long one measurement takes.")
]
Listed = Annotated[bool, typer.Option("--list", help="List rungs and systems; measure nothing.")]
OutJson = Annotated[
    Path | None,
    typer.Option(
        "--out",
        metavar="FILE",
        help="Write all that was measured as JSON.",
        rich_help_panel=FILES,
        show_default=False,
    ),
]


def bench(
    rungs: Rungs = None,
    systems: Systems = None,
    repeat: Repeat = 5,
    seconds: Seconds = 0.3,
    listed: Listed = False,
    out: OutJson = None,
    as_json: common.AsJson = False,
) -> int:
    """Measure how long glassnet, its peers and hand-written C++ take for the same work.

    Each system works in a process of its own; they take turns, so that all see the same weather.
    What is not installed is left out. Times are per step, example or call, without set-up.

    [bold]Examples[/bold]

    glassnet bench

    glassnet bench --rungs mlp-64-32-10-b32,predict-1 --systems glassnet,floor,torch

    glassnet bench --rungs cold-digits --out cold.json
    """
    import json

    from glassnet.bench.peers import SYSTEMS
    from glassnet.bench.report import document
    from glassnet.bench.rungs import RUNGS
    from glassnet.files import write_file

    wanted = _chosen(rungs, RUNGS, "--rungs", "rung")
    asked = _chosen(systems, SYSTEMS, "--systems", "system")
    check_outputs({"--out": out}, {})
    missing = {name: reason for name in asked if (reason := SYSTEMS[name].why_missing())}
    present = [name for name in asked if name not in missing]
    screen = Screen(quiet=as_json)
    if listed:
        return _list(screen, wanted, present, missing, as_json=as_json)
    _show_machine(screen, present, missing)
    settings: dict[str, Any] = {"repeat": repeat, "seconds": seconds}
    found = document(present, missing, settings, [])
    for entry in _measured(screen, wanted, present, **settings):
        found["rungs"].append(entry)
        if out is not None:  # after each rung, so that an end before its time loses little
            write_file(out, json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    if as_json:
        print_json(found)
    return FAILED if any(r["error"] for entry in found["rungs"] for r in entry["results"]) else 0


def _chosen(text: str | None, allowed: Iterable[str], option: str, kind: str) -> list[str]:
    """Return the names in an option's text, in its order, or all of them.

    Raises:
        ArgumentError: A name is not known.
    """
    names = list(allowed)
    words = common.listed(None if text is None else [text])
    if text is not None and not words:
        raise ArgumentError(f"{option} names no {kind}; choose from {', '.join(names)}")
    for word in words:
        if word not in names:
            raise ArgumentError(
                f"{option}: there is no {kind} {word!r}{nearest(word, names)}; "
                f"choose from {', '.join(names)}"
            )
    return list(dict.fromkeys(words)) or names


def _list(
    screen: Screen, rungs: list[str], present: list[str], missing: dict[str, str], *, as_json: bool
) -> int:
    from glassnet.bench.peers import SYSTEMS
    from glassnet.bench.rungs import RUNGS

    if as_json:
        known = [{"rung": n, "unit": RUNGS[n].unit, "what": RUNGS[n].what} for n in rungs]
        versions = {name: SYSTEMS[name].version() for name in present}
        print_json({"rungs": known, "systems": versions, "missing": missing})
        return 0
    screen.heading("Rungs")
    rows = [[name, f"{RUNGS[name].what}; per {RUNGS[name].unit}"] for name in rungs]
    screen.table(rows, styles=["bold", ""])
    screen.heading("Systems")
    lines = [[n, SYSTEMS[n].title, SYSTEMS[n].version() or ""] for n in present]
    lines += [[n, SYSTEMS[n].title, f"not here: {reason}"] for n, reason in missing.items()]
    screen.table(lines, styles=["bold", "", ""])
    return 0


def _show_machine(screen: Screen, present: list[str], missing: dict[str, str]) -> None:
    from glassnet.bench.peers import SYSTEMS
    from glassnet.bench.report import machine

    found = machine()
    screen.heading("Machine")
    screen.line(
        f"{found['processor']}, {found['cores']} cores; glassnet uses {found['instructions']}; "
        f"{found['system']}, Python {found['python']}"
    )
    versions = [f"{SYSTEMS[name].title} {SYSTEMS[name].version() or ''}" for name in present]
    screen.line(", ".join(text.strip() for text in versions))
    screen.notes([f"{SYSTEMS[name].title} is left out: {why}" for name, why in missing.items()])


def _measured(
    screen: Screen, rungs: list[str], present: list[str], *, repeat: int, seconds: float
) -> Iterator[dict[str, Any]]:
    """Measure the rungs one by one; each is printed, and handed on, as soon as it is done."""
    from glassnet.bench.measure import Bench
    from glassnet.bench.report import rung_document, rung_rows
    from glassnet.bench.rungs import RUNGS

    with Bench(present, repeat=repeat, seconds=seconds) as work:
        for name in rungs:
            rung = RUNGS[name]
            results = work.run(rung)
            screen.heading(name, f"per {rung.unit}")
            screen.line(rung.what, "dim")
            head, rows = rung_rows(results)
            numbers = [i for i, text in enumerate(head) if i and text]
            screen.table(rows, head=head, right=numbers, styles=["bold"], gap=1)
            for result in results:
                if result.error is not None:
                    complain(f"{name}, {result.system}: {result.error}", kind="")
            yield rung_document(rung, results)
