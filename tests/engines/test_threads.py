"""Threads inside a step: the same bits for any number of them, in whatever company."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from engines.test_native import kernels
from engines.test_wide_chains import table
from glassnet.engines.native import Engine, why_not
from glassnet.engines.native.machine import NativeProgram
from glassnet.graph import DType, Graph
from glassnet.graph.types import Array
from glassnet.learning.backpropagation import Recipe, training_graph
from glassnet.nn.losses import Loss

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


def trained(
    hidden: int, *, batch: int = 64, inputs: int = 150, epochs: int = 2, **options: Any
) -> list[Array]:
    """Return the parameters of a network after training on the same data each time."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=(5 * batch // 2, inputs)).astype(np.float32)
    y = generator.integers(0, 7, len(x))
    layers = [gn.Dense(hidden, "tanh"), gn.Dense(hidden, "relu"), gn.Dense(7, "softmax")]
    net = gn.Network(layers, inputs=inputs, seed=1)
    options = {"optimizer": "adam", "mode": "minibatch", **options}
    gn.fit(net, x, y, batch_size=batch, epochs=epochs, progress=False, **options)
    return [net.parameters[name].copy() for name in sorted(net.parameters)]


def same(one: list[Array], other: list[Array]) -> bool:
    return all(a.tobytes() == b.tobytes() for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("hidden", [1, 2, 31, 33, 96, 257])
def test_bits_of_an_epoch(hidden: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSNET_THREADS", "1")
    alone = trained(hidden)
    for threads in ("2", "3", "5"):
        monkeypatch.setenv("GLASSNET_THREADS", threads)
        assert same(trained(hidden), alone), threads


def test_bits_of_predictions(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.random.default_rng(0).normal(size=(300, 150)).astype(np.float32)
    found: list[bytes] = []
    for threads in ("1", "3"):
        monkeypatch.setenv("GLASSNET_THREADS", threads)
        net = gn.Network([gn.Dense(200, "tanh"), gn.Dense(3, "softmax")], inputs=150, seed=1)
        gn.fit(net, x, np.arange(300) % 3, epochs=1, progress=False)
        found.append(net.predict_proba(x).tobytes())
    assert found[0] == found[1]


def wide_engine(threads: int) -> tuple[Engine, dict[str, Array]]:
    """Return an engine for steps that are worth several threads, and inputs for 64 examples."""
    net = gn.Network([gn.Dense(300, "tanh"), gn.Dense(7, "softmax")], inputs=150, seed=1)
    loss = Loss.of("cross_entropy")
    recipe = Recipe(net.stack, loss, gn.Momentum(0.1), DType.FLOAT32, class_targets=True)
    graph = training_graph(recipe, 64)
    generator = np.random.default_rng(0)
    values: dict[str, Array] = {}
    for name, tensor in graph.inputs.items():
        if tensor.dtype.is_float:
            values[name] = generator.normal(size=tensor.shape).astype(tensor.dtype.numpy)
        else:
            values[name] = generator.integers(0, 7, tensor.shape)
    return Engine({64: graph}, threads=threads), values


@pytest.mark.parametrize("name", kernels())
@pytest.mark.parametrize("dtype", [DType.FLOAT32, DType.FLOAT64])
@pytest.mark.parametrize("width", [64, 150, 301])
def test_bits_of_chains_cut_along_columns(width: int, dtype: DType, name: str) -> None:
    """What stands between products, and sums over the rows, with operands of all kinds."""
    inputs, values = table(300, width, dtype)
    a, b, row, column, one, numbers = inputs.values()
    v = a @ (b.T @ b)
    y = gn.tanh(v)
    moved = (v + column * (row - v)) * gn.exp(-gn.square(b))
    outputs = {
        "y": y,
        "slope": (1.0 - y * y) * one + row,
        "moved": moved,
        "sum": moved.sum(0),
        "mean": (y * column).mean(0),
        "gain": (gn.exp(-gn.square(b)) * (row - b)).sum(0),
        "whole": gn.cast(numbers, dtype.value) * v,
    }
    graph = Graph(inputs, outputs)
    alone = NativeProgram(graph, kernels=name).run(values)
    for threads in (2, 3, 5):
        program = NativeProgram(graph, kernels=name, threads=threads)
        for _ in range(3):
            found = program.run(values)
            assert [n for n in alone if found[n].tobytes() != alone[n].tobytes()] == [], threads


def test_two_programs_at_once() -> None:
    engine, values = wide_engine(1)
    wanted = engine.run(64, values)
    wrong: list[str] = []

    def work() -> None:
        mine, values = wide_engine(3)
        for _ in range(200):
            found = mine.run(64, values)
            wrong.extend(name for name in wanted if found[name].tobytes() != wanted[name].tobytes())

    callers = [threading.Thread(target=work) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # JAX's, if loaded
def test_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSNET_THREADS", "3")
    before = trained(96)  # the helpers of this process exist
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        os._exit(0 if same(trained(96), before) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert same(trained(96), before)


PROGRAM = """
import os, sys, time
import numpy as np
import glassnet as gn
x = np.random.default_rng(0).normal(size=(512, 300)).astype("float32")
net = gn.Network([gn.Dense(300, "tanh"), gn.Dense(3, "softmax")], inputs=300, seed=1)
print("ready", flush=True)
run = gn.fit(net, x, np.arange(512) % 3, epochs=int(sys.argv[1]), batch_size=128, progress=False)
print(run.stopped)
"""


def test_a_process_ends_and_is_interrupted() -> None:
    environment = {**os.environ, "GLASSNET_THREADS": "3"}
    command = [sys.executable, "-c", PROGRAM]
    subprocess.run([*command, "2"], env=environment, check=True, timeout=60, capture_output=True)
    process = subprocess.Popen(
        [*command, "100000000"], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=60)
    assert "interrupted" in output


@pytest.mark.parametrize("given", ["0", "two", "-1", "1.5"])
def test_a_limit_that_is_none(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLASSNET_THREADS", given)
    with pytest.raises(gn.GlassnetError, match="GLASSNET_THREADS"):
        trained(2)
