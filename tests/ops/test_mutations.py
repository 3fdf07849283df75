"""The conformance suite can fail: break any one part of any one op and it goes red."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.graph import REGISTRY, NoGradient, Op, Tensor, apply
from glassnet.ops import constant
from ops import conformance

Share = Tensor | None


def _float_inputs(op: Op) -> list[int]:
    """The positions of an op's inputs that have derivatives, over all its cases."""
    if isinstance(op.pullback, NoGradient):
        return []
    found = {
        i for _, _, inputs in conformance.cases(op) for i in conformance.float_positions(inputs)
    }
    return sorted(found)


def _passes_nothing(op: Op, position: int) -> bool:
    """True where the op states a derivative of zero everywhere (sign, floor, stop_gradient)."""
    for _, case, inputs in conformance.cases(op):
        if position in conformance.float_positions(inputs):
            leaves = [constant(array) for array in inputs]
            node = apply(op, *leaves, **case.attributes)
            shares = op.pullback(gn.ones(*node.shape), node, *leaves, **case.attributes)  # type: ignore[operator]
            return shares[position] is None
    raise AssertionError(op.name)


DAMAGE: dict[str, Callable[[Tensor, Share], Share]] = {
    "sign flipped": lambda _g, share: None if share is None else -share,
    "scaled by 1.001": lambda _g, share: None if share is None else share * 1.001,
    "dropped": lambda _g, _share: None,
}
FROZEN = "not differentiable again"
PASSED = "gradient passed where the derivative is zero"
ALL_DAMAGE: dict[str, Callable[[Tensor, Share], Share]] = {
    **DAMAGE,
    FROZEN: lambda _g, share: None if share is None else gn.stop_gradient(share),
    PASSED: lambda g, _share: g,
}

MUTANTS = [
    pytest.param(op, position, damage, id=f"{name}-{position}-{damage}")
    for name, op in sorted(REGISTRY.items())
    for position in _float_inputs(op)
    for damage in ([PASSED] if _passes_nothing(op, position) else [*DAMAGE, FROZEN])
]


def _damaged(op: Op, position: int, damage: str) -> Callable[..., tuple[Share, ...]]:
    """Return the op's pullback with the share of one float input damaged."""
    sound, change = op.pullback, ALL_DAMAGE[damage]
    assert not isinstance(sound, NoGradient)

    def pullback(g: Tensor, y: Tensor, *inputs: Tensor, **attributes: Any) -> tuple[Share, ...]:
        shares = list(sound(g, y, *inputs, **attributes))
        if position < len(inputs) and inputs[position].dtype.is_float:
            shares[position] = change(g, shares[position])
        return tuple(shares)

    return pullback


@pytest.mark.parametrize(("op", "position", "damage"), MUTANTS)
def test_broken_pullback_is_found(
    op: Op, position: int, damage: str, patched: Any, jax_oracle: Any
) -> None:
    check = conformance.check_second if damage == FROZEN else conformance.check_first
    check(op, jax_oracle)
    patched(op, "pullback", _damaged(op, position, damage))
    with pytest.raises(AssertionError, match=f"{op.name}, case"):
        check(op, jax_oracle)


@pytest.mark.parametrize(
    ("op", "position", "damage"), [mutant for mutant in MUTANTS if mutant.values[2] != FROZEN]
)
def test_broken_pullback_is_found_without_jax(
    op: Op, position: int, damage: str, patched: Any
) -> None:
    conformance.check_op(op)
    patched(op, "pullback", _damaged(op, position, damage))
    with pytest.raises(AssertionError, match=op.name):
        conformance.check_op(op)


def test_every_derivative_is_damaged() -> None:
    """No op with a pullback is left out, and each of its inputs is damaged in each way."""
    named = {mutant.values[0].name for mutant in MUTANTS}
    assert named == {
        name for name, op in REGISTRY.items() if not isinstance(op.pullback, NoGradient)
    }


@pytest.mark.parametrize(
    "op",
    [pytest.param(op, id=name) for name, op in sorted(REGISTRY.items()) if op.samples().kinks],
)
def test_another_subgradient_is_found(op: Op, patched: Any) -> None:
    conformance.check_kinks(op)
    sound = op.pullback
    assert not isinstance(sound, NoGradient)

    def pullback(g: Tensor, *rest: Tensor, **attributes: Any) -> tuple[Share, ...]:
        shares = sound(g, *rest, **attributes)
        return tuple(0.25 * g if share is None else share + 0.25 for share in shares)

    patched(op, "pullback", pullback)
    with pytest.raises(AssertionError, match=f"{op.name}, kink"):
        conformance.check_kinks(op)


def _wrong(value: Any) -> Any:
    value = np.asarray(value)
    if value.dtype.kind == "b":
        return ~value
    return (
        value + 1
        if value.dtype.kind == "i"
        else value * value.dtype.type(1.001) + value.dtype.type(1e-6)
    )


RUNNABLE = [
    pytest.param(op, id=name)
    for name, op in sorted(REGISTRY.items())
    if not conformance.is_source(op)
]


def _break_values(op: Op, patched: Any) -> None:
    sound = op.evaluate
    patched(op, "evaluate", lambda *arrays, **attributes: _wrong(sound(*arrays, **attributes)))


@pytest.mark.parametrize("op", RUNNABLE)
def test_wrong_values_are_found_by_the_oracle(op: Op, patched: Any, jax_oracle: Any) -> None:
    conformance.check_values(op, jax_oracle)
    _break_values(op, patched)
    with pytest.raises(AssertionError, match=f"{op.name}, case"):
        conformance.check_values(op, jax_oracle)


@pytest.mark.parametrize("op", RUNNABLE)
def test_wrong_values_are_found_by_the_worked_example(op: Op, patched: Any) -> None:
    conformance.check_worked(op)
    _break_values(op, patched)
    with pytest.raises(AssertionError, match=f"{op.name}, worked"):
        conformance.check_worked(op)


@pytest.mark.parametrize("op", RUNNABLE)
def test_wrong_types_are_found(op: Op, patched: Any) -> None:
    conformance.check_types(op)
    sound = op.evaluate
    patched(
        op, "evaluate", lambda *arrays, **attributes: np.asarray(sound(*arrays, **attributes))[None]
    )
    with pytest.raises(AssertionError, match=f"{op.name}, case"):
        conformance.check_types(op)


@pytest.mark.parametrize("op", RUNNABLE)
def test_a_wrong_jax_form_is_found(op: Op, patched: Any, jax_oracle: Any) -> None:
    sound = op.jax
    patched(
        op,
        "jax",
        lambda jnp, *arrays, **settings: (
            ~sound(jnp, *arrays, **settings)
            if sound(jnp, *arrays, **settings).dtype == bool
            else sound(jnp, *arrays, **settings) + 1
        ),
    )
    with pytest.raises(AssertionError, match=f"{op.name}, case"):
        conformance.check_in_jax(op, jax_oracle)


def test_sound_ops_are_put_back() -> None:
    """The damage above is undone: every op passes again."""
    for op in REGISTRY.values():
        conformance.check_op(op)
