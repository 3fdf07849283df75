"""From a group of operations to one instruction: a chain of steps on slots and registers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from glassnet.engines.native.instructions import Buffer, Fused, Mode, Slot, Step
from glassnet.engines.native.passes.fusion import (
    Group,
    base_of,
    is_column_operand,
    see,
    strip,
    uncut,
)
from glassnet.graph import DType, Tensor
from glassnet.graph.operation import Elementwise, Reduction

if TYPE_CHECKING:
    from glassnet.engines.native.lowering import Lowering

__all__ = ["Chain", "instruction_of"]


class Chain:
    """The lowering of one group of operations to a chain.

    Args:
        lowering: Of the whole graph.
        group: The operations, in order.
        outputs: Which output each tensor is written to directly.
    """

    def __init__(self, lowering: Lowering, group: Group, outputs: Mapping[Tensor, str]) -> None:
        self.lowering, self.group, self.outputs = lowering, group, outputs
        self.dtype = next(iter(group.floats), DType.FLOAT64)
        self.slots: list[Slot] = []
        self.slot_of: dict[tuple[Mode, int] | tuple[Mode, int, int, int], int] = {}
        self.result_of: dict[Tensor, int] = {}
        self.steps: list[Step] = []
        self.reads: list[Buffer] = []
        self.writes: list[Buffer] = []
        self.last_use: dict[Tensor, int] = {}
        self.free: dict[Mode, list[int]] = {Mode.REGISTER_FULL: [], Mode.REGISTER_COLUMN: []}
        self.registers = 0

    def emit(self) -> None:
        """Add the chain to the instructions."""
        group, absorbed = self.group, self.lowering.absorbed
        members = list(group.members)
        last = [node for node in members if node not in absorbed]
        for index, node in enumerate(last):
            for _, source in self._form(node)[1]:
                self.last_use[base_of(source)] = index
        for index, node in enumerate(last):
            code, sources = self._form(node)
            operands = tuple(self._operand(user, source, node) for user, source in sources)
            for base in {base_of(source) for _, source in sources}:
                self._release(base, index)
            self.steps.append(
                Step(
                    code,
                    self._result(node, index),
                    operands,
                    group.members[node] in ("column", "end column"),
                    _numbers(node),
                )
            )
        titles = dict.fromkeys(str(node.label) for node in members if str(node.label))
        self.lowering.emit(
            Fused(
                self.reads,
                self.writes,
                ", ".join(titles),
                group.rows,
                group.width,
                self.slots,
                self.steps,
                self.registers,
                self.dtype,
            )
        )

    def _form(self, node: Tensor) -> tuple[str, list[tuple[Tensor, Tensor]]]:
        """Return what computes a member, and its operands, each with the node that takes it."""
        own = [(node, source) for source in node.inputs]
        products = [source for source in node.inputs if source in self.lowering.absorbed]
        if not products:
            return self._code(node), own
        factors = [(product, factor) for product in products for factor in product.inputs]
        others = [(node, source) for source in node.inputs if source not in products]
        if isinstance(node.op.native, Reduction):
            return self._sum_form(node, products[0])
        product = products[0]
        for place, difference in enumerate(product.inputs):
            if difference in self.lowering.absorbed:
                ends = [(difference, source) for source in difference.inputs]
                return "add_scaled_difference", [
                    (product, product.inputs[1 - place]),
                    *ends,
                    *others,
                ]
        if not others:
            return "sum_of_products", factors
        add = self._code(node) == "add"
        return "multiply_add" if add else "subtract_product", factors + others

    def _sum_form(self, node: Tensor, product: Tensor) -> tuple[str, list[tuple[Tensor, Tensor]]]:
        prefix = "row" if self.group.members[node] == "column" else "rows"
        factors = product.inputs * 2 if instruction_of(product) == "square" else product.inputs
        difference = factors[0]
        if difference in self.lowering.absorbed:
            ends = [(difference, source) for source in difference.inputs]
            return f"{prefix}_sum_of_square_differences", ends
        return f"{prefix}_sum_of_products", [(product, factor) for factor in factors]

    def _needs_places(self, node: Tensor) -> bool:
        """Return whether the operands of a member's step must have all elements in their places."""
        if isinstance(node.op.native, Elementwise):
            return len(node.inputs) == 1
        sums_products = self.group.members[node] == "column" and any(
            source in self.lowering.absorbed for source in node.inputs
        )
        return not self.group.is_wide or not sums_products

    def _slot(self, mode: Mode, buffer: Buffer, start: int = 0, stride: int = 0) -> int:
        key = (mode, id(buffer), start, stride)
        if key not in self.slot_of:
            self.slot_of[key] = len(self.slots)
            self.slots.append(Slot(mode, buffer, start=start, stride=stride))
        return self.slot_of[key]

    def _operand(self, node: Tensor, source: Tensor, result: Tensor) -> int:
        """Return the slot of the operand that a member takes, for the step that gives a result."""
        group = self.group
        elementwise = isinstance(result.op.native, Elementwise)
        in_place = self._needs_places(result)
        column = is_column_operand(node, group.members[node])
        view = see(source, group.rows, group.width, column)
        if view.base in self.result_of:
            if view.mode is Mode.COLUMN and not column and (in_place or not group.is_wide):
                return self._spread(self.result_of[view.base])
            return self.result_of[view.base]
        base = view.base if view.mode is not Mode.FULL else strip(source)
        start = stride = 0
        if view.mode in (Mode.FULL, Mode.ROW) and base.ndim and base.shape[-1] == group.width:
            base, start, stride = uncut(base)
        buffer = self.lowering.buffer(base)
        if buffer not in self.reads:
            self.reads.append(buffer)
        place = self._slot(view.mode, buffer, start, stride)
        if view.mode is Mode.SINGLE and in_place and not elementwise:
            return self._repeat(place, column)
        if view.mode is Mode.ROW and in_place and group.is_wide:
            return self._repeat(place, column)
        if view.mode is Mode.COLUMN and not column and (in_place or not group.is_wide):
            return self._spread(place)
        return place

    def _repeat(self, single: int, column: bool) -> int:
        """Return a single number, repeated, for what needs all elements in their places."""
        place = self._register(Mode.REGISTER_COLUMN if column else Mode.REGISTER_FULL)
        self.steps.append(Step("copy", place, (single,), column))
        return place

    def _spread(self, column: int) -> int:
        """Return a column, repeated along the rows."""
        key = (Mode.COLUMN, -1 - column)
        if key not in self.slot_of:
            place = self._register(Mode.REGISTER_FULL)
            self.slot_of[key] = place
            self.steps.append(Step("spread", place, (column,)))
        return self.slot_of[key]

    def _register(self, mode: Mode) -> int:
        if self.free[mode]:
            return self.free[mode].pop()
        self.slots.append(Slot(mode, register=self.registers))
        self.registers += 1
        return len(self.slots) - 1

    def _release(self, base: Tensor, index: int) -> None:
        """Give a register back when its value is used for the last time."""
        if self.last_use.get(base) != index or base not in self.result_of:
            return
        place = self.result_of[base]
        spread = self.slot_of.pop((Mode.COLUMN, -1 - place), None)
        for slot in (place, spread):
            if slot is not None and self.slots[slot].register >= 0:
                self.free[self.slots[slot].mode].append(slot)

    def _result(self, node: Tensor, index: int) -> int:
        group, lowering = self.group, self.lowering
        role = group.members[node]
        if node in lowering.placed and role == "full":
            whole, start = lowering.placed[node]
            buffer = lowering.joint(whole, self.outputs)
            self.writes.append(buffer)
            place = self._slot(Mode.FULL, buffer, start, whole.shape[-1])
        elif role.startswith("end") or lowering.leaves(node, group):
            within = group if role == "full" else None
            buffer = lowering.target(node, self.outputs, within)
            mode = {
                "full": Mode.FULL,
                "column": Mode.COLUMN,
                "end rows": Mode.ROW,
            }.get(role, Mode.SINGLE)
            self.writes.append(buffer)
            place = self._slot(mode, buffer)
        else:
            column = role == "column"
            place = self._register(Mode.REGISTER_COLUMN if column else Mode.REGISTER_FULL)
        self.result_of[node] = place
        del index
        return place

    def _code(self, node: Tensor) -> str:
        kind = node.op.native
        if isinstance(kind, Elementwise):
            if kind.instruction == "cast":
                return _cast_code(node)
            return kind.instruction
        if isinstance(kind, Reduction):
            role = self.group.members[node]
            prefix = {"column": "row", "end rows": "rows"}.get(role, "total")
            return f"{prefix}_{kind.fold}"
        return "one_hot"


def instruction_of(node: Tensor) -> str:
    """Return which elementwise instruction a node is, or nothing."""
    return node.op.native.instruction if isinstance(node.op.native, Elementwise) else ""


def _cast_code(node: Tensor) -> str:
    source, target = node.inputs[0].dtype, node.dtype
    if target is DType.BOOL:
        return "is_not_zero"
    return "truncate" if target is DType.INT64 and source.is_float else "copy"


def _numbers(node: Tensor) -> tuple[float, ...]:
    found = node.attributes
    return (found["low"], found["high"]) if "low" in found and "high" in found else ()
