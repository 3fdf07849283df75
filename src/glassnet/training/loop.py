"""The loop over epochs: order, rates, steps, validation, early stopping, history."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from glassnet.engines import Program
from glassnet.errors import ArgumentError, DataError, NonFiniteError, ShapeError
from glassnet.graph import DType, Tensor, TensorType, trace
from glassnet.graph.types import Array
from glassnet.learning.backpropagation import Recipe, check_trainable
from glassnet.learning.optimizer import Optimizer
from glassnet.learning.schedule import Constant
from glassnet.nn.losses import Loss
from glassnet.records import dataclass
from glassnet.training.batches import Order, batch_edges, batch_sizes, resolve_batch_size
from glassnet.training.fingerprints import fingerprint
from glassnet.training.history import History
from glassnet.training.lengths import choose_cuts
from glassnet.training.native_stepper import Sizes
from glassnet.training.network import LARGEST_SEED, Network
from glassnet.training.progress import Progress
from glassnet.training.run import Run
from glassnet.training.stepper import LoopRecipe, Material, batch_blocks
from glassnet.training.steppers import ENGINES, Choose, choose_stepper
from glassnet.training.targets import Targets, choose_loss
from glassnet.unit import check_choice, check_number, check_whole

__all__ = ["DEFAULT_OPTIMIZER", "Examples", "Loop", "Settings", "prepare_loop", "train"]

DEFAULT_OPTIMIZER = "adam 0.01"


@dataclass(frozen=True)
class Settings:
    """How to train; `fit` explains each setting.

    Raises:
        ArgumentError: A setting has a value that is not allowed.
    """

    optimizer: Optimizer
    loss: str | Loss | None = None
    mode: str = "minibatch"
    batch_size: int | None = None
    epochs: int = 100
    patience: int | None = None
    seed: int = 0
    shuffle: bool = True
    clip_norm: float | None = None
    clip_value: float | None = None
    l1: float = 0.0
    l2: float = 0.0
    progress: bool | None = None
    engine: str | None = None
    truncate: int | None = None
    by_length: bool | None = None

    def __post_init__(self) -> None:
        if self.by_length is not None and type(self.by_length) is not bool:
            raise ArgumentError(f"by_length must be True or False; got {self.by_length!r:.60}")
        check_whole("epochs", self.epochs)
        check_whole("seed", self.seed, low=0, high=LARGEST_SEED)
        for name in ("clip_norm", "clip_value"):
            if getattr(self, name) is not None:
                check_number(name, getattr(self, name), low=0, open_low=True)
        check_number("l1", self.l1, low=0)
        if self.engine is not None:
            check_choice("engine", self.engine, ENGINES)
        check_number("l2", self.l2, low=0)
        if self.patience is not None:
            check_whole("patience", self.patience)
        resolve_batch_size(self.mode, self.batch_size, 1 if self.mode != "minibatch" else 10**9)


@dataclass(frozen=True)
class Examples:
    """What to learn from: features and targets, and the validation part (or its share).

    `shares` says how much of the data was held back for validation and for the test before.
    """

    x: Array
    targets: Targets
    validation: float | tuple[Array, Targets] | None
    notes: tuple[str, ...] = ()
    shares: tuple[float, float] | None = None


def train(
    net: Network,
    examples: Examples,
    settings: Settings,
    *,
    class_weight: Mapping[Any, float] | str | None = None,
    sample_weight: Any = None,
) -> Run:
    """Train a network that knows its inputs on arrays of the right form."""
    loop = prepare_loop(
        net, examples, settings, class_weight=class_weight, sample_weight=sample_weight
    )
    loop.go()
    return loop.run


def prepare_loop(
    net: Network,
    examples: Examples,
    settings: Settings,
    *,
    class_weight: Mapping[Any, float] | str | None = None,
    sample_weight: Any = None,
    choose: Choose = choose_stepper,
) -> Loop:
    """Check all that a run needs and return its loop, ready to go; `choose` gives its stepper."""
    check_trainable(net.stack)
    targets = examples.targets
    _check_outputs(net, targets)
    loss = choose_loss(settings.loss, net.stack, targets)
    weight = _weights(targets, class_weight, sample_weight, net.dtype)
    values = _as_stored(targets, net.dtype)
    whole = Material(examples.x, values, weight)
    learnt, held_back = _validation_part(whole, examples, settings.seed)
    size = resolve_batch_size(settings.mode, settings.batch_size, len(learnt))
    smallest = 2 if net.statistics else 1
    if size < smallest:
        raise ArgumentError(
            "batch normalisation needs batches of at least 2 examples: "
            f"mode {settings.mode!r} gives {size}"
        )
    recipe = Recipe(
        net.stack,
        loss,
        settings.optimizer,
        net.dtype,
        class_targets=targets.are_classes,
        weighted=weight is not None,
        clip_norm=settings.clip_norm,
        clip_value=settings.clip_value,
        l1=settings.l1,
        l2=settings.l2,
        hand_over=settings.truncate,
    )
    edges = batch_edges(len(learnt), size, smallest)
    learnt.cuts = choose_cuts(
        settings.by_length, net.stack, learnt.x, edges, shuffle=settings.shuffle
    )
    net.task, net.classes = targets.task, targets.classes
    run = Run(net, History(), notes=examples.notes)
    run.settings = {
        **{
            field.name: getattr(settings, field.name)
            for field in dataclasses.fields(settings)
            if field.name != "progress"
        },
        "loss": str(loss),
        "optimizer": str(settings.optimizer),
        "batch_size": size,
        "by_length": learnt.cuts is not None,
        "examples": len(learnt),
        "validation_examples": 0 if held_back is None else len(held_back),
    }
    net.training = dict(run.settings)
    if learnt.weight is not None:
        mean = learnt.weight.mean()
        if mean == 0:
            raise ArgumentError("all examples of the training part have the weight 0")
        learnt.weight = learnt.weight / mean
    net.training["replay"] = {
        "start": fingerprint([*net.parameters.values(), *net.statistics.values()]),
        "examples": fingerprint([learnt.x, learnt.target, learnt.weight]),
        "shares": list(examples.shares or (_share(examples.validation), 0.0)),
        "class_weight": _plain_weights(class_weight, targets),
    }
    return Loop(run, recipe, learnt, held_back, settings, edges, choose)


def _share(validation: object) -> float:
    return float(validation) if isinstance(validation, int | float) else 0.0


def _plain_weights(class_weight: Mapping[Any, float] | str | None, targets: Targets) -> Any:
    """Return the weights of classes as the model file keeps them: a list, in their order."""
    if not isinstance(class_weight, Mapping):
        return class_weight
    return [float(class_weight.get(name, 1.0)) for name in targets.classes or ()]


def _check_outputs(net: Network, targets: Targets) -> None:
    units = net.stack.units
    if targets.are_classes and targets.classes is not None:
        count = len(targets.classes)
        if count != units and not (count == 2 and units == 1):
            raise ShapeError(
                f"{count} classes need {count} outputs{' (or one)' if count == 2 else ''}; "
                f"the network has {units}"
            )
    elif targets.values.shape[-1] != units:
        raise ShapeError(f"{targets.values.shape[-1]} target columns do not fit {units} outputs")


def _as_stored(targets: Targets, dtype: DType) -> Array:
    """Return targets as a step reads them: with class 0 for steps that are missing, and masked."""
    if targets.are_classes:
        return np.maximum(targets.values, 0)
    return targets.values.astype(dtype.numpy)


def _weights(
    targets: Targets,
    class_weight: Mapping[Any, float] | str | None,
    sample_weight: Any,
    dtype: DType,
) -> Array | None:
    """Return the weight of each example, or None if all count the same."""
    n = len(targets.values)
    weight = np.ones(n)
    if sample_weight is not None:
        weight = _numbers("sample_weight", sample_weight)
        if weight.shape != (n,):
            raise ShapeError(f"sample_weight must have shape ({n},); got {weight.shape}")
    if class_weight is not None:
        if not targets.are_classes or targets.classes is None:
            raise ArgumentError("class_weight needs classes as targets; these are numbers")
        if targets.values.ndim > 1:
            raise ArgumentError("class_weight needs one class for each example, not for each step")
        counts = np.bincount(targets.values, minlength=len(targets.classes))
        if class_weight == "balanced":
            of_class = n / (len(counts) * np.maximum(counts, 1))
        elif not isinstance(class_weight, Mapping):
            raise ArgumentError(
                f'class_weight must be "balanced" or a weight for each class; got {class_weight!r}'
            )
        else:
            unknown = [name for name in class_weight if name not in targets.classes]
            if unknown:
                raise ArgumentError(
                    f"class_weight names the class {unknown[0]!r}; the classes are "
                    f"{', '.join(map(str, targets.classes))}"
                )
            given = [class_weight.get(name, 1.0) for name in targets.classes]
            of_class = _numbers("class_weight", given)
        weight = weight * of_class[targets.values]
    if sample_weight is None and class_weight is None:
        return None
    with np.errstate(over="ignore"):  # what is too large for the type becomes infinite
        weight = weight.astype(dtype.numpy)
        total = weight.sum()
    if not np.isfinite(total) or (weight < 0).any() or total == 0:
        raise ArgumentError("weights of examples must be finite, 0 or more, and not all 0")
    return weight


def _numbers(name: str, values: Any) -> Array:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(f"{name} must be numbers; got {values!r:.60}") from None


def _validation_part(
    whole: Material, examples: Examples, seed: int
) -> tuple[Material, Material | None]:
    """Return the training part and the validation part, whose examples all count the same."""
    validation, targets = examples.validation, examples.targets
    if validation is None:
        return whole, None
    if isinstance(validation, tuple):
        x, held = validation
        if held.are_classes != targets.are_classes:
            raise DataError("the validation targets are of another kind than the training targets")
        ones = None if whole.weight is None else np.ones(len(x), x.dtype)
        values = _as_stored(held, DType(x.dtype.name))
        return whole, Material(x, values, ones)
    check_number("validation", validation, low=0, high=1, open_low=True, open_high=True)
    from glassnet.data import split

    labels = targets.values if targets.are_classes and targets.values.ndim == 1 else None
    parts = split(len(whole), test=0.0, validation=validation, seed=seed, labels=labels)
    learnt, held_back = whole.take(parts.train), whole.take(parts.validation)
    if held_back.weight is not None:
        held_back.weight = np.ones_like(held_back.weight)
    return learnt, held_back


class Loop:
    """The epochs of one run."""

    def __init__(
        self,
        run: Run,
        recipe: LoopRecipe,
        train: Material,
        validation: Material | None,
        settings: Settings,
        edges: Array,
        choose: Choose,
    ) -> None:
        self.run, self.recipe = run, recipe
        self.train, self.validation = train, validation
        self.settings, self.edges = settings, edges
        self.schedule = settings.optimizer.schedule
        if validation is not None and recipe.hand_over is not None:
            validation.block = int(edges[1] - edges[0])  # the same streams as in training
        measured = () if validation is None else batch_blocks(len(validation), validation.block)
        sizes = Sizes(
            batch_sizes(edges),
            tuple(sorted({stop - start for start, stop in measured}, reverse=True)),
            () if train.cuts is None else train.cuts.steps,
        )
        values = _starting_values(run.network, recipe)
        self.begun = recipe.first_carry(int(edges[1] - edges[0]))
        values |= self.begun
        chosen = choose(settings.engine, recipe, values, settings.seed, sizes)
        self.stepper = chosen.stepper
        run.settings["engine"] = chosen.engine
        if chosen.reason:
            note = f"{chosen.engine}: the native engine cannot be used: {chosen.reason}"
            run.notes = (*run.notes, note)
        self.monitored: list[float] = []
        self.best: tuple[float, int, dict[str, Array]] | None = None
        self.seen = 0

    def go(self, progress: Progress | None = None) -> None:
        """Train; what `progress` raises as KeyboardInterrupt ends it as Ctrl-C does.

        Raises:
            NonFiniteError: A number became infinite; the run keeps what was done before.
        """
        settings, run = self.settings, self.run
        start = time.perf_counter()
        run.stopped = "all epochs done"
        try:
            shown = progress or Progress(settings.progress, settings.epochs, len(self.train))
            with shown as progress:
                for epoch in range(settings.epochs):
                    row = self._epoch(epoch, progress)
                    row["seconds"] = time.perf_counter() - start
                    run.history.append({"epoch": epoch + 1, **row})
                    progress.end_epoch(row)
                    if self._is_enough(epoch):
                        run.stopped = (
                            f"the validation loss did not improve for {settings.patience} epochs"
                        )
                        break
        except KeyboardInterrupt:
            run.stopped = "interrupted"
        except NonFiniteError as error:
            self._finish(start)
            raise NonFiniteError(f"epoch {len(run.history) + 1}, {error}") from None
        self._finish(start)

    def _epoch(self, epoch: int, progress: Progress) -> dict[str, float]:
        progress.begin_epoch(epoch)
        before = self.seen

        def after_step(done: int, loss: float) -> None:
            self.seen = before + done
            progress.step(done, loss)

        return self.learn(epoch, after_step)

    def order(self, epoch: int) -> Order:
        """Return the order of the examples in an epoch, counted from 0."""
        settings, cuts = self.settings, self.train.cuts
        edges = None if cuts is None else self.edges
        return Order(len(self.train), settings.seed, epoch, settings.shuffle, cuts, edges)

    def learn(self, epoch: int, after_step: Callable[[int, float], None]) -> dict[str, float]:
        """Take the steps of an epoch, counted from 0; return its measures.

        Args:
            epoch: The epoch.
            after_step: Called now and then with the number of examples done, and the loss.
        """
        rates = self.rates(epoch)
        order = self.order(epoch)
        if self.begun:  # the sequences begin again
            self.stepper.put(self.begun)
        measured = self.stepper.epoch(self.train, order, self.edges, rates, after_step)
        row = {key: measured[key] for key in ("loss", "accuracy") if key in measured}
        if self.validation is not None:
            if self.begun:
                self.stepper.put(self.begun)
            for key, value in self.stepper.evaluate(self.validation).items():
                row[f"validation_{key}"] = value
        row["learning_rate"] = float(rates[-1])
        self.monitored.append(row.get("validation_loss", row["loss"]))
        return row

    def rates(self, epoch: int) -> Array:
        """Return the learning rate of each step of an epoch, or one for all, by the schedule."""
        if self._constant is not None:  # without the formula, which takes as long as ten steps
            return self._constant
        steps = len(self.edges) - 1
        rates = self._formula.run({"epoch": epoch + np.arange(steps) / steps})["result"]
        return rates * self.schedule.factor(self.monitored)

    @cached_property
    def _constant(self) -> Array | None:
        schedule = self.schedule
        return np.array([float(schedule.rate)]) if isinstance(schedule, Constant) else None

    @cached_property
    def _formula(self) -> Program:
        schedule, epochs = self.schedule, float(self.settings.epochs)

        def rate(epoch: Tensor) -> Tensor:
            return schedule.formula(epoch, epochs)

        return Program(trace(rate, epoch=TensorType((len(self.edges) - 1,), DType.FLOAT64)))

    def _is_enough(self, epoch: int) -> bool:
        """Remember the best epoch; say whether patience is at its end."""
        if self.settings.patience is None:
            return False
        now = self.monitored[-1]
        if self.best is None or now < self.best[0]:
            self.best = (now, epoch + 1, self.stepper.values)
        return epoch + 1 - self.best[1] >= self.settings.patience

    def _finish(self, start: float) -> None:
        """Hand the weights to the network: those of the best epoch, if it was watched for."""
        run = self.run
        values = self.stepper.values
        if self.best is not None:
            values, run.best_epoch = self.best[2], self.best[1]
        net = run.network
        net.parameters = _part(values, "parameters/")
        net.statistics = _part(values, "statistics/")
        run.seconds = time.perf_counter() - start
        run.steps = self.stepper.step
        run.examples_per_second = self.seen / max(run.seconds, 1e-9)
        net.training["epochs_done"] = len(run.history)
        net.training["stopped"] = run.stopped


def _part(values: dict[str, Array], prefix: str) -> dict[str, Array]:
    return {key[len(prefix) :]: v.copy() for key, v in values.items() if key.startswith(prefix)}


def _starting_values(net: Network, recipe: LoopRecipe) -> dict[str, Array]:
    values = {f"parameters/{key}": value.copy() for key, value in net.parameters.items()}
    values |= {f"statistics/{key}": value.copy() for key, value in net.statistics.items()}
    for key, value in net.parameters.items():
        for slot, first in recipe.optimizer.slots().items():
            values[f"slots/{key}/{slot}"] = np.full(value.shape, first, recipe.dtype.numpy)
    return values
