"""What rules with prototypes share: competitive learning, vector quantisation, maps.

Their units are points in the space of the inputs (their weight vectors); a unit is near an example
or far from it, and the nearest wins.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from glassnet import ops
from glassnet.errors import ArgumentError, DataError, ModelFileError
from glassnet.graph import DType, Graph, Tensor
from glassnet.graph.types import Array
from glassnet.learning.schedule import Schedule
from glassnet.ops.philox import STREAM_INITIAL, permutation, uniform
from glassnet.records import dataclass
from glassnet.rules.estimator import Estimator
from glassnet.rules.examples import Examples, read_examples
from glassnet.rules.step import StepRecipe
from glassnet.rules.steps import Steps
from glassnet.rules.training import Teaching, as_schedule, follow, teach
from glassnet.unit import check_number, check_whole

__all__ = ["FALLS", "Falling", "PrototypeRule", "fall", "first_units", "nearest_units"]

FALLS = ("exponential", "linear", "inverse")
BLOCK = 1 << 20  # distances that are worked out together


# --- what falls while a rule learns ---------------------------------------------------------------
def fall(start: float, end: float, how: str, share: Tensor) -> Tensor:
    """Return a quantity that falls from a start to an end: the formula.

    Args:
        start: The first value.
        end: The last.
        how: "exponential": start · (end/start)^s; "linear": start + (end − start) s; "inverse":
            start / (1 + (start/end − 1) s).
        share: s, the share of training that is done, from 0 to 1.
    """
    if how == "linear":
        return start + (end - start) * share
    if how == "inverse":
        return start / (1.0 + (start / end - 1.0) * share)
    return start * (end / start) ** share


@dataclass(frozen=True)
class Falling(Schedule):
    """A learning rate that falls from a start to an end over the whole of training: see `fall`."""

    start: float
    end: float = 0.0
    how: str = "linear"

    def formula(self, epoch: Tensor, epochs: float) -> Tensor:
        """Return the rate."""
        return fall(self.start, self.end, self.how, ops.minimum(epoch / epochs, 1.0)).named("η")


@dataclass(frozen=True)
class _Later(Schedule):
    """A schedule as it goes on in a later call, which sees `length` of its epochs from `first`."""

    schedule: Schedule
    first: float
    length: float
    epochs: float

    def formula(self, epoch: Tensor, epochs: float) -> Tensor:
        """Return the rate."""
        del epochs
        return self.schedule.formula(self.first + epoch * self.length, self.epochs)


# --- distances ------------------------------------------------------------------------------------
def squared_distances(x: Array, weights: Array) -> Array:
    """Return the squared distance of each example to each unit: float64 of shape (n, units).

    By ‖x‖² − 2 x·w + ‖w‖², with the origin in the middle of the units so that little is lost.
    """
    w = weights.astype(np.float64)
    middle = w.mean(axis=0)
    w = w - middle
    rows = x.astype(np.float64) - middle
    found = (rows**2).sum(axis=1)[:, None] - 2.0 * (rows @ w.T) + (w**2).sum(axis=1)
    return np.maximum(found, 0.0)


def _blocks(x: Array, units: int) -> Iterator[slice]:
    size = max(1, BLOCK // units)
    return (slice(start, start + size) for start in range(0, len(x), size))


def nearest_units(x: Array, weights: Array, count: int = 1) -> Array:
    """Return the numbers of the units nearest to each example, the nearest first: (n, count)."""
    found = np.empty((len(x), count), np.int64)
    for block in _blocks(x, len(weights)):
        squares = squared_distances(x[block], weights)
        if count == 1:
            found[block, 0] = squares.argmin(axis=1)
        else:
            some = np.argpartition(squares, count - 1, axis=1)[:, :count]
            order = np.take_along_axis(squares, some, axis=1).argsort(axis=1, kind="stable")
            found[block] = np.take_along_axis(some, order, axis=1)
    return found


def first_units(how: str, x: Array, units: int, seed: int) -> Array:
    """Return first weights, (units, inputs): "examples" drawn, or "random" in the data's range."""
    if how == "examples":
        return x[np.resize(permutation(len(x), seed, stream=STREAM_INITIAL), units)].copy()
    low, high = x.min(axis=0).astype(np.float64), x.max(axis=0).astype(np.float64)
    draw = uniform((units, x.shape[1]), seed, stream=STREAM_INITIAL)
    return (low + (high - low) * draw).astype(x.dtype)


# --- the parent -----------------------------------------------------------------------------------
class PrototypeRule(Estimator):
    """The parent of rules whose units are points in the space of the inputs.

    A member gives `_first_values` (what it starts from), `step_graph` and `_finish`.

    Attributes:
        weights_: The units, (units, inputs).
        updates_: How many steps it has learnt in.
        planned_: The number of steps over which rates and radii fall.
    """

    taught: ClassVar[bool] = False  # whether its steps need the classes of the examples
    shown: ClassVar[Mapping[str, str]] = {}  # what `steps` shows; see `follow`

    learning_rate: float | str | Schedule
    epochs: int
    shuffle: bool
    seed: int
    engine: str | None
    progress: bool | None
    weights_: Array
    updates_: int
    planned_: int

    def check(self) -> None:
        """Raise ArgumentError if a setting has a value that is not allowed."""
        super().check()
        if not isinstance(self.learning_rate, str | Schedule):
            check_number("learning_rate", self.learning_rate, low=0, high=1, open_low=True)

    # --- what members give ------------------------------------------------------------------------
    def _first_values(self, examples: Examples) -> dict[str, Array]:
        raise NotImplementedError

    def step_graph(self, values: Mapping[str, Array], n: int) -> Graph:
        """Return the graph of a step on n examples (one, where the rule is online)."""
        raise NotImplementedError

    def _finish(self, examples: Examples) -> None:
        """Look at what the units have become."""
        raise NotImplementedError

    def _values(self) -> dict[str, Array]:
        """Return the state that a step changes."""
        return {"parameters/weights": self.weights_}

    def _keep(self, values: Mapping[str, Array]) -> None:
        self.weights_ = values["parameters/weights"].copy()

    def _batch_size(self, n: int) -> int:
        """Return how many of n examples a step learns from."""
        del n
        return 1

    def _schedule(self) -> Schedule:
        rate = self.learning_rate
        return as_schedule(rate) if isinstance(rate, str | Schedule) else Falling(float(rate))

    # --- learning ---------------------------------------------------------------------------------
    def _open(self, examples: Examples) -> None:
        """Set the units where they start from."""
        size = self._batch_size(len(examples))
        self.updates_, self.planned_ = 0, self.epochs * -(-len(examples) // size)
        self._keep(self._first_values(examples))

    def _learn(self, examples: Examples) -> None:
        self._open(examples)
        self._teach(examples, self.epochs, self._schedule(), shuffle=self.shuffle)
        self._finish(examples)

    def _teaching(self, n: int, epochs: int, schedule: Schedule, shuffle: bool) -> Teaching:
        return Teaching(
            epochs,
            batch_size=self._batch_size(n),
            schedule=schedule,
            shuffle=shuffle,
            seed=self.seed,
            engine=self.engine,
            progress=self.progress,
        )

    def _teach(self, examples: Examples, epochs: int, schedule: Schedule, *, shuffle: bool) -> None:
        values = self._values()
        recipe = StepRecipe(DType(self.dtype), lambda n: self.step_graph(values, n))
        teaching = self._teaching(len(examples), epochs, schedule, shuffle)
        target = examples.target if self.taught else None
        taught = teach(recipe, values, examples.x, target, teaching, None, self.history_)
        self.updates_ += int(taught.facts["steps"])
        self.notes_ += tuple(note for note in taught.notes if note not in self.notes_)
        self.training_ |= taught.facts
        self._keep(taught.values)

    def partial_fit(self, X: Any, y: Any = None, classes: Sequence[Any] | None = None) -> Self:
        """Learn from each of some examples once, in the order given, and go on from there.

        Rates and radii fall as if the examples of the first call came again and again: calling it
        `epochs` times with the same examples is `fit` with `shuffle=False`. After that they stay
        as they are.

        Args:
            X: Examples, (n, inputs).
            y: The class of each, (n,), if there are classes.
            classes: All classes; needed at the first call only, where y may not show them all.

        Raises:
            ArgumentError, DataError, ShapeError: As for `fit`; or classes are given to units that
                learnt without them, or are missing.
        """
        self.check()
        begun = self.is_fitted
        self._arrays_only(X)
        known = self.classes if begun else classes
        if begun and y is not None and known is None:
            raise ArgumentError("the first call had no classes; give none now, or call fit")
        if y is None and known is not None:
            raise ArgumentError("y, the class of each example, is needed, as at the first call")
        examples = read_examples(X, y, DType(self.dtype), wants=self.wants, classes=known)
        if not begun:
            self._begin(examples)
            self._open(examples)
        rows = self.array(examples.x)
        size = self._batch_size(len(rows))
        steps, each = -(-len(rows) // size), self.planned_ / self.epochs
        schedule = self._schedule()
        later = _Later(schedule, self.updates_ / each, steps / each, float(self.epochs))
        self._teach(examples, 1, later, shuffle=False)
        self._finish(examples)
        return self

    def steps(self, X: Any, y: Any = None, epochs: int | None = None) -> Steps:
        """Return the steps that `fit` would take, one by one.

        Args:
            X: Examples, (n, inputs).
            y: The class of each, where the rule learns from them.
            epochs: How many epochs are shown; all if not given.

        Returns:
            A row for each example; the columns are the quantities of the rule's formula.
        """
        self.check()
        wants = self.wants if self.taught else "nothing"
        examples = read_examples(X, y, DType(self.dtype), wants=wants)
        if self._batch_size(len(examples)) != 1:
            raise ArgumentError('steps are shown of algorithm="online": one for each example')
        most = self.epochs if epochs is None else epochs
        check_whole("epochs", most)
        twin = type(self)(**self.get_params())
        return twin.follow_steps(examples, most)

    def follow_steps(self, examples: Examples, epochs: int) -> Steps:
        """Learn from examples that were read before, and return the steps one by one."""
        self._begin(examples)
        self._open(examples)
        values = self._values()
        recipe = StepRecipe(DType(self.dtype), lambda n: self.step_graph(values, n))
        schedule = _Later(self._schedule(), 0.0, 1.0, float(self.epochs))
        target = examples.target if self.taught else None
        teaching = self._teaching(len(examples), epochs, schedule, self.shuffle)
        return follow(recipe, values, examples.x, target, teaching, self.shown)

    # --- answering --------------------------------------------------------------------------------
    def winning_units(self, X: Any) -> Array:
        """Return the number of the unit nearest to each example: int64 of shape (n,)."""
        return nearest_units(self.input_rows(X), self.weights_)[:, 0]

    def transform(self, X: Any) -> Array:
        """Return the distance of each example to each unit, (n, units)."""
        rows = self.input_rows(X)
        found = np.empty((len(rows), len(self.weights_)), DType(self.dtype).numpy)
        for block in _blocks(rows, len(self.weights_)):
            found[block] = np.sqrt(squared_distances(rows[block], self.weights_))
        return found

    def answer_columns(self, X: Any) -> dict[str, Array]:
        """Return the number of the unit that wins each example, and how far it is from it."""
        rows = self.input_rows(X)
        winners = nearest_units(rows, self.weights_)[:, 0]
        apart = rows.astype(np.float64) - self.weights_[winners]
        return {"unit": winners, "distance": np.sqrt((apart**2).sum(axis=1))}

    def fit_transform(self, X: Any, y: Any = None) -> Array:
        """Learn from examples and return the distance of each to each unit, (n, units)."""
        return self.fit(X, y).transform(X)

    def quantization_error(self, X: Any) -> float:
        """Return the mean distance of the examples to the unit nearest to each."""
        rows = self.input_rows(X)
        return self._quantization_error(rows, nearest_units(rows, self.weights_)[:, 0])

    def _quantization_error(self, rows: Array, winners: Array) -> float:
        total = 0.0
        for block in _blocks(rows, rows.shape[1]):
            apart = rows[block].astype(np.float64) - self.weights_[winners[block]]
            total += float(np.sqrt((apart**2).sum(axis=1)).sum())
        return total / len(rows)

    def score(self, X: Any, y: Any = None) -> float:
        """Return the share of right answers; without classes, minus the quantisation error."""
        if self.task == "classification":
            return super().score(X, y)
        return -self.quantization_error(X)

    # --- files ------------------------------------------------------------------------------------
    def learnt(self) -> dict[str, Any]:
        """Return what was learnt besides the arrays."""
        return {"updates": self.updates_, "planned": self.planned_}

    def remember(self, learnt: Mapping[str, Any]) -> None:
        """Take over what `learnt` gave."""
        updates, planned = learnt.get("updates"), learnt.get("planned")
        if type(updates) is not int or updates < 0:
            raise ModelFileError(f"{self.rule}: updates is no count: {updates!r:.40}")
        if type(planned) is not int or planned < 1:
            raise ModelFileError(f"{self.rule}: planned is no count of steps: {planned!r:.40}")
        self.updates_, self.planned_ = updates, planned


class LabelledUnits(PrototypeRule):
    """The parent of rules that learn without classes, and whose units may be named afterwards.

    Attributes:
        hits_: How many of the examples each unit has won, (units,).
        votes_: The same for each class, (units, classes); missing if there are no classes.
        labels_: The number of each unit's class, (units,): the class of most of the examples that
            it has won; a unit that won none has the class of the nearest one that did. Missing if
            there are no classes.
    """

    wants: ClassVar[str] = "labels"
    state: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "weights_": ("unit", "source"),
        "hits_": ("unit",),
        "votes_": ("?unit", "class"),
    }
    whole: ClassVar[frozenset[str]] = frozenset({"hits_", "votes_"})

    hits_: Array
    votes_: Array
    labels_: Array

    def _between_units(self, units: Array) -> Array:
        """Return how far units are from all units, for naming those that won nothing."""
        return squared_distances(self.weights_[units], self.weights_)

    def _finish(self, examples: Examples) -> None:
        winners = nearest_units(examples.x, self.weights_)[:, 0]
        units = len(self.weights_)
        before = self.hits_ if hasattr(self, "hits_") else np.zeros(units, np.int64)
        self.hits_ = before + np.bincount(winners, minlength=units)
        self.training_["quantization_error"] = self._quantization_error(examples.x, winners)
        if examples.target is None:
            return
        classes = len(self.classes_)
        pairs = np.bincount(winners * classes + examples.target, minlength=units * classes)
        votes = self.votes_ if hasattr(self, "votes_") else np.zeros((units, classes), np.int64)
        self.votes_ = votes + pairs.reshape(units, classes)
        self._name_units()

    def _name_units(self) -> None:
        self.labels_ = self.votes_.argmax(axis=1)
        named = self.votes_.any(axis=1)
        empty = np.flatnonzero(~named)
        if len(empty) and named.any():
            apart = self._between_units(empty)
            apart[:, ~named] = np.inf
            self.labels_[empty] = self.labels_[apart.argmin(axis=1)]

    def predict_rows(self, rows: Array) -> Array:
        """Return the number of the unit that wins each row, or its class if there are classes."""
        winners = nearest_units(rows, self.weights_)[:, 0]
        return self.classes_[self.labels_[winners]] if hasattr(self, "labels_") else winners

    def remember(self, learnt: Mapping[str, Any]) -> None:
        """Take over what `learnt` gave."""
        super().remember(learnt)
        if hasattr(self, "votes_") != hasattr(self, "classes_"):
            raise ModelFileError(f"{self.rule}: votes go with classes; one of them is missing")
        votes = getattr(self, "votes_", self.hits_)
        if (self.hits_ < 0).any() or (votes < 0).any():
            raise ModelFileError(f"{self.rule}: hits and votes must be counts")
        if hasattr(self, "votes_"):
            self._name_units()

    def _common_facts(self) -> list[tuple[str, str]]:
        found: list[tuple[str, str]] = []
        error = self.training_.get("quantization_error")
        if isinstance(error, int | float):
            found.append(("quantisation error", f"{error:.4g} on the examples learnt from"))
        found += self._rate_fact()
        dead = int((self.hits_ == 0).sum())
        found.append(("units that win no example", f"{dead:,} of {len(self.hits_):,}"))
        return found


def enough_examples(n: int, units: int, what: str) -> None:
    """Raise DataError if there are fewer examples than units that are to start from them."""
    if n < units:
        raise DataError(
            f"{units} units that start from examples need as many; {what} {n}. "
            'Ask for fewer, or for start="random"'
        )
