"""The least mean squares rule (B1): Widrow and Hoff's delta rule for linear neurons."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from glassnet.errors import ShapeError
from glassnet.graph.types import Array
from glassnet.learning.schedule import Schedule
from glassnet.records import dataclass
from glassnet.rules.error_correction import ErrorCorrection
from glassnet.rules.examples import Examples

__all__ = ["LeastMeanSquares"]


@dataclass(eq=False, repr=False)
class LeastMeanSquares(ErrorCorrection, rule="lms"):
    """Linear neurons that learn numbers: w ← w + η e x, b ← b + η e, e = d − y, y = w·x + b.

    Each step goes down the gradient of E(n) = ½ Σₖ eₖ²(n). With a learning rate that falls, the
    weights come to the least-squares solution; with one that stays they move about it, the less
    the smaller it is. Above `largest_rate_` they grow without end.

    Args:
        learning_rate: η, above 0; a schedule, or its text such as "exponential 0.1 0.9"; a tenth of
            the largest stable rate if not given.
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
        largest_rate_: The largest stable learning rate, with R = E[x̃ x̃ᵀ] the correlation of the
            inputs x̃ (with the bias's 1): 2/λ_max for steps on all examples; 2/tr R, stable in the
            mean square, for steps on one.

    Source: Widrow and Hoff (1960), "Adaptive switching circuits"; Haykin, Neural Networks,
    chapter 3; lecture notes B1.

    >>> import glassnet as gn
    >>> from glassnet.rules.least_mean_squares import LeastMeanSquares
    >>> x, d = [[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0]
    >>> line = LeastMeanSquares(0.2, epochs=200).fit(x, d)
    >>> line.weights_.round(6).tolist(), line.bias_.round(6).tolist()
    ([[2.0]], [1.0])
    >>> LeastMeanSquares(0.1, shuffle=False).steps(x, d, epochs=1)
    epoch  example  x  d    y    e     w     b
        1        1  0  1    0    1     0   0.1
        1        2  1  3  0.1  2.9  0.29  0.39
        1        3  2  5 0.97 4.03 1.096 0.793
    """

    wants: ClassVar[str] = "numbers"

    learning_rate: float | str | Schedule | None = None
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

    def units(self, examples: Examples) -> int:
        """Return the number of values that each example has as target."""
        assert examples.target is not None
        return examples.target.shape[1]

    def targets(self, examples: Examples) -> Array:
        """Return the values as they are."""
        assert examples.target is not None
        return examples.target

    def partial_fit(self, X: Any, y: Any) -> Self:
        """Learn from each of some examples once, in the order given, and go on from there.

        A schedule counts each call as an epoch. Where no learning rate is given, it is a tenth of
        the smallest of the largest stable rates met so far.

        Args:
            X: Examples, (n, inputs).
            y: The target of each, (n,) or (n, units).
        """
        examples = self._read(X, y)
        if self.is_fitted and self.units(examples) != len(self.weights_):
            raise ShapeError(
                f"targets must have {len(self.weights_)} values for each example, as before; "
                f"got {self.units(examples)}"
            )
        return self._go_on(examples)

    def predict_rows(self, rows: Array) -> Array:
        """Return y = w·x + b: (n,) for one neuron, (n, units) for several."""
        y = self._local_field(rows)
        return y[:, 0] if y.shape[1] == 1 else y
