"""What an activation is: ψ, from the local field v to the output y = ψ(v)."""

from __future__ import annotations

from typing import ClassVar

from glassnet.graph.tensor import Tensor
from glassnet.records import dataclass
from glassnet.unit import Unit

__all__ = ["Activation"]


@dataclass(frozen=True)
class Activation(Unit, family="activation"):
    """The parent of all activations.

    Attributes:
        range: The lowest and highest value of the output, for people and for coding targets.
        initializer: The initialiser that suits weights in front of it.
        trained_by: For an activation without a useful derivative: the rules that can train it.
    """

    range: ClassVar[tuple[float, float]] = (float("-inf"), float("inf"))
    initializer: ClassVar[str] = "xavier_uniform"
    trained_by: ClassVar[str] = ""

    def __call__(self, v: Tensor) -> Tensor:
        """Return y = ψ(v), element by element unless said otherwise; the same shape."""
        raise NotImplementedError(f"{type(self).__name__} has no formula")

    def logits(self, v: Tensor) -> Tensor:
        """Return what a cross-entropy is computed from in place of y, to lose no digits."""
        return v
