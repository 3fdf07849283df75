"""Formulas as MathML, which browsers set by themselves."""

from __future__ import annotations

from html import escape

from glassnet.explain.notation import Fenced, Fraction, Leaf, Notation, Root, Row, Script, is_flat

__all__ = ["formula"]

APPLIED = (
    '<mo rspace=".17em">\u2061</mo>'  # what stands, unseen, between a function and its argument
)
TAGS = {"number": "mn", "sign": "mo"}
STILL = ' stretchy="false"'


def formula(written: Notation) -> str:
    """Return a formula as MathML, without the element around it.

    >>> formula(Script(Leaf("letter", "v"), Leaf("number", "1")))
    '<msub><mi>v</mi><mn>1</mn></msub>'
    """
    match written:
        case Leaf():
            return _leaf(written)
        case Row(parts):
            return "".join(map(formula, parts))
        case Fraction(above, below):
            return f"<mfrac>{_one(above)}{_one(below)}</mfrac>"
        case Script(base, None, None):
            return formula(base)
        case Script(base, below, above):
            tag = "msubsup" if below and above else "msub" if below else "msup"
            sides = "".join(_one(side) for side in (below, above) if side)
            return f"<{tag}>{_one(base)}{sides}</{tag}>"
        case Root(inside):
            return f"<msqrt>{formula(inside)}</msqrt>"
        case Fenced(left, inside, right):
            still = STILL if is_flat(inside) else ""
            return f"<mo{still}>{left}</mo>{formula(inside)}<mo{still}>{right}</mo>"


def _one(written: Notation) -> str:
    """Return a formula as one element, as what stands above or below must be."""
    text = formula(written)
    return f"<mrow>{text}</mrow>" if isinstance(written, Row | Fenced) else text


def _leaf(leaf: Leaf) -> str:
    text = escape(leaf.text, quote=False)
    match leaf.kind:
        case "front":
            return f'<mo form="prefix">{text}</mo>'
        case "letter":
            letter = f"<mi>{text}</mi>"
            if leaf.accent:
                return f'<mover accent="true">{letter}<mo>{leaf.accent}</mo></mover>'
            return letter
        case "function":
            return f"<mo>{text}</mo>" if text == "Σ" else f"<mi>{text}</mi>{APPLIED}"
        case "word" | "open" | "close" if text in ("(", ")", "|", "‖"):
            return f"<mo{STILL}>{text}</mo>"
        case "word" if text in ("/", ", ", "′", "…"):
            return f"<mo>{text.strip()}</mo>"
        case "word" | "text":
            return f"<mtext>{text.replace(' ', chr(0xA0))}</mtext>"
        case kind:
            return f"<{TAGS[kind]}>{text}</{TAGS[kind]}>"
