"""Gradients of weights go to their updates some rows at a time, and are nowhere as a whole."""

from __future__ import annotations

from collections.abc import Sequence

from glassnet.engines.native.instructions import (
    Buffer,
    Fused,
    Instruction,
    Mode,
    Place,
    Product,
)

__all__ = ["pair_products"]

LEAST_ROWS = 32  # fewer are cut along their columns when threads share a product
LARGEST = 1e9  # multiplications: more are done in several instructions, so that Ctrl-C is answered
PLAIN = (Mode.FULL, Mode.SINGLE, Mode.REGISTER_FULL)  # each element depends on its own place alone


def pair_products(instructions: Sequence[Instruction]) -> list[Instruction]:
    """Return the instructions with each product that only an update reads right before it.

    The machine does the two in turn on a few rows at a time. So the gradient of a weight matrix
    stays in the cache and takes no place in the arena, where rows of it, which belong to one
    thread, would follow columns of activations, which belong to another.
    """
    order = list(instructions)
    readers: dict[int, list[Instruction]] = {}
    writers: dict[int, list[Instruction]] = {}
    for instruction in instructions:
        for users, buffers in ((readers, instruction.reads), (writers, instruction.writes)):
            for key in {id(buffer.whole) for buffer in buffers}:
                users.setdefault(key, []).append(instruction)
    for product in [i for i in instructions if isinstance(i, Product) and _is_gradient(i)]:
        result = product.writes[0]
        chain, *others = readers.get(id(result), [None])
        if others or len(writers[id(result)]) > 1:
            continue
        if not isinstance(chain, Fused) or not _fits(product, chain):
            continue
        here, there = (next(n for n, i in enumerate(order) if i is x) for x in (product, chain))
        needed = {_place(buffer) for buffer in product.reads}
        if any(_place(b) in needed for i in order[here + 1 : there + 1] for b in i.writes):
            continue
        order.insert(there, product)
        del order[here]
        product.is_streamed, result.place = True, Place.BLOCK
    return order


def _is_gradient(product: Product) -> bool:
    """Return whether a product adds over the examples, into something that has rows enough."""
    result, size = product.writes[0], product.m * product.n * product.k
    return (
        product.transpose_a
        and product.batch == 1
        and not product.has_bias
        and product.m >= LEAST_ROWS
        and size <= LARGEST
        and result.place is Place.ARENA
        and result.within is None
    )


def _fits(product: Product, chain: Fused) -> bool:
    """Return whether a chain may go over a product's rows as they are worked out."""
    if (chain.rows, chain.width) != (product.m, product.n):
        return False
    if any(step.code.startswith(("row", "total", "one_hot")) for step in chain.steps):
        return False
    if not all(slot.mode in PLAIN and not slot.start and not slot.stride for slot in chain.slots):
        return False
    result = product.writes[0]
    seen = [slot.mode for slot in chain.slots if slot.buffer and slot.buffer.whole is result]
    stored = all(buffer.whole.place is Place.STORE for buffer in chain.writes)
    return seen == [Mode.FULL] and chain.dtype == product.dtype and stored


def _place(buffer: Buffer) -> object:
    """Return what two buffers have in common if they are the same memory."""
    whole = buffer.whole
    return whole.name if whole.place is Place.STORE else id(whole)
