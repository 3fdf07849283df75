"""What ends a run early: Ctrl-C keeps the network so far; NaN and infinity stop at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import DataError, NonFiniteError
from glassnet.training import progress, stepper

N = 40


def data() -> tuple[Any, Any]:
    generator = np.random.default_rng(0)
    return generator.normal(size=(N, 3)), np.arange(N) % 2


def network(activation: str = "tanh", last: str = "softmax", units: int = 2) -> gn.Network:
    layers = [gn.Dense(4, activation), gn.Dense(units, last)]
    return gn.Network(layers, inputs=3, seed=1, dtype="float64")


# --- Ctrl-C ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("at", [1, 3, 5])
def test_ctrl_c_keeps_the_steps_that_are_done(at: int, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = data()
    seen: list[tuple[int, float]] = []

    def interrupt(_: Any, done: int, loss: float) -> None:
        seen.append((done, loss))
        if len(seen) == at:
            raise KeyboardInterrupt

    monkeypatch.setattr(progress.Progress, "step", interrupt)
    net = network()
    run = gn.fit(net, x, y, epochs=5, mode="minibatch", batch_size=10, optimizer="sgd 0.1")
    assert run.stopped == "interrupted"
    assert run.steps >= at  # an engine may report after several steps
    assert len(run.history) == (run.steps - 1) // 4  # only whole epochs are rows
    assert net.training["epochs_done"] == len(run.history)
    assert net.predict(x).shape == (N,)
    # the weights are those after just so many steps
    monkeypatch.undo()
    again = network()
    epochs, rest = divmod(run.steps, 4)
    if epochs:
        gn.fit(again, x, y, epochs=epochs, batch_size=10, optimizer="sgd 0.1")
    if rest:  # the rest of the epoch that was begun, in its own order
        from glassnet.training.batches import epoch_order

        order = epoch_order(N, 0, epochs, True)[: rest * 10]
        gn.fit(
            again, x[order], y[order], epochs=1, batch_size=10, optimizer="sgd 0.1", shuffle=False
        )
    for key, value in again.parameters.items():
        np.testing.assert_allclose(net.parameters[key], value, rtol=1e-12)


def test_ctrl_c_within_a_step_keeps_the_state_before_it(monkeypatch: Any) -> None:
    x, y = data()
    sound = stepper.Program.evaluate
    count = 0

    def interrupted(self: Any, inputs: Any) -> Any:
        nonlocal count
        count += 1
        if count == 3:
            raise KeyboardInterrupt
        return sound(self, inputs)

    monkeypatch.setattr(stepper.Program, "evaluate", interrupted)
    net = network()
    options: dict[str, Any] = {"mode": "batch", "optimizer": "sgd 0.1", "engine": "reference"}
    run = gn.fit(net, x, y, epochs=9, **options)
    monkeypatch.undo()
    again = network()
    assert run.steps == 2
    gn.fit(again, x, y, epochs=run.steps, **options)
    assert run.stopped == "interrupted"
    for key, value in again.parameters.items():
        np.testing.assert_array_equal(net.parameters[key], value)


def test_ctrl_c_with_early_stopping_goes_back_to_the_best_epoch(monkeypatch: Any) -> None:
    x, y = data()
    count = 0

    def interrupt(*_: Any) -> None:
        nonlocal count
        count += 1
        if count == 30:
            raise KeyboardInterrupt

    monkeypatch.setattr(progress.Progress, "step", interrupt)
    net = network()
    options: dict[str, Any] = {"batch_size": 10, "optimizer": "adam 0.1"}
    held = (x + 1.0, y)
    run = gn.fit(net, x, y, epochs=50, patience=50, validation=held, **options)
    assert run.stopped == "interrupted"
    assert run.best_epoch == int(np.argmin(run.history["validation_loss"])) + 1


SCRIPT = """
import sys
import numpy as np
import glassnet as gn

x = np.random.default_rng(0).normal(size=(200, 3))
y = (x[:, 0] > 0).astype(int)
net = gn.Network([gn.Dense(8, "tanh"), gn.Dense(2, "softmax")], inputs=3)
print("ready", flush=True)
run = gn.fit(net, x, y, epochs=10**6, mode="online", progress=False)
net.save(sys.argv[1])
print(run.stopped, run.steps, float(np.mean(net.predict(x) == y)), flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be sent SIGINT on Windows")
def test_a_real_interrupt_signal(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    why, steps, accuracy = out.split()
    assert why == "interrupted"
    assert int(steps) > 0
    assert float(accuracy) > 0.7
    assert gn.load(path).training["stopped"] == "interrupted"


TIMED = """
import os
import sys
import numpy as np
import glassnet as gn
from glassnet.training.progress import Progress

kind = sys.argv[1]
generator = np.random.default_rng(0)
rows, inputs = {
    "short steps": (1000, 4),
    "neuron": (100_000, 20),
    "one long step": (8192, 1024),
    "measuring": (64, 256),
    "many": (4096, 256),
}[kind]
x = generator.normal(size=(rows, inputs)).astype(np.float32)
y = np.arange(rows) % 3
options = {"epochs": 10**8, "progress": False}
wide = [gn.Dense(1024, "relu") for _ in range(8)]
hidden = wide if kind == "one long step" else [gn.Dense(8, "tanh")]
net = gn.Network([*hidden, gn.Dense(3, "softmax")], inputs=inputs)
if kind == "short steps":
    options |= {"mode": "online"}
elif kind == "neuron":
    net, y = gn.Network([gn.Dense(1)], inputs=inputs), x[:, 0]
    options |= {"mode": "online", "optimizer": "sgd 0.001"}
elif kind == "measuring":
    held = generator.normal(size=(100_000, inputs)).astype(np.float32)
    options |= {"validation": (held, np.arange(100_000) % 3)}
else:
    options |= {"mode": "batch"}
Progress.begin_epoch = lambda self, epoch: epoch or os.write(1, b"ready\\n")
if kind == "many":
    print(gn.fit_many(net, x, y, seeds=4, **options)[0].stopped, flush=True)
else:
    print(gn.fit(net, x, y, **options).stopped, flush=True)
"""
LATENCY = 2.0  # seconds; it takes 0.1 where nothing else runs


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be sent SIGINT on Windows")
@pytest.mark.parametrize("kind", ["short steps", "neuron", "one long step", "measuring", "many"])
def test_ctrl_c_is_answered_soon(kind: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", TIMED, kind], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            time.sleep(0.5)
            sent = time.perf_counter()
            process.send_signal(signal.SIGINT)
            while (told := process.stdout.readline()) == "ready\n":
                pass  # each copy of many says so
            assert told == "interrupted\n"
            assert time.perf_counter() - sent < LATENCY
        finally:
            process.kill()


@pytest.mark.parametrize("at", [1, 2])
def test_a_long_step_that_is_interrupted_leaves_no_trace(at: int, monkeypatch: Any) -> None:
    """A step of 0.2 s is left between two instructions; some weights are new by then."""
    calls: list[int] = []

    def interrupt(_: Any, done: int, loss: float) -> None:
        del loss
        calls.append(done)
        if len(calls) == at:
            raise KeyboardInterrupt

    generator = np.random.default_rng(0)
    x = generator.normal(size=(4096, 512)).astype(np.float32)
    y = np.arange(4096) % 3

    def built() -> gn.Network:
        layers = [gn.Dense(512, "relu") for _ in range(6)]
        return gn.Network([*layers, gn.Dense(3, "softmax")], inputs=512)

    monkeypatch.setattr(progress.Progress, "step", interrupt)
    net, again = built(), built()
    run = gn.fit(net, x, y, epochs=9, mode="batch", engine="native")
    monkeypatch.undo()
    assert run.stopped == "interrupted"
    assert calls[0] == 0  # within the first step, before anything is done
    if run.steps:
        gn.fit(again, x, y, epochs=run.steps, mode="batch")
    for key, value in again.parameters.items():
        np.testing.assert_array_equal(net.parameters[key], value)


# --- not a number, and infinity -----------------------------------------------------------------
def stopped(net: gn.Network, *arguments: Any, **settings: Any) -> tuple[str, dict[str, Any]]:
    """Train until it stops; return the message, and the parameters before training."""
    before = {key: value.copy() for key, value in net.parameters.items()}
    with pytest.raises(NonFiniteError) as caught:
        gn.fit(net, *arguments, **settings)
    return str(caught.value), before


def test_a_rate_that_is_far_too_high() -> None:
    """w ← w − η·2(w − d): with η = 1e200 the second step overflows."""
    layer = gn.Dense(1, weights=[[1.0]], biases=None)
    net = gn.Network([layer], inputs=1, dtype="float64")
    message, _ = stopped(net, [[1.0]], [0.0], optimizer="sgd 1e200", epochs=9)
    assert message.startswith("epoch 2, step 2: multiply in layer output (Δw) gave -inf")
    assert "(η = 1e+200, its input = -4e+200)" in message
    assert "Try a smaller learning rate" in message
    # the weight is that after step 1: 1 − 2e200
    assert net.parameters["output.w"].item() == pytest.approx(-2e200)


def test_the_weights_before_the_step_are_kept() -> None:
    x, y = data()
    net = network("linear", "linear", 1)
    # a step overshoots more each time
    message, _ = stopped(net, x, x[:, 0] * 3, optimizer="sgd 5", mode="batch", epochs=10**4)
    step = int(message.split("step ")[1].split(":")[0])
    again = network("linear", "linear", 1)
    gn.fit(again, x, x[:, 0] * 3, optimizer="sgd 5", mode="batch", epochs=step - 1)
    for key, value in again.parameters.items():
        assert np.isfinite(value).all()
        np.testing.assert_array_equal(net.parameters[key], value)
    del y


def test_overflow_in_an_exponential_names_the_layer() -> None:
    """ELU takes e^v only below 0; an overflow needs a product: v = 1e308 · 10."""
    layer = gn.Dense(1, "elu", weights=[[1e308]], biases=None)
    net = gn.Network([layer, gn.Dense(1)], inputs=1, dtype="float64")
    message, before = stopped(net, [[10.0]], [0.0], epochs=3)
    assert message.startswith("epoch 1, step 1: matmul in layer hidden (v) gave inf")
    assert "1e+308" in message
    np.testing.assert_array_equal(net.parameters["hidden.w"], before["hidden.w"])


def test_float32_overflows_where_float64_does_not() -> None:
    def built(dtype: str) -> gn.Network:
        layer = gn.Dense(1, weights=[[1.0]], biases=None)
        return gn.Network([layer], inputs=1, dtype=dtype)

    gn.fit(built("float64"), [[1.0]], [1e30], optimizer="sgd 1e-3", epochs=1)
    message, _ = stopped(built("float32"), [[1.0]], [1e30], optimizer="sgd 1e-3", epochs=1)
    assert "step 1" in message
    assert "(e)" in message or "(E)" in message or "output" in message


def test_an_infinite_gradient_of_a_finite_loss() -> None:
    """E = ½(wx)² is finite at x = 1e200, w = 1e-60; ∂E/∂w = w x² is 1e340."""
    layer = gn.Dense(1, weights=[[1e-60]], biases=None)
    net = gn.Network([layer], inputs=1, dtype="float64")
    message, before = stopped(
        net, [[1e200]], [0.0], loss="half_squared_error", optimizer="sgd 0.1", epochs=1
    )
    assert "step 1" in message
    assert "gradient" in message
    np.testing.assert_array_equal(net.parameters["output.w"], before["output.w"])


def test_the_history_of_the_epochs_before_is_told() -> None:
    """The error names the epoch; what was learnt until then is in the network."""
    x, y = data()
    net = network("relu")
    gn.fit(net, x, y, epochs=2)
    assert np.isfinite(net.parameters["hidden.w"]).all()
    net.parameters["hidden.w"][0, 0] = 1e308
    message, _ = stopped(net, x * 10, y, epochs=1)
    assert message.startswith("epoch 1, step 1")
    assert "layer hidden" in message


def test_huge_validation_losses_are_no_reason_to_stop() -> None:
    """A validation example so far out that its error overflows: told, not hidden."""
    layer = gn.Dense(1, weights=[[1.0]], biases=None)
    net = gn.Network([layer], inputs=1, dtype="float64")
    run = gn.fit(net, [[1.0]], [0.5], epochs=1, validation=([[1e200]], [0.0]))
    assert run.history["validation_loss"] == [float("inf")]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_bad_numbers_in_the_data_are_found_before_training(bad: float) -> None:
    x, y = data()
    x[17, 2] = bad
    net = network()
    before = {key: value.copy() for key, value in net.parameters.items()}
    with pytest.raises(DataError) as caught:
        gn.fit(net, x, y)
    message = str(caught.value)
    assert "row 17, column 2 (counted from 0)" in message
    assert str(bad) in message
    for key, value in before.items():
        np.testing.assert_array_equal(net.parameters[key], value)


def test_a_number_too_large_for_float32_is_found_before_training() -> None:
    net = gn.Network([gn.Dense(1)], inputs=1)
    with pytest.raises(DataError, match=r"row 1, column 0 \(counted from 0\) is 1e\+300"):
        gn.fit(net, [[1.0], [1e300]], [0.0, 1.0])


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_bad_numbers_in_the_targets_are_found_before_training(bad: float) -> None:
    net = gn.Network([gn.Dense(1)], inputs=1)
    with pytest.raises(DataError, match=r"target 2 \(counted from 0\)"):
        gn.fit(net, [[1.0], [2.0], [3.0]], [0.5, 1.0, bad])


def test_a_target_too_large_for_float32_is_found_before_training() -> None:
    net = gn.Network([gn.Dense(1)], inputs=1)
    with pytest.raises(DataError, match=r"target 1 \(counted from 0\)"):
        gn.fit(net, [[1.0], [2.0]], [0.5, 1e300])
