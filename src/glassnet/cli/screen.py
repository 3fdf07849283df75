"""What people read: headings, facts and tables, at most 100 columns wide, in colour on a terminal.

Rich is imported where it is used: a command that prints JSON or CSV starts without it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

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
        self._console = None if quiet else _console()

    @property
    def width(self) -> int:
        """The number of columns."""
        return PIPED_WIDTH if self._console is None else self._console.width

    def heading(self, title: str, aside: str = "") -> None:
        """Print a heading with an empty line above it, and perhaps something beside it."""
        if self._console is None:
            return
        from rich.text import Text

        self._console.print()
        self._print(Text.assemble((title, "bold"), (f"  {visible(aside)}" if aside else "", "dim")))

    def line(self, text: str, style: str = "", *, indent: int = 2) -> None:
        """Print a paragraph, its lines indented alike."""
        if self._console is None:
            return
        from rich.text import Text

        self._print(Text(visible(text), style=style), indent)

    def exact(self, text: str, style: str = "") -> None:
        """Print a line that is to be copied, and therefore not broken."""
        if self._console is not None:
            self._console.print(f"  {visible(text)}", style=style, soft_wrap=True)

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
            rows: The cells: text, or rich's styled text.
            head: The names of the columns.
            right: The numbers (from 0) of the columns that are aligned on the right.
            styles: The columns' styles.
            gap: How many spaces are between two columns.
        """
        if self._console is None or not (rows or head):
            return
        from rich.table import Table
        from rich.text import Text

        table = Table(
            box=None, show_header=head is not None, padding=(0, gap, 0, 0), header_style="dim"
        )
        for index in range(len(rows[0] if rows else head or ())):
            table.add_column(
                visible(head[index]) if head else "",
                justify="right" if index in right else "left",
                style=styles[index] if index < len(styles) else "",
                overflow="fold",
            )
        for row in rows:
            table.add_row(*(c if isinstance(c, Text) else visible(str(c)) for c in row))
        self._print(table, indent=2)

    def gap(self) -> None:
        """Print an empty line."""
        if self._console is not None:
            self._console.print()

    def _print(self, what: RenderableType, indent: int = 0) -> None:
        """Print with spaces at the beginnings of the lines, and none at their ends."""
        from rich.segment import Segment, Segments

        console = self._console
        assert console is not None
        trimmed: list[Segment] = []
        options = console.options.update_width(console.width - indent)
        for line in console.render_lines(what, options, pad=False):
            while line and not line[-1].text.strip():
                line.pop()
            if line:
                last = line[-1]
                line[-1] = Segment(last.text.rstrip(), last.style)
                line.insert(0, Segment(" " * indent))
            trimmed += [*line, Segment.line()]
        console.print(Segments(trimmed), end="")


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
