"""One linear neuron that learns by gradient descent after each example: the LMS rule (B1).

The kernel is `native/linear_neuron.h`. It stands for the graphs that are built here: a step whose
graph is the same, up to names, is run by it.
"""

from __future__ import annotations

from functools import partial

from glassnet import ops
from glassnet.engines.native.patterns.neuron import Neuron, find
from glassnet.graph import DType, Graph, Shape, Tensor, TensorType, differentiate

__all__ = ["descent", "recognise", "textbook"]


class _Inputs:
    def __init__(self, dtype: DType) -> None:
        self.dtype, self.tensors = dtype, dict[str, Tensor]()

    def declare(self, name: str, shape: Shape) -> Tensor:
        self.tensors[name] = ops.input_tensor(name, TensorType(shape, self.dtype))
        return self.tensors[name]


def descent(weights: str, bias: str, inputs: int, dtype: DType, *, factor: float) -> Graph:
    """Return the step by derivatives: E = c/2 (d − v)², w ← w − η ∂E/∂w, b likewise."""
    known = _Inputs(dtype)
    trained = {weights: known.declare(weights, (1, inputs))}
    v = known.declare("batch/x", (1, inputs)) @ trained[weights].T
    if bias:
        trained[bias] = known.declare(bias, (1,))
        v = v + trained[bias]
    target, rate = known.declare("batch/target", (1, 1)), known.declare("rate", ())
    if factor == 1.0:
        loss = (((target - v) ** 2).sum(1) * 0.5).mean()
    else:
        loss = ((v - target) ** 2).mean(1).mean()
    gradients = differentiate(loss, list(trained.values())).gradients
    outputs = {
        name: weight - rate * gradient
        for (name, weight), gradient in zip(trained.items(), gradients, strict=True)
    }
    return Graph(known.tensors, {**outputs, "measures/loss": loss, "measures/objective": loss})


def textbook(weights: str, bias: str, inputs: int, dtype: DType) -> Graph:
    """Return the step as textbooks write it: e = d − v, w ← w + η e x, b ← b + η e."""
    known = _Inputs(dtype)
    w = known.declare(weights, (1, inputs))
    b = known.declare(bias, (1,)) if bias else None
    x = known.declare("batch/x", (1, inputs))
    target, rate = known.declare("batch/target", (1, 1)), known.declare("rate", ())
    v = x @ w.T
    e = target - (v if b is None else v + b)
    outputs = {weights: w + rate * (e.T @ x)}
    if b is not None:
        outputs[bias] = b + rate * e.sum(0)
    loss = ((e**2).sum(1) * 0.5).mean()
    return Graph(known.tensors, {**outputs, "measures/loss": loss, "measures/objective": loss})


def recognise(graph: Graph) -> Neuron | None:
    """Return the kernel's settings for a graph that it stands for, else None."""
    return find(
        graph,
        {
            ("linear", 1.0): [partial(descent, factor=1.0), textbook],
            ("linear", 2.0): [partial(descent, factor=2.0)],
        },
    )
