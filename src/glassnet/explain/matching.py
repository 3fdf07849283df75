"""Which line of an answer sheet speaks of which quantity."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import field
from functools import lru_cache

from glassnet.explain.answers import Answer
from glassnet.explain.expressions import Address
from glassnet.explain.marks import UNKNOWN, UNREADABLE, Mark
from glassnet.explain.worksheet import Course, Entry
from glassnet.explain.written import SIGNS
from glassnet.records import dataclass

__all__ = ["Matched", "match_answers", "plain_name"]

GREEK = {
    "partial": "∂",
    "Delta": "Δ",
    "delta": "δ",
    "eta": "η",
    "gamma": "γ",
    "beta": "β",
    "sigma": "σ",
    "mu": "μ",
}
GREEK_WORD = re.compile(rf"(?<![a-z])(?:{'|'.join(GREEK)})(?![a-z]{{2,}})")
ABOVE, BELOW = re.compile(r"(^|[\s.:])d(?=[Ee]\s*/)"), re.compile(r"(?<=/)\s*d(?=[a-zA-Z])")
UNSEEN, PLACES = re.compile(r"[\s_{}$\\]"), re.compile(r"\[([0-9,]*)\]")
STEP = re.compile(r"(\(\d+\))([0-9,]+)")  # the step in time stands behind the places: h1(2)
ENDING = re.compile(r"(new|before|clipped|full|cut)([0-9,]+(?:\(\d+\))?|\(\d+\))")
NEAREST = 30  # unknown quantities for which the nearest one is looked for


@dataclass
class Matched:
    """The lines of a sheet, put to their quantities.

    Args:
        answers: For each quantity that the sheet speaks of: its lines, in the order of the sheet.
        others: The lines that speak of no quantity of the problem, already marked.
    """

    answers: dict[Address, list[Answer]] = field(default_factory=dict[Address, list[Answer]])
    others: list[Mark] = field(default_factory=list[Mark])


@dataclass
class _Names:
    """The spellings of a step's quantities: those that can mean only one, and those of several."""

    one: dict[str, Entry] = field(default_factory=dict[str, Entry])
    several: dict[str, list[Entry]] = field(default_factory=dict[str, list[Entry]])


def match_answers(course: Course, answers: Sequence[Answer]) -> Matched:
    """Return which line speaks of which quantity, however its name is spelt.

    A layer may be left out, and a place [1], where no other quantity could be meant.

    Args:
        course: The quantities.
        answers: The lines of the sheet.
    """
    names = _names(course)
    found = Matched()
    looked = 0
    for answer in answers:
        step = answer.step if answer.step is not None else 1
        name = plain_name(answer.name)
        entry = names[step].one.get(name) if step in names else None
        if entry is not None:
            found.answers.setdefault(entry.address, []).append(answer)
            continue
        note = answer.problem
        if not note and step not in names:
            note = f"there is no step {step}; the problem has {course.steps}"
        elif not note:
            looked += 1
            note = _unknown(names[step], name, look=looked <= NEAREST)
        status = UNREADABLE if answer.problem else UNKNOWN
        shown = answer.name[:60]
        mark = Mark(answer.number, step, shown, shown, status, answer.text[:60], note=note)
        found.others.append(mark.uncounted())
    return found


def _unknown(names: _Names, name: str, *, look: bool) -> str:
    """Return what is said of a name that stands for no quantity, or for several."""
    same = names.several.get(name, ())
    if same:
        return f"this may be {' or '.join(entry.name for entry in same[:2])}: say which"
    close = difflib.get_close_matches(name, names.one, n=1) if look else []
    nearest = f" (did you mean {names.one[close[0]].name!r}?)" if close else ""
    return f"there is no such quantity{nearest}"


def _names(course: Course) -> dict[int, _Names]:
    """Return the spellings of all quantities, by their steps."""
    found: dict[int, _Names] = {}
    loose: dict[int, dict[str, dict[Address, Entry]]] = {}
    for entry in course.entries:
        names = found.setdefault(entry.step, _Names())
        for name in (entry.name, entry.symbol):
            names.one[plain_name(name)] = entry
        more = loose.setdefault(entry.step, {})
        for name in _loose(entry):
            more.setdefault(plain_name(name), {})[entry.address] = entry
    for step, names in found.items():
        for name, entries in loose[step].items():
            if len(entries) == 1:
                names.one.setdefault(name, *entries.values())
            elif name not in names.one:
                names.several[name] = list(entries.values())
    return found


def _loose(entry: Entry) -> list[str]:
    """Return an entry's name without its layer, without a place [1], and without both."""
    layer = entry.line.address.layer
    layerless = entry.name.removeprefix(f"{layer.partition(':')[2]}.").removeprefix(f"{layer}.")
    found = [entry.name, layerless]
    found += [name.replace(end, "", 1) for name in found for end in ("[1]", "[1,1]") if end in name]
    return list(dict.fromkeys(found))


@lru_cache(maxsize=100_000)
def plain_name(text: str) -> str:
    """Return a quantity's name without the ways in which spelling differs.

    >>> plain_name("hidden.w₁₂ new"), plain_name("hidden.w[1, 2] new"), plain_name("delta_1")
    ('hidden.w12new', 'hidden.w12new', 'δ1')
    >>> plain_name("w[1,12]"), plain_name("w new[1,2]"), plain_name("rnn1.h(2)[1]")
    ('w1,12', 'w12new', 'rnn1.h1(2)')
    """
    found = unicodedata.normalize("NFKC", text.translate(SIGNS)).translate(SIGNS)
    if "/" in found:
        found = ABOVE.sub(r"\1∂", found)
        found = BELOW.sub("∂", found)
    found = GREEK_WORD.sub(lambda word: GREEK[word[0]], found)
    found = UNSEEN.sub("", found)
    found = STEP.sub(r"\2\1", PLACES.sub(_places, found))
    # the places stand in front of words such as "new", wherever they were written
    return ENDING.sub(r"\2\1", found)


def _places(found: re.Match[str]) -> str:
    places = found[1].split(",")
    return ("," if any(len(place) > 1 for place in places) else "").join(places)
