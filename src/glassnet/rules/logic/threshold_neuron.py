"""The threshold neuron with whole weights: it fires where w·x ≥ T (A2, A8)."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import numpy as np

from glassnet.errors import ArgumentError, ShapeError
from glassnet.graph.types import Array
from glassnet.notebook import escape, html_table
from glassnet.records import dataclass
from glassnet.rules.logic.showing import number, sum_of, text_table
from glassnet.rules.logic.table import MOST_INPUTS, input_name
from glassnet.unit import check_whole

__all__ = ["ThresholdNeuron"]


@dataclass(frozen=True)
class ThresholdNeuron:
    """A neuron that fires where the weighted sum of its inputs reaches the threshold.

    y = 1 if v ≥ T with v = w·x, else 0 (binary coding) or −1 (bipolar coding). With the bias
    b = −T the same neuron fires where w·x + b ≥ 0.

    Args:
        weights: w, a whole number for each of the m inputs.
        threshold: T, a whole number.
        names: The names of the inputs; x₁, x₂, … if not given.
        bipolar: Whether inputs and output are −1 and 1 instead of 0 and 1.

    Raises:
        ArgumentError: A weight or the threshold is no whole number; another number of names.

    Source: W. S. McCulloch and W. Pitts, A logical calculus of the ideas immanent in nervous
    activity, Bulletin of Mathematical Biophysics 5 (1943); lecture notes, logic by neurons (A8).

    >>> neuron = ThresholdNeuron((1, 1), 2)
    >>> print(neuron)
    y = 1 if x₁ + x₂ ≥ 2, else 0
    x₁  x₂  v  y
     0   0  0  0
     0   1  1  0
     1   0  1  0
     1   1  2  1
    >>> neuron([[1, 1], [1, 0]])
    array([1, 0])
    """

    weights: tuple[int, ...]
    threshold: int
    names: tuple[str, ...] = ()
    bipolar: bool = False

    def __post_init__(self) -> None:
        weights, threshold = tuple(map(_whole, self.weights)), _whole(self.threshold)
        if not weights:
            raise ArgumentError("a threshold neuron needs at least one weight")
        names = self.names or tuple(input_name(i + 1) for i in range(len(weights)))
        if len(names) != len(weights):
            raise ArgumentError(f"{len(weights)} weights, but {len(names)} names of inputs")
        object.__setattr__(self, "weights", weights)
        object.__setattr__(self, "threshold", threshold)
        object.__setattr__(self, "names", tuple(names))

    @property
    def bias(self) -> int:
        """B = −T: the neuron fires where w·x + b ≥ 0."""
        return -self.threshold

    @property
    def formula(self) -> str:
        """The neuron as a formula, such as "y = 1 if x₁ + x₂ ≥ 2"."""
        return f"y = 1 if {sum_of(self.weights, self.names)} ≥ {number(self.threshold)}"

    def local_field(self, x: Any) -> Array:
        """Return v = w·x for each example, of shape (n,).

        Args:
            x: n examples, of shape (n, m), of 0 and 1, or −1 and 1 in bipolar coding.

        Raises:
            ShapeError: Another number of inputs than weights.
            ArgumentError: An entry that the coding does not have.
        """
        try:
            rows = np.asarray(x)
        except ValueError:
            raise ShapeError("examples must be a table with rows of one length") from None
        m = len(self.weights)
        if rows.ndim != 2 or rows.shape[1] != m:
            hint = "; for a single example write it as one row: [example]"
            raise ShapeError(
                f"examples must have shape (n, {m}); got {rows.shape}"
                f"{hint if rows.shape == (m,) else ''}"
            )
        low = -1 if self.bipolar else 0
        right = (rows == low) | (rows == 1)
        if not np.all(right):
            row, column = np.argwhere(~right)[0]
            raise ArgumentError(
                f"inputs must be {low} or 1; row {row}, column {column} (counted from 0) is "
                f"{rows[row, column].item()!r:.60}"
            )
        return rows.astype(np.int64) @ np.array(self.weights, np.int64)

    def __call__(self, x: Any) -> Array:
        """Return the output for each of n examples of shape (n, m): whole numbers, shape (n,)."""
        low = -1 if self.bipolar else 0
        return np.where(self.local_field(x) >= self.threshold, 1, low)

    def in_bipolar(self) -> ThresholdNeuron:
        """Return the neuron that does the same in bipolar coding, s = 2x − 1.

        w·x ≥ T where w·s ≥ 2T − Σw; as w·s changes in steps of 2, one less will do as well, and of
        the two the one nearer to zero is taken.

        >>> ThresholdNeuron((1, 1), 2).in_bipolar().formula
        'y = 1 if x₁ + x₂ ≥ 1'
        """
        if self.bipolar:
            return self
        most = 2 * self.threshold - sum(self.weights)
        return replace(self, threshold=min(most, most - 1, key=abs), bipolar=True)

    def table(self) -> tuple[list[str], list[list[str]]]:
        """Return the head and the rows of the truth table, with v before y, as text."""
        head = [*self.names, "v", "y"]
        if len(self.weights) > MOST_INPUTS:
            return head, []
        coding = (-1, 1) if self.bipolar else (0, 1)
        points = np.array(list(itertools.product(coding, repeat=len(self.weights))))
        columns = np.column_stack([points, self.local_field(points), self(points)])
        return head, [[number(int(entry)) for entry in row] for row in columns]

    @property
    def statement(self) -> str:
        """The formula with what the neuron answers otherwise."""
        return f"{self.formula}, else {'−1' if self.bipolar else '0'}"

    def __str__(self) -> str:
        head, rows = self.table()
        return f"{self.statement}\n{text_table(head, rows)}" if rows else self.statement

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.statement)}</p>{html_table(*self.table())}"


def _whole(value: object) -> int:
    entry: Any = value
    if isinstance(value, np.integer):
        entry = int(value)  # pyright: ignore[reportUnknownArgumentType]
    check_whole("a weight or threshold", entry, low=-(2**31), high=2**31)
    return entry
