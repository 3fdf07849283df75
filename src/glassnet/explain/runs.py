"""The steps of a trained network: those of its run, replayed, or the next one on given examples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from glassnet import ops
from glassnet.engines import Program
from glassnet.errors import ArgumentError
from glassnet.explain.steps import Step, Where
from glassnet.graph import DType, Graph, Tensor, TensorType, rebuild, trace
from glassnet.graph.operation import Random
from glassnet.graph.tensor import apply
from glassnet.graph.types import Array
from glassnet.learning.backpropagation import Recipe, training_graph
from glassnet.learning.schedule import Schedule
from glassnet.records import dataclass
from glassnet.training.lengths import shortened
from glassnet.training.loop import Examples, Settings
from glassnet.training.network import Network
from glassnet.training.replay import Moment, Replay, settings_of
from glassnet.training.tables import as_data, is_table
from glassnet.training.targets import Targets, choose_loss, read_targets

__all__ = ["Given", "read_examples", "run_steps"]

REPLAYED = "the weights are those of the run before this step, to the bit ({dtype})"
AS_THEY_ARE = "the weights are those that the network has now"
ANEW = "what the optimiser remembers begins anew: the network does not keep it"
WINDOW = (
    "each example is a window, before which the state is 0; its last {count} steps count, and the "
    "path from its first step back is cut"
)
FEATURES = "x and d are numbers after the network's own preprocessing of the data"


@dataclass(frozen=True)
class Given:
    """Examples as a network is fed them.

    Args:
        x: The features, (n, …).
        targets: What is to be learnt.
        numbers: The number of each example in the data, from 1.
    """

    x: Array
    targets: Targets
    numbers: Array

    def take(self, rows: Array) -> Given:
        """Return some of the examples."""
        return Given(self.x[rows], _some(self.targets, rows), self.numbers[rows])


def _some(targets: Targets, rows: Array) -> Targets:
    return replace(targets, values=targets.values[rows])


def read_examples(net: Network, x: Any, y: Any) -> Given:
    """Return examples as a network is fed them, through its own preprocessing.

    Args:
        net: The network.
        x: Examples: an array, or a table or data frame with the target column.
        y: The targets of an array; nothing for a table.

    Raises:
        ArgumentError, DataError, ShapeError: They do not fit the network.
    """
    if is_table(x):
        if y is not None:
            raise ArgumentError("the targets of a table are its target column; leave y out")
        if net.preprocessing is None:
            net.rows(x)  # which says what is wrong
        from glassnet.training.prepare import encode

        assert net.preprocessing is not None
        data = as_data(x)
        part = encode(net.preprocessing, data)
        target = net.preprocessing.target
        usable = np.arange(data.rows) if target is None else target.usable_rows(data)
        return Given(net.encoded(part.x).rows, part.targets, usable + 1)
    if x is None or y is None:
        raise ArgumentError(
            "say on which examples: explain(net, x, y), with the targets y, or a table"
        )
    if net.preprocessing is not None:
        raise ArgumentError(
            "the network was trained on a table; give a table or data frame with its columns, "
            "so that they are treated as in the training"
        )
    rows = net.rows(x)
    classes = net.classes if net.task == "classification" else None
    targets = read_targets(y, len(rows), net.stack, net.dtype, classes)
    return Given(rows, targets, np.arange(1, len(rows) + 1))


def run_steps(
    net: Network, given: Given, name: str, where: Where, count: int | None, *, table: bool = False
) -> Iterator[Step]:
    """Yield the steps that are meant.

    Args:
        net: The trained network.
        given: The examples: for a replay those that it was trained on.
        name: What the network is called.
        where: The step of the run; the next one, from the weights as they are, if not said.
        count: How many steps from there; one if not given.
        table: Whether all steps of an epoch are meant, where none is said.

    Raises:
        ArgumentError, DataError: There is no such step, or the run cannot be replayed.
    """
    if where.epoch is None and where.step is None:
        return _next(net, given, name, where.example, count or 1)
    return _replayed(net, given, name, where, count, table=table)


# --- the run, replayed ----------------------------------------------------------------------------
def _replayed(
    net: Network, given: Given, name: str, where: Where, count: int | None, *, table: bool
) -> Iterator[Step]:
    settings = settings_of(net.training)
    validation, test = net.training.get("replay", {}).get("shares", (0.0, 0.0))
    monitored = type(settings.optimizer.schedule).factor is not Schedule.factor
    examples, learnt = _as_trained(net, given, settings, validation, test, monitored=monitored)
    replay = Replay(net, examples)
    epoch, first, last = _place(replay, where, learnt, count, table=table)
    recipe = replace(replay.recipe, dtype=DType.FLOAT64, unrolled=True)
    notes = [REPLAYED.format(dtype=net.dtype)]
    notes += [FEATURES] if net.preprocessing is not None else []
    graphs: dict[tuple[int, int | None], Graph] = {}
    for moment in replay.moments(epoch, first, last):
        within = moment.step - (epoch - 1) * replay.per_epoch
        numbers = tuple(int(n) for n in learnt[moment.rows])
        title = f"{name}: epoch {epoch}, step {within} of {replay.per_epoch}"
        title += f", example {numbers[0]}" if len(numbers) == 1 else ""
        form = len(numbers), moment.time
        graph = graphs.get(form)
        if graph is None:
            now = shortened(recipe, moment.time)
            graph = graphs[form] = _graph(now, len(numbers), net.dtype)
        inputs = _inputs(moment)
        yield Step(title, graph, inputs, epoch, moment.step, numbers, tuple(notes))


def _as_trained(
    net: Network,
    given: Given,
    settings: Settings,
    validation: float,
    test: float,
    *,
    monitored: bool,
) -> tuple[Examples, Array]:
    """Return the examples as the run had them, and the numbers of those that it learnt from."""
    if not validation and not test:
        if monitored and net.training.get("validation_examples"):
            raise ArgumentError(
                "the learning rate followed the loss on validation data that were given apart, "
                "which the network does not keep: the run cannot be replayed"
            )
        return Examples(given.x, given.targets, None), given.numbers
    from glassnet.data import split

    labels = given.targets.values if given.targets.are_classes else None
    seed = settings.seed
    parts = split(len(given.x), test=test, validation=validation, seed=seed, labels=labels)
    if net.preprocessing is None:
        return Examples(given.x, given.targets, validation), given.numbers[parts.train]
    learnt, held = given.take(parts.train), given.take(parts.validation)
    watched = (held.x, held.targets) if monitored and len(held.x) else None
    shares = (validation, test)
    return Examples(learnt.x, learnt.targets, watched, shares=shares), learnt.numbers


def _place(
    replay: Replay, where: Where, learnt: Array, count: int | None, *, table: bool
) -> tuple[int, int, int]:
    """Return the epoch and the first and last step in it that are meant, from 1."""
    epoch, step, per = where.epoch, where.step, replay.per_epoch
    if epoch is None:
        assert step is not None
        epoch, step = (step - 1) // per + 1, (step - 1) % per + 1
        if epoch > replay.epochs:
            raise ArgumentError(
                f"there is no step {where.step} in this run; it had {replay.epochs * per:,} "
                f"({replay.epochs} epochs of {per})"
            )
    if step is None and where.example is not None and not table:
        found = np.flatnonzero(learnt == where.example)
        if not len(found):
            raise ArgumentError(
                f"the run did not learn from example {where.example}: there is no such example "
                "in the data, or it was held back for validation or the test"
            )
        step = replay.step_of(int(found[0]), epoch)
    first = step or 1
    most = per if table and step is None and count is None else first + (count or 1) - 1
    return epoch, first, min(most, per)


def _inputs(moment: Moment) -> dict[str, Any]:
    return {
        **moment.values,
        **moment.batch,
        "rate": moment.rate,
        "step": moment.step,
        "seed": moment.seed,
        "counter": moment.step,
    }


# --- the next step --------------------------------------------------------------------------------
def _next(net: Network, given: Given, name: str, example: int | None, count: int) -> Iterator[Step]:
    """Yield the next steps, from the weights as they are, on the first examples or on one."""
    settings = settings_of(net.training, replayed=False)
    size = 1 if settings.mode == "online" else int(net.training.get("batch_size") or len(given.x))
    rows = np.arange(min(size, len(given.x)))
    if example is not None:
        rows = np.flatnonzero(given.numbers == example)
        if not len(rows):
            raise ArgumentError(
                f"there is no example {example} in the data, or it has no target; "
                f"they have {len(given.x):,} examples"
            )
        if net.statistics:  # normalisation is over several examples
            start = min(int(rows[0]), max(len(given.x) - size, 0))
            rows = np.arange(start, min(start + max(size, 2), len(given.x)))
    batch = given.take(rows)
    loss = choose_loss(settings.loss, net.stack, given.targets)
    optimizer = settings.optimizer
    recipe = Recipe(
        net.stack,
        loss,
        optimizer,
        DType.FLOAT64,
        class_targets=given.targets.are_classes,
        clip_norm=settings.clip_norm,
        clip_value=settings.clip_value,
        l1=settings.l1,
        l2=settings.l2,
        unrolled=True,
        hand_over=settings.truncate,
    )
    graph = _graph(recipe, len(rows), net.dtype)
    program = Program(graph)
    begin, target = _window(net, settings, batch)
    state: dict[str, Any] = {f"parameters/{k}": v for k, v in net.parameters.items()}
    state |= {f"statistics/{k}": v for k, v in net.statistics.items()}
    for key, value in net.parameters.items():
        for slot, start in optimizer.slots().items():
            state[f"slots/{key}/{slot}"] = np.full(value.shape, start)
    done = float(net.training.get("epochs_done", 0))
    rate = _rate(optimizer.schedule, min(done, settings.epochs), settings.epochs)
    numbers = tuple(int(n) for n in batch.numbers)
    notes = [AS_THEY_ARE, *([ANEW] if optimizer.slots() else [])]
    notes += [FEATURES] if net.preprocessing is not None else []
    notes += [WINDOW.format(count=settings.truncate)] if settings.truncate is not None else []
    said = f"example {numbers[0]}" if len(numbers) == 1 else f"{len(numbers)} examples"
    for number in range(1, count + 1):
        inputs = {
            **state,
            **begin,
            "batch/x": batch.x,
            "batch/target": target,
            "rate": rate,
            "step": number,
            "seed": settings.seed,
            "counter": number,
        }
        title = f"{name}: the next step, on {said}" + (f" ({number})" if count > 1 else "")
        yield Step(title, graph, inputs, number, number, numbers, tuple(notes))
        if number < count:
            outputs = program.outputs(program.evaluate(inputs))
            state = {key: outputs[key] for key in state}


def _window(net: Network, settings: Settings, batch: Given) -> tuple[dict[str, Array], Array]:
    """Return the state before a window, where the network learnt from windows, and its targets."""
    target = batch.targets.values
    if settings.truncate is None:
        return {}, target
    sizes = net.stack.carries()
    begin = {f"carry/{key}": np.zeros((len(batch.x), size)) for key, size in sizes.items()}
    return begin, target[:, -settings.truncate :]


def _rate(schedule: Schedule, epoch: float, epochs: int) -> float:
    """Return the learning rate at an epoch, counted from 0."""

    def rate(at: Tensor) -> Tensor:
        return schedule.formula(at, float(epochs))

    program = Program(trace(rate, at=TensorType((), DType.FLOAT64)))
    return float(program.run({"at": np.float64(epoch)})["result"])


def _graph(recipe: Recipe, n: int, dtype: DType) -> Graph:
    """Return a step in float64 whose random numbers are those of the network's own type."""
    graph = training_graph(recipe, n)
    if dtype is DType.FLOAT64 or not any(isinstance(m.op.native, Random) for m in graph.nodes):
        return graph

    def replacement(node: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        if isinstance(node.op.native, Random):
            drawn = apply(node.op, *inputs, **{**node.attributes, "dtype": str(dtype)})
            return ops.cast(drawn, DType.FLOAT64)
        return node if inputs == node.inputs else replace(node, inputs=inputs)

    return rebuild(graph, replacement)
