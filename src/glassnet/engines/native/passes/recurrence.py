"""Loops made small: what no carry is needed for, or what no carry needs, leaves the loop.

- What depends on the sequences alone is worked out before the loop, for all steps at once: the
  product of the inputs with the weights becomes one large product.
- What only results need is worked out after it, from what the loop stacks.
- A carry that only adds up becomes a sum over all steps: the gradient of the weights is one large
  product of two stacks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from glassnet.engines.native.passes.joining import join
from glassnet.graph import Graph, Tensor, rebuild, topological_order
from glassnet.graph.loop import Final, Loop, Result, Stack, substitute
from glassnet.graph.operation import (
    Constant,
    Contraction,
    Elementwise,
    Indexed,
    Movement,
    Op,
    Recurrence,
    Reduction,
)
from glassnet.graph.tensor import OPERATORS, apply
from glassnet.records import dataclass

__all__ = ["shorten_loops"]

Leaf = Callable[[Tensor], "Tensor | None"]


def shorten_loops(graph: Graph) -> Graph:
    """Return the graph with as little as possible inside its loops, or the graph itself."""
    wanted: dict[Any, dict[Result, None]] = {}
    for node in graph.nodes:
        if isinstance(node.op.native, Recurrence):
            key = (node.attributes["loop"], node.inputs)
            wanted.setdefault(key, {})[node.attributes["output"]] = None
    if not wanted:
        return graph
    made: dict[Any, dict[Result, Tensor]] = {}

    def replacement(node: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        if not isinstance(node.op.native, Recurrence):
            return node.on(inputs)
        key = (node.attributes["loop"], node.inputs)
        if key not in made:
            made[key] = _shortened(node.op, node.attributes["loop"], inputs, tuple(wanted[key]))
        return made[key][node.attributes["output"]]

    return rebuild(graph, replacement)


@dataclass(frozen=True)
class _Applied:
    """A loop, what it is applied to, and what became of the nodes whose stacks are wanted."""

    loop: Loop
    inputs: tuple[Tensor, ...]
    now: Mapping[Tensor, Tensor]

    @property
    def outside(self) -> dict[Tensor, Tensor]:
        return dict(zip(self.loop.inputs, self.inputs, strict=True))

    @property
    def order(self) -> tuple[Tensor, ...]:
        return topological_order((*self.loop.following, *self.now.values()))

    def reached(self, start: Iterable[Tensor]) -> set[Tensor]:
        """Return the nodes of the body that depend on some of them, with these."""
        found = set(start)
        for node in self.order:
            if any(source in found for source in node.inputs):
                found.add(node)
        return found

    def put(
        self, known: Mapping[Tensor, Tensor], loop: Loop, inputs: tuple[Tensor, ...]
    ) -> _Applied:
        """Return it with nodes of the body replaced, and other inputs."""
        new = substitute((*loop.following, *self.now.values()), known)
        following = tuple(new[node] for node in loop.following)
        now = {old: new[node] for old, node in self.now.items()}
        return _Applied(replace(loop, following=following), inputs, now)


def _shortened(
    op: Op, loop: Loop, inputs: tuple[Tensor, ...], wanted: Sequence[Result]
) -> dict[Result, Tensor]:
    """Return a node outside the loop for each wanted result."""
    nodes = [result.node for result in wanted if isinstance(result, Stack)]
    # Products that are cut into gates go first, with the biases that are added to all gates: once
    # gates are joined and cut as they are used, each has its own part of a bias.
    first = _before(_Applied(loop, inputs, {node: node for node in nodes}), cut=True)
    body = join(first.loop.graph(list(first.now.values())))
    following = tuple(body.outputs[f"following/{k}"] for k in range(len(loop.following)))
    now = {node: body.outputs[f"stack/{k}"] for k, node in enumerate(nodes)}
    joined = _Applied(replace(first.loop, following=following), first.inputs, now)
    return _After(op, _before(_turned_back(_constants_inside(joined)))).results(wanted)


def _constants_inside(applied: _Applied) -> _Applied:
    """Return the loop with constants of the graph in place of inputs that stand for them."""
    loop, outside = applied.loop, applied.outside
    known = {c: outside[c] for c in loop.constants if _is_constant(outside[c])}
    if not known:
        return applied
    constants = tuple(c for c in loop.constants if c not in known)
    first = (*loop.carries, *loop.elements)
    inputs = tuple(outside[node] for node in (*first, *constants))
    return applied.put(known, replace(loop, constants=constants), inputs)


def _turned_back(applied: _Applied) -> _Applied:
    """Return the loop with matrices turned before it, where each step would turn them.

    The way back of a loop that multiplies by Uᵀ multiplies by U. Read from the other one, it would
    have to be copied at each step, which took 12 of 177 ms for an LSTM of 512 cells.
    """
    loop, outside = applied.loop, applied.outside
    users: dict[Tensor, list[Tensor]] = {}
    for node in applied.order:
        for source in node.inputs:
            users.setdefault(source, []).append(node)
    kept = {*loop.following, *applied.now.values()}
    known: dict[Tensor, Tensor] = {}
    constants: list[Tensor] = []
    for constant in loop.constants:
        matrix, turned = outside[constant], users.get(constant, [])
        if constant in kept or not turned or not all(map(_is_turned, turned)):
            constants.append(constant)
            continue
        other = matrix.inputs[0] if _is_turned(matrix) else _turned(matrix)
        plain: Tensor = OPERATORS["input"](constant.attributes["name"], other.type)
        outside[plain] = other
        known.update(dict.fromkeys(turned, plain))
        constants.append(plain)
    if not known:
        return applied
    inputs = tuple(outside[node] for node in (*loop.carries, *loop.elements, *constants))
    return applied.put(known, replace(loop, constants=tuple(constants)), inputs)


def _is_constant(node: Tensor) -> bool:
    while isinstance(node.op.native, Movement) and len(node.inputs) == 1:
        node = node.inputs[0]
    return isinstance(node.op.native, Constant)


# --- before the loop ------------------------------------------------------------------------------
def _before(applied: _Applied, *, cut: bool = False) -> _Applied:
    """Return the loop with products that need no carry taken from sequences worked out before.

    Args:
        applied: The loop.
        cut: Whether only products are taken that something is added to before they are cut.
    """
    loop, order = applied.loop, applied.order
    carried, along = applied.reached(loop.carries), applied.reached(loop.elements)
    users: dict[Tensor, list[Tensor]] = {}
    for node in order:
        for source in node.inputs:
            users.setdefault(source, []).append(node)
    lift = _Lift(applied, lambda node: None)
    known: dict[Tensor, Tensor] = {}
    elements = list(loop.elements)
    sequences: list[Tensor] = []
    for node in order:
        if not _is_product(node) or node in carried or node not in along:
            continue
        product = node
        while len(users.get(node, ())) == 1 and _adds(users[node][0], carried):
            (node,) = users[node]
        if cut and (node is product or not _is_cut(node, users)):
            continue
        sequence = lift(node)
        if sequence is None or node in known:
            continue
        known[node] = OPERATORS["input"](f"before{len(elements)}", node.type)
        elements.append(known[node])
        sequences.append(sequence)
    if not known:
        return applied
    first = len(loop.carries) + len(loop.elements)
    inputs = (*applied.inputs[:first], *sequences, *applied.inputs[first:])
    return applied.put(known, replace(loop, elements=tuple(elements)), inputs)


def _is_cut(node: Tensor, users: Mapping[Tensor, Sequence[Tensor]]) -> bool:
    """Whether a node, or what it is added to next, is used in slices."""
    found = users.get(node, ())
    if len(found) == 1 and _code(found[0]) == "add":
        found = users.get(found[0], ())
    return bool(found) and all(map(_is_slice, found))


def _is_slice(node: Tensor) -> bool:
    return isinstance(node.op.native, Movement) and node.op.native.pattern == "slice"


def _is_product(node: Tensor) -> bool:
    kind = node.op.native
    return isinstance(kind, Contraction) or (isinstance(kind, Indexed) and kind.pattern == "gather")


def _adds(node: Tensor, carried: set[Tensor]) -> bool:
    kind = node.op.native
    return isinstance(kind, Elementwise) and kind.instruction == "add" and node not in carried


# --- all steps at once ----------------------------------------------------------------------------
class _Lift:
    """What a node of the body is for all steps at once, with the steps as first axis.

    Args:
        applied: The loop.
        leaf: What stands for a node that is not worked out again from what it is made of; None
            for one that is.
    """

    def __init__(self, applied: _Applied, leaf: Leaf) -> None:
        self.loop, self.outside, self.leaf = applied.loop, applied.outside, leaf
        self.varying = applied.reached((*self.loop.carries, *self.loop.elements))
        self.known: dict[Tensor, Tensor | None] = {}

    def __call__(self, node: Tensor) -> Tensor | None:
        if node not in self.known:
            self.known[node] = self._lifted(node)
        return self.known[node]

    def constant(self, node: Tensor) -> Tensor:
        """Return, outside the loop, a node that is the same at all steps."""
        return substitute([node], {c: self.outside[c] for c in self.loop.constants})[node]

    def _lifted(self, node: Tensor) -> Tensor | None:
        length = self.loop.length
        if node not in self.varying:
            return OPERATORS["broadcast"](self.constant(node), (length, *node.shape))
        if node in self.loop.elements:
            return self.outside[node]
        found = self.leaf(node)
        if found is not None or node in self.loop.carries:
            return found
        kind = node.op.native
        if isinstance(kind, Contraction):
            return self._product(node)
        if isinstance(kind, Indexed):
            return self._gather(node) if kind.pattern == "gather" else None
        if not isinstance(kind, Elementwise | Reduction | Movement):
            return None
        sources = [self(source) for source in node.inputs]
        whole = [source for source in sources if source is not None]
        if len(whole) < len(sources):
            return None
        if isinstance(kind, Movement):
            return self._moved(node, whole)
        return apply(node.op, *whole, **_shifted(node.attributes))

    def _product(self, node: Tensor) -> Tensor | None:
        a, b = node.inputs
        first = self(a)
        if first is None or node.ndim != 2:
            return None
        if b in self.varying:
            second = self(b)
            return None if second is None else apply(node.op, first, second)
        m, k = a.shape
        rows = OPERATORS["reshape"](first, (self.loop.length * m, k))
        product = apply(node.op, rows, self.constant(b))
        return OPERATORS["reshape"](product, (self.loop.length, *node.shape))

    def _gather(self, node: Tensor) -> Tensor | None:
        table, numbers = node.inputs
        places = self(numbers)
        if table in self.varying or places is None or node.attributes["axis"] != 0:
            return None
        return apply(node.op, self.constant(table), places, axis=0)

    def _moved(self, node: Tensor, sources: Sequence[Tensor]) -> Tensor | None:
        length, (source, *_) = self.loop.length, sources
        match node.op.native:
            case Movement("reshape"):
                return OPERATORS["reshape"](source, (length, *node.shape))
            case Movement("broadcast"):
                ones = (1,) * (node.ndim - node.inputs[0].ndim)
                aligned = OPERATORS["reshape"](source, (length, *ones, *source.shape[1:]))
                return OPERATORS["broadcast"](aligned, (length, *node.shape))
            case Movement("transpose"):
                order = (0, *(axis + 1 for axis in node.attributes["order"]))
                return OPERATORS["transpose"](source, order)
            case Movement("slice"):
                start, stop, step = (node.attributes[key] for key in ("start", "stop", "step"))
                bounds = {"start": (0, *start), "stop": (length, *stop), "step": (1, *step)}
                return apply(node.op, source, **bounds)
            case Movement("pad"):
                around = {key: (0, *node.attributes[key]) for key in ("low", "high", "between")}
                return apply(node.op, source, **around)
            case Movement("concatenate"):
                return apply(node.op, *sources, axis=node.attributes["axis"] + 1)
            case _:
                return None


def _shifted(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of an op for tensors with one more axis in front."""
    found = dict(attributes)
    if "axes" in found:
        found["axes"] = tuple(axis + 1 for axis in found["axes"])
    if "axis" in found:
        found["axis"] += 1
    return found


# --- after the loop -------------------------------------------------------------------------------
class _After:
    """The results of a loop, with what no carry needs worked out after it."""

    def __init__(self, op: Op, applied: _Applied) -> None:
        self.op, self.applied, loop = op, applied, applied.loop
        self.summed = self._summed(loop)
        self.kept = [place for place in range(len(loop.carries)) if place not in self.summed]
        self.short = replace(
            loop,
            carries=tuple(loop.carries[place] for place in self.kept),
            following=tuple(loop.following[place] for place in self.kept),
        )
        first = [applied.inputs[place] for place in self.kept]
        self.inputs = (*first, *applied.inputs[len(loop.carries) :])
        self.needed = set(topological_order(self.short.following))
        self.made: dict[Result, Tensor] = {}
        self.lift = _Lift(applied, self._leaf)

    def results(self, wanted: Sequence[Result]) -> dict[Result, Tensor]:
        """Return a node outside the loop for each result."""
        found: dict[Result, Tensor] = {}
        for result in wanted:
            if isinstance(result, Stack):
                node = self.applied.now[result.node]
                lifted = self.lift(node)
                found[result] = self._stack(node) if lifted is None else lifted
            elif result.carry in self.summed:
                total = self._total(self.summed[result.carry])
                start = self.applied.inputs[result.carry]
                found[result] = total if _is_zero(start) else start + total
            else:
                found[result] = self._result(Final(self.kept.index(result.carry)))
        return found

    def _result(self, result: Result) -> Tensor:
        if result not in self.made:
            self.made[result] = apply(self.op, *self.inputs, loop=self.short, output=result)
        return self.made[result]

    def _stack(self, node: Tensor) -> Tensor:
        return self._result(Stack(node))

    def _leaf(self, node: Tensor) -> Tensor | None:
        """Return the stack of a node; None for what is worked out after the loop."""
        if node in self.parts:
            whole, start = self.parts[node]
            return self._columns(self._stack(whole), start, start + node.shape[1])
        if node in self.needed or not (_is_turned(node) or self._has_product(node)):
            return self._stack(node)
        return None

    def _columns(self, stack: Tensor, first: int, last: int) -> Tensor:
        steps, rows, _ = stack.shape
        return OPERATORS["slice"](stack, (0, 0, first), (steps, rows, last))

    def _has_product(self, node: Tensor) -> bool:
        """Return whether a product is worked out for a node that no carry needs."""
        order = topological_order([node], self.needed)
        return any(_is_product(found) and found in self.lift.varying for found in order)

    # --- carries that only add up -----------------------------------------------------------------
    def _summed(self, loop: Loop) -> dict[int, Tensor]:
        """Return, by carry, what is added to it at each step, where that can be summed after."""
        users: dict[Tensor, int] = {}
        for node in self.applied.order:
            for source in node.inputs:
                users[source] = users.get(source, 0) + 1
        stacked = set(self.applied.now.values())
        found: dict[int, Tensor] = {}
        for place, (carry, node) in enumerate(zip(loop.carries, loop.following, strict=True)):
            alone = users.get(carry) == 1 and node not in users and loop.following.count(node) == 1
            if alone and _code(node) == "add" and carry in node.inputs and node not in stacked:
                found[place] = node.inputs[1 - node.inputs.index(carry)]
        factors = {f for term in found.values() for f in _factors(term)}
        self.parts = _parts(factors)
        at_hand = {*factors, *self.parts, *loop.elements}
        return {p: term for p, term in found.items() if _can_be_summed(term, at_hand)}

    def _total(self, term: Tensor) -> Tensor:
        """Return the sum of a node of the body over all steps."""
        kind = term.op.native
        if isinstance(kind, Contraction):
            return self._product_of_stacks(term)
        if isinstance(kind, Reduction):
            (source,) = term.inputs
            if _code(source) == "multiply":
                source = apply(source.op, *map(self._whole, source.inputs))
            else:
                source = self._whole(source)
            axes = (0, *(axis + 1 for axis in term.attributes["axes"]))
            return apply(term.op, source, axes=axes)
        totals = [self._total(source) for source in term.inputs]
        return apply(term.op, *totals, **term.attributes)

    def _whole(self, node: Tensor) -> Tensor:
        lifted = self.lift(node)
        return self._stack(node) if lifted is None else lifted

    def _product_of_stacks(self, term: Tensor) -> Tensor:
        a, b = term.inputs
        (m, k), n, steps = a.shape, b.shape[1], self.applied.loop.length
        reshape, transpose = OPERATORS["reshape"], OPERATORS["transpose"]
        if _is_turned(a):
            left = transpose(reshape(self._whole(a.inputs[0]), (steps * k, m)), (1, 0))
        else:
            left = reshape(transpose(self._whole(a), (1, 0, 2)), (m, steps * k))
        return apply(term.op, left, reshape(self._whole(b), (steps * k, n)))


def _is_zero(node: Tensor) -> bool:
    while isinstance(node.op.native, Movement) and len(node.inputs) == 1:
        node = node.inputs[0]
    return isinstance(node.op.native, Constant) and not node.attributes["value"].any()


def _code(node: Tensor) -> str:
    return node.op.native.instruction if isinstance(node.op.native, Elementwise) else ""


def _turned(matrix: Tensor) -> Tensor:
    return OPERATORS["transpose"](matrix, (1, 0))


def _is_turned(node: Tensor) -> bool:
    return isinstance(node.op.native, Movement) and node.attributes.get("order") == (1, 0)


def _is_linear(node: Tensor) -> bool:
    kind = node.op.native
    moved = isinstance(kind, Movement) and kind.pattern in ("reshape", "transpose", "slice", "pad")
    return moved or _code(node) in ("add", "negate")


def _factors(term: Tensor) -> list[Tensor]:
    """Return what the products in a sum are of."""
    if isinstance(term.op.native, Contraction):
        return [f.inputs[0] if _is_turned(f) else f for f in term.inputs]
    return [f for source in term.inputs for f in _factors(source)] if _is_linear(term) else []


def _parts(factors: Iterable[Tensor]) -> dict[Tensor, tuple[Tensor, int]]:
    """Return what factors consist of, side by side: of which one each part is, from where on."""
    found: dict[Tensor, tuple[Tensor, int]] = {}
    for whole in factors:
        kind = whole.op.native
        if isinstance(kind, Movement) and kind.pattern == "concatenate" and whole.ndim == 2:
            start = 0
            for part in whole.inputs:
                if whole.attributes["axis"] == 1:
                    found[part] = whole, start
                start += part.shape[1]
    return found


def _can_be_summed(term: Tensor, at_hand: set[Tensor]) -> bool:
    """Return whether a term is made of products of stacks, or sums of what is stacked anyway."""
    kind = term.op.native
    if isinstance(kind, Contraction):
        return term.ndim == 2
    if isinstance(kind, Reduction):
        (source,) = term.inputs
        added = source.inputs if _code(source) == "multiply" else (source,)
        return kind.fold == "sum" and all(node in at_hand for node in added)
    return _is_linear(term) and all(_can_be_summed(source, at_hand) for source in term.inputs)
