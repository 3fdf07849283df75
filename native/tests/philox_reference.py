"""Write random numbers of the Python package, as hexadecimal bits, for philox_test.

Usage: python philox_reference.py > reference.txt && philox_test reference.txt

Lines: "uniform|normal bits(32|64) seed stream counter count", then `count` numbers, one a line; or
"inverse 64 0 0 0 count", then pairs of lines: a probability and its normal number.
"""

from __future__ import annotations

import numpy as np

from glassnet.graph.types import Array
from glassnet.ops import philox

DRAWS = [
    (0, 0, 0),
    (1, 7, 3),
    (2**63 + 12345, 1 << 17, 2**40 + 5),
    (2**64 - 1, 2**32 - 1, 2**64 - 1),
]


def lines(numbers: Array) -> list[str]:
    """Return the bits of each number in hexadecimal."""
    whole = numbers.view(np.uint32 if numbers.dtype == np.float32 else np.uint64)
    return [format(int(bits), "x") for bits in whole]


def tail_probabilities() -> Array:
    """Return probabilities in all three ranges of AS 241, near their ends, and near 0, ½ and 1."""
    small = 2.0 ** -np.linspace(1, 54, 2000)
    edges = np.array([0.075, 0.925, 0.5, np.exp(-25.0), 2.0**-54, 1 - 2.0**-53])
    near = np.concatenate([np.nextafter(edges, 0), edges, np.nextafter(edges, 1)])
    everything = np.concatenate([small, 1 - small, near])
    return everything[everything <= 1]


def main() -> None:
    """Write all cases to the standard output."""
    for kind, make in (("uniform", philox.uniform), ("normal", philox.normal)):
        for dtype, width in (("float32", 32), ("float64", 64)):
            for seed, stream, counter in DRAWS:
                count = 5003
                drawn = make((count,), seed, stream=stream, counter=counter, dtype=dtype)
                print(kind, width, seed, stream, counter, count)
                print("\n".join(lines(drawn)))
    probability = tail_probabilities()
    normal = philox.inverse_normal(probability)
    print("inverse", 64, 0, 0, 0, len(probability))
    for pair in zip(lines(probability), lines(normal), strict=True):
        print("\n".join(pair))


main()
