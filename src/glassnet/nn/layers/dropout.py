"""Dropout (H2)."""

from __future__ import annotations

from collections.abc import Mapping

from glassnet import ops
from glassnet.graph.tensor import Tensor
from glassnet.nn.layers.layer import Draws, Forward, Layer
from glassnet.records import dataclass
from glassnet.unit import check_number

__all__ = ["Dropout"]


@dataclass(frozen=True)
class Dropout(Layer, name="dropout"):
    """In training each number is set to 0 with probability p, the others divided by 1 − p.

    When the network answers, nothing is dropped. Which numbers are dropped is a function of the
    run's seed, the step and the layer, so that a run replays exactly.

    Args:
        rate: p, from 0 up to (not including) 1.

    Source: Srivastava et al. (2014); "inverted" form, as in PyTorch.
    """

    rate: float = 0.5

    def __post_init__(self) -> None:
        check_number("rate", self.rate, low=0, high=1, open_high=True)

    def forward(
        self,
        x: Tensor,
        parameters: Mapping[str, Tensor],
        statistics: Mapping[str, Tensor],
        draws: Draws | None,
        name: str,
    ) -> Forward:
        """Return x · mask / (1 − p) in training, else x."""
        del parameters, statistics
        if draws is None or self.rate == 0:
            return Forward(x)
        uniform = ops.random_uniform(
            x.shape, draws.seed, draws.counter, stream=draws.stream, dtype=x.dtype
        )
        mask = ops.cast(uniform.named("u", name) >= self.rate, x.dtype).named("mask", name)
        return Forward((x * (mask / (1.0 - self.rate))).named("y", name))
