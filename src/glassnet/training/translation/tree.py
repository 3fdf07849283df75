"""A beam search drawn as a tree: from left to right, a column for each step."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from glassnet.training.translation.beam import Beam

__all__ = ["draw"]

ROW, LETTER, SPACE, MARGIN, TOP = 30.0, 7.3, 64.0, 18.0, 74.0
STYLE = """
svg { background: #fff; font: 12px ui-monospace, "DejaVu Sans Mono", monospace; }
text { fill: #1f2328; } .small { font-size: 10px; fill: #57606a; }
.title { font-size: 14px; font-weight: 600; }
.edge { fill: none; stroke: #8c959f; stroke-width: 1; }
.box { fill: #f6f8fa; stroke: #8c959f; }
.end .box { fill: #dafbe1; stroke: #1a7f37; }
.cut text, .cut .small { fill: #8c959f; } .cut .box { fill: #fff; stroke: #d0d7de; }
.best .box { fill: #ddf4ff; stroke: #0969da; stroke-width: 2; }
path.best { stroke: #0969da; stroke-width: 2.5; }
@media (prefers-color-scheme: dark) {
  svg { background: #0d1117; } text { fill: #e6edf3; } .small { fill: #9198a1; }
  .box { fill: #161b22; stroke: #6e7681; } .end .box { fill: #12261e; stroke: #3fb950; }
  .best .box { fill: #0c2d6b; stroke: #58a6ff; } path.best { stroke: #58a6ff; }
  .cut text, .cut .small { fill: #6e7681; } .cut .box { fill: #0d1117; stroke: #30363d; }
}
"""


def draw(beam: Beam) -> str:
    """Return an SVG picture of a beam search.

    A box is a hypothesis that was kept: its last symbol, and below it the score, the sum of the
    logarithms of the symbols' probabilities. The best answer is drawn thick; a hypothesis that was
    kept at its step, and of which nothing was kept after it, is pale; one that has ended is green.
    """
    nodes = beam.nodes
    children: list[list[int]] = [[] for _ in nodes]
    roots: list[int] = []
    for place, node in enumerate(nodes):
        (roots if node.parent < 0 else children[node.parent]).append(place)
    ended = {h.node for h in beam.hypotheses}
    best: set[int] = set()
    at = beam.best.node if beam.hypotheses else -1
    while at >= 0:
        best.add(at)
        at = nodes[at].parent
    high = _heights(roots, children)
    steps = max((node.step for node in nodes), default=0)
    wide = [
        max(6, *(len(beam.symbols[n.symbol]) for n in nodes if n.step == step)) * LETTER + 12
        for step in range(1, steps + 1)
    ]
    left = [MARGIN + 60 + sum(wide[:step]) + SPACE * step for step in range(steps)]
    rows = max(high, default=0.0) + 1
    height = TOP + rows * ROW + 30
    width = max([left[-1] + wide[-1] + MARGIN if steps else 0.0, 460.0])
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}" role="img" '
            f'aria-label="{escape(f"beam search on {beam.source}")}"><style>{STYLE}</style>'
        ),
        f'<text class="title" x="{MARGIN}" y="26">{escape(beam.source)}</text>',
        (
            f'<text class="small" x="{MARGIN}" y="44">beam of {beam.width}; a box is a symbol and '
            "the score so far, Σ ln P; thick: the best answer; green: ended; pale: dropped</text>"
        ),
    ]
    for step in range(steps):
        parts.append(
            f'<text class="small" x="{left[step]:.1f}" y="{TOP - 8}">step {step + 1}</text>'
        )
    start = TOP + (sum(high[root] for root in roots) / max(len(roots), 1)) * ROW + ROW / 2
    parts.append(f'<text x="{MARGIN}" y="{start + 4:.1f}">start</text>')
    boxes: list[str] = []
    for place, node in enumerate(nodes):
        x, y = left[node.step - 1], TOP + high[place] * ROW + ROW / 2
        x0, y0 = MARGIN + 44, start
        if node.parent >= 0:
            before = nodes[node.parent]
            x0 = left[before.step - 1] + wide[before.step - 1]
            y0 = TOP + high[node.parent] * ROW + ROW / 2
        kind = "best" if place in best else "end" if place in ended else ""
        if not kind and not children[place]:
            kind = "cut"
        middle = (x0 + x) / 2
        line = f"M{x0:.1f} {y0:.1f} C{middle:.1f} {y0:.1f} {middle:.1f} {y:.1f} {x:.1f} {y:.1f}"
        thick = " best" if place in best else ""
        parts.append(f'<path class="edge{thick}" d="{line}"/>')
        boxes.append(
            f'<g class="{kind}"><rect class="box" x="{x:.1f}" y="{y - 11:.1f}" '
            f'width="{wide[node.step - 1]:.1f}" height="23" rx="4"/>'
            f'<text x="{x + 6:.1f}" y="{y:.1f}">{escape(_shown(beam.symbols[node.symbol]))}</text>'
            f'<text class="small" x="{x + 6:.1f}" y="{y + 10:.1f}">{node.score:.2f}</text></g>'
        )
    return "".join([*parts, *boxes, "</svg>"])


def _shown(symbol: str) -> str:
    return "␣" if symbol == " " else symbol


def _heights(roots: list[int], children: list[list[int]]) -> list[float]:
    """Return the row of each node: leaves one below the other, others between their children."""
    high = [0.0] * len(children)
    rows = 0
    stack = [(root, False) for root in reversed(roots)]
    while stack:
        place, done = stack.pop()
        if done:
            high[place] = sum(high[child] for child in children[place]) / len(children[place])
        elif children[place]:
            stack.append((place, True))
            stack += [(child, False) for child in reversed(children[place])]
        else:
            high[place] = float(rows)
            rows += 1
    return high
