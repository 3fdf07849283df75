"""Learning vector quantisation: prototypes that know their class (Kohonen)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any, ClassVar

import numpy as np

from glassnet import ops
from glassnet.errors import ArgumentError, DataError, ModelFileError
from glassnet.graph import DType, Graph, Tensor
from glassnet.graph.types import Array
from glassnet.learning.schedule import Schedule
from glassnet.ops.philox import STREAM_INITIAL, permutation
from glassnet.records import dataclass
from glassnet.rules.examples import Examples
from glassnet.rules.prototypes import PrototypeRule, nearest_units
from glassnet.rules.step import StepWriter
from glassnet.unit import check_choice, check_number, check_whole

__all__ = ["LVQ"]

STARTS = ("means", "examples")


@dataclass(eq=False, repr=False)
class LVQ(PrototypeRule, rule="lvq"):
    """Prototypes of known class: the nearest moves to an example of its class, or away from others.

    LVQ1 moves the prototype nearest to the example: w ← w + η (x − w) if it has the example's
    class, w ← w − η (x − w) if not. LVQ2.1 moves the two nearest at once, the right one towards x
    and the wrong one away from it, where just one of them is right and x is near the middle
    between them: min(d₁/d₂, d₂/d₁) > (1 − window)/(1 + window). It refines what LVQ1 has found:
    learn with LVQ1, then `set_params(variant="lvq2.1")` and `partial_fit`.

    Args:
        prototypes: How many each class has.
        variant: "lvq1" or "lvq2.1".
        window: How wide the window of LVQ2.1 is, above 0 and below 1; Kohonen takes 0.2 to 0.3.
        learning_rate: η, above 0 and at most 1, which falls linearly to 0 over the epochs; or a
            schedule, such as "constant 0.05".
        start: "means" starts from the mean of each class (or of as many random parts of it as it
            has prototypes), "examples" from examples drawn by the seed.
        epochs: How often each example is learnt from.
        shuffle: Whether the examples are taken in a new order each epoch, rather than as given.
        seed: Where starts and orders are drawn from.
        dtype: The number type, "float32" or "float64".
        engine: "native" (C++) or "reference" (NumPy); the native one if not given.
        progress: Whether to show a progress bar; if not given, where someone is there to see it.

    Attributes:
        weights_: The prototypes, (units, inputs).
        labels_: The number of each one's class in `classes_`, (units,).

    Source: Kohonen (1990), "The self-organizing map", section V; (1995), Self-Organizing Maps,
    chapter 6.

    >>> from glassnet.rules.lvq import LVQ
    >>> rule = LVQ(epochs=5).fit([[0, 0], [0, 1], [9, 9], [9, 8]], ["low", "low", "high", "high"])
    >>> rule.predict([[1, 1], [8, 8]]).tolist()
    ['low', 'high']
    """

    wants: ClassVar[str] = "classes"
    taught: ClassVar[bool] = True
    state: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "weights_": ("unit", "source"),
        "labels_": ("unit",),
    }
    whole: ClassVar[frozenset[str]] = frozenset({"labels_"})
    shown: ClassVar[Mapping[str, str]] = {
        "x": "x",
        "class": "class",
        "d²": "d²",
        "winner": "winner",
        "s": "s",
        "η": "η",
        "parameters/weights": "w",
    }

    prototypes: int = 1
    variant: str = "lvq1"
    window: float = 0.2
    learning_rate: float | str | Schedule = 0.1
    start: str = "means"
    epochs: int = 20
    shuffle: bool = True
    seed: int = 0
    dtype: str = "float64"
    engine: str | None = None
    progress: bool | None = None

    def check(self) -> None:
        """Raise ArgumentError if a setting has a value that is not allowed."""
        super().check()
        check_whole("prototypes", self.prototypes)
        check_choice("variant", self.variant, ("lvq1", "lvq2.1"))
        check_number("window", self.window, low=0, high=1, open_low=True, open_high=True)
        check_choice("start", self.start, STARTS)

    # --- the step ---------------------------------------------------------------------------------
    def step_graph(self, values: Mapping[str, Array], n: int) -> Graph:
        """Return the graph of a step on one example.

        s is, for each prototype, 1 if it moves towards x, −1 if away from it, and 0 if it stays.
        """
        assert n == 1
        dtype = DType(self.dtype)
        write = StepWriter(values, dtype, n)
        w = write.parameter("weights", "w", ("unit", "source"))
        units, inputs = w.shape
        x, rate, number = write.x(inputs), write.rate(), write.classes()
        squares = ops.square(w - x).sum(1).named("d²")
        closeness = -squares.reshape(1, units)
        winner = ops.argmax(closeness, 1).named("winner")
        own = ops.constant(self.labels_).named("c")

        def is_right(unit: Tensor) -> Tensor:
            return ops.cast(ops.equal(ops.gather(own, unit), number), dtype)

        right = is_right(winner).named("right")
        wins = ops.one_hot(winner, units, dtype)
        if self.variant == "lvq1":
            signs = wins * (2.0 * right - 1.0).reshape(1, 1)
        else:
            lowest = float(np.finfo(dtype.numpy).min)
            far = ops.broadcast(ops.constant(lowest, dtype), (1, units))
            second = ops.argmax(ops.select(wins > 0.0, far, closeness), 1).named("second")
            ratio = (1.0 - self.window) / (1.0 + self.window)
            d1, d2 = (ops.sqrt(ops.gather(squares, unit)) for unit in (winner, second))
            inside = ops.cast(d1 > ratio * d2, dtype).named("in the window")
            # 1 if the nearest is right and the second wrong, −1 the other way round, otherwise 0
            order = right - is_right(second)
            signs = (wins - ops.one_hot(second, units, dtype)) * (order * inside).reshape(1, 1)
        signs = signs.named("s")
        gain = (rate * signs).reshape(units, 1)
        change = (gain * (x - w)).named("Δw")
        state = {"parameters/weights": (w + change).named("w new")}
        wrong = (1.0 - right).reshape()
        return write.end(state, wrong, accuracy=right.reshape())

    # --- learning ---------------------------------------------------------------------------------
    def _first_values(self, examples: Examples) -> dict[str, Array]:
        assert examples.target is not None
        classes, each = len(self.classes_), self.prototypes
        if self.variant == "lvq2.1" and classes * each < 2:
            raise ArgumentError("lvq2.1 needs two prototypes at least")
        self.labels_: Array = np.repeat(np.arange(classes), each)
        points: list[Array] = []
        for number in range(classes):
            rows = np.flatnonzero(examples.target == number)
            if len(rows) < each:
                raise DataError(
                    f"class {self.classes_[number]} has {len(rows)} example"
                    f"{'' if len(rows) == 1 else 's'}; {each} prototypes of a class need as many"
                )
            drawn = rows[permutation(len(rows), self.seed, stream=STREAM_INITIAL, counter=number)]
            edges = np.linspace(0, len(drawn), each + 1).astype(int)
            parts = [drawn[a:b] for a, b in pairwise(edges.tolist())]
            points += [
                examples.x[part].mean(axis=0) if self.start == "means" else examples.x[part[0]]
                for part in parts
            ]
        return {"parameters/weights": np.stack(points).astype(examples.x.dtype)}

    def _finish(self, examples: Examples) -> None:
        assert examples.target is not None
        winners = nearest_units(examples.x, self.weights_)[:, 0]
        right = self.labels_[winners] - examples.target == 0
        self.training_["accuracy"] = float(right.mean())

    def predict_rows(self, rows: Array) -> Array:
        """Return the class of the prototype nearest to each row."""
        return self.classes_[self.labels_[nearest_units(rows, self.weights_)[:, 0]]]

    def facts(self) -> list[tuple[str, str]]:
        """Return what a person wants to know of what was learnt."""
        units, inputs = self.weights_.shape
        found = [("prototypes", f"{units} of {len(self.classes_)} classes, {inputs} inputs each")]
        right = self.training_.get("accuracy")
        if isinstance(right, int | float):
            found.append(("accuracy", f"{right:.1%} of the examples learnt from"))
        return [*found, *self._rate_fact()]

    def remember(self, learnt: Mapping[str, Any]) -> None:
        """Take over what `learnt` gave."""
        super().remember(learnt)
        if not hasattr(self, "classes_"):
            raise ModelFileError("lvq: the classes are missing")
        if ((self.labels_ < 0) | (self.labels_ >= len(self.classes_))).any():
            raise ModelFileError("lvq: a prototype has a class that there is not")
