"""Likely causes of wrong numbers: each changes a line's formula as a mistake would.

A cause is a small function from a line to the formulas that a student would follow who makes this
mistake there. What these give is worked out from the student's own values before it; where it is
what the student wrote, the cause explains the line (`naming.py` puts them in order).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from glassnet.explain.answers import Written
from glassnet.explain.expressions import (
    Address,
    Apply,
    Expression,
    Number,
    Product,
    Quantity,
    Sum,
    add,
    evaluate,
    multiply,
    negate,
    quantities,
)
from glassnet.explain.numbers import short
from glassnet.explain.sheet import rounded
from glassnet.explain.worksheet import Entry, rewrite
from glassnet.ops.compare import LESS, LESS_EQUAL

__all__ = [
    "CAUSES",
    "NO_RATE",
    "Case",
    "Variant",
    "agrees",
    "copied_wrongly",
    "early",
    "inputs_copied_wrongly",
    "is_rate",
    "rounded_too_early",
    "with_rate",
]

LONG = 16  # quantities in a formula, from which on they are not tried one by one
SIBLINGS = 12  # how many other quantities of the same name are tried in place of one
NO_RATE = "the learning rate η is forgotten"
SUBJECTS = ("local field", "output")


def agrees(written: Written, value: float) -> bool:
    """Whether a number is right for the digits with which it is written.

    >>> from glassnet.explain.answers import read_number
    >>> [agrees(read_number(text), 0.522741) for text in ("0.5227", "0.52", "0.5", "1")]
    [True, True, False, False]
    """
    gap = abs(written.value - value)
    exact = 1e-9 * abs(value) + 1e-12
    if not gap <= 0.5 * written.unit * (1 + 1e-9) + exact:  # also where the value is no number
        return False
    enough = written.unit <= 0.001 or (written.digits > 1 and written.value != 0.0)
    return gap <= exact or enough or gap <= 0.02 * abs(value)


@dataclass(frozen=True)
class Case:
    """What the causes may look at.

    Args:
        entries: All lines by their addresses.
        written: What the student wrote, where it could be read.
        factors: The numbers that belong to averages: examples, outputs, all together.
    """

    entries: Mapping[Address, Entry]
    written: Mapping[Address, Written]
    factors: tuple[int, ...] = ()

    @cached_property
    def alike(self) -> dict[tuple[str, str, int | None], list[Address]]:
        """The quantities that differ only in their places."""
        found: dict[tuple[str, str, int | None], list[Address]] = {}
        for a in self.entries:
            found.setdefault((a.symbol, a.layer, a.example), []).append(a)
        return found

    def name(self, address: Address, step: int) -> str:
        """Return a quantity as it is printed; with its step, if that is not the one given."""
        entry = self.entries[address]
        return entry.symbol if entry.step == step else f"{entry.symbol} of step {entry.step}"

    def kind(self, address: Address) -> str:
        """Return what a quantity is: "bias", "weight", …"""
        return self.entries[address].line.kind if address in self.entries else ""


@dataclass(frozen=True)
class Variant:
    """A line as a mistake leaves it.

    Args:
        code: The mistake, for programs.
        text: The mistake, as a sentence without a full stop; the same for all lines that share it.
        formula: What the line is then computed from; None if only `predict` says it.
        predict: Works the line out in another way than by its formula.
    """

    code: str
    text: str
    formula: Expression | None = None
    predict: Callable[[Callable[[Address], float]], float] | None = field(default=None)


Cause = Callable[[Case, Entry], Iterator[Variant]]


# --- which line it is -----------------------------------------------------------------------------
def _is_gradient(entry: Entry) -> bool:
    return entry.line.address.symbol in ("δ", "∂E/∂v")


def _is_change(entry: Entry) -> bool:
    symbol = entry.line.address.symbol
    return symbol.startswith(("Δ", "∂E/∂")) and symbol != "∂E/∂v"


def _is_new(entry: Entry) -> bool:
    return entry.line.address.symbol.endswith(" new")


def _is_forward(entry: Entry) -> bool:
    return entry.line.kind in SUBJECTS and isinstance(entry.line.formula, Sum)


def is_rate(address: Address) -> bool:
    """Whether a quantity is the learning rate."""
    return address.symbol == "η"


def _formula(entry: Entry) -> Expression:
    assert entry.line.formula is not None
    return entry.line.formula


def _replaced(formula: Expression, new: Mapping[Address, Expression]) -> Expression:
    def change(part: Expression) -> Expression | None:
        return new.get(part.address) if isinstance(part, Quantity) else None

    return rewrite(formula, change)


# --- the error and its energy ---------------------------------------------------------------------
def error_sign(case: Case, entry: Entry) -> Iterator[Variant]:
    """Y − d in place of d − y."""
    formula = _formula(entry)
    found = {case.kind(address) for address in quantities(formula)}
    if entry.line.kind == "error" or (_is_gradient(entry) and "target" in found):
        text = "the sign of the error: target and output are swapped"
        yield Variant("error-sign", text, negate(formula))


def target_swapped(case: Case, entry: Entry) -> Iterator[Variant]:
    """The target where the output belongs, and the other way round."""
    formula = _formula(entry)
    used = dict.fromkeys(quantities(formula))
    targets = [a for a in used if case.kind(a) == "target"]
    new: dict[Address, Expression] = {}
    for target in targets:
        for other in used:
            same = (other.index, other.example) == (target.index, target.example)
            if same and other != target and case.kind(other) != "target":
                new |= {target: Quantity(other), other: Quantity(target)}
    if new and entry.line.kind != "error":
        yield Variant("target-swapped", "target and output are swapped", _replaced(formula, new))


def factors(case: Case, entry: Entry) -> Iterator[Variant]:
    """A ½ or a mean that was forgotten, or that does not belong there."""
    symbol = entry.line.address.symbol
    if not (symbol == "E" or entry.line.kind == "error" or _is_gradient(entry)) and not (
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
            formula = multiply([Number(factor), _formula(entry)])
            yield Variant("factor", f"the factor is another: {text}", formula)


# --- the derivative of the activation -------------------------------------------------------------
def _own(entry: Entry, part: Expression) -> bool:
    """Whether a factor speaks only of the neuron's own local field and output."""
    here = entry.line.address
    found = list(quantities(part))
    return bool(found) and all(
        a.symbol in ("v", "y") and (a.layer, a.index, a.example) == (here.layer, *_place(here))
        for a in found
    )


def _place(address: Address) -> tuple[tuple[int, ...], int | None]:
    return address.index, address.example


def _slopes(entry: Entry) -> list[Expression]:
    """Return the factors of ψ′ in the formula of a local gradient."""
    formula = _formula(entry)
    factors = formula.factors if isinstance(formula, Product) else ()
    return [factor for factor in factors if _own(entry, factor)]


def slope_forgotten(case: Case, entry: Entry) -> Iterator[Variant]:
    """ψ′ left out, or a part of it, or a slope a."""
    del case
    formula = _formula(entry)
    if not _is_gradient(entry):
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
    formula, slopes = _formula(entry), _slopes(entry)
    if not _is_gradient(entry) or not slopes or not isinstance(formula, Product):
        return
    here = entry.line.address
    v, y = replace(here, symbol="v"), replace(here, symbol="y")
    output = case.entries.get(y)
    rest = [factor for factor in formula.factors if factor not in slopes]
    if output is not None and output.line.formula is not None:
        again = _replaced(output.line.formula, {v: Quantity(y)})
        moved = [_replaced(slope, {y: again, v: Quantity(y)}) for slope in slopes]
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
    if _is_gradient(entry) and not _slopes(entry) and y in case.entries:
        slope = [Quantity(y), Sum(((1, Number(1.0)), (-1, Quantity(y))))]
        text = "a derivative y (1 − y) too many"
        yield Variant("slope-too-many", text, Product((_formula(entry), *slope)))


# --- the learning rate ----------------------------------------------------------------------------
def rate_forgotten(case: Case, entry: Entry) -> Iterator[Variant]:
    """η left out."""
    del case
    formula = _formula(entry)
    if any(is_rate(address) for address in quantities(formula)):
        yield Variant("rate-forgotten", NO_RATE, with_rate(formula, 1.0))


def with_rate(formula: Expression, rate: float) -> Expression:
    """Return a formula with a number in place of η."""
    return _replaced(formula, {a: Number(rate) for a in quantities(formula) if is_rate(a)})


# --- weights and biases ---------------------------------------------------------------------------
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
    if _is_new(entry):  # first the change, then the old weight
        listed.reverse()
    for sign, term, others in listed:
        names = " · ".join(case.name(address, entry.step) for address in quantities(term))
        if isinstance(term, Quantity) and case.kind(term.address) == "bias" and _is_forward(entry):
            continue
        if _is_new(entry):
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
    formula = _formula(entry)
    if isinstance(formula, Sum) and (_is_forward(entry) or _is_new(entry)):
        for place, (sign, term) in enumerate(formula.terms):
            others = [*formula.terms[:place], *formula.terms[place + 1 :]]
            yield sign, term, others


def _sum(signed: list[tuple[int, Expression]]) -> Expression:
    return add([term if sign > 0 else negate(term) for sign, term in signed])


def transposed(case: Case, entry: Entry) -> Iterator[Variant]:
    """w_ij in place of w_ji."""
    formula = _formula(entry)
    new: dict[Address, Expression] = {}
    for address in quantities(formula):
        turned = replace(address, index=address.index[::-1])
        if case.kind(address) == "weight" and len(address.index) == 2 and turned != address:
            if turned not in case.entries:
                return
            new[address] = Quantity(turned)
    if new and (_is_forward(entry) or _is_gradient(entry)):
        text = "the weights are transposed: w_ij where w_ji belongs"
        yield Variant("transposed", text, _replaced(formula, new))


def updated_weight(case: Case, entry: Entry) -> Iterator[Variant]:
    """The new weight where the old one belongs."""
    formula = _formula(entry)
    new: dict[Address, Expression] = {}
    for address in quantities(formula):
        after = replace(address, symbol=f"{address.symbol} new")
        if case.kind(address) == "weight" and after in case.entries:
            new[address] = Quantity(after)
    if new and _is_gradient(entry):
        text = "the already updated weights are used, where those of the forward pass belong"
        yield Variant("updated-weight", text, _replaced(formula, new))


def threshold(case: Case, entry: Entry) -> Iterator[Variant]:
    """≥ in place of >, or the other way round."""
    del case

    def change(part: Expression) -> Expression | None:
        if isinstance(part, Apply) and part.op in (LESS, LESS_EQUAL):
            return replace(part, op=LESS if part.op is LESS_EQUAL else LESS_EQUAL)
        return None

    formula = _formula(entry)
    found = rewrite(formula, change)
    if found != formula and entry.line.kind == "output":
        yield Variant("threshold", "at the threshold itself: ≥ and > are mistaken", found)


def sign(case: Case, entry: Entry) -> Iterator[Variant]:
    """The other sign: of the result, or in the exponent."""
    formula = _formula(entry)
    if _is_gradient(entry) or _is_change(entry):
        yield Variant("sign", "the sign: δ and the changes have the other one", negate(formula))
    if entry.line.kind == "output" and not _is_forward(entry):
        new = {a: negate(Quantity(a)) for a in quantities(formula) if case.kind(a) == "local field"}
        if new:
            text = "the sign of the local field, as in e^(v) in place of e^(−v)"
            yield Variant("exponent-sign", text, _replaced(formula, new))


def _few(formula: Expression) -> list[Address]:
    """Return the quantities of a formula; none of a long one, where trying each takes too long."""
    found = list(dict.fromkeys(quantities(formula)))
    return found if len(found) <= LONG else []


def another_place(case: Case, entry: Entry) -> Iterator[Variant]:
    """Another element of the same name."""
    formula = _formula(entry)
    for address in _few(formula):
        alike = case.alike[address.symbol, address.layer, address.example]
        same = (other for other in alike if other != address)
        for other in itertools.islice(same, SIBLINGS):
            taken, right = (case.name(a, entry.step) for a in (other, address))
            text = f"{taken} is used in place of {right}"
            yield Variant("another-place", text, _replaced(formula, {address: Quantity(other)}))


# --- rounding and copying -------------------------------------------------------------------------
def rounded_too_early(case: Case, entry: Entry) -> Iterator[Variant]:
    """Worked with numbers of one, two or three digits, but written with more."""
    formula = _formula(entry)
    own = case.written.get(entry.address)
    for digits in (3, 2, 1):
        if own is not None and own.digits <= digits:
            continue
        for cut in (rounded(digits), _places(digits)):
            for inside in (False, True):

                def predict(
                    value_of: Callable[[Address], float],
                    cut: Callable[[float], float] = cut,
                    inside: bool = inside,
                ) -> float:
                    if inside:
                        return _worked_rounded(formula, value_of, cut)
                    return evaluate(formula, lambda address: cut(value_of(address)))

                yield Variant("rounded-early", early(digits), None, predict)


def _places(digits: int) -> Callable[[float], float]:
    """Return what rounds a number to so many places behind the point."""
    return lambda value: round(value, digits)


def early(digits: int) -> str:
    """Return what rounding to so few digits is called."""
    return f"rounded too early, to {digits} digit{'s' * (digits > 1)} or places"


def _worked_rounded(
    formula: Expression, value_of: Callable[[Address], float], cut: Callable[[float], float]
) -> float:
    """Return a value whose parts are each rounded before they are used, but the last."""
    top = True

    def change(part: Expression) -> Expression | None:
        nonlocal top
        if top:
            top = False
            return None
        return Number(cut(_worked_rounded(part, value_of, cut)))

    if isinstance(formula, Number):
        return formula.value
    return evaluate(rewrite(formula, change), value_of)


def copied_wrongly(written: Written, value: float) -> str:
    """Return how a number may have been copied wrongly from a right one; "" if it was not.

    >>> from glassnet.explain.answers import read_number
    >>> copied_wrongly(read_number("0.0375"), 0.0211628), copied_wrongly(read_number("-3"), 3.0)
    ('', 'the sign is copied wrongly')
    >>> copied_wrongly(read_number("0.0217"), 0.0211628)
    'a digit is copied wrongly'
    """
    largest = max(abs(value), abs(written.value))
    if written.unit == 0.0 or value == 0.0 or not largest < 1e15 * written.unit:
        return ""
    if agrees(written, -value):
        return "the sign is copied wrongly"
    for power in (1, -1, 2, -2, 3, -3):
        if agrees(written, value * 10.0**power) and written.digits > 1:
            return "the decimal point is copied wrongly"
    right, own = _figures(value, written.unit), _figures(written.value, written.unit)
    width = max(len(right), len(own))
    pairs = list(zip(right.rjust(width, "0"), own.rjust(width, "0"), strict=True))
    other = [place for place, (a, b) in enumerate(pairs) if a != b]
    signed = (written.value < 0) == (value < 0)
    if signed and len(other) == 1 and width > 1 - (abs(value - round(value)) < 1e-9):
        return "a digit is copied wrongly"
    if signed and len(other) == 2 and other[1] == other[0] + 1:
        (a, b), (c, d) = (pairs[place] for place in other)
        if (a, c) == (d, b):
            return "two digits are swapped"
    return ""


def _figures(value: float, unit: float) -> str:
    return str(round(abs(value) / unit))


def inputs_copied_wrongly(case: Case, entry: Entry) -> Iterator[Variant]:
    """One quantity of the formula read wrongly: its sign, a digit, two digits swapped."""
    formula = _formula(entry)
    for address in _few(formula):
        written = case.written.get(address)

        def value_text(value: float, written: Written | None = written) -> str:
            if written is not None and written.digits <= 8:
                return f"{written.value:.{written.digits}g}"
            return f"{value:.6g}"

        value = written.value if written is not None else case.entries[address].line.value
        for text in _misread(value_text(value)):
            name, wrong = case.name(address, entry.step), float(text)
            said = f"{name} is copied wrongly: {short(wrong, 8)} in place of {short(value)}"
            yield Variant("copied-wrongly", said, _replaced(formula, {address: Number(wrong)}))


def _misread(text: str) -> Iterator[str]:
    if "e" in text or text in ("0", "-0"):
        return
    yield text[1:] if text.startswith("-") else f"-{text}"
    places = [place for place, character in enumerate(text) if character.isdigit()]
    for place in places:
        for digit in "0123456789":
            if digit != text[place]:
                yield text[:place] + digit + text[place + 1 :]
    for first, second in itertools.pairwise(places):
        if text[first] != text[second]:
            swapped = list(text)
            swapped[first], swapped[second] = text[second], text[first]
            yield "".join(swapped)


CAUSES: tuple[Cause, ...] = (
    threshold,
    error_sign,
    target_swapped,
    slope_forgotten,
    slope_elsewhere,
    rate_forgotten,
    bias,
    transposed,
    updated_weight,
    factors,
    sign,
    slope_too_many,
    terms,
    another_place,
    rounded_too_early,
)
