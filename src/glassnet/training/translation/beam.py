"""Beam search (K3): the most probable answers, several hypotheses at a time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from glassnet.graph.types import Array
from glassnet.notebook import escape, html_table
from glassnet.records import dataclass
from glassnet.unit import check_number, check_whole

__all__ = ["END", "Beam", "Hypothesis", "Node", "Step", "search"]

START, END = 0, 1
# From the symbols before (n,) and the state to the logarithms of the probabilities (n, symbols)
# and the new state; a state is arrays whose first axis is n.
State = Mapping[str, Array]
Step = Callable[[Array, State], tuple[Array, dict[str, Array]]]


@dataclass(frozen=True)
class Node:
    """A hypothesis while it grows: one symbol more than its parent.

    Attributes:
        step: After how many symbols, from 1.
        parent: The place of its parent in the list of nodes; −1 for the beginning.
        symbol: Its last symbol's number.
        logarithm: The logarithm of that symbol's probability after those before.
        score: The sum of the logarithms from the beginning.
    """

    step: int
    parent: int
    symbol: int
    logarithm: float
    score: float


@dataclass(frozen=True)
class Hypothesis:
    """An answer that a beam search has finished.

    Attributes:
        text: The text.
        symbols: Its symbols, the end left out.
        score: ln P: the sum of the logarithms of the symbols' probabilities, the end's among them.
        rank: The score divided by the length penalty: what hypotheses are ordered by.
        logarithms: The logarithm of each symbol's probability; the last is the end's.
        node: The place of its last node in the beam's list.
    """

    text: str
    symbols: tuple[str, ...]
    score: float
    rank: float
    logarithms: tuple[float, ...]
    node: int

    @property
    def probability(self) -> float:
        """P(answer | source), as the network sees it."""
        return float(np.exp(self.score))


@dataclass(frozen=True, repr=False)
class Beam:
    """What a beam search did on one source: all hypotheses it kept, and those it finished.

    It shows itself as a table; `picture()` draws it as a tree.

    Attributes:
        source: The source, as text.
        hypotheses: The finished ones, the best first.
        nodes: All hypotheses that were kept at some step, in the order in which they were made.
        symbols: The texts of the symbols, by their numbers.
        width: The width of the beam.
        penalty: α of the length penalty.
        attention: Where each step of the best one looked, (steps, source steps), if known.
    """

    source: str
    hypotheses: tuple[Hypothesis, ...]
    nodes: tuple[Node, ...]
    symbols: Mapping[int, str]
    width: int
    penalty: float
    attention: Array | None = None

    @property
    def best(self) -> Hypothesis:
        """The hypothesis with the highest rank."""
        return self.hypotheses[0]

    def rows(self) -> list[tuple[int, str, str, float, float, float, str]]:
        """Return a row for each hypothesis kept.

        A row is: the step; the text before; the symbol; ln of its probability; the score before;
        the score; "" or how it ended ("finished").
        """
        found: list[tuple[int, str, str, float, float, float, str]] = []
        for node in self.nodes:
            before = "" if node.parent < 0 else self._text(node.parent)
            score = 0.0 if node.parent < 0 else self.nodes[node.parent].score
            ended = "finished" if node.symbol == END else ""
            found.append((node.step, before, self.symbols[node.symbol], node.logarithm, score,
                          node.score, ended))  # fmt: skip
        return found

    def _text(self, place: int) -> str:
        symbols: list[str] = []
        while place >= 0:
            symbols.append(self.symbols[self.nodes[place].symbol])
            place = self.nodes[place].parent
        joint = "" if all(len(symbol) == 1 for symbol in symbols) else " "
        return joint.join(reversed(symbols))

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "source": self.source,
            "width": self.width,
            "length_penalty": self.penalty,
            "hypotheses": [
                {"text": h.text, "score": h.score, "rank": h.rank, "logarithms": [*h.logarithms]}
                for h in self.hypotheses
            ],
            "steps": [
                {"step": step, "before": before, "symbol": symbol, "logarithm": logarithm,
                 "score_before": score, "score": after, "finished": bool(ended)}
                for step, before, symbol, logarithm, score, after, ended in self.rows()
            ],
        }  # fmt: skip

    def table(self) -> list[list[str]]:
        """Return the table of hypotheses, step by step, as text; the first row is the head."""
        found = [["step", "hypothesis", "symbol", "ln P(symbol)", "score"]]
        for step, before, symbol, logarithm, score, after, ended in self.rows():
            total = f"{score:.3f} {logarithm:+.3f} = {after:.3f}"
            found.append([str(step), before, symbol, f"{logarithm:.3f}",
                          f"{total}{', finished' if ended else ''}"])  # fmt: skip
        return found

    def answers(self) -> list[list[str]]:
        """Return the finished hypotheses as a table; the first row is the head."""
        return [
            ["", "answer", "ln P", "ln P / length penalty"],
            *(
                [str(place), h.text, f"{h.score:.3f}", f"{h.rank:.3f}"]
                for place, h in enumerate(self.hypotheses, start=1)
            ),
        ]

    def __repr__(self) -> str:
        head = f"Beam of width {self.width}, length penalty {self.penalty:g}: {self.source}"
        return "\n".join([head, "", *_set(self.table()), "", *_set(self.answers())])

    def _repr_html_(self) -> str:
        tables = [html_table(head, rows) for head, *rows in (self.answers(), self.table())]
        return f"<p>{escape(self.source)}</p>{''.join(tables)}"

    def picture(self) -> str:
        """Return the beam as a tree, an SVG picture."""
        from glassnet.training.translation.tree import draw

        return draw(self)


def _set(rows: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def length_penalty(length: int, alpha: float) -> float:
    """Return ((5 + length)/6)^α, by which a score is divided.

    Source: Wu et al., Google's neural machine translation system (2016), equation 14.

    >>> length_penalty(1, 0.6), round(length_penalty(7, 1.0), 3)
    (1.0, 2.0)
    """
    return ((5.0 + length) / 6.0) ** alpha


def search(
    step: Step,
    state: State,
    count: int,
    width: int,
    longest: int,
    *,
    never: tuple[int, ...] = (),
) -> list[tuple[list[Node], list[int]]]:
    """Search for probable answers to several sources at once.

    At each step, the hypotheses of a source are continued by every symbol, and the best of all
    these are kept: as many as the width, less those that have ended. A width of 1 is greedy search;
    a width of all possible answers is exhaustive.

    Args:
        step: One step of the decoder for count · width rows; row i belongs to source i // width.
        state: The state before the first step, arrays with count rows.
        count: How many sources.
        width: How many hypotheses.
        longest: How many symbols an answer has at most, its end counted.
        never: Symbols that are never answered, beside START.

    Returns:
        For each source its nodes, and the places of those that end an answer.
    """
    check_whole("width", width)
    rows = np.repeat(np.arange(count), width)
    now: dict[str, Array] = {key: value[rows] for key, value in state.items()}
    before = np.full(count * width, START)
    scores = np.full((count, width), -np.inf)
    scores[:, 0] = 0.0  # at first there is one hypothesis
    places = np.full((count, width), -1)
    nodes: list[list[Node]] = [[] for _ in range(count)]
    ended: list[list[int]] = [[] for _ in range(count)]
    for time in range(1, longest + 1):
        logarithms, after = step(before, now)
        symbols = logarithms.shape[1]
        logarithms = logarithms.astype(np.float64).reshape(count, width, symbols)
        logarithms[..., [START, *never]] = -np.inf
        if time == longest:
            logarithms[..., :END] = logarithms[..., END + 1 :] = -np.inf
        sums = (scores[..., None] + logarithms).reshape(count, width * symbols)
        kept = _largest(sums, width)
        fresh, places_now = np.full((count, width), -np.inf), np.full((count, width), -1)
        chosen, last = np.zeros((count, width), np.int64), np.full((count, width), END)
        for source in range(count):
            left = width - len(ended[source])
            slot = 0
            for place in kept[source, :left].tolist():
                score = float(sums[source, place])
                if score == -np.inf:
                    break
                parent, symbol = divmod(place, symbols)
                logarithm = float(logarithms[source, parent, symbol])
                nodes[source].append(
                    Node(time, int(places[source, parent]), symbol, logarithm, score)
                )
                if symbol == END:
                    ended[source].append(len(nodes[source]) - 1)
                    continue
                fresh[source, slot], last[source, slot] = score, symbol
                places_now[source, slot] = len(nodes[source]) - 1
                chosen[source, slot] = parent
                slot += 1
        if not np.isfinite(fresh).any():
            break
        scores, places = fresh, places_now
        taken = (np.arange(count)[:, None] * width + chosen).reshape(-1)
        now = {key: value[taken] for key, value in after.items()}
        before = last.reshape(-1)
    return list(zip(nodes, ended, strict=True))


def _largest(sums: Array, width: int) -> Array:
    """Return the places of the largest numbers of each row, the largest first."""
    some: Array = np.tile(np.arange(sums.shape[1], dtype=np.int64), (len(sums), 1))
    if sums.shape[1] > 4 * width:
        some = np.argpartition(-sums, 2 * width, axis=1)[:, : 2 * width]
        some.sort(axis=1)
    values = np.take_along_axis(sums, some, 1)
    order = np.argsort(-values, axis=1, kind="stable")[:, :width]
    return np.take_along_axis(some, order, 1)


def finished(
    nodes: list[Node],
    ended: list[int],
    symbols: Mapping[int, str],
    text_of: Callable[[list[int]], str],
    alpha: float,
) -> tuple[Hypothesis, ...]:
    """Return the answers of a search, the best first.

    Args:
        nodes: The hypotheses that were kept.
        ended: The places of those that end.
        symbols: The texts of the symbols.
        text_of: From the numbers of symbols to a text.
        alpha: α of the length penalty.
    """
    check_number("length penalty", alpha, low=0)
    found: list[Hypothesis] = []
    for place in ended:
        numbers: list[int] = []
        logarithms: list[float] = []
        at = place
        while at >= 0:
            numbers.append(nodes[at].symbol)
            logarithms.append(nodes[at].logarithm)
            at = nodes[at].parent
        numbers.reverse()
        logarithms.reverse()
        score = nodes[place].score
        rank = score / length_penalty(len(numbers), alpha)
        shown = tuple(symbols[number] for number in numbers[:-1])
        found.append(Hypothesis(text_of(numbers), shown, score, rank, tuple(logarithms), place))
    return tuple(sorted(found, key=lambda h: -h.rank))
