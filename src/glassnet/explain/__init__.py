"""What a computation did, shown: pictures of graphs with every value and gradient."""

from glassnet.explain.draw import Drawing, draw

__all__ = ["Drawing", "draw"]
