"""Initial weights: the Xavier forms of the notes (H4), He, LeCun, zeros, and given values.

Weights are stored [to, from]: a layer of m_out neurons on m_in inputs has the shape (m_out, m_in).
Every draw is a function of the seed and the parameter's number, so that a network starts from the
same weights on every machine.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from glassnet.errors import ArgumentError, ShapeError
from glassnet.graph.types import Array, Shape
from glassnet.ops import philox
from glassnet.records import dataclass
from glassnet.unit import Unit, check_number

__all__ = ["Blocks", "Given", "Initializer", "given"]


def _fans(shape: Shape) -> tuple[int, int]:
    """Return (m_in, m_out) of a weight's shape; a vector counts as fed by its own length."""
    if len(shape) > 1:
        return shape[-1], shape[0]
    length = max(shape, default=1)
    return length, length


@dataclass(frozen=True)
class Initializer(Unit, family="initializer"):
    """The parent of all initialisers: from a shape and a place in the random sequence to values."""

    def values(self, shape: Shape, seed: int, stream: int) -> Array:
        """Return float64 values of the shape."""
        raise NotImplementedError(f"{type(self).__name__} has no values")


@dataclass(frozen=True)
class _Normal(Initializer):
    """Normally distributed with mean 0 and the variance of `variance`."""

    def variance(self, shape: Shape) -> float:
        """Return the variance of each weight."""
        raise NotImplementedError(f"{type(self).__name__} has no variance")

    def values(self, shape: Shape, seed: int, stream: int) -> Array:
        """Return normally distributed values."""
        return philox.normal(shape, seed, stream=stream) * math.sqrt(self.variance(shape))


@dataclass(frozen=True)
class _Uniform(Initializer):
    """Uniform in (−limit, limit)."""

    def limit(self, shape: Shape) -> float:
        """Return the largest size of a weight."""
        raise NotImplementedError(f"{type(self).__name__} has no limit")

    def values(self, shape: Shape, seed: int, stream: int) -> Array:
        """Return uniformly distributed values."""
        return (philox.uniform(shape, seed, stream=stream) * 2.0 - 1.0) * self.limit(shape)


@dataclass(frozen=True)
class XavierUniform(_Uniform, name="xavier_uniform"):
    """Uniform with variance 2/(m_in + m_out): limit √(6/(m_in + m_out)). Glorot & Bengio (2010)."""

    def limit(self, shape: Shape) -> float:
        """Return √(6/(m_in + m_out))."""
        return math.sqrt(6.0 / sum(_fans(shape)))


@dataclass(frozen=True)
class XavierNormal(_Normal, name="xavier_normal"):
    """Normal with variance 2/(m_in + m_out). Source: Glorot & Bengio (2010), eq. 12."""

    def variance(self, shape: Shape) -> float:
        """Return 2/(m_in + m_out)."""
        return 2.0 / sum(_fans(shape))


@dataclass(frozen=True)
class XavierInputsUniform(_Uniform, name="xavier_inputs_uniform"):
    """A number uniform in (−1, 1), times √(1/m_in). Source: lecture notes (H4)."""

    def limit(self, shape: Shape) -> float:
        """Return √(1/m_in)."""
        return math.sqrt(1.0 / _fans(shape)[0])


@dataclass(frozen=True)
class XavierInputsNormal(_Normal, name="xavier_inputs_normal"):
    """A standard normal number, times √(1/m_in). Source: lecture notes (H4)."""

    def variance(self, shape: Shape) -> float:
        """Return 1/m_in."""
        return 1.0 / _fans(shape)[0]


@dataclass(frozen=True)
class HeUniform(_Uniform, name="he_uniform"):
    """Uniform with variance 2/m_in: limit √(6/m_in). Source: He et al. (2015)."""

    def limit(self, shape: Shape) -> float:
        """Return √(6/m_in)."""
        return math.sqrt(6.0 / _fans(shape)[0])


@dataclass(frozen=True)
class HeNormal(_Normal, name="he_normal"):
    """Normal with variance 2/m_in. Source: He et al. (2015)."""

    def variance(self, shape: Shape) -> float:
        """Return 2/m_in."""
        return 2.0 / _fans(shape)[0]


@dataclass(frozen=True)
class LeCunUniform(_Uniform, name="lecun_uniform"):
    """Uniform with variance 1/m_in: limit √(3/m_in). LeCun et al. (1998), Efficient BackProp."""

    def limit(self, shape: Shape) -> float:
        """Return √(3/m_in)."""
        return math.sqrt(3.0 / _fans(shape)[0])


@dataclass(frozen=True)
class LeCunNormal(_Normal, name="lecun_normal"):
    """Normal with variance 1/m_in. Source: LeCun et al. (1998), Efficient BackProp."""

    def variance(self, shape: Shape) -> float:
        """Return 1/m_in."""
        return 1.0 / _fans(shape)[0]


@dataclass(frozen=True)
class Uniform(_Uniform, name="uniform"):
    """Uniform in (−bound, bound).

    Args:
        bound: The largest size of a weight, above 0.
    """

    bound: float = 0.05

    def __post_init__(self) -> None:
        check_number("bound", self.bound, low=0, open_low=True)

    def limit(self, shape: Shape) -> float:
        """Return the bound."""
        del shape
        return self.bound


@dataclass(frozen=True)
class Normal(_Normal, name="normal"):
    """Normal with mean 0.

    Args:
        deviation: The standard deviation, above 0.
    """

    deviation: float = 0.05

    def __post_init__(self) -> None:
        check_number("deviation", self.deviation, low=0, open_low=True)

    def variance(self, shape: Shape) -> float:
        """Return the square of the deviation."""
        del shape
        return self.deviation**2


@dataclass(frozen=True)
class Zeros(Initializer, name="zeros"):
    """All zero: right for biases; neurons of one layer that start equal stay equal."""

    def values(self, shape: Shape, seed: int, stream: int) -> Array:
        """Return zeros."""
        del seed, stream
        return np.zeros(shape)


@dataclass(frozen=True)
class Ones(Initializer, name="ones"):
    """All one: the start of batch normalisation's γ."""

    def values(self, shape: Shape, seed: int, stream: int) -> Array:
        """Return ones."""
        del seed, stream
        return np.ones(shape)


@dataclass(frozen=True)
class Orthogonal(Initializer, name="orthogonal"):
    """Rows (or columns, if there are fewer of them) of length 1 at right angles to each other.

    A state that is multiplied by such a matrix step after step neither grows nor fades.

    Source: Saxe, McClelland & Ganguli (2014); normal numbers, made orthogonal by Gram and Schmidt.
    """

    def values(self, shape: Shape, seed: int, stream: int) -> Array:
        """Return a matrix; a vector gets length 1, and further axes count as one."""
        wide = shape[0], math.prod(shape[1:]) if len(shape) > 1 else 1
        columns = philox.normal((max(wide), min(wide)), seed, stream=stream)
        # Sums over the first axis are done row by row: the same bits on every machine.
        for _ in range(2):  # the second time takes away what rounding has left
            for k in range(columns.shape[1]):
                q = columns[:, k : k + 1]
                q /= np.sqrt((q * q).sum(0))
                rest = columns[:, k + 1 :]
                rest -= q * (q * rest).sum(0)
        return (columns if wide[0] >= wide[1] else columns.T).reshape(shape).copy()


@dataclass(frozen=True)
class Blocks(Initializer):
    """Blocks of rows one below the other, each drawn by itself: the gates of a recurrent layer.

    Args:
        inner: Where each block comes from.
        count: How many blocks.
    """

    inner: Initializer
    count: int

    def values(self, shape: Shape, seed: int, stream: int) -> Array:
        """Return the blocks; the first has the numbers that it would have alone."""
        block = (shape[0] // self.count, *shape[1:])
        streams = (stream + (number << 20) for number in range(self.count))  # beyond all others
        return np.concatenate([self.inner.values(block, seed, at) for at in streams])


@dataclass(frozen=True)
class Given(Initializer, name="given"):
    """Given values; made by `given` or by writing the values where an initialiser is expected.

    Args:
        numbers: The values, row after row.
        shape: Their shape.
    """

    numbers: tuple[float, ...]
    shape: tuple[int, ...]

    def values(self, shape: Shape, seed: int, stream: int) -> Array:
        """Return the given values; raises ShapeError if they are of another shape."""
        del seed, stream
        if shape != self.shape or math.prod(self.shape) != len(self.numbers):
            raise ShapeError(f"given values have shape {self.shape}; {shape} is needed")
        return np.array(self.numbers, dtype=np.float64).reshape(shape)


def given(values: Any) -> Given:
    """Return the initialiser that gives these values (a list, nested as deep as there are axes)."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ArgumentError(
            f"weights must be the name of an initialiser or a table of numbers; got {values!r:.80}"
        ) from None
    if not np.all(np.isfinite(array)):
        raise ArgumentError("given weights must be finite numbers")
    return Given(tuple(array.ravel().tolist()), array.shape)
