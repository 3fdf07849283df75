"""One threshold neuron that learns from its mistakes after each example: the perceptron (C1).

The kernel is `native/threshold_neuron.h`. It stands for the graphs that are built here: a step
whose graph is the same, up to names, is run by it.
"""

from __future__ import annotations

from functools import partial

from glassnet import ops
from glassnet.engines.native.patterns.neuron import Neuron, find
from glassnet.graph import DType, Graph, Shape, Tensor, TensorType

__all__ = ["formula", "recognise"]


def formula(weights: str, bias: str, inputs: int, dtype: DType, *, bipolar: bool) -> Graph:
    """Return the step: y = 1 if w·x + b ≥ 0 else 0 (or −1), e = d − y, w ← w + η e x."""
    tensors: dict[str, Tensor] = {}

    def declare(name: str, shape: Shape, kind: DType = dtype) -> Tensor:
        tensors[name] = ops.input_tensor(name, TensorType(shape, kind))
        return tensors[name]

    w = declare(weights, (1, inputs))
    x, rate = declare("batch/x", (1, inputs)), declare("rate", ())
    number = declare("batch/target", (1,), DType.INT64)
    v = x @ w.T
    b = declare(bias, (1,)) if bias else None
    v = v if b is None else v + b
    d = ops.cast(number, dtype).reshape(1, 1)
    y = ops.cast(v >= 0.0, dtype)
    if bipolar:
        y, d = y * 2.0 - 1.0, d * 2.0 - 1.0
    e = d - y
    outputs = {weights: w + rate * (e.T @ x)}
    if b is not None:
        outputs[bias] = b + rate * e.sum(0)
    loss = ((e * e).sum(1) * 0.5).mean()
    mistakes = ops.cast(ops.not_equal(e, 0.0), dtype).sum(1).mean()
    measures = {"loss": loss, "objective": loss, "mistakes": mistakes}
    outputs |= {f"measures/{name}": value for name, value in measures.items()}
    return Graph(tensors, outputs)


def recognise(graph: Graph) -> Neuron | None:
    """Return the kernel's settings for a graph that it stands for, else None."""
    if "measures/mistakes" not in graph.outputs:
        return None
    return find(
        graph,
        {
            ("threshold", 1.0): [partial(formula, bipolar=False)],
            ("signum", 1.0): [partial(formula, bipolar=True)],
        },
    )
