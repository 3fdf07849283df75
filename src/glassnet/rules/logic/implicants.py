"""Truth tables as an OR of ANDs: prime implicants, and the smallest cover by them.

Source: W. V. Quine, The problem of simplifying truth functions, American Mathematical Monthly 59
(1952); E. J. McCluskey, Minimization of Boolean functions, Bell System Technical Journal 35 (1956).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.records import dataclass
from glassnet.rules.logic.table import TruthTable
from glassnet.rules.logic.threshold_neuron import ThresholdNeuron

__all__ = ["Implicant", "prime_implicants", "smallest_cover"]


@dataclass(frozen=True, order=True)
class Implicant:
    """A product such as "x₁ and not x₃": for each input 1 (plain), 0 (negated) or None (free)."""

    free: tuple[bool, ...]
    values: tuple[int, ...]

    @property
    def literals(self) -> int:
        """How many inputs stand in the product."""
        return self.free.count(False)

    def covers(self, point: Sequence[int]) -> bool:
        """Return whether the product is 1 at a point."""
        triples = zip(self.free, self.values, point, strict=True)
        return all(free or value == entry for free, value, entry in triples)

    def neuron(self, names: tuple[str, ...]) -> ThresholdNeuron:
        """Return the neuron that computes it: T is the number of inputs that must be 1."""
        pairs = list(zip(self.free, self.values, strict=True))
        weights = tuple(0 if free else 2 * value - 1 for free, value in pairs)
        return ThresholdNeuron(weights, weights.count(1), names)

    def words(self, names: Sequence[str]) -> str:
        """Return the product in words.

        >>> Implicant((False, True, False), (1, 0, 0)).words(["x₁", "x₂", "x₃"])
        'x₁ and not x₃'
        """
        triples = zip(self.free, self.values, names, strict=True)
        used = [name if value else f"not {name}" for free, value, name in triples if not free]
        return " and ".join(used) or "always"


def prime_implicants(table: TruthTable) -> list[Implicant]:
    """Return the products that imply the function and of which nothing can be left out.

    Rows whose output does not matter may be covered.

    >>> names = ("x₁", "x₂", "x₃")
    >>> print(*(p.words(names) for p in prime_implicants(TruthTable.of("00010111"))), sep="; ")
    x₁ and x₂; x₁ and x₃; x₂ and x₃
    """
    n = table.inputs
    points = table.points.tolist()
    level = {
        Implicant((False,) * n, tuple(points[row])) for row in (*table.rows(1), *table.rows(None))
    }
    primes: set[Implicant] = set()
    while level:
        merged: set[Implicant] = set()
        used: set[Implicant] = set()
        for product in level:
            for i in range(n):
                if product.free[i]:
                    continue
                other = Implicant(product.free, _with(product.values, i, 1 - product.values[i]))
                if other in level:
                    used.add(product)
                    free = (*product.free[:i], True, *product.free[i + 1 :])
                    merged.add(Implicant(free, _with(product.values, i, 0)))
        primes |= level - used
        level = merged
    return sorted(primes, key=lambda product: (product.free, [-v for v in product.values]))


def _with(values: tuple[int, ...], index: int, value: int) -> tuple[int, ...]:
    return (*values[:index], value, *values[index + 1 :])


def smallest_cover(table: TruthTable) -> list[Implicant]:
    """Return the fewest prime implicants (of those, with the fewest inputs) whose OR is the table.

    The choice is an integer programme: each row with output 1 is covered at least once.
    """
    from scipy import optimize

    primes, points, ones = prime_implicants(table), table.points.tolist(), table.rows(1)
    if not ones:
        return []
    covered = np.array([[prime.covers(points[row]) for prime in primes] for row in ones], float)
    most = table.inputs * len(primes) + 1
    result: Any = optimize.milp(
        np.array([most + prime.literals for prime in primes], float),
        constraints=[optimize.LinearConstraint(covered, 1, np.inf)],
        integrality=np.ones(len(primes)),
        bounds=optimize.Bounds(0, 1),
        options={"mip_rel_gap": 0},
    )
    assert result.x is not None, result.message
    chosen: list[float] = result.x.tolist()
    return [prime for prime, taken in zip(primes, chosen, strict=True) if taken > 0.5]
