"""Nodes one after the other in NumPy, by the ops' own records."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any

import numpy as np

from glassnet.graph.loop import Final, Loop, Result, Stack
from glassnet.graph.operation import Recurrence
from glassnet.graph.tensor import Tensor
from glassnet.graph.types import Array

__all__ = ["Work", "do_work", "run_loop", "work_on"]

Work = tuple[int, Callable[..., Any], list[int], Mapping[str, Any]]


def work_on(nodes: Iterable[Tensor], places: Mapping[Tensor, int]) -> tuple[list[Work], int]:
    """Return what is to be done for nodes, in their order, on a list of values; and its length.

    All results of one loop are worked out together; they lie behind the places of the nodes.

    Args:
        nodes: Each after those of its inputs that are among them.
        places: Where the value of each node, and of each of their inputs, lies.
    """
    chosen = list(nodes)
    together: dict[Any, list[Tensor]] = {}
    for node in chosen:
        if isinstance(node.op.native, Recurrence):
            together.setdefault((node.attributes["loop"], node.inputs), []).append(node)
    work: list[Work] = []
    size = len(places)
    behind: dict[Any, int] = {}
    for node in chosen:
        sources = [places[source] for source in node.inputs]
        if not isinstance(node.op.native, Recurrence):
            work.append((places[node], node.op.evaluate, sources, node.attributes))
            continue
        loop = node.attributes["loop"]
        key = (loop, node.inputs)
        if key not in behind:
            behind[key], size = size, size + 1
            wanted = tuple(other.attributes["output"] for other in together[key])
            settings = {"loop": loop, "outputs": wanted}
            work.append((behind[key], node.op.native.run, sources, settings))
        number = together[key].index(node)
        work.append((places[node], itemgetter(number), [behind[key]], {}))
    return work, size


def do_work(work: Iterable[Work], values: list[Any]) -> None:
    """Do the work on a list of values, each put at its place."""
    for index, evaluate, sources, attributes in work:
        values[index] = evaluate(*[values[source] for source in sources], **attributes)


def run_loop(*inputs: Array, loop: Loop, outputs: Sequence[Result]) -> tuple[Array, ...]:
    """Return results of a loop, applied to arrays.

    Args:
        inputs: The first carries, the sequences, the constants.
        loop: What is done at each step.
        outputs: Which results.
    """
    stacked = [result.node for result in outputs if isinstance(result, Stack)]
    graph = loop.graph(stacked)
    places = {node: index for index, node in enumerate(graph.nodes)}
    work, size = work_on([node for node in places if node not in loop.inputs], places)
    first, along = len(loop.carries), len(loop.elements)
    carried = list(inputs[:first])
    values: list[Any] = [None] * size
    for node, value in zip(loop.constants, inputs[first + along :], strict=True):
        values[places[node]] = value
    stacks = [np.empty((loop.length, *node.shape), node.dtype.numpy) for node in stacked]
    for step in loop.places:
        for node, value in zip(loop.carries, carried, strict=True):
            values[places[node]] = value
        for node, sequence in zip(loop.elements, inputs[first : first + along], strict=True):
            values[places[node]] = sequence[step]
        do_work(work, values)
        for node, stack in zip(stacked, stacks, strict=True):
            stack[step] = values[places[node]]
        carried = [values[places[node]] for node in loop.following]
    left = iter(stacks)
    return tuple(
        np.asarray(carried[result.carry]) if isinstance(result, Final) else next(left)
        for result in outputs
    )
