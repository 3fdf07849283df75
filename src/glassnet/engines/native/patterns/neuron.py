"""Steps of one neuron that a kernel stands for: how they are told from others."""

from __future__ import annotations

from collections.abc import Callable

from glassnet.engines.native.passes.common import share
from glassnet.engines.native.passes.simplify import simplify
from glassnet.graph import DType, Graph
from glassnet.graph.operation import Source
from glassnet.records import dataclass

__all__ = ["Neuron", "find"]


@dataclass(frozen=True)
class Neuron:
    """What a kernel needs to know.

    Args:
        kind: "linear", "threshold" or "signum".
        weights: The name of the weights' memory.
        bias: The name of the bias's memory; empty for a neuron without.
        factor: Of a linear neuron: c, where the loss is c/2 · e².
    """

    kind: str
    weights: str
    bias: str
    factor: float = 1.0


# From the names of weights and bias, the number of inputs and the number type to a step's graph.
Formula = Callable[[str, str, int, DType], Graph]


def find(graph: Graph, formulas: dict[tuple[str, float], list[Formula]]) -> Neuron | None:
    """Return which of some steps a graph is, by kind and factor; None if it is none of them."""
    trained = {name: t for name, t in graph.inputs.items() if name.startswith("parameters/")}
    weights = [name for name, tensor in trained.items() if tensor.ndim == 2]
    biases = [name for name, tensor in trained.items() if tensor.ndim == 1]
    if len(weights) != 1 or len(biases) + 1 != len(trained) or len(trained) > 2:
        return None
    tensor = trained[weights[0]]
    if tensor.shape[0] != 1 or graph.inputs["batch/x"].shape[0] != 1:
        return None
    bias = biases[0] if biases else ""
    wanted = _signature(graph)
    for (kind, factor), versions in formulas.items():
        for formula in versions:
            expected = formula(weights[0], bias, tensor.shape[1], tensor.dtype)
            if _signature(expected) == wanted:
                return Neuron(kind, weights[0], bias, factor)
    return None


def _signature(graph: Graph) -> tuple[object, ...]:
    """Return what a graph computes, without labels and unused inputs, as something to compare."""
    short = share(simplify(graph))
    number = {node: index for index, node in enumerate(short.nodes)}
    lines: list[object] = []
    for node in short.nodes:
        if isinstance(node.op.native, Source):
            lines.append(("input", node.attributes["name"], node.shape, node.dtype))
            continue
        settings = tuple(
            (name, value.tolist() if name == "value" else value)
            for name, value in node.attributes.items()
        )
        sources = tuple(number[source] for source in node.inputs)
        lines.append((node.op.name, repr(settings), sources, node.shape, node.dtype))
    used = {source for node in short.nodes for source in node.inputs}
    unused = {number[n] for n in short.nodes if isinstance(n.op.native, Source) and n not in used}
    kept = tuple(line for index, line in enumerate(lines) if index not in unused)
    return (*kept, tuple((name, number[node]) for name, node in short.outputs.items()))
