"""Numbers as people write them: decimal points and commas, fractions, powers of ten."""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from glassnet.records import dataclass

__all__ = ["SIGNS", "Written", "agrees", "read_number"]

LONGEST = 400  # characters of a value
PLAIN = re.compile(r"([+-]?)([0-9]*)(?:([.,])([0-9]*))?(?:[eE]([+-]?[0-9]{1,4}))?")
SIGNS = str.maketrans(
    {"\u2206": "Δ", "\u2202": "∂", "'": "′", "’": "′", "`": "′", "\u2212": "-", "–": "-", "—": "-"}
)


@dataclass(frozen=True)
class Written:
    """A number as it was written.

    Args:
        text: As it stands on the sheet.
        value: The number.
        unit: What the last digit counts; 0 for a fraction, which is exact.
        digits: Significant digits; of a fraction, as many as there are.
        grouped: What it is if its comma or point parts thousands, as in 1,234; None if none may.
    """

    text: str
    value: float
    unit: float
    digits: int
    grouped: float | None = None


def read_number(text: str) -> Written | None:
    """Return the number that a text stands for; None if it stands for none.

    >>> read_number("−0,170").value, read_number("1/4").value, read_number("3·10^−2").unit
    (-0.17, 0.25, 0.01)
    >>> read_number("0.5498").digits, read_number("a lot")
    (4, None)
    """
    if len(text) > LONGEST:
        return None
    cleaned = unicodedata.normalize("NFKC", _lowered_powers(text)).translate(SIGNS)
    cleaned = re.sub(r"\s", "", cleaned.replace("\u2044", "/")).removeprefix("≈").removeprefix("~")
    cleaned = _unwrapped(cleaned)
    percent = cleaned.endswith("%")
    cleaned = cleaned.removesuffix("%")
    cleaned = re.sub(r"(?:[·×x]|\*)(10(?:\^|\*\*)?)\(?([+-]?[0-9]{1,4})\)?$", r"e\2", cleaned)
    above, slash, below = cleaned.partition("/")
    if not slash:
        found = _decimal(text.strip(), cleaned)
        if found is not None and percent:
            return replace(found, value=found.value / 100, unit=found.unit / 100, grouped=None)
        return found
    first, second = _decimal(text, above), _decimal(text, below)
    if first is None or second is None or second.value == 0.0:
        return None
    value = first.value / second.value / (100 if percent else 1)
    return Written(text.strip(), value, 0.0, 17) if math.isfinite(value) else None


def _unwrapped(cleaned: str) -> str:
    """Return a number without what stands around it: quotes, brackets, a stop at the end."""
    cleaned = cleaned.rstrip(";")
    for first, last in ("()", "[]", '""', "′′", "“”", "$$"):
        if len(cleaned) > 2 and cleaned.startswith(first) and cleaned.endswith(last):
            cleaned = cleaned[1:-1]
    cleaned = cleaned.removeprefix("′")  # a cell that is kept as text
    if cleaned[-1:] in (".", ",") and re.search(r"[.,]", cleaned[:-1]):
        cleaned = cleaned[:-1]
    return cleaned


def _lowered_powers(text: str) -> str:
    """Return 10⁻³ as 10^-3; else the raised digits would become part of the 10."""
    raised = "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺"
    plain = str.maketrans(raised, "0123456789-+")
    return re.sub(f"[{raised}]+", lambda found: "^" + found[0].translate(plain), text)


def _decimal(text: str, cleaned: str) -> Written | None:
    cleaned = re.sub(r"(?<=[0-9])′(?=[0-9]{3}(?![0-9]))", "", cleaned)
    alone = re.fullmatch(r"[+-]?[1-9][0-9]{0,2}[.,][0-9]{3}", cleaned)
    if cleaned.count(",") + cleaned.count(".") > 1:
        cleaned = _without_groups(cleaned)
    found = PLAIN.fullmatch(cleaned)
    if found is None or not (found[2] or found[4]):
        return None
    sign, whole, _, behind, power = found.groups()
    behind, places = behind or "", int(power or 0)
    try:
        exact = Decimal(f"{sign}{whole or 0}.{behind or 0}e{places}")
        value = float(exact)
    except (InvalidOperation, OverflowError, ValueError):
        return None
    if not math.isfinite(value) or (value == 0.0 and exact != 0) or abs(places) > 350:
        return None
    digits = (whole + behind).lstrip("0")
    zeros = 0
    if found[3] is None and power is None:  # 1230000 may be a number of three digits
        zeros = min(len(digits) - len(digits.rstrip("0")), max(0, len(digits) - 3))
    last = zeros + places - len(behind)
    grouped = value * 1000 if alone else None
    return Written(text, value, float(f"1e{last}"), max(len(digits) - zeros, 1), grouped)


def _without_groups(cleaned: str) -> str:
    """Return 1.234,5 and 1,234.5 without the signs that only part thousands."""
    if re.fullmatch(r"[+-]?[0-9]{1,3}(?:(?:,[0-9]{3}){2,}|(?:\.[0-9]{3}){2,})", cleaned):
        return re.sub("[.,]", "", cleaned)
    last = max(cleaned.rfind(","), cleaned.rfind("."))
    other = "," if cleaned[last] == "." else "."
    if re.fullmatch(rf"[+-]?[0-9]{{1,3}}([{other}][0-9]{{3}})+[.,][0-9]*([eE].*)?", cleaned):
        return cleaned.replace(other, "")
    return cleaned


def agrees(written: Written, value: float) -> bool:
    """Whether a number is right for the digits with which it is written.

    >>> [agrees(read_number(text), 0.522741) for text in ("0.5227", "0.52", "0.5", "1")]
    [True, True, False, False]
    """
    gap = abs(written.value - value)
    exact = 1e-9 * abs(value) + 1e-12
    if not gap <= 0.5 * written.unit * (1 + 1e-9) + exact:  # also where the value is no number
        return False
    enough = written.unit <= 0.001 or (written.digits > 1 and written.value != 0.0)
    return gap <= exact or enough or gap <= 0.02 * abs(value)
