"""Options that several commands have, as types for their parameters, in panels of the help."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from glassnet.records import dataclass

if TYPE_CHECKING:
    from glassnet.data import ReadOptions

__all__ = [
    "FILES",
    "LEARNING",
    "NETWORK",
    "READING",
    "STOPPING",
    "AsJson",
    "Categories",
    "DataArgument",
    "Delimiter",
    "Encoding",
    "Header",
    "Ignore",
    "Labels",
    "Missing",
    "ModelArgument",
    "Numbers",
    "Reading",
    "listed",
]

READING = "How the file is read"
NETWORK = "The network"
LEARNING = "How it learns"
STOPPING = "When it stops, and what is held back"
FILES = "What is written"

DataArgument = Annotated[
    str,
    typer.Argument(
        metavar="DATA",
        help="A file (CSV, TSV, or images in idx format) or a built-in data set: iris, digits.",
        show_default=False,
    ),
]
ModelArgument = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL", help="A model that `glassnet train` has written.", show_default=False
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print one JSON document, for programs, and nothing else.")
]
Header = Annotated[
    bool | None,
    typer.Option(
        "--header/--no-header",
        help="Whether the first line has the columns' names; found out if not said.",
        rich_help_panel=READING,
        show_default=False,
    ),
]
Delimiter = Annotated[
    str | None,
    typer.Option(
        metavar="CHARACTER",
        help="What stands between cells, such as ',' ';' or tab; found out if not said.",
        rich_help_panel=READING,
        show_default=False,
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="The encoding of the text, such as latin-1; UTF-8 if not said.",
        rich_help_panel=READING,
        show_default=False,
    ),
]
Missing = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WORDS",
        help="Cells that stand for no value, with commas between; "
        "if not said: ? NA N/A NaN nan null NULL. An empty cell always does.",
        rich_help_panel=READING,
        show_default=False,
    ),
]
Numbers = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMNS",
        help="Columns that are to be numbers: names, or numbers from 1, with commas between.",
        rich_help_panel=READING,
        show_default=False,
    ),
]
Categories = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMNS",
        help="Columns that are to be categories.",
        rich_help_panel=READING,
        show_default=False,
    ),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option(
        metavar="COLUMNS",
        help="Columns to leave out.",
        rich_help_panel=READING,
        show_default=False,
    ),
]
Labels = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The labels of images, where they do not lie beside them.",
        rich_help_panel=READING,
        show_default=False,
    ),
]


def listed(values: list[str] | None) -> list[str]:
    """Return the words of an option that may be repeated, and may have several with commas.

    >>> listed(["age,height", "7"])
    ['age', 'height', '7']
    """
    words = [word.strip() for value in values or () for word in value.split(",")]
    return [word for word in words if word]


@dataclass(frozen=True)
class Reading:
    """How a file is read, as the options say."""

    header: bool | None = None
    delimiter: str | None = None
    encoding: str | None = None
    missing: list[str] | None = None
    numbers: list[str] | None = None
    categories: list[str] | None = None
    ignore: list[str] | None = None
    labels: Path | None = None

    def options(self) -> ReadOptions:
        """Return the options that were given, as `glassnet.data.read_table` takes them."""
        found: ReadOptions = {}
        if self.header is not None:
            found["header"] = self.header
        if self.delimiter is not None:
            found["delimiter"] = self.delimiter
        if self.encoding is not None:
            found["encoding"] = self.encoding
        if self.missing is not None:
            found["missing"] = listed(self.missing)
        if self.numbers is not None:
            found["numbers"] = listed(self.numbers)
        if self.categories is not None:
            found["categories"] = listed(self.categories)
        if self.ignore is not None:
            found["ignore"] = listed(self.ignore)
        return found
