"""The native engine: whole runs of steps in C++."""

from glassnet.engines.native.engine import (
    Answers,
    Engine,
    Epochs,
    Steps,
    is_available,
    permutation,
    thread_limit,
    why_not,
)
from glassnet.engines.native.instructions import Unsupported

__all__ = [
    "Answers",
    "Engine",
    "Epochs",
    "Steps",
    "Unsupported",
    "is_available",
    "permutation",
    "thread_limit",
    "why_not",
]
