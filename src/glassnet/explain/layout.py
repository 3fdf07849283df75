"""Where the boxes and arrows of a picture stand: a layered layout, from left to right.

Pure geometry, in pixels; it knows nothing of graphs. Four steps: a column for each box (longest
path), places held free for arrows that pass through columns, an order within each column that makes
arrows cross little, heights that make arrows straight. No recursion, no chance: the same boxes and
arrows always give the same picture.

Source: K. Sugiyama, S. Tagawa, M. Toda, Methods for visual understanding of hierarchical system
structures, IEEE Trans. Systems, Man, Cybernetics 11 (1981).
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Collection, Sequence
from dataclasses import field
from itertools import pairwise

from glassnet.records import dataclass

__all__ = ["Placement", "Point", "Size", "arrange"]

Point = tuple[float, float]
Size = tuple[float, float]
Columns = list[list[int]]

BOX_GAP, ARROW_GAP = 22.0, 11.0  # between two boxes of a column, and beside an arrow
NARROW, WIDE = 44.0, 130.0  # between two columns: wider where arrows are steep
PORT_GAP = 14.0  # between the heads of two arrows into one box
SWEEPS, SETTLING, PATIENCE, SETTLED = 12, 24, 40_000, 0.02


@dataclass(frozen=True)
class Placement:
    """Where everything stands.

    Args:
        centres: The centre of each box.
        routes: For each arrow an even number of points: straight from the first to the second, to
            be curved from there to the third, straight to the fourth, and so on. The straight
            parts are level.
        notes: For each arrow the centre of its note, or None if it has none.
        size: Width and height of the whole.
    """

    centres: tuple[Point, ...]
    routes: tuple[tuple[Point, ...], ...]
    notes: tuple[Point | None, ...]
    size: Size


@dataclass
class _Cells:
    """All that takes up room in a column: the boxes first, then notes and passing arrows."""

    rank: list[int]
    size: list[Size]
    boxes: int
    links: dict[tuple[int, int], None] = field(default_factory=dict[tuple[int, int], None])

    def add(self, rank: int, size: Size) -> int:
        self.rank.append(rank)
        self.size.append(size)
        return len(self.rank) - 1

    def neighbours(self) -> tuple[list[list[int]], list[list[int]]]:
        left: list[list[int]] = [[] for _ in self.rank]
        right: list[list[int]] = [[] for _ in self.rank]
        for start, end in self.links:
            right[start].append(end)
            left[end].append(start)
        return left, right


def arrange(
    boxes: Sequence[Size],
    arrows: Sequence[tuple[int, int]],
    notes: Sequence[Size | None] | None = None,
    in_order: Collection[int] = (),
) -> Placement:
    """Place boxes and arrows so that nothing lies upon anything else.

    Args:
        boxes: Width and height of each box.
        arrows: From which box to which, by number; always from a lower number to a higher.
        notes: For each arrow the width and height of a note written on it, or None.
        in_order: Boxes whose arrows enter from the top in the order in which they are given. Into
            the others they go as they come, so that they do not cross.
    """
    assert all(start < end for start, end in arrows)
    if not boxes:
        return Placement((), (), (), (0.0, 0.0))
    sizes = tuple(notes) if notes is not None else (None,) * len(arrows)
    step = 2 if any(sizes) else 1  # notes stand in columns of their own, before their boxes
    cells = _Cells(_ranks(len(boxes), arrows, step), list(boxes), len(boxes))
    paths = _paths(cells, arrows, sizes)
    columns = _order(cells)
    heights = _heights(cells, columns)
    top = min(heights[c] - cells.size[c][1] / 2 for c in range(len(heights)))
    heights = [y - top for y in heights]
    spans = _spans(cells, columns, heights)
    middle = [(spans[r][0] + spans[r][1]) / 2 for r in cells.rank]
    ports = _ports(cells, paths, heights, in_order)
    routes = tuple(
        _route(cells, path, port, spans, middle, heights)
        for path, port in zip(paths, ports, strict=True)
    )
    bottom = max(heights[c] + cells.size[c][1] / 2 for c in range(len(heights)))
    return Placement(
        tuple((middle[box], heights[box]) for box in range(len(boxes))),
        routes,
        tuple(
            (middle[path[-2]], heights[path[-2]]) if size is not None else None
            for path, size in zip(paths, sizes, strict=True)
        ),
        (spans[-1][1], bottom),
    )


def _ranks(boxes: int, arrows: Sequence[tuple[int, int]], step: int) -> list[int]:
    """Longest path from the left; a box that nothing leads to stands just before its first use."""
    rank = [0] * boxes
    first_use: dict[int, int] = {}
    entered = {end for _, end in arrows}
    for start, end in sorted(arrows, key=lambda arrow: arrow[1]):
        rank[end] = max(rank[end], rank[start] + step)
    for start, end in arrows:
        first_use[start] = min(first_use.get(start, rank[end]), rank[end])
    for box, use in first_use.items():
        if box not in entered:
            rank[box] = use - step
    return rank


def _paths(
    cells: _Cells, arrows: Sequence[tuple[int, int]], notes: Sequence[Size | None]
) -> list[list[int]]:
    """The cells that each arrow runs through; those from one box share their way while they can."""
    passing: dict[tuple[int, int], int] = {}
    paths: list[list[int]] = []
    for (start, end), note in zip(arrows, notes, strict=True):
        path = [start]
        for rank in range(cells.rank[start] + 1, cells.rank[end]):
            if note is not None and rank == cells.rank[end] - 1:
                path.append(cells.add(rank, note))
                continue
            if (start, rank) not in passing:
                passing[start, rank] = cells.add(rank, (0.0, 2.0))
            path.append(passing[start, rank])
        path.append(end)
        cells.links.update(dict.fromkeys(pairwise(path)))
        paths.append(path)
    return paths


def _order(cells: _Cells) -> Columns:
    """Sort the columns by the mean place of their neighbours, to and fro; keep the best order."""
    columns: Columns = [[] for _ in range(max(cells.rank) + 1)]
    for cell, rank in enumerate(cells.rank):
        columns[rank].append(cell)
    left, right = cells.neighbours()
    best, fewest = [column.copy() for column in columns], _crossings(columns, right)
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        forward = sweep % 2 == 0
        near = left if forward else right
        place = {cell: index for column in columns for index, cell in enumerate(column)}
        for column in columns if forward else reversed(columns):
            means = {
                cell: sum(place[other] for other in near[cell]) / len(near[cell])
                if near[cell]
                else float(place[cell])
                for cell in column
            }
            column.sort(key=means.__getitem__)
            place.update((cell, index) for index, cell in enumerate(column))
        crossings = _crossings(columns, right)
        if crossings < fewest:
            best, fewest = [column.copy() for column in columns], crossings
    return best


def _crossings(columns: Columns, right: list[list[int]]) -> int:
    """Count the pairs of arrows that cross between neighbouring columns."""
    total = 0
    for column, following in pairwise(columns):
        place = {cell: index for index, cell in enumerate(following)}
        ended: list[int] = []
        for cell in column:
            ends = sorted(place[other] for other in right[cell])
            total += sum(len(ended) - bisect_right(ended, end) for end in ends)
            for end in ends:
                insort(ended, end)
    return total


def _heights(cells: _Cells, columns: Columns) -> list[float]:
    """Move each cell towards its neighbours as far as its column's order and gaps allow."""
    heights = [0.0] * len(cells.rank)
    offsets = [_stacked(cells, column) for column in columns]
    for column, places in zip(columns, offsets, strict=True):
        for cell, place in zip(column, places, strict=True):
            heights[cell] = place - places[-1] / 2
    pulls: list[list[tuple[int, float]]] = [[(cell, 1e-3)] for cell in range(len(heights))]
    for start, end in cells.links:
        # Long arrows are kept straight first: bends in them are what the eye stumbles over.
        pull = (1.0, 3.0, 9.0)[(start >= cells.boxes) + (end >= cells.boxes)]
        pulls[start].append((end, pull))
        pulls[end].append((start, pull))
    weights = [sum(pull for _, pull in near) for near in pulls]
    # A small picture may take more turns, until it stands still.
    for turn in range(max(SETTLING, min(400, PATIENCE // len(heights)))):
        before = heights.copy()
        for rank in range(len(columns)) if turn % 2 == 0 else reversed(range(len(columns))):
            column = columns[rank]
            wished = [
                sum(pull * heights[other] for other, pull in pulls[cell]) / weights[cell]
                for cell in column
            ]
            settled = _keep_apart(wished, [weights[cell] for cell in column], offsets[rank])
            for cell, height in zip(column, settled, strict=True):
                heights[cell] = height
        if max(abs(now - then) for now, then in zip(heights, before, strict=True)) < SETTLED:
            break
    return heights


def _stacked(cells: _Cells, column: list[int]) -> list[float]:
    """The heights of a column's cells if they stood as close together as they may."""
    places = [0.0]
    for upper, lower in pairwise(column):
        gap = BOX_GAP if max(upper, lower) < cells.boxes else ARROW_GAP
        places.append(places[-1] + (cells.size[upper][1] + cells.size[lower][1]) / 2 + gap)
    return places


def _keep_apart(wished: list[float], weights: list[float], offsets: list[float]) -> list[float]:
    """Return the places nearest to those wished that keep the order and the gaps.

    Nearest in the sum of weighted squares: neighbours that would overlap form a block, which
    stands where its members wish on average (isotonic regression by pooling; Ayer et al., 1955).
    """
    blocks: list[tuple[float, float, int]] = []  # mean, weight, members
    for wish, weight, offset in zip(wished, weights, offsets, strict=True):
        mean, total, members = wish - offset, weight, 1
        while blocks and blocks[-1][0] > mean:
            other, its, count = blocks.pop()
            mean = (mean * total + other * its) / (total + its)
            total, members = total + its, members + count
        blocks.append((mean, total, members))
    means = [mean for mean, _, members in blocks for _ in range(members)]
    return [mean + offset for mean, offset in zip(means, offsets, strict=True)]


def _spans(cells: _Cells, columns: Columns, heights: list[float]) -> list[tuple[float, float]]:
    """From where to where each column reaches, with room between them for the curves."""
    steepest = [0.0] * len(columns)
    for start, end in cells.links:
        rank = cells.rank[end]
        steepest[rank] = max(steepest[rank], abs(heights[end] - heights[start]))
    spans: list[tuple[float, float]] = []
    edge = 0.0
    for rank, column in enumerate(columns):
        if rank:
            edge += min(max(NARROW, 0.3 * steepest[rank]), WIDE)
        width = max(cells.size[cell][0] for cell in column)
        spans.append((edge, edge + width))
        edge += width
    return spans


def _ports(
    cells: _Cells, paths: list[list[int]], heights: list[float], in_order: Collection[int]
) -> list[float]:
    """At which height each arrow enters its box."""
    entering: dict[int, list[int]] = {}
    for arrow, path in enumerate(paths):
        entering.setdefault(path[-1], []).append(arrow)
    ports = [0.0] * len(paths)
    for box, arrows in entering.items():
        if box not in in_order:
            arrows.sort(key=lambda arrow: heights[paths[arrow][-2]])
        gap = min(PORT_GAP, (cells.size[box][1] - 14.0) / max(len(arrows) - 1, 1))
        for index, arrow in enumerate(arrows):
            ports[arrow] = heights[box] + gap * (index - (len(arrows) - 1) / 2)
    return ports


def _route(
    cells: _Cells,
    path: list[int],
    port: float,
    spans: list[tuple[float, float]],
    middle: list[float],
    heights: list[float],
) -> tuple[Point, ...]:
    start, end = path[0], path[-1]
    level = heights[start]
    points = [
        (middle[start] + cells.size[start][0] / 2, level),
        (spans[cells.rank[start]][1], level),
    ]
    for cell in path[1:-1]:
        from_x, to_x = spans[cells.rank[cell]]
        points += [(from_x, heights[cell]), (to_x, heights[cell])]
    points += [
        (spans[cells.rank[end]][0], port),
        (middle[end] - cells.size[end][0] / 2, port),
    ]
    return tuple(points)
