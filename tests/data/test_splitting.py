"""Splitting: exact sizes, classes in proportion, the same rows on every machine."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from glassnet.data import split
from glassnet.errors import ArgumentError, DataError, ShapeError


@given(
    st.lists(st.integers(0, 4), min_size=12, max_size=200),
    st.sampled_from([0.0, 0.1, 0.15, 0.3]),
    st.sampled_from([0.0, 0.1, 0.25]),
    st.integers(0, 2**40),
)
def test_every_row_is_in_one_part_and_classes_in_proportion(labels, test, validation, seed):
    labels = np.array(labels)
    counts = np.bincount(labels, minlength=5)
    assume(counts[counts > 0].min() >= 5)
    parts = split(len(labels), test=test, validation=validation, seed=seed, labels=labels)
    together = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(together.tolist()) == list(range(len(labels)))
    for rows, fraction in ((parts.test, test), (parts.validation, validation)):
        assert abs(len(rows) - fraction * len(labels)) < 1
        assert rows.dtype == np.int64
        assert np.all(np.diff(rows) > 0)
        share = np.bincount(labels[rows], minlength=5)
        assert np.all(np.abs(share - counts * len(rows) / len(labels)) <= 1)
    assert np.all(np.bincount(labels[parts.train], minlength=5)[counts > 0] >= 1)


def test_the_same_seed_gives_the_same_rows():
    first, again, other = (split(50, test=0.2, validation=0.2, seed=s) for s in (7, 7, 8))
    assert first.test.tolist() == again.test.tolist() != other.test.tolist()
    # these rows are part of the promise: the same on every machine and version
    assert split(10, test=0.3, seed=0).test.tolist() == [4, 7, 9]


def test_iris_is_spread_evenly():
    labels = np.repeat([0, 1, 2], 50)
    parts = split(150, test=0.2, validation=0.1, seed=0, labels=labels)
    assert np.bincount(labels[parts.test]).tolist() == [10, 10, 10]
    assert np.bincount(labels[parts.validation]).tolist() == [5, 5, 5]
    assert parts.describe() == "150 rows: 105 train, 15 validation, 30 test"


def test_small_classes_are_said_and_stay_in_training():
    labels = np.array([0] * 20 + [1])
    parts = split(21, test=0.2, validation=0.2, seed=0, labels=labels, names=["many", "few"])
    assert 20 in parts.train
    assert parts.notes == (
        "1 class is too small for the validation part: few",
        "1 class is too small for the test part: few",
    )


@pytest.mark.parametrize(
    ("options", "error", "part"),
    [
        ({"test": -0.1}, ArgumentError, "test must be a fraction"),
        ({"test": 1.0}, ArgumentError, "got 1.0"),
        ({"test": float("nan")}, ArgumentError, "got nan"),
        ({"test": "0.2"}, ArgumentError, "got '0.2'"),
        ({"test": True}, ArgumentError, "got True"),
        ({"validation": 30}, ArgumentError, "validation must be a fraction"),
        ({"test": 0.5, "validation": 0.5}, ArgumentError, "below 1"),
        ({"seed": -1}, ArgumentError, "seed"),
        ({"seed": 0.5}, ArgumentError, "seed"),
        ({"n": 0}, ArgumentError, "n must be"),
        ({"test": 0.01}, DataError, "leaves no row for test"),
        ({"validation": 0.01}, DataError, "leaves no row for validation"),
        ({"n": 1, "test": 0.9}, DataError, "no row of 1 is left for training"),
        ({"labels": np.arange(9)}, ShapeError, r"shape (10,)"),
        ({"labels": np.arange(10), "test": 0.2}, DataError, "keeps one row for training"),
    ],
)
def test_mistakes(options, error, part):
    with pytest.raises(error) as caught:
        split(**{"n": 10, **options})
    assert part in str(caught.value)
