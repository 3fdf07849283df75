"""Markdown: what stands between dollar signs is true, and nothing else is read as Markdown."""

from __future__ import annotations

import re

import pytest

from glassnet.explain import explain
from glassnet.explain.problems import built_in
from tests.explain.equations import latex_value, rounds_to, substituted


def equations(page: str) -> list[tuple[str, str]]:
    """Return the sides of each equation that come last: with numbers put in, and the result."""
    found: list[tuple[str, str]] = []
    joined = page.replace("$\n  $=", " =")
    for text in re.findall(r"^- \$([^$\n]*)\$$", joined, re.MULTILINE):
        sides = text.split(" = ")
        if len(sides) == 4:
            found.append((sides[2], sides[3]))
    return found


@pytest.mark.parametrize("name", built_in())
@pytest.mark.parametrize("digits", [3, 6, 9])
def test_printed_equations_are_true(name: str, digits: int) -> None:
    workings = explain(name, digits=digits, carried=True)
    checked = equations(workings.to_markdown())
    assert len(checked) == substituted(workings) > 0
    for text, result in checked:
        found, wanted = latex_value(text), latex_value(result)
        assert rounds_to(found, wanted, digits), text


@pytest.mark.parametrize("name", built_in())
def test_dollar_signs_come_in_pairs(name: str) -> None:
    page = explain(name).to_markdown()
    for line in page.splitlines():
        assert line.count("$") % 2 == 0
        for text in re.findall(r"\$([^$]*)\$", line):
            assert text == text.strip() != ""
            assert text.count("{") == text.count("}")
    assert not re.search(r"\n\n\n", page)


def test_the_page_of_back_propagation() -> None:
    page = explain("backpropagation").to_markdown()
    assert page.startswith("# Back-propagation: one step of a 2-2-1 network (D6)\n\n- δ = −∂E/∂v")
    for text in (
        "## Forward: hidden layer\n",
        "- $x_1 = 0$, $x_2 = 1$\n",
        r"- $E = \frac{1}{2} \cdot (e_1^{\text{output}})^2 = \frac{1}{2} \cdot 0.477259^2 = 0.1138",
    ):
        assert text in page


def test_steps_have_headings() -> None:
    page = explain("momentum").to_markdown()
    assert page.count("\n## Momentum: two steps") == 2
    assert page.count("\n### Error\n") == 2
