"""What Oja's and Sanger's rule share: Hebbian neurons that find principal components."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from glassnet import ops
from glassnet.errors import ArgumentError, GlassnetError, ModelFileError
from glassnet.graph import DType, Graph, Tensor
from glassnet.graph.types import Array
from glassnet.learning.exponential import Exponential
from glassnet.learning.schedule import Schedule
from glassnet.rules.answering import Answerer
from glassnet.rules.estimator import Estimator
from glassnet.rules.examples import Examples, read_examples
from glassnet.rules.stable_rate import largest_stable_rate, tenth
from glassnet.rules.start_values import first_directions, first_values
from glassnet.rules.step import StepRecipe, StepWriter
from glassnet.rules.steps import Steps
from glassnet.rules.training import Teaching, as_schedule, follow, teach
from glassnet.rules.warning import warn

__all__ = ["PrincipalComponents", "careful_rate", "mean_with"]

FINAL = 1e-3  # what is left of the learning rate at the end
UNSETTLED = 0.05  # relative to a component's own variance, and cosine of an angle
NEGLIGIBLE = 1e-6  # relative to the largest variance
FEWEST_EPOCHS, MOST_EPOCHS = 100, 2000  # if none are given
ENOUGH_STEPS = 200_000


def careful_rate(x: Array) -> float:
    """Return a learning rate at which the length of Oja's weights stays bounded.

    A tenth of the largest rate that LMS could take, 2/tr R, and at most 1/max |x|²: no single
    example then carries the weights away.
    """
    rate = tenth(largest_stable_rate(x, 1, bias=False))
    longest = float(np.einsum("ni,ni->n", x, x, dtype=np.float64).max())
    return min(rate, 1.0 / longest) if longest > 0 else rate


def mean_with(mean: Array, seen: int, x: Array) -> Array:
    """Return the mean of all examples, from the mean of those seen before and of new ones."""
    new = x.mean(axis=0, dtype=np.float64)
    return (mean + (new - mean) * (len(x) / (seen + len(x)))).astype(x.dtype)


class PrincipalComponents(Estimator):
    """The parent of rules that find principal components; a member gives `step_graph`."""

    wants: ClassVar[str] = "nothing"
    state: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "components_": ("component", "source"),
        "mean_": ("source",),
        "explained_variance_": ("component",),
        "explained_variance_ratio_": ("component",),
    }

    learning_rate: float | str | Schedule | None
    subtract_mean: bool
    start_weights: Any
    epochs: int | None
    shuffle: bool
    seed: int
    engine: str | None
    progress: bool | None

    components_: Array
    mean_: Array
    explained_variance_: Array
    explained_variance_ratio_: Array
    epochs_done_: int
    examples_seen_: int
    first_rate_: float

    @property
    def size(self) -> int:
        """How many components are found."""
        return 1

    # --- the step ---------------------------------------------------------------------------------
    def change(self, w: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Return Δw/η for one example x, (1, inputs), and the outputs y = w·x, (1, components)."""
        raise NotImplementedError

    def step_graph(self, values: Mapping[str, Array], n: int) -> Graph:
        """Return the graph of a step on one example, of which the mean is taken away already."""
        assert n == 1, n
        write = StepWriter(values, DType(self.dtype), n)
        w = write.parameter("weights", "w", ("component", "source"))
        x, rate = write.x(w.shape[1]), write.rate()
        y = (x @ w.T).named("y")
        change = (rate * self.change(w, x, y)).named("Δw")
        new = (w + change).named("w new")
        rest = (x - y @ w).named("r")  # what the components do not tell of the example
        return write.end({"parameters/weights": new}, (rest**2).sum(1).mean())

    # --- learning ---------------------------------------------------------------------------------
    def _start(self, inputs: int) -> dict[str, Array]:
        dtype, shape = DType(self.dtype).numpy, (self.size, inputs)
        if self.size > inputs:
            raise ArgumentError(f"components must be at most the number of inputs, {inputs}")
        if self.start_weights is None:
            return {"parameters/weights": first_directions(shape, self.seed, dtype)}
        found = first_values("start_weights", self.start_weights, shape, dtype)
        if not found.any(axis=1).all():
            raise ArgumentError("start_weights must not be 0: Hebbian neurons would never learn")
        return {"parameters/weights": found}

    def _begin(self, examples: Examples) -> None:
        super()._begin(examples)
        self.mean_ = np.zeros(examples.x.shape[1], examples.x.dtype)
        self.epochs_done_ = self.examples_seen_ = 0

    def _learn(self, examples: Examples) -> None:
        epochs = self._epochs(len(examples))
        self._teach(self._start(self.n_features_in_), examples, epochs, self.shuffle, epochs)
        if self.training_["stopped"] != "interrupted":
            self._look_whether_settled(examples)

    def _epochs(self, n: int) -> int:
        """Return how many epochs n examples are learnt from."""
        if self.epochs is not None:
            return self.epochs
        return min(max(FEWEST_EPOCHS, -(-ENOUGH_STEPS // n)), MOST_EPOCHS)

    def _teaching(self, epochs: int, shuffle: bool, first_rate: float, lasting: int) -> Teaching:
        rate = self.learning_rate
        if rate is None:
            rate = Exponential(first_rate, FINAL ** (1.0 / lasting))
        return Teaching(
            epochs,
            schedule=as_schedule(rate),
            shuffle=shuffle,
            seed=self.seed,
            engine=self.engine,
            progress=self.progress,
            first_epoch=self.epochs_done_ if self.is_fitted else 0,
            lasting=lasting,
        )

    def _teach(
        self,
        values: dict[str, Array],
        examples: Examples,
        epochs: int,
        shuffle: bool,
        lasting: int,
    ) -> None:
        if self.subtract_mean:
            self.mean_ = mean_with(self.mean_, self.examples_seen_, examples.x)
        self.examples_seen_ += len(examples)
        x = examples.x - self.mean_
        rate = careful_rate(x)
        self.first_rate_ = min(rate, self.first_rate_) if self.epochs_done_ else rate
        teaching = self._teaching(epochs, shuffle, self.first_rate_, lasting)
        recipe = StepRecipe(DType(self.dtype), lambda n: self.step_graph(values, n))
        before = len(self.history_)
        taught = teach(recipe, values, x, None, teaching, None, self.history_)
        self.notes_ += taught.notes
        self.training_ |= taught.facts
        self.epochs_done_ += len(self.history_) - before
        self.components_ = pointing_up(taught.values["parameters/weights"])
        self._measure(x)

    def _measure(self, x: Array) -> None:
        """Find the variance of each component, and its share of all."""
        wide = x.astype(np.float64)
        freedom = max(len(x) - 1, 1) if self.subtract_mean else len(x)
        outputs = wide @ self.components_.T.astype(np.float64)
        variance = (outputs**2).sum(axis=0) / freedom
        total = float((wide**2).sum()) / freedom
        self.explained_variance_ = variance.astype(x.dtype)
        self.explained_variance_ratio_ = (variance / total if total > 0 else variance).astype(
            x.dtype
        )

    def _look_whether_settled(self, examples: Examples) -> None:
        """Warn of components that are no eigenvectors yet.

        A component has settled if C w leads nowhere but to itself and the components before it, and
        it is at right angles to those.
        """
        x = (examples.x - self.mean_).astype(np.float64)
        w = self.components_.astype(np.float64)
        w = w / np.sqrt((w**2).sum(axis=1, keepdims=True))
        moved = (x @ w.T).T @ x / len(x)  # C w, row by row
        strength = (moved * w).sum(axis=1)
        axes = np.linalg.qr(w.T)[0]
        known = np.tril(moved @ axes) @ axes.T
        left = np.sqrt(((moved - known) ** 2).sum(axis=1))
        skew = np.abs(np.tril(w @ w.T, -1)).max(axis=1)
        led_away = left > UNSETTLED * strength + NEGLIGIBLE * strength.max()
        unsettled = np.flatnonzero(led_away | (skew > UNSETTLED)) + 1
        if len(unsettled):
            which = ", ".join(map(str, unsettled[:8].tolist()))
            more = " and others" if len(unsettled) > 8 else ""
            reason = (
                f"component {which}{more} (counted from 1) had not settled after "
                f"{self.epochs_done_} epochs: try more epochs, or leave the learning rate out"
            )
            self.notes_ = (*self.notes_, reason)
            warn(reason)

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """Learn from each of some examples once, in the order given, and go on from there.

        The learning rate falls with each call as it does with each epoch of `fit`. The mean is that
        of all examples so far; the variances are those of the examples of the last call.

        Args:
            X: Examples, (n, inputs).
            y: Not used.
        """
        del y
        self.check()
        self._arrays_only(X)
        examples = read_examples(X, None, DType(self.dtype), wants="nothing")
        known = self.is_fitted
        if known:
            self.array(examples.x)
            values = {"parameters/weights": self.components_.copy()}
        else:
            values = self._start(examples.x.shape[1])
            self._begin(examples)
        try:
            self._teach(values, examples, 1, False, self.epochs or FEWEST_EPOCHS)
        except GlassnetError:
            if not known:
                self._forget()
            raise
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Array:
        """Learn from examples and return their outputs, (n, components)."""
        return self.fit(X, y).transform(X)

    def steps(self, X: Any, epochs: int | None = None) -> Steps:
        """Return the steps that `fit` would take, one by one.

        Args:
            X: Examples, (n, inputs).
            epochs: How many epochs; as in `fit` if not given.

        Returns:
            A row for each example with x (the mean taken away), y and the weights after the step.
        """
        self.check()
        examples = read_examples(X, None, DType(self.dtype), wants="nothing")
        x = examples.x
        state = self._start(x.shape[1])
        if self.subtract_mean:
            x = x - mean_with(np.zeros_like(x[0]), 0, x)
        lasting = self._epochs(len(x))
        most = lasting if epochs is None else epochs
        teaching = self._teaching(most, self.shuffle, careful_rate(x), lasting)
        recipe = StepRecipe(DType(self.dtype), lambda n: self.step_graph(state, n))
        shown = {"x": "x", "y": "y", "parameters/weights": "w"}
        return follow(recipe, state, x, None, teaching, shown)

    # --- answering --------------------------------------------------------------------------------
    def transform(self, X: Any) -> Array:
        """Return the outputs y = w·(x − mean) of each neuron, (n, components)."""
        rows = self.input_rows(X)
        values = {"parameters/weights": self.components_, "parameters/mean": self.mean_}
        return Answerer.of(self, values, _answer).outputs(rows)

    def inverse_transform(self, Y: Any) -> Array:
        """Return the examples that outputs tell of, mean + wᵀy, (n, inputs).

        Args:
            Y: Outputs, (n, components).
        """
        if not self.is_fitted:
            raise ArgumentError(f"this {type(self).__name__} has not learnt yet: call fit first")
        from glassnet.training.network import as_rows

        return as_rows(Y, (self.size,), DType(self.dtype)) @ self.components_ + self.mean_

    def outputs(self) -> list[str]:
        """Return the names of the columns that `transform` gives."""
        return [f"component {i + 1}" for i in range(len(self.components_))]

    # --- files ------------------------------------------------------------------------------------
    def learnt(self) -> dict[str, Any]:
        """Return what was learnt besides the arrays."""
        return {
            "epochs_done": self.epochs_done_,
            "examples_seen": self.examples_seen_,
            "first_rate": self.first_rate_,
        }

    def remember(self, learnt: Mapping[str, Any]) -> None:
        """Take over what `learnt` gave."""
        for name in ("epochs_done", "examples_seen"):
            count = learnt.get(name)
            if type(count) is not int or count < 0:
                raise ModelFileError(f"{self.rule}: {name} is no count: {count!r:.40}")
            setattr(self, f"{name}_", count)
        rate = learnt.get("first_rate")
        if not (isinstance(rate, float) and 0 < rate < np.inf):
            raise ModelFileError(f"{self.rule}: first_rate is no rate: {rate!r:.40}")
        if len(self.components_) != self.size:
            raise ModelFileError(
                f"{self.rule}: there are {len(self.components_)} components; settings say "
                f"{self.size}"
            )
        self.first_rate_ = rate

    def facts(self) -> list[tuple[str, str]]:
        """Return what a person wants to know of what was learnt."""
        found = [
            (name, f"{variance:.4g}, {share:.1%} of all")
            for name, variance, share in zip(
                self.outputs()[:8],
                self.explained_variance_.tolist(),
                self.explained_variance_ratio_.tolist(),
                strict=False,
            )
        ]
        kept = float(self.explained_variance_ratio_.sum())
        return [
            ("neurons", f"{self.size}, {self.n_features_in_} inputs each"),
            *self._rate_fact(),
            *found,
            ("variance kept", f"{kept:.1%}"),
        ]


def pointing_up(weights: Array) -> Array:
    """Return weights whose rows have the sign at which their largest entry, by size, is positive.

    Both signs are solutions: w and −w learn and tell the same.
    """
    largest = weights[np.arange(len(weights)), np.abs(weights).argmax(axis=1)]
    return weights * np.where(largest < 0, -1.0, 1.0).astype(weights.dtype)[:, None]


def _answer(known: Mapping[str, Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    y = ((x - known["mean"]) @ known["weights"].T).named("y")
    return y, ops.argmax(y, 1)
