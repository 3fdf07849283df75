"""A scene as SVG text: boxes, curves, captions; light and dark; no script, no font, no link.

Letters cannot be measured without a browser, so that everything in boxes is set in a font of one
width, and each sign is given the room that the widest such font takes.
"""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections.abc import Iterable
from html import escape

from glassnet.explain.layout import Placement, Point, Size, arrange
from glassnet.explain.scene import Arrow, Node, Scene

__all__ = ["render"]

LETTER, LINE = 7.9, 18.0  # the width of a letter and the height of a line, at 13 pixels
SIGN_LETTER, SIGN_HEIGHT = 9.2, 26.0
PAD_X, PAD_Y, MARGIN, LEGEND = 13.0, 9.0, 24.0, 34.0
NOTE_LETTER, NOTE_HEIGHT = 7.4, 34.0
LEAST = 46.0
MOST_DESCRIBED = 40

# Background, text, quiet text, edge; source fill and border; operation fill and border; sign fill
# and sign; output border; gradient; local derivative.
LIGHT = (
    ("#ffffff", "#1c2733", "#5b6774", "#8390a0"),
    ("#e6f0fb", "#6fa0d6", "#f6f8fa", "#a3afbd", "#33475c", "#ffffff"),
    ("#12795a", "#b93a0b", "#6b35c9"),
)
DARK = (
    ("#10161d", "#e8eef4", "#9aa7b4", "#77879a"),
    ("#15304e", "#5b93d3", "#1b242e", "#5d6b7a", "#c6d2de", "#10161d"),
    ("#3fc79a", "#ff9d66", "#c3a5ff"),
)


def _rules(colours: tuple[tuple[str, ...], ...]) -> str:
    (back, text, quiet, edge), (source, source_edge, box, box_edge, sign, sign_text) = colours[:2]
    output, gradient, local = colours[2]
    rules = {
        ".paper": f"fill:{back}",
        "text": f"fill:{text}",
        "text.quiet": f"fill:{quiet}",
        ".arrow path": f"stroke:{edge};fill:none",
        ".arrow .head": f"fill:{edge};stroke:none",
        ".path path": f"stroke:{gradient}",
        ".path .head": f"fill:{gradient}",
        ".source rect": f"fill:{source};stroke:{source_edge}",
        ".operation rect": f"fill:{box};stroke:{box_edge}",
        ".operation .sign": f"fill:{sign};stroke:none",
        ".operation text.of": f"fill:{sign_text}",
        ".output .box": f"stroke:{output};stroke-width:2.5",
        "text.gradient,tspan.gradient": f"fill:{gradient}",
        "text.local,tspan.local": f"fill:{local}",
    }
    return "".join(
        ",".join(f".glassnet-drawing {part}" for part in selector.split(",")) + f"{{{rule}}}"
        for selector, rule in rules.items()
    )


STYLE = (
    ".glassnet-drawing text{font:13px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;"
    "text-anchor:middle;white-space:pre}"
    ".glassnet-drawing text.of{font-size:15px}"
    ".glassnet-drawing text.one{font-size:20px;font-weight:bold}"
    ".glassnet-drawing text.note{font-size:12px}"
    ".glassnet-drawing .name{font-weight:bold}"
    ".glassnet-drawing text.legend{font-size:12px;text-anchor:start}"
    ".glassnet-drawing .arrow path{stroke-width:1.6}.glassnet-drawing .box{stroke-width:1.5}"
    f"{_rules(LIGHT)}@media (prefers-color-scheme:dark){{{_rules(DARK)}}}"
)


def render(scene: Scene, width: float | None) -> tuple[str, Size]:
    """Return the SVG text of a scene and its own size, in pixels.

    Args:
        scene: What to draw.
        width: How wide to show it, in pixels; its own size if not given.
    """
    boxes = [_size(node) for node in scene.nodes]
    notes = [
        (max(_wide(line, NOTE_LETTER) for line in arrow.note) + 10, NOTE_HEIGHT)
        if arrow.note
        else None
        for arrow in scene.arrows
    ]
    in_order = {number for number, node in enumerate(scene.nodes) if node.in_order}
    ends = [(arrow.start, arrow.end) for arrow in scene.arrows]
    placed = arrange(boxes, ends, notes, in_order)
    legend = _legend(scene)
    letters = len(re.sub(r"<[^>]+>", "", legend))
    wide = max(placed.size[0], letters * NOTE_LETTER) + 2 * MARGIN
    high = placed.size[1] + 2 * MARGIN + (LEGEND if legend else 0.0)
    shift = (wide - 2 * MARGIN - placed.size[0]) / 2
    parts = [
        f'<rect class="paper" x="0" y="0" width="{_n(wide)}" height="{_n(high)}"/>',
        f'<g transform="translate({_n(MARGIN + shift)} {_n(MARGIN)})">',
        *_arrows(scene.arrows, placed),
        *(
            _node(node, number, centre, size)
            for number, (node, centre, size) in enumerate(
                zip(scene.nodes, placed.centres, boxes, strict=True)
            )
        ),
        *_notes(scene.arrows, placed),
        "</g>",
    ]
    if legend:
        parts.append(_text("legend quiet", (MARGIN, high - 16), legend))
    shown = wide if width is None else width
    body = "\n".join(parts)
    key = f"glassnet-{zlib.crc32(body.encode()):08x}"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="glassnet-drawing" role="img" '
        f'aria-labelledby="{key}-title {key}-desc" width="{_n(shown)}" '
        f'height="{_n(shown * high / wide)}" viewBox="0 0 {_n(wide)} {_n(high)}" '
        f'style="max-width:100%;height:auto">\n'
        f'<title id="{key}-title">{_safe(_title(scene))}</title>\n'
        f'<desc id="{key}-desc">{_safe(_description(scene))}</desc>\n<style>{STYLE}</style>'
    )
    return f"{head}\n{body}\n</svg>\n", (wide, high)


def _rows(node: Node) -> list[tuple[str, str, str]]:
    """The lines of text in a box: class, what stands in bold before it, the line."""
    rows: list[tuple[str, str, str]] = []
    if node.value:
        name = node.name and f"{node.name} = "
        if len(node.value) == 1:
            rows.append(("value", name, node.value[0]))
        else:
            rows += [("value", name, "")] if name else []
            rows += [("value", "", line) for line in node.value]
    else:
        rows += [("value", node.name, "")] if node.name else []
        rows.append(("quiet", "", node.kind))
    if len(node.gradient) == 1:
        rows.append(("gradient", "", f"{node.gradient_name} = {node.gradient[0]}"))
    elif node.gradient:
        rows.append(("gradient", "", f"{node.gradient_name} ="))
        rows += [("gradient", "", line) for line in node.gradient]
    return rows


def _size(node: Node) -> Size:
    widths = [_wide(bold + text, LETTER) for _, bold, text in _rows(node)]
    height = len(widths) * LINE + 2 * PAD_Y
    if node.sign:
        widths.append(_wide(node.sign, SIGN_LETTER) + 18)
        height += SIGN_HEIGHT + 4
    return max(LEAST, max(widths) + 2 * PAD_X), height


def _node(node: Node, number: int, centre: Point, size: Size) -> str:
    left, top = centre[0] - size[0] / 2, centre[1] - size[1] / 2
    kind = "operation" if node.sign else "source"
    classes = f"node {kind} output" if node.is_output else f"node {kind}"
    round_by = 8 if node.sign else min(18.0, size[1] / 2)
    parts = [
        f'<g class="{classes}" data-node="{number}">',
        f"<title>{_safe(node.hint, keep_lines=True)}</title>",
        _rect("box", left, top, size, round_by),
    ]
    y = top + PAD_Y
    if node.sign:
        wide = max(SIGN_HEIGHT, _wide(node.sign, SIGN_LETTER) + 18)
        pill = (wide, SIGN_HEIGHT)
        parts.append(_rect("sign", centre[0] - wide / 2, y, pill, SIGN_HEIGHT / 2))
        # A sign of one letter is a small dot or dash: it is set larger.
        style, base = ("of one", 20.0) if len(node.sign) == 1 else ("of", 18.0)
        parts.append(_text(style, (centre[0], y + base), _safe(node.sign)))
        y += SIGN_HEIGHT + 4
    for style, bold, text in _rows(node):
        y += LINE
        name = f'<tspan class="name">{_still(bold)}</tspan>' if bold else ""
        parts.append(_text(style, (centre[0], y - 4.5), name + _still(text)))
    return "".join([*parts, "</g>"])


def _arrows(arrows: Iterable[Arrow], placed: Placement) -> Iterable[str]:
    """The curves; those on a path last, so that they lie on top."""
    drawn = sorted(zip(arrows, placed.routes, strict=True), key=lambda pair: pair[0].on_path)
    for arrow, route in drawn:
        curve = f"M{_n(route[0][0])} {_n(route[0][1])}"
        for index in range(1, len(route)):
            (x0, y0), (x1, y1) = route[index - 1], route[index]
            if index == len(route) - 1:
                curve += f"H{_n(x1 - 7)}"
            elif index % 2 == 1 or y0 == y1:
                curve += f"H{_n(x1)}"
            else:
                half = (x0 + x1) / 2
                curve += f"C{_n(half)} {_n(y0)} {_n(half)} {_n(y1)} {_n(x1)} {_n(y1)}"
        x, y = route[-1]
        head = f"M{_n(x)} {_n(y)}l-9 -4.5v9z"
        yield (
            f'<g class="arrow{" path" if arrow.on_path else ""}"><path d="{curve}"/>'
            f'<path class="head" d="{head}"/></g>'
        )


def _notes(arrows: Iterable[Arrow], placed: Placement) -> Iterable[str]:
    for arrow, centre in zip(arrows, placed.notes, strict=True):
        if centre is None:
            continue
        for line, drop in zip(arrow.note, (-5.0, 14.0), strict=False):
            text = f"<title>{_safe(arrow.hint)}</title>{_still(line)}"
            yield _text("note local", (centre[0], centre[1] + drop), text)


def _legend(scene: Scene) -> str:
    parts: list[str] = []
    if any(node.gradient for node in scene.nodes):
        output = _safe(scene.output_name)
        parts.append(f'<tspan class="gradient">∂{output}/∂…</tspan> the gradient at each node')
    if any(arrow.note for arrow in scene.arrows):
        parts.append('<tspan class="local">on arrows</tspan> the local derivative')
    if scene.remark:
        parts.append(_safe(scene.remark))
    return " · ".join(parts)


def _title(scene: Scene) -> str:
    names = ", ".join(node.name for node in scene.nodes if node.is_output and node.name)
    return f"Computation graph of {names}" if names else "Computation graph"


def _description(scene: Scene) -> str:
    """The picture for those who hear it: each node with its formula, value and gradient."""
    said: list[str] = []
    for node in scene.nodes[:MOST_DESCRIBED]:
        facts = [f"{node.sign or 'given'}", " ".join(node.value) or node.kind]
        if node.gradient:
            facts.append(f"gradient {' '.join(node.gradient)}")
        said.append(f"{node.name or 'node'}: {', '.join(facts)}")
    more = len(scene.nodes) - len(said)
    return f"{len(scene.nodes)} nodes, {len(scene.arrows)} arrows. {'; '.join(said)}" + (
        f"; and {more} more." if more > 0 else "."
    )


def _rect(style: str, left: float, top: float, size: Size, round_by: float) -> str:
    return (
        f'<rect class="{style}" x="{_n(left)}" y="{_n(top)}" width="{_n(size[0])}" '
        f'height="{_n(size[1])}" rx="{_n(round_by)}"/>'
    )


def _text(style: str, at: Point, body: str) -> str:
    return f'<text class="{style}" x="{_n(at[0])}" y="{_n(at[1])}">{body}</text>'


def _wide(text: str, letter: float) -> float:
    """The room for a text: signs from other alphabets may come from a wider font."""
    units = 0.0
    for sign in text:
        if unicodedata.combining(sign):
            continue
        if unicodedata.east_asian_width(sign) in "WF":
            units += 2.1
        else:
            units += 1.0 if ord(sign) < 0x250 else 1.15
    return units * letter


def _safe(text: str, keep_lines: bool = False) -> str:
    """Text for XML: reserved signs escaped, signs that XML cannot hold replaced."""
    allowed = "\n" if keep_lines else ""
    clean = "".join(
        sign
        if sign in allowed
        else " "
        if sign in "\t\n\r"
        else sign
        if _in_xml(sign)
        else "\ufffd"
        for sign in text
    )
    return escape(clean, quote=False)


def _in_xml(sign: str) -> bool:
    code = ord(sign)
    return 0x20 <= code <= 0xD7FF or 0xE000 <= code <= 0xFFFD or code >= 0x10000


def _still(text: str) -> str:
    """Text whose spaces are all kept, for columns of numbers."""
    return _safe(text).replace(" ", "\u00a0")


def _n(number: float) -> str:
    return f"{number:.1f}".removesuffix(".0")
