"""A program as a person reads it: what each instruction computes, on what, where, at what cost."""

from __future__ import annotations

from collections import Counter

from glassnet.engines.native.costs import operations, traffic
from glassnet.engines.native.entries import Entry, Listing, Operand
from glassnet.engines.native.formulas import constant_text, formulas
from glassnet.engines.native.instructions import (
    Buffer,
    Fused,
    Instruction,
    Looped,
    Place,
    Plan,
    Product,
    Reduce,
)
from glassnet.engines.native.passes.memory import least_memory, padded
from glassnet.graph.types import Shape

__all__ = ["list_plan"]

KINDS = {
    "fused": "chain",
    "looped": "loop",
}  # what an instruction is called, where not by its class

PLACES = {
    Place.ARENA: "arena",
    Place.STORE: "memory",
    Place.CONSTANT: "constant",
    Place.BLOCK: "block",
}


def list_plan(plan: Plan) -> Listing:
    """Return what a program does, instruction by instruction, and what it costs."""
    names = _names(plan)
    entries = tuple(
        _entry(number, instruction, names)
        for number, instruction in enumerate(plan.instructions, start=1)
    )
    arena = sum(padded(buffer) for buffer in plan.buffers if buffer.place is Place.ARENA)
    return Listing(entries, plan.arena_bytes, arena, least_memory(plan.buffers))


def _names(plan: Plan) -> dict[int, str]:
    """Return how formulas call each buffer, by identity.

    Values of the run's memory have their own names, without the first part where that is clear
    (`parameters/hidden.w` is hidden.w); a product's result has the graph's; others the number of
    the instruction that writes them first, with a letter if it writes several.
    """
    keys = {buffer.name for buffer in plan.buffers if buffer.place is Place.STORE}
    short = {key: ".".join(key.split("/")[1:]) or key for key in keys}
    often = Counter(short.values())
    found: dict[int, str] = {}
    for buffer in plan.buffers:
        if buffer.place is Place.STORE:
            name = short[buffer.name]
            found[id(buffer)] = name if often[name] == 1 else buffer.name
        elif buffer.place is Place.CONSTANT:
            found[id(buffer)] = constant_text(buffer)
    titles = Counter(i.title for i in plan.instructions if isinstance(i, Product))
    for number, instruction in enumerate(plan.instructions, start=1):
        new = [buffer.whole for buffer in instruction.writes if id(buffer.whole) not in found]
        label = instruction.title if isinstance(instruction, Product) else ""
        for letter, buffer in zip("abcdefghijklmnopqrstuvwxyz" * len(new), new, strict=False):
            name = f"t{number}{letter if len(new) > 1 else ''}"
            clear = label and titles[label] == 1 and label not in often
            found[id(buffer)] = label if clear else name
    return found


def _entry(number: int, instruction: Instruction, names: dict[int, str]) -> Entry:
    kind = type(instruction).__name__.lower()
    read, written = traffic(instruction)
    return Entry(
        number,
        KINDS.get(kind, kind),
        instruction.title if isinstance(instruction, Fused | Product | Reduce) else "",
        formulas(instruction, lambda buffer: _called(buffer, names)),
        _space(instruction),
        tuple(_operand(buffer, _called(buffer, names)) for buffer in instruction.reads),
        tuple(_operand(buffer, _called(buffer, names)) for buffer in instruction.writes),
        read,
        written,
        operations(instruction),
    )


def _called(buffer: Buffer, names: dict[int, str]) -> str:
    if id(buffer) in names:
        return names[id(buffer)]
    return constant_text(buffer) if buffer.place is Place.CONSTANT else names[id(buffer.whole)]


def _operand(buffer: Buffer, name: str) -> Operand:
    place = PLACES[buffer.place]
    offset = buffer.whole.offset + buffer.start if buffer.place is Place.ARENA else None
    return Operand(name, place, buffer.name, offset, buffer.shape, buffer.dtype, buffer.bytes)


def _space(instruction: Instruction) -> Shape:
    match instruction:
        case Fused():
            return (instruction.rows, instruction.width)
        case Product():
            batch = (instruction.batch,) if instruction.batch > 1 else ()
            return (*batch, instruction.m, instruction.n, instruction.k)
        case Looped():
            return (instruction.length,)
        case _:
            return instruction.writes[0].shape
