"""What the records of ops say, as formulas: `1 / (1 + e^(−{0}))` with a formula put in for {0}."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from glassnet.explain import forms
from glassnet.explain.derivations.terms import (
    Applied,
    Chain,
    Choice,
    Element,
    Function,
    Index,
    Kronecker,
    Number,
    Power,
    Product,
    Quotient,
    Relation,
    Sum,
    Term,
    Total,
    add,
    divide,
    factors_of,
    multiply,
    negate,
    power,
    rebuilt,
    signed,
)
from glassnet.graph.operation import Op

__all__ = ["apply", "derivatives", "is_plain", "read", "same", "spelled", "written_with"]

LETTERS = {"π": math.pi}
PLAIN = ("+", "−", "·", "/")
Fold = Callable[[Term], Term]


def read(
    form: forms.Form,
    holes: Mapping[str, Term],
    fold: Fold | None = None,
    *,
    as_written: bool = False,
) -> Term:
    """Return a form as a formula.

    Args:
        form: A form of a record.
        holes: What is put in: inputs by number, settings by name, the output as "y".
        fold: What Σ of a list becomes.
        as_written: Whether products and quotients stay as they stand, rather than put in order.
    """

    def inside(part: forms.Form) -> Term:
        return read(part, holes, fold, as_written=as_written)

    match form:
        case forms.Hole(key):
            return holes[key]
        case forms.Literal(text) if text in LETTERS:
            return Number(LETTERS[text], text)
        case forms.Literal(text):
            return Number(float(text))
        case forms.Infix("+" | "−" as sign, left, right) if as_written:
            other = inside(right)
            return Sum((inside(left), negate(other) if sign == "−" else other))
        case forms.Infix("+", left, right):
            return add([inside(left), inside(right)])
        case forms.Infix("−", left, right):
            return add([inside(left), negate(inside(right))])
        case forms.Infix("·", left, right) if as_written:
            return Chain((inside(left), inside(right)))
        case forms.Infix("/", left, right) if as_written:
            return Quotient(inside(left), inside(right))
        case forms.Infix("·" | "", left, right):
            return multiply([inside(left), inside(right)])
        case forms.Infix("/", left, right):
            return divide(inside(left), inside(right))
        case forms.Infix(sign, left, right):
            return Relation(sign, inside(left), inside(right))
        case forms.Prefix("−", part):
            return negate(inside(part))
        case forms.Prefix("Σ", part) if fold is not None:
            return fold(inside(part))
        case forms.Prefix(word, part):
            return Function(word, (inside(part),))
        case forms.Raised(forms.Literal("e"), exponent):
            return Function("e", (inside(exponent),))
        case forms.Raised(base, exponent):
            return power(inside(base), inside(exponent))
        case forms.Bracketed(None, "(", (part,), _):
            return inside(part)
        case forms.Bracketed(None, left, (part,), _):
            return Function(left, (inside(part),))
        case forms.Bracketed(forms.Literal(name), "(", entries, _) if not name[0].isdigit():
            return Function(name, tuple(map(inside, entries)))
        case forms.Bracketed((forms.Hole() | forms.Literal()) as name, "(", (part,), _):
            return multiply([inside(name), inside(part)])
        case forms.Choice(then, condition, otherwise):
            return Choice(inside(then), inside(condition), inside(otherwise))
        case _:
            raise ValueError(f"the form {form} is no formula of single numbers")


def apply(op: Op, operands: tuple[Term, ...], settings: Mapping[str, Any]) -> Term:
    """Return an operation on single numbers: sums, products and powers are opened."""
    form = forms.parse(op.explain.form)
    constant = set(op.explain.derivatives) == {"0"}  # as for stop_gradient: not to be seen through
    if is_plain(form) and not constant:
        return read(form, _holes(operands, tuple(settings.items())))
    kept = tuple(
        (key, float(value)) for key, value in settings.items() if isinstance(value, int | float)
    )
    found = Applied(op, operands, kept)
    return found if op.explain.derivatives else spelled(found)


def is_plain(form: forms.Form) -> bool:
    """Whether a form has signs between its inputs only, or numbers as exponents."""
    match form:
        case forms.Hole():
            return True
        case forms.Infix(sign, left, right) if sign in PLAIN:
            return is_plain(left) and is_plain(right)
        case forms.Prefix("−", inside):
            return is_plain(inside)
        case forms.Raised(forms.Hole(), forms.Literal() | forms.Hole()):
            return True
        case _:
            return False


def _holes(operands: tuple[Term, ...], settings: tuple[tuple[str, Any], ...]) -> dict[str, Term]:
    found: dict[str, Term] = {str(place): operand for place, operand in enumerate(operands)}
    found |= {key: Number(float(v)) for key, v in settings if isinstance(v, int | float)}
    return found


def spelled(term: Applied) -> Term:
    """Return what an operation stands for, in sums, products and functions."""
    return read(forms.parse(term.op.explain.form), _holes(term.operands, term.settings))


def derivatives(term: Applied) -> tuple[Term, ...]:
    """Return the derivatives with respect to the operands, as the op's record states them."""
    holes = _holes(term.operands, term.settings) | {"y": term}
    return tuple(read(forms.parse(form), holes) for form in term.op.explain.derivatives)


# --- the same thing again -------------------------------------------------------------------------
def same(term: Term) -> Term:
    """Return a formula with the letters under its Σ renamed, so that equal ones are equal."""
    return _renamed(term, {}, 0)


def _renamed(term: Term, names: Mapping[Index, Index], depth: int) -> Term:
    match term:
        case Total(index, inside, fold):
            bound = Index(f"#{depth}", index.axis)
            return Total(bound, _renamed(inside, {**names, index: bound}, depth + 1), fold)
        case Element(node, places):
            return Element(node, tuple(_at(place, names) for place in places))
        case Kronecker(left, right):
            return Kronecker(_at(left, names), _at(right, names))
        case Sum(terms):
            return Sum(tuple(_renamed(part, names, depth) for part in terms))
        case Product(factors):
            return Product(tuple(_renamed(part, names, depth) for part in factors))
        case Quotient(above, below):
            return Quotient(_renamed(above, names, depth), _renamed(below, names, depth))
        case _:
            return rebuilt(term, lambda part: _renamed(part, names, depth))


def _at(place: Any, names: Mapping[Index, Index]) -> Any:
    return names.get(place, place)


def written_with(term: Term, formula: Term, name: Term) -> Term:
    """Return a formula in which a quantity's formula is replaced by its name, wherever it stands.

    A quotient or product is found among the factors of a longer one, too.
    """
    wanted, plain = same(formula), same(term)
    if plain == wanted:
        return name
    if isinstance(term, Quotient) and isinstance(formula, Quotient):
        above, below = list(factors_of(term.above)), list(factors_of(term.below))
        upper, lower = factors_of(formula.above), factors_of(formula.below)
        if _takes(above, upper) and _takes(below, lower):
            return written_with(divide(multiply([name, *above]), multiply(below)), formula, name)
    sign, rest = signed(term)
    if sign < 0 and same(rest) == wanted:
        return negate(name)
    return rebuilt(term, lambda part: written_with(part, formula, name))


def _takes(factors: list[Term], wanted: tuple[Term, ...]) -> bool:
    """Take factors out of a list, a square as one of its two; whether all of them were there."""
    for want in wanted:
        if want == Number(1.0):
            continue
        for position, factor in enumerate(factors):
            if same(factor) == same(want):
                del factors[position]
                break
            match factor:
                case Power(base, Number(2.0)) if same(base) == same(want):
                    factors[position] = base
                    break
                case _:
                    pass
        else:
            return False
    return True
