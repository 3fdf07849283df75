"""Layers one after the other: shapes, names, parameters, and the formula from input to output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

import numpy as np

from glassnet.errors import ArgumentError, GlassnetError, ShapeError, nearest
from glassnet.graph.tensor import Tensor
from glassnet.graph.types import Array, Shape
from glassnet.nn.activations import Activation, Linear
from glassnet.nn.layers import Apply, Dense, Draws, Layer, OverTime, Parameter
from glassnet.nn.losses import Output
from glassnet.ops.philox import STREAM_LAYER
from glassnet.records import dataclass
from glassnet.unit import FAMILIES

__all__ = ["Stack", "parse_layers", "read_layers"]


def _as_layer(entry: Any) -> Layer:
    if isinstance(entry, Activation):
        return Apply(entry)
    if isinstance(entry, str):
        first = entry.split(" ")[0].split("(")[0].lower()
        if first in FAMILIES["activation"]:
            return Apply(entry)
    return Layer.of(entry)


def read_layers(layers: object) -> tuple[Layer, ...]:
    """Return layers from a list of them, of text and of activations.

    A layer that goes over time and does not say what it returns gives the whole sequence where
    another such layer comes after it.

    Raises:
        ArgumentError: No list, an empty one, or an entry that is no layer.
    """
    if isinstance(layers, str) or not isinstance(layers, Iterable):
        raise ArgumentError(
            'layers must be a list, as in [gn.Dense(16, "tanh"), gn.Dense(3, "softmax")]; '
            f"got {layers!r:.60}"
        )
    found = [_as_layer(entry) for entry in cast("Iterable[Any]", layers)]
    if not found:
        raise ArgumentError('a network needs layers, as in [gn.Dense(3, "softmax")]')
    over_time = [place for place, layer in enumerate(found) if isinstance(layer, OverTime)]
    for place in over_time[:-1]:
        layer = found[place]
        assert isinstance(layer, OverTime)
        found[place] = layer.returning("sequence")
    return tuple(found)


def _names(layers: Sequence[Layer]) -> list[str]:
    """Name the layers as a person would: hidden (or hidden1, hidden2, …), output, batchnorm1, …"""
    dense = [index for index, layer in enumerate(layers) if isinstance(layer, Dense)]
    names: dict[int, str] = {dense[-1]: "output"} if dense else {}
    for count, index in enumerate(dense[:-1], start=1):
        names[index] = "hidden" if len(dense) == 2 else f"hidden{count}"
    counts: dict[str, int] = {}
    for index, layer in enumerate(layers):
        if index not in names:
            counts[layer.name] = counts.get(layer.name, 0) + 1
            names[index] = f"{layer.name}{counts[layer.name]}"
    return [names[index] for index in range(len(layers))]


def _input_shape(inputs: Any) -> Shape:
    lengths = cast("Sequence[Any]", inputs if isinstance(inputs, tuple | list) else (inputs,))
    wrong = [n for n in lengths if isinstance(n, bool) or not isinstance(n, int | np.integer)]
    if not lengths or wrong or min(lengths) < 1:
        raise ArgumentError(f"inputs must be a whole number of at least 1; got {inputs!r}")
    return tuple(int(length) for length in lengths)


@dataclass(frozen=True)
class Stack:
    """A feed-forward network without values.

    Args:
        layers: The layers in order; activations by themselves stand for a layer that applies them.
        inputs: The shape of one example; a whole number m stands for (m,).
        first: The number of the first layer, where several stacks are parts of one network: it says
            where the layers' random numbers (dropout) come from.

    Raises:
        ArgumentError, ShapeError: There is no layer, or a layer does not fit the one before it
            (the message names the layer).
    """

    layers: tuple[Layer, ...]
    inputs: Shape
    first: int = 0

    def __init__(
        self, layers: Sequence[Any] | object, inputs: int | Sequence[int], first: int = 0
    ) -> None:
        object.__setattr__(self, "first", first)
        object.__setattr__(self, "inputs", _input_shape(inputs))
        object.__setattr__(self, "layers", read_layers(layers))
        object.__setattr__(self, "_names", tuple(_names(self.layers)))
        object.__setattr__(self, "_shapes", tuple(self._walk()))

    def _walk(self) -> Iterator[Shape]:
        shape = self.inputs
        yield shape
        for name, layer in zip(self.names, self.layers, strict=True):
            try:
                shape = layer.output_shape(shape)
            except GlassnetError as error:
                raise ShapeError(f"layer {name} ({layer}): {error}") from None
            yield shape

    @property
    def names(self) -> tuple[str, ...]:
        """The layers' names."""
        return self.__dict__["_names"]

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """The shape of the input of one example, then of each layer's output."""
        return self.__dict__["_shapes"]

    @property
    def units(self) -> int:
        """The number of outputs."""
        return self.shapes[-1][-1]

    @property
    def is_masked(self) -> bool:
        """Whether the sequences may differ in length: missing steps are NaN."""
        return any(layer.masks for layer in self.layers)

    @property
    def steps(self) -> int | None:
        """The number of steps that are answered, where each has an answer of its own."""
        return self.shapes[-1][0] if len(self.shapes[-1]) == 2 else None

    def check(self, rows: Array) -> None:
        """Raise DataError if the first layer (after a mask) cannot read these examples."""
        for layer in self.layers:
            layer.check(rows)
            if not layer.masks:
                return

    @property
    def activation(self) -> Activation:
        """The activation of the last neurons."""
        for layer in reversed(self.layers):
            psi = layer.last_activation
            if psi is not None:
                return psi
        return Linear()

    def parameters(self) -> dict[str, Parameter]:
        """Return the trained parameters, by "layer.name"."""
        return {
            f"{name}.{key}": parameter
            for name, layer, shape in zip(self.names, self.layers, self.shapes, strict=False)
            for key, parameter in layer.parameters(shape).items()
        }

    def statistics(self) -> dict[str, Parameter]:
        """Return what the layers remember from training without training it, by "layer.name"."""
        return {
            f"{name}.{key}": parameter
            for name, layer, shape in zip(self.names, self.layers, self.shapes, strict=False)
            for key, parameter in layer.statistics(shape).items()
        }

    def carries(self) -> dict[str, int]:
        """Return the parts of the state that can be handed from one part of a sequence to the next.

        They are named "layer.name", with the numbers that each has for one example.

        Raises:
            ArgumentError: A layer needs whole sequences, as one that goes both ways does.
        """
        return {
            f"{name}.{key}": size
            for name, layer in zip(self.names, self.layers, strict=True)
            if isinstance(layer, OverTime)
            for key, size in layer.state_sizes().items()
        }

    def penalties(self) -> dict[str, tuple[float, float]]:
        """Return the L1 and L2 strengths of each penalised parameter, as its layer states them."""
        return {
            f"{name}.{key}": layer.penalties
            for name, layer, shape in zip(self.names, self.layers, self.shapes, strict=False)
            for key, parameter in layer.parameters(shape).items()
            if parameter.penalised
        }

    def forward(
        self,
        x: Tensor,
        parameters: Mapping[str, Tensor],
        statistics: Mapping[str, Tensor],
        seed: Tensor | None = None,
        counter: Tensor | None = None,
        *,
        carry: Mapping[str, Tensor] | None = None,
        hand_over: int | None = None,
    ) -> tuple[Output, dict[str, Tensor]]:
        """Return the network's answer to a batch and the new statistics.

        Args:
            x: The batch, of shape (n, *inputs).
            parameters: The parameters, by the names of `parameters()`.
            statistics: The statistics, by the names of `statistics()`.
            seed: The run's seed, in training; None when the network answers.
            counter: The step's number, in training.
            carry: The state before the first step, by the names of `carries()`, each of shape
                (n, size); each layer's own first state if not given.
            hand_over: After how many steps the state is handed on (`Output.carry`); after the last
                one if not given.
        """
        updated: dict[str, Tensor] = {}
        handed: dict[str, Tensor] = {}
        v, mask = x, None
        for index, (name, layer) in enumerate(zip(self.names, self.layers, strict=True)):
            draws = None
            if seed is not None and counter is not None:
                draws = Draws(seed, counter, STREAM_LAYER + self.first + index)
            own = {key: parameters[f"{name}.{key}"] for key in layer.parameters(self.shapes[index])}
            known = {
                key: statistics[f"{name}.{key}"] for key in layer.statistics(self.shapes[index])
            }
            if isinstance(layer, OverTime):
                before = None
                if carry is not None:
                    before = {key: carry[f"{name}.{key}"] for key in layer.state_sizes()}
                result = layer.forward(
                    x, own, known, draws, name, mask, state=before, hand_over=hand_over
                )
                handed |= {f"{name}.{key}": value for key, value in result.state.items()}
            else:
                result = layer.forward(x, own, known, draws, name)
            mask = result.mask if result.mask is not None else mask
            updated |= {f"{name}.{key}": value for key, value in result.statistics.items()}
            x = result.output
            v = result.local_field if result.local_field is not None else x
        return Output(x, v, self.activation, mask if self.steps else None, handed), updated


def parse_layers(text: str, outputs: int) -> tuple[Layer, ...]:
    """Return layers from text such as "16 relu, dropout 0.2, softmax".

    A number of neurons and an activation is a dense layer; "32 lstm" is "lstm 32". An activation by
    itself is applied to what comes before it; as the last entry it is the output layer with the
    neurons that are needed.

    Raises:
        ArgumentError: A name or setting is unknown; the nearest is suggested.
    """
    entries = [entry.strip() for entry in text.split(",")]
    if not all(entries):
        raise ArgumentError(f"layers {text!r}: an entry is empty; write '16 tanh, softmax'")
    layers: list[Layer] = []
    for position, entry in enumerate(entries):
        first, *rest = entry.lower().split()
        if rest and first.isdigit() and rest[0] in ("rnn", "lstm", "gru"):
            words = entry.split()
            layers.append(Layer.of(" ".join([words[1], words[0], *words[2:]])))
        elif first.lstrip("+-").replace(".", "", 1).isdigit():
            layers.append(Layer.of(f"dense {entry}"))
        elif first in FAMILIES["activation"]:
            last = position == len(entries) - 1
            activation = Activation.of(entry)
            layers.append(Dense(outputs, activation) if last else Apply(activation))
        elif first in FAMILIES["layer"]:
            layers.append(Layer.of(entry))
        else:
            known = [*FAMILIES["layer"], *FAMILIES["activation"]]
            raise ArgumentError(
                f"layers {text!r}: {first!r} is neither a number of neurons nor one of "
                f"{', '.join(known)}{nearest(first, known)}"
            )
    return tuple(layers)
