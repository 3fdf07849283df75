"""From texts to rows of numbers and back, for encoders and decoders."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, cast

import numpy as np

from glassnet.data.text.tokens import Tokens
from glassnet.data.text.vocabulary import END, START, UNKNOWN, Vocabulary
from glassnet.errors import DataError, ModelFileError
from glassnet.graph.types import Array
from glassnet.records import dataclass

__all__ = ["SourceReader", "TargetReader"]

LONGEST = 10_000  # steps that a model file may ask for


@dataclass(frozen=True, eq=False)
class _Reader:
    """A way to cut texts, the symbols that are known, and how many of them a text has at most.

    Args:
        tokens: Words or characters.
        vocabulary: The symbols.
        longest: How many are read; of a longer text the first ones.
    """

    tokens: Tokens
    vocabulary: Vocabulary
    longest: int

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data for a model file."""
        symbols = self.vocabulary.to_json()
        return {"tokens": self.tokens.name, "symbols": symbols, "longest": self.longest}

    @classmethod
    def parts_of(cls, data: object, specials: Sequence[str]) -> tuple[Tokens, Vocabulary, int]:
        """Return what plain data say; never trusts them."""
        entries = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
        longest = entries.get("longest")
        if type(longest) is not int or not 1 <= longest <= LONGEST:
            raise ModelFileError(
                f"text: longest must be a whole number of steps; it is {longest!r:.40}"
            )
        try:
            tokens = Tokens.named(str(entries.get("tokens")))
        except KeyError:
            raise ModelFileError("text: tokens must be word or character") from None
        vocabulary = Vocabulary.from_json(entries.get("symbols"))
        if vocabulary.symbols[: len(specials)] != tuple(specials):
            raise ModelFileError(f"text: the first symbols must be {', '.join(specials)}")
        return tokens, vocabulary, longest


@dataclass(frozen=True, eq=False)
class SourceReader(_Reader):
    """Texts that are read: rows of numbers, NaN after the end, for `Mask` and `Embedding`.

    Where a symbol was rare in training, or was not met, it is UNKNOWN.
    """

    @classmethod
    def of(cls, texts: Iterable[str], tokens: Tokens, *, least: int = 1) -> SourceReader:
        """Return a reader for texts such as these."""
        cut = [tokens.split(text) for text in texts]
        longest = max(map(len, cut), default=0)
        if not longest:
            raise DataError("all source texts are empty")
        return cls(tokens, Vocabulary.of(cut, specials=(UNKNOWN,), least=least), longest)

    @classmethod
    def from_json(cls, data: object) -> SourceReader:
        """Return a reader from plain data; raises ModelFileError."""
        return cls(*cls.parts_of(data, (UNKNOWN,)))

    def rows(self, texts: Sequence[str]) -> Array:
        """Return the numbers of the symbols, float64 of shape (n, longest), −1 after the end.

        Raises:
            DataError: A text has no symbol.
        """
        found = np.full((len(texts), self.longest), -1.0)
        for place, (row, text) in enumerate(zip(found, texts, strict=True)):
            symbols = self.tokens.split(text)[: self.longest]
            if not symbols:
                raise DataError(f"text {place + 1} is empty: it has no {self.tokens.name}")
            row[: len(symbols)] = self.vocabulary.numbers(symbols)
        return found

    def unread(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Return notes on what of the texts is not read."""
        cut = [self.tokens.split(text) for text in texts]
        longer = sum(len(symbols) > self.longest for symbols in cut)
        strange = dict.fromkeys(s for symbols in cut for s in symbols if s not in self.vocabulary)
        notes: list[str] = []
        if longer:
            notes.append(
                f"{longer:,} of {len(texts):,} texts are longer than the {self.longest} "
                f"{self.tokens.name}s that are read"
            )
        if strange:
            shown = ", ".join(repr(symbol) for symbol in list(strange)[:8])
            more = ", …" if len(strange) > 8 else ""
            notes.append(f"not known from training: {shown}{more}")
        return tuple(notes)


@dataclass(frozen=True, eq=False)
class TargetReader(_Reader):
    """Texts that are answered: START is number 0, END number 1; `longest` counts the end."""

    @classmethod
    def of(cls, texts: Iterable[str], tokens: Tokens, *, least: int = 1) -> TargetReader:
        """Return a reader for texts such as these."""
        cut = [tokens.split(text) for text in texts]
        specials = (START, END, UNKNOWN) if least > 1 else (START, END)
        vocabulary = Vocabulary.of(cut, specials=specials, least=least)
        if len(vocabulary) == len(specials):
            raise DataError("all target texts are empty")
        return cls(tokens, vocabulary, max(map(len, cut)) + 1)

    @classmethod
    def from_json(cls, data: object) -> TargetReader:
        """Return a reader from plain data; raises ModelFileError."""
        return cls(*cls.parts_of(data, (START, END)))

    @property
    def unknown(self) -> int | None:
        """The number of UNKNOWN, where there is one."""
        return self.vocabulary.number(UNKNOWN) if UNKNOWN in self.vocabulary else None

    def rows(self, texts: Sequence[str]) -> Array:
        """Return the numbers of the symbols, END after them, then START; int64 (n, longest).

        Raises:
            DataError: A symbol is not known, or a text is longer than `longest`.
        """
        found = np.zeros((len(texts), self.longest), np.int64)
        for place, (row, text) in enumerate(zip(found, texts, strict=True)):
            symbols = self.tokens.split(text)
            if len(symbols) >= self.longest:
                raise DataError(
                    f"target text {place + 1} has {len(symbols)} {self.tokens.name}s; at most "
                    f"{self.longest - 1} can be answered"
                )
            numbers = self.vocabulary.numbers(symbols, f"target text {place + 1}")
            row[: len(symbols)] = numbers
            row[len(symbols)] = 1
        return found

    def text(self, numbers: Iterable[int]) -> str:
        """Return the text of symbols up to the end."""
        symbols: list[str] = []
        for number in numbers:
            if number == 1:
                break
            symbols.append(self.vocabulary.symbols[number])
        return self.tokens.join(symbols)
