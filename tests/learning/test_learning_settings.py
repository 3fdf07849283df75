"""Settings of optimisers and schedules: what is refused and how, text forms, model files."""

from __future__ import annotations

import dataclasses
import inspect
import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet.learning as learning
from glassnet.errors import ArgumentError, ModelFileError
from glassnet.learning import (
    Adagrad,
    Adam,
    AdamW,
    AdaptiveGain,
    Constant,
    Cosine,
    Exponential,
    GradientDescent,
    Momentum,
    Nesterov,
    Optimizer,
    ReduceOnPlateau,
    RMSProp,
    Schedule,
    StepDecay,
    WarmUp,
)
from glassnet.unit import FAMILIES

OPTIMIZERS = FAMILIES["optimizer"]
SCHEDULES = FAMILIES["schedule"]
INNER = {"warmup": Constant(0.1)}

# what no setting that is a number allows
NEVER: list[Any] = [-1.0, math.nan, math.inf, -math.inf, "0.1", [0.1], True, 1j, object()]

# (class, setting, the further values that it does not allow, values at the edge that it allows)
EDGES: list[tuple[Any, str, list[Any], list[Any]]] = [
    *[(cls, "learning_rate", [0, 0.0, None], [1e-12, 5, 10.0]) for cls in OPTIMIZERS.values()],
    *[(cls, "momentum", [1, 1.0, 1.5, None], [0, 0.0, 0.999]) for cls in (Momentum, Nesterov)],
    (AdaptiveGain, "increase", [0, 1, 2.0, None], [0.001, 0.999]),
    (AdaptiveGain, "min_gain", [0, 1.01], [0.01, 1, None]),
    (AdaptiveGain, "max_gain", [0, 0.99], [1, 100.0, None]),
    (RMSProp, "decay", [1, 1.1, None], [0, 0.999]),
    *[(cls, "epsilon", [0, None], [1e-12, 1.0]) for cls in (RMSProp, Adagrad, Adam, AdamW)],
    *[(cls, beta, [1, None], [0, 0.9]) for cls in (Adam, AdamW) for beta in ("beta1", "beta2")],
    (AdamW, "weight_decay", [None], [0, 0.1]),
    *[
        (cls, "rate", [0, None], [0.5, 3])
        for cls in (Constant, StepDecay, Exponential, Cosine, ReduceOnPlateau)
    ],
    (StepDecay, "every", [0, 1.5, None], [1, 30]),
    (StepDecay, "decay", [0, 1.01, None], [0.1, 1]),
    (Exponential, "decay", [0, 1.01, None], [0.1, 1]),
    (Cosine, "final", [0.11, None], [0, 0.1]),
    (ReduceOnPlateau, "decay", [0, 1, None], [0.1, 0.9]),
    (ReduceOnPlateau, "patience", [1.5, None], [0, 3]),
    (ReduceOnPlateau, "threshold", [1, None], [0, 0.5]),
    (ReduceOnPlateau, "min_rate", [0.11, None], [0, 0.1]),
    (WarmUp, "schedule", [None, 0.1, "cosine 0.1", Constant, Adam()], [Cosine(0.1)]),
    (WarmUp, "epochs", [0, None], [0.5, 3]),
    (WarmUp, "start", [0, 1.1, None], [0.1, 1]),
]
EDGE_IDS = [f"{cls.name}-{setting}" for cls, setting, _, _ in EDGES]


def make(cls: Any, **settings: Any) -> Any:
    if issubclass(cls, Schedule):
        first = {"schedule": Constant(0.1)} if cls is WarmUp else {"rate": 0.1}
        settings = {**first, **settings}
    return cls(**settings)


def test_every_setting_is_here() -> None:
    listed = {(cls, setting) for cls, setting, _, _ in EDGES}
    for members in (OPTIMIZERS, SCHEDULES):
        for cls in members.values():
            for field in dataclasses.fields(cls):
                assert (cls, field.name) in listed, (cls, field.name)


@pytest.mark.parametrize(("cls", "setting", "bad", "_good"), EDGES, ids=EDGE_IDS)
def test_values_that_are_not_allowed(cls: Any, setting: str, bad: list[Any], _good: Any) -> None:
    for value in [*bad, *NEVER]:
        with pytest.raises(ArgumentError) as caught:
            make(cls, **{setting: value})
        message = str(caught.value)
        assert message.startswith(f"{setting} must be a ")
        assert message.endswith(f"; got {value!r}")


@pytest.mark.parametrize(("cls", "setting", "_bad", "good"), EDGES, ids=EDGE_IDS)
def test_values_that_are_allowed(cls: Any, setting: str, _bad: Any, good: list[Any]) -> None:
    for value in good:
        assert getattr(make(cls, **{setting: value}), setting) == value


@pytest.mark.parametrize("cls", [*OPTIMIZERS.values(), *SCHEDULES.values()])
def test_documentation_names_every_setting_in_order(cls: Any) -> None:
    settings = (inspect.getdoc(cls) or "").partition("Args:")[2]
    places = [settings.find(f"\n    {field.name}: ") for field in dataclasses.fields(cls)]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize("cls", OPTIMIZERS.values())
def test_optimisers_have_defaults_and_take_schedules(cls: Any) -> None:
    assert cls().learning_rate > 0
    assert cls(Cosine(0.1)).schedule == Cosine(0.1)
    assert hash(cls()) == hash(cls())
    with pytest.raises(dataclasses.FrozenInstanceError):
        cls().learning_rate = 1.0


def test_all_names_are_exported() -> None:
    for members in (OPTIMIZERS, SCHEDULES):
        for cls in members.values():
            assert cls.__name__ in learning.__all__
    assert all(hasattr(learning, name) for name in learning.__all__)


# ------------------------------------------------------------------------------------------- text

TEXTS: list[tuple[type[Any], str, Any]] = [
    (Optimizer, "sgd", GradientDescent()),
    (Optimizer, "SGD 0.2", GradientDescent(0.2)),
    (Optimizer, "momentum 0.1 momentum=0.5", Momentum(0.1, 0.5)),
    (Optimizer, "nesterov(0.1, momentum=0.5)", Nesterov(0.1, 0.5)),
    (
        Optimizer,
        "adaptive_gain 0.1 increase=0.1 min_gain=0.1 max_gain=10",
        AdaptiveGain(0.1, 0.1, 0.1, 10.0),
    ),
    (Optimizer, "adaptive_gain max_gain=none", AdaptiveGain()),
    (Optimizer, "rmsprop 1e-3 decay=0.99 epsilon=1e-6", RMSProp(0.001, 0.99, 1e-6)),
    (Optimizer, "adagrad 0.5", Adagrad(0.5)),
    (Optimizer, "adam 0.01 beta1=0.8", Adam(0.01, beta1=0.8)),
    (Optimizer, "adamw weight_decay=0.1", AdamW(weight_decay=0.1)),
    (Optimizer, 'adam learning_rate="cosine 0.01"', Adam(Cosine(0.01))),
    (Optimizer, 'adam "cosine 0.01"', Adam(Cosine(0.01))),
    (Optimizer, "adam 'cosine 0.01' beta1=0.8", Adam(Cosine(0.01), 0.8)),
    (Schedule, "constant 0.1", Constant(0.1)),
    (Schedule, "step 0.1 every=5 decay=0.1", StepDecay(0.1, 5, 0.1)),
    (Schedule, "exponential 0.1 decay=0.9", Exponential(0.1, 0.9)),
    (Schedule, "cosine 0.1", Cosine(0.1)),
    (Schedule, "cosine 0.1 final=0.01", Cosine(0.1, 0.01)),
    (Schedule, "plateau 0.1 patience=3", ReduceOnPlateau(0.1, patience=3)),
    (Schedule, 'warmup "cosine 0.1" epochs=3', WarmUp(Cosine(0.1), 3.0)),
    (Schedule, 'warmup "cosine 0.1" epochs=0.5 start=0.2', WarmUp(Cosine(0.1), 0.5, 0.2)),
]

# Text inside text, with "=" or quotes inside the quotes.
NESTED: list[tuple[type[Any], str, Any]] = [
    (Optimizer, 'adam "cosine 0.01 0.001"', Adam(Cosine(0.01, 0.001))),
    (Optimizer, 'adam "cosine 0.01 final=0.001"', Adam(Cosine(0.01, 0.001))),
    (Optimizer, 'adam learning_rate="cosine 0.01 final=0.001"', Adam(Cosine(0.01, 0.001))),
    (
        Optimizer,
        "adam 'warmup \"cosine 0.01 final=0.001\" epochs=3'",
        Adam(WarmUp(Cosine(0.01, 0.001), 3.0)),
    ),
    (Schedule, 'warmup "step 0.1 every=5"', WarmUp(StepDecay(0.1, 5))),
    (
        Schedule,
        "warmup 'warmup \"step 0.1 every=5\" epochs=2' epochs=3",
        WarmUp(WarmUp(StepDecay(0.1, 5), 2.0), 3.0),
    ),
]


def check_text(family: Any, text: str, unit: Any) -> None:
    assert family.of(text) == unit
    assert family.of(str(unit)) == unit
    assert family.of(unit) is unit


def check_json(family: Any, unit: Any) -> None:
    data = json.loads(json.dumps(unit.to_json()))
    assert family.from_json(data) == unit


@pytest.mark.parametrize(("family", "text", "unit"), TEXTS, ids=[text for _, text, _ in TEXTS])
def test_text(family: Any, text: str, unit: Any) -> None:
    check_text(family, text, unit)
    check_json(family, unit)


@pytest.mark.parametrize(("family", "text", "unit"), NESTED, ids=[text for _, text, _ in NESTED])
def test_text_in_text(family: Any, text: str, unit: Any) -> None:
    check_text(family, text, unit)


@pytest.mark.parametrize(("family", "text", "unit"), NESTED, ids=[text for _, text, _ in NESTED])
def test_schedules_in_schedules_in_model_files(family: Any, text: str, unit: Any) -> None:
    del text
    check_json(family, unit)


def test_text_that_is_short() -> None:
    assert str(Adam()) == "adam"
    assert str(Adam(Cosine(0.01))) == 'adam "cosine 0.01"'
    assert str(Nesterov(0.1, momentum=0.5)) == "nesterov 0.1 momentum=0.5"
    assert str(WarmUp(Cosine(0.1), epochs=3.0)) == 'warmup "cosine 0.1" epochs=3.0'


BAD_TEXTS = [
    (Optimizer, "adma 0.1", "there is no optimizer named 'adma' (did you mean 'adam'?)"),
    (Optimizer, "nestrov", "(did you mean 'nesterov'?)"),
    (Optimizer, "cosine 0.1", "there is no optimizer named 'cosine'"),
    (Schedule, "cosin 0.1", "(did you mean 'cosine'?)"),
    (Schedule, "adam", "there is no schedule named 'adam'"),
    (Optimizer, "", "optimizer is empty; choose one of "),
    (Optimizer, 'adam "cosine 0.1', "cannot be read"),
    (Optimizer, "adam beta3=0.1", "adam has no setting 'beta3' (did you mean 'beta"),
    (Optimizer, "sgd 0.1 0.9", "sgd has no setting '0.9'; it has learning_rate"),
    (Optimizer, "momentum 0.1 momentum=1", "momentum must be a number at least 0 and below 1"),
    (Optimizer, "sgd -1", "learning_rate must be a number above 0; got -1.0"),
    (Optimizer, "sgd 0", "learning_rate must be a number above 0; got 0.0"),
    (Optimizer, "sgd nan", "learning_rate must be a number above 0; got nan"),
    (Optimizer, "adam fast", "there is no schedule named 'fast'"),
    (Optimizer, 'adam "cosine -1"', "rate must be a number above 0"),
    (Schedule, "step 0.1 every=2.5", "step: every must be of type int; got '2.5'"),
    (Schedule, "warmup 0.1", "there is no schedule named '0.1'"),
    (Schedule, 'warmup "adam 0.1"', "there is no schedule named 'adam'"),
    (Schedule, "cosine 0.1 final=0.2", "final must be a number at least 0 and at most 0.1"),
]


@pytest.mark.parametrize(("family", "text", "message"), BAD_TEXTS)
def test_bad_text(family: Any, text: str, message: str) -> None:
    with pytest.raises(ArgumentError) as caught:
        family.of(text)
    assert message in str(caught.value)


@pytest.mark.parametrize("text", ["cosine", "warmup epochs=3", "constant"])
def test_text_without_a_setting_that_is_needed(text: str) -> None:
    with pytest.raises(ArgumentError, match=r"needs a setting (rate|schedule)"):
        Schedule.of(text)


@pytest.mark.parametrize("choice", [None, 3, 0.1, Cosine(0.1), ["adam"], Adam])
def test_other_things_than_optimisers(choice: Any) -> None:
    with pytest.raises(ArgumentError, match=r"optimizer must be one of .*sgd"):
        Optimizer.of(choice)


def test_unknown_settings_in_python() -> None:
    cls: Any = Adam
    with pytest.raises(TypeError, match="beta3"):
        cls(beta3=0.1)


# ------------------------------------------------------------------------------------ model files

HOSTILE: list[Any] = [
    None,
    3,
    "adam",
    [],
    [["kind", "adam"]],
    {},
    {"kind": None},
    {"kind": "evil"},
    {"kind": ["adam"]},
    {"kind": {"kind": "adam"}},
    {"kind": "cosine", "rate": 0.1},
    {"kind": "__init__"},
    {"kind": "os.system"},
    {"kind": "adam", "name": "x"},
    {"kind": "adam", "family": "x"},
    {"kind": "adam", "update": "x"},
    {"kind": "adam", "__class__": "x"},
    {"kind": "adam", "self": 1},
    {"kind": "adam", 3: 4},
    {"kind": "adam", "learning_rate": None},
    {"kind": "adam", "learning_rate": "0.1"},
    {"kind": "adam", "learning_rate": True},
    {"kind": "adam", "learning_rate": [0.1]},
    {"kind": "adam", "learning_rate": -1},
    {"kind": "adam", "learning_rate": math.nan},
    {"kind": "adam", "learning_rate": math.inf},
    {"kind": "adam", "learning_rate": {}},
    {"kind": "adam", "learning_rate": {"kind": "adam"}},
    {"kind": "adam", "learning_rate": {"kind": "cosine"}},
    {"kind": "adam", "learning_rate": {"kind": "cosine", "rate": {}}},
    {"kind": "adam", "learning_rate": {"kind": "cosine", "rate": 0.1, "final": 1}},
    {"kind": "adam", "learning_rate": {"kind": "warmup"}},
    {"kind": "adam", "learning_rate": {"kind": "warmup", "schedule": 0.1}},
    {"kind": "adam", "learning_rate": {"kind": "warmup", "schedule": {"kind": "sgd"}}},
    {"kind": "adam", "learning_rate": {"kind": "step", "rate": 0.1, "every": 2.0}},
    {"kind": "momentum", "momentum": 1},
    {"kind": "adaptive_gain", "min_gain": 5},
]


@pytest.mark.parametrize("data", HOSTILE, ids=repr)
def test_hostile_model_files(data: Any) -> None:
    with pytest.raises(ModelFileError):
        Optimizer.from_json(data)


def _deep() -> Any:
    data: Any = {"kind": "constant", "rate": 0.1}
    for _ in range(5_000):
        data = {"kind": "warmup", "schedule": data}
    return data


@pytest.mark.parametrize(
    "data",
    [
        {"kind": "constant", "rate": 10**400},
        _deep(),
    ],
    ids=["huge", "deep"],
)
def test_hostile_model_files_of_great_size(data: Any) -> None:
    with pytest.raises(ModelFileError):
        Schedule.from_json(data)


KEYS = sorted(
    {
        field.name
        for members in (OPTIMIZERS, SCHEDULES)
        for cls in members.values()
        for field in dataclasses.fields(cls)
    }
)
KINDS = st.sampled_from([*OPTIMIZERS, *SCHEDULES]) | st.text(max_size=3)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats()
    | st.sampled_from([0.1, 0.5, 1, 3])
    | st.text(max_size=3)
)
JUNK = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.builds(
            lambda kind, rest: {"kind": kind, **rest},
            KINDS,
            st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=3),
        )
    ),
    max_leaves=8,
)


@given(st.sampled_from([Optimizer, Schedule]), JUNK)
def test_junk_is_a_unit_or_a_model_file_error(family: Any, data: Any) -> None:
    try:
        unit = family.from_json(data)
    except ModelFileError:
        return
    assert family.from_json(unit.to_json()) == unit
