"""Nearest points of two convex hulls: what lies between two classes that can be separated.

P. Wolfe's algorithm (Finding the nearest point in a polytope, Mathematical Programming 11 (1976)
128–149) on the differences of points of the two classes. It looks at few points at a time (a
working set, to which those on the wrong side are added), so that large classes cost little.
"""

from __future__ import annotations

import copy
import math
import time

import numpy as np

from glassnet.graph.types import Array
from glassnet.records import dataclass

__all__ = ["Nearest", "nearest_points"]

CLOSE = 1e-7  # relative to the distance: when the nearest points are near enough
SMALLEST = 1e-12  # the square of a distance that is none
INEXACT = 1e-3  # of the nearest mixture: when the inverse is made anew
NOTHING = 1e-14  # a weight that is none
SMALL = 4000  # points in all that are looked at together
FEW = 100  # points of each class that are tried before the working set is looked at again
ADDED = 300  # points of each class that are added to the working set at a time


@dataclass(frozen=True, eq=False)
class Nearest:
    """Points of conv(A) and conv(B) that are nearest to each other, as far as was calculated.

    Args:
        p: Their difference, of shape (m,).
        shares_a, shares_b: How each is mixed: rows, and weights that add up to 1.
        rows_a, rows_b: The working set: the rows that were looked at.
    """

    p: Array
    shares_a: dict[int, float]
    shares_b: dict[int, float]
    rows_a: Array
    rows_b: Array


class _Corral:
    """Differences of points that are affinely independent, and the weights of their mixture.

    `inverse` is that of K = PPᵀ + 1, from which the nearest affine mixture follows: K u = 1, the
    weights u / Σu. It is kept up to date as points come and go, and made anew when it gets inexact.
    """

    def __init__(self, first: Array, pair: tuple[int, int]) -> None:
        self.points = first[None].copy()
        self.pairs = [pair]
        self.products = np.array([[first @ first + 1.0]])
        self.inverse = 1 / self.products
        self.weights = np.ones(1)

    @property
    def p(self) -> Array:
        """The mixture."""
        return self.weights @ self.points

    def shares(self) -> tuple[dict[int, float], dict[int, float]]:
        """Return the weight of each point of the first class, and of the second."""
        found: tuple[dict[int, float], dict[int, float]] = ({}, {})
        for pair, weight in zip(self.pairs, self.weights.tolist(), strict=True):
            for side, row in zip(found, pair, strict=True):
                side[row] = side.get(row, 0.0) + weight
        return found

    def with_point(self, point: Array, pair: tuple[int, int]) -> _Corral:
        """Return a corral with one more point, of weight 0."""
        new = copy.copy(self)
        cross, square = self.points @ point + 1.0, float(point @ point) + 1.0
        new.points = np.concatenate([self.points, point[None]])
        new.pairs = [*self.pairs, pair]
        new.products = _bordered(self.products, cross, square)
        new.weights = np.append(self.weights, 0.0)
        column = self.inverse @ cross
        rest = square - float(cross @ column)
        inverse = self.inverse + np.outer(column, column) / max(rest, 1e-300)
        new.inverse = _bordered(inverse, -column / max(rest, 1e-300), 1 / max(rest, 1e-300))
        return new

    def without(self, drop: Array, weights: Array) -> _Corral:
        """Return a corral without some of its points, with new weights."""
        new, keep = copy.copy(self), ~drop
        new.points, new.products = self.points[keep], self.products[np.ix_(keep, keep)]
        new.pairs = [pair for pair, kept in zip(self.pairs, keep, strict=True) if kept]
        new.weights = weights[keep] / weights[keep].sum()
        across, inner = self.inverse[np.ix_(keep, drop)], self.inverse[np.ix_(drop, drop)]
        new.inverse = self.inverse[np.ix_(keep, keep)] - across @ np.linalg.solve(inner, across.T)
        return new

    def settled(self) -> _Corral | None:
        """Return the corral moved to the nearest mixture, without points of negative weight."""
        corral = self
        while True:
            ideal = corral._affine_minimum()
            if ideal is None:
                return None
            if (ideal > NOTHING).all():
                corral = copy.copy(corral)
                corral.weights = ideal
                return corral
            falling = ideal <= NOTHING
            drop = np.where(falling, corral.weights - ideal, 1.0)
            steps = np.where(falling & (drop > 0), corral.weights / np.maximum(drop, 1e-300), 1.0)
            step = float(steps.min())
            mixed = (1 - step) * corral.weights + step * ideal
            gone = falling & ((mixed <= NOTHING) | (steps <= step))
            if gone.all() or not gone.any():
                return None
            try:
                corral = corral.without(gone, mixed)
            except np.linalg.LinAlgError:
                return None

    def _affine_minimum(self) -> Array | None:
        """Return the weights, adding up to 1, of the affine mixture nearest to the origin."""
        with np.errstate(all="ignore"):  # what is no number is seen below
            weights, wrong = self._by_inverse()
            if not wrong < INEXACT:  # also where it is no number
                try:
                    self.inverse = np.linalg.inv(self.products)
                except np.linalg.LinAlgError:
                    return None
                weights, wrong = self._by_inverse()
        return weights if math.isfinite(wrong) else None

    def _by_inverse(self) -> tuple[Array, float]:
        """Return the weights, and how far they are from the nearest mixture."""
        toward = self.inverse.sum(axis=1)
        total = float(toward.sum())
        if not (math.isfinite(total) and total > 0):
            return toward, math.inf
        weights = toward / total
        for _ in range(2):  # take off what rounding left: at the nearest mixture all of P p is one
            away = self.inverse @ (self.points @ (weights @ self.points))
            weights = weights + toward * (away.sum() / total) - away
            weights /= weights.sum()
        p = weights @ self.points
        along = self.points @ p
        return weights, float(np.ptp(along) / (p @ p + SMALLEST))


def _bordered(matrix: Array, border: Array, corner: float) -> Array:
    n = len(matrix)
    grown = np.empty((n + 1, n + 1))
    grown[:n, :n], grown[:n, n], grown[n, :n], grown[n, n] = matrix, border, border, corner
    return grown


def nearest_points(a: Array, b: Array, *, near: float, until: float) -> Nearest:
    """Return nearest points of the convex hulls of two classes.

    Args:
        a: The points of one class, of shape (n, m), of a size near 1.
        b: Those of the other.
        near: A distance at which the hulls are taken to touch.
        until: The time (of `time.monotonic`) at which to stop with what is found.
    """
    middle = a.mean(axis=0) - b.mean(axis=0)
    i, j = int(np.argmin(a @ middle)), int(np.argmax(b @ middle))
    corral = _Corral(a[i] - b[j], (i, j))
    rows_a, rows_b = np.arange(len(a)), np.arange(len(b))
    small = len(a) + len(b) <= SMALL
    if not small:
        rows_a, rows_b = np.array([i]), np.array([j])
    before = math.inf
    while True:
        p = corral.p
        along_a, along_b = a @ p, b @ p
        norm = float(p @ p)
        gap = norm - float(along_a.min() - along_b.max())
        ended = gap <= CLOSE * norm or norm <= near**2 or not norm < before
        if ended or time.monotonic() >= until:
            return Nearest(p, *corral.shares(), rows_a, rows_b)
        if not small:
            rows_a = np.union1d(rows_a, np.argsort(along_a)[:ADDED])
            rows_b = np.union1d(rows_b, np.argsort(-along_b)[:ADDED])
        before = norm
        corral = _improved(corral, a, b, rows_a, rows_b, near, until)


def _improved(
    corral: _Corral,
    a: Array,
    b: Array,
    rows_a: Array,
    rows_b: Array,
    near: float,
    until: float,
) -> _Corral:
    """Return the corral brought near to the best of the rows, always by the most promising few."""
    near_a, near_b = a[rows_a], b[rows_b]
    while time.monotonic() < until:
        p = corral.p
        norm = float(p @ p)
        along_a, along_b = near_a @ p, near_b @ p
        gap = norm - float(along_a.min() - along_b.max())
        if gap <= CLOSE * norm or norm <= near**2:
            break
        few_a, few_b = np.argsort(along_a)[:FEW], np.argsort(-along_b)[:FEW]
        corral = _stepped(
            corral, near_a[few_a], near_b[few_b], rows_a[few_a], rows_b[few_b], gap / 4
        )
        if not float(corral.p @ corral.p) < norm:
            break  # the numbers' precision is used up
    return corral


def _stepped(
    corral: _Corral, a: Array, b: Array, rows_a: Array, rows_b: Array, enough: float
) -> _Corral:
    """Return the corral after steps of Wolfe's algorithm on a few points."""
    while True:
        p = corral.p
        norm = float(p @ p)
        along_a, along_b = a @ p, b @ p
        i, j = int(along_a.argmin()), int(along_b.argmax())
        gap = norm - float(along_a[i] - along_b[j])
        pair = int(rows_a[i]), int(rows_b[j])
        if gap <= max(CLOSE * norm, min(enough, norm)) or pair in corral.pairs:
            return corral
        moved = corral.with_point(a[i] - b[j], pair).settled()
        if moved is None or float(moved.p @ moved.p) >= norm:
            return corral
        corral = moved
