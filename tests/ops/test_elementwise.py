"""Elementwise ops: operators, number types, broadcasting, and derivatives at special points."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

import glassnet as gn
from glassnet.errors import ArgumentError, DTypeError, ShapeError
from glassnet.graph import REGISTRY, Op
from glassnet.ops import constant

BINARY = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@pytest.mark.parametrize("symbol", BINARY)
@pytest.mark.parametrize("other", [2.0, 3, [1.0, 2.0, 4.0], np.array([1.0, 2.0, 4.0])])
def test_operators_on_both_sides(symbol: str, other: object) -> None:
    apply = BINARY[symbol]
    x = np.array([1.0, 2.0, 3.0])
    for found, expected in (
        (apply(gn.tensor(x), other), apply(x, np.asarray(other))),
        (apply(other, gn.tensor(x)), apply(np.asarray(other), x)),
        (apply(gn.tensor(x), gn.tensor(other)), apply(x, np.asarray(other))),
    ):
        assert isinstance(found, gn.Tensor)
        np.testing.assert_array_equal(found.value, expected)


def test_matmul_operator_on_both_sides() -> None:
    a, b = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    for found in (gn.tensor(a) @ gn.tensor(b), a @ gn.tensor(b), gn.tensor(a) @ b):
        assert isinstance(found, gn.Tensor)
        np.testing.assert_array_equal(found.value, a @ b)
    assert isinstance([1.0, 2.0] @ gn.tensor(a), gn.Tensor)


def test_unary_operators_and_scalars_of_numpy() -> None:
    x = gn.tensor([-1.5, 2.0])
    np.testing.assert_array_equal((-x).value, [1.5, -2.0])
    np.testing.assert_array_equal(abs(x).value, [1.5, 2.0])
    doubled = np.float64(2.0) * x
    assert isinstance(doubled, gn.Tensor)
    np.testing.assert_array_equal(doubled.value, [-3.0, 4.0])


def test_tensors_are_compared_by_identity() -> None:
    x, same = gn.tensor(1.0), gn.tensor(1.0)
    assert x != same
    assert len({x, same}) == 2
    assert gn.equal(x, same).item() is True
    assert gn.not_equal(x, same).item() is False


# --- number types ------------------------------------------------------------------------------


def test_types_do_not_mix() -> None:
    a, b = gn.ones(2, dtype="float32"), gn.ones(2)
    with pytest.raises(DTypeError) as error:
        _ = a + b
    assert str(error.value) == (
        "add: number types float32 and float64 do not mix; "
        'convert one of them, as in `gn.cast(tensor, "float32")`'
    )
    for other in (np.ones(2), np.float64(1.0), constant([1, 2])):
        with pytest.raises(DTypeError, match="do not mix"):
            _ = a * other


@pytest.mark.parametrize("symbol", [s for s in BINARY if "=" not in s and s not in "<>"])
@pytest.mark.parametrize("number", [2, 0.5, True, [1, 2], (0.5, 0.5)])
def test_python_numbers_take_the_tensors_type(symbol: str, number: object) -> None:
    x = gn.ones(2, dtype="float32")
    for result in (BINARY[symbol](x, number), BINARY[symbol](number, x)):
        assert result.dtype == "float32"
        assert result.value.dtype == np.float32


def test_whole_numbers() -> None:
    i = constant([1, 2])
    assert i.dtype == "int64"
    assert (i + 1).value.tolist() == [2, 3]
    assert (3 - i).dtype == "int64"
    with pytest.raises(DTypeError, match=r"1\.5 is no whole number.*int64.*gn\.cast"):
        _ = i + 1.5
    with pytest.raises(DTypeError, match="divide: not defined for int64"):
        _ = i / 2
    with pytest.raises(DTypeError, match="add: not defined for bool"):
        _ = (i < 2) + (i < 2)


TWO_FLOATS = sorted(
    name
    for name, op in REGISTRY.items()
    if op.samples().cases and [d.kind for d in op.samples().cases[0].inputs].count("float") >= 2
)


@pytest.mark.parametrize("name", TWO_FLOATS)
def test_no_op_mixes_number_types(name: str) -> None:
    op: Op = REGISTRY[name]
    case = op.samples().cases[0]
    kinds = [domain.kind for domain in case.inputs]
    types = [
        gn.TensorType(
            domain.shape,
            {"bool": gn.DType.BOOL, "integer": gn.DType.INT64}.get(domain.kind, gn.DType.FLOAT64),
        )
        for domain in case.inputs
    ]
    types[kinds.index("float")] = types[kinds.index("float")].with_dtype(gn.DType.FLOAT32)
    with pytest.raises(DTypeError, match=f"{name}.*float32.*float64"):
        op.infer(*types, **case.attributes)


def test_select() -> None:
    x = gn.tensor([1.0, -2.0], dtype="float32")
    assert gn.select(x < 0, 0, x).dtype == "float32"
    assert gn.select(x < 0, x, 0.0).value.tolist() == [0.0, -2.0]
    assert gn.select(True, [[1.0], [2.0]], [3.0, 4.0]).shape == (2, 2)
    with pytest.raises(DTypeError, match="condition must be bool; got float32"):
        gn.select(x, x, x)


def test_cast() -> None:
    x = gn.tensor([0.0, 1.5, -2.5])
    assert gn.cast(x, "int64").value.tolist() == [0, 1, -2]
    assert gn.cast(x, "bool").value.tolist() == [False, True, True]
    assert gn.cast(x, gn.DType.FLOAT64) is x
    with pytest.raises(ArgumentError, match=r"dtype must be one of float64, .*'float16'"):
        gn.cast(x, "float16")


def test_clip_errors() -> None:
    for low, high in ((1.0, 0.0), (math.nan, 1.0)):
        with pytest.raises(ArgumentError, match=f"low={low}, high={high}"):
            gn.clip(gn.tensor([0.5]), low, high)


# --- broadcasting -------------------------------------------------------------------------------


@given(hnp.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=3, min_side=0))
def test_broadcasting_is_numpys(shapes: hnp.BroadcastableShapes) -> None:
    arrays = [
        np.arange(math.prod(shape), dtype=float).reshape(shape) + 1 for shape in shapes.input_shapes
    ]
    a, b, c = map(gn.tensor, arrays)
    expected = np.where(arrays[0] < arrays[1], arrays[1] * arrays[2], arrays[0] - arrays[2])
    found = gn.select(a < b, b * c, a - c)
    assert found.shape == shapes.result_shape
    np.testing.assert_array_equal(found.value, expected)
    for tensor, share in zip((a, b, c), gn.grad(found.sum(), (a, b, c)), strict=True):
        assert share.shape == tensor.shape


@pytest.mark.parametrize("op", [gn.add, gn.maximum, gn.less, gn.power])
def test_shapes_that_do_not_fit_are_both_named(op: Callable[..., gn.Tensor]) -> None:
    with pytest.raises(
        ShapeError, match=r"shapes \(2, 3\) and \(2,\) do not fit: .*from the right"
    ):
        op(gn.ones(2, 3), gn.ones(2))
    with pytest.raises(ShapeError, match=r"select: shapes \(2,\) and \(3,\) and \(\)"):
        gn.select(gn.ones(2) < 0, gn.ones(3), 0.0)


def test_infer_never_broadcasts() -> None:
    """Only the `broadcast` op repeats: an op's own `infer` refuses different shapes."""
    a, b = gn.TensorType((2, 3), gn.DType.FLOAT64), gn.TensorType((3,), gn.DType.FLOAT64)
    with pytest.raises(ShapeError, match=r"add: shapes \(2, 3\) and \(3,\) differ"):
        REGISTRY["add"].infer(a, b)


# --- values and derivatives at special points -----------------------------------------------------


def _derivatives(function: Callable[[gn.Tensor], gn.Tensor], at: float, order: int) -> list[float]:
    x = gn.tensor(at)
    y, found = function(x), []
    for _ in range(order):
        found.append(y.item())
        y = gn.graph.differentiate(y, [x]).gradients[0]
    return [*found, y.item()]


@pytest.mark.parametrize(
    ("exponent", "at", "derivatives"),
    [
        (0.0, 0.0, [1, 0, 0, 0]),
        (1.0, 0.0, [0, 1, 0, 0, 0]),
        (2.0, 0.0, [0, 0, 2, 0, 0, 0]),
        (3.0, 0.0, [0, 0, 0, 6, 0, 0]),
        (2.0, -3.0, [9, -6, 2, 0, 0]),
        (3.0, -2.0, [-8, 12, -12, 6, 0, 0]),
    ],
)
def test_whole_powers_stay_finite_however_often_differentiated(
    exponent: float, at: float, derivatives: list[float]
) -> None:
    orders = len(derivatives) - 1
    assert _derivatives(lambda x: x**exponent, at, orders) == derivatives
    assert _derivatives(lambda x: gn.power(x, gn.tensor(exponent)), at, orders) == derivatives


def test_mixed_second_derivative_of_a_power() -> None:
    """∂²(bᵉ)/∂b∂e = bᵉ⁻¹(1 + e ln b), also where e = 0."""
    for b, e in ((2.0, 0.0), (2.0, 1.0), (0.5, 3.0), (1.5, -2.0)):
        base, exponent = gn.tensor(b), gn.tensor(e)
        slope = gn.grad(base**exponent, base)
        expected = b ** (e - 1) * (1 + e * math.log(b))
        np.testing.assert_allclose(gn.grad(slope, exponent).value, expected, rtol=1e-14)


def test_derivatives_of_a_power_with_a_base_of_zero_stay_finite() -> None:
    base, exponent = gn.tensor(0.0), gn.tensor(3.0)
    first = gn.grad(base**exponent, (base, exponent))
    for share in first:
        for second in gn.graph.differentiate(share, [base, exponent]).gradients:
            assert second.item() == 0.0


def test_square_roots_and_logarithms_at_zero() -> None:
    assert _derivatives(gn.sqrt, 0.0, 1) == [0.0, math.inf]
    assert _derivatives(gn.log, 0.0, 1) == [-math.inf, math.inf]


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_functions_that_must_not_overflow(dtype: str) -> None:
    x = gn.tensor([-1e4, -100.0, 100.0, 1e4], dtype=dtype)
    for function, expected in (
        (gn.logistic, [0.0, math.exp(-100.0), 1.0, 1.0]),
        (gn.tanh, [-1.0, -1.0, 1.0, 1.0]),
        (gn.erf, [-1.0, -1.0, 1.0, 1.0]),
    ):
        y = function(x)
        np.testing.assert_allclose(y.value, expected, rtol=1e-6, atol=1e-44)
        (slope,) = gn.graph.differentiate(y, [x]).gradients
        assert np.all(np.isfinite(slope.value))
        assert np.all(np.abs(slope.value) < 1e-40)


def test_erf_against_the_c_library() -> None:
    x = np.concatenate([np.linspace(-7, 7, 1401), [1e-300, -1e-20, 0.46875, 4.0, 40.0, -1e9]])
    expected = [math.erf(value) for value in x.tolist()]
    np.testing.assert_allclose(gn.erf(x).value, expected, rtol=5e-16)


def test_not_a_number_passes_through() -> None:
    x = gn.tensor([math.nan])
    for function in (gn.exp, gn.tanh, gn.logistic, gn.erf, gn.abs, gn.sqrt, gn.floor):
        assert math.isnan(function(x).value[0]), function
    assert math.isnan(gn.maximum(x, 0.0).value[0])


# --- the derivatives that are printed -----------------------------------------------------------

READ = (
    ("−", "-"),
    ("·", "*"),
    ("²", "**2"),
    ("√π", "sqrt(pi)"),
    ("/(2{y})", "/(2*{y})"),
    ("{y}(", "{y}*("),
    ("e^", "e**"),
    ("^", "**"),
)


def _read(formula: str) -> str:
    """Turn a printed formula of single numbers into Python."""
    for printed, python in READ:
        formula = formula.replace(printed, python)
    for word in ("ln", "sin", "cos", "sign"):
        formula = formula.replace(f"{word} {{0}}", f"{word}({{0}})")
    return formula


PRINTED = [
    pytest.param(op, id=name) for name, op in sorted(REGISTRY.items()) if op.explain.derivatives
]


@pytest.mark.parametrize("op", PRINTED)
def test_printed_derivatives_are_the_derivatives(op: Op) -> None:
    """What a worked page says of ∂y/∂x, put in numbers, is what `differentiate` finds."""
    names = {"ln": math.log, "sin": math.sin, "cos": math.cos, "sqrt": math.sqrt, "pi": math.pi,
             "e": math.e, "sign": lambda value: math.copysign(1.0, value)}  # fmt: skip
    case = op.samples().cases[0]
    floats = [domain for domain in case.inputs if domain.kind == "float"]
    assert len(op.explain.derivatives) == len(floats)
    numbers = [domain.low + 0.7 * (domain.high - domain.low) for domain in floats]
    leaves = [gn.tensor(number) for number in numbers]
    attributes = dict(case.attributes)
    y = gn.graph.apply(op, *leaves, **attributes)
    shares = gn.graph.differentiate(y, leaves).gradients
    for formula, share in zip(op.explain.derivatives, shares, strict=True):
        text = _read(formula).format(*(f"({n!r})" for n in numbers), y=f"({y.item()!r})")
        assert eval(text, names) == pytest.approx(share.item(), rel=1e-12), (formula, text)
