"""How good answers are: accuracy, precision and recall, confusion matrix; R², MAE, RMSE."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.graph.types import Array
from glassnet.records import dataclass

__all__ = ["ClassMeasures", "ValueMeasures", "measure_classes", "measure_values"]


@dataclass(frozen=True)
class ClassMeasures:
    """How well classes were answered.

    Args:
        classes: The names of the classes.
        confusion: How often class i (row) was answered as class j (column); int64, (k, k).
    """

    classes: tuple[str, ...]
    confusion: Array

    @property
    def examples(self) -> int:
        """The number of examples."""
        return int(self.confusion.sum())

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return float(np.trace(self.confusion) / self.examples)

    def rows(self) -> list[dict[str, Any]]:
        """Return for each class: precision, recall, F1 (None where undefined), and its examples.

        Precision: the share of right ones among the answers of that class. Recall: the share found
        of the examples of that class. F1: 2PR/(P + R).
        """
        found: list[dict[str, Any]] = []
        for index, name in enumerate(self.classes):
            right = int(self.confusion[index, index])
            answered = int(self.confusion[:, index].sum())
            there = int(self.confusion[index].sum())
            precision = right / answered if answered else None
            recall = right / there if there else None
            f1 = 2 * right / (answered + there) if answered + there else None
            found.append(
                {"class": name, "precision": precision, "recall": recall, "f1": f1, "n": there}
            )
        return found

    def to_json(self) -> dict[str, Any]:
        """Return the measures as plain data."""
        return {
            "examples": self.examples,
            "accuracy": self.accuracy,
            "classes": self.rows(),
            "confusion": self.confusion.tolist(),
        }


@dataclass(frozen=True)
class ValueMeasures:
    """How well numbers were answered, in the target's own units.

    Args:
        examples: The number of examples.
        r2: The share of the target's variance that is explained; None if it does not vary.
        mae: The mean absolute error.
        rmse: The root of the mean squared error.
    """

    examples: int
    r2: float | None
    mae: float
    rmse: float

    def to_json(self) -> dict[str, Any]:
        """Return the measures as plain data."""
        return {"examples": self.examples, "r2": self.r2, "mae": self.mae, "rmse": self.rmse}


def measure_classes(answers: Array, targets: Array, classes: Sequence[Any]) -> ClassMeasures:
    """Return the measures of class numbers (int64, shape (n,)) against the right ones.

    >>> import numpy as np
    >>> measure_classes(np.array([0, 1, 1]), np.array([0, 1, 0]), ["no", "yes"]).confusion
    array([[1, 1],
           [0, 1]])
    """
    k = len(classes)
    confusion = np.bincount(targets * k + answers, minlength=k * k).reshape(k, k)
    return ClassMeasures(tuple(str(name) for name in classes), confusion)


def measure_values(answers: Array, targets: Array) -> ValueMeasures:
    """Return the measures of numbers (shape (n,) or (n, outputs)) against the right ones."""
    errors = np.asarray(answers, dtype=np.float64) - targets
    variation = float(((targets - targets.mean(axis=0)) ** 2).sum())
    squared = float((errors**2).sum())
    return ValueMeasures(
        len(errors),
        1 - squared / variation if variation > 0 else None,
        float(np.abs(errors).mean()),
        math.sqrt(squared / errors.size),
    )
