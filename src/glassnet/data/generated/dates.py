"""Dates as people write them, and the same in ISO form: pairs for an encoder–decoder."""

from __future__ import annotations

from datetime import date, timedelta

from glassnet.ops.philox import uniform
from glassnet.unit import check_whole

__all__ = ["FORMS", "dates"]

STREAM = 1 << 20
FIRST, LAST = date(1950, 1, 1), date(2049, 12, 31)
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
# {d} day, {m} month by number, {M} by name, {y} year, {s} its last two digits, {w} day of the week,
# {o} day as an ordinal number; 0 before a letter: two digits, 3 before it: the first three letters.
FORMS = (
    "{d} {M} {y}",
    "{o} of {M} {y}",
    "{M} {d}, {y}",
    "{M} {o}, {y}",
    "{3M} {d}, {y}",
    "{d} {3M} {s}",
    "{w}, {d} {M} {y}",
    "{3w} {d} {3M} {y}",
    "{w}, {M} {d}, {y}",
    "{d}.{m}.{y}",
    "{0d}.{0m}.{s}",
    "{m}/{d}/{y}",
    "{0m}/{0d}/{s}",
    "{y}, {M} {d}",
    "{d}-{3M}-{y}",
)


def dates(n: int, *, seed: int = 0) -> tuple[list[str], list[str]]:
    """Return dates as people write them, and each in ISO form.

    The days are uniform from 1950 to 2049, so that two digits say a year; a form is one of fifteen,
    and a third of all is written in small or in capital letters. The separator tells which number
    is which: 31.12.1999 is day, month and year, 12/31/1999 is month, day and year.

    Args:
        n: How many.
        seed: Where they are drawn from: the same seed gives the same dates on every machine.

    Returns:
        n texts such as "Saturday, 3 March 2012", and n texts such as "2012-03-03".

    Raises:
        ArgumentError: A number is too small, or not whole.

    >>> dates(3, seed=1)[1]
    ['1986-06-14', '1982-11-28', '1963-08-28']
    """
    check_whole("n", n)
    check_whole("seed", seed, low=0)
    draws = uniform((n, 3), seed, stream=STREAM)
    span = (LAST - FIRST).days + 1
    sources: list[str] = []
    targets: list[str] = []
    for when, form, letters in draws.tolist():
        day = FIRST + timedelta(days=int(when * span))
        text = _written(day, FORMS[int(form * len(FORMS))])
        if letters < 1 / 3:
            text = text.lower() if letters < 1 / 4 else text.upper()
        sources.append(text)
        targets.append(day.isoformat())
    return sources, targets


def _written(day: date, form: str) -> str:
    month, weekday = MONTHS[day.month - 1], DAYS[day.weekday()]
    parts = {
        "{d}": str(day.day),
        "{0d}": f"{day.day:02}",
        "{o}": f"{day.day}{_ending(day.day)}",
        "{m}": str(day.month),
        "{0m}": f"{day.month:02}",
        "{M}": month,
        "{3M}": month[:3],
        "{y}": str(day.year),
        "{s}": f"{day.year % 100:02}",
        "{w}": weekday,
        "{3w}": weekday[:3],
    }
    for key, value in parts.items():
        form = form.replace(key, value)
    return form


def _ending(day: int) -> str:
    if day in (11, 12, 13):
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
