"""What every op's record promises, as functions of the op that raise AssertionError.

They take an op from the registry and, where a value or a derivative is judged, the oracle: the
module `oracles.jax_ops`. They share no code with the ops: leaves are made, the op is applied, and
what comes out is compared. Derivatives are taken by the library's own `differentiate`.

A gradient with respect to an output (`seed`) and directions are fixed random arrays.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import numpy as np

from glassnet.errors import GlassnetError
from glassnet.graph import DType, NoGradient, Op, Tensor, TensorType, apply, differentiate
from glassnet.graph.operation import Case, Domain, Movement, Source
from glassnet.ops import constant

Array = np.ndarray[Any, Any]

EPSILON = float(np.finfo(np.float32).eps)
# float32 against float64 on the same numbers: each op rounds a few times; the most that a sample
# adds up is 24 numbers, and the slope of a power comes from a product of three roundings.
FLOAT32 = 16 * EPSILON
# Central differences with a step of 1e-5: h² f‴ / 6 is below 1e-8 where |f‴| is below 600, and the
# rounding of f, 1e-16 / h, is below 1e-10.
STEP, DIFFERENCE = 1e-5, 1e-8


def is_source(op: Op) -> bool:
    """True for the op whose value comes from outside: it has nothing to run."""
    return isinstance(op.native, Source)


def _generator(op: Op, position: int, purpose: int) -> np.random.Generator:
    return np.random.default_rng([zlib.crc32(op.name.encode()), position, purpose])


def _draw(domain: Domain, generator: np.random.Generator) -> Array:
    if domain.kind == "bool":
        return np.asarray(generator.integers(0, 2, domain.shape), np.bool_)
    if domain.kind == "integer":
        return np.asarray(generator.integers(int(domain.low), int(domain.high), domain.shape))
    assert domain.kind == "float", domain
    return np.asarray(generator.uniform(domain.low, domain.high, domain.shape))


def cases(op: Op) -> Iterator[tuple[int, Case, list[Array]]]:
    """Yield each case of an op with its inputs: read-only float64, int64 and bool arrays."""
    for position, case in enumerate(op.samples().cases):
        generator = _generator(op, position, 0)
        inputs = [_draw(domain, generator) for domain in case.inputs]
        for array in inputs:
            array.setflags(write=False)
        yield position, case, inputs


def float_positions(arrays: list[Array]) -> list[int]:
    return [position for position, array in enumerate(arrays) if array.dtype.kind == "f"]


def _as(arrays: list[Array], kind: Any) -> list[Array]:
    """Return the inputs with another number type in place of float64."""
    new = [array.astype(kind) if array.dtype.kind == "f" else array for array in arrays]
    for array in new:
        array.setflags(write=False)
    return new


def _attributes(case: Case, arrays: list[Array]) -> Any:
    """Return a case's attributes for inputs of the float type that these have."""
    narrow = any(array.dtype == np.float32 for array in arrays)
    return case.float32 if narrow and case.float32 is not None else case.attributes


def _type_of(array: Array) -> TensorType:
    return TensorType(array.shape, DType(array.dtype.name))


def _evaluate(op: Op, arrays: list[Any], attributes: Any) -> Any:
    with np.errstate(all="ignore"):
        return op.evaluate(*arrays, **attributes)


def _random(op: Op, position: int, purpose: int, shape: tuple[int, ...]) -> Array:
    return np.asarray(_generator(op, position, purpose).uniform(-1.5, 1.5, shape))


def _seed(op: Op, position: int, shape: tuple[int, ...]) -> Array:
    return _random(op, position, 1, shape)


def _directions(op: Op, position: int, inputs: list[Array]) -> list[Array]:
    return [_random(op, position, 2 + i, inputs[i].shape) for i in float_positions(inputs)]


def _has_derivative(op: Op, case: Case, inputs: list[Array]) -> bool:
    # a cast to yes/no or to whole numbers has no derivative to speak of
    return (
        not isinstance(op.pullback, NoGradient)
        and bool(float_positions(inputs))
        and op.infer(*map(_type_of, inputs), **case.attributes).dtype.is_float
    )


def _differentiable_cases(op: Op) -> Iterator[tuple[int, Case, list[Array]]]:
    return (entry for entry in cases(op) if _has_derivative(op, *entry[1:]))


def _close(actual: Any, desired: Any, tolerance: float, what: str) -> None:
    actual, desired = np.asarray(actual), np.asarray(desired)
    assert actual.shape == desired.shape, f"{what}: shape {actual.shape}, not {desired.shape}"
    assert actual.dtype == desired.dtype, f"{what}: {actual.dtype}, not {desired.dtype}"
    np.testing.assert_allclose(actual, desired, rtol=tolerance, atol=tolerance, err_msg=what)


def _place(op: Op, position: int, what: str) -> str:
    return f"{op.name}, case {position}, {what}"


# --- types ------------------------------------------------------------------------------------


def check_types(op: Op) -> None:
    """What `infer` says is what `evaluate` gives: shape and type, for each type it allows.

    Arrays without axes and NumPy's scalars give the same; inputs are not written to.
    """
    for position, case, inputs in cases(op):
        for kind in (np.float64, np.float32, np.int64, np.bool_):
            floating = kind in (np.float64, np.float32)
            if not floating and not float_positions(inputs):
                continue
            arrays = _as(inputs, kind)
            attributes = _attributes(case, arrays)
            place = _place(op, position, np.dtype(kind).name)
            try:
                expected = op.infer(*map(_type_of, arrays), **attributes)
            except GlassnetError:
                assert not floating, f"{place}: refused"
                continue
            result = _evaluate(op, arrays, attributes)
            scalars = [array[()] for array in arrays]  # NumPy's scalars where there are no axes
            for given in (result, _evaluate(op, scalars, attributes)):
                assert given.shape == expected.shape, f"{place}: {given.shape}, not {expected}"
                assert given.dtype == expected.dtype.numpy, f"{place}: {given.dtype}"
                np.testing.assert_array_equal(given, result, err_msg=place)
            if not floating:  # a whole number is the same number, however it is stored
                wide = [
                    array.astype(np.float64) if index in float_positions(inputs) else array
                    for index, array in enumerate(arrays)
                ]
                plain = np.asarray(_evaluate(op, wide, attributes))
                np.testing.assert_array_equal(result.astype(plain.dtype), plain, err_msg=place)


# --- values -----------------------------------------------------------------------------------


@cache
def judgement(oracle: Any, op: Op, position: int) -> Any:
    """Return the oracle's value and derivatives of a case; found once, for all checks."""
    _, case, inputs = next(entry for entry in cases(op) if entry[0] == position)
    if not _has_derivative(op, case, inputs):
        return oracle.judge(op.name, inputs, case.attributes)
    wrt = float_positions(inputs)
    shape = op.infer(*map(_type_of, inputs), **case.attributes).shape
    seed, directions = _seed(op, position, shape), _directions(op, position, inputs)
    return oracle.judge(op.name, inputs, case.attributes, wrt, seed, directions)


def check_values(op: Op, oracle: Any) -> None:
    """Values are the oracle's: in float64 to the op's tolerance; float32 to its own precision."""
    for position, case, inputs in cases(op):
        result = _evaluate(op, inputs, case.attributes)
        expected = judgement(oracle, op, position).value
        _close(result, expected, op.samples().tolerance, _place(op, position, "value"))
    check_float32_values(op)


def check_float32_values(op: Op) -> None:
    """In float32, values are those of float64 for the same numbers, to float32's precision."""
    for position, case, inputs in cases(op):
        narrow = _as(inputs, np.float32)
        if not float_positions(inputs):
            continue
        wide = np.asarray(_evaluate(op, _as(narrow, np.float64), case.attributes))
        result = np.asarray(_evaluate(op, narrow, _attributes(case, narrow)))
        scale = float(np.max(np.abs(wide), initial=1.0))
        _close(
            result.astype(wide.dtype), wide, FLOAT32 * scale, _place(op, position, "float32 value")
        )


def check_in_jax(op: Op, oracle: Any) -> None:
    """The op's own `jax` field gives the oracle's values, shapes and types."""
    for position, case, inputs in cases(op):
        with oracle.jax.numpy_dtype_promotion("strict"):
            function = partial(op.jax, oracle.jnp, **case.attributes)
            result = oracle.jax.jit(function)(*map(oracle.jnp.asarray, inputs))
        place = _place(op, position, "jax")
        _close(result, judgement(oracle, op, position).value, op.samples().tolerance, place)
    if not is_source(op):
        worked = op.samples().worked
        arrays = [oracle.jnp.asarray(value) for value in worked.inputs]
        result = op.jax(oracle.jnp, *arrays, **worked.attributes)
        np.testing.assert_allclose(result, worked.output, rtol=1e-14, err_msg=f"{op.name}, jax")


def check_worked(op: Op) -> None:
    """The example worked by hand comes out, to the last digit: by an engine, and by `evaluate`."""
    if is_source(op):
        return
    worked = op.samples().worked
    inputs = [np.asarray(value) for value in worked.inputs]
    node = apply(op, *map(constant, inputs), **worked.attributes)
    for value in (node.value, _evaluate(op, inputs, worked.attributes)):
        np.testing.assert_allclose(
            value, worked.output, rtol=1e-15, atol=0, err_msg=f"{op.name}, worked"
        )


# --- derivatives ------------------------------------------------------------------------------


def _applied(op: Op, case: Case, inputs: list[Array]) -> tuple[Tensor, list[Tensor], list[int]]:
    """Apply the op to leaves; return the result, the float leaves and their positions."""
    leaves = [constant(array) for array in inputs]
    wrt = float_positions(inputs)
    return apply(op, *leaves, **_attributes(case, inputs)), [leaves[i] for i in wrt], wrt


def _derivatives(
    op: Op, position: int, case: Case, inputs: list[Array]
) -> tuple[Array, list[Tensor], Tensor, list[Tensor]]:
    """Return the seed's value, the gradients, the seed's leaf and the float leaves."""
    node, leaves, _ = _applied(op, case, inputs)
    seed = _seed(op, position, node.shape)
    leaf = constant(seed.astype(node.dtype.numpy))
    return seed, list(differentiate(node, leaves, leaf).gradients), leaf, leaves


def check_first(op: Op, oracle: Any) -> None:
    """The vector–Jacobian product with a random seed is JAX's, for each float input."""
    for position, case, inputs in _differentiable_cases(op):
        _, gradients, _, _ = _derivatives(op, position, case, inputs)
        expected = judgement(oracle, op, position).first
        for index, (share, wanted) in enumerate(zip(gradients, expected, strict=True)):
            place = _place(op, position, f"first derivative, float input {index}")
            _close(share.value, wanted, op.samples().tolerance, place)


def check_second(op: Op, oracle: Any) -> None:
    """The derivative of Σ direction · gradient is JAX's: with respect to inputs and to the seed."""
    for position, case, inputs in _differentiable_cases(op):
        _, gradients, leaf, leaves = _derivatives(op, position, case, inputs)
        total: list[Array] | None = None
        directions = map(constant, _directions(op, position, inputs))
        for share, direction in zip(gradients, directions, strict=True):
            part = [g.value for g in differentiate(share, [leaf, *leaves], direction).gradients]
            total = part if total is None else [a + b for a, b in zip(total, part, strict=True)]
        assert total is not None
        expected = judgement(oracle, op, position).second
        for index, (share, wanted) in enumerate(zip(total, expected, strict=True)):
            place = _place(op, position, f"second derivative, {index} (0: the seed)")
            _close(share, wanted, op.samples().tolerance, place)


def check_differences(op: Op) -> None:
    """The gradient along a random direction is the central difference of `evaluate`."""
    if isinstance(op.native, Movement) and op.native.pattern == "alias":
        return  # its derivative is stated, and not that of its value: see its kinks
    for position, case, inputs in _differentiable_cases(op):
        seed, gradients, _, _ = _derivatives(op, position, case, inputs)
        directions = _directions(op, position, inputs)
        places = float_positions(inputs)
        for index, share, direction in zip(places, gradients, directions, strict=True):
            ends = []
            for sign in (1.0, -1.0):
                moved = [*inputs]
                moved[index] = inputs[index] + sign * STEP * direction
                ends.append(np.sum(seed * _evaluate(op, moved, case.attributes)))
            difference = (ends[0] - ends[1]) / (2 * STEP)
            scale = max(1.0, float(np.sum(np.abs(share.value * direction))))
            found = float(np.sum(share.value * direction))
            assert abs(found - difference) <= DIFFERENCE * scale, (
                f"{op.name}, case {position}, input {index}: derivative along a line {found}, "
                f"difference {difference}"
            )


def check_float32_first(op: Op) -> None:
    """In float32, gradients are float32, and those of float64 to float32's precision."""
    for position, case, inputs in _differentiable_cases(op):
        narrow = _as(inputs, np.float32)
        _, shares, leaf, _ = _derivatives(op, position, case, narrow)
        node, leaves, _ = _applied(op, case, _as(narrow, np.float64))
        seed = constant(leaf.value.astype(np.float64))
        wide = differentiate(node, leaves, seed).gradients
        for index, (share, wanted) in enumerate(zip(shares, wide, strict=True)):
            place = _place(op, position, f"float32 derivative, float input {index}")
            assert share.dtype is DType.FLOAT32, f"{place}: {share.dtype}"
            scale = float(np.max(np.abs(wanted.value), initial=1.0))
            _close(share.value.astype(np.float64), wanted.value, FLOAT32 * scale, place)


def check_kinks(op: Op) -> None:
    """At each kink or tie the derivative is exactly the subgradient that the record states."""
    for number, kink in enumerate(op.samples().kinks):
        inputs = [np.asarray(value) for value in kink.inputs]
        node, leaves, _ = _applied(op, Case((), kink.attributes), inputs)
        gradients = differentiate(node, leaves).gradients
        for share, stated in zip(gradients, kink.gradients, strict=True):
            np.testing.assert_array_equal(share.value, stated, err_msg=f"{op.name}, kink {number}")


def check_no_gradient(op: Op) -> None:
    """An op without a derivative says why, in a sentence; no derivative passes through it."""
    if not isinstance(op.pullback, NoGradient):
        return
    assert len(op.pullback.reason) > 20, f"{op.name}: no reason is given"
    for position, case, inputs in cases(op):
        if any(array.dtype.kind == "f" for array in inputs):
            kind = op.infer(*map(_type_of, inputs), **case.attributes)
            assert not kind.dtype.is_float, _place(op, position, "a float result of float inputs")


# --- all of it --------------------------------------------------------------------------------

WITHOUT_ORACLE = (
    check_worked,
    check_types,
    check_float32_values,
    check_kinks,
    check_differences,
    check_float32_first,
    check_no_gradient,
)
WITH_ORACLE = (check_values, check_in_jax, check_first, check_second)


def check_op(op: Op, oracle: Any = None) -> None:
    """Run every check on an op; without an oracle, those that need none."""
    for check in WITHOUT_ORACLE:
        check(op)
    for compare in WITH_ORACLE if oracle is not None else ():
        compare(op, oracle)
