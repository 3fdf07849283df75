"""Training many copies of a network across the cores: other first weights, orders, rates.

A copy is trained by the loop that `fit` uses for one network, so its numbers have the same bits.
Each worker is a thread with an engine and memory of its own: it compiles the steps for its first
copy and uses them for all others, since first weights, seed and learning rate are inputs of the
program. The native engine lets other threads run while it works.
"""

from __future__ import annotations

import dataclasses
import os
import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Unpack

from glassnet.errors import ArgumentError, NonFiniteError
from glassnet.learning.optimizer import Optimizer
from glassnet.learning.schedule import Schedule
from glassnet.records import dataclass
from glassnet.training.fit import (
    examples_from_arrays,
    examples_from_table,
)
from glassnet.training.loop import DEFAULT_OPTIMIZER, Examples, Loop, Settings, prepare_loop
from glassnet.training.many_options import (
    FitOptions,
    read_options,
    read_rates,
    read_seeds,
    with_rate,
)
from glassnet.training.network import Network
from glassnet.training.progress import Progress
from glassnet.training.run import Run
from glassnet.training.runs import FAILED, Runs, as_text, twin
from glassnet.training.steppers import Choose, Reuse
from glassnet.training.tables import is_table
from glassnet.unit import check_whole

__all__ = ["FitOptions", "fit_many"]

READING = ("task", "standardize", "impute")  # how a table is read


def fit_many(
    net: Network,
    x: Any,
    y: Any = None,
    *,
    seeds: int | Iterable[int] | None = None,
    learning_rates: Iterable[float | Schedule] | None = None,
    workers: int | None = None,
    progress: bool | None = None,
    **fit_options: Unpack[FitOptions],
) -> Runs:
    """Train copies of a network that differ in seed, learning rate or both, and return their runs.

    Each copy gets the same bits as it would alone, for any number of workers:
    `gn.fit(gn.Network(layers, inputs, seed=s), x, y, seed=s, …)`. The network given is not changed.

    Args:
        net: What to copy.
        x: n examples, as in `fit`.
        y: The targets, as in `fit`.
        seeds: The seeds; a whole number n stands for 0 … n−1. From its seed a copy draws its first
            weights, the order of examples, dropout, and its validation part where `validation` is a
            share (give a pair (x, y) to hold the same examples back from all). If not given, all
            copies start with the weights that the network has, and use the setting `seed`.
        learning_rates: The rates. Each takes the place of the optimiser's, or of the one in its
            schedule; a schedule replaces the whole. With seeds too, every rate is combined with
            every seed: rate by rate, in the order given.
        workers: How many copies are trained at once; one for each core if not given.
        progress: Whether to show a progress bar; if not given, where someone is there to see it.
        **fit_options: The other settings of `fit`, the same for all copies.

    Returns:
        The runs, in the order of rates and seeds. One that ended in a number that is not finite is
        kept: `run.stopped` begins with "failed: ". Ctrl-C ends all after the step at hand; what was
        begun is kept.

    Raises:
        NonFiniteError: Every run failed.
        GlassnetError: As in `fit`; nothing is trained then.

    >>> import glassnet as gn
    >>> net = gn.Network([gn.Dense(3, "tanh"), gn.Dense(1, "logistic")], inputs=2)
    >>> xor = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    >>> runs = gn.fit_many(net, *xor, seeds=4, learning_rates=[0.01, 0.1], epochs=300)
    >>> len(runs), runs[5].settings["seed"], runs[5].settings["learning_rate"]
    (8, 1, 0.1)
    >>> runs.best().network.predict(xor[0])
    array([0, 1, 1, 0])
    >>> runs.predict_proba(xor[0]).shape
    (4, 2)
    """
    team = _Team(net, x, y, read_options(fit_options), seeds, learning_rates, workers)
    return team.go(progress)


def _cores() -> int:
    known = getattr(os, "sched_getaffinity", None)
    return len(known(0)) if known is not None else os.cpu_count() or 1


# --- training -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class _Copy:
    """One of the trainings asked for."""

    seed: int
    optimizer: Optimizer


class _Team:
    """The copies, and the workers that train them."""

    def __init__(
        self,
        net: Network,
        x: Any,
        y: Any,
        options: dict[str, Any],
        seeds: Any,
        rates: Any,
        workers: int | None,
    ) -> None:
        if seeds is None and rates is None:
            raise ArgumentError("say what the copies differ in: seeds=10, learning_rates=[…]")
        if seeds is not None and "seed" in options:
            raise ArgumentError("give either seeds, one for each copy, or seed, the same for all")
        if workers is not None:
            check_whole("workers", workers)
        self.net, self.x, self.y, self.options = net, x, y, options
        self.redraw = seeds is not None
        numbers = read_seeds(seeds) if self.redraw else [options.get("seed", 0)]
        optimizer = Optimizer.of(options.get("optimizer", DEFAULT_OPTIMIZER))
        optimizers = [optimizer]
        if rates is not None:
            optimizers = [with_rate(optimizer, rate) for rate in read_rates(rates)]
        self.copies = [_Copy(seed, choice) for choice in optimizers for seed in numbers]
        self.workers = min(workers or _cores(), len(self.copies))
        self.stop = threading.Event()
        self.error: BaseException | None = None
        self.todo = deque(range(len(self.copies)))
        self.runs: list[Run | None] = [None] * len(self.copies)
        self.epochs_done = [0] * len(self.copies)
        self.shared: tuple[Network, Examples, Any] | None = None
        self.threads = 1 if self.workers > 1 else None  # of each worker's steps
        self.first = Reuse(threads=self.threads)
        self._prepare(len(numbers) == 1)

    def _prepare(self, one_seed: bool) -> None:
        """Read the examples, if they are the same for all; check all with the first copy."""
        share = isinstance(self.options.get("validation"), int | float)
        if not is_table(self.x) or one_seed or not share:
            pattern = self._network(self.copies[0].seed)
            examples, weight = self._read(pattern, self.copies[0].seed)
            self.shared = (pattern, examples, weight)
        self._loop(self.copies[0], self.first)

    def _network(self, seed: int) -> Network:
        """Return a copy of the network, with weights of its own."""
        net = self.net
        if not self.redraw:
            return twin(net)
        inputs = net.stack.inputs if net.is_built else None
        return Network(net.layers, inputs, seed=seed, dtype=net.dtype)

    def _read(self, net: Network, seed: int) -> tuple[Examples, Any]:
        """Return the examples and their weights, as `fit` reads them for a run."""
        validation = self.options.get("validation")
        weight = self.options.get("sample_weight")
        if is_table(self.x):
            reading = {k: self.options[k] for k in READING if k in self.options}
            return examples_from_table(net, self.x, self.y, validation, seed, weight, **reading)
        return examples_from_arrays(net, self.x, self.y, validation), weight

    def _loop(self, copy: _Copy, choose: Choose) -> Loop:
        names = {field.name for field in dataclasses.fields(Settings)}
        known = {key: value for key, value in self.options.items() if key in names}
        known |= {"optimizer": copy.optimizer, "seed": copy.seed, "progress": False}
        settings = Settings(**known)
        net = self._network(copy.seed)
        if self.shared is None:
            examples, weight = self._read(net, copy.seed)
        else:
            pattern, examples, weight = self.shared
            if not net.is_built:
                net.build(pattern.stack.inputs)
            net.preprocessing = pattern.preprocessing
        classes = self.options.get("class_weight")
        return prepare_loop(
            net, examples, settings, class_weight=classes, sample_weight=weight, choose=choose
        )

    def _train(self, index: int, choose: Choose) -> Run:
        """Train one copy; what is not finite ends it, and is told in its run."""
        copy = self.copies[index]
        loop = self._loop(copy, choose)
        run = loop.run
        rate = copy.optimizer.learning_rate
        run.settings["learning_rate"] = str(rate) if isinstance(rate, Schedule) else rate
        try:
            loop.go(_Watch(self, index))
        except NonFiniteError as error:
            run.stopped = run.network.training["stopped"] = f"{FAILED}{error}"
        return run

    def _work(self, choose: Reuse, ended: threading.Event) -> None:
        """Train copies until there is none left: what each worker's thread does."""
        try:
            while self.todo and not self.stop.is_set():
                try:
                    index = self.todo.popleft()
                except IndexError:  # another one was quicker
                    break
                self.runs[index] = self._train(index, choose)
        except BaseException as error:  # raised again where it can be seen
            self.error = self.error or error
            self.stop.set()
        finally:
            ended.set()

    def go(self, progress: bool | None) -> Runs:
        """Start the workers, wait for them, and return what they did."""
        start = time.perf_counter()
        # Waiting for events: in Python 3.11 an interrupted `join` takes a thread for ended.
        ended = [threading.Event() for _ in range(self.workers)]
        steppers = [self.first, *(Reuse(self.first, self.threads) for _ in ended[1:])]
        threads = [
            threading.Thread(target=self._work, args=pair, daemon=True)
            for pair in zip(steppers, ended, strict=True)
        ]
        try:
            with _Bar(progress, self.options.get("epochs", 100), len(self.copies)) as bar:
                for thread in threads:
                    thread.start()
                for event in ended:
                    while not event.wait(0.1):
                        bar.show(self.runs, sum(self.epochs_done))
        except KeyboardInterrupt:
            self.stop.set()
        for thread, event in zip(threads, ended, strict=True):
            if thread.ident is not None:
                event.wait()
                thread.join()
        if self.error is not None:
            raise self.error
        done = [run for run in self.runs if run is not None]
        failed = [run for run in done if run.stopped.startswith(FAILED)]
        if len(failed) == len(self.copies):
            first = failed[0]
            raise NonFiniteError(
                f"all {len(failed)} runs failed; the first (seed {first.settings['seed']}, "
                f"learning rate {as_text('learning_rate', first.settings['learning_rate'])}): "
                f"{first.stopped.removeprefix(FAILED)}"
            )
        return Runs(
            done,
            asked=len(self.copies),
            workers=self.workers,
            seconds=time.perf_counter() - start,
        )


class _Watch(Progress):
    """What a copy's loop reports to: counts epochs, and ends the loop when all are to stop."""

    def __init__(self, team: _Team, index: int) -> None:
        super().__init__(False, 1, 1)
        self._team, self._index = team, index

    def step(self, done: int, loss: float) -> None:
        """End the run if all are to stop."""
        del done, loss
        if self._team.stop.is_set():
            raise KeyboardInterrupt

    def end_epoch(self, row: Mapping[str, float]) -> None:
        """Count an epoch."""
        del row
        self._team.epochs_done[self._index] += 1


class _Bar(Progress):
    """A progress bar over all epochs of all runs."""

    def show(self, runs: Sequence[Run | None], epochs_done: int) -> None:
        """Show how far the runs are; at first only if they last."""
        if not self._wanted:
            return
        if self._bar is None:
            if time.perf_counter() - self._start < 0.3:
                return
            self._open()
        done = [run for run in runs if run is not None]
        losses = [run.history["loss"][-1] for run in done if len(run.history)]
        bar: Any = self._bar
        bar.update(
            self._task,
            completed=epochs_done,
            description=f"runs {len(done)}/{len(runs)}",
            measures=f"lowest loss {min(losses):.4f}" if losses else "",
        )
