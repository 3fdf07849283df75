"""Training for a given time."""

from __future__ import annotations

import dataclasses
import time
from itertools import pairwise

from glassnet.training.loop import Examples, Settings, prepare_loop, train
from glassnet.training.network import Network
from glassnet.training.progress import Progress
from glassnet.training.run import Run
from glassnet.training.runs import twin

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


def train_for(net: Network, examples: Examples, settings: Settings, minutes: float | None) -> Run:
    """Train as `train` does; with a time limit, as many epochs as it leaves room for.

    A few batches are tried first, on a copy of the network, so that a schedule of the learning rate
    comes to its end when the time does. Whatever the machine does meanwhile, the training ends
    when the time is over.

    Args:
        net: The network.
        examples: What to learn from.
        settings: How; with a time limit, `settings.epochs` does not count.
        minutes: How long; None for `settings.epochs` epochs.
    """
    if minutes is None:
        return train(net, examples, settings)
    begun, seconds = time.perf_counter(), 60.0 * minutes
    each = _epoch_seconds(net, examples, settings)
    epochs = max(1, int((seconds - (time.perf_counter() - begun)) / each))
    settings = dataclasses.replace(settings, epochs=epochs)
    loop = prepare_loop(net, examples, settings)
    left = seconds - (time.perf_counter() - begun)
    limit = TimeLimit(settings.progress, epochs, len(loop.train), left)
    loop.go(limit)
    if limit.is_over:
        loop.run.stopped = f"{minutes:g} minutes are over"
        net.training["stopped"] = loop.run.stopped
    return loop.run


def _epoch_seconds(net: Network, examples: Examples, settings: Settings) -> float:
    """Return about how long an epoch takes, with its validation."""
    size = settings.batch_size or 32
    count = min(TRIED * size, len(examples.x) // size * size or len(examples.x))
    part = dataclasses.replace(
        examples,
        x=examples.x[:count],
        targets=dataclasses.replace(examples.targets, values=examples.targets.values[:count]),
        validation=None,
    )
    tried = dataclasses.replace(settings, epochs=ROUNDS, patience=None, progress=False)
    seconds = train(twin(net), part, tried).history["seconds"]
    # The least, as other work on the machine only adds; the first round warms up.
    step = max(min(after - before for before, after in pairwise(seconds)), 1e-6)
    held = len(examples.validation[0]) if isinstance(examples.validation, tuple) else 0
    return step * (len(examples.x) + held / 3) / count
