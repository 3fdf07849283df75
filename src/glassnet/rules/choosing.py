"""Choosing the engine that runs a rule's steps."""

from __future__ import annotations

from glassnet.engines.native import Unsupported, why_not
from glassnet.engines.native.lowering import lower
from glassnet.errors import ArgumentError
from glassnet.graph.types import Array
from glassnet.rules.step import StepRecipe
from glassnet.training.native_stepper import NativeStepper
from glassnet.training.stepper import Stepper

__all__ = ["choose_stepper"]


def choose_stepper(
    engine: str | None, recipe: StepRecipe, values: dict[str, Array], seed: int
) -> tuple[Stepper | NativeStepper, str]:
    """Return what runs the steps, and its name, followed by the reason where it is second best."""
    if engine == "reference":
        return Stepper(recipe, values, seed), "reference"
    reason = why_not()
    if reason is None:
        try:
            lower(recipe.training_graph(1))
            return NativeStepper(recipe, values, seed), "native"
        except Unsupported as error:
            reason = str(error)
    if engine == "native":
        raise ArgumentError(f"the native engine cannot be used: {reason}")
    return Stepper(recipe, values, seed), f"reference: the native engine cannot be used: {reason}"
