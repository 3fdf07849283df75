"""Runs of an optimiser's own formulas, as a graph, by the reference engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.engines import Program
from glassnet.graph.graph import Graph

STEPS = 50
CURVATURE = np.array([0.2, 1.0, 4.0])
BOTTOM = np.array([1.0, -2.0, 0.5])
START = np.array([-1.0, 1.0, 2.0])
SEQUENCE = np.random.default_rng(7).normal(size=(STEPS, 3)) * [0.1, 1.0, 10.0]
SEQUENCE[3, 0] = 0.0  # a gradient of exactly 0 on the way


def quadratic(point: Any, _step: int) -> Any:
    """The gradient of ½ Σ a (w − c)²."""
    return CURVATURE * (point - BOTTOM)


def recorded(_point: Any, step: int) -> Any:
    """The gradient of step `step` of a random sequence, wherever it is taken."""
    return SEQUENCE[step - 1]


def step_graph(optimizer: Any, shape: tuple[int, ...], dtype: str, bowl: bool) -> Graph:
    """One step: from weight, slots, η, t (and gradient, without the bowl) to weight and slots."""
    kind = gn.TensorType(shape, gn.DType(dtype))
    number = gn.TensorType((), gn.DType(dtype))
    names = list(optimizer.slots())

    def step(weight: Any, rate: Any, step: Any, **rest: Any) -> dict[str, Any]:
        state = {name: rest[name] for name in names}
        point = optimizer.lookahead(weight, state)
        if bowl:
            curvature = gn.tensor(CURVATURE, dtype=dtype)
            distance = point - gn.tensor(BOTTOM, dtype=dtype)
            gradient = gn.grad((0.5 * curvature * distance * distance).sum(), point)
        else:
            gradient = rest["∂L/∂w"]
        new, remembered = optimizer.update(weight, gradient, state, rate, step)
        return {"weight": new, "point": point, **remembered}

    types = dict.fromkeys(["weight", *names, *([] if bowl else ["∂L/∂w"])], kind)
    return gn.trace(step, **types, rate=number, step=number)


def run(
    optimizer: Any,
    gradient: Callable[[Any, int], Any] | None,
    steps: int = STEPS,
    start: Any = START,
    dtype: str = "float64",
    rate: Callable[[int], float] | None = None,
) -> dict[str, Any]:
    """Every output after each step; `gradient=None` differentiates the bowl inside the graph."""
    weight = np.asarray(start, dtype)
    graph = step_graph(optimizer, weight.shape, dtype, bowl=gradient is None)
    program = Program(graph)
    state = {name: np.full(weight.shape, value, dtype) for name, value in optimizer.slots().items()}
    look = _lookahead(optimizer, weight.shape, dtype)
    records: list[dict[str, Any]] = []
    for t in range(1, steps + 1):
        eta = optimizer.learning_rate if rate is None else rate(t)
        inputs = {"weight": weight, **state, "rate": np.asarray(eta, dtype)}
        inputs["step"] = np.asarray(t, dtype)
        if gradient is not None:
            inputs["∂L/∂w"] = np.asarray(gradient(look(weight, state), t), dtype)
        outputs = program.run(inputs)
        weight, state = outputs["weight"], {name: outputs[name] for name in state}
        records.append(outputs)
    return {name: np.array([record[name] for record in records]) for name in records[0]}


def _lookahead(optimizer: Any, shape: tuple[int, ...], dtype: str) -> Callable[..., Any]:
    kind = gn.TensorType(shape, gn.DType(dtype))
    names = list(optimizer.slots())
    graph = gn.trace(
        lambda weight, **state: {"point": optimizer.lookahead(weight, state)},
        weight=kind,
        **dict.fromkeys(names, kind),
    )
    program = Program(graph)
    return lambda weight, state: program.run({"weight": weight, **state})["point"]
