"""The records of a program's listing, and how they are printed."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from glassnet.graph.types import DType, Shape
from glassnet.records import dataclass

__all__ = ["Entry", "Fact", "Listing", "Operand", "shape_text"]

WIDTH = 78  # with the two spaces that the command line puts before it, 80
INDENT = 5
UNBROKEN = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class Operand:
    """A value that an instruction reads or writes.

    Attributes:
        name: How the formulas call it.
        place: "arena", "memory" (of the run, by name: parameters, examples, measures), "constant"
            or "block" (never there as a whole: the next instruction takes a few rows at a time).
        key: The name in the run's memory; empty elsewhere.
        offset: In bytes from the start of the arena; None elsewhere.
        shape: The length of each axis.
        dtype: The type of the numbers.
        bytes: How many it takes.
    """

    name: str
    place: str
    key: str
    offset: int | None
    shape: Shape
    dtype: DType
    bytes: int


@dataclass(frozen=True)
class Entry:
    """One instruction.

    Attributes:
        number: Its place in the program, from 1.
        kind: "product", "chain", "move", "reduce", "lookup", "draw".
        labels: What the graph calls the quantities that it computes.
        formulas: What it computes.
        space: m × n × k of a product, rows × width of a chain, the shape of what else it writes.
        reads, writes: The values.
        bytes_read, bytes_written: Those that it takes from memory and puts there.
        flops: Floating-point operations, as `glassnet.engines.native.costs` counts them.
    """

    number: int
    kind: str
    labels: str
    formulas: tuple[str, ...]
    space: Shape
    reads: tuple[Operand, ...]
    writes: tuple[Operand, ...]
    bytes_read: int
    bytes_written: int
    flops: int


Fact = tuple[str, str | int, str]


@dataclass(frozen=True)
class Listing:
    """The program that the native engine runs; it shows itself in a notebook.

    Attributes:
        instructions: In the order in which they run.
        arena_bytes: The program's own memory, which its values share one after the other.
        arena_sum: What they would take if none shared. Each takes a multiple of 64 bytes.
        arena_least: The most that is alive at once: no plan can do with less.
        facts: What the program is of: name, value, and who says so (empty where it is plain).
    """

    instructions: tuple[Entry, ...]
    arena_bytes: int
    arena_sum: int
    arena_least: int
    facts: tuple[Fact, ...] = ()

    @property
    def flops(self) -> int:
        """Floating-point operations of all instructions."""
        return sum(entry.flops for entry in self.instructions)

    @property
    def bytes_read(self) -> int:
        """Bytes that all instructions read."""
        return sum(entry.bytes_read for entry in self.instructions)

    @property
    def bytes_written(self) -> int:
        """Bytes that all instructions write."""
        return sum(entry.bytes_written for entry in self.instructions)

    @property
    def bytes(self) -> int:
        """Bytes read and written."""
        return self.bytes_read + self.bytes_written

    @property
    def memory(self) -> tuple[Operand, ...]:
        """The values in the run's memory that the program works on, each once."""
        found = {
            operand.key: operand
            for entry in self.instructions
            for operand in (*entry.reads, *entry.writes)
            if operand.key
        }
        return tuple(found.values())

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield the lines of the listing, at most 78 characters long, each with what it is.

        What a line is: "fact", "head" (the names of the columns), "entry" (an instruction and its
        figures), "formula", "place" (where its results lie), "total" or "gap".
        """
        for name, text in self._facts():
            yield from _wrapped("fact", f"{name:<10}  {text}", "", " " * 12)
        yield "gap", ""
        yield "head", _columns("", "instruction", ("flops", "bytes read", "written"))
        for entry in self.instructions:
            title = f"{entry.kind} {shape_text(entry.space)}"
            figures = (entry.flops, entry.bytes_read, entry.bytes_written)
            labels = f"  {entry.labels}" if entry.labels else ""
            room = WIDTH - INDENT - 40 - len(title)
            shown = labels if len(labels) <= room else ""
            yield "entry", _columns(str(entry.number), title + shown, [f"{n:,}" for n in figures])
            if labels and not shown:
                yield from _wrapped("place", f"computes {entry.labels}", " " * INDENT)
            for formula in entry.formulas:
                yield from _wrapped("formula", formula, " " * INDENT, " " * (INDENT + 2))
            places = [_place(operand) for operand in entry.writes if not operand.key]
            if places:
                yield from _wrapped("place", "; ".join(places), " " * INDENT)
        totals = [f"{n:,}" for n in (self.flops, self.bytes_read, self.bytes_written)]
        yield "total", _columns("", "in all", totals)
        yield "gap", ""
        yield from _wrapped("fact", f"arena       {self._arena()}", "", " " * 12)
        yield "gap", ""
        memory = self.memory
        longest = max((len(operand.key) for operand in memory), default=0)
        title = "in the run's memory"
        width = max(longest, len(title)) + 2
        yield "head", f"{title:<{width}} {'shape':>18} {'bytes':>12}"
        for operand in memory:
            shape = shape_text(operand.shape)
            yield "place", f"{operand.key:<{width}} {shape:>18} {operand.bytes:>12,}"

    def _facts(self) -> Iterator[tuple[str, str]]:
        for name, value, source in self.facts:
            text = f"{value:,}" if isinstance(value, int) else value
            yield name, f"{text} ({source})" if source else text

    def _arena(self) -> str:
        if not self.arena_sum:
            return "none: all values lie in the run's memory"
        share = self.arena_bytes / self.arena_sum
        text = f"{self.arena_bytes:,} bytes, {share:.0%} of the {self.arena_sum:,} of its values"
        ratio = self.arena_bytes / self.arena_least
        return f"{text}; {ratio:.2f} × the {self.arena_least:,} that are needed at once"

    def __str__(self) -> str:
        return "\n".join(text for _, text in self.lines())

    def __repr__(self) -> str:
        return f"<program of {len(self.instructions)} instructions, {self.flops:,} flops>"

    def _repr_html_(self) -> str:
        def row(cells: Sequence[str], tag: str = "td") -> str:
            return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"

        facts = "<br>".join(escape(f"{name}: {text}") for name, text in self._facts())
        head = ("", "instruction", "formulas", "in the arena", "flops", "bytes read", "written")
        rows = [
            [
                str(entry.number),
                escape(f"{entry.kind} {shape_text(entry.space)}"),
                "<br>".join(escape(formula) for formula in entry.formulas),
                "<br>".join(escape(_place(o)) for o in entry.writes if not o.key),
                *(f"{n:,}" for n in (entry.flops, entry.bytes_read, entry.bytes_written)),
            ]
            for entry in self.instructions
        ]
        totals = (f"{n:,}" for n in (self.flops, self.bytes_read, self.bytes_written))
        body = "".join(row(cells) for cells in (*rows, ["", "in all", "", "", *totals]))
        table = f"<table><thead>{row(head, 'th')}</thead><tbody>{body}</tbody></table>"
        return f"<p>{facts}</p>{table}<p>arena: {escape(self._arena())}</p>"

    def to_json(self) -> dict[str, Any]:
        """Return the listing as plain data."""

        def plain(operand: Operand) -> dict[str, Any]:
            found: dict[str, Any] = {"name": operand.name, "place": operand.place}
            if operand.key:
                found["key"] = operand.key
            if operand.offset is not None:
                found["offset"] = operand.offset
            shape = list(operand.shape)
            return {**found, "shape": shape, "dtype": str(operand.dtype), "bytes": operand.bytes}

        return {
            "settings": {
                name.replace(" ", "_"): {"value": value, "from": said or None}
                for name, value, said in self.facts
            },
            "instructions": [
                {
                    "number": entry.number,
                    "kind": entry.kind,
                    "labels": entry.labels,
                    "formulas": list(entry.formulas),
                    "space": list(entry.space),
                    "reads": [plain(operand) for operand in entry.reads],
                    "writes": [plain(operand) for operand in entry.writes],
                    "flops": entry.flops,
                    "bytes_read": entry.bytes_read,
                    "bytes_written": entry.bytes_written,
                }
                for entry in self.instructions
            ],
            "flops": self.flops,
            "bytes_read": self.bytes_read,
            "bytes_written": self.bytes_written,
            "arena": {
                "bytes": self.arena_bytes,
                "sum": self.arena_sum,
                "least": self.arena_least,
            },
        }


def shape_text(shape: Shape) -> str:
    """Return a shape as a person writes it."""
    return " × ".join(str(length) for length in shape) or "one number"


def _place(operand: Operand) -> str:
    shape = shape_text(operand.shape).replace(" ", UNBROKEN)
    if operand.place == "block":
        return f"{operand.name}: some rows at a time, for the next instruction"
    return f"{operand.name}:{UNBROKEN}{shape}{UNBROKEN}at{UNBROKEN}{operand.offset:,}"


def _columns(number: str, text: str, figures: Sequence[str]) -> str:
    flops, read, written = figures
    return f"{number:>3}  {text:<{WIDTH - INDENT - 38}} {flops:>13} {read:>11} {written:>11}"


def _wrapped(
    kind: str, text: str, first: str, rest: str | None = None
) -> Iterator[tuple[str, str]]:
    lines = textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=first if rest is None else rest,
        break_on_hyphens=False,
    )
    yield from ((kind, line.replace(UNBROKEN, " ")) for line in lines)
