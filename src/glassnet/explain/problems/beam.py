"""Beam search as a table of hypotheses: what the search of translation did, as on paper (K3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from glassnet.explain.conventions import Profile
from glassnet.explain.elements import LARGEST
from glassnet.explain.expressions import (
    Address,
    Expression,
    Number,
    Quantity,
    Quotient,
    Sum,
    Written,
    add,
    apply,
    evaluate,
    power,
)
from glassnet.explain.problems.beam_tables import BEGINNING, Found, TableDecoder, read_decoder
from glassnet.explain.sheet import Cell, Line, LineTable, Section, Sheet
from glassnet.graph.operation import Explanation
from glassnet.graph.types import Array
from glassnet.ops.exponential import EXP, LOG
from glassnet.training.translation.beam import END

__all__ = ["explain_search"]

Symbols = tuple[str, ...]


def _place(one: Array, all_of_them: Array, kept: int) -> Array:
    del kept  # how many are kept: what is looked for in wrong places
    return np.asarray(1.0 + np.count_nonzero(all_of_them > one))


PLACE = Written(
    "place by size",
    Explanation("place({0}) in {1}", "Which place it has among these, the largest first."),
    _place,
)
STARTED = "Any symbol may be the first one. "
CONTINUED = "Each hypothesis that was kept is continued by every symbol. "
LAST = "An answer has at most {longest} symbols: now only {end} may follow. "
KEPT = "The {count} best of all are kept."
KEPT_ONE = "The best of all is kept."
SOME_ENDED = "An answer that has ended keeps its room in the beam. "
FINISHED = (
    "Longer answers are products of more probabilities, so that each score is divided by "
    "(5 + length) / 6{raised}, where the end counts. The highest rank is the best."
)
GREEDY = (
    "Greedy search is a beam of width 1: at each step it takes the most probable symbol and never "
    "looks back."
)
COMPARED = {
    1: "The beam's answer is the more probable one: {beam}; greedy search: {greedy}.",
    0: "Both come to the same answer: {beam}.",
    -1: "The beam's answer is {beam}; greedy search comes to one more probable: {greedy}.",
}


def explain_search(
    title: str, beam: Mapping[str, Any], probabilities: Mapping[str, Any], profile: Profile
) -> Sheet:
    """Return the sheet of a beam search through tables of probabilities.

    Which hypotheses are kept, their scores and their ranks are those of the search that answers for
    networks; the scores of those that it dropped follow from the same formulas.

    Args:
        title: What is worked out.
        beam: `symbols`, `width`, `longest` and `length_penalty`.
        probabilities: A row for each text that stands before.
        profile: The conventions.

    Raises:
        ArgumentError: Something is missing, or the probabilities are none.
    """
    decoder = read_decoder(beam, probabilities)
    sections = tuple(_SearchWriter(decoder).sections())
    return Sheet(title, sections, profile.sentences()[1:])


def _p(symbol: str, before: Symbols = ()) -> Address:
    return Address(f"P({symbol}|{' '.join(before)})" if before else f"P({symbol})")


def _of(what: str, path: Symbols) -> Address:
    return Address(f"{what}({' '.join(path)})")


class _SearchWriter:
    """The lines of a search, and what they stand under.

    Args:
        decoder: The tables.
    """

    def __init__(self, decoder: TableDecoder) -> None:
        self.decoder = decoder
        self.found, self.greedy = decoder.search(decoder.width), decoder.search(1)
        self.values: dict[Address, float] = {}
        self.formulas: dict[Address, Expression | None] = {}
        self.searched = {
            **self._searched(self.greedy),
            **self._searched(self.found),
        }

    def _searched(self, found: Found) -> dict[Address, float]:
        """Return the numbers that a search worked with, by their addresses."""
        known: dict[Address, float] = {}
        for place, node in enumerate(found.nodes):
            path = found.path(place, self.decoder.texts)
            known[self._ln(path)] = node.logarithm
            known[_of("score", path)] = node.score
        for answer in found.answers:
            path = found.path(answer.node, self.decoder.texts)
            known[_of("rank", path)] = answer.rank
        return known

    def _ln(self, path: Symbols) -> Address:
        p = _p(path[-1], self.decoder.known(path[:-1]))
        return Address(f"ln {p.symbol}")

    # --- lines ------------------------------------------------------------------------------------
    def _line(self, address: Address, kind: str, formula: Expression | None) -> Iterator[Line]:
        """Yield a line, where it has not been worked out before."""
        if address in self.values:
            return
        if formula is not None:
            value = self.searched.get(address)
            worked = evaluate(formula, self.values.__getitem__)
            self.values[address] = worked if value is None else value
        self.formulas[address] = formula
        yield Line(address, self.values[address], formula, kind)

    def _hypothesis(self, path: Symbols) -> Iterator[Line]:
        """Yield ln P of the last symbol, and the score with it."""
        ln, score = self._ln(path), _of("score", path)
        p = Quantity(_p(path[-1], self.decoder.known(path[:-1])))
        yield from self._line(ln, "logarithm", apply(LOG, [p], {}))
        before = [Quantity(_of("score", path[:-1]))] if len(path) > 1 else []
        yield from self._line(score, "score", add([*before, Quantity(ln)]))

    def _rank(self, path: Symbols) -> Iterator[Line]:
        length = Sum(((1, Number(5.0)), (1, Number(float(len(path))))))
        divisor = power(Quotient(length, Number(6.0)), self.decoder.penalty)
        formula = Quotient(Quantity(_of("score", path)), divisor)
        yield from self._line(_of("rank", path), "rank", formula)

    def _probability(self, path: Symbols) -> Iterator[Line]:
        if len(path) > 1:  # else it is given
            formula = apply(EXP, [Quantity(_of("score", path))], {})
            yield from self._line(_p(" ".join(path)), "probability", formula)

    # --- sections ---------------------------------------------------------------------------------
    def sections(self) -> Iterator[Section]:
        """Yield what is given, each step, the answers, and greedy search."""
        yield self._given()
        steps = max(node.step for node in self.found.nodes)
        for step in range(1, steps + 1):
            yield self._step(step)
        yield self._finished()
        yield self._greedily()
        yield self._compared()

    def _given(self) -> Section:
        lines: list[Line] = []
        rows: list[tuple[Cell, ...]] = []
        for before, row in self.decoder.rows.items():
            addresses = [_p(symbol, before) for symbol in self.decoder.symbols]
            for address, p in zip(addresses, row, strict=True):
                self.values[address] = p
                lines.append(Line(address, p, None, "probability"))
            rows.append((" ".join(before) or BEGINNING, *addresses))
        sentence = "P(symbol | symbols before): the longest ending of what stands before counts."
        head = ("after", *self.decoder.symbols)
        return Section("Given", tuple(lines), sentence, LineTable(head, tuple(rows)))

    def _step(self, step: int) -> Section:
        """Return the hypotheses of a step: all, and which of them are kept."""
        decoder, found, texts = self.decoder, self.found, self.decoder.texts
        paths = decoder.continued(found, step)
        kept = {
            found.path(at, texts): "ended" if node.symbol == END else "kept"
            for at, node in enumerate(found.nodes)
            if node.step == step
        }
        lines = [line for path in paths for line in self._hypothesis(path)]
        scores = tuple(Quantity(_of("score", path)) for path in paths)
        ended = sum(1 for at in found.ended if found.nodes[at].step < step)
        free = decoder.width - ended
        for path, score in zip(paths, scores, strict=True):
            place = apply(PLACE, [score, scores], {"kept": free})
            lines += self._line(_of("place", path), "place", place)
        rows: list[tuple[Cell, ...]] = []
        for path in paths:
            p, score = _p(path[-1], decoder.known(path[:-1])), _of("score", path)
            added = self.formulas[score]
            assert added is not None
            place = _of("place", path)
            fate = kept.get(path, "")
            rows.append((" ".join(path), p, self._ln(path), added, score, place, fate))
        head = ("hypothesis", "P", "ln P", "before + ln P", "score", "place", "")
        sentence = STARTED if step == 1 else CONTINUED
        if step == decoder.longest:
            sentence = LAST.format(longest=step, end=decoder.symbols[-1])
        sentence += SOME_ENDED if ended else ""
        most = min(free, len(paths))
        sentence += KEPT.format(count=most) if most > 1 else KEPT_ONE
        return Section(f"Step {step}", tuple(lines), sentence, LineTable(head, tuple(rows)))

    def _finished(self) -> Section:
        """Return the ranks of the answers, in the order in which they finished."""
        paths = [self.found.path(place, self.decoder.texts) for place in self.found.ended]
        lines = [line for path in paths for line in self._rank(path)]
        ranks = tuple(Quantity(_of("rank", path)) for path in paths)
        lines += self._line(Address("best"), "winner", apply(LARGEST, [ranks], {}))
        alpha = self.decoder.penalty
        raised = "" if alpha == 1 else f" to the power {alpha:g}"
        sentence = FINISHED.format(raised=raised)
        return Section("The finished answers", tuple(lines), sentence)

    def _greedily(self) -> Section:
        decoder, path = self.decoder, self._best(self.greedy)
        lines: list[Line] = []
        rows: list[tuple[Cell, ...]] = []
        for length, symbol in enumerate(path):
            before, here = path[:length], path[: length + 1]
            lines += self._hypothesis(here)
            choices = [_p(choice, decoder.known(before)) for choice in decoder.symbols]
            score = _of("score", here)
            rows.append((" ".join(before) or BEGINNING, *choices, symbol, score))
        lit = frozenset((row, 1 + decoder.symbols.index(symbol)) for row, symbol in enumerate(path))
        head = ("after", *(f"P({symbol})" for symbol in decoder.symbols), "taken", "score")
        return Section("Greedy search", tuple(lines), GREEDY, LineTable(head, tuple(rows), lit))

    def _compared(self) -> Section:
        beam, greedy = self._best(self.found), self._best(self.greedy)
        lines = [line for path in (beam, greedy) for line in self._probability(path)]
        gain = self.found.answers[0].score - self.greedy.answers[0].score
        case = 0 if beam == greedy else 1 if gain > 0 else -1
        said = COMPARED[case].format(beam=" ".join(beam), greedy=" ".join(greedy))
        return Section("Both compared", tuple(lines), said)

    def _best(self, found: Found) -> Symbols:
        return found.path(found.answers[0].node, self.decoder.texts)
