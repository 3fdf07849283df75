"""For each activation, the same function written apart in JAX, and PyTorch's where there is one.

A registered activation that is not in this table fails the suite.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest

jax = pytest.importorskip("jax", reason="the oracle of the activations is JAX, not installed")
jax.config.update("jax_enable_x64", True)
jax.config.update("jax_disable_most_optimizations", True)  # compiled once, run once
jnp = jax.numpy


@dataclass(frozen=True)
class Oracle:
    """What is known of an activation without looking at its code.

    Args:
        function: v → y in JAX.
        settings: The settings of the activation that `function` stands for.
        torch: v → y in PyTorch, by the module that holds the function.
        kinks: Points where the derivative jumps, with the subgradient that is stated there.
        slope: (v, y) → ψ′ in NumPy, as the textbook writes it; None where it writes none.
        differentiable: Whether it has a derivative to learn by.
        rowwise: Whether an output depends on the other numbers of its row.
    """

    function: Callable[[Any], Any]
    settings: dict[str, float] = field(default_factory=dict[str, float])
    torch: Callable[[Any, Any], Any] | None = None
    kinks: tuple[tuple[float, float], ...] = ()
    slope: Callable[[Any, Any], Any] | None = None
    differentiable: bool = True
    rowwise: bool = False


def _logistic(v: Any, a: float) -> Any:
    """1/(1 + e^(−av)) through tanh: no exponential overflows."""
    return (1.0 + jnp.tanh(a * v / 2.0)) / 2.0


def _elu(v: Any, a: float) -> Any:
    return jnp.where(v > 0, v, a * (jnp.exp(jnp.minimum(v, 0.0)) - 1.0))


def _softsign(v: Any) -> Any:
    return jnp.sign(v) * (1.0 - 1.0 / (1.0 + jnp.abs(v)))


def _softmax(v: Any) -> Any:
    """1 / Σ_j e^(v_j − v_k), every pair by itself; e^(−200) = 1e-87 stands for all below it."""
    difference = v[..., None, :] - v[..., :, None]
    return 1.0 / jnp.exp(jnp.minimum(difference, 200.0)).sum(-1)


def _piecewise(v: Any, low: float, high: float) -> Any:
    return jnp.where(v < low, low, jnp.where(v > high, high, v))


def _step(v: Any, at: float, low: float) -> Any:
    return jnp.where(v < at, low, 1.0)


ACTIVATIONS: dict[str, tuple[Oracle, ...]] = {
    "linear": (Oracle(lambda v: v, torch=lambda _, v: v * 1, slope=lambda v, _: np.ones_like(v)),),
    "piecewise_linear": (
        Oracle(
            partial(_piecewise, low=0.0, high=1.0),
            torch=lambda torch, v: torch.clamp(v, 0, 1),
            kinks=((0.0, 1.0), (1.0, 1.0)),
            slope=lambda v, _: np.where((v >= 0) & (v <= 1), 1.0, 0.0),
        ),
        Oracle(
            partial(_piecewise, low=-1.5, high=0.25),
            {"low": -1.5, "high": 0.25},
            torch=lambda torch, v: torch.clamp(v, -1.5, 0.25),
            kinks=((-1.5, 1.0), (0.25, 1.0)),
        ),
    ),
    "logistic": (
        Oracle(
            partial(_logistic, a=1.0),
            torch=lambda torch, v: torch.sigmoid(v),
            slope=lambda _, y: y * (1 - y),
        ),
        Oracle(partial(_logistic, a=2.5), {"slope": 2.5}, slope=lambda _, y: 2.5 * y * (1 - y)),
        Oracle(partial(_logistic, a=0.1), {"slope": 0.1}, slope=lambda _, y: 0.1 * y * (1 - y)),
    ),
    "bipolar_logistic": (
        Oracle(lambda v: jnp.tanh(v / 2.0), slope=lambda _, y: 0.5 * (1 - y**2)),
        Oracle(
            lambda v: jnp.tanh(3.0 * v / 2.0),
            {"slope": 3.0},
            torch=lambda torch, v: torch.tanh(1.5 * v),
            slope=lambda _, y: 1.5 * (1 - y**2),
        ),
    ),
    "tanh": (
        Oracle(
            lambda v: 1.0 - 2.0 / (1.0 + jnp.exp(jnp.minimum(2.0 * v, 100.0))),
            torch=lambda torch, v: torch.tanh(v),
            slope=lambda _, y: 1 - y**2,
        ),
    ),
    "softsign": (
        Oracle(
            _softsign,
            torch=lambda torch, v: torch.nn.functional.softsign(v),
            kinks=((0.0, 1.0),),  # the second derivative jumps there; the first is 1
            slope=lambda v, _: 1 / (1 + np.abs(v)) ** 2,
        ),
    ),
    "relu": (
        Oracle(
            lambda v: jnp.where(v > 0, v, 0.0),
            torch=lambda torch, v: torch.relu(v),
            kinks=((0.0, 0.0),),
            slope=lambda v, _: np.where(v > 0, 1.0, 0.0),
        ),
    ),
    "leaky_relu": (
        Oracle(
            lambda v: jnp.where(v > 0, v, 0.01 * v),
            torch=lambda torch, v: torch.nn.functional.leaky_relu(v, 0.01),
            kinks=((0.0, 0.01),),
        ),
        Oracle(
            lambda v: jnp.where(v > 0, v, 0.3 * v),
            {"slope": 0.3},
            torch=lambda torch, v: torch.nn.functional.leaky_relu(v, 0.3),
            kinks=((0.0, 0.3),),
        ),
    ),
    "elu": (
        Oracle(
            partial(_elu, a=1.0),
            torch=lambda torch, v: torch.nn.functional.elu(v),
            kinks=((0.0, 1.0),),
            slope=lambda v, y: np.where(v > 0, 1.0, y + 1.0),
        ),
        Oracle(
            partial(_elu, a=0.4),
            {"scale": 0.4},
            torch=lambda torch, v: torch.nn.functional.elu(v, 0.4),
            kinks=((0.0, 0.4),),
        ),
    ),
    "gelu": (
        Oracle(
            lambda v: v * jax.scipy.stats.norm.cdf(v),
            torch=lambda torch, v: torch.nn.functional.gelu(v),
        ),
    ),
    "softplus": (
        Oracle(
            lambda v: jnp.where(v > 0, v, 0.0) + jnp.log1p(jnp.exp(-jnp.abs(v))),
            # PyTorch takes v itself above its threshold: at 40 it is the same to all digits
            torch=lambda torch, v: torch.nn.functional.softplus(v, threshold=40),
            slope=lambda v, _: 0.5 * (1 + np.tanh(v / 2)),
        ),
    ),
    "softmax": (Oracle(_softmax, torch=lambda torch, v: torch.softmax(v, -1), rowwise=True),),
    "threshold": (
        Oracle(partial(_step, at=0.0, low=0.0), differentiable=False),
        Oracle(partial(_step, at=1.5, low=0.0), {"at": 1.5}, differentiable=False),
    ),
    "signum": (
        Oracle(partial(_step, at=0.0, low=-1.0), differentiable=False),
        Oracle(partial(_step, at=-0.5, low=-1.0), {"at": -0.5}, differentiable=False),
    ),
}
