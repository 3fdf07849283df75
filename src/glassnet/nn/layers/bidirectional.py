"""A recurrent layer in both directions of time."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Self

from glassnet import ops
from glassnet.errors import ArgumentError
from glassnet.graph.tensor import Tensor
from glassnet.graph.types import Shape
from glassnet.nn.layers.layer import Draws, Forward, Layer, Parameter
from glassnet.nn.layers.over_time import OverTime, RecurrentLayer
from glassnet.records import dataclass

__all__ = ["Bidirectional"]

DIRECTIONS = {"forward": "→", "backward": "←"}


@dataclass(frozen=True)
class Bidirectional(OverTime, name="bidirectional"):
    """The same kind of layer twice: one goes forward, one backward; both outputs side by side.

    Each direction has its own weights. The last output of the backward one is that after the first
    step of the sequence, where it arrives.

    Args:
        layer: The recurrent layer, as text ("lstm 32") or as an object. What it returns is what
            both return.

    Source: Schuster & Paliwal (1997).

    >>> import glassnet as gn
    >>> net = gn.Network([gn.Bidirectional(gn.GRU(8)), gn.Dense(1)], inputs=(20, 3))
    >>> net.stack.shapes
    ((20, 3), (16,), (1,))
    """

    layer: RecurrentLayer | str

    def __post_init__(self) -> None:
        layer = Layer.of(self.layer)
        if not isinstance(layer, RecurrentLayer):
            raise ArgumentError(f"bidirectional needs a recurrent layer; got {layer}")
        object.__setattr__(self, "layer", layer)

    @property
    def inner(self) -> RecurrentLayer:
        """The recurrent layer, as an object."""
        assert isinstance(self.layer, RecurrentLayer)
        return self.layer

    def returning(self, returns: str) -> Self:
        """Return the same layer with another answer to what it returns, if it leaves that open."""
        return dataclasses.replace(self, layer=self.inner.returning(returns))

    def output_shape(self, shape: Shape) -> Shape:
        """Return twice as many outputs as the layer has."""
        *time, size = self.inner.output_shape(shape)
        return (*time, 2 * size)

    def state_sizes(self) -> dict[str, int]:
        """Raise ArgumentError: there is no state that could be handed on in both directions."""
        raise ArgumentError(
            "a layer that goes both ways needs whole sequences: it has no state that could be "
            "handed from one part of a sequence to the next"
        )

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        """Return the layer's parameters for each direction, such as forward_w and backward_w."""
        return {
            f"{direction}_{key}": dataclasses.replace(entry, symbol=f"{entry.symbol}{arrow}")
            for direction, arrow in DIRECTIONS.items()
            for key, entry in self.inner.parameters(shape).items()
        }

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
        """Return both outputs, of shape (n, time, 2 · size) or (n, 2 · size)."""
        del statistics, draws
        if state is not None or hand_over is not None:
            self.state_sizes()  # says why not
        parts: list[Tensor] = []
        for direction in DIRECTIONS:
            start = f"{direction}_"
            own = {k.removeprefix(start): v for k, v in parameters.items() if k.startswith(start)}
            sequence, last = self.inner.unroll(
                x, own, f"{name}.{direction}", mask=mask, reverse=direction == "backward"
            )
            parts.append(
                sequence if self.inner.returns == "sequence" else next(iter(last.values()))
            )
        return Forward(ops.concatenate(parts, -1).named("y", name))
