"""What the layers that walk over time have in common: K4, K7, and cells of one's own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import field
from typing import Any, ClassVar, Self, cast

import numpy as np

from glassnet import ops
from glassnet.errors import ArgumentError, ShapeError
from glassnet.graph.tensor import Tensor
from glassnet.graph.types import Shape
from glassnet.nn.initializers import Blocks, Given, Initializer, Zeros, given
from glassnet.nn.layers.layer import Draws, Forward, OverTime, Parameter
from glassnet.records import dataclass
from glassnet.unit import check_choice, check_whole, quoted

__all__ = ["GatedLayer", "RecurrentLayer", "State"]

State = Mapping[str, Tensor]  # what a step leaves to the next one, by name


def check_sequence(shape: Shape) -> None:
    """Raise ShapeError unless an example is a sequence of rows."""
    if len(shape) != 2:
        raise ShapeError(
            "a recurrent layer needs a sequence for each example, of shape (time, features); it is "
            f"fed shape {shape}"
        )


@dataclass(frozen=True)
class RecurrentLayer(OverTime):
    """A layer that does the same at each step, with a state that it hands on.

    Args:
        returns: "sequence", the state after each step, or "last", that after the last one. If not
            given, the sequence where another layer that goes over time comes after it, else the
            last state.
        start: The state before the first step: "zeros", "learnt", or numbers, as many as there are
            in the whole state.
    """

    returns: str | None = field(default=None, kw_only=True)
    start: str | tuple[float, ...] = field(default="zeros", kw_only=True)

    def __post_init__(self) -> None:
        if self.returns is not None:
            check_choice("returns", self.returns, ("sequence", "last"))
        if isinstance(self.start, str):
            check_choice("start", self.start, ("zeros", "learnt"))
            return
        numbers = given(self.start).numbers
        object.__setattr__(self, "start", numbers)
        if len(numbers) != sum(self.state_sizes().values()):
            sizes = ", ".join(f"{size} for {key}" for key, size in self.state_sizes().items())
            raise ArgumentError(f"start must have as many numbers as the state: {sizes}; got "
                                f"{len(numbers)}")  # fmt: skip

    # --- what each layer says of itself, beside `state_sizes` -------------------------------------
    def weights_for(self, inputs: int) -> dict[str, Parameter]:
        """Return the weights for steps of so many features."""
        raise NotImplementedError(f"{type(self).__name__} has no weights")

    def step(self, state: State, x: Tensor, weights: Mapping[str, Tensor], name: str) -> State:
        """Return what one step makes of the state, for a batch.

        Args:
            state: What the step before left, each of shape (n, size).
            x: The step's input, of shape (n, features).
            weights: The weights by name.
            name: The layer's name, for labels.
        """
        raise NotImplementedError(f"{type(self).__name__} has no formula")

    # --- what follows from it ---------------------------------------------------------------------
    def __str__(self) -> str:
        """Return the text that `--layers` reads: the name, and the settings that are not usual."""
        words = [self.name]
        settings = sorted(dataclasses.fields(self), key=lambda entry: entry.kw_only is True)
        for place, setting in enumerate(settings):
            value = getattr(self, setting.name)
            if isinstance(value, tuple | Given):
                text = "given"
            elif value == setting.default or str(value) == setting.default:
                continue
            else:
                text = quoted(str(value))
            alone = (
                place == len(words) - 1 and setting.kw_only is not True
            )  # all before it are written
            words.append(text if alone else f"{setting.name}={text}")
        return " ".join(words)

    def returning(self, returns: str) -> Self:
        """Return the same layer with another answer to what it returns, if it leaves that open."""
        return self if self.returns is not None else dataclasses.replace(self, returns=returns)

    def output_shape(self, shape: Shape) -> Shape:
        """Return (size,) for sequences of shape (time, features), or (time, size)."""
        check_sequence(shape)
        size = next(iter(self.state_sizes().values()))
        return (shape[0], size) if self.returns == "sequence" else (size,)

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        """Return the weights, and the state before the first step where it is learnt."""
        found = self.weights_for(shape[-1])
        if self.start == "learnt":
            for key, size in self.state_sizes().items():
                found[f"{key}0"] = Parameter((size,), f"{key}0", Zeros(), ("neuron",))
        return found

    def first_state(self, parameters: Mapping[str, Tensor], x: Tensor) -> dict[str, Tensor]:
        """Return the state before the first step, for a batch x."""
        sizes, begin = self.state_sizes(), 0
        found: dict[str, Tensor] = {}
        for key, size in sizes.items():
            if self.start == "learnt":
                value = parameters[f"{key}0"]
            elif isinstance(self.start, str):
                value = ops.zeros(size, dtype=x.dtype)
            else:
                value = ops.constant(np.array(self.start[begin : begin + size]), x.dtype)
            found[key] = ops.broadcast(value, (x.shape[0], size))
            begin += size
        return found

    def unroll(
        self,
        x: Tensor,
        parameters: Mapping[str, Tensor],
        name: str = "",
        *,
        state: State | None = None,
        mask: Tensor | None = None,
        reverse: bool = False,
        hand_over: int | None = None,
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Go over the steps of a batch of sequences.

        Args:
            x: The sequences, of shape (n, time, features).
            parameters: The parameters by name.
            name: The layer's name, for labels.
            state: The state before the first step; what `start` says if not given.
            mask: Whether each step is part of its sequence, of shape (n, time). The other steps
                leave the state as it is.
            reverse: Whether to go from the last step to the first.
            hand_over: After how many steps the state is returned; after the last one if None.

        Returns:
            The output after each step, of shape (n, time, size), and the state after the last one
            (or after `hand_over`).
        """
        whole = hand_over is None or hand_over == x.shape[1]
        steps = ops.transpose(x, (1, 0, 2))
        shown = None if mask is None else ops.transpose(mask)
        first = next(iter(self.state_sizes()))

        def body(before: State, entries: Any) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
            row, present = entries
            after = dict(self.step(before, row, parameters, name))
            if present is not None:
                there = present.reshape(-1, 1)
                after = {key: ops.select(there, after[key], before[key]) for key in after}
            return after, {first: after[first]} if whole else after

        begin = self.first_state(parameters, x) if state is None else dict(state)
        last, stacks = ops.scan(body, begin, (steps, shown), reverse=reverse)
        kept = cast("dict[str, Tensor]", stacks)
        if hand_over is not None and not whole:
            last = {key: kept[key][hand_over - 1] for key in kept}
        return ops.transpose(kept[first], (1, 0, 2)), last

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
        """Return the state after each step, (n, time, size), or after the last one, (n, size)."""
        del statistics, draws
        sequence, last = self.unroll(
            x, parameters, name, state=state, mask=mask, hand_over=hand_over
        )
        output = sequence if self.returns == "sequence" else last[next(iter(last))]
        return Forward(output.named("y", name), state=last)


@dataclass(frozen=True)
class GatedLayer(RecurrentLayer):
    """A recurrent layer of neurons whose gates read the input by w, the state by u, with biases b.

    Args:
        units: How many neurons.
        weights: Where the first weights of the input come from, each gate by itself: an initialiser
            by name or as an object, or the values of all gates.
        recurrent: The same for the weights of the state.
    """

    gates: ClassVar[int] = 1
    gate_names: ClassVar[tuple[str, ...]] = ()  # in the order of their rows

    units: int
    weights: Initializer | str = field(default="xavier_uniform", kw_only=True)
    recurrent: Initializer | str = field(default="orthogonal", kw_only=True)

    def __post_init__(self) -> None:
        check_whole("units", self.units)
        super().__post_init__()
        for key in ("weights", "recurrent"):
            value: Any = getattr(self, key)
            chosen = Initializer.of(value) if isinstance(value, str | Initializer) else given(value)
            object.__setattr__(self, key, chosen)

    def state_sizes(self) -> dict[str, int]:
        """Return h, of `units` numbers."""
        return {"h": self.units}

    def weights_for(self, inputs: int) -> dict[str, Parameter]:
        """Return w of shape (gates · units, inputs), u of (gates · units, units), and b."""
        rows, axes = self.gates * self.units, ("neuron", "source")

        def each(choice: Initializer | str) -> Initializer:
            inner = Initializer.of(choice)
            return inner if isinstance(inner, Given) else Blocks(inner, self.gates)

        own = self.gate_names
        w, u = each(self.weights), each(self.recurrent)
        return {
            "w": Parameter((rows, inputs), "w", w, axes, penalised=True, blocks=own),
            "u": Parameter((rows, self.units), "u", u, axes, penalised=True, blocks=own),
            "b": Parameter((rows,), "b", self.first_biases(), ("neuron",), blocks=own),
        }

    def first_biases(self) -> Initializer:
        """Return where the first biases come from."""
        return Zeros()

    def split(self, v: Tensor) -> list[Tensor]:
        """Return the part of each gate, of numbers of shape (n, gates · units)."""
        units = self.units
        return [v[:, gate * units : (gate + 1) * units] for gate in range(self.gates)]
