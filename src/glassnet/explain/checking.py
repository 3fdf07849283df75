"""`check`: an answer sheet marked line by line, errors carried forward, likely causes named."""

from __future__ import annotations

import difflib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from glassnet.explain.answers import Answer, Written, plain_name, read_answers
from glassnet.explain.causes import Case, agrees
from glassnet.explain.expressions import Address, Apply, evaluate, quantities
from glassnet.explain.naming import Findings, Named, name_causes
from glassnet.explain.numbers import short
from glassnet.explain.problems import Problem
from glassnet.explain.sheet import rounded
from glassnet.explain.worksheet import Course, Entry, course_of

__all__ = ["Cause", "Checked", "Mark", "check"]

RIGHT, DIGITS, FOLLOWS, WRONG = "right", "right to the digits given", "follows", "wrong"
BLANK, UNREADABLE, UNKNOWN = "blank", "unreadable", "unknown"
CARRIED = (3, 4, 5, 6)  # significant digits to which results may be rounded on the way
NEAREST = 30  # unknown quantities for which the nearest one is looked for
SATURATED = 5e-4  # how near to the end of its range an output says nothing any more
FULL = 6  # digits that make a number right without saying how many were given


@dataclass(frozen=True)
class Mark:
    """What is said about one line.

    Args:
        line: The line of the sheet, from 1; None if the quantity is blank.
        step: The step, from 1.
        address: The quantity, such as `hidden.v[1]`; what was written, if there is no such.
        symbol: The quantity as it is printed.
        status: "right", "right to the digits given", "follows" (wrong, but follows correctly from
            the student's own values), "wrong", "blank", "unreadable" or "unknown".
        written: What was written.
        value: The right value; None for what is unknown.
        own: What follows from the student's own values, where a line follows.
        origins: The wrong quantities from which a line follows.
        note: What else is to be said.
        method: Whether the line earns the mark for the method.
        accuracy: Whether it earns the mark for the number.
        counts: Whether the line counts: asked for, and not written again later.
        cause: The likeliest cause, where one fits.
    """

    line: int | None
    step: int
    address: str
    symbol: str
    status: str
    written: str = ""
    value: float | None = None
    own: float | None = None
    origins: tuple[str, ...] = ()
    note: str = ""
    method: bool = False
    accuracy: bool = False
    counts: bool = True
    cause: str = ""

    @property
    def is_right(self) -> bool:
        """Whether the number is right."""
        return self.status in (RIGHT, DIGITS)


@dataclass(frozen=True)
class Cause:
    """A likely cause of wrong lines.

    Args:
        code: The mistake, for programs, such as "slope-forgotten".
        text: The mistake, in words.
        lines: The quantities that it explains by itself.
        follow: How many other lines follow from these.
    """

    code: str
    text: str
    lines: tuple[str, ...]
    follow: int


@dataclass(frozen=True, repr=False)
class Checked:
    """A marked answer sheet.

    Args:
        title: What was worked out.
        steps: How many steps.
        marks: Of every quantity, in the order of working, and then of what could not be read.
        causes: The likely causes, the one that explains most first.
        notes: What else was noticed.
    """

    title: str
    steps: int
    marks: tuple[Mark, ...]
    causes: tuple[Cause, ...]
    notes: tuple[str, ...] = ()

    @property
    def is_right(self) -> bool:
        """Whether every quantity is there and right, and every line could be read."""
        return all(mark.is_right for mark in self.marks)

    @property
    def counts(self) -> dict[str, int]:
        """How many quantities have which status."""
        found = Counter(m.status for m in self.marks if m.counts or m.status == UNKNOWN)
        known = (RIGHT, DIGITS, FOLLOWS, WRONG, BLANK, UNREADABLE, UNKNOWN)
        return {status: found[status] for status in known}

    @property
    def possible(self) -> int:
        """How many marks there are for the method, and as many for the numbers."""
        return sum(mark.counts for mark in self.marks if mark.status != UNKNOWN)

    @property
    def method(self) -> int:
        """The marks for the method."""
        return sum(mark.method for mark in self.marks if mark.counts)

    @property
    def accuracy(self) -> int:
        """The marks for the numbers."""
        return sum(mark.accuracy for mark in self.marks if mark.counts)

    def __getitem__(self, address: str) -> Mark:
        """Return the mark that counts of a quantity: `hidden.v[1]`; or `2:v[1]`, that of step 2."""
        step, colon, name = address.rpartition(":")
        last = None
        for mark in self.marks:
            if mark.address == name and (not colon or str(mark.step) == step):
                last = mark if last is None or mark.counts else last
        if last is not None:
            return last
        raise KeyError(f"there is no quantity {address!r}")

    def __str__(self) -> str:
        return "\n".join(self._rows()) + "\n"

    __repr__ = __str__

    def _rows(self) -> Iterator[str]:
        yield self.title
        yield ""
        step = 0
        for mark in self.marks:
            if self.steps > 1 and mark.step != step and mark.status != UNKNOWN:
                step = mark.step
                yield f"Step {step}"
            yield f"  {mark.symbol} = {mark.written}".rstrip() + f"   {said(mark)}"
        yield ""
        for cause in self.causes[:5]:
            yield f"Likely cause: {cause.text} ({listed(cause.lines)})"
        yield from self.notes
        yield self.summary()

    def summary(self) -> str:
        """Return what was earned, in one line."""
        return (
            f"method {self.method} of {self.possible}, numbers {self.accuracy} of {self.possible}"
        )

    def to_json(self) -> dict[str, Any]:
        """Return all marks and causes as plain data."""
        return {
            "title": self.title,
            "right": self.is_right,
            "counts": self.counts,
            "marks": {
                "possible": self.possible,
                "method": self.method,
                "accuracy": self.accuracy,
            },
            "lines": [
                {
                    "line": mark.line,
                    "step": mark.step,
                    "address": mark.address,
                    "symbol": mark.symbol,
                    "status": mark.status,
                    "written": mark.written,
                    "value": _finite(mark.value),
                    "own": _finite(mark.own),
                    "follows_from": list(mark.origins),
                    "note": mark.note,
                    "method": mark.method,
                    "accuracy": mark.accuracy,
                    "counts": mark.counts,
                    "cause": mark.cause,
                }
                for mark in self.marks
            ],
            "causes": [
                {"code": c.code, "text": c.text, "lines": list(c.lines), "follow": c.follow}
                for c in self.causes
            ],
            "notes": list(self.notes),
        }


def _finite(value: float | None) -> float | None:
    return value if value is not None and abs(value) < float("inf") else None


def said(mark: Mark) -> str:
    """Return the verdict on a line in words."""
    right = "" if mark.value is None else short(mark.value)
    match mark.status:
        case "follows":
            words = f"wrong, but follows correctly from your {listed(mark.origins)} ({right})"
        case "wrong":
            words = f"wrong: {right}"
        case "blank":
            words = "blank"
        case "right":
            words = "right"
        case status:
            words = status
    return "; ".join(text for text in (words, mark.note) if text)


def listed(names: Sequence[str], most: int = 4) -> str:
    """Return names with commas between, the first few of many.

    >>> listed(["a", "b"], 1)
    'a and 1 more'
    """
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


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
        self.answers: dict[Address, list[Answer]] = {}
        self.others: list[Mark] = []
        self._sort(answers)
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

    # --- which line speaks of which quantity ------------------------------------------------------
    def _sort(self, answers: Sequence[Answer]) -> None:
        known, several = _names(self.course)
        names = {step: list(dict.fromkeys(names)) for step, names in known.items()}
        looked = 0
        for answer in answers:
            step = answer.step if answer.step is not None else 1
            address = known.get(step, {}).get(plain_name(answer.name))
            if address is not None:
                self.answers.setdefault(address, []).append(answer)
                continue
            note = answer.problem
            if not answer.problem and step not in known:
                count = self.course.steps
                note = f"there is no step {step}; the problem has {count}"
            elif not answer.problem:
                note = "there is no such quantity"
                looked += 1
                same = several[step].get(plain_name(answer.name), ())
                if same:
                    names_of = " or ".join(self.entries[a].name for a in same[:2])
                    note = f"this may be {names_of}: say which"
                elif looked <= NEAREST:
                    close = difflib.get_close_matches(plain_name(answer.name), names[step], n=1)
                    entry = self.entries[known[step][close[0]]] if close else None
                    note += f" (did you mean {entry.name!r}?)" if entry else ""
            status = UNREADABLE if answer.problem else UNKNOWN
            name = answer.name[:60]
            mark = Mark(answer.number, step, name, name, status, answer.text[:60], note=note)
            self.others.append(replace(mark, counts=False))

    # --- marking ----------------------------------------------------------------------------------
    def checked(self) -> Checked:
        for entry in self.course.entries:
            self._mark(entry)
        causes = [
            Cause(c.code, c.text, tuple(map(self._name, c.lines)), c.follow) for c in self._causes()
        ]
        first: dict[str, str] = {}
        for cause in causes:
            for name in cause.lines:
                first.setdefault(name, cause.text)
        marks = [
            replace(mark, cause=first.get(self._name(address), ""))
            if mark.status in (WRONG, FOLLOWS) and "written again" not in mark.note
            else mark
            for address, mark in self.marks
        ]
        return Checked(
            self.course.title, self.course.steps, (*marks, *self.others), tuple(causes), ()
        )

    def _mark(self, entry: Entry) -> None:
        given = [a for a in self.answers.get(entry.address, []) if a.text or a.problem]
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
        found: list[float] = []
        for route, cut in zip(self.routes, self.cuts, strict=True):
            value = entry.line.value
            if formula is not None:
                value = evaluate(formula, route.__getitem__)
                value = value if cut is None or entry.role != "asked" else cut(value)
            found.append(value)
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
            names = tuple(map(self._name, sorted(origins, key=self.places.__getitem__)))
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
        coarse = dict[Address, int]()
        for a, state in self.states.items():
            for origin in state.origins if state.status == FOLLOWS else ():
                if self.states[origin].status in (RIGHT, DIGITS):
                    coarse[origin] = coarse.get(origin, 0) + (a != origin)
        slips = tuple(entry.address for entry in wrong if entry.address in self.unused)
        if slips:
            text = "only written down wrongly: the lines after it are made with the right value"
            found.append(Named("copied-wrongly", text, slips))
        if coarse:
            text = "rounded too early: later lines need more digits"
            found.append(Named("rounded-early", text, tuple(coarse), sum(coarse.values())))
        return found

    def _name(self, address: Address) -> str:
        entry = self.entries[address]
        return f"{entry.step}:{entry.name}" if self.course.steps > 1 else entry.name

    def _listed(self, addresses: frozenset[Address]) -> str:
        return listed([self._name(a) for a in sorted(addresses, key=self.places.__getitem__)])


def _is_step(entry: Entry) -> bool:
    """Whether an output can only be one of two numbers, as of a threshold neuron."""
    formula = entry.line.formula
    return isinstance(formula, Apply) and (
        formula.op.explain.form == "{0}" or formula.op.name == "sign"
    )


def _names(
    course: Course,
) -> tuple[dict[int, dict[str, Address]], dict[int, dict[str, tuple[Address, ...]]]]:
    """Return, for each step, the spellings that can mean only one quantity, and those of several.

    A layer may be left out, and a place [1], where no other quantity could be meant.
    """
    found: dict[int, dict[str, Address]] = {}
    loose: dict[int, dict[str, dict[Address, None]]] = {}
    for entry in course.entries:
        names, more = found.setdefault(entry.step, {}), loose.setdefault(entry.step, {})
        for name in (entry.name, entry.symbol):
            names[plain_name(name)] = entry.address
        layerless = entry.name.removeprefix(f"{entry.line.address.layer.partition(':')[2]}.")
        layerless = layerless.removeprefix(f"{entry.line.address.layer}.")
        for name in (entry.name, layerless):
            more.setdefault(plain_name(name), {})[entry.address] = None
            for end in ("[1]", "[1,1]"):
                short_name = plain_name(name.replace(end, "", 1))
                more.setdefault(short_name, {})[entry.address] = None
    several: dict[int, dict[str, tuple[Address, ...]]] = {}
    for step, names in found.items():
        several[step] = {}
        for name, addresses in loose[step].items():
            if len(addresses) == 1:
                names.setdefault(name, *addresses)
            elif name not in names:
                several[step][name] = tuple(addresses)
    return found, several
