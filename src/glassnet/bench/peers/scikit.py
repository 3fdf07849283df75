"""scikit-learn: its estimators, several epochs in one `fit`."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np

from glassnet.bench.data import classified, measured, questions, separated
from glassnet.bench.peers import thread_counts
from glassnet.bench.rungs import MOMENTUM, RATE, Rung, Runner, Timing

__all__ = ["RUNNERS"]

CALLS = 200


def _lms(rung: Rung) -> Runner:
    linear: Any = import_module("sklearn.linear_model")
    x, y = measured(rung)

    def run(rounds: int) -> Timing:
        neuron = linear.SGDRegressor(
            penalty=None,
            learning_rate="constant",
            eta0=0.01,
            max_iter=rounds,
            tol=None,
            shuffle=rung.shuffle,
        )
        start = time.perf_counter()
        neuron.fit(x, y)
        return Timing(time.perf_counter() - start, rounds * rung.examples)

    return run


def _perceptron(rung: Rung) -> Runner:
    linear: Any = import_module("sklearn.linear_model")
    x, y = separated(rung)

    def run(rounds: int) -> Timing:
        neuron = linear.Perceptron(max_iter=rounds, tol=None, shuffle=rung.shuffle)
        start = time.perf_counter()
        neuron.fit(x, y)
        return Timing(time.perf_counter() - start, rounds * rung.examples)

    return run


def _nearest(rung: Rung) -> Mapping[str, Runner]:
    neighbors: Any = import_module("sklearn.neighbors")
    threads: Any = import_module("threadpoolctl")
    memory, y = classified(rung)
    near = neighbors.KNeighborsClassifier(rung.neighbours, algorithm="brute").fit(memory, y)
    x = questions(rung, memory)

    def with_threads(count: int) -> Runner:
        def run(rounds: int) -> Timing:
            with threads.threadpool_limits(count):
                start = time.perf_counter()
                for _ in range(rounds):
                    near.predict(x)
                return Timing(time.perf_counter() - start, rounds * len(x))

        return run

    return {name: with_threads(count) for name, count in thread_counts().items()}


def _classifier(rung: Rung, epochs: int) -> Any:
    neural: Any = import_module("sklearn.neural_network")
    return neural.MLPClassifier(
        (rung.hidden,),
        activation="tanh",
        solver="sgd",
        alpha=0,
        batch_size=rung.batch,
        learning_rate_init=RATE,
        momentum=MOMENTUM,
        nesterovs_momentum=False,
        max_iter=epochs,
        tol=0,
        n_iter_no_change=epochs + 1,
    )


def _mlp(rung: Rung) -> Mapping[str, Runner]:
    threads: Any = import_module("threadpoolctl")
    x, y = classified(rung)

    def with_threads(count: int) -> Runner:
        def run(rounds: int) -> Timing:
            with warnings.catch_warnings(), threads.threadpool_limits(count):
                warnings.simplefilter("ignore")  # that it has not converged is no news
                start = time.perf_counter()
                _classifier(rung, rounds).fit(x, y)
                return Timing(time.perf_counter() - start, rounds * rung.steps)

        return run

    return {name: with_threads(count) for name, count in thread_counts().items()}


def _predict(rung: Rung) -> Runner:
    x = np.random.default_rng(0).normal(size=(1, rung.inputs)).astype(np.float32)
    some = np.tile(x, (rung.classes, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = _classifier(rung, 1).fit(some, np.arange(rung.classes))

    def run(rounds: int) -> Timing:
        start = time.perf_counter()
        for _ in range(CALLS * rounds):
            net.predict(x)
        return Timing(time.perf_counter() - start, CALLS * rounds)

    return run


RUNNERS: dict[str, Callable[[Rung], Runner | Mapping[str, Runner]]] = {
    "perceptron": _perceptron,
    "lms": _lms,
    "nearest": _nearest,
    "mlp": _mlp,
    "predict": _predict,
}
