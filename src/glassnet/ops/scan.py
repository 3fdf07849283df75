"""Recurrence: the same graph step after step, each given what the step before left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from typing import Any

from glassnet.errors import ArgumentError, DTypeError, ShapeError
from glassnet.graph.evaluation import run_loop
from glassnet.graph.graph import topological_order
from glassnet.graph.loop import Final, Loop, Result, Stack, substitute
from glassnet.graph.loop_derivative import pull_loop
from glassnet.graph.operation import (
    Case,
    Domain,
    Explanation,
    Joint,
    Movement,
    Op,
    Recurrence,
    Samples,
    Worked,
)
from glassnet.graph.tensor import OPERATORS, Tensor, apply
from glassnet.graph.types import Array, DType, TensorType
from glassnet.ops.declare import as_tensor

__all__ = ["Structure", "scan"]

Structure = Any  # a tensor, None, or tuples, lists and dicts of structures


# --- the op ---------------------------------------------------------------------------------------
def _infer(*types: TensorType, loop: Loop, output: Result) -> TensorType:
    wanted = loop.input_types()
    if len(types) != len(wanted):
        raise ShapeError(f"scan: {loop!r} takes {len(wanted)} tensors; got {len(types)}")
    for place, (kind, needed) in enumerate(zip(types, wanted, strict=True)):
        if kind.dtype != needed.dtype:
            raise DTypeError(f"scan: tensor {place} is {kind.dtype}, the loop's is {needed.dtype}")
        if kind.shape != needed.shape:
            raise ShapeError(f"scan: tensor {place} is {kind}, the loop's is {needed}")
    for carry, node in zip(loop.carries, loop.following, strict=True):
        if (carry.shape, carry.dtype) != (node.shape, node.dtype):
            raise ShapeError(f"scan: a carry that is {carry.type} becomes {node.type}")
    return loop.type_of(output)


def _evaluate(*inputs: Array, loop: Loop, output: Result) -> Array:
    return run_loop(*inputs, loop=loop, outputs=(output,))[0]


def _jax(jnp: Any, *inputs: Any, loop: Loop, output: Result) -> Any:
    lax: Any = import_module("jax.lax")  # optional: only JAX itself calls this
    first, along = len(loop.carries), len(loop.elements)
    stacked = output.node if isinstance(output, Stack) else loop.following[0]
    order = topological_order([*loop.following, stacked])

    def body(carried: Any, entries: Any) -> Any:
        given = (*carried, *entries, *inputs[first + along :])
        values: dict[Tensor, Any] = dict(zip(loop.inputs, given, strict=True))
        for node in order:
            if node not in values:
                sources = (values[source] for source in node.inputs)
                values[node] = node.op.jax(jnp, *sources, **node.attributes)
        return tuple(values[node] for node in loop.following), values[stacked]

    sequences = tuple(inputs[first : first + along])
    last, stack = lax.scan(
        body, tuple(inputs[:first]), sequences, length=loop.length, reverse=loop.reverse
    )
    return stack if isinstance(output, Stack) else last[output.carry]


def _sample(dtype: DType, reverse: bool, final: bool) -> dict[str, Any]:
    """Return the attributes of a result of the loop h ← w h + x."""
    h, x, w = (OPERATORS["input"](name, TensorType((2,), dtype)) for name in "hxw")
    loop = Loop((h,), (x,), (w,), (w * h + x,), 3, reverse)
    return {"loop": loop, "output": Final(0) if final else Stack(loop.following[0])}


def _case(reverse: bool, final: bool) -> Case:
    attributes, narrow = (
        _sample(dtype, reverse, final) for dtype in (DType.FLOAT64, DType.FLOAT32)
    )
    return Case((Domain((2,)), Domain((3, 2)), Domain((2,))), attributes, narrow)


SCAN = Op(
    name="scan",
    infer=_infer,
    evaluate=_evaluate,
    pullback=Joint(
        lambda gradients, inputs, active, loop: pull_loop(SCAN, gradients, inputs, active, loop),
        "loop",
    ),
    native=Recurrence(run_loop),
    jax=_jax,
    explain=Explanation("{loop}", "The same is done at each step, with what the last one left."),
    samples=lambda: Samples(
        cases=(
            _case(reverse=False, final=True),
            _case(reverse=False, final=False),
            _case(reverse=True, final=False),
        ),
        worked=Worked(
            ([1.0, 0.0], [[1.0, 1.0], [0.0, 1.0], [2.0, 1.0]], [2.0, 1.0]),
            [14.0, 3.0],  # 2 (2 (2 · 1 + 1) + 0) + 2; ((0 + 1) + 1) + 1
            _sample(DType.FLOAT64, reverse=False, final=True),
        ),
    ),
)


# --- the function ---------------------------------------------------------------------------------
def scan(
    body: Callable[[Any, Any], Any],
    carry: Structure,
    xs: Structure = None,
    *,
    length: int | None = None,
    reverse: bool = False,
) -> tuple[Structure, Structure]:
    """Do the same at each step of a sequence, and hand on what it leaves: any recurrence.

    Args:
        body: `(carry, x) → (carry, y)`. It gets the carry that the step before left and the entries
            of the sequences at this step, and returns what it hands on, of the same structure and
            types, and what is to be kept of this step. Other tensors that it uses, such as weights,
            are the same at all steps. It is called once.
        carry: What the first step gets: a tensor, or tuples, lists and dicts of tensors.
        xs: The sequences, time first, in any structure; None where there are none.
        length: How many steps; needed only if there are no sequences.
        reverse: Whether to go from the last entry to the first. What is kept has the order of the
            sequences all the same.

    Returns:
        The carry after the last step, and what was kept of each step, stacked along a first axis.

    Raises:
        ArgumentError: There is no length, or the body returns something of another structure.
        ShapeError, DTypeError: Sequences differ in length; a carry changes its shape or type.

    >>> import glassnet as gn
    >>> x = gn.tensor([[1.0], [2.0], [3.0]])
    >>> last, sums = gn.scan(lambda total, x: (total + x, total + x), gn.tensor([0.0]), x)
    >>> last, sums.reshape(-1)
    (tensor([6.]), tensor([1., 3., 6.]))
    """
    starts, rebuild_carry = _flatten(carry, "carry")
    sequences, rebuild_x = _flatten(xs, "xs")
    steps = _length(sequences, length)
    carries = tuple(OPERATORS["input"](f"carry{i}", node.type) for i, node in enumerate(starts))
    elements = tuple(
        OPERATORS["input"](f"x{i}", TensorType(node.shape[1:], node.dtype, node.type.axes[1:]))
        for i, node in enumerate(sequences)
    )
    answer: Any = body(rebuild_carry(iter(carries)), rebuild_x(iter(elements)))
    if not isinstance(answer, tuple) or len(answer) != 2:
        raise ArgumentError(
            "the body of scan must return two things: the next carry, and what is kept of the step "
            f"(None if nothing); it returned {type(answer).__name__}"
        )
    following, rebuild_next = _flatten(answer[0], "the next carry", like=starts)
    kept, rebuild_y = _flatten(answer[1], "what is kept of a step", like=starts)
    _check_carry(carries, following, _shape_of(carry), _shape_of(answer[0]))
    outside = _outside(carries, elements, (*following, *kept))
    constants = tuple(OPERATORS["input"](f"w{i}", node.type) for i, node in enumerate(outside))
    known = {node: node for node in (*carries, *elements)}
    known |= {node: _as(inside, node) for inside, node in zip(constants, outside, strict=True)}
    inside = substitute((*following, *kept), known)
    loop = Loop(
        carries,
        elements,
        tuple(known[node] for node in outside),
        tuple(inside[node] for node in following),
        steps,
        reverse,
    )
    inputs = (*starts, *sequences, *outside)

    def result(output: Result) -> Tensor:
        return apply(SCAN, *inputs, loop=loop, output=output)

    last = (result(Final(place)) for place in range(len(carries)))
    return (
        rebuild_next(last),
        rebuild_y(result(Stack(inside[node])) for node in kept),
    )


def _as(inside: Tensor, node: Tensor) -> Tensor:
    """Return an input of the body under the name of what it stands for."""
    return inside.named(node.label.symbol, node.label.layer) if node.label.symbol else inside


def _outside(
    carries: Sequence[Tensor], elements: Sequence[Tensor], roots: Sequence[Tensor]
) -> list[Tensor]:
    """Return what the body takes from outside: the last nodes that no carry or element reaches.

    What only repeats or reshapes them stays inside.
    """
    varying: set[Tensor] = {*carries, *elements}
    found: dict[Tensor, None] = {}
    for node in topological_order(roots):
        if any(source in varying for source in node.inputs):
            varying.add(node)
            found.update((_repeated(s), None) for s in node.inputs if s not in varying)
    found.update((_repeated(root), None) for root in roots if root not in varying)
    return list(found)


def _repeated(node: Tensor) -> Tensor:
    """Return what is repeated or reshaped, where a node does no more."""
    while isinstance(node.op.native, Movement) and node.op.native.pattern in (
        "broadcast",
        "reshape",
    ):
        (node,) = node.inputs
    return node


def _check_carry(
    carries: Sequence[Tensor], following: Sequence[Tensor], before: Any, after: Any
) -> None:
    if before != after:
        raise ArgumentError(
            f"the body of scan must return a carry of the structure that it gets, {before}; it "
            f"returned {after}"
        )
    for place, (old, new) in enumerate(zip(carries, following, strict=True)):
        where = f"carry {place + 1}" if len(carries) > 1 else "the carry"
        if old.shape != new.shape:
            raise ShapeError(f"scan: {where} has shape {old.shape}, the body makes it {new.shape}")
        if old.dtype != new.dtype:
            raise DTypeError(f"scan: {where} is {old.dtype}, the body makes it {new.dtype}")


def _length(sequences: Sequence[Tensor], length: int | None) -> int:
    for place, node in enumerate(sequences):
        if not node.shape:
            raise ShapeError(
                f"scan: sequence {place + 1} has no axis of time; its type is {node.type}"
            )
    lengths = {node.shape[0] for node in sequences} | ({length} if length is not None else set())
    if not lengths:
        raise ArgumentError("scan needs a length where there are no sequences, as in length=10")
    if len(lengths) > 1:
        raise ShapeError(f"scan: sequences of different lengths: {sorted(lengths)}")
    (steps,) = lengths
    if steps < 0:
        raise ArgumentError(f"scan: length must be 0 or more; got {steps}")
    return steps


# --- structures -----------------------------------------------------------------------------------
def _flatten(
    structure: Structure, what: str, like: Sequence[Tensor] = ()
) -> tuple[list[Tensor], Callable[[Iterator[Tensor]], Any]]:
    """Return the tensors of a structure, and what puts others in their places."""
    found: list[Tensor] = []

    def visit(part: Any) -> Callable[[Iterator[Tensor]], Any]:
        if part is None:
            return lambda _: None
        if isinstance(part, dict):
            named = {key: visit(value) for key, value in part.items()}
            return lambda left: {key: make(left) for key, make in named.items()}
        if isinstance(part, tuple | list) and not isinstance(part, Tensor):
            parts = [visit(entry) for entry in part]
            fields = hasattr(part, "_fields")
            kind = type(part)

            def rebuilt(left: Iterator[Tensor]) -> Any:
                entries = [make(left) for make in parts]
                return kind(*entries) if fields else kind(entries)

            return rebuilt
        try:
            found.append(as_tensor(part, like[0] if like else None))
        except (DTypeError, ArgumentError) as error:
            raise type(error)(f"scan: {what}: {error}") from None
        return next

    return found, visit(structure)


def _shape_of(structure: Structure) -> Any:
    """Return the structure with a star for each tensor."""
    if structure is None:
        return None
    if isinstance(structure, dict):
        return {key: _shape_of(value) for key, value in structure.items()}
    if isinstance(structure, tuple | list):
        return (
            type(structure)(_shape_of(entry) for entry in structure)
            if not hasattr(structure, "_fields")
            else tuple(map(_shape_of, structure))
        )
    return "*"
