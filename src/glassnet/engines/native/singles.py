"""From a node that stands in no chain to an instruction of its own: products, moves, look-ups."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from glassnet.engines.native.instructions import (
    Buffer,
    Draw,
    Fused,
    Lookup,
    Mode,
    Move,
    Product,
    Reduce,
    Slot,
    Step,
    Unsupported,
)
from glassnet.engines.native.passes.fusion import strip
from glassnet.graph import DType, Tensor
from glassnet.graph.loop import Loop
from glassnet.graph.operation import (
    Contraction,
    Elementwise,
    Indexed,
    Movement,
    Random,
    Recurrence,
    Reduction,
)
from glassnet.graph.types import Shape

if TYPE_CHECKING:
    from glassnet.engines.native.lowering import Lowering

__all__ = ["Singles", "run_of", "strides_of"]


def strides_of(shape: Shape) -> tuple[int, ...]:
    """Return how many elements lie from one entry of each axis to the next."""
    found: list[int] = []
    step = 1
    for length in reversed(shape):
        found.append(step)
        step *= length
    return tuple(reversed(found))


def run_of(node: Tensor) -> Any:
    """Return what the results of one run of a loop have in common."""
    return node.attributes["loop"], node.inputs


class Singles:
    """The lowering of nodes that stand in no chain.

    Args:
        lowering: Of the whole graph.
    """

    def __init__(self, lowering: Lowering) -> None:
        self.lowering = lowering
        self.buffer, self.emit = lowering.buffer, lowering.emit

    def add(self, node: Tensor, outputs: Mapping[Tensor, str]) -> None:
        """Add the instruction of a node.

        Args:
            node: What stands in no chain.
            outputs: Which output each tensor is written to directly.
        """
        kind = node.op.native
        if isinstance(kind, Contraction) or node in self.lowering.biased:
            self.lowering.target(node, outputs, None)
        if node in self.lowering.biased:
            product, bias = self.lowering.biased[node]
            self._product(product, node, bias)
        elif isinstance(kind, Contraction):
            self._product(node, node, None)
        elif isinstance(kind, Reduction):
            self._reduce(node, kind.fold)
        elif isinstance(kind, Movement):
            self._movement(node, kind.pattern, outputs)
        elif isinstance(kind, Indexed):
            self._lookup(node, kind.pattern)
        elif isinstance(kind, Elementwise) and kind.instruction == "cast":
            self._convert(node)
        elif isinstance(kind, Recurrence):
            self._loop(node)
        elif isinstance(kind, Random):
            seed, counter = (self.buffer(source) for source in node.inputs)
            self.emit(
                Draw(
                    [seed, counter],
                    [self.buffer(node)],
                    str(node.label),
                    kind.distribution,
                    node.attributes["stream"],
                )
            )
        else:
            raise Unsupported(f"{node.op.name} of {node.type} has no instruction of its own")

    def _loop(self, node: Tensor) -> None:
        from glassnet.engines.native.loops import Layout, looped
        from glassnet.engines.native.lowering import lower

        loop: Loop = node.attributes["loop"]
        results = self.lowering.results[run_of(node)]
        layout = Layout(loop, [result.attributes["output"] for result in results])
        outside = dict(zip(loop.inputs, node.inputs, strict=True))
        for place, carry in enumerate(loop.carries):
            self._put(outside[carry], layout.start(place))
        self.emit(looped(loop, layout, lambda inside: self.buffer(outside[inside]), lower))
        for result in results:
            self.lowering.buffers[result] = layout.result(result.attributes["output"])

    def _put(self, node: Tensor, target: Buffer) -> None:
        """Copy a value to a place."""
        node = strip(node)
        spread = isinstance(node.op.native, Movement) and node.op.native.pattern == "broadcast"
        if spread and node.inputs[0].size == 1:
            source, strides = self.buffer(node.inputs[0]), (0,)
        else:
            source, strides = self.buffer(node), (1,)
        self.emit(Move([source], [target], "start", (node.size,), strides, (1,)))

    def _convert(self, node: Tensor) -> None:
        """Change the floating-point type: a chain that reads one and writes the other."""
        source, target = self.buffer(node.inputs[0]), self.buffer(node)
        slots = [Slot(Mode.FULL, source), Slot(Mode.FULL, target)]
        steps = [Step("copy", 1, (0,))]
        self.emit(
            Fused([source], [target], str(node.label), node.size, 1, slots, steps, 0, DType.FLOAT64)
        )

    def _product(self, product: Tensor, result: Tensor, bias: Tensor | None) -> None:
        a, transpose_a = self._operand(product.inputs[0])
        b, transpose_b = self._operand(product.inputs[1])
        m, n = product.shape[-2:]
        reads = [a, b]
        if bias is not None:
            reads.append(self.buffer(bias))
        self.emit(
            Product(
                reads,
                [self.buffer(result)],
                str(result.label),
                math.prod(product.shape[:-2]),
                m,
                n,
                product.inputs[0].shape[-1],
                transpose_a,
                transpose_b,
                bias is not None,
                product.dtype,
            )
        )

    def _operand(self, node: Tensor) -> tuple[Buffer, bool]:
        """Return a product's operand, and whether it is to be read as its transpose."""
        last_two = (*range(node.ndim - 2), node.ndim - 1, node.ndim - 2)
        if isinstance(node.op.native, Movement) and node.attributes.get("order") == last_two:
            return self.buffer(node.inputs[0]), True
        return self.buffer(node), False

    def _reduce(self, node: Tensor, fold: str) -> None:
        source = node.inputs[0]
        axes: tuple[int, ...] = node.attributes.get("axes", (node.attributes.get("axis", 0),))
        strides = strides_of(source.shape)
        kept = [axis for axis in range(source.ndim) if axis not in axes]
        self.emit(
            Reduce(
                [self.buffer(source)],
                [self.buffer(node)],
                str(node.label),
                fold,
                tuple(source.shape[axis] for axis in kept),
                tuple(strides[axis] for axis in kept),
                tuple(source.shape[axis] for axis in axes),
                tuple(strides[axis] for axis in axes),
            )
        )

    def _movement(self, node: Tensor, pattern: str, outputs: Mapping[Tensor, str]) -> None:
        if pattern == "concatenate":
            self._concatenate(node, outputs)
            return
        source = node.inputs[0]
        reads, writes = [self.buffer(source)], [self.buffer(node)]
        before, after = strides_of(source.shape), strides_of(node.shape)
        if pattern == "transpose":
            order: tuple[int, ...] = node.attributes["order"]
            strides = tuple(before[axis] for axis in order)
            self.emit(Move(reads, writes, pattern, node.shape, strides, after))
        elif pattern == "slice":
            start, step = node.attributes["start"], node.attributes["step"]
            first = sum(at * by for at, by in zip(start, before, strict=True))
            strides = tuple(by * each for by, each in zip(before, step, strict=True))
            self.emit(Move(reads, writes, pattern, node.shape, strides, after, first))
        elif pattern == "pad":
            low, between = node.attributes["low"], node.attributes["between"]
            first = sum(at * by for at, by in zip(low, after, strict=True))
            strides = tuple(by * (gap + 1) for by, gap in zip(after, between, strict=True))
            self.emit(
                Move(reads, writes, pattern, source.shape, before, strides, 0, first, clear=True)
            )
        else:
            raise Unsupported(f"the movement {pattern} has no instruction")

    def _concatenate(self, node: Tensor, outputs: Mapping[Tensor, str]) -> None:
        axis: int = node.attributes["axis"]
        after = strides_of(node.shape)
        place = 0
        target = self.lowering.joint(node, outputs)
        for source in node.inputs:
            if source not in self.lowering.placed:
                before = strides_of(source.shape)
                start = place * after[axis]
                move = ("concatenate", source.shape, before, after, 0, start)
                self.emit(Move([self.buffer(source)], [target], *move))
            place += source.shape[axis]

    def _lookup(self, node: Tensor, pattern: str) -> None:
        writes = [self.buffer(node)]
        if pattern == "one_hot":
            numbers = self.buffer(node.inputs[0])
            size = node.inputs[0].size
            self.emit(Lookup([numbers], writes, pattern, pattern, 1, node.shape[-1], size, 1))
            return
        x, numbers = node.inputs
        axis: int = node.attributes["axis"]
        larger = x if pattern == "gather" else node
        self.emit(
            Lookup(
                [self.buffer(x), self.buffer(numbers)],
                writes,
                pattern,
                pattern,
                math.prod(larger.shape[:axis]),
                larger.shape[axis],
                numbers.size,
                math.prod(larger.shape[axis + 1 :]),
            )
        )
