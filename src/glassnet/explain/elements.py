"""From arrays to single numbers: the formula of one element of a node, over elements with names."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet.explain.expressions import (
    Address,
    Expression,
    Number,
    Quantity,
    add,
    apply,
    divide,
    multiply,
    negate,
    power,
)
from glassnet.graph import DType, Tensor
from glassnet.graph.operation import (
    Constant,
    Contraction,
    Elementwise,
    Indexed,
    Movement,
    Reduction,
)
from glassnet.graph.types import Array

__all__ = ["Elements", "Name"]

# What a named node is called, and whether its value is shown with the opposite sign.
Name = tuple[str, str, bool]  # symbol, layer, turned


class Elements:
    """Formulas of elements.

    Args:
        values: The value of every node.
        names: How nodes with a name are called.
        examples: For each named node: which of its axes numbers examples; it does not stand in
            brackets.
    """

    def __init__(
        self,
        values: Mapping[Tensor, Array],
        names: Mapping[Tensor, Name],
        examples: Mapping[Tensor, int | None],
    ) -> None:
        self.values, self.names, self.examples = values, names, examples
        self._moves: dict[Tensor, list[Array]] = {}

    def address(self, node: Tensor, index: tuple[int, ...]) -> Address:
        """Return the address of an element of a named node."""
        symbol, layer, _ = self.names[node]
        axis = self.examples.get(node)
        places = tuple(place + 1 for number, place in enumerate(index) if number != axis)
        shape = [length for number, length in enumerate(node.shape) if number != axis]
        if not shape or (len(shape) == 1 and shape[0] == 1 and node.ndim < 2):
            places = ()
        example = None if axis is None or node.shape[axis] == 1 else index[axis] + 1
        return Address(symbol, layer, places, example)

    def value(self, node: Tensor, index: tuple[int, ...]) -> float:
        """Return the value of an element, with the sign with which it is shown."""
        found = float(self.values[node][index])
        return -found if node in self.names and self.names[node][2] else found

    def formula(self, node: Tensor, index: tuple[int, ...]) -> Expression:
        """Return what an element of a named node is computed from."""
        found = self._expand(node, index)
        return negate(found) if self.names[node][2] else found

    def element(self, node: Tensor, index: tuple[int, ...]) -> Expression:
        """Return an element: its address if its node has a name, else what it is computed from."""
        if node in self.names:
            found = Quantity(self.address(node, index))
            return negate(found) if self.names[node][2] else found
        return self._expand(node, index)

    def _expand(self, node: Tensor, index: tuple[int, ...]) -> Expression:
        kind = node.op.native
        match kind:
            case Constant():
                return Number(float(self.values[node][index]))
            case Elementwise():
                return self._elementwise(node, kind.instruction, index)
            case Movement():
                return self._moved(node, index)
            case Contraction():
                return self._product(node, index)
            case Reduction():
                return self._folded(node, kind.fold, index)
            case Indexed():
                return self._indexed(node, kind.pattern, index)
            case _:
                return Number(float(self.values[node][index]))

    def _elementwise(self, node: Tensor, instruction: str, index: tuple[int, ...]) -> Expression:
        operands = [self.element(source, index) for source in node.inputs]
        match instruction:
            case "add":
                return add(operands)
            case "subtract":
                return add([operands[0], negate(operands[1])])
            case "multiply":
                return multiply(operands)
            case "divide":
                return divide(operands[0], operands[1])
            case "negate":
                return negate(operands[0])
            case "square":
                return power(operands[0], 2.0)
            case "power" if isinstance(operands[1], Number):
                return power(operands[0], operands[1].value)
            case _ if node.op.explain.form == "{0}" and node.inputs[0].dtype is not DType.BOOL:
                return operands[0]  # the same number, of another type
            case _:
                return apply(node.op, operands, node.attributes)

    def _moved(self, node: Tensor, index: tuple[int, ...]) -> Expression:
        """Return the element that a movement puts here: the op itself moves element numbers."""
        if node not in self._moves:
            start, numbered = 1, list[Array]()
            for source in node.inputs:
                numbered.append(np.arange(start, start + source.size).reshape(source.shape))
                start += source.size
            moved = node.op.evaluate(*numbered, **node.attributes)
            self._moves[node] = [np.asarray(moved)]
        number = int(self._moves[node][0][index])
        if number == 0:  # what padding puts there
            return Number(float(self.values[node][index]))
        for source in node.inputs:
            if number <= source.size:
                return self.element(source, _place(source, number - 1))
            number -= source.size
        raise AssertionError(f"{node.op.name} put an element where none is")

    def _product(self, node: Tensor, index: tuple[int, ...]) -> Expression:
        left, right = node.inputs
        *lead, row, column = index
        return add(
            [
                multiply(
                    [
                        self.element(right, (*lead, inner, column)),
                        self.element(left, (*lead, row, inner)),
                    ]
                )
                for inner in range(left.shape[-1])
            ]
        )

    def _folded(self, node: Tensor, fold: str, index: tuple[int, ...]) -> Expression:
        source = node.inputs[0]
        elements = [self.element(source, place) for place in self._fold_places(node, index)]
        if fold == "sum":
            return add(elements)
        if fold == "mean":
            return divide(add(elements), Number(float(len(elements))))
        return apply(node.op, [tuple(elements)], _over_all(node.attributes))

    def _fold_places(self, node: Tensor, index: tuple[int, ...]) -> list[tuple[int, ...]]:
        source = node.inputs[0]
        axes: Any = node.attributes.get("axes", node.attributes.get("axis", range(source.ndim)))
        folded = {axis % source.ndim for axis in ((axes,) if isinstance(axes, int) else axes)}
        kept = [axis for axis in range(source.ndim) if axis not in folded]
        ranges: list[range] = [range(length) for length in source.shape]
        for axis, place in zip(kept, index, strict=True):
            ranges[axis] = range(place, place + 1)
        return list(itertools.product(*ranges))

    def _indexed(self, node: Tensor, pattern: str, index: tuple[int, ...]) -> Expression:
        if pattern == "gather" and node.attributes.get("axis", 0) == 0:
            data, numbers = node.inputs
            at = index[: numbers.ndim]
            return self.element(data, (int(self.values[numbers][at]), *index[numbers.ndim :]))
        return Number(float(self.values[node][index]))


def _place(node: Tensor, number: int) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(number, node.shape)) if node.shape else ()


def _over_all(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a reduction's settings as they are for a plain list of numbers."""
    return {
        key: ((0,) if isinstance(value, tuple) else 0) if key in ("axes", "axis") else value
        for key, value in attributes.items()
    }
