"""A network unrolled in time: which layers stand at each step, and what goes from step to step."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

from glassnet.explain.conventions import Profile
from glassnet.explain.html import html_fragment
from glassnet.explain.numbers import short
from glassnet.explain.parts import Page, Part, Picture, Table
from glassnet.explain.text import render_text
from glassnet.explain.time.drawing import save_svg
from glassnet.explain.time.recurrence import choose_layer
from glassnet.explain.time.sequence import Example, example_of, network_of
from glassnet.nn.layers import Average, Bidirectional, Dropout, Embedding, Layer, Recurrent
from glassnet.nn.layers.over_time import RecurrentLayer
from glassnet.nn.stack import Stack
from glassnet.records import dataclass
from glassnet.training import Network, Run
from glassnet.unit import check_whole

__all__ = ["Row", "Unrolled", "unrolled"]

FIRST = 3  # steps that are drawn before the last one
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
LONGEST = 12  # letters of an answer


@dataclass(frozen=True)
class Row:
    """A layer of the unrolled network; one that goes both ways is two of them.

    Attributes:
        name: The layer's name.
        kind: What it is: LSTM, softmax, …
        size: How many numbers it gives.
        output: The symbol of what it gives: h₁.
        state: The symbols of what goes from step to step; empty where nothing does.
        where: "each" (step), "last" (step), or "once", after all of them.
        backward: Whether it goes from the last step to the first.
        formula: What it does, in symbols.
    """

    name: str
    kind: str
    size: int
    output: str
    state: tuple[str, ...]
    where: str
    backward: bool
    formula: str


@dataclass(frozen=True, repr=False)
class Unrolled:
    """A network as it stands after it was unrolled in time: the same layers at each step.

    Attributes:
        rows: The layers, from the input to the output.
        steps: How many steps there are.
        answers_each: Whether each step has an answer of its own.
        weights: How many weights there are.
        left_out: What is not drawn: layers that do something in training only, or to padding.
        symbols: What stands for each step, where a sequence was given; else empty.
        answers: What the network answers: of each step, or one; empty where it is not known.
    """

    rows: tuple[Row, ...]
    steps: int
    answers_each: bool
    weights: int
    left_out: tuple[str, ...]
    symbols: tuple[str, ...]
    answers: tuple[str, ...]

    @property
    def title(self) -> str:
        """What is shown."""
        return f"The network unrolled in time: {self.steps:,} step{'s' * (self.steps > 1)}"

    def svg(self, first: int = FIRST) -> str:
        """Return the picture: the first steps, and the last, side by side.

        Args:
            first: How many steps are drawn before the last one.

        Raises:
            ArgumentError: It is no whole number from 1 to 12.
        """
        from glassnet.explain.time.unrolled_picture import unrolled_svg

        check_whole("first", first, high=12)
        return unrolled_svg(self, first)

    def plot(self, path: str | os.PathLike[str], *, first: int = FIRST) -> None:
        """Write the picture to an SVG file.

        Args:
            path: The file.
            first: How many steps are drawn before the last one.

        Raises:
            ArgumentError: The file's name does not end in .svg; or no number of steps.
            OutputError: The file cannot be written.
        """
        save_svg(path, self.svg(first))

    def remark(self) -> str:
        """Return in a sentence what holds for all steps."""
        found = f"A layer's weights are the same at each step; there are {self.weights:,} in all."
        if self.left_out:
            found += f" Not drawn: {', '.join(self.left_out)}."
        return found

    def page(self, profile: Profile) -> Page:
        """Return what is shown: a table of the layers, and the picture."""
        del profile
        rows = tuple((row.name, row.where, str(row.size), row.formula) for row in self.rows)
        table = Table(("layer", "step", "size", "formula"), rows)
        picture = Picture(self.svg(), "The first steps, and the last.")
        part = Part("Layers, from the input to the output", self.remark(), tables=(table,))
        return Page(self.title, (), (part,), (picture,))

    def __str__(self) -> str:
        return render_text(self.page(Profile("notes")))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_fragment(self.title, [self.page(Profile("notes"))])

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "steps": self.steps,
            "weights": self.weights,
            "left_out": list(self.left_out),
            "symbols": list(self.symbols),
            "answers": list(self.answers),
            "layers": [
                {
                    "layer": row.name,
                    "kind": row.kind,
                    "numbers": row.size,
                    "at": row.where,
                    "backward": row.backward,
                    "state": list(row.state),
                    "formula": row.formula,
                }
                for row in self.rows
            ],
        }

    to_json = to_dict


def unrolled(net: Network | Run, x: Any = None) -> Unrolled:
    """Return a network unrolled in time: each layer at each step, and the state between steps.

    Args:
        net: A network with a recurrent layer.
        x: One sequence, whose symbols and answers are shown, too; or a text, where the network
            reads texts.

    Raises:
        ArgumentError: The network has no recurrent layer.
        DataError, ShapeError: The sequence does not fit.

    Source: lecture notes (K4, K5); Goodfellow, Bengio & Courville, Deep learning (2016), ch. 10.

    >>> import glassnet as gn
    >>> net = gn.Network([gn.RNN(8), gn.Dense(1)], inputs=(20, 3))
    >>> [row.formula for row in gn.unrolled(net).rows]
    ['h(t) = tanh(W x(t) + U h(t−1) + b)', 'y = W h(20) + b']
    """
    known = network_of(net)
    choose_layer(known.stack, None)
    example = None if x is None else example_of(known, x)
    stack = known.stack if example is None else example.net.stack
    steps = stack.inputs[0] if example is None else _length(example)
    return Unrolled(
        tuple(_Rows(stack, steps)),
        steps,
        stack.steps is not None,
        sum(value.size for value in known.parameters.values()),
        tuple(
            f"{name} ({'in training only' if isinstance(layer, Dropout) else 'padding'})"
            for name, layer in zip(stack.names, stack.layers, strict=True)
            if _unseen(layer)
        ),
        () if example is None else example.symbols[:steps],
        () if example is None else tuple(_answers(example, steps)),
    )


def _unseen(layer: Layer) -> bool:
    return layer.masks or isinstance(layer, Dropout)


def _length(example: Example) -> int:
    """Return how many steps a sequence has: what is padding at its end counts nothing."""
    there = ~np.isnan(example.rows[0]).reshape(example.rows.shape[1], -1).all(1)
    return int(np.flatnonzero(there)[-1]) + 1


class _Rows:
    """The rows of a stack, one after the other."""

    def __init__(self, stack: Stack, steps: int) -> None:
        self.stack, self.steps = stack, steps
        recurrent = [
            layer for layer in stack.layers if isinstance(layer, RecurrentLayer | Bidirectional)
        ]
        self.several = len(recurrent) > 1
        over = [
            place
            for place, layer in enumerate(stack.layers)
            if isinstance(layer, RecurrentLayer | Bidirectional | Average)
        ]
        self.last = over[-1]
        ends = stack.layers[self.last]
        self.after = "each" if stack.steps else "once"
        if self.after == "once" and isinstance(ends, RecurrentLayer):
            self.after = "last"

    def __iter__(self) -> Iterator[Row]:
        source, number = "x(t)", 0
        for place, layer in enumerate(self.stack.layers):
            if _unseen(layer):
                continue
            name, size = self.stack.names[place], self.stack.shapes[place + 1][-1]
            where = "each" if place <= self.last else self.after
            if isinstance(layer, RecurrentLayer | Bidirectional):
                number += 1
                mark = str(number).translate(LOWERED) if self.several else ""
                made = list(self._recurrent(name, layer, source, mark))
                yield from made
                source = ", ".join(f"{row.output}(t)" for row in made)
                if place == self.last and self.after != "each":
                    source = ", ".join(
                        f"{row.output}({1 if row.backward else self.steps})" for row in made
                    )
            elif isinstance(layer, Average):
                yield Row(name, "mean", size, "m", (), "once", False, f"m = 1/T Σ {source}")
                source = "m"
            else:
                last = place == len(self.stack.layers) - 1
                output = "y" if last else "e" if isinstance(layer, Embedding) else "a"
                time = "(t)" if where == "each" else ""
                kind, formula = _plain(layer, source)
                made = f"{output}{time} = {formula}"
                yield Row(name, kind, size, output, (), where, False, made)
                source = f"{output}{time}"

    def _recurrent(
        self, name: str, layer: RecurrentLayer | Bidirectional, source: str, mark: str
    ) -> Iterator[Row]:
        both = isinstance(layer, Bidirectional)
        inner = layer.inner if both else layer
        for direction in ("forward", "backward") if both else ("",):
            arrow = {"forward": "→", "backward": "←", "": ""}[direction]
            state = tuple(f"{part}{mark}{arrow}" for part in inner.state_sizes())
            size = next(iter(inner.state_sizes().values()))
            before = "t+1" if direction == "backward" else "t−1"
            formula = _step(inner, source, state, before)
            whole = f"{name}.{direction}" if direction else name
            kind = inner.known.name if isinstance(inner, Recurrent) else inner.name.upper()
            yield Row(whole, kind, size, state[0], state, "each", direction == "backward", formula)


def _step(layer: RecurrentLayer, source: str, state: tuple[str, ...], before: str) -> str:
    """Return what a step does, in symbols."""
    psi = layer.last_activation
    if psi is not None:  # a basic layer, whose formula is short
        inside = f"W {_bracketed(source)} + U {state[0]}({before}) + b"
        return f"{state[0]}(t) = {_applied(psi.name, inside)}"
    kind = layer.known.name if isinstance(layer, Recurrent) else layer.name.upper()
    left = ", ".join(f"{part}(t)" for part in state)
    earlier = ", ".join(f"{part}({before})" for part in state)
    return f"{left} = {kind}({source}, {earlier})"


def _plain(layer: Layer, source: str) -> tuple[str, str]:
    """Return what a layer that stands at each step for itself is, and what it does."""
    if isinstance(layer, Embedding):
        return "embedding", f"W[{source}]"
    psi = layer.last_activation
    if psi is None:
        return layer.name, f"{layer.name}({source})"
    inside = f"W {_bracketed(source)} + b" if layer.name == "dense" else source
    return psi.name, _applied(psi.name, inside)


def _bracketed(source: str) -> str:
    return f"[{source}]" if ", " in source else source


def _applied(psi: str, inside: str) -> str:
    return inside if psi == "linear" else f"{psi}({inside})"


def _answers(example: Example, steps: int) -> Iterator[str]:
    """Yield what the network answers, where it was trained to."""
    net = example.net
    if net.task is None or net.preprocessing is not None:
        return
    found: list[Any] = np.asarray(net.predict(net.encoded(example.rows))).reshape(-1).tolist()
    for answer in found[:steps]:
        text = short(answer, 3) if isinstance(answer, float) else str(answer)
        yield text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
