"""Networks that go through time, seen: the gradient's path, gates, the network unrolled."""

from glassnet.explain.time.gradient import GradientThroughTime, gradient_through_time
from glassnet.explain.time.vanishing import Vanishing, vanishing

__all__ = ["GradientThroughTime", "Vanishing", "gradient_through_time", "vanishing"]
