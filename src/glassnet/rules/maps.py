"""Pictures of self-organising maps: cells on their grid, squares or hexagons, in colour."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.errors import ArgumentError
from glassnet.graph.types import Array
from glassnet.rules.grid import Grid
from glassnet.training.curves import check_picture, new_figure, save_figure
from glassnet.unit import check_whole

if TYPE_CHECKING:
    from glassnet.rules.self_organising_map import SelfOrganisingMap

__all__ = ["draw_component_planes", "draw_hit_map", "draw_label_map", "draw_map", "draw_u_matrix"]

COLOURS = (
    *("#4c72b0", "#dd8452", "#55a868", "#c44e52", "#8172b3"),
    *("#937860", "#da8bc3", "#8c8c8c", "#ccb974", "#64b5cd"),
)
MOST_PLANES = 64  # more could not be told apart on a page
LEGIBLE = 900  # cells; above it nothing is written into them
PANEL = 3.6  # inches
SHORT = 4  # letters of a class that fit into a cell


def draw_map(model: SelfOrganisingMap, path: str | os.PathLike[str], hits: Array) -> None:
    """Draw the U-matrix and the hits of some examples, and the classes if there are any.

    Args:
        model: A map that has learnt.
        path: An SVG, PNG or PDF file.
        hits: How many of the examples each unit has won, (rows, columns).
    """
    check_picture(path)
    grid, classes = model.grid, hasattr(model, "labels_")
    figure = new_figure((3 if classes else 2) * PANEL, PANEL * _height(grid))
    panels = figure.subplots(1, 3 if classes else 2, squeeze=False)[0]
    _shades(figure, panels[0], grid, model.u_matrix(), "U-matrix")
    _shades(figure, panels[1], grid, hits, "hits", colours="Blues", words=_counts(hits))
    if classes:
        _labels(panels[2], model, hits)
    save_figure(figure, path)


def draw_u_matrix(model: SelfOrganisingMap, path: str | os.PathLike[str]) -> None:
    """Draw the mean distance of each unit to its neighbours: dark ridges part light regions.

    Args:
        model: A map that has learnt.
        path: An SVG, PNG or PDF file.

    Raises:
        ArgumentError: Another ending, or matplotlib is not installed.
        OutputError: The file cannot be written.
    """
    check_picture(path)
    figure = new_figure(PANEL * 1.2, PANEL * _height(model.grid))
    axes = figure.add_subplot(1, 1, 1)
    _shades(figure, axes, model.grid, model.u_matrix(), "U-matrix")
    save_figure(figure, path)


def draw_component_planes(
    model: SelfOrganisingMap,
    path: str | os.PathLike[str],
    components: Sequence[int] | None = None,
    names: Sequence[str] | None = None,
) -> None:
    """Draw the weights of one input after the other, each on its own scale.

    Args:
        model: A map that has learnt.
        path: An SVG, PNG or PDF file.
        components: Numbers of inputs, from 0; all of them if not given (64 at most).
        names: What each is called; the names of the table's columns, or numbers, if not given.

    Raises:
        ArgumentError: There is no such input, there are too many, or as for `draw_u_matrix`.
    """
    check_picture(path)
    shown = list(range(model.n_features_in_)) if components is None else list(components)
    for component in shown:
        check_whole("component", component, low=0, high=model.n_features_in_ - 1)
    if not 1 <= len(shown) <= MOST_PLANES:
        raise ArgumentError(
            f"from 1 to {MOST_PLANES} component planes can be drawn; got {len(shown)}. "
            "Say which: components=[0, 1, 2]"
        )
    if names is None:
        known = model.preprocessing
        names = [str(i) for i in shown]
        if known is not None:
            names = [known.feature_names[i] for i in shown]
    across = math.ceil(math.sqrt(len(shown)))
    down = math.ceil(len(shown) / across)
    each = max(1.4, PANEL / math.sqrt(across))
    figure = new_figure(across * each * 1.2, down * each * _height(model.grid))
    panels = figure.subplots(down, across, squeeze=False).reshape(-1)
    for axes, component, name in zip(panels, shown, names, strict=False):
        plane = model.component_plane(component)
        _shades(figure, axes, model.grid, plane, name, colours="viridis", scale=across < 5)
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    save_figure(figure, path)


def draw_hit_map(model: SelfOrganisingMap, path: str | os.PathLike[str], X: Any) -> None:
    """Draw how many of the examples each unit wins.

    Args:
        model: A map that has learnt.
        path: An SVG, PNG or PDF file.
        X: Examples, as for `predict`.
    """
    check_picture(path)
    hits = model.hit_map(X)
    figure = new_figure(PANEL * 1.2, PANEL * _height(model.grid))
    axes = figure.add_subplot(1, 1, 1)
    _shades(figure, axes, model.grid, hits, "hits", colours="Blues", words=_counts(hits))
    save_figure(figure, path)


def draw_label_map(model: SelfOrganisingMap, path: str | os.PathLike[str]) -> None:
    """Draw the class of each unit; those that win no example are pale.

    Args:
        model: A map that learnt with classes.
        path: An SVG, PNG or PDF file.

    Raises:
        ArgumentError: The map learnt without classes, or as for `draw_u_matrix`.
    """
    check_picture(path)
    figure = new_figure(PANEL * 1.2, PANEL * _height(model.grid))
    _labels(figure.add_subplot(1, 1, 1), model, model.hits_.reshape(model.rows, model.columns))
    save_figure(figure, path)


# --- cells ----------------------------------------------------------------------------------------
def cells(grid: Grid) -> Array:
    """Return the corners of each unit's cell, (units, corners, 2): they cover the grid gaplessly.

    >>> cells(Grid(1, 1)).tolist()
    [[[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]]]
    """
    if grid.is_hexagonal:
        angles = np.radians(30.0 + 60.0 * np.arange(6))
        corners = np.stack([np.cos(angles), np.sin(angles)], axis=1) / math.sqrt(3.0)
    else:
        corners = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    return grid.positions[:, None, :] + corners[None, :, :]


def _height(grid: Grid) -> float:
    """Return how high a panel is for its width, within bounds."""
    corners = cells(grid).reshape(-1, 2)
    width, height = corners.max(axis=0) - corners.min(axis=0)
    return float(min(max(height / width, 0.35), 2.5))


def _counts(hits: Array) -> list[str]:
    return [str(count) if count else "" for count in hits.reshape(-1).tolist()]


def _frame(axes: Any, grid: Grid, title: str) -> Any:
    """Fit the axes to the grid; row 0 is on top, and circles stay round."""
    corners = cells(grid).reshape(-1, 2)
    low, high = corners.min(axis=0), corners.max(axis=0)
    axes.set_xlim(low[0] - 0.1, high[0] + 0.1)
    axes.set_ylim(high[1] + 0.1, low[1] - 0.1)
    axes.set_aspect("equal")
    axes.set_axis_off()
    axes.set_title(title, fontsize=9)


def _write(axes: Any, grid: Grid, words: Sequence[str], colours: Sequence[str]) -> None:
    """Write a word into each cell, if the cells are large enough for it."""
    if grid.units > LEGIBLE:
        return
    longest = max(map(len, words))
    size = min(9.0, 190.0 / max(grid.rows, grid.columns) / max(longest, 2) * 1.3)
    if size < 2.0:
        return
    for (x, y), word, colour in zip(grid.positions, words, colours, strict=True):
        if word:
            axes.text(x, y, word, ha="center", va="center", fontsize=size, color=colour)


def _shades(
    figure: Any,
    axes: Any,
    grid: Grid,
    values: Array,
    title: str,
    *,
    colours: str = "Greys",
    words: Sequence[str] | None = None,
    scale: bool = True,
) -> None:
    """Colour each cell by its value."""
    from matplotlib.collections import PolyCollection

    flat = np.asarray(values, np.float64).reshape(-1)
    made: Any = PolyCollection(list(cells(grid)), linewidth=0.3, edgecolor="face", cmap=colours)
    made.set_array(flat)
    axes.add_collection(made)
    if words is not None:
        span = float(np.ptp(flat)) or 1.0
        dark = (flat - flat.min()) / span > 0.55
        _write(axes, grid, words, ["white" if is_dark else "black" for is_dark in dark])
    _frame(axes, grid, title)
    if scale:
        bar = figure.colorbar(made, ax=axes, shrink=0.7, pad=0.02)
        bar.ax.tick_params(labelsize=6)
        bar.outline.set_visible(False)


def _labels(axes: Any, model: SelfOrganisingMap, hits: Array) -> None:
    """Colour each cell by its class, and write the class into it."""
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgb

    names = [str(name) for name in model.label_map().reshape(-1).tolist()]
    colour = np.array([to_rgb(str(name)) for name in COLOURS])
    shade = colour[model.labels_ % len(COLOURS)]
    won = (hits.reshape(-1) > 0)[:, None]
    shade = np.where(won, shade, 0.3 * shade + 0.7)
    made: Any = PolyCollection(
        list(cells(model.grid)), facecolor=shade.tolist(), edgecolor="white", linewidth=0.4
    )
    axes.add_collection(made)
    if max(map(len, names)) <= SHORT:
        _write(axes, model.grid, names, ["white" if hit else "grey" for hit in won[:, 0]])
    else:
        _legend(axes, [str(name) for name in model.classes_.tolist()])
    _frame(axes, model.grid, "classes (pale: no example)" if not won.all() else "classes")


def _legend(axes: Any, names: Sequence[str]) -> None:
    """Name the colours of the first classes below the map."""
    from matplotlib.patches import Patch

    shown = [Patch(color=COLOURS[i], label=name) for i, name in enumerate(names[: len(COLOURS)])]
    columns = max(1, min(len(shown), 48 // (max(map(len, names)) + 5)))
    axes.legend(
        handles=shown,
        loc="upper center",
        bbox_to_anchor=(0.5, 0.0),
        ncols=columns,
        fontsize=7,
        frameon=False,
    )
