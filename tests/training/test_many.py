"""Many copies at once: the same bits as alone, in any number of workers; what comes of them."""

from __future__ import annotations

import dataclasses
import inspect
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, DataError, NonFiniteError, PairingError, ShapeError
from glassnet.training import many

N = 50
QUICK: dict[str, Any] = {"epochs": 3, "batch_size": 16, "progress": False}


def data() -> tuple[Any, Any]:
    generator = np.random.default_rng(0)
    x = generator.normal(size=(N, 3))
    return x, (x @ [1.0, -2.0, 0.5] > 0).astype(int) + (x[:, 0] > 1)


def layers() -> list[Any]:
    return [gn.Dense(5, "tanh"), gn.Dense(3, "softmax")]


def network(seed: int = 0, inputs: int | None = 3, **settings: Any) -> gn.Network:
    return gn.Network(layers(), inputs, seed=seed, **settings)


def assert_same_bits(run: gn.Run, alone: gn.Run) -> None:
    """The same weights, history and settings; only the time taken may differ."""
    for one, other in (
        (run.network.parameters, alone.network.parameters),
        (run.network.statistics, alone.network.statistics),
    ):
        assert list(one) == list(other)
        for key, value in one.items():
            np.testing.assert_array_equal(value, other[key])
            assert value.dtype == other[key].dtype
    assert run.history.columns == alone.history.columns
    for column in set(run.history.columns) - {"seconds"}:
        assert run.history[column] == alone.history[column], column
    assert run.settings | {"learning_rate": 0} == alone.settings | {"learning_rate": 0}
    assert (run.steps, run.stopped, run.best_epoch) == (
        alone.steps,
        alone.stopped,
        alone.best_epoch,
    )
    assert run.network.task == alone.network.task
    assert run.network.classes == alone.network.classes
    assert run.network.seed == alone.network.seed
    assert run.network.training == alone.network.training


# --- the same as alone ----------------------------------------------------------------------------
OPTIONS: dict[str, dict[str, Any]] = {
    "momentum": {"optimizer": "momentum 0.1"},
    "adam, float64": {"dtype": "float64"},
    "validation share and patience": {"validation": 0.3, "patience": 1, "epochs": 8},
    "validation share, weights": {
        "validation": 0.3,
        "sample_weight": np.linspace(0.5, 2, N),
        "class_weight": "balanced",
    },
    "schedule": {"optimizer": gn.RMSProp(gn.Cosine(0.02))},
    "plateau": {"optimizer": gn.GradientDescent(gn.ReduceOnPlateau(5.0, patience=1)), "epochs": 6},
    "online": {"mode": "online", "batch_size": None, "clip_norm": 1.0, "l2": 0.01},
    "batch, not shuffled": {"mode": "batch", "batch_size": None, "shuffle": False},
    "loss": {"loss": "mse"},
}


@pytest.mark.parametrize("engine", ["native", "reference"])
@pytest.mark.parametrize("name", OPTIONS)
def test_each_copy_has_the_bits_that_it_has_alone(name: str, engine: str) -> None:
    x, y = data()
    options = {**QUICK, **OPTIONS[name], "engine": engine}
    dtype = options.pop("dtype", "float32")
    runs = gn.fit_many(network(dtype=dtype), x, y, seeds=[3, 0, 11], workers=2, **options)
    assert [run.settings["seed"] for run in runs] == [3, 0, 11]
    for run, seed in zip(runs, [3, 0, 11], strict=True):
        assert_same_bits(run, gn.fit(network(seed, dtype=dtype), x, y, seed=seed, **options))


def test_layers_that_draw_and_remember() -> None:
    """Dropout draws from the seed; batch normalisation remembers statistics."""
    x, y = data()
    deep = [gn.Dense(6), gn.BatchNorm(), "relu", gn.Dropout(0.3), gn.Dense(3, "softmax")]
    runs = gn.fit_many(gn.Network(deep, 3), x, y, seeds=4, workers=2, **QUICK)
    for seed, run in enumerate(runs):
        alone = gn.fit(gn.Network(deep, 3, seed=seed), x, y, seed=seed, **QUICK)
        assert_same_bits(run, alone)
    outputs = [run.network.outputs(x[:4]).tobytes() for run in runs]
    assert len(set(outputs)) == 4


def test_any_number_of_workers_gives_the_same_bits() -> None:
    x, y = data()
    options: dict[str, Any] = {**QUICK, "validation": 0.2, "learning_rates": [0.003, 0.03]}
    first = gn.fit_many(network(), x, y, seeds=6, workers=1, **options)
    for workers in (2, 4, 30):
        again = gn.fit_many(network(), x, y, seeds=6, workers=workers, **options)
        assert again.workers == min(workers, 12)
        for run, other in zip(again, first, strict=True):
            assert_same_bits(run, other)


def test_the_network_given_is_not_changed() -> None:
    x, y = data()
    net = network(5)
    before = {key: value.copy() for key, value in net.parameters.items()}
    runs = gn.fit_many(net, x, y, seeds=2, **QUICK)
    for key, value in before.items():
        np.testing.assert_array_equal(net.parameters[key], value)
    assert net.task is None
    assert net.training == {}
    networks = [net, *(run.network for run in runs)]
    arrays = [array for one in networks for array in one.parameters.values()]
    assert not any(np.shares_memory(a, b) for i, a in enumerate(arrays) for b in arrays[i + 1 :])
    unbuilt = network(inputs=None)
    assert len(gn.fit_many(unbuilt, x, y, seeds=2, **QUICK)) == 2
    assert not unbuilt.is_built


def test_a_network_that_does_not_know_its_inputs() -> None:
    x, y = data()
    for options in ({"seeds": [2, 4]}, {"learning_rates": [0.1, 0.2]}):
        runs = gn.fit_many(network(7, None), x, y, **options, **QUICK)
        for run in runs:
            seed = run.settings["seed"]
            rate = run.settings["learning_rate"]
            alone = gn.fit(
                network(seed if "seeds" in options else 7, None),
                x, y, seed=seed, optimizer=gn.Adam(rate), **QUICK,
            )  # fmt: skip
            assert_same_bits(run, alone)


# --- seeds and rates ------------------------------------------------------------------------------
def test_rates_and_seeds_are_combined_rate_by_rate() -> None:
    x, y = data()
    optimizer = gn.Momentum(0.5, momentum=0.7)
    runs = gn.fit_many(
        network(), x, y, seeds=2, learning_rates=[0.1, 0.01], optimizer=optimizer, **QUICK
    )
    found = [(run.settings["learning_rate"], run.settings["seed"]) for run in runs]
    assert found == [(0.1, 0), (0.1, 1), (0.01, 0), (0.01, 1)]
    for run, (rate, seed) in zip(runs, found, strict=True):
        own = dataclasses.replace(optimizer, learning_rate=rate)
        assert_same_bits(run, gn.fit(network(seed), x, y, seed=seed, optimizer=own, **QUICK))


def test_rates_alone_start_from_the_weights_of_the_network() -> None:
    x, y = data()
    net = network(4)
    gn.fit(net, x, y, **QUICK)
    runs = gn.fit_many(net, x, y, learning_rates=np.array([0.1, 0.2]), seed=9, **QUICK)
    for run, rate in zip(runs, [0.1, 0.2], strict=True):
        copy = network(4)
        copy.adopt(copy.stack, net.parameters, net.statistics)
        alone = gn.fit(copy, x, y, seed=9, optimizer=gn.Adam(rate), **QUICK)
        assert_same_bits(run, alone)
        assert run.settings["learning_rate"] == rate


def test_a_rate_takes_the_place_of_that_of_a_schedule() -> None:
    x, y = data()
    optimizer = gn.GradientDescent(gn.WarmUp(gn.StepDecay(0.5, every=2), epochs=1.0))
    runs = gn.fit_many(
        network(), x, y,
        learning_rates=[0.2, gn.Exponential(0.3)], optimizer=optimizer, seed=1, **QUICK,
    )  # fmt: skip
    own = gn.GradientDescent(gn.WarmUp(gn.StepDecay(0.2, every=2), epochs=1.0))
    assert_same_bits(runs[0], gn.fit(network(), x, y, optimizer=own, seed=1, **QUICK))
    assert runs[0].settings["learning_rate"] == str(own.learning_rate)
    other = gn.GradientDescent(gn.Exponential(0.3))
    assert_same_bits(runs[1], gn.fit(network(), x, y, optimizer=other, seed=1, **QUICK))


# --- what can be given ----------------------------------------------------------------------------
def frame(rows: int = 40) -> Any:
    pandas = pytest.importorskip("pandas", reason="frames are those of pandas")
    generator = np.random.default_rng(1)
    width = generator.normal(size=rows)
    kind = np.where(width > 0, "large", "small")
    colour = generator.choice(["red", "blue"], rows)
    return pandas.DataFrame({"width": width, "colour": colour, "kind": kind})


@pytest.mark.parametrize("validation", [None, 0.25, "frame"])
def test_a_data_frame(validation: Any) -> None:
    table = frame()
    held = (frame(12), None) if validation == "frame" else validation
    options: dict[str, Any] = {**QUICK, "validation": held}
    net = gn.Network([gn.Dense(2, "softmax")])
    runs = gn.fit_many(net, table, "kind", seeds=3, workers=2, **options)
    for seed, run in enumerate(runs):
        alone = gn.fit(
            gn.Network([gn.Dense(2, "softmax")], seed=seed), table, "kind", seed=seed, **options
        )
        assert_same_bits(run, alone)
        np.testing.assert_array_equal(run.network.predict(table), alone.network.predict(table))
    assert set(runs.predict(table)) <= {"large", "small"}
    expected = np.mean([run.network.predict_proba(table) for run in runs], 0, dtype=np.float64)
    np.testing.assert_allclose(runs.predict_proba(table), expected, rtol=1e-12)


def test_a_table_of_the_library() -> None:
    from glassnet.data import open_data

    iris = open_data("iris").data
    runs = gn.fit_many(gn.Network([gn.Dense(3, "softmax")]), iris, seeds=2, epochs=5)
    alone = gn.fit(gn.Network([gn.Dense(3, "softmax")], seed=1), iris, seed=1, epochs=5)
    assert_same_bits(runs[1], alone)


def test_the_options_are_those_of_fit() -> None:
    here = set(many.FitOptions.__annotations__)
    windows = {"truncate", "streams"}  # one long sequence, whose state goes on: for one network
    given = set(inspect.signature(gn.fit).parameters) - {"net", "x", "y", "progress"}
    assert here == given - windows


# --- the ensemble ---------------------------------------------------------------------------------
def test_the_mean_of_probabilities() -> None:
    x, y = data()
    names = np.array(["no", "yes", "very"])[y]
    runs = gn.fit_many(network(), x, names, seeds=5, **QUICK)
    each = np.stack([run.network.predict_proba(x) for run in runs]).astype(np.float64)
    found = runs.predict_proba(x)
    np.testing.assert_allclose(found, each.mean(0), rtol=1e-12)
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-6)
    classes = np.array(runs[0].network.classes)
    np.testing.assert_array_equal(runs.predict(x), classes[each.mean(0).argmax(1)])
    single = runs[2:3]
    np.testing.assert_array_equal(single.predict(x), runs[2].network.predict(x))


def test_one_logistic_neuron() -> None:
    x, y = data()
    net = gn.Network([gn.Dense(1, "logistic")], 3)
    runs = gn.fit_many(net, x, y > 0, seeds=3, **QUICK)
    assert runs.predict_proba(x).shape == (N, 2)
    np.testing.assert_array_equal(runs[:1].predict(x), runs[0].network.predict(x))


def test_the_mean_of_numbers() -> None:
    x, _ = data()
    net = gn.Network([gn.Dense(4, "tanh"), gn.Dense(1)], 3)
    runs = gn.fit_many(net, x, x[:, 0] * 2, seeds=3, **QUICK)
    expected = np.mean([run.network.predict(x) for run in runs], 0, dtype=np.float64)
    np.testing.assert_allclose(runs.predict(x), expected, rtol=1e-12)
    assert runs.predict(x).shape == (N,)
    with pytest.raises(ArgumentError, match="no probabilities"):
        runs.predict_proba(x)


def test_outputs_that_are_no_probabilities_vote() -> None:
    x, y = data()
    net = gn.Network([gn.Dense(3, "tanh")], 3)
    runs = gn.fit_many(net, x, y, seeds=5, loss="mse", **QUICK)
    each = np.stack([run.network.predict(x) for run in runs])
    counts = np.stack([(each == number).sum(0) for number in range(3)])
    np.testing.assert_array_equal(runs.predict(x), counts.argmax(0))


# --- what goes wrong ------------------------------------------------------------------------------
@pytest.mark.parametrize("engine", ["native", "reference"])
def test_a_run_that_fails_is_kept(engine: str) -> None:
    x, y = data()
    options: dict[str, Any] = {**QUICK, "epochs": 6, "optimizer": "sgd 0.1", "engine": engine}
    net = gn.Network([gn.Dense(4), gn.Dense(1)], 3, seed=1)
    rates = [1e30, 0.01, 0.02]
    runs = gn.fit_many(net, x, y * 1.5, learning_rates=rates, workers=1, **options)
    assert len(runs) == 3
    with pytest.raises(NonFiniteError) as caught:
        gn.fit(gn.Network([gn.Dense(4), gn.Dense(1)], 3, seed=1), x, y * 1.5, **{
            **options, "optimizer": "sgd 1e30",
        })  # fmt: skip
    assert runs[0].stopped == f"failed: {caught.value}"
    assert runs[0].network.training["stopped"] == runs[0].stopped
    assert all(np.isfinite(value).all() for value in runs[0].network.parameters.values())
    assert [run.settings["learning_rate"] for run in runs.failed] == [1e30]
    # the run after it, in the same memory, is not touched by it
    for run, rate in zip(runs[1:], rates[1:], strict=True):
        net = gn.Network([gn.Dense(4), gn.Dense(1)], 3, seed=1)
        own = {**options, "optimizer": gn.GradientDescent(rate)}
        assert_same_bits(run, gn.fit(net, x, y * 1.5, **own))
    assert runs.best() in list(runs[1:])
    np.testing.assert_allclose(
        runs.predict(x), np.mean([run.network.predict(x) for run in runs[1:]], 0), rtol=1e-6
    )
    assert "1 failed" in repr(runs)
    assert "failed: epoch" in repr(runs)
    assert [line["failed"] for line in runs.summary().lines] == [1, 0, 0]
    with pytest.raises(ArgumentError, match="no run ended without failing"):
        runs.failed.predict(x)
    with pytest.raises(ArgumentError, match="no measure"):
        runs.failed.best()
    assert runs.failed.summary().converged == 0


def test_all_runs_failing_is_an_error() -> None:
    x, y = data()
    net = gn.Network([gn.Dense(4), gn.Dense(1)], 3)
    with pytest.raises(
        NonFiniteError,
        match=r"all 2 runs failed; the first \(seed 0, learning rate 1e\+30\): epoch",
    ):
        gn.fit_many(net, x, y * 1.5, seeds=2, optimizer="sgd 1e30", epochs=6)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({}, ArgumentError, "say what the copies differ in"),
        ({"seeds": 0}, ArgumentError, "seeds must be a whole number of at least 1; got 0"),
        ({"seeds": True}, ArgumentError, "seeds must be a whole number"),
        ({"seeds": []}, ArgumentError, "got none"),
        ({"seeds": "123"}, ArgumentError, "seeds must be a whole number, or whole numbers"),
        ({"seeds": 2.5}, ArgumentError, "seeds must be a whole number, or whole numbers"),
        ({"seeds": [1, -1]}, ArgumentError, "each of seeds must be a whole number.*got -1"),
        ({"seeds": [1, 2.0]}, ArgumentError, "each of seeds"),
        ({"seeds": np.ones((2, 2), int)}, ArgumentError, "each of seeds"),
        ({"seeds": [4, 5, 4]}, ArgumentError, "seeds has 4 twice"),
        ({"seeds": 2, "seed": 1}, ArgumentError, "either seeds"),
        ({"learning_rates": 0.1}, ArgumentError, "learning_rates must be numbers"),
        ({"learning_rates": [0.1, 0]}, ArgumentError, "must be a number above 0; got 0"),
        ({"learning_rates": ["fast"]}, ArgumentError, "got 'fast'"),
        ({"learning_rates": [float("nan")]}, ArgumentError, "above 0; got nan"),
        ({"seeds": 2, "workers": 0}, ArgumentError, "workers must be a whole number"),
        ({"seeds": 2, "epochs": 0}, ArgumentError, "epochs must be a whole number"),
        ({"seeds": 2, "patience": 3}, ArgumentError, "patience needs a validation part"),
        ({"seeds": 2, "validation": 1.5}, ArgumentError, "validation must be a number"),
        ({"seeds": 2, "validation": (1, 2, 3)}, ArgumentError, "a pair"),
        ({"seeds": 2, "optimizer": "sdg"}, ArgumentError, "did you mean"),
        ({"seeds": 2, "engine": "fast"}, ArgumentError, "engine must be one of"),
        ({"seeds": 2, "loss": "mze"}, ArgumentError, "there is no loss named 'mze'"),
        ({"seeds": 2, "class_weight": {7: 1.0}}, ArgumentError, "class 7"),
        ({"seeds": 2, "sample_weight": [1.0]}, ShapeError, "sample_weight"),
        ({"seeds": 2, "epoch": 9}, TypeError, "no argument 'epoch'.*did you mean 'epochs'"),
    ],
)
def test_mistakes_are_told_before_anything_is_trained(
    options: dict[str, Any], error: type[Exception], message: str, monkeypatch: Any
) -> None:
    monkeypatch.setattr(threading.Thread, "start", lambda _: pytest.fail("a worker was started"))
    with pytest.raises(error, match=message):
        gn.fit_many(network(), *data(), **options)


def test_examples_that_do_not_fit() -> None:
    x, y = data()
    with pytest.raises(ArgumentError, match="y, the targets"):
        gn.fit_many(network(), x, seeds=2)
    with pytest.raises(ShapeError, match="50 examples need 50 targets"):
        gn.fit_many(network(), x, y[:3], seeds=2)
    with pytest.raises(PairingError, match="cross_entropy"):
        gn.fit_many(gn.Network([gn.Dense(3)], 3), x, y, seeds=2, loss="cross_entropy")
    x[3, 1] = np.nan
    with pytest.raises(DataError, match="row 3, column 1"):
        gn.fit_many(network(), x, y, seeds=2)


def test_a_mistake_in_a_worker_is_raised_and_ends_the_others(monkeypatch: Any) -> None:
    x, y = data()
    sound = many.prepare_loop
    count = 0

    def broken(*arguments: Any, **options: Any) -> Any:
        nonlocal count
        count += 1
        if count == 4:
            raise DataError("the third copy")
        return sound(*arguments, **options)

    monkeypatch.setattr(many, "prepare_loop", broken)
    with pytest.raises(DataError, match="the third copy"):
        gn.fit_many(network(), x, y, seeds=500, workers=2, **QUICK)
    assert count < 100
    assert threading.active_count() == 1


# --- Ctrl-C ---------------------------------------------------------------------------------------
SCRIPT = """
import sys, threading, time
import numpy as np
import glassnet as gn

x = np.random.default_rng(0).normal(size=(200, 3))
y = (x[:, 0] > 0).astype(int)
net = gn.Network([gn.Dense(8, "tanh"), gn.Dense(2, "softmax")], inputs=3)
print("ready", flush=True)
runs = gn.fit_many(net, x, y, seeds=9, workers=2, epochs=10**7, mode=sys.argv[1], progress=False)
end = time.perf_counter()
print(len(runs), runs.asked, *[run.stopped for run in runs], threading.active_count())
print(*[run.steps > 0 and len(run.history) > 0 for run in runs])
print(float(np.mean(runs.predict(x) == y)), "interrupted" in repr(runs), flush=True)
"""


@pytest.mark.skipif(os.name == "nt", reason="a process cannot be sent SIGINT on Windows")
@pytest.mark.parametrize("mode", ["online", "batch"])
def test_ctrl_c_ends_all_and_keeps_what_was_done(mode: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, mode], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "ready\n"
        time.sleep(2.0)
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0
    first, second, third = out.splitlines()
    assert first == "2 9 interrupted interrupted 1"
    assert second == "True True"
    accuracy, shown = third.split()
    assert float(accuracy) > 0.7
    assert shown == "True"


def test_ctrl_c_keeps_the_runs_that_are_done(monkeypatch: Any) -> None:
    """The main thread is interrupted after the third of six runs."""
    x, y = data()
    waited = threading.Event.wait

    def wait(self: Any, timeout: float | None = None) -> bool:
        return waited(self, timeout if timeout is None else 0.001)

    def show(_: Any, runs: Any, epochs_done: int) -> None:
        del epochs_done
        if sum(run is not None for run in runs) >= 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(threading.Event, "wait", wait)
    monkeypatch.setattr(many._Bar, "show", show)
    runs = gn.fit_many(
        network(), x, y, seeds=400, workers=1, epochs=20, batch_size=16, engine="reference"
    )
    assert 3 <= len(runs) < 400
    assert f"{len(runs)} of 400 runs" in repr(runs)
    for seed, run in enumerate(runs[:-1]):
        assert run.settings["seed"] == seed
        assert run.stopped == "all epochs done"
    alone = gn.fit(network(2), x, y, seed=2, epochs=20, batch_size=16, engine="reference")
    assert_same_bits(runs[2], alone)


# --- what is shown --------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def sweep() -> gn.Runs:
    options: dict[str, Any] = {**QUICK, "validation": 0.2}
    return gn.fit_many(network(), *data(), seeds=3, learning_rates=[0.001, 0.05], **options)


def test_it_is_a_sequence(sweep: gn.Runs) -> None:
    assert len(sweep) == 6
    assert isinstance(sweep[0], gn.Run)
    assert sweep[-1] is list(sweep)[5]
    assert isinstance(sweep[:2], gn.Runs)
    assert sweep[4] in sweep
    with pytest.raises(IndexError):
        _ = sweep[6]


def test_the_table_in_a_terminal(sweep: gn.Runs) -> None:
    lines = repr(sweep).splitlines()
    assert lines[0].startswith("Runs: 6 runs in ")
    head = (
        "run seed learning rate loss best loss accuracy validation loss validation accuracy epochs "
        "seconds stopped"
    )
    assert lines[1].split() == head.split()
    assert len(lines) == 8
    assert lines[2].split()[:3] == ["0", "0", "0.001"]
    assert lines[7].split()[:3] == ["5", "2", "0.05"]
    assert lines[7].endswith("all epochs done")


def test_a_long_table_shows_its_ends(sweep: gn.Runs) -> None:
    lines = repr(gn.Runs(list(sweep) * 10)).splitlines()
    assert len(lines) == 2 + 21
    assert set(lines[12].split()) == {"…"}
    assert lines[-1].split()[0] == "59"
    assert repr(gn.Runs([])).startswith("Runs: 0 runs")


def test_the_table_in_a_notebook(sweep: gn.Runs) -> None:
    html = sweep._repr_html_()
    assert html.count("<tr>") == 7
    assert "<th>learning rate</th>" in html
    assert "<td>all epochs done</td>" in html
    copy = dataclasses.replace(sweep[0], stopped="failed: <b>")
    assert "failed: &lt;b&gt;" in gn.Runs([copy])._repr_html_()


def test_as_columns(sweep: gn.Runs) -> None:
    columns = sweep.to_dict()
    assert {len(values) for values in columns.values()} == {6}
    assert columns["seed"] == [0, 1, 2, 0, 1, 2]
    assert columns["learning_rate"] == [0.001] * 3 + [0.05] * 3
    assert columns["loss"] == [run.history["loss"][-1] for run in sweep]
    assert columns["best_loss"] == [min(run.history["loss"]) for run in sweep]
    assert columns["steps"] == [run.steps for run in sweep]


def test_measures_are_those_of_the_weights_kept() -> None:
    """Early stopping goes back to an epoch: its measures are shown."""
    options: dict[str, Any] = {"epochs": 60, "validation": 0.3, "patience": 2, "progress": False}
    runs = gn.fit_many(network(), *data(), seeds=2, optimizer="sgd 1", **options)
    for run, shown in zip(runs, runs.to_dict()["validation_loss"], strict=True):
        assert run.best_epoch is not None
        assert shown == min(run.history["validation_loss"])


def test_the_best_run(sweep: gn.Runs) -> None:
    columns = sweep.to_dict()
    assert sweep.best() is sweep[int(np.argmin(columns["validation_loss"]))]
    assert sweep.best("loss") is sweep[int(np.argmin(columns["loss"]))]
    assert sweep.best("accuracy") is sweep[int(np.argmax(columns["accuracy"]))]
    with pytest.raises(ArgumentError, match=r"no measure 'acuracy'.*did you mean 'accuracy'"):
        sweep.best("acuracy")


def test_does_it_always_converge() -> None:
    """Exclusive or with two hidden neurons: some first weights end in a local minimum."""
    xor = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
    net = gn.Network([gn.Dense(2, "tanh"), gn.Dense(1, "logistic")], 2)
    runs = gn.fit_many(net, *xor, seeds=20, optimizer="adam 0.1", epochs=400, mode="batch")
    losses = [run.history["loss"][-1] for run in runs]
    summary = runs.summary(goal=0.1)
    assert summary.converged == sum(loss <= 0.1 for loss in losses)
    assert 0 < summary.converged < 20
    assert runs.summary().converged == summary.converged
    line = summary.lines[0]
    assert line["loss"] == {"median": np.median(losses), "min": min(losses), "max": max(losses)}
    assert (line["runs"], line["failed"]) == (20, 0)
    assert summary.to_dict()["goal"] == 0.1
    assert repr(summary).startswith(f"{summary.converged} of 20 runs converged (loss at most 0.1)")
    assert "<th>converged</th>" in summary._repr_html_()


def test_a_summary_has_a_line_for_each_rate(sweep: gn.Runs) -> None:
    lines = sweep.summary().lines
    assert [line["learning_rate"] for line in lines] == [0.001, 0.05]
    assert [line["runs"] for line in lines] == [3, 3]
    losses = sweep.to_dict()["loss"][3:]
    assert lines[1]["loss"]["median"] == np.median(losses)
    assert "learning rate" in repr(sweep.summary())
    with pytest.raises(ArgumentError, match="goal must be a number"):
        sweep.summary(goal="low")  # type: ignore[arg-type]


def test_the_progress_bar(capsys: Any, monkeypatch: Any) -> None:
    x, y = data()
    gn.fit_many(network(), x, y, seeds=2, epochs=1, progress=False)
    assert capsys.readouterr().err == ""
    shown: list[str] = []
    original = many._Bar.show

    def show(self: Any, runs: Any, epochs_done: int) -> None:
        self._start -= 1.0
        original(self, runs, epochs_done)
        shown.append(self._bar.tasks[0].description)

    monkeypatch.setattr(many._Bar, "show", show)
    gn.fit_many(network(), x, y, seeds=3, epochs=30_000, mode="batch", progress=True)
    # how far it had come when it was looked at last depends on the machine
    assert shown
    assert set(shown) <= {f"runs {done}/3" for done in range(4)}


def test_models_of_runs_can_be_saved(sweep: gn.Runs, tmp_path: Path) -> None:
    path = tmp_path / "best.safetensors"
    best = sweep.best()
    best.save(path)
    x, _ = data()
    np.testing.assert_array_equal(gn.load(path).predict(x), best.network.predict(x))
