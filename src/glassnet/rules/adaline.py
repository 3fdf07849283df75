"""ADALINE (B1): linear neurons that learn classes by the LMS rule, and answer by a threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from glassnet.graph import DType
from glassnet.graph.types import Array
from glassnet.learning.schedule import Schedule
from glassnet.records import dataclass
from glassnet.rules.error_correction import (
    ErrorCorrection,
    coded,
    one_neuron_for_two,
    share_right,
)
from glassnet.rules.examples import Examples
from glassnet.unit import check_choice

__all__ = ["Adaline"]


@dataclass(eq=False, repr=False)
class Adaline(ErrorCorrection, rule="adaline"):
    """Adaptive linear neurons for classes: w ← w + η e x, b ← b + η e, e = d − v, v = w·x + b.

    Two classes have one neuron: it answers the second, in sorted order, where v is at or above the
    middle of the two targets. Several classes have a neuron each, and the largest v wins. Unlike
    the perceptron, it learns from the linear v, not from the answer: also from examples that it
    answers rightly, and it comes to rest (in the mean) where classes cannot be separated.

    Args:
        learning_rate: η, above 0; a schedule, or its text such as "exponential 0.1 0.9"; a tenth of
            the largest stable rate if not given.
        coding: "bipolar" (+1 for a neuron's own class, −1 for others) or "binary" (1 and 0).
        mode: "online" (an update after each example), "minibatch" or "batch" (after all of them).
            Several examples change the weights by their mean.
        batch_size: For mini-batches: their size; 32 if not given.
        bias: Whether neurons have a bias b.
        start_weights: The first weights, (units, inputs) or (inputs,) for one neuron; 0 if not
            given.
        start_bias: The first biases, (units,) or a number for one neuron; 0 if not given.
        epochs: How often each example is learnt from.
        shuffle: Whether the examples are taken in a new order each epoch, rather than as given.
        seed: Where the order is drawn from.
        dtype: The number type, "float32" or "float64".
        engine: "native" (C++) or "reference" (NumPy); the native one if not given.
        progress: Whether to show a progress bar; if not given, where someone is there to see it.

    Attributes:
        weights_: (units, inputs).
        bias_: (units,).
        classes_: The classes.
        largest_rate_: The largest stable learning rate: 2/λ_max of R = E[x̃ x̃ᵀ] for steps on all
            examples; 2/tr R, stable in the mean square, for steps on one.

    Source: Widrow and Hoff (1960), "Adaptive switching circuits", IRE WESCON Convention Record;
    lecture notes B1.

    >>> from glassnet.rules.adaline import Adaline
    >>> neuron = Adaline(0.1, epochs=50)
    >>> neuron.fit([[0, 0], [0, 1], [1, 0], [1, 1]], ["no", "no", "no", "yes"])
    Adaline(learning_rate=0.1, epochs=50)
    >>> neuron.predict([[1, 1], [1, 0]]).tolist()
    ['yes', 'no']
    """

    wants: ClassVar[str] = "classes"
    shown: ClassVar[Mapping[str, str]] = {"x": "x", "d": "d", "y": "v", "e": "e"}

    learning_rate: float | str | Schedule | None = None
    coding: str = "bipolar"
    mode: str = "online"
    batch_size: int | None = None
    bias: bool = True
    start_weights: Any = None
    start_bias: Any = None
    epochs: int = 100
    shuffle: bool = True
    seed: int = 0
    dtype: str = "float64"
    engine: str | None = None
    progress: bool | None = None

    def check(self) -> None:
        """Raise ArgumentError if a setting has a value that is not allowed."""
        super().check()
        check_choice("coding", self.coding, ("bipolar", "binary"))

    @property
    def line_at(self) -> float:
        """The middle of the two targets."""
        return 0.0 if self.coding == "bipolar" else 0.5

    def units(self, examples: Examples) -> int:
        """Return 1 for two classes, else the number of classes."""
        assert examples.classes is not None
        return one_neuron_for_two(len(examples.classes))

    def targets(self, examples: Examples) -> Array:
        """Return classes as ±1, or as 1 and 0."""
        low = -1.0 if self.coding == "bipolar" else 0.0
        return coded(examples, self.units(examples), low, 1.0, DType(self.dtype).numpy)

    def after_epoch(self, weights: Array, bias: Array, examples: Examples) -> dict[str, float]:
        """Return the share of right answers after the epoch."""
        assert examples.target is not None
        v = examples.x @ weights.T + bias
        return {"accuracy": share_right(v, examples.target, self.line_at)}

    def partial_fit(self, X: Any, y: Any, classes: Sequence[Any] | None = None) -> Self:
        """Learn from each of some examples once, in the order given, and go on from there.

        A schedule counts each call as an epoch. Where no learning rate is given, it is a tenth of
        the smallest of the largest stable rates met so far.

        Args:
            X: Examples, (n, inputs).
            y: The class of each, (n,).
            classes: All classes; needed at the first call only, where y may not show them all.
        """
        return self._go_on(self._read(X, y, classes))

    def decision_function(self, X: Any) -> Array:
        """Return how far v is above the middle: (n,) for two classes, (n, classes) for more."""
        v = self._local_field(self.input_rows(X)) - self.line_at
        return v[:, 0] if v.shape[1] == 1 else v

    def predict_rows(self, rows: Array) -> Array:
        """Return the class of each row: by v's side of the middle, or by the largest v."""
        v = self._local_field(rows)
        if v.shape[1] == 1:
            return self.classes_[(v[:, 0] >= self.line_at).astype(int)]
        return self.classes_[v.argmax(axis=1)]
