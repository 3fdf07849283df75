"""Files of sentences with labels: on each line a sentence, a TAB, and its label."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

from glassnet.errors import DataError
from glassnet.records import dataclass

__all__ = ["Sentences", "is_sentences", "read_sentences", "read_texts"]

LOOKED_AT = 1 << 16  # bytes that decide what a file is
NEARLY_ALL = 0.95
MOST_LABELS = 50
LONGEST_LABEL = 40  # characters
Source = str | os.PathLike[str]


@dataclass(frozen=True)
class Sentences:
    """Sentences with their labels.

    Args:
        texts: The sentences.
        labels: The label of each: whole numbers if all are, else names.
        files: The files that were read.
        passed_over: Files of the folder that hold something else.
    """

    texts: list[str]
    labels: list[Any]
    files: tuple[str, ...]
    passed_over: tuple[str, ...] = ()

    @property
    def classes(self) -> list[Any]:
        """The different labels, in order."""
        return sorted(set(self.labels))


def read_sentences(source: Source | Sequence[Source]) -> Sentences:
    """Read sentences with labels.

    Only the ends of lines part the lines: a sentence may hold any other character, quotes too. The
    label is what stands after the last TAB. Empty lines are passed over.

    Args:
        source: A file, several files, or a folder, of which those .txt files are read that hold
            sentences with labels.

    Raises:
        DataError: A file cannot be read or is not UTF-8; a line has no label, or no sentence; there
            is no sentence, or only one label. The message names the file and the line.
    """
    given: Any = source
    several = isinstance(given, list | tuple)
    paths = [Path(p) for p in (cast("Sequence[Source]", given) if several else [given])]
    texts: list[str] = []
    labels: list[str] = []
    files: list[Path] = []
    passed: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(path.glob("*.txt"))
            files += [file for file in inside if is_sentences(file)]
            passed += [file for file in inside if not is_sentences(file)]
        else:
            files.append(path)
    for file in files:
        for line, text in _lines(file.name, _bytes(file)):
            sentence, label = _parted(file.name, line, text)
            texts.append(sentence)
            labels.append(label)
    name = ", ".join(str(path) for path in paths)
    if not texts:
        raise DataError("there is no sentence with a TAB and a label after it", source=name)
    known = set(labels)
    if len(known) == 1:
        raise DataError(f"only one label ({labels[0]}): nothing to tell apart", source=name)
    whole = all(_is_whole(label) for label in known)
    kept: list[Any] = [int(label) for label in labels] if whole else list(labels)
    return Sentences(texts, kept, tuple(map(str, files)), tuple(file.name for file in passed))


def read_texts(
    data: bytes, name: str, classes: Sequence[Any] = ()
) -> tuple[list[str], list[Any | None]]:
    """Read sentences to be answered: a line each, with a label of `classes` after a TAB or without.

    Args:
        data: What the file holds.
        name: Its name, for messages.
        classes: The labels that are known.

    Returns:
        The sentences, and the label of each, None where there is none.

    Raises:
        DataError: Not UTF-8, or no sentence; a line has a label but no sentence.
    """
    known = {str(label): label for label in classes}
    texts: list[str] = []
    labels: list[Any | None] = []
    for line, text in _lines(name, data):
        head, tab, tail = text.rpartition("\t")
        if tab and tail.strip() in known:
            text, label = _parted(name, line, text)[0], known[tail.strip()]
        else:
            text, label = f"{head} {tail}".strip(), None
        texts.append(text)
        labels.append(label)
    if not texts:
        raise DataError("there is no sentence: each line is one", source=name)
    return texts, labels


def is_sentences(path: Source) -> bool:
    """Return whether a file (or a .txt file in a folder) holds sentences with labels.

    Nearly all lines must be text, a TAB and one of a few short labels, and the texts must have
    words: a table of numbers has none.
    """
    path = Path(path)
    if path.is_dir():
        return any(is_sentences(file) for file in sorted(path.glob("*.txt")))
    if path.suffix.lower() != ".txt" or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            data = file.read(LOOKED_AT)
    except OSError:
        return False
    whole, _, rest = data.rpartition(b"\n") if len(data) == LOOKED_AT else (data, b"", b"")
    lines = (whole or rest).decode("utf-8", "replace").split("\n")
    parts = [line.strip("\r").rpartition("\t") for line in lines if line.strip()]
    sound = [
        (text, label.strip())
        for text, tab, label in parts
        if tab and "\t" not in text and label.strip() and len(label.strip()) <= LONGEST_LABEL
    ]
    if not sound or len(sound) < NEARLY_ALL * len(parts):
        return False
    spoken = sum(" " in text.strip() and any(c.isalpha() for c in text) for text, _ in sound)
    labels = len({label for _, label in sound})
    return 2 * spoken > len(sound) and labels <= min(MOST_LABELS, max(2, len(sound) // 2))


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DataError(f"there is no file {str(path)!r}") from None
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be read: {error.strerror}") from None


def _lines(name: str, data: bytes) -> list[tuple[int, str]]:
    """Return the lines that are not empty, with their numbers from 1."""
    found: list[tuple[int, str]] = []
    for number, line in enumerate(data.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            text = line.decode("utf-8").rstrip("\r")
        except UnicodeDecodeError as error:
            raise DataError(
                f"byte {error.start + 1} of the line is no UTF-8; save the file as UTF-8",
                source=name,
                line=number,
            ) from None
        if "\0" in text:
            raise DataError("a character 0: this is no text", source=name, line=number)
        if text.strip():
            found.append((number, text))
    return found


def _parted(name: str, line: int, text: str) -> tuple[str, str]:
    sentence, tab, label = text.rpartition("\t")
    if not tab or not label.strip():
        raise DataError(
            f"{text.strip()[:40]!r} has no label: a TAB and a label must stand after the sentence",
            source=name,
            line=line,
        )
    if not sentence.strip():
        raise DataError("there is no sentence before the label", source=name, line=line)
    return sentence.strip(), label.strip()


def _is_whole(label: str) -> bool:
    return label.lstrip("-").isdecimal() and len(label) < 18 and str(int(label)) == label
