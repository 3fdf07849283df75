"""Sanger's rule, the generalised Hebbian algorithm: several principal components, in order."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.graph import Tensor
from glassnet.learning.schedule import Schedule
from glassnet.ops import constant
from glassnet.records import dataclass
from glassnet.rules.principal_components import PrincipalComponents
from glassnet.unit import check_whole

__all__ = ["Sanger"]


@dataclass(eq=False, repr=False)
class Sanger(PrincipalComponents, rule="sanger"):
    """Linear neurons that find principal components: wᵢ ← wᵢ + η yᵢ (x − Σ_{j≤i} yⱼ wⱼ), yᵢ = wᵢ·x.

    Each neuron learns by Oja's rule from what the neurons before it have left of the example. So
    the weights come to the eigenvectors of the covariance with the largest eigenvalues, in their
    order, at right angles and of length 1.

    Args:
        components: How many neurons, at most the number of inputs.
        learning_rate: η, above 0; a schedule, or its text such as "exponential 0.1 0.9". If not
            given: a tenth of 2/tr C, at most 1/max |x|², falling to a thousandth of that.
        subtract_mean: Whether the mean of the examples is taken away first; without, the neurons
            find the eigenvectors of E[x xᵀ] instead of the covariance.
        start_weights: The first weights, (components, inputs); random directions if not given.
        epochs: How often each example is learnt from; if not given 100 times, or as often as makes
            200,000 steps of few examples, but at most 2,000 times.
        shuffle: Whether the examples are taken in a new order each epoch, rather than as given.
        seed: Where the first weights and the order are drawn from.
        dtype: The number type, "float32" or "float64".
        engine: "native" (C++) or "reference" (NumPy); the native one if not given.
        progress: Whether to show a progress bar; if not given, where someone is there to see it.

    Attributes:
        components_: The weights, (components, inputs), each row with the sign at which the largest
            of its entries, by size, is positive.
        mean_: What is taken away from each example, (inputs,).
        explained_variance_: The variance of each y over the examples, (components,), as numpy.var
            with ddof=1.
        explained_variance_ratio_: The same as a share of the variance of all inputs.

    Source: Sanger (1989), "Optimal unsupervised learning in a single-layer linear feedforward
    neural network", Neural Networks 2; Haykin, Neural Networks, section 8.5.

    >>> import numpy as np
    >>> from glassnet.rules.sanger import Sanger
    >>> x = np.array([[2.0, 1.0], [-2.0, -1.0], [0.5, -1.0], [-0.5, 1.0]])
    >>> neurons = Sanger(2).fit(x)
    >>> neurons.components_.round(3).tolist()
    [[0.894, 0.447], [-0.447, 0.894]]
    >>> neurons.transform([[2.0, 1.0]]).round(3).tolist()
    [[2.236, 0.0]]
    """

    components: int = 2
    learning_rate: float | str | Schedule | None = None
    subtract_mean: bool = True
    start_weights: Any = None
    epochs: int | None = None
    shuffle: bool = True
    seed: int = 0
    dtype: str = "float64"
    engine: str | None = None
    progress: bool | None = None

    def check(self) -> None:
        """Raise ArgumentError if a setting has a value that is not allowed."""
        super().check()
        check_whole("components", self.components)

    @property
    def size(self) -> int:
        """How many components are found."""
        return self.components

    def change(self, w: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """Return yᵀx − LT[yᵀy] w, where LT keeps the entries with j ≤ i."""
        lower = constant(np.tri(self.components, dtype=w.dtype.numpy))
        return y.T @ x - (lower * (y.T @ y)) @ w
