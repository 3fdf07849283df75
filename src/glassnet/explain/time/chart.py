"""Curves of positive numbers over the lag, on a logarithmic axis, as a picture."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from glassnet.explain.time.drawing import LETTER, SERIES, Frame, line, number, text, wide
from glassnet.graph.types import Array
from glassnet.records import dataclass

__all__ = ["Curve", "chart_svg"]

WIDTH, HEIGHT = 560.0, 300.0  # of the field with the curves
LEFT, TOP, BOTTOM, GAP = 62.0, 54.0, 46.0, 14.0
MOST_TICKS, MOST_MARKS = 9, 40
RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True)
class Curve:
    """A curve with its name.

    Args:
        name: What it is of.
        values: Its height at 0, 1, 2, …; what is not positive and finite is left out.
        dashed: Whether it is drawn with a dashed line.
        colour: Which colour, by number; its place among the curves if not given.
    """

    name: str
    values: Array
    dashed: bool = False
    colour: int | None = None


def chart_svg(title: str, curves: Sequence[Curve], across: str, up: str) -> str:
    """Return a picture of some curves.

    Args:
        title: What is shown.
        curves: The curves.
        across: What the horizontal axis is of.
        up: What the vertical axis is of.
    """
    longest = max(wide(curve.name) for curve in curves)
    title_width = wide(title, LETTER * 14 / 12) + 2 * GAP
    width = max(LEFT + WIDTH + 4 * GAP + 16 + longest, title_width)
    frame = Frame(title, width, TOP + HEIGHT + BOTTOM)
    low, high = _decades(curves)
    last = max(max(len(curve.values) for curve in curves) - 1, 1)

    def place(x: float, log: float) -> tuple[float, float]:
        return LEFT + WIDTH * x / last, TOP + HEIGHT * (high - log) / (high - low)

    frame.add(text("title", GAP, 22, title))
    for log, label in _ticks(low, high):
        y = place(0, log)[1]
        frame.add(line("grid", LEFT, y, LEFT + WIDTH, y))
        frame.add(text("quiet right", LEFT - 6, y + 4, label))
    for x in range(0, last + 1, _step(last)):
        left = place(x, low)[0]
        frame.add(line("axis", left, TOP + HEIGHT, left, TOP + HEIGHT + 4))
        frame.add(text("quiet", left, TOP + HEIGHT + 18, str(x)))
    frame.add(line("axis", LEFT, TOP + HEIGHT, LEFT + WIDTH, TOP + HEIGHT))
    frame.add(text("", LEFT + WIDTH / 2, TOP + HEIGHT + 36, across))
    frame.add(text("left", LEFT + 4, TOP - 7, up))
    said: list[str] = []
    for order, curve in enumerate(curves):
        colour = (order if curve.colour is None else curve.colour) % SERIES
        points = [
            (x, *place(x, math.log10(y)))
            for x, y in enumerate(curve.values.tolist())
            if y > 0 and math.isfinite(y)
        ]
        frame.add(*_drawn(points, colour, dashed=curve.dashed))
        y = TOP + 12 + 20 * order
        left = LEFT + WIDTH + GAP
        style = f"curve{colour} dashed" if curve.dashed else f"curve{colour}"
        frame.add(line(style, left, y - 4, left + 22, y - 4))
        frame.add(text("left", left + 28, y, curve.name))
        said.append(f"{curve.name}: from {curve.values[0]:.3g} to {curve.values[-1]:.3g}")
    return frame.svg(f"{up} against {across}, on a logarithmic axis. {'; '.join(said)}.")


def _decades(curves: Sequence[Curve]) -> tuple[float, float]:
    """Return the exponents of the lowest and the highest number of the axis."""
    values = np.concatenate([curve.values for curve in curves])
    known = values[np.isfinite(values) & (values > 0)]
    if not len(known):
        return -1.0, 1.0
    low, high = math.floor(np.log10(known.min())), math.ceil(np.log10(known.max()))
    return float(low), float(max(high, low + 1))


def _ticks(low: float, high: float) -> list[tuple[float, str]]:
    """Return exponents with what is written beside them; within two decades also 2 and 5."""
    step = max(1, math.ceil((high - low) / MOST_TICKS))
    first = math.ceil(low / step) * step
    found = [(float(e), _power(e)) for e in range(int(first), int(high) + 1, step)]
    if high - low <= 2:
        for decade in range(int(low), int(high)):
            found += [
                (decade + math.log10(digit), f"{digit * 10.0**decade:g}".replace("-", "−"))
                for digit in (2, 5)
            ]
    return found


def _power(exponent: int) -> str:
    if -3 <= exponent <= 3:
        return f"{10.0**exponent:g}"
    return "10" + str(exponent).translate(RAISED)


def _step(last: int) -> int:
    """Return a round distance of ticks."""
    scale = 10 ** math.floor(math.log10(max(last / 8, 1)))
    return next(scale * n for n in (1, 2, 5, 10) if last / (scale * n) <= 10)


def _drawn(points: list[tuple[int, float, float]], colour: int, *, dashed: bool) -> list[str]:
    """Return a curve: a line through neighbours, and marks where there are few points."""
    path, before = "", None
    for x, left, y in points:
        path += f"{'L' if before == x - 1 else 'M'}{number(left)} {number(y)}"
        before = x
    style = f"curve{colour} dashed" if dashed else f"curve{colour}"
    found = [f'<path class="{style}" d="{path}"/>'] if path else []
    if len(points) <= MOST_MARKS and not dashed:
        found += [
            f'<circle class="mark{colour}" cx="{number(left)}" cy="{number(y)}" r="2.6"/>'
            for _, left, y in points
        ]
    return found
