"""A network of threshold neurons for any truth table: at most two layers (A8)."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.errors import NotSeparableError
from glassnet.graph.types import Array
from glassnet.notebook import escape, html_table
from glassnet.records import dataclass
from glassnet.rules.logic.counting import Counting, counting
from glassnet.rules.logic.finding import neuron
from glassnet.rules.logic.implicants import smallest_cover
from glassnet.rules.logic.showing import number, text_table
from glassnet.rules.logic.table import TruthTable, input_name
from glassnet.rules.logic.threshold_neuron import ThresholdNeuron

if TYPE_CHECKING:
    from glassnet.training import Network

__all__ = ["LogicNetwork", "network"]


@dataclass(frozen=True)
class LogicNetwork:
    """Threshold neurons in one or two layers that compute a truth table.

    Args:
        table: The truth table.
        hidden: The hidden neurons; none if one neuron is enough.
        words: What each hidden neuron says, in words.
        output: The output neuron; its inputs are the hidden neurons, h₁, h₂, …, if there are any.
        output_words: When it fires, in words.

    >>> import glassnet.rules.logic as logic
    >>> xor = logic.network("0110")
    >>> print(xor)
    h₁ = 1 if x₁ + x₂ ≥ 1, else 0   at least 1 input
    h₂ = 1 if x₁ + x₂ ≥ 2, else 0   at least 2 inputs
     y = 1 if h₁ − h₂ ≥ 1, else 0   h₁ and not h₂
    x₁  x₂  h₁  h₂  y
     0   0   0   0  0
     0   1   1   0  1
     1   0   1   0  1
     1   1   1   1  0
    >>> xor.network.predict([[0, 1], [1, 1]])
    array([[1.], [0.]], dtype=float32)
    """

    table: TruthTable
    hidden: tuple[ThresholdNeuron, ...]
    words: tuple[str, ...]
    output: ThresholdNeuron
    output_words: str

    @property
    def bipolar(self) -> bool:
        """Whether inputs and outputs are −1 and 1 instead of 0 and 1."""
        return self.output.bipolar

    def hidden_outputs(self, x: Any) -> Array:
        """Return the outputs of the hidden neurons for n examples, of shape (n, hidden)."""
        return np.column_stack([neuron(x) for neuron in self.hidden])

    def __call__(self, x: Any) -> Array:
        """Return the output for each of n examples of shape (n, m): whole numbers, shape (n,)."""
        return self.output(self.hidden_outputs(x) if self.hidden else x)

    @cached_property
    def network(self) -> Network:
        """The same as a network of glassnet, to be drawn, saved and asked.

        Its dense layers have the weights w and the biases b = −T, and the activation "threshold"
        ("signum" in bipolar coding), which fires where v = w·x + b ≥ 0.
        """
        from glassnet.nn.initializers import given
        from glassnet.nn.layers import Dense
        from glassnet.training import Network

        activation = "signum" if self.bipolar else "threshold"
        layers = [
            Dense(
                len(neurons),
                activation,
                weights=given([list(map(float, neuron.weights)) for neuron in neurons]),
                biases=given([float(neuron.bias) for neuron in neurons]),
            )
            for neurons in (self.hidden, (self.output,))
            if neurons
        ]
        return Network(layers, inputs=self.table.inputs)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to a model file.

        Raises:
            OutputError: The file cannot be written; what stood there before is untouched.
        """
        self.network.save(path)

    def lines(self) -> list[tuple[str, str, str]]:
        """Return for each neuron its name, its formula after "=", and its words."""
        otherwise = "−1" if self.bipolar else "0"
        named = [input_name(i + 1, "h") for i in range(len(self.hidden))]
        rows = [*zip(named, self.hidden, self.words, strict=True)]
        rows.append(("y", self.output, self.output_words))
        return [
            (name, f"{neuron.formula.removeprefix('y = ')}, else {otherwise}", words)
            for name, neuron, words in rows
        ]

    def rows(self) -> tuple[list[str], list[list[str]]]:
        """Return the head and the rows of the truth table with the hidden outputs, as text."""
        points = self.table.points * 2 - 1 if self.bipolar else self.table.points
        columns = [points, *([self.hidden_outputs(points)] if self.hidden else [])]
        entries = np.column_stack([*columns, self(points)]).tolist()
        names = [name for name, _, _ in self.lines()]
        return [*self.table.names, *names], [[number(entry) for entry in row] for row in entries]

    def __str__(self) -> str:
        found = self.lines()
        names, formulas = (max(len(line[i]) for line in found) for i in (0, 1))
        formulas_and_words = [
            f"{name.rjust(names)} = {formula.ljust(formulas)}   {words}".rstrip()
            for name, formula, words in found
        ]
        return "\n".join([*formulas_and_words, text_table(*self.rows())])

    def _repr_html_(self) -> str:
        items = "".join(
            f"<li>{escape(f'{name} = {formula}')} <i>{escape(words)}</i></li>"
            for name, formula, words in self.lines()
        )
        return f"<ul>{items}</ul>{html_table(*self.rows())}"


def network(
    table: Any,
    *,
    inputs: int | None = None,
    names: Sequence[str] | None = None,
    bipolar: bool = False,
) -> LogicNetwork:
    """Return a network of threshold neurons that computes a truth table of up to 6 inputs.

    One neuron, if one can do it. Else a hidden layer, the smallest of: neurons that count ("at
    least k inputs"), if the output depends on a count alone; an AND neuron for each product of the
    shortest OR of ANDs, with OR as output; the same for "not" of the table, with NOR as output.

    Args:
        table: The outputs in counting order, as "0110" for XOR; or another form that
            `TruthTable.of` takes.
        inputs: How many inputs, where the table is a function.
        names: The names of the inputs.
        bipolar: Whether inputs and outputs are −1 and 1 instead of 0 and 1.

    Raises:
        ArgumentError, DataError: No truth table of 1 to 6 inputs.

    Source: W. S. McCulloch and W. Pitts (1943); for the cover, Quine (1952), McCluskey (1956).

    >>> import glassnet.rules.logic as logic
    >>> logic.network(lambda a, b, c: a if c else b, inputs=3).words
    ('x₁ and x₃', 'x₂ and not x₃')
    """
    found = TruthTable.of(table, inputs, names)
    try:
        result = LogicNetwork(found, (), (), neuron(found), "")
    except NotSeparableError:
        result = _two_layers(found)
    assert found.agrees(result(found.points)), result
    if bipolar:
        hidden = tuple(neuron.in_bipolar() for neuron in result.hidden)
        output = result.output.in_bipolar() if hidden else neuron(found, bipolar=True)
        result = LogicNetwork(found, hidden, result.words, output, result.output_words)
        assert found.agrees((result(found.points * 2 - 1) > 0).astype(int)), result
    return result


def _two_layers(table: TruthTable) -> LogicNetwork:
    ways: list[Counting] = [_products(table, negate=False), _products(table, negate=True)]
    counted = counting(table)
    hidden, words, output = min([counted, *ways] if counted else ways, key=lambda way: len(way[0]))
    names = tuple(input_name(i + 1, "h") for i in range(len(hidden)))
    output = ThresholdNeuron(output.weights, output.threshold, names)
    return LogicNetwork(table, tuple(hidden), tuple(words), output, _output_words(output))


def _products(table: TruthTable, *, negate: bool) -> Counting:
    """Return an AND neuron for each product, and the OR (or NOR) of them."""
    cover = smallest_cover(table.complement() if negate else table)
    hidden = [product.neuron(table.names) for product in cover]
    words = [product.words(table.names) for product in cover]
    weight, threshold = (-1, 0) if negate else (1, 1)
    return hidden, words, ThresholdNeuron((weight,) * len(hidden), threshold)


def _output_words(output: ThresholdNeuron) -> str:
    weights, names = output.weights, output.names
    if min(weights) > 0:
        return "any of them"
    if max(weights) < 0:
        return "none of them"
    if weights == (1, -1):
        return f"{names[0]} and not {names[1]}"
    if weights == (-1, 1) and output.threshold == 0:
        return f"{names[1]}, or not {names[0]}"
    start = "an odd" if output.threshold == 1 else "an even"
    return f"{start} number of them"
