"""Formulas of layers over time in the order in which people write them; nothing else changes."""

from __future__ import annotations

from glassnet.explain.expressions import (
    Expression,
    Number,
    Product,
    Quantity,
    Sum,
    add,
    multiply,
    negate,
)

__all__ = ["bias_last", "factored"]

ONE = Number(1.0)


def bias_last(formula: Expression) -> Expression:
    """Return W x + U h + b in place of W x + b + U h."""
    if not isinstance(formula, Sum):
        return formula
    alone = [term for term in formula.terms if isinstance(term[1], Quantity)]
    return Sum((*(term for term in formula.terms if term not in alone), *alone))


def factored(formula: Expression) -> Expression:
    """Return δ · (h − n) · z · (1 − z) in place of (δ · n − δ · h) · z · (z − 1)."""
    if not isinstance(formula, Product):
        return formula
    found: list[Expression] = []
    for factor in formula.factors:
        found += _shared(factor)
    turned = [place for place, factor in enumerate(found) if _is_less_one(factor)]
    other = next(
        (p for p, factor in enumerate(found) if p not in turned and _differs(factor)), None
    )
    if len(turned) == 1:
        found[turned[0]] = negate(found[turned[0]])
        if other is None:
            found.insert(0, Number(-1.0))
        else:
            found[other] = negate(found[other])
    return multiply(found)


def _shared(factor: Expression) -> list[Expression]:
    """Return a sum of two products as what they share, and what is left."""
    match factor:
        case Sum(((first, Product() as one), (second, Product() as other))):
            for shared in one.factors:
                if isinstance(shared, Quantity) and shared in other.factors:
                    rests = [_without(one, shared), _without(other, shared)]
                    signed = zip((first, second), rests, strict=True)
                    return [shared, add([r if sign > 0 else negate(r) for sign, r in signed])]
        case _:
            pass
    return [factor]


def _without(product: Product, factor: Expression) -> Expression:
    left = list(product.factors)
    left.remove(factor)
    return multiply(left)


def _differs(factor: Expression) -> bool:
    """Whether a factor is a difference a − b."""
    return isinstance(factor, Sum) and [sign for sign, _ in factor.terms] == [1, -1]


def _is_less_one(factor: Expression) -> bool:
    """Whether a factor is z − 1."""
    return isinstance(factor, Sum) and _differs(factor) and factor.terms[1][1] == ONE
