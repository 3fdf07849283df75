"""Formulas over single numbers: built in the order in which a person writes them, and evaluated.

An expression is a number, a quantity (named by its address), a sum, a product, a quotient, a power,
or an operation written as its record says. The functions that build them put them in order: numbers
are multiplied out, signs stand in front, sums and products are flat. Nothing else is simplified.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.graph.operation import Explanation, Op
from glassnet.graph.types import Array
from glassnet.records import dataclass

__all__ = [
    "Address",
    "Apply",
    "Expression",
    "Number",
    "Power",
    "Product",
    "Quantity",
    "Quotient",
    "Sum",
    "Written",
    "add",
    "apply",
    "divide",
    "evaluate",
    "multiply",
    "negate",
    "parts",
    "power",
    "quantities",
    "together",
]


@dataclass(frozen=True, slots=True)
class Address:
    """Where a quantity stands: its layer, its symbol, and the places of the element, from 1.

    Written as `hidden.v[1]`, `output.w[1,2]`, `x[2]`, `E`; of a sequence the step in time stands in
    brackets, `rnn1.h(2)[1]`; an example's number stands behind an @.
    """

    symbol: str
    layer: str = ""
    index: tuple[int, ...] = ()
    example: int | None = None
    time: int | None = None

    def __str__(self) -> str:
        layer = f"{self.layer}." if self.layer else ""
        place = f"[{','.join(map(str, self.index))}]" if self.index else ""
        example = f"@{self.example}" if self.example is not None else ""
        time = f"({self.time})" if self.time is not None else ""
        return f"{layer}{self.symbol}{time}{place}{example}"


@dataclass(frozen=True, slots=True)
class Number:
    """A number that is part of the formula, such as the ½ of the error energy."""

    value: float


@dataclass(frozen=True, slots=True)
class Quantity:
    """Another quantity of the sheet."""

    address: Address


@dataclass(frozen=True, slots=True)
class Sum:
    """Terms with their signs: +1 or −1."""

    terms: tuple[tuple[int, Expression], ...]


@dataclass(frozen=True, slots=True)
class Product:
    """Factors, none of them a product or a negative number but the first."""

    factors: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Quotient:
    """One expression divided by another."""

    above: Expression
    below: Expression


@dataclass(frozen=True, slots=True)
class Power:
    """An expression raised to a number."""

    base: Expression
    exponent: float


@dataclass(frozen=True, eq=False)
class Written:
    """An operation as a person writes it, where that is not how its record says.

    Args:
        name: What it is called.
        explain: How it is written.
        evaluate: Its value from those of its operands.
    """

    name: str
    explain: Explanation
    evaluate: Callable[..., Array]


@dataclass(frozen=True, slots=True, eq=False)
class Apply:
    """Any other operation, written as its record says; operands are single numbers or lists."""

    op: Op | Written
    operands: tuple[Expression | tuple[Expression, ...], ...]
    attributes: Mapping[str, Any]


Expression = Number | Quantity | Sum | Product | Quotient | Power | Apply

ZERO, ONE = Number(0.0), Number(1.0)
MOST_BELOW = 10_000  # a number of examples


# --- building -------------------------------------------------------------------------------------
def _signed(expression: Expression) -> tuple[int, Expression]:
    """Return the sign in front of an expression, and the rest."""
    match expression:
        case Number(value) if value < 0:
            return -1, Number(-value)
        case Product((Number(value), *rest)) if value < 0:
            head = () if value == -1.0 else (Number(-value),)
            return -1, _product((*head, *rest))
        case Quotient(above, below):
            sign, plain = _signed(above)
            return sign, Quotient(plain, below)
        case Sum(terms) if all(sign < 0 for sign, _ in terms):
            return -1, Sum(tuple((1, term) for _, term in terms))
        case _:
            return 1, expression


def _product(factors: Sequence[Expression]) -> Expression:
    return factors[0] if len(factors) == 1 else Product(tuple(factors)) if factors else ONE


def negate(expression: Expression) -> Expression:
    """Return −a, with the sign where a person writes it."""
    match expression:
        case Number(value):
            return Number(-value)
        case Sum(terms):
            if len(terms) == 2 and terms[0][0] > 0 > terms[1][0]:  # −(a − b) = b − a
                return Sum(((1, terms[1][1]), (-1, terms[0][1])))
            return Sum(tuple((-sign, term) for sign, term in terms))
        case Quotient(above, below):
            return Quotient(negate(above), below)
        case Product((Number(value), *rest)):
            return _product(rest) if value == -1.0 else Product((Number(-value), *rest))
        case Product((*factors, Sum(((first, one), (second, other))))) if first > 0 > second:
            return Product((*factors, Sum(((1, other), (-1, one)))))
        case Product(factors):
            return Product((Number(-1.0), *factors))
        case _:
            return Product((Number(-1.0), expression))


def add(terms: Sequence[Expression]) -> Expression:
    """Return the sum; zeros are left out, sums inside are opened."""
    flat: list[tuple[int, Expression]] = []
    for term in terms:
        parts = term.terms if isinstance(term, Sum) else (_signed(term),)
        flat += [(sign, part) for sign, part in parts if part != ZERO]
    if not flat:
        return ZERO
    if len(flat) == 1:
        sign, only = flat[0]
        return only if sign > 0 else negate(only)
    if all(isinstance(part, Number) for _, part in flat):
        return Number(sum(sign * part.value for sign, part in flat if isinstance(part, Number)))
    if len(flat) == 2 and flat[0][0] < 0 < flat[1][0]:  # −a + b = b − a
        flat.reverse()
    return Sum(tuple(flat))


def multiply(factors: Sequence[Expression]) -> Expression:
    """Return the product: numbers multiplied out, ones left out, the sign in front."""
    number, rest, below = 1.0, list[Expression](), list[Expression]()
    todo = list(reversed(factors))
    while todo:
        sign, factor = _signed(todo.pop())
        number *= sign
        match factor:
            case Number(value):
                number *= value
            case Product(inner):
                todo += reversed(inner)
            case Quotient(above, divisor):
                todo.append(above)
                below.append(divisor)
            case _:
                rest.append(factor)
    if number == 0.0:
        return ZERO
    rest = _squared(rest)
    head = [Number(number)] if number != 1.0 or not rest else []
    found = _product([*head, *rest])
    if not below:
        return found
    found, divisor = _cancelled(found, _product(below))
    return found if divisor == ONE else Quotient(found, divisor)


def _squared(factors: Sequence[Expression]) -> list[Expression]:
    """Return factors of a product, those that stand in it twice as a square."""
    if len(factors) == 2 and _is_same(*factors):  # tanh c · tanh c
        return [Power(factors[0], 2.0)]
    counts = Counter(factor for factor in factors if isinstance(factor, Quantity))
    found: list[Expression] = []
    for factor in factors:
        if not isinstance(factor, Quantity) or counts[factor] == 1:
            found.append(factor)
        elif counts[factor] > 1:
            found.append(Power(factor, float(counts[factor])))
            counts[factor] = 0
    return found


def _is_same(one: Expression, other: Expression) -> bool:
    """Whether two factors are the same operation on the same operands."""
    if not isinstance(one, Apply) or not isinstance(other, Apply):
        return False
    return (one.op, one.operands, one.attributes) == (other.op, other.operands, other.attributes)


def divide(above: Expression, below: Expression) -> Expression:
    """Return the quotient; a division by 1 is left out."""
    if below == ONE:
        return above
    if isinstance(above, Number) and isinstance(below, Number) and below.value != 0.0:
        return Number(above.value / below.value)
    (first, above), (second, below) = _signed(above), _signed(below)
    above, below = _cancelled(above, below)
    if below == ONE:
        return above if first == second else negate(above)
    found = Quotient(above, below)
    return found if first == second else Quotient(negate(above), below)


def _cancelled(above: Expression, below: Expression) -> tuple[Expression, Expression]:
    """Return both sides of a quotient; whole numbers that go into each other are cancelled."""
    match above, below:
        case Product((Number(top), *rest)), Number(bottom) if bottom > 0.0:
            if (top / bottom).is_integer():
                return multiply([Number(top / bottom), *rest]), ONE
            if (bottom / top).is_integer():
                return _product(rest), Number(bottom / top)
        case _:
            pass
    return above, below


def together(expression: Expression) -> Expression:
    """Return a sum with the number that all its terms share in front, or below: (d − y) / 2."""
    if not isinstance(expression, Sum):
        return _as_fraction(expression)
    shared: set[float] = set()
    terms: list[tuple[int, Expression]] = []
    for sign, term in expression.terms:
        match term:
            case Product((Number(value), *rest)):
                shared.add(value)
                terms.append((sign, _product(rest)))
            case _:
                return _as_fractions(expression)
    if len(shared) != 1:
        return _as_fractions(expression)
    (factor,) = shared
    if factor > 0.0 and round(1.0 / factor) > 1 and abs(round(1.0 / factor) * factor - 1.0) < 1e-15:
        return Quotient(Sum(tuple(terms)), Number(float(round(1.0 / factor))))
    return Product((Number(factor), Sum(tuple(terms))))


def _as_fractions(expression: Sum) -> Expression:
    return Sum(tuple((sign, _as_fraction(term)) for sign, term in expression.terms))


def _as_fraction(expression: Expression) -> Expression:
    """Return a product with a number such as 0.666667 as 2 · … / 3."""
    match expression:
        case Product((Number(value), *rest)) if not _is_short(value):
            for above in (1.0, 2.0):
                below = round(above / abs(value))
                if 1 < below < MOST_BELOW and abs(abs(value) * below / above - 1.0) < 1e-14:
                    found = multiply([Number(above if value > 0 else -above), *rest])
                    return Quotient(found, Number(float(below)))
        case _:
            pass
    return expression


def _is_short(value: float) -> bool:
    return abs(float(f"{value:.6g}") - value) <= 1e-12 * abs(value)


def power(base: Expression, exponent: float) -> Expression:
    """Return the power; a first power is the base."""
    if exponent == 1.0:
        return base
    if isinstance(base, Number):
        return Number(float(base.value**exponent))
    return Power(base, exponent)


def apply(
    op: Op | Written,
    operands: Sequence[Expression | tuple[Expression, ...]],
    attributes: Mapping[str, Any],
) -> Expression:
    """Return an operation of any other kind, in the notation of its record."""
    return Apply(op, tuple(operands), dict(attributes))


# --- reading --------------------------------------------------------------------------------------
def parts(expression: Expression) -> tuple[Expression, ...]:
    """Return what an expression is made of directly."""
    match expression:
        case Sum(terms):
            return tuple(term for _, term in terms)
        case Product(factors):
            return factors
        case Quotient(above, below):
            return (above, below)
        case Power(base, _):
            return (base,)
        case Apply(_, operands, _):
            flat: list[Expression] = []
            for operand in operands:
                flat += operand if isinstance(operand, tuple) else (operand,)
            return tuple(flat)
        case _:
            return ()


def quantities(expression: Expression) -> Iterator[Address]:
    """Yield the addresses that a formula speaks of, in the order in which they are written."""
    todo = [expression]
    while todo:
        part = todo.pop()
        if isinstance(part, Quantity):
            yield part.address
        todo += reversed(parts(part))


def evaluate(expression: Expression, value_of: Callable[[Address], float]) -> float:
    """Return the value of a formula, given those of the quantities in it."""
    match expression:
        case Number(value):
            return value
        case Quantity(address):
            return value_of(address)
        case Sum(terms):
            return float(sum(sign * evaluate(term, value_of) for sign, term in terms))
        case Product(factors):
            found = 1.0
            for factor in factors:
                found *= evaluate(factor, value_of)
            return found
        case Quotient(above, below):
            with np.errstate(all="ignore"):
                return float(np.float64(evaluate(above, value_of)) / evaluate(below, value_of))
        case Power(base, exponent):
            with np.errstate(all="ignore"):
                return float(np.float64(evaluate(base, value_of)) ** exponent)
        case Apply(op, operands, attributes):
            given: list[Array] = [
                np.array([evaluate(entry, value_of) for entry in operand])
                if isinstance(operand, tuple)
                else np.array(evaluate(operand, value_of))
                for operand in operands
            ]
            with np.errstate(all="ignore"):
                return float(np.asarray(op.evaluate(*given, **attributes)))
