"""From a graph to instructions on buffers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glassnet.engines.native.chains import Chain, instruction_of
from glassnet.engines.native.instructions import (
    Buffer,
    Instruction,
    Mode,
    Move,
    Place,
    Plan,
)
from glassnet.engines.native.passes.again import work_out_again
from glassnet.engines.native.passes.common import share
from glassnet.engines.native.passes.fusion import (
    Group,
    base_of,
    fuse,
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
from glassnet.engines.native.singles import Singles, run_of, strides_of
from glassnet.graph import Graph, Tensor, verify
from glassnet.graph.operation import (
    Constant,
    Contraction,
    Elementwise,
    Indexed,
    Movement,
    Recurrence,
    Reduction,
    Source,
)

__all__ = ["Lowering", "lower"]

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
    return Lowering(verify(work_out_again(short))).run()


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


class Lowering:
    """The lowering of one graph.

    Args:
        graph: All passes are done.
    """

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
                self.results.setdefault(run_of(node), []).append(node)
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
                if instruction_of(node) not in ("add", "subtract"):
                    continue
                first = 0 if instruction_of(node) == "add" else 1  # c − a·b, but no a·b − c
                for product in node.inputs[first:]:
                    same = group.members.get(product) == group.members[node]
                    if same and self._is_only_for(node, product, group, "multiply"):
                        self._absorb(product, node)
                products = [source for source in node.inputs if source in self.absorbed]
                if instruction_of(node) == "add" and len(products) == 1:
                    self._absorb_difference(products[0], node, group)

    def _is_only_for(self, user: Tensor, node: Tensor, group: Group, *instructions: str) -> bool:
        """Return whether a member is one of these operations, and used by one other alone."""
        return (
            node in group.members
            and instruction_of(node) in instructions
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
        square = instruction_of(product) == "square"
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
        """Return the program."""
        outputs, singles = self._output_names(), Singles(self)
        for unit in self._schedule(outputs):
            if isinstance(unit, Group):
                Chain(self, unit, outputs).emit()
            elif unit not in self.products:
                singles.add(unit, outputs)
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
        return self.results[run_of(node)][0] if isinstance(node.op.native, Recurrence) else node

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
            for length, step in zip(source.shape, strides_of(source.shape), strict=True)
        )
        self.emit(
            Move([buffer], [target], "broadcast", node.shape, strides, strides_of(node.shape))
        )
        self.buffers[node] = target
        return target

    def emit(self, instruction: Instruction) -> None:
        """Add an instruction."""
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
            self.emit(Move([buffer], [target], f"output {name}", flat, (1,), (1,)))

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
