"""Mistakes in a search for answers: logarithms, scores, places, length penalties (K3)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import replace

from glassnet.explain.causes.case import Case, Variant, formula_of, replaced
from glassnet.explain.expressions import (
    Address,
    Apply,
    Expression,
    Number,
    Quantity,
    Quotient,
    Sum,
    add,
    evaluate,
    negate,
    quantities,
)
from glassnet.explain.worksheet import Entry, rewrite

__all__ = ["another_hypothesis", "another_logarithm", "length_of_answer", "order_of_places"]

BASES = (10, 2)
SIBLINGS = 12  # other hypotheses whose scores are tried in place of one


def another_logarithm(case: Case, entry: Entry) -> Iterator[Variant]:
    """A logarithm to base 10 or 2; or P itself where ln P belongs."""
    formula = formula_of(entry)
    if entry.line.kind == "logarithm":
        for base in BASES:
            text = f"logarithms to base {base} are taken, in place of ln"
            yield Variant("another-logarithm", text, Quotient(formula, Number(math.log(base))))
    plain = {
        address: Quantity(replace(address, symbol=address.symbol.removeprefix("ln ")))
        for address in quantities(formula)
        if case.kind(address) == "logarithm"
    }
    if plain and entry.line.kind == "score":
        text = "P is added, in place of ln P"
        yield Variant("logarithm-forgotten", text, replaced(formula, plain))


def another_hypothesis(case: Case, entry: Entry) -> Iterator[Variant]:
    """The score of another hypothesis than the one that is continued."""
    if entry.line.kind != "score":
        return
    formula = formula_of(entry)
    for address in quantities(formula):
        known = (a for a in case.entries if case.kind(a) == "score")
        others = (a for a in known if a not in (address, entry.address))
        for other in itertools.islice(others, SIBLINGS) if case.kind(address) == "score" else ():
            taken, right = (case.name(a, entry.step) for a in (other, address))
            text = f"{taken} is used in place of {right}"
            yield Variant("another-place", text, replaced(formula, {address: Quantity(other)}))


def order_of_places(case: Case, entry: Entry) -> Iterator[Variant]:
    """Places counted from the smallest score; a hypothesis that is kept or dropped wrongly."""
    formula, own = formula_of(entry), case.written.get(entry.address)
    if entry.line.kind != "place" or not isinstance(formula, Apply) or own is None:
        return
    count = len(list(quantities(formula))) - 1
    text = "places are counted from the smallest score; the largest has the first place"
    yield Variant("order-of-places", text, add([Number(float(count + 1)), negate(formula)]))
    kept, place = formula.attributes["kept"], own.value
    best = f"among the {kept} best" if kept > 1 else "the best"
    text = (
        f"a hypothesis is kept that is not {best}"
        if place <= kept
        else f"a hypothesis is dropped that is {best}"
    )

    def predict(value_of: Callable[[Address], float]) -> float:
        differs = (evaluate(formula, value_of) <= kept) is not (place <= kept)
        return place if differs else math.nan

    yield Variant("kept-wrongly", text, None, predict)


def length_of_answer(case: Case, entry: Entry) -> Iterator[Variant]:
    """A rank without its length penalty, or of a length that leaves the end out."""
    del case
    formula = formula_of(entry)
    if entry.line.kind != "rank" or not isinstance(formula, Quotient):
        return

    def shorter(part: Expression) -> Expression | None:
        match part:
            case Sum(((_, Number() as five), (_, Number(length)))):
                return add([five, Number(length - 1)])
            case _:
                return None

    text = "the length leaves the end out, which counts"
    yield Variant("end-not-counted", text, rewrite(formula, shorter))
    text = "the score is not divided by the length penalty"
    yield Variant("penalty-forgotten", text, formula.above)
