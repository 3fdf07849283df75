"""The random number generator, Philox 4×32 with 10 rounds: a function of key and counter.

Source: Salmon, Moraes, Dror & Shaw, Parallel random numbers: as easy as 1, 2, 3 (SC 2011). The
known-answer vectors of their Random123 distribution are in the tests.

A draw is addressed by (seed, stream, counter, position): the key is the seed; the four counter
words are the position's block, the stream, and the counter's low and high half. So each engine can
compute any element alone, in any order, with the same bits.
"""

from __future__ import annotations

import numpy as np

from glassnet.graph.types import Array, Shape

__all__ = [
    "STREAM_BATCHES",
    "STREAM_FIRING",
    "STREAM_INITIAL",
    "STREAM_LAYER",
    "STREAM_SHUFFLE",
    "STREAM_SPLIT",
]
__all__ += ["bits", "normal", "permutation", "philox_4x32", "uniform"]

# Streams that the library draws from; layers take STREAM_LAYER + their index, and so on.
STREAM_SPLIT = 1
STREAM_SHUFFLE = 2
STREAM_FIRING = 3
STREAM_BATCHES = 4
STREAM_INITIAL = 1 << 16
STREAM_LAYER = 1 << 17

MULTIPLIER_0, MULTIPLIER_1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
WEYL_0, WEYL_1 = 0x9E3779B9, 0xBB67AE85
LOW, SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32)
MASK = (1 << 32) - 1


def philox_4x32(
    counter: tuple[Array, Array, Array, Array], key: tuple[int, int]
) -> tuple[Array, Array, Array, Array]:
    """Return four 32-bit words (as uint64 arrays) for counter words of any one shape and a key."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        product_0, product_1 = c0 * MULTIPLIER_0, c2 * MULTIPLIER_1
        c0, c1, c2, c3 = (
            (product_1 >> SHIFT) ^ c1 ^ np.uint64(k0),
            product_1 & LOW,
            (product_0 >> SHIFT) ^ c3 ^ np.uint64(k1),
            product_0 & LOW,
        )
        k0, k1 = (k0 + WEYL_0) & MASK, (k1 + WEYL_1) & MASK
    return c0, c1, c2, c3


def bits(count: int, seed: int, stream: int, counter: int) -> Array:
    """Return the first `count` 32-bit words of a draw (uint64, shape (count,))."""
    blocks = np.arange(-(-count // 4), dtype=np.uint64)
    constant = np.zeros_like(blocks)
    words = philox_4x32(
        (
            blocks,
            constant + np.uint64(stream & MASK),
            constant + np.uint64(counter & MASK),
            constant + np.uint64((counter >> 32) & MASK),
        ),
        (seed & MASK, (seed >> 32) & MASK),
    )
    return np.stack(words, axis=1).reshape(-1)[:count]


def _fractions(count: int, seed: int, stream: int, counter: int) -> Array:
    """Return `count` whole numbers of 53 random bits, as float64: word 2i high, word 2i + 1 low."""
    words = bits(2 * count, seed, stream, counter)
    return (((words[0::2] << SHIFT) | words[1::2]) >> np.uint64(11)).astype(np.float64)


def uniform(
    shape: Shape, seed: int, *, stream: int, counter: int = 0, dtype: str = "float64"
) -> Array:
    """Return numbers uniform in [0, 1): 24 random bits each for float32, 53 for float64."""
    count = int(np.prod(shape))
    if dtype == "float32":
        words = bits(count, seed, stream, counter) >> np.uint64(8)
        return (words.astype(np.float32) * np.float32(2.0**-24)).reshape(shape)
    return (_fractions(count, seed, stream, counter) * 2.0**-53).reshape(shape)


def normal(
    shape: Shape, seed: int, *, stream: int, counter: int = 0, dtype: str = "float64"
) -> Array:
    """Return standard normal numbers: the inverse distribution function of a uniform number.

    Only additions, products, quotients and square roots of float64 are used, in a fixed order, so
    that the bits are the same on every machine; float32 is the float64 number rounded once.
    """
    probability = (_fractions(int(np.prod(shape)), seed, stream, counter) + 0.5) * 2.0**-53
    return inverse_normal(probability).astype(dtype).reshape(shape)


def permutation(n: int, seed: int, *, stream: int, counter: int = 0) -> Array:
    """Return the numbers 0 … n − 1 in random order (int64): sorted by random 64-bit keys."""
    words = bits(2 * n, seed, stream, counter)
    return np.argsort((words[0::2] << SHIFT) | words[1::2], kind="stable").astype(np.int64)


# Wichura's algorithm AS 241 (PPND16), Applied Statistics 37 (1988) 477-484: about 1 part in 10¹⁶.
_CENTRE = (
    (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
     1.3731693765509461125e4, 4.5921953931549871457e4, 6.7265770927008700853e4,
     3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3,
     2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
     5.2264952788528545610e3),
)  # fmt: skip
_MIDDLE = (
    (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
     3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
     2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
     1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
     1.05075007164441684324e-9),
)  # fmt: skip
_TAIL = (
    (6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
     2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
     2.71155556874348757815e-5, 2.01033439929228813265e-7),
    (1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
     7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
     2.04426310338993978564e-15),
)  # fmt: skip


def _ratio(coefficients: tuple[tuple[float, ...], tuple[float, ...]], x: Array) -> Array:
    above, below = np.zeros_like(x), np.zeros_like(x)
    for a, b in zip(reversed(coefficients[0]), reversed(coefficients[1]), strict=True):
        above, below = above * x + a, below * x + b
    return above / below


def _negative_log(x: Array) -> Array:
    """Return −log x by the series of artanh: no library logarithm, so the same bits everywhere."""
    mantissa, exponent = np.frexp(x)
    small = mantissa < 0.7071067811865476
    mantissa = np.where(small, mantissa + mantissa, mantissa)
    exponent = np.where(small, exponent - 1, exponent).astype(np.float64)
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square, total = s * s, np.zeros_like(s)
    for k in range(21, 0, -2):  # |s| < 0.1716, so the terms left out are below 1e-17
        total = total * square + 1.0 / k
    return -(exponent * 0.6931471805599453 + 2.0 * s * total)


def inverse_normal(probability: Array) -> Array:
    """Return the number below which a standard normal variable lies with the given probability."""
    q = probability - 0.5
    tail = np.minimum(probability, 1.0 - probability)
    central = np.abs(q) <= 0.425
    r = np.sqrt(_negative_log(np.where(central, 0.25, tail)))
    outer = np.where(r <= 5.0, _ratio(_MIDDLE, r - 1.6), _ratio(_TAIL, r - 5.0))
    inner = q * _ratio(_CENTRE, np.where(central, 0.180625 - q * q, 0.0))
    return np.where(central, inner, np.where(q < 0.0, -outer, outer))
