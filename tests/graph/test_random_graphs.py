"""Random expressions: value, gradient and second derivative against JAX in float64.

An expression is drawn as a list of steps over a pool of tensors. The graph that the library makes
of it is read by the oracle's functions, one for each op, and differentiated by JAX.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import glassnet as gn
from glassnet.graph import Tensor, differentiate, topological_order

SHAPES = ((2, 3), (3,), (3, 2))

# Every step keeps numbers of the size of its inputs: long expressions stay well conditioned.
UNARY: tuple[Callable[[Tensor], Tensor], ...] = (
    gn.tanh,
    gn.logistic,
    gn.sin,
    gn.cos,
    gn.erf,
    gn.softplus,
    gn.abs,
    lambda x: -x,
    lambda x: gn.exp(-(x * x)),
    lambda x: gn.expm1(gn.tanh(x)),
    lambda x: gn.log(1.0 + x**2),
    lambda x: gn.log1p(x * x),
    lambda x: gn.sqrt(1.0 + x * x),
    lambda x: (1.5 + gn.sin(x)) ** -0.5,
    lambda x: gn.clip(x, -0.7, 0.9),
    lambda x: x - gn.floor(x),
    lambda x: x * gn.sign(x + 0.3),
    lambda x: x + gn.stop_gradient(gn.cos(x)),
)
BINARY: tuple[Callable[[Tensor, Tensor], Tensor], ...] = (
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: a * gn.tanh(b),
    lambda a, b: a / (1.0 + b * b),
    lambda a, b: (1.0 + gn.logistic(a)) ** gn.tanh(b),
    lambda a, b: gn.select(a < b, a, 0.5 * b),
    lambda a, b: gn.maximum(a, b - 0.1),
    lambda a, b: gn.minimum(a * 0.9, b),
)
SHAPING: tuple[Callable[[Tensor], Tensor], ...] = (
    lambda x: x.T,
    lambda x: x.reshape(-1),
    lambda x: x.reshape(1, *x.shape),
    lambda x: x[..., 1:] if x.ndim and x.shape[-1] > 1 else x,
    lambda x: x[0] if x.ndim else x,
    lambda x: x[..., ::2] if x.ndim else x,
    lambda x: gn.pad(x, [1] * x.ndim, [0] * x.ndim, [1] * x.ndim) if x.ndim < 3 else x,
    lambda x: gn.concatenate([x, x * 0.5]) if x.ndim else gn.stack([x, -x]),
    lambda x: gn.gather(x, [0, 0, x.shape[0] - 1]) if x.ndim else x,
    lambda x: gn.scatter_add(x, [0] * x.shape[0], 2) if x.ndim else x,
    lambda x: gn.broadcast(x, (2, *x.shape)) if x.ndim < 3 else x,
    lambda x: x.mean(-1) if x.ndim else x,
    lambda x: x.sum(0) * 0.3 if x.ndim else x,
    lambda x: gn.max(x, -1) if x.ndim else x,
    lambda x: gn.logsumexp(x, 0) if x.ndim else x,
)
PRODUCTS: tuple[Callable[[Tensor], Tensor], ...] = (
    lambda x: x @ gn.transpose(x, [*range(x.ndim - 2), x.ndim - 1, x.ndim - 2]) / (1.0 + x.size),
    lambda x: x @ gn.tanh(x[0] if x.ndim == 2 else x[0, 0]) / (1.0 + x.size),
)
# Each function with what it needs; products are few, and drawn as often as the rest.
ALL: tuple[tuple[str, int], ...] = (
    *(("unary", index) for index in range(len(UNARY))),
    *(("binary", index) for index in range(len(BINARY))),
    *(("shaping", index) for index in range(len(SHAPING))),
    *(("product", index % len(PRODUCTS)) for index in range(8)),
)
Step = tuple[tuple[str, int], int, int]
STEPS = st.lists(
    st.tuples(st.sampled_from(ALL), st.sampled_from(range(4)), st.sampled_from(range(4))),
    min_size=6,
    max_size=10,
)


def build(steps: list[Step], leaves: list[Tensor]) -> Tensor:
    """Apply each step to tensors of the pool, counted from its end; return a single number."""
    pool = [*leaves]
    for (kind, index), first, second in steps:
        a, b = (pool[-1 - back % len(pool)] for back in (first, second))
        if kind == "binary":
            if _fits(a, b):
                pool.append(BINARY[index](a, b))
        elif kind != "product" or a.ndim > 1:
            table = {"unary": UNARY, "shaping": SHAPING, "product": PRODUCTS}[kind]
            pool.append(table[index](a))
    result = pool[-1].mean()
    for tensor in pool[-4:-1]:
        result = result + tensor.mean()
    return result


def _fits(a: Tensor, b: Tensor) -> bool:
    try:
        np.broadcast_shapes(a.shape, b.shape)
    except ValueError:
        return False
    return True


def _in_jax(output: Tensor, leaves: list[Tensor], oracle: Any) -> Callable[..., Any]:
    """Return the graph as a function of its leaves, by the oracle's functions."""

    def function(*values: Any) -> Any:
        known = dict(zip(leaves, values, strict=True))
        for node in topological_order([output]):
            if node not in known:
                inputs = [known[source] for source in node.inputs]
                known[node] = oracle.ORACLES[node.op.name](*inputs, **node.attributes)
        return known[output]

    return function


@given(steps=STEPS, seed=st.integers(0, 1000))
# JAX compiles each example, which takes a third of a second: few of them, and no search for a
# smaller one that fails too.
@settings(max_examples=30, phases=[Phase.generate])
def test_random_expressions(jax_oracle: Any, steps: list[Step], seed: int) -> None:
    jax = jax_oracle.jax
    generator = np.random.default_rng(seed)
    values = [generator.uniform(-1.5, 1.5, shape) for shape in SHAPES]
    vectors = [generator.uniform(-1.0, 1.0, shape) for shape in SHAPES]

    leaves = [gn.tensor(value) for value in values]
    output = build(steps, leaves)
    gradients = differentiate(output, leaves).gradients
    along = gn.tensor(0.0)
    for share, vector in zip(gradients, vectors, strict=True):
        along = along + (share * vector).sum()
    seconds = differentiate(along, leaves).gradients

    function = _in_jax(output, leaves, jax_oracle)

    def everything(values: Any, vectors: Any) -> Any:
        positions = tuple(range(len(SHAPES)))
        gradient = jax.grad(function, positions)
        _, pull = jax.vjp(gradient, *values)
        return function(*values), gradient(*values), pull(tuple(vectors))

    value, first, second = jax.jit(everything)(values, vectors)
    for found, expected in (([output], [value]), (gradients, first), (seconds, second)):
        for mine, wanted in zip(found, expected, strict=True):
            scale = max(1.0, float(np.max(np.abs(wanted))))
            np.testing.assert_allclose(mine.value, wanted, rtol=1e-9, atol=1e-9 * scale)
