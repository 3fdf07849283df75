"""How formulas stand on paper: fractions, exponents, roots, brackets.

LaTeX and MathML differ only in how they write these parts. `setting` puts them together from what a
formula says, `symbols` from the names of quantities.
"""

from __future__ import annotations

from glassnet.records import dataclass

__all__ = [
    "MINUS",
    "Fenced",
    "Fraction",
    "Leaf",
    "Notation",
    "Root",
    "Row",
    "Script",
    "broken",
    "is_flat",
    "row",
    "width",
]


@dataclass(frozen=True)
class Leaf:
    """A number, a letter or a sign.

    Args:
        kind: "number"; "letter" (italic); "word" (upright); "function" (upright, before what it is
            of); "text" (words between formulas); "sign" (between two things); "front" (a sign in
            front of one); "open", "close" (a bracket whose partner may stand on another line).
        text: The number, letter or sign.
        accent: "^", "~" or "¯": what stands above a letter.
    """

    kind: str
    text: str
    accent: str = ""


@dataclass(frozen=True)
class Row:
    """Parts one after the other; none of them is a row."""

    parts: tuple[Notation, ...]


@dataclass(frozen=True)
class Fraction:
    """One thing above another."""

    above: Notation
    below: Notation


@dataclass(frozen=True)
class Script:
    """Something with an index below, an exponent above, or both."""

    base: Notation
    below: Notation | None = None
    above: Notation | None = None


@dataclass(frozen=True)
class Root:
    """A square root."""

    inside: Notation


@dataclass(frozen=True)
class Fenced:
    """Something in brackets that grow with it."""

    left: str
    inside: Notation
    right: str


Notation = Leaf | Row | Fraction | Script | Root | Fenced

MINUS = Leaf("front", "−")


def row(*parts: Notation) -> Notation:
    """Return parts one after the other, rows among them opened."""
    flat: list[Notation] = []
    for part in parts:
        flat += part.parts if isinstance(part, Row) else (part,)
    return flat[0] if len(flat) == 1 else Row(tuple(flat))


def width(written: Notation) -> float:
    """Return about how wide something is, in digits."""
    match written:
        case Leaf(kind, text, _):
            return len(text) + (1.6 if kind in ("sign", "function", "text") else 0.0)
        case Row(parts):
            return sum(map(width, parts))
        case Fraction(above, below):
            return max(width(above), width(below)) + 0.4
        case Script(base, below, above):
            return width(base) + 0.7 * max(width(side) if side else 0.0 for side in (below, above))
        case Root(inside):
            return width(inside) + 1.5
        case Fenced(_, inside, _):
            return width(inside) + 1.6


def is_flat(written: Notation) -> bool:
    """Whether something is no higher than a line, so that brackets around it need not grow."""
    match written:
        case Leaf():
            return True
        case Row(parts):
            return all(map(is_flat, parts))
        case Script(base, _, _):
            return is_flat(base)
        case Fenced(_, inside, _):
            return is_flat(inside)
        case _:
            return False


def broken(written: Notation, most: float) -> list[Notation]:
    """Return something in pieces that are at most so wide, if it can be cut before a sign.

    It is cut before + and −, and before · only where there is no other way.
    """
    parts = written.parts if isinstance(written, Row) else (written,)
    pieces: list[Notation] = []
    for signs in ("+−=", "·"):
        todo = pieces or [row(*parts)]
        pieces = [cut for piece in todo for cut in _cut(piece, signs, most)]
    return pieces


def _cut(written: Notation, signs: str, most: float) -> list[Notation]:
    if not isinstance(written, Row) or width(written) <= most:
        return [written]
    terms: list[list[Notation]] = [[]]
    for part in written.parts:
        if isinstance(part, Leaf) and part.kind == "sign" and part.text in signs and terms[-1]:
            terms.append([])
        terms[-1].append(part)
    found = [terms[0]]
    for term in terms[1:]:
        if width(row(*found[-1], *term)) <= most:
            found[-1] += term
        else:
            found.append(term)
    return [row(*term) for term in found]
