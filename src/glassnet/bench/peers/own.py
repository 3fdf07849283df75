"""glassnet itself, through the calls that its users make."""

from __future__ import annotations

import os
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.bench.data import classified, measured, questions, scattered, separated, texts
from glassnet.bench.rungs import (
    CLIP,
    DECAY,
    MAP_RATE,
    RADIUS,
    RATE,
    TEXT_RATE,
    Failed,
    Rung,
    Runner,
    Timing,
)
from glassnet.graph import DType

__all__ = ["RUNNERS"]

CALLS = 2000  # predictions in a round


def _network(rung: Rung) -> gn.Network:
    layers = [gn.Dense(rung.hidden, "tanh"), gn.Dense(rung.classes, "softmax")]
    return gn.Network(layers, inputs=rung.inputs)


def _timed(
    train: Callable[[int], Sequence[gn.History]], rounds: int, units: int, workers: int = 1
) -> Timing:
    """Train for so many epochs after a first one; what belongs to the first is set-up.

    Args:
        train: Trains for a number of epochs and returns the history of each run.
        rounds: The number of epochs to be timed.
        units: Steps or examples in an epoch.
        workers: How many runs went on at once. All have work nearly to the end, so that a share of
            the sum of their times is the time that passed.

    Raises:
        Failed: A run ended before its last epoch.
    """
    busy = time.process_time()
    train(1)
    first = time.process_time() - busy
    start, busy = time.perf_counter(), time.process_time()
    histories = train(rounds + 1)
    wall, busy = time.perf_counter() - start, time.process_time() - busy
    if any(len(history) != rounds + 1 for history in histories):
        raise Failed("it has ended before its last epoch")
    at = [history["seconds"] for history in histories]
    seconds = sum(times[-1] - times[0] for times in at) / workers
    setup = wall - seconds * (rounds + 1) / rounds
    return Timing(seconds, units * rounds, setup, max(busy - first, 0.0))


def _lms(rung: Rung) -> Runner:
    x, y = measured(rung)
    options: dict[str, Any] = {"mode": "online", "shuffle": rung.shuffle, "progress": False}
    options |= {"loss": "half_squared_error", "optimizer": "sgd 0.01"}

    def train(epochs: int) -> list[gn.History]:
        net = gn.Network([gn.Dense(1, "linear")], inputs=rung.inputs)
        return [gn.fit(net, x, y, epochs=epochs, **options).history]

    return lambda rounds: _timed(train, rounds, rung.examples)


def _perceptron(rung: Rung) -> Runner:
    x, y = separated(rung)
    options: dict[str, Any] = {"shuffle": rung.shuffle, "dtype": "float32", "progress": False}

    def train(epochs: int) -> list[gn.History]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that no plane separates the classes is no news
            return [gn.Perceptron(epochs=epochs, **options).fit(x, y).history_]

    return lambda rounds: _timed(train, rounds, rung.examples)


def _som(rung: Rung) -> Runner:
    x = scattered(rung)
    options: dict[str, Any] = {"radius": RADIUS, "learning_rate": MAP_RATE, "start": "random"}
    options |= {"radius_schedule": "inverse", "learning_rate_schedule": "inverse"}
    options |= {"shuffle": rung.shuffle, "progress": False}

    def train(epochs: int) -> list[gn.History]:
        units = gn.SelfOrganisingMap(rung.side, rung.side, epochs=epochs, **options)
        return [units.fit(x).history_]

    return lambda rounds: _timed(train, rounds, rung.examples)


def _nearest(rung: Rung) -> Runner:
    memory, y = classified(rung)
    near = gn.NearestNeighbours(rung.neighbours).fit(memory, y)
    x = questions(rung, memory)

    def run(rounds: int) -> Timing:
        start = time.perf_counter()
        for _ in range(rounds):
            near.predict(x)
        return Timing(time.perf_counter() - start, rounds * len(x))

    return run


def _options(rung: Rung) -> dict[str, Any]:
    return {"optimizer": f"momentum {RATE}", "batch_size": rung.batch, "progress": False}


def _mlp(rung: Rung) -> Runner:
    x, y = classified(rung)

    def train(epochs: int) -> list[gn.History]:
        return [gn.fit(_network(rung), x, y, epochs=epochs, **_options(rung)).history]

    return lambda rounds: _timed(train, rounds, rung.steps)


@gn.cell(
    carry=("h", "c"),
    weights={
        "w": ("4 units", "inputs"),
        "u": ("4 units", "units"),
        "b": "4 units",
        "p": (3, "units"),
    },
)
def peephole(carry: Any, x: Any, w: Any) -> Any:
    """An LSTM whose gates see the cells, as a user writes it."""
    c, n = carry["c"], carry["c"].shape[1]
    v = x @ w["w"].T + w["b"] + carry["h"] @ w["u"].T
    f, i, g, o = (v[:, k * n : (k + 1) * n] for k in range(4))
    new = gn.logistic(f + w["p"][0] * c) * c + gn.logistic(i + w["p"][1] * c) * gn.tanh(g)
    return {"h": gn.logistic(o + w["p"][2] * new) * gn.tanh(new), "c": new}


def _text(rung: Rung) -> Runner:
    own = rung.kind == "peephole"
    layer = gn.Recurrent(peephole, rung.hidden, returns="sequence")
    memory = layer if own else gn.LSTM(rung.hidden, returns="sequence")
    layers = [gn.Embedding(rung.inputs, rung.hidden), memory, gn.Dense(rung.classes, "softmax")]
    x = texts(rung)
    options: dict[str, Any] = {"batch_size": rung.batch, "clip_norm": CLIP, "progress": False}
    options["optimizer"] = f"rmsprop {TEXT_RATE} decay={DECAY}"

    def train(epochs: int) -> list[gn.History]:
        net = gn.Network(layers, inputs=(rung.time,))
        return [gn.fit(net, x[:, :-1], x[:, 1:], epochs=epochs, **options).history]

    return lambda rounds: _timed(train, rounds, rung.steps)


def _ensemble(rung: Rung) -> Runner:
    x, y = classified(rung)
    workers = min(_cores(), rung.networks)
    options: dict[str, Any] = {**_options(rung), "seeds": rung.networks, "workers": workers}

    def train(epochs: int) -> list[gn.History]:
        return [run.history for run in gn.fit_many(_network(rung), x, y, epochs=epochs, **options)]

    return lambda rounds: _timed(train, rounds, rung.steps, workers)


def _cores() -> int:
    known = getattr(os, "sched_getaffinity", None)
    return len(known(0)) if known is not None else os.cpu_count() or 1


def _predict(rung: Rung) -> Runner:
    net = _network(rung)
    x = np.random.default_rng(0).normal(size=(1, rung.inputs)).astype(np.float32)
    some = np.tile(x, (rung.classes, 1))
    gn.fit(net, some, list(range(rung.classes)), epochs=1, progress=False)

    def run(rounds: int) -> Timing:
        start = time.perf_counter()
        for _ in range(CALLS * rounds):
            net.predict(x)
        return Timing(time.perf_counter() - start, CALLS * rounds)

    return run


def _compile(rung: Rung) -> Runner:
    from glassnet.engines.native import Engine
    from glassnet.learning.backpropagation import Recipe, training_graph
    from glassnet.nn.losses import Loss

    def run(rounds: int) -> Timing:
        start = time.perf_counter()
        for _ in range(rounds):
            net = _network(rung)
            optimizer = gn.Momentum(RATE)
            loss = Loss.of("cross_entropy")
            recipe = Recipe(net.stack, loss, optimizer, DType.FLOAT32, class_targets=True)
            Engine({rung.batch: training_graph(recipe, rung.batch)})
        return Timing(time.perf_counter() - start, rounds)

    return run


RUNNERS: dict[str, Callable[[Rung], Runner]] = {
    "perceptron": _perceptron,
    "lms": _lms,
    "som": _som,
    "nearest": _nearest,
    "mlp": _mlp,
    "ensemble": _ensemble,
    "lstm": _text,
    "peephole": _text,
    "predict": _predict,
    "compile": _compile,
}
