"""`exercise`: a new problem with friendly numbers, its worksheet and its solution."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property

from glassnet.explain.exercises.draws import Draws
from glassnet.explain.exercises.kind import LEVELS, find_kind
from glassnet.explain.exercises.toml import problem_toml
from glassnet.explain.expressions import Address
from glassnet.explain.numbers import short
from glassnet.explain.problems import Problem
from glassnet.explain.workings import Workings, explain
from glassnet.explain.worksheet import Course, Entry, Worksheet, course_of
from glassnet.records import dataclass
from glassnet.unit import check_whole

__all__ = ["Exercise", "class_set", "exercise", "given_groups", "place_of"]

ATTEMPTS = 10_000
LARGEST_SEED = 2**63 - 1
_Key = tuple[str, str, int | None]  # layer, symbol and example
MOST = 1000  # exercises of a class set
WIDTH = 80


@dataclass(frozen=True, repr=False)
class Exercise:
    """A problem made of a seed.

    Args:
        kind: The name of its kind.
        seed: The seed.
        level: How hard it is, from 1 to 3.
        task: What is to be done, in plain words.
        problem: The problem, for `explain`, `worksheet` and `check`.
    """

    kind: str
    seed: int
    level: int
    task: str
    problem: Problem

    @property
    def title(self) -> str:
        """One line."""
        return self.problem.title

    @cached_property
    def course(self) -> Course:
        """Every quantity in order, over all steps."""
        return course_of(self.problem)

    @property
    def worksheet(self) -> Worksheet:
        """The blank sheet."""
        return Worksheet(self.course)

    @property
    def solution(self) -> Workings:
        """The problem worked out."""
        return explain(self.problem)

    @property
    def toml(self) -> str:
        """The problem as a file, with the task in front of it."""
        return problem_toml(self.problem, _wrapped(self.task, WIDTH - 2))

    @property
    def statement(self) -> str:
        """The task and what is given, as text of 80 columns."""
        return "\n".join([self.title, "", *_wrapped(self.task, WIDTH), "", *self._given(), ""])

    def answers(self) -> dict[str, float]:
        """Return the value of each quantity that is asked for: `hidden.v[1]`, or `2:v[1]`."""
        several = self.course.steps > 1
        return {
            f"{entry.step}:{entry.name}" if several else entry.name: entry.line.value
            for entry in self.course.entries
            if entry.role == "asked"
        }

    def __str__(self) -> str:
        return f"{self.statement}\n{self.worksheet}"

    __repr__ = __str__

    def _repr_html_(self) -> str:
        from html import escape

        return f"<pre>{escape(str(self))}</pre>"

    def _given(self) -> Iterator[str]:
        for step, groups in given_groups(self.course):
            head = f"step {step}:  " if step else ""
            now = f"  {head}"
            for group in groups:
                last = "" if group is groups[-1] else ";"
                texts = [f"{entry.symbol} = {short(entry.line.value)}" for entry in group]
                for text in [*(f"{text}," for text in texts[:-1]), texts[-1] + last]:
                    if len(now) + 1 + len(text) > WIDTH:
                        yield now.rstrip()
                        now = " " * (2 + len(head))
                    now += f"{text} " if text.endswith(",") else f"{text}  "
            yield now.rstrip()


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False)


def given_groups(course: Course) -> Iterator[tuple[int, list[list[Entry]]]]:
    """Yield what is given, quantities of a kind together: first what holds at all steps.

    Each comes with the number of its step; 0 for what holds at all, and of the only step. What is
    remembered from a step before is left out: it is not given but found.
    """
    steps: dict[int, dict[_Key, list[Entry]]] = {}
    values: dict[_Key, set[tuple[float, ...]]] = {}
    for entry in course.entries:
        remembered = entry.address.symbol.endswith(" before")
        if entry.role == "given" and entry.line.formula is None and not remembered:
            address = place_of(entry.address, course)
            symbol = address.symbol.partition("(")[0]  # P(a) and P(a|b) are of a kind
            key = (address.layer, symbol, address.example)
            steps.setdefault(entry.step, {}).setdefault(key, []).append(entry)
    for groups in steps.values():
        for key, group in groups.items():
            values.setdefault(key, set()).add(tuple(entry.line.value for entry in group))
    always = [group for key, group in steps.get(1, {}).items() if len(values[key]) == 1]
    if always:
        yield 0, always
    for step, groups in steps.items():
        own = [group for key, group in groups.items() if len(values[key]) > 1]
        if own:
            yield step, own


def place_of(address: Address, course: Course) -> Address:
    """Return an address as it is within its step."""
    if course.steps == 1:
        return address
    return replace(address, layer=address.layer.partition(":")[2])


def exercise(kind: str, *, seed: int = 0, level: int = 1) -> Exercise:
    """Return a new problem with friendly numbers: the same seed gives the same one for ever.

    Args:
        kind: What is to be practised, such as "backpropagation"; `glassnet exercise --list` shows
            all.
        seed: Which of them, from 0.
        level: How hard it is: 1, 2 or 3.

    Raises:
        ArgumentError: There is no such kind or level, or the seed is no whole number from 0.

    >>> import glassnet as gn
    >>> one = gn.exercise("neuron", seed=7)
    >>> print(one.statement)
    A neuron: local field and output (A1, level 1, no. 7)
    <BLANKLINE>
    A logistic neuron has two inputs: v = Σ wᵢ xᵢ + b and y = 1 / (1 + e^(−v)). Work
    out the local field v and the output y.
    <BLANKLINE>
      x₁ = −1, x₂ = −2;  w₁₁ = −1, w₁₂ = 0.5;  b = 1
    <BLANKLINE>
    >>> {name: round(value, 4) for name, value in one.answers().items()}
    {'output.v[1]': 1.0, 'output.y[1]': 0.7311}
    """
    found = find_kind(kind)
    check_whole("seed", seed, low=0, high=LARGEST_SEED)
    check_whole("level", level, low=LEVELS[0], high=LEVELS[-1])
    for attempt in range(ATTEMPTS):
        draft = found.draft(Draws(seed, found.name, level, attempt), level)
        if draft is not None:
            title = f"{found.title} ({found.row}, level {level}, no. {seed})"
            return Exercise(found.name, seed, level, draft.task, draft.problem(title))
    raise AssertionError(f"{kind}, level {level}: {ATTEMPTS} draws of seed {seed} are not friendly")


def class_set(kind: str, count: int, *, seed: int = 0, level: int = 1) -> list[Exercise]:
    """Return exercises of one kind, with the seeds seed, seed + 1, …

    Args:
        kind: What is to be practised.
        count: How many.
        seed: The seed of the first.
        level: How hard they are.

    Raises:
        ArgumentError: As of `exercise`; or the count is below 1, or above 1000.
    """
    check_whole("count", count, low=1, high=MOST)
    return [exercise(kind, seed=seed + number, level=level) for number in range(count)]
