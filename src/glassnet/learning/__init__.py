"""The rules by which networks learn: optimisers, schedules and clipping."""

from glassnet.learning.gradient_descent import GradientDescent
from glassnet.learning.optimizer import Optimizer
from glassnet.learning.schedule import Constant, Schedule

__all__ = ["Constant", "GradientDescent", "Optimizer", "Schedule"]
