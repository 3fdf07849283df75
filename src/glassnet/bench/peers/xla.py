"""JAX: a whole epoch under `jit`, its steps in `lax.scan`."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from glassnet.bench.data import classified, measured, separated
from glassnet.bench.rungs import MOMENTUM, RATE, Rung, Runner, Timing
from glassnet.graph.types import Array

__all__ = ["RUNNERS"]

CALLS = 200


def _weights(rung: Rung) -> Any:
    jnp: Any = import_module("jax.numpy")
    random = np.random.default_rng(0)
    d, h, k = rung.inputs, rung.hidden, rung.classes
    return {
        "w1": jnp.asarray(random.normal(size=(d, h)) / d**0.5, jnp.float32),
        "b1": jnp.zeros(h, jnp.float32),
        "w2": jnp.asarray(random.normal(size=(h, k)) / h**0.5, jnp.float32),
        "b2": jnp.zeros(k, jnp.float32),
    }


def _outputs(w: Any, x: Any) -> Any:
    jnp: Any = import_module("jax.numpy")
    return jnp.tanh(x @ w["w1"] + w["b1"]) @ w["w2"] + w["b2"]


def _loss(w: Any, x: Any, y: Any) -> Any:
    jax: Any = import_module("jax")
    logs = jax.nn.log_softmax(_outputs(w, x))
    return -jax.numpy.mean(jax.numpy.take_along_axis(logs, y[:, None], -1))


def _epoch(loss: Callable[..., Any], x: Any, y: Any) -> Any:
    """Return the function of (weights, changes) and the epoch's batches, not yet compiled."""
    jax: Any = import_module("jax")

    def change_of(change: Any, gradient: Any) -> Any:
        return MOMENTUM * change + gradient

    def changed(weight: Any, change: Any) -> Any:
        return weight - RATE * change

    def step(carry: Any, batch: Any) -> Any:
        weights, change = carry
        value, gradient = jax.value_and_grad(loss)(weights, x[batch], y[batch])
        change = jax.tree.map(change_of, change, gradient)
        return (jax.tree.map(changed, weights, change), change), value

    def epoch(carry: Any, order: Any) -> Any:
        return jax.lax.scan(step, carry, order)

    return epoch


def _train(rung: Rung, weights: Any, loss: Callable[..., Any]) -> Runner:
    jax: Any = import_module("jax")
    x, y = map(jax.numpy.asarray, classified(rung))
    random = np.random.default_rng(0)
    go = jax.jit(_epoch(loss, x, y))
    carry = (weights, jax.tree.map(jax.numpy.zeros_like, weights))

    def run(rounds: int) -> Timing:
        nonlocal carry
        start = time.perf_counter()
        for _ in range(rounds):
            order = random.permutation(rung.examples).reshape(rung.steps, rung.batch)
            carry, values = go(carry, order)
            values.block_until_ready()
        return Timing(time.perf_counter() - start, rounds * rung.steps)

    return run


def _mlp(rung: Rung) -> Runner:
    return _train(rung, _weights(rung), _loss)


def _ensemble(rung: Rung) -> Runner:
    """All networks under `vmap`; they see the same batches."""
    jax: Any = import_module("jax")
    many = jax.vmap(_loss, in_axes=(0, None, None))
    weights = {
        key: jax.numpy.stack([value] * rung.networks) for key, value in _weights(rung).items()
    }

    def loss(w: Any, x: Any, y: Any) -> Any:
        return many(w, x, y).sum()

    return _train(rung, weights, loss)


def _lms(rung: Rung) -> Runner:
    def step(carry: Any, example: Any) -> Any:
        w, b = carry
        error = example[1] - (example[0] @ w + b)
        return (w + 0.01 * error * example[0], b + 0.01 * error), error * error

    return _one_by_one(rung, measured(rung), step)


def _perceptron(rung: Rung) -> Runner:
    x, y = separated(rung)

    def step(carry: Any, example: Any) -> Any:
        w, b = carry
        error = example[1] - (example[0] @ w + b >= 0)
        return (w + error * example[0], b + error), abs(error)

    return _one_by_one(rung, (x, y.astype(np.float32)), step)


def _one_by_one(rung: Rung, data: tuple[Array, Array], step: Callable[..., Any]) -> Runner:
    """Return what learns from each example in turn, with a neuron's weights and bias."""
    jax: Any = import_module("jax")
    jnp = jax.numpy
    x, y = map(jnp.asarray, data)
    random = np.random.default_rng(0)

    def epoch(carry: Any, order: Any) -> Any:
        examples = (x, y) if order is None else (x[order], y[order])
        carry, errors = jax.lax.scan(step, carry, examples)  # unrolled, it is five times slower
        return carry, errors.mean()

    go = jax.jit(epoch)
    carry = (jnp.zeros(rung.inputs, jnp.float32), jnp.zeros((), jnp.float32))

    def run(rounds: int) -> Timing:
        nonlocal carry
        start = time.perf_counter()
        for _ in range(rounds):
            carry, value = go(carry, random.permutation(rung.examples) if rung.shuffle else None)
            value.block_until_ready()
        return Timing(time.perf_counter() - start, rounds * rung.examples)

    return run


def _predict(rung: Rung) -> Runner:
    jax: Any = import_module("jax")
    weights = _weights(rung)

    def number(w: Any, x: Any) -> Any:
        return _outputs(w, x).argmax(1)

    answer = jax.jit(number)
    x = np.random.default_rng(0).normal(size=(1, rung.inputs)).astype(np.float32)

    def run(rounds: int) -> Timing:
        start = time.perf_counter()
        for _ in range(CALLS * rounds):
            np.asarray(answer(weights, x))
        return Timing(time.perf_counter() - start, CALLS * rounds)

    return run


def _compile(rung: Rung) -> Runner:
    jax: Any = import_module("jax")
    x, y = map(jax.numpy.asarray, classified(rung))
    order = np.arange(rung.examples).reshape(rung.steps, rung.batch)

    def run(rounds: int) -> Timing:
        start = time.perf_counter()
        for _ in range(rounds):
            jax.clear_caches()
            weights = _weights(rung)
            jax.jit(_epoch(_loss, x, y)).lower((weights, weights), order).compile()
        return Timing(time.perf_counter() - start, rounds)

    return run


RUNNERS: dict[str, Callable[[Rung], Runner]] = {
    "perceptron": _perceptron,
    "lms": _lms,
    "mlp": _mlp,
    "ensemble": _ensemble,
    "predict": _predict,
    "compile": _compile,
}
