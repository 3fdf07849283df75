"""Validation, early stopping, schedules and the history of a run."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, DataError, OutputError, ShapeError
from glassnet.training import History


def noisy(n: int = 60, seed: int = 0) -> tuple[Any, Any]:
    """Two classes that overlap: a large network soon learns the noise."""
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, 5))
    y = (x[:, 0] + generator.normal(size=n) > 0).astype(int)
    return x, y


def network(dtype: str = "float64", *extra: Any) -> gn.Network:
    layers = [gn.Dense(20, "tanh"), *extra, gn.Dense(2, "softmax")]
    return gn.Network(layers, inputs=5, seed=1, dtype=dtype)


FIT: dict[str, Any] = {"optimizer": "adam 0.02", "batch_size": 8, "seed": 2}


def losses(net: gn.Network, x: Any, y: Any) -> float:
    a = net.predict_proba(x)
    return float(-np.log(a[np.arange(len(y)), y]).mean())


# --- early stopping -----------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("extra", [(), (gn.BatchNorm(), gn.Dropout(0.2))], ids=["plain", "state"])
def test_the_best_weights_are_those_of_the_best_epoch(dtype: str, extra: Any) -> None:
    x, y = noisy()
    held = noisy(40, seed=9)
    net = network(dtype, *extra)
    run = gn.fit(net, x, y, epochs=200, validation=held, patience=6, **FIT)
    measured = run.history["validation_loss"]
    best = int(np.argmin(measured)) + 1
    assert run.best_epoch == best
    assert len(run.history) == best + 6 < 200
    assert run.stopped == "the validation loss did not improve for 6 epochs"
    # the same run, ended after just so many epochs, leaves the same bits
    again = network(dtype, *extra)
    gn.fit(again, x, y, epochs=best, **FIT)
    for key, value in (again.parameters | again.statistics).items():
        assert value.tobytes() == (net.parameters | net.statistics)[key].tobytes(), key
    tolerance = 1e-12 if dtype == "float64" else 1e-6
    assert losses(net, *held) == pytest.approx(measured[best - 1], rel=tolerance)


def test_without_patience_the_last_weights_are_kept() -> None:
    x, y = noisy()
    held = noisy(40, seed=9)
    net = network()
    run = gn.fit(net, x, y, epochs=30, validation=held, **FIT)
    assert run.best_epoch is None
    assert run.stopped == "all epochs done"
    assert losses(net, *held) == pytest.approx(run.history["validation_loss"][-1], rel=1e-12)


def test_the_best_weights_are_restored_at_the_last_epoch_too() -> None:
    """Patience is not at its end, but the best epoch lies behind."""
    x, y = noisy()
    held = noisy(40, seed=9)
    net = network()
    run = gn.fit(net, x, y, epochs=30, validation=held, patience=29, **FIT)
    measured = run.history["validation_loss"]
    best = int(np.argmin(measured)) + 1
    assert 1 <= best < 30  # it overfits
    assert run.stopped == "all epochs done"
    assert run.best_epoch == best
    assert losses(net, *held) == pytest.approx(min(measured), rel=1e-12)


def test_measuring_the_validation_part_changes_nothing() -> None:
    x, y = noisy()
    nets = [network("float64", gn.Dropout(0.3), gn.BatchNorm()) for _ in range(2)]
    gn.fit(nets[0], x, y, epochs=4, **FIT)
    gn.fit(nets[1], x, y, epochs=4, validation=noisy(30, seed=3), **FIT)
    for key, value in nets[0].parameters.items():
        np.testing.assert_array_equal(value, nets[1].parameters[key])


# --- the validation part ------------------------------------------------------------------------
def test_a_share_is_held_back_stratified() -> None:
    """With the split's own rows given as a pair, the run is the same."""
    from glassnet.data import split

    x = np.random.default_rng(0).normal(size=(50, 5))
    y = np.repeat([0, 1], [40, 10])
    net = network()
    run = gn.fit(net, x, y, epochs=3, validation=0.2, **FIT)
    assert run.settings["examples"] == 40
    assert run.settings["validation_examples"] == 10
    parts = split(50, test=0.0, validation=0.2, seed=FIT["seed"], labels=y)
    assert np.bincount(y[parts.validation]).tolist() == [8, 2]
    again = network()
    held = (x[parts.validation], y[parts.validation])
    run2 = gn.fit(again, x[parts.train], y[parts.train], epochs=3, validation=held, **FIT)
    assert run2.history["validation_loss"] == run.history["validation_loss"]
    np.testing.assert_array_equal(net.parameters["hidden.w"], again.parameters["hidden.w"])


def test_the_seed_draws_the_validation_part() -> None:
    x, y = noisy()
    found = []
    for seed in (0, 0, 1):
        settings = {**FIT, "seed": seed, "mode": "batch", "batch_size": None}
        run = gn.fit(network(), x, y, epochs=1, validation=0.3, **settings)
        found.append(run.history["validation_loss"][0])
    assert found[0] == found[1] != found[2]


def test_a_large_validation_part_is_measured_in_blocks() -> None:
    x, y = noisy()
    held = noisy(5000, seed=4)
    net = network()
    run = gn.fit(net, x, y, epochs=1, validation=held, **FIT)
    assert run.history["validation_loss"][0] == pytest.approx(losses(net, *held), rel=1e-12)
    right = np.mean(net.predict(held[0]) == held[1])
    assert run.history["validation_accuracy"][0] == pytest.approx(right, rel=1e-12)


@pytest.mark.parametrize(
    ("validation", "kind", "message"),
    [
        ((np.zeros((3, 4)), [0, 1, 0]), ShapeError, "examples must have shape (n, 5); got (3, 4)"),
        ((np.zeros((3, 5)), [0, 1]), ShapeError, "3 examples need 3 targets"),
        ((np.zeros((3, 5)), [0, 1, 2]), DataError, "class 2 is unknown; the classes are 0, 1"),
        ((np.zeros((0, 5)), []), DataError, "there is no example"),
        ((np.full((3, 5), np.nan), [0, 1, 0]), DataError, "must be finite"),
    ],
)
def test_validation_parts_that_do_not_fit(validation: Any, kind: Any, message: str) -> None:
    x, y = noisy()
    with pytest.raises(kind) as caught:
        gn.fit(network(), x, y, validation=validation, epochs=1)
    assert message in str(caught.value)


@pytest.mark.parametrize("validation", [(), (1,), (1, 2, 3), "0.2", [0.2]])
def test_validation_of_the_wrong_kind(validation: Any) -> None:
    x, y = noisy()
    with pytest.raises(ArgumentError, match="validation"):
        gn.fit(network(), x, y, validation=validation, epochs=1)


def test_too_few_examples_for_a_validation_part() -> None:
    net = gn.Network([gn.Dense(1)], inputs=1)
    with pytest.raises((ArgumentError, DataError)):
        gn.fit(net, [[0.0]], [0.0], validation=0.5, epochs=1)


# --- schedules ----------------------------------------------------------------------------------
def rates(schedule: Any, epochs: int, **settings: Any) -> list[float]:
    x, y = noisy()
    optimizer = gn.GradientDescent(schedule)
    options = {**FIT, "optimizer": optimizer, **settings}
    return gn.fit(network(), x, y, epochs=epochs, **options).history["learning_rate"]


def test_schedules_inside_fit() -> None:
    """60 examples in batches of 8 are 8 steps: the last of an epoch is 7/8 of an epoch in."""
    batch = {"mode": "batch", "batch_size": None}
    assert rates(0.1, 3) == [0.1] * 3
    assert rates(gn.StepDecay(0.1, every=2, decay=0.5), 5) == [0.1, 0.1, 0.05, 0.05, 0.025]
    found = rates(gn.Exponential(0.1, decay=0.5), 3, **batch)
    np.testing.assert_allclose(found, [0.1, 0.05, 0.025], rtol=1e-12)
    found = rates(gn.Cosine(0.1), 4)
    expected = [0.05 * (1 + math.cos(math.pi * (k + 7 / 8) / 4)) for k in range(4)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_warm_up_within_the_first_epoch_moves_less() -> None:
    """The rates of the steps rise, not just those of the epochs."""
    x, y = noisy()
    warm = gn.GradientDescent(gn.WarmUp(gn.learning.Constant(0.1), epochs=1.0, start=0.1))
    moved = []
    for optimizer in (gn.GradientDescent(0.1), warm):
        net = network()
        before = net.parameters["hidden.w"].copy()
        options = {**FIT, "optimizer": optimizer}
        gn.fit(net, x, y, epochs=1, **options)
        moved.append(np.abs(net.parameters["hidden.w"] - before).sum())
    assert 0.3 < moved[1] / moved[0] < 0.8


def test_reduce_on_plateau_follows_the_validation_loss() -> None:
    x, y = noisy()
    schedule = gn.ReduceOnPlateau(0.5, decay=0.1, patience=1)
    options = {**FIT, "optimizer": gn.Momentum(schedule)}
    run = gn.fit(network(), x, y, epochs=25, validation=noisy(40, seed=9), **options)
    expected, rate, best, waited = [], 0.5, math.inf, 0
    for loss in run.history["validation_loss"]:
        expected.append(rate)
        if loss < best * (1 - 1e-4):
            best, waited = loss, 0
        else:
            waited += 1
        if waited > 1:
            rate, waited = rate * 0.1, 0
    np.testing.assert_allclose(run.history["learning_rate"], expected, rtol=1e-12)
    assert expected[-1] < 0.5


def test_reduce_on_plateau_without_validation_follows_the_training_loss() -> None:
    """A rate so small that nothing improves by a ten-thousandth: it falls every other epoch."""
    x, y = noisy()
    schedule = gn.ReduceOnPlateau(1e-9, decay=0.5, patience=0)
    options = {**FIT, "optimizer": gn.GradientDescent(schedule)}
    run = gn.fit(network(), x, y, epochs=4, shuffle=False, **options)
    np.testing.assert_allclose(
        run.history["learning_rate"], [1e-9, 1e-9, 5e-10, 2.5e-10], rtol=1e-12
    )


# --- history ------------------------------------------------------------------------------------
def test_columns() -> None:
    x, y = noisy()
    run = gn.fit(network(), x, y, epochs=2, **FIT)
    assert run.history.columns == ("epoch", "loss", "accuracy", "learning_rate", "seconds")
    run = gn.fit(network(), x, y, epochs=2, validation=0.25, **FIT)
    assert run.history.columns == (
        "epoch",
        "loss",
        "accuracy",
        "validation_loss",
        "validation_accuracy",
        "learning_rate",
        "seconds",
    )
    assert run.history["epoch"] == [1, 2]
    assert run.history["seconds"] == sorted(run.history["seconds"])
    net = gn.Network([gn.Dense(1)], inputs=5)
    run = gn.fit(net, x, x[:, 0], epochs=2, validation=0.25)
    assert "accuracy" not in run.history.columns
    assert "validation_loss" in run.history.columns


def test_loss_and_accuracy_are_means_over_the_epoch_while_learning() -> None:
    x, y = noisy()
    net = network()
    before = losses(net, x, y), float(np.mean(net.stack and net.outputs(x).argmax(1) == y))
    run = gn.fit(net, x, y, epochs=1, optimizer="sgd 1e-12", batch_size=7)
    assert run.history["loss"][0] == pytest.approx(before[0], rel=1e-9)
    assert run.history["accuracy"][0] == pytest.approx(before[1], rel=1e-12)


def table(rows: int) -> History:
    history = History()
    for i in range(rows):
        history.append({"epoch": i + 1, "loss": 1 / (i + 1), "learning_rate": 0.01})
    return history


def test_history_is_a_table() -> None:
    history = table(3)
    assert len(history) == 3
    assert history["loss"] == [1.0, 0.5, 1 / 3]
    assert [row["epoch"] for row in history] == [1, 2, 3]
    assert history.last() == {"epoch": 3, "loss": 1 / 3, "learning_rate": 0.01}
    assert history.to_dict()["epoch"] == [1, 2, 3]
    with pytest.raises(KeyError, match="no column 'los'; the columns are epoch, loss"):
        history["los"]


def test_an_empty_history() -> None:
    history = History()
    assert len(history) == 0
    assert history.columns == ()
    assert history.last() == {}
    assert history.to_dict() == {}
    assert repr(history) == "(no epoch yet)"
    assert history["loss"] == []


def test_history_to_csv(tmp_path: Path) -> None:
    history = table(20)
    history.to_csv(tmp_path / "history.csv")
    with (tmp_path / "history.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["loss"]) for row in rows] == history["loss"]  # every digit
    with pytest.raises(OutputError, match="there is no folder"):
        history.to_csv(tmp_path / "nowhere" / "history.csv")


def test_history_shows_itself() -> None:
    lines = repr(table(3)).splitlines()
    assert lines[0].split() == ["epoch", "loss", "learning", "rate"]
    assert lines[2].split() == ["2", "0.5", "0.01"]
    assert len({len(line) for line in lines}) == 1
    long = repr(table(30)).splitlines()
    assert len(long) == 14  # a head, six rows, dots, six rows
    assert long[7].strip() == "…"
    assert [line.split()[0] for line in long[8:]] == ["25", "26", "27", "28", "29", "30"]


def test_history_as_html() -> None:
    html = table(3)._repr_html_()
    assert html.startswith("<table>")
    assert html.count("<tr>") == 4
    assert "<th>learning rate</th>" in html
    assert table(30).to_html().count("<tr>") == 14


def test_history_to_pandas_and_polars() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    polars = pytest.importorskip("polars", reason="polars is not installed")
    assert pandas.DataFrame(table(3).to_dict()).shape == (3, 3)
    assert polars.DataFrame(table(3).to_dict()).shape == (3, 3)


def test_a_run_shows_itself() -> None:
    x, y = noisy()
    run = gn.fit(network(), x, y, epochs=2, validation=0.25, patience=1, **FIT)
    text = repr(run)
    assert text.startswith("Run: ")
    assert "weights of epoch" in text
    assert "examples/s" in text
    assert run._repr_html_().startswith("<p>")
    assert run.settings["loss"] == "cross_entropy"
    assert run.settings["optimizer"] == "adam 0.02"
    assert run.settings["seed"] == 2
    assert run.network.training["stopped"] == run.stopped


def test_a_network_larger_than_the_memory_is_refused() -> None:
    with pytest.raises(gn.GlassnetError, match=r"more than this machine's memory holds"):
        gn.Network([gn.Dense(10**12), gn.Dense(1)], 100)
