"""A decoder that is a table: the probability of each symbol after the symbols before it (K3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import numpy as np

from glassnet.errors import ArgumentError
from glassnet.graph.types import Array
from glassnet.records import dataclass
from glassnet.training.translation.beam import END, START, Hypothesis, Node, finished, search
from glassnet.unit import check_number, check_whole

__all__ = ["Found", "TableDecoder", "read_decoder"]

Symbols = tuple[str, ...]
BEGINNING = "start"
MOST_SYMBOLS, WIDEST, LONGEST = 8, 10, 12


@dataclass(frozen=True)
class Found:
    """What a search through the tables found.

    Args:
        nodes: The hypotheses that were kept, in the order in which they were made.
        ended: The places of those that end.
        answers: Those that end, the best first.
    """

    nodes: list[Node]
    ended: list[int]
    answers: tuple[Hypothesis, ...]

    def path(self, place: int, symbols: Mapping[int, str]) -> Symbols:
        """Return the symbols of a hypothesis; none of the beginning, −1."""
        path: list[str] = []
        while place >= 0:
            path.append(symbols[self.nodes[place].symbol])
            place = self.nodes[place].parent
        return tuple(reversed(path))


@dataclass(frozen=True)
class TableDecoder:
    """Probabilities of the next symbol, and how answers are looked for with them.

    Args:
        symbols: The symbols; the last one ends an answer.
        rows: For symbols that stand before: P of each symbol after them.
        width: How many hypotheses are kept.
        longest: How many symbols an answer has at most, its end counted.
        penalty: α of the length penalty.
    """

    symbols: Symbols
    rows: Mapping[Symbols, tuple[float, ...]]
    width: int
    longest: int
    penalty: float

    @property
    def texts(self) -> dict[int, str]:
        """The symbols by the numbers that the search gives them."""
        *others, end = self.symbols
        return {END: end, **dict(enumerate(others, start=END + 1))}

    def known(self, before: Symbols) -> Symbols:
        """Return the longest ending of the symbols before that has a row.

        Raises:
            ArgumentError: There is none.
        """
        for start in range(max(len(before), 1)):
            if before[start:] in self.rows:
                return before[start:]
        raise ArgumentError(
            f"[probabilities] has no row for what follows {' '.join(before)!r}; add one, such as "
            f'"{before[-1]}" = [0.5, …]'
        )

    def after(self, before: Symbols) -> dict[str, float]:
        """Return P(symbol | symbols before) of each symbol."""
        return dict(zip(self.symbols, self.rows[self.known(before)], strict=True))

    def continued(self, found: Found, step: int) -> list[Symbols]:
        """Return every continuation of the hypotheses that a search had before a step."""
        texts = self.texts
        before = [
            found.path(place, texts)
            for place, node in enumerate(found.nodes)
            if node.step == step - 1 and node.symbol != END
        ]
        symbols = self.symbols if step < self.longest else self.symbols[-1:]
        return [(*path, symbol) for path in before or [()] for symbol in symbols]

    def search(self, width: int) -> Found:
        """Search for the best answers, as a network's decoder is searched.

        Args:
            width: How many hypotheses are kept; 1 is greedy search.
        """
        texts = self.texts

        def step(before: Array, state: Mapping[str, Array]) -> tuple[Array, dict[str, Array]]:
            seen = np.concatenate([state["seen"][:, 1:], before[:, None]], axis=1)
            logarithms = np.full((len(seen), len(self.symbols) + 1), -np.inf)
            for place, numbers in enumerate(seen.tolist()):
                if END not in numbers:  # else nothing stands in this place of the beam
                    row = self.after(tuple(texts[n] for n in numbers if n != START))
                    logarithms[place, END:] = np.log([row[text] for text in texts.values()])
            return logarithms, {"seen": seen}

        nothing = {"seen": np.full((1, self.longest), START)}
        ((nodes, ended),) = search(step, nothing, 1, width, self.longest)

        def text_of(numbers: list[int]) -> str:
            return " ".join(texts[number] for number in numbers)

        return Found(nodes, ended, finished(nodes, ended, texts, text_of, self.penalty))


def read_decoder(beam: Mapping[str, Any], probabilities: Mapping[str, Any]) -> TableDecoder:
    """Return the decoder that a problem describes.

    Args:
        beam: `symbols`, `width`, `longest` and `length_penalty`.
        probabilities: By the symbols before, as text ("start", "a", "a b"): a probability for each
            symbol.

    Raises:
        ArgumentError: Something is missing, or the probabilities are none.
    """
    symbols = _symbols(beam.get("symbols"))
    width, longest = beam.get("width", 2), beam.get("longest", 4)
    check_whole("width", width, high=WIDEST)
    check_whole("longest", longest, low=2, high=LONGEST)
    penalty = beam.get("length_penalty", 0.0)
    check_number("length_penalty", penalty, low=0)
    rows: dict[Symbols, tuple[float, ...]] = {}
    for key, values in probabilities.items():
        before = () if key == BEGINNING else tuple(key.split())
        for symbol in before:
            if symbol not in symbols[:-1]:
                raise ArgumentError(
                    f"[probabilities] has a row for {key!r:.60}; rows are for {BEGINNING!r} and "
                    f"for {', '.join(symbols[:-1])}, or several of these with spaces between them"
                )
        rows[before] = _row(key, values, symbols)
    if () not in rows:
        raise ArgumentError(f"[probabilities] has no row {BEGINNING!r}, of the first symbol")
    return TableDecoder(symbols, rows, width, longest, float(penalty))


def _symbols(given: Any) -> Symbols:
    found = cast("list[Any]", given)
    are_words = type(given) is list and all(isinstance(s, str) and s.isalpha() for s in found)
    if not are_words or not 2 <= len(found) <= MOST_SYMBOLS or BEGINNING in found:
        raise ArgumentError(
            f"symbols must be a list of 2 to {MOST_SYMBOLS} words of letters, the last of which "
            f'ends an answer, such as ["a", "b", "end"]; got {given!r:.60}'
        )
    symbols = tuple(str(symbol) for symbol in found)
    for place, symbol in enumerate(symbols):
        for other in (*symbols[:place], *symbols[place + 1 :]):
            if other.startswith(symbol):  # "a" + "ab" could be read in two ways on a sheet
                raise ArgumentError(
                    f"symbols has {symbol!r:.40} and {other!r:.40}: none may begin with another one"
                )
    return symbols


def _row(key: str, given: Any, symbols: Symbols) -> tuple[float, ...]:
    values = cast("list[Any]", given)
    numbers = type(given) is list and all(type(value) in (int, float) for value in values)
    if not numbers or len(values) != len(symbols) or not all(0 < value <= 1 for value in values):
        raise ArgumentError(
            f"[probabilities] {key} must have a probability above 0 for each of "
            f"{', '.join(symbols)}; got {given!r:.60}"
        )
    if abs(sum(values) - 1) > 1e-9:
        raise ArgumentError(f"[probabilities] {key} must add up to 1; it is {sum(values):.6g}")
    return tuple(map(float, values))
