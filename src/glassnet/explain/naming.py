"""Which causes explain the wrong lines of a sheet, the one that explains most of them first."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence

from glassnet.explain.causes import CAUSES, Case, Variant
from glassnet.explain.causes.case import is_rate
from glassnet.explain.causes.slips import (
    copied_wrongly,
    early,
    inputs_copied_wrongly,
    rounded_too_early,
)
from glassnet.explain.causes.terms import NO_RATE, with_rate
from glassnet.explain.expressions import Address, evaluate, quantities
from glassnet.explain.numbers import short
from glassnet.explain.retrace import Effort, Retraced, Values
from glassnet.explain.sheet import Line, Section, Sheet, rounded
from glassnet.explain.worksheet import Course, Entry
from glassnet.explain.written import agrees
from glassnet.records import dataclass

__all__ = ["Findings", "Named", "name_causes"]

MOST = 150  # wrong lines that are looked into
MOST_COPIED = 40  # wrong lines for which every misread digit is tried
MOST_RATES = 12  # wrong lines from which a learning rate is worked out
LARGE = 2000  # lines above which a sheet is not worked again for each learning rate
MOST_READ = 400_000  # numbers read in looking for causes

COUNTED = ("place", "winner")  # small whole numbers: any other one differs in a digit

LAST = {"rounded-early": 1, "another-place": 2, "copied-wrongly": 3}


@dataclass(frozen=True)
class Named:
    """A likely cause.

    Args:
        code: The mistake, for programs.
        text: The mistake, as a sentence without a full stop.
        lines: The lines that it explains by itself.
        follow: How many other lines follow from these.
    """

    code: str
    text: str
    lines: tuple[Address, ...]
    follow: int = 0


@dataclass(frozen=True)
class Findings:
    """What marking has found, as far as the causes need it.

    Args:
        course: All lines.
        case: What the causes may look at.
        routes: The values that later lines may have been worked out from, in several ways.
        wrong: The lines with a mistake of their own.
        blank: The lines without a number.
        origins: For each line that follows from wrong ones: which.
    """

    course: Course
    case: Case
    routes: Sequence[Values]
    wrong: Sequence[Entry]
    blank: frozenset[Address]
    origins: Mapping[Address, frozenset[Address]]

    def retraced(self, entry: Entry, effort: Effort) -> Retraced:
        """Return a line, to be worked again with a mistake in it."""
        return Retraced(self.case, self.routes, self.blank, entry, effort)


def name_causes(findings: Findings) -> list[Named]:
    """Return the causes that explain a wrong line at least, those that explain most first."""
    found: dict[tuple[str, str], dict[Address, None]] = {}
    wrong = findings.wrong[:MOST]
    effort = Effort(MOST_READ)
    for entry in wrong:
        line = findings.retraced(entry, effort)
        for key in dict.fromkeys(_explaining(findings, line)):
            found.setdefault(key, {})[entry.address] = None
    named = [_counted(findings, key, tuple(lines)) for key, lines in found.items()]
    rates = list(_rates(findings))
    if any(cause.code == "rate-forgotten" for cause in rates):  # the same, seen over all lines
        named = [cause for cause in named if cause.code != "rate-forgotten"]
    named = rates + named
    explained = {address for cause in named for address in cause.lines}
    unexplained = [e for e in wrong if e.address not in explained and e.line.kind not in COUNTED]
    effort = Effort(MOST_READ)
    for entry in unexplained[:MOST_COPIED]:
        line = findings.retraced(entry, effort)
        for variant in inputs_copied_wrongly(findings.case, entry) if effort.left > 0 else ():
            if line.explains({entry.address: variant}, thorough=False):
                key = (variant.code, variant.text)
                named.append(_counted(findings, key, (entry.address,)))
    order = {named: place for place, named in enumerate(named)}
    return sorted(
        named,
        key=lambda cause: (
            LAST.get(cause.code, 0) > 1,
            -len(cause.lines) - cause.follow,
            LAST.get(cause.code, 0),
            order[cause],
        ),
    )


def _counted(findings: Findings, key: tuple[str, str], lines: tuple[Address, ...]) -> Named:
    explained = set(lines)
    follow = sum(1 for origins in findings.origins.values() if origins and origins <= explained)
    return Named(*key, lines, follow)


# --- one wrong line -------------------------------------------------------------------------------
def _explaining(findings: Findings, line: Retraced) -> Iterator[tuple[str, str]]:
    """Yield code and text of each cause that explains a line, perhaps in blank lines before it."""
    entry = line.entry
    known: set[tuple[str, str]] = set()
    for cause in CAUSES:
        shared: dict[tuple[str, str], dict[Address, Variant]] = {}
        for member in line.members:
            if cause is rounded_too_early and member is not entry:
                continue
            for variant in cause(findings.case, member):
                key = (variant.code, variant.text)
                if line.effort.left < 0:
                    return
                if key not in known and line.explains({member.address: variant}):
                    known.add(key)
                    yield key
                shared.setdefault(key, {}).setdefault(member.address, variant)
        for key, changed in shared.items():
            if len(changed) > 1 and key not in known and line.explains(changed):
                yield key
    written = findings.case.written[entry.address]
    possible = [line.worked({}, route) for route in findings.routes]
    for value in dict.fromkeys([*possible, entry.line.value]):
        text = copied_wrongly(written, value)
        if text and entry.line.kind not in COUNTED:
            yield "copied-wrongly", text
    for value in possible if written.digits < 3 and written.value != 0.0 else ():
        if abs(written.value - value) <= 0.5 * written.unit:
            yield "rounded-early", early(written.digits)


# --- another learning rate ------------------------------------------------------------------------
def _rates(findings: Findings) -> Iterator[Named]:
    """Yield the learning rate with which the numbers were made, if it is not the one stated."""
    case = findings.case
    rates = [address for address in case.entries if is_rate(address)]
    made = [
        entry
        for entry in case.entries.values()
        if entry.role == "asked"
        and entry.address in case.written
        and entry.line.formula is not None
        and any(is_rate(a) for a in quantities(entry.line.formula))
    ][:MOST]
    if not rates or not made:
        return
    problem = case.entries[rates[0]].line.value
    own = case.written.get(rates[0])
    stated = own.value if own is not None else problem
    wrong = {entry.address for entry in findings.wrong}
    suspects = [e for e in made if e.address in wrong] if stated == problem else made
    suspects = suspects[:MOST_RATES]
    candidates = dict.fromkeys(rate for entry in suspects for rate in _solved(findings, entry))
    held = _support(findings, made, stated)
    support = {rate: _support(findings, made, rate) for rate in candidates}
    if not support:
        return
    # Of rates that explain as much, the one with the fewest digits.
    rate = max(support, key=lambda r: (len(support[r]), -len(f"{r:g}")))
    # One line alone says little: its other factors may be wrong.
    alone = len(support[rate]) < 2 and (len(made) > 2 or float(f"{rate:.2g}") != rate)
    if len(support[rate]) <= len(held) or alone or math.isclose(rate, stated):
        return
    if stated != problem and math.isclose(rate, problem):
        text = f"the numbers were made with η = {short(rate)}, not with the stated {short(stated)}"
        yield Named("another-rate", text, (rates[0],))
        return
    explained = tuple(address for address in support[rate] if address in wrong)
    if explained and math.isclose(rate, 1.0):
        yield _counted(findings, ("rate-forgotten", NO_RATE), explained)
    elif explained:
        text = f"the numbers were made with η = {short(rate)}, not with {short(stated)}"
        yield _counted(findings, ("another-rate", text), explained)


def _support(findings: Findings, made: Sequence[Entry], rate: float) -> list[Address]:
    """Return the lines that are right with this rate: by themselves, or in a sheet worked with it.

    Only lines that η has a part in are looked at.
    """
    found = {entry.address for entry in made if _is_made_with(findings, entry, rate)}
    lines: list[Line] = [entry.line for entry in findings.course.entries]
    if len(lines) <= LARGE:
        sheet = Sheet("", (Section("", tuple(lines)),))
        given = {line.address: rate for line in lines if is_rate(line.address)}
        ways: list[Callable[[float], float] | None] = [None, *(rounded(k) for k in range(3, 7))]
        worked = [sheet.work(way, given) for way in ways]
        touched: set[Address] = set(given)
        for line in lines:
            own = findings.case.written.get(line.address)
            if line.formula is None or touched.isdisjoint(quantities(line.formula)):
                continue
            touched.add(line.address)
            if own is not None and any(agrees(own, values[line.address]) for values in worked):
                found.add(line.address)
    return [line.address for line in lines if line.address in found]


def _solved(findings: Findings, entry: Entry) -> Iterator[float]:
    """Yield the learning rates that give what was written: of an interval, the shortest number."""
    formula, written = entry.line.formula, findings.case.written[entry.address]
    assert formula is not None
    for route in findings.routes[:3]:
        at_0 = evaluate(with_rate(formula, 0.0), route.__getitem__)
        slope = evaluate(with_rate(formula, 1.0), route.__getitem__) - at_0
        if not math.isfinite(slope) or abs(slope) < 1e-12:
            continue
        half = 0.5 * written.unit + 1e-9 * abs(written.value)
        ends = ((written.value - half - at_0) / slope, (written.value + half - at_0) / slope)
        low, high = min(ends), max(ends)
        if low > 0:
            for digits in range(1, 4):
                rate = float(f"{(low + high) / 2:.{digits}g}")
                if low <= rate <= high:
                    yield rate


def _is_made_with(findings: Findings, entry: Entry, rate: float) -> bool:
    formula = entry.line.formula
    assert formula is not None
    variant = Variant("another-rate", "", with_rate(formula, rate))
    return findings.retraced(entry, Effort(0)).explains({entry.address: variant})
