"""From arrays to single numbers: the formula of one element of a node, over elements with names."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from glassnet.explain.expressions import (
    Address,
    Expression,
    Number,
    Product,
    Quantity,
    Written,
    add,
    apply,
    divide,
    multiply,
    negate,
    power,
    together,
)
from glassnet.explain.placing import Placing
from glassnet.graph import DType, Tensor
from glassnet.graph.operation import (
    REGISTRY,
    Constant,
    Contraction,
    Elementwise,
    Explanation,
    Indexed,
    Movement,
    Reduction,
)
from glassnet.graph.types import Array

__all__ = ["Elements", "Name", "alike"]

# What a named node is called, and whether its value is shown with the opposite sign.
Name = tuple[str, str, bool]  # symbol, layer, turned

FLOAT = {"dtype": DType.FLOAT64}  # what yes or no becomes as a number
ALIAS = Movement("alias")  # of what is the same number, and hands no gradient back
HUGE = 1e300  # what only stands for ∞
TARGET = "d"
LOGARITHM = "ln "  # how the symbol of a logarithm begins: "ln y" is that of y


def _place_of(pick: Callable[[Array], Any]) -> Callable[[Array], Array]:
    return lambda values: np.asarray(pick(values) + 1)


# Which of several numbers it is: counted from 1, as people count units and neurons.
LARGEST = Written(
    "place of the largest",
    Explanation("argmax {0}", "Which one is the largest, the first of equals."),
    _place_of(np.argmax),
)
SMALLEST = Written(
    "place of the smallest",
    Explanation("argmin {0}", "Which one is the smallest, the first of equals."),
    _place_of(np.argmin),
)


class Elements:
    """Formulas of elements.

    Args:
        values: The value of every node.
        names: How nodes with a name are called.
        examples: For each named node: which of its axes numbers examples; it does not stand in
            brackets.
        numbers: The numbers of the examples; from 1 if not given.
        placings: What the axes of named nodes number, where it is more than the examples.
    """

    def __init__(
        self,
        values: Mapping[Tensor, Array],
        names: Mapping[Tensor, Name],
        examples: Mapping[Tensor, int | None],
        numbers: Sequence[int] = (),
        placings: Mapping[Tensor, Placing] | None = None,
    ) -> None:
        self.values, self.names, self.examples = values, names, examples
        self.placings = placings or {}
        self.numbers = tuple(numbers)
        self._moves: dict[Tensor, list[Array]] = {}
        self._twins = _twins(alike(values), names)
        self._again = {n: twin for n, twin in self._twins.items() if n in names}
        self._twins = {n: twin for n, twin in self._twins.items() if n not in names}

    def address(self, node: Tensor, index: tuple[int, ...]) -> Address:
        """Return the address of an element of a named node."""
        symbol, layer, _ = self.names[node]
        return self.placing(node).address(symbol, layer, node.shape, index, self.number_of)

    def placing(self, node: Tensor) -> Placing:
        """Return what the axes of a named node number."""
        return self.placings.get(node) or Placing(self.examples.get(node))

    def place(self, node: Tensor, address: Address) -> tuple[int, ...] | None:
        """Return where in a named node the element with an address stands; None if it is none."""
        symbol, layer, _ = self.names[node]
        if layer != address.layer:
            return None
        return self.placing(node).place(address, symbol, node.shape, self.row_of)

    def number_of(self, row: int) -> int:
        """Return the number of the example in a row of the batch."""
        return self.numbers[row] if self.numbers else row + 1

    def row_of(self, example: int) -> int:
        """Return the row of the batch in which an example stands."""
        return self.numbers.index(example) if self.numbers else example - 1

    def value(self, node: Tensor, index: tuple[int, ...]) -> float:
        """Return the value of an element, with the sign with which it is shown."""
        found = float(self.values[node][index]) + is_place(node)
        return -found if node in self.names and self.names[node][2] else found

    def formula(self, node: Tensor, index: tuple[int, ...]) -> Expression:
        """Return what an element of a named node is computed from."""
        if node in self._again:
            found = self.element(self._again[node], index)
        else:
            found = together(self._expand(node, index))
        return negate(found) if self.names[node][2] else found

    def element(self, node: Tensor, index: tuple[int, ...]) -> Expression:
        """Return an element: its address if its node has a name, else what it is computed from.

        What is computed in the same way as a node with a name is that node.
        """
        node = self._twins.get(node, node)
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
        if instruction == "select" and math.isnan(self._plain(node.inputs[2])):
            return self.element(node.inputs[1], index)  # the other is there to stop a training
        if instruction == "select" and abs(self._plain(node.inputs[1])) >= HUGE:
            if self.values[node.inputs[0]][index]:  # crossed out: it is not to be found again
                return Number(math.copysign(math.inf, self._plain(node.inputs[1])))
            return self.element(node.inputs[2], index)
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
            case "exp":
                known = None if node in self.names else self._antilogarithm(operands[0])
                return known or apply(node.op, operands, {})
            case _ if node.op.explain.form == "{0}" and node.inputs[0].dtype is not DType.BOOL:
                return operands[0]  # the same number, of another type
            case _:
                return apply(node.op, operands, node.attributes)

    def _plain(self, node: Tensor) -> float:
        """Return the number that a node is, 0 if it is not a constant."""
        while isinstance(node.op.native, Movement):
            node = node.inputs[0]
        is_number = isinstance(node.op.native, Constant) and node.size == 1
        return float(self.values[node].reshape(())) if is_number else 0.0

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
                return self.element(source, _place_in(source, number - 1))
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
            return self._total(elements)
        if fold == "mean":
            return divide(add(elements), Number(float(len(elements))))
        if fold == "argmax":
            return _place(elements)
        return apply(node.op, [tuple(elements)], _over_all(node.attributes))

    def _antilogarithm(self, exponent: Expression) -> Expression | None:
        """Return y for e^(ln y): softmax's derivative has its output in this form."""
        match exponent:
            case Quantity(address) if address.symbol.startswith(LOGARITHM):
                found = replace(address, symbol=address.symbol.removeprefix(LOGARITHM))
                known = any(name[:2] == (found.symbol, found.layer) for name in self.names.values())
                return Quantity(found) if known else None
            case _:
                return None

    def _total(self, elements: Sequence[Expression]) -> Expression:
        """Return a sum; that of all targets of an example that are 0 but for one 1 is 1."""
        split = [_factor(element) for element in elements]
        addresses = [rest.address for _, rest in split if isinstance(rest, Quantity)]
        if len(addresses) != len(split) or len({factor for factor, _ in split}) != 1:
            return add(elements)
        for node, (symbol, layer, _) in self.names.items():
            if symbol != TARGET or (symbol, layer) != (addresses[0].symbol, addresses[0].layer):
                continue
            for row in np.ndindex(*node.shape[:-1]):
                places = [(*row, column) for column in range(node.shape[-1])]
                if [self.address(node, place) for place in places] != addresses:
                    continue
                if sorted(self.values[node][row].tolist()) == [0.0] * (len(places) - 1) + [1.0]:
                    return Number(split[0][0])
        return add(elements)

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
        if pattern == "one_hot":
            (numbers,) = node.inputs
            which = self.element(numbers, index[:-1])
            if isinstance(which, Number):
                return Number(float(self.values[node][index]))
            here = Number(float(index[-1] + is_place(numbers)))
            return apply(REGISTRY["cast"], [apply(REGISTRY["equal"], [which, here], {})], FLOAT)
        return Number(float(self.values[node][index]))


def is_place(node: Tensor) -> bool:
    """Whether a node's numbers say which unit it is; they are shown counted from 1."""
    while isinstance(node.op.native, Movement):
        node = node.inputs[0]
    return isinstance(node.op.native, Reduction) and node.op.native.fold == "argmax"


def _place(elements: Sequence[Expression]) -> Expression:
    """Return which of several is the largest; of numbers with a minus, which is the smallest."""
    if all(_has_minus(element) for element in elements):
        return apply(SMALLEST, [tuple(negate(element) for element in elements)], {})
    return apply(LARGEST, [tuple(elements)], {})


def _has_minus(expression: Expression) -> bool:
    match expression:
        case Number(value) | Product((Number(value), *_)):
            return value < 0.0
        case _:
            return False


def _factor(expression: Expression) -> tuple[float, Expression]:
    """Return the number that something is multiplied by, and the rest."""
    match expression:
        case Product((Number(value), only)):
            return value, only
        case _:
            return 1.0, expression


def alike(values: Mapping[Tensor, Array]) -> dict[Tensor, Tensor]:
    """Return, for each node, the first that is computed in the same way from the same nodes."""
    first: dict[Any, Tensor] = {}  # by how, and from what
    found: dict[Tensor, Tensor] = {}
    for node in values:
        if node.op.native == ALIAS and not node.label.symbol:
            found[node] = found[node.inputs[0]]
            continue
        how: Any = (node.op.name, repr(sorted(node.attributes.items())), node.type)
        if isinstance(node.op.native, Constant):
            how = values[node].tobytes(), node.type
        elif not node.inputs:
            how = node
        found[node] = first.setdefault((how, tuple(found[s] for s in node.inputs)), node)
    return found


def _twins(same: Mapping[Tensor, Tensor], names: Mapping[Tensor, Name]) -> dict[Tensor, Tensor]:
    """Return, for nodes, the first one with a name that is computed in the same way."""
    named: dict[Tensor, Tensor] = {}
    for node in names:
        named.setdefault(same[node], node)
    return {
        node: named[twin]
        for node, twin in same.items()
        if node.inputs and twin in named and names.get(node) != names[named[twin]]
    }


def _place_in(node: Tensor, number: int) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(number, node.shape)) if node.shape else ()


def _over_all(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a reduction's settings as they are for a plain list of numbers."""
    return {
        key: ((0,) if isinstance(value, tuple) else 0) if key in ("axes", "axis") else value
        for key, value in attributes.items()
    }
