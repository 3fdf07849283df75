"""From what a formula says to how it stands on paper: brackets stand where they are needed.

The same for all that can set formulas in two dimensions. Ops are written as their records say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from glassnet.explain import forms
from glassnet.explain.expressions import (
    Address,
    Apply,
    Expression,
    Number,
    Power,
    Product,
    Quantity,
    Quotient,
    Sum,
)
from glassnet.explain.notation import (
    MINUS,
    Fenced,
    Fraction,
    Leaf,
    Notation,
    Root,
    Row,
    Script,
    row,
    width,
)
from glassnet.explain.symbols import number
from glassnet.records import dataclass

__all__ = ["notation"]

LONG = 46  # what is wider is not kept together in a fraction or in brackets
MIRRORED = {"<": ">", "≤": "≥"}
FIRST, LAST = 4, 2  # terms of a long sum that are written
CHOICE, RELATION, SUM, PRODUCT, POWER, ATOM = range(6)  # how strongly parts hold together

Write = Callable[[Address], Notation]


@dataclass(frozen=True)
class _Piece:
    written: Notation
    strength: int = ATOM
    minus: bool = False  # whether it begins with a minus sign


_Term = tuple[int, Callable[[bool], _Piece]]  # its sign, and how it is written: first or not


def notation(
    expression: Expression, write_quantity: Write, digits: int = 6, most_terms: int | None = None
) -> Notation:
    """Return how a formula is written.

    Args:
        expression: The formula.
        write_quantity: How a quantity is written: by its name, or by a number.
        digits: Significant digits of the numbers that are part of the formula.
        most_terms: Of sums with more terms than these the first and last are written; all if not
            given.
    """
    return _Writer(write_quantity, digits, most_terms).piece(expression).written


class _Writer:
    def __init__(self, name: Write, digits: int, most_terms: int | None) -> None:
        self.name, self.digits, self.most_terms = name, digits, most_terms

    def piece(self, expression: Expression, first: bool = True) -> _Piece:
        """Return an expression; one that does not stand first must not begin with a minus sign."""
        match expression:
            case Number(value):
                if value in (0.5, -0.5):
                    half = Fraction(Leaf("number", "1"), Leaf("number", "2"))
                    return _Piece(row(MINUS, half) if value < 0 else half, POWER, value < 0)
                return _strength_of(number(value, self.digits))
            case Quantity(address):
                return _strength_of(self.name(address))
            case Sum(terms):
                return self._sum(self._some([(sign, self._given(term)) for sign, term in terms]))
            case Product((Number(-1.0), *rest)):
                return _Piece(row(MINUS, self._product(rest, first=False)), PRODUCT, True)
            case Product(factors):
                minus = first and self.piece(factors[0]).minus
                return _Piece(self._product(factors, first), PRODUCT, minus)
            case Quotient(above, below):
                return self._quotient(self.piece(above), self.piece(below))
            case Power(base, exponent):
                return _raised(self.piece(base), number(exponent, 6))
            case Apply(op, operands, attributes):
                return self._applied(forms.parse(op.explain.form), operands, attributes)

    def _given(self, expression: Expression) -> Callable[[bool], _Piece]:
        return lambda first: self.piece(expression, first)

    def _some(self, terms: list[_Term]) -> list[_Term]:
        """Return the terms of a sum; of many the first and last, with … between them."""
        if self.most_terms is None or len(terms) <= self.most_terms:
            return terms
        dots = _Piece(Leaf("word", "…"))
        return [*terms[:FIRST], (1, lambda _: dots), *terms[-LAST:]]

    def _sum(self, terms: Sequence[_Term]) -> _Piece:
        parts: list[Notation] = []
        for position, (sign, term) in enumerate(terms):
            first = position == 0 and sign > 0
            if sign < 0:
                parts.append(Leaf("sign", "−") if position else MINUS)
            elif position:
                parts.append(Leaf("sign", "+"))
            parts.append(_inside(term(first), PRODUCT, first))
        begins = isinstance(parts[0], Row) and parts[0].parts[0] == MINUS
        return _Piece(row(*parts), SUM, parts[0] == MINUS or begins)

    def _product(self, factors: Sequence[Expression], first: bool = True) -> Notation:
        parts: list[Notation] = []
        for position, factor in enumerate(factors):
            if position:
                parts.append(Leaf("sign", "·"))
            begins = first and position == 0
            parts.append(_inside(self.piece(factor), PRODUCT if begins else POWER, begins))
        return row(*parts)

    def _quotient(self, above: _Piece, below: _Piece) -> _Piece:
        if max(width(above.written), width(below.written)) <= LONG:
            return _Piece(Fraction(above.written, below.written), POWER)
        left, right = _inside(above, PRODUCT, True), _inside(below, ATOM, False)
        return _Piece(row(left, Leaf("sign", "/"), right), PRODUCT, above.minus)

    # --- operations, as their records write them --------------------------------------------------
    def _applied(
        self,
        form: forms.Form,
        operands: Sequence[Expression | tuple[Expression, ...]],
        attributes: Mapping[str, Any],
    ) -> _Piece:
        holes: dict[str, _Piece | tuple[_Piece, ...]] = {}
        for key, value in attributes.items():
            holes[key] = self._setting(value)
        for position, operand in enumerate(operands):
            holes[str(position)] = (
                tuple(self.piece(entry) for entry in operand)
                if isinstance(operand, tuple)
                else self.piece(operand)
            )
        match form, operands:
            case forms.Infix(sign, left, right), (Number(), second) if (
                sign in MIRRORED and not isinstance(second, Number)
            ):
                form = forms.Infix(MIRRORED[sign], right, left)  # v ≥ 0, rather than 0 ≤ v
            case _:
                pass
        if form == forms.Hole("0"):  # yes or no, as a number
            form = forms.Choice(forms.Literal("1"), form, forms.Literal("0"))
        return self._form(form, holes)

    def _setting(self, value: Any) -> _Piece:
        if isinstance(value, int | float):
            return _strength_of(number(float(value), self.digits))
        return _Piece(Leaf("word", str(value)))

    def _form(self, form: forms.Form, holes: Mapping[str, Any]) -> _Piece:
        match form:
            case forms.Hole(key):
                return _listed(holes[key]) if isinstance(holes[key], tuple) else holes[key]
            case forms.Literal(text):
                is_number = text[0].isdigit()
                is_word = len(text) > 1 or text == "e"  # Euler's number stands upright
                return _Piece(
                    Leaf("number" if is_number else "word" if is_word else "letter", text)
                )
            case forms.Infix("+" | "−" as sign, left, right):
                other = -1 if sign == "−" else 1
                halves = [(1, self._form(left, holes)), (other, self._form(right, holes))]
                return self._sum([(sign, lambda _, half=half: half) for sign, half in halves])
            case forms.Infix("/", left, right):
                return self._quotient(self._open(left, holes), self._open(right, holes))
            case forms.Infix("·" | "" as sign, left, right):
                between = [Leaf("sign", sign)] if sign else [Leaf("text", " ")]
                first = _inside(self._form(left, holes), PRODUCT, True)
                second = _inside(self._form(right, holes), POWER, False)
                return _Piece(row(first, *between, second), PRODUCT)
            case forms.Infix(sign, left, right):
                between = [Leaf("text", f" {sign} ") if sign.isalpha() else Leaf("sign", sign)]
                first, second = (
                    _inside(self._form(side, holes), SUM, True) for side in (left, right)
                )
                return _Piece(row(first, *between, second), RELATION)
            case forms.Prefix(word, inside):
                return self._prefixed(word, inside, holes)
            case forms.Raised(base, exponent):
                raised = self._form(exponent, holes)
                return _raised(self._form(base, holes), raised.written)
            case forms.Bracketed():
                return self._bracketed(form, holes)
            case forms.Choice(then, condition, otherwise):
                return _Piece(
                    row(
                        _inside(self._form(then, holes), SUM, True),
                        Leaf("text", " if "),
                        _inside(self._form(condition, holes), RELATION, True),
                        Leaf("text", ", else "),
                        _inside(self._form(otherwise, holes), SUM, True),
                    ),
                    CHOICE,
                )

    def _prefixed(self, word: str, inside: forms.Form, holes: Mapping[str, Any]) -> _Piece:
        listed = [key for key in _keys(inside) if isinstance(holes.get(key), tuple)]
        if word == "Σ" and listed:  # the sum over a list, with each entry written out
            entries = [self._form(inside, {**holes, listed[0]: one}) for one in holes[listed[0]]]
            return self._sum(self._some([(1, lambda _, entry=entry: entry) for entry in entries]))
        if word == "√":
            return _Piece(Root(self._open(inside, holes).written), POWER)
        if word == "−":
            return _Piece(row(MINUS, _inside(self._form(inside, holes), POWER, False)), SUM, True)
        entry = self._form(inside, holes)
        is_plain = entry.strength == ATOM and not entry.minus
        is_list = isinstance(inside, forms.Hole) and bool(listed)
        nested = isinstance(inside, forms.Prefix)
        written = entry.written if is_list or (nested and not listed) else None
        if written is None:
            written = entry.written if is_plain else _fence(entry.written)
        return _Piece(row(Leaf("function", word), written), POWER)

    def _open(self, form: forms.Form, holes: Mapping[str, Any]) -> _Piece:
        """Return a form without brackets around it: a fraction or a root holds it together."""
        if isinstance(form, forms.Bracketed) and form.name is None and form.left == "(":
            (form,) = form.entries
        return self._form(form, holes)

    def _bracketed(self, form: forms.Bracketed, holes: Mapping[str, Any]) -> _Piece:
        entries: list[Notation] = []
        for entry in form.entries:
            entries += [Leaf("word", ", ")] if entries else []
            entries.append(self._form(entry, holes).written)
        inside = Fenced(form.left, row(*entries), form.right)
        if form.name is None:
            return _Piece(inside)
        if isinstance(form.name, forms.Literal):
            return _Piece(row(Leaf("function", form.name.text), inside), POWER)
        return _Piece(row(_inside(self._form(form.name, holes), ATOM, False), inside), POWER)


def _keys(form: forms.Form) -> list[str]:
    """Return the keys of the holes in a form."""
    match form:
        case forms.Hole(key):
            return [key]
        case forms.Infix(_, left, right) | forms.Raised(left, right):
            return _keys(left) + _keys(right)
        case forms.Prefix(_, inside):
            return _keys(inside)
        case forms.Bracketed(_, _, entries, _):
            return [key for entry in entries for key in _keys(entry)]
        case _:
            return []


def _listed(entries: Sequence[_Piece]) -> _Piece:
    parts: list[Notation] = []
    for entry in entries:
        parts += [Leaf("word", ", ")] if parts else []
        parts.append(entry.written)
    return _Piece(Fenced("(", row(*parts), ")"))


def _strength_of(written: Notation) -> _Piece:
    """Return a name or a number with what must be known of it."""
    if isinstance(written, Row) and _is_step(written.parts[-1]):
        return _Piece(written, ATOM if not isinstance(written.parts[0], Fraction) else POWER)
    if isinstance(written, Row):
        minus = written.parts[0] == MINUS
        rest = written.parts[1:] if minus else written.parts
        return _Piece(written, ATOM if len(rest) == 1 else POWER, minus)
    has_exponent = isinstance(written, Script) and written.above is not None
    return _Piece(written, POWER if has_exponent or isinstance(written, Fraction) else ATOM)


def _is_step(written: Notation) -> bool:
    """Whether this is a step in time behind a name: (2)."""
    return isinstance(written, Leaf) and written.kind == "number" and written.text[:1] == "("


def _raised(base: _Piece, exponent: Notation) -> _Piece:
    return _Piece(Script(_inside(base, ATOM, False), above=exponent), POWER)


def _inside(piece: _Piece, least: int, first: bool) -> Notation:
    if piece.strength >= least and (first or not piece.minus):
        return piece.written
    return _fence(piece.written)


def _fence(written: Notation) -> Notation:
    if width(written) <= LONG:
        return Fenced("(", written, ")")
    return row(Leaf("open", "("), written, Leaf("close", ")"))
