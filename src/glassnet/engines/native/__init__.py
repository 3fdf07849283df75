"""The native engine: whole runs of steps in C++."""

from glassnet.engines.native.engine import Answers, Engine, is_available, permutation, why_not
from glassnet.engines.native.instructions import Unsupported

__all__ = ["Answers", "Engine", "Unsupported", "is_available", "permutation", "why_not"]
