"""What rules share that learn from an error: w ← w + η e x, b ← b + η e, with e = d − y.

LMS, ADALINE and the stochastic neuron are of this form; they differ in what is desired (d), in what
it is compared with (y), and in how they answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np

from glassnet import ops
from glassnet.errors import ArgumentError, GlassnetError, ModelFileError, NonFiniteError
from glassnet.graph import DType, Graph, Tensor
from glassnet.graph.types import Array
from glassnet.learning.schedule import Schedule
from glassnet.rules.answering import Answerer
from glassnet.rules.estimator import Estimator
from glassnet.rules.examples import Examples, read_examples
from glassnet.rules.stable_rate import check_rate, highest_rate, largest_stable_rate, tenth
from glassnet.rules.start_values import first_values
from glassnet.rules.step import StepRecipe, StepWriter
from glassnet.rules.steps import Steps
from glassnet.rules.training import Teaching, as_schedule, follow, teach
from glassnet.training.batches import resolve_batch_size

__all__ = ["ErrorCorrection"]


class ErrorCorrection(Estimator):
    """The parent of rules that learn from an error.

    A member has the settings below, and says by `targets`, `response`, `gain` and `loss` what it
    learns. A step on several examples takes the mean of what each of them would change.
    """

    state: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "weights_": ("unit", "source"),
        "bias_": ("unit",),
    }
    shown: ClassVar[Mapping[str, str]] = {name: name for name in ("x", "d", "y", "e")}

    learning_rate: float | str | Schedule | None
    mode: str
    batch_size: int | None
    bias: bool
    start_weights: Any
    start_bias: Any
    epochs: int
    shuffle: bool
    seed: int
    engine: str | None
    progress: bool | None

    weights_: Array
    bias_: Array
    largest_rate_: float
    epochs_done_: int

    def check(self) -> None:
        """Raise ArgumentError if a setting has a value that is not allowed."""
        super().check()
        resolve_batch_size(self.mode, self.batch_size, self.batch_size or 1)
        if not self.bias and self.start_bias is not None:
            raise ArgumentError("start_bias is given, but bias=False says that there is no bias")

    # --- what a member says -----------------------------------------------------------------------
    def units(self, examples: Examples) -> int:
        """Return how many neurons the targets need."""
        raise NotImplementedError

    def targets(self, examples: Examples) -> Array:
        """Return d, what each neuron ought to answer, (n, units)."""
        raise NotImplementedError

    def response(self, v: Tensor) -> Tensor:
        """Return y, what d is compared with: the local field itself if not said otherwise."""
        return v

    @property
    def gain(self) -> float:
        """What the learning rate is multiplied by in a step."""
        return 1.0

    @property
    def slope(self) -> float:
        """The largest change of `gain` · y with v: it limits the learning rate."""
        return 1.0

    def loss(self, d: Tensor, v: Tensor, e: Tensor) -> Tensor:
        """Return what is shown as loss, the mean over the examples: half the squared error."""
        del d, v
        return ((e**2).sum(1) * 0.5).mean()

    def after_epoch(self, weights: Array, bias: Array, examples: Examples) -> dict[str, float]:
        """Return what is measured after an epoch, besides the loss while learning."""
        del weights, bias, examples
        return {}

    @property
    def line_at(self) -> float | None:
        """The v on the line at which the answer changes; None where answers are numbers."""
        return None

    # --- the step ---------------------------------------------------------------------------------
    def step_graph(self, values: Mapping[str, Array], n: int) -> Graph:
        """Return the graph of a step on n examples."""
        write = StepWriter(values, DType(self.dtype), n)
        w = write.parameter("weights", "w", ("neuron", "source"))
        b = write.parameter("bias", "b", ("neuron",)) if self.bias else None
        x, d, rate = write.x(w.shape[1]), write.targets(w.shape[0]), write.rate()
        v = x @ w.T
        v = (v if b is None else v + b).named("v")
        y = self.response(v)
        e = (d - (y if y.label.symbol not in ("", "v") else y.named("y"))).named("e")
        rate = rate if self.gain == 1.0 else rate * self.gain
        mean = 1.0 / n
        total = e.T @ x
        change = (rate * (total if n == 1 else total * mean)).named("Δw")
        state = {"parameters/weights": (w + change).named("w new")}
        if b is not None:
            total = e.sum(0)
            change = (rate * (total if n == 1 else total * mean)).named("Δb")
            state["parameters/bias"] = (b + change).named("b new")
        return write.end(state, self.loss(d, v, e))

    # --- learning ---------------------------------------------------------------------------------
    def _start(self, units: int, inputs: int) -> dict[str, Array]:
        dtype = DType(self.dtype).numpy
        weights = first_values("start_weights", self.start_weights, (units, inputs), dtype)
        values = {"parameters/weights": weights}
        if self.bias:
            values["parameters/bias"] = first_values("start_bias", self.start_bias, (units,), dtype)
        return values

    def _keep(self, values: Mapping[str, Array]) -> None:
        self.weights_ = values["parameters/weights"].copy()
        zero = np.zeros(len(self.weights_), self.weights_.dtype)
        self.bias_ = values.get("parameters/bias", zero).copy()

    def _largest_rate(self, x: Array, batch_size: int) -> tuple[float, str]:
        """Return the largest stable learning rate, and the formula that it is from."""
        largest = largest_stable_rate(x, batch_size, bias=self.bias) / self.slope
        if batch_size == 1:
            formula = "2/tr R"
        elif batch_size == len(x):
            formula = "2/λ_max"
        else:
            formula = f"between 2/tr R and 2/λ_max, for {batch_size} examples at a time"
        return largest, formula if self.slope == 1.0 else f"{formula}, times {1 / self.slope:g}"

    def _schedule(self, largest: float) -> Schedule:
        rate = self.learning_rate
        return as_schedule(tenth(largest) if rate is None else rate)

    def _teaching(self, largest: float, n: int, epochs: int, shuffle: bool) -> Teaching:
        return Teaching(
            epochs,
            batch_size=resolve_batch_size(self.mode, self.batch_size, n),
            schedule=self._schedule(largest),
            shuffle=shuffle,
            seed=self.seed,
            engine=self.engine,
            progress=self.progress,
            lasting=self.epochs,
        )

    def _learn(self, examples: Examples) -> None:
        values = self._start(self.units(examples), self.n_features_in_)
        self.largest_rate_, self.epochs_done_ = float("inf"), 0
        self._teach(values, examples, self.epochs, self.shuffle)

    def _teach(
        self, values: dict[str, Array], examples: Examples, epochs: int, shuffle: bool
    ) -> None:
        size = resolve_batch_size(self.mode, self.batch_size, len(examples))
        largest, formula = self._largest_rate(examples.x, size)
        self.largest_rate_ = min(self.largest_rate_, largest)
        teaching = self._teaching(self.largest_rate_, len(examples), epochs, shuffle)
        teaching = replace(teaching, first_epoch=self.epochs_done_)
        highest = highest_rate(teaching.schedule, self.epochs)
        said = check_rate(highest, self.largest_rate_, formula)
        if said is not None and said not in self.notes_:
            self.notes_ = (*self.notes_, said)
        recipe = StepRecipe(DType(self.dtype), lambda n: self.step_graph(values, n))

        def after_epoch(now: Mapping[str, Array], row: dict[str, float]) -> None:
            bias = now.get("parameters/bias", np.zeros(len(now["parameters/weights"])))
            row |= self.after_epoch(now["parameters/weights"], bias, examples)

        target, before = self.targets(examples), len(self.history_)
        try:
            taught = teach(recipe, values, examples.x, target, teaching, after_epoch, self.history_)
        except NonFiniteError as error:
            if highest <= self.largest_rate_:
                raise
            raise NonFiniteError(
                f"{error}. The largest stable learning rate for these examples is "
                f"{self.largest_rate_:.6g} ({formula}); this run's is {highest:.6g}"
            ) from None
        self.notes_ += taught.notes
        self.training_ |= taught.facts
        self.epochs_done_ += len(self.history_) - before
        self._keep(taught.values)

    def _go_on(self, examples: Examples) -> Self:
        """Learn from each of some examples once, in the order given, and go on from there."""
        if not self.is_fitted:
            self._begin(examples)
            self.largest_rate_, self.epochs_done_ = float("inf"), 0
            try:
                self._keep(self._start(self.units(examples), self.n_features_in_))
                self._go_on(examples)
            except GlassnetError:
                self._forget()
                raise
            return self
        self.array(examples.x)
        units = self.units(examples)
        if units != len(self.weights_):
            raise ArgumentError(
                f"the targets need {units} neurons; this rule has learnt {len(self.weights_)}"
            )
        values = {"parameters/weights": self.weights_}
        if self.bias:
            values["parameters/bias"] = self.bias_
        self._teach(values, examples, 1, False)
        return self

    def _read(self, X: Any, y: Any, classes: Sequence[Any] | None = None) -> Examples:
        self.check()
        self._arrays_only(X)
        known = self.classes if self.is_fitted else classes
        return read_examples(X, y, DType(self.dtype), wants=self.wants, classes=known)

    def steps(self, X: Any, y: Any, epochs: int | None = None) -> Steps:
        """Return the steps that `fit` would take in online mode, one by one.

        Args:
            X: Examples, (n, inputs).
            y: The target of each.
            epochs: How many epochs; as in `fit` if not given.

        Returns:
            A row for each example with x, d, v, y, e and the weights and bias after the step.
        """
        self.check()
        if self.mode != "online":
            raise ArgumentError(
                f'steps shows an update after each example, mode="online"; mode is {self.mode!r}'
            )
        examples = read_examples(X, y, DType(self.dtype), wants=self.wants)
        state = self._start(self.units(examples), examples.x.shape[1])
        largest, _ = self._largest_rate(examples.x, 1)
        most = self.epochs if epochs is None else epochs
        shown = {**self.shown, "parameters/weights": "w"}
        if self.bias:
            shown["parameters/bias"] = "b"
        return follow(
            StepRecipe(DType(self.dtype), lambda n: self.step_graph(state, n)),
            state,
            examples.x,
            self.targets(examples),
            self._teaching(largest, len(examples), most, self.shuffle),
            shown,
            line_at=self.line_at,
        )

    # --- answering --------------------------------------------------------------------------------
    def _local_field(self, rows: Array) -> Array:
        """Return v, (n, units)."""
        values = {"parameters/weights": self.weights_, "parameters/bias": self.bias_}
        return Answerer.of(self, values, _answer).outputs(rows)

    # --- files ------------------------------------------------------------------------------------
    def learnt(self) -> dict[str, Any]:
        """Return what was learnt besides the weights."""
        largest = self.largest_rate_
        return {
            "largest_rate": largest if np.isfinite(largest) else None,
            "epochs_done": self.epochs_done_,
        }

    def remember(self, learnt: Mapping[str, Any]) -> None:
        """Take over what `learnt` gave."""
        largest, done = learnt.get("largest_rate"), learnt.get("epochs_done")
        if largest is not None and not (isinstance(largest, float) and 0 < largest < np.inf):
            raise ModelFileError(f"{self.rule}: largest_rate is no rate: {largest!r:.40}")
        if type(done) is not int or done < 0:
            raise ModelFileError(f"{self.rule}: epochs_done is no count: {done!r:.40}")
        self.largest_rate_ = float("inf") if largest is None else largest
        self.epochs_done_ = done

    def facts(self) -> list[tuple[str, str]]:
        """Return what a person wants to know of what was learnt."""
        units, inputs = self.weights_.shape
        plural = "s" if units > 1 else ""
        found = [("neurons", f"{units} {self.kind} neuron{plural}, {inputs} inputs each")]
        found += self._rate_fact()
        if np.isfinite(self.largest_rate_):
            found.append(("largest stable learning rate", f"{self.largest_rate_:.4g}"))
        return found

    kind: ClassVar[str] = "linear"


def one_neuron_for_two(classes: int) -> int:
    """Return how many neurons tell classes apart: one for two classes, else one for each."""
    return 1 if classes == 2 else classes


def coded(examples: Examples, units: int, low: float, high: float, dtype: Any) -> Array:
    """Return classes as targets: `high` for the neuron's own class, `low` for others, (n, units).

    A single neuron's own class is the second.
    """
    assert examples.target is not None
    own = np.array([1]) if units == 1 else np.arange(units)
    return np.where(examples.target[:, None] == own, high, low).astype(dtype)


def share_right(v: Array, target: Array, middle: float) -> float:
    """Return the share of examples whose class the local fields (n, units) tell rightly."""
    given = (v[:, 0] >= middle).astype(np.int64) if v.shape[1] == 1 else v.argmax(axis=1)
    return float((given == target).mean())


def _answer(known: Mapping[str, Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    v = (x @ known["weights"].T + known["bias"]).named("v")
    return v, ops.argmax(v, 1)
