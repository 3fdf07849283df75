"""The derivative of a loop: another loop, run the other way, over what the first one computed.

What the gradients speak of is stacked by the first loop (`Stack`), and only that. Broadcasts,
reshapes and the like are done again instead.

Source: back-propagation through time; Werbos, Proceedings of the IEEE 78 (1990), 1550-1560.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from glassnet.graph.differentiate import accumulate
from glassnet.graph.graph import topological_order
from glassnet.graph.loop import Final, Loop, Result, Stack, substitute
from glassnet.graph.operation import Constant, Movement, Op
from glassnet.graph.tensor import OPERATORS, Tensor, apply
from glassnet.records import dataclass

__all__ = ["pull_loop"]


def pull_loop(
    op: Op,
    gradients: Mapping[Tensor, Tensor],
    inputs: tuple[Tensor, ...],
    active: tuple[bool, ...],
    loop: Loop,
) -> tuple[Tensor | None, ...]:
    """Return the gradient with respect to each active input of a loop.

    Args:
        op: The op whose nodes are results of loops.
        gradients: With respect to the loop's results, by node.
        inputs: What the loop is applied to.
        active: Which inputs are to be differentiated with respect to.
        loop: The loop.
    """
    return _Pull(op, inputs, loop).run(gradients, active)


@dataclass
class _Backward:
    """The loop that runs back, as it is put together."""

    carries: list[Tensor] = field(default_factory=list[Tensor])
    starts: list[Tensor] = field(default_factory=list[Tensor])
    following: list[Tensor] = field(default_factory=list[Tensor])
    elements: dict[Tensor, Tensor] = field(default_factory=dict[Tensor, Tensor])  # input: sequence
    constants: dict[Tensor, Tensor] = field(default_factory=dict[Tensor, Tensor])  # input: value

    def carry(self, start: Tensor) -> Tensor:
        inside = _input(f"carry{len(self.carries)}", start)
        self.carries.append(inside)
        self.starts.append(start)
        return inside


class _Pull:
    def __init__(self, op: Op, inputs: tuple[Tensor, ...], loop: Loop) -> None:
        self.op, self.inputs, self.loop = op, inputs, loop
        self.outside = dict(zip(loop.inputs, inputs, strict=True))
        self.back = _Backward()

    def run(
        self, gradients: Mapping[Tensor, Tensor], active: tuple[bool, ...]
    ) -> tuple[Tensor | None, ...]:
        loop, back = self.loop, self.back
        given: dict[Result, Tensor] = {}
        for node, gradient in gradients.items():  # several nodes may be the same result
            result = node.attributes["output"]
            given[result] = given[result] + gradient if result in given else gradient
        wrt = self._active(active)
        carried = [carry for carry in loop.carries if carry in wrt]
        seeds: dict[Tensor, Tensor] = {}

        def seed(node: Tensor, gradient: Tensor) -> None:
            seeds[node] = seeds[node] + gradient if node in seeds else gradient

        inside: dict[Tensor, Tensor] = {}
        for place, carry in enumerate(loop.carries):
            if carry in carried:
                inside[carry] = back.carry(_or_zeros(given.get(Final(place)), carry))
                seed(loop.following[place], inside[carry])
        for result, gradient in given.items():
            if isinstance(result, Stack):
                element = _input(f"gradient{len(back.elements)}", result.node)
                back.elements[element] = gradient
                seed(result.node, element)
        adjoints = accumulate(seeds, wrt)
        sums = {
            constant: back.carry(OPERATORS["filled"](constant, 0.0))
            for constant in loop.constants
            if constant in wrt and constant in adjoints
        }
        wanted = [_or_zeros(adjoints.get(carry), carry) for carry in carried]
        wanted += [total + adjoints[constant] for constant, total in sums.items()]
        along = [e for e in loop.elements if e in wrt and e in adjoints]
        roots = [*wanted, *(adjoints[element] for element in along)]
        roots = self._cut(roots, list(seeds))
        back.following = roots[: len(wanted)]
        reversed_loop = Loop(
            tuple(back.carries),
            tuple(back.elements),
            tuple(back.constants),
            tuple(back.following),
            loop.length,
            not loop.reverse,
        )
        sources = (*back.starts, *back.elements.values(), *back.constants.values())

        def made(what: Result) -> Tensor:
            return apply(self.op, *sources, loop=reversed_loop, output=what)

        found: dict[Tensor, Tensor] = {}
        for place, carry in enumerate((*carried, *sums)):
            found[carry] = made(Final(place))
        for element, root in zip(along, roots[len(wanted) :], strict=True):
            found[element] = made(Stack(root))
        return tuple(found.get(node) for node in loop.inputs)

    def _active(self, active: tuple[bool, ...]) -> set[Tensor]:
        """Return the body's inputs that matter: those asked for, and carries made from them."""
        loop = self.loop
        found = {n for n, wanted in zip(loop.inputs, active, strict=True) if wanted}
        order = topological_order(loop.following)
        while True:
            reached = set(found)
            for node in order:
                if node.dtype.is_float and any(source in reached for source in node.inputs):
                    reached.add(node)
            more = {c for c, n in zip(loop.carries, loop.following, strict=True) if n in reached}
            more = {carry for carry in more if carry.dtype.is_float}
            if more <= found:
                return found
            found |= more

    # --- what the gradients speak of --------------------------------------------------------------
    def _cut(self, roots: list[Tensor], stacked: list[Tensor]) -> list[Tensor]:
        """Return the roots with the nodes of the first loop replaced by inputs of the second."""
        forward = {*topological_order([*self.loop.following, *stacked]), *self.loop.inputs}
        known: dict[Tensor, Tensor] = {}
        for node in topological_order(roots, forward):
            for source in node.inputs:
                if source in forward:
                    known[source] = self._kept(source, known)
        for root in roots:
            if root in forward:
                known[root] = self._kept(root, known)
        new = substitute(roots, known)
        return [new[root] for root in roots]

    def _kept(self, node: Tensor, known: dict[Tensor, Tensor]) -> Tensor:
        """Return what stands for a value of the first loop in the second."""
        if node in known:
            return known[node]
        if isinstance(node.op.native, Constant):
            return node
        if isinstance(node.op.native, Movement) and len(node.inputs) == 1:
            known[node] = apply(node.op, self._kept(node.inputs[0], known), **node.attributes)
            return known[node]
        inside = _input(f"kept{len(known)}", node)
        if node in self.loop.constants:
            self.back.constants[inside] = self.outside[node]
        elif node in self.loop.elements:
            self.back.elements[inside] = self.outside[node]
        else:
            values = apply(self.op, *self.inputs, loop=self.loop, output=Stack(node))
            self.back.elements[inside] = values
        known[node] = inside
        return inside


def _input(name: str, like: Tensor) -> Tensor:
    return OPERATORS["input"](name, like.type)


def _or_zeros(gradient: Tensor | None, like: Tensor) -> Tensor:
    return OPERATORS["filled"](like, 0.0) if gradient is None else gradient
