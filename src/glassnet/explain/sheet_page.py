"""What the page of a sheet shows: each quantity as formula, numbers put in, result."""

from __future__ import annotations

from glassnet.explain.conventions import Profile
from glassnet.explain.expressions import Address
from glassnet.explain.network_picture import network_svg
from glassnet.explain.notation import Notation
from glassnet.explain.parts import Equation, Page, Part, Picture
from glassnet.explain.setting import notation
from glassnet.explain.sheet import Line, Sheet, rounded
from glassnet.explain.symbols import name_of, number

__all__ = ["sheet_page"]


def sheet_page(sheet: Sheet, profile: Profile) -> Page:
    """Return what is shown of a sheet.

    Args:
        sheet: What is worked out.
        profile: The conventions: digits and rounding.
    """
    digits = profile.digits
    short = rounded(digits)
    given = {line.address: short(line.value) for line in sheet.lines() if line.formula is None}
    values = sheet.work(short, given) if profile.carried else None
    layered = len({line.address.layer for line in sheet.lines()} - {""}) > 1
    of = values or {line.address: line.value for line in sheet.lines()}

    def name(address: Address) -> Notation:
        return name_of(address, layered=layered)

    def value(address: Address) -> Notation:
        return number(of[address], digits)

    def equation(line: Line) -> Equation:
        address, formula = line.address, line.formula
        sides = [value(address)]
        if formula is not None:
            sides = [notation(formula, way, digits) for way in (name, value)] + sides
        once = tuple(dict.fromkeys(sides))
        return Equation(name(address), once, (address.layer, address.symbol), line.sentence)

    parts = tuple(
        Part(
            section.title,
            section.sentence,
            tuple(equation(line) for line in section.lines if line.formula is None),
            tuple(equation(line) for line in section.lines if line.formula is not None),
        )
        for section in sheet.sections
    )
    return Page(sheet.title, sheet.conventions, parts, _pictures(sheet, profile))


def _pictures(sheet: Sheet, profile: Profile) -> tuple[Picture, ...]:
    svg = network_svg(sheet, profile)
    if not svg:
        return ()
    several = any(line.address.example is not None for line in sheet.lines())
    shown = "The network before the change"
    shown += ", with the numbers of the first example" if several else ""
    return (Picture(svg, f"{shown}."),)
