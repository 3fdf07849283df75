"""Finding where a number first became infinite, or not a number."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from glassnet.graph import Graph, Tensor
from glassnet.graph.operation import Movement
from glassnet.graph.types import Array

__all__ = ["explain_nonfinite"]


def explain_nonfinite(graph: Graph, values: Mapping[Tensor, Array], step: int) -> str:
    """Return a sentence naming the first op, layer and step that gave a number that is not finite.

    The first is a node whose own inputs are all finite, in the order in which the graph runs, among
    those that the outputs with such a number depend on.
    """
    suspects = _leading_to_nonfinite(graph, values)
    for node in graph.nodes:
        if node not in suspects or _is_finite(values[node]):
            continue
        if all(_is_finite(values[source]) for source in node.inputs):
            found = values[node][~np.isfinite(values[node])]
            sources = ", ".join(_range(source, values[source]) for source in node.inputs)
            return (
                f"step {step}: {node.op.name} in {_place(graph, node)} gave {found.flat[0]}"
                f"{f' ({sources})' if sources else ''}. Training stopped; the weights are those "
                "before this step. Try a smaller learning rate, clip_norm=1.0, or standardised "
                "inputs"
            )
    return f"step {step}: a number is not finite"


def _leading_to_nonfinite(graph: Graph, values: Mapping[Tensor, Array]) -> set[Tensor]:
    reached = {node for node in graph.outputs.values() if not _is_finite(values[node])}
    for node in reversed(graph.nodes):
        if node in reached:
            reached.update(node.inputs)
    return reached


def _is_finite(value: Array) -> bool:
    return value.dtype.kind != "f" or bool(np.isfinite(value).all())


def _range(node: Tensor, value: Array) -> str:
    while not str(node.label) and isinstance(node.op.native, Movement):
        node = node.inputs[0]
    name = str(node.label) or "its input"
    if value.size == 1:
        return f"{name} = {value.item():.4g}"
    return f"{name} from {value.min():.4g} to {value.max():.4g}" if value.size else name


def _place(graph: Graph, node: Tensor) -> str:
    """Name a node's place: its own label, or that of what it is the gradient of or leads to."""
    if str(node.label):
        return _layer(graph, node)
    if node.provenance is not None:
        of = node.provenance.of
        return f"the gradient of {_layer(graph, of) if str(of.label) else _consumer(graph, of)}"
    return _consumer(graph, node)


def _consumer(graph: Graph, node: Tensor) -> str:
    reached = {node}
    for other in graph.nodes:
        if reached.intersection(other.inputs):
            if str(other.label):
                return _layer(graph, other)
            reached.add(other)
    return f"the update of {_only_parameter(graph, node) or 'the weights'}"


def _layer(graph: Graph, node: Tensor) -> str:
    layer, symbol = node.label.layer, node.label.symbol
    if layer:
        return f"layer {layer} ({symbol})"
    parameter = _only_parameter(graph, node)
    return f"the calculation of {symbol}{f' of {parameter}' if parameter else ''}"


def _only_parameter(graph: Graph, node: Tensor) -> str:
    """Return the parameter that a node serves, as in "w in layer output"; "" if it serves more."""
    reached = {node}
    for other in graph.nodes:
        if reached.intersection(other.inputs):
            reached.add(other)
    prefix = "parameters/"
    keys = [k for k, v in graph.outputs.items() if k.startswith(prefix) and v in reached]
    if len(keys) != 1:
        return ""
    layer, _, name = keys[0].removeprefix(prefix).partition(".")
    return f"{name} in layer {layer}"
