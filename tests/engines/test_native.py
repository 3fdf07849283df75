"""The native engine against the reference engine: ops, random graphs, instruction sets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from graph.test_random_graphs import SHAPES, STEPS, build
from hypothesis import given, settings
from hypothesis import strategies as st
from ops import conformance

import glassnet as gn
from glassnet.engines.native import why_not
from glassnet.graph import REGISTRY, DType, Graph, Tensor, TensorType, differentiate
from glassnet.graph.tensor import apply
from glassnet.graph.types import Array
from glassnet.ops import input_tensor

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

# Rounding differs: sums are taken in another order, functions are other polynomials (a few ulp).
TOLERANCE = {DType.FLOAT64: 1e-12, DType.FLOAT32: 2e-5}


def kernels() -> list[str]:
    if why_not() is not None:
        return []
    from glassnet.engines.native import _native  # type: ignore[attr-defined]

    return list(_native.kernel_names())


def native(graph: Graph, values: dict[str, Array], name: str = "") -> dict[str, Array]:
    from glassnet.engines.native.machine import NativeProgram

    return NativeProgram(graph, kernels=name).run(values)


def compare(graph: Graph, values: dict[str, Array], name: str = "") -> None:
    expected = gn.Program(graph).run(values)
    found = native(graph, values, name)
    for key, wanted in expected.items():
        assert found[key].dtype == wanted.dtype
        assert found[key].shape == wanted.shape
        tolerance = TOLERANCE.get(DType(wanted.dtype.name), 0.0)
        sizes = np.abs(wanted[np.isfinite(wanted)]) if tolerance else np.ones(1)
        scale = float(np.max(sizes, initial=1.0))
        np.testing.assert_allclose(found[key], wanted, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("name", kernels())
@pytest.mark.parametrize(
    "op",
    [op for op in REGISTRY.values() if op.samples().cases and op.samples().cases[0].inputs],
    ids=repr,
)
def test_op(op: Any, name: str) -> None:
    for _, case, arrays in conformance.cases(op):
        for dtype in (DType.FLOAT64, DType.FLOAT32):
            values: dict[str, Array] = {}
            inputs: dict[str, Tensor] = {}
            for index, array in enumerate(arrays):
                if array.dtype.kind == "f":
                    array = array.astype(dtype.numpy)
                key = f"x{index}"
                values[key] = array
                inputs[key] = input_tensor(key, TensorType(array.shape, DType(array.dtype.name)))
            try:
                output = apply(op, *inputs.values(), **case.attributes)
            except gn.GlassnetError:
                continue  # a case for one of the two types only
            compare(Graph(inputs, {"result": output}), values, name)


@given(steps=STEPS, seed=st.integers(0, 1000), dtype=st.sampled_from(["float64", "float32"]))
@settings(max_examples=150)
def test_random_graphs(steps: Any, seed: int, dtype: str) -> None:
    generator = np.random.default_rng(seed)
    values = {
        f"x{index}": generator.uniform(-1.5, 1.5, shape).astype(dtype)
        for index, shape in enumerate(SHAPES)
    }
    inputs = {
        key: input_tensor(key, TensorType(value.shape, DType(dtype)))
        for key, value in values.items()
    }
    leaves = list(inputs.values())
    output = build(steps, leaves)
    gradients = differentiate(output, leaves).gradients
    outputs = {"value": output, **{f"g{i}": g for i, g in enumerate(gradients)}}
    compare(Graph(inputs, outputs), values)


@pytest.mark.parametrize("width", [*range(1, 70), 127, 128, 129, 255, 256, 257, 300])
def test_widths(width: int) -> None:
    """Every width of a layer, so that no tail of a vector is forgotten."""
    generator = np.random.default_rng(width)
    values = {
        "x": generator.normal(size=(9, 5)),
        "w": generator.normal(size=(width, 5)),
        "b": generator.normal(size=width),
    }
    inputs = {k: input_tensor(k, TensorType(v.shape, DType.FLOAT64)) for k, v in values.items()}
    y = gn.softmax(gn.tanh(inputs["x"] @ inputs["w"].T + inputs["b"]))
    loss = (y * y).sum()
    gradients = differentiate(loss, [inputs["w"], inputs["b"]]).gradients
    outputs = {"y": y, "loss": loss, "w": gradients[0], "b": gradients[1]}
    compare(Graph(inputs, outputs), values)


def test_an_output_takes_the_place_of_an_input() -> None:
    """What is updated in place is read by others before it is written over."""
    kind = TensorType((4, 3), DType.FLOAT64)
    w, x = input_tensor("w", kind), input_tensor("x", TensorType((3, 4), DType.FLOAT64))
    after = gn.tanh(w) + w * 2.0
    outputs = {"w": after, "product": w @ x, "later": after @ x, "turned": w.T + after.T}
    generator = np.random.default_rng(0)
    values = {"w": generator.normal(size=(4, 3)), "x": generator.normal(size=(3, 4))}
    compare(Graph({"w": w, "x": x}, outputs), values)


@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_so(special: float) -> None:
    kind = TensorType((3, 5), DType.FLOAT64)
    x = input_tensor("x", kind)
    outputs = {
        "sum": x.sum(),
        "max": gn.max(x, 1),
        "relu": gn.relu(x),
        "abs": gn.abs(x),
        "square": x**2,
        "product": x @ x.T,
        "logistic": gn.logistic(x),
        "tanh": gn.tanh(x),
    }
    value = np.linspace(-1, 1, 15).reshape(3, 5)
    value[1, 2] = special
    compare(Graph({"x": x}, outputs), {"x": value})


def test_a_class_that_is_not_there_is_an_error_not_a_crash() -> None:
    labels = input_tensor("labels", TensorType((4,), DType.INT64))
    graph = Graph({"labels": labels}, {"y": gn.one_hot(labels, 3).sum(1)})
    with pytest.raises(IndexError, match="from 0 to 2; got 7"):
        native(graph, {"labels": np.array([0, 1, 7, 2])})
