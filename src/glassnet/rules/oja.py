"""Oja's rule (B2): a Hebbian neuron that finds the first principal component."""

from __future__ import annotations

from typing import Any

from glassnet.graph import Tensor
from glassnet.learning.schedule import Schedule
from glassnet.records import dataclass
from glassnet.rules.principal_components import PrincipalComponents

__all__ = ["Oja"]


@dataclass(eq=False, repr=False)
class Oja(PrincipalComponents, rule="oja"):
    """A linear neuron with Hebbian learning that keeps its length: w ← w + η y (x − y w), y = w·x.

    Its weights turn to the direction in which the examples vary most, the eigenvector of their
    covariance with the largest eigenvalue, and come to length 1.

    Args:
        learning_rate: η, above 0; a schedule, or its text such as "exponential 0.1 0.9". If not
            given: a tenth of 2/tr C, at most 1/max |x|², falling to a thousandth of that.
        subtract_mean: Whether the mean of the examples is taken away first; without, the neuron
            finds the first eigenvector of E[x xᵀ] instead of the covariance.
        start_weights: The first weights, (inputs,); a random direction if not given.
        epochs: How often each example is learnt from; if not given 100 times, or as often as makes
            200,000 steps of few examples, but at most 2,000 times.
        shuffle: Whether the examples are taken in a new order each epoch, rather than as given.
        seed: Where the first weights and the order are drawn from.
        dtype: The number type, "float32" or "float64".
        engine: "native" (C++) or "reference" (NumPy); the native one if not given.
        progress: Whether to show a progress bar; if not given, where someone is there to see it.

    Attributes:
        components_: The weights, (1, inputs), with the sign at which the largest of them, by size,
            is positive.
        mean_: What is taken away from each example, (inputs,).
        explained_variance_: The variance of y over the examples, (1,), as numpy.var with ddof=1.
        explained_variance_ratio_: The same as a share of the variance of all inputs, (1,).

    Source: Oja (1982), "A simplified neuron model as a principal component analyzer", Journal of
    Mathematical Biology 15; Haykin, Neural Networks, section 8.4.

    >>> import numpy as np
    >>> from glassnet.rules.oja import Oja
    >>> x = np.array([[2.0, 1.0], [-2.0, -1.0], [0.1, -0.2], [-0.1, 0.2]])
    >>> neuron = Oja().fit(x)
    >>> neuron.components_.round(3).tolist(), neuron.explained_variance_.round(3).tolist()
    ([[0.894, 0.447]], [3.333])
    """

    learning_rate: float | str | Schedule | None = None
    subtract_mean: bool = True
    start_weights: Any = None
    epochs: int | None = None
    shuffle: bool = True
    seed: int = 0
    dtype: str = "float64"
    engine: str | None = None
    progress: bool | None = None

    def change(self, w: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Return y (x − y w)."""
        return y * (x - y * w)
