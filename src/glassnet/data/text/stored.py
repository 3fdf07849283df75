"""What stands before a network that reads texts: from texts to the numbers that it is fed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, cast

import numpy as np

from glassnet.data.text.bags import BagOfWords, check_texts
from glassnet.data.text.tokens import WORDS
from glassnet.data.text.vocabulary import UNKNOWN, Vocabulary
from glassnet.errors import DataError, ModelFileError
from glassnet.records import dataclass

__all__ = [
    "BagReader",
    "CharacterReader",
    "SequenceReader",
    "TextReader",
    "are_texts",
    "in_blocks",
    "reader_from_json",
    "with_words",
]

Array = np.ndarray[Any, Any]
LONGEST = 100_000  # steps that a model file may ask for
SHOWN = 5  # words that a note names


@dataclass(frozen=True, eq=False)
class BagReader:
    """Texts as rows of a bag of words, for a network with an input for each word.

    The rows are sparse until the network is fed: only then, at most a few thousand of them, they
    are written out as float32 with their zeros, because the engine's products read whole rows.

    Args:
        bag: The bag of words, fitted.
    """

    bag: BagOfWords

    @property
    def inputs(self) -> tuple[int, ...]:
        """The shape of one example."""
        return (len(self.bag.words),)

    @property
    def symbols(self) -> int | None:
        """How many symbols an embedding must know; None as none is needed."""
        return None

    def rows(self, texts: Iterable[str]) -> Array:
        """Return the rows of texts, float32 of shape (n, words)."""
        return self.bag.transform(with_words(texts)).astype(np.float32).toarray()

    def unread(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Return notes on what of the texts is not read."""
        known = self.bag.vocabulary
        none = sum(not any(e in known for e in self.bag.entries(text)) for text in texts)
        notes = (f"{none:,} of {len(texts):,} texts have no known word",) if none else ()
        return (*notes, *_unmet(texts, known)) if self.bag.ngrams[0] == 1 else notes

    def described(self) -> str:
        """Return what it makes of a text, in a few words."""
        low, high = self.bag.ngrams
        names = {(1, 1): "words", (1, 2): "words and pairs of words"}
        what = names.get((low, high), f"runs of {low} to {high} words")
        how = ", tf-idf" if self.bag.tfidf else ""
        return f"a bag of {len(self.bag.words):,} {what}{how}"

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data for a model file."""
        return {"kind": "bag", "bag": self.bag.to_json()}


@dataclass(frozen=True, eq=False)
class SequenceReader:
    """Texts as rows of numbers of words, for a network that begins with `Mask` and `Embedding`.

    Args:
        vocabulary: The words, with UNKNOWN for all others.
        longest: How many words are read: of a longer text the first ones.
    """

    vocabulary: Vocabulary
    longest: int

    @classmethod
    def of(cls, texts: Iterable[str], *, least: int = 2, share: float = 0.98) -> SequenceReader:
        """Return a reader for texts like some others.

        Args:
            texts: The texts of the training.
            least: How often a word must be there; the others are what UNKNOWN is learnt from.
            share: The share of the texts that must be read whole.
        """
        words = [WORDS.split(text) for text in with_words(texts)]
        longest = int(np.ceil(np.quantile([len(entry) for entry in words], share)))
        return cls(Vocabulary.of(words, specials=(UNKNOWN,), least=least), longest)

    @property
    def inputs(self) -> tuple[int, ...]:
        """The shape of one example."""
        return (self.longest,)

    @property
    def symbols(self) -> int | None:
        """How many symbols an embedding must know."""
        return len(self.vocabulary)

    def rows(self, texts: Iterable[str]) -> Array:
        """Return the numbers of the words, float64 of shape (n, longest), −1 where a text ends."""
        kept = with_words(texts)
        found = np.full((len(kept), self.longest), -1.0)
        for row, text in zip(found, kept, strict=True):
            words = WORDS.split(text)[: self.longest]
            row[: len(words)] = self.vocabulary.numbers(words)
        return found

    def unread(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Return notes on what of the texts is not read."""
        longer = sum(len(WORDS.split(text)) > self.longest for text in texts)
        note = f"{longer:,} of {len(texts):,} texts are longer than the {self.longest} words read"
        return (*((note,) if longer else ()), *_unmet(texts, self.vocabulary))

    def described(self) -> str:
        """Return what it makes of a text, in a few words."""
        known = len(self.vocabulary)
        return f"the numbers of its first {self.longest} words; {known:,} words are known"

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data for a model file."""
        return {"kind": "sequence", "words": self.vocabulary.to_json(), "longest": self.longest}


@dataclass(frozen=True, eq=False)
class CharacterReader:
    """A long text as numbers of characters, for a network that answers each with the next one.

    Args:
        vocabulary: The characters, with UNKNOWN for rare ones if there are too many.
    """

    vocabulary: Vocabulary

    @classmethod
    def of(cls, text: str, most: int) -> CharacterReader:
        """Return a reader for a text, with its most frequent characters."""
        if len(set(text)) <= most:
            return cls(Vocabulary.of([text]))
        return cls(Vocabulary.of([text], specials=(UNKNOWN,), most=most))

    @property
    def inputs(self) -> tuple[int, ...] | None:
        """The shape of one example: None, as a text is cut into windows of any length."""
        return None

    @property
    def symbols(self) -> int | None:
        """How many symbols an embedding must know."""
        return len(self.vocabulary)

    @property
    def unknown(self) -> int | None:
        """The number of UNKNOWN, where there is one."""
        return self.vocabulary.number(UNKNOWN) if UNKNOWN in self.vocabulary else None

    def numbers(self, text: str, place: str = "the text") -> Array:
        """Return the numbers of a text's characters (int64).

        Raises:
            DataError: A character was not met in training.
        """
        return self.vocabulary.numbers(list(text), place)

    def rows(self, texts: Iterable[str]) -> Array:
        """Return texts of one length as numbers, float64 of shape (n, length)."""
        found = [self.numbers(text, f"text {place}") for place, text in enumerate(texts)]
        if len({len(numbers) for numbers in found}) != 1:
            raise DataError("texts to be answered character by character must be of one length")
        return np.stack(found).astype(np.float64)

    def unread(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Return notes on what of the texts is not read."""
        unread = {symbol for text in texts for symbol in text if symbol not in self.vocabulary}
        return (f"{len(unread)} characters were not met in training",) if unread else ()

    def described(self) -> str:
        """Return what it makes of a text, in a few words."""
        return f"the numbers of its characters; {len(self.vocabulary):,} are known"

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data for a model file."""
        return {"kind": "characters", "symbols": self.vocabulary.to_json()}


TextReader = BagReader | SequenceReader | CharacterReader


def reader_from_json(data: object) -> TextReader:
    """Return a reader from plain data; never trusts it.

    Raises:
        ModelFileError: An entry is missing, or has another form than `to_json` gives it.
    """
    entries = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    if entries.get("kind") == "bag":
        return BagReader(BagOfWords.from_json(entries.get("bag")))
    if entries.get("kind") == "characters":
        return CharacterReader(Vocabulary.from_json(entries.get("symbols")))
    if entries.get("kind") != "sequence":
        raise ModelFileError(
            f"text: kind must be bag, sequence or characters; it is {entries.get('kind')!r:.40}"
        )
    longest = entries.get("longest")
    if type(longest) is not int or not 1 <= longest <= LONGEST:
        raise ModelFileError(
            f"text: longest must be a whole number of words; it is {longest!r:.40}"
        )
    vocabulary = Vocabulary.from_json(entries.get("words"))
    if UNKNOWN not in vocabulary:
        raise ModelFileError("text: the vocabulary has no symbol for unknown words")
    return SequenceReader(vocabulary, longest)


def are_texts(x: Any) -> bool:
    """Return whether examples are texts: a list of str, or what looks like one."""
    if isinstance(x, str):
        return True
    if isinstance(x, np.ndarray):
        return cast("Array", x).dtype.kind in "UO"
    entries: Any = x
    return isinstance(x, list | tuple) and any(isinstance(entry, str) for entry in entries)


def in_blocks(texts: Iterable[str], size: int) -> Iterator[list[str]]:
    """Yield texts so many at a time, so that never the rows of all are written out.

    Raises:
        DataError: There is no text, or an empty one; the message counts over all.
    """
    kept = with_words(texts)
    for start in range(0, len(kept), size):
        yield kept[start : start + size]


def _unmet(texts: Sequence[str], known: Vocabulary) -> tuple[str, ...]:
    """Return a note on the words that the training has not shown (or not often enough)."""
    words = [word for text in texts for word in WORDS.split(text)]
    unmet = [word for word in words if word not in known]
    if not unmet:
        return ()
    named = list(dict.fromkeys(unmet))
    shown = ", ".join(map(repr, named[:SHOWN])) + (", …" if len(named) > SHOWN else "")
    return (f"{len(unmet):,} of {len(words):,} words are not known from the training: {shown}",)


def with_words(texts: Iterable[str]) -> list[str]:
    """Return texts as a list; raise DataError unless there are some, and each has a word."""
    kept = check_texts(texts)
    for place, text in enumerate(kept):
        if not text.strip():
            raise DataError(f"text {place} (counted from 0) is empty: it needs a word at least")
    return kept
