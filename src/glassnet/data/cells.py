"""What a single cell may be: a number, a date, the word of a yes/no answer, or nothing at all."""

from __future__ import annotations

import datetime as dt
import math
import re

__all__ = [
    "BOOLEAN_PAIRS",
    "DEFAULT_MISSING",
    "Sort",
    "has_leading_zeros",
    "parse_date",
    "parse_decimal_comma",
    "parse_number",
    "sort_of",
]

Sort = str  # "number", "date", "boolean" or "text"

DEFAULT_MISSING = frozenset(("", "?", "NA", "N/A", "NaN", "nan", "null", "NULL"))
BOOLEAN_PAIRS = (("false", "true"), ("no", "yes"), ("f", "t"), ("n", "y"))

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DECIMAL_COMMA = re.compile(r"[+-]?(?:[0-9]+(?:,[0-9]*)?|,[0-9]+)(?:[eE][+-]?[0-9]+)?")
_INFINITE = re.compile(r"[+-]?inf(?:inity)?", re.IGNORECASE)
_CODE = re.compile(r"[+-]?0[0-9]+")
_TIME = r"(?:[T ][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
_DATE = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})|-([0-9]{2})-([0-9]{2})TIME|/([0-9]{1,2})/([0-9]{1,2})TIME)".replace(
        "TIME", _TIME
    )
)


def parse_number(cell: str) -> float | None:
    """Return the number that a cell shows (perhaps infinite), or None where it shows none.

    >>> parse_number("-1.5e3"), parse_number("1e999"), parse_number("1_000")
    (-1500.0, inf, None)
    """
    if _NUMBER.fullmatch(cell):
        return float(cell)
    if _INFINITE.fullmatch(cell):
        return -math.inf if cell.startswith("-") else math.inf
    return None


def parse_decimal_comma(cell: str) -> float | None:
    """Return the number that a cell shows with a comma before its decimals, or None.

    >>> parse_decimal_comma("3,14"), parse_decimal_comma("3.14")
    (3.14, None)
    """
    return float(cell.replace(",", ".")) if _DECIMAL_COMMA.fullmatch(cell) else None


def has_leading_zeros(cell: str) -> bool:
    """Return whether a cell looks like a code rather than a number.

    >>> has_leading_zeros("02208"), has_leading_zeros("0"), has_leading_zeros("0.5")
    (True, False, False)
    """
    return _CODE.fullmatch(cell) is not None


def parse_date(cell: str) -> str | None:
    """Return the day (ISO 8601) that a cell shows, or None; a month stands for its first day.

    >>> parse_date("1949-01"), parse_date("2024/2/3"), parse_date("2024-02-31")
    ('1949-01-01', '2024-02-03', None)
    """
    match = _DATE.fullmatch(cell)
    if match is None:
        return None
    year, month, day = match[1], match[2] or match[3] or match[5], match[4] or match[6] or "1"
    try:
        return dt.date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None


def sort_of(cell: str) -> Sort:
    """Return what a cell looks like by itself: "number", "date", "boolean" or "text"."""
    if parse_number(cell) is not None:
        return "number"
    if parse_date(cell) is not None:
        return "date"
    return "boolean" if cell.lower() in ("false", "true", "no", "yes") else "text"
