"""Dataclasses whose methods are written when they are first asked for.

`dataclasses.dataclass` writes six methods for a class and compiles them, which takes about 0.4 ms.
A command loads half of glassnet's three hundred such classes and makes objects of a quarter of
those, while a whole training of a small table takes a quarter of a second. So `dataclass` here
leaves a promise in each method's place, and whoever first asks for one of them has the standard
library write them all. Before and after, a class behaves the same.
"""

from __future__ import annotations

import dataclasses
import inspect
import sys
from threading import RLock
from typing import TYPE_CHECKING, Any, cast

__all__ = ["dataclass"]

_WRITING = RLock()
_MADE = ("__dataclass_fields__", "__match_args__", "__init__")  # needed to make an object
_REST = ("__dataclass_params__", "__repr__", "__eq__", "__hash__")
if sys.version_info >= (3, 13):
    _REST = (*_REST, "__replace__")


class _Record:
    """A class that is to become a dataclass."""

    def __init__(self, of: Any, frozen: bool, **options: bool) -> None:
        self.of: Any = of
        self.frozen, self.options = frozen, options
        self.own: dict[str, Any] = inspect.get_annotations(of)
        body: dict[str, Any] = dict(of.__dict__)
        self.given = {name: body[name] for name in self.own if name in body}

    def promise(self) -> None:
        """Leave a promise for each attribute that is written later, and do the rest at once."""
        of = self.of
        body: dict[str, Any] = dict(of.__dict__)
        for name, value in self.given.items():
            if isinstance(value, dataclasses.Field):
                default: Any = cast("Any", value).default
                if default is dataclasses.MISSING:
                    delattr(of, name)
                else:
                    setattr(of, name, default)
        later = {*_MADE, *_REST} - {name for name in body if body[name] is not None}
        if not self.options.get("repr", True):
            later -= {"__repr__"}
        if not self.options.get("eq", True):
            later -= {"__eq__", "__hash__"}
        elif not self.frozen and "__hash__" in later:
            later -= {"__hash__"}
            of.__hash__ = None  # as for all that has equals and can change
        for name in later:
            setattr(of, name, _Promise(self, name))
        if self.frozen:
            _freeze(of)

    def write(self, names: tuple[str, ...]) -> None:
        """Put what the standard library writes in the place of the promises of these names.

        It writes into a class beside this one, of the same fields: at no moment is this class
        without its methods, whoever uses it meanwhile.
        """
        of = self.of
        fields: dict[str, Any] = {}
        for base in of.__mro__[:0:-1]:
            fields |= getattr(base, "__dataclass_fields__", {})
        above = {"__dataclass_fields__": fields, "__dataclass_params__": self}
        body: dict[str, Any] = dict(self.given, __annotations__=self.own, __doc__="beside")
        body |= {"__module__": of.__module__, "__qualname__": of.__qualname__}
        if hasattr(of, "__post_init__"):
            body["__post_init__"] = None  # that there is one is all that matters
        beside: Any = type(of.__name__, (type("Above", (), above),) if fields else (), body)
        options = self.options if names is _REST else {"repr": False, "eq": False}
        written: dict[str, Any] = dict(
            dataclasses.dataclass(frozen=self.frozen, **options)(beside).__dict__
        )
        for name in names:
            if isinstance(of.__dict__.get(name), _Promise):
                setattr(of, name, written[name])


class _Promise:
    """Stands for an attribute of a dataclass until someone asks for it."""

    def __init__(self, record: _Record, name: str) -> None:
        self.record, self.name = record, name

    def __get__(self, instance: object, owner: type) -> Any:
        of: Any = self.record.of
        with _WRITING:
            if of.__dict__[self.name] is self:
                self.record.write(_MADE if self.name in _MADE else _REST)
        kept: Any = of.__dict__[self.name]
        return kept.__get__(instance, owner) if hasattr(kept, "__get__") else kept


def _freeze(of: Any) -> None:
    """Let no field of an object be set or deleted."""

    def check(self: Any, name: str, doing: str) -> None:
        if self.__class__ is of or name in of.__dataclass_fields__:
            raise dataclasses.FrozenInstanceError(f"cannot {doing} field {name!r}")

    def assign(self: Any, name: str, value: Any) -> None:
        check(self, name, "assign to")
        super(of, self).__setattr__(name, value)

    def delete(self: Any, name: str) -> None:
        check(self, name, "delete")
        super(of, self).__delattr__(name)

    of.__setattr__, of.__delattr__ = assign, delete


if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(of: type | None = None, **options: Any) -> Any:
        """Make a class a dataclass, as `dataclasses.dataclass` does, with its methods put off.

        `slots=True` makes a class anew and `order=True` is rare: these are written at once.
        """
        if of is None:
            return lambda of: dataclass(of, **options)
        if options.keys() - {"frozen", "eq", "repr"}:
            return dataclasses.dataclass(of, **options)
        _Record(of, **{"frozen": False, **options}).promise()
        return of
