"""From a graph to instructions on buffers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

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
    Step,
    Unsupported,
)
from glassnet.engines.native.passes.again import work_out_again
from glassnet.engines.native.passes.common import share
from glassnet.engines.native.passes.fusion import (
    Group,
    base_of,
    fuse,
    is_column_operand,
    is_view,
    see,
    strip,
    uncut,
)
from glassnet.engines.native.passes.joining import join
from glassnet.engines.native.passes.memory import plan_memory
from glassnet.engines.native.passes.pairing import pair_products
from glassnet.engines.native.passes.simplify import simplify
from glassnet.engines.native.passes.softmax import share_softmax
from glassnet.graph import DType, Graph, Tensor, verify
from glassnet.graph.loop import Loop
from glassnet.graph.operation import (
    Constant,
    Contraction,
    Elementwise,
    Indexed,
    Movement,
    Random,
    Recurrence,
    Reduction,
    Source,
)
from glassnet.graph.types import Shape

__all__ = ["lower"]

PERSISTENT = ("parameters/", "slots/", "statistics/")


def lower(graph: Graph) -> Plan:
    """Return the program of a graph.

    An output that has the name of an input takes its place: it is written over it once nothing
    needs the old value any more.

    Raises:
        Unsupported: An op that the machine has no instruction for.
    """
    kinds = {type(node.op.native) for node in graph.nodes}
    if Recurrence in kinds:
        from glassnet.engines.native.passes.recurrence import shorten_loops

        graph = shorten_loops(graph)
    if Indexed in kinds:
        from glassnet.engines.native.passes.lookups import multiply_rows_once

        graph = multiply_rows_once(graph)
    simple = share(simplify(share(join(graph))))
    shorter = share_softmax(simple)
    short = simple if shorter is simple else share(simplify(shorter))
    return _Lowering(verify(work_out_again(short))).run()


def _strides(shape: Shape) -> tuple[int, ...]:
    strides: list[int] = []
    step = 1
    for length in reversed(shape):
        strides.append(step)
        step *= length
    return tuple(reversed(strides))


def drop_unused(instructions: list[Instruction]) -> list[Instruction]:
    """Return the instructions without those whose results nothing needs."""
    needed: set[int] = set()
    kept: list[Instruction] = []
    for instruction in reversed(instructions):
        results = instruction.writes
        if any(b.place is Place.STORE or id(b.whole) in needed for b in results):
            kept.append(instruction)
            needed.update(id(buffer.whole) for buffer in instruction.reads)
    return kept[::-1]


class _Lowering:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.order = {node: index for index, node in enumerate(graph.nodes)}
        self.buffers: dict[Tensor, Buffer] = {}
        self.instructions: list[Instruction] = []
        self.users: dict[Tensor, list[Tensor]] = {}
        for node in graph.nodes:
            for source in node.inputs:
                self.users.setdefault(source, []).append(node)
        self.biased = self._find_biases()
        self.products = {product: node for node, (product, _) in self.biased.items()}
        self.groups = fuse(graph, {*self.biased, *self.products})
        self.group_of = {node: group for group in self.groups for node in group.members}
        self.results: dict[Any, list[Tensor]] = {}  # of each loop, one run of which gives them all
        for node in graph.nodes:
            if isinstance(node.op.native, Recurrence):
                self.results.setdefault(_run_of(node), []).append(node)
        self.placed = self._find_parts()
        self.absorbed: dict[Tensor, Tensor] = {}  # products, and the sums that work them out
        self._absorb_products()

    # ------------------------------------------------------------------ what runs in which order
    def _find_biases(self) -> dict[Tensor, tuple[Tensor, Tensor]]:
        """Return the sums of a product and a row of biases, which the product does at its end."""
        found: dict[Tensor, tuple[Tensor, Tensor]] = {}
        outputs = set(self.graph.outputs.values())
        for node in self.graph.nodes:
            if not isinstance(node.op.native, Elementwise) or node.op.native.instruction != "add":
                continue
            for product, other in (node.inputs, node.inputs[::-1]):
                single = self.users.get(product) == [node] and product not in outputs
                if isinstance(product.op.native, Contraction) and single and product.ndim == 2:
                    view = see(other, *product.shape, column=False)
                    if view.mode is Mode.ROW:
                        found[node] = (product, view.base)
                        break
        return found

    def _find_parts(self) -> dict[Tensor, tuple[Tensor, int]]:
        """Return what chains write where it is set side by side with others: in what, and where."""
        found: dict[Tensor, tuple[Tensor, int]] = {}
        outputs = set(self.graph.outputs.values())
        for whole in self.graph.nodes:
            kind = whole.op.native
            if not isinstance(kind, Movement) or kind.pattern != "concatenate" or whole.ndim != 2:
                continue
            start = 0
            for part in whole.inputs:
                group = self.group_of.get(part)
                fits = group is not None and part.shape == (group.rows, group.width)
                others = {user for user in self.users[part] if user is not whole}
                alone = group is not None and others <= {*group.members} and part not in outputs
                if fits and alone and whole.attributes["axis"] == 1:
                    found[part] = whole, start
                start += part.shape[-1]
        return found

    def joint(self, whole: Tensor, outputs: Mapping[Tensor, str]) -> Buffer:
        """Return the buffer of what is written part by part."""
        name = outputs.get(whole)
        if whole not in self.buffers and name is not None and name not in self.graph.inputs:
            self.buffers[whole] = Buffer(whole.shape, whole.dtype, Place.STORE, name)
        return self.buffer(whole)

    def _absorb_products(self) -> None:
        """Find the products in chains that are worked out in one sweep with the sum they go into.

        From here on such a product counts as computed when its sum is.
        """
        for group in self.groups:
            for node in group.members:
                if self._is_sum(node, group):
                    self._absorb_into_fold(node, group)
                    continue
                if _instruction(node) not in ("add", "subtract"):
                    continue
                first = 0 if _instruction(node) == "add" else 1  # c − a·b, but no a·b − c
                for product in node.inputs[first:]:
                    same = group.members.get(product) == group.members[node]
                    if same and self._is_only_for(node, product, group, "multiply"):
                        self._absorb(product, node)
                products = [source for source in node.inputs if source in self.absorbed]
                if _instruction(node) == "add" and len(products) == 1:
                    self._absorb_difference(products[0], node, group)

    def _is_only_for(self, user: Tensor, node: Tensor, group: Group, *instructions: str) -> bool:
        """Return whether a member is one of these operations, and used by one other alone."""
        return (
            node in group.members
            and _instruction(node) in instructions
            and all(other is user for other in self.users[node])
            and not self.leaves(node, group)
        )

    def _absorb(self, node: Tensor, result: Tensor) -> None:
        self.absorbed[node] = result
        self.order[node] = self.order[result]

    def _is_sum(self, node: Tensor, group: Group) -> bool:
        kind = node.op.native
        return (
            isinstance(kind, Reduction)
            and kind.fold == "sum"
            and group.members[node] in ("column", "end rows")
            and group.members.get(node.inputs[0]) == "full"
        )

    def _absorb_into_fold(self, node: Tensor, group: Group) -> None:
        """Let a sum work out the products, or the squares of differences, that it adds up."""
        product = node.inputs[0]
        if not self._is_only_for(node, product, group, "multiply", "square"):
            return
        self._absorb(product, node)
        square = _instruction(product) == "square"
        if group.members[node] == "column" and square:
            self._absorb_difference(product, node, group)

    def _absorb_difference(self, product: Tensor, result: Tensor, group: Group) -> None:
        """Let what works out a product work out the difference that is a factor of it too."""
        for factor in dict.fromkeys(product.inputs):
            same = group.members.get(factor) == group.members[product]
            plain = same and not any(source in self.absorbed for source in factor.inputs)
            if plain and self._is_only_for(product, factor, group, "subtract"):
                self._absorb(factor, result)
                return

    def run(self) -> Plan:
        outputs = self._output_names()
        for unit in self._schedule(outputs):
            if isinstance(unit, Group):
                self._fused(unit, outputs)
            elif unit not in self.products:
                self._single(unit, outputs)
        self._finish_outputs()
        self.instructions = pair_products(drop_unused(self.instructions))
        buffers, arena = plan_memory(self.instructions)
        return Plan(self.instructions, buffers, arena)

    def _output_names(self) -> dict[Tensor, str]:
        """Return which output each computed tensor is written to directly."""
        names: dict[Tensor, str] = {}
        for name, tensor in self.graph.outputs.items():
            base = strip(tensor)
            if base.inputs and not is_view(base):
                names.setdefault(base, name)
        return names

    def _schedule(self, outputs: Mapping[Tensor, str]) -> list[Group | Tensor]:
        """Return groups and single nodes in an order that can run, updates as late as possible."""
        units: list[Group | Tensor] = [*self.groups]
        units += [
            node
            for node in self.graph.nodes
            if node.inputs
            and not is_view(node)
            and node not in self.group_of
            and self._first_result(node) is node
        ]
        unit_of: dict[Tensor, Group | Tensor] = {**self.group_of}
        unit_of |= {unit: unit for unit in units if isinstance(unit, Tensor)}
        unit_of |= {node: nodes[0] for nodes in self.results.values() for node in nodes}
        waits: dict[Group | Tensor, set[Group | Tensor]] = {}
        for unit in units:
            members = unit.members if isinstance(unit, Group) else (unit,)
            needed = {
                unit_of[base]
                for member in members
                for source in member.inputs
                if (base := base_of(source)) in unit_of
            }
            waits[unit] = needed - {unit}

        def late(unit: Group | Tensor) -> tuple[bool, int]:
            members = list(unit.members) if isinstance(unit, Group) else [unit]
            updates = any(outputs.get(m, "").startswith(PERSISTENT) for m in members)
            return updates, self.order[members[-1]]

        done: set[Group | Tensor] = set()
        result: list[Group | Tensor] = []
        remaining = sorted(units, key=late)
        while remaining:
            unit = next(u for u in remaining if waits[u] <= done)
            remaining.remove(unit)
            done.add(unit)
            result.append(unit)
        self.position = {unit: index for index, unit in enumerate(result)}
        self.unit_of = unit_of
        return result

    def _first_result(self, node: Tensor) -> Tensor:
        """Return, for a result of a loop, the first one of that run; else the node itself."""
        return self.results[_run_of(node)][0] if isinstance(node.op.native, Recurrence) else node

    # ------------------------------------------------------------------ buffers
    def buffer(self, node: Tensor) -> Buffer:
        """Return the buffer that holds a node's value in order, made now if need be."""
        node = strip(node)
        if node in self.buffers:
            return self.buffers[node]
        kind = node.op.native
        if isinstance(kind, Source):
            found = Buffer(node.shape, node.dtype, Place.STORE, node.attributes["name"])
        elif isinstance(kind, Constant):
            value = node.attributes["value"]
            found = Buffer(node.shape, node.dtype, Place.CONSTANT, value=value)
        elif is_view(node):
            return self._repeat(node)
        else:
            found = Buffer(node.shape, node.dtype)
        self.buffers[node] = found
        return found

    def _repeat(self, node: Tensor) -> Buffer:
        """Write a broadcast out, for an instruction that needs every element."""
        source = node.inputs[0]
        buffer = self.buffer(source)
        target = Buffer(node.shape, node.dtype)
        strides = (0,) * (node.ndim - source.ndim) + tuple(
            0 if length == 1 else step
            for length, step in zip(source.shape, _strides(source.shape), strict=True)
        )
        self._emit(Move([buffer], [target], "broadcast", node.shape, strides, _strides(node.shape)))
        self.buffers[node] = target
        return target

    def _emit(self, instruction: Instruction) -> None:
        self.instructions.append(instruction)

    def target(self, node: Tensor, outputs: Mapping[Tensor, str], group: Group | None) -> Buffer:
        """Return the buffer that a node is to be written to: an output's own if that is safe."""
        name = outputs.get(node)
        if name is not None and node not in self.buffers:
            old = self.graph.inputs.get(name)
            if old is None or self._may_overwrite(node, old, group):
                self.buffers[node] = Buffer(node.shape, node.dtype, Place.STORE, name)
        return self.buffer(node)

    def _may_overwrite(self, node: Tensor, old: Tensor, group: Group | None) -> bool:
        """Return whether nothing needs an input's old value once a node is written over it."""
        here = self.position[self.unit_of[node]]
        seen: list[Tensor] = [old]
        while seen:
            tensor = seen.pop()
            if tensor in self.graph.outputs.values() and tensor is not old:
                return False
            for user in self.users.get(tensor, ()):
                if is_view(user) or uncut(user)[0] is not user:
                    seen.append(user)
                elif self.position[self.unit_of[user]] > here:
                    return False
                elif self.unit_of[user] is self.unit_of[node]:
                    if group is None:  # a sum, say, is cleared before the chain reads anything
                        return False
                    view = see(tensor, group.rows, group.width, column=False)
                    later = self.order[user] > self.order[node]
                    if later or view.mode is not Mode.FULL or group.members[user] != "full":
                        return False
        return True

    def _finish_outputs(self) -> None:
        """Copy what could not be written to its output directly."""
        for name, tensor in self.graph.outputs.items():
            buffer = self.buffer(tensor)
            if buffer.place is Place.STORE and buffer.name == name:
                continue
            target = Buffer(tensor.shape, tensor.dtype, Place.STORE, name)
            flat = (tensor.size,)
            self._emit(Move([buffer], [target], f"output {name}", flat, (1,), (1,)))

    # ------------------------------------------------------------------ single instructions
    def _single(self, node: Tensor, outputs: Mapping[Tensor, str]) -> None:
        kind = node.op.native
        if isinstance(kind, Contraction) or node in self.biased:
            self.target(node, outputs, None)
        if node in self.biased:
            product, bias = self.biased[node]
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
            self._emit(
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

        loop: Loop = node.attributes["loop"]
        results = self.results[_run_of(node)]
        layout = Layout(loop, [result.attributes["output"] for result in results])
        outside = dict(zip(loop.inputs, node.inputs, strict=True))
        for place, carry in enumerate(loop.carries):
            self._put(outside[carry], layout.start(place))
        self._emit(looped(loop, layout, lambda inside: self.buffer(outside[inside]), lower))
        for result in results:
            self.buffers[result] = layout.result(result.attributes["output"])

    def _put(self, node: Tensor, target: Buffer) -> None:
        """Copy a value to a place."""
        node = strip(node)
        spread = isinstance(node.op.native, Movement) and node.op.native.pattern == "broadcast"
        if spread and node.inputs[0].size == 1:
            source, strides = self.buffer(node.inputs[0]), (0,)
        else:
            source, strides = self.buffer(node), (1,)
        self._emit(Move([source], [target], "start", (node.size,), strides, (1,)))

    def _convert(self, node: Tensor) -> None:
        """Change the floating-point type: a chain that reads one and writes the other."""
        source, target = self.buffer(node.inputs[0]), self.buffer(node)
        slots = [Slot(Mode.FULL, source), Slot(Mode.FULL, target)]
        steps = [Step("copy", 1, (0,))]
        self._emit(
            Fused([source], [target], str(node.label), node.size, 1, slots, steps, 0, DType.FLOAT64)
        )

    def _product(self, product: Tensor, result: Tensor, bias: Tensor | None) -> None:
        a, transpose_a = self._operand(product.inputs[0])
        b, transpose_b = self._operand(product.inputs[1])
        m, n = product.shape[-2:]
        reads = [a, b]
        if bias is not None:
            reads.append(self.buffer(bias))
        self._emit(
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
        strides = _strides(source.shape)
        kept = [axis for axis in range(source.ndim) if axis not in axes]
        self._emit(
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
        before, after = _strides(source.shape), _strides(node.shape)
        if pattern == "transpose":
            order: tuple[int, ...] = node.attributes["order"]
            strides = tuple(before[axis] for axis in order)
            self._emit(Move(reads, writes, pattern, node.shape, strides, after))
        elif pattern == "slice":
            start, step = node.attributes["start"], node.attributes["step"]
            first = sum(at * by for at, by in zip(start, before, strict=True))
            strides = tuple(by * each for by, each in zip(before, step, strict=True))
            self._emit(Move(reads, writes, pattern, node.shape, strides, after, first))
        elif pattern == "pad":
            low, between = node.attributes["low"], node.attributes["between"]
            first = sum(at * by for at, by in zip(low, after, strict=True))
            strides = tuple(by * (gap + 1) for by, gap in zip(after, between, strict=True))
            self._emit(
                Move(reads, writes, pattern, source.shape, before, strides, 0, first, clear=True)
            )
        else:
            raise Unsupported(f"the movement {pattern} has no instruction")

    def _concatenate(self, node: Tensor, outputs: Mapping[Tensor, str]) -> None:
        axis: int = node.attributes["axis"]
        after = _strides(node.shape)
        place = 0
        target = self.joint(node, outputs)
        for source in node.inputs:
            if source not in self.placed:
                before = _strides(source.shape)
                start = place * after[axis]
                move = ("concatenate", source.shape, before, after, 0, start)
                self._emit(Move([self.buffer(source)], [target], *move))
            place += source.shape[axis]

    def _lookup(self, node: Tensor, pattern: str) -> None:
        writes = [self.buffer(node)]
        if pattern == "one_hot":
            numbers = self.buffer(node.inputs[0])
            size = node.inputs[0].size
            self._emit(Lookup([numbers], writes, pattern, pattern, 1, node.shape[-1], size, 1))
            return
        x, numbers = node.inputs
        axis: int = node.attributes["axis"]
        larger = x if pattern == "gather" else node
        self._emit(
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

    # ------------------------------------------------------------------ chains
    def _fused(self, group: Group, outputs: Mapping[Tensor, str]) -> None:
        _Chain(self, group, outputs).emit()

    def leaves(self, node: Tensor, group: Group) -> bool:
        """Return whether a member's value is needed outside its chain."""
        todo = [node]
        while todo:
            tensor = todo.pop()
            if tensor in self.graph.outputs.values():
                return True
            for user in self.users.get(tensor, ()):
                if is_view(user):
                    todo.append(user)
                elif user not in group.members:
                    return True
        return False


class _Chain:
    """The lowering of one group."""

    def __init__(self, lowering: _Lowering, group: Group, outputs: Mapping[Tensor, str]) -> None:
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
        self.lowering.instructions.append(
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
        factors = product.inputs * 2 if _instruction(product) == "square" else product.inputs
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


def _run_of(node: Tensor) -> Any:
    """Return what the results of one run of a loop have in common."""
    return node.attributes["loop"], node.inputs


def _instruction(node: Tensor) -> str:
    return node.op.native.instruction if isinstance(node.op.native, Elementwise) else ""


def _cast_code(node: Tensor) -> str:
    source, target = node.inputs[0].dtype, node.dtype
    if target is DType.BOOL:
        return "is_not_zero"
    return "truncate" if target is DType.INT64 and source.is_float else "copy"


def _numbers(node: Tensor) -> tuple[float, ...]:
    found = node.attributes
    return (found["low"], found["high"]) if "low" in found and "high" in found else ()
