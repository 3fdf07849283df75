"""Search for the most probable answer: a beam of hypotheses (K3)."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from math import prod
from typing import Any

from glassnet.explain.exercises.draws import Draws
from glassnet.explain.exercises.kind import Draft, kind

WIDTH = 2
SYMBOLS = {1: ("a", "b", "end"), 2: ("a", "b", "end"), 3: ("a", "b", "c", "end")}
LONGEST = {1: 3, 2: 4, 3: 3}
PARTS = {1: 10, 2: 20, 3: 100}  # probabilities are tenths, or have two places
PENALTY = {1: 1.0, 2: 1.0, 3: 0.5}
APART = 1.05  # how many times as probable the one of two hypotheses is, at least
GAIN = 1.2  # the same of the beam's answer and of greedy search's


@kind("beam", "K3", "Beam search: a table of hypotheses")
def beam(draws: Draws, level: int) -> Draft | None:
    """Every continuation of two hypotheses at each step; greedy search finds something worse."""
    symbols, longest, alpha = SYMBOLS[level], LONGEST[level], PENALTY[level]
    rows = {key: _row(draws, len(symbols), PARTS[level]) for key in ("start", *symbols[:-1])}
    if not all(rows.values()):
        return None
    settings = {
        "symbols": list(symbols),
        "width": WIDTH,
        "longest": longest,
        "length_penalty": alpha,
    }
    if not _teaches(settings, rows):
        return None
    *others, end = symbols
    task = (
        f"A decoder answers with {', '.join(others)} and {end}, which ends an answer. P(a|b) is "
        "the probability of a after b, P(a) that of a at the beginning. Search with a beam of "
        f"width {WIDTH}: for each continuation of the kept hypotheses work out ln P, the score "
        "(the sum of all ln P from the beginning) and its place, 1 for the highest score. The "
        f"{WIDTH} best are kept, and an answer that has ended keeps its room; it has at most "
        f"{longest} symbols, its end counted. Divide the scores of the ended answers by "
        f"((5 + length) / 6)^α with α = {alpha:g}; which is the best? Compare its probability with "
        "that of what greedy search finds."
    )
    return Draft(task, beam=settings, probabilities=rows)


def _row(draws: Draws, count: int, parts: int) -> list[float]:
    """Return probabilities that add up to 1, no two the same; none if these draws make none."""
    cuts = sorted({0, parts, *(draws.whole(1, parts - 1) for _ in range(count - 1))})
    drawn = {high - low for low, high in pairwise(cuts)}
    return [(high - low) / parts for low, high in pairwise(cuts)] if len(drawn) == count else []


def _teaches(settings: Mapping[str, Any], rows: Mapping[str, list[float]]) -> bool:
    """Whether no two hypotheses are as good, and greedy search goes wrong at the first symbol."""
    from glassnet.explain.problems.beam_tables import read_decoder

    decoder = read_decoder(settings, rows)
    found, greedy = decoder.search(WIDTH), decoder.search(1)
    best, other = found.answers[0], greedy.answers[0]
    misled = best.symbols[:1] != other.symbols[:1] and found.nodes[found.ended[0]].step > 1
    if not misled or len(found.answers) < WIDTH or best.probability < GAIN * other.probability:
        return False
    if abs(best.rank - found.answers[1].rank) < 0.05:
        return False
    for step in range(1, found.nodes[-1].step + 1):
        ways = [
            prod(decoder.after(path[:at])[symbol] for at, symbol in enumerate(path))
            for path in decoder.continued(found, step)
        ]
        ways.sort()
        if any(high < APART * low for low, high in pairwise(ways)):
            return False
    return True
