"""Truncated back-propagation through time: beside its gradients, those without the cut (K6)."""

from __future__ import annotations

from dataclasses import replace

from glassnet.graph import Graph, Label, Tensor, rebuild
from glassnet.graph.operation import Source
from glassnet.learning.backpropagation import Recipe, training_graph

__all__ = ["CUT", "FULL", "with_full_gradients"]

FULL, CUT = " full", " cut"  # what the names of these gradients end in


def with_full_gradients(recipe: Recipe, n: int) -> Graph:
    """Return a step whose gradients are truncated, with what they would be if no path were cut.

    What differs is named by its ending: `∂E/∂u full` is the whole gradient, `∂E/∂u cut` what the
    truncated one leaves out of it.

    Args:
        recipe: What decides the step; it is unrolled, and cut.
        n: The examples of the batch.
    """
    step = training_graph(recipe, n)
    whole = _given(training_graph(replace(recipe, cut=None), n), step)
    ours, theirs = _gradients(step), _gradients(whole)
    outputs = dict(step.outputs)
    for name, full in theirs.items():
        if name in ours and step.inputs[name].label.layer in _layers_over_time(step):
            label = step.inputs[name].label
            lost = (full - ours[name]).named(f"∂E/∂{label.symbol}{CUT}", label.layer)
            outputs[f"cut/{name}"] = lost
    return _renamed(Graph(step.inputs, outputs), step)


def _given(whole: Graph, step: Graph) -> Graph:
    """Return a graph on the inputs of another one."""

    def replacement(node: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        if isinstance(node.op.native, Source):
            return step.inputs[node.attributes["name"]]
        return node if inputs == node.inputs else replace(node, inputs=inputs)

    return rebuild(whole, replacement)


def _gradients(graph: Graph) -> dict[str, Tensor]:
    """Return the gradient of each parameter, by the name of its input."""
    found: dict[str, Tensor] = {}
    for node in graph.nodes:
        origin = node.provenance
        if origin is not None and origin.adjoint is not None:
            of = origin.adjoint
            if isinstance(of.op.native, Source):
                found[of.attributes["name"]] = node
    return found


def _layers_over_time(graph: Graph) -> set[str]:
    return {node.label.layer for node in graph.nodes if node.label.time is not None}


def _renamed(graph: Graph, step: Graph) -> Graph:
    """Return a graph in which the derivatives that are not those of the step have names."""
    own = set(step.nodes)

    def replacement(node: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        origin = node.provenance
        if node in own:
            return node
        if origin is not None and origin.adjoint is not None and origin.adjoint.label.symbol:
            of = origin.adjoint.label
            label = Label(f"∂E/∂{of.symbol}{FULL}", of.layer, of.time, of.of)
            plain = replace(origin, adjoint=None)
            return replace(node, inputs=inputs, label=label, provenance=plain)
        return node if inputs == node.inputs else replace(node, inputs=inputs)

    return rebuild(graph, replacement)
