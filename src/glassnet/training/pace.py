"""Training for a given time."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable

from glassnet.training.loop import Loop, Settings
from glassnet.training.progress import Progress
from glassnet.training.run import Run

__all__ = ["TimeLimit", "train_for"]

TRIED, ROUNDS = 16, 5  # batches whose time is taken before the training, and how often


class TimeLimit(Progress):
    """A progress bar that ends the training, as Ctrl-C does, when the time is over."""

    def __init__(self, shown: bool | None, epochs: int, examples: int, seconds: float) -> None:
        super().__init__(shown, epochs, examples)
        self._end = time.perf_counter() + seconds
        self.is_over = False

    def step(self, done: int, loss: float) -> None:
        """Show the state within an epoch, or raise KeyboardInterrupt."""
        self._look()
        super().step(done, loss)

    def _look(self) -> None:
        if time.perf_counter() > self._end:
            self.is_over = True
            raise KeyboardInterrupt


def train_for(make: Callable[[Settings], Loop], settings: Settings, minutes: float | None) -> Run:
    """Train for so many epochs as `settings` say; with a time limit, as many as it leaves room for.

    A few batches are tried first, which the network does not learn from, so that a schedule of the
    learning rate comes to its end when the time does. Whatever the machine does meanwhile, the
    training ends when the time is over.

    Args:
        make: From settings to a loop that is ready to go.
        settings: How to train; with a time limit, `settings.epochs` does not count.
        minutes: How long; None for `settings.epochs` epochs.
    """
    if minutes is None:
        loop = make(settings)
        loop.go()
        return loop.run
    begun, seconds = time.perf_counter(), 60.0 * minutes
    each = _epoch_seconds(make(settings))
    epochs = max(1, int((seconds - (time.perf_counter() - begun)) / each))
    settings = dataclasses.replace(settings, epochs=epochs)
    loop = make(settings)
    left = seconds - (time.perf_counter() - begun)
    limit = TimeLimit(settings.progress, epochs, len(loop.train), left)
    loop.go(limit)
    if limit.is_over:
        loop.run.stopped = f"{minutes:g} minutes are over"
        loop.run.network.training["stopped"] = loop.run.stopped
    return loop.run


def _epoch_seconds(loop: Loop) -> float:
    """Return about how long an epoch takes, with its validation, by trying some batches."""
    held = 0 if loop.validation is None else len(loop.validation)
    whole = int(loop.edges[-1])
    loop.edges = loop.edges[: TRIED + 1]
    loop.validation = None
    times: list[float] = []
    for epoch in range(ROUNDS):
        at = time.perf_counter()
        loop.learn(epoch, lambda _done, _loss: None)
        times.append(time.perf_counter() - at)
    # The least, as other work on the machine only adds.
    return max(min(times), 1e-6) * (whole + held / 3) / int(loop.edges[-1])
