"""What is cheap to work out is worked out again, rather than kept in memory for a later chain."""

from __future__ import annotations

from dataclasses import replace

from glassnet.engines.native.instructions import Mode
from glassnet.engines.native.passes.fusion import Group, base_of, fuse, see
from glassnet.graph import Graph, Tensor, rebuild
from glassnet.graph.operation import Elementwise

__all__ = ["work_out_again"]

CHEAP = ("add", "subtract", "multiply", "negate")
LARGE = 24 * 1024  # bytes: half the L1 cache. What is smaller is still there when it is read again


def work_out_again(graph: Graph) -> Graph:
    """Return the graph with a copy of a cheap operation in each later chain that needs its result.

    Only of large values whose operands those chains read anyway: x − w for the distances and again
    for the update of a map of 400 units with 64 inputs, rather than written, and read once more.
    """
    if not any(_is_candidate(node) for node in graph.nodes):
        return graph
    group_of = {node: group for group in fuse(graph) for node in group.members}
    users: dict[Tensor, list[Tensor]] = {}
    for node in graph.nodes:
        for source in node.inputs:
            users.setdefault(source, []).append(node)
    again: dict[Tensor, dict[Tensor, Group]] = {}  # of a user: its operands, and the chain it is in
    for node, group in group_of.items():
        if not _is_candidate(node) or node in graph.outputs.values():
            continue
        later = [user for user in users.get(node, ()) if group_of.get(user) is not group]
        if any(base_of(source) in group.members for source in node.inputs):
            continue
        if later and all(_reads_anyway(node, group, user, group_of) for user in later):
            for user in later:
                again.setdefault(user, {})[node] = group_of[user]
    return _copied(graph, again) if again else graph


def _is_candidate(node: Tensor) -> bool:
    kind = node.op.native
    cheap = isinstance(kind, Elementwise) and kind.instruction in CHEAP
    return cheap and node.size * node.dtype.numpy.itemsize >= LARGE


def _reads_anyway(node: Tensor, group: Group, user: Tensor, group_of: dict[Tensor, Group]) -> bool:
    """Return whether the chain of a user of a node reads the node's large operands besides."""
    there = group_of.get(user)
    if there is None or (there.rows, there.width) != (group.rows, group.width):
        return False
    if there.members[user] != "full" or group.members[node] != "full":
        return False
    read = {
        base_of(source)
        for member in there.members
        for source in member.inputs
        if base_of(source) is not node
    }
    for source in node.inputs:
        view = see(source, group.rows, group.width, column=False)
        if view.mode is Mode.FULL and base_of(source) not in read:
            return False
    return True


def _copied(graph: Graph, again: dict[Tensor, dict[Tensor, Group]]) -> Graph:
    copies: dict[tuple[Tensor, int], Tensor] = {}

    def replacement(node: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        new = list(inputs)
        for place, source in enumerate(node.inputs):
            group = again.get(node, {}).get(source)
            if group is None:
                continue
            key = (source, group.number)
            if key not in copies:
                copies[key] = replace(inputs[place])
            new[place] = copies[key]
        return node.on(tuple(new))

    return rebuild(graph, replacement)
