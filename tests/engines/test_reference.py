"""The reference engine: what a graph means, value by value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.engines import Program
from glassnet.errors import ArgumentError, ShapeError
from glassnet.graph import REGISTRY, TensorType
from glassnet.ops import constant, input_tensor

VECTOR = TensorType((3,), gn.DType.FLOAT64)
SINGLE = TensorType((3,), gn.DType.FLOAT32)
NUMBER = TensorType((), gn.DType.FLOAT64)


def test_a_program_runs_its_graph() -> None:
    program = Program(gn.trace(lambda x, w: {"v": w @ x, "y": gn.tanh(w @ x)}, x=VECTOR, w=VECTOR))
    inputs = {"x": [1.0, 2.0, 3.0], "w": np.array([0.1, 0.2, -0.1])}
    result = program.run(inputs)
    assert list(result) == ["v", "y"]
    assert result["v"] == pytest.approx(0.2, rel=1e-15)
    assert result["y"] == np.tanh(result["v"])
    assert program.run({"x": np.zeros(3), "w": np.zeros(3)})["y"] == 0.0


def test_constants_are_worked_out_once(patched: Any) -> None:
    calls: list[str] = []
    for name in ("exp", "sin"):
        sound = REGISTRY[name].evaluate
        patched(
            REGISTRY[name],
            "evaluate",
            lambda *a, _name=name, _sound=sound: (calls.append(_name), _sound(*a))[1],
        )
    fixed = gn.exp(gn.tensor([1.0, 2.0, 3.0]))
    program = Program(gn.trace(lambda x: gn.sin(x) * gn.exp(fixed), x=VECTOR))
    assert calls == ["exp", "exp"]
    for _ in range(3):
        program.run({"x": np.ones(3)})
    assert calls == ["exp", "exp", "sin", "sin", "sin"]


def test_every_value_is_kept() -> None:
    graph = gn.trace(lambda x: gn.tanh(x * 2.0).sum(), x=VECTOR)
    x = np.array([0.1, 0.2, 0.3])
    values = Program(graph).evaluate({"x": x})
    assert len(values) == len(graph.nodes)
    assert set(values) == set(graph.nodes)
    found = {node.op.name: values[node] for node in graph.nodes}
    np.testing.assert_array_equal(found["multiply"], x * 2.0)
    np.testing.assert_array_equal(found["tanh"], np.tanh(x * 2.0))
    assert found["sum"] == np.sum(np.tanh(x * 2.0))
    for node in graph.nodes:
        assert np.shape(values[node]) == node.shape
        assert np.asarray(values[node]).dtype == node.dtype.numpy


def test_runs_do_not_share_their_values() -> None:
    graph = gn.trace(lambda x: x * 2.0, x=VECTOR)
    program = Program(graph)
    first = program.evaluate({"x": np.ones(3)})
    program.evaluate({"x": np.zeros(3)})
    assert first[graph.outputs["result"]].tolist() == [2.0] * 3


@pytest.mark.parametrize("value", [np.ones(2), np.ones((1, 3)), 1.0])
def test_a_wrong_shape_names_the_input(value: Any) -> None:
    program = Program(gn.trace(lambda x, w: x * w, x=VECTOR, w=VECTOR))
    with pytest.raises(ShapeError) as error:
        program.run({"x": np.ones(3), "w": value})
    assert str(error.value) == f"input 'w' must have shape (3,); got {np.shape(value)}"


def test_a_missing_input_is_named() -> None:
    program = Program(gn.trace(lambda x, w: x * w, x=VECTOR, w=VECTOR))
    with pytest.raises(ArgumentError, match="input 'w' is not given; needed: 'x', 'w'"):
        program.run({"x": np.ones(3)})


def test_float32_stays_float32() -> None:
    def formula(x: gn.Tensor) -> gn.Tensor:
        return gn.grad(gn.mean(gn.tanh(x) * 0.5 + gn.erf(x) ** 3), x)

    x = np.array([0.1, -0.2, 0.7])
    graph = gn.trace(formula, x=SINGLE)
    values = Program(graph).evaluate({"x": x})
    for node in graph.nodes:
        if node.dtype.is_float:
            assert values[node].dtype == np.float32, node.op
    single = Program(graph).run({"x": x})["result"]
    double = Program(gn.trace(formula, x=VECTOR)).run({"x": x})["result"]
    assert single.dtype == np.float32
    assert double.dtype == np.float64
    np.testing.assert_allclose(single, double, rtol=1e-6)
    assert not np.array_equal(single, double)


def test_results_without_axes_are_arrays() -> None:
    result = Program(gn.trace(lambda x: x * x, x=NUMBER)).run({"x": 3.0})["result"]
    assert isinstance(result, np.ndarray)
    assert result.shape == ()


def test_program_and_value_agree() -> None:
    x = np.array([0.5, -1.0, 2.0])

    def formula(x: gn.Tensor) -> gn.Tensor:
        return gn.logsumexp(gn.softplus(x) * x) / (1.0 + gn.max(x))

    run = Program(gn.trace(formula, x=VECTOR)).run({"x": x})["result"]
    assert run == formula(gn.tensor(x)).value


def test_infinite_results_come_without_warnings() -> None:
    x = np.array([0.0, 1e300, -1.0])
    result = Program(gn.trace(lambda x: {"log": gn.log(x), "square": x * x}, x=VECTOR)).run(
        {"x": x}
    )
    assert result["log"][0] == -np.inf
    assert np.isnan(result["log"][2])
    assert result["square"][1] == np.inf
    assert (gn.tensor(1.0) / gn.tensor(0.0)).item() == np.inf
    program = Program(gn.trace(lambda x: x + gn.log(gn.zeros(3)), x=VECTOR))
    assert np.all(program.run({"x": x})["result"] == -np.inf)


def test_an_input_has_no_value_before_a_run() -> None:
    x = input_tensor("x", VECTOR)
    with pytest.raises(ArgumentError, match="no value until the graph is run"):
        _ = (x * 2.0).value


# --- how tensors show themselves ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: gn.tensor([1.0, 2.5]), "tensor([1. , 2.5])"),
        (lambda: gn.tensor(2.0) * 3.0, "tensor(6.)"),
        (lambda: gn.tensor([[1.0], [2.0]]), "tensor([[1.],\n        [2.]])"),
        (lambda: gn.ones(2, dtype="float32"), "tensor([1., 1.], dtype=float32)"),
        (lambda: constant([1, 2]), "tensor([1, 2], dtype=int64)"),
        (lambda: gn.ones(2) < 0.0, "tensor([False, False])"),
        (lambda: gn.zeros(0), "tensor([])"),
        (lambda: input_tensor("x", VECTOR), "<tensor x: float64[3]>"),
        (lambda: input_tensor("x", VECTOR) * 2.0, "<tensor multiply: float64[3]>"),
        (lambda: (input_tensor("x", VECTOR) * 2.0).named("v", "h"), "<tensor h.v: float64[3]>"),
        (
            lambda: input_tensor("x", VECTOR).with_axes("neuron"),
            "<tensor x: float64[neuron=3]>",
        ),
    ],
)
def test_repr(make: Any, text: str) -> None:
    assert repr(make()) == text


def test_large_tensors_are_shortened() -> None:
    text = repr(gn.zeros(1000))
    assert "..." in text
    assert len(text) < 100


def test_html_is_escaped() -> None:
    x = input_tensor("<script>", VECTOR)
    assert x._repr_html_() == "<pre>&lt;tensor &lt;script&gt;: float64[3]&gt;</pre>"
