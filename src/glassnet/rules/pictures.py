"""Pictures of what a rule has learnt: regions of classes, a line that moves, error curves."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.errors import ArgumentError
from glassnet.graph.types import Array
from glassnet.training.curves import check_picture, new_figure, save_figure
from glassnet.training.history import History

if TYPE_CHECKING:
    from glassnet.rules.estimator import Estimator
    from glassnet.rules.steps import Steps

__all__ = ["draw_history", "draw_regions", "draw_steps"]

GRID = 200  # points along each axis at which the answers are asked for
MOST_LINES = 40
COLOURS = ("#4c72b0", "#dd8452", "#55a868", "#c44e52", "#8172b3", "#937860", "#da8bc3", "#8c8c8c")


def draw_history(history: History, path: str | os.PathLike[str]) -> None:
    """Draw the measures of each epoch: the loss, and the mistakes or errors where there are any.

    Raises:
        ArgumentError: Another ending, matplotlib is not installed, or no epoch was finished.
        OutputError: The file cannot be written.
    """
    check_picture(path)
    if not len(history):
        raise ArgumentError("there is nothing to draw: this rule has no epochs")
    left_out = ("epoch", "learning_rate", "seconds")
    kinds = [name for name in history.columns if name not in left_out]
    if "mistakes" in kinds:  # the loss counts the same
        kinds.remove("loss")
    figure = new_figure(4.8 * len(kinds), 3.6)
    for place, kind in enumerate(kinds):
        axes = figure.add_subplot(1, len(kinds), place + 1)
        axes.plot(history["epoch"], history[kind], marker="o" if len(history) < 20 else "")
        axes.set_xlabel("epoch")
        axes.set_ylabel(kind.replace("_", " "))
        axes.grid(alpha=0.3)
    save_figure(figure, path)


def draw_regions(
    model: Estimator, path: str | os.PathLike[str], x: Array, target: Array | None
) -> None:
    """Draw which class is answered where in the plane of two inputs, and the examples.

    Args:
        model: What answers; it has two inputs and classes.
        path: An SVG, PNG or PDF file.
        x: Examples, (n, 2).
        target: Their class numbers, (n,), or None.
    """
    check_picture(path)
    if x.shape[1] != 2:
        raise ArgumentError(
            f"regions can be drawn for two inputs; these examples have {x.shape[1]}"
        )
    low, high = _box(x)
    steps = np.arange(GRID) / (GRID - 1)
    points = np.empty((GRID * GRID, 2))
    points[:, 0] = low[0] + np.tile(steps, GRID) * (high[0] - low[0])
    points[:, 1] = low[1] + np.repeat(steps, GRID) * (high[1] - low[1])
    names = list(model.classes or ())
    number = {name: index for index, name in enumerate(names)}
    answers = [number[name] for name in model.predict(model.encoded(points)).tolist()]
    region = np.array(answers).reshape(GRID, GRID)
    figure = new_figure(5.2, 4.6)
    axes = figure.add_subplot(1, 1, 1)
    mean, deviation = _units(model)
    low, high = low * deviation + mean, high * deviation + mean
    axes.imshow(
        _colours(region, 0.25),
        origin="lower",
        extent=(low[0], high[0], low[1], high[1]),
        aspect="auto",
        interpolation="nearest",
    )
    _scatter(axes, x * deviation + mean, target, names)
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    known = model.preprocessing_
    across, up = ("x₁", "x₂") if known is None else known.feature_names
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    if len(names) <= len(COLOURS):
        _legend(axes)
    save_figure(figure, path)


def _units(model: Estimator) -> tuple[Array, Array]:
    """Return the mean and the deviation of two inputs by which they go back to their own units."""
    from glassnet.data.preprocessing import ImageLayout
    from glassnet.data.treatments import NumberColumn

    known = model.preprocessing_
    inputs = () if known is None or isinstance(known.inputs, ImageLayout) else known.inputs
    columns = [column for column in inputs if isinstance(column, NumberColumn)]
    if len(columns) != 2:
        return np.zeros(2), np.ones(2)
    return np.array([c.mean for c in columns]), np.array([c.deviation for c in columns])


def draw_steps(steps: Steps, path: str | os.PathLike[str]) -> None:
    """Draw the line w·x + b = 0 of one neuron with two inputs after the steps that moved it.

    Early lines are pale, the last one is dark; its arrow points to where the neuron fires.

    Args:
        steps: What `Perceptron.steps`, or that of another rule for classes, has returned.
        path: An SVG, PNG or PDF file.
    """
    check_picture(path)
    rows = list(steps)
    if not rows or steps.line_at is None or rows[0]["w"].shape != (1, 2):
        raise ArgumentError(
            "a moving line can be drawn of the steps of one neuron that has two inputs and tells "
            "two classes apart"
        )
    points = np.concatenate([row["x"] for row in rows]).astype(np.float64)
    wanted = np.concatenate([row["d"] for row in rows]).reshape(-1)
    values = np.unique(wanted)
    low, high = _box(points)
    figure = new_figure(5.2, 4.6)
    axes = figure.add_subplot(1, 1, 1)
    moved = [row for row in rows if np.any(row["e"])]
    places: list[float] = np.linspace(0, len(moved) - 1, min(len(moved), MOST_LINES)).tolist()
    chosen = [moved[round(place)] for place in places]
    for place, row in enumerate(chosen):
        last = place == len(chosen) - 1
        w, b = row["w"][0], float(row["b"][0]) if "b" in row else 0.0
        ends = _line(w, b - steps.line_at, low, high)
        if ends is None:
            continue
        shade = 0.15 + 0.5 * (place + 1) / len(chosen)
        label = f"after epoch {int(row['epoch'])}, example {int(row['example'])}" if last else None
        axes.plot(
            *ends, color="black", alpha=1.0 if last else shade, lw=2 if last else 1, label=label
        )
        if last:
            _point(axes, ends, w, low, high)
    _scatter(axes, points, np.searchsorted(values, wanted), [f"d = {v:g}" for v in values])
    axes.set_xlim(low[0], high[0])
    axes.set_ylim(low[1], high[1])
    axes.set_xlabel("x₁")
    axes.set_ylabel("x₂")
    _legend(axes)
    save_figure(figure, path)


def _point(axes: Any, ends: tuple[Array, Array], w: Array, low: Array, high: Array) -> None:
    """Draw an arrow along w from the middle of the part of a line that is in the picture."""
    t = np.linspace(0.0, 1.0, GRID)
    line = np.stack([e[0] + t * (e[1] - e[0]) for e in ends], axis=1)
    seen = line[((line >= low) & (line <= high)).all(axis=1)]
    if not len(seen):
        return
    middle = seen[len(seen) // 2]
    tip = middle + w / max(float(np.hypot(*(w * (high - low)))), 1e-300) * 0.12 * (high - low) ** 2
    axes.annotate("", xy=tip, xytext=middle, arrowprops={"arrowstyle": "->", "lw": 1.5})


def _line(w: Array, b: float, low: Array, high: Array) -> tuple[Array, Array] | None:
    """Return two ends of the line w·x + b = 0 across the box; None without a direction."""
    if not np.any(w):
        return None
    if abs(w[1]) * (high[0] - low[0]) >= abs(w[0]) * (high[1] - low[1]):
        across = np.array([low[0], high[0]])
        return across, -(w[0] * across + b) / w[1]
    up = np.array([low[1], high[1]])
    return -(w[1] * up + b) / w[0], up


def _box(x: Array) -> tuple[Array, Array]:
    low, high = x.min(axis=0).astype(np.float64), x.max(axis=0).astype(np.float64)
    room = np.where(high > low, (high - low) * 0.15, 1.0)
    return low - room, high + room


def _colours(numbers: Array, strength: float) -> Array:
    """Return a pale colour for each class number, (…, 3) from 0 to 1."""
    table = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in COLOURS])
    return 1.0 - strength * (1.0 - table[numbers % len(COLOURS)])


def _scatter(axes: Any, x: Array, target: Array | None, names: list[Any]) -> None:
    if target is None:
        axes.scatter(x[:, 0], x[:, 1], s=14, color="black")
        return
    for index, name in enumerate(names):
        chosen = x[target == index]
        colour = COLOURS[index % len(COLOURS)]
        axes.scatter(
            chosen[:, 0],
            chosen[:, 1],
            s=22,
            color=colour,
            edgecolor="white",
            lw=0.5,
            label=str(name),
        )


def _legend(axes: Any) -> None:
    """Put the legend above the picture, where it covers nothing."""
    names = axes.get_legend_handles_labels()[1]
    if names:
        columns = max(1, min(len(names), 75 // (max(map(len, names)) + 6)))
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=columns, frameon=False)
