"""Bag of words (K1): how often each word stands in each text, in whatever order."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, cast

import numpy as np

from glassnet.data.text.tokens import WORDS
from glassnet.data.text.vocabulary import Vocabulary
from glassnet.errors import ArgumentError, DataError, ModelFileError
from glassnet.records import dataclass

__all__ = ["BagOfWords", "BagTable", "check_texts"]

Array = np.ndarray[Any, Any]
LONGEST_CELL = 24  # characters of a text in the table
MOST_WORDS = 5  # in an n-gram


class BagOfWords:
    """Texts as rows of counts: row i tells how often each word of the vocabulary is in text i.

    Words are in small letters; a sign is a word. Columns are in the order of how many texts have
    the word. Words that were not met in `fit` count nothing.

    Args:
        ngrams: How many words in a row are one entry: a number, or the least and the most, as in
            (1, 2) for words and pairs of words.
        tfidf: Whether counts are weighted by how rare a word is, and rows scaled to length 1:
            count · (ln((1 + n) / (1 + texts that have the word)) + 1) for n texts.
        least: How many texts must have a word for it to get a column.
        most: How many columns there are at most: the words that most texts have.
        binary: Whether only 1 is counted for a word that is there, however often.

    Source: Salton & Buckley (1988) for tf-idf; the smooth form of it is that of scikit-learn.

    Raises:
        ArgumentError: A setting is not allowed.

    >>> import glassnet as gn
    >>> bag = gn.BagOfWords()
    >>> bag.fit_transform(["the cat saw the dog", "a dog"]).toarray()
    array([[1., 0., 1., 1., 2.],
           [1., 1., 0., 0., 0.]])
    >>> bag.words
    ('dog', 'a', 'cat', 'saw', 'the')
    """

    def __init__(
        self,
        ngrams: int | tuple[int, int] = 1,
        *,
        tfidf: bool = False,
        least: int = 1,
        most: int | None = None,
        binary: bool = False,
    ) -> None:
        given: Any = ngrams
        ends = (given, given) if isinstance(given, int) else tuple(given)
        whole = len(ends) == 2 and all(type(n) is int for n in ends)
        if not whole or not 1 <= ends[0] <= ends[1] <= MOST_WORDS:
            raise ArgumentError(
                f"ngrams must be a whole number from 1 to {MOST_WORDS}, or the least and the most "
                f"such as (1, 2); got {ngrams!r}"
            )
        for name, value in (("least", least), ("most", 1 if most is None else most)):
            if type(value) is not int or value < 1:
                raise ArgumentError(f"{name} must be a whole number of at least 1; got {value!r}")
        self.ngrams: tuple[int, int] = (ends[0], ends[1])
        self.tfidf, self.least, self.most, self.binary = tfidf, least, most, binary
        self._vocabulary: Vocabulary | None = None
        self._idf: Array = np.ones(0)

    # --- learning the words -----------------------------------------------------------------------
    def fit(self, texts: Iterable[str]) -> BagOfWords:
        """Learn the vocabulary, and how rare each word is; return the bag itself.

        Raises:
            DataError: There is no text, or no word that is frequent enough.
        """
        found = [set(self.entries(text)) for text in check_texts(texts)]
        have = Counter(entry for entries in found for entry in entries)
        if not any(count >= self.least for count in have.values()):
            raise DataError(
                f"no word stands in at least {self.least} of the {len(found)} texts"
                + ("; take a smaller `least`" if have else ": they are empty")
            )
        known = Vocabulary.of(found_in_order(found), least=self.least, most=self.most)
        self._vocabulary = known
        self._idf = np.array(
            [math.log((1 + len(found)) / (1 + have[word])) + 1 for word in known.symbols]
        )
        return self

    def transform(self, texts: Iterable[str]) -> Any:
        """Return the matrix of some texts.

        Returns:
            A sparse matrix (scipy.sparse, CSR, float64) of shape (texts, words).

        Raises:
            DataError: There is no text; what is given is no list of texts.
        """
        from scipy.sparse import csr_matrix

        known = self.vocabulary
        starts, columns, values = [0], list[int](), list[float]()
        for text in check_texts(texts):
            counts = Counter(entry for entry in self.entries(text) if entry in known)
            row = sorted((known.number(entry), count) for entry, count in counts.items())
            columns += [column for column, _ in row]
            values += self._weighted(row)
            starts.append(len(columns))
        shape = (len(starts) - 1, len(known))
        return csr_matrix((np.array(values, np.float64), columns, starts), shape)

    def fit_transform(self, texts: Iterable[str]) -> Any:
        """Learn the words of some texts and return their matrix."""
        kept = check_texts(texts)
        return self.fit(kept).transform(kept)

    def entries(self, text: str) -> list[str]:
        """Return the words of a text, and its runs of words: what the columns stand for."""
        words, (low, high) = WORDS.split(text), self.ngrams
        return [
            " ".join(words[start : start + n])
            for n in range(low, high + 1)
            for start in range(len(words) - n + 1)
        ]

    def _weighted(self, row: list[tuple[int, int]]) -> list[float]:
        values = [1.0 if self.binary else float(count) for _, count in row]
        if not self.tfidf:
            return values
        values = [v * float(self._idf[column]) for v, (column, _) in zip(values, row, strict=True)]
        length = math.sqrt(sum(v * v for v in values))
        return [v / length for v in values]

    # --- what was learnt --------------------------------------------------------------------------
    @property
    def vocabulary(self) -> Vocabulary:
        """The words in the order of the columns; raises ArgumentError before `fit`."""
        if self._vocabulary is None:
            raise ArgumentError("the bag of words knows no words yet: `fit` it to texts first")
        return self._vocabulary

    @property
    def words(self) -> tuple[str, ...]:
        """The columns' words."""
        return self.vocabulary.symbols

    def table(self, texts: Iterable[str], *, rows: int = 8, columns: int = 12) -> BagTable:
        """Return the matrix of some texts to look at: a row for each text, a column for each word.

        Args:
            texts: The texts.
            rows: How many texts are shown at most.
            columns: How many words are shown at most: those that are most often in these texts.
        """
        kept = check_texts(texts)
        matrix = self.transform(kept)
        return BagTable(tuple(kept), self.words, matrix, rows, columns)

    def __repr__(self) -> str:
        low, high = self.ngrams
        settings = [f"ngrams={low}" if low == high else f"ngrams=({low}, {high})"]
        settings += [name for name in ("tfidf", "binary") if getattr(self, name)]
        known = "not fitted" if self._vocabulary is None else f"{len(self.vocabulary):,} words"
        return f"BagOfWords({', '.join(settings)}; {known})"

    def to_json(self) -> dict[str, Any]:
        """Return it as plain data for a model file."""
        return {
            "ngrams": list(self.ngrams),
            "tfidf": self.tfidf,
            "binary": self.binary,
            "words": self.vocabulary.to_json(),
            "idf": self._idf.tolist(),
        }

    @classmethod
    def from_json(cls, data: object) -> BagOfWords:
        """Return a bag from plain data; never trusts it.

        Raises:
            ModelFileError: An entry is missing, or has another form than `to_json` gives it.
        """
        entries = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
        ngrams, idf = entries.get("ngrams"), entries.get("idf")
        flags = [entries.get("tfidf"), entries.get("binary")]
        if not isinstance(ngrams, list) or not all(type(flag) is bool for flag in flags):
            raise ModelFileError("a bag of words must have its settings: ngrams, tfidf, binary")
        try:
            ends: Any = tuple(cast("list[Any]", ngrams))
            bag = cls(ends, tfidf=flags[0] is True, binary=flags[1] is True)
        except ArgumentError as error:
            raise ModelFileError(f"bag of words: {error}") from None
        bag._vocabulary = Vocabulary.from_json(entries.get("words"))
        weights = cast("list[Any]", idf) if isinstance(idf, list) else []
        sound = all(type(w) is float and math.isfinite(w) and w > 0 for w in weights)
        if not sound or len(weights) != len(bag.words):
            raise ModelFileError("a bag of words must have a weight above 0 for each word")
        bag._idf = np.array(weights)
        return bag


@dataclass(frozen=True, eq=False)
class BagTable:
    """A bag of words to look at: text in a terminal, a table in a notebook.

    Args:
        texts: The texts, one for each row.
        words: The words, one for each column.
        matrix: The sparse matrix.
        most_rows: How many rows are shown.
        most_columns: How many columns are shown.
    """

    texts: tuple[str, ...]
    words: tuple[str, ...]
    matrix: Any
    most_rows: int
    most_columns: int

    def cells(self) -> list[list[str]]:
        """Return the rows that are shown, the head first."""
        shown = self.matrix[: self.most_rows]
        sums = np.asarray(shown.sum(0)).ravel()
        columns = np.sort(np.argsort(-sums, kind="stable")[: self.most_columns])
        part: Array = shown[:, columns].toarray()
        more = len(self.words) > len(columns)
        rows = [["", *(self.words[int(c)] for c in columns), *["…"] * more]]
        for text, row in zip(self.texts, part, strict=False):
            short = text if len(text) <= LONGEST_CELL else f"{text[: LONGEST_CELL - 1]}…"
            rows.append([short, *(_cell(float(v)) for v in row), *["…"] * more])
        return rows

    def __str__(self) -> str:
        rows = self.cells()
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        lines = [
            "  ".join(
                cell.rjust(width) if i else cell.ljust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in rows
        ]
        return "\n".join([*lines, self._size()])

    __repr__ = __str__

    def _size(self) -> str:
        n, m = self.matrix.shape
        share = self.matrix.nnz / (n * m)
        return f"{n:,} texts × {m:,} words; {share:.1%} of the entries are not 0"

    def _repr_html_(self) -> str:
        head, *body = self.cells()
        heads = "".join(f"<th>{escape(cell)}</th>" for cell in head)
        rows = "".join(
            f"<tr><th>{escape(first)}</th>"
            + "".join(f"<td>{escape(cell)}</td>" for cell in rest)
            + "</tr>"
            for first, *rest in body
        )
        caption = f"<caption>{escape(self._size())}</caption>"
        return f"<table>{caption}<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(value: float) -> str:
    return f"{value:.0f}" if value.is_integer() else f"{value:.2f}"


def found_in_order(found: Sequence[set[str]]) -> list[list[str]]:
    """Return sets of words as sequences, which do not depend on how sets are laid out."""
    return [sorted(entries) for entries in found]


def check_texts(texts: Iterable[str]) -> list[str]:
    """Return texts as a list; raise DataError unless there are some, and each is a text."""
    given: Any = texts
    if isinstance(given, str):
        raise DataError(f"a list of texts is needed; for a single one write [{given[:40]!r}]")
    kept: list[Any] = list(given)
    if not kept:
        raise DataError("there is no text: the list is empty")
    for place, text in enumerate(kept):
        if not isinstance(text, str):
            raise DataError(f"text {place} (counted from 0) is no text but {text!r:.60}")
    return [str(text) for text in kept]
