"""The native search for the nearest rows against sorting all distances, computed as defined."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.engines.native import why_not
from glassnet.graph.types import Array

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

KINDS = ("euclidean", "manhattan", "chebyshev", "minkowski", "cosine", "hamming")
DTYPES = (np.float32, np.float64)
rng = np.random.default_rng(3)


def kernels() -> list[str]:
    if why_not() is not None:
        return []
    from glassnet.engines.native import _native  # type: ignore[attr-defined]

    return list(_native.kernel_names())


def rows(memory: Array, kind: str, power: float = 3.0, **options: Any) -> Any:
    from glassnet.engines.native.nearest import NearestRows

    return NearestRows(memory, kind, power, **options)


def naive(memory: Array, queries: Array, kind: str, p: float = 3.0) -> Array:
    """All distances, (queries, n)."""
    m, x = memory.astype(np.float64)[None], queries.astype(np.float64)[:, None]
    match kind:
        case "euclidean":
            return np.sqrt(((x - m) ** 2).sum(2))
        case "manhattan":
            return np.abs(x - m).sum(2)
        case "chebyshev":
            return np.abs(x - m).max(2)
        case "minkowski":
            return (np.abs(x - m) ** p).sum(2) ** (1 / p)
        case "hamming":
            return (x != m).mean(2)
        case _:
            lengths = np.sqrt((x**2).sum(2)) * np.sqrt((m**2).sum(2))
            return 1 - (x * m).sum(2) / lengths


def check(memory: Array, queries: Array, kind: str, k: int, *, exact: bool, **options: Any) -> None:
    """Compare with a stable sort; where rounding decides, by the distances of what was found."""
    power = options.pop("power", 3.0)
    distances, indices = rows(memory, kind, power, **options).nearest(queries, k)
    wanted = naive(memory, queries, kind, power)
    order = np.argsort(wanted, axis=1, kind="stable")[:, :k]
    sorted_distances = np.take_along_axis(wanted, order, 1)
    tolerance = {"rtol": 1e-11, "atol": 1e-13 if kind == "cosine" else 0.0}
    np.testing.assert_allclose(distances, sorted_distances, **tolerance)
    if exact:
        np.testing.assert_array_equal(indices, order)
    np.testing.assert_allclose(np.take_along_axis(wanted, indices, 1), distances, **tolerance)
    assert all(len(set(row)) == k for row in indices.tolist())
    assert (np.diff(distances, axis=1) >= 0).all()
    tied = np.diff(distances, axis=1) == 0
    assert (np.diff(indices, axis=1)[tied] > 0).all()


@pytest.mark.parametrize("name", kernels())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_random_rows(kind: str, dtype: Any, name: str) -> None:
    for n, inputs, queries in ((1, 1, 1), (7, 3, 2), (65, 16, 5), (401, 37, 29)):
        memory = rng.normal(size=(n, inputs)).astype(dtype)
        asked = rng.normal(size=(queries, inputs)).astype(dtype)
        if kind == "hamming":
            memory, asked = np.round(memory), np.round(asked)
        exact = kind != "cosine" or inputs > 1  # of one input, the cosine is 1 or -1
        for k in {1, min(3, n), n // 2 + 1, n}:
            check(memory, asked, kind, k, exact=exact, kernels=name, products=True)
            check(memory, asked, kind, k, exact=exact, kernels=name, products=False)


@pytest.mark.parametrize("name", kernels())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["euclidean", "manhattan", "chebyshev", "hamming"])
def test_ties_of_whole_numbers(kind: str, dtype: Any, name: str) -> None:
    memory = rng.integers(-2, 3, (700, 6)).astype(dtype)
    asked = rng.integers(-2, 3, (40, 6)).astype(dtype)
    for k in (1, 5, 350, 700):
        check(memory, asked, kind, k, exact=True, kernels=name)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("products", [True, False])
def test_whole_numbers_that_point_the_same_way_tie(products: bool, dtype: Any) -> None:
    memory = rng.integers(-3, 4, (300, 3)).astype(dtype)
    memory = memory[memory.any(axis=1)]
    asked = memory[:20] * 7
    _, indices = rows(memory, "cosine", products=products).nearest(asked, len(memory))

    def key(x: list[float], m: list[float]) -> Fraction:  # cos², with the sign of cos
        product = sum(int(a) * int(b) for a, b in zip(x, m, strict=True))
        lengths = sum(int(a) ** 2 for a in x) * sum(int(b) ** 2 for b in m)
        return -Fraction(product * abs(product), lengths)

    for x, found in zip(asked.tolist(), indices.tolist(), strict=True):
        assert found == sorted(range(len(memory)), key=lambda i: (key(x, memory[i].tolist()), i))


@pytest.mark.parametrize("name", kernels())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", KINDS)
def test_duplicates(kind: str, dtype: Any, name: str) -> None:
    different = rng.normal(size=(9, 21)).astype(dtype)
    memory = different[rng.integers(0, 9, 800)]
    asked = np.concatenate([different, rng.normal(size=(3, 21)).astype(dtype)])
    if kind == "cosine":  # 0 is a rounding error in the oracle
        memory, asked = np.round(4 * memory), np.round(4 * asked)
    for k in (1, 90, 200):
        check(memory, asked, kind, k, exact=True, kernels=name)


@pytest.mark.parametrize("name", kernels())
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["euclidean", "cosine"])
def test_badly_scaled_rows(kind: str, dtype: Any, name: str) -> None:
    """Where a product of float32 knows nothing of the distances."""
    base = rng.normal(size=(500, 11))
    far = base + 1e4 * rng.integers(0, 3, (500, 1))  # three clusters, far from each other
    sets = [
        base * 10.0 ** rng.integers(-8, 9, 11),
        base + 1e5,
        far,
        base * np.where(np.arange(500) % 100 == 0, 1e6, 1)[:, None],
        base * 1e-30,
        base * 1e30,
    ]
    if dtype == np.float64:
        sets += [base * 1e-100, base * 1e120]
    for rows_ in sets:
        memory = rows_.astype(dtype)
        asked = np.concatenate([memory[:9], memory[::50] * dtype(1.0001)])
        exact = kind == "euclidean"
        for k in (1, 4, 260):
            check(memory, asked, kind, k, exact=exact, kernels=name, products=True)


def test_queries_far_outside() -> None:
    memory = rng.normal(size=(300, 5)).astype(np.float32)
    asked = np.array([[1e20] * 5, [0.1] * 5, [-3e38] * 5], np.float32)
    check(memory, asked, "euclidean", 7, exact=False)


@pytest.mark.parametrize("power", [1.0, 2.0, 2.5, 3.0, 7.0])
def test_powers(power: float) -> None:
    memory, asked = rng.normal(size=(150, 8)), rng.normal(size=(11, 8))
    asked[0] = memory[4]
    check(memory, asked, "minkowski", 20, exact=True, power=power)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_threads_and_ways_give_the_same_bits(kind: str, dtype: Any) -> None:
    memory = rng.normal(size=(900, 33)).astype(dtype)
    asked = rng.normal(size=(131, 33)).astype(dtype)
    one = rows(memory, kind).nearest(asked, 9, 1)
    for threads in (2, 3, 7, 200):
        for a, b in zip(one, rows(memory, kind).nearest(asked, 9, threads), strict=True):
            np.testing.assert_array_equal(a, b)
    for a, b in zip(one, rows(memory, kind, products=False).nearest(asked, 9), strict=True):
        np.testing.assert_array_equal(a, b)
    single = [rows(memory, kind).nearest(asked[i : i + 1], 9) for i in range(5)]
    np.testing.assert_array_equal(np.concatenate([s[0] for s in single]), one[0][:5])
    np.testing.assert_array_equal(np.concatenate([s[1] for s in single]), one[1][:5])


@given(st.integers(0, 2**32 - 1), st.integers(1, 300), st.integers(1, 40), st.sampled_from(DTYPES))
def test_any_sizes(seed: int, n: int, inputs: int, dtype: Any) -> None:
    source = np.random.default_rng(seed)
    kind = KINDS[seed % len(KINDS)]
    memory = source.integers(0, 4, (n, inputs)).astype(dtype) + (kind == "cosine")
    asked = source.integers(0, 4, (int(source.integers(1, 20)), inputs)).astype(dtype)
    asked += kind == "cosine"
    exact = kind not in ("cosine", "minkowski")  # the oracle's roots and quotients are rounded
    check(memory, asked, kind, int(source.integers(1, n + 1)), exact=exact, products=bool(seed % 2))


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_interval_holds_the_distance(dtype: Any) -> None:
    """What the search relies on: (1 ∓ ε)(‖x‖² + ‖m‖²) − 2 x·m are bounds of ‖x − m‖²."""
    memory = (rng.normal(size=(200, 50)) + 30.0).astype(dtype)
    asked = (rng.normal(size=(60, 50)) * 0.1 + 30.0).astype(dtype)
    ready = rows(memory, "euclidean")
    products = ready._products
    assert products.centre is not None
    x, m = asked - products.centre, products.rows
    low = products.lows - 2 * (x @ m.T)
    squares = (x.astype(np.float64) ** 2).sum(1)[:, None]
    true = naive(memory, asked, "euclidean") ** 2
    epsilon = products.epsilon
    assert (low + (1 - epsilon) * squares <= true).all()
    assert (true <= low + 2.2 * epsilon * products.lows + (1 + epsilon) * squares).all()
