"""From whole numbers that stand for words, letters or other symbols to rows that are learnt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet import ops
from glassnet.errors import DataError, ShapeError
from glassnet.graph.tensor import Tensor
from glassnet.graph.types import Array, DType, Shape
from glassnet.nn.initializers import Initializer, given
from glassnet.nn.layers.layer import Draws, Forward, Layer, Parameter
from glassnet.records import dataclass
from glassnet.unit import check_whole

__all__ = ["Embedding"]


@dataclass(frozen=True)
class Embedding(Layer, name="embedding"):
    """Row i of a table W stands for symbol number i: y(t) = W[x(t)].

    The first layer of a network (after `Mask`). An example has the shape (time,).

    Args:
        vocabulary: How many symbols there are: the numbers from 0 to vocabulary − 1.
        size: How many numbers stand for a symbol.
        weights: Where the first W, of shape (vocabulary, size), comes from: an initialiser by name
            or as an object, or the values themselves.

    >>> import glassnet as gn
    >>> net = gn.Network([gn.Embedding(100, 16), gn.LSTM(32), gn.Dense(1)], inputs=12)
    >>> net.stack.shapes
    ((12,), (12, 16), (32,), (1,))
    """

    vocabulary: int
    size: int
    weights: Initializer | str = "normal deviation=0.1"

    def __post_init__(self) -> None:
        check_whole("vocabulary", self.vocabulary)
        check_whole("size", self.size)
        choice: Any = self.weights
        chosen = Initializer.of(choice) if isinstance(choice, str | Initializer) else given(choice)
        object.__setattr__(self, "weights", chosen)

    def __str__(self) -> str:
        """Return the text that `--layers` reads."""
        usual = Initializer.of("normal deviation=0.1")
        words = [self.name, str(self.vocabulary), str(self.size)]
        if self.weights != usual:
            words.append(f'weights="{self.weights}"')
        return " ".join(words)

    def output_shape(self, shape: Shape) -> Shape:
        """Return (time, size) for sequences of shape (time,)."""
        if len(shape) != 1:
            raise ShapeError(
                "an embedding needs a row of whole numbers for each example, of shape (time,); it "
                f"is fed shape {shape}"
            )
        return (*shape, self.size)

    def parameters(self, shape: Shape) -> dict[str, Parameter]:
        """Return w, of shape (vocabulary, size)."""
        del shape
        first, axes = Initializer.of(self.weights), ("symbol", "neuron")
        return {"w": Parameter((self.vocabulary, self.size), "w", first, axes, penalised=True)}

    def check(self, rows: Array) -> None:
        """Raise DataError unless all entries that are there are numbers of symbols."""
        there = rows[np.isfinite(rows)]
        if ((there == np.floor(there)) & (there >= 0) & (there < self.vocabulary)).all():
            return
        with np.errstate(invalid="ignore"):
            wrong = np.isfinite(rows) & ~(
                (rows == np.floor(rows)) & (rows >= 0) & (rows < self.vocabulary)
            )
        example, step = np.argwhere(wrong)[0]
        raise DataError(
            f"example {example}, step {step} (counted from 0) is {rows[example, step]:g}: the "
            f"embedding knows the whole numbers from 0 to {self.vocabulary - 1}"
        )

    def forward(
        self,
        x: Tensor,
        parameters: Mapping[str, Tensor],
        statistics: Mapping[str, Tensor],
        draws: Draws | None,
        name: str,
    ) -> Forward:
        """Return the rows of W, of shape (n, time, size)."""
        del statistics, draws
        return Forward(ops.gather(parameters["w"], ops.cast(x, DType.INT64)).named("y", name))
