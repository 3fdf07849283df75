"""Plain text: told from tables, and read whole."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

from glassnet.data.files import TEXT_ENDINGS, read_bytes, read_text
from glassnet.data.text.sentences import is_sentences
from glassnet.errors import DataError, GlassnetError

__all__ = ["is_prose", "read_prose"]

LOOKED_AT = 200  # lines that decide what a file is
SEPARATORS = ",;\t|"
NEARLY_ALL = 0.8
SPOKEN = 3  # words in a cell, on average: as many as a table hardly has
Source = str | os.PathLike[str]


def is_prose(path: Source) -> bool:
    """Return whether a file holds plain text to be read as it is: no table, no labelled sentences.

    Its name ends with .txt, .text or .md (and perhaps .gz). It is a table if nearly all of its
    first lines hold the same number of commas, semicolons, tabs or bars, with few words between, or
    are numbers.
    """
    place = Path(path)
    name = place.name.lower().removesuffix(".gz")
    if not name.endswith(TEXT_ENDINGS) or not place.is_file() or is_sentences(place):
        return False
    try:
        text, _ = read_text(read_bytes(place), place.name)
    except GlassnetError:
        return False  # whoever reads it next says why it cannot be read
    lines = [line for line in text.splitlines() if line.strip()][:LOOKED_AT]
    if not lines:
        return False
    for separator in SEPARATORS:
        [(count, often)] = Counter(line.count(separator) for line in lines).most_common(1)
        if count and often >= NEARLY_ALL * len(lines):
            cells = [cell for line in lines for cell in line.split(separator)]
            return sum(len(cell.split()) for cell in cells) >= SPOKEN * len(cells)
    words = [word for line in lines for word in line.split()]
    return sum(map(_is_number, words)) < len(words) / 2


def read_prose(path: Source, encoding: str = "utf-8") -> str:
    """Return the text of a file, its lines ended in one way, by a line feed.

    Raises:
        DataError: The file cannot be read, is not text in this encoding, or is empty.
        ArgumentError: There is no such encoding.
    """
    place = Path(path)
    text, _ = read_text(read_bytes(place), place.name, encoding)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        raise DataError("the file is empty: there is no text to learn from", source=place.name)
    return text


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
