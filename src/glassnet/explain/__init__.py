"""What a computation did, shown: pictures with every value and gradient; programs, listed."""

from glassnet.explain.draw import Drawing, draw
from glassnet.explain.program import program

__all__ = ["Drawing", "draw", "program"]
