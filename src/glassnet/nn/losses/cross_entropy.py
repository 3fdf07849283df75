"""Cross-entropies, computed from the local field so that no digits are lost (G2, G3)."""

from __future__ import annotations

from glassnet import ops
from glassnet.graph.tensor import Tensor
from glassnet.nn.activations import log_softmax
from glassnet.nn.losses.loss import Loss, Output
from glassnet.records import dataclass

__all__ = ["BinaryCrossEntropy", "CrossEntropy"]


@dataclass(frozen=True)
class CrossEntropy(Loss, name="cross_entropy"):
    """−Σ_k t_k log a_k over the classes, with a = softmax(v): computed as one from v.

    Its gradient with respect to v is a − t.

    Source: lecture notes, multi-class cross-entropy (G3).
    """

    outputs = ("softmax",)

    def per_example(self, output: Output, target: Tensor) -> Tensor:
        """Return −Σ_k t_k log a_k."""
        logits = output.activation.logits(output.v)
        logarithms = log_softmax(logits).named("ln y", output.y.label.layer)
        return -(target * logarithms).sum(1)

    def written(self, output: Output, target: Tensor) -> Tensor:
        """Return −Σ_k t_k log a_k, from a."""
        return -(target * ops.log(output.y)).sum(1)


@dataclass(frozen=True)
class BinaryCrossEntropy(Loss, name="binary_cross_entropy"):
    """−[t log a + (1 − t) log(1 − a)] with a = σ(z): computed as one, ln(1 + e^z) − t z.

    Its gradient with respect to z is a − t. Several outputs are several yes/no answers: the mean
    over them is taken.

    Source: lecture notes, likelihood loss (G2).
    """

    outputs = ("logistic",)

    def per_example(self, output: Output, target: Tensor) -> Tensor:
        """Return the mean over the outputs of ln(1 + e^z) − t z."""
        z = output.activation.logits(output.v)
        return (ops.softplus(z) - target * z).mean(1)

    def written(self, output: Output, target: Tensor) -> Tensor:
        """Return the mean over the outputs of −[t log a + (1 − t) log(1 − a)], from a."""
        a = output.y
        return -(target * ops.log(a) + (1.0 - target) * ops.log(1.0 - a)).mean(1)
