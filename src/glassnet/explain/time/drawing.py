"""What the pictures of this room are made of: a frame, texts, boxes, and their colours."""

from __future__ import annotations

import os
import unicodedata
from html import escape
from pathlib import Path

from glassnet.errors import ArgumentError
from glassnet.files import check_writable, write_file

__all__ = ["SERIES", "Frame", "check_svg", "line", "number", "rect", "save_svg", "text", "wide"]

LETTER = 7.3  # the width of a letter at 12 pixels, in the widest of the fonts
SERIES = 8  # how many colours of curves there are
LIGHT = {
    "paper": "#ffffff", "text": "#1c2733", "quiet": "#5b6774", "line": "#d8dee6",
    "edge": "#5b6774", "box": "#f6f8fa", "input": "#e6f0fb", "state": "#b93a0b",
    "out": "#12795a",
}  # fmt: skip
DARK = {
    "paper": "#10161d", "text": "#e8eef4", "quiet": "#9aa7b4", "line": "#2c3743",
    "edge": "#8795a5", "box": "#1b242e", "input": "#15304e", "state": "#ff9d66",
    "out": "#3fc79a",
}  # fmt: skip
CURVES = (
    ("#1f5fa8", "#b93a0b", "#12795a", "#6b35c9", "#8a6400", "#0b7285", "#a61e4d", "#495057"),
    ("#74b0f0", "#ff9d66", "#3fc79a", "#c3a5ff", "#e0b04a", "#4fc3d9", "#f783ac", "#adb5bd"),
)


def _rules(colours: dict[str, str], curves: tuple[str, ...]) -> str:
    rules = {
        ".paper": f"fill:{colours['paper']};stroke:none",
        "text": f"fill:{colours['text']}",
        "text.quiet": f"fill:{colours['quiet']}",
        "text.state": f"fill:{colours['state']}",
        ".grid": f"stroke:{colours['line']};stroke-width:1",
        ".axis": f"stroke:{colours['edge']};stroke-width:1;fill:none",
        ".box": f"fill:{colours['box']};stroke:{colours['edge']};stroke-width:1.3",
        ".input": f"fill:{colours['input']};stroke:{colours['edge']};stroke-width:1.3",
        ".arrow": f"stroke:{colours['edge']};stroke-width:1.5;fill:none",
        ".head": f"fill:{colours['edge']};stroke:none",
        ".arrow.state": f"stroke:{colours['state']};stroke-width:2;fill:none",
        ".head.state": f"fill:{colours['state']};stroke:none",
    }
    for place, colour in enumerate(curves):
        rules[f".curve{place}"] = f"stroke:{colour};stroke-width:1.8;fill:none"
        rules[f".mark{place}"] = f"fill:{colour};stroke:none"
    # The class stands twice so that the rules of a page around the picture do not win.
    return "".join(f".glassnet-time.glassnet-time {key}{{{rule}}}" for key, rule in rules.items())


STYLE = (
    ".glassnet-time.glassnet-time text{font:12px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,"
    "monospace;text-anchor:middle;white-space:pre}"
    ".glassnet-time.glassnet-time text.left{text-anchor:start}"
    ".glassnet-time.glassnet-time text.right{text-anchor:end}"
    ".glassnet-time.glassnet-time text.title{font-size:14px;font-weight:bold;text-anchor:start}"
    ".glassnet-time.glassnet-time text.strong{font-weight:bold}"
    ".glassnet-time.glassnet-time text.small{font-size:10px}"
    ".glassnet-time.glassnet-time .dashed{stroke-dasharray:5 4}"
    f"{_rules(LIGHT, CURVES[0])}"
    f"@media (prefers-color-scheme:dark){{{_rules(DARK, CURVES[1])}}}"
)


class Frame:
    """A picture that is put together: its parts, its size, what it says to those who hear it.

    Args:
        title: What it shows.
        width: Its width, in pixels.
        height: Its height.
    """

    def __init__(self, title: str, width: float, height: float) -> None:
        self.title, self.width, self.height = title, width, height
        self.parts: list[str] = []

    def add(self, *parts: str) -> None:
        """Put parts on top of what is there."""
        self.parts += parts

    def svg(self, description: str) -> str:
        """Return the picture as SVG text that needs nothing else."""
        wide, high = number(self.width), number(self.height)
        body = "\n".join(self.parts)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" class="glassnet-time" role="img" '
            f'width="{wide}" height="{high}" viewBox="0 0 {wide} {high}" '
            f'style="max-width:100%;height:auto">\n<title>{safe(self.title)}</title>\n'
            f"<desc>{safe(description)}</desc>\n<style>{STYLE}</style>\n"
            f'<rect class="paper" x="0" y="0" width="{wide}" height="{high}"/>\n{body}\n</svg>\n'
        )


def text(style: str, x: float, y: float, body: str, hint: str = "") -> str:
    """Return a text; `hint` is shown when it is pointed at."""
    more = f"<title>{safe(hint)}</title>" if hint else ""
    kind = f' class="{style}"' if style else ""
    return f'<text{kind} x="{number(x)}" y="{number(y)}">{more}{safe(body)}</text>'


def line(style: str, x0: float, y0: float, x1: float, y1: float) -> str:
    """Return a straight line."""
    return (
        f'<line class="{style}" x1="{number(x0)}" y1="{number(y0)}" x2="{number(x1)}" '
        f'y2="{number(y1)}"/>'
    )


def rect(
    style: str, x: float, y: float, width: float, height: float, *, rx: float = 0.0, fill: str = ""
) -> str:
    """Return a rectangle, by the style of a class or with a colour of its own."""
    look = f' class="{style}"' if style else ""
    look += f' style="fill:{fill};stroke:none"' if fill else ""
    return (
        f'<rect{look} x="{number(x)}" y="{number(y)}" width="{number(width)}" '
        f'height="{number(height)}"{f" rx={chr(34)}{number(rx)}{chr(34)}" if rx else ""}/>'
    )


def wide(body: str, letter: float = LETTER) -> float:
    """Return about how wide a text is, in pixels."""
    units = 0.0
    for sign in body:
        if not unicodedata.combining(sign):
            units += 2.0 if unicodedata.east_asian_width(sign) in "WF" else 1.0
    return units * letter


def number(value: float) -> str:
    """Return a length for SVG, to a tenth of a pixel."""
    return f"{value:.1f}".removesuffix(".0")


def safe(body: str) -> str:
    """Return text for XML; signs that XML cannot hold are replaced."""
    kept = (s if s.isprintable() or s == " " else "\ufffd" for s in body)
    return escape("".join(kept), quote=False)


def check_svg(path: str | os.PathLike[str]) -> None:
    """Raise ArgumentError or OutputError if a picture cannot be written to this file."""
    if Path(path).suffix.lower() != ".svg":
        raise ArgumentError(f"a picture's name must end in .svg; got {str(path)!r}")
    check_writable(path)


def save_svg(path: str | os.PathLike[str], svg: str) -> None:
    """Write a picture to an SVG file, whole or not at all."""
    check_svg(path)
    write_file(path, svg)
