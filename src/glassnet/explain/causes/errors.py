"""Mistakes with the error and its energy."""

from __future__ import annotations

from collections.abc import Iterator

from glassnet.explain.causes.case import Case, Variant, formula_of, is_gradient, replaced
from glassnet.explain.expressions import (
    Address,
    Expression,
    Number,
    Quantity,
    multiply,
    negate,
    quantities,
)
from glassnet.explain.worksheet import Entry

__all__ = ["error_sign", "factors", "target_swapped"]


def error_sign(case: Case, entry: Entry) -> Iterator[Variant]:
    """Y − d in place of d − y."""
    formula = formula_of(entry)
    found = {case.kind(address) for address in quantities(formula)}
    if entry.line.kind == "error" or (is_gradient(entry) and "target" in found):
        text = "the sign of the error: target and output are swapped"
        yield Variant("error-sign", text, negate(formula))


def target_swapped(case: Case, entry: Entry) -> Iterator[Variant]:
    """The target where the output belongs, and the other way round."""
    formula = formula_of(entry)
    used = dict.fromkeys(quantities(formula))
    targets = [a for a in used if case.kind(a) == "target"]
    new: dict[Address, Expression] = {}
    for target in targets:
        for other in used:
            same = (other.index, other.example) == (target.index, target.example)
            if same and other != target and case.kind(other) != "target":
                new |= {target: Quantity(other), other: Quantity(target)}
    if new and entry.line.kind != "error":
        yield Variant("target-swapped", "target and output are swapped", replaced(formula, new))


def factors(case: Case, entry: Entry) -> Iterator[Variant]:
    """A ½ or a mean that was forgotten, or that does not belong there."""
    symbol = entry.line.address.symbol
    if not (symbol == "E" or entry.line.kind == "error" or is_gradient(entry)) and not (
        symbol.startswith("∂E/∂")
    ):
        return
    known = {2.0: "a factor 2 too many, such as a ½ forgotten", 0.5: "a factor ½ too many"}
    for n in case.factors:
        known.setdefault(float(n), f"not divided by {n}")
        known.setdefault(1.0 / n, f"divided by {n} once too often")
        known.setdefault(2.0 / n, f"a factor 2/{n} too many")
        known.setdefault(n / 2.0, f"a factor 2/{n} forgotten")
    for factor, text in known.items():
        if factor != 1.0:
            formula = multiply([Number(factor), formula_of(entry)])
            yield Variant("factor", f"the factor is another: {text}", formula)
