"""The graph: types, nodes, tracing, verification and differentiation. It knows no single op."""

from glassnet.graph.differentiate import Derivative, differentiate, grad
from glassnet.graph.graph import Graph, rebuild, topological_order
from glassnet.graph.operation import REGISTRY, NoGradient, Op
from glassnet.graph.tensor import Label, Operand, Provenance, Tensor, apply
from glassnet.graph.trace import trace
from glassnet.graph.types import Array, DType, Shape, TensorType
from glassnet.graph.verify import verify

__all__ = [
    "REGISTRY",
    "Array",
    "DType",
    "Derivative",
    "Graph",
    "Label",
    "NoGradient",
    "Op",
    "Operand",
    "Provenance",
    "Shape",
    "Tensor",
    "TensorType",
    "apply",
    "differentiate",
    "grad",
    "rebuild",
    "topological_order",
    "trace",
    "verify",
]
