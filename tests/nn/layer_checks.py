"""What every layer promises, as functions that raise AssertionError where it is not kept.

A layer is run as a network would run it: traced, differentiated, and run by the reference engine.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from oracles import philox

import glassnet as gn
from glassnet.engines import Program
from glassnet.graph import differentiate
from glassnet.nn import Layer, Stack
from glassnet.ops import constant
from glassnet.ops.philox import STREAM_LAYER
from nn.activation_oracles import jax, jnp
from nn.layer_oracles import LAYERS, LayerOracle

Array = np.ndarray[Any, Any]
TOLERANCE = 1e-9
SEED, STEP, EXAMPLES = 11, 3, 8


def pairs() -> list[tuple[str, int]]:
    return [(name, i) for name, oracles in LAYERS.items() for i in range(len(oracles))]


def _stack(oracle: LayerOracle) -> Stack:
    return Stack([Layer.of(oracle.text)], oracle.inputs)


def _values(oracle: LayerOracle) -> tuple[Array, dict[str, Array], dict[str, Array]]:
    """Return a batch, parameters and statistics: random numbers, variances above 0."""
    generator = np.random.default_rng(6)
    layer = Layer.of(oracle.text)
    x = generator.normal(size=(EXAMPLES, *oracle.shape)) * 1.5 + 0.3
    if oracle.symbols:
        x = generator.integers(0, oracle.symbols, x.shape).astype(np.float64)
    parameters = {
        key: generator.normal(size=entry.shape)
        for key, entry in layer.parameters(oracle.shape).items()
    }
    statistics = {
        key: generator.uniform(0.5, 2, entry.shape)
        for key, entry in layer.statistics(oracle.shape).items()
    }
    return x, parameters, statistics


def _random(purpose: int, shape: tuple[int, ...]) -> Array:
    return np.random.default_rng(purpose).uniform(-1.5, 1.5, shape)


def run(oracle: LayerOracle, training: bool, dtype: str = "float64") -> dict[str, Array]:
    """Return the output `y`, new statistics `s/…`, gradients `g/…` and second ones `h/…`.

    The gradients are those of Σ s·y + ½ Σ s·y² for random s; the second ones are along random
    directions in the input and all parameters at once.
    """
    stack = _stack(oracle)
    x, parameters, statistics = _values(oracle)
    named = {"x": x} | {f"p_{k}": v for k, v in parameters.items()}
    fixed = {f"s_{k}": v for k, v in statistics.items()}
    kind = gn.DType(dtype)
    types = {k: gn.TensorType(v.shape, kind) for k, v in (named | fixed).items()}
    whole = gn.TensorType((), gn.DType.INT64)

    def body(seed: Any, counter: Any, **given: Any) -> dict[str, Any]:
        place = f"{stack.names[0]}."
        output, updated = stack.forward(
            given["x"],
            {place + k: given[f"p_{k}"] for k in parameters},
            {place + k: given[f"s_{k}"] for k in statistics},
            seed if training else None,
            counter if training else None,
        )
        s = constant(_random(1, output.y.shape), kind)
        total = (output.y * s + output.y * output.y * s * 0.5).sum()
        leaves = [given[key] for key in named]
        gradients = differentiate(total, leaves).gradients
        moved = [
            (gradient * constant(_random(2 + i, leaf.shape), kind)).sum()
            for i, (gradient, leaf) in enumerate(zip(gradients, leaves, strict=True))
        ]
        along = moved[0]
        for term in moved[1:]:
            along = along + term
        second = differentiate(along, leaves).gradients
        return {
            "y": output.y,
            **{f"s/{k.split('.')[1]}": v for k, v in updated.items()},
            **{f"g/{k}": g for k, g in zip(named, gradients, strict=True)},
            **{f"h/{k}": h for k, h in zip(named, second, strict=True)},
        }

    graph = gn.trace(body, seed=whole, counter=whole, **types)
    return Program(graph).run({**named, **fixed, "seed": SEED, "counter": STEP})


def mask(oracle: LayerOracle) -> Array:
    """Return which numbers are kept: by Philox in Python's own whole numbers."""
    shape = (EXAMPLES, *oracle.shape)
    count = math.prod(shape)
    drawn = philox.uniform64(count, SEED, STREAM_LAYER, STEP)
    return (np.array(drawn) >= oracle.dropped).reshape(shape)


def _close(actual: Any, desired: Any, what: str, tolerance: float = TOLERANCE) -> None:
    np.testing.assert_allclose(actual, desired, rtol=tolerance, atol=tolerance, err_msg=what)


def check_jax(name: str, position: int, training: bool) -> None:
    """Values, first and second derivatives with respect to inputs and parameters."""
    oracle = LAYERS[name][position]
    x, parameters, statistics = _values(oracle)
    leaves = {"x": x} | {f"p_{k}": v for k, v in parameters.items()}
    kept = mask(oracle)

    def answer(leaves: Any) -> Any:
        own = {key[2:]: value for key, value in leaves.items() if key != "x"}
        return oracle.function(leaves["x"], own, statistics, kept, training)

    def total(leaves: Any) -> Any:
        y = answer(leaves)
        s = _random(1, y.shape)
        return (y * s).sum() + 0.5 * (y**2 * s).sum()

    directions = {k: jnp.asarray(_random(2 + i, leaves[k].shape)) for i, k in enumerate(leaves)}
    wide = {key: jnp.asarray(value) for key, value in leaves.items()}
    y, (gradients, second) = jax.jit(
        lambda p: (answer(p), jax.jvp(jax.grad(total), (p,), (directions,)))
    )(wide)
    found = run(oracle, training)
    _close(found["y"], y, f"{oracle.text}: values")
    for key in leaves:
        _close(found[f"g/{key}"], gradients[key], f"{oracle.text}: gradient of {key}")
        _close(found[f"h/{key}"], second[key], f"{oracle.text}: second derivative of {key}")


def check_torch(name: str, position: int, training: bool, torch: Any) -> None:
    """Values, gradients and running statistics of PyTorch's own layer."""
    oracle = LAYERS[name][position]
    assert oracle.torch is not None
    x, parameters, statistics = _values(oracle)
    theirs = oracle.torch(torch, parameters, statistics)
    theirs.module.train(training)
    batch = torch.tensor(x, requires_grad=True)
    y = theirs.module(batch)
    s = torch.tensor(_random(1, tuple(y.shape)))
    (y * s + 0.5 * y**2 * s).sum().backward()
    found = run(oracle, training)
    _close(found["y"], y.detach().numpy(), f"{oracle.text}: values")
    _close(found["g/x"], batch.grad.numpy(), f"{oracle.text}: gradient of x")
    for key, parameter in theirs.module.named_parameters():
        ours = theirs.names[key]
        _close(found[f"g/p_{ours}"], parameter.grad.numpy(), f"{oracle.text}: gradient of {ours}")
    if training and statistics:
        _close(found["s/mean"], theirs.module.running_mean.numpy(), "running mean")
        _close(found["s/variance"], theirs.module.running_var.numpy(), "running variance")


def check_float32(name: str, position: int) -> None:
    """Nothing changes its number type on the way."""
    oracle = LAYERS[name][position]
    for key, value in run(oracle, training=True, dtype="float32").items():
        assert value.dtype == np.float32, f"{oracle.text}: {key} is {value.dtype}"
