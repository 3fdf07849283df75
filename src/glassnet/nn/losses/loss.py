"""What a loss is: from a network's output and the target to one number for each example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import ClassVar

from glassnet.errors import PairingError
from glassnet.graph.tensor import Tensor
from glassnet.nn.activations import Activation
from glassnet.records import dataclass
from glassnet.unit import Unit

__all__ = ["Loss", "Output"]


@dataclass(frozen=True)
class Output:
    """A network's answer to a batch, with what the last neurons made it from.

    Args:
        y: The output, of shape (n, units), or (n, time, units) where each step has an answer.
        v: The local field of the last neurons, y = ψ(v), of the same shape.
        activation: ψ.
        mask: Which steps are part of their sequences, of shape (n, time); all if None.
        carry: The state that is handed on to the steps that follow, by "layer.name".
    """

    y: Tensor
    v: Tensor
    activation: Activation
    mask: Tensor | None = None
    carry: Mapping[str, Tensor] = field(default_factory=dict[str, Tensor])

    def last(self, steps: int | None) -> Output:
        """Return the answers to the last steps only; to all of them if None."""
        if steps is None or steps == self.y.shape[1]:
            return self
        y, v = (
            part[:, -steps:].named(part.label.symbol, part.label.layer) for part in (self.y, self.v)
        )
        mask = None if self.mask is None else self.mask[:, -steps:]
        return Output(y, v, self.activation, mask, self.carry)

    @property
    def rows(self) -> Output:
        """The same with each step as an example of its own, one below the other."""
        if self.y.ndim == 2:
            return self
        rows = (-1, self.y.shape[-1])
        y, v = (
            part.reshape(*rows).named(part.label.symbol, part.label.layer)
            for part in (self.y, self.v)
        )
        mask = None if self.mask is None else self.mask.reshape(-1)
        return Output(y, v, self.activation, mask, self.carry)


@dataclass(frozen=True)
class Loss(Unit, family="loss"):
    """The parent of all losses.

    Attributes:
        outputs: The activations that its formula is made for; empty if it takes any output.
    """

    outputs: ClassVar[tuple[str, ...]] = ()

    def check(self, activation: Activation, units: int) -> None:
        """Raise PairingError if the loss does not fit a network with these outputs."""
        if self.outputs and activation.name not in self.outputs:
            raise PairingError(
                f"{self.name} needs {' or '.join(self.outputs)} outputs; the network's are "
                f"{activation.name} ({units} unit{'s' if units != 1 else ''}). Change the last "
                f'layer, as in Dense({units}, "{self.outputs[0]}"), or choose another loss'
            )
        if activation.name == "softmax" and units < 2:
            raise PairingError(
                "softmax with one output always answers 1: use as many outputs as there are "
                'classes, or one "logistic" output for a yes/no answer'
            )

    def per_example(self, output: Output, target: Tensor) -> Tensor:
        """Return the loss of each example, of shape (n,).

        Args:
            output: The network's answer.
            target: What it should have been, of the shape of `output.y`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no formula")

    def written(self, output: Output, target: Tensor) -> Tensor:
        """Return the same as a textbook writes it, from the outputs y.

        It has the same value, but loses digits where an output is near the end of its range.
        """
        return self.per_example(output, target)
