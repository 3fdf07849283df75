"""Beam search on paper: beside the search itself, beside every answer there is, and marked."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, DataError
from glassnet.explain import explain
from glassnet.explain.checking import check
from glassnet.explain.exercises import exercise
from glassnet.explain.expressions import evaluate
from glassnet.explain.marks import FOLLOWS, RIGHT, WRONG
from glassnet.explain.problems import Problem, load_problem, read_problem
from glassnet.explain.problems.beam_tables import read_decoder
from glassnet.explain.sheet import Sheet
from glassnet.explain.text import columns_of
from glassnet.explain.worksheet import course_of, worksheet

PROBLEMS: dict[str, Problem] = {
    "built in": load_problem("beam-search"),
    **{f"level {n}": exercise("beam", seed=n, level=n).problem for n in (1, 2, 3)},
    "wide": Problem(
        "wide",
        {},
        beam={"symbols": ["x", "y", "end"], "width": 9, "longest": 3, "length_penalty": 0.7},
        probabilities={"start": [0.5, 0.3, 0.2], "x": [0.2, 0.5, 0.3], "y": [0.1, 0.3, 0.6]},
    ),
    "greedy": Problem(
        "greedy",
        {},
        beam={"symbols": ["x", "y", "end"], "width": 1, "longest": 3},
        probabilities={"start": [0.5, 0.3, 0.2], "x": [0.2, 0.5, 0.3], "y": [0.1, 0.3, 0.6]},
    ),
}
TEXT = """
[beam]
symbols = ["a", "b", "end"]
[probabilities]
start = [0.5, 0.4, 0.1]
a = [0.1, 0.5, 0.4]
b = [0.6, 0.15, 0.25]
"""


def sheet_of(problem: Problem) -> Sheet:
    (sheet,) = explain(problem).sheets
    return sheet


def p(problem: Problem, path: tuple[str, ...]) -> float:
    """Return the probability of a hypothesis: a product, row by row, without the library."""
    found = 1.0
    for at, symbol in enumerate(path):
        names = [" ".join(path[start:at]) or "start" for start in range(at + 1)]
        row = next(problem.probabilities[n] for n in names if n in problem.probabilities)
        found *= row[problem.beam["symbols"].index(symbol)]
    return found


# --- beside the search, and beside every answer ---------------------------------------------------
@pytest.mark.parametrize("name", PROBLEMS)
def test_the_numbers_are_those_of_the_search(name: str) -> None:
    problem = PROBLEMS[name]
    sheet = sheet_of(problem)
    decoder = read_decoder(problem.beam, problem.probabilities)
    found, texts = decoder.search(decoder.width), decoder.texts
    ended = dict[int, int]()
    for place, node in enumerate(found.nodes):
        path = found.path(place, texts)
        assert sheet[f"score({' '.join(path)})"].value == node.score
        room = decoder.width - sum(n for step, n in ended.items() if step < node.step)
        assert sheet[f"place({' '.join(path)})"].value <= room
        ended[node.step] = ended.get(node.step, 0) + (path[-1] == decoder.symbols[-1])
    for answer in found.answers:
        path = " ".join(found.path(answer.node, texts))
        assert sheet[f"rank({path})"].value == answer.rank
    best = [found.path(place, texts) for place in found.ended][int(sheet["best"].value) - 1]
    assert best == found.path(found.answers[0].node, texts)


@pytest.mark.parametrize("name", PROBLEMS)
def test_scores_are_logarithms_of_products(name: str) -> None:
    problem = PROBLEMS[name]
    counted = 0
    for line in sheet_of(problem).lines():
        what, _, inside = str(line.address).rstrip(")").partition("(")
        path = tuple(inside.split())
        if what == "score":
            assert line.value == pytest.approx(math.log(p(problem, path)), rel=1e-12)
            counted += 1
        elif what == "rank":
            length = ((5 + len(path)) / 6) ** problem.beam.get("length_penalty", 0.0)
            assert line.value == pytest.approx(math.log(p(problem, path)) / length, rel=1e-12)
        elif what == "P" and "|" not in inside:
            assert line.value == pytest.approx(p(problem, path), rel=1e-12)
    assert counted >= 7


@pytest.mark.parametrize("name", PROBLEMS)
def test_places_and_what_is_dropped(name: str) -> None:
    """At each step the places are those of the sorted products; the first ones go on."""
    problem = PROBLEMS[name]
    sheet, room = sheet_of(problem), int(problem.beam["width"])
    before: list[tuple[str, ...]] = [()]
    steps = [section for section in sheet.sections if section.title.startswith("Step")]
    end = problem.beam["symbols"][-1]
    for number, section in enumerate(steps, start=1):
        last = number == problem.beam["longest"]
        symbols = [end] if last else problem.beam["symbols"]
        ways = sorted(
            ((*path, symbol) for path in before for symbol in symbols),
            key=lambda path: -p(problem, path),
        )
        assert section.table is not None
        assert {row[0] for row in section.table.rows} == {" ".join(path) for path in ways}
        fates = {row[0]: row[-1] for row in section.table.rows}
        for place, path in enumerate(ways, start=1):
            text = " ".join(path)
            assert sheet[f"place({text})"].value == place
            kept = "ended" if path[-1] == end else "kept"
            assert fates[text] == (kept if place <= room else "")
        best = ways[:room]
        before = [path for path in best if path[-1] != end]
        room -= sum(path[-1] == end for path in best)
    assert not before or not room, "nothing is left to be continued"


def test_the_built_in_beam_finds_the_most_probable_answer_and_greedy_does_not() -> None:
    problem = PROBLEMS["built in"]
    answers = {
        (*path, "end"): p(problem, (*path, "end"))
        for length in range(4)
        for path in itertools.product("ab", repeat=length)
    }
    assert max(answers, key=answers.__getitem__) == ("b", "a", "end")
    sheet = sheet_of(problem)
    assert sheet["P(b a end)"].value == pytest.approx(0.216)
    assert sheet["P(a b a end)"].value == pytest.approx(0.09)
    assert "The beam's answer is the more probable one: b a end" in str(explain(problem))


def test_the_page() -> None:
    for problem in PROBLEMS.values():
        for digits in (3, 6):
            page = str(explain(problem, digits=digits))
            assert max(map(columns_of, page.splitlines())) <= 80
    page = str(explain("beam-search"))
    assert page.count("kept\n") == 5
    assert page.count("ended\n") == 2
    assert re.search(
        r"b a +0\.6 +−0\.510826 +−0\.916291 \+ \(−0\.510826\) +−1\.42712 +2 +kept\n", page
    )
    for form in ("markdown", "latex", "html"):
        assert explain("beam-search").render(form).count("hypothesis") >= 4
    assert "\\par\n\\begin{tabular}" in explain("beam-search").to_latex()
    assert explain("beam-search").to_html().count('<td class="lit">') == 4
    quantities = [
        entry["address"]
        for section in explain("beam-search").to_json()["steps"][0]["sections"]
        for entry in section["quantities"]
    ]
    assert {"P(b|a)", "ln P(b|a)", "score(a b)", "place(a b)", "best"} <= set(quantities)


def test_only_what_is_asked() -> None:
    problem = replace(PROBLEMS["built in"], asked=("score(b a)", "place(end)"))
    (sheet,) = explain(problem).sheets
    names = [str(line.address) for line in sheet.lines()]
    assert "score(b a)" in names
    assert "score(a b)" not in names
    page = str(explain(problem))
    assert "score(b a) = score(b) + ln P(a|b) = −0.916291 + (−0.510826) = −1.42712\n" in page
    assert "place(score(end)) in(score(a), score(b), score(end))" in page


# --- marked ---------------------------------------------------------------------------------------
def filled_in(wrong: Mapping[str, float]) -> str:
    """Return the sheet of a student who makes mistakes, and goes on with what he has."""
    values: dict[Any, float] = {}
    lines: list[str] = []
    for entry in course_of("beam-search").entries:
        formula = entry.line.formula
        value = entry.line.value if formula is None else evaluate(formula, values.__getitem__)
        values[entry.address] = wrong.get(entry.name, value)
        if entry.role == "asked":
            lines.append(f"{entry.name} = {values[entry.address]:.8g}")
    return "\n".join(lines)


MISTAKES = [
    ({"ln P(b|a)": math.log10(0.5)}, "another-logarithm"),
    ({"ln P(b|a)": math.log2(0.5)}, "another-logarithm"),
    ({"score(b a)": math.log(0.4) + 0.6}, "logarithm-forgotten"),
    ({"score(b a)": math.log(0.6)}, "term-forgotten"),
    ({"score(b a)": math.log(0.5) + math.log(0.6)}, "another-place"),
    ({"place(a)": 3, "place(end)": 1}, "order-of-places"),
    ({"place(b)": 3, "place(end)": 2}, "kept-wrongly"),
    ({"rank(b a end)": math.log(0.216) / (7 / 6)}, "end-not-counted"),
    ({"rank(b a end)": math.log(0.216)}, "penalty-forgotten"),
]


@pytest.mark.parametrize(("wrong", "code"), MISTAKES, ids=[code for _, code in MISTAKES])
def test_mistakes_are_found_and_named(wrong: dict[str, float], code: str) -> None:
    checked = check("beam-search", filled_in(wrong))
    assert {mark.address for mark in checked.marks if mark.status == WRONG} == set(wrong)
    assert checked.causes[0].code == code
    assert set(checked.causes[0].lines) <= set(wrong)


def test_a_wrong_score_changes_places_that_follow() -> None:
    checked = check("beam-search", filled_in({"score(a b)": -1.5}))
    assert checked["place(a b)"].status == checked["place(b a)"].status == FOLLOWS
    assert checked["score(a b a)"].status == FOLLOWS
    assert checked["score(b a end)"].is_right
    assert checked["place(a a)"].status == RIGHT


def test_a_hypothesis_kept_wrongly_is_said() -> None:
    checked = check("beam-search", filled_in({"place(b)": 3, "place(end)": 2}))
    texts = {cause.text: cause.lines for cause in checked.causes}
    assert texts["a hypothesis is kept that is not among the 2 best"] == ("place(end)",)
    assert texts["a hypothesis is dropped that is among the 2 best"] == ("place(b)",)


def test_a_place_by_itself_is_first_of_all_a_choice() -> None:
    checked = check("beam-search", "ln P(a) = -0.693\nplace(end) = 2")
    assert checked.causes[0].code == "kept-wrongly"
    assert checked["place(end)"].cause == "a hypothesis is kept that is not among the 2 best"


def test_a_place_is_no_number_that_is_copied_wrongly() -> None:
    checked = check("beam-search", filled_in({"place(a a)": 5, "best": 2}))
    assert checked.counts[WRONG] == 2
    assert not checked.causes


def test_spellings() -> None:
    text = "lnP(b|a) = -0,6931\nscore(ab): -1.3863\nplace (a b) = 1\nrank(baend)=-1.149"
    found = {mark.address: mark for mark in check("beam-search", text).marks}
    for name in ("ln P(b|a)", "score(a b)", "place(a b)", "rank(b a end)"):
        assert found[name].is_right, name


def test_the_blank_sheet() -> None:
    blank = str(worksheet("beam-search"))
    assert "P(a|b a) = 0.06\n" in blank
    assert "score(b a end) =\n" in blank
    assert "# Step 3\n" in blank


# --- exercises ------------------------------------------------------------------------------------
@pytest.mark.parametrize("level", [1, 2, 3])
def test_exercises_are_honest(level: int) -> None:
    for seed in range(12):
        one = exercise("beam", seed=seed, level=level)
        for row in one.problem.probabilities.values():
            assert sum(round(100 * value) for value in row) == 100
            assert len(set(row)) == len(row)
            assert all(value == round(value, 2) for value in row)
        sheet = sheet_of(one.problem)
        scores = [line.value for line in sheet.lines() if str(line.address).startswith("place")]
        assert scores
        for section in sheet.sections:
            places = [x.value for x in section.lines if str(x.address).startswith("place")]
            assert sorted(places) == list(range(1, len(places) + 1)), "no ties"
        last = sheet.sections[-1]
        assert last.sentence.startswith("The beam's answer is the more probable one")


# --- what is not a beam search --------------------------------------------------------------------
@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"a", "b", "end"', '"a", "a b", "end"', "words of letters"),
        ('"a", "b", "end"', '"a", "b", "bend"', "none may begin with another"),
        ('"a", "b", "end"', '"end"', "2 to 8 words"),
        ("[0.5, 0.4, 0.1]", "[0.5, 0.4, 0.2]", "must add up to 1; it is 1.1"),
        ("[0.5, 0.4, 0.1]", "[0.5, 0.5, 0.0]", "a probability above 0 for each of a, b, end"),
        ("[0.5, 0.4, 0.1]", "[0.5, 0.5]", "a probability above 0 for each of a, b, end"),
        ("b = [0.6", "c = [0.6", "has a row for 'c'"),
        ("b = [0.6, 0.15, 0.25]", "", "no row for what follows 'b'"),
        ("[probabilities]", "width = 0\n[probabilities]", "width"),
        ("[probabilities]", "longest = 1\n[probabilities]", "longest"),
        ("[probabilities]", "length_penalty = -1\n[probabilities]", "length_penalty"),
    ],
)
def test_problems_that_do_not_fit_together(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(ArgumentError, match=re.escape(message)):
        explain(read_problem(TEXT.replace(old, new), "own"))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("start =", '"a b" =', "[probabilities] has no start"),
        ("symbols =", "symbol =", "symbols"),
        ("[beam]", "[rule]\nname = 'lms'\n[beam]", "[rule] and [beam]"),
    ],
)
def test_files_that_are_no_problem(old: str, new: str, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        read_problem(TEXT.replace(old, new), "own")


def test_what_it_does_not_have() -> None:
    with pytest.raises(ArgumentError, match="no gradient of a cost"):
        gn.explain("beam-search", symbols=True)
    with pytest.raises(ArgumentError, match="shown whole"):
        gn.explain("beam-search", table=True)
    with pytest.raises(ArgumentError, match="is a beam search"):
        gn.paths("beam-search", "a")
