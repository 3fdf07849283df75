"""The logarithm of a sum of exponentials: what softmax divides by."""

from __future__ import annotations

import numpy as np

from glassnet.graph.operation import Explanation, Op, Reduction, Samples, Worked
from glassnet.graph.tensor import Operand, Tensor, apply
from glassnet.graph.types import Array
from glassnet.ops.declare import as_tensor, axes_of
from glassnet.ops.exponential import exp
from glassnet.ops.reductions import infer_reduction, reduction_cases, spread

__all__ = ["logsumexp"]


def _logsumexp(x: Array, axes: tuple[int, ...]) -> Array:
    largest = np.max(x, axis=axes, keepdims=True)
    total = np.sum(np.exp(x - largest), axis=axes, keepdims=True)
    return np.squeeze(largest + np.log(total), axis=axes)


LOGSUMEXP = Op(
    name="logsumexp",
    infer=infer_reduction("logsumexp", "f", empty=False),
    evaluate=_logsumexp,
    pullback=lambda g, y, x, axes: (spread(g, x, axes) * exp(x - spread(y, x, axes)),),
    native=Reduction("logsumexp"),
    jax=lambda jnp, x, axes: __import__("jax").nn.logsumexp(x, axis=axes) if axes else x,
    explain=Explanation("ln Σ e^{0}", "The logarithm of the sum of the exponentials."),
    samples=lambda: Samples(
        reduction_cases(empty=False),
        Worked(([0.0, 0.0, 1000.0, 1000.0],), 1000.6931471805599, {"axes": (0,)}),
    ),
)


def logsumexp(x: Operand, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """Return ln Σ eˣ over all axes, or over those given (which are dropped); never overflows.

    Its gradient is the softmax of x.
    """
    node = as_tensor(x)
    axes = axes_of("logsumexp", axis, node.ndim)
    return apply(LOGSUMEXP, node, axes=axes) if axes else node
