"""Sequences of different lengths in one batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from glassnet import ops
from glassnet.graph.tensor import Tensor
from glassnet.nn.layers.layer import Draws, Forward, Layer
from glassnet.records import dataclass

__all__ = ["Mask"]


@dataclass(frozen=True)
class Mask(Layer, name="mask"):
    """Steps that hold no number (NaN) are no part of their sequence.

    The first layer of a network whose sequences differ in length. Give `fit` and `predict` a list
    of sequences, or an array in which the steps that are missing are NaN (or −1 where a step is a
    whole number that an `Embedding` reads). The layers that go over time leave such steps out: they
    change neither state nor gradient, and each sequence is answered as if it stood alone.

    >>> import glassnet as gn
    >>> net = gn.Network([gn.Mask(), gn.GRU(4), gn.Dense(1)], inputs=(5, 2))
    >>> net.predict([[[0.1, 0.2]], [[0.1, 0.2], [0.3, 0.4]]]).shape
    (2, 1)
    """

    masks: ClassVar[bool] = True

    def forward(
        self,
        x: Tensor,
        parameters: Mapping[str, Tensor],
        statistics: Mapping[str, Tensor],
        draws: Draws | None,
        name: str,
    ) -> Forward:
        """Return x with 0 in place of what is missing, and which steps are there, (n, time)."""
        del parameters, statistics, draws
        first = x[(slice(None), slice(None), *(0,) * (x.ndim - 2))]
        mask = ops.equal(first, first).named("mask", name)  # NaN is not equal to itself
        there = mask.reshape(*mask.shape, *(1,) * (x.ndim - 2))
        return Forward(ops.select(there, x, 0.0).named("y", name), mask=mask)
