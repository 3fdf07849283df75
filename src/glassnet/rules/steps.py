"""The steps of a rule one by one, as a person writes them down: a row for each example."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.engines import Program
from glassnet.graph import Graph
from glassnet.graph.types import Array
from glassnet.notebook import html_table
from glassnet.rules.step import StepRecipe

__all__ = ["Steps", "record"]


class Steps:
    """A table with a row for each step: what was given, what came out, what was learnt.

    Each row has `epoch` and `example` (counted from 1), and the rule's own quantities by symbol,
    such as x, d, v, y, e and, after the step, w and b.

    Attributes:
        line_at: The v at which a neuron's answer changes, which `plot` draws as a line; None where
            there is no such line.
        graph: The graph of a step on one example.
        inputs: What the graph was given at each step: workings are written from it.
    """

    def __init__(
        self,
        rows: list[dict[str, Array]],
        line_at: float | None = None,
        graph: Graph | None = None,
        inputs: Sequence[Mapping[str, Any]] = (),
    ) -> None:
        self._rows, self.line_at, self.graph, self.inputs = rows, line_at, graph, inputs

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Array]]:
        return iter(self._rows)

    def __getitem__(self, column: str) -> list[Array]:
        if self._rows and column not in self._rows[0]:
            raise KeyError(f"no column {column!r}; the columns are {', '.join(self.columns)}")
        return [row[column] for row in self._rows]

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self._rows[0]) if self._rows else ()

    def _cells(self) -> list[list[str]]:
        return [[_text(row[name]) for name in self.columns] for row in self._rows]

    def __repr__(self) -> str:
        table = [list(self.columns), *self._cells()]
        widths = [max(len(row[i]) for row in table) for i in range(len(self.columns))]
        return "\n".join(
            "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            for row in table
        )

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Draw how the line between two classes moved, step by step (needs matplotlib).

        Args:
            path: An SVG, PNG or PDF file.

        Raises:
            ArgumentError: These are not the steps of one neuron with two inputs that tells classes
                apart; another ending; or matplotlib is not installed.
            OutputError: The file cannot be written.
        """
        from glassnet.rules.pictures import draw_steps

        draw_steps(self, path)

    def _repr_html_(self) -> str:
        return html_table(list(self.columns), self._cells())


def _text(value: Array) -> str:
    flat = [f"{entry:.6g}" for entry in np.asarray(value).reshape(-1).tolist()]
    return flat[0] if len(flat) == 1 else f"({', '.join(flat)})"


def record(
    recipe: StepRecipe,
    start: Mapping[str, Array],
    x: Array,
    target: Array | None,
    rates: Array,
    shown: Mapping[str, str],
    *,
    first_step: int = 0,
    seed: int = 0,
    order: Array | None = None,
    epoch: int = 0,
) -> tuple[list[dict[str, Array]], list[dict[str, Any]], dict[str, Array]]:
    """Run an epoch on the reference engine.

    Returns a row for each example, what the step's graph was given for each, and the state.

    Args:
        recipe: The step.
        start: The state before it.
        x: The examples, (n, inputs).
        target: Their targets, or None.
        rates: The learning rate of each step, or one for all.
        shown: Which values are shown: from the symbol of a node, or the name of an output such as
            `parameters/weights`, to the name of the column.
        first_step: How many steps went before.
        seed: The run's seed.
        order: The order of the examples; as given if None.
        epoch: The number of the epoch, from 0.
    """
    rates = np.broadcast_to(rates, len(x))
    program = Program(recipe.training_graph(1))
    symbols = {node.label.symbol: node for node in program.graph.nodes if node.label.symbol}
    state, rows, inputs = dict(start), list[dict[str, Array]](), list[dict[str, Any]]()
    for place, example in enumerate(range(len(x)) if order is None else order.tolist()):
        step = first_step + place + 1
        given: dict[str, Any] = {**state, "batch/x": x[example : example + 1]}
        if target is not None:
            given["batch/target"] = target[example : example + 1]
        given |= {"rate": rates[place], "step": step, "seed": seed, "counter": step}
        values = program.evaluate(given)
        outputs = program.outputs(values)
        state = {key: outputs[key] for key in state}
        row = {"epoch": np.array(epoch + 1), "example": np.array(example + 1)}
        for key, name in shown.items():
            row[name] = outputs[key] if key in outputs else values[symbols[key]]
        rows.append(row)
        inputs.append(given)
    return rows, inputs, state
