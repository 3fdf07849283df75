"""Beam search: exhaustive where it is wide, greedy where it is one wide, always what it says."""

from __future__ import annotations

import itertools
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from glassnet.training.translation.beam import Beam, finished, length_penalty, search

SYMBOLS = 4  # START, END, a, b
NAMES = {0: "⟨start⟩", 1: "⟨end⟩", 2: "a", 3: "b"}
LONGEST = 4


def _table(seed: int) -> Any:
    """Return probabilities of the next symbol after each history, as logarithms."""
    rng = np.random.default_rng(seed)
    known: dict[tuple[int, ...], Any] = {}
    for length in range(LONGEST):
        for history in itertools.product((2, 3), repeat=length):
            p = rng.dirichlet([0.7] * SYMBOLS)
            known[history] = np.log(p)
    return known


def _step(tables: list[Any], width: int) -> Any:
    """Return a decoder that knows its history: the state is the symbols so far."""

    def step(before: Any, state: Any) -> Any:
        histories = state["history"]
        after = np.concatenate([histories, before[:, None]], 1)
        rows = []
        for row, history in enumerate(after.tolist()):
            known = tuple(symbol for symbol in history if symbol > 1)
            rows.append(tables[row // width].get(known, np.full(SYMBOLS, -1.0)))
        return np.array(rows), {"history": after}

    return step


def _join(numbers: list[int]) -> str:
    return "".join(NAMES[number] for number in numbers if number > 1)


def _search(tables: list[Any], width: int, alpha: float = 0.0) -> list[Any]:
    state = {"history": np.zeros((len(tables), 0), int)}
    found = search(_step(tables, width), state, len(tables), width, LONGEST)
    return [finished(nodes, ended, NAMES, _join, alpha) for nodes, ended in found]


def _all(table: Any) -> dict[str, float]:
    """Return every answer with ln P; at the last step the end is taken."""
    found: dict[str, float] = {}
    for length in range(LONGEST):
        for history in itertools.product((2, 3), repeat=length):
            score = sum(table[history[:at]][symbol] for at, symbol in enumerate(history))
            found["".join(NAMES[s] for s in history)] = score + table[history][1]
    return found


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])
def test_a_wide_beam_is_an_exhaustive_search(seed: int, alpha: float) -> None:
    table = _table(seed)
    [answers] = _search([table], 15, alpha)
    everything = _all(table)
    assert {h.text: pytest.approx(h.score) for h in answers} == everything
    ranks = {t: s / length_penalty(len(t) + 1, alpha) for t, s in everything.items()}
    assert answers[0].text == max(ranks, key=lambda text: ranks[text])
    assert [h.rank for h in answers] == sorted((h.rank for h in answers), reverse=True)


@pytest.mark.parametrize("seed", range(8))
def test_a_beam_of_one_is_greedy(seed: int) -> None:
    table = _table(seed)
    text: tuple[int, ...] = ()
    for time in range(LONGEST):
        row = table[text].copy()
        row[0] = -np.inf
        symbol = 1 if time == LONGEST - 1 else int(row.argmax())
        if symbol == 1:
            break
        text += (symbol,)
    [[only]] = _search([table], 1)
    assert only.text == "".join(NAMES[s] for s in text)


def test_a_wider_beam_finds_better_answers_here() -> None:
    """Greedy search takes a, the more probable symbol; b leads to the more probable answer."""
    table = dict.fromkeys(_table(0), np.log([1e-9, 0.4, 0.3, 0.3]))
    table[()] = np.log([1e-9, 0.01, 0.55, 0.44])
    table[(3,)] = np.log([1e-9, 0.97, 0.01, 0.02])
    assert [answers[0].text for answers in (_search([table], 1)[0], _search([table], 2)[0])] == [
        "a",
        "b",
    ]


def test_sources_do_not_touch_each_other() -> None:
    tables = [_table(seed) for seed in range(5)]
    together = _search(tables, 3)
    for table, answers in zip(tables, together, strict=True):
        assert _search([table], 3)[0] == answers


def test_symbols_that_are_never_answered() -> None:
    state = {"history": np.zeros((1, 0), int)}
    [(nodes, ended)] = search(_step([_table(1)], 3), state, 1, 3, LONGEST, never=(2,))
    assert {node.symbol for node in nodes} == {1, 3}
    assert len(ended) == 3


def _beam(seed: int = 2, width: int = 3) -> Beam:
    state = {"history": np.zeros((1, 0), int)}
    [(nodes, ended)] = search(_step([_table(seed)], width), state, 1, width, LONGEST)
    answers = finished(nodes, ended, NAMES, _join, 0.6)
    return Beam("<a & b>", answers, tuple(nodes), NAMES, width, 0.6)


def test_the_table_adds_up() -> None:
    beam = _beam()
    for step, before, _, logarithm, score, after, _ in beam.rows():
        assert after == pytest.approx(score + logarithm)
        assert len(before) == step - 1
    text = str(beam)
    assert "step  hypothesis" in text
    assert text.count("finished") == 3
    assert max(map(len, text.splitlines())) <= 80
    assert "&lt;a &amp; b&gt;" in beam._repr_html_()
    assert [h["text"] for h in beam.to_dict()["hypotheses"]] == [h.text for h in beam.hypotheses]


def test_the_tree_is_a_picture_of_all_that_was_kept() -> None:
    beam = _beam()
    root = ET.fromstring(beam.picture())
    boxes = [e for e in root.iter() if e.tag.endswith("rect")]
    edges = [e for e in root.iter() if e.tag.endswith("path")]
    assert len(boxes) == len(edges) == len(beam.nodes)
    thick = [e for e in edges if e.get("class") == "edge best"]
    assert len(thick) == len(beam.best.symbols) + 1
    assert "<a & b>" in "".join(root.itertext())
    placed = {(box.get("x"), box.get("y")) for box in boxes}
    assert len(placed) == len(boxes)  # none lies on another
