"""What marking says: of each line, of the likely causes, and of the whole sheet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from glassnet.explain.numbers import short
from glassnet.records import dataclass

__all__ = [
    "BLANK", "DIGITS", "FOLLOWS", "RIGHT", "UNKNOWN", "UNREADABLE", "WRONG",
    "Cause", "Checked", "Mark", "listed", "said",
]  # fmt: skip

RIGHT, DIGITS, FOLLOWS, WRONG = "right", "right to the digits given", "follows", "wrong"
BLANK, UNREADABLE, UNKNOWN = "blank", "unreadable", "unknown"


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

    def uncounted(self) -> Mark:
        """Return the same mark as one that does not count."""
        return replace(self, counts=False)


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
