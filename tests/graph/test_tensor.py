"""Tensors: immutable nodes with a type, a value when asked, and names for the reader."""

from __future__ import annotations

import gc
import weakref
from dataclasses import FrozenInstanceError
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import glassnet as gn
from glassnet.errors import ArgumentError, DTypeError
from glassnet.graph import REGISTRY, Op, TensorType
from glassnet.graph.types import broadcast_shapes
from glassnet.ops import constant, input_tensor

# --- what does not change -------------------------------------------------------------------------


def test_nodes_are_frozen() -> None:
    x = gn.tensor([1.0, 2.0]) * 2.0
    for field in ("op", "inputs", "attributes", "type", "label", "provenance"):
        with pytest.raises(FrozenInstanceError):
            setattr(x, field, None)
    with pytest.raises(TypeError):
        x.sum().attributes["axes"] = ()  # type: ignore[index]
    with pytest.raises(FrozenInstanceError):
        x.type.shape = (3,)  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        x.op.name = "other"  # type: ignore[misc]


def test_values_are_read_only() -> None:
    x = gn.tensor([[1.0, 2.0]])
    for y in (x, x * 2.0, x.T, x.reshape(2), gn.broadcast(x, (3, 2)), x[0], gn.stop_gradient(x)):
        with pytest.raises(ValueError, match="read-only"):
            y.value[...] = 0.0
    np.array(x)[0, 0] = 5.0  # a copy may be written to
    assert x.value.tolist() == [[1.0, 2.0]]


def test_the_source_array_may_change_later() -> None:
    for make in (gn.tensor, constant):
        array = np.array([1.0, 2.0])
        x = make(array)
        y = x * array
        array[:] = 7.0
        assert x.value.tolist() == [1.0, 2.0]
        assert y.value.tolist() == [1.0, 4.0]
        assert array.flags.writeable


def test_a_value_is_worked_out_once_and_freed_with_its_tensor() -> None:
    y = gn.exp(gn.tensor([1.0, 2.0]))
    assert y.value is y.value
    watched = weakref.ref(y)
    del y
    gc.collect()
    assert watched() is None


def test_op_names_are_unique_and_records_complete() -> None:
    add = REGISTRY["add"]
    fields = {name: getattr(add, name) for name in Op.__dataclass_fields__}
    with pytest.raises(AssertionError, match="two ops are named 'add'"):
        Op(**fields)
    for missing in fields:
        rest = {name: value for name, value in fields.items() if name != missing}
        with pytest.raises(TypeError, match=missing):
            Op(**rest)
    assert REGISTRY["add"] is add


# --- values in and out ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1, "float64"),
        ([1, 2], "float64"),
        ([[1, 2.5]], "float64"),
        (True, "bool"),
        ([], "float64"),
        (np.array([1, 2], np.int32), "int64"),
        (np.array([1, 2], np.uint8), "int64"),
        (np.array([1.0], np.float16), "float32"),
        (np.array([1.0], np.float32), "float32"),
        (np.float64(2.0), "float64"),
        (np.int64(2), "int64"),
        (np.array([True]), "bool"),
        (gn.ones(2, dtype="float32"), "float32"),
    ],
)
def test_types_of_tensors(value: Any, dtype: str) -> None:
    x = gn.tensor(value)
    assert x.dtype == dtype
    np.testing.assert_array_equal(x.value, np.asarray(value))
    assert x.shape == np.shape(value)
    assert x.size == np.size(value)
    assert x.ndim == np.ndim(value)


@pytest.mark.parametrize(
    ("value", "dtype", "error", "words"),
    [
        (["a"], None, DTypeError, "numbers are needed; got <U1 .*'a'"),
        ([None], None, DTypeError, "numbers are needed; got object"),
        ([1j], None, DTypeError, "complex"),
        ([[1.0], [2.0, 3.0]], None, ArgumentError, "not a table of numbers"),
        ([1.0], "float16", ArgumentError, "dtype must be one of float64, float32, int64, bool"),
    ],
)
def test_what_is_no_tensor(
    value: Any, dtype: str | None, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        gn.tensor(value, dtype=dtype)


def test_conversions() -> None:
    x = gn.tensor([2.0])
    assert (float(x), int(x), bool(x), x.item()) == (2.0, 2, True, 2.0)
    assert np.asarray(x).tolist() == [2.0]
    assert np.asarray(x, dtype=np.float32).dtype == np.float32
    assert np.sqrt(gn.tensor([4.0])).tolist() == [2.0]
    assert isinstance(gn.tensor(1).item(), float)
    for convert in (float, int, bool, gn.Tensor.item):
        with pytest.raises(ArgumentError, match=r"one element; this one is float64\[2\]"):
            convert(gn.ones(2))


def test_zeros_and_ones() -> None:
    assert gn.zeros(2, 3, dtype="int64").value.tolist() == [[0] * 3] * 2
    assert gn.ones().shape == ()
    assert gn.ones(2, dtype="bool").value.tolist() == [True, True]


# --- axes and their names -------------------------------------------------------------------------

EXAMPLES = input_tensor("x", TensorType((5, 3), gn.DType.FLOAT64, ("example", "source")))
WEIGHTS = input_tensor("w", TensorType((2, 3), gn.DType.FLOAT64, ("neuron", "source")))
BIAS = input_tensor("b", TensorType((2,), gn.DType.FLOAT64, ("neuron",)))
INDICES = input_tensor("i", TensorType((4,), gn.DType.INT64, ("time",)))


@pytest.mark.parametrize(
    ("make", "axes"),
    [
        (lambda: EXAMPLES * 2.0, ("example", "source")),
        (lambda: 2.0 - EXAMPLES, ("example", "source")),
        (lambda: EXAMPLES < 0.0, ("example", "source")),
        (lambda: gn.cast(EXAMPLES, "float32"), ("example", "source")),
        (lambda: gn.select(EXAMPLES < 0.0, 0.0, EXAMPLES), ("example", "source")),
        (lambda: WEIGHTS.T, ("source", "neuron")),
        (lambda: EXAMPLES @ WEIGHTS.T, ("example", "neuron")),
        (lambda: gn.tanh(EXAMPLES @ WEIGHTS.T + BIAS), ("example", "neuron")),
        (lambda: gn.ones(5, 2) + BIAS, (None, "neuron")),
        (lambda: gn.broadcast(BIAS, (7, 2)), (None, "neuron")),
        (lambda: EXAMPLES.sum(0), ("source",)),
        (lambda: EXAMPLES.mean(-1), ("example",)),
        (lambda: gn.max(EXAMPLES, 1), ("example",)),
        (lambda: gn.argmax(EXAMPLES, 1), ("example",)),
        (lambda: WEIGHTS @ EXAMPLES[0], ("neuron",)),
        (lambda: EXAMPLES[0], ("source",)),
        (lambda: EXAMPLES[1:3], ("example", "source")),
        (lambda: EXAMPLES[:, None, :], ("example", None, "source")),
        (lambda: EXAMPLES.reshape(15), (None,)),
        (lambda: EXAMPLES.reshape(1, 5, 3), (None, "example", "source")),
        (lambda: gn.gather(EXAMPLES, INDICES), ("time", "source")),
        (lambda: gn.one_hot(INDICES, 3), ("time", None)),
        (lambda: gn.pad(EXAMPLES, [1, 0], [0, 0]), ("example", "source")),
        (lambda: gn.concatenate([EXAMPLES, gn.ones(2, 3)]), ("example", "source")),
        (lambda: EXAMPLES.with_axes("time", None), ("time", None)),
    ],
)
def test_axis_names_propagate(make: Any, axes: tuple[str | None, ...]) -> None:
    assert make().type.axes == axes


def test_the_first_name_wins() -> None:
    other = EXAMPLES.with_axes("time", "neuron")
    assert (EXAMPLES + other).type.axes == ("example", "source")
    assert (gn.ones(5, 3) + other).type.axes == ("time", "neuron")


def test_names_of_axes_must_be_as_many_as_the_axes() -> None:
    with pytest.raises(ArgumentError, match=r"2 names for shape \(5, 3\); got 1"):
        EXAMPLES.with_axes("example")


def test_types_print_their_axes() -> None:
    assert str(EXAMPLES.type) == "float64[example=5, source=3]"
    assert str(TensorType((), gn.DType.BOOL)) == "bool[]"
    assert str(TensorType((2, 0), gn.DType.INT64)) == "int64[2, 0]"


@given(st.lists(st.lists(st.integers(0, 3), max_size=4).map(tuple), max_size=4))
def test_broadcast_shapes_are_numpys(shapes: list[tuple[int, ...]]) -> None:
    try:
        expected = np.broadcast_shapes(*shapes)
    except ValueError:
        expected = None
    assert broadcast_shapes(*shapes) == expected
