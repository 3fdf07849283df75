"""What an instruction costs: floating-point operations, and bytes read and written."""

from __future__ import annotations

import math

from glassnet.engines.native.instructions import (
    Fused,
    Instruction,
    Lookup,
    Looped,
    Move,
    Place,
    Plan,
    Product,
    Reduce,
)

__all__ = ["operations", "traffic"]

# Operations of a chain that only move, choose or recast numbers, and those of several operations.
FREE = ("copy", "spread", "one_hot", "select", "is_not_zero", "truncate")
COSTLY = {
    "row_logsumexp": 4,  # the greatest, the differences, the exponentials, the sum
    "multiply_add": 2,
    "subtract_product": 2,
    "sum_of_products": 3,
    "add_scaled_difference": 3,
    "row_sum_of_products": 2,
    "rows_sum_of_products": 2,
    "row_sum_of_square_differences": 3,
}


def traffic(instruction: Instruction) -> tuple[int, int]:
    """Return how many bytes an instruction reads and writes: each of its values once."""
    read, written = (
        sum({id(b): b.bytes for b in buffers if b.place is not Place.BLOCK}.values())
        for buffers in (instruction.reads, instruction.writes)
    )
    match instruction:
        case Looped(plan=Plan() as plan):
            each = [traffic(inner) for inner in plan.instructions]
            reads, writes = zip(*each, strict=True)
            return instruction.length * sum(reads), instruction.length * sum(writes)
        case Move():
            moved = math.prod(instruction.shape) * instruction.writes[0].dtype.numpy.itemsize
            return min(read, moved), written if instruction.clear else moved
        case Lookup(pattern="gather"):
            return written + instruction.reads[-1].bytes, written
        case _:
            return read, written


def operations(instruction: Instruction) -> int:
    """Return the floating-point operations of an instruction.

    A product has 2mnk: a multiplication and an addition each, the first of them to the bias. An
    operation of a chain has one for each element, whether it is a sum or a tanh; so has a reduction
    for each element that it folds. Moving, choosing and drawing numbers count nothing.
    """
    match instruction:
        case Looped(plan=Plan() as plan):
            return instruction.length * sum(map(operations, plan.instructions))
        case Product():
            p = instruction
            return 2 * p.batch * p.m * p.n * p.k
        case Fused():
            return sum(_step_flops(instruction, index) for index in range(len(instruction.steps)))
        case Reduce():
            return math.prod(instruction.kept) * math.prod(instruction.folded)
        case Lookup(pattern="scatter_add"):
            return instruction.outer * instruction.count * instruction.inner
        case _:
            return 0


def _step_flops(chain: Fused, index: int) -> int:
    step = chain.steps[index]
    if step.code in FREE:
        return 0
    along_rows = step.code.startswith("row_")  # their result is a column, what they fold is not
    elements = chain.rows if step.column and not along_rows else chain.rows * chain.width
    return elements * COSTLY.get(step.code, 1)
