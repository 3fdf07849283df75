"""What the jobs of sequences and texts have in common."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassnet.cli.building import Wishes
from glassnet.cli.options import Reading
from glassnet.cli.screen import Screen, complain, note
from glassnet.errors import ArgumentError

if TYPE_CHECKING:
    from glassnet.learning.optimizer import Optimizer
    from glassnet.training import Run
    from glassnet.training.loop import Settings

__all__ = [
    "ONLY_PAIRS",
    "ONLY_TABLES",
    "ONLY_TEXTS",
    "READ_AS_TABLES",
    "job_settings",
    "refuse_options",
    "run_facts",
    "show_run",
    "write_curves",
]

# Options of tables, with the values that they have if nobody names them.
ONLY_TABLES = {
    "target": None,
    "task": None,
    "loss": None,
    "mode": "minibatch",
    "class_weight": None,
    "test_data": None,
    "standardize": True,
    "impute": True,
}
ONLY_PAIRS = {"target_text": None, "words": None, "attention": None, "teacher_forcing": None}
ONLY_TEXTS = {"minutes": None, "truncate": None, "streams": None, "text": None, **ONLY_PAIRS}
READ_AS_TABLES = {"reading": Reading()}


def refuse_options(wishes: Wishes, options: Mapping[str, Any], why: str) -> None:
    """Raise ArgumentError for an option that was given and has no place here.

    Args:
        wishes: What was asked for.
        options: The names of such options, with the values that they have if nobody names them.
        why: What is done instead, and what to do.
    """
    for name, default in options.items():
        given = getattr(wishes, name)
        if given == default:
            continue
        if isinstance(given, Reading):
            raise ArgumentError(f"options that say how a table is read have no place here: {why}")
        raise ArgumentError(f"--{name.replace('_', '-')} has no place here: {why}")


def job_settings(
    wishes: Wishes, optimizer: str | Optimizer, epochs: int, **others: Any
) -> Settings:
    """Return how to train: what was asked for, or what does well.

    Args:
        wishes: What was asked for.
        optimizer: The optimiser if none was asked for.
        epochs: How often each example is learnt from if that was not said.
        **others: Settings that come before what was asked for.
    """
    from glassnet.learning.optimizer import Optimizer
    from glassnet.training.loop import Settings

    chosen: dict[str, Any] = {
        "batch_size": wishes.batch_size,
        "epochs": epochs if wishes.epochs is None else wishes.epochs,
        "seed": wishes.seed,
        "clip_norm": wishes.clip_norm,
        "clip_value": wishes.clip_value,
        "l1": wishes.l1,
        "l2": wishes.l2 or 0.0,
        "progress": None if wishes.progress else False,
        "engine": wishes.engine,
    }
    return Settings(Optimizer.of(wishes.optimizer or optimizer), **{**chosen, **others})


def show_run(screen: Screen, run: Run) -> None:
    """Print the heading of the results, and how the training went."""
    epochs = len(run.history)
    best = f"; the weights are of epoch {run.best_epoch}" if run.best_epoch else ""
    screen.heading("Results")
    screen.line(
        f"{epochs} epoch{'' if epochs == 1 else 's'} in {run.seconds:.1f} s on the "
        f"{run.settings['engine']} engine: {run.stopped}{best}"
    )
    screen.notes(run.notes)
    if run.stopped == "interrupted":
        complain("interrupted; the network so far is kept", kind="")


def run_facts(run: Run) -> dict[str, Any]:
    """Return how the training went, as plain data."""
    return {
        "epochs": len(run.history),
        "best_epoch": run.best_epoch,
        "stopped": run.stopped,
        "steps": run.steps,
        "seconds": run.seconds,
    }


def write_curves(wishes: Wishes, run: Run) -> list[tuple[str, Path]]:
    """Write the curves and the history that were asked for; return what was written, and where."""
    written: list[tuple[str, Path]] = []
    for name, path, write in (
        ("curves", wishes.plot, run.plot),
        ("history", wishes.history, run.history.to_csv),
    ):
        if path is None:
            continue
        if not len(run.history):
            note(f"{path} is not written: no epoch was finished")
            continue
        write(path)
        written.append((name, path))
    return written
