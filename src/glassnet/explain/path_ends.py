"""Where paths begin and end: numbers of a user's tensors, or quantities of a problem."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast

import numpy as np

from glassnet.engines import Program
from glassnet.errors import ArgumentError, DTypeError, nearest
from glassnet.explain.conventions import Profile
from glassnet.explain.elements import Elements, Name
from glassnet.explain.path_graph import Element
from glassnet.explain.problems import Problem
from glassnet.explain.problems.expression import read_formulas
from glassnet.explain.problems.steps import first_step
from glassnet.explain.stepwise import elements_of_step
from glassnet.graph import Graph, Tensor, differentiate, topological_order
from glassnet.graph.operation import Movement, Source
from glassnet.ops.sources import constant
from glassnet.records import dataclass

__all__ = ["View", "view_of_problem", "view_of_tensor"]

RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
LOWERED = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True)
class View:
    """A graph with names and values, and the two ends.

    Args:
        start: The weight.
        end: The cost.
        elements: Names and values.
        gradient: What back-propagation gives.
    """

    start: Element
    end: Element
    elements: Elements
    gradient: float


def view_of_tensor(cost: Tensor, weight: object, at: object, to: str | None) -> View:
    """Return the view of a user's tensors.

    Args:
        cost: Where the paths end.
        weight: Where they begin.
        at: Which element of the weight, from 0.
        to: Must be None: it is for problems.

    Raises:
        ArgumentError, DTypeError: The weight or the cost is not one floating-point number.
    """
    if not isinstance(weight, Tensor):
        raise ArgumentError(
            f"the weight must be a tensor that the cost is made from; got {weight!r:.60}"
        )
    if to is not None:
        raise ArgumentError("`to` is for problems; of tensors, give the other end as the cost")
    for name, tensor in (("cost", cost), ("weight", weight)):
        if not tensor.dtype.is_float:
            raise DTypeError(
                f"only floating-point tensors have derivatives; the {name} is {tensor.type}"
            )
    if cost.size != 1:
        raise ArgumentError(
            f"paths lead to one number; this cost is {cost.type}. Take one element (`J[0]`) or the "
            "sum (`J.sum()`)"
        )
    order = topological_order([cost])
    if any(isinstance(node.op.native, Source) for node in order):
        raise ArgumentError("the cost depends on inputs of a graph, which have no values yet")
    start = _element(weight, at, set(order))
    end = (cost, (0,) * cost.ndim)
    names = _names(order, start[0], cost)
    examples = {node: _example_axis(node) for node in names}
    slope = differentiate(cost, [start[0]]).gradients[0]
    values = Program(Graph({}, {"end": cost, "start": start[0], "slope": slope})).evaluate({})
    return View(start, end, Elements(values, names, examples), float(values[slope][start[1]]))


def _element(weight: Tensor, at: object, known: set[Tensor]) -> Element:
    """Return the number that is meant: an element of a tensor that the cost is made from."""
    index = _index(weight, at)
    node, number = weight, index
    while node not in known and isinstance(node.op.native, Movement) and len(node.inputs) == 1:
        source = node.inputs[0]
        numbered = np.arange(1, source.size + 1).reshape(source.shape)
        place = int(np.asarray(node.op.evaluate(numbered, **node.attributes))[number])
        if not 1 <= place <= source.size:
            break
        node, number = source, tuple(int(i) for i in np.unravel_index(place - 1, source.shape))
    return (node, number) if node in known else (weight, index)


def _index(weight: Tensor, at: object) -> tuple[int, ...]:
    name = str(weight.label) or "w"
    if at is None:
        if weight.size != 1:
            example = ", ".join("0" * weight.ndim)
            raise ArgumentError(
                f"{name} has {weight.size} numbers ({weight.type}); say which one, as in "
                f"{name}[{example}] or at=({example}{',' if weight.ndim == 1 else ''})"
            )
        return (0,) * weight.ndim
    given: tuple[object, ...] = (at,)
    if isinstance(at, tuple | list):
        given = tuple(cast("Sequence[object]", at))
    fits = len(given) == weight.ndim and all(
        isinstance(entry, int | np.integer) and not isinstance(entry, bool) and 0 <= entry < length
        for entry, length in zip(given, weight.shape, strict=False)
    )
    if not fits:
        raise ArgumentError(
            f"at must be {weight.ndim} whole numbers from 0 that lie within the shape "
            f"{weight.shape} of {name}; got {at!r:.40}"
        )
    return tuple(int(cast("int", entry)) for entry in given)


def _names(order: Sequence[Tensor], start: Tensor, end: Tensor) -> dict[Tensor, Name]:
    """Return what the quantities are called, no two the same."""
    after = {start}
    for node in order:
        if node.dtype.is_float and any(source in after for source in node.inputs):
            after.add(node)
    named = [node for node in order if node.label.symbol]
    if start not in order:
        named.append(start)
    symbols = {node: node.label.symbol for node in named}
    symbols[start] = start.label.symbol or "w"
    symbols[end] = end.label.symbol or "J"
    if not any(node in after and node not in (start, end) for node in named):
        made = [
            node
            for node in order
            if node in after - {start, end} and not isinstance(node.op.native, Movement)
        ]
        lower = [str(number).translate(LOWERED) for number in range(1, len(made) + 1)]
        symbols |= {node: f"u{low}" for node, low in zip(made, lower, strict=True)}
    listed = [node for node in (*order, start) if node in symbols]
    groups: dict[tuple[str, str], list[Tensor]] = {}
    for node in dict.fromkeys(listed):
        time = "" if node.label.time is None else f"⁽{str(node.label.time).translate(RAISED)}⁾"
        groups.setdefault((symbols[node] + time, node.label.layer), []).append(node)
    found: dict[Tensor, Name] = {}
    for (symbol, layer), nodes in groups.items():
        for number, node in enumerate(nodes, start=1):
            several = f"⁽{str(number).translate(RAISED)}⁾" if len(nodes) > 1 else ""
            found[node] = (symbol + several, layer, False)
    return found


def _example_axis(node: Tensor) -> int | None:
    return node.type.axes.index("example") if "example" in node.type.axes else None


def view_of_problem(
    problem: Problem, weight: object, at: object, to: str | None, profile: Profile
) -> View:
    """Return the view of a problem's first step.

    Args:
        problem: A network with given weights and examples.
        weight: The address where the paths begin.
        at: Must be None: it is for tensors.
        to: The address where they end; the cost if None.
        profile: The conventions.

    Raises:
        ArgumentError: The problem has no such quantity, or is a classical rule.
    """
    if not isinstance(weight, str) or at is not None:
        raise ArgumentError(
            'the weight of a problem is given by its address, such as "hidden.w[1,1]"; '
            f"got {weight!r:.60}{'' if at is None else f' with at={at!r:.40}'}"
        )
    if problem.expression:
        known = read_formulas(problem.expression["formulas"], problem.values)
        if weight not in known:
            raise ArgumentError(
                f"there is no {weight!r:.40}{nearest(weight, known)}; the formulas have "
                f"{', '.join(known)}"
            )
        return view_of_tensor(list(known.values())[-1], known[weight], None, to)
    if not problem.network:
        kind = "beam search" if problem.beam else "classical rule"
        raise ArgumentError(
            "paths lead from a weight to the cost of a network that learns by gradients; this "
            f"problem ({problem.source or problem.title}) is a {kind}"
        )
    graph, state, batch = first_step(problem)
    given = {**state, **batch, "step": 1, "seed": 0, "counter": 1}
    objective = graph.outputs["measures/objective"]
    order = topological_order([objective])
    step = elements_of_step(graph, Program(graph).evaluate(given), profile)
    names = {node: step.names[node] for node in order if node in step.names}
    names.setdefault(objective, ("J", "", False))
    elements = Elements(step.values, names, step.examples, placings=step.placings)
    start = _looked_up(elements, weight)
    end = (objective, ()) if to is None else _looked_up(elements, to)
    seed = np.zeros(end[0].shape, end[0].dtype.numpy)
    seed[end[1]] = 1.0
    slope = differentiate(end[0], [start[0]], constant(seed, end[0].dtype)).gradients[0]
    values = Program(Graph(graph.inputs, {"slope": slope})).evaluate(given)
    return View(start, end, elements, float(values[slope][start[1]]))


def _looked_up(elements: Elements, text: str) -> Element:
    """Return the number with an address; a layer may be left out where only one has it."""
    floats = [node for node in elements.names if node.dtype.is_float]
    wanted = "".join(text.split())
    base = re.split(r"[\[@(]", wanted)[0]
    found = [node for node in floats if base in _called(elements, node)]
    whole = [node for node in found if base in _called(elements, node)[::2]]
    layers = dict.fromkeys(elements.names[node][1] for node in found)
    if len(layers) > 1 and not whole:
        both = ", ".join(dict.fromkeys(_called(elements, node)[0] for node in found))
        raise ArgumentError(f"there are several quantities {base!r:.60}: {both}; name the layer")
    places = ""
    for node in whole or found:
        layer = elements.names[node][1]
        begin = "" if not layer or base.startswith(f"{layer}.") else f"{layer}."
        for index in np.ndindex(*node.shape):
            place = tuple(int(i) for i in index)
            if str(elements.address(node, place)) == f"{begin}{wanted}":
                return node, place
    for node in (whole or found)[:1]:
        first = str(elements.address(node, (0,) * node.ndim))
        last = str(elements.address(node, tuple(length - 1 for length in node.shape)))
        places = first if first == last else f"{first} to {last}"
        raise ArgumentError(f"there is no quantity {text!r:.60}; {base} is {places}")
    known = list(dict.fromkeys(_called(elements, node)[0] for node in floats))
    raise ArgumentError(
        f"there is no quantity {text!r:.60}{nearest(base[:60], known)}; there are "
        f"{', '.join(known)}"
    )


def _called(elements: Elements, node: Tensor) -> tuple[str, ...]:
    """Return what a quantity is called with its layer, and without; the same for its gates."""
    symbol, layer, _ = elements.names[node]
    return tuple(
        name
        for own in elements.placing(node).symbols(symbol)
        for name in ((f"{layer}.{own}" if layer else own), own)
    )
