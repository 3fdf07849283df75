"""The parts of an encoder–decoder and their formulas, without values.

Source: Cho et al. (2014) and Sutskever, Vinyals & Le (2014) for encoder and decoder; Luong, Pham &
Manning, Effective approaches to attention-based neural machine translation (2015), global attention
with the "general" score, without feeding the context back into the decoder.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from glassnet import ops
from glassnet.errors import ArgumentError, ShapeError
from glassnet.graph.tensor import Tensor
from glassnet.nn.activations import Activation
from glassnet.nn.initializers import Initializer
from glassnet.nn.layers import (
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    Layer,
    OverTime,
    Parameter,
)
from glassnet.nn.stack import Stack, read_layers
from glassnet.records import dataclass

__all__ = ["Encoded", "Parts"]

FAR = -1e9  # added to the score of a step that is not there: its share of the attention is 0


@dataclass(frozen=True)
class Encoded:
    """What the encoder has made of a batch.

    Attributes:
        state: The decoder's state before its first step, by "layer.part", each (n, size).
        memory: What attention looks at, of shape (n, source steps, size); None without attention.
        mask: Which of these steps are there, (n, source steps); None if all are.
    """

    state: Mapping[str, Tensor]
    memory: Tensor | None
    mask: Tensor | None


@dataclass(frozen=True)
class Parts:
    """An encoder, a bridge, a decoder, perhaps attention, and a head.

    Args:
        encoder: Its layers: layers over time that read a sequence, or dense layers.
        inputs: The shape of one example that the encoder reads.
        decoder: Its layers over time, and what may stand between them (dropout).
        symbols: How many symbols the decoder can answer.
        steps: How many steps an answer has at most, its end counted.
        embedding: How many numbers stand for a symbol that the decoder has answered.
        attention: Whether each step of the decoder looks back at all steps of the encoder.
        dropout: The share that is dropped before the head, in training.

    Raises:
        ArgumentError, ShapeError: The layers do not fit together.
    """

    encoder: tuple[Layer, ...]
    inputs: tuple[int, ...]
    decoder: tuple[Layer, ...]
    symbols: int
    steps: int
    embedding: int
    attention: bool
    dropout: float = 0.0

    def __post_init__(self) -> None:
        layers = read_layers(self.encoder)
        last = [place for place, layer in enumerate(layers) if isinstance(layer, OverTime)][-1:]
        if self.attention and not last:
            raise ArgumentError(
                "attention looks at the encoder's steps, and no layer of the encoder goes over time"
            )
        listed = list(layers)
        for place in last:
            layer = layers[place]
            assert isinstance(layer, OverTime)
            listed[place] = layer.returning("sequence")
        object.__setattr__(self, "encoder", tuple(listed))
        decoder = [
            layer.returning("sequence") if isinstance(layer, OverTime) else layer
            for layer in read_layers(self.decoder)
        ]
        object.__setattr__(self, "decoder", tuple(decoder))
        if not self.body.carries():  # raises where a layer goes both ways
            raise ArgumentError("the decoder needs a recurrent layer, as in gn.LSTM(128)")
        shapes = self.source.shapes[-1]
        if self.attention and len(shapes) != 2:
            raise ShapeError(f"attention needs a row for each step; the encoder gives {shapes}")
        if len(self.body.shapes[-1]) != 2:
            raise ShapeError(f"the decoder must give a row for each step; it gives "
                             f"{self.body.shapes[-1]}")  # fmt: skip

    # --- the stacks -------------------------------------------------------------------------------
    @cached_property
    def source(self) -> Stack:
        """The encoder."""
        return Stack(self.encoder, self.inputs)

    @cached_property
    def body(self) -> Stack:
        """The decoder: from the symbols before to a row for each step."""
        return self.body_of(self.steps)

    def body_of(self, steps: int) -> Stack:
        """Return the decoder for another number of steps."""
        rows = Embedding(self.symbols, self.embedding)
        return Stack((rows, *self.decoder), (steps,), first=len(self.encoder))

    def head_of(self, steps: int) -> Stack:
        """Return the head for a number of steps: from rows to a score for each symbol."""
        layers: list[Layer] = [Dropout(self.dropout)] if self.dropout else []
        layers.append(Dense(self.symbols, "softmax"))
        first = len(self.encoder) + 1 + len(self.decoder)
        return Stack(tuple(layers), (steps, self.width), first=first)

    @property
    def width(self) -> int:
        """The numbers in a row of the decoder."""
        return self.body.shapes[-1][-1]

    @property
    def memory_size(self) -> int:
        """The numbers in a row of the encoder, or in its whole answer."""
        return self.source.shapes[-1][-1]

    # --- parameters -------------------------------------------------------------------------------
    def parameters(self) -> dict[str, Parameter]:
        """Return the trained parameters, by "part_layer.name"."""
        found = _prefixed("encoder", self.source.parameters())
        small = Initializer.of("xavier_uniform")
        zeros, axes = Initializer.of("zeros"), ("neuron", "source")
        for key, size in self.body.carries().items():
            place = f"bridge_{key.replace('.', '_')}"
            shape = (size, self.memory_size)
            found[f"{place}.w"] = Parameter(shape, "w", small, axes, penalised=True)
            found[f"{place}.b"] = Parameter((size,), "b", zeros, ("neuron",))
        found |= _prefixed("decoder", self.body.parameters())
        if self.attention:
            h, e = self.width, self.memory_size
            found["attention.score"] = Parameter((h, e), "w_a", small, axes, penalised=True)
            found["attention.w"] = Parameter((h, e + h), "w_c", small, axes, penalised=True)
        return found | _prefixed("head", self.head_of(self.steps).parameters())

    def statistics(self) -> dict[str, Parameter]:
        """Return what the encoder remembers from training without training it."""
        return _prefixed("encoder", self.source.statistics())

    # --- formulas ---------------------------------------------------------------------------------
    def encode(
        self,
        x: Tensor,
        parameters: Mapping[str, Tensor],
        statistics: Mapping[str, Tensor],
        seed: Tensor | None = None,
        counter: Tensor | None = None,
    ) -> tuple[Encoded, dict[str, Tensor]]:
        """Return what the encoder makes of a batch (n, *inputs), and the new statistics."""
        output, updated = self.source.forward(
            x, _part("encoder", parameters), _part("encoder", statistics), seed, counter
        )
        summary = _summary(output.y, self.encoder)
        state: dict[str, Tensor] = {}
        for key in self.body.carries():
            place = f"bridge_{key.replace('.', '_')}"
            v = summary @ parameters[f"{place}.w"].T + parameters[f"{place}.b"]
            state[key] = ops.tanh(v.named("v", place)).named("y", place)
        memory = output.y if self.attention else None
        encoded = Encoded(state, memory, output.mask if self.attention else None)
        return encoded, {f"encoder_{key}": value for key, value in updated.items()}

    def decode(
        self,
        before: Tensor,
        encoded: Encoded,
        parameters: Mapping[str, Tensor],
        seed: Tensor | None = None,
        counter: Tensor | None = None,
    ) -> tuple[Any, Mapping[str, Tensor], Tensor | None]:
        """Return the answers to steps whose symbols before are known.

        Args:
            before: The symbol before each step, of shape (n, steps), as numbers.
            encoded: What the encoder has made of the batch.
            parameters: The parameters.
            seed: The run's seed, in training.
            counter: The step's number, in training.

        Returns:
            The head's output; the state after the last step; the attention (n, steps, source
            steps), if there is any.
        """
        steps = before.shape[1]
        body, head = self.body_of(steps), self.head_of(steps)
        output, _ = body.forward(
            before, _part("decoder", parameters), {}, seed, counter, carry=encoded.state
        )
        rows, shares = output.y, None
        if encoded.memory is not None:
            rows, shares = _attend(rows, encoded, parameters)
        answer, _ = head.forward(rows, _part("head", parameters), {}, seed, counter)
        return answer, output.carry, shares

    # --- as data ----------------------------------------------------------------------------------
    def to_json(self) -> dict[str, Any]:
        """Return the parts as plain data for a model file."""
        return {
            "encoder": [layer.to_json() for layer in self.encoder],
            "inputs": list(self.inputs),
            "decoder": [layer.to_json() for layer in self.decoder],
            "symbols": self.symbols,
            "steps": self.steps,
            "embedding": self.embedding,
            "attention": self.attention,
            "dropout": self.dropout,
        }


def _prefixed(prefix: str, known: Mapping[str, Parameter]) -> dict[str, Parameter]:
    return {f"{prefix}_{key}": entry for key, entry in known.items()}


def _part(prefix: str, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    start = f"{prefix}_"
    return {k.removeprefix(start): value for k, value in values.items() if k.startswith(start)}


def _summary(y: Tensor, layers: Sequence[Layer]) -> Tensor:
    """Return the encoder's last word on each example, of shape (n, size).

    After a layer that goes both ways it is the last row of one half and the first of the other.
    Steps that are missing leave the state as it is, so the last row is that of the last step there.
    """
    if y.ndim == 2:
        return y
    last = [layer for layer in layers if isinstance(layer, OverTime)][-1]
    if not isinstance(last, Bidirectional):
        return y[:, -1]
    half = y.shape[-1] // 2
    return ops.concatenate([y[:, -1, :half], y[:, 0, half:]], -1)


def _attend(
    rows: Tensor, encoded: Encoded, parameters: Mapping[str, Tensor]
) -> tuple[Tensor, Tensor]:
    """Return tanh(W_c [context, row]) for each step, and the shares α of the attention.

    α(t) = softmax over s of h(t)ᵀ W_a m(s), and the context is Σ_s α(t, s) m(s).
    """
    memory = encoded.memory
    assert memory is not None
    n, steps, width = rows.shape
    length, size = memory.shape[1:]
    flat = rows.reshape(n * steps, width)
    asked = (flat @ parameters["attention.score"]).reshape(n, steps, size)
    score = asked @ ops.transpose(memory, (0, 2, 1))
    if encoded.mask is not None:
        there = ops.broadcast(encoded.mask.reshape(n, 1, length), (n, steps, length))
        score = ops.select(there, score, FAR)
    score = score.reshape(n * steps, length).named("e", "attention")
    shares = Activation.of("softmax")(score).reshape(n, steps, length)
    shares = shares.named("α", "attention")
    context = (shares @ memory).reshape(n * steps, size).named("context", "attention")
    joined = ops.concatenate([context, flat], -1)
    v = (joined @ parameters["attention.w"].T).named("v", "attention")
    return ops.tanh(v).named("y", "attention").reshape(n, steps, width), shares
