"""`check`: an answer sheet marked line by line, errors carried forward, likely causes named."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from glassnet.explain.answers import Answer, read_answers
from glassnet.explain.causes import Case
from glassnet.explain.expressions import Address, Apply, evaluate, quantities
from glassnet.explain.marks import (
    BLANK,
    DIGITS,
    FOLLOWS,
    RIGHT,
    UNREADABLE,
    WRONG,
    Cause,
    Checked,
    Mark,
    listed,
    said,
)
from glassnet.explain.matching import match_answers
from glassnet.explain.naming import Findings, Named, name_causes
from glassnet.explain.problems import Problem
from glassnet.explain.sheet import rounded
from glassnet.explain.worksheet import Course, Entry, course_of
from glassnet.explain.written import Written, agrees
from glassnet.records import dataclass

__all__ = ["Cause", "Checked", "Mark", "check", "listed", "said"]

CARRIED = (3, 4, 5, 6)  # significant digits to which results may be rounded on the way
SATURATED = 5e-4  # how near to the end of its range an output says nothing any more
FULL = 6  # digits that make a number right without saying how many were given


def check(
    problem: str | os.PathLike[str] | Problem | Course,
    sheet: str | os.PathLike[str] | bytes,
    *,
    conventions: str | None = None,
    steps: int | None = None,
) -> Checked:
    """Mark an answer sheet: each line, what follows from wrong ones, and the likely causes.

    A line is right if it is what the formula gives, for the digits with which it is written: with
    all digits kept on the way, or with results rounded to 3 to 6 digits. A line that is wrong but
    follows by its formula from the student's own wrong values earns the mark for the method; not
    where a wrong value is 0, or an output at the end of its range, so that nothing was left to do.

    Args:
        problem: The name of a built-in problem, a TOML file, or a problem.
        sheet: The file; or its content, as bytes, or as a text with an = in it.
        conventions: "notes", "pytorch" or "matlab"; what the problem says if not given.
        steps: How many steps; as many as the problem says if not given.

    Raises:
        ArgumentError, DataError, ShapeError: The problem or the file cannot be read.

    >>> import glassnet as gn
    >>> checked = check("backpropagation", "hidden.v1 = 0.2")
    >>> checked.counts["right"], checked.counts["blank"]
    (1, 28)
    """
    if not isinstance(problem, Course):
        problem = course_of(problem, conventions=conventions, steps=steps)
    return _Marker(problem, read_answers(sheet)).checked()


@dataclass
class _State:
    """What is known of a line while the sheet is marked."""

    status: str = BLANK
    origins: frozenset[Address] = frozenset()
    degenerate: bool = False
    coarse: frozenset[Address] = frozenset()


class _Marker:
    def __init__(self, course: Course, answers: Sequence[Answer]) -> None:
        self.course = course
        self.entries = {entry.address: entry for entry in course.entries}
        self.matched = match_answers(course, answers)
        sheet = course.sheet
        self.base = [sheet.work(), *(sheet.work(rounded(digits)) for digits in CARRIED)]
        # How a student may have gone on from what is written: with the numbers as they stand on
        # the sheet, with all digits, or with a few.
        self.cuts: list[Callable[[float], float] | None] = [None, None, *map(rounded, CARRIED)]
        self.routes: list[dict[Address, float]] = [{} for _ in self.cuts]
        self.states: dict[Address, _State] = {}
        self.marks: list[tuple[Address, Mark]] = []
        self.written: dict[Address, Written] = {}
        self.unused: dict[Address, list[Address]] = {}  # wrong lines that others do not follow from
        self.places = {address: place for place, address in enumerate(self.entries)}
        several = course.steps > 1
        self.names = {
            address: f"{entry.step}:{entry.name}" if several else entry.name
            for address, entry in self.entries.items()
        }

    # --- marking ----------------------------------------------------------------------------------
    def checked(self) -> Checked:
        for entry in self.course.entries:
            self._mark(entry)
        causes = [
            Cause(c.code, c.text, tuple(map(self.names.__getitem__, c.lines)), c.follow)
            for c in self._causes()
        ]
        first: dict[str, str] = {}
        for cause in causes:
            for name in cause.lines:
                first.setdefault(name, cause.text)
        marks = [
            replace(mark, cause=first.get(self.names[address], ""))
            if mark.status in (WRONG, FOLLOWS) and "written again" not in mark.note
            else mark
            for address, mark in self.marks
        ]
        return Checked(
            self.course.title, self.course.steps, (*marks, *self.matched.others), tuple(causes), ()
        )

    def _mark(self, entry: Entry) -> None:
        given = [
            self._meant(entry, a)
            for a in self.matched.answers.get(entry.address, [])
            if a.text or a.problem
        ]
        readable = [a for a in given if a.written is not None]
        last = readable[-1] if readable else given[-1] if given else None
        predicted = self._predicted(entry)
        if last is None or last.written is None:
            state = self._inherited(entry)
            for route, value in zip(self.routes, predicted, strict=True):
                route[entry.address] = value
            self.states[entry.address] = state
            asked = entry.role == "asked"
            if last is not None:
                note = last.problem
                mark = self._new(entry, last, UNREADABLE, note=note)
                self.marks.append((entry.address, replace(mark, counts=asked)))
            elif asked:
                self.marks.append((entry.address, self._new(entry, None, BLANK)))
            return
        state, mark = self._judged(entry, last, predicted)
        for answer in given:
            if answer is not last:
                if answer.written is None:
                    other = self._new(entry, answer, UNREADABLE, note=answer.problem)
                else:
                    other = self._judged(entry, answer, predicted)[1]
                note = "; ".join(filter(None, [other.note, f"written again on line {last.number}"]))
                self.marks.append((entry.address, replace(other, counts=False, note=note)))
        self.marks.append((entry.address, mark))
        if mark.is_right and mark.note:
            for origin in self._inherited(entry).origins:
                self.unused.setdefault(origin, []).append(entry.address)
        self.states[entry.address] = state
        self.written[entry.address] = last.written
        self._carry(entry, last.written, predicted)

    def _meant(self, entry: Entry, answer: Answer) -> Answer:
        """Return an answer, 1,234 taken as a thousand and more where that is right."""
        written = answer.written
        if written is None or written.grouped is None:
            return answer
        whole = replace(written, value=written.grouped, unit=1.0, grouped=None)
        values = [base[entry.address] for base in self.base]
        if any(agrees(written, v) for v in values) or not any(agrees(whole, v) for v in values):
            return answer
        return replace(answer, written=whole)

    def _new(self, entry: Entry, answer: Answer | None, status: str, **more: Any) -> Mark:
        return Mark(
            line=answer.number if answer is not None else None,
            step=entry.step,
            address=entry.name,
            symbol=entry.symbol,
            status=status,
            written=answer.text[:60] if answer is not None else "",
            value=entry.line.value,
            **more,
        )

    def _predicted(self, entry: Entry) -> list[float]:
        """Return what follows from the student's own values, in each of the ways to go on."""
        formula = entry.line.formula
        if formula is None:
            return [entry.line.value] * len(self.routes)
        used = list(dict.fromkeys(quantities(formula)))
        known: dict[tuple[float, ...], float] = {}  # routes mostly give the same numbers
        found: list[float] = []
        for route, cut in zip(self.routes, self.cuts, strict=True):
            given = tuple([route[address] for address in used])
            value = known.get(given)
            if value is None:
                value = known[given] = evaluate(formula, route.__getitem__)
            found.append(value if cut is None or entry.role != "asked" else cut(value))
        return found

    def _inherited(self, entry: Entry) -> _State:
        """Return what a line has from those that it is worked out from."""
        state = _State()
        for address in quantities(entry.line.formula) if entry.line.formula is not None else ():
            before = self.states[address]
            state.origins |= before.origins
            state.coarse |= before.coarse
            state.degenerate |= before.degenerate and entry.role != "carried"
        return state

    def _judged(self, entry: Entry, answer: Answer, predicted: list[float]) -> tuple[_State, Mark]:
        written, address = answer.written, entry.address
        assert written is not None
        state = self._inherited(entry)
        asked = entry.role == "asked"
        follows = next((value for value in predicted if agrees(written, value)), None)
        follows = follows if entry.role != "given" else None
        exact = self.base[0][address]
        right = any(agrees(written, base[address]) for base in self.base)
        if right or (follows is not None and not state.origins and not state.coarse):
            note = ""
            if state.origins and follows is None:
                note = f"it does not follow from your {self._listed(state.origins)}"
            off = abs(written.value - exact)
            short_of = written.digits < FULL and off > 1e-9 * abs(exact) + 1e-12
            coarse = short_of and written.digits < 3 and off > 5e-4 * abs(exact)
            here = frozenset({address}) if coarse else frozenset[Address]()
            status = DIGITS if short_of else RIGHT
            mark = self._new(entry, answer, status, note=note, method=True, accuracy=True)
            return _State(status, coarse=here), replace(mark, counts=asked)
        if follows is not None and entry.role == "asked":
            origins = state.origins or state.coarse
            degenerate = state.degenerate or self._says_nothing(entry, follows)
            note = "" if not state.degenerate else "nothing was left to do: no mark for the method"
            names = tuple(map(self.names.__getitem__, sorted(origins, key=self.places.__getitem__)))
            mark = self._new(
                entry, answer, FOLLOWS, own=follows, origins=names, note=note,
                method=not state.degenerate,
            )  # fmt: skip
            return _State(FOLLOWS, origins, degenerate), mark
        note = ""
        if abs(written.value - exact) <= 0.5 * written.unit and asked:
            note = "too few digits"
        mark = self._new(entry, answer, WRONG, note=note, counts=asked)
        degenerate = self._says_nothing(entry, written.value)
        return _State(WRONG, frozenset({address}), degenerate), mark

    def _says_nothing(self, entry: Entry, value: float) -> bool:
        """Whether a wrong value leaves nothing to do: 0, or an output at the end of its range."""
        right = entry.line.value
        if abs(value) < 1e-12 and abs(right) > 1e-9 and not _is_step(entry):
            return True
        formula = entry.line.formula
        if entry.line.kind != "output" or formula is None or _is_step(entry):
            return False
        ends = [evaluate(formula, lambda address, far=far: far) for far in (60.0, -60.0)]
        if any(abs(right - end) <= SATURATED for end in ends) or max(map(abs, ends)) > 1.0:
            return False
        return any(abs(value - end) <= SATURATED for end in ends)

    def _carry(self, entry: Entry, written: Written, predicted: list[float]) -> None:
        """Set from which value each way of going on takes this line."""
        address = entry.address
        for number, (route, value) in enumerate(zip(self.routes, predicted, strict=True)):
            base = self.base[max(0, number - 1)][address]
            if number == 0:
                route[address] = written.value
            elif agrees(written, value):
                route[address] = value
            elif agrees(written, base):
                route[address] = base
            else:
                route[address] = written.value

    # --- causes -----------------------------------------------------------------------------------
    def _causes(self) -> list[Named]:
        wrong = [
            self.entries[address]
            for address, mark in self.marks
            if mark.status == WRONG and mark.counts
        ]
        outputs = {e.address.index for e in self.entries.values() if e.line.kind == "error"}
        examples = {e.address.example for e in self.entries.values()} - {None}
        sizes = {len(outputs), len(examples), len(outputs) * len(examples)} - {0, 1}
        case = Case(self.entries, self.written, tuple(sorted(sizes)))
        origins = {a: state.origins for a, state in self.states.items() if state.status == FOLLOWS}
        blank = frozenset(a for a in self.entries if a not in self.written)
        found = name_causes(Findings(self.course, case, self.routes, wrong, blank, origins))
        right = {a for a, state in self.states.items() if state.status in (RIGHT, DIGITS)}
        coarse = dict[Address, int]()
        for a, state in self.states.items():
            for origin in state.origins & right if state.status == FOLLOWS else ():
                coarse[origin] = coarse.get(origin, 0) + (a != origin)
        slips = tuple(entry.address for entry in wrong if entry.address in self.unused)
        if slips:
            text = "only written down wrongly: the lines after it are made with the right value"
            found.append(Named("copied-wrongly", text, slips))
        if coarse:
            text = "rounded too early: later lines need more digits"
            found.append(Named("rounded-early", text, tuple(coarse), sum(coarse.values())))
        return found

    def _listed(self, addresses: frozenset[Address]) -> str:
        return listed([self.names[a] for a in sorted(addresses, key=self.places.__getitem__)])


def _is_step(entry: Entry) -> bool:
    """Whether an output can only be one of two numbers, as of a threshold neuron."""
    formula = entry.line.formula
    return isinstance(formula, Apply) and (
        formula.op.explain.form == "{0}" or formula.op.name == "sign"
    )
