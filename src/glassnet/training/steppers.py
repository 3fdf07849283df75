"""Choosing the engine that runs the steps."""

from __future__ import annotations

from glassnet.engines.native import Unsupported, why_not
from glassnet.errors import ArgumentError
from glassnet.graph.types import Array
from glassnet.learning.backpropagation import Recipe, evaluation_graph, training_graph
from glassnet.training.native_stepper import NativeStepper
from glassnet.training.stepper import Stepper

__all__ = ["ENGINES", "choose_stepper"]

ENGINES = ("native", "reference")


def choose_stepper(
    engine: str | None, recipe: Recipe, values: dict[str, Array], seed: int
) -> tuple[Stepper | NativeStepper, str]:
    """Return what runs the steps, and its name, followed by the reason where it is second best.

    Raises:
        ArgumentError: The native engine was asked for by name and cannot be used.
    """
    if engine == "reference":
        return Stepper(recipe, values, seed), "reference"
    reason = why_not() or _unsupported(recipe)
    if reason is None:
        return NativeStepper(recipe, values, seed), "native"
    if engine == "native":
        raise ArgumentError(f"the native engine cannot be used: {reason}")
    return Stepper(recipe, values, seed), f"reference: the native engine cannot be used: {reason}"


def _unsupported(recipe: Recipe) -> str | None:
    """Return why the native engine cannot run a recipe, or None if it can."""
    from glassnet.engines.native.lowering import lower

    try:
        for graph in (training_graph(recipe, 2), evaluation_graph(recipe, 2)):
            lower(graph)
    except Unsupported as error:
        return str(error)
    return None
