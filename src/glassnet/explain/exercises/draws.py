"""Random numbers for exercises: drawn as friendly numbers, the same for ever."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import TypeVar

from glassnet.ops import philox

__all__ = ["Draws"]

T = TypeVar("T")
WORDS = 64  # drawn at once
ATTEMPT = 1 << 20  # blocks of words between two attempts


class Draws:
    """A stream of small whole numbers, halves and tenths.

    The stream is that of the library's own generator, Philox 4×32 with 10 rounds, which is fixed by
    its specification: the key is the seed, the stream the CRC-32 of kind and level, the counter the
    attempt. A word u of 32 bits becomes one of n things as ⌊u n / 2³²⌋: whole numbers only, the
    same on every machine and in every version of Python and NumPy. What makes an exercise friendly
    is worked out by the kinds from decimals with few places, never by the workings, so that better
    workings change no exercise.

    Args:
        seed: The exercise's seed, from 0.
        kind: The name of the kind.
        level: How hard the exercise is.
        attempt: How many exercises of this seed were not friendly.
    """

    def __init__(self, seed: int, kind: str, level: int, attempt: int = 0) -> None:
        self._seed, self._block = seed, attempt * ATTEMPT
        self._stream = zlib.crc32(f"exercise {kind} {level}".encode())
        self._words: list[int] = []

    def below(self, n: int) -> int:
        """Return a whole number from 0 to n − 1."""
        if not self._words:
            words = philox.bits(WORDS, self._seed, self._stream, self._block)
            self._words = [int(word) for word in words.tolist()][::-1]
            self._block += 1
        return self._words.pop() * n >> 32

    def whole(self, low: int, high: int) -> int:
        """Return a whole number from low to high."""
        return low + self.below(high - low + 1)

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of some things."""
        return choices[self.below(len(choices))]

    def sign(self) -> int:
        """Return 1 or −1."""
        return self.pick((1, -1))

    def signed(self, low: int, high: int, parts: int = 1) -> float:
        """Return ±k/parts with k from low to high: tenths with 10 parts, halves with 2."""
        return self.sign() * self.whole(low, high) / parts

    def row(self, count: int, low: int, high: int, parts: int = 1) -> list[float]:
        """Return several such numbers."""
        return [self.signed(low, high, parts) for _ in range(count)]

    def rows(self, rows: int, count: int, low: int, high: int, parts: int = 1) -> list[list[float]]:
        """Return several rows of such numbers."""
        return [self.row(count, low, high, parts) for _ in range(rows)]
