"""The rungs of the ladder: what is measured, of which shape, in which unit."""

from __future__ import annotations

from collections.abc import Callable

from glassnet.records import dataclass

__all__ = [
    "CLIP",
    "DECAY",
    "MAP_RATE",
    "MOMENTUM",
    "RADIUS",
    "RATE",
    "RUNGS",
    "TEXT_RATE",
    "Failed",
    "Rung",
    "Runner",
    "Timing",
]

RATE = 0.05  # of all rungs with momentum 0.9
MOMENTUM = 0.9
CLIP = 1.0  # the largest norm of the gradient of character models,
TEXT_RATE = 1e-3  # which learn by RMSProp with this rate and the decay
DECAY = 0.9
RADIUS = 3.0  # σ of maps at first; it falls as 1/(1 + 2s), with s the share that is done
MAP_RATE = 0.5  # η of maps at first; it falls alike


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
        batch: Examples in a mini-batch, or questions in a call.
        examples: Examples in the data, a multiple of `batch`, so that all batches are alike.
        networks: How many networks are trained side by side.
        shuffle: Whether the examples come in a new order each epoch.
        side: A map has side × side units.
        neighbours: How many neighbours are asked.
        time: Characters in a sequence.
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
    side: int = 0
    neighbours: int = 0
    time: int = 0

    @property
    def steps(self) -> int:
        """Steps in an epoch."""
        return self.examples // self.batch


_TEXT = "a character model: 64 looked up, an LSTM over 64 steps, 64 classes; RMSProp, norm ≤ 1"
_OWN = "the same with peepholes, as a cell of the user's own where there is no built-in one"
_MLP = "tanh, softmax, cross-entropy, momentum, shuffled each epoch"

RUNGS = {
    rung.name: rung
    for rung in (
        Rung(
            "perceptron-20",
            "perceptron",
            "example",
            "one threshold neuron with 20 inputs, in the given order; 1% of the labels are wrong",
            inputs=20,
            classes=2,
            examples=100_000,
            shuffle=False,
        ),
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
        Rung("lstm-32-b8", "lstm", "step", _TEXT, 64, 32, 64, 8, 192, time=64),
        Rung("lstm-128-b32", "lstm", "step", _TEXT, 64, 128, 64, 32, 384, time=64),
        Rung("lstm-512-b32", "lstm", "step", _TEXT, 64, 512, 64, 32, 128, time=64),
        Rung("peephole-128-b32", "peephole", "step", _OWN, 64, 128, 64, 32, 384, time=64),
        Rung(
            "som-20x20-64",
            "som",
            "example",
            "a self-organising map, σ from 3 and η from 0.5, both inverse decay, one by one",
            inputs=64,
            examples=1797,
            shuffle=False,
            side=20,
        ),
        Rung(
            "knn-mnist",
            "nearest",
            "question",
            "the class by the 3 nearest of 20,000 examples with 784 inputs, 1,000 at a time",
            inputs=784,
            classes=10,
            batch=1000,
            examples=20_000,
            neighbours=3,
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
