"""The mean over the steps of a sequence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from glassnet import ops
from glassnet.errors import ArgumentError
from glassnet.graph.tensor import Tensor
from glassnet.graph.types import Shape
from glassnet.nn.layers.layer import Draws, Forward, OverTime
from glassnet.nn.layers.over_time import check_sequence
from glassnet.records import dataclass

__all__ = ["Average"]


@dataclass(frozen=True)
class Average(OverTime, name="average"):
    """The mean over the steps that are there: y = (1/T) Σ x(t).

    After an `Embedding`, a text is the mean of what its words stand for, in whatever order. Steps
    that a `Mask` leaves out count nothing.

    >>> import glassnet as gn
    >>> net = gn.Network([gn.Mask(), gn.Embedding(9, 4), gn.Average(), gn.Dense(1)], inputs=12)
    >>> net.stack.shapes
    ((12,), (12,), (12, 4), (4,), (1,))
    """

    def returning(self, returns: str) -> Self:
        """Return the layer itself: it always gives one answer to a sequence."""
        del returns
        return self

    def state_sizes(self) -> dict[str, int]:
        """Raise ArgumentError: a mean is over whole sequences."""
        raise ArgumentError("average needs whole sequences: it hands nothing on")

    def output_shape(self, shape: Shape) -> Shape:
        """Return (features,) for sequences of shape (time, features)."""
        check_sequence(shape)
        return shape[1:]

    def forward(
        self,
        x: Tensor,
        parameters: Mapping[str, Tensor],
        statistics: Mapping[str, Tensor],
        draws: Draws | None,
        name: str,
        mask: Tensor | None = None,
        *,
        state: Mapping[str, Tensor] | None = None,
        hand_over: int | None = None,
    ) -> Forward:
        """Return the mean over the steps, of shape (n, features)."""
        del parameters, statistics, draws
        if state is not None or hand_over is not None:
            self.state_sizes()  # says why not
        if mask is None:
            return Forward(ops.mean(x, 1).named("y", name))
        there = ops.cast(mask, x.dtype)
        steps = ops.sum_(there, 1).reshape(-1, 1)
        total = ops.sum_(x * there.reshape(*mask.shape, 1), 1)
        return Forward((total / steps).named("y", name))
