"""The engines that run graphs."""

from glassnet.engines.reference import Program, Values

__all__ = ["Program", "Values"]
