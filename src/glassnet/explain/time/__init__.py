"""Networks that go through time, seen: the gradient's path, gates, the network unrolled."""

from glassnet.explain.time.gradient import GradientThroughTime, gradient_through_time

__all__ = ["GradientThroughTime", "gradient_through_time"]
