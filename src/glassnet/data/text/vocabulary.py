"""A vocabulary: symbols (words or characters) and the numbers that stand for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any, cast

import numpy as np

from glassnet.data.columns import Array
from glassnet.errors import DataError, ModelFileError, nearest
from glassnet.records import dataclass

__all__ = ["END", "START", "UNKNOWN", "Vocabulary"]

# Symbols that stand for no text. They come first in a vocabulary that has them.
START, END, UNKNOWN = "⟨start⟩", "⟨end⟩", "⟨unknown⟩"


@dataclass(frozen=True)
class Vocabulary:
    """Symbols in the order of their numbers, from 0.

    Raises:
        DataError: There is no symbol, or one stands twice.

    >>> known = Vocabulary.of([["the", "cat"], ["the", "dog"]], specials=(UNKNOWN,))
    >>> known.symbols
    ('⟨unknown⟩', 'the', 'cat', 'dog')
    >>> known.numbers(["the", "bird"])
    array([1, 0])
    """

    symbols: tuple[str, ...]

    def __post_init__(self) -> None:
        if not self.symbols:
            raise DataError("a vocabulary needs symbols: there is no text to take them from")
        if len(self._places) < len(self.symbols):
            twice = next(s for s, count in Counter(self.symbols).items() if count > 1)
            raise DataError(f"the symbol {twice!r} stands in the vocabulary twice")

    @classmethod
    def of(
        cls,
        sequences: Iterable[Sequence[str]],
        *,
        specials: Sequence[str] = (),
        least: int = 1,
        most: int | None = None,
    ) -> Vocabulary:
        """Return the vocabulary of some sequences: the most frequent symbol first.

        Args:
            sequences: Symbols, as `Tokens.split` gives them.
            specials: Symbols such as UNKNOWN that come before all others.
            least: How often a symbol must stand there.
            most: How many symbols are taken at most, the special ones not counted.
        """
        counts: Counter[str] = Counter()
        for sequence in sequences:
            counts.update(sequence)
        ranked = sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
        kept = [symbol for symbol, count in ranked if count >= least and symbol not in specials]
        return cls((*specials, *kept[:most]))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {symbol: place for place, symbol in enumerate(self.symbols)}

    def __len__(self) -> int:
        return len(self.symbols)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._places

    def number(self, symbol: str) -> int:
        """Return the number of a symbol; raises KeyError."""
        return self._places[symbol]

    def numbers(self, sequence: Sequence[str], place: str = "") -> Array:
        """Return the numbers of symbols (int64, shape (length,)).

        A symbol that is not known is UNKNOWN, where the vocabulary has that.

        Args:
            sequence: The symbols.
            place: Where they come from, for the message.

        Raises:
            DataError: A symbol is not known.
        """
        unknown = self._places.get(UNKNOWN, -1)
        found = np.array([self._places.get(s, unknown) for s in sequence], np.int64)
        if unknown < 0 and (found < 0).any():
            at = int(np.argmax(found < 0))
            where = f"{place}: " if place else ""
            raise DataError(
                f"{where}symbol {at + 1}, {sequence[at]!r}, was not met in training"
                f"{nearest(sequence[at], self.symbols)}; {self.described()}"
            )
        return found

    def words(self, numbers: Iterable[Any]) -> list[str]:
        """Return the symbols that numbers stand for; numbers below 0 (nothing) are left out."""
        return [self.symbols[int(number)] for number in numbers if number >= 0]

    def described(self) -> str:
        """Return what it holds, in a few words."""
        shown = [symbol for symbol in self.symbols if len(symbol) == 1][:70]
        if len(shown) == len(self.symbols):
            return f"the {len(self.symbols)} known ones are {''.join(sorted(shown))!r}"
        return f"{len(self.symbols):,} are known"

    def to_json(self) -> list[str]:
        """Return it as plain data for a model file."""
        return list(self.symbols)

    @classmethod
    def from_json(cls, data: object) -> Vocabulary:
        """Return a vocabulary from plain data; never trusts it.

        Raises:
            ModelFileError: Not a list of different symbols.
        """
        entries = cast("list[Any]", data) if isinstance(data, list) else []
        if not entries or not all(isinstance(entry, str) for entry in entries):
            raise ModelFileError("a vocabulary must be a list of symbols")
        try:
            return cls(tuple(entries))
        except DataError as error:
            raise ModelFileError(f"vocabulary: {error}") from None
