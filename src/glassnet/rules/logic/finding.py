"""The smallest threshold neuron for a truth table, found by an integer programme (A8)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from glassnet.errors import NotSeparableError
from glassnet.graph.types import Array
from glassnet.rules.logic.certificate import find_certificate
from glassnet.rules.logic.table import TruthTable
from glassnet.rules.logic.threshold_neuron import ThresholdNeuron

__all__ = ["neuron"]

LARGEST_WEIGHT = 100  # of a function of 6 inputs, the weights' sizes add up to at most 35


def neuron(
    table: Any,
    *,
    inputs: int | None = None,
    names: Sequence[str] | None = None,
    bipolar: bool = False,
) -> ThresholdNeuron:
    """Return the threshold neuron with the smallest whole weights that computes a truth table.

    Σ|w| is the smallest possible; then |T|. For tables without don't-cares that settles the
    weights; else the first weights are as large as possible.

    Args:
        table: The outputs in counting order, as "0001" for AND; or another form that
            `TruthTable.of` takes.
        inputs: How many inputs, where the table is a function.
        names: The names of the inputs.
        bipolar: Whether inputs and outputs are −1 and 1 instead of 0 and 1. The weights are the
            same, the threshold is not.

    Raises:
        NotSeparableError: No threshold neuron computes it; `error.certificate` is the proof.
        ArgumentError, DataError: No truth table of 1 to 6 inputs.

    Source: S. Muroga, T. Tsuboi and C. R. Baugh, Enumeration of threshold functions of eight
    variables, IEEE Transactions on Computers C-19 (1970) 818–825 (the linear programme, and the
    optimum in whole numbers for up to seven inputs); lecture notes, logic by neurons (A8).

    >>> import glassnet.rules.logic as logic
    >>> logic.neuron("0001").formula
    'y = 1 if x₁ + x₂ ≥ 2'
    >>> logic.neuron("10", names=["rain"]).formula
    'y = 1 if −rain ≥ 0'
    >>> logic.neuron("0110")
    Traceback (most recent call last):
    glassnet.errors.NotSeparableError: no threshold neuron computes 0110. Points (0, 1) and ...
    """
    found = TruthTable.of(table, inputs, names)
    certificate = find_certificate(found, bipolar=bipolar)
    if certificate is not None:
        raise NotSeparableError(
            f"no threshold neuron computes {found}. {certificate}", certificate=certificate
        )
    weights = _smallest_weights(found)
    points = found.points * 2 - 1 if bipolar else found.points
    threshold = _smallest_threshold(found, points @ np.array(weights))
    result = ThresholdNeuron(weights, threshold, found.names, bipolar)
    assert found.agrees((result(points) > 0).astype(int)), result
    return result


def _smallest_threshold(table: TruthTable, v: Array) -> int:
    """Return the threshold nearest to 0 that divides the local fields."""
    low = max((int(v[row]) + 1 for row in table.rows(0)), default=-(2**31))
    high = min((int(v[row]) for row in table.rows(1)), default=2**31)
    return min(max(0, low), high)


def _smallest_weights(table: TruthTable) -> tuple[int, ...]:
    """Return whole weights with the smallest Σ|w| for a table that is linearly separable.

    The programme has w = p − q and T = r − s with p, q, r, s ≥ 0: minimise Σ(p + q), then r + s.
    """
    n = table.inputs
    rows: list[Array] = []
    bounds: list[float] = []
    for point, output in zip(table.points, table.outputs, strict=True):
        if output is not None:  # w·x − T ≥ 0 to fire, T − w·x ≥ 1 not to
            sign = 1 if output else -1
            rows.append(sign * np.concatenate([point, -point, [-1, 1]]))
            bounds.append(0 if output else 1)
    sizes = np.concatenate([np.ones(2 * n), [0, 0]])
    threshold = np.concatenate([np.zeros(2 * n), [1, 1]])
    solution = _minimise(sizes * (LARGEST_WEIGHT * n + 1) + threshold, rows, bounds)
    if not table.is_complete:
        rows += [-sizes, -threshold]
        bounds += [-float(sizes @ solution), -float(threshold @ solution)]
        for i in range(n):  # among equals, the largest first weights
            weight = np.zeros(2 * n + 2)
            weight[i], weight[n + i] = 1, -1
            solution = _minimise(-weight, rows, bounds)
            rows.append(weight)
            bounds.append(float(weight @ solution))
    return tuple((solution[:n] - solution[n : 2 * n]).tolist())


def _minimise(cost: Array, rows: Sequence[Array], bounds: Sequence[float]) -> Array:
    """Return the whole numbers ≥ 0 with the least cost of those with rows @ x ≥ bounds."""
    from scipy import optimize

    low: Any = np.array(bounds)
    constraints = [optimize.LinearConstraint(np.array(rows), low, np.inf)] if rows else []
    result: Any = optimize.milp(
        cost,
        constraints=constraints,
        integrality=np.ones(len(cost)),
        bounds=optimize.Bounds(0, LARGEST_WEIGHT * len(cost)),
        options={"mip_rel_gap": 0},
    )
    assert result.x is not None, result.message
    return np.rint(result.x).astype(np.int64)
