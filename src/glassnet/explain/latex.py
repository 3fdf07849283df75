"""Workings as LaTeX: a document for pdflatex, and the formulas that Markdown uses too."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from glassnet.explain.notation import (
    Fenced,
    Fraction,
    Leaf,
    Notation,
    Root,
    Row,
    Script,
    broken,
    is_flat,
    width,
)
from glassnet.explain.parts import Equation, Page, Part, Table

__all__ = ["formula", "prose", "render_latex"]

WIDE = 62  # digits on a line of a page
SIGNS = {
    "−": "-", "·": r"\cdot", "≤": r"\le", "≥": r"\ge", "≠": r"\ne", "∂": r"\partial",
    "∞": r"\infty", "Σ": r"\sum", "‖": r"\|", "…": r"\dots", "′": r"\prime", "½": r"\tfrac{1}{2}",
    "→": r"\to", "×": r"\times", "√": r"\surd", "∈": r"\in", "⌊": r"\lfloor", "⌋": r"\rfloor",
    "|": r"\vert",
}  # fmt: skip
FUNCTIONS = ("tanh", "ln", "max", "min", "sin", "cos", "exp", "log")
ACCENTS = {"^": r"\hat", "~": r"\tilde", "¯": r"\bar"}
ESCAPED = {sign: f"\\{sign}" for sign in "#$%&_{}"} | {
    "\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
    "\u2009": r"\,", "\u00a0": "~", "–": "--", "—": "---", "’": "'", "‘": "`", "“": "``", "”": "''",
    "<": r"\(<\)", ">": r"\(>\)", "|": r"\(\vert\)",
}  # fmt: skip
LETTERS = {
    "ß": "ss", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L",
}  # fmt: skip
OVER_LETTERS = {
    "\u0300": "`", "\u0301": "'", "\u0302": "^", "\u0303": "~", "\u0304": "=", "\u0306": "u",
    "\u0307": ".", "\u0308": '"', "\u030a": "r", "\u030b": "H", "\u030c": "v", "\u0327": "c",
}  # fmt: skip
HEAD = r"""\documentclass[11pt]{article}
\usepackage{amsmath}
\usepackage[a4paper,margin=2.2cm]{geometry}
\setlength{\parindent}{0pt}
\setlength{\parskip}{4pt}
\allowdisplaybreaks
"""


# --- formulas -------------------------------------------------------------------------------------
def formula(written: Notation) -> str:
    """Return a formula as LaTeX, to be put between signs for mathematics."""
    match written:
        case Leaf():
            return _leaf(written)
        case Row(parts):
            return _joined([formula(part) for part in parts])
        case Fraction(above, below):
            return f"\\frac{{{formula(above)}}}{{{formula(below)}}}"
        case Script(base, below, above):
            body = formula(base)
            simple = isinstance(base, Leaf | Fenced)
            body = body if simple else f"{{{body}}}"
            body += f"_{_small(below)}" if below else ""
            return body + (f"^{_small(above)}" if above else "")
        case Root(inside):
            return f"\\sqrt{{{formula(inside)}}}"
        case Fenced(left, inside, right):
            return _fenced(left, inside, right)


def _small(written: Notation) -> str:
    text = formula(written)
    return text if len(text) == 1 else f"{{{text}}}"


def _leaf(leaf: Leaf) -> str:
    text = leaf.text
    match leaf.kind:
        case "number":
            return r"\infty" if text == "∞" else r"\text{nan}" if text == "nan" else text
        case "front":
            return SIGNS.get(text, text)
        case "sign":
            return f" {SIGNS.get(text, text)} "
        case "open":
            return rf"\bigl{text}"
        case "close":
            return rf"\bigr{text}"
        case "function":
            if text in FUNCTIONS:
                return f"\\{text}"
            return r"\sum" if text == "Σ" else rf"\operatorname{{{prose(text)}}}"
        case "word" if text in ("′", "‖", "/", ", ", "…", "(", ")", "|"):
            return SIGNS.get(text, text)
        case "word" | "text" if not text.strip():
            return r"\ "
        case "word" | "text":
            return rf"\mathrm{{{text}}}" if text == "e" else rf"\text{{{prose(text)}}}"
        case _:
            letter = _letter(text)
            return f"{ACCENTS[leaf.accent]}{{{letter}}}" if leaf.accent else letter


def _letter(letter: str) -> str:
    if letter in SIGNS:
        return SIGNS[letter]
    if letter.isascii():
        return letter
    return _greek(letter) or rf"\text{{{prose(letter)}}}"


def _greek(letter: str) -> str:
    """Return the command of a Greek letter; "" for other signs."""
    words = unicodedata.name(letter, "").split()
    if len(words) != 4 or words[0] != "GREEK" or words[2] != "LETTER":
        return ""
    name = words[3].lower().replace("lamda", "lambda")
    if name == "omicron":
        return "o"
    if words[1] == "CAPITAL":
        plain = unicodedata.normalize("NFKD", letter)
        latin = {"Α": "A", "Β": "B", "Ε": "E", "Ζ": "Z", "Η": "H", "Ι": "I", "Κ": "K", "Μ": "M",
                 "Ν": "N", "Ο": "O", "Ρ": "P", "Τ": "T", "Χ": "X"}  # fmt: skip
        return latin.get(plain, f"\\{name.capitalize()}")
    return f"\\{name}"


def _fenced(left: str, inside: Notation, right: str) -> str:
    opening, closing = (
        (r"\lvert", r"\rvert") if left == "|" else (SIGNS.get(left, left), SIGNS.get(right, right))
    )
    body = formula(inside)
    if is_flat(inside):
        return _joined([opening, body, closing])
    return _joined([rf"\left{opening}", body, rf"\right{closing}"])


def _joined(texts: Sequence[str]) -> str:
    r"""Return pieces side by side; where a letter would run into a command, apart."""
    found = ""
    for text in texts:
        command = found.rpartition("\\")[2]
        apart = "\\" in found and command.isalpha() and text[:1].isalpha()
        digits = "\\" in found and command.isalpha() and text[:1].isdigit()
        found += f" {text}" if apart or digits else text
    return found


def prose(text: str) -> str:
    """Return a sentence as LaTeX: reserved signs escaped, mathematical ones as commands."""
    return "".join(map(_sign, unicodedata.normalize("NFC", text)))


def _sign(sign: str) -> str:
    if sign in ESCAPED:
        return ESCAPED[sign]
    if sign.isascii():
        return sign if sign.isprintable() else " "
    command = SIGNS.get(sign) or _greek(sign)
    if command:
        return rf"\({command}\)"
    plain = unicodedata.normalize("NFD", sign)
    if sign in LETTERS:
        return rf"\{LETTERS[sign]}{{}}"
    if len(plain) == 2 and plain[0].isascii() and plain[1] in OVER_LETTERS:
        letter = rf"\{plain[0]}" if plain[0] in "ij" else plain[0]
        return rf"\{OVER_LETTERS[plain[1]]}{{{letter}}}"
    kind, _, code = unicodedata.decomposition(sign).partition(" ")
    if kind in ("<super>", "<sub>"):
        return rf"\({'^' if kind == '<super>' else '_'}{{{_letter(chr(int(code, 16)))}}}\)"
    return f"[U+{ord(sign):04X}]"


# --- the document ---------------------------------------------------------------------------------
def render_latex(title: str, pages: Sequence[Page]) -> str:
    """Return a document for pdflatex with some pages.

    Args:
        title: What is worked out.
        pages: The steps.
    """
    found = [HEAD, r"\begin{document}", rf"\section*{{\raggedright {prose(title)}}}"]
    said = pages[0].conventions if pages else ()
    if said:
        found += [r"\begin{itemize}", *(rf"\item {prose(text)}" for text in said)]
        found.append(r"\end{itemize}")
    for page in pages:
        if page.title != title:
            found += ["", rf"\section*{{\raggedright {prose(page.title)}}}"]
        for part in page.parts:
            found += _part(part)
    return "\n".join([*found, "", r"\end{document}", ""])


def _part(part: Part) -> Iterator[str]:
    yield ""
    yield rf"\subsection*{{\raggedright {prose(part.title)}}}"
    if part.sentence:
        yield prose(part.sentence)
    for group in part.groups():
        texts = [rf"\({formula(entry.name)} = {formula(entry.result)}\)" for entry in group]
        yield ", \\quad\n".join(texts) + r"\par"
    if part.workings:
        rows = [row for entry in part.workings for row in _rows(entry)]
        yield r"\begin{align*}"
        yield " \\\\\n".join(rows)
        yield r"\end{align*}"
    if part.sentence and part.tables and not part.given and not part.workings:
        yield r"\par"  # else the first table stands in the sentence's last line
    for table in part.tables:
        yield from _table(table)
    for picture in part.pictures:
        yield from (r"\begin{verbatim}", picture.text, r"\end{verbatim}") if picture.text else ()


def _table(table: Table) -> Iterator[str]:
    if table.caption:
        yield prose(table.caption) + r"\par"
    yield rf"\begin{{tabular}}{{{'r' * len(table.head)}}}"
    yield " & ".join(map(_entry, table.head)) + r" \\ \hline"
    for number, row in enumerate(table.rows):
        cells = [_entry(entry) for entry in row]
        lit = [
            rf"\fbox{{{cell}}}" if (number, at) in table.lit else cell
            for at, cell in enumerate(cells)
        ]
        yield " & ".join(lit) + r" \\"
    yield r"\end{tabular}\par"


def _entry(entry: Notation | str) -> str:
    return prose(entry) if isinstance(entry, str) else rf"\({formula(entry)}\)"


def _rows(entry: Equation) -> Iterator[str]:
    """Yield the lines of an equation: all on one if there is room, else a line for each side."""
    head = formula(entry.name)
    room = WIDE - width(entry.name)
    if sum(map(width, entry.sides)) + 4 * len(entry.sides) <= room:
        yield f"{head} &= " + " = ".join(map(formula, entry.sides))
        yield from _aside(entry)
        return
    for side in entry.sides:
        for position, piece in enumerate(broken(side, room - 3)):
            yield f"{head} &= {formula(piece)}" if not position else rf"&\quad {formula(piece)}"
            head = ""
    yield from _aside(entry)


def _aside(entry: Equation) -> Iterator[str]:
    if entry.sentence:
        yield rf"&\quad \parbox[t]{{.7\linewidth}}{{\small {prose(entry.sentence)}}}"
