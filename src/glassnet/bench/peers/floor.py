"""The floor: hand-written C++ (`floor.cpp`), compiled when it is needed, with one thread or all."""

from __future__ import annotations

import ctypes
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from glassnet.bench.data import classified, measured, separated
from glassnet.bench.peers import compiler, thread_counts
from glassnet.bench.rungs import Failed, Rung, Runner, Timing
from glassnet.graph.types import Array

__all__ = ["RUNNERS"]

CALLS = 20_000
# What -ffast-math allows, one by one: by that name the linker would add start-up code that flushes
# denormal numbers to zero in every program that loads the library.
FAST = (
    "-fno-math-errno",
    "-fassociative-math",
    "-freciprocal-math",
    "-ffinite-math-only",
    "-fno-signed-zeros",
    "-fno-trapping-math",
)
OPTIONS = ("-O3", "-march=native", *FAST, "-std=c++17", "-shared", "-fPIC", "-pthread")


@cache
def _library() -> ctypes.CDLL:
    """Return the compiled floor.

    Raises:
        Failed: It cannot be compiled.
    """
    openblas: Any = import_module("scipy_openblas32")
    folder, name = str(openblas.get_lib_dir()), str(openblas.get_library())
    source = Path(__file__).with_name("floor.cpp")
    with tempfile.TemporaryDirectory(prefix="glassnet-floor-", ignore_cleanup_errors=True) as place:
        library = Path(place) / "floor.so"
        linking = [f"-L{folder}", f"-l{name}", f"-Wl,-rpath,{folder}"]
        command = [str(compiler()), *OPTIONS, str(source), "-o", str(library), *linking]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise Failed(f"floor.cpp cannot be compiled: {done.stderr.strip()[:200]}")
        found = ctypes.CDLL(str(library))
    found.floor_lms.restype = ctypes.c_float
    found.floor_perceptron.restype = ctypes.c_long
    found.floor_train.restype = ctypes.c_float
    found.floor_predict.restype = ctypes.c_long
    return found


def _at(values: Array) -> ctypes.c_void_p:
    return ctypes.c_void_p(values.ctypes.data)


def _lms(rung: Rung) -> Runner:
    if rung.inputs != 20:
        raise Failed("it is written for 20 inputs")
    x, y = measured(rung)
    library = _library()

    def run(rounds: int) -> Timing:
        start = time.perf_counter()
        library.floor_lms(_at(x), _at(y), rung.examples, rounds, int(rung.shuffle))
        return Timing(time.perf_counter() - start, rounds * rung.examples)

    return run


def _perceptron(rung: Rung) -> Runner:
    if rung.inputs != 20 or rung.shuffle:
        raise Failed("it is written for 20 inputs, in the given order")
    x, classes = separated(rung)
    y = classes.astype(np.float32)
    library = _library()

    def run(rounds: int) -> Timing:
        start = time.perf_counter()
        library.floor_perceptron(_at(x), _at(y), rung.examples, rounds)
        return Timing(time.perf_counter() - start, rounds * rung.examples)

    return run


def _train(rung: Rung) -> Mapping[str, Runner]:
    x, y = classified(rung)
    y = y.astype(np.int64)
    library = _library()
    shape = (rung.inputs, rung.hidden, rung.classes, rung.batch, rung.examples, rung.networks)

    def runner(threads: int) -> Runner:
        def run(rounds: int) -> Timing:
            start = time.perf_counter()
            loss = library.floor_train(_at(x), _at(y), *shape, rounds, threads)
            seconds = time.perf_counter() - start
            if not np.isfinite(loss):
                raise Failed("the loss is not finite")
            return Timing(seconds, rounds * rung.steps)

        return run

    return {name: runner(count) for name, count in thread_counts().items()}


def _predict(rung: Rung) -> Runner:
    x = np.random.default_rng(0).normal(size=(1, rung.inputs)).astype(np.float32)
    library = _library()

    def run(rounds: int) -> Timing:
        calls = CALLS * rounds
        start = time.perf_counter()
        library.floor_predict(_at(x), rung.inputs, rung.hidden, rung.classes, calls)
        return Timing(time.perf_counter() - start, calls)

    return run


RUNNERS: dict[str, Callable[[Rung], Runner | Mapping[str, Runner]]] = {
    "perceptron": _perceptron,
    "lms": _lms,
    "mlp": _train,
    "ensemble": _train,
    "predict": _predict,
}
