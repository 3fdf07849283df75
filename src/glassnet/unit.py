"""Units: the named choices that a network is made of, such as layers, activations and optimisers.

A unit is a frozen dataclass in a file of its own. Declaring it registers it under its name, so that
it can be written as text on the command line ("nesterov 0.05", "logistic slope=2"), stored in a
model file, and found by the conformance tests. Nothing else needs to be touched to add one.
"""

from __future__ import annotations

import dataclasses
import functools
import importlib
import math
import numbers
import shlex
import types
import typing
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any, ClassVar, Self

from glassnet.errors import ArgumentError, ModelFileError, nearest
from glassnet.records import dataclass

__all__ = [
    "FAMILIES",
    "Members",
    "Unit",
    "check_choice",
    "check_number",
    "check_whole",
    "quoted",
    "read_setting",
]


class Members(MutableMapping[str, "type[Unit]"]):
    """The members of a family by name; some are loaded only when they are asked for."""

    def __init__(self) -> None:
        self._known: dict[str, type[Unit]] = {}
        self._later: dict[str, str] = {}
        self._is_sorted = False  # where names come in the order in which they were loaded

    def load_later(self, modules: Mapping[str, str]) -> None:
        """Let names stand for members that modules declare when they are imported."""
        self._is_sorted = True
        self._later |= {name: module for name, module in modules.items() if name not in self._known}

    def known(self, name: str) -> type[Unit] | None:
        """Return the member that has declared itself under a name, if one has."""
        return self._known.get(name)

    def __getitem__(self, name: str) -> type[Unit]:
        if name in self._later:
            importlib.import_module(self._later[name])
        return self._known[name]

    def __setitem__(self, name: str, member: type[Unit]) -> None:
        self._known[name] = member
        self._later.pop(name, None)

    def __delitem__(self, name: str) -> None:
        del self._known[name]

    def __contains__(self, name: object) -> bool:
        return name in self._known or name in self._later

    def __iter__(self) -> Iterator[str]:
        names = [*self._known, *self._later]
        return iter(sorted(names) if self._is_sorted else names)

    def __len__(self) -> int:
        return len(self._known) + len(self._later)


FAMILIES: dict[str, Members] = {}


@dataclass(frozen=True)
class Unit:
    """The parent of every family of units.

    `class Activation(Unit, family="activation")` starts a family;
    `class Tanh(Activation, name="tanh")` puts a member into it.
    """

    family: ClassVar[str] = ""
    name: ClassVar[str] = ""

    def __init_subclass__(cls, family: str = "", name: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if family:
            cls.family = family
            FAMILIES[family] = Members()
        if name:
            cls.name = name
            members = FAMILIES[cls.family]
            # dataclass(slots=…) makes the class twice: the second stands for the first
            earlier = members.known(name)
            assert earlier is None or earlier.__qualname__ == cls.__qualname__, name
            members[name] = cls

    @classmethod
    def of(cls, choice: str | Unit) -> Self:
        """Return a unit of this family from a unit, or from text such as "adam 0.01 beta1=0.8".

        Raises:
            ArgumentError: No member has that name (the nearest is suggested), or it has no such
                setting, or the setting's value is not allowed.
        """
        if isinstance(choice, cls):
            return choice
        if not isinstance(choice, str):
            raise ArgumentError(
                f"{cls.family} must be one of {', '.join(FAMILIES[cls.family])} "
                f"or an object of that kind; got {choice!r}"
            )
        try:
            words = shlex.split(choice.replace("(", " ").replace(")", " ").replace(",", " "))
        except ValueError as error:
            raise ArgumentError(f"{cls.family} {choice!r} cannot be read: {error}") from None
        if not words:
            raise ArgumentError(f"{cls.family} is empty; choose one of {_names(cls.family)}")
        member = cls.named(words[0])
        settings = [field for field in dataclasses.fields(member) if field.init]
        settings.sort(key=lambda field: field.kw_only is True)  # those come after all others
        values: dict[str, Any] = {}
        for position, word in enumerate(words[1:]):
            key, equals, text = word.partition("=")
            if not (equals and key.isidentifier()):  # no "=", or one that belongs to inner text
                key, text = settings[position].name if position < len(settings) else "", word
            field = next((entry for entry in settings if entry.name == key), None)
            if field is None:
                known = [entry.name for entry in settings]
                raise ArgumentError(
                    f"{words[0]} has no setting {key or text!r}{nearest(key, known)}; "
                    f"it has {', '.join(known) or 'none'}"
                )
            values[key] = read_setting(f"{words[0]}: {key}", text, _hints(member)[key])
        for field in settings:
            required = field.default is dataclasses.MISSING and (
                field.default_factory is dataclasses.MISSING
            )
            if required and field.name not in values:
                raise ArgumentError(f"{words[0]} needs a setting {field.name}")
        return typing.cast("Self", member(**values))

    @classmethod
    def named(cls, name: str) -> type[Unit]:
        """Return the class of this family that has the name."""
        members = FAMILIES[cls.family]
        if name.lower() not in members:
            raise ArgumentError(
                f"there is no {cls.family} named {name!r:.80}{nearest(name[:80], members)}; "
                f"choose one of {_names(cls.family)}"
            )
        return members[name.lower()]

    def __str__(self) -> str:
        """Return the text that `of` reads: the name, and the settings that are not the default."""
        words = [self.name]
        for position, field in enumerate(dataclasses.fields(self)):
            value = getattr(self, field.name)
            if value != field.default:
                text = quoted(str(value))
                words.append(text if position == 0 else f"{field.name}={text}")
        return " ".join(words)

    def to_json(self) -> dict[str, Any]:
        """Return the unit as plain data for a model file."""
        settings = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.init}
        return {
            "kind": self.name,
            **{
                key: value.to_json() if isinstance(value, Unit) else _plain(value)
                for key, value in settings.items()
            },
        }

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Return a unit of this family from plain data; never trusts it.

        Raises:
            ModelFileError: Not the form that `to_json` writes, or a value that is not allowed.
        """
        if not isinstance(data, Mapping):
            raise ModelFileError(f"{cls.family}: a table of settings is needed, not {data!r:.60}")
        settings = {
            str(key): value for key, value in typing.cast("Mapping[Any, Any]", data).items()
        }
        kind = settings.pop("kind", None)
        try:
            member = cls.named(str(kind))
            hints = _hints(member)
            for key, value in settings.items():
                if key not in hints:
                    raise ArgumentError(f"{kind} has no setting {key!r:.60}")
                settings[key] = _revive(f"{kind}: {key}", value, hints[key])
            return typing.cast("Self", member(**settings))
        except (ArgumentError, TypeError, OverflowError, RecursionError) as error:
            raise ModelFileError(f"{cls.family}: {error}") from None


def _plain(value: Any) -> Any:
    """Return one of NumPy's numbers as Python's own; other values as they are."""
    if isinstance(value, int | float | str | None) or not isinstance(value, numbers.Real):
        return value
    return int(value) if isinstance(value, numbers.Integral) else float(value)


def quoted(text: str) -> str:
    """Return text as one word that `Unit.of` reads: in quotes if it has spaces.

    >>> print(quoted("relu"), quoted("logistic 2.0"))
    relu "logistic 2.0"
    """
    if " " not in text:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')  # as `shlex` reads them
    return f'"{escaped}"'


def _names(family: str) -> str:
    return ", ".join(FAMILIES[family])


@functools.cache
def _hints(member: type[Unit]) -> dict[str, Any]:
    hints = typing.get_type_hints(member)
    return {field.name: hints[field.name] for field in dataclasses.fields(member) if field.init}


def _alternatives(hint: Any) -> tuple[Any, ...]:
    union = isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union
    return typing.get_args(hint) if union else (hint,)


def read_setting(place: str, text: str, hint: Any) -> Any:
    """Read one setting from text: the first of its types that the text fits."""
    kinds = _alternatives(hint)
    if type(None) in kinds and text.lower() == "none":
        return None
    if bool in kinds and text.lower() in ("true", "false", "yes", "no"):
        return text.lower() in ("true", "yes")
    for kind in kinds:
        if kind in (int, float):
            try:
                return kind(text)
            except ValueError:
                continue
    if str in kinds:
        return text
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, Unit):
            return kind.of(text)
    wanted = " or ".join(getattr(kind, "__name__", str(kind)) for kind in kinds)
    raise ArgumentError(f"{place} must be of type {wanted}; got {text!r}")


def _revive(place: str, value: Any, hint: Any) -> Any:
    """Check one setting read from JSON against its type."""
    kinds = _alternatives(hint)
    if value is None and type(None) in kinds:
        return None
    for kind in kinds:
        if isinstance(kind, type) and issubclass(kind, Unit) and isinstance(value, Mapping):
            return kind.from_json(typing.cast("Mapping[str, Any]", value))
        if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
            return float(value)
        if kind in (int, str, bool) and type(value) is kind:
            return value
        if typing.get_origin(kind) is tuple and isinstance(value, list):
            entries = typing.cast("list[Any]", value)
            inner = typing.get_args(kind)[0]
            return tuple(_revive(place, entry, inner) for entry in entries)
    raise ArgumentError(f"{place} has a value of the wrong type: {value!r:.60}")


def check_number(
    name: str,
    value: object,
    *,
    low: float = -math.inf,
    high: float = math.inf,
    open_low: bool = False,
    open_high: bool = False,
) -> None:
    """Raise ArgumentError unless the value is a finite number within the bounds."""
    fits = not isinstance(value, bool) and isinstance(value, numbers.Real)  # NumPy's, too
    number = _finite(value) if fits else None
    fits = number is not None
    if number is not None:
        fits = (number > low if open_low else number >= low) and (
            number < high if open_high else number <= high
        )
    if not fits:
        bounds = [f"above {low:g}" if open_low else f"at least {low:g}"] if low > -math.inf else []
        if high < math.inf:
            bounds.append(f"below {high:g}" if open_high else f"at most {high:g}")
        allowed = f" {' and '.join(bounds)}" if bounds else ""
        raise ArgumentError(f"{name} must be a number{allowed}; got {value!r}")


def _finite(value: object) -> float | None:
    try:
        number = float(typing.cast("float", value))
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def check_whole(name: str, value: object, *, low: int = 1, high: int | None = None) -> None:
    """Raise ArgumentError unless the value is a whole number within the bounds."""
    upper = math.inf if high is None else high
    fits = not isinstance(value, bool) and isinstance(value, numbers.Integral)  # NumPy's, too
    if not (fits and low <= typing.cast("int", value) <= upper):
        above = "" if high is None else f" and at most {high}"
        raise ArgumentError(
            f"{name} must be a whole number of at least {low}{above}; got {value!r}"
        )


def check_choice(name: str, value: object, allowed: typing.Iterable[str]) -> None:
    """Raise ArgumentError unless the value is one of the words allowed."""
    words = list(allowed)
    if value not in words:
        raise ArgumentError(
            f"{name} must be one of {', '.join(words)}; got {value!r}{nearest(str(value), words)}"
        )
