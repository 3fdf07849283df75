"""Parallel text: a file of sentences, and another with their translations, line by line."""

from __future__ import annotations

import os
from pathlib import Path

from glassnet.data.files import read_bytes, read_text
from glassnet.errors import DataError
from glassnet.records import dataclass

__all__ = ["Pairs", "read_lines", "read_pairs"]

Source = str | os.PathLike[str]


@dataclass(frozen=True)
class Pairs:
    """Sources and their targets.

    Attributes:
        sources: The texts that are read.
        targets: The right answer to each.
        notes: What was left out.
    """

    sources: list[str]
    targets: list[str]
    notes: tuple[str, ...] = ()

    def up_to(self, words: int) -> Pairs:
        """Return the pairs of which both texts have so many words at most, parted by spaces."""
        kept = [
            (source, target)
            for source, target in zip(self.sources, self.targets, strict=True)
            if max(len(source.split()), len(target.split())) <= words
        ]
        left = len(self.sources) - len(kept)
        if not kept:
            raise DataError(f"no pair has {words} words or fewer in both of its texts")
        notes = (f"{left:,} pairs with more than {words} words are left out",) if left else ()
        return Pairs([s for s, _ in kept], [t for _, t in kept], (*self.notes, *notes))


def read_pairs(sources: Source, targets: Source, encoding: str = "utf-8") -> Pairs:
    """Read two files whose lines belong together; .gz is decompressed.

    Raises:
        DataError: A file cannot be read or is not text; the numbers of lines differ; there is no
            pair. Pairs of which a line is empty are left out, and a note says so.
    """
    first, second = read_lines(sources, encoding), read_lines(targets, encoding)
    if len(first) != len(second):
        raise DataError(
            f"{Path(sources).name} has {len(first):,} lines, {Path(targets).name} "
            f"{len(second):,}: each line must have its translation in the same place"
        )
    kept = [(s, t) for s, t in zip(first, second, strict=True) if s and t]
    if not kept:
        raise DataError("there is no pair of texts", source=Path(sources).name)
    left = len(first) - len(kept)
    notes = (f"{left:,} pairs with an empty line are left out",) if left else ()
    return Pairs([s for s, _ in kept], [t for _, t in kept], notes)


def read_lines(path: Source, encoding: str = "utf-8") -> list[str]:
    """Return the lines of a text file, without spaces around them.

    Only the ends of lines part them: other separators that Unicode knows may stand inside.

    Raises:
        DataError: The file cannot be read, or is not text.
    """
    place = Path(path)
    text, _ = read_text(read_bytes(place), place.name, encoding)
    lines = text.replace("\r\n", "\n").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return [line.strip() for line in lines]
