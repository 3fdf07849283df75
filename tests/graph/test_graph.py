"""Graphs: tracing, the order of nodes, printing, rebuilding."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as gn
from glassnet.graph import Graph, Tensor, TensorType, apply, rebuild, topological_order
from glassnet.graph.operation import Source

VECTOR = TensorType((3,), gn.DType.FLOAT64, ("neuron",))


def _example(x: Tensor, w: Tensor) -> dict[str, Tensor]:
    v = gn.sum(w * x).named("v")
    return {"y": gn.tanh(v).named("y"), "v": v}


def test_trace() -> None:
    graph = gn.trace(_example, x=VECTOR, w=VECTOR)
    assert list(graph.inputs) == ["x", "w"]
    assert list(graph.outputs) == ["y", "v"]
    assert str(graph) == (
        "%0 = input name=w : float64[neuron=3]  # w\n"
        "%1 = input name=x : float64[neuron=3]  # x\n"
        "%2 = multiply(%0, %1) : float64[neuron=3]\n"
        "%3 = sum(%2) axes=(0,) : float64[]  # v\n"
        "%4 = tanh(%3) : float64[]  # y\n"
        "return y = %4\n"
        "return v = %3"
    )


def test_trace_of_a_single_result_and_of_unused_inputs() -> None:
    graph = gn.trace(lambda x, unused: x * 2.0, x=VECTOR, unused=VECTOR)
    assert list(graph.outputs) == ["result"]
    assert graph.nodes[-1] is graph.inputs["unused"]
    assert (
        gn.Program(graph).run({"x": np.ones(3), "unused": np.ones(3)})["result"].tolist()
        == [2.0] * 3
    )


def test_tensors_from_outside_are_constants() -> None:
    offset = gn.tensor([1.0, 2.0, 3.0])
    graph = gn.trace(lambda x: x + offset, x=VECTOR)
    assert offset in graph.nodes


def test_an_output_can_be_an_input() -> None:
    graph = gn.trace(lambda x: {"same": x}, x=VECTOR)
    assert gn.Program(graph).run({"x": np.arange(3.0)})["same"].tolist() == [0.0, 1.0, 2.0]


def test_a_gradient_can_be_traced() -> None:
    graph = gn.trace(lambda x: gn.grad(gn.sum(x * x), x), x=VECTOR)
    assert gn.Program(graph).run({"x": np.arange(3.0)})["result"].tolist() == [0.0, 2.0, 4.0]


def test_inputs_come_before_their_uses_from_left_to_right() -> None:
    a, b, c = gn.tensor(1.0, "a"), gn.tensor(2.0, "b"), gn.tensor(3.0, "c")
    total = (c + a) * (b - c)
    order = topological_order([total])
    names = [str(node.label) or node.op.name for node in order]
    assert names == ["c", "a", "add", "b", "subtract", "multiply"]


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 99)), max_size=30))
def test_the_order_of_any_graph(edges: list[tuple[int, int]]) -> None:
    """Each node once, after its inputs; the same for the same formula."""

    def build() -> tuple[Tensor, ...]:
        nodes = [gn.tensor(1.0, "x")]
        for a, b in edges:
            nodes.append(nodes[a % len(nodes)] + nodes[b % len(nodes)])
        return topological_order(nodes[-3:])

    order = build()
    assert len(set(order)) == len(order)
    place = {node: index for index, node in enumerate(order)}
    for node in order:
        assert all(place[source] < place[node] for source in node.inputs)
    shapes = [
        [(node.op.name, [places[s] for s in node.inputs]) for node in nodes]
        for nodes, places in (
            (nodes, {node: index for index, node in enumerate(nodes)}) for nodes in (order, build())
        )
    ]
    assert shapes[0] == shapes[1]


def test_tracing_twice_gives_the_same_text() -> None:
    def step(x: Tensor, w: Tensor) -> dict[str, Tensor]:
        y = _example(x, w)["y"]
        return {"y": y, "slope": gn.grad(y, w)}

    assert str(gn.trace(step, x=VECTOR, w=VECTOR)) == str(gn.trace(step, x=VECTOR, w=VECTOR))


def _copy(node: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
    return (
        node if isinstance(node.op.native, Source) else apply(node.op, *inputs, **node.attributes)
    )


def _with_logistic(node: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
    return gn.logistic(inputs[0]) if node.op.name == "tanh" else _copy(node, inputs)


@pytest.mark.parametrize(
    ("replacement", "expected"), [(_copy, np.tanh(5.0)), (_with_logistic, 1 / (1 + np.exp(-5.0)))]
)
def test_rebuild(
    replacement: Callable[[Tensor, tuple[Tensor, ...]], Tensor], expected: float
) -> None:
    graph = gn.trace(_example, x=VECTOR, w=VECTOR)
    new = gn.verify(rebuild(graph, replacement))
    inputs = {"x": np.array([1.0, 2.0, 0.0]), "w": np.array([1.0, 2.0, 3.0])}
    assert gn.Program(new).run(inputs)["y"] == pytest.approx(expected, rel=1e-15)
    assert gn.Program(graph).run(inputs)["y"] == np.tanh(5.0)  # the old graph is as it was
    assert new.inputs["x"] is graph.inputs["x"]


def test_long_graphs_are_traced_verified_rebuilt_printed_and_run() -> None:
    def long(x: Tensor) -> Tensor:
        for _ in range(10_000):
            x = x + 1.0
        return x

    graph = rebuild(gn.trace(long, x=VECTOR), _copy)
    gn.verify(graph)
    assert str(graph).count("\n") > 10_000
    assert gn.Program(graph).run({"x": np.zeros(3)})["result"].tolist() == [10_000.0] * 3


def test_a_graph_is_not_changed() -> None:
    graph = gn.trace(_example, x=VECTOR, w=VECTOR)
    with pytest.raises(AttributeError):
        graph.outputs = {}  # type: ignore[misc]
    assert isinstance(graph, Graph)
