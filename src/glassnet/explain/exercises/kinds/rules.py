"""Learning without back-propagation: error correction, memory, competition (B1 to B3)."""

from __future__ import annotations

from itertools import count, pairwise
from typing import Any

from glassnet.explain.exercises.draws import Draws
from glassnet.explain.exercises.friendly import COUNTS, counted, fields
from glassnet.explain.exercises.kind import Draft, kind
from glassnet.ops.philox import STREAM_INITIAL, permutation

Points = list[list[float]]


@kind("lms", "B1", "The LMS rule (Widrow–Hoff, delta rule)")
def lms(draws: Draws, level: int) -> Draft | None:
    """One to three steps of a linear neuron."""
    steps = level
    x = draws.rows(steps, 2, 1, 2) if level == 1 else draws.rows(steps, 2, 1, 4, 2)
    w, b = draws.row(2, 1, 3, 2), draws.signed(1, 2, 2)
    d = [[float(draws.whole(-2, 2))] for _ in range(steps)]
    rate = 0.1 if level == 1 else draws.pick((0.1, 0.2, 0.25))
    now, bias = list(w), b
    for row, (target,) in zip(x, d, strict=True):
        e = target - fields([now], [bias], row)[0]
        if not 0.2 < abs(e) < 4:
            return None
        now = [weight + rate * e * value for weight, value in zip(now, row, strict=True)]
        bias += rate * e
    task = (
        "A linear neuron, y = Σ wᵢ xᵢ + b, learns by the LMS rule: e = d − y, w new = w + η e x, "
        f"b new = b + η e. Work out {counted(steps, 'step')}, an example each."
    )
    rule = {
        "name": "lms",
        "learning_rate": rate,
        "start_weights": [w],
        "start_bias": [b],
        "shuffle": False,
    }
    return Draft(task, {"x": x, "d": d}, rule=rule, steps=steps)


def _start(examples: int, units: int) -> dict[str, Any]:
    """Return settings with which the units start from the last examples, and which is which."""
    for seed in count():
        chosen = permutation(examples, seed, stream=STREAM_INITIAL)[:units].tolist()
        if min(chosen) >= examples - units:
            return {"start": "examples", "seed": seed, "shuffle": False}
    raise AssertionError


def _points(draws: Draws, level: int, units: int, steps: int, rate: float) -> Points | None:
    """Return examples, and behind them the points from which units start.

    None if two points are one, or if two units are nearly as near to an example.
    """
    parts = 1 if level == 1 else 2
    x = draws.rows(units + steps, 2, 1, 4, parts)
    units_now = [list(point) for point in x[steps:]]
    for example in x[:steps]:
        squares = [sum((a - b) ** 2 for a, b in zip(example, w, strict=True)) for w in units_now]
        if any(b - a < 0.4 for a, b in pairwise(sorted(squares))) or min(squares) < 0.2:
            return None
        nearest = units_now[squares.index(min(squares))]
        nearest[:] = [w + rate * (a - w) for a, w in zip(example, nearest, strict=True)]
    return x if len({*map(tuple, x)}) == len(x) else None


@kind("nearest", "B2", "The nearest neighbours: distances and votes")
def nearest(draws: Draws, level: int) -> Draft | None:
    """The nearest of a few examples; three of them vote from level 2 on."""
    examples, k = (3, 5, 6)[level - 1], (1, 3, 3)[level - 1]
    x = [[float(draws.whole(0, 9)) for _ in range(2)] for _ in range(examples)]
    new = [float(draws.whole(1, 8)) for _ in range(2)]
    d = [1 + draws.below(2) for _ in range(examples)]
    squares = sorted(sum((a - b) ** 2 for a, b in zip(point, new, strict=True)) for point in x)
    if len(set(squares)) < examples or squares[0] == 0 or len(set(d)) < 2:
        return None
    task = (
        f"{counted(examples, 'example').capitalize()} m are remembered with their classes c. To "
        "which class does x belong? Work out its distance D = √(Σ (xᵢ − mᵢ)²) to each of them; "
        f"the {'nearest votes' if k == 1 else f'{COUNTS[k]} nearest vote'}."
    )
    rule = {"name": "nearest", "k": k, "dtype": "float64"}
    return Draft(task, {"x": x, "d": d, "new": [new]}, ("most",), rule=rule)


@kind("competitive", "B3", "Competitive learning: the winner takes it all")
def competitive(draws: Draws, level: int) -> Draft | None:
    """One or two examples; two or three units."""
    units, steps = (2, 3, 3)[level - 1], (1, 1, 2)[level - 1]
    rate = 0.5 if level == 1 else draws.pick((0.1, 0.2, 0.5))
    x = _points(draws, level, units, steps, rate)
    if x is None:
        return None
    task = (
        f"{counted(units, 'unit').capitalize()} compete for {counted(steps, 'example')}: the unit "
        "with the smallest squared distance d² = Σ (xᵢ − wᵢ)² wins, and learns w new = w + η (x − "
        "w); the others stay. "
    )
    rule = {
        "name": "competitive",
        "units": units,
        "learning_rate": f"constant {rate:g}",
        **_start(len(x), units),
    }
    return Draft(task, {"x": x}, rule=rule, steps=steps)


@kind("som", "B3", "The self-organising map: the winner and its neighbours")
def som(draws: Draws, level: int) -> Draft | None:
    """One or two examples on a chain of three or four units."""
    units, steps = (3, 3, 4)[level - 1], (1, 1, 2)[level - 1]
    rate = 0.5 if level == 1 else draws.pick((0.1, 0.2, 0.5))
    x = _points(draws, level, units, steps, rate)
    if x is None:
        return None
    task = (
        f"{counted(units, 'unit').capitalize()} stand in a chain. The unit nearest to an example "
        "wins, and all learn w new = w + η h (x − w), with h = e^(−r² / (2σ²)) and σ = 1; r is how "
        "far a unit stands from the winner: r² = (p − p of the winner)² + (q − q of the winner)², "
        f"p being its place in the chain, and q always 0. Work out {counted(steps, 'step')}."
    )
    rule = {
        "name": "som",
        "rows": 1,
        "columns": units,
        "radius": 1.0,
        "final_radius": 1.0,
        "learning_rate": f"constant {rate:g}",
        **_start(len(x), units),
        "dtype": "float64",
    }
    return Draft(task, {"x": x}, rule=rule, steps=steps)
