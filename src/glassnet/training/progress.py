"""Showing how long work goes on: loss, validation measure, examples per second, time left."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import Any, Self

__all__ = ["Progress"]

INTERVAL = 0.1  # seconds between two looks at the screen


class Progress:
    """A progress bar on the terminal or in a notebook; silent where nobody looks.

    Args:
        shown: Whether to show it; None for "if standard error is a terminal, or in a notebook".
        epochs: How many epochs there are to do.
        examples: How many examples each epoch has.
    """

    def __init__(self, shown: bool | None, epochs: int, examples: int) -> None:
        self._wanted = sys.stderr.isatty() or _in_notebook() if shown is None else shown
        self._epochs, self._examples = epochs, examples
        self._start = self._next = time.perf_counter()
        self._bar: Any = None
        self._task: Any = None
        self._measures = ""
        self._epoch = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin_epoch(self, epoch: int) -> None:
        """Say which epoch begins (counted from 0)."""
        self._epoch = epoch

    def step(self, done: int, loss: float) -> None:
        """Show the state within an epoch, at most ten times a second."""
        now = time.perf_counter()
        if not self._wanted or now < self._next:
            return
        self._next = now + INTERVAL
        if self._bar is None:
            if now - self._start < 0.3:
                return  # work that is over in a blink needs no bar
            self._open()
        total = self._epoch * self._examples + done
        rate = total / (now - self._start)
        text = self._measures or f"loss {loss:.4f}"
        bar: Any = self._bar
        bar.update(
            self._task,
            completed=total,
            description=f"epoch {self._epoch + 1}/{self._epochs}",
            measures=f"{text}  {_short(rate)}/s",
        )

    def end_epoch(self, row: Mapping[str, float]) -> None:
        """Take over the measures of an epoch."""
        parts = [f"loss {row['loss']:.4f}"]
        for key, digits in (("validation_accuracy", 3), ("validation_loss", 4), ("accuracy", 3)):
            if key in row:  # one more measure leaves room for the bar at 80 columns
                parts.append(f"{key.replace('_', ' ')} {row[key]:.{digits}f}")
                break
        self._measures = "  ".join(parts)

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[measures]}"),
            TimeRemainingColumn(compact=True),
            console=Console(stderr=True),
            transient=True,
            expand=True,
        )
        total = self._epochs * self._examples
        self._task = self._bar.add_task("", total=total, measures="")
        self._bar.start()


def _short(rate: float) -> str:
    for size, letter in ((1e6, "M"), (1e3, "k")):
        if rate >= size:
            return f"{rate / size:.1f}{letter}"
    return f"{rate:.0f}"


def _in_notebook() -> bool:
    shell = sys.modules.get("IPython")
    return shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"
