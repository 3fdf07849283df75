"""What a page of workings shows, part by part: headings, sentences, what is given, equations.

The renderers walk over these parts, and say only how they look.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from glassnet.explain.conventions import Profile
from glassnet.explain.expressions import Address
from glassnet.explain.notation import Notation
from glassnet.explain.setting import notation
from glassnet.explain.sheet import Line, Sheet, rounded
from glassnet.explain.symbols import name_of, number

__all__ = ["Equation", "Part", "page"]


@dataclass(frozen=True)
class Equation:
    """A quantity and what it is equal to.

    Args:
        line: The line of the sheet.
        name: How the quantity is written.
        sides: What it is equal to: formula, numbers put in, result; none twice.
        group: What it belongs to: quantities of a kind, in one layer.
    """

    line: Line
    name: Notation
    sides: tuple[Notation, ...]
    group: tuple[str, str]

    @property
    def result(self) -> Notation:
        """The number that comes out."""
        return self.sides[-1]


@dataclass(frozen=True)
class Part:
    """What stands under one heading.

    Args:
        title: The heading.
        sentence: What happens here; "" where nothing needs to be said.
        given: What is given, as equations of a name and a number.
        workings: What is worked out.
    """

    title: str
    sentence: str
    given: tuple[Equation, ...]
    workings: tuple[Equation, ...]

    def groups(self) -> Iterator[tuple[Equation, ...]]:
        """Yield what is given, quantities of a kind together."""
        found: list[Equation] = []
        for entry in self.given:
            if found and entry.group != found[-1].group:
                yield tuple(found)
                found = []
            found.append(entry)
        if found:
            yield tuple(found)


def page(sheet: Sheet, profile: Profile) -> Iterator[Part]:
    """Yield the parts of a sheet.

    Args:
        sheet: What is worked out.
        profile: The conventions: digits and rounding.
    """
    digits = profile.digits
    values = sheet.work(rounded(digits)) if profile.carried else None
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
        return Equation(line, name(address), once, (address.layer, address.symbol))

    for section in sheet.sections:
        found = [equation(line) for line in section.lines]
        yield Part(
            section.title,
            section.sentence,
            tuple(entry for entry in found if entry.line.formula is None),
            tuple(entry for entry in found if entry.line.formula is not None),
        )
