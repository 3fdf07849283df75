"""Handing plans to the machine: the only file that speaks to the compiled module."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet.engines.native import _native
from glassnet.engines.native.instructions import (
    Buffer,
    Draw,
    Fused,
    Instruction,
    Lookup,
    Looped,
    Mode,
    Move,
    Place,
    Plan,
    Product,
    Reduce,
    Slot,
)
from glassnet.engines.native.lowering import lower
from glassnet.engines.native.passes.fusion import NARROW
from glassnet.graph import Graph
from glassnet.graph.types import Array

__all__ = ["NativeProgram", "load"]

BLOCK = 512  # elements of a block of a chain: a few of them stay in the L1 cache
CACHED = 24 * 1024  # bytes of all operands of a larger block: half the L1 cache
LANES = 16  # of the widest vector; scratch memory is handed out in such pieces
VECTOR_BYTES = {"base": 16, "avx2": 32, "avx512": 64}
CODES = """
    add subtract multiply divide negate square power exp expm1 log log1p sqrt sin cos tanh logistic
    softplus erf abs sign floor maximum minimum clip less less_equal equal logical_not select
    is_not_zero truncate copy multiply_add subtract_product sum_of_products spread row_sum row_mean
    row_max row_logsumexp row_argmax rows_sum rows_mean total_sum total_mean one_hot
    add_scaled_difference row_sum_of_products row_sum_of_square_differences rows_sum_of_products
"""  # in the order of `enum class Code` in native/program.h
NUMBER = {code: index for index, code in enumerate(CODES.split())}
NOWHERE = (0, 0, "")


def load(plan: Plan, store: _native.Store, kernels: str = "", threads: int = 1) -> _native.Program:
    """Return the machine's program for a plan; its named buffers are in the store.

    Args:
        plan: What `lower` gives.
        store: The memory of the run; buffers of the plan that it lacks are added.
        kernels: The instruction set to use; the best of this processor if empty.
        threads: How many threads a step may use; 0 stands for one for each core. The bits of the
            results do not depend on it.
    """
    for buffer in plan.buffers:
        if buffer.place is Place.STORE:
            store.add(buffer.name, buffer.dtype.value, buffer.size)
    program = _native.Program(store, plan.arena_bytes, kernels, threads)
    loader = _Loader(program, VECTOR_BYTES[kernels or _native.kernel_names()[0]])
    for instruction in plan.instructions:
        loader.add(instruction)
    return program


class _Loader:
    def __init__(self, program: _native.Program, vector_bytes: int) -> None:
        self.program, self.vector_bytes = program, vector_bytes
        self.constants: dict[int, int] = {}
        self.frames: list[tuple[Looped, int]] = []  # the loops that we are in, and the steps
        self.feeding: Product | None = None  # the next chain takes its rows

    def where(self, buffer: Buffer) -> tuple[int, int, str]:
        if buffer.within is not None:
            return _further(self.where(buffer.within), buffer.start)
        if self.frames and buffer.place is not Place.CONSTANT:
            return self._outside(buffer)
        if buffer.place is Place.STORE:
            return (1, 0, buffer.name)
        if buffer.place is Place.ARENA:
            return (0, buffer.offset, "")
        assert buffer.value is not None
        if id(buffer) not in self.constants:
            value = np.ascontiguousarray(buffer.value)
            number = self.program.constant(buffer.dtype.value, value.reshape(-1))
            self.constants[id(buffer)] = number
        return (2, self.constants[id(buffer)], "")

    def _outside(self, buffer: Buffer) -> tuple[int, int, str]:
        """Return where a place of a loop's body lies at this step."""
        loop, step = self.frames.pop()
        if buffer.place is Place.STORE:
            bound = loop.bound[buffer.name]
            found = _further(self.where(bound.buffer), bound.at(step))
        else:
            assert loop.scratch is not None
            found = _further(self.where(loop.scratch), buffer.offset)
        self.frames.append((loop, step))
        return found

    def _again(self, loop: Looped) -> None:
        assert loop.plan is not None
        for step in range(loop.length):
            self.frames.append((loop, step))
            for instruction in loop.plan.instructions:
                self.add(instruction)
            self.frames.pop()

    def add(self, instruction: Instruction) -> None:
        if isinstance(instruction, Looped):
            self._again(instruction)
            return
        if isinstance(instruction, Product) and instruction.is_streamed:
            self.feeding = instruction
            return
        if isinstance(instruction, Fused):
            self._chain(instruction)
            return
        reads = [self.where(buffer) for buffer in instruction.reads]
        writes = [self.where(buffer) for buffer in instruction.writes]
        match instruction:
            case Product() as p:
                bias = reads[2] if p.has_bias else NOWHERE
                self.program.product(
                    reads[0],
                    reads[1],
                    p.has_bias,
                    bias,
                    writes[0],
                    p.batch,
                    p.m,
                    p.n,
                    p.k,
                    p.transpose_a,
                    p.transpose_b,
                    p.dtype == "float64",
                )
            case Move() as m:
                target = m.writes[0]
                self.program.move(
                    reads[0],
                    writes[0],
                    target.dtype.value,
                    list(m.shape),
                    list(m.strides_from),
                    list(m.strides_to),
                    m.start_from,
                    m.start_to,
                    target.size if m.clear else 0,
                )
            case Reduce() as r:
                self.program.reduce(
                    reads[0],
                    writes[0],
                    r.reads[0].dtype.value,
                    r.fold,
                    list(r.kept),
                    list(r.kept_strides),
                    list(r.folded),
                    list(r.folded_strides),
                )
            case Lookup() as k:
                numbers = reads[-1]
                dtype = k.writes[0].dtype.value
                sizes = (k.outer, k.length, k.count, k.inner)
                self.program.lookup(reads[0], numbers, writes[0], dtype, k.pattern, *sizes)
            case Draw() as d:
                target = d.writes[0]
                self.program.draw(
                    reads[0],
                    reads[1],
                    writes[0],
                    target.dtype.value,
                    target.size,
                    d.distribution,
                    d.stream,
                )
            case _:
                raise AssertionError(instruction)

    def _chain(self, chain: Fused) -> None:
        rows, width = chain.rows, chain.width
        plain = (Mode.FULL, Mode.SINGLE, Mode.REGISTER_FULL)
        if all(slot.mode in plain and not slot.stride for slot in chain.slots) and not any(
            step.code.startswith("row") for step in chain.steps
        ):
            rows, width = rows * width, 1
        itemsize = chain.dtype.numpy.itemsize
        elements = max(BLOCK, CACHED // (max(_tiles(chain), 1) * itemsize))
        block = max(1, min(rows, elements // max(width, 1)))
        turned = rows >= LANES and 1 < width <= 2 * self.vector_bytes // itemsize
        turned = turned and _row_steps(chain) > _full_operands(chain)
        if turned:
            block = -(-min(rows, max(elements // width, 1)) // LANES) * LANES
        written = {id(buffer) for buffer in chain.writes}
        place = 0
        slots: list[Any] = []
        for slot in chain.slots:
            size = _scratch(slot, block, width, turned, chain, written)
            at = -1
            if size:
                at, place = place, place + -(-size // LANES) * LANES
            slots.append(self._slot(slot, at, chain, written))
        steps = [
            (
                NUMBER[step.code],
                step.result,
                (*step.operands, -1, -1, -1, -1)[:4],
                step.column,
                *(step.numbers or (0.0, 0.0)),
            )
            for step in chain.steps
        ]
        double = chain.dtype == "float64"
        wide = chain.width > NARROW
        columns = chain.width  # of a row; none is told from another where `width` is 1
        if self.feeding is not None:
            p, self.feeding = self.feeding, None
            a, b = (self.where(buffer) for buffer in p.reads)
            fed = next(n for n, slot in enumerate(chain.slots) if slot.buffer is p.writes[0])
            self.program.feed(a, b, p.m, p.n, p.k, p.transpose_a, p.transpose_b, fed)
        self.program.chain(rows, width, columns, block, turned, wide, place, double, slots, steps)

    def _slot(self, slot: Slot, at: int, chain: Fused, written: set[int]) -> Any:
        buffer = slot.buffer
        if buffer is None:
            return (int(slot.mode), chain.dtype.value, NOWHERE, False, False, at, 0)
        constant = buffer.place is Place.CONSTANT
        where = NOWHERE if buffer.place is Place.BLOCK else self.where(buffer)
        if slot.start:
            where = _further(where, slot.start * buffer.dtype.numpy.itemsize)
        is_written = id(buffer) in written
        dtype = buffer.dtype.value
        return (int(slot.mode), dtype, where, constant, is_written, at, slot.stride)


def _further(place: tuple[int, int, str], start: int) -> tuple[int, int, str]:
    kind, offset, name = place
    return kind, offset + start, name


def _tiles(chain: Fused) -> int:
    """Return how many operands have all the elements of a block; two of one place count once."""
    modes = [Mode.FULL, Mode.REGISTER_FULL]
    if chain.width <= NARROW:
        modes.append(Mode.ROW)
    full = [slot for slot in chain.slots if slot.mode in modes]
    return len({(slot.buffer.name if slot.buffer else "") or id(slot) for slot in full})


def _row_steps(chain: Fused) -> int:
    """Return how many steps lead from a row to one element, or back.

    On rows of up to two vectors these gain by a turned block (native/chain_turned.h): softmax with
    cross-entropy and accuracy on 64 rows takes 329 ns, not 1132, at a width of 2, 0.69 µs, not
    1.34, at 10, 2.07, not 2.29, at 32 (float32, AVX-512). To turn an operand costs about as much.
    """
    return sum(step.code.startswith("row_") or step.code == "one_hot" for step in chain.steps)


def _full_operands(chain: Fused) -> int:
    """Return how many operands would have to be turned, to or from memory."""
    return sum(slot.mode is Mode.FULL for slot in chain.slots)


def _scratch(
    slot: Slot, block: int, width: int, turned: bool, chain: Fused, written: set[int]
) -> int:
    """Return how many elements of scratch memory a slot needs; 0 if it works in its own place."""
    size = block * width
    if slot.mode is Mode.REGISTER_COLUMN:
        return block
    if slot.mode is Mode.REGISTER_FULL or slot.buffer is None:
        return size
    own = slot.buffer.dtype == chain.dtype
    if slot.mode is Mode.SINGLE:
        return LANES
    if slot.mode is Mode.ROW:
        if chain.width > NARROW:
            return 0 if own else width
        return 0 if own and id(slot.buffer) in written else size
    if slot.mode is Mode.FULL:
        return 0 if own and not turned and not slot.stride else size
    return 0 if own else block


class NativeProgram:
    """A graph made ready for the native engine; runs like the reference engine's `Program`.

    Raises:
        Unsupported: An op that the machine has no instruction for.
    """

    def __init__(self, graph: Graph, *, kernels: str = "", threads: int = 1) -> None:
        self.graph = graph
        self.plan = lower(graph)
        self.store = _native.Store()
        for name, tensor in (*graph.inputs.items(), *graph.outputs.items()):
            self.store.add(name, tensor.dtype.value, max(tensor.size, 1))
        self.program = load(self.plan, self.store, kernels, threads)

    def run(self, inputs: Mapping[str, Any]) -> dict[str, Array]:
        """Run the graph and return its outputs by name."""
        for name, tensor in self.graph.inputs.items():
            value = np.ascontiguousarray(inputs[name], tensor.dtype.numpy)
            assert math.prod(value.shape) == tensor.size, (name, value.shape, tensor.shape)
            self.store.write(name, value.reshape(-1))
        self.program.run()
        found: dict[str, Array] = {}
        for name, tensor in self.graph.outputs.items():
            value = np.empty(tensor.size, tensor.dtype.numpy)
            self.store.read(name, value)
            found[name] = value.reshape(tensor.shape)
        return found
