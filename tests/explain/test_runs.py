"""Steps of trained networks: runs replayed with the same bits, and the next step."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import Table, read_table
from glassnet.errors import ArgumentError, DataError, GlassnetError
from glassnet.explain import explain
from glassnet.explain.run_table import RunTable
from glassnet.explain.runs import read_examples
from glassnet.explain.sheet import Sheet
from glassnet.training.fingerprints import fingerprint
from glassnet.training.fit import examples_from_arrays
from glassnet.training.replay import Replay, settings_of

X = np.random.default_rng(3).normal(size=(23, 3))
CLASSES = (X[:, 0] + X[:, 1] > 0).astype(int)
NUMBERS = X @ np.array([1.0, -2.0, 0.5])

LAYERS: dict[str, list[Any]] = {
    "softmax": [gn.Dense(4, "tanh"), gn.Dense(2, "softmax")],
    "dropout": [gn.Dense(4, "relu"), gn.Dropout(0.3), gn.Dense(2, "softmax")],
    "norm": [gn.Dense(3, "tanh"), gn.BatchNorm(), gn.Dense(2, "softmax")],
    "neuron": [gn.Dense(1, "logistic")],
}
RUNS: dict[str, tuple[str, dict[str, Any]]] = {
    "mini-batches": ("softmax", {"batch_size": 5}),
    "validation": ("softmax", {"batch_size": 5, "validation": 0.25}),
    "online": ("neuron", {"mode": "online"}),
    "batch": ("softmax", {"mode": "batch"}),
    "dropout": ("dropout", {"batch_size": 6}),
    "norm": ("norm", {"batch_size": 6, "optimizer": "adam 0.05"}),
    "in order": ("softmax", {"shuffle": False, "optimizer": "rmsprop 0.01"}),
    "schedule": ("softmax", {"optimizer": 'sgd "exponential 0.5 0.8"', "batch_size": 8}),
    "plateau": (
        "softmax",
        {"optimizer": 'sgd "plateau 0.5 decay=0.5 patience=0"', "validation": 0.3},
    ),
    "weights": ("softmax", {"class_weight": {0: 1.0, 1: 3.0}, "l2": 0.01, "clip_norm": 0.2}),
    "balanced": ("softmax", {"class_weight": "balanced", "validation": 0.25}),
    "reference": ("dropout", {"engine": "reference", "batch_size": 10}),
}
OPTIMIZER = {"optimizer": "nesterov 0.2", "seed": 7}


def network(kind: str, dtype: str = "float32") -> gn.Network:
    return gn.Network(LAYERS[kind], inputs=3, seed=5, dtype=dtype)


def trained(name: str, epochs: int, dtype: str = "float32") -> gn.Network:
    kind, options = RUNS[name]
    net = network(kind, dtype)
    gn.fit(net, X, CLASSES, epochs=epochs, **{**OPTIMIZER, **options})
    return net


def replay_of(net: gn.Network, options: dict[str, Any]) -> Replay:
    twin = gn.Network(net.layers, inputs=3, seed=net.seed, dtype=net.dtype)
    return Replay(net, examples_from_arrays(twin, X, CLASSES, options.get("validation")))


# --- the same bits --------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", RUNS)
def test_a_run_is_replayed_with_the_same_bits(name: str, dtype: str) -> None:
    """Before the first step of epoch 4 a run of 5 has the weights with which a run of 3 ended."""
    long, short = trained(name, 5, dtype), trained(name, 3, dtype)
    options = RUNS[name][1]
    if "schedule" in name:  # which depends on how long the run is to be
        short.training["epochs"] = 5
        long = trained(name, 3, dtype)
        long.training["epochs_done"] = 4
    (moment,) = replay_of(long, options).moments(4, 1, 1)
    assert moment.epoch == 4
    for key, value in short.parameters.items():
        assert np.array_equal(moment.values[f"parameters/{key}"], value), key
    for key, value in short.statistics.items():
        assert np.array_equal(moment.values[f"statistics/{key}"], value), key


@pytest.mark.parametrize("name", RUNS)
def test_steps_one_by_one_are_those_of_the_run(name: str) -> None:
    """From any step on, the steps to the end of the epoch lead to the weights of the run."""
    net = trained(name, 2)
    replay = replay_of(net, RUNS[name][1])
    moments = list(replay.moments(2, min(2, replay.per_epoch), replay.per_epoch))
    assert [m.step for m in moments] == list(
        range(replay.per_epoch + min(2, replay.per_epoch), 2 * replay.per_epoch + 1)
    )
    again = list(replay_of(net, RUNS[name][1]).moments(2, replay.per_epoch, replay.per_epoch))
    for key, value in again[-1].values.items():
        assert np.array_equal(moments[-1].values[key], value), key


# --- workings -------------------------------------------------------------------------------------
@pytest.mark.parametrize("name", RUNS)
def test_the_last_step_gives_the_weights_of_the_network(name: str) -> None:
    net = trained(name, 3)
    last = len(range(0, net.training["examples"], net.training["batch_size"]))
    workings = explain(net, X, CLASSES, epoch=3, step=last)
    (sheet,) = workings.sheets
    found = sheet.work()
    for line in sheet.lines():
        assert found[line.address] == pytest.approx(line.value, rel=1e-9, abs=1e-12)
    for key, value in net.parameters.items():
        layer, _, symbol = key.partition(".")
        symbol = {"gamma": "γ", "beta": "β"}.get(symbol, symbol)
        for place, wanted in np.ndenumerate(value):
            index = f"[{','.join(str(i + 1) for i in place)}]" if value.shape != (1,) else ""
            line = sheet[f"{layer}.{symbol} new{index}"]
            assert line.value == pytest.approx(float(wanted), rel=2e-5, abs=2e-6), line.address
    assert "to the bit" in str(workings)


def test_examples_have_the_numbers_that_they_have_in_the_data() -> None:
    net = trained("validation", 3)
    (sheet,) = explain(net, X, CLASSES, epoch=2, step=1, quantity="x").sheets
    seen = {line.address.example for line in sheet.lines()}
    assert len(seen) == 5
    for line in sheet.lines():
        assert line.address.example is not None
        value = X[line.address.example - 1, line.address.index[0] - 1]
        assert line.value == pytest.approx(value, rel=1e-6)


def test_the_step_that_learns_from_an_example_is_found() -> None:
    net = trained("online", 3)
    (sheet,) = explain(net, X, CLASSES, epoch=3, example=9, quantity="x").sheets
    assert "example 9" in sheet.title
    assert [line.value for line in sheet.lines()] == pytest.approx(X[8].tolist(), rel=1e-6)
    net = trained("mini-batches", 3)
    (sheet,) = explain(net, X, CLASSES, epoch=2, example=9, quantity="x").sheets
    assert {line.address.example for line in sheet.lines()} == {9}


def test_the_run_itself_and_steps_of_the_run() -> None:
    net = network("softmax")
    run = gn.fit(net, X, CLASSES, epochs=3, batch_size=5, **OPTIMIZER)
    titles = [
        explain(what, X, CLASSES, **where).title
        for what, where in ((run, {"step": 8}), (net, {"epoch": 2, "step": 3}))
    ]
    assert titles == ["Network: epoch 2, step 3 of 5"] * 2
    assert len(explain(run, X, CLASSES, epoch=2, step=2, steps=3).chapters) == 3


def test_the_next_step() -> None:
    """Worked out without glassnet: a linear neuron on one example."""
    net = gn.Network([gn.Dense(1)], inputs=3, seed=1, dtype="float64")
    gn.fit(net, X, NUMBERS, epochs=2, optimizer="sgd 0.1", loss="half_squared_error")
    w, b = net.parameters["output.w"][0], net.parameters["output.b"][0]
    e = NUMBERS[4] - (w @ X[4] + b)
    (sheet,) = explain(net, X, NUMBERS, example=5).sheets
    assert sheet["output.e[1]"].value == pytest.approx(e, rel=1e-12)
    for place in range(3):
        wanted = w[place] + 0.1 * e * X[4, place]
        assert sheet[f"output.w new[1,{place + 1}]"].value == pytest.approx(wanted, rel=1e-12)
    first = explain(net, X, NUMBERS)
    assert "on 23 examples" in first.title
    assert len(explain(net, X, NUMBERS, example=5, steps=2).chapters) == 2


def test_a_table_of_an_epoch() -> None:
    net = trained("mini-batches", 3)
    (chapter,) = explain(
        net, X, CLASSES, epoch=3, table=True, quantity="b", neuron="output"
    ).chapters
    assert isinstance(chapter, RunTable)
    assert list(chapter.places) == [(3, step) for step in range(11, 16)]
    for address, value in zip(chapter.columns, chapter.values[-1], strict=True):
        if address.symbol == "b new":
            wanted = net.parameters["output.b"][address.index[0] - 1]
            assert value == pytest.approx(float(wanted), rel=2e-5)


# --- tables ---------------------------------------------------------------------------------------
def flowers(tmp_path: Any) -> Table:
    path = tmp_path / "flowers.csv"
    rows = [
        f"{a:.3f},{'red' if b > 0 else 'blue'},{'' if i == 4 else 'yes' if a + b > 0 else 'no'}"
        for i, (a, b, _) in enumerate(X)
    ]
    path.write_text("\n".join(["size,colour,kind", *rows]), encoding="utf-8")
    return read_table(path, missing=[""], categories=["kind"])


def test_data_go_through_the_networks_own_preprocessing(tmp_path: Any) -> None:
    table = flowers(tmp_path)
    net = gn.Network([gn.Dense(3, "tanh"), gn.Dense(2, "softmax")], seed=2)
    gn.fit(net, table, "kind", epochs=4, validation=0.3, batch_size=4, **OPTIMIZER)
    path = tmp_path / "flowers.safetensors"
    net.save(path)
    loaded = gn.load(path)
    workings = explain(loaded, table, epoch=4, step=4)
    assert "preprocessing" in str(workings)
    (sheet,) = workings.sheets
    assert isinstance(sheet, Sheet)
    for (row, column), wanted in np.ndenumerate(net.parameters["hidden.w"]):
        line = sheet[f"hidden.w new[{row + 1},{column + 1}]"]
        assert line.value == pytest.approx(float(wanted), rel=2e-5, abs=2e-6)
    given = read_examples(loaded, table, None)
    assert 5 not in given.numbers
    assert given.numbers.tolist() == [n for n in range(1, 24) if n != 5]
    features = net.preprocessing.transform(table) if net.preprocessing else None
    assert features is not None
    (one,) = explain(loaded, table, example=7, quantity="x").sheets
    assert [line.value for line in one.lines()] == pytest.approx(features[6].tolist(), rel=1e-6)
    with pytest.raises(ArgumentError, match="example 5"):
        explain(loaded, table, example=5)
    with pytest.raises(ArgumentError, match="held back"):
        explain(loaded, table, epoch=1, example=5)


# --- what cannot be -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"epoch": 6}, "it had 3 epochs"),
        ({"epoch": 1, "step": 6}, "it has 5 steps"),
        ({"step": 16}, "it had 15"),
        ({"epoch": 1, "example": 24}, "did not learn from example 24"),
        ({"example": 24}, "23 examples"),
        ({"epoch": 1, "step": 1, "neuron": "output.3"}, "output has 2 neurons"),
        ({"epoch": 0}, "epoch"),
    ],
)
def test_steps_that_there_are_not(options: dict[str, Any], words: str) -> None:
    with pytest.raises(GlassnetError, match=words):
        explain(trained("mini-batches", 3), X, CLASSES, **options)


def test_runs_that_cannot_be_replayed() -> None:
    net = trained("mini-batches", 3)
    with pytest.raises(DataError, match="not the examples"):
        explain(net, X[::-1], CLASSES, epoch=1)
    with pytest.raises(DataError, match="not the examples"):
        explain(net, X, 1 - CLASSES, epoch=1)
    assert explain(net, X[::-1], CLASSES).chapters  # the next step may be on any
    gn.fit(net, X, CLASSES, epochs=1, **OPTIMIZER)
    with pytest.raises(ArgumentError, match="began with weights"):
        explain(net, X, CLASSES, epoch=1)
    with pytest.raises(ArgumentError, match="was not trained"):
        explain(network("softmax"), X, CLASSES)
    weighted = network("softmax")
    gn.fit(weighted, X, CLASSES, epochs=2, sample_weight=np.arange(1.0, 24.0), **OPTIMIZER)
    with pytest.raises(DataError, match="weighted"):
        explain(weighted, X, CLASSES, epoch=1)
    watched = network("softmax")
    plateau = {**OPTIMIZER, **RUNS["plateau"][1], "validation": (X, CLASSES)}
    gn.fit(watched, X, CLASSES, epochs=2, **plateau)
    with pytest.raises(ArgumentError, match="validation data that were given apart"):
        explain(watched, X, CLASSES, epoch=1)


def test_examples_must_be_given() -> None:
    net = trained("mini-batches", 1)
    with pytest.raises(ArgumentError, match="on which examples"):
        explain(net)
    with pytest.raises(ArgumentError, match="its own examples"):
        explain("and", X, CLASSES)
    with pytest.raises(ArgumentError, match="no run"):
        settings_of({})


def test_fingerprints() -> None:
    x = np.arange(12.0).reshape(4, 3)
    assert fingerprint([x]) == fingerprint([x.copy()])
    others = [x[::-1], x.T, x.astype(np.float32), x + 1e-12, x[:3]]
    assert len({fingerprint([array]) for array in (x, *others)}) == len(others) + 1
    assert fingerprint([x, None]) != fingerprint([x])
