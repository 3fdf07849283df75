"""The nearest rows of a memory in C++: through matrix products, and still exactly.

Euclidean and cosine distances to many rows are quickest by ‖x − m‖² = ‖x‖² − 2 x·m + ‖m‖², which
rounding makes useless where x and m are large and near each other. So the product form only says
which rows can be among the k nearest, and the distances of those are computed as they are defined,
in float64. How far the product form may be wrong is bounded, with u the unit of rounding and
γ = (n + 1)u / (1 − (n + 1)u) for n inputs (Higham 2002, "Accuracy and Stability of Numerical
Algorithms", chapter 3):

    the product            2γ ‖x‖ ‖m‖                 ≤ γ (‖x‖² + ‖m‖²)
    moving the origin      (2u + u²)(‖x‖ + ‖m‖)²      ≤ 4.2u (‖x‖² + ‖m‖²)
    ‖m‖², the difference   u ‖m‖² + u (‖m‖² + 2‖x‖‖m‖) ≤ 3.2u (‖x‖² + ‖m‖²)

and what the distances themselves have of rounding, at most 8(n + 16)·2⁻⁵³ of ‖x‖² + ‖m‖². With
ε the sum of these, ‖x − m‖² lies between (1 ∓ ε)(‖x‖² + ‖m‖²) − 2 x·m; since ε multiplies a term
of x and a term of m, the ends take no more work than the product. For cosine distances x and m are
the rows divided by their lengths: ‖x − m‖² = 2(1 − cos).
"""

from __future__ import annotations

import os

import numpy as np

from glassnet.engines.native import _native
from glassnet.graph.types import Array
from glassnet.records import dataclass

__all__ = ["NATIVE_DISTANCES", "NearestRows"]

NATIVE_DISTANCES = ("euclidean", "manhattan", "chebyshev", "minkowski", "cosine", "hamming")
CUBE = len(
    NATIVE_DISTANCES
)  # as in `enum class Distance` in native/program.h: minkowski with p = 3
FEW = 64  # rows: so many are quickest directly
WORK = 4e10  # multiplications in a call: Ctrl-C is seen between calls
WORTH_A_THREAD = 1e6
NOTHING = np.zeros((0, 0), np.float32)


@dataclass(frozen=True)
class _Products:
    """The memory as the products see it.

    Args:
        rows: The memory in units of `scale`, its mean subtracted if that is large: (n, inputs).
        lows: (1 − ε)‖m‖² for each row.
        epsilon: ε.
        scale: A power of 2, exact; None: rows are divided by their lengths.
        centre: What was subtracted, or None.
    """

    rows: Array
    lows: Array
    epsilon: float
    scale: float | None
    centre: Array | None


class NearestRows:
    """A memory made ready for questions after the rows that are nearest.

    Args:
        memory: (n, inputs), float32 or float64, finite; for "cosine" without rows of zeros.
        distance: One of `NATIVE_DISTANCES`.
        power: p of "minkowski".
        kernels: The instruction set to use; the best of this processor if empty.
        products: Whether to go through matrix products; where it is worth it if None.
    """

    def __init__(
        self,
        memory: Array,
        distance: str,
        power: float = 2.0,
        *,
        kernels: str = "",
        products: bool | None = None,
    ) -> None:
        same = {1.0: "manhattan", 2.0: "euclidean"}
        if distance == "minkowski":
            distance = same.get(float(power), distance)
        self._cosine = distance == "cosine"
        self._number = NATIVE_DISTANCES.index(distance)
        if distance == "minkowski" and power == 3:
            self._number = CUBE
        self._power, self._kernels = float(power), kernels
        self.memory = _tamed(memory) if self._cosine else memory
        self._products: _Products | None = None
        wanted = len(memory) >= FEW if products is None else products
        if wanted and distance in ("euclidean", "cosine"):
            self._products = _prepare(self.memory, self._cosine)

    def nearest(self, queries: Array, k: int, threads: int | None = None) -> tuple[Array, Array]:
        """Return the distances (float64) and the row numbers (int64) of the k nearest rows.

        Both have shape (queries, k), the nearest first; of equal distances the earlier row first.
        They do not depend on the number of threads.

        Args:
            queries: (queries, inputs), of the memory's type, finite; for "cosine" without zeros.
            k: At most as many as the memory has rows.
            threads: How many to use; if None, one for each processor where that is worth it.
        """
        rows = _tamed(queries) if self._cosine else queries
        distances = np.empty((len(rows), k))
        numbers = np.empty((len(rows), k), np.int64)
        if threads is None:
            worth = 1 + len(rows) * self.memory.size / WORTH_A_THREAD
            threads = int(min(processors(), worth))
        once = max(256 * threads, int(WORK / self.memory.size))
        for start in range(0, len(rows), once):
            part = slice(start, start + once)
            self._ask(rows[part], distances[part], numbers[part], threads)
        return distances, numbers

    def _ask(self, rows: Array, distances: Array, numbers: Array, threads: int) -> None:
        products, asked = self._products, None
        if products is not None:
            asked = _moved(rows, products)
        if products is None or asked is None:
            nothing = NOTHING.astype(rows.dtype)
            given = (nothing, nothing, nothing, NOTHING.astype(np.float64), 0.0)
        else:
            spread = 2.2 * products.epsilon
            slack = spread * _squares(asked) + _underflow(rows)
            given = (products.rows, products.lows, asked, slack, spread)
        _native.nearest(
            self._number,
            self._power,
            self.memory,
            rows,
            *given,
            distances,
            numbers,
            threads,
            self._kernels,
        )


def processors() -> int:
    """Return how many processors this process may use."""
    known = getattr(os, "sched_getaffinity", None)
    return len(known(0)) if known is not None else os.cpu_count() or 1


def _tamed(rows: Array) -> Array:
    """Return rows whose squares neither overflow nor vanish: multiplied by powers of 2, each."""
    largest = np.abs(rows).max(axis=1)
    if np.all((largest > 2.0**-60) & (largest < 2.0**60)):
        return rows
    return np.ldexp(rows, -np.frexp(largest)[1][:, None])


def _prepare(memory: Array, cosine: bool) -> _Products | None:
    """Return the memory for products; None if they would be of no use."""
    unit = np.finfo(memory.dtype).eps / 2
    inputs = memory.shape[1]
    gamma = (inputs + 1) * unit / (1 - min((inputs + 1) * unit, 0.5))
    epsilon = 1.02 * (gamma + 10 * unit + 8 * (inputs + 16) * 2.0**-53)
    if epsilon > 0.01:
        return None
    scale: float | None = None
    centre: Array | None = None
    if cosine:
        rows = _directions(memory)
    else:
        largest = max(float(memory.max()), -float(memory.min()))
        if not 2.0**-250 < largest < 2.0**250:
            return None
        exponent = int(np.frexp(largest)[1])
        scale = 1.0 if abs(exponent) <= 30 else 2.0**-exponent
        rows = memory if scale == 1.0 else np.ldexp(memory, -exponent)
        mean = rows.mean(axis=0, dtype=np.float64)
        if mean @ mean > 0.1 * float(_squares(rows).mean()):
            centre = mean.astype(memory.dtype)
            rows = rows - centre
    lows = ((1 - epsilon) * _squares(rows)).astype(memory.dtype)
    return _Products(rows, lows, epsilon, scale, centre)


def _moved(queries: Array, products: _Products) -> Array | None:
    """Return queries as the products see them; None if they are too large for that."""
    if products.scale is None:
        return _directions(queries)
    asked = queries
    largest = max(float(queries.max()), -float(queries.min())) * products.scale
    if largest > 2.0**40:
        return None
    if products.scale != 1.0:
        asked = np.ldexp(queries, int(np.log2(products.scale)))
    return asked if products.centre is None else asked - products.centre


def _directions(rows: Array) -> Array:
    return (rows / np.sqrt(_squares(rows))[:, None]).astype(rows.dtype)


def _squares(rows: Array) -> Array:
    """Return ‖row‖², computed in float64."""
    return np.einsum("ij,ij->i", rows, rows, dtype=np.float64)


def _underflow(rows: Array) -> float:
    """Return more than what numbers too small for their type can add to an error."""
    return rows.shape[1] * (2.0**-110 if rows.dtype == np.float32 else 2.0**-500)
