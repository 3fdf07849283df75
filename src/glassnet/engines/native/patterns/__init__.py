"""Steps with a kernel of their own: one file for each, with the graphs that it stands for."""

from __future__ import annotations

from glassnet.engines.native.patterns import linear_neuron, threshold_neuron
from glassnet.engines.native.patterns.neuron import Neuron
from glassnet.graph import Graph

__all__ = ["Neuron", "recognise"]

PATTERNS = (linear_neuron.recognise, threshold_neuron.recognise)


def recognise(graph: Graph) -> Neuron | None:
    """Return what runs a step by a kernel of its own, or None if there is no such kernel."""
    return next((found for pattern in PATTERNS if (found := pattern(graph)) is not None), None)
