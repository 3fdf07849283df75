"""Batch normalisation (H3)."""

from __future__ import annotations

from collections.abc import Mapping

from glassnet import ops
from glassnet.errors import ShapeError
from glassnet.graph.tensor import Tensor
from glassnet.graph.types import Shape
from glassnet.nn.initializers import Ones, Zeros
from glassnet.nn.layers.layer import Draws, Forward, Layer, Parameter
from glassnet.records import dataclass
from glassnet.unit import check_number

__all__ = ["BatchNorm"]


@dataclass(frozen=True)
class BatchNorm(Layer, name="batchnorm"):
    """Each feature is normalised over the batch: z′ = (z − μ)/√(σ² + ε), then y = γz′ + β.

    In training μ and σ² are those of the batch (σ² divided by n). When the network answers, running
    averages take their place: running ← (1 − m)·running + m·batch, where the running variance takes
    the batch's divided by n − 1, as PyTorch does.

    Args:
        momentum: m, how much each batch counts in the running averages: above 0, up to 1.
        epsilon: ε, above 0.

    Source: lecture notes, batch normalisation (H3); Ioffe & Szegedy (2015).
    """

    momentum: float = 0.1
    epsilon: float = 1e-5

    def __post_init__(self) -> None:
        check_number("momentum", self.momentum, low=0, high=1, open_low=True)
        check_number("epsilon", self.epsilon, low=0, open_low=True)

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        """Return γ and β, of the shape of one example."""
        axes = ("neuron",) if len(shape) == 1 else (None,) * len(shape)
        return {
            "gamma": Parameter(shape, "γ", Ones(), axes),
            "beta": Parameter(shape, "β", Zeros(), axes),
        }

    def statistics(self, shape: Shape) -> dict[str, Parameter]:
        """Return the running mean and variance."""
        axes = ("neuron",) if len(shape) == 1 else (None,) * len(shape)
        return {
            "mean": Parameter(shape, "μ", Zeros(), axes),
            "variance": Parameter(shape, "σ²", Ones(), axes, low=0.0),
        }

    def forward(
        self,
        x: Tensor,
        parameters: Mapping[str, Tensor],
        statistics: Mapping[str, Tensor],
        draws: Draws | None,
        name: str,
    ) -> Forward:
        """Return γ(z − μ)/√(σ² + ε) + β and, in training, the new running averages."""
        mean, variance = statistics["mean"], statistics["variance"]
        updated: dict[str, Tensor] = {}
        if draws is not None:
            n = x.shape[0]
            if n < 2:
                raise ShapeError(
                    f"{name}: batch normalisation needs batches of at least 2 examples in training"
                )
            running_mean, running_variance = mean, variance
            mean = x.mean(0).named("μ", name)
            variance = ((x - mean) ** 2.0).mean(0).named("σ²", name)
            unbiased = variance * (n / (n - 1))
            m = self.momentum
            updated = {
                "mean": running_mean * (1.0 - m) + mean * m,
                "variance": running_variance * (1.0 - m) + unbiased * m,
            }
        deviation = ops.sqrt(variance + self.epsilon).named("s", name)
        normalised = ((x - mean) / deviation).named("z′", name)
        y = (parameters["gamma"] * normalised + parameters["beta"]).named("y", name)
        return Forward(y, statistics=updated)
