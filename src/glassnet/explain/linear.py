"""Formulas on one line, with Unicode signs: for the terminal, for JSON, and to be typed."""

from __future__ import annotations

from collections.abc import Sequence

from glassnet.explain.expressions import Address
from glassnet.explain.notation import (
    Fenced,
    Fraction,
    Leaf,
    Notation,
    Root,
    Row,
    Script,
    row,
)
from glassnet.explain.symbols import ENDINGS, name_of

__all__ = ["linear", "symbol_of"]

LOWERED = str.maketrans("0123456789+−aeijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋ₐₑᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ")
RAISED = str.maketrans("0123456789−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
ABOVE_STEP = str.maketrans("()0123456789", "⁽⁾⁰¹²³⁴⁵⁶⁷⁸⁹")  # an example, above a step in time
ACCENTS = {"^": "\u0302", "~": "\u0303", "¯": "\u0304"}
HALF = Fraction(Leaf("number", "1"), Leaf("number", "2"))


def symbol_of(address: Address, *, layered: bool = True) -> str:
    """Return how a quantity is written: v₁ of the hidden layer is `hidden.v₁`.

    Args:
        address: The quantity.
        layered: Whether its layer is written in front.
    """
    return linear(name_of(address, layered=layered))


def linear(written: Notation) -> str:
    """Return a formula as text: what is above and below a fraction stands side by side.

    >>> one, x = Leaf("number", "1"), Leaf("letter", "x")
    >>> linear(Fraction(one, Row((one, Leaf("sign", "+"), Script(x, one)))))
    '1 / (1 + x₁)'
    """
    match written:
        case Leaf():
            return _leaf(written)
        case Row(parts):
            return "".join(map(_in_row, (None, *parts), parts, (*parts[1:], None)))
        case Fraction():
            return _fraction(written)
        case Script():
            return _script(written)
        case Root(inside):
            return f"√{_as_one(inside)}"
        case Fenced(left, inside, right):
            return f"{left}{linear(inside)}{right}"


def _leaf(leaf: Leaf) -> str:
    return leaf.text + ACCENTS.get(leaf.accent, "")


def _in_row(before: Notation | None, part: Notation, following: Notation | None) -> str:
    """Return a part of a row with the space that it needs."""
    if isinstance(part, Fraction) and before is not None and linear(part).startswith("−"):
        return f"({linear(part)})"
    if isinstance(part, Leaf) and part.kind == "sign":
        return f" {part.text} "
    if isinstance(part, Leaf) and part.kind == "function" and not isinstance(following, Fenced):
        return f"{part.text} "
    return linear(part)


def _fraction(written: Fraction) -> str:
    above, below = written.above, written.below
    if written == HALF:
        return "½"
    if isinstance(above, Row) and above.parts[0] == Leaf("letter", "∂"):
        return f"{linear(above)}/{linear(below)}"
    loose = _has(above, ("+", "−", "=", "≥", ">", "≤", "<"))
    top = f"({linear(above)})" if loose else linear(above)
    return f"{top} / {_as_one(below)}"


def _has(written: Notation, signs: Sequence[str]) -> bool:
    parts = written.parts if isinstance(written, Row) else ()
    return any(
        isinstance(part, Leaf) and part.kind == "sign" and part.text in signs for part in parts
    )


def _as_one(written: Notation) -> str:
    """Return a formula in brackets if it would fall apart without."""
    loose = isinstance(written, Row | Fraction) and written != HALF
    return f"({linear(written)})" if loose else linear(written)


def _script(written: Script) -> str:
    base = written.base
    if isinstance(base, Fenced) and isinstance(base.inside, Script):
        base = base.inside  # a name: on one line nothing stands above it
    text = linear(base)
    below = written.below
    gate = below.parts[0] if isinstance(below, Row) else below
    if isinstance(gate, Leaf) and gate.kind == "word":
        text += f"_{gate.text.strip()}"
        below = row(*below.parts[1:]) if isinstance(below, Row) else None
    if below is not None:
        places = linear(below)
        fits = all(sign in ",\u2009 " or ord(sign) in LOWERED for sign in places)
        comma = ",\u2009" if "," in places else ","
        lowered = places.replace(" ", "").replace(",", comma).translate(LOWERED)
        text += lowered if fits else f"_{_as_one(below)}"
    return text if written.above is None else _raised(text, written.base, written.above)


def _raised(text: str, base: Notation, above: Notation) -> str:
    first = above.parts[0] if isinstance(above, Row) else above
    if first == Leaf("word", "′"):
        return text + linear(above)
    if isinstance(first, Leaf) and first.kind == "word" and base != Leaf("word", "e"):
        return _tagged(text, first.text, "" if above is first else linear(above)[len(first.text) :])
    exponent = linear(above)
    if exponent.startswith("(") and isinstance(first, Leaf):  # the number of an example
        return text + (exponent.translate(ABOVE_STEP) if isinstance(base, Row) else exponent)
    whole = exponent.removeprefix("−").isdigit() and base != Leaf("word", "e")
    if isinstance(above, Script) and above.above is not None:
        return f"{text}^({exponent})"
    return text + (exponent.translate(RAISED) if whole else f"^{_as_one(above)}")


def _tagged(text: str, words: str, example: str) -> str:
    """Return a name with what is said of it: its layer in front, whether it is new behind."""
    layer, ending = "", ""
    for word in words.removesuffix("\u2009").split(", "):
        if f" {word}" in ENDINGS:
            ending = f" {word}"
        else:
            layer = f"{word}."
    return f"{layer}{text}{example}{ending}"
