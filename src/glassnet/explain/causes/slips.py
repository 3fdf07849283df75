"""Slips of the pen: numbers rounded too early, or copied wrongly."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from glassnet.explain.causes.case import Case, Variant, few, formula_of, replaced
from glassnet.explain.expressions import Address, Expression, Number, evaluate
from glassnet.explain.numbers import short
from glassnet.explain.sheet import rounded
from glassnet.explain.worksheet import Entry, rewrite
from glassnet.explain.written import Written, agrees

__all__ = ["copied_wrongly", "early", "inputs_copied_wrongly", "rounded_too_early"]


def rounded_too_early(case: Case, entry: Entry) -> Iterator[Variant]:
    """Worked with numbers of one, two or three digits, but written with more."""
    formula = formula_of(entry)
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

    >>> from glassnet.explain.written import read_number
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
    formula = formula_of(entry)
    for address in few(formula):
        written = case.written.get(address)

        def value_text(value: float, written: Written | None = written) -> str:
            if written is not None and written.digits <= 8:
                return f"{written.value:.{written.digits}g}"
            return f"{value:.6g}"

        value = written.value if written is not None else case.entries[address].line.value
        for text in _misread(value_text(value)):
            name, wrong = case.name(address, entry.step), float(text)
            said = f"{name} is copied wrongly: {short(wrong, 8)} in place of {short(value)}"
            yield Variant("copied-wrongly", said, replaced(formula, {address: Number(wrong)}))


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
