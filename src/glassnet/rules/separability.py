"""Whether a hyperplane separates two classes, with the widest margin, or the proof that none does.

The perceptron learns exactly what is linearly separable, with at most (R/γ)² mistakes, where R is
the length of the longest example and γ the margin (A. B. J. Novikoff 1962).
"""

from __future__ import annotations

import math
import sys
import time
from typing import Any, TypeAlias

import numpy as np

from glassnet.errors import ArgumentError, DataError, ShapeError
from glassnet.graph.types import Array, DType
from glassnet.records import dataclass
from glassnet.rules.common_point import CommonPoint, common_shares, exact_shares
from glassnet.rules.nearest_points import Nearest, nearest_points
from glassnet.training.network import as_rows
from glassnet.unit import check_number

__all__ = ["Inseparable", "Separable", "Separation", "Unknown", "separation"]

TOGETHER = 1e-9  # relative to the points' size: mixtures this near are the same but for rounding
DISTANCES = 1e-5, 1e-12  # of hulls (relative to their size) at which it is asked if they touch
SHARE = 0.6  # of the time for the nearest points; the rest is for the linear programme
LEAST_SECONDS = 5.0  # for the last linear programme, though the time is used up


@dataclass(frozen=True, eq=False)
class Separable:
    """A hyperplane with one class on either side: w·x + b > 0 for the positive class, < 0 else.

    Args:
        weights: w, of length 1 and shape (m,).
        bias: b.
        margin: γ, the Euclidean distance of the nearest examples from the hyperplane (rounding is
            taken off it).
        margin_at_most: No hyperplane has a larger margin than this: what is found is the widest
            if it is equal, but for rounding.
        classes: The labels of the two classes, the positive one first.
    """

    weights: Array
    bias: float
    margin: float
    margin_at_most: float
    classes: tuple[Any, Any]

    def __str__(self) -> str:
        return f"linearly separable with margin {self.margin:.6g}"


@dataclass(frozen=True, eq=False)
class Inseparable:
    """No hyperplane separates the classes: a point that both hulls have in common is the proof."""

    certificate: CommonPoint

    def __str__(self) -> str:
        return f"not linearly separable. {self.certificate}"


@dataclass(frozen=True)
class Unknown:
    """Neither a separating hyperplane nor a proof was found.

    Args:
        reason: Why: the time was used up, or the numbers' precision.
        margin_at_most: If a hyperplane separates the classes, its margin is not above this.
    """

    reason: str
    margin_at_most: float

    def __str__(self) -> str:
        return f"not known whether linearly separable: {self.reason}"


Separation: TypeAlias = Separable | Inseparable | Unknown


def separation(X: Any, labels: Any, *, bias: bool = True, time_limit: float = 120.0) -> Separation:
    """Return the hyperplane with the widest margin between two classes, or the proof of none.

    The margin is Euclidean: half the distance of the classes' convex hulls (with a bias).

    Args:
        X: n examples, of shape (n, m), of finite numbers.
        labels: Which of two classes each is of, of shape (n,). The greater label is the positive
            class.
        bias: Whether the hyperplane may have a bias; if not, it goes through the origin. For the
            bound (R/γ)² of a perceptron with bias, put a column of ones before X and say False.
        time_limit: Seconds after which to answer with what is known.

    Returns:
        `Separable`, `Inseparable` with its certificate, or `Unknown` with the reason.

    Raises:
        ShapeError, DataError: X is no table of finite numbers; another number of labels; not two
            classes.

    Source: P. Wolfe, Finding the nearest point in a polytope, Mathematical Programming 11 (1976)
    128–149; K. P. Bennett and E. J. Bredensteiner, Duality and geometry in SVM classifiers (2000).

    >>> found = separation([[0, 0], [0, 1], [2, 0], [2, 1]], [0, 0, 1, 1])
    >>> found.weights, round(found.bias, 6), round(found.margin, 6)
    (array([1., 0.]), -1.0, 1.0)
    >>> print(separation([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]).certificate)
    The mixture 1/2 · row 1 + 1/2 · row 2 (class 1) and the mixture 1/2 · row 0 + 1/2 · row 3
    (class 0) are the same point, (1/2, 1/2). w·x + b would be positive there, as at each of the
    first, and negative, as at each of the others: a contradiction. No hyperplane separates the
    classes.
    """
    check_number("time_limit", time_limit, low=0)
    until = time.monotonic() + time_limit
    case = _case(X, labels, bias)
    twins = _twins(case)
    if twins is not None:
        i, j = twins
        return Inseparable(_common(case, {i: 1.0}, {j: 1.0}))
    nearest = None
    for near in DISTANCES:
        now = time.monotonic()
        if nearest is None or now < until:
            rest = SHARE * max(until - now, 0)
            nearest = nearest_points(case.a, case.b, near=near, until=now + rest)
            found = _separable(case, nearest.p) or _inseparable(case, nearest, until)
            if found is not None:
                return found
    assert nearest is not None
    return _unknown(case, nearest.p, time.monotonic() >= until)


@dataclass(frozen=True, eq=False)
class _Case:
    """The examples, and the hulls a and b between which the margin lies, moved and scaled."""

    x: Array
    positive: Array
    negative: Array
    a: Array
    b: Array
    scale: float
    bias: bool
    classes: tuple[Any, Any]


def _case(X: Any, labels: Any, bias: bool) -> _Case:
    shape = np.shape(X)
    if len(shape) != 2:
        raise ShapeError(f"examples must be a table of shape (n, m); got shape {shape}")
    x = as_rows(X, shape[1:], DType.FLOAT64)
    given = np.asarray(labels)
    if given.shape != (len(x),):
        raise ShapeError(f"{len(x)} examples need {len(x)} labels; got shape {given.shape}")
    classes: list[Any] = np.unique(given).tolist()
    if len(classes) != 2:
        raise DataError(
            f"a separation is between two classes; the labels have {len(classes)}: "
            f"{', '.join(map(str, classes[:5]))}{', …' if len(classes) > 5 else ''}"
        )
    positive = np.flatnonzero(given == classes[1])
    negative = np.flatnonzero(given != classes[1])
    with np.errstate(over="ignore"):
        if bias:
            middle = x[positive].mean(axis=0) / 2 + x[negative].mean(axis=0) / 2
            a, b = x[positive] - middle, x[negative] - middle
        else:  # w·x > 0 and w·x < 0: the hull of ±x, and the origin
            a, b = np.concatenate([x[positive], -x[negative]]), np.zeros((1, x.shape[1]))
        scale = float(max(np.linalg.norm(a, axis=1).max(), np.linalg.norm(b, axis=1).max()))
    if not math.isfinite(scale):
        raise ArgumentError("the numbers are too large: their squares are not finite")
    if scale > 0:
        a, b = a / scale, b / scale
    return _Case(x, positive, negative, a, b, scale, bias, (classes[1], classes[0]))


def _twins(case: _Case) -> tuple[int, int] | None:
    """Return places in a and b of two rows that are the same."""
    if not case.bias:
        zero = np.flatnonzero(~case.a.any(axis=1))
        return (int(zero[0]), 0) if len(zero) else None
    seen = {hash((case.x[row] + 0.0).tobytes()): place for place, row in enumerate(case.positive)}
    for place, row in enumerate(case.negative):
        other = seen.get(hash((case.x[row] + 0.0).tobytes()))
        if other is not None and np.array_equal(case.x[row], case.x[case.positive[other]]):
            return other, place
    return None


def _inseparable(case: _Case, nearest: Nearest, until: float) -> Inseparable | None:
    """Look for a common point: of few rows if the nearest points are one, else of all looked at."""
    seconds = max(until - time.monotonic(), LEAST_SECONDS)
    rows = [np.array(sorted(shares)) for shares in (nearest.shares_a, nearest.shares_b)]
    touching = float(np.linalg.norm(nearest.p)) <= TOGETHER
    if not touching:
        rows = [nearest.rows_a, nearest.rows_b]
    shares = common_shares(case.a[rows[0]], case.b[rows[1]], seconds)
    if shares is not None:
        first, second = (
            {int(row): float(share) for row, share in zip(side, taken, strict=True) if share > 0}
            for side, taken in zip(rows, shares, strict=True)
        )
        found = _common(case, first, second)
        if found.check() <= TOGETHER * case.scale:
            return Inseparable(found)
    return Inseparable(_common(case, nearest.shares_a, nearest.shares_b)) if touching else None


def _common(case: _Case, first: dict[int, float], second: dict[int, float]) -> CommonPoint:
    """Return the certificate with shares of rows of a and b, as fractions where they are few."""
    places_a, places_b = np.array([*first]), np.array([*second])
    exact: Any = None
    if case.bias:
        sides = case.x[case.positive[places_a]], case.x[case.negative[places_b]]
        exact = exact_shares(*sides)
        mixed: Any = exact or ([*first.values()], [*second.values()])
        rows = case.positive[places_a], case.negative[places_b]
    else:
        whole = np.concatenate([case.x[case.positive], -case.x[case.negative]])[places_a]
        found = exact_shares(whole, np.zeros((1, case.x.shape[1])))
        exact = None if found is None else found[0]
        shares: Any = exact or [*first.values()]
        isfirst = places_a < len(case.positive)
        mixed = (
            [s for s, f in zip(shares, isfirst, strict=True) if f],
            [s for s, f in zip(shares, isfirst, strict=True) if not f],
        )
        rows = (
            case.positive[places_a[isfirst]],
            case.negative[places_a[~isfirst] - len(case.positive)],
        )
    return CommonPoint(
        case.classes,
        (tuple(rows[0].tolist()), tuple(rows[1].tolist())),
        (tuple(mixed[0]), tuple(mixed[1])),
        (case.x[rows[0]], case.x[rows[1]]),
        case.bias,
        exact is not None,
    )


def _separable(case: _Case, p: Array) -> Separable | None:
    """Return the hyperplane across p, if it separates the classes by more than rounding."""
    length = float(np.linalg.norm(p))
    if length == 0:
        return None
    w = p / length
    high, low = case.x[case.positive] @ w, case.x[case.negative] @ w
    b = -float(high.min() + low.max()) / 2 if case.bias else 0.0
    reach = float(np.linalg.norm(case.x, axis=1).max()) + abs(b)
    rounding = (case.x.shape[1] + 4) * sys.float_info.epsilon * reach
    margin = float(min(high.min() + b, -(low.max() + b))) - rounding
    most = length * case.scale / (2 if case.bias else 1) + rounding
    return Separable(w, b, margin, most, case.classes) if margin > 0 else None


def _unknown(case: _Case, p: Array, out_of_time: bool) -> Unknown:
    most = float(np.linalg.norm(p)) * case.scale / (2 if case.bias else 1)
    why = "the time limit is reached" if out_of_time else "the numbers' precision is used up"
    reason = f"{why}; if a hyperplane separates them, its margin is at most {most:.2g}"
    return Unknown(reason, most)
