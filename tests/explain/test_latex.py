"""LaTeX: documents that can be set, and equations that are true of the numbers printed in them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from glassnet.explain import explain
from glassnet.explain.expressions import Address
from glassnet.explain.latex import formula, prose
from glassnet.explain.problems import built_in
from glassnet.explain.symbols import name_of
from tests.explain.equations import NotNumbersError, latex_value, rounds_to, substituted

COMMANDS = set(
    re.findall(
        r"\w+",
        """documentclass usepackage setlength parindent parskip allowdisplaybreaks begin end
        section subsection raggedright item par quad text frac cdot partial delta eta Delta mathrm
        operatorname sqrt left right bigl bigr max min ln tanh lvert rvert le ge ne infty sum
        hat bar tilde gamma beta sigma mu lambda prime lfloor rfloor to times dots vert psi
        hline fbox""",
    )
)


def equations(document: str) -> list[tuple[str, float]]:
    """Return the substituted sides of a document, with the results printed after them."""
    found: list[tuple[str, float]] = []
    for block in re.findall(r"\\begin\{align\*\}\n(.*?)\n\\end\{align\*\}", document, re.DOTALL):
        rows = re.sub(r" \\\\\n&\\quad ", " ", block).split(" \\\\\n")
        sides: list[str] = []
        for row in rows:
            head, _, rest = row.partition("&=")
            sides = ([] if head.strip() else sides) + rest.split(" = ")
            result = re.fullmatch(r"\s*-?[\d.]+(?: \\cdot 10\^\{?-?\d+\}?)?", sides[-1])
            if len(sides) > 1 and result:
                try:
                    latex_value(sides[-2])
                except (NotNumbersError, SyntaxError, NameError):  # it has names in it
                    continue
                found.append((sides[-2], latex_value(sides[-1])))
    return found


@pytest.mark.parametrize("name", built_in())
@pytest.mark.parametrize("digits", [3, 6, 9])
def test_printed_equations_are_true(name: str, digits: int) -> None:
    workings = explain(name, digits=digits, carried=True)
    checked = 0
    for text, wanted in equations(workings.to_latex()):
        found = latex_value(text)
        assert rounds_to(found, wanted, digits), text
        checked += 1
    assert checked == substituted(workings) > 0


@pytest.mark.parametrize("name", built_in())
def test_documents_are_well_formed(name: str) -> None:
    document = explain(name).to_latex()
    assert document.isascii()
    stack: list[str] = []
    for kind, what in re.findall(r"\\(begin|end)\{([\w*]+)\}", document):
        if kind == "begin":
            stack.append(what)
        else:
            assert stack.pop() == what
    assert not stack
    plain = re.sub(r"\\[{}\\]", "", document)
    depth = 0
    for sign in plain:
        depth += {"{": 1, "}": -1}.get(sign, 0)
        assert depth >= 0
    assert depth == 0
    used = set(re.findall(r"\\([A-Za-z]+)", document))
    assert used <= COMMANDS, used - COMMANDS
    assert document.count(r"\(") == document.count(r"\)")
    assert document.count(r"\left") == document.count(r"\right")


def test_the_documents_equations() -> None:
    document = explain("backpropagation").to_latex()
    for text in (
        r"y_1^{\text{hidden}} &= \frac{1}{1 + \mathrm{e}^{-v_1^{\text{hidden}}}} = \frac{1}",
        r" = \frac{1}{1 + \mathrm{e}^{-0.2}} = 0.549834",
        r"E &= \frac{1}{2} \cdot (e_1^{\text{output}})^2 = \frac{1}{2} \cdot 0.477259^2 = 0.113888",
        r"w_{11}^{\text{output, new}} &= w_{11}^{\text{output}} + {\Delta w}_{11}^{\text{output}}",
    ):
        assert text in document


@pytest.mark.parametrize(
    ("symbol", "written"),
    [
        ("δ", r"\delta_{1,12}^{\text{hidden}}"),
        ("ŵ", r"\hat{w}_{1,12}^{\text{hidden}}"),
        ("∂E/∂v", r"\frac{\partial E}{\partial v_{1,12}^{\text{hidden}}}"),
        ("∂E/∂ŵ", r"\frac{\partial E}{\partial\hat{w}_{1,12}^{\text{hidden}}}"),
        ("w new", r"w_{1,12}^{\text{hidden, new}}"),
        ("σ²", r"{\sigma^2}_{1,12}^{\text{hidden}}"),
        ("z′", r"{z^{\prime}}_{1,12}^{\text{hidden}}"),
        ("m̂(w)", r"{\hat{m}(w)}_{1,12}^{\text{hidden}}"),
        ("mean_square(w)", r"{\text{mean square}(w)}_{1,12}^{\text{hidden}}"),
        ("x − m", r"(x - m)_{1,12}^{\text{hidden}}"),
    ],
)
def test_symbols(symbol: str, written: str) -> None:
    assert formula(name_of(Address(symbol, "hidden", (1, 12)))) == written


def test_sentences_are_escaped() -> None:
    assert prose("50 % of $x_1 & {y}#\\~^") == (
        r"50 \% of \$x\_1 \& \{y\}\#\textbackslash{}\textasciitilde{}\textasciicircum{}"
    )
    assert prose("η and ‖g‖ ≤ 1, 中") == r"\(\eta\) and \(\|\)g\(\|\) \(\le\) 1, [U+4E2D]"
    assert prose("é, ï, ß, Ō, Š, ą") == r"\'{e}, \"{\i}, \ss{}, \={O}, \v{S}, [U+0105]"


@pytest.mark.parametrize("name", built_in())
def test_pdflatex_sets_the_document(name: str, tmp_path: Path) -> None:
    program = shutil.which("pdflatex")
    if program is None:
        pytest.skip("pdflatex is not on this machine")
    explain(name).save(tmp_path / "own.tex")
    command = [program, "-interaction=nonstopmode", "-halt-on-error", "own.tex"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout[-2000:]
    assert "Overfull" not in result.stdout
