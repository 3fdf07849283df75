"""Where values enter a graph: constants and inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from glassnet.errors import ArgumentError, DTypeError
from glassnet.graph.operation import (
    Case,
    Constant,
    Explanation,
    NoGradient,
    Op,
    Samples,
    Source,
    Worked,
)
from glassnet.graph.tensor import OPERATORS, Label, Operand, Tensor, apply
from glassnet.graph.types import Array, Axes, DType, TensorType

__all__ = ["constant", "input_tensor", "ones", "tensor", "zeros"]


def _infer_constant(*, value: Array, axes: Axes = ()) -> TensorType:
    return TensorType(value.shape, DType(value.dtype.name), axes)


def _infer_input(*, name: str, kind: TensorType) -> TensorType:
    return kind


CONSTANT = Op(
    name="constant",
    infer=_infer_constant,
    evaluate=lambda value, axes=(): value,
    pullback=NoGradient("a constant is made from nothing"),
    native=Constant(),
    jax=lambda jnp, value, axes=(): jnp.asarray(value),
    explain=Explanation("{value}", "A number that is given."),
    samples=lambda: Samples(
        cases=(Case((), {"value": np.array([1.5, -2.0])}),),
        worked=Worked((), [0.25, 4.0], {"value": np.array([0.25, 4.0])}),
    ),
)

INPUT = Op(
    name="input",
    infer=_infer_input,
    evaluate=lambda **_: _no_value(),
    pullback=NoGradient("an input is made from nothing"),
    native=Source(),
    jax=lambda jnp, **_: _no_value(),
    explain=Explanation("{name}", "A number that comes from outside."),
    samples=lambda: Samples(cases=(), worked=Worked((), None)),
)


def _no_value() -> Array:
    raise ArgumentError("an input of a graph has no value until the graph is run")


def as_array(value: Any, dtype: DType | str | None = None) -> Array:
    """Return a read-only array of one of the four number types.

    Python's decimal numbers become float64, whole numbers in a list int64. Small NumPy types are
    widened: float16 to float32, the integers to int64.
    """
    try:
        array = np.asarray(value)
    except ValueError as error:
        raise ArgumentError(f"not a table of numbers: {error}") from error
    if array.dtype.kind not in "fiub":
        raise DTypeError(
            f"numbers are needed; got {array.dtype} (first entries: {np.ravel(array)[:3].tolist()})"
        )
    if dtype is None:
        widened = {"b": DType.BOOL, "i": DType.INT64, "u": DType.INT64}
        small = array.dtype.name in ("float32", "float16")
        dtype = widened.get(array.dtype.kind, DType.FLOAT32 if small else DType.FLOAT64)
    array = np.array(array, dtype=DType(dtype).numpy)
    array.setflags(write=False)
    return array


def constant(value: Any, dtype: DType | None = None) -> Tensor:
    """Return a constant: the array is copied, so later changes to it change nothing here."""
    return apply(CONSTANT, value=as_array(value, dtype))


def tensor(value: Operand, name: str = "", *, dtype: DType | str | None = None) -> Tensor:
    """Return a tensor with the given value.

    Args:
        value: A number, a (nested) list of numbers of any shape, or a NumPy array. It is copied.
        name: What a person calls it; shown in pictures and workings.
        dtype: "float64", "float32", "int64" or "bool"; if not given, whole numbers in a list count
            as float64 too, since derivatives need them, and arrays keep their type.

    Raises:
        ArgumentError: Rows of different lengths, or an unknown dtype.
        DTypeError: Entries that are no numbers.

    >>> import glassnet as gn
    >>> w = gn.tensor([2.0], "w")
    >>> w * 3
    tensor([6.])
    """
    if isinstance(value, Tensor):
        value = value.value
    array = as_array(value, dtype)
    if dtype is None and not isinstance(value, np.ndarray | np.generic):
        array = array if array.dtype == np.bool_ else as_array(array, DType.FLOAT64)
    node = apply(CONSTANT, value=array)
    return Tensor(node.op, (), node.attributes, node.type, Label(name))


def zeros(*shape: int, dtype: DType | str = DType.FLOAT64) -> Tensor:
    """Return a tensor of zeros of a shape."""
    return constant(np.zeros(shape), DType(dtype))


def ones(*shape: int, dtype: DType | str = DType.FLOAT64) -> Tensor:
    """Return a tensor of ones of a shape."""
    return constant(np.ones(shape), DType(dtype))


def input_tensor(name: str, kind: TensorType) -> Tensor:
    """Return a graph's input: its value is given at each run."""
    node = apply(INPUT, name=name, kind=kind)
    return Tensor(node.op, (), node.attributes, node.type, Label(name))


def filled(like: Tensor, value: float) -> Tensor:
    """Return a constant of the type of another tensor, one value throughout."""
    return OPERATORS["broadcast"](constant(value, like.dtype), like.shape)


OPERATORS["constant"] = constant
OPERATORS["input"] = input_tensor
OPERATORS["filled"] = filled
