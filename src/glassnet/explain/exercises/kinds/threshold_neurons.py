"""Threshold neurons: firing (A2), logic gates (A8), learning (C1)."""

from __future__ import annotations

from itertools import product

from glassnet.explain.exercises.draws import Draws
from glassnet.explain.exercises.friendly import counted, fields
from glassnet.explain.exercises.kind import Draft, kind

FIRES = "y = 1 if v = Σ wᵢ xᵢ + b ≥ 0, else 0"
BIPOLAR = "y = 1 if v = Σ wᵢ xᵢ + b ≥ 0, else −1"
# Functions of two and of three inputs: the weights, and the threshold T. It fires where v ≥ T.
GATES: dict[int, dict[str, tuple[int, ...]]] = {
    1: {"AND": (1, 1, 2), "OR": (1, 1, 1)},
    2: {
        "NAND": (-1, -1, -1),
        "NOR": (-1, -1, 0),
        "x₁ AND NOT x₂": (1, -1, 1),
        "x₁ OR NOT x₂": (1, -1, 0),
    },
    3: {
        "AND of three": (1, 1, 1, 3),
        "OR of three": (1, 1, 1, 1),
        "at least two of three": (1, 1, 1, 2),
        "x₁ AND (x₂ OR x₃)": (2, 1, 1, 3),
        "x₁ OR (x₂ AND x₃)": (2, 1, 1, 2),
    },
}
Points = list[list[float]]


def _perceptron(
    task: str, x: Points, d: list[int], w: list[float], b: float, *, rate: float, steps: int
) -> Draft:
    rule = {
        "name": "perceptron",
        "learning_rate": rate,
        "start_weights": w,
        "start_bias": b,
        "shuffle": False,
    }
    return Draft(task, {"x": x, "d": d}, rule=rule, steps=steps)


def _layer(task: str, neuron: str, x: Points, w: list[float], b: float) -> Draft:
    return Draft(
        task, {"x": x}, network={"layers": [f"1 {neuron}"]},
        weights={"output.w": [w], "output.b": [b]},
    )  # fmt: skip


def _fires(w: list[float], b: float, x: list[float]) -> int:
    return int(fields([w], [b], x)[0] >= -1e-9)


@kind("threshold", "A2", "The threshold neuron (McCulloch–Pitts)")
def threshold(draws: Draws, level: int) -> Draft | None:
    """Examples at which the neuron fires, and some at which it does not."""
    inputs, examples = (2, 3, 3)[level - 1], (2, 2, 4)[level - 1]
    parts = 1 if level == 1 else 2
    w, b = draws.row(inputs, 1, 3, parts), draws.signed(1, 3, parts)
    x = draws.rows(examples, inputs, 1, 2) if level < 3 else draws.rows(examples, inputs, 1, 4, 2)
    v = [fields([w], [b], row)[0] for row in x]
    if len({value > 0 for value in v}) < 2 or min(map(abs, v)) < 0.4:
        return None
    bipolar = level > 1 and draws.below(2) == 1
    task = (
        f"A {'bipolar ' if bipolar else ''}threshold neuron has {counted(inputs, 'input')}: "
        f"{BIPOLAR if bipolar else FIRES}. Work out v and y for each of the "
        f"{counted(examples, 'example')}."
    )
    return _layer(task, "signum" if bipolar else "threshold", x, w, b)


def _truth_table(inputs: int) -> Points:
    return [[float(bit) for bit in bits] for bits in product((0, 1), repeat=inputs)]


@kind("gate", "A8", "A logic gate: which one is it?")
def gate(draws: Draws, level: int) -> Draft | None:
    """A gate worked out for its whole truth table."""
    *w, at = GATES[level][draws.pick(tuple(GATES[level]))]
    scale = draws.pick((1, 2)) if level > 1 else 1
    weights = [float(scale * value) for value in w]
    task = (
        f"A threshold neuron has {counted(len(w), 'input')}, each 0 or 1: y = 1 if v = Σ wᵢ xᵢ ≥ "
        f"T, else 0, with the threshold T = {scale * at}. Work out v and y for each row of the "
        "truth table. Which function is it?"
    )
    return _layer(task, f"threshold at={scale * at}", _truth_table(len(w)), weights, 0.0)


def _learnt(
    x: Points, d: list[int], w: list[float], b: float, rate: float, epochs: int
) -> tuple[int, int] | None:
    """Return how many mistakes the rule makes, and how many steps up to an epoch without one.

    None if it takes more epochs, or a local field is 0 on the way.
    """
    w, mistakes = list(w), 0
    for epoch in range(1, epochs + 1):
        before = mistakes
        for row, target in zip(x, d, strict=True):
            if abs(fields([w], [b], row)[0]) < 1e-9:
                return None
            e = target - _fires(w, b, row)
            mistakes += abs(e)
            w = [weight + rate * e * value for weight, value in zip(w, row, strict=True)]
            b += rate * e
        if mistakes == before:
            return mistakes, epoch * len(x)
    return None


@kind("gate-weights", "A8", "Weights for a truth table, found by the perceptron rule")
def gate_weights(draws: Draws, level: int) -> Draft | None:
    """A gate learnt from other weights, with one to three mistakes."""
    known = GATES[min(level, 2)]
    name = draws.pick(tuple(known))
    *gate_w, at = known[name]
    x = _truth_table(2)
    d = [_fires([*map(float, gate_w)], -at, row) for row in x]
    w, b = draws.row(2, 1, 3, 2), draws.signed(1, 3, 2)
    rate = 1.0 if level < 3 else 0.5
    found = _learnt(x, d, w, b, rate, (2, 3, 4)[level - 1])
    if found is None or not found[0]:
        return None
    task = (
        f"A threshold neuron ({FIRES}) is to learn {name}. Work the perceptron rule, w new = w + "
        "η e x and b new = b + η e with e = d − y, through the truth table until no row is wrong. "
        "Which weights does it find?"
    )
    return _perceptron(task, x, d, w, b, rate=rate, steps=found[1])


@kind("perceptron", "C1", "The perceptron convergence algorithm")
def perceptron(draws: Draws, level: int) -> Draft | None:
    """Separable examples, learnt with some mistakes in a few epochs."""
    inputs, examples = (2, 3, 3)[level - 1], (2, 2, 4)[level - 1]
    x, d = draws.rows(examples, inputs, 1, 2), [draws.below(2) for _ in range(examples)]
    w, b = draws.row(inputs, 1, 3, 2), draws.signed(1, 3, 2)
    rate = 1.0 if level < 3 else draws.pick((0.5, 1.0))
    found = _learnt(x, d, w, b, rate, (2, 3, 3)[level - 1])
    fewest = (1, 2, 3)[level - 1]
    if len(set(d)) < 2 or len({*map(tuple, x)}) < examples or found is None or found[0] < fewest:
        return None
    task = (
        f"A perceptron ({FIRES}) learns {counted(examples, 'example')} by w new = w + η e x and "
        "b new = b + η e with e = d − y. Work through the examples until none is wrong any more."
    )
    return _perceptron(task, x, d, w, b, rate=rate, steps=found[1])
