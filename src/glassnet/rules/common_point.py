"""A point in the convex hulls of both classes: the proof that no hyperplane separates them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from glassnet.graph.types import Array
from glassnet.records import dataclass

__all__ = ["CommonPoint", "common_shares", "exact_shares"]

MOST_EXACT = 12  # points for which shares are worked out as fractions
MOST_SHOWN = 6  # points written out in the sentence, of as many coordinates
NO_SHARE = 1e-13


@dataclass(frozen=True, eq=False)
class CommonPoint:
    """A mixture of examples of one class that is also a mixture of examples of the other.

    A hyperplane with one class on either side has all mixtures of the class on its side; no point
    is on both sides.

    Args:
        classes: The labels of the two classes, the positive one first.
        rows: For each class the rows of X (counted from 0) that are mixed.
        shares: For each class their shares, all above 0. They add up to 1 in each class; without
            bias, over both.
        points: For each class the examples themselves, of shape (rows, m).
        bias: Whether the hyperplanes ruled out may have a bias, w·x + b, or go through the origin.
        exact: Whether both mixtures are the same point exactly, as rational numbers.

    Source: P. Kirchberger 1903, J. Radon 1921: m + 2 points are enough.
    """

    classes: tuple[Any, Any]
    rows: tuple[tuple[int, ...], tuple[int, ...]]
    shares: tuple[tuple[Fraction | float, ...], tuple[Fraction | float, ...]]
    points: tuple[Array, Array]
    bias: bool
    exact: bool

    def mixtures(self) -> tuple[Array, Array]:
        """Return both mixtures, of shape (m,) each."""
        first, second = (
            np.array([float(share) for share in shares]) @ points
            for shares, points in zip(self.shares, self.points, strict=True)
        )
        return first, second

    @property
    def residual(self) -> float:
        """The distance between both mixtures: 0, but for rounding.

        No hyperplane (of all with a bias) has a margin of more than half of it.
        """
        if self.exact:
            return 0.0
        first, second = self.mixtures()
        return float(np.linalg.norm(first - second))

    def check(self) -> float:
        """Return the residual, after checking that the shares are those of mixtures.

        Fractions are checked exactly.
        """
        sums = [sum(shares, start=Fraction(0)) for shares in self.shares]
        wrong = sums[0] + sums[1] - 1 if not self.bias else max(abs(s - 1) for s in sums)
        if any(share <= 0 for shares in self.shares for share in shares):
            return float("inf")
        if self.exact:
            same = wrong == 0 and _total(self, 0) == _total(self, 1)
            return 0.0 if same else float("inf")
        return self.residual if abs(wrong) < 1e-9 else float("inf")

    @property
    def sentence(self) -> str:
        """The proof in words."""
        first, second = self.classes
        value = "w·x + b" if self.bias else "w·x"
        if len(self.rows[0]) == len(self.rows[1]) == 1 and self.bias:
            (i,), (j,) = self.rows
            return (
                f"Rows {i} and {j} are the same point{self._shown()}, but row {i} is of class "
                f"{first} and row {j} of class {second}: {value} cannot be positive and negative "
                "at it. No hyperplane separates the classes."
            )
        closing = (
            f"No hyperplane{'' if self.bias else ' through the origin'} separates the classes."
        )
        if not all(self.rows):
            one = 0 if self.rows[0] else 1
            return (
                f"The mixture {self._mixture(one)} is the origin{self._rounding()}, where w·x = 0; "
                f"but it would be {('positive', 'negative')[one]} at each of these rows, and so at "
                f"their mixture. {closing}"
            )
        return (
            f"The mixture {self._mixture(0)} and the mixture {self._mixture(1)} are the same point"
            f"{self._shown()}{self._rounding()}. {value} would be positive there, as at each of "
            f"the first, and negative, as at each of the others: a contradiction. {closing}"
        )

    def _shown(self) -> str:
        one = 0 if self.rows[0] else 1
        m = self.points[one].shape[1]
        if m > MOST_SHOWN:
            return ""
        point = _total(self, one) if self.exact else self.mixtures()[one].tolist()
        return f", ({', '.join(_short(entry) for entry in point)})"

    def _rounding(self) -> str:
        return "" if self.exact else f" (but for rounding: {self.residual:.1e} apart)"

    def _mixture(self, one: int) -> str:
        rows, shares = self.rows[one], self.shares[one]
        if len(rows) == 1:
            return f"of row {rows[0]} alone (class {self.classes[one]})"
        largest = sorted(range(len(rows)), key=lambda k: (-shares[k], rows[k]))
        named = largest if len(rows) <= MOST_SHOWN else largest[:3]
        parts = [f"{_short(shares[k])} · row {rows[k]}" for k in sorted(named)]
        if len(named) < len(rows):
            parts = [f"{_short(shares[k])} · row {rows[k]}" for k in named]
            parts.append(f"… ({len(rows)} rows)")
        return f"{' + '.join(parts)} (class {self.classes[one]})"

    def __str__(self) -> str:
        return self.sentence


def _total(found: CommonPoint, one: int) -> list[Fraction]:
    points, shares = found.points[one].tolist(), found.shares[one]
    return [
        sum((Fraction(s) * Fraction(p[i]) for s, p in zip(shares, points, strict=True)), Fraction())
        for i in range(found.points[one].shape[1])
    ]


def _short(value: Fraction | float) -> str:
    if isinstance(value, Fraction) and value.denominator <= 1000:
        return str(value).replace("-", "−")
    return f"{float(value) + 0.0:.4g}".replace("-", "−")


def common_shares(a: Array, b: Array, seconds: float) -> tuple[Array, Array] | None:
    """Return shares with which the rows of a and of b mix to the same point, or None.

    A basic solution of a linear programme: at most m + 2 shares are above 0.

    Args:
        a: The points of one class, of shape (n, m).
        b: Those of the other.
        seconds: How long the programme may run.
    """
    from scipy import optimize

    sides = np.concatenate([a, -b])
    used = (np.ptp(a, axis=0) > 0) | (np.ptp(b, axis=0) > 0) | (a[0] != b[0])
    ones = np.repeat([[1.0, 0.0], [0.0, 1.0]], [len(a), len(b)], axis=0)
    result: Any = optimize.linprog(
        np.zeros(len(sides)),
        A_eq=np.column_stack([sides[:, used], ones]).T,
        b_eq=np.concatenate([np.zeros(int(used.sum())), [1.0, 1.0]]),
        method="highs-ds",
        options={"time_limit": max(seconds, 0.1), "primal_feasibility_tolerance": 1e-10},
    )
    if result.x is None:
        return None
    shares: Array = np.where(result.x > NO_SHARE, result.x, 0.0)
    first, second = shares[: len(a)], shares[len(a) :]
    return (first / first.sum(), second / second.sum()) if first.any() and second.any() else None


def exact_shares(a: Array, b: Array) -> tuple[list[Fraction], list[Fraction]] | None:
    """Return the shares as fractions where they are settled by the points, or None.

    Floating-point numbers are fractions, so that this is exact; only few points are tried.
    """
    k = len(a) + len(b)
    if k > MOST_EXACT:
        return None
    columns = [[Fraction(x) for x in row] + [Fraction(1), Fraction(0)] for row in a.tolist()]
    columns += [[Fraction(-x) for x in row] + [Fraction(0), Fraction(1)] for row in b.tolist()]
    right = [Fraction(0)] * a.shape[1] + [Fraction(1), Fraction(1)]
    rows = [[column[i] for column in columns] + [right[i]] for i in range(len(right))]
    solution = _solved(rows, k)
    if solution is None or any(share <= 0 for share in solution):
        return None
    return solution[: len(a)], solution[len(a) :]


def _solved(rows: list[list[Fraction]], unknowns: int) -> list[Fraction] | None:
    """Return the only solution of linear equations, or None if there is none or are many."""
    for column in range(unknowns):
        pivot = next((i for i in range(column, len(rows)) if rows[i][column]), None)
        if pivot is None:
            return None
        rows[column], rows[pivot] = rows[pivot], rows[column]
        top = _scaled(rows[column], 1 / rows[column][column])
        rows[column] = top
        for i, row in enumerate(rows):
            if i != column and row[column]:
                factor = row[column]
                rows[i] = [x - factor * y for x, y in zip(row, top, strict=True)]
    if any(row[-1] for row in rows[unknowns:]):
        return None
    return [rows[i][-1] for i in range(unknowns)]


def _scaled(row: Sequence[Fraction], factor: Fraction) -> list[Fraction]:
    return [factor * entry for entry in row]
