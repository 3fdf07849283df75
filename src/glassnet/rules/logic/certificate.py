"""The proof that no threshold neuron computes a truth table.

If points that must fire and points that must not have the same sum, each taken equally often, then
so have their local fields: the sum cannot be at least kT and less than kT at once. Such a choice
of points exists for every table that is not linearly separable (the theorem of alternatives of
J. Farkas, 1902; in threshold logic, asummability: C. C. Elgot 1961, C. K. Chow 1961).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations_with_replacement
from typing import Any

import numpy as np

from glassnet.graph.types import Array
from glassnet.records import dataclass
from glassnet.rules.logic.showing import listed, point_text, sum_of
from glassnet.rules.logic.table import TruthTable, input_name

__all__ = ["Certificate", "find_certificate"]

MOST_TIMES = 1000  # how often one point may be taken


@dataclass(frozen=True)
class Certificate:
    """Points that prove that a truth table is not linearly separable.

    Args:
        table: The truth table.
        firing: Rows of the table with output 1, each with how often it is taken.
        resting: Rows with output 0, the same; in all as many as of the others.
        bipolar: Whether points are written with −1 instead of 0.

    >>> import glassnet.rules.logic as logic
    >>> certificate = logic.find_certificate(logic.TruthTable.of("0110"))
    >>> print(certificate)
    Points (0, 1) and (1, 0) must fire: v(0, 1) ≥ T and v(1, 0) ≥ T,
    so v(0, 1) + v(1, 0) ≥ 2T.
    Points (0, 0) and (1, 1) must not: v(0, 0) < T and v(1, 1) < T,
    so v(0, 0) + v(1, 1) < 2T.
    But (0, 1) + (1, 0) = (1, 1) = (0, 0) + (1, 1), so both sums are the same number w₁ + w₂:
    it cannot be at least 2T and less than 2T. No weights and no threshold will do.
    >>> certificate.check()
    True
    """

    table: TruthTable
    firing: tuple[tuple[int, int], ...]
    resting: tuple[tuple[int, int], ...]
    bipolar: bool = False

    @property
    def times(self) -> int:
        """k: how many points there are on each side, with repetitions."""
        return sum(times for _, times in self.firing)

    def check(self) -> bool:
        """Return whether the proof holds: verified in whole numbers, from the table alone."""
        outputs = self.table.outputs
        for side, output in ((self.firing, 1), (self.resting, 0)):
            for row, times in side:
                if times < 1 or not 0 <= row < len(outputs) or outputs[row] != output:
                    return False
        counts = [sum(times for _, times in side) for side in (self.firing, self.resting)]
        return counts[0] == counts[1] > 0 and self._sum(self.firing) == self._sum(self.resting)

    def points(self, side: Sequence[tuple[int, int]]) -> list[tuple[int, ...]]:
        """Return the points of rows, in the coding of the proof."""
        low = -1 if self.bipolar else 0
        rows = self.table.points
        return [tuple(1 if entry else low for entry in rows[row]) for row, _ in side]

    def _sum(self, side: Sequence[tuple[int, int]]) -> tuple[int, ...]:
        points = self.points(side)
        return tuple(
            sum(times * point[i] for (_, times), point in zip(side, points, strict=True))
            for i in range(self.table.inputs)
        )

    @property
    def sentences(self) -> tuple[str, str, str]:
        """The proof: what must fire, what must not, and why both cannot be."""
        k = self.times
        fire, rest = self._bound(self.firing, "≥"), self._bound(self.resting, "<")
        weights = [input_name(i + 1, "w") for i in range(self.table.inputs)]
        total = self._sum(self.firing)
        first = "Points" if len(self.firing) > 1 else "Point"
        second = "Points" if len(self.resting) > 1 else "Point"
        must = f"{first} {self._names(self.firing)} must fire: {fire} ≥ {k}T."
        must_not = f"{second} {self._names(self.resting)} must not: {rest} < {k}T."
        but = (
            f"But {self._addition(self.firing)} = {point_text(total)} = "
            f"{self._addition(self.resting)}, so both sums are the same number "
            f"{sum_of(total, weights)}: it cannot be at least {k}T and less than {k}T. "
            "No weights and no threshold will do."
        )
        return must, must_not, but

    def _names(self, side: Sequence[tuple[int, int]]) -> str:
        return listed([point_text(point) for point in self.points(side)])

    def _bound(self, side: Sequence[tuple[int, int]], sign: str) -> str:
        fields = [f"v{point_text(point)}" for point in self.points(side)]
        each = listed([f"{field} {sign} T" for field in fields])
        terms = [_taken(times, field) for (_, times), field in zip(side, fields, strict=True)]
        return f"{each}, so {' + '.join(terms)}"

    def _addition(self, side: Sequence[tuple[int, int]]) -> str:
        points = [point_text(point) for point in self.points(side)]
        return " + ".join(_taken(times, p) for (_, times), p in zip(side, points, strict=True))

    def __str__(self) -> str:
        return " ".join(self.sentences)

    def _repr_html_(self) -> str:
        return "".join(f"<p>{sentence.replace('<', '&lt;')}</p>" for sentence in self.sentences)


def _taken(times: int, what: str) -> str:
    return what if times == 1 else f"{times}·{what}" if what[0] == "(" else f"{times}{what}"


def find_certificate(table: TruthTable, *, bipolar: bool = False) -> Certificate | None:
    """Return the shortest proof that a table is not linearly separable, or None if it is.

    Two points against two are searched first. For a table without don't-cares of up to eight
    inputs they always suffice (A. K. Sarje and N. N. Biswas, IEEE Transactions on Computers C-26
    (1977) 184–188, after Winder and Muroga); else a programme in whole numbers finds the fewest.

    Args:
        table: The truth table.
        bipolar: Whether the proof is written with −1 and 1 instead of 0 and 1.
    """
    found = _pairs(table)
    if found is None and not table.is_complete:
        found = _fewest(table)
    if found is None:
        return None
    certificate = Certificate(table, *found, bipolar=bipolar)
    assert certificate.check(), certificate
    return certificate


Sides = tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]


def _pairs(table: TruthTable) -> Sides | None:
    """Return the first two firing and two resting rows with the same sum."""
    digits = [int(f"{row:b}", 3) for row in range(len(table.outputs))]  # sums without carrying
    resting = {
        digits[c] + digits[d]: (c, d) for c, d in combinations_with_replacement(table.rows(0), 2)
    }
    for a, b in combinations_with_replacement(table.rows(1), 2):
        if digits[a] + digits[b] in resting:
            c, d = resting[digits[a] + digits[b]]
            return ((a, 1), (b, 1)), ((c, 1), (d, 1))
    return None


def _fewest(table: TruthTable) -> Sides | None:
    """Return how often rows are taken, the fewest in all, by an integer programme."""
    from scipy import optimize

    firing, resting = table.rows(1), table.rows(0)
    if not firing or not resting:
        return None
    points = table.points
    sides = np.concatenate([points[firing], -points[resting]])
    ones = np.concatenate([np.ones(len(firing)), -np.ones(len(resting))])
    first = np.concatenate([np.ones(len(firing)), np.zeros(len(resting))])
    equal = np.column_stack([sides, ones]).T
    result: Any = optimize.milp(
        np.ones(len(ones)),
        constraints=[
            optimize.LinearConstraint(equal, 0, 0),
            optimize.LinearConstraint(first[None], 1, np.inf),
        ],
        integrality=np.ones(len(ones)),
        bounds=optimize.Bounds(0, MOST_TIMES),
        options={"mip_rel_gap": 0},
    )
    if result.x is None:
        return None
    times: Array = np.rint(result.x).astype(int)
    counted = list(zip((*firing, *resting), times.tolist(), strict=True))
    taken = tuple((row, n) for row, n in counted[: len(firing)] if n)
    return taken, tuple((row, n) for row, n in counted[len(firing) :] if n)
