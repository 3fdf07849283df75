"""From a loop to an instruction: the body's plan, and where the places that it speaks of lie.

A carry has a place for each step and one more, one after the other, where its values are wanted for
all steps; else two that take turns. So what a step leaves is where the next one looks for it, and
nothing is copied.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from glassnet.engines.native.instructions import Bound, Buffer, Looped, Plan
from glassnet.graph import DType, Graph, Tensor
from glassnet.graph.loop import Final, Loop, Result, Stack

__all__ = ["Layout", "looped"]


class Layout:
    """Where the carries and the results of a loop lie.

    Args:
        loop: The loop.
        results: Those that are wanted.
    """

    def __init__(self, loop: Loop, results: Sequence[Result]) -> None:
        self.loop = loop
        stacked = {result.node for result in results if isinstance(result, Stack)}
        self.carries: list[Buffer] = []
        self.is_ring: list[bool] = []
        for carry, node in zip(loop.carries, loop.following, strict=True):
            ring = carry not in stacked and node not in stacked
            places = 2 if ring else loop.length + 1
            self.carries.append(Buffer((places, *carry.shape), carry.dtype))
            self.is_ring.append(ring)
        self.others: dict[Tensor, Buffer] = {}
        for node in stacked:
            if node not in loop.carries and node not in loop.following:
                self.others[node] = Buffer((loop.length, *node.shape), node.dtype)

    def start(self, place: int) -> Buffer:
        """Return where a carry's first value is to be put."""
        return self._part(place, 1, self._before(place).at(0))

    def result(self, result: Result) -> Buffer:
        """Return where a result lies."""
        loop = self.loop
        if isinstance(result, Final):
            place = result.carry
            return self._part(place, 1, self._before(place).at(loop.length))
        if result.node in self.others:
            return self.others[result.node]
        if result.node in loop.carries:
            place = loop.carries.index(result.node)
            return self._part(place, loop.length, self._bytes(place) if loop.reverse else 0)
        place = loop.following.index(result.node)
        return self._part(place, loop.length, 0 if loop.reverse else self._bytes(place))

    def _part(self, place: int, count: int, start: int) -> Buffer:
        whole, carry = self.carries[place], self.loop.carries[place]
        shape = carry.shape if count == 1 else (count, *carry.shape)
        return Buffer(shape, carry.dtype, within=whole, start=start)

    def _bytes(self, place: int) -> int:
        carry = self.loop.carries[place]
        return carry.size * carry.dtype.numpy.itemsize

    def _before(self, place: int) -> Bound:
        """Return where a carry lies before a step."""
        size, whole = self._bytes(place), self.carries[place]
        if self.is_ring[place]:
            return Bound(whole, 0, size, 2)
        if self.loop.reverse:
            return Bound(whole, self.loop.length * size, -size)
        return Bound(whole, 0, size)

    def bound(self, where: Callable[[Tensor], Buffer], used: set[str]) -> dict[str, Bound]:
        """Return what the names of the body stand for, as far as they are used.

        Args:
            where: Where a sequence or a constant lies, by the input of the body.
            used: The names that the instructions of the body speak of.
        """
        loop = self.loop
        found: dict[str, Bound] = {}
        for place, carry in enumerate(loop.carries):
            before = self._before(place)
            found[_name(carry)] = before
            size = self._bytes(place)
            if before.turn:  # the other one of the two
                after = Bound(before.buffer, size, -size, 2)
            else:
                after = Bound(before.buffer, before.start + before.step, before.step)
            found[f"following/{place}"] = after
        for element in loop.elements:
            if _name(element) in used:
                found[_name(element)] = self._along(where(element))
        for constant in loop.constants:
            if _name(constant) in used:
                found[_name(constant)] = Bound(where(constant))
        for place, buffer in enumerate(self.others.values()):
            found[f"stack/{place}"] = self._along(buffer)
        return found

    def _along(self, sequence: Buffer) -> Bound:
        size = sequence.bytes // max(self.loop.length, 1)
        if self.loop.reverse:
            return Bound(sequence, (self.loop.length - 1) * size, -size)
        return Bound(sequence, 0, size)


def _name(node: Tensor) -> str:
    return node.attributes["name"]


def looped(
    loop: Loop,
    layout: Layout,
    where: Callable[[Tensor], Buffer],
    lower: Callable[[Graph], Plan],
) -> Looped:
    """Return the instruction that runs a loop.

    Args:
        loop: The loop.
        layout: Where its carries and results lie.
        where: Where a sequence or a constant lies, by the input of the body.
        lower: What makes a plan of the body.
    """
    plan = lower(loop.graph(layout.others))
    used = {b.name for i in plan.instructions for b in (*i.reads, *i.writes)}
    bound = layout.bound(where, used)
    words = -(-plan.arena_bytes // DType.FLOAT64.numpy.itemsize)
    scratch = Buffer((words,), DType.FLOAT64) if words else None
    writes = [*layout.carries, *layout.others.values()]
    reads = [entry.buffer for entry in bound.values() if entry.buffer not in writes]
    return Looped(
        [*reads, *layout.carries],
        [*writes, scratch] if scratch else writes,
        "loop",
        plan,
        loop.length,
        bound,
        scratch,
    )
