"""Replaying a run to any step: the same examples, order, rates and bits as in the training."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np

from glassnet.errors import ArgumentError, DataError
from glassnet.graph.types import Array
from glassnet.learning.backpropagation import Recipe
from glassnet.learning.optimizer import Optimizer
from glassnet.records import dataclass
from glassnet.training.batches import Order
from glassnet.training.fingerprints import fingerprint
from glassnet.training.loop import Examples, Loop, Settings, prepare_loop
from glassnet.training.network import Network
from glassnet.training.stepper import Material

__all__ = ["Moment", "Replay", "settings_of"]


@dataclass(frozen=True)
class Moment:
    """Where a run stands before a step.

    Args:
        epoch: The epoch of the step, from 1.
        step: The number of the step in the run, from 1.
        values: Parameters, statistics and slots.
        batch: What the step learns from, as inputs of its graph.
        rows: Which examples of the training part these are, from 0.
        rate: The learning rate.
        seed: The run's seed.
        time: For how many steps of its sequences the batch is run, where that is not all.
    """

    epoch: int
    step: int
    values: dict[str, Array]
    batch: dict[str, Array]
    rows: Array
    rate: float
    seed: int
    time: int | None = None


def settings_of(training: Mapping[str, Any], *, replayed: bool = True) -> Settings:
    """Return how a network was trained, from what it keeps of it.

    Args:
        training: What it keeps.
        replayed: Whether the run shall be replayed, rather than its settings used for a next step.

    Raises:
        ArgumentError: It was not trained, or does not keep how; or its run cannot be replayed.
    """
    names = {field.name for field in dataclasses.fields(Settings)}
    known = {key: value for key, value in training.items() if key in names}
    if "optimizer" not in known or "mode" not in known:
        raise ArgumentError("the network was not trained: it has no run that could be replayed")
    if replayed and known.get("truncate") is not None:
        raise ArgumentError(
            "the network was trained by truncated back-propagation through time, whose steps "
            "cannot be replayed one by one yet; without epoch and step, the next step on given "
            "windows is worked out"
        )
    if known["mode"] != "minibatch":
        known["batch_size"] = None
    known.setdefault("by_length", False)  # of models that are older than batches by length
    known |= {"optimizer": Optimizer.of(known["optimizer"]), "progress": False}
    return Settings(**known)


class Replay:
    """A run from its beginning.

    Args:
        net: The trained network; it is not changed.
        examples: The examples that it was trained on.

    Raises:
        ArgumentError: The network was not trained, or began with weights that are not at hand.
        DataError: These are not the examples.
    """

    def __init__(self, net: Network, examples: Examples) -> None:
        settings = settings_of(net.training)
        kept = cast("dict[str, Any]", net.training.get("replay", {}))
        started = Network(net.layers, net.stack.inputs, seed=net.seed, dtype=net.dtype)
        start = fingerprint([*started.parameters.values(), *started.statistics.values()])
        if start != kept.get("start", start):
            raise ArgumentError(
                "the run began with weights that are not those of the network's seed (they were "
                "given, or learnt before), so that it cannot be replayed; without epoch and step, "
                "the next step from the weights as they are is worked out"
            )
        weight: Any = kept.get("class_weight")
        if isinstance(weight, list):
            names = examples.targets.classes or ()
            weight = dict(zip(names, cast("list[float]", weight), strict=False))
        self.loop: Loop = prepare_loop(started, examples, settings, class_weight=weight)
        found = started.training["replay"]["examples"]
        if found != kept.get("examples", found):
            raise DataError(
                "these are not the examples that the network was trained on, in their order "
                "(or they were weighted), so that the run cannot be replayed; without epoch and "
                "step, the next step on them is worked out"
            )
        self.epochs = int(net.training.get("epochs_done", settings.epochs))
        assert isinstance(self.loop.recipe, Recipe)
        self.recipe: Recipe = self.loop.recipe
        self._done = 0

    @property
    def per_epoch(self) -> int:
        """How many steps an epoch has."""
        return len(self.loop.edges) - 1

    def step_of(self, example: int, epoch: int) -> int:
        """Return the step of an epoch (both from 1) that learns from a row of the training part."""
        at = int(np.flatnonzero(self.loop.order(epoch - 1).rows() == example)[0])
        return int(np.searchsorted(self.loop.edges, at, side="right"))

    def moments(self, epoch: int, first: int, last: int) -> Iterator[Moment]:
        """Yield where the run stands before each of some steps of an epoch, all from 1.

        Raises:
            ArgumentError: The run had no such epoch, or its epochs no such step.
        """
        if not 1 <= epoch <= self.epochs:
            raise ArgumentError(
                f"there is no epoch {epoch} in this run; it had {self.epochs} "
                f"epoch{'s' if self.epochs != 1 else ''}"
            )
        for step in (first, last):
            if not 1 <= step <= self.per_epoch:
                raise ArgumentError(
                    f"there is no step {step} in an epoch of this run; it has "
                    f"{self.per_epoch} step{'s' if self.per_epoch != 1 else ''}"
                )
        loop = self.loop
        for before in range(epoch - 1):
            loop.learn(before, _nothing)
        rows, edges = loop.order(epoch - 1).rows(), loop.edges
        rates = np.broadcast_to(loop.rates(epoch - 1), self.per_epoch)
        self._take(rows[: edges[first - 1]], edges[:first], rates[: first - 1])
        for step in range(first, last + 1):
            start, stop = int(edges[step - 1]), int(edges[step])
            now = rows[start:stop]
            time = loop.train.steps(now)
            yield Moment(
                epoch,
                loop.stepper.step + 1,
                loop.stepper.values,
                loop.train.inputs(now, time),
                now,
                float(rates[step - 1]),
                loop.settings.seed,
                time,
            )
            if step < last:
                self._take(now, np.array([0, stop - start]), rates[step - 1 : step])

    def _take(self, rows: Array, edges: Array, rates: Array) -> None:
        """Take the steps that learn from some examples, in this order."""
        if not len(rows):
            return
        taken: Material = self.loop.train.take(rows)
        order = Order(len(rows), 0, 0, False)
        self.loop.stepper.epoch(taken, order, edges, rates, _nothing)


def _nothing(done: int, loss: float) -> None:
    del done, loss
