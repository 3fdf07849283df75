"""The epochs of a classical rule: order, rates, steps, history; Ctrl-C keeps what was learnt."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

import numpy as np

from glassnet.engines import Program
from glassnet.errors import NonFiniteError
from glassnet.graph import DType, Tensor, TensorType, trace
from glassnet.graph.types import Array
from glassnet.learning.schedule import Constant, Schedule
from glassnet.records import dataclass
from glassnet.rules.step import StepRecipe
from glassnet.rules.steps import Steps, record
from glassnet.training.batches import Order, batch_edges, batch_sizes, epoch_order
from glassnet.training.history import History
from glassnet.training.native_stepper import Sizes
from glassnet.training.progress import Progress
from glassnet.training.stepper import Material
from glassnet.training.steppers import choose_stepper

__all__ = ["Taught", "Teaching", "as_schedule", "follow", "teach"]


@dataclass(frozen=True)
class Teaching:
    """How a rule is taught.

    Args:
        epochs: How often each example is learnt from, at most.
        batch_size: How many examples a step learns from.
        schedule: The learning rate; 1 if not given.
        shuffle: Whether the examples are taken in a new order each epoch.
        seed: Where the order is drawn from.
        engine: "native", "reference", or None for the best that can be used.
        progress: Whether to show a progress bar; None: where someone is there to see it.
        first_epoch: How many epochs went before, where a run goes on: orders, rates and the
            history are counted from there.
        lasting: How many epochs the schedule is told that it lasts; those of this run if not given.
    """

    epochs: int
    batch_size: int = 1
    schedule: Schedule = field(default_factory=lambda: Constant(1.0))
    shuffle: bool = False
    seed: int = 0
    engine: str | None = None
    progress: bool | None = None
    first_epoch: int = 0
    lasting: int | None = None


# Called after each epoch with the values and the measures; returns why it is enough, or None. What
# it adds to the measures is in the history.
AfterEpoch = Callable[[Mapping[str, Array], dict[str, float]], str | None]


@dataclass
class Taught:
    """What was learnt, and how it went.

    Attributes:
        values: `parameters/…` and `slots/…` at the end.
        history: The measures after each epoch.
        stopped: Why it ended.
        notes: What was decided on the way.
        facts: Engine, seconds, steps and so on, for the model file.
    """

    values: dict[str, Array]
    history: History
    stopped: str
    notes: tuple[str, ...]
    facts: dict[str, Any]


def teach(
    recipe: StepRecipe,
    start: dict[str, Array],
    x: Array,
    target: Array | None,
    teaching: Teaching,
    after_epoch: AfterEpoch | None = None,
    history: History | None = None,
) -> Taught:
    """Run a rule's steps over the examples, epoch by epoch.

    Args:
        recipe: The step.
        start: The state before the first step.
        x: The examples, (n, inputs).
        target: Class numbers (n,), values (n, units), or None.
        teaching: How to go about it.
        after_epoch: Decides after each epoch whether it is enough.
        history: Where the measures are put; a new one if not given.

    Raises:
        NonFiniteError: A number became infinite.
    """
    begun = time.perf_counter()
    edges = batch_edges(len(x), teaching.batch_size)
    sizes = Sizes(batch_sizes(edges))
    chosen = choose_stepper(teaching.engine, recipe, start, teaching.seed, sizes)
    stepper = chosen.stepper
    history = History() if history is None else history
    material = Material(x, target, None)
    rates = _Rates(teaching.schedule, len(edges) - 1, teaching.lasting or teaching.epochs)
    stopped = "all epochs done"
    monitored: list[float] = []
    used: list[float] = []  # the learning rates of the first step and of each epoch's last
    try:
        with Progress(teaching.progress, teaching.epochs, len(x)) as bar:
            for done in range(teaching.epochs):
                epoch = teaching.first_epoch + done
                bar.begin_epoch(done)
                order = Order(len(x), teaching.seed, epoch, teaching.shuffle)
                now = rates.of(epoch, monitored)
                used += [float(now[0]), float(now[-1])]
                row = stepper.epoch(material, order, edges, now, bar.step)
                row.pop("objective", None)
                monitored.append(row["loss"])
                enough = after_epoch(stepper.values, row) if after_epoch else None
                row |= {"learning_rate": float(now[-1]), "seconds": time.perf_counter() - begun}
                history.append({"epoch": epoch + 1, **row})
                bar.end_epoch(row)
                if enough is not None:
                    stopped = enough
                    break
    except KeyboardInterrupt:
        stopped = "interrupted"
    except NonFiniteError as error:
        epoch = teaching.first_epoch + len(monitored) + 1
        said = str(error).replace(" clip_norm=1.0,", "")  # which no rule has
        raise NonFiniteError(f"epoch {epoch}, {said}") from None
    seconds = time.perf_counter() - begun
    facts = {
        "engine": chosen.engine,
        "epochs_done": len(history),
        "steps": stepper.step,
        "learning_rate": [used[0], used[-1]] if used else [],
        "stopped": stopped,
        "seconds": round(seconds, 3),
    }
    notes = (f"{chosen.engine}: the native engine cannot be used: {chosen.reason}",)
    return Taught(stepper.values, history, stopped, notes if chosen.reason else (), facts)


def follow(
    recipe: StepRecipe,
    start: Mapping[str, Array],
    x: Array,
    target: Array | None,
    teaching: Teaching,
    shown: Mapping[str, str],
    enough: Callable[[list[dict[str, Array]]], bool] = lambda _rows: False,
    line_at: float | None = None,
) -> Steps:
    """Return the steps of a run with an update after each example, one by one.

    Arguments as those of `teach` and `record`; `enough` decides by the rows of an epoch;
    `line_at` as for `Steps`.
    """
    rates = _Rates(teaching.schedule, len(x), teaching.epochs)
    state, rows, inputs = dict(start), list[dict[str, Array]](), list[dict[str, Any]]()
    for epoch in range(teaching.epochs):
        order = epoch_order(len(x), teaching.seed, epoch, teaching.shuffle)
        now, given, state = record(
            recipe,
            state,
            x,
            target,
            rates.of(epoch, []),
            shown,
            first_step=len(rows),
            seed=teaching.seed,
            order=order,
            epoch=epoch,
        )
        rows += now
        inputs += given
        if enough(now):
            break
    return Steps(rows, line_at, recipe.training_graph(1), inputs)


def as_schedule(rate: float | str | Schedule) -> Schedule:
    """Return a schedule from a number, from text such as "exponential 0.1 0.9", or as it is."""
    return Schedule.of(rate) if isinstance(rate, str | Schedule) else Constant(float(rate))


class _Rates:
    """The learning rate of each step, by the schedule's formula."""

    def __init__(self, schedule: Schedule, steps: int, epochs: int) -> None:
        self._schedule, self._steps = schedule, steps
        self._program: Program | None = None
        if isinstance(schedule, Constant):
            self._constant = np.full(1, schedule.rate)
            return

        def rate(epoch: Tensor) -> Tensor:
            return schedule.formula(epoch, float(epochs))

        self._program = Program(trace(rate, epoch=TensorType((steps,), DType.FLOAT64)))

    def of(self, epoch: int, monitored: list[float]) -> Array:
        if self._program is None:
            return self._constant
        at = epoch + np.arange(self._steps) / self._steps
        return self._program.run({"epoch": at})["result"] * self._schedule.factor(monitored)
