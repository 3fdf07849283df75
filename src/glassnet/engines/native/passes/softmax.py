"""Softmax, its logarithm and their gradients: one exponential and one sum for all of them.

Cross-entropy takes the logarithm of softmax, its gradient and the accuracy softmax itself. As
formulas they share only v less its maximum, x: three exponentials, two sums, two maxima.
"""

from __future__ import annotations

from typing import Any

from glassnet.engines.native.passes.fusion import base_of, is_view
from glassnet.graph import REGISTRY, Graph, Tensor, rebuild
from glassnet.graph.operation import Constant, Elementwise, Indexed, Movement, Op, Reduction
from glassnet.graph.tensor import OPERATORS, apply

__all__ = ["share_softmax"]


def share_softmax(graph: Graph) -> Graph:
    """Return the graph with the parts of softmax worked out in one way only, or the graph itself.

    Where x is v less the maximum of its row, and s the sum of e^x along the row:

    - logsumexp x = ln s, its own maximum being 0.
    - e^(x − ln s) = e^x / s, of which no part can overflow.
    - The sum of a row of c times a one-hot code is c. (It is left where it alone needs the code:
      that a class is not there would not be seen.)
    """
    sums: dict[Tensor, Tensor] = {}  # ln s to s
    changed = False
    users: dict[Tensor, list[Tensor]] = {}
    for node in graph.nodes:
        for source in node.inputs:
            users.setdefault(source, []).append(node)

    def wanted_besides(total: Tensor) -> bool:
        """Return whether a code is worked out, and its classes looked at, without this sum too."""
        path = [total]
        while not isinstance(path[-1].op.native, Indexed):
            path.append(next(s for s in path[-1].inputs if _one_hot_factor(s) is not None))
        others = {user for node in path[1:] for user in users[node]} - {*path}
        return any(_fold(user) != "sum" for user in others)

    def replacement(node: Tensor, inputs: tuple[Tensor, ...]) -> Tensor:
        nonlocal changed
        if inputs:
            shared = shorter(node, inputs)
            if shared is not None:
                changed = True
                return shared
        return node.on(inputs)

    def shorter(node: Tensor, inputs: tuple[Tensor, ...]) -> Tensor | None:
        x = inputs[0]
        if _fold(node) == "logsumexp" and _is_shifted(x, axes := node.attributes["axes"]):
            total = apply(_named("sum"), apply(_named("exp"), x), axes=axes)
            logarithm = apply(_named("log"), total)
            sums[logarithm] = total
            return logarithm
        if _code(node) == "exp" and _code(x) == "subtract":
            shifted, logarithm = x.inputs[0], base_of(x.inputs[1])
            if logarithm in sums and _is_spread(x.inputs[1], (x.ndim - 1,)):
                total = sums[logarithm]
                powers = total.inputs[0]
                if powers.inputs[0] is shifted:
                    return powers / _spread(total, x)
        if _fold(node) == "sum" and node.attributes["axes"] == (x.ndim - 1,):
            factor = _one_hot_factor(node.inputs[0])
            if factor is not None and wanted_besides(node):
                constant = OPERATORS["constant"](factor, node.dtype.value)
                return OPERATORS["broadcast"](constant, node.shape)
        return None

    found = rebuild(graph, replacement)
    return found if changed else graph


def _named(code: str) -> Op:
    return REGISTRY[code]


def _code(node: Tensor) -> str:
    return node.op.native.instruction if isinstance(node.op.native, Elementwise) else ""


def _fold(node: Tensor) -> str:
    return node.op.native.fold if isinstance(node.op.native, Reduction) else ""


def _spread(column: Tensor, like: Tensor) -> Tensor:
    kept = OPERATORS["reshape"](column, (*column.shape, 1))
    return OPERATORS["broadcast"](kept, like.shape)


def _is_spread(node: Tensor, axes: tuple[int, ...]) -> bool:
    """Return whether a node repeats, along the axes, what is left when they are folded away."""
    kind = node.op.native
    if not (isinstance(kind, Movement) and kind.pattern == "broadcast"):
        return False
    kept = tuple(1 if axis in axes else n for axis, n in enumerate(node.shape))
    base = base_of(node)
    return node.inputs[0].shape == kept and base.shape == tuple(
        n for axis, n in enumerate(node.shape) if axis not in axes
    )


def _is_shifted(x: Tensor, axes: tuple[int, ...]) -> bool:
    """Return whether x is a tensor less its maximum along its last axis."""
    if axes != (x.ndim - 1,) or _code(x) != "subtract":
        return False
    v, largest = x.inputs[0], base_of(x.inputs[1])
    same = _fold(largest) == "max" and largest.inputs[0] is v
    return same and largest.attributes["axes"] == axes and _is_spread(x.inputs[1], axes)


def _one_hot_factor(node: Tensor) -> Any | None:
    """Return c of c times a one-hot code; None if a node is something else."""
    kind = node.op.native
    if isinstance(kind, Indexed) and kind.pattern == "one_hot":
        return node.dtype.numpy.type(1) if node.dtype.is_float else None
    if _code(node) == "negate":
        factor = _one_hot_factor(node.inputs[0])
        return None if factor is None else -factor
    if _code(node) == "multiply":
        for number, code in (node.inputs, node.inputs[::-1]):
            constant, factor = _constant(number), _one_hot_factor(code)
            if constant is not None and factor is not None:
                return constant * factor
    return None


def _constant(node: Tensor) -> Any | None:
    """Return the constant that a node repeats, if that is what it is."""
    while is_view(node):
        node = node.inputs[0]
    if isinstance(node.op.native, Constant) and node.size == 1:
        return node.attributes["value"].reshape(())[()]
    return None
