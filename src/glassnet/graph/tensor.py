"""The node of a graph: an operation applied to other nodes. Immutable; compared by identity.

A tensor knows its type at once and its value when asked for it: `tensor.value` runs the reference
engine on what the tensor is made from. So the same object serves a person who tries out a formula
and the engine that runs it a million times.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from glassnet.errors import ArgumentError
from glassnet.graph.operation import Op
from glassnet.graph.types import Array, DType, Shape, TensorType
from glassnet.records import dataclass

__all__ = [
    "OPERATORS",
    "Label",
    "Operand",
    "Provenance",
    "Tensor",
    "apply",
    "learning_of",
    "provenance",
]


@dataclass(frozen=True, slots=True)
class Label:
    """What a textbook calls the quantity: its symbol, its layer, its time step.

    What belongs to the learning of one parameter, such as Δw, says in `of` which one it is. A
    matrix in which those of several gates stand one below the other names them in `blocks`.
    """

    symbol: str = ""
    layer: str = ""
    time: int | None = None
    of: str = ""
    blocks: tuple[str, ...] = ()

    def __str__(self) -> str:
        time = f"({self.time})" if self.time is not None else ""
        return f"{self.layer}.{self.symbol}{time}" if self.layer else f"{self.symbol}{time}"


@dataclass(frozen=True, slots=True, eq=False)
class Provenance:
    """Where a gradient node comes from: the forward node and the op whose rule made it.

    Args:
        of: The forward node whose rule made it.
        rule: The name of that node's op.
        adjoint: The node with respect to which it is the whole derivative; None for a part of one.
    """

    of: Tensor
    rule: str
    adjoint: Tensor | None = None


NO_LABEL = Label()
NO_ATTRIBUTES: Mapping[str, Any] = MappingProxyType({})
_scope: ContextVar[tuple[str, str]] = ContextVar("scope", default=("", ""))
_current: ContextVar[Provenance | None] = ContextVar("provenance", default=None)

# Python's operators, bound by the ops that implement them (see `glassnet.ops`).
OPERATORS: dict[str, Callable[..., Any]] = {}


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True, repr=False)
class Tensor:
    """One node of a graph.

    Made by `gn.tensor`, by operators and by functions such as `gn.relu`; never by hand.

    Args:
        op: The operation.
        inputs: What it is applied to.
        attributes: The operation's settings (axes, shapes, constants).
        type: Shape, number type and axis names of the result.
        label: What a person calls it.
        provenance: For gradient nodes: where it comes from.
    """

    op: Op
    inputs: tuple[Tensor, ...]
    attributes: Mapping[str, Any]
    type: TensorType
    label: Label = NO_LABEL
    provenance: Provenance | None = None

    # NumPy's operators leave `array + tensor` to the tensor, so that it becomes a node.
    __array_priority__ = 1000.0

    @property
    def shape(self) -> Shape:
        """The length of each axis."""
        return self.type.shape

    @property
    def dtype(self) -> DType:
        """The type of the numbers."""
        return self.type.dtype

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.type.ndim

    @property
    def size(self) -> int:
        """The number of elements."""
        return self.type.size

    def named(self, symbol: str, layer: str = "", time: int | None = None) -> Tensor:
        """Return the same tensor under a name that pictures and workings show."""
        scope, of = _scope.get()
        return replace(self, label=Label(symbol, layer or scope, time, of))

    def on(self, inputs: tuple[Tensor, ...]) -> Tensor:
        """Return the same operation on other inputs, under the same name.

        It is this tensor itself if they are its own inputs.
        """
        if inputs == self.inputs:
            return self
        kind = self.type
        if any(new.type is not old.type for new, old in zip(inputs, self.inputs, strict=True)):
            kind = self.op.infer(*(source.type for source in inputs), **self.attributes)
        return Tensor(self.op, inputs, self.attributes, kind, self.label, self.provenance)

    def with_axes(self, *axes: str | None) -> Tensor:
        """Return the same tensor with its axes named (one name, or None, for each axis)."""
        if len(axes) != self.ndim:
            raise ArgumentError(
                f"axes must be {self.ndim} names for shape {self.shape}; got {len(axes)}: {axes}"
            )
        return replace(self, type=TensorType(self.shape, self.dtype, axes))

    # Values, by the engine that has registered itself for it.
    @property
    def value(self) -> Array:
        """The value (NumPy, read-only), worked out now if it was not before."""
        return OPERATORS["value"](self)

    def item(self) -> float:
        """Return the value of a tensor that has one element as a Python number."""
        if self.size != 1:
            raise ArgumentError(f"item() needs a tensor of one element; this one is {self.type}")
        return self.value.item()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        value = self.value
        if dtype is not None and value.dtype != dtype:
            return value.astype(dtype)
        return value.copy() if copy else value

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __bool__(self) -> bool:
        return bool(self.item())

    def __len__(self) -> int:
        if not self.shape:
            raise ArgumentError("a tensor without axes has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        return OPERATORS["show"](self)

    def _repr_html_(self) -> str:
        return OPERATORS["show_html"](self)

    # Python's operators.
    def __add__(self, other: Operand) -> Tensor:
        return OPERATORS["+"](self, other)

    def __radd__(self, other: Operand) -> Tensor:
        return OPERATORS["+"](other, self)

    def __sub__(self, other: Operand) -> Tensor:
        return OPERATORS["-"](self, other)

    def __rsub__(self, other: Operand) -> Tensor:
        return OPERATORS["-"](other, self)

    def __mul__(self, other: Operand) -> Tensor:
        return OPERATORS["*"](self, other)

    def __rmul__(self, other: Operand) -> Tensor:
        return OPERATORS["*"](other, self)

    def __truediv__(self, other: Operand) -> Tensor:
        return OPERATORS["/"](self, other)

    def __rtruediv__(self, other: Operand) -> Tensor:
        return OPERATORS["/"](other, self)

    def __pow__(self, other: Operand) -> Tensor:
        return OPERATORS["**"](self, other)

    def __rpow__(self, other: Operand) -> Tensor:
        return OPERATORS["**"](other, self)

    def __matmul__(self, other: Operand) -> Tensor:
        return OPERATORS["@"](self, other)

    def __rmatmul__(self, other: Operand) -> Tensor:
        return OPERATORS["@"](other, self)

    def __neg__(self) -> Tensor:
        return OPERATORS["neg"](self)

    def __abs__(self) -> Tensor:
        return OPERATORS["abs"](self)

    def __lt__(self, other: Operand) -> Tensor:
        return OPERATORS["<"](self, other)

    def __le__(self, other: Operand) -> Tensor:
        return OPERATORS["<="](self, other)

    def __gt__(self, other: Operand) -> Tensor:
        return OPERATORS["<"](other, self)

    def __ge__(self, other: Operand) -> Tensor:
        return OPERATORS["<="](other, self)

    def __getitem__(self, key: Any) -> Tensor:
        return OPERATORS["[]"](self, key)

    @property
    def T(self) -> Tensor:  # noqa: N802 - the field's own name, as in NumPy and PyTorch
        """The tensor with its axes in reverse order."""
        return OPERATORS["transpose"](self)

    def reshape(self, *shape: int) -> Tensor:
        """Return the elements in another shape; one length may be -1 (worked out)."""
        return OPERATORS["reshape"](self, shape)

    def sum(self, axis: int | tuple[int, ...] | None = None) -> Tensor:
        """Return the sum over all axes, or over those given."""
        return OPERATORS["sum"](self, axis)

    def mean(self, axis: int | tuple[int, ...] | None = None) -> Tensor:
        """Return the mean over all axes, or over those given."""
        return OPERATORS["mean"](self, axis)


Operand = Tensor | Array | float | int | bool | list[Any] | tuple[Any, ...]


def apply(op: Op, *inputs: Tensor, **attributes: Any) -> Tensor:
    """Make the node of an op applied to inputs; the op's `infer` raises where they do not fit."""
    kind = op.infer(*(tensor.type for tensor in inputs), **attributes)
    settings = MappingProxyType(attributes) if attributes else NO_ATTRIBUTES
    return Tensor(op, inputs, settings, kind, NO_LABEL, _current.get())


@contextlib.contextmanager
def learning_of(layer: str, parameter: str) -> Generator[None]:
    """Let what is named inside belong to the learning of a layer's parameter."""
    token = _scope.set((layer, parameter))
    try:
        yield
    finally:
        _scope.reset(token)


@contextlib.contextmanager
def provenance(of: Tensor, rule: str) -> Generator[None]:
    """Mark the nodes that are made inside as gradients of `of` by a rule."""
    token = _current.set(Provenance(of, rule))
    try:
        yield
    finally:
        _current.reset(token)
