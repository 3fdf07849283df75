"""Mistakes with the parts of a formula: weights, biases, the learning rate, signs, thresholds."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace

from glassnet.explain.causes.case import (
    LONG,
    Case,
    Variant,
    few,
    formula_of,
    is_change,
    is_forward,
    is_gradient,
    is_new,
    is_rate,
    replaced,
)
from glassnet.explain.expressions import (
    Address,
    Apply,
    Expression,
    Number,
    Quantity,
    Sum,
    add,
    negate,
    quantities,
)
from glassnet.explain.worksheet import Entry, rewrite
from glassnet.ops.compare import LESS, LESS_EQUAL

__all__ = [
    "NO_RATE", "another_place", "bias", "rate_forgotten", "sign", "terms", "threshold",
    "transposed", "updated_weight", "with_rate",
]  # fmt: skip

SIBLINGS = 12  # how many other quantities of the same name are tried in place of one
NO_RATE = "the learning rate η is forgotten"


def rate_forgotten(case: Case, entry: Entry) -> Iterator[Variant]:
    """η left out."""
    del case
    formula = formula_of(entry)
    if any(is_rate(address) for address in quantities(formula)):
        yield Variant("rate-forgotten", NO_RATE, with_rate(formula, 1.0))


def with_rate(formula: Expression, rate: float) -> Expression:
    """Return a formula with a number in place of η."""
    return replaced(formula, {a: Number(rate) for a in quantities(formula) if is_rate(a)})


def bias(case: Case, entry: Entry) -> Iterator[Variant]:
    """The bias left out, or with the other sign."""
    for sign, term, others in _terms(entry):
        if isinstance(term, Quantity) and case.kind(term.address) == "bias":
            yield Variant("bias-forgotten", "the bias is left out", _sum(others))
            text = "the bias has the other sign"
            yield Variant("bias-sign", text, _sum([*others, (-sign, term)]))


def terms(case: Case, entry: Entry) -> Iterator[Variant]:
    """A term left out, or with the other sign."""
    listed = list(_terms(entry))
    if len(listed) > LONG:
        return
    if is_new(entry):  # first the change, then the old weight
        listed.reverse()
    for sign, term, others in listed:
        names = " · ".join(case.name(address, entry.step) for address in quantities(term))
        if isinstance(term, Quantity) and case.kind(term.address) == "bias" and is_forward(entry):
            continue
        if is_new(entry):
            old = isinstance(term, Quantity) and case.kind(term.address) in ("weight", "bias")
            lost = "the old weight is left out" if old else "the change is not added"
            turned = "the old weight has the other sign" if old else "the change has the other sign"
            yield Variant("update-forgotten", lost, _sum(others))
            yield Variant("update-sign", turned, _sum([*others, (-sign, term)]))
        else:
            yield Variant("term-forgotten", f"the term {names or '1'} is left out", _sum(others))
            text = f"the sign of the term {names or '1'}"
            yield Variant("term-sign", text, _sum([*others, (-sign, term)]))


def _terms(entry: Entry) -> Iterator[tuple[int, Expression, list[tuple[int, Expression]]]]:
    formula = formula_of(entry)
    if isinstance(formula, Sum) and (is_forward(entry) or is_new(entry)):
        for place, (sign, term) in enumerate(formula.terms):
            others = [*formula.terms[:place], *formula.terms[place + 1 :]]
            yield sign, term, others


def _sum(signed: list[tuple[int, Expression]]) -> Expression:
    return add([term if sign > 0 else negate(term) for sign, term in signed])


def transposed(case: Case, entry: Entry) -> Iterator[Variant]:
    """w_ij in place of w_ji."""
    formula = formula_of(entry)
    new: dict[Address, Expression] = {}
    for address in quantities(formula):
        turned = replace(address, index=address.index[::-1])
        if case.kind(address) == "weight" and len(address.index) == 2 and turned != address:
            if turned not in case.entries:
                return
            new[address] = Quantity(turned)
    if new and (is_forward(entry) or is_gradient(entry)):
        text = "the weights are transposed: w_ij where w_ji belongs"
        yield Variant("transposed", text, replaced(formula, new))


def updated_weight(case: Case, entry: Entry) -> Iterator[Variant]:
    """The new weight where the old one belongs."""
    formula = formula_of(entry)
    new: dict[Address, Expression] = {}
    for address in quantities(formula):
        after = replace(address, symbol=f"{address.symbol} new")
        if case.kind(address) == "weight" and after in case.entries:
            new[address] = Quantity(after)
    if new and is_gradient(entry):
        text = "the already updated weights are used, where those of the forward pass belong"
        yield Variant("updated-weight", text, replaced(formula, new))


def threshold(case: Case, entry: Entry) -> Iterator[Variant]:
    """≥ in place of >, or the other way round."""
    del case

    def change(part: Expression) -> Expression | None:
        if isinstance(part, Apply) and part.op in (LESS, LESS_EQUAL):
            return replace(part, op=LESS if part.op is LESS_EQUAL else LESS_EQUAL)
        return None

    formula = formula_of(entry)
    found = rewrite(formula, change)
    if found != formula and entry.line.kind == "output":
        yield Variant("threshold", "at the threshold itself: ≥ and > are mistaken", found)


def sign(case: Case, entry: Entry) -> Iterator[Variant]:
    """The other sign: of the result, or in the exponent."""
    formula = formula_of(entry)
    if is_gradient(entry) or is_change(entry):
        yield Variant("sign", "the sign: δ and the changes have the other one", negate(formula))
    if entry.line.kind == "output" and not is_forward(entry):
        new = {a: negate(Quantity(a)) for a in quantities(formula) if case.kind(a) == "local field"}
        if new:
            text = "the sign of the local field, as in e^(v) in place of e^(−v)"
            yield Variant("exponent-sign", text, replaced(formula, new))


def another_place(case: Case, entry: Entry) -> Iterator[Variant]:
    """Another element of the same name."""
    formula = formula_of(entry)
    for address in few(formula):
        alike = case.alike[address.symbol, address.layer, address.example]
        same = (other for other in alike if other != address)
        for other in itertools.islice(same, SIBLINGS):
            taken, right = (case.name(a, entry.step) for a in (other, address))
            text = f"{taken} is used in place of {right}"
            yield Variant("another-place", text, replaced(formula, {address: Quantity(other)}))
