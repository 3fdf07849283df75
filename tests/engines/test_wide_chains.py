"""Chains on wide rows: operands read as they are, sums of products; values worked out again."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from engines.test_chains import FLOATS, inputs_of, sweeps
from engines.test_native import compare, kernels, native
from glassnet.engines.native import why_not
from glassnet.engines.native.instructions import Fused
from glassnet.engines.native.lowering import lower
from glassnet.engines.native.machine import NativeProgram
from glassnet.engines.native.passes import again
from glassnet.graph import DType, Graph, Tensor
from glassnet.graph.types import Array

pytestmark = pytest.mark.skipif(why_not() is not None, reason=str(why_not()))


def table(rows: int, width: int, dtype: DType) -> tuple[dict[str, Tensor], dict[str, Array]]:
    """Two tables, a row, a column, a single number; a row and a column of whole numbers."""
    generator = np.random.default_rng(rows + width)
    shapes = {"a": (rows, width), "b": (rows, width), "row": (1, width), "column": (rows, 1)}
    values: dict[str, Array] = {
        name: generator.normal(size=shape).astype(dtype.numpy) for name, shape in shapes.items()
    }
    values["one"] = np.array(0.7, dtype.numpy)
    values["numbers"] = generator.integers(0, 5, width)
    return inputs_of(values), values


@pytest.mark.parametrize("name", kernels())
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("rows", [1, 2, 7, 150])
@pytest.mark.parametrize("width", [8, 32, 33, 48, 64, 100, 300])
def test_operands_of_all_kinds(width: int, rows: int, dtype: DType, name: str) -> None:
    inputs, values = table(rows, width, dtype)
    a, b, row, column, one, numbers = inputs.values()
    spread = gn.broadcast(row, (rows, width))
    constant = gn.tensor(np.linspace(-1, 1, width), dtype=dtype.value)
    outputs = {
        "first": a - row,
        "fraction": (column * a) / (2.0 + gn.exp(column)),
        "second": a - column,
        "both": column - row,
        "single": (one - row) * a,
        "constant": constant * a,
        "whole": gn.cast(numbers, dtype.value) * a,
        "multiply_add": column * a + row,
        "added": a * row + column,
        "subtract_product": row - column * a,
        "two products": column * a + row * b,
        "moved": a + column * (row - a),
        "moved by one": a + one * (row - a),
        "moved back": a + (a - row) * column,
        "largest": gn.maximum(a, row),
        "chosen": gn.select(gn.less(a, column), spread, b),
        "one operand": gn.tanh(spread) * a,
        "sum": (a * row).sum(1),
        "gain": (a * b).sum(0),
        "gain of a row": (a * row).sum(0),
        "gain of a column": (a * column).sum(0),
        "of numbers": (column * a).sum(1),
        "squares": gn.square(b).sum(1),
        "distances": gn.square(row - a).sum(1),
        "from numbers": gn.square(a - column).sum(1),
        "from one": gn.square(one - a).sum(1),
        "normal": (a - a.mean(1).reshape(rows, 1)) * a.sum(1).reshape(rows, 1),
        "lost twice": gn.square((a - b * row) * column).sum(1),
    }
    with np.errstate(all="ignore"):
        compare(Graph(inputs, outputs), values, name)


@pytest.mark.parametrize("name", kernels())
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("shape", [(60, 5), (40, 17), (5, 20), (30, 64), (30, 101)])
def test_the_bits_are_those_of_the_operations_apart(
    shape: tuple[int, int], dtype: DType, name: str
) -> None:
    inputs, values = table(*shape, dtype)
    a, b, row, column = list(inputs.values())[:4]
    graph = Graph(inputs, {"moved": a + column * (row - a)})
    together = native(graph, values, name)
    kept = {"square": gn.square(row - a), "product": a * b}
    sums = {
        "distances": kept["square"].sum(1),
        "dot": kept["product"].sum(1),
        "gain": kept["product"].sum(0),
    }
    apart, summed = (
        native(Graph(inputs, {**kept, **sums}), values, name),
        native(Graph(inputs, sums), values, name),
    )
    for key in sums:
        np.testing.assert_array_equal(apart[key], summed[key])
    step = values["column"] * (values["row"] - values["a"])
    np.testing.assert_array_equal(together["moved"], values["a"] + step)


def test_which_sweeps_there_are() -> None:
    inputs, _ = table(40, 64, DType.FLOAT64)
    a, b, row, column = list(inputs.values())[:4]

    def codes(**outputs: Tensor) -> list[str]:
        return sweeps(Graph(inputs, outputs))

    assert codes(y=gn.square(row - a).sum(1)) == ["row_sum_of_square_differences"]
    assert codes(y=(a * b).sum(1)) == ["row_sum_of_products"]
    assert codes(y=(a * b).sum(0)) == ["rows_sum_of_products"]
    assert codes(y=a + column * (row - a)) == ["add_scaled_difference"]
    assert codes(y=column * a + row) == ["multiply_add"]
    assert codes(y=gn.maximum(column, a)) == ["maximum"]
    difference = row - a  # wanted for itself
    found = codes(y=gn.square(difference).sum(1), z=difference)
    assert found == ["subtract", "row_sum_of_products"]
    assert codes(y=b + column * difference, z=difference) == ["subtract", "multiply_add"]
    # A difference that has a product of its own to work out is not worked out with the next.
    assert codes(y=b + column * (row - a * b)) == ["subtract_product", "multiply_add"]


def map_step(units: int, inputs: int, dtype: DType) -> tuple[Graph, dict[str, Array]]:
    """Distances, and an update that depends on them: two chains with x − w."""
    generator = np.random.default_rng(units)
    values: dict[str, Array] = {
        "w": generator.normal(size=(units, inputs)).astype(dtype.numpy),
        "x": generator.normal(size=(1, inputs)).astype(dtype.numpy),
    }
    given = inputs_of(values)
    w, x = given.values()
    apart = x - w
    squares = gn.square(apart).sum(1)
    winner = gn.argmax(-squares.reshape(1, units), 1)
    share = gn.exp(-squares / gn.gather(squares, winner)).reshape(units, 1)
    return Graph(given, {"w": w + share * apart, "winner": winner}), values


def chains_of(graph: Graph) -> list[Fused]:
    return [i for i in lower(graph).instructions if isinstance(i, Fused)]


@pytest.mark.parametrize("name", kernels())
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("units", "inputs"), [(400, 64), (150, 50), (50, 20)])
def test_a_difference_is_worked_out_again(units: int, inputs: int, dtype: DType, name: str) -> None:
    graph, values = map_step(units, inputs, dtype)
    compare(graph, values, name)
    size = units * inputs
    kept = [b for chain in chains_of(graph) for b in chain.writes if b.size == size]
    large = size * dtype.numpy.itemsize >= again.LARGE
    assert len(kept) == (1 if large else 2)  # the new w; and x − w


def test_what_is_not_worked_out_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(again, "LARGE", 0)

    def is_left(graph: Graph) -> bool:
        return again.work_out_again(graph) is graph

    graph, _ = map_step(9, 40, DType.FLOAT64)
    assert not is_left(graph)
    inputs, _ = table(9, 40, DType.FLOAT64)
    a, b = inputs["a"], inputs["b"]
    product = a * b
    largest = gn.argmax(product.sum(1), 0)  # no part of a chain
    share = gn.cast(largest, "float64")
    assert is_left(Graph(inputs, {"y": product * share}))  # would read two tables, not one
    assert not is_left(Graph(inputs, {"y": product * share + a - b}))
    assert is_left(Graph(inputs, {"y": product * share + a - b, "product": product}))


@pytest.mark.parametrize("threads", [2, 3])
@pytest.mark.parametrize("dtype", FLOATS)
def test_bits_for_any_number_of_threads(dtype: DType, threads: int) -> None:
    graph, values = map_step(1500, 77, dtype)
    alone = NativeProgram(graph).run(values)
    shared = NativeProgram(graph, threads=threads).run(values)
    for key, value in alone.items():
        np.testing.assert_array_equal(shared[key], value)


# --- reductions that are no part of a chain -------------------------------------------------------
@pytest.mark.parametrize("name", kernels())
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("n", [1, 2, 7, 16, 63, 64, 65, 127, 128, 129, 400, 1000, 5000])
def test_one_long_row(n: int, dtype: DType, name: str) -> None:
    generator = np.random.default_rng(n)
    x = generator.integers(-50, 50, (1, n)).astype(dtype.numpy)  # with ties
    places = generator.permutation(n)[:3]
    for special in (None, np.nan, np.inf, -np.inf):
        if special is not None:
            x[0, places] = special
        inputs = inputs_of({"x": x})
        row = inputs["x"]
        outputs = {
            "place": gn.argmax(row, 1),
            "largest": gn.max(row, 1),
            "sum": row.sum(1),
            "mean": row.mean(1),
            "logsumexp": gn.logsumexp(row, 1),
        }
        with np.errstate(all="ignore"):
            compare(Graph(inputs, outputs), {"x": x}, name)
        x = generator.integers(-50, 50, (1, n)).astype(dtype.numpy)


@pytest.mark.parametrize("dtype", [*FLOATS, DType.INT64])
def test_several_axes(dtype: DType) -> None:
    """Those that lie together are one; others are walked."""
    x = np.random.default_rng(0).integers(-9, 9, (3, 4, 5, 6)).astype(dtype.numpy)
    inputs = inputs_of({"x": x})
    t = inputs["x"]
    outputs: dict[str, Tensor] = {}
    for axes in [(0,), (3,), (2, 3), (1, 2), (1, 3), (0, 2, 3), (1, 2, 3)]:
        outputs[f"max {axes}"] = gn.max(t, axes)
        outputs[f"sum {axes}"] = gn.sum(t, axes)
    for axis in range(4):
        outputs[f"argmax {axis}"] = gn.argmax(t, axis)
    compare(Graph(inputs, outputs), {"x": x})
