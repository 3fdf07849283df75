"""Tracing: from a Python function of tensors to a graph."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from glassnet.graph.graph import Graph
from glassnet.graph.tensor import OPERATORS, Tensor
from glassnet.graph.types import TensorType
from glassnet.graph.verify import verify

__all__ = ["trace"]


def trace(function: Callable[..., Tensor | Mapping[str, Tensor]], **types: TensorType) -> Graph:
    """Run a function once on inputs of the given types and return the graph that it builds.

    >>> import glassnet as gn
    >>> vector = gn.TensorType((3,), gn.DType.FLOAT64)
    >>> print(trace(lambda x, w: (x * w).sum(), x=vector, w=vector))
    %0 = input name=x : float64[3]  # x
    %1 = input name=w : float64[3]  # w
    %2 = multiply(%0, %1) : float64[3]
    %3 = sum(%2) axes=(0,) : float64[]
    return result = %3
    """
    inputs: dict[str, Tensor] = {
        name: OPERATORS["input"](name, kind) for name, kind in types.items()
    }
    result = function(**inputs)
    outputs = {"result": result} if isinstance(result, Tensor) else dict(result)
    return verify(Graph(inputs, outputs))
