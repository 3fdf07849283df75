"""Philox 4×32-10 in Python's whole numbers, written from the paper's description.

Source: Salmon, Moraes, Dror & Shaw, Parallel random numbers: as easy as 1, 2, 3 (SC 2011).
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist

# (counter words, key words, answer), from the known-answer file of the Random123 distribution.
KNOWN_ANSWERS = (
    ("00000000 00000000 00000000 00000000", "00000000 00000000",
     "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
     "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
     "d16cfe09 94fdcceb 5001e420 24126ea1"),
)  # fmt: skip


def words(text: str) -> tuple[int, ...]:
    return tuple(int(word, 16) for word in text.split())


def block(counter: Sequence[int], key: Sequence[int]) -> tuple[int, int, int, int]:
    """Return the four 32-bit words of one block."""
    a, b, c, d = counter
    for turn in range(10):
        k, m = ((key[0] + turn * 0x9E3779B9) % 2**32, (key[1] + turn * 0xBB67AE85) % 2**32)
        high_a, low_a = divmod(0xD2511F53 * a, 2**32)
        high_c, low_c = divmod(0xCD9E8D57 * c, 2**32)
        a, b, c, d = high_c ^ b ^ k, low_c, high_a ^ d ^ m, low_a
    return a, b, c, d


def bits(count: int, seed: int, stream: int, counter: int) -> list[int]:
    """Return the first `count` words of a draw: blocks 0, 1, 2, … one after the other."""
    key = (seed % 2**32, (seed // 2**32) % 2**32)
    rest = (stream % 2**32, counter % 2**32, (counter // 2**32) % 2**32)
    found: list[int] = []
    while len(found) < count:
        found.extend(block((len(found) // 4, *rest), key))
    return found[:count]


def uniform32(count: int, seed: int, stream: int, counter: int) -> list[float]:
    return [word // 2**8 / 2**24 for word in bits(count, seed, stream, counter)]


def whole53(count: int, seed: int, stream: int, counter: int) -> list[int]:
    drawn = bits(2 * count, seed, stream, counter)
    return [(drawn[2 * i] * 2**32 + drawn[2 * i + 1]) // 2**11 for i in range(count)]


def uniform64(count: int, seed: int, stream: int, counter: int) -> list[float]:
    return [whole / 2**53 for whole in whole53(count, seed, stream, counter)]


def normal64(count: int, seed: int, stream: int, counter: int) -> list[float]:
    inverse = NormalDist().inv_cdf
    return [inverse((w + 0.5) / 2**53) for w in whole53(count, seed, stream, counter)]
