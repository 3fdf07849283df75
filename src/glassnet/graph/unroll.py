"""Loops as ordinary nodes: the body once for each step, with the time step in every name.

A person who works a recurrence out on paper writes h(1), h(2), … instead of a loop; what is
differentiated after that gives the gradients of each step by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import field, replace

from glassnet.graph.graph import Graph, topological_order
from glassnet.graph.loop import Final, Loop, Result, Stack
from glassnet.graph.operation import Movement, Recurrence, Source
from glassnet.graph.tensor import NO_LABEL, OPERATORS, Label, Tensor
from glassnet.records import dataclass

__all__ = ["unroll", "unrolled"]


def unrolled(graph: Graph) -> Graph:
    """Return the graph without loops: the same inputs, and outputs of the same values.

    >>> import glassnet as gn
    >>> def sums(x):
    ...     return gn.scan(lambda total, x: (total + x, None), gn.tensor(0.0), x)[0]
    >>> graph = gn.trace(sums, x=gn.TensorType((3,), gn.DType.FLOAT64))
    >>> [node.op.name for node in unrolled(graph).nodes].count("add")
    3
    """
    new = unroll(graph.outputs.values())
    inputs = {name: new.get(node, node) for name, node in graph.inputs.items()}
    return Graph(inputs, {name: new[node] for name, node in graph.outputs.items()})


def unroll(outputs: Iterable[Tensor], cut: int | None = None) -> dict[Tensor, Tensor]:
    """Return what nodes become when loops are unrolled, for all that the outputs need.

    Names of what is done at each step carry the step's place in the sequence, from 1. What only
    gathers the steps has no name: it is those of the steps.

    Args:
        outputs: Any nodes. Nodes that need no loop stay as they are.
        cut: After how many steps what is handed on hands no gradient back, as in truncated
            back-propagation through time; after none if not given.
    """
    roots = list(outputs)
    found = {node: node for node in topological_order(roots)}
    while any(_is_loop(node) for node in topological_order(found[root] for root in roots)):
        new = _outermost([found[root] for root in roots], cut)  # loops may stand in loops
        found = {node: new.get(now, now) for node, now in found.items()}
    return found


def _is_loop(node: Tensor) -> bool:
    return isinstance(node.op.native, Recurrence)


def _outermost(roots: Sequence[Tensor], cut: int | None) -> dict[Tensor, Tensor]:
    """Return what nodes become when the loops among them, but not those inside, are unrolled."""
    order = topological_order(roots)
    kept: dict[Loop, dict[Tensor, None]] = {}
    for node in order:
        if _is_loop(node) and isinstance(node.attributes["output"], Stack):
            kept.setdefault(node.attributes["loop"], {})[node.attributes["output"].node] = None
    runs: dict[tuple[Loop, tuple[Tensor, ...]], _Run] = {}
    new: dict[Tensor, Tensor] = {}
    gathered: set[Tensor] = set()  # what sets named steps side by side
    for node in order:
        inputs = tuple(new[source] for source in node.inputs)
        if _is_loop(node):
            loop: Loop = node.attributes["loop"]
            key = (loop, inputs)
            if key not in runs:
                runs[key] = _run(loop, inputs, list(kept.get(loop, ())), cut)
            result: Result = node.attributes["output"]
            new[node], is_named = runs[key].result(result, node)
            if is_named:
                gathered.add(new[node])
            elif not new[node].label.symbol and node.label.symbol:
                new[node] = replace(new[node], label=node.label)
        elif isinstance(node.op.native, Source) or inputs == node.inputs:
            new[node] = node
        else:
            moves = isinstance(node.op.native, Movement) and gathered.issuperset(inputs)
            new[node] = _made(node, inputs, NO_LABEL if moves else node.label)
            if moves:
                gathered.add(new[node])
    return new


def _made(node: Tensor, inputs: tuple[Tensor, ...], label: Label) -> Tensor:
    return replace(node.on(inputs), label=label)


@dataclass
class _Run:
    """One run of a loop, unrolled.

    Args:
        last: The carries after the last step.
        steps: What each node that is kept becomes, at each place of the sequences.
        stacks: The stacks that are made of them.
    """

    last: list[Tensor]
    steps: Mapping[Tensor, list[Tensor | None]]
    stacks: dict[Tensor, Tensor] = field(default_factory=dict[Tensor, Tensor])

    def result(self, result: Result, node: Tensor) -> tuple[Tensor, bool]:
        """Return a result, and whether it only gathers steps that have names."""
        if isinstance(result, Final):
            return self.last[result.carry], False
        rows = [row for row in self.steps[result.node] if row is not None]
        if result.node not in self.stacks:
            made = OPERATORS["stack"](rows) if rows else None
            self.stacks[result.node] = OPERATORS["filled"](node, 0.0) if made is None else made
        return self.stacks[result.node], bool(rows) and all(row.label.symbol for row in rows)


def _run(loop: Loop, inputs: tuple[Tensor, ...], kept: Sequence[Tensor], cut: int | None) -> _Run:
    """Copy the body of a loop for each step."""
    count, along = len(loop.carries), len(loop.elements)
    carried = list(inputs[:count])
    sequences, constants = inputs[count : count + along], inputs[count + along :]
    order = topological_order([*loop.following, *kept])
    varying = {*loop.carries, *loop.elements}
    same: dict[Tensor, Tensor] = dict(zip(loop.constants, constants, strict=True))
    for node in order:
        if any(source in varying for source in node.inputs):
            varying.add(node)
        elif node not in varying and node not in same:  # it is worked out once
            sources = tuple(same[source] for source in node.inputs)
            same[node] = node if sources == node.inputs else _made(node, sources, node.label)
    steps: dict[Tensor, list[Tensor | None]] = {node: [None] * loop.length for node in kept}
    for done, place in enumerate(loop.places):
        if cut is not None and done and done % cut == 0:
            carried = [OPERATORS["stop_gradient"](value) for value in carried]
        now = dict(same)
        now |= zip(loop.carries, carried, strict=True)
        now |= {e: all_[place] for e, all_ in zip(loop.elements, sequences, strict=True)}
        for node in order:
            if node in now:
                continue
            label = replace(node.label, time=place + 1) if node.label.symbol else node.label
            now[node] = _made(node, tuple(now[source] for source in node.inputs), label)
        carried = [now[node] for node in loop.following]
        for node in kept:
            steps[node][place] = now[node]
    return _Run(carried, steps)
