"""Every schedule against a closed form in plain Python, and against PyTorch's schedulers."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as gn
from glassnet.learning import (
    Constant,
    Cosine,
    Exponential,
    ReduceOnPlateau,
    Schedule,
    StepDecay,
    WarmUp,
    cosine,
    exponential,
    step,
    warmup,
)
from glassnet.unit import FAMILIES

EPOCHS = 30.0
GRID = [0.0, 0.01, 0.5, 1.0, 2.25, 4.999, 5.0, 9.5, 10.0, 14.0, 19.99, 20.0, 29.5, 30.0, 31.0]

# (schedule, its rate after some epochs of the 30)
CASES: list[tuple[Schedule, Callable[[float], float]]] = [
    (Constant(0.1), lambda _e: 0.1),
    (StepDecay(0.1), lambda e: 0.1 * 0.5 ** (e // 10)),
    (StepDecay(0.2, every=7, decay=0.3), lambda e: 0.2 * 0.3 ** math.floor(e / 7)),
    (Exponential(0.1), lambda e: 0.1 * 0.95**e),
    (Exponential(0.1, decay=0.5), lambda e: 0.1 * math.exp(e * math.log(0.5))),
    (Cosine(0.1), lambda e: 0.1 * math.cos(math.pi / 2 * min(e, 30) / 30) ** 2),
    (Cosine(0.1, final=0.02), lambda e: 0.06 + 0.04 * math.cos(math.pi * min(e, 30) / 30)),
    (ReduceOnPlateau(0.1), lambda _e: 0.1),
    (WarmUp(Constant(0.1)), lambda e: 0.1 if e > 5 else 0.01 + 0.09 * e / 5),
    (
        WarmUp(Cosine(0.1), epochs=10.0, start=0.5),
        lambda e: (
            0.05 + 0.05 * e / 10
            if e <= 10
            else 0.05 * (1 + math.cos(math.pi * min((e - 10) / 20, 1)))
        ),
    ),
    (
        WarmUp(StepDecay(0.1, every=4), epochs=2.0, start=1.0),
        lambda e: 0.1 if e < 2 else 0.1 * 0.5 ** ((e - 2) // 4),
    ),
    # a warm-up that training does not outlast
    (WarmUp(Cosine(0.1), epochs=100.0), lambda e: 0.01 + 0.09 * e / 100),
]
IDS = [str(schedule) for schedule, _ in CASES]


def check(schedule: Schedule, closed: Callable[[float], float], dtype: str = "float64") -> None:
    """The check that the mutations below must fail."""
    epoch = gn.tensor(np.array(GRID, dtype))
    rates = schedule.formula(epoch, EPOCHS)
    assert rates.dtype == dtype
    # a cosine near −1 leaves rounding errors of the size of the rate's
    narrow = {"rtol": 1e-5, "atol": 1e-7}
    bounds = {"rtol": 1e-12, "atol": 1e-16} if dtype == "float64" else narrow
    # the epochs that the graph sees: 19.99 in float32 is another number
    expected = [closed(float(entry)) for entry in epoch.value]
    np.testing.assert_allclose(rates.value, expected, **bounds)


def test_every_schedule_is_here() -> None:
    assert {type(schedule).name for schedule, _ in CASES} == set(FAMILIES["schedule"])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("schedule", "closed"), CASES, ids=IDS)
def test_closed_form(schedule: Schedule, closed: Callable[[float], float], dtype: str) -> None:
    check(schedule, closed, dtype)


@pytest.mark.parametrize(("schedule", "closed"), CASES, ids=IDS)
def test_any_shape(schedule: Schedule, closed: Callable[[float], float]) -> None:
    for shape in [(), (1,), (4,), (2, 3), (0,)]:
        epochs = np.linspace(0.0, 29.0, int(np.prod(shape))).reshape(shape)
        found = schedule.formula(gn.tensor(epochs), EPOCHS).value
        assert found.shape == shape
        expected = np.reshape([closed(float(e)) for e in epochs.ravel()], shape)
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-16)


@pytest.mark.parametrize(("schedule", "_closed"), CASES, ids=IDS)
def test_the_formula_is_a_graph_and_its_rates_are_never_negative(
    schedule: Schedule, _closed: Any
) -> None:
    kind = gn.TensorType((200,), gn.DType.FLOAT64)
    graph = gn.trace(lambda epoch: schedule.formula(epoch, EPOCHS), epoch=kind)
    rates = gn.Program(gn.verify(graph)).run({"epoch": np.linspace(0, 30, 200)})["result"]
    assert rates[0] > 0
    assert (rates >= 0).all()
    assert graph.outputs["result"].label.symbol == "η"


@pytest.mark.parametrize("schedule", [s for s, _ in CASES], ids=IDS)
def test_only_the_plateau_looks_at_the_losses(schedule: Schedule) -> None:
    stuck = [1.0] * 40
    assert schedule.factor([]) == 1.0
    assert (schedule.factor(stuck) == 1.0) == (not isinstance(schedule, ReduceOnPlateau))


def test_the_warm_up_passes_the_factor_on() -> None:
    plateau = ReduceOnPlateau(0.1, decay=0.5, patience=2)
    losses = [1.0, 1.0, 1.0, 1.0, 0.5, 0.6, 0.7]
    assert plateau.factor(losses) == 0.5
    assert WarmUp(plateau).factor(losses) == 0.5


def test_the_warm_up_makes_progress_from_the_first_step() -> None:
    first = WarmUp(Cosine(0.1), epochs=3.0).formula(gn.tensor(0.0), 30.0).item()
    assert first == pytest.approx(0.01, rel=1e-12)


def test_a_warm_up_before_a_warm_up() -> None:
    outer = WarmUp(WarmUp(Constant(0.1), epochs=2.0, start=0.5), epochs=1.0, start=0.5)
    rates = outer.formula(gn.tensor([0.0, 1.0, 2.0, 3.0, 4.0]), 9.0).value
    np.testing.assert_allclose(rates, [0.025, 0.05, 0.075, 0.1, 0.1], rtol=1e-12)


@pytest.mark.parametrize("epochs", [0.0, -1.0, math.nan])
def test_a_cosine_needs_a_length(epochs: float) -> None:
    with pytest.raises(gn.errors.ArgumentError, match="epochs must be a number above 0"):
        Cosine(0.1).formula(gn.tensor(0.0), epochs)


# ---------------------------------------------------------------------------------------- plateau


def test_plateau_by_hand() -> None:
    plateau = ReduceOnPlateau(0.1, decay=0.5, patience=1, threshold=0.1, min_rate=0.02)
    #        best 1; 0.95 is not below 0.9; nor is 0.92, the second: halved; 0.8 is the best now;
    #        0.75 and 0.73 are not below 0.72: halved; again: 0.0125 would be below 0.02
    losses = [1.0, 0.95, 0.92, 0.8, 0.75, 0.73, 0.73, 0.73]
    factors = [plateau.factor(losses[:n]) for n in range(len(losses) + 1)]
    assert factors == pytest.approx([1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.2], rel=1e-12)


def test_plateau_without_patience() -> None:
    plateau = ReduceOnPlateau(1.0, decay=0.5, patience=0)
    assert plateau.factor([1.0, 1.0, 0.5, 0.6, 0.7]) == 0.125


def test_plateau_with_losses_that_are_no_numbers_or_negative() -> None:
    plateau = ReduceOnPlateau(1.0, decay=0.5, patience=0, threshold=0.1)
    assert plateau.factor([math.nan, math.inf]) == 0.25
    assert plateau.factor([1.0, math.nan, 0.5]) == 0.5
    assert plateau.factor([-1.0, -1.05]) == 0.5  # must be below −1.1
    assert plateau.factor([-1.0, -1.2]) == 1.0
    assert plateau.factor([-math.inf, -math.inf]) == 0.5


@given(
    st.lists(st.floats(0.0, 4.0).map(lambda x: round(x, 2)), max_size=40),
    st.integers(0, 3),
    st.sampled_from([0.0, 0.05, 0.5]),
    st.sampled_from([0.0, 0.02]),
)
def test_plateau_against_pytorch(
    losses: list[float], patience: int, threshold: float, min_rate: float
) -> None:
    torch = pytest.importorskip("torch", reason="the oracle is PyTorch, which is not installed")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, factor=0.5, patience=patience, threshold=threshold, min_lr=min_rate, eps=0.0
    )
    ours = ReduceOnPlateau(0.1, 0.5, patience, threshold, min_rate)
    for n, loss in enumerate(losses, 1):
        theirs.step(loss)
        rate = optimizer.param_groups[0]["lr"]
        assert 0.1 * ours.factor(losses[:n]) == pytest.approx(rate, rel=1e-12)


# ---------------------------------------------------------------------------------------- PyTorch


def pytorch_rates(torch: Any, make: Callable[[Any, Any], Any]) -> list[float]:
    """The rate in each of the epochs 0 to 30, by a scheduler that is asked once an epoch."""
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    rates = []
    for _ in range(31):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


PYTORCH: list[tuple[Schedule, Callable[[Any, Any], Any]]] = [
    (StepDecay(0.1, every=7, decay=0.3), lambda lr, o: lr.StepLR(o, 7, gamma=0.3)),
    (Exponential(0.1, decay=0.8), lambda lr, o: lr.ExponentialLR(o, 0.8)),
    (Cosine(0.1, final=0.01), lambda lr, o: lr.CosineAnnealingLR(o, 30, eta_min=0.01)),
    (
        WarmUp(Constant(0.1), epochs=6.0, start=0.25),
        lambda lr, o: lr.LinearLR(o, start_factor=0.25, total_iters=6),
    ),
    (
        WarmUp(Cosine(0.1), epochs=6.0, start=0.25),
        lambda lr, o: lr.LambdaLR(
            o,
            [
                lambda e: (
                    0.25 + 0.75 * e / 6 if e < 6 else 0.5 + 0.5 * math.cos(math.pi * (e - 6) / 24)
                )
            ],
        ),
    ),
]


@pytest.mark.parametrize(("schedule", "make"), PYTORCH, ids=[str(s) for s, _ in PYTORCH])
def test_pytorch(schedule: Schedule, make: Callable[[Any, Any], Any]) -> None:
    torch = pytest.importorskip("torch", reason="the oracle is PyTorch, which is not installed")
    expected = pytorch_rates(torch, make)
    found = schedule.formula(gn.tensor(np.arange(31.0)), 30.0).value
    # PyTorch multiplies the last rate again and again, which gathers rounding errors
    np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-15)


# ------------------------------------------------------------------- proof that the checks can fail


@pytest.mark.parametrize(
    ("module", "name", "broken", "case"),
    [
        (step, "floor", lambda x: x, 2),
        (step, "floor", lambda x: gn.floor(x) + 1.0, 1),
        (cosine, "cos", gn.sin, 6),
        (cosine, "minimum", lambda a, _b: a, 6),
        (warmup, "minimum", gn.maximum, 8),
        (warmup, "maximum", lambda a, _b: a, 9),
    ],
)
def test_a_broken_formula_is_noticed(
    module: Any, name: str, broken: Any, case: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, broken)
    with pytest.raises(AssertionError):
        check(*CASES[case])


@pytest.mark.parametrize(
    ("schedule", "case"),
    [
        (Constant(0.1001), 0),
        (StepDecay(0.2, every=8, decay=0.3), 2),
        (StepDecay(0.2, every=7, decay=0.31), 2),
        (Exponential(0.1, decay=0.51), 4),
        (Cosine(0.1, final=0.021), 6),
        (WarmUp(Cosine(0.1), epochs=10.0, start=0.51), 9),
        (WarmUp(Cosine(0.1), epochs=9.9, start=0.5), 9),
    ],
)
def test_each_setting_matters(schedule: Schedule, case: int) -> None:
    with pytest.raises(AssertionError):
        check(schedule, CASES[case][1])


def test_a_formula_that_leaves_the_type_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    original = exponential.Exponential.formula
    monkeypatch.setattr(
        exponential.Exponential,
        "formula",
        lambda self, epoch, epochs: gn.cast(original(self, epoch, epochs), "float64"),
    )
    with pytest.raises(AssertionError):
        check(*CASES[3], dtype="float32")


def test_the_parent_has_no_formula() -> None:
    with pytest.raises(NotImplementedError, match="Schedule has no formula"):
        Schedule().formula(gn.tensor(0.0), 1.0)
