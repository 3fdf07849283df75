"""glassnet: neural networks that show every number and train at the speed of hand-written C++."""

from glassnet.engines import Program
from glassnet.graph import DType, Graph, Tensor, TensorType, grad, trace, verify
from glassnet.ops import *
from glassnet.ops import absolute as abs  # noqa: A004
from glassnet.ops import max_ as max  # noqa: A004
from glassnet.ops import slice_ as slice  # noqa: A004
from glassnet.ops import sum_ as sum  # noqa: A004

__version__ = "0.1.0"
