"""What an optimiser is: formulas from weight, gradient, state and learning rate to the weight."""

from __future__ import annotations

from collections.abc import Mapping

from glassnet.graph.tensor import Tensor
from glassnet.learning.schedule import Constant, Schedule
from glassnet.records import dataclass
from glassnet.unit import Unit, check_number

__all__ = ["Optimizer", "State"]

State = Mapping[str, Tensor]


@dataclass(frozen=True)
class Optimizer(Unit, family="optimizer"):
    """The parent of all optimisers.

    A member states its slots and overrides `update`, and `lookahead` if its gradient is taken at
    another point than the weights. All tensors of one call have the shape of the weight, except the
    learning rate and the step, which are single numbers.

    Args:
        learning_rate: η, above 0; or a schedule that gives it.
    """

    learning_rate: float | Schedule

    def __post_init__(self) -> None:
        if not isinstance(self.learning_rate, Schedule):
            check_number("learning_rate", self.learning_rate, low=0, open_low=True)

    @property
    def schedule(self) -> Schedule:
        """The schedule that gives the learning rate (constant for a plain number)."""
        rate = self.learning_rate
        return rate if isinstance(rate, Schedule) else Constant(float(rate))

    def slots(self) -> dict[str, float]:
        """Return the names of what is remembered of each weight, with their starting values."""
        return {}

    def lookahead(self, weight: Tensor, state: State) -> Tensor:
        """Return the point at which the gradient is taken."""
        del state
        return weight

    def update(
        self, weight: Tensor, gradient: Tensor, state: State, rate: Tensor, step: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the new weight and the new state.

        Args:
            weight: The weight before the step.
            gradient: ∂L/∂w, at the look-ahead point.
            state: The slots before the step.
            rate: η at this step.
            step: The number of this step, counted from 1.
        """
        raise NotImplementedError(f"{type(self).__name__} has no update")
