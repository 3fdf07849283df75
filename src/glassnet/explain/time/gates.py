"""What the gates and states of a recurrent layer do at each step of a sequence (K7)."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.explain.conventions import Profile
from glassnet.explain.html import html_fragment
from glassnet.explain.numbers import short
from glassnet.explain.parts import Page, Part, Picture, Table
from glassnet.explain.text import render_text
from glassnet.explain.time.drawing import save_svg
from glassnet.explain.time.heat import Block, heat_svg, scale_of
from glassnet.explain.time.recurrence import (
    Traced,
    check_finite,
    choose_layer,
    described,
    named_nodes,
    recurrent_layers,
)
from glassnet.explain.time.sequence import example_of, network_of
from glassnet.graph.loop import Loop
from glassnet.graph.tensor import Tensor
from glassnet.graph.types import Array
from glassnet.records import dataclass
from glassnet.training import Network, Run
from glassnet.unit import check_whole

__all__ = ["GatesOverTime", "gates_over_time"]

MOST_STEPS = 200  # of a picture
NEURONS = 16  # in a picture, if nobody says how many
CLOSED, OPEN = 0.1, 0.9  # Karpathy, Johnson & Fei-Fei (2015) call gates beyond these saturated
DIGITS = 3
ABOUT: dict[str, dict[str, str]] = {
    "lstm": {
        "f": "forget gate: how much of c stays", "i": "input gate: how much of g is let in",
        "g": "candidate", "c": "cell: what is remembered", "o": "output gate", "h": "output",
    },
    "gru": {
        "r": "reset gate", "z": "update gate: how much of h stays", "n": "candidate",
        "h": "state and output",
    },
    "rnn": {"v": "local field", "h": "state and output"},
}  # fmt: skip


@dataclass(frozen=True, repr=False)
class GatesOverTime:
    """The named quantities of a recurrent layer at each step of one sequence.

    Attributes:
        layer: The layer's name.
        kind: What layer it is: "lstm", "gru", "rnn", "recurrent".
        about: The same in words, with its size.
        values: The numbers of each quantity, by its symbol, of shape (steps, size); in the order in
            which they are worked out.
        gates: The symbols of those that are gates, between 0 and 1.
        places: The number of each step in the sequence, from 1.
        symbols: What stands at each step in the sequence; "" where nothing does.
    """

    layer: str
    kind: str
    about: str
    values: Mapping[str, Array]
    gates: frozenset[str]
    places: tuple[int, ...]
    symbols: tuple[str, ...]

    @property
    def title(self) -> str:
        """What is shown."""
        what = "Gates over time" if self.gates else "States over time"
        return f"{what}: {self.layer} ({self.about})"

    def liveliest(self, neurons: int = NEURONS) -> list[int]:
        """Return the numbers, from 0, of the neurons whose output varies most, in order."""
        *_, output = self.values.values()
        spread = output.std(axis=0)
        return sorted(np.argsort(-spread, kind="stable")[:neurons].tolist())

    def svg(self, neurons: int = NEURONS) -> str:
        """Return the heat map: a row for each neuron, a column for each step.

        Args:
            neurons: How many neurons are shown at most: those whose output varies most.

        Raises:
            ArgumentError: It is no whole number of at least 1.
        """
        check_whole("neurons", neurons)
        chosen = self.liveliest(neurons)
        size = max(values.shape[1] for values in self.values.values())
        steps = min(len(self.places), MOST_STEPS)
        said = [f"a row is a neuron ({size} of them)"]
        if len(chosen) < size:
            said = [f"a row is a neuron: the {len(chosen)} of {size} whose output varies most"]
        said.append("a column is a step")
        if steps < len(self.places):
            said[-1] += f": the first {steps} of {len(self.places):,}"
        blocks = [
            self._block(name, values[:steps, chosen].T)
            for name, values in self.values.items()
            if values.shape[1] == size
        ]
        return heat_svg(
            self.title,
            "; ".join(said),
            blocks,
            [number + 1 for number in chosen],
            self.places[:steps],
            self.symbols[:steps],
        )

    def _block(self, name: str, values: Array) -> Block:
        scale = 1.0 if name in self.gates else scale_of(values)
        return Block(name, ABOUT.get(self.kind, {}).get(name, ""), values, scale)

    def plot(self, path: str | os.PathLike[str], *, neurons: int = NEURONS) -> None:
        """Write the heat map to an SVG file.

        Args:
            path: The file.
            neurons: How many neurons are shown at most: those whose output varies most.

        Raises:
            ArgumentError: The file's name does not end in .svg; or no number of neurons.
            OutputError: The file cannot be written.
        """
        save_svg(path, self.svg(neurons))

    def page(self, profile: Profile) -> Page:
        """Return what is shown: how large each quantity is, how often gates are open; the map."""
        del profile
        picture = Picture(self.svg(), "Blue is below 0, red above.")
        head = ("", "smallest", "mean", "largest", "closed", "open")
        about = ABOUT.get(self.kind, {})
        rows: list[tuple[str, ...]] = []
        for name, values in self.values.items():
            numbers = (values.min(), values.mean(), values.max())
            shares = ("", "")
            if name in self.gates:
                shares = (f"{(values < CLOSED).mean():.1%}", f"{(values > OPEN).mean():.1%}")
            cells = (short(float(value), DIGITS) for value in numbers)
            rows.append((name, *cells, *shares))
        sentence = f"{len(self.places)} step{'' if len(self.places) == 1 else 's'}."
        named = [f"{name} {about[name].partition(':')[0]}" for name in self.values if name in about]
        sentence += f" {', '.join(named)}." if named else ""
        if self.gates:
            sentence += f" A gate is closed below {CLOSED:g} and open above {OPEN:g}."
        part = Part("At all steps, of all neurons", sentence, tables=(Table(head, tuple(rows)),))
        return Page(self.title, (), (part,), (picture,))

    def __str__(self) -> str:
        return render_text(self.page(Profile("notes")))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_fragment(self.title, [self.page(Profile("notes"))])

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data: the numbers of each quantity, for each step those of neurons."""
        return {
            "layer": self.layer,
            "about": self.about,
            "places": list(self.places),
            "symbols": list(self.symbols),
            "gates": sorted(self.gates),
            "values": {name: values.tolist() for name, values in self.values.items()},
        }

    to_json = to_dict


def gates_over_time(net: Network | Run, x: Any, *, layer: str | None = None) -> GatesOverTime:
    """Return what each gate and state of a recurrent layer is at each step of a sequence.

    Whatever has a name in the formula of the layer's step is shown: f, i, g, c, o, h of an LSTM;
    z, r, n, h of a GRU; v, h of a basic layer; the carries of a cell of one's own, and what it
    names.

    Args:
        net: A network with a recurrent layer.
        x: One sequence, of shape (time, features), of any length; or a text, where the network
            reads texts.
        layer: The layer's name; the first recurrent one if not given.

    Raises:
        ArgumentError: The network has no recurrent layer, or none of that name; a text for a
            network that reads none.
        DataError, ShapeError: The sequence does not fit.
        NonFiniteError: A weight or a state is not finite.

    Source: Karpathy, Johnson & Fei-Fei, Visualizing and understanding recurrent networks (2015).

    >>> import glassnet as gn
    >>> net = gn.Network([gn.LSTM(4), gn.Dense(1)], inputs=(6, 2))
    >>> shown = gn.gates_over_time(net, [[0.5, 1.0]] * 6)
    >>> {name: values.shape for name, values in shown.values.items()}
    {'f': (6, 4), 'i': (6, 4), 'g': (6, 4), 'c': (6, 4), 'o': (6, 4), 'h': (6, 4)}
    """
    known = network_of(net)
    name = choose_layer(known.stack, layer)
    example = example_of(known, x)
    kind = recurrent_layers(known.stack)[name]
    parts = tuple(kind.state_sizes())
    traced = Traced(example.net, 1)
    made = traced.steps(name, parts, example.rows)
    check_finite(made, name)
    nodes = _shown(traced.recurrence(name).attributes["loop"], name, parts)
    found = traced.run([traced.stacked(name, node) for node in nodes.values()], example.rows)
    order = [place - 1 for place, there in zip(made.places, made.present, strict=True) if there]
    order.sort()  # a layer that goes backward is shown in the order of the sequence, too
    symbols = example.symbols or ("",) * example.rows.shape[1]
    return GatesOverTime(
        name,
        kind.name,
        described(kind),
        {key: value[order, 0] for key, value in zip(nodes, found, strict=True)},
        frozenset(key for key, node in nodes.items() if node.op.name == "logistic"),
        tuple(place + 1 for place in order),
        tuple(symbols[place] for place in order),
    )


def _shown(loop: Loop, name: str, parts: Sequence[str]) -> dict[str, Tensor]:
    """Return what has a name in a step, a row of numbers for each example; the output last."""
    nodes: dict[str, Tensor] = {}
    for node in named_nodes(loop):
        if node.ndim == 2 and node.dtype.is_float and node.label.layer in (name, ""):
            nodes[node.label.symbol] = node
    output = nodes.pop(parts[0])
    fields = {f"v_{gate}" for gate in nodes}  # what a gate is worked out from says no more than it
    return {key: node for key, node in nodes.items() if key not in fields} | {parts[0]: output}
