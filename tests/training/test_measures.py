"""How good answers are, against scikit-learn; and by hand."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from glassnet.training.measures import measure_classes, measure_values


def test_classes_by_hand() -> None:
    """Truth a a a b b c; answers a a b b b a: 4 of 6 right."""
    truth, answers = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 1, 0])
    found = measure_classes(answers, truth, ["a", "b", "c", "d"])
    assert found.confusion.tolist() == [[2, 1, 0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    assert found.examples == 6
    assert found.accuracy == 4 / 6
    a, b, c, d = found.rows()
    assert a == {"class": "a", "precision": 2 / 3, "recall": 2 / 3, "f1": 2 / 3, "n": 3}
    assert b == {"class": "b", "precision": 2 / 3, "recall": 1.0, "f1": 4 / 5, "n": 2}
    assert c == {"class": "c", "precision": None, "recall": 0.0, "f1": 0.0, "n": 1}
    assert d == {"class": "d", "precision": None, "recall": None, "f1": None, "n": 0}
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["accuracy"] == 4 / 6


def test_values_by_hand() -> None:
    """Errors 1, −1, 0, 2 on truth 1, 2, 3, 6 (mean 3, variation 4 + 1 + 0 + 9 = 14)."""
    found = measure_values(np.array([2.0, 1.0, 3.0, 8.0]), np.array([1.0, 2.0, 3.0, 6.0]))
    assert found.examples == 4
    assert found.mae == 1.0
    assert found.rmse == pytest.approx(math.sqrt(6 / 4), rel=1e-15)
    assert found.r2 == pytest.approx(1 - 6 / 14, rel=1e-15)
    assert set(found.to_json()) == {"examples", "r2", "mae", "rmse"}


def test_a_target_that_does_not_vary() -> None:
    found = measure_values(np.array([1.0, 2.0]), np.array([3.0, 3.0]))
    assert found.r2 is None
    assert found.mae == 1.5


@pytest.mark.parametrize("k", [2, 3, 7])
@pytest.mark.parametrize("seed", range(4))
def test_classes_against_scikit_learn(k: int, seed: int) -> None:
    metrics: Any = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    generator = np.random.default_rng(seed)
    truth, answers = generator.integers(0, k, 50), generator.integers(0, k, 50)
    right = generator.uniform(size=50) < 0.6
    answers[right] = truth[right]
    found = measure_classes(answers, truth, range(k))
    labels = list(range(k))
    expected = metrics.confusion_matrix(truth, answers, labels=labels)
    np.testing.assert_array_equal(found.confusion, expected)
    assert found.accuracy == pytest.approx(metrics.accuracy_score(truth, answers), rel=1e-14)
    theirs = metrics.precision_recall_fscore_support(truth, answers, labels=labels, zero_division=0)
    for index, row in enumerate(found.rows()):
        ours = [row["precision"] or 0, row["recall"] or 0, row["f1"] or 0, row["n"]]
        np.testing.assert_allclose(ours, [values[index] for values in theirs], rtol=1e-14)


@pytest.mark.parametrize("shape", [(40,), (40, 1), (40, 3)])
def test_values_against_scikit_learn(shape: tuple[int, ...]) -> None:
    metrics: Any = pytest.importorskip("sklearn.metrics", reason="scikit-learn is not installed")
    generator = np.random.default_rng(1)
    truth = generator.normal(size=shape) * 3 + 1
    answers = truth + generator.normal(size=shape)
    found = measure_values(answers, truth)
    expected = metrics.r2_score(truth, answers, multioutput="variance_weighted")
    assert found.r2 == pytest.approx(expected, rel=1e-12)
    assert found.mae == pytest.approx(metrics.mean_absolute_error(truth, answers), rel=1e-12)
    squared = metrics.mean_squared_error(truth, answers)
    assert found.rmse == pytest.approx(math.sqrt(squared), rel=1e-12)


def test_float32_answers_are_measured_in_float64() -> None:
    answers = np.full(10, 1e4, np.float32)
    found = measure_values(answers, np.full(10, 1e4 + 1e-4))
    assert found.mae == pytest.approx(1e-4, rel=1e-6)
