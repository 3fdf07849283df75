"""How good a network's answers are, part by part: measured, and printed as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.cli.describe import column_name, shortened
from glassnet.cli.fitting import check_size
from glassnet.cli.layout import Styled
from glassnet.cli.screen import Screen

if TYPE_CHECKING:
    from glassnet.rules import Estimator
    from glassnet.training import Network
    from glassnet.training.measures import ClassMeasures, ValueMeasures
    from glassnet.training.prepare import Part

__all__ = ["measure", "show_measures"]

MOST_CLASSES = 20
MOST_MISTAKES = 10
WIDEST_CELL = 14
NARROWEST_CELL = 4


def measure(net: Network | Estimator, part: Part) -> ClassMeasures | ValueMeasures:
    """Return how good a model's answers to some examples are, in the target's own units."""
    from glassnet.training.measures import measure_classes, measure_values

    preprocessing = net.preprocessing
    assert preprocessing is not None
    assert preprocessing.target is not None
    check_size(net, part.x, part.data)
    answers = net.predict(net.encoded(part.x))
    if preprocessing.target.task == "regression":
        wanted = preprocessing.decode_predictions(part.targets.values)
        return measure_values(answers, np.asarray(wanted, np.float64))
    number = {name: index for index, name in enumerate(preprocessing.target.classes)}
    given = np.array([number[name] for name in answers.tolist()], np.int64)
    return measure_classes(given, part.targets.values, preprocessing.target.class_names)


def show_measures(
    screen: Screen, measures: Mapping[str, ClassMeasures | ValueMeasures], target: str
) -> None:
    """Print the measures of each part, and of the last part those of each class.

    Args:
        screen: Where to print.
        measures: By part, in the order in which they are shown; a single one may have no name.
        target: The name of what was to be answered.
    """
    from glassnet.training.measures import ClassMeasures

    names = list(measures)
    columns = range(1, len(names) + 1)
    found = list(measures.values())
    head = ["", *names] if any(names) else None
    if isinstance(found[0], ClassMeasures):
        shown = [entry for entry in found if isinstance(entry, ClassMeasures)]
        rows = [
            ["accuracy", *(_share(entry.accuracy) for entry in shown)],
            ["wrong", *(f"{entry.examples - int(np.trace(entry.confusion)):,}" for entry in shown)],
            ["examples", *(f"{entry.examples:,}" for entry in shown)],
        ]
        screen.table(rows, head=head, right=columns, styles=["", *["bold"] * len(names)])
        _show_classes(screen, names[-1], shown[-1])
        _show_confusion(screen, shown[-1])
        return
    values = [entry for entry in found if not isinstance(entry, ClassMeasures)]
    rows = [
        ["R²", *("–" if entry.r2 is None else _share(entry.r2) for entry in values)],
        ["MAE", *(f"{entry.mae:.4g}" for entry in values)],
        ["RMSE", *(f"{entry.rmse:.4g}" for entry in values)],
        ["examples", *(f"{entry.examples:,}" for entry in values)],
    ]
    screen.table(rows, head=head, right=columns, styles=["", *["bold"] * len(names)])
    screen.line(f"MAE and RMSE are in the units of {column_name(target)}", "dim")


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _show_classes(screen: Screen, part: str, found: ClassMeasures) -> None:
    rows = found.rows()
    if len(rows) > MOST_CLASSES:  # the worst are what a person looks for
        rows = sorted(rows, key=lambda row: (row["f1"] is None, row["f1"] or 0.0))[:MOST_CLASSES]
        title = f"the {MOST_CLASSES} worst of {len(found.classes)} classes"
    else:
        title = "each class"
    title = f"{part}: {title}" if part else title
    screen.gap()
    cells = [
        [
            shortened(row["class"]),
            *(_share(row[key]) for key in ("precision", "recall", "f1")),
            f"{row['n']:,}",
        ]
        for row in rows
    ]
    head = [title, "precision", "recall", "F1", "examples"]
    screen.table(cells, head=head, right=range(1, 5))


def _show_confusion(screen: Screen, found: ClassMeasures) -> None:
    """Print how often each class was answered as which: as a matrix if it fits."""
    k = len(found.classes)
    label = min(max(len(name) for name in (*found.classes, "right ↓  answered →")), 24)
    room = (screen.width - 2 - label - 2) // k - 2
    widest = max(len(f"{int(found.confusion.max()):,}"), *(len(name) for name in found.classes))
    cell = min(room, widest, WIDEST_CELL)
    screen.gap()
    if cell < min(widest, max(NARROWEST_CELL, len(f"{int(found.confusion.max()):,}"))):
        _show_mistakes(screen, found)
        return
    rows: list[list[Any]] = []
    for index, name in enumerate(found.classes):
        counts = [_count(int(n), index == j) for j, n in enumerate(found.confusion[index])]
        rows.append([shortened(name, label), *counts])
    head = ["right ↓  answered →", *(shortened(name, cell) for name in found.classes)]
    screen.table(rows, head=head, right=range(1, k + 1))


def _count(count: int, right: bool) -> Styled:
    style = ("green" if right else "red") if count else "dim"
    return Styled(f"{count:,}" if count else "·", style)


def _show_mistakes(screen: Screen, found: ClassMeasures) -> None:
    wrong = found.confusion.copy()
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:MOST_MISTAKES]
    places = [np.unravel_index(int(place), wrong.shape) for place in order]
    rows = [
        [shortened(found.classes[i]), shortened(found.classes[j]), f"{int(wrong[i, j]):,}"]
        for i, j in places
        if wrong[i, j]
    ]
    if not rows:
        screen.line("no mistakes")
        return
    screen.table(rows, head=["most frequent mistakes: right", "answered", "times"], right=[2])
