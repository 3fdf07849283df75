"""Data frames in, answers out: encoding is learnt with the network and stays with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, DataError

LIBRARIES = ["pandas", "polars"]


def columns(n: int = 60) -> dict[str, list[Any]]:
    generator = np.random.default_rng(0)
    species = [["setosa", "virginica"][i % 2] for i in range(n)]
    length = [generator.normal() + (3.0 if name == "virginica" else 0.0) for name in species]
    colour = [["red", "blue", "green"][i % 3] for i in range(n)]
    weight = [2.0 * value + 1.0 + 0.01 * generator.normal() for value in length]
    return {"length": length, "colour": colour, "weight": weight, "species": species}


def frame(library: str, data: dict[str, list[Any]]) -> Any:
    module = pytest.importorskip(library, reason=f"{library} is not installed")
    return module.DataFrame(data)


@pytest.fixture(params=LIBRARIES)
def library(request: pytest.FixtureRequest) -> str:
    return request.param


def test_classes_of_a_frame(library: str, tmp_path: Path) -> None:
    data = columns()
    net = gn.Network([gn.Dense(8, "tanh"), gn.Dense(2, "softmax")])
    run = gn.fit(net, frame(library, data), "species", validation=0.2, epochs=60)
    assert run.settings["validation_examples"] == 12
    assert net.stack.inputs == (5,)  # length, three colours, weight
    questions = frame(library, {key: data[key] for key in ("length", "colour", "weight")})
    answers = net.predict(questions)
    assert answers.shape == (60,)
    assert np.mean(answers == np.array(data["species"])) > 0.85
    # the target may stand in the table, and columns may stand in another order
    for order in (["species", "weight", "colour", "length"], ["weight", "length", "colour"]):
        again = frame(library, {key: data[key] for key in order})
        np.testing.assert_array_equal(net.predict(again), answers)
    probabilities = net.predict_proba(questions)
    assert probabilities.shape == (60, 2)
    net.save(tmp_path / "model.safetensors")
    loaded = gn.load(tmp_path / "model.safetensors")
    np.testing.assert_array_equal(loaded.predict_proba(questions), probabilities)
    np.testing.assert_array_equal(loaded.predict(questions), answers)


def test_numbers_of_a_frame_come_back_in_their_own_units(library: str) -> None:
    data = columns()
    net = gn.Network([gn.Dense(1)], dtype="float64")
    gn.fit(net, frame(library, data), "weight", epochs=400, optimizer="adam 0.05")
    assert net.task == "regression"
    found = net.predict(frame(library, data))
    assert found.shape == (60,)
    assert np.abs(found - data["weight"]).max() < 0.1


def test_the_last_column_is_the_target_if_none_is_named(library: str) -> None:
    net = gn.Network([gn.Dense(2, "softmax")])
    gn.fit(net, frame(library, columns()), epochs=1)
    assert net.classes == ("setosa", "virginica")


def test_a_validation_frame(library: str) -> None:
    data = columns()
    net = gn.Network([gn.Dense(2, "softmax")])
    held = frame(library, {key: values[:20] for key, values in data.items()})
    whole = frame(library, data)
    run = gn.fit(net, whole, "species", validation=(held, None), epochs=2)
    assert run.settings["validation_examples"] == 20
    right = np.mean(net.predict(held) == np.array(data["species"][:20]))
    assert run.history["validation_accuracy"][-1] == pytest.approx(right)


def test_both_libraries_train_alike() -> None:
    found = []
    for library in LIBRARIES:
        net = gn.Network([gn.Dense(2, "softmax")])
        gn.fit(net, frame(library, columns()), "species", epochs=3, validation=0.2)
        found.append(net.parameters["output.w"])
    np.testing.assert_array_equal(found[0], found[1])


@pytest.mark.parametrize(
    ("y", "settings", "kind", "message"),
    [
        ("speceis", {}, DataError, "did you mean 'species'"),
        (["a"] * 60, {}, ArgumentError, "y is the name of its target column"),
        ("species", {"validation": "0.2"}, ArgumentError, "validation must be a number"),
        ("species", {"validation": 2}, ArgumentError, "validation must be a number"),
    ],
)
def test_mistakes(library: str, y: Any, settings: Any, kind: Any, message: str) -> None:
    net = gn.Network([gn.Dense(2, "softmax")])
    with pytest.raises(kind) as caught:
        gn.fit(net, frame(library, columns()), y, epochs=1, **settings)
    assert message in str(caught.value)


def test_a_frame_without_a_column_of_the_training(library: str) -> None:
    data = columns()
    net = gn.Network([gn.Dense(2, "softmax")])
    gn.fit(net, frame(library, data), "species", epochs=1)
    with pytest.raises(DataError, match="colour"):
        net.predict(frame(library, {"length": data["length"], "weight": data["weight"]}))


def test_a_frame_for_a_network_of_plain_numbers(library: str) -> None:
    net = gn.Network([gn.Dense(2, "softmax")], inputs=2)
    gn.fit(net, [[0.0, 1.0], [1.0, 0.0]], [0, 1], epochs=1)
    with pytest.raises(DataError, match="this network was trained on plain numbers"):
        net.predict(frame(library, {"a": [1.0], "b": [2.0]}))


def test_targets_in_series(library: str) -> None:
    """x as an array, y as a column of a frame."""
    data = columns()
    x = np.array([data["length"], data["weight"]]).T
    net = gn.Network([gn.Dense(2, "softmax")])
    gn.fit(net, x, frame(library, data)["species"], epochs=2)
    assert net.classes == ("setosa", "virginica")


def test_series_of_numbers_with_an_index() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    y = pandas.Series([0.5, 1.5, 2.5], index=[10, 20, 30])
    net = gn.Network([gn.Dense(1)])
    gn.fit(net, np.ones((3, 2)), y, epochs=1)
    assert net.task == "regression"
