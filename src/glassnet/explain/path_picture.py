"""The numbers between a weight and a cost as a picture, with one path lit."""

from __future__ import annotations

from itertools import pairwise

from glassnet.explain.linear import symbol_of
from glassnet.explain.numbers import short
from glassnet.explain.path_result import Path, Paths
from glassnet.explain.scene import Arrow, Node, Scene
from glassnet.explain.svg import render
from glassnet.ops.sources import constant

__all__ = ["path_svg"]

MOST_NOTED = 30  # arrows that all have their number; of more, only those that are lit
DIGITS = 4
STYLE = ".glassnet-paths .path path{stroke-width:2.8}"
SMALL = 0.62  # how wide the picture of one path among several is shown


def path_svg(found: Paths, lit: Path, *, layered: bool, small: bool = False) -> str:
    """Return the picture as SVG; "" if there is nothing to draw.

    Args:
        found: All paths.
        lit: The one that is lit.
        layered: Whether layers are written in front of names.
        small: Whether it is shown smaller than its own size.
    """
    if not found.web.arrows:
        return ""
    cost = symbol_of(found.end, layered=layered)
    nodes: list[Node] = []
    for address, value, derivative in found.web.numbers:
        name = symbol_of(address, layered=layered)
        at_end = address == found.end
        gradient = () if at_end else (short(derivative, DIGITS),)
        of = f"∂{cost}/∂{name}"
        nodes.append(
            Node(
                tensor=constant(value),
                name=name,
                sign="",
                in_order=False,
                value=(short(value, DIGITS),),
                kind="",
                gradient_name=of if len(of) <= 16 else "∂",
                gradient=gradient,
                hint=f"{name}: {value!r}\n{of}: {derivative!r}",
                is_output=at_end,
            )
        )
    scene = Scene(tuple(nodes), _arrows(found, lit, layered), cost, "")
    svg, (wide, _) = render(scene, None)
    if small:
        return _styled(render(scene, SMALL * wide)[0], 0.4 * wide)
    return _styled(svg, 0.6 * wide)


def _styled(svg: str, least: float) -> str:
    """Return the picture with lit arrows that are thick too, never narrower than can be read."""
    own = svg.replace(' xmlns="http://www.w3.org/2000/svg"', "", 1)  # it stands inside a page
    own = own.replace('class="glassnet-drawing"', 'class="glassnet-drawing glassnet-paths"', 1)
    own = own.replace('style="max-width:100%', f'style="min-width:{least:.0f}px;max-width:100%', 1)
    return own.replace("</style>", f"{STYLE}</style>", 1)


def _arrows(found: Paths, lit: Path, layered: bool) -> tuple[Arrow, ...]:
    places = {address: number for number, (address, _, _) in enumerate(found.web.numbers)}
    on_path = {(places[start], places[end]) for start, end in pairwise(lit.quantities)}
    noted = len(found.web.arrows) <= MOST_NOTED
    drawn: list[Arrow] = []
    for start, end, derivative in found.web.arrows:
        is_lit = (start, end) in on_path
        below, above = (
            symbol_of(found.web.numbers[place][0], layered=layered) for place in (start, end)
        )
        drawn.append(
            Arrow(
                start=start,
                end=end,
                note=(short(derivative, DIGITS),) if noted or is_lit else (),
                hint=f"local derivative: ∂{above}/∂{below} = {derivative!r}",
                on_path=is_lit,
            )
        )
    return tuple(drawn)
