"""Ops that rearrange, join, cut and look up, held to NumPy over many shapes, empty ones too."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import glassnet as gn
from glassnet.errors import ArgumentError, DTypeError, ShapeError
from glassnet.graph import differentiate
from glassnet.ops import constant

SHAPES = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)


def numbers(shape: tuple[int, ...]) -> Any:
    """Return 1, 2, 3, … in a shape: every element can be told from the others."""
    return np.arange(1.0, 1.0 + math.prod(shape)).reshape(shape)


def check(found: gn.Tensor, expected: Any, *leaves: gn.Tensor) -> None:
    """Compare with NumPy; gradients have the shapes of what they are gradients of."""
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found.value, expected)
    assert found.value.dtype == expected.dtype
    for leaf, share in zip(leaves, differentiate(found, leaves).gradients, strict=True):
        assert share.type == leaf.type
        assert np.isfinite(share.value).all()


# --- indexing -------------------------------------------------------------------------------------


@st.composite
def arrays_and_keys(draw: Any) -> tuple[Any, Any]:
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
    keys = hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True, max_dims=7)
    key = draw(keys.filter(lambda key: _forward(key, shape)))
    return numbers(shape), key


def _forward(key: Any, shape: tuple[int, ...]) -> bool:
    entries = key if isinstance(key, tuple) else (key,)
    return all((e.step or 1) > 0 for e in entries if isinstance(e, slice))


@given(arrays_and_keys())
def test_indexing(case: tuple[Any, Any]) -> None:
    array, key = case
    x = gn.tensor(array)
    found, expected = x[key], np.asarray(array[key])
    check(found, expected)
    (share,) = differentiate(found, [x]).gradients
    scattered = np.zeros_like(array)
    scattered[key] = 1.0
    np.testing.assert_array_equal(share.value, scattered)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (3, r"\[3\]: 3 is outside axis 0 of shape \(3, 4\)"),
        ((0, -5), r"-5 is outside axis 1 of shape \(3, 4\)"),
        ((0, 0, 0), r"more entries than the 2 axes of shape \(3, 4\)"),
        ((..., 0, ...), "more entries"),
        (slice(None, None, -1), "steps must be 1 or more"),
        ([0, 1], "use whole numbers, slices, None or .*gather"),
        (np.array([0, 1]), "gather"),
        (np.array([True, False, True]), "gather"),
        (True, "use whole numbers"),
        (1.0, "use whole numbers"),
        ("a", "use whole numbers"),
    ],
)
def test_indexing_errors(key: Any, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        gn.ones(3, 4)[key]


def test_indexing_of_nothing() -> None:
    with pytest.raises(ArgumentError, match=r"0 is outside axis 0 of shape \(0, 2\)"):
        gn.zeros(0, 2)[0]
    with pytest.raises(ArgumentError, match="more entries"):
        gn.tensor(1.0)[0]


def test_iteration_and_length() -> None:
    x = gn.tensor([[1.0, 2.0], [3.0, 4.0]])
    assert len(x) == 2
    assert [row.value.tolist() for row in x] == [[1.0, 2.0], [3.0, 4.0]]
    with pytest.raises(ArgumentError, match="no length"):
        len(gn.tensor(1.0))


# --- reshape, transpose, broadcast ----------------------------------------------------------------


@given(SHAPES, st.data())
def test_reshape(shape: tuple[int, ...], data: st.DataObject) -> None:
    array = numbers(shape)
    x = gn.tensor(array)
    factors = [n for n in shape if n != 1]
    new = tuple(data.draw(st.permutations([*factors, 1])))
    check(x.reshape(*new), array.reshape(new), x)
    check(x.reshape(new), array.reshape(new), x)
    check(gn.reshape(x, (math.prod(shape),)), array.reshape(-1), x)
    if array.size:
        check(x.reshape(-1), array.reshape(-1), x)
        check(x.reshape(1, -1), array.reshape(1, -1), x)


@pytest.mark.parametrize(
    ("shape", "error", "words"),
    [
        ((7,), ShapeError, r"\(2, 3\) holds 6 elements, \(7,\) would hold 7"),
        ((4, -1), ShapeError, r"6 elements of \(2, 3\) do not fill \(4, -1\)"),
        ((0, -1), ShapeError, "do not fill"),
        ((-1, -1), ArgumentError, "at most one length may be -1"),
        ((-2, 3), ArgumentError, "0 or more"),
    ],
)
def test_reshape_errors(shape: tuple[int, ...], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        gn.ones(2, 3).reshape(*shape)


@given(SHAPES, st.data())
def test_transpose(shape: tuple[int, ...], data: st.DataObject) -> None:
    array = numbers(shape)
    x = gn.tensor(array)
    order = data.draw(st.permutations(range(len(shape))))
    signed = [axis - len(shape) if data.draw(st.booleans()) else axis for axis in order]
    check(gn.transpose(x, signed), array.transpose(signed), x)
    check(x.T, array.T, x)
    check(gn.transpose(gn.transpose(x, order), np.argsort(order).tolist()), array, x)


def test_transpose_errors() -> None:
    for order in ([0, 0], [0], [0, 1, 1]):
        with pytest.raises(ArgumentError, match=r"each of the 2 axes of \(2, 3\) once"):
            gn.transpose(gn.ones(2, 3), order)
    with pytest.raises(ArgumentError, match="from -2 to 1 for 2 axes; got 2"):
        gn.transpose(gn.ones(2, 3), [0, 2])


@given(hnp.mutually_broadcastable_shapes(num_shapes=1, base_shape=(2, 1, 3), max_dims=4))
def test_broadcast(shapes: hnp.BroadcastableShapes) -> None:
    array = numbers(shapes.input_shapes[0])
    x = gn.tensor(array)
    target = np.broadcast_shapes(array.shape, (2, 1, 3))
    found = gn.broadcast(x, target)
    check(found, np.broadcast_to(array, target), x)
    (share,) = differentiate(found, [x]).gradients
    repeats = math.prod(target) / max(array.size, 1)
    np.testing.assert_array_equal(share.value, np.full(array.shape, repeats))


def test_broadcast_errors() -> None:
    for shape, target in (((2,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((2,), (0,)), ((2,), (1,))):
        with pytest.raises(ShapeError) as error:
            gn.broadcast(gn.ones(*shape), target)
        assert str(shape) in str(error.value)
        assert str(target) in str(error.value)


# --- concatenate, stack, pad, slice ---------------------------------------------------------------


@given(SHAPES.filter(len), st.data())
def test_concatenate_and_stack(shape: tuple[int, ...], data: st.DataObject) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    lengths = data.draw(st.lists(st.integers(0, 3), min_size=1, max_size=3))
    arrays = []
    for length in lengths:
        own = list(shape)
        own[axis] = length
        arrays.append(numbers(tuple(own)) + 100 * len(arrays))
    leaves = [gn.tensor(array) for array in arrays]
    check(gn.concatenate(leaves, axis), np.concatenate(arrays, axis), *leaves)
    same = [numbers(shape) + 100 * part for part in range(3)]
    leaves = [gn.tensor(array) for array in same]
    place = data.draw(st.integers(-len(shape) - 1, len(shape)))
    check(gn.stack(leaves, place), np.stack(same, place), *leaves)


def test_joining_numbers() -> None:
    x = gn.tensor(2.0, dtype="float32")
    joined = gn.stack([x, 3, 4.5])
    assert joined.dtype == "float32"
    assert joined.value.tolist() == [2.0, 3.0, 4.5]


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: gn.concatenate([]), ArgumentError, "at least one"),
        (lambda: gn.stack([]), ArgumentError, "at least one"),
        (lambda: gn.concatenate([gn.tensor(1.0)]), ArgumentError, "no axis 0"),
        (lambda: gn.concatenate([gn.ones(2), gn.ones(2)], 1), ArgumentError, "got 1"),
        (
            lambda: gn.concatenate([gn.ones(2, 3), gn.ones(3, 2)]),
            ShapeError,
            r"\(2, 3\) and \(3, 2\) differ outside axis 0",
        ),
        (lambda: gn.concatenate([gn.ones(2), gn.ones(2, 1)]), ShapeError, r"\(2,\) and \(2, 1\)"),
        (
            lambda: gn.concatenate([gn.ones(2), gn.ones(2, dtype="float32")]),
            DTypeError,
            "float64 and float32",
        ),
        (
            lambda: gn.stack([gn.ones(2), gn.ones(3)]),
            ShapeError,
            r"stack: shapes \(2,\) and \(3,\)",
        ),
        (lambda: gn.stack([gn.ones(2), gn.ones(2)], 3), ArgumentError, "from -2 to 1"),
        (lambda: gn.pad(gn.ones(2), [1], [-1]), ArgumentError, r"each axis of \(2,\)"),
        (lambda: gn.pad(gn.ones(2), [1, 1], [1, 1]), ArgumentError, r"each axis of \(2,\)"),
        (lambda: gn.slice(gn.ones(2), [0], [3]), ShapeError, r"inside shape \(2,\)"),
        (lambda: gn.slice(gn.ones(2), [2], [1]), ShapeError, r"inside shape \(2,\)"),
        (lambda: gn.slice(gn.ones(2), [-1], [1]), ShapeError, r"inside shape \(2,\)"),
        (lambda: gn.slice(gn.ones(2), [0], [1], [0]), ArgumentError, "step ≥ 1"),
        (lambda: gn.slice(gn.ones(2, 2), [0], [1]), ArgumentError, r"each axis of \(2, 2\)"),
    ],
)
def test_joining_errors(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()


@given(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4), st.data())
def test_pad(shape: tuple[int, ...], data: st.DataObject) -> None:
    counts = st.tuples(*[st.integers(0, 2)] * len(shape))
    low, high, between = data.draw(counts), data.draw(counts), data.draw(counts)
    array = numbers(shape)
    spread = np.zeros([n + max(n - 1, 0) * gap for n, gap in zip(shape, between, strict=True)])
    spread[tuple(slice(None, None, gap + 1) for gap in between)] = array
    expected = np.pad(spread, list(zip(low, high, strict=True))) if shape else array
    x = gn.tensor(array)
    found = gn.pad(x, low, high, between)
    check(found, expected, x)
    (share,) = differentiate(found, [x]).gradients
    np.testing.assert_array_equal(share.value, np.ones(shape))


@given(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=6), st.data())
def test_slice(shape: tuple[int, ...], data: st.DataObject) -> None:
    bounds = [sorted(data.draw(st.tuples(*[st.integers(0, n)] * 2))) for n in shape]
    step = [data.draw(st.integers(1, 3)) for _ in shape]
    array = numbers(shape)
    x = gn.tensor(array)
    key = tuple(slice(low, high, by) for (low, high), by in zip(bounds, step, strict=True))
    found = gn.slice(x, [low for low, _ in bounds], [high for _, high in bounds], step)
    check(found, np.asarray(array[key]), x)


# --- gather, scatter-add, one-hot -----------------------------------------------------------------


@given(
    hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4),
    hnp.array_shapes(min_dims=0, max_dims=2, min_side=0, max_side=3),
    st.data(),
)
def test_gather_and_scatter_add(
    shape: tuple[int, ...], places: tuple[int, ...], data: st.DataObject
) -> None:
    axis = data.draw(st.integers(-len(shape), len(shape) - 1))
    size = shape[axis]
    indices = data.draw(hnp.arrays(np.int64, places, elements=st.integers(0, size - 1)))
    array = numbers(shape)
    x = gn.tensor(array)
    found = gn.gather(x, indices, axis)
    expected = np.take(array, indices, axis)
    check(found, expected, x)

    added = np.zeros(shape)
    left = axis % len(shape)
    for place in np.ndindex(*places):
        into = (slice(None),) * left + (int(indices[place]),)
        added[into] += expected[(slice(None),) * left + place]
    back = gn.scatter_add(found, indices, size, axis)
    np.testing.assert_array_equal(back.value, added)
    (share,) = differentiate(found, [x], found).gradients
    np.testing.assert_array_equal(share.value, added)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: gn.gather(gn.ones(3), [0.5]), DTypeError, "indices must be int64; got float64"),
        (lambda: gn.gather(gn.ones(3), [0, 3]).value, ArgumentError, "from 0 to 2; got 3"),
        (lambda: gn.gather(gn.ones(3), [-1]).value, ArgumentError, "from 0 to 2; got -1"),
        (lambda: gn.gather(gn.ones(3), [0], 1), ArgumentError, "from -1 to 0"),
        (lambda: gn.gather(gn.tensor(1.0), [0]), ArgumentError, "no axis 0"),
        (
            lambda: gn.scatter_add(gn.ones(3), [0, 1], 4),
            ShapeError,
            r"\(3,\) .* indices have \(2,\)",
        ),
        (lambda: gn.scatter_add(gn.ones(2), [0, 4], 4).value, ArgumentError, "0 to 3; got 4"),
        (lambda: gn.scatter_add(gn.ones(2), [0, 1], -4), ArgumentError, "size .* got -4"),
        (lambda: gn.scatter_add(gn.ones(2), [0, 1], 4, 1), ArgumentError, "got 1"),
        (lambda: gn.scatter_add(gn.ones(2), [0.0, 1.0], 4), DTypeError, "got float64"),
        (lambda: gn.scatter_add(gn.ones(2) < 0, [0, 1], 4), DTypeError, "yes and no"),
        (lambda: gn.one_hot([0, 2], 2).value, ArgumentError, "from 0 to 1; got 2"),
        (lambda: gn.one_hot([0], 0), ArgumentError, "classes must be 1 or more; got 0"),
        (lambda: gn.one_hot([0], 2, "int64"), DTypeError, "got int64"),
        (lambda: gn.one_hot([0.0], 2), DTypeError, "got float64"),
    ],
)
def test_index_errors(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()


def test_one_hot() -> None:
    found = gn.one_hot([[0, 2], [1, 1]], 3, "float32")
    assert found.dtype == "float32"
    np.testing.assert_array_equal(found.value, np.eye(3)[[[0, 2], [1, 1]]])
    assert gn.one_hot([], 3).shape == (0, 3)


# --- reductions and products ----------------------------------------------------------------------


@given(SHAPES, st.data())
def test_reductions(shape: tuple[int, ...], data: st.DataObject) -> None:
    axes = data.draw(st.sets(st.integers(0, len(shape) - 1)) if shape else st.just(set()))
    signed = tuple(axis - len(shape) if data.draw(st.booleans()) else axis for axis in axes)
    array = numbers(shape)
    x = gn.tensor(array)
    for axis in (None, signed, *(signed[:1] if signed else ())):
        check(x.sum(axis), np.asarray(array.sum(axis)), x)
        if all(shape[a] for a in (range(len(shape)) if axis is None else np.atleast_1d(axis))):
            np.testing.assert_allclose(x.mean(axis).value, array.mean(axis), rtol=1e-15)
            check(gn.max(x, axis), np.asarray(array.max(axis)), x)
            np.testing.assert_allclose(
                gn.logsumexp(x, axis).value, _logsumexp(array, axis), rtol=1e-14
            )
    if shape and all(shape):
        np.testing.assert_array_equal(gn.argmax(x).value, array.argmax(-1))


def _logsumexp(array: Any, axis: Any) -> Any:
    return np.log(np.exp(array).sum(axis))  # the numbers are 256 at most


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: gn.ones(2).sum(1), ArgumentError, "sum: axis must be from -1 to 0"),
        (lambda: gn.ones(2, 3).mean((0, -2)), ArgumentError, "names an axis twice"),
        (lambda: gn.zeros(2, 0).mean(1), ShapeError, r"nothing .* \(2, 0\)"),
        (lambda: gn.max(gn.zeros(0)), ShapeError, r"max: .* \(0,\)"),
        (lambda: gn.logsumexp(gn.zeros(0)), ShapeError, r"logsumexp: .* \(0,\)"),
        (lambda: gn.argmax(gn.zeros(0)), ShapeError, r"argmax: .* \(0,\)"),
        (lambda: gn.argmax(gn.tensor(0.0)), ArgumentError, "argmax: .* no axis -1"),
        (lambda: gn.sum(gn.ones(2) < 0), DTypeError, "sum: not defined for bool"),
        (lambda: gn.mean(constant([1, 2])), DTypeError, "mean: not defined for int64"),
    ],
)
def test_reduction_errors(make: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()


@st.composite
def matmul_shapes(draw: Any) -> tuple[tuple[int, ...], tuple[int, ...]]:
    leading = draw(hnp.mutually_broadcastable_shapes(num_shapes=2, max_dims=2, max_side=3))
    m, k, n = (draw(st.integers(0, 4)) for _ in range(3))
    left = (k,) if draw(st.booleans()) else (*leading.input_shapes[0], m, k)
    right = (k,) if draw(st.booleans()) else (*leading.input_shapes[1], k, n)
    return left, right


@given(matmul_shapes())
def test_matmul(shapes: tuple[tuple[int, ...], tuple[int, ...]]) -> None:
    a, b = map(numbers, shapes)
    left, right = gn.tensor(a), gn.tensor(b)
    check(left @ right, np.asarray(a @ b), left, right)


@pytest.mark.parametrize(
    ("a", "b"), [((2, 3), (2, 3)), ((3,), (2,)), ((2, 3), (2,)), ((2, 2, 3), (2, 3)), ((), (2,))]
)
def test_matmul_names_both_shapes(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="matmul: shapes"):
        gn.ones(*a) @ gn.ones(*b)
    with pytest.raises(ShapeError, match=r"leading axes of \(2, 2, 3\) and \(3, 3, 1\)"):
        gn.ones(2, 2, 3) @ gn.ones(3, 3, 1)


def test_matmul_types() -> None:
    with pytest.raises(DTypeError, match="float32 and float64"):
        gn.ones(2, 2, dtype="float32") @ gn.ones(2, 2)
    with pytest.raises(DTypeError, match="int64 and int64"):
        constant([[1]]) @ constant([[1]])
