"""Formulas as text: with Unicode signs, for the terminal and for notebooks."""

from __future__ import annotations

import re
from collections.abc import Callable

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
from glassnet.explain.numbers import short

__all__ = ["Write", "symbol_of", "write"]

LOWERED = str.maketrans("0123456789,", "₀₁₂₃₄₅₆₇₈₉,")
RAISED = str.maketrans("0123456789-−.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻·")
ATOM, POWER, PRODUCT, SUM, LOOSE = 4, 3, 2, 1, 0  # how strongly the parts of a text hold together

Write = Callable[[Address], str]


def symbol_of(address: Address, *, layered: bool = True) -> str:
    """Return how a quantity is written: v₁ of the hidden layer is `hidden.v₁`.

    Args:
        address: The quantity.
        layered: Whether its layer is written in front.
    """
    symbol, space, rest = address.symbol, "", ""
    for ending in (" new", " before", " clipped"):  # what stands behind the places
        if symbol.endswith(ending):
            symbol, space, rest = symbol.removesuffix(ending), " ", ending[1:]
    comma = any(place > 9 for place in address.index)
    places = (",\u2009" if comma else "").join(map(str, address.index)).translate(LOWERED)
    layer = f"{address.layer}." if layered and address.layer else ""
    example = f"({address.example})" if address.example is not None else ""
    return f"{layer}{symbol}{places}{example}{space}{rest}"


def write(expression: Expression, write_quantity: Write, digits: int = 6) -> str:
    """Return a formula as text, quantities by their names or by numbers.

    Args:
        expression: The formula.
        write_quantity: How a quantity is written.
        digits: Significant digits of the numbers that are part of the formula.
    """
    return _write(expression, write_quantity, digits)[0]


def _inside(expression: Expression, least: int, write_quantity: Write, digits: int) -> str:
    text, strength = _write(expression, write_quantity, digits)
    return f"({text})" if strength < least else text


def _write(expression: Expression, name: Write, digits: int) -> tuple[str, int]:
    match expression:
        case Number(value):
            text = "½" if value == 0.5 else short(value, digits)
            return text, PRODUCT if text.startswith("−") else ATOM
        case Quantity(address):
            text = name(address)
            return text, PRODUCT if text.startswith("−") else ATOM if " " not in text else POWER
        case Sum(terms):
            return _sum(terms, name, digits), SUM
        case Product(factors):
            return _product(factors, name, digits), PRODUCT
        case Quotient(above, below):
            left = _inside(above, PRODUCT, name, digits)
            return f"{left} / {_inside(below, POWER, name, digits)}", PRODUCT
        case Power(base, exponent):
            raised = f"{exponent:g}".translate(RAISED)
            return f"{_inside(base, ATOM, name, digits)}{raised}", POWER
        case Apply():
            return _applied(expression, name, digits)


def _sum(terms: tuple[tuple[int, Expression], ...], name: Write, digits: int) -> str:
    found = ""
    for sign, term in terms:
        text = _inside(term, PRODUCT, name, digits)
        if found and text.startswith("−"):
            text = f"({text})"
        if not found:
            found = text if sign > 0 else f"−{text}"
        else:
            found += f" {'+' if sign > 0 else '−'} {text}"
    return found


def _product(factors: tuple[Expression, ...], name: Write, digits: int) -> str:
    head, *rest = factors
    if isinstance(head, Number) and head.value == -1.0:
        inner = " · ".join(_factor(factor, name, digits) for factor in rest)
        return f"−{inner}"
    first = _inside(head, PRODUCT, name, digits)
    return " · ".join([first, *(_factor(factor, name, digits) for factor in rest)])


def _factor(factor: Expression, name: Write, digits: int) -> str:
    return _inside(factor, POWER, name, digits)


def _applied(expression: Apply, name: Write, digits: int) -> tuple[str, int]:
    """Return an operation in the notation of its record."""
    form = expression.op.explain.form
    if form == "{0}":  # yes or no, as a number
        (condition,) = expression.operands
        assert not isinstance(condition, tuple)
        return f"1 if {write(condition, name, digits)}, else 0", LOOSE
    texts: list[str] = []
    for position, operand in enumerate(expression.operands):
        if isinstance(operand, tuple):
            entries = [_inside(entry, SUM, name, digits) for entry in operand]
            texts.append(f"({', '.join(entries)})")
            continue
        free = re.search(rf"(?:^|[(,|])\s*\{{{position}\}}\s*(?:$|[),|])", form) is not None
        bound = 0 if free else ATOM if f"^{{{position}}}" in form or "{0}²" in form else POWER
        texts.append(_inside(operand, bound, name, digits))

    def put_in(found: re.Match[str]) -> str:
        key = found[1]
        if key.isdigit():
            return texts[int(key)]
        value = expression.attributes[key]
        return short(value, digits) if isinstance(value, int | float) else str(value)

    text = re.sub(r"\{(\w+)\}", put_in, form)
    if re.fullmatch(r"\w+\(.*\)|\|.*\|", text):
        return text, ATOM
    return text, POWER if re.fullmatch(r"\w\^\{\d\}", form) else SUM
