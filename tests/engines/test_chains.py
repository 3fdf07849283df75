"""Chains of the native engine: blocks that lie turned, sweeps with products, softmax shared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from engines.test_native import compare, kernels, native
from glassnet.engines.native import why_not
from glassnet.engines.native.instructions import Fused
from glassnet.engines.native.passes.common import share
from glassnet.engines.native.passes.simplify import simplify
from glassnet.engines.native.passes.softmax import share_softmax
from glassnet.graph import DType, Graph, Tensor, TensorType, differentiate
from glassnet.graph.types import Array
from glassnet.nn.activations import log_softmax
from glassnet.ops import input_tensor

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))

FLOATS = (DType.FLOAT32, DType.FLOAT64)


def inputs_of(values: dict[str, Array]) -> dict[str, Tensor]:
    return {
        name: input_tensor(name, TensorType(value.shape, DType(value.dtype.name)))
        for name, value in values.items()
    }


def classifier(rows: int, width: int, dtype: DType) -> tuple[Graph, dict[str, Array]]:
    """Cross-entropy, its gradient, accuracy, and what else rows are folded to."""
    generator = np.random.default_rng(rows + width)
    values: dict[str, Array] = {
        "v": (3 * generator.normal(size=(rows, width))).astype(dtype.numpy),
        "gain": generator.normal(size=width).astype(dtype.numpy),
        "class": generator.integers(0, width, rows),
    }
    inputs = inputs_of(values)
    v, gain, classes = inputs.values()
    code = gn.one_hot(classes, width, dtype=dtype.value)
    scaled = v * gain
    loss = -(code * log_softmax(scaled)).sum(1).mean()
    gradients = differentiate(loss, [v, gain]).gradients
    a = gn.softmax(scaled)
    right = gn.equal(gn.argmax(a, 1), classes)
    centred = scaled - scaled.mean(1).reshape(rows, 1)
    outputs = {
        "loss": loss,
        "g": gradients[0],
        "gain": gradients[1],
        "a": a,
        "largest": gn.max(scaled, 1),
        "logsumexp": gn.logsumexp(scaled, 1),
        "class": gn.argmax(a, 1),
        "right": right,
        "accuracy": gn.cast(right, dtype.value).mean(),
        "total": (centred * centred).sum(),
        "positive": gn.less(gn.tensor(0.0, dtype=dtype.value), centred),
        "mean": (scaled * scaled).mean(0),
    }
    return Graph(inputs, outputs), values


@pytest.mark.parametrize("name", kernels())
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("rows", [1, 9, 16, 17, 32, 100, 1500])
@pytest.mark.parametrize("width", [1, 2, 3, 4, 5, 8, 10, 15, 16, 17, 31, 32, 33])
def test_rows(width: int, rows: int, dtype: DType, name: str) -> None:
    """Rows of all widths, in whole blocks and in parts of one."""
    graph, values = classifier(rows, width, dtype)
    compare(graph, values, name)


@pytest.mark.parametrize("name", kernels())
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("special", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("shape", [(5, 20), (40, 2), (40, 7), (40, 16)])
def test_rows_with_special_numbers(
    shape: tuple[int, int], special: float, dtype: DType, name: str
) -> None:
    values = {"x": np.linspace(-9, 9, shape[0] * shape[1]).reshape(shape).astype(dtype.numpy)}
    values["x"][1, 0] = special
    values["x"][2, -1] = special
    values["x"][3, :2] = special
    values["x"][4, :] = special
    inputs = inputs_of(values)
    x = inputs["x"]
    outputs = {
        "largest": gn.max(x, 1),
        "place": gn.argmax(x, 1),
        "sum": x.sum(1),
        "softmax": gn.softmax(x),
        "rows": (x * 2.0).sum(0),
        "several": gn.max(x * x, 1) + gn.max(x + 1.0, 1),
    }
    with np.errstate(all="ignore"):
        compare(Graph(inputs, outputs), values, name)


@pytest.mark.parametrize("name", kernels())
@pytest.mark.parametrize("wrong", [-1, 3, 2**40])
@pytest.mark.parametrize("rows", [4, 21])
def test_a_class_that_is_not_there(rows: int, wrong: int, name: str) -> None:
    values: dict[str, Any] = {"class": np.zeros(rows, np.int64), "x": np.ones((rows, 3))}
    values["class"][rows - 1] = wrong
    inputs = inputs_of(values)
    code = gn.one_hot(inputs["class"], 3, dtype="float64") * inputs["x"]
    outputs = {"a": code.sum(1), "b": gn.max(code, 1), "c": gn.argmax(code, 1)}
    with pytest.raises(IndexError, match=f"from 0 to 2; got {wrong}"):
        native(Graph(inputs, outputs), values, name)


@pytest.mark.parametrize("name", kernels())
@pytest.mark.parametrize("dtype", FLOATS)
def test_whole_numbers(dtype: DType, name: str) -> None:
    """Rounding to whole numbers, beyond what fits into an integer and at −0 too."""
    sizes = [0.0, 0.25, 0.5, 1.0, 1.5, 8388607.5, 8388609.0, 3e9, 1e19, 1e30, np.inf]
    numbers = np.array([*sizes, *(-size for size in sizes), np.nan], dtype.numpy)
    inputs = inputs_of({"x": numbers})
    found = native(Graph(inputs, {"floor": gn.floor(inputs["x"])}), {"x": numbers}, name)["floor"]
    np.testing.assert_array_equal(found, np.floor(numbers))
    np.testing.assert_array_equal(np.signbit(found[:-1]), np.signbit(np.floor(numbers[:-1])))


def sweeps(graph: Graph) -> list[str]:
    """Return the codes of a graph's chains."""
    from glassnet.engines.native.lowering import lower

    found = [i for i in lower(graph).instructions if isinstance(i, Fused)]
    return [step.code for chain in found for step in chain.steps]


@pytest.mark.parametrize("name", kernels())
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("size", [1, 7, 1000, 5000])
def test_sums_of_products(size: int, dtype: DType, name: str) -> None:
    generator = np.random.default_rng(size)
    values = {key: generator.normal(size=size).astype(dtype.numpy) for key in "abcd"}
    values["rate"] = np.array(0.3, dtype.numpy)
    inputs = inputs_of(values)
    a, b, c, d, rate = inputs.values()
    forms = {
        "both": a * b + c * d,
        "first": a * b + d,
        "second": a + c * d,
        "less": a - c * d,
        "kept": a * b - c,
        "momentum": 0.9 * a + rate * b,
        "one single": rate * a + c * d,
        "square": 1.0 - a * a,
        "twice": a * b + a * b,
        "nothing": a * b - b * a,
    }
    compare(Graph(inputs, forms), values, name)
    apart = native(Graph(inputs, {"ab": a * b, "cd": c * d}), values, name)
    together = native(Graph(inputs, forms), values, name)
    # The bits are those of the operations one by one.
    np.testing.assert_array_equal(together["both"], apart["ab"] + apart["cd"])
    np.testing.assert_array_equal(together["less"], values["a"] - apart["cd"])
    assert not together["nothing"].any()


def test_which_products_are_worked_out_with_their_sum() -> None:
    values = {key: np.ones(4) for key in "abcd"}
    inputs = inputs_of(values)
    a, b, c, d = inputs.values()

    def codes(**outputs: Tensor) -> list[str]:
        return sweeps(Graph(inputs, outputs))

    assert codes(y=a * b + c * d) == ["sum_of_products"]
    assert codes(y=a * b + c) == ["multiply_add"]
    assert codes(y=c - a * b) == ["subtract_product"]
    assert codes(y=a * b - c) == ["multiply", "subtract"]
    product = a * b  # wanted for itself
    assert codes(y=product + c, z=product) == ["multiply", "add"]
    assert codes(y=product + c, z=product - c) == ["multiply", "add", "subtract"]


def test_a_product_that_waits_reads_the_value_of_before() -> None:
    """The new w stands where the old one was, unless a product with the old one comes later."""
    values = {"w": np.arange(4.0), "x": np.ones(4)}
    inputs = inputs_of(values)
    w, x = inputs["w"], inputs["x"]
    product = w * 3.0
    new = gn.tanh(w) + x
    # In this order: the product, the new w, the sum with the product.
    compare(Graph(inputs, {"later": product + gn.exp(new), "w": new}), values)


@pytest.mark.parametrize("rows", [1, 2, 40])
def test_a_sum_in_the_place_of_an_operand_of_its_chain(rows: int) -> None:
    """It is cleared before the chain begins: the chain needs the operand whole."""
    values = {"x": np.arange(3.0 * rows).reshape(rows, 3), "gain": np.array([1.0, 2.0, 3.0])}
    inputs = inputs_of(values)
    x, gain = inputs.values()
    product = x * gain
    outputs = {"gain": product.sum(0), "y": product, "z": gn.exp(-product) * gain}
    compare(Graph(inputs, outputs), values)


def softmax_codes(outputs: dict[str, Tensor], inputs: dict[str, Tensor]) -> list[str]:
    return [node.op.name for node in share_softmax(share(simplify(Graph(inputs, outputs)))).nodes]


def test_softmax_is_worked_out_once() -> None:
    inputs = inputs_of({"v": np.ones((20, 4)), "class": np.zeros(20, np.int64)})
    v, classes = inputs.values()
    code = gn.one_hot(classes, 4, dtype="float64")
    loss = -(code * log_softmax(v)).sum(1).mean()
    outputs = {"loss": loss, "g": differentiate(loss, [v]).gradients[0], "a": gn.softmax(v)}
    steps = sweeps(Graph(inputs, outputs))
    assert [steps.count(code) for code in ("exp", "log", "divide", "row_max")] == [1, 1, 1, 1]
    assert "row_logsumexp" not in steps
    assert steps.count("row_sum") == 1  # of the powers
    assert steps.count("row_sum_of_products") == 1  # of what the code picks


def test_what_is_no_softmax_is_left() -> None:
    """Without the maximum taken off, a power could overflow."""
    inputs = inputs_of({"v": np.ones((20, 4)), "u": np.ones((20, 4))})
    v, u = inputs.values()
    assert "logsumexp" in softmax_codes({"y": gn.logsumexp(v, 1)}, inputs)
    other = v - gn.max(u, 1).reshape(20, 1)
    assert "logsumexp" in softmax_codes({"y": gn.logsumexp(other, 1)}, inputs)
    along = v - gn.max(v, 0)
    assert "logsumexp" in softmax_codes({"y": gn.logsumexp(along, 0)}, inputs)
    graph = Graph(inputs, {"y": v + u})
    assert share_softmax(graph) is graph


def test_the_sum_of_a_code_is_its_factor() -> None:
    values = {"class": np.array([0, 2, 1])}
    inputs = inputs_of(values)
    code = gn.one_hot(inputs["class"], 3, dtype="float32")
    row = (-(code * 0.25)).sum(1)
    assert softmax_codes({"row": row}, inputs).count("sum") == 1  # or a wrong class passes unseen
    outputs = {"row": row, "powers": gn.exp(code), "column": (code * 0.25).sum(0)}
    assert softmax_codes(outputs, inputs).count("sum") == 1
    compare(Graph(inputs, outputs), values)
