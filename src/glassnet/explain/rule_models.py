"""Steps of a classical rule's model: those that it takes on examples, from its first weights."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.errors import ArgumentError
from glassnet.explain.steps import Step, Where

if TYPE_CHECKING:
    from glassnet.rules.training import Steps

__all__ = ["followed", "model_steps"]

SMALL = 1000  # examples, up to which a table has the whole run; of more it has the first epoch
NOTE = "the rule begins anew, from its first weights, and takes the examples in its own order"


def followed(taken: Steps, title: str) -> Iterator[Step]:
    """Yield the steps that a rule took, an example at a time.

    Args:
        taken: What the rule's `steps` gives.
        title: What was run.
    """
    assert taken.graph is not None
    for number, (row, given) in enumerate(zip(taken, taken.inputs, strict=True), start=1):
        epoch, example = int(row["epoch"]), int(row["example"])
        place = f"{title}: epoch {epoch}, example {example}"
        yield Step(place, taken.graph, given, epoch, number, (example,))


def model_steps(
    model: Any, x: Any, y: Any, name: str, where: Where, count: int | None, *, table: bool
) -> list[Step]:
    """Return the steps of a rule's model that are meant.

    Args:
        model: The rule, fitted or not.
        x: Examples: an array, or a table or data frame with the target column.
        y: The targets of an array; nothing for a table, or a rule without.
        name: What the model is called.
        where: Which steps are meant; the first ones if not said.
        count: How many from there; one if not given, all of the epoch for a table of the run.
        table: Whether they are shown as a table.

    Raises:
        ArgumentError: The rule has no steps, or there are no such ones.
        DataError, ShapeError: The examples do not fit.
    """
    if x is None:
        raise ArgumentError("say with which examples: gn.explain(model, X, y)")
    if hasattr(model, "answers_to"):
        return _answers(model, x, name, where, count)
    n = max(int(getattr(x, "rows", 0)) or int(np.shape(x)[0]), 1)
    wanted = (where.step or 1) + (count or 1) - 1
    whole = table and count is None and where == Where() and n <= SMALL
    epochs = None if whole else max(where.epoch or 1, -(-wanted // n) if where.epoch is None else 1)
    teaches = "y" in inspect.signature(model.steps).parameters
    taken = model.steps(x, y, epochs=epochs) if teaches else model.steps(x, epochs=epochs)
    steps = list(followed(taken, name))
    meant = [step for step in steps if where.holds(step, n)]
    if not meant:
        raise ArgumentError(
            f"there is no such step: {name} took {len(steps)} in {steps[-1].epoch} epochs of {n} "
            "examples"
        )
    first = meant[0].number - 1
    found = meant if table and count is None else steps[first : first + (count or 1)]
    return [replace(step, notes=(NOTE,)) for step in found]


def _answers(model: Any, x: Any, name: str, where: Where, count: int | None) -> list[Step]:
    """Return what a rule that only remembers answers to examples."""
    rows, classes = model.input_rows(x), model.classes
    if classes is None:
        raise ArgumentError(
            f"{name} answers with numbers, not classes: there are no votes to count"
        )
    first = (where.example or where.step or 1) - 1
    if first >= len(rows):
        raise ArgumentError(f"there is no example {first + 1}; there are {len(rows)}")
    numbers = list(range(1, len(classes) + 1))
    known = ", ".join(f"{n} is {c}" for n, c in zip(numbers, classes, strict=True))
    chosen = rows[first : first + (count or 1)]
    return [
        Step(f"{name}: example {n}", graph, given, 1, n, (n,), (f"classes: {known}",))
        for n, (graph, given) in enumerate(model.answers_to(chosen, numbers), start=first + 1)
    ]
