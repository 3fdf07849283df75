"""Fusion: which elementwise operations run together, block by block in the L1 cache.

A group has a space of N rows of K elements. Its members are elementwise operations on the whole
space ("full"), operations on one element for each row ("column"), reductions along the rows, which
lead from full to column, and, as ends, sums over the rows or over everything. Broadcasts and
reshapes are no operations here: they say how an operand is seen.
"""

from __future__ import annotations

import math
from collections.abc import Set as AbstractSet
from dataclasses import field

from glassnet.engines.native.instructions import Mode
from glassnet.graph import Graph, Tensor
from glassnet.graph.operation import Elementwise, Indexed, Movement, Reduction
from glassnet.graph.types import DType, Shape
from glassnet.records import dataclass

__all__ = [
    "Group",
    "View",
    "base_of",
    "fuse",
    "is_column_operand",
    "is_view",
    "see",
    "strip",
    "uncut",
]

ROW_FOLDS = ("sum", "mean", "max", "logsumexp", "argmax")
END_FOLDS = ("sum", "mean")
WIDEST_ROW = 4096  # above this a row does not stay in the cache
NARROW = 32  # elements of a row, up to which operands are repeated for all rows of a block


@dataclass(eq=False)
class Group:
    """Operations that run together, in order."""

    number: int
    rows: int
    width: int
    members: dict[Tensor, str] = field(default_factory=dict[Tensor, str])
    uses: set[Tensor] = field(default_factory=set[Tensor])
    floats: set[DType] = field(default_factory=set[DType])

    @property
    def is_wide(self) -> bool:
        """Whether operands are read as they are, row by row, if they are the same for all rows, or
        one number for each; rather than repeated for a whole block first.
        """
        return self.width > NARROW

    def is_end(self, node: Tensor) -> bool:
        """Return whether a member's value is known only when all blocks are done."""
        return self.members.get(node, "").startswith("end")


@dataclass(frozen=True)
class View:
    """How an operand is seen from a space: the tensor itself, and how it spreads."""

    mode: Mode
    base: Tensor


def strip(node: Tensor) -> Tensor:
    """Return what a node is a reshape of: the same elements in the same order."""
    while is_view(node) and node.size == node.inputs[0].size:
        node = node.inputs[0]
    return node


def uncut(node: Tensor) -> tuple[Tensor, int, int]:
    """Return what a chain reads in place of a slice: of what, from which element, and how far apart
    its rows are; the node itself, 0 and 0 if it is no slice of columns.
    """
    kind = node.op.native
    if not isinstance(kind, Movement) or kind.pattern != "slice" or node.ndim < 1:
        return node, 0, 0
    (source,), start, stop = node.inputs, node.attributes["start"], node.attributes["stop"]
    whole = start[:-1] == (0,) * (node.ndim - 1) and stop[:-1] == source.shape[:-1]
    if not whole or set(node.attributes["step"]) != {1} or node.size == 0:
        return node, 0, 0
    return source, start[-1], source.shape[-1] if node.ndim > 1 else 0


def see(node: Tensor, rows: int, width: int, column: bool) -> View:
    """Return how a node is seen from a space of rows × width, or from its column of rows."""
    node = strip(node)
    spread = isinstance(node.op.native, Movement) and node.op.native.pattern == "broadcast"
    while spread and node.inputs[0].size == 1:
        return View(Mode.SINGLE, strip(node.inputs[0]))
    if column:
        return View(Mode.SINGLE if node.size == 1 and rows != 1 else Mode.COLUMN, node)
    if spread:
        source = node.inputs[0]
        if _is_column(source.shape, node.shape):
            return View(Mode.COLUMN, strip(source))
        if source.size == width == source.shape[-1] and node.shape[-1] == width:
            return View(Mode.ROW, strip(source))
    if node.size == 1 and rows * width != 1:
        return View(Mode.SINGLE, node)
    return View(Mode.FULL, node)


def _is_column(source: Shape, target: Shape) -> bool:
    """Return whether a broadcast repeats one element for each row along the row."""
    same = source[:-1] == target[:-1] if len(source) == len(target) else False
    return same and source[-1] == 1 and target[-1] != 1


def space_of(shape: Shape) -> tuple[int, int]:
    """Return the rows and the width of a shape by itself."""
    if len(shape) < 2:
        return 1, math.prod(shape)
    return math.prod(shape[:-1]), shape[-1]


class _Fuser:
    def __init__(self, graph: Graph, alone: AbstractSet[Tensor]) -> None:
        self.graph, self.alone = graph, alone
        self.group_of: dict[Tensor, Group] = {}
        self.groups: dict[int, Group] = {}
        # What each unit (a group, or a node by itself) needs directly, as sets of bits.
        self.unit: dict[Tensor, int] = {}
        self.needs: list[int] = []

    def run(self) -> list[Group]:
        for node in self.graph.nodes:
            if node.inputs and not is_view(node):
                self._place(node)
        return list(self.groups.values())

    def _new_unit(self, needs: int) -> int:
        self.needs.append(needs)
        return len(self.needs) - 1

    def _reaches(self, start: int, target: int) -> bool:
        """Return whether any unit of `start` (bits) is, or needs, the unit `target`."""
        seen, todo, wanted = 0, start, 1 << target
        while todo:
            if todo & wanted:
                return True
            unit = todo.bit_length() - 1
            seen |= 1 << unit
            todo = (todo | self.needs[unit]) & ~seen
        return False

    def _place(self, node: Tensor) -> None:
        """Put a node into the groups that make its inputs, merged where possible, or a new one."""
        bases = [base_of(source) for source in node.inputs]
        bits = 0
        for base in bases:
            if base in self.unit:
                bits |= 1 << self.unit[base]
        home: Group | None = None
        shape = None if node in self.alone else _working_shape(node)
        if shape is not None:
            numbers = sorted({self.unit[b] for b in bases if b in self.group_of}, reverse=True)
            for number in numbers:
                group = self.groups.get(number)
                if group is None:
                    continue
                if home is None:
                    role = self._role(node, group, bits)
                    if role is not None:
                        home = group
                        self._join(node, group, role, bits)
                else:
                    self._merge(home, group)
            if home is None:
                home = self._start(node, shape, bits)
        if home is None:
            self.unit[node] = self._new_unit(bits)

    def _start(self, node: Tensor, shape: Shape, bits: int) -> Group | None:
        rows, width = space_of(shape)
        if width > WIDEST_ROW and not isinstance(node.op.native, Elementwise):
            return None
        group = Group(len(self.needs), rows, width)
        role = self._role(node, group, bits)
        if role is None:
            return None
        self.groups[self._new_unit(0)] = group
        self._join(node, group, role, bits)
        return group

    def _join(self, node: Tensor, group: Group, role: str, bits: int) -> None:
        group.members[node] = role
        group.uses.update(base_of(source) for source in node.inputs)
        group.floats |= _floats(node)
        self.group_of[node] = group
        self.unit[node] = group.number
        self.needs[group.number] |= bits & ~(1 << group.number)

    def _merge(self, home: Group, other: Group) -> None:
        """Make two groups of the same space one, where no third unit stands between them."""
        if (home.rows, home.width) != (other.rows, other.width):
            return
        if len(home.floats | other.floats) > 1:
            return
        for one, two in ((home, other), (other, home)):
            if any(one.is_end(base) for base in two.uses):
                return
            between = self.needs[two.number] & ~(1 << one.number)
            if self._reaches(between, one.number):
                return
        number, gone = home.number, 1 << other.number
        home.members.update(other.members)
        home.uses |= other.uses
        home.floats |= other.floats
        for node in other.members:
            self.group_of[node] = home
            self.unit[node] = number
        self.needs[number] = (self.needs[number] | self.needs[other.number]) & ~gone
        self.needs[number] &= ~(1 << number)
        self.needs[other.number] = 0
        for unit, needs in enumerate(self.needs):
            if needs & gone:
                self.needs[unit] = (needs & ~gone) | (1 << number if unit != number else 0)
        del self.groups[other.number]

    def _role(self, node: Tensor, group: Group, bits: int) -> str | None:
        """Return what a node would be in a group, or None if it does not fit."""
        role = _role_in_space(node, group)
        if role is None or len(group.floats | _floats(node)) > 1:
            return None
        outside = bits & ~(1 << group.number)
        if group.number < len(self.needs) and self._reaches(outside, group.number):
            return None
        column = is_column_operand(node, role)
        for source in node.inputs:
            base = base_of(source)
            if base not in group.members:
                continue
            if group.is_end(base):
                return None
            wanted = Mode.FULL if group.members[base] == "full" else Mode.COLUMN
            view = see(source, group.rows, group.width, column)
            if view.mode is not wanted or view.base is not base:
                return None
        return role


def _floats(node: Tensor) -> set[DType]:
    """Return the floating-point types that a node works with: a chain has one.

    Whole numbers are held as floating-point numbers in a chain. Class numbers fit into float32 (up
    to 2²⁴); arithmetic on whole numbers counts as float64 (exact up to 2⁵³).
    """
    floats = {tensor.dtype for tensor in (node, *node.inputs) if tensor.dtype.is_float}
    whole = node.dtype is DType.INT64 and isinstance(node.op.native, Elementwise)
    return floats | {DType.FLOAT64} if whole else floats


def is_column_operand(node: Tensor, role: str) -> bool:
    """Return whether a member of a group takes one element for each row."""
    if isinstance(node.op.native, Reduction):
        return role == "end column"
    return role == "column" or isinstance(node.op.native, Indexed)


def is_view(node: Tensor) -> bool:
    """Return whether a node only says how elements are seen."""
    kind = node.op.native
    return isinstance(kind, Movement) and kind.pattern in ("reshape", "broadcast")


def base_of(node: Tensor) -> Tensor:
    """Return what a view is of."""
    while is_view(node):
        node = node.inputs[0]
    return node


def _working_shape(node: Tensor) -> Shape | None:
    """Return the shape over which a node works, or None if it cannot be in a chain."""
    kind = node.op.native
    if isinstance(kind, Elementwise):
        return node.shape if len(_floats(node)) < 2 else None
    if isinstance(kind, Reduction):
        return node.inputs[0].shape
    if isinstance(kind, Indexed) and kind.pattern == "one_hot":
        return node.shape
    return None


def _role_in_space(node: Tensor, group: Group) -> str | None:
    kind = node.op.native
    rows, width = group.rows, group.width
    if isinstance(kind, Elementwise):
        if node.size == rows * width and (width == 1 or space_of(node.shape)[1] == width):
            return "full"
        if rows > 1 and node.size == rows and (node.ndim == 1 or node.shape[-1] == 1):
            return "column"
        return None
    if isinstance(kind, Indexed):
        fits = node.size == rows * width and node.shape[-1] == width and rows > 1
        return "full" if fits else None
    if isinstance(kind, Reduction):
        return _reduction_role(node, kind.fold, group)
    return None


def _reduction_role(node: Tensor, fold: str, group: Group) -> str | None:
    source = node.inputs[0]
    rows, width = group.rows, group.width
    axes: tuple[int, ...] = node.attributes.get("axes", (node.attributes.get("axis", 0),))
    everything = len(axes) == source.ndim
    if rows > 1 and source.size == rows and source.shape in ((rows,), (rows, 1)) and width > 1:
        return "end column" if everything and fold in END_FOLDS else None
    if source.size != rows * width or space_of(source.shape)[1] != width:
        return None
    if source.ndim >= 2 and axes == (source.ndim - 1,) and fold in ROW_FOLDS and rows > 1:
        return "column"
    if everything and fold in END_FOLDS:
        return "end total"
    if axes == tuple(range(source.ndim - 1)) and source.ndim >= 2 and fold in END_FOLDS:
        return "end rows"
    return None


def fuse(graph: Graph, alone: AbstractSet[Tensor] = frozenset()) -> list[Group]:
    """Return the groups of a graph; nodes in none, such as those in `alone`, run by themselves."""
    groups = _Fuser(graph, alone).run()
    order = {node: index for index, node in enumerate(graph.nodes)}
    for group in groups:
        group.members = dict(sorted(group.members.items(), key=lambda item: order[item[0]]))
    return groups
