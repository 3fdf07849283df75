"""HTML: a page that needs nothing else, and equations that are true of the numbers on it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from glassnet.errors import ArgumentError, OutputError
from glassnet.explain import explain
from glassnet.explain.problems import built_in
from glassnet.explain.styles import STYLE
from tests.explain.equations import NotNumbersError, mathml_value, rounds_to, substituted

MATH = re.compile(r"<math>(.*?)</math>")


def equations(page: str) -> list[tuple[str, str]]:
    """Return the sides of each equation that come last: with numbers put in, and the result."""
    found: list[tuple[str, str]] = []
    for block in re.findall(r'<div class="working">(.*?)</div>', page):
        _, *pieces = MATH.findall(block)
        sides: list[str] = []
        for piece in pieces:
            begins = piece.startswith('<mo form="infix">=</mo>')
            if begins:
                sides.append("")
            sides[-1] += piece.removeprefix('<mo form="infix">=</mo>' if begins else "")
        if len(sides) == 3:
            found.append((sides[1], sides[2]))
    return found


@pytest.mark.parametrize("name", built_in())
@pytest.mark.parametrize("digits", [3, 6, 9])
def test_printed_equations_are_true(name: str, digits: int) -> None:
    workings = explain(name, digits=digits, carried=True)
    checked = equations(workings.to_html())
    assert len(checked) == substituted(workings) > 0
    for text, result in checked:
        found, wanted = mathml_value(text), mathml_value(result)
        assert rounds_to(found, wanted, digits), text


@pytest.mark.parametrize("name", built_in())
def test_pages_are_well_formed_and_need_nothing_else(name: str) -> None:
    page = explain(name).to_html()
    body = page.removeprefix("<!DOCTYPE html>\n")
    body = re.sub(r"<meta [^>]*>", "", body).replace("<details open>", "<details>")
    ET.fromstring(body)  # every element is closed
    for word in ("http", "<script", "<link", "@import", "url(", "src="):
        assert word not in page
    assert page.count("<h1>") == 1
    assert "prefers-color-scheme:dark" in page
    assert "@media print" in page
    assert 'name="viewport"' in page
    allowed = {
        "math", "mrow", "mi", "mn", "mo", "mtext", "mfrac", "msup", "msub", "msubsup", "msqrt",
        "mover",
    }  # fmt: skip
    assert {tag for tag in re.findall(r"<(m\w+)", page) if tag not in ("meta",)} <= allowed


def test_the_page_of_back_propagation() -> None:
    page = explain("backpropagation").to_html()
    assert len(page.encode()) <= 60_000
    assert page.index("δ = −∂E/∂v") < page.index("<svg") < page.index("<details")
    picture = page[page.index("<svg") : page.index("</svg>")]
    for text in ("x₂ = 1", "y₁ = 0.549834", "δ₁ = 0.0117885", "b = −0.2", ">−0.1</text>"):
        assert text in picture
    assert picture.count("<line") == 6
    assert "δ₁ = 0.119068" in picture


def test_numbers_and_names_are_told_apart() -> None:
    with pytest.raises(NotNumbersError):
        mathml_value("<mi>v</mi>")


@pytest.mark.parametrize("name", ["perceptron", "momentum"])
def test_several_steps_unfold(name: str) -> None:
    workings = explain(name)
    page = workings.to_html()
    for sheet in workings.sheets:
        assert f"<summary><h2>{sheet.title}</h2></summary>" in page
    assert page.count("<details") == page.count("</details>") > len(workings.sheets)


def test_the_picture_of_a_large_network_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    text = '[network]\nlayers = ["40 tanh", "1 linear"]\n[data]\nx = [[1.0, 2.0]]\nd = [[1.0]]\n'
    path.write_text(text, encoding="utf-8")
    assert "<svg" not in explain(path).to_html()
    path.write_text(text.replace("40", "12").replace("[data]", "[data]"), encoding="utf-8")
    page = explain(path).to_html()
    assert page.count("<line") == 36
    assert 'class="weight"' not in page


def test_titles_are_escaped(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        'title = "<b>&_$"\n[network]\nlayers = ["1 linear"]\n[data]\nx = [[1.0]]\nd = [[1.0]]\n',
        encoding="utf-8",
    )
    workings = explain(path)
    assert "<h1>&lt;b&gt;&amp;_$</h1>" in workings.to_html()
    assert workings.to_markdown().startswith("# \\<b\\>&\\_\\$\n")
    assert r"\section*{\raggedright \(<\)b\(>\)\&\_\$}" in workings.to_latex()


def test_notebooks_show_the_same() -> None:
    workings = explain("backpropagation")
    part = workings._repr_html_()
    assert part in workings.to_html()
    assert part.startswith('<div class="glassnet-workings">')
    rules = re.findall(r"([^{}]+)\{[^{}]*\}", STYLE)
    assert len(rules) > 20
    assert all(".glassnet-workings" in rule for rule in rules)


@pytest.mark.parametrize("ending", ["txt", "md", "tex", "html", "json"])
def test_saving(ending: str, tmp_path: Path) -> None:
    workings = explain("backpropagation")
    path = tmp_path / f"own.{ending}"
    for _ in range(2):  # a file that exists is replaced
        workings.save(path)
    names = {"txt": "text", "md": "markdown", "tex": "latex"}
    assert path.read_text(encoding="utf-8") == workings.render(names.get(ending, ending))
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_saving_where_it_cannot_be(tmp_path: Path) -> None:
    workings = explain("backpropagation")
    with pytest.raises(ArgumentError, match=r"\.txt, \.md, \.tex"):
        workings.save(tmp_path / "own.pdf")
    with pytest.raises(OutputError, match="no folder"):
        workings.save(tmp_path / "none" / "own.md")
    with pytest.raises(ArgumentError, match="did you mean 'latex'"):
        workings.render("latx")


def test_on_paper_nothing_is_folded_coloured_or_cut() -> None:
    style = explain("perceptron").to_html()
    paper = style.partition("@media print{")[2].partition("</style>")[0]
    assert "--paper:#fff" in paper
    assert "--result:#000" in paper
    for rule in (
        "details::details-content{content-visibility:visible",
        ":is(.working>span,.table,figure){overflow:visible}",
        ":is(.working,.given,figure,tr){break-inside:avoid}",
        "details:has(details)+details{break-before:page}",
    ):
        assert rule in paper
    assert paper.count("{") == paper.count("}") - 1  # the last one closes @media
    assert len(explain("backpropagation").to_html().encode()) <= 60_000
