"""Memory-based learning: against scikit-learn, against the definition, and what goes wrong."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as gn
from glassnet.data import open_data
from glassnet.engines import Program
from glassnet.engines.native import why_not
from glassnet.errors import ArgumentError, DataError, ModelFileError, ShapeError
from glassnet.graph.types import Array
from glassnet.rules.distances import DISTANCES
from glassnet.rules.nearest import NearestNeighbours

rng = np.random.default_rng(5)
X = rng.normal(size=(120, 6))
COLOURS = np.array(["red", "green", "blue"])[rng.integers(0, 3, 120)]
NUMBERS = X[:, 0] - 2 * X[:, 1] + rng.normal(size=120)
ASKED = rng.normal(size=(40, 6))
ENGINES = ["reference"] if why_not() is not None else ["native", "reference"]
SETTINGS = [(k, w) for k in (1, 4, 11) for w in ("uniform", "distance")]


def scikit_learn(kind: str, k: int, distance: str, weights: str) -> Any:
    neighbours = pytest.importorskip("sklearn.neighbors", reason="scikit-learn is not installed")
    estimator = getattr(neighbours, f"KNeighbors{kind}")
    return estimator(k, weights=weights, algorithm="brute", metric=distance, p=3)


# --- against scikit-learn -------------------------------------------------------------------------
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("distance", DISTANCES)
@pytest.mark.parametrize(("k", "weights"), SETTINGS)
def test_classes_as_scikit_learn(k: int, weights: str, distance: str, engine: str) -> None:
    x, asked = (np.round(X), np.round(ASKED)) if distance == "hamming" else (X, ASKED)
    if distance == "hamming" and k > 1:
        return  # among ties scikit-learn takes any
    theirs = scikit_learn("Classifier", k, distance, weights).fit(x, COLOURS)
    ours = NearestNeighbours(k, distance, weights=weights, dtype="float64", engine=engine)
    ours.fit(x, COLOURS)
    assert ours.classes_.tolist() == theirs.classes_.tolist()
    np.testing.assert_allclose(ours.kneighbors(asked)[0], theirs.kneighbors(asked)[0], atol=1e-12)
    if distance == "hamming":
        return
    np.testing.assert_array_equal(ours.kneighbors(asked)[1], theirs.kneighbors(asked)[1])
    np.testing.assert_array_equal(ours.predict(asked), theirs.predict(asked))
    np.testing.assert_allclose(ours.predict_proba(asked), theirs.predict_proba(asked), atol=1e-12)
    assert ours.score(asked, COLOURS[:40]) == theirs.score(asked, COLOURS[:40])


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("distance", ["euclidean", "manhattan", "chebyshev", "cosine"])
@pytest.mark.parametrize(("k", "weights"), SETTINGS)
def test_numbers_as_scikit_learn(k: int, weights: str, distance: str, engine: str) -> None:
    asked = np.concatenate([ASKED, X[:5]])  # some at distance 0
    if distance == "cosine":
        asked = ASKED  # there, 0 is a rounding error in scikit-learn
    ours = NearestNeighbours(k, distance, weights=weights, dtype="float64", engine=engine)
    for targets in (NUMBERS, np.stack([NUMBERS, X[:, 2]], axis=1)):
        theirs = scikit_learn("Regressor", k, distance, weights).fit(X, targets)
        ours.fit(X, targets)
        np.testing.assert_allclose(ours.predict(asked), theirs.predict(asked), rtol=1e-11)
    ours.fit(X, NUMBERS)
    theirs = scikit_learn("Regressor", k, distance, weights).fit(X, NUMBERS)
    assert ours.score(ASKED, NUMBERS[:40]) == pytest.approx(theirs.score(ASKED, NUMBERS[:40]))


@pytest.mark.parametrize(("k", "right"), [(1, 98.0), (3, 97.83), (5, 97.89)])
def test_digits(k: int, right: float) -> None:
    """The figures that the data set's own description gives for k nearest neighbours."""
    data = open_data("digits")
    test: Any = data.test
    ours = NearestNeighbours(k).fit(data.data)
    assert round(100 * ours.score(test, test.labels), 2) == right
    theirs = scikit_learn("Classifier", k, "euclidean", "uniform")
    theirs.fit(ours.memory_, ours.targets_)
    distances = ours.kneighbors(test, k + 1)[0]
    clear = distances[:, k - 1] < distances[:, k]  # among ties scikit-learn takes any
    assert clear.sum() > 1700
    np.testing.assert_array_equal(
        ours.predict(test)[clear], theirs.predict(ours.input_rows(test))[clear]
    )


# --- what it is -----------------------------------------------------------------------------------
@pytest.mark.parametrize("engine", ENGINES)
def test_ties(engine: str) -> None:
    x = [[1.0], [-1.0], [1.0], [-1.0]]
    near = NearestNeighbours(2, engine=engine).fit(x, ["b", "a", "a", "b"])
    assert near.kneighbors([[0.0]], 4)[1].tolist() == [[0, 1, 2, 3]]
    assert near.predict([[0.0]]).tolist() == ["a"]  # one vote each: the first in sorted order
    assert near.set_params(k=1).predict([[0.0]]).tolist() == ["b"]  # the earlier example


@pytest.mark.parametrize("engine", ENGINES)
def test_only_those_at_distance_0_vote(engine: str) -> None:
    near = NearestNeighbours(3, weights="distance", engine=engine)
    near.fit([[0.0], [1e-30], [2e-30], [5.0]], [7.0, 1.0, 1.0, 9.0])
    assert near.predict([[0.0]]).tolist() == [7.0]
    assert near.predict([[1e-30]]).tolist() == [1.0]
    near.fit([[0.0], [0.0], [1e-30]], ["a", "b", "b"])
    assert near.predict_proba([[0.0]]).tolist() == [[0.5, 0.5]]


def test_votes_by_distance_by_hand() -> None:
    near = NearestNeighbours(3, weights="distance", dtype="float64")
    near.fit([[1.0], [-2.0], [4.0]], [10.0, 20.0, 40.0])
    assert near.predict([[0.0]]).tolist() == pytest.approx(
        [(10 / 1 + 20 / 2 + 40 / 4) / (1 + 1 / 2 + 1 / 4)]
    )


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(DISTANCES)))
def test_engines_agree(seed: int, distance: str) -> None:
    source = np.random.default_rng(seed)
    n, inputs = int(source.integers(2, 150)), int(source.integers(1, 12))
    x = source.integers(1, 5, (n, inputs))
    asked = source.integers(1, 5, (9, inputs))
    k = int(source.integers(1, n + 1))
    found = [
        NearestNeighbours(k, distance, dtype=dtype, engine=engine)
        .fit(x, np.arange(n) / 2)
        .kneighbors(asked)
        for engine in ENGINES
        for dtype in ("float32", "float64")
    ]
    for distances, indices in found[1:]:
        np.testing.assert_allclose(distances, found[0][0], rtol=1e-12, atol=1e-14)
        if distance not in ("minkowski", "cosine"):  # roots and quotients are rounded
            np.testing.assert_array_equal(indices, found[0][1])


@pytest.mark.parametrize("distance", DISTANCES)
def test_the_graph_gives_the_distances(distance: str) -> None:
    near = NearestNeighbours(len(X), distance, p=4.0, dtype="float64").fit(X, COLOURS)
    program = Program(near.distance_graph())
    for example in ASKED[:5]:
        found = program.run({"x": example[None], "m": near.memory_})["distances"]
        distances, indices = near.kneighbors(example[None])
        np.testing.assert_allclose(found[indices[0]], distances[0], rtol=1e-12)


def test_the_graph_is_for_small_memories() -> None:
    with pytest.raises(ArgumentError, match="has not learnt yet"):
        NearestNeighbours().distance_graph()
    near = NearestNeighbours().fit(np.zeros((2000, 6)), np.arange(2000) / 2)
    with pytest.raises(ArgumentError, match="12,000 numbers"):
        near.distance_graph()


# --- growing, keeping -----------------------------------------------------------------------------
def test_partial_fit_appends() -> None:
    whole = NearestNeighbours(3).fit(X, COLOURS)
    parts = NearestNeighbours(3)
    parts.partial_fit(X[:10], COLOURS[:10], classes=["blue", "green", "red"])
    parts.predict(ASKED)  # what was made ready for the first part must not be used for the second
    parts.partial_fit(X[10:], COLOURS[10:])
    np.testing.assert_array_equal(parts.memory_, whole.memory_)
    np.testing.assert_array_equal(parts.targets_, COLOURS)
    np.testing.assert_array_equal(parts.predict(ASKED), whole.predict(ASKED))
    numbers = NearestNeighbours(3).partial_fit(X[:50], NUMBERS[:50])
    numbers.partial_fit(X[50:], NUMBERS[50:])
    np.testing.assert_array_equal(
        numbers.predict(ASKED), NearestNeighbours(3).fit(X, NUMBERS).predict(ASKED)
    )
    whole_numbers = NearestNeighbours().partial_fit(X[:3], [0.5, 1.5, 2.5])
    assert whole_numbers.partial_fit(X[3:5], [3, 4]).targets_.tolist() == [0.5, 1.5, 2.5, 3, 4]


def test_the_memory_is_a_copy() -> None:
    mine, values = X.astype(np.float32), NUMBERS.astype(np.float32)
    near = NearestNeighbours().fit(mine, values)
    mine[:], values[:] = 0, 0
    assert near.kneighbors(X[:5])[1].reshape(-1).tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_array_equal(near.targets_, NUMBERS.astype(np.float32))


@pytest.mark.parametrize("targets", [COLOURS, NUMBERS, np.stack([NUMBERS, NUMBERS], 1)])
def test_save_and_load(targets: Array, tmp_path: Path) -> None:
    near = NearestNeighbours(5, "minkowski", p=2.5, weights="distance").fit(X, targets)
    near.save(tmp_path / "near.safetensors")
    loaded: Any = gn.load(tmp_path / "near.safetensors")
    assert repr(loaded) == repr(near)
    np.testing.assert_array_equal(loaded.predict(ASKED), near.predict(ASKED))
    np.testing.assert_array_equal(loaded.targets_, near.targets_)
    again = pickle.loads(pickle.dumps(near))
    np.testing.assert_array_equal(again.predict(ASKED), near.predict(ASKED))


def altered(near: NearestNeighbours, tmp_path: Path, **arrays: Array) -> Path:
    for name, array in arrays.items():
        setattr(near, name, array)
    near.save(tmp_path / "altered.safetensors")
    return tmp_path / "altered.safetensors"


def test_altered_files(tmp_path: Path) -> None:
    def fitted(**settings: Any) -> NearestNeighbours:
        return NearestNeighbours(**settings).fit(X, COLOURS)

    cases: list[tuple[NearestNeighbours, dict[str, Array], str]] = [
        (fitted(), {"labels_": np.full(120, 3)}, "class that is not there"),
        (fitted(), {"labels_": np.full(120, -1)}, "class that is not there"),
        (fitted(), {"labels_": np.zeros(7, np.int64)}, "labels_ has 7"),
        (fitted(), {"values_": np.zeros((120, 1), np.float32)}, "labels_ go with classes"),
        (fitted(distance="cosine"), {"memory_": np.zeros((120, 6), np.float32)}, "row of zeros"),
        (fitted(k=5).set_params(k=500), {}, "k is 500"),
    ]
    for near, arrays, message in cases:
        with pytest.raises(ModelFileError, match=message):
            gn.load(altered(near, tmp_path, **arrays))


def test_tables() -> None:
    table: Any = open_data("iris").data
    near = NearestNeighbours().fit(table)
    assert near.task == "classification"
    assert near.memory_.shape == (150, 4)
    assert near.score(table, near.targets_) == 1.0  # each example is its own nearest
    with pytest.raises(ArgumentError, match="partial_fit learns from arrays"):
        near.partial_fit(table, None)


def test_scikit_learns_tools_take_it() -> None:
    base = pytest.importorskip("sklearn.base", reason="scikit-learn is not installed")
    near = NearestNeighbours(3, "manhattan", weights="distance").fit(X, COLOURS)
    twin = base.clone(near)
    assert twin.get_params() == near.get_params()
    assert not twin.is_fitted
    assert repr(near) == "NearestNeighbours(k=3, distance='manhattan', weights='distance')"
    assert dict(near.facts())["memory"] == "120 examples, 6 inputs each"


# --- what goes wrong ------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"k": 0}, "k must be a whole number of at least 1; got 0"),
        ({"k": 2.0}, "k must be a whole number"),
        ({"k": 121}, "k = 121 neighbours cannot be found among 120 examples: choose k from 1 to"),
        ({"distance": "euclid"}, "distance must be one of .*did you mean 'euclidean'"),
        ({"distance": "minkowski", "p": 0.5}, "p must be a number at least 1"),
        ({"weights": "even"}, "weights must be one of"),
        ({"dtype": "float16"}, "dtype must be one of"),
        ({"threads": 0}, "threads must be a whole number"),
    ],
)
def test_settings_out_of_range(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        NearestNeighbours(**settings).fit(X, COLOURS)


def test_bad_examples() -> None:
    near = NearestNeighbours()
    with pytest.raises(ArgumentError, match="call fit first"):
        near.predict(X)
    with pytest.raises(DataError, match="row 1, column 0"):
        near.fit([[0.0], [np.nan]], [0, 1])
    with pytest.raises(DataError, match="0 rows"):
        near.fit(np.zeros((0, 3)), [])
    with pytest.raises(DataError, match="one class only"):
        near.fit(X, ["a"] * 120)
    with pytest.raises(ShapeError, match="120 examples need 120"):
        near.fit(X, COLOURS[:-1])
    with pytest.raises(DataError, match=r"example 1 .* only zeros"):
        NearestNeighbours(distance="cosine").fit([[1, 0], [0, 0]], [0, 1])
    near = NearestNeighbours(distance="cosine").fit([[1, 0], [0, 1]], [0, 1])
    with pytest.raises(DataError, match=r"row 2 .* only zeros"):
        near.predict([[1, 1], [2, 1], [0, 0]])
    with pytest.raises(DataError, match=r"example 0 .* only zeros"):
        near.partial_fit([[0, 0]], [1])
    assert len(near.memory_) == 2
    with pytest.raises(ShapeError, match=r"shape \(n, 2\)"):
        near.predict([[1, 2, 3]])
    with pytest.raises(ArgumentError, match="k = 3"):
        near.kneighbors([[1, 2]], 3)
    with pytest.raises(ArgumentError, match="k must be"):
        near.kneighbors([[1, 2]], 0)
    with pytest.raises(DataError, match="class 2 is unknown"):
        near.partial_fit([[1, 2]], [2])
    numbers = NearestNeighbours().fit(X, NUMBERS)
    with pytest.raises(ArgumentError, match="no probabilities"):
        numbers.predict_proba(X)
    with pytest.raises(ShapeError, match="1 numbers for each target"):
        numbers.partial_fit(X[:1], [[1.0, 2.0]])


@pytest.mark.parametrize("engine", ENGINES)
def test_distances_beyond_float64(engine: str) -> None:
    near = NearestNeighbours(dtype="float64", engine=engine).fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(DataError, match=r"row 1 .* too large for a float64"):
        near.predict([[0.0], [1e200]])
