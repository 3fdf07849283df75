"""JAX: a whole epoch under `jit`, its steps in `lax.scan`."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from glassnet.bench.data import classified, measured, separated, texts
from glassnet.bench.rungs import CLIP, DECAY, MOMENTUM, RATE, TEXT_RATE, Rung, Runner, Timing
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


def _text_weights(rung: Rung) -> Any:
    jnp: Any = import_module("jax.numpy")
    random = np.random.default_rng(0)
    v, h, k = rung.inputs, rung.hidden, rung.classes
    shapes = {"e": (v, h), "wx": (h, 4 * h), "wh": (h, 4 * h), "wo": (h, k)}
    found = {
        key: jnp.asarray(random.normal(size=shape) / h**0.5, jnp.float32)
        for key, shape in shapes.items()
    }
    found |= {"b": jnp.zeros(4 * h, jnp.float32), "bo": jnp.zeros(k, jnp.float32)}
    return found | ({"p": jnp.zeros((3, h), jnp.float32)} if rung.kind == "peephole" else {})


def _text(rung: Rung) -> Runner:
    """A character model; the loop over the steps is `lax.scan`, that over the batches too."""
    jax: Any = import_module("jax")
    jnp, s = jax.numpy, jax.nn.sigmoid
    x = jnp.asarray(texts(rung))
    start = jnp.zeros((rung.batch, rung.hidden), jnp.float32)
    peeps = rung.kind == "peephole"

    def loss(w: Any, rows: Any) -> Any:
        sums = w["e"][rows[:, :-1]] @ w["wx"] + w["b"]

        def cell(state: Any, z: Any) -> Any:
            h, c = state
            f, i, g, o = jnp.split(z + h @ w["wh"], 4, -1)
            if peeps:
                f, i = f + w["p"][0] * c, i + w["p"][1] * c
            c = s(f) * c + s(i) * jnp.tanh(g)
            h = s(o + w["p"][2] * c if peeps else o) * jnp.tanh(c)
            return (h, c), h

        _, h = jax.lax.scan(cell, (start, start), sums.swapaxes(0, 1))
        logs = jax.nn.log_softmax(h @ w["wo"] + w["bo"])
        wanted = rows[:, 1:].swapaxes(0, 1)
        return -jnp.mean(jnp.take_along_axis(logs, wanted[..., None], -1))

    def clipped(slope: Any, norm: Any) -> Any:
        return slope * jnp.minimum(1, CLIP / norm)

    def mean_square(before: Any, slope: Any) -> Any:
        return DECAY * before + (1 - DECAY) * slope * slope

    def changed(weight: Any, square: Any, slope: Any) -> Any:
        return weight - TEXT_RATE * slope / (jnp.sqrt(square) + 1e-8)

    def step(carry: Any, batch: Any) -> Any:
        weights, squares = carry
        value, slopes = jax.value_and_grad(loss)(weights, x[batch])
        norm = jnp.sqrt(sum(jnp.sum(slope * slope) for slope in jax.tree.leaves(slopes)))
        slopes = jax.tree.map(partial(clipped, norm=norm), slopes)
        squares = jax.tree.map(mean_square, squares, slopes)
        return (jax.tree.map(changed, weights, squares, slopes), squares), value

    def epoch(carry: Any, order: Any) -> Any:
        return jax.lax.scan(step, carry, order)

    go = jax.jit(epoch)
    first = _text_weights(rung)
    carry = (first, jax.tree.map(jnp.zeros_like, first))
    random = np.random.default_rng(0)

    def run(rounds: int) -> Timing:
        nonlocal carry
        begun = time.perf_counter()
        for _ in range(rounds):
            order = random.permutation(rung.examples).reshape(rung.steps, rung.batch)
            carry, values = go(carry, order)
            values.block_until_ready()
        return Timing(time.perf_counter() - begun, rounds * rung.steps)

    return run


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
    "lstm": _text,
    "peephole": _text,
    "predict": _predict,
    "compile": _compile,
}
