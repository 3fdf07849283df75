"""Dataclasses whose methods are put off behave as those of the standard library."""

from __future__ import annotations

import copy
import dataclasses
import importlib
import inspect
import pickle
import pkgutil
import threading
from collections.abc import Callable
from dataclasses import InitVar, field
from typing import Any, ClassVar, Generic, TypeVar

import pytest

import glassnet
from glassnet import records

T = TypeVar("T")
LATER = vars(records)["dataclass"]


def _plain(dataclass: Callable[..., Any]) -> Any:
    @dataclass
    class Point:
        """Two numbers."""

        x: int
        y: float = 2.0
        tags: list[str] = field(default_factory=list)
        scale: ClassVar[int] = 3

    return Point


def _frozen(dataclass: Callable[..., Any]) -> Any:
    @dataclass(frozen=True)
    class Fixed:
        x: int
        y: float = field(default=2.0, repr=False)
        tags: tuple[str, ...] = field(default=(), compare=False, kw_only=True)

    return Fixed


def _child(dataclass: Callable[..., Any]) -> Any:
    @dataclass(frozen=True)
    class Parent(Generic[T]):
        x: T
        y: int = 1

        def __post_init__(self) -> None:
            object.__setattr__(self, "seen", self.y)

        def shown(self) -> str:
            return f"{self.x} {self.y}"

    @dataclass(frozen=True)
    class Child(Parent[int]):
        y: int = 5  # in the place that it has in Parent
        z: str = "z"

        def __repr__(self) -> str:
            return f"Child {self.shown()}"

    return Child


def _unequal(dataclass: Callable[..., Any]) -> Any:
    @dataclass(eq=False, repr=False)
    class Box:
        x: int
        y: int = field(init=False, default=4)

    return Box


def _starting(dataclass: Callable[..., Any]) -> Any:
    @dataclass
    class Started:
        x: int
        start: InitVar[int] = 2

        def __post_init__(self, start: int) -> None:
            self.x += start

    return Started


def _own(dataclass: Callable[..., Any]) -> Any:
    @dataclass(frozen=True)
    class Own:
        x: int

        def __init__(self, text: str) -> None:
            object.__setattr__(self, "x", int(text))

        def __eq__(self, other: object) -> bool:
            return isinstance(other, type(self)) and abs(self.x - other.x) < 2

    return Own


FORMS = [_plain, _frozen, _child, _unequal, _starting, _own]


def _outcome(act: Callable[[Any], Any], made: Any) -> Any:
    """Return what an act gives, or its error in words."""
    try:
        return act(made)
    except Exception as error:
        return type(error), str(error)


@pytest.mark.parametrize("form", FORMS)
def test_as_the_standard_library(form: Callable[..., Any]) -> None:
    theirs, ours = form(dataclasses.dataclass), form(LATER)
    made = "7" if form is _own else 7
    for act in (
        lambda of: inspect.signature(of),
        lambda of: [(f.name, f.default, f.init, f.repr, f.kw_only) for f in dataclasses.fields(of)],
        lambda of: of.__match_args__,
        lambda of: {n: v for n in ("x", "y", "tags", "z", "scale") if (v := vars(of).get(n))},
        lambda of: repr(of(made)).replace(" object at ", "").split("0x")[0],
        lambda of: of(),
        lambda of: of(made, nothing=3),
        lambda of: of(made) == of(made),
        lambda of: of(made) == "7",
        lambda of: len({hash(one) for one in [of(made), of(made)]}),
        lambda of: vars(of(made)),
        lambda of: setattr(of(made), "x", 3),
        lambda of: setattr(of(made), "other", 3),
        lambda of: delattr(of(made), "x"),
        lambda of: dataclasses.asdict(of(made)),
        lambda of: vars(dataclasses.replace(of(made), x=9)),
        lambda of: vars(copy.deepcopy(of(made))),
        lambda of: of.__dataclass_params__.frozen,
        lambda of: of.__hash__ is None,
        lambda of: of.__init__.__qualname__,
        lambda of: vars(of(made).__replace__(x=4)),  # from Python 3.13 on
    ):
        assert _outcome(act, form(LATER)) == _outcome(act, theirs)  # the first use
        assert _outcome(act, ours) == _outcome(act, theirs)  # and those after it


def test_nothing_is_written_before_it_is_needed() -> None:
    made = _frozen(LATER)
    promises = [name for name, value in vars(made).items() if isinstance(value, records._Promise)]
    assert {"__init__", "__repr__", "__eq__", "__hash__", "__dataclass_fields__"} <= set(promises)
    assert not hasattr(vars(made)["__init__"], "__code__")
    made(3)
    assert hasattr(vars(made)["__init__"], "__code__")
    assert isinstance(vars(made)["__eq__"], records._Promise)
    assert made(3) == made(3)
    assert hasattr(vars(made)["__eq__"], "__code__")


def test_a_standard_dataclass_may_follow() -> None:
    @dataclasses.dataclass(frozen=True)
    class Follower(_frozen(LATER)):
        z: int = 3

    assert repr(Follower(1)).endswith("Follower(x=1, tags=(), z=3)")


def test_pickled_before_anything_else_is_asked() -> None:
    from glassnet.graph.types import DType
    from glassnet.nn.initializers import XavierUniform

    assert pickle.loads(pickle.dumps(XavierUniform())) == XavierUniform()
    assert pickle.loads(pickle.dumps(DType.FLOAT32)) is DType.FLOAT32


def test_two_threads_ask_at_once() -> None:
    for _ in range(50):
        made, ready, found = _plain(LATER), threading.Barrier(4), []

        def make(
            made: Any = made, ready: threading.Barrier = ready, found: list[Any] = found
        ) -> None:
            ready.wait()
            found.append(made(1))

        threads = [threading.Thread(target=make) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [made(1)] * 4


def test_every_class_of_glassnet_can_be_written() -> None:
    count = 0
    for found in pkgutil.walk_packages(glassnet.__path__, "glassnet."):
        if found.name.endswith(("__main__", "._native")):
            continue
        for value in vars(importlib.import_module(found.name)).values():
            if not isinstance(value, type) or value.__module__ != found.name:
                continue
            if "__dataclass_fields__" in vars(value):
                assert all(field.name for field in dataclasses.fields(value))
                assert callable(value.__init__), value
                assert dataclasses.is_dataclass(value)
                assert value.__dataclass_params__ is not None
                assert not any(isinstance(v, records._Promise) for v in vars(value).values()), value
                count += 1
    assert count > 250
