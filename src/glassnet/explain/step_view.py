"""A step in part: the lines that are asked for, or a large step as tables with entries worked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

from glassnet.engines import Program
from glassnet.errors import ArgumentError
from glassnet.explain.contributions import with_steps
from glassnet.explain.conventions import Profile
from glassnet.explain.expressions import Address, quantities
from glassnet.explain.focus import Focus, Selection, place_of, select, to_type
from glassnet.explain.matrix_view import Grid, grid_of
from glassnet.explain.ordering import in_order, interleaved
from glassnet.explain.parts import Page
from glassnet.explain.sheet import Line, Section, Sheet, rounded
from glassnet.explain.sheet_page import sheet_parts
from glassnet.explain.shown import Shown
from glassnet.explain.stepwise import StepWriter
from glassnet.graph import Graph
from glassnet.records import dataclass

__all__ = ["MANY", "StepView", "step_chapter"]

MANY = 40  # elements of a quantity above which it is a table
LINES = 12  # elements of a quantity that are all worked out, in a step that has large ones
TERMS = 12  # of a sum that are all written, there
MOST_CARRIED = 4000  # numbers of a step through which rounded results are followed
GIVEN, BEFORE = "Given", "From before"
LARGE = (
    "of large quantities one entry is worked out, marked * in its table; others are shown by "
    "their neuron ({neuron}), or one by its place ({place})"
)


@dataclass(frozen=True)
class StepView:
    """A step in part.

    Args:
        sheet: The lines that are worked out, and the values that they speak of.
        grids: Tables, by the title of the section in which they stand.
        tabled: What stands in tables, so that it needs no line.
        layered: The layers that names say.
        writer: What writes the whole step.
        in_part: Whether only a part of the step was asked for.
    """

    sheet: Sheet
    grids: Mapping[str, tuple[Grid, ...]]
    tabled: frozenset[Address]
    layered: frozenset[str]
    writer: StepWriter
    in_part: bool

    @property
    def title(self) -> str:
        """What is worked out."""
        return self.sheet.title

    @cached_property
    def lines(self) -> Sheet:
        """The sheet of all that was asked for, each number with its formula."""
        return self.sheet if self.in_part else self.writer.write(self.title)

    def page(self, profile: Profile) -> Page:
        """Return the lines and the tables."""
        tables = {
            title: tuple(grid.table(layered=grid.address.layer in self.layered) for grid in grids)
            for title, grids in self.grids.items()
        }
        parts = sheet_parts(
            self.sheet,
            profile,
            layered=self.layered,
            left_out=self.tabled,
            tables=tables,
            most_terms=TERMS if is_large(self.writer) else None,
        )
        return Page(self.title, self.sheet.conventions, parts)

    def to_json(self) -> dict[str, Any]:
        """Return the lines, and all the numbers of the tables."""
        found = self.sheet.to_json()
        for section in found["sections"]:
            grids = self.grids.get(section["title"], ())
            if grids:
                section["tables"] = [grid.to_json() for grid in grids]
        return found


def step_chapter(
    graph: Graph,
    inputs: Mapping[str, Any],
    profile: Profile,
    title: str,
    focus: Focus | None = None,
    numbers: Sequence[int] = (),
    notes: Sequence[str] = (),
) -> Sheet | StepView:
    """Return the workings of a step: whole, in part, or as tables where it is large.

    Args:
        graph: The step.
        inputs: The values of the graph's inputs.
        profile: The conventions.
        title: What is worked out.
        focus: What of it is asked for; all if not given.
        numbers: The numbers of the examples; from 1 if not given.
        notes: What is to be said of the step, as sentences.

    Raises:
        ArgumentError: What is asked for is not in the step.
    """
    writer = StepWriter(graph, Program(graph).evaluate(inputs), profile, numbers)
    if not focus and not is_large(writer):
        sheet = writer.write(title)
        return replace(sheet, conventions=(*sheet.conventions, *notes))
    everything = [_all_of(entry) for entry in writer.shown.values()]
    asked = select(writer, focus) if focus else everything
    view = _View(writer, profile, asked).build(title)
    sheet = replace(view.sheet, conventions=(*view.sheet.conventions, *notes))
    return replace(view, sheet=sheet)


def is_large(writer: StepWriter) -> bool:
    """Whether a step has quantities that are shown as tables."""
    return any(entry.node.size > MANY for entry in writer.shown.values())


def _all_of(entry: Shown) -> Selection:
    return Selection(entry, tuple(range(length) for length in entry.node.shape))


class _View:
    def __init__(
        self, writer: StepWriter, profile: Profile, selections: Iterable[Selection]
    ) -> None:
        self.writer = writer
        self.chosen = {selection.entry: selection for selection in selections}
        self.carried = _carried(writer, profile)
        self.most_lines = LINES if is_large(writer) else MANY
        self.grids: dict[str, list[Grid]] = {}
        self.tabled: set[Address] = set()
        self.large: list[tuple[Shown, tuple[int, ...]]] = []

    def build(self, title: str) -> StepView:
        """Return the view: what is asked for, after what it speaks of."""
        writer = self.writer
        given = [entry for entry in writer.given() if entry in self.chosen]
        first = [line for entry in given for line in self._asked(entry, GIVEN)]
        plan = [
            (heading, interleaved([self._asked(e, heading) for e in entries if e in self.chosen]))
            for heading, entries in writer.plan()
        ]
        pending: dict[Address, Line] = {}
        for _, lines in plan:
            for line in lines:
                pending.setdefault(line.address, line)
        spoken = self._spoken_of(pending, {line.address for line in first})
        from_given = [*first, *(line for entry, line in spoken if entry.is_given)]
        order = [
            (symbol, entry.layer)
            for entry in writer.given()
            for symbol in writer.elements.placing(entry.node).symbols(entry.name[0])
        ]
        from_given.sort(key=lambda line: order.index((line.address.symbol, line.address.layer)))
        before = [line for entry, line in spoken if not entry.is_given]
        sections = [Section(GIVEN, tuple(from_given)), Section(BEFORE, tuple(before))]
        done = {line.address for line in (*from_given, *before)}
        for heading, lines in plan:
            written = tuple(in_order(lines, pending, done))
            if sections[-1].title == heading:
                written = (*sections.pop().lines, *written)
            sections.append(Section(heading, written))
        kept = tuple(s for s in sections if s.lines or s.title in self.grids)
        conventions = (*writer.conventions(), *self._how_to_see_more())
        layers = frozenset(entry.layer for entry in writer.shown.values()) - {""}
        home = writer.sequences.home
        layers = layers - {home} if len(layers) > 1 else frozenset[str]()
        return StepView(
            with_steps(Sheet(title, kept, conventions, home)),
            {heading: tuple(grids) for heading, grids in self.grids.items()},
            frozenset(self.tabled),
            layers,
            writer,
            len(self.chosen) < len(writer.shown),
        )

    def _line(self, entry: Shown, place: tuple[int, ...], *, worked: bool = True) -> Line:
        line = self.writer.line(entry, place, worked=worked)
        value = self.carried.get(line.address)
        return line if value is None else replace(line, value=value)

    def _asked(self, entry: Shown, heading: str) -> list[Line]:
        """Return the lines of what is asked for; of much, a table and one line."""
        selection = self.chosen[entry]
        places = list(selection.places())
        if selection.size <= (MANY if entry.is_given else self.most_lines):
            return [self._line(entry, place) for place in places]
        worked = None if entry.is_given else self._example_of(entry, places)
        self._tabulate(entry, places, heading, worked)
        if worked is None:
            return []
        self.large.append((entry, worked))
        return [self._line(entry, worked)]

    def _example_of(self, entry: Shown, places: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        """Return the element that is worked out: the first that is not 0."""
        value = self.writer.elements.value
        return next((place for place in places if value(entry.node, place)), places[0])

    def _tabulate(
        self,
        entry: Shown,
        places: Sequence[tuple[int, ...]],
        heading: str,
        worked: tuple[int, ...] | None,
    ) -> None:
        elements = self.writer.elements
        axis = elements.examples.get(entry.node)
        labels = [str(elements.number_of(row)) for row in range(self.writer.batch)]
        values = {place: self._line(entry, place, worked=False).value for place in places}
        address = Address(entry.name[0], entry.layer, time=entry.time)
        placing, shape = elements.placing(entry.node), entry.node.shape
        number_of = elements.number_of if self.writer.batch > 1 else None

        def named(along: int, at: int) -> str:
            return placing.label(along, at, shape, number_of)

        grid = grid_of(address, values, axis, labels, worked, named)
        known = {own.caption for grids in self.grids.values() for own in grids}
        if grid.caption not in known:  # what is computed twice is one quantity
            self.grids.setdefault(heading, []).append(grid)
        self.tabled |= {elements.address(entry.node, place) for place in places}
        if worked is not None:
            self.tabled.discard(elements.address(entry.node, worked))

    def _spoken_of(
        self, pending: Mapping[Address, Line], known: set[Address]
    ) -> list[tuple[Shown, Line]]:
        """Return the values that formulas speak of and that are no lines themselves."""
        found: dict[Address, tuple[Shown, tuple[int, ...]]] = {}
        for line in pending.values():
            own: dict[Shown, list[tuple[int, ...]]] = {}
            for address in quantities(line.formula) if line.formula else ():
                if address in pending or address in known:
                    continue
                entry, place = found.setdefault(address, place_of(self.writer, address))
                if address not in self.tabled:
                    own.setdefault(entry, []).append(place)
            for entry, places in own.items():
                if len(places) > MANY and _is_block(places):
                    self._tabulate(entry, places, GIVEN if entry.is_given else BEFORE, None)
        order = {entry: number for number, entry in enumerate(self.writer.in_order_of_work())}
        listed = sorted(found.values(), key=lambda pair: (order[pair[0]], pair[1]))
        return [(entry, self._line(entry, place, worked=False)) for entry, place in listed]

    def _how_to_see_more(self) -> tuple[str, ...]:
        """Say how any other entry of what is large is shown; of the largest, as an example."""
        if not self.large:
            return ()
        entry, _ = max(self.large, key=lambda pair: pair[0].node.size)
        last = self.writer.elements.address(entry.node, tuple(n - 1 for n in entry.node.shape))
        layer = f"{last.layer}." if last.layer else ""
        symbol = to_type(last.symbol)
        one = str(replace(last, symbol=symbol))
        neuron = f"--neuron {layer}{last.index[0]} --quantity {_quoted(symbol)}"
        return (LARGE.format(neuron=neuron, place=f"--quantity {_quoted(one)}"),)


def _quoted(text: str) -> str:
    return f'"{text}"' if " " in text or "[" in text else text


def _is_block(places: Sequence[tuple[int, ...]]) -> bool:
    """Whether places are all those of some rows and columns."""
    size = 1
    for along in zip(*places, strict=True):
        size *= len(set(along))
    return size == len(set(places))


def _carried(writer: StepWriter, profile: Profile) -> dict[Address, float]:
    """Return results that were rounded before they were used, where the profile says so."""
    if not profile.carried:
        return {}
    count = sum(entry.node.size for entry in writer.shown.values())
    if count > MOST_CARRIED:
        raise ArgumentError(
            f"this step has {count:,} numbers, and rounding each before it is used is followed "
            f"through at most {MOST_CARRIED:,}; leave the rounding (--carried) out"
        )
    return writer.write("").work(rounded(profile.digits))
