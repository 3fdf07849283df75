"""Mistakes with steps in time: the way back through a step, the state of another one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from glassnet.explain.causes.case import Case, Variant, formula_of, is_change, replaced
from glassnet.explain.expressions import (
    Address,
    Expression,
    Number,
    Quantity,
    Sum,
    add,
    negate,
    quantities,
)
from glassnet.explain.worksheet import Entry, rewrite

__all__ = ["path_forgotten", "state_of_another_step"]

DERIVATIVES = ("δ", "∂E/∂")


def path_forgotten(case: Case, entry: Entry) -> Iterator[Variant]:
    """What comes back from the next step left out, or all that does not come from there."""
    del case
    time, formula = entry.line.address.time, formula_of(entry)
    if time is None or not entry.line.address.symbol.startswith(DERIVATIVES):
        return
    for is_next, text in (
        (True, "what comes back from the next step in time is left out"),
        (False, "only what comes back from the next step in time is counted"),
    ):
        found = _without(formula, time, from_next=is_next)
        if found != formula:
            yield Variant("path-through-time", text, found)


def _without(formula: Expression, time: int, *, from_next: bool) -> Expression:
    """Return a formula without the terms that come from another step, or with only these."""

    def change(part: Expression) -> Expression | None:
        if not isinstance(part, Sum):
            return None
        comes = [_comes_from_another(term, time) for _, term in part.terms]
        if not any(comes) or (all(comes) and not from_next):
            return None
        kept = [
            term if sign > 0 else negate(term)
            for (sign, term), other in zip(part.terms, comes, strict=True)
            if other is not from_next
        ]
        return add(kept) if kept else Number(0.0)

    return rewrite(formula, change)


def _comes_from_another(term: Expression, time: int) -> bool:
    return any(
        a.time not in (None, time) and a.symbol.startswith(DERIVATIVES) for a in quantities(term)
    )


def state_of_another_step(case: Case, entry: Entry) -> Iterator[Variant]:
    """h(t) in place of h(t−1), where a weight's share is worked out."""
    formula = formula_of(entry)
    used = list(quantities(formula))
    times = {a.time for a in used if a.symbol.startswith(DERIVATIVES)} - {None}
    if not is_change(entry) or len(times) != 1:
        return
    (time,) = times
    new: dict[Address, Expression] = {}
    for address in used:
        now = replace(address, time=time)
        is_state = address.time is not None and not address.symbol.startswith(DERIVATIVES)
        if is_state and address.time != time and now in case.entries:
            new[address] = Quantity(now)
    if new:
        text = "the state after the step is used, where that before it belongs: h(t) for h(t−1)"
        yield Variant("state-of-another-step", text, replaced(formula, new))
