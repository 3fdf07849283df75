"""One linear neuron that learns by gradient descent after each example: the LMS rule (B1).

The kernel is `native/linear_neuron.h`. It stands for the graph that `formula` builds: a step whose
graph is the same, up to names, is run by it.
"""

from __future__ import annotations

from dataclasses import dataclass

from glassnet import ops
from glassnet.engines.native.passes.common import share
from glassnet.engines.native.passes.simplify import simplify
from glassnet.graph import DType, Graph, Shape, Tensor, TensorType, differentiate
from glassnet.graph.operation import Source

__all__ = ["LinearNeuron", "formula", "recognise"]


@dataclass(frozen=True)
class LinearNeuron:
    """What the kernel needs to know.

    Args:
        weights: The name of the weights' memory.
        bias: The name of the bias's memory; empty for a neuron without.
        factor: c, where the loss is c/2 · e²: 1 for half the squared error, 2 for the squared.
    """

    weights: str
    bias: str
    factor: float


def formula(weights: str, bias: str, inputs: int, factor: float, dtype: DType) -> Graph:
    """Return the graph of a step: v = w·x + b, E = c/2 (d − v)², w ← w − η ∂E/∂w, b likewise."""
    tensors: dict[str, Tensor] = {}

    def source(name: str, shape: Shape) -> Tensor:
        tensors[name] = ops.input_tensor(name, TensorType(shape, dtype))
        return tensors[name]

    trained = {weights: source(weights, (1, inputs))}
    v = source("batch/x", (1, inputs)) @ trained[weights].T
    if bias:
        trained[bias] = source(bias, (1,))
        v = v + trained[bias]
    target, rate = source("batch/target", (1, 1)), source("rate", ())
    if factor == 1.0:
        loss = (((target - v) ** 2).sum(1) * 0.5).mean()
    else:
        loss = ((v - target) ** 2).mean(1).mean()
    gradients = differentiate(loss, list(trained.values())).gradients
    outputs = {
        name: weight - rate * gradient
        for (name, weight), gradient in zip(trained.items(), gradients, strict=True)
    }
    return Graph(tensors, {**outputs, "measures/loss": loss, "measures/objective": loss})


def recognise(graph: Graph) -> LinearNeuron | None:
    """Return the kernel's settings for a graph that it stands for, else None."""
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
    for factor in (1.0, 2.0):
        expected = formula(weights[0], bias, tensor.shape[1], factor, tensor.dtype)
        if _signature(expected) == wanted:
            return LinearNeuron(weights[0], bias, factor)
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
