"""The network of a sheet as a picture: columns of neurons with their numbers, weights on the edges.

All is read from the sheet: which weights w[i,j] a layer has tells how many neurons it has, and how
many feed them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from html import escape

from glassnet.explain.conventions import Profile
from glassnet.explain.expressions import Address
from glassnet.explain.linear import symbol_of
from glassnet.explain.numbers import short
from glassnet.explain.sheet import Sheet, rounded
from glassnet.records import dataclass

__all__ = ["network_svg"]

MOST_NEURONS, MOST_WRITTEN, MOST_EDGES = 16, 30, 300
LETTER, LINE, PAD = 7.4, 17.0, 8.0
GAP_X, GAP_Y, MARGIN, HEAD = 72.0, 26.0, 4.0, 24.0
PLACES = (0.5, 0.36, 0.64, 0.24, 0.76, 0.43, 0.57, 0.15)  # where on an edge its weight may stand
ROWS = ("b", "v", "y", "δ", "∂E/∂v")
CLASSES = {"y": "out", "δ": "gradient", "∂E/∂v": "gradient"}


@dataclass(frozen=True)
class _Box:
    x: float
    y: float
    width: float
    height: float
    rows: tuple[tuple[str, str], ...]


def network_svg(sheet: Sheet, profile: Profile) -> str:
    """Return the picture as SVG; "" if the sheet is of no plain network, or of a large one.

    Args:
        sheet: A step.
        profile: The conventions: digits and rounding.
    """
    return _Picture(sheet, profile).draw()


class _Picture:
    def __init__(self, sheet: Sheet, profile: Profile) -> None:
        self.digits = profile.digits
        found = {line.address: line.value for line in sheet.lines()}
        self.values: Mapping[Address, float] = (
            sheet.work(rounded(profile.digits)) if profile.carried else found
        )
        self.example = min((a.example for a in found if a.example is not None), default=None)
        self.layers = self._layers()

    def _layers(self) -> list[tuple[str, int]]:
        """Return each layer with its number of neurons, the inputs first; [] if none fit."""
        if not any(a.symbol in ("v", "y") for a in self.values):  # units, rather than neurons
            return []
        if any(a.time is not None for a in self.values):  # a picture has no room for each step
            return []
        inputs = [a for a in self.values if a.symbol == "x" and a.example == self.example]
        found = [("", len(inputs))]
        for layer in dict.fromkeys(a.layer for a in self.values if a.symbol == "w"):
            places = [a.index for a in self.values if (a.layer, a.symbol) == (layer, "w")]
            if any(len(place) != 2 for place in places):
                return []
            rows, columns = (max(place[axis] for place in places) for axis in (0, 1))
            if columns != found[-1][1]:
                return []
            found.append((layer, rows))
        return found if len(found) > 1 and inputs else []

    def draw(self) -> str:
        """Return the picture."""
        counts = [count for _, count in self.layers]
        edges = sum(a * b for a, b in itertools.pairwise(counts))
        if not counts or max(counts) > MOST_NEURONS or edges > MOST_EDGES:
            return ""
        columns = list(self._columns())
        width = columns[-1][-1].x + columns[-1][-1].width + MARGIN
        height = max(box.y + box.height for column in columns for box in column) + MARGIN
        parts = [*self._edges(columns, edges <= MOST_WRITTEN)]
        for (layer, _), column in zip(self.layers, columns, strict=True):
            middle = column[0].x + column[0].width / 2
            title = layer or "input"
            if len(self.layers) > 2 or not layer:
                parts.append(_text("quiet", middle, MARGIN + 9, title))
            parts += [_drawn(box, "neuron" if layer else "input") for box in column]
        shown = min(width, 760.0)
        return (
            f'<svg viewBox="0 0 {_n(width)} {_n(height)}" role="img" '
            f'aria-label="The network with its numbers" width="{_n(shown)}" '
            f'style="min-width:{_n(min(shown, 0.7 * width))}px;max-width:100%">'
            f"{''.join(parts)}</svg>"
        )

    def _columns(self) -> Iterator[list[_Box]]:
        rows = [[self._rows(layer, i + 1) for i in range(n)] for layer, n in self.layers]
        heights = [max(len(found) for found in column) * LINE + 2 * PAD for column in rows]
        tall = max(len(column) * (high + GAP_Y) for column, high in zip(rows, heights, strict=True))
        x = MARGIN
        for column, high in zip(rows, heights, strict=True):
            longest = max(len(text) for found in column for _, text in found)
            width = longest * LETTER + 2 * PAD
            y = MARGIN + HEAD + (tall - len(column) * (high + GAP_Y)) / 2
            yield [
                _Box(x, y + i * (high + GAP_Y), width, high, found)
                for i, found in enumerate(column)
            ]
            x += width + GAP_X

    def _rows(self, layer: str, place: int) -> tuple[tuple[str, str], ...]:
        """Return the numbers at a neuron, or at an input."""
        found: list[tuple[str, str]] = []
        for symbol in ROWS if layer else ("x",):
            for index, example in (((place,), self.example), ((place,), None), ((), None)):
                address = Address(symbol, layer, index, example)
                if address in self.values:
                    text = f"{self._name(address)} = {short(self.values[address], self.digits)}"
                    found.append((CLASSES.get(symbol, ""), text))
                    break
        return tuple(found) or (("", f"y{place}"),)

    def _name(self, address: Address) -> str:
        return symbol_of(Address(address.symbol, "", address.index))

    def _edges(self, columns: list[list[_Box]], written: bool) -> Iterator[str]:
        taken: list[tuple[float, float, float]] = []
        texts: list[str] = []
        for (layer, _), left, right in zip(self.layers[1:], columns, columns[1:], strict=False):
            for i, end in enumerate(right):
                for j, start in enumerate(left):
                    x0, y0 = start.x + start.width, start.y + start.height / 2
                    x1, y1 = end.x, end.y + end.height / 2
                    value = self.values[Address("w", layer, (i + 1, j + 1))]
                    name = self._name(Address("w", layer, (i + 1, j + 1)))
                    label = short(value, min(self.digits, 4))
                    hint = f"{name} = {short(value, self.digits)}"
                    yield (
                        f'<line x1="{_n(x0)}" y1="{_n(y0)}" x2="{_n(x1)}" y2="{_n(y1)}">'
                        f"<title>{hint}</title></line>"
                    )
                    if written:
                        half = len(label) * LETTER / 2
                        x, y = _free([(x0 + t * (x1 - x0), y0 + t * (y1 - y0)) for t in PLACES],
                                     half, taken)  # fmt: skip
                        taken.append((x, y, half))
                        texts.append(_text("weight", x, y + 4, label))
        yield from texts


def _free(
    places: list[tuple[float, float]], half: float, taken: list[tuple[float, float, float]]
) -> tuple[float, float]:
    """Return the first place where a label hides no other one; else the one most apart."""

    def room(place: tuple[float, float]) -> float:
        gaps = (
            max(abs(place[0] - x) - half - other, abs(place[1] - y) - 15) for x, y, other in taken
        )
        return min(gaps, default=1.0)

    return next((place for place in places if room(place) > 0), max(places, key=room))


def _drawn(box: _Box, kind: str) -> str:
    middle, y = box.x + box.width / 2, box.y + PAD + 12
    texts = [
        _text(style, middle, y + row * LINE, text) for row, (style, text) in enumerate(box.rows)
    ]
    return (
        f'<g class="{kind}"><rect x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" '
        f'height="{_n(box.height)}" rx="9"/>{"".join(texts)}</g>'
    )


def _text(style: str, x: float, y: float, text: str) -> str:
    kind = f' class="{style}"' if style else ""
    return f'<text{kind} x="{_n(x)}" y="{_n(y)}">{escape(text)}</text>'


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
