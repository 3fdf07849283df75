"""Numbers over time as colours: a block of rows for each quantity, a column for each step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from glassnet.explain.numbers import short
from glassnet.explain.time.drawing import Frame, number, safe, text, wide
from glassnet.graph.types import Array
from glassnet.records import dataclass

__all__ = ["Block", "heat_svg", "scale_of"]

# From −1 over 0 to 1: the colours of ColorBrewer's RdBu, which the colour-blind can tell apart.
ANCHORS = (
    (33, 102, 172), (103, 169, 207), (209, 229, 240), (247, 247, 247), (253, 219, 199),
    (239, 138, 98), (178, 24, 43),
)  # fmt: skip
LEVELS = 24  # colours on each side of 0
WIDEST, NARROWEST, ROOM = 22.0, 6.0, 880.0  # of a column; for all of them
ROWS_LOW = 16  # rows up to which they are high enough for a number beside each
LEFT, GAP, HEAD, LEGEND = 54.0, 16.0, 20.0, 74.0
ROUND = (1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
SMALL = 6.3  # the width of a letter at 10 pixels


@dataclass(frozen=True)
class Block:
    """The numbers of one quantity.

    Args:
        name: Its symbol.
        about: What it is; may be empty.
        values: The numbers, of shape (rows, steps).
        scale: What the strongest colour stands for.
    """

    name: str
    about: str
    values: Array
    scale: float


def scale_of(values: Array) -> float:
    """Return what the strongest colour stands for: a round number that holds all of them.

    >>> scale_of(np.array([0.2, -0.7])), scale_of(np.array([3.1])), scale_of(np.array([0.0]))
    (0.8, 4.0, 1.0)
    """
    largest = float(np.abs(values).max(initial=0.0))
    if largest < 1e-12:
        return 1.0
    power = 10.0 ** math.floor(math.log10(largest))
    known = (float(f"{power * digit:.3g}") for digit in ROUND)
    return next(scale for scale in known if largest <= scale * (1 + 1e-9))


def heat_svg(
    title: str,
    remark: str,
    blocks: Sequence[Block],
    rows: Sequence[int],
    places: Sequence[int],
    symbols: Sequence[str],
) -> str:
    """Return the picture.

    Args:
        title: What is shown.
        remark: What is said below the title.
        blocks: The quantities, from top to bottom.
        rows: The number of the neuron in each row.
        places: The number of the step in each column.
        symbols: What stands under each column; "" for nothing.
    """
    column = min(WIDEST, max(NARROWEST, ROOM / len(places)))
    row = 13.0 if len(rows) <= ROWS_LOW else 8.0
    short_symbols = all(len(symbol) <= 1 for symbol in symbols) and column >= SMALL
    below = _room_below(symbols, is_short=short_symbols)
    each = HEAD + row * len(rows) + (14 if short_symbols and any(symbols) else 0) + GAP
    field = column * len(places)
    width = LEFT + max(field + LEGEND, wide(title, 8.6), wide(remark)) + GAP
    frame = Frame(title, width, 56 + each * len(blocks) + below + 22)
    frame.add(text("title", GAP, 22, title), text("left quiet", GAP, 41, remark))
    top = 56.0
    for block in blocks:
        frame.add(text("left strong", LEFT, top + 13, block.name))
        about = "left quiet"
        frame.add(text(about, LEFT + wide(block.name) + 10, top + 13, block.about))
        frame.add(*_cells(block, LEFT, top + HEAD, column, row))
        frame.add(*_numbers(rows, top + HEAD, row))
        frame.add(*_legend(block, LEFT + field + 22, top + HEAD, row * len(rows)))
        if short_symbols:
            frame.add(*_upright(symbols, top + HEAD + row * len(rows) + 12, column))
        top += each
    bottom = top - GAP
    if not short_symbols:
        frame.add(*_turned(symbols, bottom + 6, column))
        bottom += below
    frame.add(*_steps(places, bottom + 14, column))
    said = [
        f"{block.name}: from {block.values.min():.3g} to {block.values.max():.3g}"
        for block in blocks
    ]
    return frame.svg(f"{len(rows)} rows, {len(places)} steps. {'; '.join(said)}.")


def colour(value: float) -> str:
    """Return the colour of a number from −1 to 1.

    >>> colour(0.0), colour(1.0), colour(-1.0)
    ('#f7f7f7', '#b2182b', '#2166ac')
    """
    at = (value + 1) / 2 * (len(ANCHORS) - 1)
    first = min(int(at), len(ANCHORS) - 2)
    share = at - first
    mixed = (
        round(a + share * (b - a)) for a, b in zip(ANCHORS[first], ANCHORS[first + 1], strict=True)
    )
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _cells(block: Block, left: float, top: float, width: float, height: float) -> Iterator[str]:
    """Yield a path for each colour; neighbours of one colour are one piece of it."""
    levels = np.rint(np.clip(block.values / block.scale, -1, 1) * LEVELS).astype(int).tolist()
    pieces: dict[int, list[str]] = {}
    for at, row in enumerate(levels):
        begin = 0
        for place in range(1, len(row) + 1):
            if place == len(row) or row[place] != row[begin]:
                x, y = number(left + begin * width), number(top + at * height)
                wide_ = number((place - begin) * width)
                high = number(height)
                pieces.setdefault(row[begin], []).append(f"M{x} {y}h{wide_}v{high}h-{wide_}z")
                begin = place
    for level in sorted(pieces):
        fill = colour(level / LEVELS)
        yield f'<path shape-rendering="crispEdges" fill="{fill}" d="{"".join(pieces[level])}"/>'


def _legend(block: Block, left: float, top: float, height: float) -> Iterator[str]:
    """Yield the colours from the largest number down to the smallest, with numbers beside them."""
    high = max(min(height, 120.0), 36.0)
    lowest = 0 if block.values.min() >= 0 else -LEVELS
    each = high / (LEVELS - lowest + 1)
    for order, level in enumerate(range(LEVELS, lowest - 1, -1)):
        y = top + order * each
        shape = f"M{number(left)} {number(y)}h12v{number(each + 0.3)}h-12z"
        yield f'<path fill="{colour(level / LEVELS)}" d="{shape}"/>'
    marks = {0.0: block.scale, 1.0: 0.0} if lowest == 0 else {
        0.0: block.scale, 0.5: 0.0, 1.0: -block.scale,
    }  # fmt: skip
    for share, value in marks.items():
        yield text("left quiet small", left + 17, top + share * (high - 8) + 8, short(value))


def _numbers(rows: Sequence[int], top: float, height: float) -> Iterator[str]:
    """Yield the neurons' numbers: all of them, or where rows are low some."""
    every = 1 if height >= 10 else 5
    for order in range(0, len(rows), every):
        y = top + order * height + height / 2 + 3.5
        yield text("right quiet small", LEFT - 6, y, str(rows[order]))


def _upright(symbols: Sequence[str], y: float, column: float) -> Iterator[str]:
    for order, symbol in enumerate(symbols):
        if symbol.strip():
            yield text("small", LEFT + (order + 0.5) * column, y, symbol)


def _turned(symbols: Sequence[str], y: float, column: float) -> Iterator[str]:
    """Yield longer symbols, such as words, from the column downward."""
    for order, symbol in enumerate(symbols):
        if symbol:
            x = LEFT + (order + 0.5) * column + 3.5
            turn = f"rotate(90 {number(x - 3.5)} {number(y)})"
            body = safe(_cut(symbol))
            yield (
                f'<text class="left small" x="{number(x - 3.5)}" y="{number(y + 3.5)}" '
                f'transform="{turn}">{body}</text>'
            )


def _room_below(symbols: Sequence[str], *, is_short: bool) -> float:
    if is_short or not any(symbols):
        return 0.0
    return max(wide(_cut(symbol), SMALL) for symbol in symbols) + 10


def _cut(symbol: str) -> str:
    return symbol if len(symbol) <= 16 else f"{symbol[:15]}…"


def _steps(places: Sequence[int], y: float, column: float) -> Iterator[str]:
    every = next(n for n in (1, 2, 5, 10, 20, 50) if n * column >= 20)
    yield text("right quiet small", LEFT - 6, y, "step")
    for order, place in enumerate(places):
        if place == places[0] or place % every == 0:
            yield text("quiet small", LEFT + (order + 0.5) * column, y, str(place))
