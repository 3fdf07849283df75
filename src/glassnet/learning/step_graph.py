"""What the graphs of all training steps have in common: their inputs, and the update at the end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from glassnet.graph import DType, Shape, Tensor, TensorType, differentiate
from glassnet.graph.tensor import learning_of
from glassnet.graph.types import Axes
from glassnet.learning.clipping import clip_by_norm, clip_by_value
from glassnet.learning.optimizer import Optimizer
from glassnet.nn.layers import Parameter
from glassnet.ops.sources import input_tensor

__all__ = ["GraphInputs", "looked_ahead", "update"]

Slots = dict[str, dict[str, Tensor]]


class GraphInputs:
    """The inputs of a graph, declared as they are asked for.

    Args:
        dtype: The number type of parameters and data.
    """

    def __init__(self, dtype: DType) -> None:
        self.dtype = dtype
        self.tensors: dict[str, Tensor] = {}

    def declare(
        self,
        name: str,
        shape: Shape,
        dtype: DType | None = None,
        *,
        axes: Axes = (),
        symbol: str = "",
        layer: str = "",
    ) -> Tensor:
        """Declare an input and return it."""
        kind = TensorType(shape, dtype or self.dtype, axes)
        self.tensors[name] = input_tensor(name, kind).named(symbol or name, layer)
        return self.tensors[name]

    def values(
        self, prefix: str, known: Mapping[str, Parameter], word: str = ""
    ) -> dict[str, Tensor]:
        """Declare an input "prefix/key" for each parameter or statistic."""
        found: dict[str, Tensor] = {}
        for key, parameter in known.items():
            name = f"{prefix}/{key}"
            made = self.declare(
                name,
                parameter.shape,
                axes=parameter.axes,
                symbol=f"{word}{parameter.symbol}",
                layer=key.split(".")[0],
            )
            if parameter.blocks:
                made = replace(made, label=replace(made.label, blocks=parameter.blocks))
                self.tensors[name] = made
            found[key] = made
        return found

    def slots(self, known: Mapping[str, Parameter], optimizer: Optimizer) -> Slots:
        """Declare what an optimiser remembers of each parameter."""
        found: Slots = {}
        for key, parameter in known.items():
            with learning_of(key.split(".")[0], parameter.symbol):
                found[key] = {
                    slot: self.declare(f"slots/{key}/{slot}", parameter.shape, symbol=slot)
                    for slot in optimizer.slots()
                }
        return found


def looked_ahead(
    parameters: Mapping[str, Tensor], slots: Slots, optimizer: Optimizer
) -> dict[str, Tensor]:
    """Return the weights at which an optimiser wants the gradient."""
    points: dict[str, Tensor] = {}
    for key, weight in parameters.items():
        with learning_of(weight.label.layer, weight.label.symbol):
            points[key] = optimizer.lookahead(weight, slots[key])
    return points


def update(
    objective: Tensor,
    parameters: Mapping[str, Tensor],
    points: Mapping[str, Tensor],
    slots: Slots,
    optimizer: Optimizer,
    rate: Tensor,
    step: Tensor,
    *,
    clip_value: float | None = None,
    clip_norm: float | None = None,
) -> dict[str, Tensor]:
    """Return the new `parameters/…` and `slots/…` after a step down an objective's gradient.

    Args:
        objective: What becomes smaller.
        parameters: The weights.
        points: The weights at which the gradient is taken (`looked_ahead`).
        slots: What the optimiser remembers.
        optimizer: The optimiser.
        rate: Its learning rate.
        step: The number of the step, from 1.
        clip_value: Largest size of each gradient's entries, or None.
        clip_norm: Largest norm of all gradients together, or None.
    """
    derivative = differentiate(objective, list(points.values()))
    gradients = dict(zip(points, derivative.gradients, strict=True))
    if clip_value is not None:
        gradients = clip_by_value(gradients, clip_value)
    if clip_norm is not None:
        gradients = clip_by_norm(gradients, clip_norm)
    outputs: dict[str, Tensor] = {}
    for key, weight in parameters.items():
        with learning_of(weight.label.layer, weight.label.symbol):
            new, state = optimizer.update(weight, gradients[key], slots[key], rate, step)
        outputs[f"parameters/{key}"] = new
        outputs |= {f"slots/{key}/{slot}": value for slot, value in state.items()}
    return outputs
