"""Gradient clipping (I6) by hand, against NumPy and PyTorch, and at its edges."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as gn
from glassnet.errors import ArgumentError
from glassnet.learning import clip_by_norm, clip_by_value, clipping, global_norm

RNG = np.random.default_rng(5)
GRADIENTS = {"w": RNG.normal(size=(2, 3)), "b": RNG.normal(size=3), "a": np.asarray(0.25)}
NORM = math.sqrt(sum(float(x) ** 2 for g in GRADIENTS.values() for x in g.ravel()))


def tensors(**gradients: Any) -> dict[str, gn.Tensor]:
    return {name: gn.tensor(value) for name, value in gradients.items()}


def values(gradients: dict[str, gn.Tensor]) -> dict[str, Any]:
    return {name: gradient.value for name, gradient in gradients.items()}


def check_norm(limit: float) -> None:
    factor = limit / NORM if limit < NORM else 1.0
    for name, value in values(clip_by_norm(tensors(**GRADIENTS), limit)).items():
        np.testing.assert_allclose(value, GRADIENTS[name] * factor, rtol=1e-14)


def check_value(limit: float) -> None:
    for name, value in values(clip_by_value(tensors(**GRADIENTS), limit)).items():
        expected = [max(-limit, min(limit, float(x))) for x in GRADIENTS[name].ravel()]
        assert value.ravel().tolist() == expected


def test_by_value_by_hand() -> None:
    clipped = clip_by_value(tensors(w=[[3.0, -0.5], [-2.5, 2.0]]), 2.0)
    assert clipped["w"].value.tolist() == [[2.0, -0.5], [-2.0, 2.0]]


def test_by_norm_by_hand() -> None:
    # ‖g‖ = √(2² + 3² + 6²) = 7 > 3.5, so that each is multiplied by 3.5/7 = ½
    gradients = tensors(w=[2.0, -3.0], b=6.0)
    assert global_norm(gradients).item() == 7.0
    clipped = clip_by_norm(gradients, 3.5)
    assert clipped["w"].value.tolist() == [1.0, -1.5]
    assert clipped["b"].item() == 3.0
    assert global_norm(clipped).item() == 3.5


@pytest.mark.parametrize("limit", [0.1, 1.0, NORM, 100.0])
def test_numpy(limit: float) -> None:
    check_norm(limit)
    check_value(limit)
    np.testing.assert_allclose(global_norm(tensors(**GRADIENTS)).item(), NORM, rtol=1e-14)


@pytest.mark.parametrize("limit", [0.1, 1.0, 100.0])
def test_pytorch(limit: float) -> None:
    torch = pytest.importorskip("torch", reason="the oracle is PyTorch, which is not installed")

    def parameters() -> list[Any]:
        found = [torch.nn.Parameter(torch.tensor(g)) for g in GRADIENTS.values()]
        for parameter in found:
            parameter.grad = parameter.detach().clone()
        return found

    by_norm = parameters()
    total = torch.nn.utils.clip_grad_norm_(by_norm, limit)
    ours = clip_by_norm(tensors(**GRADIENTS), limit)
    np.testing.assert_allclose(global_norm(tensors(**GRADIENTS)).item(), total.item(), rtol=1e-14)
    for mine, theirs in zip(ours.values(), by_norm, strict=True):
        # PyTorch divides by ‖g‖ + 1e-6
        np.testing.assert_allclose(mine.value, theirs.grad.numpy(), rtol=1e-6)
    by_value = parameters()
    torch.nn.utils.clip_grad_value_(by_value, limit)
    for mine, theirs in zip(
        clip_by_value(tensors(**GRADIENTS), limit).values(), by_value, strict=True
    ):
        np.testing.assert_array_equal(mine.value, theirs.grad.numpy())


@given(
    st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=6),
    st.floats(1e-6, 1e6),
)
def test_the_norm_is_never_above_the_limit_and_the_direction_stays(
    entries: list[float], limit: float
) -> None:
    before = np.array(entries)
    after = clip_by_norm(tensors(w=before), limit)["w"].value
    norm = np.linalg.norm(before)
    assert np.linalg.norm(after) <= limit * (1 + 1e-12)
    if norm <= limit * (1 - 1e-12):
        np.testing.assert_array_equal(after, before)
    else:
        np.testing.assert_allclose(after / limit, before / norm, rtol=1e-12, atol=1e-300)


def test_zero_gradients_stay_zero() -> None:
    zeros = tensors(w=[0.0, 0.0], b=0.0)
    assert global_norm(zeros).item() == 0.0
    for clipped in (clip_by_norm(zeros, 1.0), clip_by_value(zeros, 1.0)):
        assert clipped["w"].value.tolist() == [0.0, 0.0]
        assert clipped["b"].item() == 0.0


def test_no_gradients() -> None:
    assert clip_by_norm({}, 1.0) == {}
    assert clip_by_value({}, 1.0) == {}
    assert global_norm({}).item() == 0.0
    assert global_norm(tensors(w=np.zeros((0, 3)))).item() == 0.0


def test_float32_stays_float32_and_its_large_squares_do_not_overflow() -> None:
    gradients = tensors(w=np.array([3e25, 4e25], np.float32))  # squares above 3.4e38
    norm = global_norm(gradients)
    clipped = clip_by_norm(gradients, 1.0)["w"]
    assert norm.dtype == clipped.dtype == gn.DType.FLOAT32
    np.testing.assert_allclose(norm.item(), 5e25, rtol=1e-6)
    np.testing.assert_allclose(clipped.value, [0.6, 0.8], rtol=1e-6)
    assert clip_by_value(gradients, 1.0)["w"].dtype == gn.DType.FLOAT32


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf, 1e200])
def test_what_cannot_be_measured_becomes_nan_and_never_zero(wrong: float) -> None:
    clipped = clip_by_norm(tensors(w=[wrong, 1.0], b=2.0), 1.0)
    assert np.isnan(clipped["w"].value).all()
    assert math.isnan(clipped["b"].item())


def test_by_value_keeps_nan_and_bounds_infinity() -> None:
    clipped = clip_by_value(tensors(w=[math.nan, math.inf, -math.inf]), 1.0)["w"].value
    np.testing.assert_array_equal(clipped, [math.nan, 1.0, -1.0])


def test_labels_and_order_are_kept() -> None:
    gradients = {
        "hidden.w": gn.tensor([1.0]).named("∂L/∂w", "hidden"),
        "b": gn.tensor([1.0]),
    }
    for clip in (clip_by_norm, clip_by_value):
        clipped = clip(gradients, 0.5)
        assert list(clipped) == ["hidden.w", "b"]
        assert str(clipped["hidden.w"].label) == "hidden.∂L/∂w clipped"
        assert str(clipped["b"].label) == "g clipped"
    assert str(global_norm(gradients).label) == "‖g‖"


@pytest.mark.parametrize("limit", [0, -1.0, math.nan, math.inf, "1", None, True])
def test_bad_limits(limit: Any) -> None:
    for clip in (clip_by_norm, clip_by_value):
        with pytest.raises(ArgumentError, match=r"limit must be a number above 0; got"):
            clip(tensors(w=[1.0]), limit)


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("sqrt", lambda x: x),
        ("sum_", lambda x: x.mean()),
        ("select", lambda c, a, b: gn.select(c, b, a)),
        ("cast", lambda x, dtype: gn.cast(2.0 * x, dtype)),
        ("clip", lambda x, low, high: gn.clip(x, 0.0, high)),
        ("clip", lambda x, low, high: gn.clip(x, low, 2 * high)),
    ],
)
def test_a_broken_formula_is_noticed(
    name: str, broken: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clipping, name, broken)
    with pytest.raises(AssertionError):
        test_numpy(0.5)
