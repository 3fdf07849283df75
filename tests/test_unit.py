"""Units: registered by being declared, read from text and from JSON, shown as text."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet.public  # noqa: F401 - so that all families are there
from glassnet.errors import ArgumentError, ModelFileError
from glassnet.unit import (
    FAMILIES,
    Members,
    Unit,
    check_choice,
    check_number,
    check_whole,
    quoted,
)


@dataclass(frozen=True)
class Sauce(Unit, family="test_sauce"):
    """A family of the tests."""


@dataclass(frozen=True)
class Plain(Sauce, name="plain"):
    """Nothing to set."""


@dataclass(frozen=True)
class Hot(Sauce, name="hot"):
    """One of everything."""

    degree: float
    drops: int = 3
    label: str = "mild"
    smoked: bool = False
    limit: float | None = None
    base: Sauce = Plain()
    kinds: tuple[float, ...] = ()
    secret: ClassVar[int] = 7

    def __post_init__(self) -> None:
        check_number("degree", self.degree, low=0)


@pytest.fixture(scope="module", autouse=True)
def family() -> Any:
    """The family is there for the tests of this file only."""
    members = FAMILIES.get("test_sauce", Members())
    members.update({"plain": Plain, "hot": Hot})
    FAMILIES["test_sauce"] = members
    yield
    FAMILIES.pop("test_sauce")


FAMILIES.pop("test_sauce")  # while tests are collected, the registries are those of the library


# --- registering ----------------------------------------------------------------------------------
def test_declaring_registers() -> None:
    assert FAMILIES["test_sauce"] == {"plain": Plain, "hot": Hot}
    assert Hot.family == "test_sauce"
    assert Hot.name == "hot"
    assert Sauce.named("hot") is Hot
    assert Sauce.named("HOT") is Hot


def test_the_same_name_twice_is_our_own_mistake() -> None:
    with pytest.raises(AssertionError, match="plain"):

        @dataclass(frozen=True)
        class Other(Sauce, name="plain"):
            """Another one of that name."""


def test_units_do_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Plain().name = "other"  # type: ignore[misc]
    assert Hot(1.0) == Hot(1.0)
    assert hash(Hot(1.0)) == hash(Hot(1.0))


# --- text -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("plain", Plain()),
        ("  Plain  ", Plain()),
        ("plain()", Plain()),
        ("hot 2", Hot(2.0)),
        ("hot 2 5", Hot(2.0, 5)),
        ("hot(2, 5)", Hot(2.0, 5)),
        ("hot degree=2 drops=5", Hot(2.0, 5)),
        ("hot drops=5, degree=2", Hot(2.0, 5)),
        ("hot 1e-3 smoked=yes", Hot(0.001, smoked=True)),
        ("hot 1 smoked=False", Hot(1.0)),
        ("hot 1 limit=none", Hot(1.0)),
        ("hot 1 limit=0.5", Hot(1.0, limit=0.5)),
        ('hot 1 label="very hot"', Hot(1.0, label="very hot")),
        ("hot 1 base=plain", Hot(1.0)),
        ('hot 1 base="hot 2 drops=4"', Hot(1.0, base=Hot(2.0, 4))),
        ('hot 1 3 mild no none "hot 2"', Hot(1.0, base=Hot(2.0))),
    ],
)
def test_reading(text: str, unit: Unit) -> None:
    assert Sauce.of(text) == unit
    assert Sauce.of(str(unit)) == unit


def test_a_unit_stands_for_itself() -> None:
    unit = Hot(1.0)
    assert Sauce.of(unit) is unit


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        ("hott", "there is no test_sauce named 'hott' (did you mean 'hot'?); choose one of plain"),
        ("", "test_sauce is empty; choose one of plain, hot"),
        ("()", "test_sauce is empty"),
        ("hot", "hot needs a setting degree"),
        ("hot x", "hot: degree must be of type float; got 'x'"),
        ("hot 1 2.5", "hot: drops must be of type int; got '2.5'"),
        ("hot 1 smoked=maybe", "hot: smoked must be of type bool; got 'maybe'"),
        ("hot 1 limit=x", "hot: limit must be of type float or NoneType; got 'x'"),
        ("hot 1 drop=4", "hot has no setting 'drop' (did you mean 'drops'?); it has degree, drops"),
        ("hot 1 2 a b c d e f g", "hot"),
        ("plain 1", "plain has no setting '1'; it has none"),
        ("hot -1", "degree must be a number at least 0; got -1.0"),
        ("hot nan", "degree must be a number at least 0; got nan"),
        ('hot "1', "cannot be read: No closing quotation"),
        ("hot 1 base=hott", "did you mean 'hot'"),
        (7, "test_sauce must be one of plain, hot or an object of that kind; got 7"),
        (None, "got None"),
        ("x" * 10_000, "there is no test_sauce named"),
    ],
)
def test_text_that_is_no_unit(choice: Any, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        Sauce.of(choice)
    assert message in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_unit_of_another_family() -> None:
    from glassnet.nn.activations import Tanh

    with pytest.raises(ArgumentError, match="test_sauce must be one of"):
        Sauce.of(Tanh())


@given(
    degree=st.floats(min_value=0, allow_infinity=False),
    drops=st.integers(),
    label=st.text(st.characters(exclude_characters="(),", categories=["L", "N", "P", "Z"])),
    smoked=st.booleans(),
    limit=st.none() | st.floats(allow_nan=False, allow_infinity=False),
)
def test_text_and_json_there_and_back(**settings: Any) -> None:
    unit = Hot(**settings)
    assert Sauce.from_json(json.loads(json.dumps(unit.to_json()))) == unit
    if settings["label"].split() == [settings["label"]] and settings["label"].isalnum():
        assert Sauce.of(str(unit)) == unit


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"test_sauce"}))
def test_every_unit_of_the_library_that_needs_no_setting(family: str) -> None:
    for name, member in FAMILIES[family].items():
        fields = dataclasses.fields(member)
        if any(f.default is dataclasses.MISSING for f in fields):
            continue
        unit = member()
        assert type(unit).of(name) == unit
        assert type(unit).from_json(json.loads(json.dumps(unit.to_json()))) == unit


# --- JSON -----------------------------------------------------------------------------------------
def test_json_of_nested_units() -> None:
    unit = Hot(1.0, base=Hot(2.0, kinds=(1.0, 2.0)))
    data = unit.to_json()
    assert data["kind"] == "hot"
    assert data["base"]["kind"] == "hot"
    assert data["base"]["kinds"] == (1.0, 2.0)
    assert Sauce.from_json(json.loads(json.dumps(data))) == unit


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (None, "a table of settings is needed, not None"),
        ([], "a table of settings is needed"),
        ("hot", "a table of settings is needed"),
        ({}, "there is no test_sauce named 'None'"),
        ({"kind": 3}, "there is no test_sauce named '3'"),
        ({"kind": "hott"}, "did you mean 'hot'"),
        ({"kind": "hot"}, "degree"),
        ({"kind": "hot", "degree": "1"}, "hot: degree has a value of the wrong type: '1'"),
        ({"kind": "hot", "degree": True}, "hot: degree has a value of the wrong type: True"),
        ({"kind": "hot", "degree": -1}, "degree must be a number at least 0; got -1"),
        ({"kind": "hot", "degree": 10**400}, ""),
        ({"kind": "hot", "degree": 1, "drops": 1.0}, "hot: drops has a value of the wrong type"),
        ({"kind": "hot", "degree": 1, "drops": True}, "hot: drops has a value of the wrong type"),
        ({"kind": "hot", "degree": 1, "smoked": 1}, "hot: smoked has a value of the wrong type"),
        ({"kind": "hot", "degree": 1, "base": "plain"}, "hot: base has a value of the wrong type"),
        ({"kind": "hot", "degree": 1, "base": {"kind": "x"}}, "no test_sauce named 'x'"),
        ({"kind": "hot", "degree": 1, "kinds": [1, "a"]}, "hot: kinds has a value of the wrong"),
        ({"kind": "hot", "degree": 1, "other": 1}, "hot has no setting 'other'"),
        ({"kind": "hot", "degree": 1, "secret": 1}, "hot has no setting 'secret'"),
        ({"kind": "hot", "degree": 1, "__class__": 1}, "hot has no setting '__class__'"),
        ({"kind": "hot", 3: 1}, "hot has no setting '3'"),
    ],
)
def test_json_that_is_no_unit(data: Any, message: str) -> None:
    with pytest.raises(ModelFileError) as caught:
        Sauce.from_json(data)
    assert message in str(caught.value)


# --- checks ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("value", "bounds", "allowed"),
    [
        (1, {}, True),
        (-1e300, {}, True),
        (float("nan"), {}, False),
        (float("inf"), {}, False),
        (10**400, {}, False),
        (True, {}, False),
        ("1", {}, False),
        (None, {}, False),
        (0, {"low": 0}, True),
        (0, {"low": 0, "open_low": True}, False),
        (1, {"high": 1}, True),
        (1, {"high": 1, "open_high": True}, False),
        (0.5, {"low": 0, "high": 1, "open_low": True, "open_high": True}, True),
        (1.5, {"low": 0, "high": 1}, False),
    ],
)
def test_check_number(value: Any, bounds: Any, allowed: bool) -> None:
    if allowed:
        check_number("x", value, **bounds)
        return
    with pytest.raises(ArgumentError, match="x must be a number"):
        check_number("x", value, **bounds)


def test_what_bounds_are_called() -> None:
    with pytest.raises(ArgumentError, match=r"^x must be a number above 0 and below 1; got 2$"):
        check_number("x", 2, low=0, high=1, open_low=True, open_high=True)
    with pytest.raises(ArgumentError, match=r"^x must be a number at least 0 and at most 1; got 2"):
        check_number("x", 2, low=0, high=1)


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "1", None, 2**70])
def test_check_whole(value: Any) -> None:
    check_whole("x", 1)
    check_whole("x", 2**70)
    with pytest.raises(ArgumentError, match="x must be a whole number of at least 1 and at most 9"):
        check_whole("x", value, high=9)


def test_check_choice() -> None:
    check_choice("x", "a", iter(["a", "b"]))
    with pytest.raises(ArgumentError, match=r"x must be one of left, right; got 'lef' \(did you"):
        check_choice("x", "lef", ["left", "right"])
    with pytest.raises(ArgumentError, match="got None"):
        check_choice("x", None, ["left", "right"])


def test_quoted() -> None:
    import shlex

    for text in ("plain", "two words", 'say "so"  now', "back \\ slash"):
        assert shlex.split(quoted(text)) == [text]
