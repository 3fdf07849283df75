"""A run as a table, as the notes lay out the perceptron: a row for each step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from glassnet.engines import Program
from glassnet.errors import ArgumentError
from glassnet.explain.conventions import Profile
from glassnet.explain.expressions import Address
from glassnet.explain.focus import Focus, find_place, select
from glassnet.explain.linear import linear, symbol_of
from glassnet.explain.notation import Notation
from glassnet.explain.parts import Page, Part, Table
from glassnet.explain.shown import ERROR, FORWARD, NEW, Shown
from glassnet.explain.steps import Step
from glassnet.explain.stepwise import StepWriter
from glassnet.explain.symbols import name_of, number
from glassnet.explain.text import columns_of
from glassnet.graph import Graph
from glassnet.records import dataclass

__all__ = ["RunTable", "run_table"]

WIDTH, GAP = 80, 2  # columns of a page, and between two columns of a table
MOST_ROWS, FIRST = 200, 150  # rows that are printed
LEFT_OUT = "…"


@dataclass(frozen=True)
class RunTable:
    """A run, a row for each step.

    Args:
        title: What was run.
        head: What stands before the numbers in each row: step, epoch, example.
        places: What it says there.
        columns: The quantities.
        values: Their values, for each step; None where a step has no such quantity.
        layered: Whether names say the layer.
        conventions: What was chosen where textbooks differ, as sentences.
    """

    title: str
    head: tuple[str, ...]
    places: tuple[tuple[int, ...], ...]
    columns: tuple[Address, ...]
    values: tuple[tuple[float | None, ...], ...]
    layered: bool
    conventions: tuple[str, ...]

    def page(self, profile: Profile) -> Page:
        """Return the table."""
        rows = list(self._rows(profile))
        if len(rows) > MOST_ROWS:
            dots = (LEFT_OUT,) * len(rows[0])
            rows = [*rows[:FIRST], dots, *rows[FIRST - MOST_ROWS :]]
        names = tuple(name_of(address, layered=self.layered) for address in self.columns)
        table = Table((*self.head, *names), tuple(rows))
        count = len(self.places)
        title = f"The run: {count} step{'s' if count > 1 else ''}"
        return Page(self.title, self.conventions, (Part(title, tables=(table,)),))

    def _rows(self, profile: Profile) -> Iterator[tuple[Notation | str, ...]]:
        for places, values in zip(self.places, self.values, strict=True):
            numbers = ("" if v is None else number(v, profile.digits) for v in values)
            yield (*map(str, places), *numbers)

    def widths(self, profile: Profile) -> list[int]:
        """Return how wide each column is in a terminal."""
        names = (symbol_of(address, layered=self.layered) for address in self.columns)
        rows = ((e if isinstance(e, str) else linear(e) for e in r) for r in self._rows(profile))
        table = [(*self.head, *names), *rows]
        return [max(map(columns_of, column)) for column in zip(*table, strict=True)]

    def to_json(self) -> dict[str, Any]:
        """Return all rows as plain data."""
        return {
            "title": self.title,
            "columns": [*self.head, *map(str, self.columns)],
            "rows": [[*p, *v] for p, v in zip(self.places, self.values, strict=True)],
        }


def run_table(
    title: str, steps: Sequence[Step], profile: Profile, focus: Focus | None = None
) -> RunTable:
    """Return the table of some steps.

    Args:
        title: What was run.
        steps: The steps.
        profile: The conventions.
        focus: Which quantities have columns; if not given, those that there is room for.

    Raises:
        ArgumentError: What is asked for is not in the steps, or does not fit a page.
    """
    if profile.carried:
        raise ArgumentError("a table of a run has exact values; leave the rounding (carried) out")
    reader = _Reader(profile)
    first = reader.writer(steps[0])
    made = _Maker(title, steps, reader, profile, first)
    if not focus:
        return made.with_room(_groups(first))
    columns = [
        address
        for selection in select(first, focus)
        for address in (
            first.elements.address(selection.entry.node, place)
            for place in list(selection.places())[: WIDTH + 1]
        )
    ]
    has_cost = any(entry.name[0] == "E" for entry in first.shown.values())
    if has_cost and not any(a.symbol == "E" for a in columns):
        columns.insert(0, Address("E"))
    found = made.table(columns[: WIDTH + 1])
    if _total(found.widths(profile)) > WIDTH:
        raise ArgumentError(
            f"{len(columns)} columns do not fit {WIDTH} columns of text; choose fewer by "
            "--neuron, --quantity and --example, or fewer --digits"
        )
    return found


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + GAP * len(widths)


class _Reader:
    """Reads values of steps; what belongs to a graph is made once."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self._known: dict[Graph, tuple[Program, StepWriter]] = {}

    def writer(self, step: Step) -> StepWriter:
        """Return what names the quantities of a step, with the values of the first of its graph."""
        return self._of(step)[1]

    def _of(self, step: Step) -> tuple[Program, StepWriter]:
        if step.graph not in self._known:
            program = Program(step.graph)
            writer = StepWriter(step.graph, program.evaluate(step.inputs), self.profile)
            self._known[step.graph] = (program, writer)
        return self._known[step.graph]

    def values(self, step: Step, columns: Sequence[Address]) -> tuple[float | None, ...]:
        """Return the values of some quantities at a step."""
        program, writer = self._of(step)
        values = program.evaluate(step.inputs)
        found: list[float | None] = []
        for address in columns:
            place = find_place(writer, address)
            if place is None:
                found.append(None)
                continue
            entry, index = place
            value = float(values[entry.node][index])
            found.append(-value if entry.name[2] else value)
        return tuple(found)


class _Maker:
    def __init__(
        self,
        title: str,
        steps: Sequence[Step],
        reader: _Reader,
        profile: Profile,
        first: StepWriter,
    ) -> None:
        self.title, self.steps, self.reader, self.profile = title, steps, reader, profile
        self.writer = first

    def table(self, columns: Sequence[Address]) -> RunTable:
        """Return the table with these columns."""
        alone = all(len(step.examples) == 1 for step in self.steps)
        epochs = [step.epoch for step in self.steps]
        in_epochs = epochs != [step.number for step in self.steps]
        head = ("epoch", "example") if alone and in_epochs else ("step",)
        head = ("epoch", "step") if in_epochs and not alone else head
        known = {"epoch": epochs, "step": [step.number for step in self.steps]}
        known["example"] = [step.examples[0] for step in self.steps]
        rows = tuple(self.reader.values(step, columns) for step in self.steps)
        layers = {entry.layer for entry in self.writer.shown.values()} - {""}
        return RunTable(
            self.title,
            head,
            tuple(zip(*(known[name] for name in head), strict=True)),
            tuple(columns),
            rows,
            len(layers) > 1,
            (*self.profile.sentences()[1:], *self.steps[0].notes),
        )

    def with_room(self, groups: Sequence[Sequence[Address]]) -> RunTable:
        """Return the table with as many quantities as fit a page, in order of importance."""
        columns: list[Address] = []
        left_out: list[str] = []
        for group in groups:
            wider = [*columns, *group]
            if len(wider) <= WIDTH and _total(self.table(wider).widths(self.profile)) <= WIDTH:
                columns = wider
            else:
                left_out.append(symbol_of(Address(group[0].symbol, group[0].layer)))
        found = self.table(sorted(columns, key=[a for g in groups for a in g].index))
        if not left_out:
            return found
        said = (
            f"there is no room for {', '.join(left_out)}; "
            "--quantity and --neuron choose what is shown"
        )
        sentences = (*found.conventions, said)
        return replace(found, conventions=sentences)


def _groups(writer: StepWriter) -> list[list[Address]]:
    """Return the quantities of a step, elements together, the most telling first."""
    last = writer.layers[-1] if writer.layers else ""
    order: list[Shown] = []
    for wanted in (FORWARD, ERROR, NEW):
        for entry in writer.shown.values():
            told = entry.layer in ("", last) or entry.phase == NEW
            if entry.phase == wanted and not entry.is_given and told:
                order.append(entry)
    order.sort(key=lambda entry: entry.name[0] != "E")
    groups: dict[tuple[str, str], list[Address]] = {}
    for entry in order:
        if entry.node.size <= WIDTH:
            addresses = [writer.elements.address(entry.node, p) for p in _places(entry)]
            groups.setdefault(entry.name[:2], addresses)
    return list(groups.values())


def _places(entry: Shown) -> Iterator[tuple[int, ...]]:
    return product(*map(range, entry.node.shape))
