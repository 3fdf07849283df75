"""Which nodes of a graph a picture shows: bookkeeping is left out, what has a name always stays.

What is silent is read from the op's record: an op whose form is `{0}` writes nothing down (it
repeats, rearranges or recasts its input). Plain numbers move into the operation that uses them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from glassnet.explain.numbers import short
from glassnet.graph import Tensor
from glassnet.graph.operation import Constant
from glassnet.records import dataclass

__all__ = ["Contracted", "Spot", "contract"]


@dataclass
class Spot:
    """One place of a picture.

    Args:
        operation: The node whose operation is shown (or the source itself).
        shown: The node whose name, value and gradient are shown: usually the same, else what a
            reshape made of it.
    """

    operation: Tensor
    shown: Tensor


@dataclass(frozen=True)
class Contracted:
    """What is drawn.

    Args:
        spots: The places, each after those that lead to it.
        place: The spot that stands for each node; folded numbers have none.
        fixed: For each operation its inputs that are plain numbers, written out, by position.
    """

    spots: Sequence[Spot]
    place: Mapping[Tensor, int]
    fixed: Mapping[Tensor, Mapping[int, str]]


def contract(order: Sequence[Tensor], kept: Collection[Tensor], details: bool) -> Contracted:
    """Choose what is drawn of nodes in topological order.

    Args:
        order: The nodes, each after its inputs.
        kept: Nodes that stay whatever they are: outputs and what derivatives were asked for.
        details: Draw every node.
    """
    users: dict[Tensor, list[tuple[Tensor, int]]] = {node: [] for node in order}
    for node in order:
        for position, source in enumerate(node.inputs):
            users[source].append((node, position))
    passing = {
        node
        for node in order
        if not details and _is_silent(node) and len(users[node]) <= 1 and not str(node.label)
    }
    fixed, folded = _fold(order, set(kept), users, passing) if not details else ({}, set[Tensor]())
    spots: list[Spot] = []
    place: dict[Tensor, int] = {}
    for node in order:
        if node in folded:
            continue
        source = node.inputs[0] if node.inputs else None
        before = place.get(source) if source is not None else None
        if not details and before is not None and _is_silent(node):
            spot = spots[before]
            plain = source not in kept and not str(spot.shown.label) and spot.operation.inputs
            alone = spot.shown is source and len(users[spot.shown]) == 1
            if plain and alone and _drops_axes(node):
                spot.shown = node
                place[node] = before
                continue
            if node in passing and (node not in kept or not users[node]):
                place[node] = before
                continue
        place[node] = len(spots)
        spots.append(Spot(node, node))
    return Contracted(spots, place, fixed)


def _fold(
    order: Sequence[Tensor],
    kept: set[Tensor],
    users: Mapping[Tensor, list[tuple[Tensor, int]]],
    passing: set[Tensor],
) -> tuple[dict[Tensor, dict[int, str]], set[Tensor]]:
    """Find the unnamed single numbers that can be written inside the operation that uses them."""
    found: dict[Tensor, dict[int, tuple[str, list[Tensor]]]] = {}
    for node in order:
        # A number written in a formula has no axes; `gn.tensor([1.0])` has one, and stays.
        if not isinstance(node.op.native, Constant) or str(node.label) or node.shape:
            continue
        way = [node]
        while len(users[way[-1]]) == 1 and users[way[-1]][0][0] in passing:
            way.append(users[way[-1]][0][0])
        if len(users[way[-1]]) != 1 or not kept.isdisjoint(way):
            continue
        user, position = users[way[-1]][0]
        if f"{{{position}}}" in user.op.explain.form and not _is_silent(user):
            found.setdefault(user, {})[position] = (short(node.value.item()), way)
    fixed: dict[Tensor, dict[int, str]] = {}
    folded: set[Tensor] = set()
    for user, numbers in found.items():
        if len(numbers) < len(user.inputs):
            fixed[user] = {position: text for position, (text, _) in numbers.items()}
            folded.update(node for _, way in numbers.values() for node in way)
    return fixed, folded


def _is_silent(node: Tensor) -> bool:
    """Whether an operation writes nothing down, and does nothing to derivatives either."""
    explain = node.op.explain
    return len(node.inputs) == 1 and explain.form == "{0}" and explain.derivatives in ((), ("1",))


def _drops_axes(node: Tensor) -> bool:
    """Whether a node only takes axes of length 1 away, as at the end of a matrix product."""
    before = node.inputs[0]
    axes = tuple(length for length in before.shape if length != 1)
    return node.ndim < before.ndim and axes == tuple(n for n in node.shape if n != 1)
