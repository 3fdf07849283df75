"""The checker of graphs finds each way in which a graph can be malformed, and names the node."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import VerificationError
from glassnet.graph import REGISTRY, Graph, Op, Tensor, TensorType, apply, verify
from glassnet.graph.graph import topological_order
from glassnet.ops import input_tensor

VECTOR = TensorType((3,), gn.DType.FLOAT64)


def _inputs() -> tuple[Tensor, Tensor]:
    return input_tensor("a", VECTOR), input_tensor("b", VECTOR)


def _node(name: str, *inputs: Tensor, kind: TensorType = VECTOR, **attributes: Any) -> Tensor:
    """Make a node by hand, past every check."""
    return Tensor(REGISTRY[name], inputs, MappingProxyType(attributes), kind)


def test_a_sound_graph_is_returned() -> None:
    a, b = _inputs()
    graph = Graph({"a": a, "b": b}, {"sum": a + b, "a": a})
    assert verify(graph) is graph


def test_an_input_under_two_names() -> None:
    a, _ = _inputs()
    with pytest.raises(VerificationError, match="declared under two names"):
        verify(Graph({"a": a, "b": a}, {"y": a * a}))


def test_a_source_that_is_not_declared() -> None:
    a, b = _inputs()
    with pytest.raises(
        VerificationError, match=r"node %1 \(input, b\): a source that is not among"
    ):
        verify(Graph({"a": a}, {"y": a + b}))


def test_an_input_that_is_computed() -> None:
    a, _ = _inputs()
    doubled = a * 2.0
    with pytest.raises(VerificationError, match=r"node %\d+ \(multiply\): declared as an input"):
        verify(Graph({"a": a, "doubled": doubled}, {"y": doubled + 1.0}))
    with pytest.raises(VerificationError, match=r"\(constant\): declared as an input but"):
        verify(Graph({"ones": gn.ones(3)}, {"y": gn.ones(3)}))


@pytest.mark.parametrize(
    "kind",
    [
        TensorType((4,), gn.DType.FLOAT64),
        TensorType((), gn.DType.FLOAT64),
        TensorType((3,), gn.DType.FLOAT32),
    ],
)
def test_a_type_that_the_inputs_do_not_give(kind: TensorType) -> None:
    a, b = _inputs()
    graph = Graph({"a": a, "b": b}, {"y": _node("add", a, b, kind=kind).named("v", "hidden")})
    with pytest.raises(VerificationError) as error:
        verify(graph)
    assert str(error.value) == (
        f"node %2 (add, hidden.v): says {kind}, but its inputs give float64[3]"
    )


def test_inputs_that_do_not_fit() -> None:
    a = input_tensor("a", VECTOR)
    b = input_tensor("b", TensorType((2,), gn.DType.FLOAT64))
    with pytest.raises(VerificationError, match=r"node %2 \(add\): .*\(3,\) and \(2,\) differ"):
        verify(Graph({"a": a, "b": b}, {"y": _node("add", a, b)}))


@pytest.mark.parametrize(
    ("name", "count", "attributes"),
    [
        ("sum", 1, {}),
        ("sum", 1, {"axis": 0}),
        ("argmax", 1, {"axis": 5}),
        ("clip", 1, {"low": 1.0, "high": 0.0}),
        ("matmul", 1, {}),
        ("select", 2, {}),
    ],
)
def test_attributes_or_inputs_that_the_op_does_not_know(
    name: str, count: int, attributes: dict[str, Any]
) -> None:
    a, b = _inputs()
    broken = _node(name, *(a, b)[:count], **attributes)
    with pytest.raises(VerificationError, match=rf"node %{count} \({name}\): "):
        verify(Graph(dict(zip("ab"[:count], (a, b), strict=False)), {"y": broken}))


def test_an_op_that_is_not_registered() -> None:
    a, _ = _inputs()
    stranger = object.__new__(Op)
    for field in ("name", "infer", "evaluate", "pullback", "native", "jax", "explain", "samples"):
        object.__setattr__(stranger, field, getattr(REGISTRY["negate"], field))
    with pytest.raises(VerificationError, match=r"node %1 \(negate\): the op is not registered"):
        verify(Graph({"a": a}, {"y": apply(stranger, a)}))


def test_a_constant_that_can_be_written_to() -> None:
    array = np.ones(3)
    with pytest.raises(VerificationError, match=r"node %0 \(constant\): .* can be written to"):
        verify(Graph({}, {"y": _node("constant", value=array)}))


def test_a_node_that_depends_on_itself() -> None:
    a, _ = _inputs()
    node = -gn.sin(a)
    object.__setattr__(node.inputs[0], "inputs", (node,))
    with pytest.raises(VerificationError, match=r"depends on itself: negate, float64\[3\]"):
        topological_order([node])
    with pytest.raises(VerificationError, match="depends on itself"):
        verify(Graph({"a": a}, {"y": node}))


def test_gradients_are_well_formed() -> None:
    a, b = _inputs()
    y = gn.logsumexp(gn.tanh(a) * b**2 / (1.0 + a * a)) + gn.max(a)
    first = gn.grad(y, (a, b))
    second = gn.grad((first[0] * first[1]).sum(), (a, b))
    verify(Graph({"a": a, "b": b}, {"f": first[0], "g": first[1], "h": second[0], "i": second[1]}))


def test_axis_names_may_differ() -> None:
    a, _ = _inputs()
    named = replace(a, type=TensorType((3,), gn.DType.FLOAT64, ("neuron",)))
    renamed = (named + 1.0).with_axes("source")
    verify(Graph({"a": named}, {"y": renamed}))
