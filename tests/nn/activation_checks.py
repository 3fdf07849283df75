"""What every activation promises, as functions that raise AssertionError where it is not kept.

Derivatives are taken by the library's own `grad`, of Σ s·ψ(v) with fixed random numbers s, and
compared with what JAX finds for the oracle; second derivatives likewise, along a random direction.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.nn import Activation
from nn.activation_oracles import ACTIVATIONS, Oracle, jax, jnp

Array = np.ndarray[Any, Any]
TOLERANCE = 1e-9
FLOAT32 = 16 * float(np.finfo(np.float32).eps)  # a formula rounds a few times, at numbers near 1


def pairs() -> list[tuple[str, int]]:
    """Return (name, which oracle) for every activation that has one."""
    return [(name, i) for name, oracles in ACTIVATIONS.items() for i in range(len(oracles))]


def make(name: str, position: int) -> tuple[Activation, Oracle]:
    """Return an activation, with the settings of its oracle, and the oracle."""
    oracle = ACTIVATIONS[name][position]
    return Activation.named(name)(**oracle.settings), oracle  # type: ignore[return-value]


@cache
def points() -> Array:
    """Return rows of local fields: dense near 0, sparse far out, extreme at the end; no kink."""
    generator = np.random.default_rng(20)
    far = np.array([20.0, 37.0, 90.0, 355.0, 710.0, 746.0, 1e3, 1e4, 1e8, 1e30])
    near = np.array([1e-300, 1e-30, 1e-12, 1e-6])
    values = np.concatenate(
        [
            np.linspace(-6.003, 6.007, 480),
            generator.normal(size=200) * 10,
            far,
            -far,
            near,
            -near,
            generator.normal(size=12) * 1000,
        ]
    )
    rows = values.reshape(-1, 6)
    rows.setflags(write=False)
    return rows


@cache
def _random(purpose: int) -> Array:
    return np.random.default_rng(purpose).uniform(-1.5, 1.5, points().shape)


@cache
def _expected(name: str, position: int) -> tuple[Array, Array, Array]:
    """Return the oracle's values, gradient, and second derivatives along a direction."""
    function = ACTIVATIONS[name][position].function

    def total(v: Any) -> Any:
        return (function(v) * _random(1)).sum()

    @jax.jit
    def everything(v: Any) -> Any:
        gradient, second = jax.jvp(jax.grad(total), (v,), (jnp.asarray(_random(2)),))
        return function(v), gradient, second

    value, gradient, second = everything(jnp.asarray(points()))
    return np.asarray(value), np.asarray(gradient), np.asarray(second)


def _close(actual: Any, desired: Any, what: str, tolerance: float = TOLERANCE) -> None:
    np.testing.assert_allclose(actual, desired, rtol=tolerance, atol=tolerance, err_msg=what)


def _first(psi: Activation, v: Any, seed: Any) -> Any:
    return gn.grad((psi(v) * seed).sum(), v)


def check_value(name: str, position: int) -> None:
    psi, _ = make(name, position)
    found = psi(gn.tensor(points())).value
    assert found.shape == points().shape
    assert found.dtype == np.float64
    _close(found, _expected(name, position)[0], f"{psi}: values")


def check_first(name: str, position: int) -> None:
    psi, _ = make(name, position)
    found = _first(psi, gn.tensor(points()), _random(1)).value
    _close(found, _expected(name, position)[1], f"{psi}: first derivative")


def check_second(name: str, position: int) -> None:
    psi, _ = make(name, position)
    v = gn.tensor(points())
    slope = (_first(psi, v, _random(1)) * _random(2)).sum()
    try:
        found = gn.grad(slope, v).value
    except gn.GlassnetError:  # the slope is the same everywhere: nothing of v is left in it
        found = np.zeros(points().shape)
    _close(found, _expected(name, position)[2], f"{psi}: second derivative")


def check_kinks(name: str, position: int) -> None:
    psi, oracle = make(name, position)
    for at, subgradient in oracle.kinks:
        v = gn.tensor([at, at])
        found = _first(psi, v, np.ones(2)).value
        assert found.tolist() == [subgradient, subgradient], f"{psi} at {at}: {found[0]}"


def check_slope(name: str, position: int) -> None:
    """The derivative is the one that the textbook writes with v and y."""
    psi, oracle = make(name, position)
    assert oracle.slope is not None
    v = gn.tensor(points())
    found = _first(psi, v, np.ones(points().shape)).value
    with np.errstate(all="ignore"):
        _close(found, oracle.slope(points(), psi(v).value), f"{psi}: slope")


def check_float32(name: str, position: int) -> None:
    """float32 goes in, float32 comes out, with its gradient, as near as the type allows."""
    psi, oracle = make(name, position)
    whole = points().astype(np.float32)
    v = gn.tensor(whole, dtype="float32")
    y = psi(v)
    assert y.dtype == "float32", f"{psi}: {y.dtype}"
    wide = gn.tensor(whole.astype(np.float64))
    _close(y.value, psi(wide).value, f"{psi}: float32", FLOAT32)
    if oracle.differentiable:
        gradient = gn.grad(y.sum(), v)
        assert gradient.dtype == "float32", f"{psi}: the gradient is {gradient.dtype}"
        exact = gn.grad(psi(wide).sum(), wide).value
        _close(gradient.value, exact, f"{psi}: float32 gradient", FLOAT32)


def check_rows(name: str, position: int) -> None:
    """An output depends on its own local field alone, or on its row; never on other examples."""
    psi, oracle = make(name, position)
    whole = psi(gn.tensor(points())).value
    rows = np.concatenate([psi(gn.tensor(row[None, :])).value for row in points()])
    np.testing.assert_array_equal(whole, rows)
    if not oracle.rowwise:
        np.testing.assert_array_equal(psi(gn.tensor(points().T)).value, whole.T)


def check_torch(name: str, position: int, torch: Any) -> None:
    psi, oracle = make(name, position)
    assert oracle.torch is not None
    theirs = torch.tensor(points(), requires_grad=True)
    y = oracle.torch(torch, theirs)
    (y * torch.tensor(_random(1))).sum().backward()
    _close(psi(gn.tensor(points())).value, y.detach().numpy(), f"{psi}: PyTorch's values")
    found = _first(psi, gn.tensor(points()), _random(1)).value
    _close(found, theirs.grad.numpy(), f"{psi}: PyTorch's gradient")
