"""What the native engine executes: buffers, and instructions on them."""

from __future__ import annotations

import math
from dataclasses import field
from enum import IntEnum

from glassnet.graph.types import Array, DType, Shape
from glassnet.records import dataclass

__all__ = [
    "Bound",
    "Buffer",
    "Draw",
    "Fused",
    "Instruction",
    "Lookup",
    "Looped",
    "Mode",
    "Move",
    "Place",
    "Plan",
    "Product",
    "Reduce",
    "Slot",
    "Step",
    "Unsupported",
]


class Unsupported(Exception):  # noqa: N818 - it says what is so, not that anyone erred
    """The native engine cannot run this graph; the message says which op, and why."""


class Place(IntEnum):
    """Where a buffer lives."""

    ARENA = 0  # in the program's own memory, which buffers share one after the other
    STORE = 1  # in the run's memory, by name: inputs, parameters, slots, measures
    CONSTANT = 2  # values that are part of the program
    BLOCK = 3  # never as a whole: a block of rows at a time, between a product and its chain


@dataclass(eq=False)
class Buffer:
    """A piece of memory that holds one tensor."""

    shape: Shape
    dtype: DType
    place: Place = Place.ARENA
    name: str = ""  # of a buffer in the store
    value: Array | None = None  # of a constant
    offset: int = 0  # in bytes, of a buffer in the arena
    within: Buffer | None = None  # what it is a part of,
    start: int = 0  # and from which byte on
    first: int = -1  # the instruction that writes it first
    last: int = -1  # the instruction that uses it last

    @property
    def size(self) -> int:
        """The number of elements."""
        return math.prod(self.shape)

    @property
    def whole(self) -> Buffer:
        """The buffer that it is a part of, or itself."""
        return self if self.within is None else self.within.whole

    @property
    def bytes(self) -> int:
        """The bytes that it takes."""
        return self.size * self.dtype.numpy.itemsize


class Mode(IntEnum):
    """How a fused chain, whose space is N rows of K elements, sees an operand."""

    FULL = 0  # N × K elements
    COLUMN = 1  # N elements, one for each row
    ROW = 2  # K elements, the same for each row
    SINGLE = 3  # one element
    REGISTER_FULL = 4  # between two ops of the chain: elements of the rows at hand
    REGISTER_COLUMN = 5  # the same, one element for each row


@dataclass
class Slot:
    """An operand or a result in a fused chain.

    `start` is the element at which it begins in its buffer; `stride` how many elements apart its
    rows are, 0 where they lie one after the other.
    """

    mode: Mode
    buffer: Buffer | None = None
    register: int = -1
    start: int = 0
    stride: int = 0


@dataclass
class Step:
    """One operation of a fused chain, on slots."""

    code: str
    result: int
    operands: tuple[int, ...]
    column: bool = False  # whether it computes one element for each row
    numbers: tuple[float, ...] = ()


@dataclass
class Instruction:
    """The parent of all instructions."""

    reads: list[Buffer] = field(default_factory=list[Buffer])
    writes: list[Buffer] = field(default_factory=list[Buffer])
    title: str = ""


@dataclass
class Fused(Instruction):
    """A chain of elementwise operations, with reductions along its rows, run block by block."""

    rows: int = 0
    width: int = 0
    slots: list[Slot] = field(default_factory=list[Slot])
    steps: list[Step] = field(default_factory=list[Step])
    registers: int = 0
    dtype: DType = DType.FLOAT32


@dataclass
class Product(Instruction):
    """C = op(A) op(B) (+ bias to each row), once for each entry of the leading axes."""

    batch: int = 1
    m: int = 0
    n: int = 0
    k: int = 0
    transpose_a: bool = False
    transpose_b: bool = False
    has_bias: bool = False
    dtype: DType = DType.FLOAT32
    is_streamed: bool = False  # the chain that follows takes its rows a block at a time


@dataclass
class Move(Instruction):
    """Elements copied from one place to another: `to[i·strides_to] = from[i·strides_from]`."""

    shape: Shape = ()
    strides_from: tuple[int, ...] = ()
    strides_to: tuple[int, ...] = ()
    start_from: int = 0
    start_to: int = 0
    clear: bool = False  # whether the whole target is set to zero first


@dataclass
class Reduce(Instruction):
    """An axis-wise sum, mean, maximum, logsumexp or arg-max that is no part of a chain."""

    fold: str = "sum"
    kept: Shape = ()
    kept_strides: tuple[int, ...] = ()
    folded: Shape = ()
    folded_strides: tuple[int, ...] = ()


@dataclass
class Lookup(Instruction):
    """Gather, scatter-add or one-hot: entries found by number."""

    pattern: str = "gather"
    outer: int = 1
    length: int = 1
    count: int = 1
    inner: int = 1


@dataclass
class Draw(Instruction):
    """Random numbers by counter."""

    distribution: str = "uniform"
    stream: int = 0


@dataclass(frozen=True)
class Bound:
    """What a name of a loop's body stands for: a place that moves on with the steps.

    Args:
        buffer: Outside the loop.
        start: The byte at which the place is at the first step.
        step: How many bytes further it is at the next one; may be negative.
        turn: After how many steps it is back at the start; 0 if never.
    """

    buffer: Buffer
    start: int = 0
    step: int = 0
    turn: int = 0

    def at(self, step: int) -> int:
        """Return the byte at a step."""
        return self.start + self.step * (step % self.turn if self.turn else step)


@dataclass
class Looped(Instruction):
    """The instructions of another plan, again and again."""

    plan: Plan | None = None
    length: int = 0
    bound: dict[str, Bound] = field(default_factory=dict[str, Bound])  # by name in the plan
    scratch: Buffer | None = None  # the plan's arena


@dataclass
class Plan:
    """A program, ready to be handed to the machine."""

    instructions: list[Instruction]
    buffers: list[Buffer]
    arena_bytes: int
