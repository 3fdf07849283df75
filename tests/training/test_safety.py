"""What a caller or the system may do meanwhile: data that change, odd arrays, a sudden end."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import GlassnetError
from glassnet.training import progress

N, INPUTS = 200, 3
ENGINES = ["native", "reference"]


def data(dtype: str = "float32") -> tuple[Any, Any]:
    generator = np.random.default_rng(0)
    return generator.normal(size=(N, INPUTS)).astype(dtype), np.arange(N) % 2


def network(**more: Any) -> gn.Network:
    return gn.Network([gn.Dense(4, "tanh"), gn.Dense(2, "softmax")], inputs=INPUTS, **more)


# --- data that change during a run ----------------------------------------------------------------
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("kind", ["zeros", "not a number", "huge", "another shape", "another type"])
def test_examples_that_the_caller_changes(kind: str, engine: str, monkeypatch: Any) -> None:
    """Training goes on with what is there, or says what is wrong; it does not crash."""
    x, y = data()

    def change(*_: Any) -> None:
        with warnings.catch_warnings():  # from 2.5 on NumPy warns of the first two, and does them
            warnings.simplefilter("ignore", DeprecationWarning)
            if kind == "another shape":
                x.shape = (INPUTS, N)
            elif kind == "another type":
                x.dtype = np.int32
            else:
                x[:] = {"zeros": 0.0, "not a number": np.nan, "huge": 3e38}[kind]

    monkeypatch.setattr(progress.Progress, "step", change)
    net = network()
    try:
        gn.fit(net, x, y, epochs=3, engine=engine)
    except (GlassnetError, ValueError, IndexError):
        assert kind != "zeros"
    assert all(np.isfinite(value).all() for value in net.parameters.values())


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("view", [False, True])
@pytest.mark.parametrize("part", ["training", "validation"])
def test_examples_cannot_be_freed(engine: str, view: bool, part: str, monkeypatch: Any) -> None:
    """`resize` without its check frees the memory, were it not for the run that holds it."""
    x, y = data()
    held, classes = data()
    owner = x if part == "training" else held
    refused: list[ValueError] = []

    def shrink(*_: Any) -> None:
        try:
            owner.resize((1, INPUTS), refcheck=False)
        except ValueError as error:
            refused.append(error)

    monkeypatch.setattr(progress.Progress, "step", shrink)
    rows = slice(None) if not view else slice(10, None)
    if view:
        x, y, held, classes = x[rows], y[rows], held[rows], classes[rows]
    gn.fit(network(), x, y, epochs=2, engine=engine, validation=(held, classes))
    assert refused


def test_targets_are_copied(monkeypatch: Any) -> None:
    x, y = data()
    target = y.copy()

    def change(*_: Any) -> None:
        target[:] = 10**12

    first, second = network(), network()
    gn.fit(first, x, y, epochs=3)
    monkeypatch.setattr(progress.Progress, "step", change)
    gn.fit(second, x, target, epochs=3)
    for key, value in first.parameters.items():
        np.testing.assert_array_equal(second.parameters[key], value)


@pytest.mark.parametrize("mode", ["online", "minibatch"])
def test_a_thread_that_writes_while_epochs_run(mode: str) -> None:
    x, y = data()
    ended = threading.Event()

    def write() -> None:
        generator = np.random.default_rng(1)
        while not ended.is_set():
            x[:] = generator.normal(size=x.shape)

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    try:
        net = network()
        gn.fit(net, x, y, epochs=200, mode=mode, optimizer="sgd 0.01")
        one = gn.Network([gn.Dense(1)], inputs=INPUTS)
        gn.fit(one, x, y * 1.5, epochs=200, mode="online", optimizer="sgd 0.001")
    finally:
        ended.set()
        writer.join()
    assert all(np.isfinite(value).all() for value in net.parameters.values())


# --- arrays of other kinds ------------------------------------------------------------------------
def unaligned(x: Any) -> Any:
    memory = bytearray(x.nbytes + 1)
    memory[1:] = x.tobytes()
    return np.frombuffer(memory, x.dtype, offset=1).reshape(x.shape)


def read_only(x: Any) -> Any:
    x = x.copy()
    x.flags.writeable = False
    return x


LAYOUTS = {
    "columns first": np.asfortranarray,
    "every second": lambda x: np.repeat(x, 2, axis=0)[::2],
    "backwards": lambda x: x[::-1].copy()[::-1],
    "other byte order": lambda x: x.astype(x.dtype.newbyteorder()),
    "objects": lambda x: x.astype(object),
    "read only": read_only,
    "unaligned": unaligned,
    "masked": lambda x: np.ma.MaskedArray(x),
    "a matrix": lambda x: x.view(np.matrix),
    "lists": lambda x: x.tolist(),
    "float64": lambda x: x.astype(np.float64),
    "longdouble": lambda x: x.astype(np.longdouble),
}


@pytest.mark.parametrize("shape", ["network", "neuron"])
@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
def test_the_layout_of_the_examples_does_not_matter(layout: str, shape: str) -> None:
    x, y = data()
    found: list[Any] = []
    for given in (x, LAYOUTS[layout](x)):
        if shape == "network":
            net = network()
            gn.fit(net, given, y, epochs=2, validation=(given, y), engine="native")
        else:
            net = gn.Network([gn.Dense(1)], inputs=INPUTS)
            gn.fit(net, given, y * 1.5, epochs=2, mode="online", optimizer="sgd 0.01")
        found.append((net.parameters, np.asarray(net.predict(given))))
    for key, value in found[0][0].items():
        np.testing.assert_array_equal(found[1][0][key], value)
    np.testing.assert_array_equal(found[1][1], found[0][1])


def test_examples_of_half_precision() -> None:
    x, y = data()
    half = x.astype(np.float16)
    first, second = network(), network()
    gn.fit(first, half, y, epochs=2)
    gn.fit(second, half.astype(np.float32), y, epochs=2)
    for key, value in first.parameters.items():
        np.testing.assert_array_equal(second.parameters[key], value)


@pytest.mark.parametrize(
    "bad",
    [np.zeros((N, INPUTS), complex), np.full((N, INPUTS), "a"), np.full((N, INPUTS), None)],
    ids=["complex", "text", "None"],
)
def test_what_are_no_numbers_is_told(bad: Any) -> None:
    with pytest.raises(GlassnetError):
        gn.fit(network(), bad, data()[1], epochs=1)


# --- a sudden end ---------------------------------------------------------------------------------
SAVING = """
import sys
import glassnet as gn

net = gn.Network([gn.Dense(400, "tanh"), gn.Dense(2, "softmax")], inputs=1000)
print("ready", flush=True)
while True:
    net.save(sys.argv[1])
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_process_that_is_killed_leaves_no_broken_model(tmp_path: Path) -> None:
    """Killed while it writes a model of 1.6 MB again and again: the file is whole or not there."""
    written = 0
    for turn in range(8):
        path = tmp_path / f"model-{turn}.safetensors"
        process = subprocess.Popen(
            [sys.executable, "-c", SAVING, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.0007 * turn**2)
        process.kill()
        process.communicate()
        if path.exists():
            written += 1
            assert gn.load(path).parameters["hidden.w"].shape == (400, 1000)
    assert written
