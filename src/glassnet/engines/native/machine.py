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
    Mode,
    Move,
    Place,
    Plan,
    Product,
    Reduce,
    Slot,
)
from glassnet.engines.native.lowering import lower
from glassnet.graph import Graph
from glassnet.graph.types import Array

__all__ = ["NativeProgram", "load"]

BLOCK = 512  # elements of a block of a chain: a few of them stay in the L1 cache
CODES = """
    add subtract multiply divide negate square power exp expm1 log log1p sqrt sin cos tanh logistic
    softplus erf abs sign floor maximum minimum clip less less_equal equal logical_not select
    is_not_zero truncate copy spread row_sum row_mean row_max row_logsumexp row_argmax rows_sum
    rows_mean total_sum total_mean one_hot
"""  # in the order of `enum class Code` in native/program.h
NUMBER = {code: index for index, code in enumerate(CODES.split())}
NOWHERE = (0, 0, "")


def load(plan: Plan, store: _native.Store, kernels: str = "") -> _native.Program:
    """Return the machine's program for a plan; its named buffers are in the store.

    Args:
        plan: What `lower` gives.
        store: The memory of the run; buffers of the plan that it lacks are added.
        kernels: The instruction set to use; the best of this processor if empty.
    """
    for buffer in plan.buffers:
        if buffer.place is Place.STORE:
            store.add(buffer.name, buffer.dtype.value, buffer.size)
    program = _native.Program(store, plan.arena_bytes, kernels)
    loader = _Loader(program)
    for instruction in plan.instructions:
        loader.add(instruction)
    return program


class _Loader:
    def __init__(self, program: _native.Program) -> None:
        self.program = program
        self.constants: dict[int, int] = {}

    def where(self, buffer: Buffer) -> tuple[int, int, str]:
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

    def add(self, instruction: Instruction) -> None:
        reads = [self.where(buffer) for buffer in instruction.reads]
        writes = [self.where(buffer) for buffer in instruction.writes]
        match instruction:
            case Fused():
                self._chain(instruction)
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
        if all(slot.mode in plain for slot in chain.slots) and not any(
            step.code.startswith("row") for step in chain.steps
        ):
            rows, width = rows * width, 1
        block = max(1, min(rows, BLOCK // max(width, 1)))
        written = {id(buffer) for buffer in chain.writes}
        place = 0
        slots: list[Any] = []
        for slot in chain.slots:
            size = _scratch(slot, block, width, chain, written)
            at = -1
            if size:
                at, place = place, place + -(-size // 16) * 16
            slots.append(self._slot(slot, at, chain, written))
        steps = [
            (
                NUMBER[step.code],
                step.result,
                *(*step.operands, -1, -1, -1)[:3],
                step.column,
                *(step.numbers or (0.0, 0.0)),
            )
            for step in chain.steps
        ]
        self.program.chain(rows, width, block, place, chain.dtype == "float64", slots, steps)

    def _slot(self, slot: Slot, at: int, chain: Fused, written: set[int]) -> Any:
        buffer = slot.buffer
        if buffer is None:
            return (int(slot.mode), chain.dtype.value, NOWHERE, False, False, at)
        constant = buffer.place is Place.CONSTANT
        where = self.where(buffer)
        return (int(slot.mode), buffer.dtype.value, where, constant, id(buffer) in written, at)


def _scratch(slot: Slot, block: int, width: int, chain: Fused, written: set[int]) -> int:
    """Return how many elements of scratch memory a slot needs; 0 if it works in its own place."""
    size = block * width
    if slot.mode is Mode.REGISTER_COLUMN:
        return block
    if slot.mode is Mode.REGISTER_FULL or slot.buffer is None:
        return size
    own = slot.buffer.dtype == chain.dtype
    if slot.mode is Mode.SINGLE:
        return max(size, block)
    if slot.mode is Mode.ROW:
        return 0 if own and id(slot.buffer) in written else size
    if own:
        return 0
    return size if slot.mode is Mode.FULL else block


class NativeProgram:
    """A graph made ready for the native engine; runs like the reference engine's `Program`.

    Raises:
        Unsupported: An op that the machine has no instruction for.
    """

    def __init__(self, graph: Graph, *, kernels: str = "") -> None:
        self.graph = graph
        self.plan = lower(graph)
        self.store = _native.Store()
        for name, tensor in (*graph.inputs.items(), *graph.outputs.items()):
            self.store.add(name, tensor.dtype.value, max(tensor.size, 1))
        self.program = load(self.plan, self.store, kernels)

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
