"""What a layer is: a shape rule, parameters, remembered statistics, and a formula."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, ClassVar, Self

from glassnet.graph.tensor import Tensor
from glassnet.graph.types import Array, Axes, Shape
from glassnet.nn.initializers import Initializer
from glassnet.records import dataclass
from glassnet.unit import Unit

if TYPE_CHECKING:
    from glassnet.nn.activations import Activation

__all__ = ["Draws", "Forward", "Layer", "OverTime", "Parameter"]


@dataclass(frozen=True)
class Parameter:
    """What is known of a parameter, or of a remembered statistic, before it has values.

    Args:
        shape: Its shape; weights are [to, from].
        symbol: What a textbook calls it.
        initializer: Where its first values come from.
        axes: The names of its axes.
        penalised: Whether L1 and L2 regularisation apply to it: to weights, not to biases.
        low: The smallest number that it may hold.
        blocks: The gates whose rows stand one below the other in it, by their letters.
    """

    shape: Shape
    symbol: str
    initializer: Initializer
    axes: Axes
    penalised: bool = False
    low: float = -math.inf
    blocks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draws:
    """Where a layer's random numbers come from in training: the run's seed, the step's number."""

    seed: Tensor
    counter: Tensor
    stream: int


@dataclass(frozen=True)
class Forward:
    """What a layer's formula gives.

    Args:
        output: The layer's output y.
        local_field: v, where y = ψ(v).
        statistics: The new values of the remembered statistics.
        mask: Which steps are part of their sequences, of shape (n, time), from a layer that says.
        state: What a layer that goes over time hands on to the steps that follow, by name.
    """

    output: Tensor
    local_field: Tensor | None = None
    statistics: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])
    mask: Tensor | None = None
    state: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])


@dataclass(frozen=True)
class Layer(Unit, family="layer"):
    """The parent of all layers.

    Shapes are those of one example; tensors have the examples as their first axis.
    """

    masks: ClassVar[bool] = False  # whether it says which steps of a sequence are missing

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of the output for an input of a shape; raises ShapeError."""
        return shape

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        """Return the trained parameters for an input of a shape."""
        del shape
        return {}

    def statistics(self, shape: Shape) -> dict[str, Parameter]:
        """Return what is remembered from training without being trained."""
        del shape
        return {}

    def check(self, rows: Array) -> None:
        """Raise DataError if the layer cannot read these examples, as the first of a network."""

    @property
    def last_activation(self) -> Activation | None:
        """ψ of the neurons whose outputs the layer hands on; None if it has none of its own."""
        return getattr(self, "psi", None)

    @property
    def penalties(self) -> tuple[float, float]:
        """The layer's own L1 and L2 strengths."""
        return (0.0, 0.0)

    def forward(
        self,
        x: Tensor,
        parameters: Mapping[str, Tensor],
        statistics: Mapping[str, Tensor],
        draws: Draws | None,
        name: str,
    ) -> Forward:
        """Return the output for a batch.

        Args:
            x: The input, with the examples as first axis.
            parameters: The parameters by the names of `parameters`.
            statistics: The statistics by the names of `statistics`.
            draws: Where random numbers come from in training; None when the network answers.
            name: The layer's name, for labels.
        """
        raise NotImplementedError(f"{type(self).__name__} has no formula")


@dataclass(frozen=True)
class OverTime(Layer):
    """The parent of layers that go over the steps of a sequence of shape (time, features)."""

    def returning(self, returns: str) -> Self:
        """Return the same layer with another answer to what it returns, if it leaves that open."""
        raise NotImplementedError(f"{type(self).__name__} has nothing to return")

    def state_sizes(self) -> dict[str, int]:
        """Return the parts of the state, and how many numbers each has; the first is the output.

        Raises:
            ArgumentError: The layer needs whole sequences: it hands nothing on.
        """
        raise NotImplementedError(f"{type(self).__name__} has no state")

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
        """Return the output for a batch of sequences.

        Args:
            x: The input, of shape (n, time, features).
            parameters: The parameters by the names of `parameters`.
            statistics: The statistics by the names of `statistics`.
            draws: Where random numbers come from in training; None when the network answers.
            name: The layer's name, for labels.
            mask: Whether each step is part of its sequence, of shape (n, time); all if None.
            state: The state before the first step; the layer's own first state if None.
            hand_over: After how many steps the state is handed on; after the last one if None.
        """
        raise NotImplementedError(f"{type(self).__name__} has no formula")
