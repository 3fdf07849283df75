"""From a table or images to arrays for training: target, split, preprocessing, all visible."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.data import (
    Images,
    Preprocessing,
    Split,
    Table,
    Target,
    decide_target,
    split,
)
from glassnet.errors import DataError
from glassnet.graph.types import Array
from glassnet.records import dataclass
from glassnet.training.network import Network
from glassnet.training.tables import as_data
from glassnet.training.targets import Targets

__all__ = ["Part", "Prepared", "encode", "prepare"]


@dataclass(frozen=True)
class Part:
    """Some of the examples, ready for a network: features (n, m), targets, and what was noticed."""

    x: Array
    targets: Targets
    data: Table | Images
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True)
class Prepared:
    """Data ready for training.

    Args:
        target: What is to be learnt.
        preprocessing: How columns become features, learnt from the training part alone.
        split: Which rows are in which part.
        train: The training part.
        validation: The validation part, or None.
        test: The test part, or None.
        notes: What was decided or noticed on the way.
        usable: The rows of the data whose target is not missing: `split` counts among these.
        shares: How much of these was held back for validation, and for the test.
    """

    target: Target
    preprocessing: Preprocessing
    split: Split
    train: Part
    validation: Part | None
    test: Part | None
    notes: tuple[str, ...]
    usable: Array
    shares: tuple[float, float]

    def install(self, net: Network) -> None:
        """Give a network the preprocessing, and the number of inputs if it has none yet."""
        if not net.is_built:
            net.build(self.train.x.shape[1])
        net.preprocessing = self.preprocessing


def encode(preprocessing: Preprocessing, data: Table | Images) -> Part:
    """Return data as features and targets, by rules that were learnt before.

    Rows whose target is missing are left out, and a note says so.
    """
    target = preprocessing.target
    if target is None:
        raise DataError("the network was trained without a target column", source=data.source)
    usable = target.usable_rows(data)
    notes: tuple[str, ...] = ()
    if len(usable) < data.rows:
        notes = (f"{data.rows - len(usable)} rows without a target were left out",)
        data = data.take(usable)
    features, answers = preprocessing.apply(data), preprocessing.apply_target(data)
    values = answers.values
    if target.task == "regression":
        targets = Targets(values.reshape(-1, 1), None, "regression")
    else:
        targets = Targets(values, target.classes, "classification")
    return Part(features.values, targets, data, (*notes, *features.notes, *answers.notes))


def prepare(
    data: Any,
    target: str | int | None = None,
    *,
    task: str | None = None,
    validation: float = 0.0,
    test: float = 0.0,
    test_data: Any = None,
    seed: int = 0,
    standardize: bool = True,
    impute: bool = True,
) -> Prepared:
    """Return data ready for training.

    Args:
        data: A table, images, or a data frame.
        target: The target column, by name or number (from 1); the last if not given.
        task: "classification" or "regression"; decided by the column if not given.
        validation: The share of the rows for validation.
        test: The share of the rows for the test; none is taken if `test_data` is given.
        test_data: Data for the test, read separately.
        seed: Where the split is drawn from.
        standardize: Whether numbers, and a regression target, are standardised.
        impute: Whether missing values are filled in; if not, they are errors.

    Raises:
        DataError: The data cannot be used as asked; the message says where and why.
    """
    table = as_data(data)
    aim = decide_target(table, target, task)
    notes = [*aim.notes]
    usable = aim.usable_rows(table)
    if len(usable) < table.rows:
        table = table.take(usable)
    labels = aim.encode(table) if aim.task == "classification" else None
    parts = split(
        table.rows,
        test=0.0 if test_data is not None else test,
        validation=validation,
        seed=seed,
        labels=labels,
        names=aim.class_names if labels is not None else None,
    )
    notes += parts.notes
    preprocessing = Preprocessing.fit(
        table,
        aim,
        parts.train,
        standardize=standardize,
        standardize_target=standardize,
        impute=impute,
    )
    train = encode(preprocessing, table.take(parts.train))
    held = _part(preprocessing, table, parts.validation)
    tested = _part(preprocessing, table, parts.test)
    if test_data is not None:
        tested = encode(preprocessing, as_data(test_data))
    for name, part in (("validation", held), ("test", tested)):
        notes += [f"{name} part: {note}" for note in (part.notes if part else ())]
    shares = (float(validation), 0.0 if test_data is not None else float(test))
    return Prepared(aim, preprocessing, parts, train, held, tested, tuple(notes), usable, shares)


def _part(preprocessing: Preprocessing, table: Table | Images, rows: Array) -> Part | None:
    return encode(preprocessing, table.take(np.asarray(rows))) if len(rows) else None
