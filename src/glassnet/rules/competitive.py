"""Competitive learning (B3): the unit nearest to the example wins, and moves towards it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from glassnet import ops
from glassnet.errors import ArgumentError, ModelFileError
from glassnet.graph import DType, Graph, Tensor
from glassnet.graph.types import Array
from glassnet.learning.schedule import Schedule
from glassnet.records import dataclass
from glassnet.rules.examples import Examples
from glassnet.rules.prototypes import LabelledUnits, enough_examples, first_units
from glassnet.rules.step import StepWriter
from glassnet.unit import check_choice, check_number, check_whole

__all__ = ["Competitive"]


@dataclass(eq=False, repr=False)
class Competitive(LabelledUnits, rule="competitive"):
    """Units that compete for each example: Δw_j = η (x − w_j) if unit j wins, 0 if not.

    The unit with the smallest distance ‖x − w_j‖ wins. The units come to stand where the examples
    are: they quantise the space of the inputs, as k-means does, one example at a time. Some may
    never win ("dead units"); `notes_` tells. A conscience, or several winners, gives each a share.

    Args:
        units: How many units there are.
        learning_rate: η, above 0 and at most 1, which falls linearly to 0 over the epochs; or a
            schedule, such as "constant 0.1".
        winners: How many units learn from each example: those nearest to it.
        conscience: C, at least 0: how strongly a unit that wins too often is held back. Unit j has
            a bias b_j = C (1/N − p_j), N being the number of units and p_j the share of examples
            that it is the nearest to, and those win that have the smallest ‖x − w_j‖² − b_j. 0 is
            no conscience; DeSieno takes 10 for inputs between 0 and 1.
        conscience_rate: B, above 0 and at most 1: p_j ← p_j + B (z_j − p_j), with z_j = 1 for the
            nearest unit and 0 for the others. DeSieno takes 0.0001 for long runs.
        start: "examples" starts from examples drawn by the seed, "random" from points drawn in the
            range of the examples.
        epochs: How often each example is learnt from.
        shuffle: Whether the examples are taken in a new order each epoch, rather than as given.
        seed: Where starts and orders are drawn from.
        dtype: The number type, "float32" or "float64".
        engine: "native" (C++) or "reference" (NumPy); the native one if not given.
        progress: Whether to show a progress bar; if not given, where someone is there to see it.

    Attributes:
        weights_: The units, (units, inputs).
        hits_: How many of the examples each unit has won, (units,).
        frequencies_: p, with a conscience: (units,).
        labels_: With classes, the number of each unit's class, (units,): that of most of the
            examples it has won; for a unit without any that of the nearest unit with some.

    `predict` gives the number of the winning unit; the unit's class, if classes were given.

    Source: Rumelhart and Zipser (1985), "Feature discovery by competitive learning"; DeSieno
    (1988), "Adding a conscience to competitive learning"; lecture notes B3.

    >>> import glassnet as gn
    >>> from glassnet.rules.competitive import Competitive
    >>> x = [[0.0, 0.0], [0.0, 1.0], [9.0, 9.0], [9.0, 8.0]]
    >>> rule = Competitive(units=2, learning_rate="constant 0.5", epochs=20, seed=1).fit(x)
    >>> found = rule.predict(x)
    >>> bool(found[0] == found[1] != found[2] == found[3])
    True
    """

    state: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **LabelledUnits.state,
        "frequencies_": ("?unit",),
    }
    shown: ClassVar[Mapping[str, str]] = {
        "x": "x",
        "d²": "d²",
        "nearest": "nearest",
        "η": "η",
        "parameters/weights": "w",
    }

    units: int = 10
    learning_rate: float | str | Schedule = 0.5
    winners: int = 1
    conscience: float = 0.0
    conscience_rate: float = 0.01
    start: str = "examples"
    epochs: int = 20
    shuffle: bool = True
    seed: int = 0
    dtype: str = "float64"
    engine: str | None = None
    progress: bool | None = None

    def check(self) -> None:
        """Raise ArgumentError if a setting has a value that is not allowed."""
        super().check()
        check_whole("units", self.units)
        check_whole("winners", self.winners)
        if self.winners > self.units:
            raise ArgumentError(
                f"winners must be at most units, which is {self.units}; got {self.winners}"
            )
        check_number("conscience", self.conscience, low=0)
        check_number("conscience_rate", self.conscience_rate, low=0, high=1, open_low=True)
        check_choice("start", self.start, ("examples", "random"))

    # --- the step ---------------------------------------------------------------------------------
    def step_graph(self, values: Mapping[str, Array], n: int) -> Graph:
        """Return the graph of a step on one example."""
        assert n == 1
        dtype = DType(self.dtype)
        write = StepWriter(values, dtype, n)
        w = write.parameter("weights", "w", ("unit", "source"))
        units, inputs = w.shape
        x, rate = write.x(inputs), write.rate()
        squares = ops.square(w - x).sum(1).named("d²")
        closeness = -squares.reshape(1, units)
        nearest = ops.argmax(closeness, 1).named("nearest")
        state: dict[str, Tensor] = {}
        wins = ops.one_hot(nearest, units, dtype).named("z")
        if self.conscience:
            p = write.slot("frequencies", "p")
            p_new = (p + self.conscience_rate * (wins.reshape(units) - p)).named("p new")
            state["slots/frequencies"] = p_new
            bias = (self.conscience * (1.0 / units - p_new)).named("b")
            closeness = closeness + bias.reshape(1, units)
        if self.conscience or self.winners > 1:
            wins = _greatest(closeness, self.winners)
        gain = (rate * wins).reshape(units, 1)
        change = (gain * (x - w)).named("Δw")
        state["parameters/weights"] = (w + change).named("w new")
        loss = ops.sqrt(ops.gather(squares, nearest).reshape())
        return write.end(state, loss)

    # --- learning ---------------------------------------------------------------------------------
    def _first_values(self, examples: Examples) -> dict[str, Array]:
        if self.start == "examples":
            enough_examples(len(examples), self.units, "the number of examples is")
        weights = first_units(self.start, examples.x, self.units, self.seed)
        values = {"parameters/weights": weights}
        if self.conscience:
            values["slots/frequencies"] = np.full(self.units, 1.0 / self.units, weights.dtype)
        return values

    def _values(self) -> dict[str, Array]:
        values = super()._values()
        if self.conscience:
            even = np.full(self.units, 1.0 / self.units, self.weights_.dtype)
            values["slots/frequencies"] = getattr(self, "frequencies_", even)
        return values

    def _keep(self, values: Mapping[str, Array]) -> None:
        super()._keep(values)
        if "slots/frequencies" in values:
            self.frequencies_ = values["slots/frequencies"].copy()

    def _finish(self, examples: Examples) -> None:
        super()._finish(examples)
        dead = int((self.hits_ == 0).sum())
        if dead:
            note = f"{dead} of {self.units} units win none of the examples (dead units)"
            if not self.conscience:
                note += "; a conscience, such as conscience=10, or winners=2 can help"
            self.notes_ = (*(kept for kept in self.notes_ if "dead units" not in kept), note)

    def facts(self) -> list[tuple[str, str]]:
        """Return what a person wants to know of what was learnt."""
        units, inputs = self.weights_.shape
        return [("units", f"{units}, {inputs} inputs each"), *self._common_facts()]

    def remember(self, learnt: Mapping[str, object]) -> None:
        """Take over what `learnt` gave."""
        super().remember(learnt)
        if len(self.weights_) != self.units:
            raise ModelFileError(
                f"competitive: there are {len(self.weights_)} units; {self.units} were set"
            )


def _greatest(closeness: Tensor, count: int) -> Tensor:
    """Return 1 at the greatest `count` of some numbers, (1, units), and 0 at the others."""
    units, dtype = closeness.shape[1], closeness.dtype
    lowest = float(np.finfo(dtype.numpy).min)
    chosen: Tensor | None = None
    for _ in range(count):
        first = ops.one_hot(ops.argmax(closeness, 1), units, dtype)
        chosen = first if chosen is None else chosen + first
        far = ops.broadcast(ops.constant(lowest, dtype), closeness.shape)
        closeness = ops.select(first > 0.0, far, closeness)
    assert chosen is not None
    return chosen.named("wins")
