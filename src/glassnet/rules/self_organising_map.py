"""The self-organising map (B3): a neighbourhood on a grid learns with the unit that wins."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from glassnet import ops
from glassnet.errors import ArgumentError, ModelFileError
from glassnet.graph import DType, Graph, Tensor
from glassnet.graph.types import Array
from glassnet.learning.schedule import Schedule
from glassnet.records import dataclass
from glassnet.rules.examples import Examples
from glassnet.rules.grid import Grid
from glassnet.rules.prototypes import (
    FALLS,
    Falling,
    LabelledUnits,
    fall,
    first_units,
    nearest_units,
)
from glassnet.rules.step import StepWriter
from glassnet.unit import check_choice, check_number, check_whole

__all__ = ["SelfOrganisingMap"]

SMALLEST_RADIUS = 0.01  # below it nothing but the winner learns, and squares leave float32
INSIDE = 1.0001  # a bubble's edge, squared, with room for rounding
NOTHING = 1e-20  # what a unit is taught in all, below which it stays where it is
THIRD = 3.0  # what "inverse" divides by in the end if no end is given


@dataclass(eq=False, repr=False)
class SelfOrganisingMap(LabelledUnits, rule="som"):
    """Units on a grid; the winner and its neighbours learn: Δw_j = η(n) h_{j,i(x)}(n) (x − w_j).

    The unit i(x) with the smallest distance ‖x − w_j‖ wins, and h_{j,i(x)}(n) is the neighbourhood
    around it: 1 at the winner, less with the distance r on the grid. Its radius σ(n) shrinks, so
    that the map first unfolds and then settles. In the end near units stand for like examples.

    Args:
        rows, columns: The size of the grid.
        topology: "rectangular", or "hexagonal", where every unit has six neighbours at distance 1.
        torus: Whether each edge of the grid meets the opposite one.
        neighbourhood: "gaussian": h = exp(−r²/(2σ²)); "bubble": h = 1 where r ≤ σ, 0 elsewhere.
        radius: σ at first; half the longer side of the grid (1 at least) if not given.
        final_radius: σ at the end; if not given a third of the first for "inverse", otherwise 1
            (or the first, if that is smaller).
        radius_schedule: With s the share of training that is done: "exponential":
            σ · (σ_end/σ)^s; "linear": σ + (σ_end − σ) s; "inverse": σ / (1 + (σ/σ_end − 1) s).
        learning_rate: η at first, above 0 and at most 1; or a schedule that says all.
        final_learning_rate: η at the end; if not given a third of the first for "inverse",
            otherwise a fiftieth.
        learning_rate_schedule: How it falls, as for the radius.
        algorithm: "online" learns from one example at a time. "batch" sets all units once an
            epoch, w_j = Σ h_{j,i(x)} x / Σ h_{j,i(x)}, without a learning rate; it is quick, and
            needs memory for units² numbers.
        start: "pca" spreads the grid over the plane of the two directions in which the examples
            vary most; "examples" starts from examples drawn by the seed, "random" from points
            drawn in their range.
        epochs: How often each example is learnt from.
        shuffle: Whether the examples are taken in a new order each epoch, rather than as given.
        seed: Where starts and orders are drawn from.
        dtype: The number type, "float32" or "float64".
        engine: "native" (C++) or "reference" (NumPy); the native one if not given.
        progress: Whether to show a progress bar; if not given, where someone is there to see it.

    Attributes:
        weights_: The units, row by row, (rows · columns, inputs).
        hits_: How many of the examples each unit has won, (units,).
        labels_: With classes, the number of each unit's class, (units,): that of most of the
            examples it has won; for a unit without any that of the nearest on the grid with some.

    `predict` gives the number of the winning unit; the unit's class, if classes were given.

    Source: Kohonen (1982), "Self-organized formation of topologically correct feature maps"; (2013)
    "Essentials of the self-organizing map"; Haykin, Neural Networks, chapter 9; lecture notes B3.

    >>> from glassnet.rules.self_organising_map import SelfOrganisingMap
    >>> line = [[x / 9] for x in range(10)]
    >>> chain = SelfOrganisingMap(1, 5, epochs=40).fit(line)
    >>> chain.winning_units([[0.0], [0.5], [1.0]]).tolist()
    [0, 2, 4]
    >>> chain.topographic_error(line)
    0.0
    """

    shown: ClassVar[Mapping[str, str]] = {
        "x": "x",
        "d²": "d²",
        "i(x)": "i(x)",
        "σ": "σ",
        "h": "h",
        "η": "η",
        "parameters/weights": "w",
    }

    rows: int = 10
    columns: int = 10
    topology: str = "rectangular"
    torus: bool = False
    neighbourhood: str = "gaussian"
    radius: float | None = None
    final_radius: float | None = None
    radius_schedule: str = "exponential"
    learning_rate: float | str | Schedule = 0.5
    final_learning_rate: float | None = None
    learning_rate_schedule: str = "exponential"
    algorithm: str = "online"
    start: str = "pca"
    epochs: int = 10
    shuffle: bool = True
    seed: int = 0
    dtype: str = "float32"
    engine: str | None = None
    progress: bool | None = None

    def check(self) -> None:
        """Raise ArgumentError if a setting has a value that is not allowed."""
        super().check()
        _ = self.grid  # which checks its settings
        check_choice("neighbourhood", self.neighbourhood, ("gaussian", "bubble"))
        for name, value in (("radius", self.radius), ("final_radius", self.final_radius)):
            if value is not None:
                check_number(name, value, low=SMALLEST_RADIUS)
        check_choice("radius_schedule", self.radius_schedule, FALLS)
        if self.final_learning_rate is not None:
            check_number(
                "final_learning_rate", self.final_learning_rate, low=0, high=1, open_low=True
            )
        check_choice("learning_rate_schedule", self.learning_rate_schedule, FALLS)
        check_choice("algorithm", self.algorithm, ("online", "batch"))
        check_choice("start", self.start, ("pca", "examples", "random"))

    @property
    def grid(self) -> Grid:
        """The grid: positions, distances, neighbours."""
        return Grid(self.rows, self.columns, self.topology, self.torus)

    @property
    def radii(self) -> tuple[float, float]:
        """The radius σ at first and at the end."""
        first = self.radius
        if first is None:
            first = max(self.rows, self.columns) / 2.0
            first = max(first, 1.0)
        last = self.final_radius
        if last is None:
            last = first / THIRD if self.radius_schedule == "inverse" else min(1.0, first)
        return float(first), float(last)

    def _schedule(self) -> Schedule:
        rate, last = self.learning_rate, self.final_learning_rate
        if isinstance(rate, str | Schedule):
            return super()._schedule()
        if last is None:
            last = rate / (THIRD if self.learning_rate_schedule == "inverse" else 50.0)
        return Falling(float(rate), float(last), self.learning_rate_schedule)

    # --- the step ---------------------------------------------------------------------------------
    def step_graph(self, values: Mapping[str, Array], n: int) -> Graph:
        """Return the graph of a step on one example, or on all of them for algorithm="batch"."""
        write = StepWriter(values, DType(self.dtype), n)
        return self._batch(write, n) if self.algorithm == "batch" else self._online(write)

    def _radius(self, write: StepWriter) -> Tensor:
        """Return σ, by the share of training that is done before this step."""
        share = ops.minimum((write.time() + (self.updates_ - 1.0)) / float(self.planned_), 1.0)
        return fall(*self.radii, self.radius_schedule, share).named("σ")

    def _neighbourhood(self, squares: Tensor, sigma: Tensor) -> Tensor:
        """Return h from squared distances on the grid."""
        if self.neighbourhood == "gaussian":
            h = ops.exp(-squares / (2.0 * sigma * sigma))
        else:
            h = ops.cast(squares <= INSIDE * sigma * sigma, DType(self.dtype))
        return h.named("h")

    def _online(self, write: StepWriter) -> Graph:
        dtype = DType(self.dtype)
        w = write.parameter("weights", "w", ("unit", "source"))
        units, inputs = w.shape
        x, rate = write.x(inputs), write.rate()
        apart = x - w
        squares = ops.square(apart).sum(1).named("d²")
        # Reshaped before the minus: a short chain of its own, rather than a step in each block of
        # the long one.
        winner = ops.argmax(-squares.reshape(1, units), 1).named("i(x)")
        far = self.grid.squared_distances_from(winner, dtype).named("r²")
        h = self._neighbourhood(far, self._radius(write))
        gain = (rate * h).reshape(units, 1)
        change = (gain * apart).named("Δw")
        state = {"parameters/weights": (w + change).named("w new")}
        return write.end(state, ops.sqrt(ops.gather(squares, winner).reshape()))

    def _batch(self, write: StepWriter, n: int) -> Graph:
        dtype = DType(self.dtype)
        w = write.parameter("weights", "w", ("unit", "source"))
        units, inputs = w.shape
        # The origin in the middle of the units, so that little is lost where squares are compared.
        middle = w.mean(0)
        x, w_there = write.x(inputs) - middle, w - middle
        # ‖x − w‖² = ‖x‖² − 2 (x·w − ½‖w‖²)
        closeness = x @ w_there.T - 0.5 * ops.square(w_there).sum(1)
        winner = ops.argmax(closeness, 1).named("i(x)")
        least = ops.square(x).sum(1) - 2.0 * ops.max_(closeness, 1)
        loss = ops.sqrt(ops.maximum(least, 0.0)).mean()
        sums = ops.scatter_add(x, winner, units).named("Σx")
        counts = ops.scatter_add(ops.ones(n, dtype=dtype), winner, units).named("n")
        apart = ops.constant(self.grid.squared_distances().astype(dtype.numpy))
        h = self._neighbourhood(apart, self._radius(write))
        taught, share = h @ sums, h @ counts.reshape(units, 1)
        moved = middle + taught / ops.maximum(share, NOTHING)
        is_taught = ops.broadcast(share > NOTHING, (units, inputs))
        new = ops.select(is_taught, moved, w)
        return write.end({"parameters/weights": new.named("w new")}, loss)

    def _batch_size(self, n: int) -> int:
        return n if self.algorithm == "batch" else 1

    # --- learning ---------------------------------------------------------------------------------
    def _first_values(self, examples: Examples) -> dict[str, Array]:
        units = self.grid.units
        if self.start == "pca":
            weights = _plane(examples.x, self.rows, self.columns)
        else:
            weights = first_units(self.start, examples.x, units, self.seed)
        return {"parameters/weights": weights}

    def _between_units(self, units: Array) -> Array:
        return self.grid.squared_distances(units)

    def _finish(self, examples: Examples) -> None:
        super()._finish(examples)
        if len(self.weights_) > 1:
            self.training_["topographic_error"] = self._topographic_error(examples.x)

    # --- answering --------------------------------------------------------------------------------
    def places(self, X: Any) -> Array:
        """Return the row and the column, from 0, of the unit nearest to each example: (n, 2)."""
        return np.stack(np.divmod(self.winning_units(X), self.columns), axis=1)

    def topographic_error(self, X: Any) -> float:
        """Return the share of examples whose two nearest units are not next to each other.

        On a rectangular grid units across a corner count as next to each other.

        Source: Kiviluoto (1996), "Topology preservation in self-organizing maps".

        Raises:
            ArgumentError: The map has one unit only.
        """
        rows = self.input_rows(X)
        if len(self.weights_) < 2:
            raise ArgumentError("a map of one unit has no topographic error")
        return self._topographic_error(rows)

    def _topographic_error(self, rows: Array) -> float:
        nearest = nearest_units(rows, self.weights_, 2)
        return 1.0 - float(self.grid.are_neighbours(nearest[:, 0], nearest[:, 1]).mean())

    def u_matrix(self) -> Array:
        """Return the mean distance of each unit's weights to its neighbours', (rows, columns).

        Ridges of large distances part regions of like units.

        Source: Ultsch and Siemon (1990).
        """
        self._must_be_fitted()
        grid = self.grid
        found = np.zeros(grid.units)
        weights = self.weights_.astype(np.float64)
        for unit in range(grid.units):
            near = grid.are_neighbours(np.arange(grid.units), np.array([unit]))
            if near.any():
                apart = weights[near] - weights[unit]
                found[unit] = np.sqrt((apart**2).sum(axis=1)).mean()
        return found.reshape(self.rows, self.columns)

    def component_plane(self, component: int) -> Array:
        """Return one input's weight of each unit, (rows, columns).

        Raises:
            ArgumentError: There is no such input.
        """
        self._must_be_fitted()
        check_whole("component", component, low=0, high=self.n_features_in_ - 1)
        return self.weights_[:, component].reshape(self.rows, self.columns).copy()

    def hit_map(self, X: Any) -> Array:
        """Return how many of the examples each unit wins: int64 of shape (rows, columns)."""
        hits = np.bincount(self.winning_units(X), minlength=self.grid.units)
        return hits.reshape(self.rows, self.columns)

    def label_map(self) -> Array:
        """Return the class of each unit, (rows, columns).

        Raises:
            ArgumentError: The map learnt without classes.
        """
        self._must_be_fitted()
        if not hasattr(self, "labels_"):
            raise ArgumentError("this map learnt without classes; give them to fit: fit(X, y)")
        return self.classes_[self.labels_].reshape(self.rows, self.columns)

    def plot(self, path: str | os.PathLike[str], X: Any = None, y: Any = None) -> None:
        """Draw the U-matrix, the hits, and the classes if there are any: see `rules.maps`.

        Args:
            path: An SVG, PNG or PDF file.
            X: Examples whose hits are drawn, as for `predict`; those learnt from if not given.
            y: Not used: units know their classes.
        """
        from glassnet.rules.maps import draw_map

        del y
        self._must_be_fitted()
        hits = self.hits_.reshape(self.rows, self.columns) if X is None else self.hit_map(X)
        draw_map(self, path, hits)

    def answer_columns(self, X: Any) -> dict[str, Array]:
        """Return the unit that wins each example: its number, row and column, and the distance."""
        found = super().answer_columns(X)
        row, column = np.divmod(found["unit"], self.columns)
        return {"unit": found["unit"], "row": row, "column": column, "distance": found["distance"]}

    def _rate_fact(self) -> list[tuple[str, str]]:
        return [] if self.algorithm == "batch" else super()._rate_fact()

    def facts(self) -> list[tuple[str, str]]:
        """Return what a person wants to know of what was learnt."""
        kind = f"{self.topology} grid" + (", a torus" if self.torus else "")
        found = [
            ("map", f"{self.rows} × {self.columns} units on a {kind}, {self.n_features_in_} inputs")
        ]
        first, last = self.radii
        radius = f"{self.neighbourhood}, radius from {first:.4g} to {last:.4g}"
        found += [("neighbourhood", radius), *self._common_facts()]
        error = self.training_.get("topographic_error")
        if isinstance(error, int | float):
            found.insert(3, ("topographic error", f"{error:.1%} of the examples learnt from"))
        return found

    def remember(self, learnt: Mapping[str, Any]) -> None:
        """Take over what `learnt` gave."""
        if len(self.weights_) != self.grid.units:
            raise ModelFileError(
                f"som: there are {len(self.weights_)} units; {self.rows} × {self.columns} were set"
            )
        super().remember(learnt)


def _plane(x: Array, rows: int, columns: int) -> Array:
    """Return points of the plane in which the examples vary most: a standard deviation each way.

    The longer side of the grid goes along the first principal direction, whose largest entry is
    taken to be positive. Source: Kohonen (2013), section 4.3.
    """
    points = x.astype(np.float64)
    middle = points.mean(axis=0)
    spread, directions = np.linalg.eigh(np.atleast_2d(np.cov(points, rowvar=False, bias=True)))
    axes = np.zeros((2, x.shape[1]))
    for place in range(min(2, x.shape[1])):
        direction = directions[:, -1 - place]
        direction = direction * np.sign(direction[np.abs(direction).argmax()])
        axes[place] = direction * np.sqrt(max(spread[-1 - place], 0.0))
    along = [
        np.linspace(-1.0, 1.0, count) if count > 1 else np.zeros(1) for count in (rows, columns)
    ]
    first, second = (axes[0], axes[1]) if rows >= columns else (axes[1], axes[0])
    grid = along[0][:, None, None] * first + along[1][None, :, None] * second
    return (middle + grid).reshape(rows * columns, -1).astype(x.dtype)
