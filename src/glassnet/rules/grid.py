"""The grid of a self-organising map: where its units stand, how far apart, which are neighbours.

Units are numbered row by row. The distance between neighbours is 1: on a rectangular grid to those
above, below, left and right; on a hexagonal one to all six, as every other row is half a step to
the right and rows are √3/2 apart.
"""

from __future__ import annotations

import math
from functools import cached_property

import numpy as np

from glassnet import ops
from glassnet.errors import ArgumentError
from glassnet.graph import DType, Tensor
from glassnet.graph.types import Array
from glassnet.records import dataclass
from glassnet.unit import check_choice, check_whole

__all__ = ["Grid"]

ROW_HEIGHT = math.sqrt(3.0) / 2.0  # between the rows of a hexagonal grid
ROUNDING = 1e-9
DIAGONAL = math.sqrt(2.0)


@dataclass(frozen=True)
class Grid:
    """A grid of units in the plane, or on a torus, where each edge meets the opposite one.

    Args:
        rows, columns: How many units there are each way, at least 1.
        topology: "rectangular" or "hexagonal".
        torus: Whether the first row is next to the last, and the first column next to the last. A
            hexagonal torus needs an even number of rows, or the last would not fit the first.

    Raises:
        ArgumentError: A value is not allowed.

    >>> Grid(2, 3, "hexagonal").positions.round(3).tolist()
    [[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [0.5, 0.866], [1.5, 0.866], [2.5, 0.866]]
    >>> Grid(3, 3).neighbours[4].nonzero()[0].tolist()
    [0, 1, 2, 3, 5, 6, 7, 8]
    """

    rows: int
    columns: int
    topology: str = "rectangular"
    torus: bool = False

    def __post_init__(self) -> None:
        check_whole("rows", self.rows)
        check_whole("columns", self.columns)
        check_choice("topology", self.topology, ("rectangular", "hexagonal"))
        if self.torus and self.is_hexagonal and self.rows % 2:
            raise ArgumentError(
                f"a hexagonal torus needs an even number of rows; got rows={self.rows}"
            )

    @property
    def units(self) -> int:
        """The number of units."""
        return self.rows * self.columns

    @property
    def is_hexagonal(self) -> bool:
        """Whether the grid is hexagonal."""
        return self.topology == "hexagonal"

    @cached_property
    def positions(self) -> Array:
        """Where each unit stands: x to the right and y downwards, (units, 2), float64."""
        row, column = np.divmod(np.arange(self.units), self.columns)
        if self.is_hexagonal:
            return np.stack([column + 0.5 * (row % 2), row * ROW_HEIGHT], axis=1)
        return np.stack([column, row], axis=1).astype(np.float64)

    @property
    def periods(self) -> tuple[float, float]:
        """How far it is once around a torus, in x and in y."""
        return float(self.columns), self.rows * (ROW_HEIGHT if self.is_hexagonal else 1.0)

    def squared_distances(self, units: Array | None = None) -> Array:
        """Return the squared distance on the grid of some units (all if not given) to all units.

        Args:
            units: Numbers of units, (n,).

        Returns:
            float64 of shape (n, units).
        """
        chosen = self.positions if units is None else self.positions[units]
        apart = np.abs(chosen[:, None, :] - self.positions[None, :, :])
        if self.torus:
            apart = np.minimum(apart, np.array(self.periods) - apart)
        return (apart**2).sum(axis=2)

    def squared_distances_from(self, unit: Tensor, dtype: DType) -> Tensor:
        """Return the formula of the squared distance of each unit to one unit on the grid.

        Args:
            unit: The number of the unit, int64 of shape (1,).
            dtype: The number type of the result, which has shape (units,).
        """
        squares: list[Tensor] = []
        for axis, (period, name) in enumerate(zip(self.periods, ("p", "q"), strict=True)):
            place = ops.constant(self.positions[:, axis].astype(dtype.numpy)).named(name)
            apart = place - ops.gather(place, unit)
            if self.torus:
                apart = ops.absolute(apart)
                apart = ops.minimum(apart, period - apart)
            squares.append(ops.square(apart))
        return squares[0] + squares[1]

    @cached_property
    def neighbours(self) -> Array:
        """Which units are next to which: bool of shape (units, units).

        A unit inside a rectangular grid has 8 neighbours (with those across the corners, as is
        usual for the topographic error), inside a hexagonal one 6.
        """
        reach = 1.0 if self.is_hexagonal else DIAGONAL
        near = self.squared_distances() <= reach**2 + ROUNDING
        np.fill_diagonal(near, val=False)
        return near

    def are_neighbours(self, a: Array, b: Array) -> Array:
        """Return whether unit a[i] is next to unit b[i], for each i: bool of shape (n,)."""
        apart = np.abs(self.positions[a] - self.positions[b])
        if self.torus:
            apart = np.minimum(apart, np.array(self.periods) - apart)
        reach = 1.0 if self.is_hexagonal else DIAGONAL
        return ((apart**2).sum(axis=1) <= reach**2 + ROUNDING) & (a != b)
