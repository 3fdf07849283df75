"""What every loss promises, as functions that raise AssertionError where it is not kept."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.nn import Activation, Loss
from glassnet.nn.losses import Output
from nn.loss_oracles import LOSSES, jax, jnp

Array = np.ndarray[Any, Any]
TOLERANCE = 1e-9
FLOAT32 = 32 * float(np.finfo(np.float32).eps)  # sums of four terms of a few roundings each
EXAMPLES, UNITS = 40, 4


def pairs() -> list[tuple[str, int]]:
    return [(name, i) for name, oracles in LOSSES.items() for i in range(len(oracles))]


@cache
def local_fields() -> Array:
    """Rows of local fields: usual sizes, then ±30, then ±1000."""
    generator = np.random.default_rng(3)
    v = generator.normal(size=(EXAMPLES, UNITS)) * 2
    v[30:35] *= 15
    v[35:] = np.sign(v[35:]) * 1000
    v.setflags(write=False)
    return v


@cache
def targets(kind: str) -> Array:
    generator = np.random.default_rng(4)
    if kind == "values":
        return generator.normal(size=(EXAMPLES, UNITS)) * 3
    shares = generator.uniform(size=(EXAMPLES, UNITS))
    hard = np.arange(EXAMPLES) % 2 == 0
    if kind == "shares":
        shares[hard] = np.round(shares[hard])
        return shares
    shares[hard] = np.eye(UNITS)[generator.integers(0, UNITS, hard.sum())]
    return shares / shares.sum(1, keepdims=True)


@cache
def _random(purpose: int, shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(purpose).uniform(0.2, 1.5, shape)


def _losses(loss: Loss, psi: Activation, v: Any, t: Any) -> Any:
    return loss.per_example(Output(psi(v), v, psi), t)


def make(name: str, position: int) -> tuple[Loss, Activation, Array]:
    oracle = LOSSES[name][position]
    return Loss.of(name), Activation.of(oracle.activation), targets(oracle.targets)


@cache
def _expected(name: str, position: int) -> tuple[Array, Array, Array]:
    oracle = LOSSES[name][position]
    t = jnp.asarray(targets(oracle.targets))
    seed = _random(1, (EXAMPLES,))
    direction = jnp.asarray(_random(2, (EXAMPLES, UNITS)))

    def total(v: Any) -> Any:
        return (oracle.function(v, t) * seed).sum()

    @jax.jit
    def everything(v: Any) -> Any:
        gradient, second = jax.jvp(jax.grad(total), (v,), (direction,))
        return oracle.function(v, t), gradient, second

    found = everything(jnp.asarray(local_fields()))
    return tuple(np.asarray(entry) for entry in found)  # type: ignore[return-value]


def _close(actual: Any, desired: Any, what: str, tolerance: float = TOLERANCE) -> None:
    np.testing.assert_allclose(actual, desired, rtol=tolerance, atol=tolerance, err_msg=what)


def check_value(name: str, position: int) -> None:
    loss, psi, t = make(name, position)
    found = _losses(loss, psi, gn.tensor(local_fields()), gn.tensor(t)).value
    assert found.shape == (EXAMPLES,)
    assert np.isfinite(found).all()
    _close(found, _expected(name, position)[0], f"{name}: values")


def _gradient(name: str, position: int) -> tuple[Any, Any]:
    loss, psi, t = make(name, position)
    v = gn.tensor(local_fields())
    total = (_losses(loss, psi, v, gn.tensor(t)) * _random(1, (EXAMPLES,))).sum()
    return gn.grad(total, v), v


def check_first(name: str, position: int) -> None:
    gradient, _ = _gradient(name, position)
    assert np.isfinite(gradient.value).all()
    _close(gradient.value, _expected(name, position)[1], f"{name}: first derivative")


def check_second(name: str, position: int) -> None:
    gradient, v = _gradient(name, position)
    second = gn.grad((gradient * _random(2, (EXAMPLES, UNITS))).sum(), v).value
    _close(second, _expected(name, position)[2], f"{name}: second derivative")


def check_float32(name: str, position: int) -> None:
    loss, psi, t = make(name, position)
    v32, t32 = local_fields()[:30].astype(np.float32), t[:30].astype(np.float32)
    v = gn.tensor(v32, dtype="float32")
    found = _losses(loss, psi, v, gn.tensor(t32, dtype="float32"))
    wide = gn.tensor(v32.astype(np.float64))
    exact = _losses(loss, psi, wide, gn.tensor(t32.astype(np.float64)))
    assert found.dtype == "float32", f"{name}: {found.dtype}"
    _close(found.value, exact.value, f"{name}: float32", FLOAT32)
    gradient = gn.grad(found.sum(), v)
    assert gradient.dtype == "float32"
    _close(gradient.value, gn.grad(exact.sum(), wide).value, f"{name}: float32 slope", FLOAT32)


def check_torch(name: str, position: int, torch: Any) -> None:
    oracle = LOSSES[name][position]
    assert oracle.torch is not None
    loss, psi, t = make(name, position)
    theirs = torch.tensor(local_fields(), requires_grad=True)
    losses = oracle.torch(torch, theirs, torch.tensor(t))
    (losses * torch.tensor(_random(1, (EXAMPLES,)))).sum().backward()
    found = _losses(loss, psi, gn.tensor(local_fields()), gn.tensor(t)).value
    _close(found, losses.detach().numpy(), f"{name}: PyTorch's values")
    _close(_gradient(name, position)[0].value, theirs.grad.numpy(), f"{name}: PyTorch's gradient")
