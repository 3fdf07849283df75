"""How formulas with index letters stand on paper: names, Σ with its letter below, ∂E/∂w, ψ′."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from glassnet.explain.derivations.board import Board, node_of
from glassnet.explain.derivations.reading import spelled
from glassnet.explain.derivations.terms import (
    Applied,
    Chain,
    Change,
    Choice,
    Count,
    Element,
    Function,
    Index,
    Kronecker,
    LocalGradient,
    Number,
    Partial,
    Place,
    Power,
    Product,
    Quotient,
    Rate,
    Relation,
    Slope,
    Sum,
    Term,
    Total,
    factors_of,
    signed,
)
from glassnet.explain.expressions import Address
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
)
from glassnet.explain.symbols import name_of, number
from glassnet.records import dataclass

__all__ = ["Writer"]

CHOICE, RELATION, SUM, PRODUCT, POWER, ATOM = range(6)  # how strongly parts hold together
HALF = Fraction(Leaf("number", "1"), Leaf("number", "2"))
PARTIAL, PSI, PRIME = Leaf("letter", "∂"), Leaf("letter", "ψ"), Leaf("word", "′")
DOT, SPACE = Leaf("sign", "·"), Leaf("text", " ")
CLOSING = {"|": "|", "⌊": "⌋"}


@dataclass(frozen=True)
class _Piece:
    written: Notation
    strength: int = ATOM
    minus: bool = False  # whether it begins with a minus sign
    spelled: bool = False  # whether it must not stand beside another factor without a dot


class Writer:
    """How the quantities of a board are written.

    Args:
        board: The quantities.
    """

    def __init__(self, board: Board) -> None:
        self.board = board
        seen = Counter((name.symbol, self._letters(node)) for node, name in board.names.items())
        self.clashing = {
            node
            for node, name in board.names.items()
            if seen[name.symbol, self._letters(node)] > 1 and name.layer
        }

    def _letters(self, node: object) -> tuple[object, ...]:
        if not self.board.general:
            return ()
        return next(
            (e.places for e in (*self.board.given, *self.board.worked) if e.node is node), ()
        )

    def notation(self, term: Term) -> Notation:
        """Return how a formula is written."""
        return self._piece(term).written

    # --- names ------------------------------------------------------------------------------------
    def _element(self, element: Element, symbol: str = "") -> Notation:
        node = node_of(element)
        name = self.board.names[node]
        layer = name.layer if node in self.clashing else ""
        places = [place for axis, place in enumerate(element.places) if axis != name.examples]
        example = None if name.examples is None else element.places[name.examples]
        base = name_of(Address(symbol or name.symbol))
        below = self._places(places, node.shape if not self.board.general else None)
        above: list[Notation] = [Leaf("word", layer)] if layer else []
        if isinstance(example, Index):
            above.append(Leaf("number", f"({example.letter})"))
        elif isinstance(example, int) and not self.board.general:
            assert name.examples is not None
            if node.shape[name.examples] > 1:
                above.append(Leaf("number", f"({example + 1})"))
        return Script(base, below, row(*above) if above else None) if below or above else base

    def _places(self, places: Sequence[Place], shape: Sequence[int] | None) -> Notation | None:
        letters = [
            Leaf("letter", place.letter)
            if isinstance(place, Index)
            else Leaf("number", f"{place + 1}")
            for place in places
            if isinstance(place, Index) or (shape is not None and max(shape, default=1) > 1)
        ]
        return row(*letters) if letters else None

    def _sigma(self, index: Index) -> Notation:
        return Script(Leaf("function", "Σ"), Leaf("letter", index.letter))

    # --- formulas ---------------------------------------------------------------------------------
    def _piece(self, term: Term) -> _Piece:
        match term:
            case Number(_, letter) if letter:
                return _Piece(Leaf("letter", letter))
            case Number(value):
                if abs(value) == 0.5:
                    return _Piece(row(MINUS, HALF) if value < 0 else HALF, POWER, value < 0, True)
                return _Piece(number(value, 6), ATOM, value < 0, True)
            case Count(axis):
                return _Piece(Leaf("letter", self.board.letters.letter(axis).upper()))
            case Element():
                return _Piece(self._element(term))
            case LocalGradient(_, field):
                return _Piece(self._element(field, "δ"))
            case Change(_, weight):
                return _Piece(self._element(weight, "Δ" + self.board.names[node_of(weight)].symbol))
            case Rate():
                return _Piece(Leaf("letter", "η"))
            case Slope(_, field):
                inside = Fenced("(", self._element(field), ")")
                return _Piece(row(Script(PSI, above=PRIME), inside), POWER)
            case Partial(above, below, direct):
                found = Fraction(
                    row(PARTIAL, self._element(above)), row(PARTIAL, self._element(below))
                )
                held = Script(Fenced("(", found, ")"), Leaf("word", "direct")) if direct else found
                return _Piece(held, POWER, spelled=True)
            case Kronecker(left, right):
                places = self._places([left, right], (2,))
                return _Piece(Script(Leaf("letter", "δ"), places))
            case Sum(terms):
                return self._sum(terms)
            case Product():
                return self._product(term)
            case Chain(factors):
                return self._chain(factors)
            case Quotient(above, below) if _counts(below) and _has_sum(above):
                sign, plain = signed(above)
                head, *rest = factors_of(plain)
                over: Term = head if isinstance(head, Number) else Number(1.0)
                plain = Product(tuple(rest)) if over is head else plain
                share = Fenced("(", Fraction(self._open(over), self._open(below)), ")")
                body = row(share, SPACE, _inside(self._piece(plain), PRODUCT, False))
                return _Piece(row(MINUS, body) if sign < 0 else body, PRODUCT, sign < 0, True)
            case Quotient():
                sign, plain = signed(term)
                assert isinstance(plain, Quotient)
                found = Fraction(self._open(plain.above), self._open(plain.below))
                return (
                    _Piece(row(MINUS, found), PRODUCT, True)
                    if sign < 0
                    else _Piece(found, POWER, spelled=True)
                )
            case Power(base, exponent):
                raised = self._piece(exponent).written
                return _Piece(Script(_inside(self._piece(base), ATOM, False), above=raised), POWER)
            case Relation(sign, left, right):
                return _Piece(
                    row(self._open(left), Leaf("sign", sign), self._open(right)), RELATION
                )
            case Choice(then, condition, otherwise):
                return _Piece(
                    row(
                        _inside(self._piece(then), SUM, True),
                        Leaf("text", " if "),
                        _inside(self._piece(condition), RELATION, True),
                        Leaf("text", ", else "),
                        _inside(self._piece(otherwise), SUM, True),
                    ),
                    CHOICE,
                )
            case Total(index, inside, fold):
                body = _inside(self._piece(inside), PRODUCT, False)
                if fold != "sum":
                    word = Leaf("function", "max") if fold == "max" else Leaf("word", "∏")
                    sign = Script(word, Leaf("letter", index.letter))
                    return _Piece(row(sign, SPACE, body), PRODUCT)
                return _Piece(row(self._sigma(index), SPACE, body), PRODUCT, spelled=True)
            case Applied(op, (inside,)) if op.explain.form == "{0}":  # taken as a constant
                return _Piece(
                    row(Leaf("function", "const"), Fenced("(", self._open(inside), ")")), POWER
                )
            case Applied():
                return self._piece(spelled(term))
            case Function():
                return self._function(term)

    def _open(self, term: Term) -> Notation:
        return self._piece(term).written

    def _sum(self, terms: Sequence[Term]) -> _Piece:
        found: list[Notation] = []
        minus = False
        for position, term in enumerate(terms):
            sign, plain = signed(term)
            if sign < 0:
                found.append(Leaf("sign", "−") if position else MINUS)
                minus = minus or not position
            elif position:
                found.append(Leaf("sign", "+"))
            found.append(_inside(self._piece(plain), PRODUCT, False))
        return _Piece(row(*found), SUM, minus)

    def _product(self, term: Product) -> _Piece:
        sign, plain = signed(term)
        if sign < 0:
            inside = _inside(self._piece(plain), PRODUCT, False)
            return _Piece(row(MINUS, inside), PRODUCT, True)
        found: list[Notation] = []
        before: _Piece | None = None
        for position, factor in enumerate(term.factors):
            piece = self._piece(factor)
            if before is not None:
                dotted = piece.spelled and not isinstance(factor, Total)
                dotted = dotted or isinstance(
                    term.factors[position - 1], Total | Partial | Quotient
                )
                found.append(DOT if dotted else SPACE)
            last = position == len(term.factors) - 1
            least = PRODUCT if isinstance(factor, Total) and last else POWER
            found.append(_inside(piece, least, position == 0))
            before = piece
        return _Piece(row(*found), PRODUCT, spelled=bool(before and before.spelled))

    def _chain(self, factors: Sequence[Term]) -> _Piece:
        found: list[Notation] = []
        for position, factor in enumerate(factors):
            found += [DOT] if position else []
            last = position == len(factors) - 1
            short = isinstance(factor, Product) and not _has_sum(factor)
            least = PRODUCT if last or short else POWER
            found.append(_inside(self._piece(factor), least, False))
        begins = found[0].parts[0] if isinstance(found[0], Row) else found[0]
        return _Piece(row(*found), PRODUCT, begins == MINUS, True)

    def _function(self, term: Function) -> _Piece:
        match term:
            case Function("e", (exponent,)):
                return _Piece(Script(Leaf("word", "e"), above=self._open(exponent)), POWER)
            case Function("√", (inside,)):
                return _Piece(Root(self._open(inside)), POWER)
            case Function("|" | "⌊" as sign, (inside,)):
                return _Piece(Fenced(sign, self._open(inside), CLOSING[sign]))
            case Function(name, operands):
                listed: list[Notation] = []
                for operand in operands:
                    listed += [Leaf("word", ", ")] if listed else []
                    listed.append(self._open(operand))
                only = self._piece(operands[0])
                plain = len(operands) == 1 and only.strength == ATOM and not only.minus
                inside = row(*listed) if plain else Fenced("(", row(*listed), ")")
                return _Piece(row(Leaf("function", name), inside), POWER)


def _counts(term: Term) -> bool:
    return all(isinstance(factor, Count | Number) for factor in factors_of(term))


def _has_sum(term: Term) -> bool:
    return any(isinstance(factor, Total) for factor in factors_of(term))


def _inside(piece: _Piece, least: int, first: bool) -> Notation:
    if piece.strength >= least and (first or not piece.minus):
        return piece.written
    return Fenced("(", piece.written, ")")
