"""The perceptron convergence algorithm (C1): Rosenblatt's rule for threshold neurons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Self

import numpy as np

from glassnet import ops
from glassnet.errors import ArgumentError, ModelFileError
from glassnet.graph import DType, Graph, Tensor
from glassnet.graph.types import Array
from glassnet.learning.schedule import Schedule
from glassnet.nn.activations import signum, threshold
from glassnet.records import dataclass
from glassnet.rules.answering import Answerer
from glassnet.rules.common_point import CommonPoint
from glassnet.rules.estimator import Estimator
from glassnet.rules.examples import Examples, read_examples
from glassnet.rules.start_values import first_values
from glassnet.rules.step import StepRecipe, StepWriter
from glassnet.rules.steps import Steps
from glassnet.rules.training import Taught, Teaching, as_schedule, follow, teach
from glassnet.rules.warning import warn
from glassnet.unit import check_choice

__all__ = ["Perceptron"]

NO_MISTAKE = "an epoch without a mistake"
MOST_TO_SEPARATE = 50_000_000  # numbers: above this it is not tried to prove that it cannot be done


@dataclass(eq=False, repr=False)
class Perceptron(Estimator, rule="perceptron"):
    """Threshold neurons that learn from their mistakes: w ← w + η e x, b ← b + η e, e = d − y.

    Two classes have one neuron; it fires (v = w·x + b ≥ 0) for the second class in sorted order.
    Several classes have a neuron each. If the classes can be separated by planes, the rule finds
    such planes after a limited number of mistakes, and stops after an epoch without one. If not, it
    never ends by itself: `fit` says so, with the proof (`certificate_`), and "pocket" or "averaged"
    give the best weights on the way.

    Args:
        learning_rate: η, above 0; a schedule, or its text such as "exponential 1 0.9".
        variant: "plain"; "pocket" keeps the weights that made the fewest mistakes on the training
            part (Gallant 1990); "averaged" answers with the mean of the weights after all steps
            (Freund and Schapire 1999).
        multiclass: For three classes and more: "one_vs_rest" trains each neuron by itself to tell
            its class from the rest; "joint" moves two neurons after a mistake, the right one
            towards x and the one that won away from it (Duda and Hart 1973).
        bipolar: Whether neurons answer −1 and +1 (so that e is ±2) rather than 0 and 1.
        bias: Whether neurons have a bias b; without, all planes pass through the origin.
        start_weights: The first weights, (units, inputs) or (inputs,) for one neuron; 0 if not
            given.
        start_bias: The first biases, (units,) or a number for one neuron; 0 if not given.
        epochs: How often each example is learnt from, at most.
        shuffle: Whether the examples are taken in a new order each epoch, rather than as given.
        seed: Where the order is drawn from.
        dtype: The number type, "float32" or "float64".
        engine: "native" (C++) or "reference" (NumPy); the native one if not given.
        progress: Whether to show a progress bar; if not given, where someone is there to see it.

    Attributes:
        weights_: (units, inputs).
        bias_: (units,).
        mistakes_: How many mistakes were made in all.
        is_separable_: True if an epoch ended without a mistake; False if it is proved that no
            planes separate the classes; None if it is not known.
        certificate_: The proof that no plane separates two classes, or None.

    Source: Rosenblatt (1958), "The perceptron", Psychological Review 65; lecture notes C1–C3.

    >>> import glassnet as gn
    >>> neuron = gn.Perceptron().fit([[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1])
    >>> neuron.predict([[1, 1], [1, 0]]).tolist()
    [1, 0]
    >>> neuron.weights_.tolist(), neuron.bias_.tolist(), neuron.mistakes_
    ([[2.0, 1.0]], [-3.0], 11)
    """

    wants: ClassVar[str] = "classes"
    state: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "weights_": ("unit", "source"),
        "bias_": ("unit",),
    }

    learning_rate: float | str | Schedule = 1.0
    variant: str = "plain"
    multiclass: str = "one_vs_rest"
    bipolar: bool = False
    bias: bool = True
    start_weights: Any = None
    start_bias: Any = None
    epochs: int = 1000
    shuffle: bool = False
    seed: int = 0
    dtype: str = "float64"
    engine: str | None = None
    progress: bool | None = None

    def check(self) -> None:
        """Raise ArgumentError if a setting has a value that is not allowed."""
        super().check()
        check_choice("variant", self.variant, ("plain", "pocket", "averaged"))
        check_choice("multiclass", self.multiclass, ("one_vs_rest", "joint"))

    # --- the step ---------------------------------------------------------------------------------
    def step_graph(self, values: Mapping[str, Array], n: int, classes: int) -> Graph:
        """Return the graph of a step on n examples (usually one)."""
        dtype = DType(self.dtype)
        write = StepWriter(values, dtype, n)
        w = write.parameter("weights", "w", ("neuron", "source"))
        units, inputs = w.shape
        x, rate, number = write.x(inputs), write.rate(), write.classes()
        fires = signum if self.bipolar else threshold
        v = x @ w.T
        b = write.parameter("bias", "b", ("neuron",)) if self.bias else None
        v = (v if b is None else v + b).named("v")
        if units == 1:
            d = ops.cast(number, dtype).reshape(n, 1)
        else:
            d = ops.one_hot(number, units, dtype)
        y = fires(v)
        if self.multiclass == "joint" and classes > 2:
            winner = ops.argmax(v, 1)
            y = ops.one_hot(winner, units, dtype)
        if self.bipolar:
            d = d * 2.0 - 1.0
            y = y * 2.0 - 1.0 if self.multiclass == "joint" and classes > 2 else y
        d, y = d.named("d"), y.named("y")
        e = (d - y).named("e")
        state = {"parameters/weights": (w + rate * (e.T @ x)).named("w new")}
        if b is not None:
            state["parameters/bias"] = (b + rate * e.sum(0)).named("b new")
        mistakes = ops.cast(ops.not_equal(e, 0.0), dtype)
        wrong = ops.max_(mistakes, 1) if units > 1 else mistakes.sum(1)
        if self.variant != "plain":
            state |= self._remember(write, state, wrong)
        loss = ((e * e).sum(1) * 0.5).mean()
        return write.end(state, loss, mistakes=wrong.mean())

    def _remember(
        self, write: StepWriter, state: Mapping[str, Tensor], wrong: Tensor
    ) -> dict[str, Tensor]:
        """Return the slots of the averaged and of the pocket variant after the step."""
        names = [key.partition("/")[2] for key in state]
        if self.variant == "averaged":
            return {
                f"slots/{name}_sum": write.slot(f"{name}_sum", f"Σ{name}")
                + state[f"parameters/{name}"]
                for name in names
            }
        # The pocket holds the weights that were right for the longest run of examples.
        run, best = write.slot("run", "run"), write.slot("best_run", "longest run")
        run_now = (run + 1.0) * (1.0 - wrong.sum())
        longer = run_now > best
        kept = {
            f"slots/{name}_pocket": ops.select(
                ops.broadcast(longer.reshape(*(1,) * value.ndim), value.shape), value, pocket
            )
            for name in names
            for value in [write.parameter(name, name[0])]
            for pocket in [write.slot(f"{name}_pocket", f"{name[0]} in the pocket")]
        }
        return {**kept, "slots/run": run_now, "slots/best_run": ops.select(longer, run_now, best)}

    # --- learning ---------------------------------------------------------------------------------
    def _start(self, inputs: int, classes: int) -> dict[str, Array]:
        units = 1 if classes == 2 else classes
        dtype = DType(self.dtype).numpy
        weights = first_values("start_weights", self.start_weights, (units, inputs), dtype)
        values = {"parameters/weights": weights}
        if self.bias:
            values["parameters/bias"] = first_values("start_bias", self.start_bias, (units,), dtype)
        elif self.start_bias is not None:
            raise ArgumentError("start_bias is given, but bias=False says that there is no bias")
        for key in [*values] if self.variant != "plain" else []:
            name = key.partition("/")[2]
            if self.variant == "averaged":
                values[f"slots/{name}_sum"] = np.zeros_like(values[key])
            else:
                values[f"slots/{name}_pocket"] = values[key].copy()
        if self.variant == "pocket":
            values |= {"slots/run": np.zeros((), dtype), "slots/best_run": np.zeros((), dtype)}
        return values

    def _learn(self, examples: Examples) -> None:
        assert examples.target is not None
        classes, inputs = len(self.classes_), self.n_features_in_
        values = self._start(inputs, classes)
        pocket = _Pocket(self, examples) if self.variant == "pocket" else None
        self.mistakes_ = 0

        def after_epoch(now: Mapping[str, Array], row: dict[str, float]) -> str | None:
            row["mistakes"] = round(row["mistakes"] * len(examples))
            self.mistakes_ += int(row["mistakes"])
            if pocket is not None:
                pocket.look(now)
            return NO_MISTAKE if row["mistakes"] == 0 else None

        taught = self._teach(values, examples, self.epochs, after_epoch)
        self.is_separable_ = True if taught.stopped == NO_MISTAKE else None
        self.certificate_ = None
        values = taught.values
        if pocket is not None:
            values = pocket.best or values
        elif self.variant == "averaged" and not self.is_separable_:
            steps = max(int(taught.facts["steps"]), 1)
            values = {
                key: values[f"slots/{key.partition('/')[2]}_sum"] / steps
                for key in values
                if key.startswith("parameters/")
            }
        self._keep(values)
        if self.is_separable_ is None and taught.stopped != "interrupted":
            self._explain(examples)

    def _teach(
        self, values: dict[str, Array], examples: Examples, epochs: int, after_epoch: Any
    ) -> Taught:
        classes = len(self.classes_)
        recipe = StepRecipe(DType(self.dtype), lambda n: self.step_graph(values, n, classes))
        teaching = Teaching(
            epochs,
            schedule=as_schedule(self.learning_rate),
            shuffle=self.shuffle,
            seed=self.seed,
            engine=self.engine,
            progress=self.progress,
        )
        taught = teach(
            recipe, values, examples.x, examples.target, teaching, after_epoch, self.history_
        )
        self.notes_ += taught.notes
        self.training_ |= taught.facts
        return taught

    def _keep(self, values: Mapping[str, Array]) -> None:
        self.weights_ = values["parameters/weights"].copy()
        units = len(self.weights_)
        zero = np.zeros(units, self.weights_.dtype)
        self.bias_ = values.get("parameters/bias", zero).copy()

    def _explain(self, examples: Examples) -> None:
        """Say why no epoch was without a mistake: prove that none can be, if that is so."""
        from glassnet.rules.separability import Inseparable, separation

        assert examples.target is not None
        reason = f"no epoch of {self.epochs} was without a mistake"
        if len(self.classes_) == 2 and examples.x.size <= MOST_TO_SEPARATE:
            found = separation(examples.x, examples.target, bias=self.bias)
            if isinstance(found, Inseparable):
                proof = _named(found.certificate, examples, self.classes_)
                self.is_separable_, self.certificate_ = False, proof
                reason = (
                    "the classes are not linearly separable. Proof, with rows counted from 0: "
                    f"{proof}"
                ).rstrip(".")
            else:
                reason += "; the classes may be separable all the same: try more epochs"
        if self.variant == "plain":
            reason += '. variant="pocket" or "averaged" keeps the best weights on the way'
        self.notes_ = (*self.notes_, reason)
        warn(reason)

    def partial_fit(self, X: Any, y: Any, classes: Sequence[Any] | None = None) -> Self:
        """Learn from each of some examples once, in the order given, and go on from there.

        Args:
            X: Examples, (n, inputs).
            y: The class of each, (n,).
            classes: All classes; needed at the first call only, where y may not show them all.
        """
        self.check()
        self._arrays_only(X)
        if self.variant != "plain":
            raise ArgumentError(
                f"partial_fit goes with the plain rule, not variant={self.variant!r}"
            )
        known = self.classes if self.is_fitted else classes
        examples = read_examples(X, y, DType(self.dtype), wants="classes", classes=known)
        if not self.is_fitted:
            self._begin(examples)
            self.mistakes_, self.is_separable_, self.certificate_ = 0, None, None
            self._keep(self._start(self.n_features_in_, len(self.classes_)))
        x = self.array(examples.x)
        values = {"parameters/weights": self.weights_}
        if self.bias:
            values["parameters/bias"] = self.bias_
        taught = self._teach(values, Examples(x, examples.target), 1, None)
        self.mistakes_ += round(taught.history["mistakes"][-1] * len(x))
        self._keep(taught.values)
        return self

    def steps(self, X: Any, y: Any, epochs: int | None = None) -> Steps:
        """Return the steps that `fit` would take, one by one, until an epoch has no mistake.

        Args:
            X: Examples, (n, inputs).
            y: The class of each.
            epochs: How many epochs at most; as in `fit` if not given.

        Returns:
            A row for each example with x, d, v, y, e and the weights and bias after the step.
        """
        self.check()
        examples = read_examples(X, y, DType(self.dtype), wants="classes")
        assert examples.classes is not None
        classes = len(examples.classes)
        state = self._start(examples.x.shape[1], classes)
        recipe = StepRecipe(DType(self.dtype), lambda n: self.step_graph(state, n, classes))
        shown = {name: name for name in ("x", "d", "v", "y", "e")}
        shown |= (
            {"parameters/weights": "w", "parameters/bias": "b"}
            if self.bias
            else {"parameters/weights": "w"}
        )
        most = self.epochs if epochs is None else epochs
        return follow(
            recipe,
            state,
            examples.x,
            examples.target,
            Teaching(
                most,
                schedule=as_schedule(self.learning_rate),
                shuffle=self.shuffle,
                seed=self.seed,
            ),
            shown,
            lambda rows: not any(np.any(row["e"]) for row in rows),
            line_at=0.0,
        )

    # --- answering --------------------------------------------------------------------------------
    def decision_function(self, X: Any) -> Array:
        """Return the local field v of each neuron: (n,) for two classes, (n, classes) for more."""
        v = self._answers().outputs(self.input_rows(X))
        return v[:, 0] if v.shape[1] == 1 else v

    def predict_rows(self, rows: Array) -> Array:
        """Return the class of each row: by the neuron that fires, or whose field is largest."""
        return self.classes_[self._answers().classes(rows)]

    def _answers(self) -> Answerer:
        values = {"parameters/weights": self.weights_, "parameters/bias": self.bias_}
        return Answerer.of(self, values, _answer)

    def mistake_bound(self, X: Any, y: Any) -> float:
        """Return the largest number of mistakes that the rule can make on these examples (C3).

        Novikoff's bound (R/γ)², with R the largest length of (x, 1) and γ the margin of the best
        plane through them (with `bias=False`: of x itself). It holds for two classes and weights
        that start at 0, whatever the learning rate and the order; it is infinite where no plane
        separates the classes.

        Source: Novikoff (1962), "On convergence proofs for perceptrons".
        """
        from glassnet.rules.separability import Separable, separation

        examples = read_examples(X, y, DType(self.dtype), wants="classes")
        if examples.classes is not None and len(examples.classes) != 2:
            raise ArgumentError("the bound is for two classes")
        if np.any(self.start_weights) or np.any(self.start_bias):
            raise ArgumentError("the bound is for weights that start at 0")
        assert examples.target is not None
        points = examples.x
        if self.bias:
            points = np.concatenate([points, np.ones((len(points), 1), points.dtype)], axis=1)
        found = separation(points, examples.target, bias=False)
        if not isinstance(found, Separable):
            return float("inf")
        radius = float(np.sqrt((points.astype(np.float64) ** 2).sum(axis=1).max()))
        return (radius / found.margin) ** 2

    def learnt(self) -> dict[str, Any]:
        """Return what was learnt besides the weights."""
        return {"mistakes": self.mistakes_, "is_separable": self.is_separable_}

    def remember(self, learnt: Mapping[str, Any]) -> None:
        """Take over what `learnt` gave."""
        mistakes, separable = learnt.get("mistakes"), learnt.get("is_separable")
        if type(mistakes) is not int or mistakes < 0:
            raise ModelFileError(f"perceptron: mistakes is no count: {mistakes!r:.40}")
        if separable not in (True, False, None):
            raise ModelFileError(f"perceptron: is_separable is {separable!r:.40}")
        self.mistakes_, self.is_separable_, self.certificate_ = mistakes, separable, None

    def facts(self) -> list[tuple[str, str]]:
        """Return what a person wants to know of what was learnt."""
        separable = {True: "yes", False: "no", None: "not known"}[self.is_separable_]
        units, inputs = self.weights_.shape
        return [
            (
                "neurons",
                f"{units} threshold neuron{'s' if units > 1 else ''}, {inputs} inputs each",
            ),
            *self._rate_fact(),
            ("mistakes made", f"{self.mistakes_:,}"),
            ("separable", separable),
        ]


def _answer(known: Mapping[str, Tensor], x: Tensor) -> tuple[Tensor, Tensor]:
    v = (x @ known["weights"].T + known["bias"]).named("v")
    if v.shape[1] == 1:
        return v, ops.cast((v >= 0.0).reshape(-1), DType.INT64)
    return v, ops.argmax(v, 1)


def _named(proof: CommonPoint, examples: Examples, classes: Array) -> CommonPoint:
    """Return a proof that speaks of the classes by name, and of the rows of the caller's data."""
    first, second = (classes[int(number)] for number in proof.classes)
    rows = proof.rows
    if examples.rows is not None:
        numbers = examples.rows
        rows = (tuple(numbers[[*rows[0]]].tolist()), tuple(numbers[[*rows[1]]].tolist()))
    return replace(proof, classes=(first, second), rows=rows)


class _Pocket:
    """The weights that made the fewest mistakes on the training part, looked at each epoch."""

    def __init__(self, owner: Perceptron, examples: Examples) -> None:
        self.owner, self.examples = owner, examples
        self.fewest = len(examples) + 1
        self.best: dict[str, Array] = {}

    def look(self, now: Mapping[str, Array]) -> None:
        """Count the mistakes of the weights now and of those in the pocket; keep the best."""
        names = [key.partition("/")[2] for key in now if key.startswith("parameters/")]
        held = {f"parameters/{name}": now[f"slots/{name}_pocket"] for name in names}
        for values in (held, {f"parameters/{name}": now[f"parameters/{name}"] for name in names}):
            v = self.examples.x @ values["parameters/weights"].T
            v = v + values.get("parameters/bias", 0.0)
            given = (v[:, 0] >= 0).astype(np.int64) if v.shape[1] == 1 else v.argmax(axis=1)
            mistakes = int((given != self.examples.target).sum())
            if mistakes < self.fewest:
                self.fewest = mistakes
                self.best = {key: value.copy() for key, value in values.items()}
