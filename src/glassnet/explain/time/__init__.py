"""Networks that go through time, seen: the gradient's path, gates, the network unrolled."""

from glassnet.explain.time.gates import GatesOverTime, gates_over_time
from glassnet.explain.time.gradient import GradientThroughTime, gradient_through_time
from glassnet.explain.time.unrolled import Unrolled, unrolled
from glassnet.explain.time.vanishing import Vanishing, vanishing

__all__ = [
    "GatesOverTime",
    "GradientThroughTime",
    "Unrolled",
    "Vanishing",
    "gates_over_time",
    "gradient_through_time",
    "unrolled",
    "vanishing",
]
