"""A wrong line worked again, with a mistake made in it or in the blank lines that it comes from."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import field

from glassnet.explain.causes import Case, Variant
from glassnet.explain.expressions import Address, evaluate, quantities
from glassnet.explain.worksheet import Entry
from glassnet.explain.written import agrees
from glassnet.records import dataclass

__all__ = ["Effort", "Retraced", "Values"]

MOST_BLANK = 25  # blank lines before a wrong one in which the mistake may hide
MOST_READ = 250  # quantities in the formulas of these

Values = Mapping[Address, float]


@dataclass
class Effort:
    """How much may still be looked at, counted in numbers read, so that every sheet ends soon."""

    left: int


@dataclass
class Retraced:
    """A line that has a number, and the blank lines that it is worked out from.

    Args:
        case: All lines, and what is written.
        routes: The values that lines may have been worked out from, in several ways.
        blank: The lines without a number.
        entry: The line.
        effort: What may still be looked at.
    """

    case: Case
    routes: Sequence[Values]
    blank: frozenset[Address]
    entry: Entry
    effort: Effort
    members: list[Entry] = field(init=False)

    def __post_init__(self) -> None:
        self.members = self._members()
        # For each line: itself, and what is worked out from it through blank lines.
        self._after = {member.address: {member.address} for member in self.members}
        links = [(a, m.address) for m in self.members for a in _used(m) if a in self._after]
        grows = True
        while grows:
            before = sum(map(len, self._after.values()))
            for address, user in links:
                self._after[address] |= self._after[user]
            grows = sum(map(len, self._after.values())) > before

    def _members(self) -> list[Entry]:
        found = {self.entry.address: self.entry}
        todo, read = [self.entry], 0
        while todo and len(found) <= MOST_BLANK and read < MOST_READ:
            for address in _used(todo.pop(0)):
                read += 1
                before = self.case.entries[address]
                if address in self.blank and address not in found and before.role != "given":
                    found[address] = before
                    todo.append(before)
        return list(found.values())

    def explains(self, changed: Mapping[Address, Variant], *, thorough: bool = True) -> bool:
        """Whether the line's number is what follows if the mistake is made in these lines."""
        written = self.case.written[self.entry.address]
        again = frozenset[Address]().union(*(self._after[address] for address in changed))
        routes = self.routes if thorough else self.routes[:2]
        routes = self._different(routes, changed, again)
        return any(agrees(written, self.worked(changed, route, again)) for route in routes)

    def _different(
        self,
        routes: Sequence[Values],
        changed: Mapping[Address, Variant],
        again: frozenset[Address],
    ) -> list[Values]:
        """Return the routes that give these lines different numbers to start from."""
        used: dict[Address, None] = {}
        for address in again:
            variant = changed.get(address)
            formula = variant.formula if variant is not None else None
            formula = self.case.entries[address].line.formula if formula is None else formula
            used.update(dict.fromkeys(quantities(formula) if formula is not None else ()))
        self.effort.left -= len(used)
        found: dict[tuple[float | None, ...], Values] = {}
        for route in routes:
            found.setdefault(tuple([route.get(a) for a in used if a not in again]), route)
        return list(found.values())

    def worked(
        self,
        changed: Mapping[Address, Variant],
        route: Values,
        again: frozenset[Address] = frozenset(),
    ) -> float:
        """Return the line's value.

        Args:
            changed: The lines in which a mistake is made, and how they are worked out then.
            route: The values of all other lines.
            again: The blank lines that are worked out anew.
        """
        known: dict[Address, float] = {}

        def value_of(address: Address) -> float:
            self.effort.left -= 1
            if address not in again or address == self.entry.address:
                return route[address]
            if address not in known:
                known[address] = work(self.case.entries[address])
            return known[address]

        def work(line: Entry) -> float:
            variant = changed.get(line.address)
            if variant is not None and variant.predict is not None:
                return variant.predict(value_of)
            formula = variant.formula if variant is not None else line.line.formula
            return line.line.value if formula is None else evaluate(formula, value_of)

        try:
            return work(self.entry)
        except (ArithmeticError, ValueError, KeyError, RecursionError):
            return math.nan


def _used(entry: Entry) -> list[Address]:
    formula = entry.line.formula
    return [] if formula is None else list(dict.fromkeys(quantities(formula)))
