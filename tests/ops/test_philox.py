"""Random numbers: the published answers, an implementation of its own, and their distribution.

The draws are fixed by their seeds, so that the statistical bounds below never fail by chance.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import philox as oracle

import glassnet as gn
from glassnet.errors import ArgumentError, DTypeError, ShapeError
from glassnet.ops import constant, philox

SEEDS = st.integers(0, 2**63 - 1)
STREAMS = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize(("counter", "key", "answer"), oracle.KNOWN_ANSWERS)
def test_known_answers(counter: str, key: str, answer: str) -> None:
    assert oracle.block(oracle.words(counter), oracle.words(key)) == oracle.words(answer)
    c0, c1, c2, c3 = (np.array([word], np.uint64) for word in oracle.words(counter))
    k0, k1 = oracle.words(key)
    found = philox.philox_4x32((c0, c1, c2, c3), (k0, k1))
    assert tuple(int(word[0]) for word in found) == oracle.words(answer)


@given(seed=SEEDS, stream=STREAMS, counter=SEEDS, count=st.integers(0, 21))
def test_bits(seed: int, stream: int, counter: int, count: int) -> None:
    found = philox.bits(count, seed, stream, counter)
    assert found.dtype == np.uint64
    assert found.tolist() == oracle.bits(count, seed, stream, counter)


@given(seed=SEEDS, stream=STREAMS, counter=SEEDS, count=st.integers(0, 9))
@settings(max_examples=30)
def test_uniform_to_the_last_bit(seed: int, stream: int, counter: int, count: int) -> None:
    place = {"stream": stream, "counter": counter}
    wide = philox.uniform((count,), seed, **place)
    narrow = philox.uniform((count,), seed, **place, dtype="float32")
    assert (wide.dtype, narrow.dtype) == (np.float64, np.float32)
    assert wide.tolist() == oracle.uniform64(count, seed, stream, counter)
    assert narrow.tolist() == oracle.uniform32(count, seed, stream, counter)


@given(seed=SEEDS, stream=STREAMS, counter=SEEDS)
@settings(max_examples=30)
def test_normal(seed: int, stream: int, counter: int) -> None:
    place = {"stream": stream, "counter": counter}
    wide = philox.normal((8,), seed, **place)
    expected = oracle.normal64(8, seed, stream, counter)
    np.testing.assert_allclose(wide, expected, rtol=1e-14, atol=1e-15)
    narrow = philox.normal((8,), seed, **place, dtype="float32")
    assert narrow.tolist() == wide.astype(np.float32).tolist()


def test_inverse_normal_undoes_the_distribution_function() -> None:
    """Φ(Φ⁻¹(p)) = p with Φ by `math.erfc`: no part of the algorithm is shared, tails included."""
    p = np.concatenate([2.0 ** np.arange(-54, -1), np.linspace(0.01, 0.5, 50)])
    x = philox.inverse_normal(p)
    back = [0.5 * math.erfc(-value / math.sqrt(2)) for value in x.tolist()]
    # near p = 2⁻⁵⁴ (x = −8.3), one rounding of x changes p by x² · 2⁻⁵³ = 7.6e-15 of itself
    np.testing.assert_allclose(back, p, rtol=2e-14)
    np.testing.assert_allclose(philox.inverse_normal(1 - p[20:]), -x[20:], rtol=1e-9)
    assert np.all(np.diff(philox.inverse_normal(np.linspace(1e-9, 1 - 1e-9, 10_001))) > 0)


def test_draws_that_differ_in_anything_differ() -> None:
    draws = [
        philox.bits(64, seed, stream, counter)
        for seed in (0, 1, 2**32)
        for stream in (0, 1)
        for counter in (0, 1, 2**32)
    ]
    shared = {
        int(np.sum(a == b)) for i, a in enumerate(draws) for b in draws[i + 1 :]
    }  # of 64 words of 32 bits, none is expected to be equal by chance
    assert shared == {0}
    np.testing.assert_array_equal(draws[0], philox.bits(64, 0, 0, 0))


def test_longer_draws_begin_as_shorter_ones() -> None:
    np.testing.assert_array_equal(philox.bits(10, 3, 1, 4), philox.bits(100, 3, 1, 4)[:10])


N = 200_000


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_uniform_is_uniform(dtype: str) -> None:
    x = philox.uniform((N,), 2024, stream=5, dtype=dtype).astype(np.float64)
    assert x.min() >= 0.0
    assert x.max() < 1.0
    # five standard errors of the mean and of the variance of N numbers
    assert abs(x.mean() - 1 / 2) < 5 * math.sqrt(1 / 12 / N)
    assert abs(x.var() - 1 / 12) < 5 * math.sqrt(1 / 180 / N)
    assert _largest_gap(x) < 1.95 / math.sqrt(N)  # Kolmogorov and Smirnov: 1 draw in 1,000 exceeds
    assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 5 / math.sqrt(N)


def test_normal_is_normal() -> None:
    x = philox.normal((N,), 2024, stream=6)
    assert abs(x.mean()) < 5 / math.sqrt(N)
    assert abs(x.var() - 1) < 5 * math.sqrt(2 / N)
    assert abs((x**3).mean()) < 5 * math.sqrt(15 / N)
    assert abs((x**4).mean() - 3) < 5 * math.sqrt(96 / N)
    few = x[:20_000]
    uniform = np.array([0.5 * math.erfc(-value / math.sqrt(2)) for value in few.tolist()])
    assert _largest_gap(uniform) < 1.95 / math.sqrt(len(few))


def _largest_gap(x: np.ndarray) -> float:
    """The largest distance between the distribution of x and the uniform one."""
    steps = np.arange(len(x) + 1) / len(x)
    x = np.sort(x)
    return float(max(np.max(steps[1:] - x), np.max(x - steps[:-1])))


@given(n=st.integers(0, 200), seed=SEEDS)
def test_permutation_is_one(n: int, seed: int) -> None:
    found = philox.permutation(n, seed, stream=philox.STREAM_SHUFFLE)
    assert found.dtype == np.int64
    assert sorted(found.tolist()) == list(range(n))


def test_permutations_are_uniform() -> None:
    """Of 6,000 permutations of 3 things each of the 6 comes up 1,000 times, give or take."""
    counts: dict[tuple[int, ...], int] = {}
    for counter in range(6000):
        order = tuple(philox.permutation(3, 11, stream=2, counter=counter).tolist())
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 6
    chi_square = sum((count - 1000) ** 2 / 1000 for count in counts.values())
    assert chi_square < 20.5  # five degrees of freedom: 1 draw in 1,000 exceeds


def test_permutation_is_the_order_of_the_keys() -> None:
    words = oracle.bits(20, 9, 2, 4)
    keys = [words[2 * i] * 2**32 + words[2 * i + 1] for i in range(10)]
    expected = sorted(range(10), key=keys.__getitem__)
    assert philox.permutation(10, 9, stream=2, counter=4).tolist() == expected


# --- the ops -----------------------------------------------------------------------------------


def test_ops_draw_by_seed_counter_and_stream() -> None:
    drawn = gn.random_uniform((3,), 4, 5, stream=6)
    assert drawn.value.tolist() == oracle.uniform64(3, 4, 6, 5)
    normal = gn.random_normal((2, 2), 4, 5, stream=6)
    np.testing.assert_allclose(normal.value.ravel(), oracle.normal64(4, 4, 6, 5), rtol=1e-14)
    assert gn.random_uniform((2,), constant(4), dtype="float32").dtype == "float32"


def test_negative_seeds_are_taken_modulo_2_to_the_64() -> None:
    found = philox.bits(4, -1, 0, -2)
    assert found.tolist() == oracle.bits(4, 2**64 - 1, 0, 2**64 - 2)


def test_a_seed_can_be_an_input() -> None:
    number = gn.TensorType((), gn.DType.INT64)
    program = gn.Program(
        gn.trace(lambda step: {"u": gn.random_uniform((2,), 7, step)}, step=number)
    )
    assert program.run({"step": 3})["u"].tolist() == oracle.uniform64(2, 7, 0, 3)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: gn.random_uniform((2,), 1.5), DTypeError, "seed must be int64; got float64"),
        (lambda: gn.random_uniform((2,), 1, 0.5), DTypeError, "counter must be int64"),
        (lambda: gn.random_normal((2,), [1, 2]), ShapeError, r"seed must be a single .*\(2,\)"),
        (lambda: gn.random_normal((2,), 1, dtype="int64"), DTypeError, "got int64"),
        (lambda: gn.random_normal((2,), 1, dtype="half"), ArgumentError, "float64, float32"),
        (lambda: gn.random_normal((2,), 1, stream=-3), ArgumentError, "stream .* got -3"),
    ],
)
def test_errors(make, error, words) -> None:
    with pytest.raises(error, match=words):
        make()
