"""Regressions: linear, logistic, softmax (G1 to G3)."""

from __future__ import annotations

import math

from glassnet.explain.exercises.draws import Draws
from glassnet.explain.exercises.friendly import are_open, counted, fields
from glassnet.explain.exercises.kind import Draft, kind

SIZES = {1: (1, 2), 2: (1, 3), 3: (2, 3)}  # inputs and examples


def _start(draws: Draws, level: int, units: int = 1) -> tuple[list[list[float]], ...]:
    """Return examples, weights and biases."""
    inputs, examples = SIZES[level]
    x = draws.rows(examples, inputs, 1, 3) if level < 3 else draws.rows(examples, inputs, 1, 4, 2)
    return x, draws.rows(units, inputs, 1, 9, 10), [draws.row(units, 1, 5, 10)]


@kind("linear-regression", "G1", "Linear regression: a step on the mean squared error")
def linear_regression(draws: Draws, level: int) -> Draft | None:
    """Predictions, squared errors and one step of gradient descent."""
    x, w, (b,) = _start(draws, level)
    d = [[draws.whole(-4, 4) / 2] for _ in x]
    e = [d_[0] - fields(w, b, row)[0] for row, d_ in zip(x, d, strict=True)]
    if len({*map(tuple, x)}) < len(x) or not are_open(e, 0.2, 2.0):
        return None
    task = (
        f"A linear model y = Σ wᵢ xᵢ + b is fitted to {counted(len(x), 'example')}. Work out its "
        "answers, the mean squared error E and one step of gradient descent on it."
    )
    return Draft(
        task, {"x": x, "d": d}, network={"layers": ["1 linear"]},
        weights={"output.w": w, "output.b": b},
        training={"loss": "mse", "optimizer": f"sgd {draws.pick((0.1, 0.05)):g}"},
    )  # fmt: skip


@kind("logistic-regression", "G2", "Logistic regression: a step on the cross-entropy")
def logistic_regression(draws: Draws, level: int) -> Draft | None:
    """Probabilities, cross-entropy and one step of gradient descent."""
    x, w, (b,) = _start(draws, level)
    d = [[float(draws.below(2))] for _ in x]
    if len({*map(tuple, x)}) < len(x) or len({*map(tuple, d)}) < 2:
        return None
    if not are_open([fields(w, b, row)[0] for row in x], 0.1, 2.2):
        return None
    task = (
        "A logistic neuron, y = 1 / (1 + e^(−v)), gives the probability of class 1 of "
        f"{counted(len(x), 'example')}. Work out its answers, the mean binary cross-entropy E and "
        "one step of gradient descent on it."
    )
    return Draft(
        task, {"x": x, "d": d}, network={"layers": ["1 logistic"]},
        weights={"output.w": w, "output.b": b},
        training={"loss": "binary_cross_entropy", "optimizer": f"sgd {draws.pick((0.5, 0.2)):g}"},
    )  # fmt: skip


@kind("softmax-regression", "G3", "Softmax regression: a step on the cross-entropy")
def softmax_regression(draws: Draws, level: int) -> Draft | None:
    """Probabilities of classes, cross-entropy and one step of gradient descent."""
    units, examples = (2, 3, 3)[level - 1], (1, 1, 2)[level - 1]
    x = draws.rows(examples, 2, 1, 2) if level == 1 else draws.rows(examples, 2, 1, 4, 2)
    w, b = draws.rows(units, 2, 1, 6, 10), draws.row(units, 1, 3, 10)
    d = [draws.below(units) for _ in range(examples)]
    for row in x:
        v = fields(w, b, row)
        total = sum(map(math.exp, v))
        if min(math.exp(value) / total for value in v) < 0.1 or not are_open(v, 0.05, 2.5):
            return None
    if len({*map(tuple, x)}) < examples or (examples > 1 and len(set(d)) == 1):
        return None
    task = (
        f"A softmax layer tells {counted(units, 'class').replace('classs', 'classes')} apart (they "
        "are counted from 0). Work out its probabilities, the cross-entropy E and one step of "
        "gradient descent on it."
    )
    return Draft(
        task, {"x": x, "d": d}, network={"layers": [f"{units} softmax"]},
        weights={"output.w": w, "output.b": b},
        training={"loss": "cross_entropy", "optimizer": "sgd 0.5"},
    )  # fmt: skip
