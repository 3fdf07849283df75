"""A sheet as text for a terminal of 80 columns: formula, numbers put in, result."""

from __future__ import annotations

from glassnet.explain.conventions import Profile
from glassnet.explain.expressions import Address
from glassnet.explain.numbers import short
from glassnet.explain.sheet import Line, Section, Sheet, rounded
from glassnet.explain.writing import symbol_of, write

__all__ = ["render_text"]

WIDTH = 80


def render_text(sheet: Sheet, profile: Profile, width: int = WIDTH) -> str:
    """Return the workings of a sheet as text.

    Args:
        sheet: What is worked out.
        profile: The conventions: digits and rounding.
        width: Columns of the page.
    """
    return _Page(sheet, profile, width).render()


class _Page:
    def __init__(self, sheet: Sheet, profile: Profile, width: int) -> None:
        self.sheet, self.profile, self.width = sheet, profile, width
        rounding = rounded(profile.digits) if profile.carried else None
        exact = {line.address: line.value for line in sheet.lines()}
        self.values = sheet.work(rounding) if profile.carried else exact
        self.layers = {line.address.layer for line in sheet.lines()} - {""}

    def render(self) -> str:
        found = [self.sheet.title, *(f"  {text}" for text in self.sheet.conventions), ""]
        for section in self.sheet.sections:
            found += self._section(section)
        return "\n".join(found).rstrip() + "\n"

    def _section(self, section: Section) -> list[str]:
        found = [section.title]
        if section.sentence:
            found += [f"  {section.sentence}"]
        given = [line for line in section.lines if line.formula is None]
        if given:
            found += self._given(given)
        for line in section.lines:
            if line.formula is not None:
                found += self._working(line)
        return [*found, ""]

    def _given(self, lines: list[Line]) -> list[str]:
        """Return what is given, several on a line, those of a kind together."""
        found: list[str] = []
        now, last = "", ("", "")
        for line in lines:
            text = f"{self._name(line.address)} = {self._number(line.address)}"
            group = (line.address.layer, line.address.symbol)
            longer = f"{now}   {text}" if now else f"  {text}"
            if now and (group != last or len(longer) > self.width):
                found.append(now)
                longer = f"  {text}"
            now, last = longer, group
        return [*found, now]

    def _working(self, line: Line) -> list[str]:
        assert line.formula is not None
        head = f"  {self._name(line.address)} = "
        digits = self.profile.digits
        formula = write(line.formula, self._name, digits)
        numbers = write(line.formula, self._number, digits)
        result = self._number(line.address)
        room = " " * (len(head) - 2) + "= "
        rows = [head + formula]
        if numbers not in (formula, result):
            rows.append(room + numbers)
        rows.append(room + result)
        joined = head + " = ".join(dict.fromkeys([formula, numbers, result]))
        if len(joined) <= self.width:
            return [joined]
        return [part for row in rows for part in self._folded(row, len(head))]

    def _folded(self, row: str, indent: int) -> list[str]:
        """Return a row in pieces that fit, cut between terms."""
        found: list[str] = []
        while len(row) > self.width:
            cut = max(row.rfind(" + ", indent, self.width), row.rfind(" − ", indent, self.width))
            cut = cut if cut > indent else row.rfind(" ", indent, self.width)
            if cut <= indent:
                break
            found.append(row[:cut])
            row = " " * indent + row[cut + 1 :]
        return [*found, row]

    def _name(self, address: Address) -> str:
        return symbol_of(address, layered=len(self.layers) > 1)

    def _number(self, address: Address) -> str:
        return short(self.values[address], self.profile.digits)
