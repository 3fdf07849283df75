"""Hebbian learning (B2): connections grow where both ends are active together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from glassnet import ops
from glassnet.errors import ArgumentError, GlassnetError, ModelFileError
from glassnet.graph import DType, Graph, Tensor
from glassnet.graph.types import Array
from glassnet.learning.exponential import Exponential
from glassnet.learning.schedule import Constant, Schedule
from glassnet.nn.activations import Activation
from glassnet.records import dataclass
from glassnet.rules.answering import Answerer
from glassnet.rules.estimator import Estimator
from glassnet.rules.examples import Examples, read_examples
from glassnet.rules.principal_components import careful_rate, mean_with
from glassnet.rules.stable_rate import highest_rate, largest_stable_rate
from glassnet.rules.start_values import first_directions, first_values
from glassnet.rules.step import StepRecipe, StepWriter
from glassnet.rules.steps import Steps
from glassnet.rules.training import Teaching, as_schedule, follow, teach
from glassnet.rules.warning import warn
from glassnet.unit import check_number, check_whole

__all__ = ["Hebb"]

GROWTH = 10.0  # if no learning rate is given: the strongest direction grows by e to this power
FINAL = 1e-2  # and what is left of the rate at the end


@dataclass(eq=False, repr=False)
class Hebb(Estimator, rule="hebb"):
    """Neurons with Hebbian learning: w ← w + η y x − α y w − γ w, with y = ψ(w·x).

    Without targets y is the neuron's own output. Plain learning (α = γ = 0) then grows without end,
    towards the direction in which the examples vary most; `fit` says so when weights pass `bound`.
    Forgetting (α > 0) goes with outputs y ≥ 0, such as "threshold" or "logistic": it draws w to
    (η/α) times the mean of the examples for which the neuron fires. `Oja` keeps the length itself.

    With targets (`fit(X, d)`) y is the target d: the rule is Δw = η d x, and the neurons are a
    linear associator, which answers a pattern by `recall`. Patterns x of length 1 at right angles
    are recalled without error after one epoch with η = 1.

    Args:
        units: How many neurons, without targets; with targets as many as those have values.
        learning_rate: η, above 0; a schedule, or its text such as "exponential 0.1 0.9". If not
            given: 1 with targets; without, a rate that falls to a hundredth, and is so small that
            weights grow to about e¹⁰ times what they were, at most.
        forgetting: α, at least 0. Where η falls, α and γ fall in the same proportion.
        decay: γ, at least 0 and below 1: the part of the weights that each step takes away.
        activation: ψ, such as "linear", "threshold", "signum", "logistic".
        bound: Learning stops with a warning after an epoch in which a weight has passed it.
        subtract_mean: Whether the mean of the examples is taken away first.
        start_weights: The first weights, (units, inputs) or (inputs,) for one neuron. If not given:
            0 with targets, else random directions of length 1.
        epochs: How often each example is learnt from.
        shuffle: Whether the examples are taken in a new order each epoch, rather than as given.
        seed: Where the first weights and the order are drawn from.
        dtype: The number type, "float32" or "float64".
        engine: "native" (C++) or "reference" (NumPy); the native one if not given.
        progress: Whether to show a progress bar; if not given, where someone is there to see it.

    Attributes:
        weights_: (units, inputs).
        mean_: What is taken away from each example, (inputs,).
        is_supervised_: Whether it learnt with targets.

    Source: Hebb (1949), "The Organization of Behavior"; Grossberg (1969) and Haykin, Neural
    Networks, section 2.4, for forgetting; Anderson (1972) and Kohonen (1972) for the associator.

    >>> from glassnet.rules.hebbian import Hebb
    >>> patterns = [[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0]]
    >>> memory = Hebb().fit(patterns, [[1.0, -1.0], [1.0, 1.0]])
    >>> memory.recall(patterns).round(6).tolist()
    [[1.0, -1.0], [1.0, 1.0]]
    """

    wants: ClassVar[str] = "nothing"
    state: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "weights_": ("unit", "source"),
        "mean_": ("source",),
    }

    units: int = 1
    learning_rate: float | str | Schedule | None = None
    forgetting: float = 0.0
    decay: float = 0.0
    activation: str | Activation = "linear"
    bound: float = 1e6
    subtract_mean: bool = False
    start_weights: Any = None
    epochs: int = 1
    shuffle: bool = False
    seed: int = 0
    dtype: str = "float64"
    engine: str | None = None
    progress: bool | None = None

    def check(self) -> None:
        """Raise ArgumentError if a setting has a value that is not allowed."""
        super().check()
        check_whole("units", self.units)
        check_number("forgetting", self.forgetting, low=0)
        check_number("decay", self.decay, low=0, high=1, open_high=True)
        check_number("bound", self.bound, low=0, open_low=True)
        Activation.of(self.activation)

    # --- the step ---------------------------------------------------------------------------------
    def step_graph(
        self, values: Mapping[str, Array], n: int, first_rate: float, *, supervised: bool
    ) -> Graph:
        """Return the graph of a step on one example, of which the mean is taken away already.

        Args:
            values: The state before.
            n: 1.
            first_rate: The highest η of the run, to which α and γ belong.
            supervised: Whether y is the target.
        """
        assert n == 1, n
        write = StepWriter(values, DType(self.dtype), n)
        w = write.parameter("weights", "w", ("neuron", "source"))
        x, rate = write.x(w.shape[1]), write.rate()
        answer = self._answer_of(x @ w.T)
        y = write.targets(w.shape[0]) if supervised else answer.named("y")
        change = rate * (y.T @ x)
        plain = self.forgetting == 0 and self.decay == 0
        new = w + (change.named("Δw") if plain else change)
        if self.forgetting > 0:
            new = new - rate * (self.forgetting / first_rate) * (y.T * w)
        if self.decay > 0:
            new = new - rate * (self.decay / first_rate) * w
        if supervised:
            loss = (((y - answer) ** 2).sum(1) * 0.5).mean()  # before the step
        else:
            loss = (answer**2).sum(1).mean() * -0.5  # what plain learning lets fall without end
        return write.end({"parameters/weights": new.named("w new")}, loss)

    def _answer_of(self, v: Tensor) -> Tensor:
        return Activation.of(self.activation)(v.named("v"))

    # --- learning ---------------------------------------------------------------------------------
    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from examples; what was learnt before is forgotten.

        Args:
            X: n examples, of shape (n, inputs); or a table or data frame.
            y: Targets, (n,) or (n, units), or the name of a table's target column; none for
                learning without a teacher.

        Returns:
            The estimator itself. Ctrl-C ends it with what was learnt so far.

        Raises:
            ArgumentError: A setting has a value that is not allowed.
            DataError, ShapeError: Examples or targets are not finite, or do not fit.
        """
        self.check()
        return self.fit_examples(self._read(X, y))

    def _read(self, X: Any, y: Any) -> Examples:
        wants = "nothing" if y is None else "numbers"
        return read_examples(X, y, DType(self.dtype), wants=wants)

    def _start(self, examples: Examples) -> dict[str, Array]:
        dtype, inputs = DType(self.dtype).numpy, examples.x.shape[1]
        units = self.units if examples.target is None else examples.target.shape[1]
        if self.start_weights is None and examples.target is None:
            return {"parameters/weights": first_directions((units, inputs), self.seed, dtype)}
        found = first_values("start_weights", self.start_weights, (units, inputs), dtype)
        return {"parameters/weights": found}

    def _begin(self, examples: Examples) -> None:
        super()._begin(examples)
        self.mean_ = np.zeros(examples.x.shape[1], examples.x.dtype)
        self.is_supervised_ = examples.target is not None
        self.epochs_done_ = self.examples_seen_ = 0

    def _learn(self, examples: Examples) -> None:
        self._teach(self._start(examples), examples, self.epochs, self.shuffle)

    def _schedule(self, x: Array, *, supervised: bool) -> Schedule:
        if self.learning_rate is not None:
            return as_schedule(self.learning_rate)
        if supervised:
            return Constant(1.0)
        largest = 2.0 / largest_stable_rate(x, len(x), bias=False)  # λ of the strongest direction
        share = float((1.0 - FINAL) / -np.log(FINAL))  # a rate that falls so: its mean to its first
        growing = GROWTH / (largest * len(x) * self.epochs * share) if largest > 0 else 1.0
        return Exponential(min(careful_rate(x), growing), FINAL ** (1.0 / self.epochs))

    def _teaching(self, x: Array, epochs: int, *, supervised: bool, shuffle: bool) -> Teaching:
        return Teaching(
            epochs,
            schedule=self._schedule(x, supervised=supervised),
            shuffle=shuffle,
            seed=self.seed,
            engine=self.engine,
            progress=self.progress,
            first_epoch=self.epochs_done_ if self.is_fitted else 0,
            lasting=self.epochs,
        )

    def _recipe(
        self, values: Mapping[str, Array], schedule: Schedule, *, supervised: bool
    ) -> StepRecipe:
        first = highest_rate(schedule, self.epochs)
        return StepRecipe(
            DType(self.dtype), lambda n: self.step_graph(values, n, first, supervised=supervised)
        )

    def _teach(
        self, values: dict[str, Array], examples: Examples, epochs: int, shuffle: bool
    ) -> None:
        if self.subtract_mean:
            self.mean_ = mean_with(self.mean_, self.examples_seen_, examples.x)
        self.examples_seen_ += len(examples)
        x, supervised = examples.x - self.mean_, self.is_supervised_
        teaching = self._teaching(x, epochs, supervised=supervised, shuffle=shuffle)
        recipe = self._recipe(values, teaching.schedule, supervised=supervised)

        def after_epoch(now: Mapping[str, Array], row: dict[str, float]) -> str | None:
            largest = float(np.abs(now["parameters/weights"]).max())
            row["largest_weight"] = largest
            return "weights passed the bound" if largest > self.bound else None

        before = len(self.history_)
        taught = teach(recipe, values, x, examples.target, teaching, after_epoch, self.history_)
        self.notes_ += taught.notes
        self.training_ |= taught.facts
        self.epochs_done_ += len(self.history_) - before
        self.weights_ = taught.values["parameters/weights"].copy()
        if taught.stopped == "weights passed the bound":
            self._tell_growth()

    def _tell_growth(self) -> None:
        reason = (
            f"after epoch {self.epochs_done_} the largest weight is "
            f"{np.abs(self.weights_).max():.4g}, above bound={self.bound:g}, and learning stopped. "
            "Plain Hebbian learning grows without end: use forgetting, decay, a smaller learning "
            "rate, fewer epochs, or Oja's rule, which keeps the length of the weights"
        )
        self.notes_ = (*self.notes_, reason)
        warn(reason)

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Learn from each of some examples once, in the order given, and go on from there.

        Args:
            X: Examples, (n, inputs).
            y: Targets, (n,) or (n, units), if the first call had such; else none.
        """
        self.check()
        self._arrays_only(X)
        examples = self._read(X, y)
        known = self.is_fitted
        if not known:
            values = self._start(examples)
            self._begin(examples)
        else:
            self.array(examples.x)
            if self.is_supervised_ != (examples.target is not None):
                word = "with" if self.is_supervised_ else "without"
                raise ArgumentError(f"this Hebb has begun to learn {word} targets: go on so")
            if examples.target is not None and examples.target.shape[1] != len(self.weights_):
                raise ArgumentError(
                    f"targets must have {len(self.weights_)} values for each example, as before; "
                    f"got {examples.target.shape[1]}"
                )
            values = {"parameters/weights": self.weights_}
        try:
            self._teach(values, examples, 1, False)
        except GlassnetError:
            if not known:
                self._forget()
            raise
        return self

    def steps(self, X: Any, y: Any = None, epochs: int | None = None) -> Steps:
        """Return the steps that `fit` would take, one by one.

        Args:
            X: Examples, (n, inputs).
            y: Targets, or none.
            epochs: How many epochs; as in `fit` if not given.

        Returns:
            A row for each example with x, y (with targets: d) and the weights after the step.
        """
        self.check()
        examples = self._read(X, y)
        supervised = examples.target is not None
        x, state = examples.x, self._start(examples)
        if self.subtract_mean:
            x = x - mean_with(np.zeros_like(x[0]), 0, x)
        most = self.epochs if epochs is None else epochs
        teaching = self._teaching(x, most, supervised=supervised, shuffle=self.shuffle)
        recipe = self._recipe(state, teaching.schedule, supervised=supervised)
        shown = {"x": "x", "d" if supervised else "y": "d" if supervised else "y"}
        shown["parameters/weights"] = "w"
        return follow(recipe, state, x, examples.target, teaching, shown)

    # --- answering --------------------------------------------------------------------------------
    @property
    def task(self) -> str | None:
        """What it answers: "regression" if it learnt with targets, else None."""
        return "regression" if getattr(self, "is_supervised_", False) else None

    def transform(self, X: Any) -> Array:
        """Return the outputs y = ψ(w·x) of each neuron, (n, units)."""
        return self._outputs(self.input_rows(X))

    def recall(self, X: Any) -> Array:
        """Return what the associator answers to each pattern, ψ(w·x), (n, units)."""
        return self.transform(X)

    def predict_rows(self, rows: Array) -> Array:
        """Return the outputs: (n,) for one neuron, (n, units) for several."""
        y = self._outputs(rows)
        return y[:, 0] if y.shape[1] == 1 else y

    def _outputs(self, rows: Array) -> Array:
        def answer(known: Mapping[str, Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
            v = (x - known["mean"]) @ known["weights"].T
            return self._answer_of(v).named("y"), ops.argmax(v, 1)

        values = {"parameters/weights": self.weights_, "parameters/mean": self.mean_}
        return Answerer.of(self, values, answer).outputs(rows)

    def outputs(self) -> list[str]:
        """Return the names of the columns that `transform` gives."""
        return [f"neuron {i + 1}" for i in range(len(self.weights_))]

    # --- files ------------------------------------------------------------------------------------
    def learnt(self) -> dict[str, Any]:
        """Return what was learnt besides the arrays."""
        return {
            "is_supervised": self.is_supervised_,
            "epochs_done": self.epochs_done_,
            "examples_seen": self.examples_seen_,
        }

    def remember(self, learnt: Mapping[str, Any]) -> None:
        """Take over what `learnt` gave."""
        supervised = learnt.get("is_supervised")
        if type(supervised) is not bool:
            raise ModelFileError(f"hebb: is_supervised is {supervised!r:.40}")
        for name in ("epochs_done", "examples_seen"):
            count = learnt.get(name)
            if type(count) is not int or count < 0:
                raise ModelFileError(f"hebb: {name} is no count: {count!r:.40}")
            setattr(self, f"{name}_", count)
        self.is_supervised_ = supervised

    def facts(self) -> list[tuple[str, str]]:
        """Return what a person wants to know of what was learnt."""
        units, inputs = self.weights_.shape
        plural = "s" if units > 1 else ""
        return [
            ("neurons", f"{units} neuron{plural}, {inputs} inputs each"),
            ("learnt", "with targets" if self.is_supervised_ else "without targets"),
            *self._rate_fact(),
            ("largest weight", f"{np.abs(self.weights_).max():.4g}"),
        ]
