"""What a page of workings shows, part by part: headings, sentences, equations, tables, pictures.

Whatever can be shown is a `Chapter` and says what its page holds; the renderers walk over pages,
and say only how they look.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

from glassnet.explain.conventions import Profile
from glassnet.explain.notation import Notation
from glassnet.records import dataclass

__all__ = ["Chapter", "Equation", "Page", "Part", "Picture", "Table"]


@dataclass(frozen=True)
class Equation:
    """A quantity and what it is equal to.

    Args:
        name: How the quantity is written.
        sides: What it is equal to: formula, numbers put in, result; none twice.
        group: What it belongs to: quantities of a kind, in one layer.
        sentence: Why, in a few words; "" where nothing needs to be said.
    """

    name: Notation
    sides: tuple[Notation, ...]
    group: tuple[str, str] = ("", "")
    sentence: str = ""

    @property
    def result(self) -> Notation:
        """The number that comes out."""
        return self.sides[-1]


@dataclass(frozen=True)
class Table:
    """Rows under a head; entries are formulas, numbers or words.

    Args:
        head: What the columns are of.
        rows: As many entries each.
        caption: What the table shows.
        lit: Row and column, from 0, of entries that are pointed out.
    """

    head: tuple[Notation | str, ...]
    rows: tuple[tuple[Notation | str, ...], ...]
    caption: str = ""
    lit: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True)
class Picture:
    """A drawing, where there is room for one.

    Args:
        svg: The drawing.
        caption: What it shows.
        text: What stands for it where there are no pictures; may be empty.
    """

    svg: str
    caption: str
    text: str = ""


@dataclass(frozen=True)
class Part:
    """What stands under one heading.

    Args:
        title: The heading.
        sentence: What happens here; "" where nothing needs to be said.
        given: What is given, as equations of a name and a number.
        workings: What is worked out.
        tables: What is shown in rows and columns.
        pictures: What is drawn.
    """

    title: str
    sentence: str = ""
    given: tuple[Equation, ...] = ()
    workings: tuple[Equation, ...] = ()
    tables: tuple[Table, ...] = ()
    pictures: tuple[Picture, ...] = ()

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


@dataclass(frozen=True)
class Page:
    """What a chapter shows.

    Args:
        title: What is worked out.
        conventions: What was chosen where textbooks differ, as sentences.
        parts: What stands on it, in order.
        pictures: What is drawn above all.
    """

    title: str
    conventions: tuple[str, ...]
    parts: tuple[Part, ...]
    pictures: tuple[Picture, ...] = ()


class Chapter(Protocol):
    """What can be shown on a page: a step, a derivation, the paths to a weight."""

    @property
    def title(self) -> str:
        """What is worked out."""
        ...

    def page(self, profile: Profile) -> Page:
        """Return what is shown, under some conventions."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Return all of it as plain data."""
        ...
