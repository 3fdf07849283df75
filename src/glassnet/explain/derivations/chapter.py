"""A derivation as a chapter: equations with their reasons, for all renderers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from glassnet.explain.conventions import Profile
from glassnet.explain.derivations.board import Board
from glassnet.explain.derivations.chains import Line, Section
from glassnet.explain.derivations.setting import Writer
from glassnet.explain.linear import linear
from glassnet.explain.notation import Leaf, Notation
from glassnet.explain.parts import Equation, Page, Part
from glassnet.records import dataclass

__all__ = ["Derivation"]


@dataclass(frozen=True)
class Derivation:
    """How the derivatives of a graph come about, in symbols only.

    Args:
        title: What is derived.
        sections: The equations, in order.
        board: The quantities.
        sentences: What is agreed on: letters, signs.
    """

    title: str
    sections: tuple[Section, ...]
    board: Board
    sentences: tuple[str, ...] = ()

    def lines(self) -> Iterator[Line]:
        """Yield all equations in order."""
        for section in self.sections:
            yield from section.lines

    def page(self, profile: Profile) -> Page:
        """Return what is shown: an equation for each line."""
        del profile
        writer = Writer(self.board)
        return Page(
            self.title,
            self.sentences,
            tuple(
                Part(
                    section.title,
                    section.sentence,
                    workings=tuple(_equation(writer, line) for line in section.lines),
                )
                for section in self.sections
            ),
        )

    def to_json(self) -> dict[str, Any]:
        """Return every equation as text: its left side, what it is equal to, and why."""
        writer = Writer(self.board)
        return {
            "title": self.title,
            "sections": [
                {
                    "title": section.title,
                    "equations": [
                        {
                            "name": linear(writer.notation(_left(line))),
                            "sides": [linear(writer.notation(side)) for side in line.sides],
                            "reason": line.reason,
                        }
                        for line in section.lines
                    ],
                }
                for section in self.sections
            ],
        }


def _left(line: Line) -> Any:
    return line.name if line.name is not None else line.of


def _equation(writer: Writer, line: Line) -> Equation:
    sides = tuple(dict.fromkeys(writer.notation(side) for side in line.sides))
    return Equation(_name(writer, line), sides, sentence=_sentence(line.reason))


def _name(writer: Writer, line: Line) -> Notation:
    """Return the left side; of a line that goes on, as much room as the first one takes."""
    if line.name is not None:
        return writer.notation(line.name)
    assert line.of is not None
    return Leaf("text", " " * len(linear(writer.notation(line.of))))


def _sentence(reason: str) -> str:
    return reason[:1].upper() + reason[1:] + ("" if not reason or reason.endswith(".") else ".")
