"""Memory: one arena, in which a buffer's place is used again when its last reader is done."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from glassnet.engines.native.instructions import Buffer, Instruction, Place

__all__ = ["ALIGNMENT", "least_memory", "padded", "plan_memory"]

ALIGNMENT = 64


def plan_memory(instructions: Sequence[Instruction]) -> tuple[list[Buffer], int]:
    """Give every buffer in the arena an offset; return all buffers and the arena's size in bytes.

    Largest first, each at the lowest place that is free during its whole life.
    """
    buffers: dict[int, Buffer] = {}
    for index, instruction in enumerate(instructions):
        for part in (*instruction.reads, *instruction.writes):
            buffer = part.whole
            buffers[id(buffer)] = buffer
            if buffer.first < 0:
                buffer.first = index
            buffer.last = index
    found = list(buffers.values())
    placed: list[Buffer] = []
    arena = [b for b in found if b.place is Place.ARENA]
    for buffer in sorted(arena, key=lambda b: (-b.bytes, b.first)):
        taken = sorted(
            (other.offset, other.offset + padded(other))
            for other in placed
            if other.first <= buffer.last and buffer.first <= other.last
        )
        offset = 0
        for start, stop in taken:
            if offset + padded(buffer) <= start:
                break
            offset = max(offset, stop)
        buffer.offset = offset
        placed.append(buffer)
    return found, max((b.offset + padded(b) for b in placed), default=0)


def least_memory(buffers: Sequence[Buffer]) -> int:
    """Return the bytes that no plan can do without: the largest sum of what is alive at once.

    Args:
        buffers: Those of a plan, with their lives. Each takes whole lines of the cache.
    """
    change: dict[int, int] = {}
    for buffer in buffers:
        if buffer.place is Place.ARENA:
            change[buffer.first] = change.get(buffer.first, 0) + padded(buffer)
            change[buffer.last + 1] = change.get(buffer.last + 1, 0) - padded(buffer)
    alive = [change[index] for index in sorted(change)]
    return max(itertools.accumulate(alive), default=0)


def padded(buffer: Buffer) -> int:
    """Return the bytes that a buffer takes in the arena: whole lines of the cache."""
    return -(-max(buffer.bytes, 1) // ALIGNMENT) * ALIGNMENT
