"""The unrolled network as a picture: a column for each step, a row for each layer, the state
going from column to column.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from glassnet.explain.time.drawing import Frame, number, rect, text, wide

if TYPE_CHECKING:
    from glassnet.explain.time.unrolled import Row, Unrolled

__all__ = ["unrolled_svg"]

BOX, LEAST_HEIGHT, APART, UP = 104.0, 44.0, 22.0, 34.0
GAP, LEAST_GAP, SHIFT, HEAD, NODE = 18.0, 58.0, 16.0, 64.0, 26.0
Point = tuple[float, float]


def unrolled_svg(found: Unrolled, first: int) -> str:
    """Return the picture.

    Args:
        found: The network.
        first: How many steps are drawn before the last one.
    """
    return _Picture(found, first).draw()


def arrow(points: Sequence[Point], style: str = "") -> str:
    """Return a line through points with a head at its end."""
    path = "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)
    (x0, y0), (x, y) = points[-2:]
    long = max(((x - x0) ** 2 + (y - y0) ** 2) ** 0.5, 1e-9)
    a, b = (x - x0) / long, (y - y0) / long
    left, right = (x - 8 * a - 4 * b, y - 8 * b + 4 * a), (x - 8 * a + 4 * b, y - 8 * b - 4 * a)
    corners = [(x, y), left, right]
    head = "M" + "L".join(f"{number(u)} {number(v)}" for u, v in corners) + "z"
    more = f" {style}" if style else ""
    return f'<path class="arrow{more}" d="{path}"/><path class="head{more}" d="{head}"/>'


class _Picture:
    def __init__(self, found: Unrolled, first: int) -> None:
        self.found, self.steps = found, found.steps
        self.columns: list[int | None] = list(range(1, self.steps + 1))
        if self.steps > first + 1:
            self.columns = [*range(1, first + 1), None, self.steps]
        longest = max(
            (wide(f"{part}({self.steps + 1})") for row in found.rows for part in row.state),
            default=0.0,
        )
        self.both = any(row.backward for row in found.rows)
        # Beside a layer that goes both ways an arrow goes up between the columns.
        self.gap = max(LEAST_GAP, longest + (56 if self.both else 22))
        self.left = GAP + max(wide(row.name) for row in found.rows) + GAP + self.gap
        self.frame = Frame(found.title, 0, 0)
        self.lowest: dict[int, float] = {}

    def centre(self, column: int) -> float:
        """Return the middle of a column."""
        return self.left + BOX / 2 + column * (BOX + self.gap)

    def draw(self) -> str:
        """Return the picture."""
        found, frame = self.found, self.frame
        heights = [max(LEAST_HEIGHT, 8 + APART * len(row.state)) for row in found.rows]
        answers = 18.0 if found.answers else 0.0
        body = sum(heights) + UP * (len(heights) + 1) + 2 * NODE + answers
        symbols = 18.0 if any(found.symbols) else 0.0
        right = self.centre(len(self.columns) - 1) + BOX / 2
        frame.width = max(
            right + GAP + (self.gap + SHIFT if self.both else 0), wide(found.title, 8.6) + 2 * GAP,
            wide(found.remark()) + 2 * GAP,
        )  # fmt: skip
        frame.height = HEAD + body + symbols + GAP
        frame.add(text("title", GAP, 24, found.title))
        frame.add(text("left quiet", GAP, 44, found.remark()))
        y = HEAD + body - NODE  # from below: the inputs, the layers, the outputs
        sources = self._inputs(y)
        rows = list(zip(found.rows, heights, strict=True))
        while rows:
            pair = len(rows) > 1 and rows[1][0].backward
            used = rows[: 2 if pair else 1]
            rows = rows[len(used) :]
            y, sources = self._layer(used, y, sources)
        self._outputs(y - UP, sources)
        return frame.svg(self._said())

    # --- the rows, from below ---------------------------------------------------------------------
    def _inputs(self, y: float) -> list[list[Point]]:
        """Draw x(t) below each column; return from where arrows begin, for each column."""
        for column, step in enumerate(self.columns):
            x = self.centre(column)
            self.frame.add(text("", x, y + 17, "…" if step is None else f"x({step})"))
            if step is not None and any(self.found.symbols):
                symbol = self.found.symbols[step - 1]
                shown = symbol if len(symbol) <= 14 else f"{symbol[:13]}…"
                self.frame.add(text("strong", x, y + 36, shown))
        return [[(self.centre(c), y)] if s else [] for c, s in enumerate(self.columns)]

    def _layer(
        self, used: list[tuple[Row, float]], y: float, sources: list[list[Point]]
    ) -> tuple[float, list[list[Point]]]:
        """Draw a layer above what is drawn; return its upper edge, and where arrows begin."""
        row, height = used[0]
        if row.where != "each":
            return self._single(row, height, y, sources)
        if len(used) > 1:
            return self._both(used, y, sources)
        top = y - UP - height
        begins: list[list[Point]] = []
        for column, step in enumerate(self.columns):
            x = self.centre(column)
            self.frame.add(*self._step_box(row, x, top, height, step))
            ports = self._spread(x, len(sources[column]))
            for point, port in zip(sources[column], ports, strict=True):
                self.frame.add(arrow(_upward(point, (port, top + height))))
            begins.append([] if step is None else [(x, top)])
        self.frame.add(*self._state(row, top, height, 0.0))
        self._name(row, top + height / 2)
        return top, begins

    def _both(
        self, used: list[tuple[Row, float]], y: float, sources: list[list[Point]]
    ) -> tuple[float, list[list[Point]]]:
        """Draw a layer that goes both ways: forward below, backward above, each moved aside."""
        (forward, low), (backward, high) = used
        below = y - UP - low
        above = below - UP - high
        begins: list[list[Point]] = []
        for column, step in enumerate(self.columns):
            x = self.centre(column)
            self.frame.add(*self._step_box(forward, x - SHIFT, below, low, step))
            self.frame.add(*self._step_box(backward, x + SHIFT, above, high, step))
            if step is None:
                begins.append([])
                continue
            for point in sources[column]:
                self.frame.add(arrow(_upward(point, (x - SHIFT, below + low))))
                side = x + BOX / 2 + SHIFT / 2
                bend = (side, below + low + UP / 3)
                past = (point[0], min(point[1], y - 6))  # what is drawn below is passed first
                self.frame.add(arrow([point, past, bend, (side, above + high)]))
            left = x - BOX / 2 - SHIFT / 2
            begins.append([(left, below), (x + SHIFT, above)])
        self.frame.add(*self._state(forward, below, low, -SHIFT))
        self.frame.add(*self._state(backward, above, high, SHIFT))
        self._name(forward, below + low / 2)
        self._name(backward, above + high / 2)
        return above, begins

    def _single(
        self, row: Row, height: float, y: float, sources: list[list[Point]]
    ) -> tuple[float, list[list[Point]]]:
        """Draw a layer that stands there once: at the last step, or after all of them."""
        points = sorted(self._ends(row, sources))
        top = y - UP - height
        last = len(self.columns) - 1
        is_mean = row.kind == "mean"
        x = self.centre(last) if row.where == "last" else self.centre(0) / 2 + self.centre(last) / 2
        width = self.centre(last) - self.centre(0) + BOX if is_mean else BOX
        self.frame.add(*_box(row, x, top, width, height))
        ports = [p[0] for p in points] if is_mean else self._spread(x, len(points))
        for point, port in zip(points, ports, strict=True):
            self.frame.add(arrow(_upward(point, (port, top + height))))
        self._name(row, top + height / 2)
        begins: list[list[Point]] = [[] for _ in range(last)]
        return top, [*begins, [(x, top)]]

    def _ends(self, row: Row, sources: list[list[Point]]) -> list[Point]:
        """Return what a layer that stands there once reads."""
        if row.kind == "mean" or not all(sources[column] for column in self._drawn()):
            return [point for points in sources for point in points]
        if row.where == "last":
            return sources[-1]
        return [sources[-1][0], sources[0][-1]]  # forward at the last step, backward at the first

    def _drawn(self) -> list[int]:
        return [column for column, step in enumerate(self.columns) if step is not None]

    def _outputs(self, y: float, sources: list[list[Point]]) -> None:
        """Draw what the network answers above what is drawn."""
        found, each = self.found, self.found.answers_each
        drawn = [column for column in self._drawn() if sources[column]]
        for column in drawn if each else drawn[-1:]:
            step, points = self.columns[column], sources[column]
            x = self.centre(column) if len(points) > 1 else points[0][0]
            if not each and found.rows[-1].backward:  # each direction answers at its own end
                points = sorted([sources[-1][0], sources[0][-1]])
                x = (self.centre(0) + self.centre(len(self.columns) - 1)) / 2
            for point, port in zip(points, self._spread(x, len(points)), strict=True):
                self.frame.add(arrow(_upward(point, (port, y))))
            self.frame.add(text("", x, y - 8, f"y({step})" if each else "y"))
            place = (step or 1) - 1 if each else 0
            if place < len(found.answers):
                self.frame.add(text("strong", x, y - 25, found.answers[place]))

    # --- parts ------------------------------------------------------------------------------------
    def _step_box(
        self, row: Row, x: float, top: float, height: float, step: int | None
    ) -> Iterator[str]:
        if step is None:
            yield text("quiet", x, top + height / 2 + 4, "…")
        else:
            yield from _box(row, x, top, BOX, height)

    def _spread(self, x: float, count: int) -> list[float]:
        """Return places on a box's edge for so many arrows."""
        return [x + 36 * (place - (count - 1) / 2) for place in range(count)]

    def _name(self, row: Row, y: float) -> None:
        self.frame.add(text("left", GAP, y + 4, row.name))

    def _state(self, row: Row, top: float, height: float, shift: float) -> Iterator[str]:
        """Yield the arrows of the state into each column, with what goes along them."""
        columns = list(enumerate(self.columns))
        for order, part in enumerate(row.state):
            y = top + height / 2 + APART * (order - (len(row.state) - 1) / 2) + 4
            for column, step in columns[::-1] if row.backward else columns:
                into = self.centre(column) + shift
                half = BOX / 2 if step is not None else 14.0
                side = 1 if row.backward else -1
                end = into + side * half
                begin = into + side * (BOX / 2 + self.gap)
                before = column + side
                if 0 <= before < len(columns) and columns[before][1] is None:
                    begin = self.centre(before) + shift - side * 14.0
                yield arrow([(begin, y), (end, y)], "state")
                label = self._label(part, before, side)
                if label:
                    aside = (-12 if row.backward else 12) if self.both and shift else 0
                    middle = into + side * (BOX + self.gap) / 2 + aside
                    yield text("state", middle, y - 5, label)

    def _label(self, part: str, before: int, side: int) -> str:
        """Return the name of what the column before hands on."""
        if before < 0:
            return f"{part}(0)"
        if before >= len(self.columns):
            return f"{part}({self.steps + 1})"
        step = self.columns[before]
        if step is not None:
            return f"{part}({step})"
        after = self.columns[before - side]
        assert after is not None
        return f"{part}({after + side})"

    def _said(self) -> str:
        layers = "; ".join(f"{row.name}: {row.formula}" for row in self.found.rows)
        return f"{self.found.remark()} {layers}."


def _box(row: Row, x: float, top: float, width: float, height: float) -> Iterator[str]:
    style = "box" if row.state else "input"
    yield rect(style, x - width / 2, top, width, height, rx=8)
    middle = top + height / 2
    kind = row.kind if len(row.kind) <= 13 else f"{row.kind[:12]}…"
    yield text("strong", x, middle - 3, kind)
    yield text("quiet small", x, middle + 13, f"{row.size} number{'s' * (row.size > 1)}")


def _upward(start: Point, end: Point) -> list[Point]:
    """Return the points of an arrow that goes up, aside only at its end."""
    if abs(start[0] - end[0]) < 0.5:
        return [start, end]
    level = min(start[1], end[1] + UP * 0.6)
    if abs(start[0] - end[0]) > BOX:
        return [start, (start[0], level), (end[0], level), end]
    return [start, (start[0], level), end]
