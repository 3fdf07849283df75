"""Reverse-mode differentiation: a transformation that adds ordinary nodes to a graph.

Each op's record says how a gradient with respect to its output becomes gradients with respect to
its inputs, in ops. What is added can be differentiated again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from glassnet.errors import (
    ArgumentError,
    DTypeError,
    NotConnectedError,
    NotDifferentiableError,
    ShapeError,
)
from glassnet.graph.graph import topological_order
from glassnet.graph.operation import Joint, NoGradient, Source
from glassnet.graph.tensor import OPERATORS, Provenance, Tensor, provenance
from glassnet.records import dataclass

__all__ = ["Derivative", "accumulate", "differentiate", "grad"]


@dataclass(frozen=True)
class Derivative:
    """The gradients asked for, and that with respect to every node on the way (the adjoints)."""

    gradients: tuple[Tensor, ...]
    adjoints: dict[Tensor, Tensor]


def differentiate(output: Tensor, wrt: Sequence[Tensor], seed: Tensor | None = None) -> Derivative:
    """Differentiate the sum of the elements of `output`, each times its entry in `seed`.

    Args:
        output: A float tensor, of any shape.
        wrt: The tensors to differentiate with respect to, of any shapes.
        seed: The gradient with respect to `output` itself, of its shape; ones if not given.

    Returns:
        A gradient of the shape of each tensor in `wrt`; zeros where the output depends on it in no
        way that can be differentiated.

    Raises:
        DTypeError, ShapeError: The output is no float, or the seed is not of its type or shape.
        NotDifferentiableError: An op on the way has no derivative, and says why.

    Source: reverse accumulation; Griewank & Walther, Evaluating Derivatives (2008), ch. 3.
    """
    if not output.dtype.is_float:
        raise DTypeError(f"only floating-point tensors have derivatives; this one is {output.type}")
    if seed is not None and (seed.shape, seed.dtype) != (output.shape, output.dtype):
        kind = ShapeError if seed.shape != output.shape else DTypeError
        raise kind(f"the seed must be {output.type}, as the output is; got {seed.type}")
    start = seed if seed is not None else OPERATORS["filled"](output, 1.0)
    adjoints = accumulate({output: start}, wrt)
    filled = OPERATORS["filled"]
    return Derivative(
        tuple(adjoints[tensor] if tensor in adjoints else filled(tensor, 0.0) for tensor in wrt),
        adjoints,
    )


def accumulate(seeds: Mapping[Tensor, Tensor], wrt: Iterable[Tensor]) -> dict[Tensor, Tensor]:
    """Return the gradient with respect to every node between `wrt` and some outputs.

    Args:
        seeds: The gradient with respect to each output.
        wrt: Where differentiation ends.

    Raises:
        NotDifferentiableError: An op on the way has no derivative.
    """
    order = topological_order(seeds)
    active: set[Tensor] = set(wrt)
    groups: dict[Any, list[Tensor]] = {}  # nodes that are results of one computation
    for node in order:
        if node.dtype.is_float and any(source in active for source in node.inputs):
            active.add(node)
            if isinstance(node.op.pullback, Joint):
                groups.setdefault(_group(node), []).append(node)
    adjoints = dict(seeds)
    for node in reversed(order):
        gradient = adjoints.get(node)
        if gradient is not None and node in active and node.label.symbol:
            adjoints[node] = _marked(gradient, node)
        if node not in active or not any(source in active for source in node.inputs):
            continue
        with provenance(node, node.op.name):
            shares = _shares(node, adjoints, active, groups)
            for source, share in zip(node.inputs if shares else (), shares, strict=True):
                if share is None or source not in active:
                    continue
                earlier = adjoints.get(source)
                adjoints[source] = share if earlier is None else earlier + share
    return adjoints


def _shares(
    node: Tensor,
    adjoints: Mapping[Tensor, Tensor],
    active: set[Tensor],
    groups: Mapping[Any, list[Tensor]],
) -> tuple[Tensor | None, ...]:
    """Return the gradients with respect to a node's inputs that come through this node."""
    pullback = node.op.pullback
    if isinstance(pullback, Joint):
        group = groups[_group(node)]
        gradients = {result: adjoints[result] for result in group if result in adjoints}
        if node is not group[0] or not gradients:  # at the first of them all their users are done
            return ()
        wanted = tuple(source in active for source in node.inputs)
        return pullback.pull(gradients, node.inputs, wanted, node.attributes[pullback.group])
    gradient = adjoints.get(node)
    if gradient is None:
        return ()
    if isinstance(pullback, NoGradient):
        raise NotDifferentiableError(f"{node.op.name}: {pullback.reason}")
    return pullback(gradient, node, *node.inputs, **node.attributes)


def _group(node: Tensor) -> Any:
    assert isinstance(node.op.pullback, Joint)
    return node.op, node.inputs, node.attributes[node.op.pullback.group]


def _marked(gradient: Tensor, node: Tensor) -> Tensor:
    """Return a gradient that knows which named node it is the whole derivative of."""
    if isinstance(gradient.op.native, Source):  # an input is known by its identity
        return gradient
    origin = gradient.provenance or Provenance(node, node.op.name)
    return replace(gradient, provenance=replace(origin, adjoint=node))


def grad(output: Tensor, wrt: Tensor | Sequence[Tensor]) -> Tensor | tuple[Tensor, ...]:
    """Return the derivative of a single number with respect to one tensor, or to several.

    Args:
        output: A tensor of one element (any number of axes of length 1).
        wrt: A tensor, or a sequence of tensors, that `output` was made from.

    Returns:
        A tensor of the shape of `wrt` (a tuple of them for a sequence). It is an ordinary tensor:
        differentiate it again for higher derivatives. The graph is kept, always.

    Raises:
        ArgumentError: The output has more than one element.
        DTypeError: The output, or a tensor of `wrt`, does not hold floating-point numbers.
        NotConnectedError: The output does not depend on a tensor of `wrt`.
        NotDifferentiableError: It does, but through a threshold, a comparison or an arg-max only.

    >>> import glassnet as gn
    >>> x = gn.tensor([3.0])
    >>> y = x * x * x
    >>> gn.grad(y, x), gn.grad(gn.grad(y, x), x)
    (tensor([27.]), tensor([18.]))
    """
    single = isinstance(wrt, Tensor)
    tensors: tuple[Tensor, ...] = (wrt,) if isinstance(wrt, Tensor) else tuple(wrt)
    if output.size != 1:
        raise ArgumentError(
            f"grad needs an output of one element; this one is {output.type}. "
            "Differentiate its sum (`gn.grad(a.sum(), w)`) or one element (`gn.grad(a[0], w)`)."
        )
    for tensor in tensors:
        if not tensor.dtype.is_float:
            raise DTypeError(f"only floating-point tensors have derivatives; wrt is {tensor.type}")
    derivative = differentiate(output, tensors)
    for position, tensor in enumerate(tensors):
        if tensor not in derivative.adjoints:
            raise _unconnected(output, tensor, position)
    return derivative.gradients[0] if single else derivative.gradients


def _unconnected(output: Tensor, tensor: Tensor, position: int) -> Exception:
    name = str(tensor.label) or f"tensor {position + 1} of those given"
    reached: set[Tensor] = {tensor}
    for node in topological_order([output]):
        if any(source in reached for source in node.inputs):
            if isinstance(node.op.pullback, NoGradient):
                return NotDifferentiableError(
                    f"no derivative with respect to {name}: it acts through {node.op.name} only. "
                    + node.op.pullback.reason
                )
            reached.add(node)
    if output in reached:
        return NotConnectedError(
            f"the output depends on {name} only through operations whose derivative is zero "
            "everywhere (stop_gradient, sign, floor)"
        )
    return NotConnectedError(
        f"the output does not depend on {name} (of type {tensor.type}); "
        "was it rebuilt, or replaced by its value, before it was used?"
    )
