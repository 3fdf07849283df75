"""Reading stored dictionaries strictly: each field is taken once and checked."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, cast

from glassnet.errors import ModelFileError

__all__ = ["Fields", "is_number"]


def is_number(value: object) -> bool:
    """Return whether a value is a finite number, and not true or false."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


class Fields:
    """The fields of one dictionary: each is taken once and checked; none may be left at the end."""

    def __init__(self, stored: object, place: str) -> None:
        self.place = place
        if not isinstance(stored, dict):
            raise ModelFileError(f"{place}: expected a dictionary; got {_short(stored)}")
        self.fields = dict(cast("dict[str, object]", stored))

    def error(self, name: str, expected: str, value: object) -> ModelFileError:
        """Return an error that names the field."""
        return ModelFileError(
            f"{self.place}.{name}: expected {expected}; got {_short(value)}; the model file is "
            "damaged or was altered"
        )

    def has(self, name: str) -> bool:
        """Return whether there is such a field."""
        return name in self.fields

    def peek(self, name: str) -> object:
        """Return a field without taking it; None where there is none."""
        return self.fields.get(name)

    def drop(self, name: str) -> None:
        """Take a field that must be null."""
        self.take(name, lambda value: value is None, "null or a dictionary")

    def take(self, name: str, fits: Callable[[object], bool], expected: str) -> Any:
        """Take a field, and check that it fits what is expected."""
        if name not in self.fields:
            raise ModelFileError(f"{self.place}.{name} is missing; the model file is damaged")
        value = self.fields.pop(name)
        if not fits(value):
            raise self.error(name, expected, value)
        return value

    def text(self, name: str) -> str:
        """Take a text."""
        return self.take(name, lambda value: isinstance(value, str), "text")

    def truth(self, name: str) -> bool:
        """Take true or false."""
        return self.take(name, lambda value: isinstance(value, bool), "true or false")

    def number(self, name: str) -> float:
        """Take a finite number."""
        return float(self.take(name, is_number, "a finite number"))

    def positive(self, name: str) -> float:
        """Take a number above 0."""
        number = self.number(name)
        if number <= 0:
            raise self.error(name, "a number above 0", number)
        return number

    def optional_number(self, name: str) -> float | None:
        """Take a finite number or null."""
        value = self.take(name, lambda v: v is None or is_number(v), "a finite number or null")
        return None if value is None else float(value)

    def whole(self, name: str, least: int) -> int:
        """Take a whole number that is not below `least`."""
        return self.take(
            name,
            lambda v: isinstance(v, int) and not isinstance(v, bool) and v >= least,
            f"a whole number of at least {least}",
        )

    def listed(self, name: str, fits: Callable[[object], bool], expected: str) -> tuple[Any, ...]:
        """Take a list whose values all fit."""
        values = self.take(name, lambda value: isinstance(value, list), f"a list of {expected}")
        for i, value in enumerate(values):
            if not fits(value):
                raise self.error(f"{name}[{i}]", expected, value)
        return tuple(values)

    def texts(self, name: str) -> tuple[str, ...]:
        """Take a list of texts."""
        return self.listed(name, lambda value: isinstance(value, str), "text")

    def child(self, name: str) -> Fields:
        """Take a dictionary."""
        value = self.take(name, lambda v: isinstance(v, dict), "a dictionary")
        return Fields(value, f"{self.place}.{name}")

    def children(self, name: str) -> list[Fields]:
        """Take a list of dictionaries."""
        values = self.listed(name, lambda v: isinstance(v, dict), "dictionaries")
        return [Fields(value, f"{self.place}.{name}[{i}]") for i, value in enumerate(values)]

    def end(self) -> None:
        """Raise an error if a field is left."""
        if self.fields:
            name = next(iter(self.fields))
            raise ModelFileError(
                f"{self.place} has a field {name!r} that this version does not know; the model is "
                "from a later version, or was altered"
            )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
