"""The rungs of the ladder: what is measured, of which shape, in which unit, on which data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from glassnet.graph.types import Array

__all__ = [
    "MOMENTUM",
    "RATE",
    "RUNGS",
    "Failed",
    "Rung",
    "Runner",
    "Timing",
    "classified",
    "measured",
]

RATE = 0.05  # of all rungs with momentum 0.9
MOMENTUM = 0.9


class Failed(Exception):  # noqa: N818 (it is told in the table, not raised to users)
    """A system that could not do a rung, with the reason in one line."""


@dataclass(frozen=True)
class Timing:
    """What one measurement gave.

    Attributes:
        seconds: How long it took.
        units: How many steps, examples, … were done in this time.
        setup: Seconds spent before the first unit, if the system can tell them apart.
        processor: Seconds that the processor worked for the units, if the system can tell.
    """

    seconds: float
    units: float
    setup: float | None = None
    processor: float | None = None


# Does so many rounds (epochs, or a number of calls) and says how long they took.
Runner = Callable[[int], Timing]


@dataclass(frozen=True)
class Rung:
    """One piece of work that every system does.

    Attributes:
        name: How it is asked for.
        kind: Which of a system's runners does it.
        unit: What the seconds are divided by.
        what: One sentence for people.
        inputs, hidden, classes: The network's layers; no hidden layer if 0.
        batch: Examples in a mini-batch.
        examples: Examples in the data, a multiple of `batch`, so that all batches are alike.
        networks: How many networks are trained side by side.
        shuffle: Whether the examples come in a new order each epoch.
    """

    name: str
    kind: str
    unit: str
    what: str
    inputs: int
    hidden: int = 0
    classes: int = 1
    batch: int = 1
    examples: int = 1
    networks: int = 1
    shuffle: bool = True

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return self.examples // self.batch


_MLP = "tanh, softmax, cross-entropy, momentum, shuffled each epoch"

RUNGS = {
    rung.name: rung
    for rung in (
        Rung(
            "lms-20",
            "lms",
            "example",
            "one linear neuron with 20 inputs, an update after each example, in the given order",
            inputs=20,
            examples=100_000,
            shuffle=False,
        ),
        Rung(
            "lms-20-shuffled",
            "lms",
            "example",
            "the same, in a new order each epoch",
            inputs=20,
            examples=100_000,
        ),
        Rung("mlp-64-32-10-b32", "mlp", "step", _MLP, 64, 32, 10, 32, 1792),
        Rung("mlp-64-256-10-b32", "mlp", "step", _MLP, 64, 256, 10, 32, 1792),
        Rung("mlp-784-256-10-b128", "mlp", "step", _MLP, 784, 256, 10, 128, 6016),
        Rung(
            "ensemble100-64-32-10",
            "ensemble",
            "step of all",
            "100 networks at once, batches of 32",
            64,
            32,
            10,
            32,
            1792,
            networks=100,
        ),
        Rung(
            "predict-1",
            "predict",
            "call",
            "the class of one example by a 64-32-10 network, NumPy array in, NumPy array out",
            64,
            32,
            10,
        ),
        Rung(
            "compile-64-32-10-b32",
            "compile",
            "program",
            "from the layers to a program that can run a training step",
            64,
            32,
            10,
            32,
            1792,
        ),
        Rung(
            "compile-784-256-10-b128",
            "compile",
            "program",
            "from the layers to a program that can run a training step",
            784,
            256,
            10,
            128,
            6016,
        ),
        Rung(
            "cold-digits",
            "cold",
            "process",
            "a whole process: the digits, 64-32-10 tanh, batches of 32, 40 epochs, test accuracy",
            64,
            32,
            10,
            32,
            3823,
        ),
    )
}


def classified(rung: Rung) -> tuple[Array, Array]:
    """Return random examples of shape (n, inputs), float32, and their random classes, int64."""
    random = np.random.default_rng(0)
    x = random.normal(size=(rung.examples, rung.inputs)).astype(np.float32)
    return x, random.integers(0, rung.classes, rung.examples)


def measured(rung: Rung) -> tuple[Array, Array]:
    """Return random examples of shape (n, inputs) and a noisy linear function of them, float32."""
    random = np.random.default_rng(0)
    x = random.normal(size=(rung.examples, rung.inputs))
    y = x @ random.normal(size=rung.inputs) + 0.1 * random.normal(size=rung.examples)
    return x.astype(np.float32), y.astype(np.float32)
