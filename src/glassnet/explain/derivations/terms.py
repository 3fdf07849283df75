"""Formulas over quantities with index letters: Σ_i w_ji y_i + b_j, built in the usual order.

A formula is a number, an element of a quantity, a derivative, or what is put together from them.
The functions that build formulas put them in order: numbers are multiplied out, equal factors
above and below a fraction are left out, Σ_i δ_ij x_i is x_j. All of them keep the value.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from glassnet.graph.operation import Op
from glassnet.records import dataclass

__all__ = [
    "ONE",
    "ZERO",
    "Applied",
    "Chain",
    "Change",
    "Choice",
    "Count",
    "Element",
    "Function",
    "Index",
    "Kronecker",
    "LocalGradient",
    "Number",
    "Partial",
    "Place",
    "Power",
    "Product",
    "Quotient",
    "Rate",
    "Relation",
    "Slope",
    "Sum",
    "Term",
    "Total",
    "add",
    "counts",
    "divide",
    "elements",
    "factors_of",
    "indices",
    "kronecker",
    "multiply",
    "negate",
    "parts",
    "power",
    "put_in",
    "rebuilt",
    "signed",
    "size",
    "substitute",
    "total",
]


@dataclass(frozen=True, slots=True)
class Index:
    """A letter that runs over an axis.

    Args:
        letter: Its letter: i, j, k, …
        axis: The number of the axis that it runs over.
    """

    letter: str
    axis: int


Place = Index | int  # a letter, or a place that is fixed, counted from 0


@dataclass(frozen=True, slots=True)
class Number:
    """A number; some have a letter, such as π."""

    value: float
    letter: str = ""


@dataclass(frozen=True, slots=True)
class Count:
    """How many places an axis has, such as N, the number of examples."""

    axis: int


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a named quantity."""

    node: Hashable
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class LocalGradient:
    """δ of a local field: −∂E/∂v."""

    end: Element
    field: Element


@dataclass(frozen=True, slots=True)
class Slope:
    """ψ′(v): the derivative of a neuron's output with respect to its local field."""

    output: Element
    field: Element


@dataclass(frozen=True, slots=True)
class Partial:
    """∂a/∂b: of the cost over all paths, else with all other named quantities held fixed.

    `direct` says of the cost, too, that all others are held fixed.
    """

    above: Element
    below: Element
    direct: bool = False


@dataclass(frozen=True, slots=True)
class Rate:
    """η, the learning rate."""


@dataclass(frozen=True, slots=True)
class Change:
    """Δw: what is added to a weight."""

    end: Element
    weight: Element


@dataclass(frozen=True, slots=True)
class Kronecker:
    """δ_kj: 1 where the two places are the same, else 0."""

    left: Place
    right: Place


@dataclass(frozen=True, slots=True)
class Sum:
    """Terms; what is taken away is a product with a negative number in front."""

    terms: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Product:
    """Factors."""

    factors: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Chain:
    """Factors that are written side by side, and not worked out."""

    factors: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Quotient:
    """One formula divided by another."""

    above: Term
    below: Term


@dataclass(frozen=True, slots=True)
class Power:
    """A formula raised to another."""

    base: Term
    exponent: Term


@dataclass(frozen=True, slots=True)
class Function:
    """A function by its sign: ln, √, |, tanh, max, …; `e` is e to the power of its operand."""

    name: str
    operands: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class Relation:
    """A condition, such as 0 < v."""

    sign: str
    left: Term
    right: Term


@dataclass(frozen=True, slots=True)
class Choice:
    """One formula where a condition holds, else another."""

    then: Term
    condition: Term
    otherwise: Term


@dataclass(frozen=True, slots=True)
class Total:
    """Σ over an index; `fold` is "max" for the largest entry, "product" for ∏."""

    index: Index
    inside: Term
    fold: str = "sum"


@dataclass(frozen=True, slots=True)
class Applied:
    """An operation on single numbers, written and differentiated as its record says."""

    op: Op
    operands: tuple[Term, ...]
    settings: tuple[tuple[str, Any], ...] = ()


Term = (
    Number
    | Count
    | Element
    | LocalGradient
    | Slope
    | Partial
    | Rate
    | Change
    | Kronecker
    | Sum
    | Product
    | Chain
    | Quotient
    | Power
    | Function
    | Relation
    | Choice
    | Total
    | Applied
)

ZERO, ONE = Number(0.0), Number(1.0)


# --- reading --------------------------------------------------------------------------------------
def parts(term: Term) -> tuple[Term, ...]:
    """Return what a formula is made of directly."""
    match term:
        case Sum(terms):
            return terms
        case Product(factors) | Chain(factors):
            return factors
        case Quotient(above, below):
            return (above, below)
        case Power(base, exponent):
            return (base, exponent)
        case Relation(_, left, right):
            return (left, right)
        case Choice(then, condition, otherwise):
            return (then, condition, otherwise)
        case Total(_, inside):
            return (inside,)
        case Function(_, operands) | Applied(_, operands):
            return operands
        case _:
            return ()


def rebuilt(term: Term, change: Callable[[Term], Term]) -> Term:
    """Return a formula with each of its direct parts replaced, put in order again."""
    match term:
        case Sum(terms):
            return add([change(part) for part in terms])
        case Product(factors):
            return multiply([change(part) for part in factors])
        case Chain(factors):
            return Chain(tuple(map(change, factors)))
        case Quotient(above, below):
            return divide(change(above), change(below))
        case Power(base, exponent):
            return power(change(base), change(exponent))
        case Relation(sign, left, right):
            return Relation(sign, change(left), change(right))
        case Choice(then, condition, otherwise):
            return Choice(change(then), change(condition), change(otherwise))
        case Total(index, inside, fold):
            return total(index, change(inside), fold)
        case Function(name, operands):
            return Function(name, tuple(map(change, operands)))
        case Applied(op, operands, settings):
            return Applied(op, tuple(map(change, operands)), settings)
        case _:
            return term


def size(term: Term) -> int:
    """Return of how many pieces a formula is made."""
    return 1 + sum(map(size, parts(term)))


def elements(term: Term) -> Iterator[Element]:
    """Yield the elements that a formula speaks of, from left to right."""
    match term:
        case Element():
            yield term
        case LocalGradient(_, field) | Change(_, field):
            yield field
        case Slope(output, field):
            yield from (output, field)
        case Partial(above, below):
            yield from (above, below)
        case _:
            for part in parts(term):
                yield from elements(part)


def indices(term: Term) -> Iterator[Index]:
    """Yield every index in a formula, bound by a Σ or not."""
    if isinstance(term, Total):
        yield term.index
    if isinstance(term, Kronecker):
        yield from (place for place in (term.left, term.right) if isinstance(place, Index))
    if parts(term):
        for part in parts(term):
            yield from indices(part)
        return
    for element in elements(term):
        yield from (place for place in element.places if isinstance(place, Index))


def counts(term: Term) -> Iterator[int]:
    """Yield the axes whose number of places a formula speaks of."""
    if isinstance(term, Count):
        yield term.axis
    for part in parts(term):
        yield from counts(part)


def substitute(term: Term, places: Mapping[Place, Place]) -> Term:
    """Return a formula with other letters; those bound by a Σ stay, or give way with a prime."""

    def moved(element: Element) -> Element:
        return replace(element, places=tuple(places.get(place, place) for place in element.places))

    match term:
        case Element():
            return moved(term)
        case LocalGradient(end, field):
            return LocalGradient(end, moved(field))
        case Change(end, weight):
            return Change(end, moved(weight))
        case Slope(output, field):
            return Slope(moved(output), moved(field))
        case Partial(above, below, direct):
            return Partial(moved(above), moved(below), direct)
        case Kronecker(left, right):
            return kronecker(places.get(left, left), places.get(right, right))
        case Total(index, inside, fold):
            kept = {key: place for key, place in places.items() if key != index}
            if index in kept.values():  # the letter is bound here: it gives way
                other = Index(f"{index.letter}′", index.axis)
                return substitute(total(other, substitute(inside, {index: other}), fold), kept)
            return total(index, substitute(inside, kept), fold)
        case _:
            return rebuilt(term, lambda part: substitute(part, places))


def put_in(term: Term, wanted: Term, instead: Term) -> Term:
    """Return a formula with one of its parts, wherever it stands, replaced by another."""
    if term == wanted:
        return instead
    return rebuilt(term, lambda part: put_in(part, wanted, instead))


def factors_of(term: Term) -> tuple[Term, ...]:
    """Return the factors of a product; of anything else, itself."""
    return term.factors if isinstance(term, Product) else (term,)


def signed(term: Term) -> tuple[int, Term]:
    """Return the sign in front of a formula, and the rest."""
    match term:
        case Number(value, "") if value < 0:
            return -1, Number(-value)
        case Product((Number(value, ""), *rest)) if value < 0:
            return -1, _product([*([] if value == -1.0 else [Number(-value)]), *rest])
        case Quotient(above, below):
            sign, plain = signed(above)
            return sign, Quotient(plain, below)
        case _:
            return 1, term


# --- building -------------------------------------------------------------------------------------
def kronecker(left: Place, right: Place) -> Term:
    """Return δ of two places: 1 if they are the same, 0 if they are fixed and differ."""
    if left == right:
        return ONE
    if isinstance(left, int) and isinstance(right, int):
        return ZERO
    return Kronecker(left, right)


def _product(factors: Sequence[Term]) -> Term:
    return factors[0] if len(factors) == 1 else Product(tuple(factors)) if factors else ONE


def negate(term: Term) -> Term:
    """Return −a, with the sign where a person writes it."""
    if isinstance(term, Sum):
        if all(signed(part)[0] > 0 for part in term.terms):
            return Product((Number(-1.0), term))
        turned = [negate(part) for part in term.terms]
        turned.sort(key=lambda part: signed(part)[0] < 0)  # b − a rather than −a + b
        return Sum(tuple(turned))
    factors = factors_of(term.above) if isinstance(term, Quotient) else factors_of(term)
    for place, factor in enumerate(factors):  # (d − y) x rather than −(y − d) x
        if signed(term)[0] > 0 and isinstance(factor, Sum) and _may_turn(factor):
            turned_one = [*factors[:place], negate(factor), *factors[place + 1 :]]
            below = term.below if isinstance(term, Quotient) else ONE
            return divide(multiply(turned_one), below)
    return multiply([Number(-1.0), term])


def _may_turn(term: Sum) -> bool:
    """Whether a sum reads as well the other way round: a − b of two quantities."""
    signs = {signed(part)[0] for part in term.terms}
    plain = all(isinstance(signed(part)[1], Element) for part in term.terms)
    return plain and len(term.terms) == 2 and signs == {1, -1}


def add(terms: Sequence[Term]) -> Term:
    """Return the sum; zeros are left out, sums inside are opened, numbers added up."""
    flat: list[Term] = []
    number = 0.0
    for term in terms:
        for part in term.terms if isinstance(term, Sum) else (term,):
            if isinstance(part, Number) and not part.letter:
                number += part.value
                if not flat and part.value:
                    flat.append(part)
            else:
                flat.append(part)
    if flat and isinstance(flat[0], Number) and not flat[0].letter:
        flat[0] = Number(number)
    elif number:
        flat.append(Number(number))
    flat = [part for part in flat if part != ZERO]
    return flat[0] if len(flat) == 1 else Sum(tuple(flat)) if flat else ZERO


def multiply(factors: Sequence[Term]) -> Term:
    """Return the product: numbers multiplied out, equal factors above and below left out."""
    number, above, below = 1.0, list[Term](), list[Term]()
    todo = [(factor, True) for factor in reversed(factors)]
    while todo:
        factor, over = todo.pop()
        match factor:
            case Number(value, ""):
                number = number * value if over else number / value
            case Product(inner):
                todo += [(part, over) for part in reversed(inner)]
            case Quotient(upper, lower):
                todo += [(lower, not over), (upper, over)]
            case Power(base, Number(2.0)) if (over and base in below) or (
                not over and base in above
            ):
                todo += [(base, over), (base, over)]
            case _:
                here, there = (above, below) if over else (below, above)
                if factor in there:
                    there.remove(factor)
                else:
                    here.append(factor)
    if number == 0.0:
        return ZERO
    if len(above) == 1 and not below and number == -1.0 and isinstance(above[0], Sum):
        return negate(above[0])
    over_number, under_number = number, 1.0
    if 0 < abs(number) < 1 and number != 0.5 and number != -0.5 and (1 / number).is_integer():
        over_number, under_number = (1.0 if number > 0 else -1.0), abs(1 / number)
    head = [Number(over_number)] if over_number != 1.0 or not above else []
    found = _product([*head, *_gathered(above)])
    under = ([Number(under_number)] if under_number != 1.0 else []) + _gathered(below)
    return Quotient(found, _product(under)) if under else found


def _gathered(factors: Sequence[Term]) -> list[Term]:
    """Return factors with x · x as x²; counts stand first, sums last."""
    found: list[Term] = []
    for factor in factors:
        if factor in found:
            found[found.index(factor)] = power(factor, Number(2.0))
        else:
            found.append(factor)
    return sorted(found, key=lambda f: 0 if isinstance(f, Count) else 2 if _is_long(f) else 1)


def _is_long(term: Term) -> bool:
    return isinstance(term, Total | Choice)


def divide(above: Term, below: Term) -> Term:
    """Return the quotient; a division by 1 is left out."""
    if below == ONE:
        return above
    if isinstance(above, Number) and isinstance(below, Number) and below.value:
        return Number(above.value / below.value)
    return multiply([Quotient(above, below)])


def power(base: Term, exponent: Term) -> Term:
    """Return the power; a first power is the base, and numbers are worked out."""
    match base, exponent:
        case _, Number(1.0):
            return base
        case _, Number(0.0):
            return ONE
        case Number(value), Number(raised) if value >= 0 or raised.is_integer():
            return Number(float(value**raised))
        case Function("√", (inside,)), Number(2.0):
            return inside
        case Applied(op, (inside,)), Number(2.0) if op.explain.form == "√{0}":
            return inside
        case _:
            return Power(base, exponent)


def total(index: Index, inside: Term, fold: str = "sum") -> Term:
    """Return Σ over an index: what does not depend on it stands in front, a δ ends it."""
    if fold != "sum":
        return Total(index, inside, fold)
    if inside == ZERO:
        return ZERO
    if isinstance(inside, Sum) and any(_ends(index, term) for term in inside.terms):
        return add([total(index, term) for term in inside.terms])
    if isinstance(inside, Quotient) and index not in set(indices(inside.below)):
        return divide(total(index, inside.above), inside.below)
    above = inside.above if isinstance(inside, Quotient) else inside
    for factor in factors_of(above):
        if isinstance(factor, Kronecker) and index in (factor.left, factor.right):
            other = factor.right if factor.left == index else factor.left
            rest = multiply([part for part in factors_of(above) if part != factor])
            if isinstance(inside, Quotient):
                rest = divide(rest, inside.below)
            return substitute(rest, {index: other})
    factors = factors_of(inside)
    for position, factor in enumerate(factors):
        if isinstance(factor, Sum) and _ends(index, factor):
            others = [*factors[:position], *factors[position + 1 :]]
            return add([total(index, multiply([*others, term])) for term in factor.terms])
    bound = [factor for factor in factors if index in set(indices(factor))]
    free = [factor for factor in factors if index not in set(indices(factor))]
    if not bound:
        return multiply([Count(index.axis), *free])
    return multiply([*free, Total(index, _product(bound))])


def _ends(index: Index, term: Term) -> bool:
    """Whether a δ in a formula, outside of any Σ, ends the sum over an index."""
    match term:
        case Kronecker(left, right):
            return index in (left, right)
        case Total():
            return False
        case _:
            return any(_ends(index, part) for part in parts(term))
