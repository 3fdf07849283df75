"""Mistakes with ψ′, the derivative of the activation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from glassnet.explain.causes.case import Case, Variant, formula_of, is_gradient, replaced
from glassnet.explain.expressions import (
    Address,
    Apply,
    Expression,
    Number,
    Product,
    Quantity,
    Sum,
    multiply,
    quantities,
)
from glassnet.explain.worksheet import Entry, rewrite

__all__ = ["slope_elsewhere", "slope_forgotten", "slope_too_many"]


def _own(entry: Entry, part: Expression) -> bool:
    """Whether a factor speaks only of the neuron's own local field and output."""
    here = entry.line.address
    found = list(quantities(part))
    _, gate, letter = here.symbol.rpartition("_")
    own = (f"v_{letter}", letter) if gate else ("v", "y", "h")
    return bool(found) and all(
        a.symbol in own and (a.layer, *_place(a)) == (here.layer, *_place(here)) for a in found
    )


def _place(address: Address) -> tuple[tuple[int, ...], int | None, int | None]:
    return address.index, address.example, address.time


def _slopes(entry: Entry) -> list[Expression]:
    """Return the factors of ψ′ in the formula of a local gradient."""
    formula = formula_of(entry)
    factors = formula.factors if isinstance(formula, Product) else ()
    return [factor for factor in factors if _own(entry, factor)]


def slope_forgotten(case: Case, entry: Entry) -> Iterator[Variant]:
    """ψ′ left out, or a part of it, or a slope a."""
    del case
    formula = formula_of(entry)
    if not is_gradient(entry):
        return
    text = "the derivative ψ′ of the activation is forgotten"
    slopes = _slopes(entry)
    if isinstance(formula, Product) and slopes:
        rest = [factor for factor in formula.factors if factor not in slopes]
        yield Variant("slope-forgotten", text, multiply(rest))
        bare = [f for f in rest if not isinstance(f, Number) or f.value == -1.0]
        if len(bare) < len(rest):
            yield Variant("slope-forgotten", text, multiply(bare))
        for slope in slopes if len(slopes) > 1 else ():
            left = [factor for factor in formula.factors if factor != slope]
            part = "a factor of the derivative ψ′, such as (1 − y), is forgotten"
            yield Variant("slope-incomplete", part, multiply(left))

    def opened(part: Expression) -> Expression | None:  # "… if 0 < v, else 0"
        if isinstance(part, Apply) and len(part.operands) == 3:
            kept = part.operands[1]
            return None if isinstance(kept, tuple) else kept
        return None

    found = rewrite(formula, opened)
    if found != formula:
        yield Variant("slope-forgotten", text, found)


def slope_elsewhere(case: Case, entry: Entry) -> Iterator[Variant]:
    """ψ′ taken at y in place of v, or that of another function."""
    formula, slopes = formula_of(entry), _slopes(entry)
    if not is_gradient(entry) or not slopes or not isinstance(formula, Product):
        return
    here = entry.line.address
    v, y = replace(here, symbol="v"), replace(here, symbol="y")
    output = case.entries.get(y)
    rest = [factor for factor in formula.factors if factor not in slopes]
    if output is not None and output.line.formula is not None:
        again = replaced(output.line.formula, {v: Quantity(y)})
        moved = [replaced(slope, {y: again, v: Quantity(y)}) for slope in slopes]
        text = "the derivative ψ′ is taken at y in place of v"
        yield Variant("slope-at-output", text, multiply([*rest, *moved]))
    one, text = Number(1.0), "the derivative is that of another activation"
    for slope in (
        [Quantity(y), Sum(((1, one), (-1, Quantity(y))))],
        [Sum(((1, one), (-1, Product((Quantity(y), Quantity(y))))))],
    ):
        if y in case.entries:
            yield Variant("slope-of-another", text, Product((*rest, *slope)))


def slope_too_many(case: Case, entry: Entry) -> Iterator[Variant]:
    """ψ′ where the loss has already taken it away."""
    here = entry.line.address
    y = replace(here, symbol="y")
    if is_gradient(entry) and not _slopes(entry) and y in case.entries:
        slope = [Quantity(y), Sum(((1, Number(1.0)), (-1, Quantity(y))))]
        text = "a derivative y (1 − y) too many"
        yield Variant("slope-too-many", text, Product((formula_of(entry), *slope)))
