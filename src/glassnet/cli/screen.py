"""What people read: headings, facts and tables, at most 100 columns wide, in colour on a terminal.

Rich puts the colours on, and is imported only where there are any: to load it and to let it set the
tables takes 40 ms.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from glassnet.cli.layout import Line, Styled, set_table, wrap

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Screen", "complain", "note", "print_json", "visible"]

PIPED_WIDTH = 80
WIDEST = 100
STEERING = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)), "�")


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    class Quiet(Console):
        """A console that leaves a closed pipe to the command line, which ends without a word."""

        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    stream = sys.stderr if stderr else sys.stdout
    console = Quiet(file=stream, highlight=False, markup=False, emoji=False)
    width = min(console.width, WIDEST) if console.is_terminal else PIPED_WIDTH
    console.width = width
    return console


def visible(text: str) -> str:
    r"""Return text without characters that would steer the terminal: files may hold anything.

    >>> visible("a\x1b[2Jb")
    'a�[2Jb'
    """
    return text.translate(STEERING)


class Screen:
    """Standard output for people; silent if `quiet`."""

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        coloured = not quiet and (sys.stdout.isatty() or os.environ.get("FORCE_COLOR"))
        self._console = _console() if coloured else None

    @property
    def width(self) -> int:
        """The number of columns."""
        return PIPED_WIDTH if self._console is None else self._console.width

    def heading(self, title: str, aside: str = "") -> None:
        """Print a heading with an empty line above it, and perhaps something beside it."""
        first, *more = wrap(f"{title}  {visible(aside)}", self.width)
        beside = Styled(first[len(title) :], "dim")
        rest = ([Styled(line, "dim")] for line in more)
        self._print([[], [Styled(title, "bold"), beside], *rest], indent=0)

    def line(self, text: str, style: str = "", *, indent: int = 2) -> None:
        """Print a paragraph, its lines indented alike."""
        lines = wrap(visible(text), self.width - indent)
        self._print(([Styled(line, style)] for line in lines), indent)

    def exact(self, text: str, style: str = "") -> None:
        """Print a line that is to be copied, and therefore not broken."""
        self._print([[Styled(visible(text), style)]])

    def notes(self, notes: Sequence[str]) -> None:
        """Print what was decided or noticed on the way."""
        for text in dict.fromkeys(notes):
            self.table([["note:", text]], styles=["yellow", ""])

    def facts(self, facts: Sequence[tuple[str, str]]) -> None:
        """Print names and what they stand for, one below the other."""
        self.table([list(fact) for fact in facts], styles=["dim", ""])

    def table(
        self,
        rows: Sequence[Sequence[Any]],
        *,
        head: Sequence[str] | None = None,
        right: Sequence[int] = (),
        styles: Sequence[str] = (),
        gap: int = 2,
    ) -> None:
        """Print a table without lines.

        Args:
            rows: The cells: text, or text with a style of its own (`Styled`).
            head: The names of the columns.
            right: The numbers (from 0) of the columns that are aligned on the right.
            styles: The columns' styles.
            gap: How many spaces are between two columns.
        """
        if self._quiet or not (rows or head):
            return
        shown = [
            [
                c._replace(text=visible(c.text)) if isinstance(c, Styled) else visible(str(c))
                for c in row
            ]
            for row in rows
        ]
        names = None if head is None else [visible(name) for name in head]
        room = self.width - 2
        self._print(set_table(shown, room, head=names, right=right, styles=styles, gap=gap))

    def gap(self) -> None:
        """Print an empty line."""
        self._print([[]])

    def _print(self, lines: Iterable[Line], indent: int = 2) -> None:
        """Print lines with spaces at their beginnings, and none at their ends."""
        if self._quiet:
            return
        if self._console is None:
            for line in lines:
                text = "".join(piece.text for piece in line).rstrip()
                sys.stdout.write(f"{' ' * indent}{text}\n" if text else "\n")
            sys.stdout.flush()
            return
        from rich.text import Text

        for line in lines:
            text = Text.assemble(*line)
            text.rstrip()
            self._console.print(Text(" " * indent) + text if text else "", soft_wrap=True)


def complain(message: str, *, kind: str = "error: ") -> None:
    """Print a message on standard error: in one line where a program reads it."""
    _tell(message, kind, "bold red")


def note(message: str) -> None:
    """Print a remark on standard error."""
    _tell(message, "note: ", "yellow")


def _tell(message: str, kind: str, style: str) -> None:
    message = visible(" ".join(message.splitlines()))
    try:
        if not sys.stderr.isatty():
            print(f"{kind}{message}", file=sys.stderr)
            return
        from rich.text import Text

        _console(stderr=True).print(Text.assemble((kind, style), message))
    except (OSError, ValueError):
        return  # nobody hears it: the exit status says it too


def print_json(document: dict[str, Any]) -> None:
    """Print a document for programs on standard output."""
    print(json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2))
