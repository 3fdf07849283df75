"""A graph as it stands on the blackboard: named quantities, and the formula of one element of each.

Arrays become letters: an axis is an index, a product of matrices a Σ. Where elements change places
in a way that no letter can follow, each element is a quantity of its own instead: v₁, v₂, w₁₂.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

import numpy as np

from glassnet.errors import ArgumentError
from glassnet.explain.derivations.axes import Axes, folded_axes, kept_places
from glassnet.explain.derivations.reading import apply, is_plain, read
from glassnet.explain.derivations.terms import (
    ONE,
    ZERO,
    Choice,
    Count,
    Element,
    Function,
    Index,
    Number,
    Place,
    Term,
    add,
    divide,
    elements,
    multiply,
    put_in,
    total,
)
from glassnet.explain.forms import parse
from glassnet.graph import DType, Tensor
from glassnet.graph.graph import topological_order
from glassnet.graph.operation import (
    Constant,
    Contraction,
    Elementwise,
    Indexed,
    Movement,
    Reduction,
    Source,
)
from glassnet.graph.types import Array
from glassnet.records import dataclass

__all__ = ["Board", "Letters", "Name", "board"]

LETTERS = "ijklmpqrstuvabcdgh"
MOST_ELEMENTS = 400  # quantities, where each element is one of its own


@dataclass(frozen=True)
class Name:
    """What a quantity is called.

    Args:
        symbol: Its symbol.
        layer: Its layer, or "".
        examples: Which of its axes numbers examples, or None.
    """

    symbol: str
    layer: str = ""
    examples: int | None = None


class NoLetterError(Exception):
    """Elements change places in a way that no index letter can follow."""


class Letters:
    """The index letters of axes: one of its own for each, and others where one is taken.

    Args:
        axes: The axes of the graph.
    """

    def __init__(self, axes: Axes) -> None:
        self.axes = axes
        self.own: dict[int, str] = {}

    def is_silent(self, axis: int) -> bool:
        """Whether an axis has one place only, and no letter: a single example."""
        named = self.axes.names[axis] & {"neuron", "source"}
        return self.axes.lengths[axis] == 1 and not named

    def is_examples(self, axis: int) -> bool:
        """Whether an axis numbers the examples."""
        return "example" in self.axes.names[axis]

    def letter(self, axis: int) -> str:
        """Return an axis's own letter."""
        if axis not in self.own:
            taken = set(self.own.values())
            free = ("n", "m") if self.is_examples(axis) else LETTERS
            found = next((letter for letter in free if letter not in taken), None)
            if found is None:
                raise ArgumentError("the computation has more axes than there are index letters")
            self.own[axis] = found
        return self.own[axis]

    def fresh(self, axis: int, taken: Collection[str]) -> Index:
        """Return an index over an axis whose letter is not taken: its own, if that is free."""
        own = self.letter(axis)
        if own not in taken:
            return Index(own, axis)
        others = [*self.own.values(), *taken]
        if self.is_examples(axis):
            return Index(next(letter for letter in "mrst" if letter not in others), axis)
        start = LETTERS.index(own) + 1
        turned = LETTERS[start:] + LETTERS[:start]
        return Index(next(letter for letter in turned if letter not in others), axis)

    def places(self, node: Tensor, taken: Collection[str] = ()) -> tuple[Place, ...]:
        """Return a letter for each axis of a node; none of them is taken."""
        found: list[Place] = []
        used = set(taken)
        for axis in self.axes.of(node):
            if self.is_silent(axis):
                found.append(0)
                continue
            index = self.fresh(axis, used)
            used.add(index.letter)
            found.append(index)
        return tuple(found)


@dataclass(frozen=True)
class Board:
    """Named quantities in the order of working.

    Args:
        end: What is differentiated: E.
        given: What comes from outside, with letters.
        worked: What is worked out, in order.
        names: What each node is called.
        letters: The index letters.
        active: The nodes that depend on what is differentiated with respect to.
        ones: For nodes whose elements add up to 1: over which axis.
        general: Whether elements have letters; else each stands for itself.
    """

    end: Element
    given: tuple[Element, ...]
    worked: tuple[Element, ...]
    names: Mapping[Tensor, Name]
    letters: Letters
    active: frozenset[Tensor]
    ones: Mapping[Tensor, int]
    general: bool

    def formula(self, element: Element, taken: Collection[str] = ()) -> Term:
        """Return what an element is computed from; sums in it run over letters not taken."""
        return _Expansion(self).formula(element, taken)

    def at(self, element: Element, taken: Collection[str]) -> Element:
        """Return the element with letters that are not taken."""
        if not self.general:
            return element
        return Element(element.node, self.letters.places(node_of(element), taken))

    def uses(self, element: Element) -> tuple[Element, ...]:
        """Return what is computed directly from an element, from the front to the back."""
        found: list[Element] = []
        for user in self.worked:
            used = elements(self.formula(user))
            if any(e == element or (self.general and e.node is element.node) for e in used):
                found.append(user)
        return tuple(found)


def node_of(element: Element) -> Tensor:
    """Return the node that an element belongs to."""
    assert isinstance(element.node, Tensor)
    return element.node


def board(
    output: Tensor,
    wrt: Sequence[Tensor],
    values: Mapping[Tensor, Array],
) -> Board:
    """Return a graph as it stands on the blackboard.

    Args:
        output: What is differentiated.
        wrt: With respect to what.
        values: The values of all nodes, or an empty mapping where there are none.

    Raises:
        ArgumentError: It is too large to be written out.
    """
    order = topological_order([output])
    axes = Axes(order)
    active = {*wrt}
    for node in order:
        if node.dtype.is_float and any(source in active for source in node.inputs):
            active.add(node)
    names = _names(order, output, axes, active)
    letters = Letters(axes)
    joined = [node for node in order if node in active and not isinstance(node.op.native, Movement)]
    in_order = [side for node in joined for side in (*node.inputs, node) if node.inputs]
    for node in (*in_order, *names):  # sources before neurons, layer after layer
        for axis in axes.of(node):
            if not letters.is_silent(axis):
                letters.letter(axis)
    ones = _shares(names, values, axes, active)
    for general in (True, False):
        if not general and sum(node.size for node in names) > MOST_ELEMENTS:
            raise ArgumentError(
                "elements change places in this computation, so that no index letter can follow "
                f"them, and more than {MOST_ELEMENTS} numbers are too many to write each one out"
            )
        everything = [
            Element(node, places)
            for node in order
            if node in names
            for places in ([letters.places(node)] if general else np.ndindex(*node.shape))
        ]
        found = Board(
            next(element for element in everything if element.node is output),
            tuple(e for e in everything if not _is_worked(node_of(e), active)),
            tuple(e for e in everything if _is_worked(node_of(e), active)),
            names,
            letters,
            frozenset(active),
            ones if general else {},
            general,
        )
        try:
            for element in found.worked:
                found.formula(element)
        except NoLetterError as error:
            if not general:
                raise ArgumentError(
                    f"a computation with {error} cannot be written in symbols; give its result a "
                    'name, as in a.named("a"), and derive what is computed from it'
                ) from None
            continue
        return found
    raise AssertionError


def _is_worked(node: Tensor, active: Collection[Tensor]) -> bool:
    return bool(node.inputs) and node in active


def _names(
    order: Sequence[Tensor], output: Tensor, axes: Axes, active: Collection[Tensor]
) -> dict[Tensor, Name]:
    """Return what the nodes are called: by their labels; what is unnamed and needs a name, too."""
    found: dict[Tensor, Name] = {}
    taken = {node.label.symbol for node in order}

    said = {(output.label.symbol, output.label.layer)}

    def free(symbols: str) -> str:
        tried = ("", *"₂₃₄₅₆₇₈₉", *(f"₁{digit}" for digit in "₀₁₂₃₄₅₆₇₈₉"))
        for symbol in (s + digit for digit in tried for s in symbols):
            if symbol not in taken:
                taken.add(symbol)
                return symbol
        raise ArgumentError('too many quantities have no name; name them, as in x.named("x")')

    inside = _inside(order)
    for node in order:
        numbered = [axis for axis, at in enumerate(axes.of(node)) if "example" in axes.names[at]]
        examples = numbered[0] if numbered else None
        if node.label.symbol:
            symbol, layer = node.label.symbol, node.label.layer
            if (symbol, layer) in said and node is not output:  # called as another one is
                symbol = next(s for s in map(f"{symbol}{{}}".format, "₂₃₄₅₆₇₈₉") if s not in taken)
                taken.add(symbol)
            said.add((symbol, layer))
            found[node] = Name(symbol, layer, examples)
        elif node is output:
            found[node] = Name(free("fF"), "", examples)
        elif _is_given(node, active):
            found[node] = Name(free("c"), "", examples)
        elif node in inside and node in active:
            found[node] = Name(free("vsrqp"), "", examples)
    return found


def _is_given(node: Tensor, active: Collection[Tensor]) -> bool:
    """Whether a node without a name is a quantity that no formula speaks about."""
    match node.op.native:
        case Source():
            return True
        case Constant():
            values = node.attributes["value"]
            return bool(values.size) and bool((values != values.flat[0]).any())
        case Elementwise() | Contraction() | Movement():
            return False
        case Reduction(fold):
            return fold == "argmax"
        case _:
            return node not in active


def _inside(order: Sequence[Tensor]) -> set[Tensor]:
    """Return the single numbers that a function is taken of, as w·x + b in relu(w·x + b)."""
    found: set[Tensor] = set()
    for node in order:
        if not isinstance(node.op.native, Elementwise) or node.size != 1:
            continue
        open_inputs = [source for source in node.inputs if source.inputs and source.dtype.is_float]
        if len(open_inputs) == 1 and not is_plain(parse(node.op.explain.form)):
            found |= {source for source in open_inputs if source.op.explain.form != "{0}"}
    return found


def _shares(
    names: Mapping[Tensor, Name],
    values: Mapping[Tensor, Array],
    axes: Axes,
    active: Collection[Tensor],
) -> dict[Tensor, int]:
    """Return the given quantities whose elements add up to 1 over their last axis."""
    found: dict[Tensor, int] = {}
    for node in names:
        if node in active or node not in values or not node.ndim or node.shape[-1] < 2:
            continue
        if node.dtype.is_float and np.allclose(np.asarray(values[node]).sum(-1), 1.0, atol=1e-12):
            found[node] = axes.of(node)[-1]
    return found


class _Expansion:
    """The formula of an element, down to elements of named quantities."""

    def __init__(self, of: Board) -> None:
        self.board, self.letters = of, of.letters

    def formula(self, element: Element, taken: Collection[str]) -> Term:
        free = {place.letter for place in element.places if isinstance(place, Index)}
        return self._expand(node_of(element), element.places, free | set(taken))

    def _element(self, node: Tensor, places: tuple[Place, ...], taken: set[str]) -> Term:
        if node in self.board.names:
            return Element(node, places)
        return self._expand(node, places, taken)

    def _expand(self, node: Tensor, places: tuple[Place, ...], taken: set[str]) -> Term:
        match node.op.native:
            case Constant():
                return Number(float(node.attributes["value"].flat[0]))
            case Elementwise():
                operands = tuple(self._element(source, places, taken) for source in node.inputs)
                if node.op.explain.form == "{0}" and node.inputs[0].dtype is DType.BOOL:
                    return Choice(ONE, operands[0], ZERO)
                return apply(node.op, operands, node.attributes)
            case Contraction():
                return self._contracted(node, places, taken)
            case Reduction(fold):
                return self._folded(node, fold, places, taken)
            case Movement():
                return self._moved(node, places, taken)
            case Indexed("gather") if not self.board.general:
                return self._carried(node, places, taken)
            case _:
                raise NoLetterError(node.op.name)

    def _range(self, axis: int, length: int, taken: set[str]) -> tuple[Place, ...]:
        """Return what an axis is folded over: a letter, its one place, or each place."""
        if not self.board.general:
            return tuple(range(length))
        return (0,) if self.letters.is_silent(axis) else (self.letters.fresh(axis, taken),)

    def _contracted(self, node: Tensor, places: tuple[Place, ...], taken: set[str]) -> Term:
        left, right = node.inputs
        *lead, row, column = places
        axis = self.letters.axes.of(left)[-1]
        terms: list[Term] = []
        for inner in self._range(axis, left.shape[-1], taken):
            used = {*taken, inner.letter} if isinstance(inner, Index) else taken
            first = self._element(right, (*lead, inner, column), used)
            second = self._element(left, (*lead, row, inner), used)
            if _rank(second, self.board.active) >= _rank(first, self.board.active):
                first, second = second, first
            product = multiply([first, second])
            terms.append(total(inner, product) if isinstance(inner, Index) else product)
        return add(terms)

    def _folded(self, node: Tensor, fold: str, places: tuple[Place, ...], taken: set[str]) -> Term:
        (source,) = node.inputs
        axes = self.letters.axes.of(source)
        folded = folded_axes(node)
        rest = iter(places)
        ranges: list[tuple[Place, ...]] = []
        used, bound, count = set(taken), list[Index](), list[Term]()
        for axis in range(source.ndim):
            if axis not in folded:
                ranges.append((next(rest),))
                continue
            here = self._range(axes[axis], source.shape[axis], used)
            ranges.append(here)
            for place in here:
                if isinstance(place, Index):
                    used.add(place.letter)
                    bound.append(place)
            lettered = isinstance(here[0], Index) if here else False
            if lettered or len(here) > 1:
                count.append(Count(axes[axis]) if lettered else Number(float(len(here))))
        spots = _all(ranges)

        def over(of: Term) -> Term:
            for index in reversed(bound):
                of = total(index, of, "max" if fold == "max" else "sum")
            return of

        parts = [self._element(source, spot, used) for spot in spots]
        if fold in ("sum", "mean"):
            found = over(add(parts))
            return divide(found, multiply(count)) if fold == "mean" else found
        if fold == "max":
            return over(parts[0]) if len(parts) == 1 else Function("max", tuple(parts))
        if fold == "argmax":
            raise NoLetterError(node.op.name)
        form = parse(node.op.explain.form)
        if len(parts) == 1:
            return read(form, {"0": parts[0]}, over)
        entry = Element("entry")
        return read(form, {"0": entry}, lambda of: add([put_in(of, entry, p) for p in parts]))

    def _moved(self, node: Tensor, places: tuple[Place, ...], taken: set[str]) -> Term:
        if not self.board.general:
            return self._carried(node, places, taken)
        kept = kept_places(node)
        if kept is None:
            raise NoLetterError(node.op.name)
        (source,) = node.inputs
        spots = tuple(0 if place is None else places[place] for place in kept)
        found = self._element(source, spots, taken)
        if set(node.op.explain.derivatives) == {"0"}:
            return apply(node.op, (found,), {})
        return found

    def _carried(self, node: Tensor, places: tuple[Place, ...], taken: set[str]) -> Term:
        """Return the element that a movement puts at a place: it moves the elements' numbers."""
        start, numbered = 1, list[Array]()
        for source in node.inputs:
            if not source.dtype.is_float:  # which places are read
                numbered.append(source.value)
                continue
            numbered.append(np.arange(start, start + source.size).reshape(source.shape))
            start += source.size
        number = int(
            np.asarray(node.op.evaluate(*numbered, **node.attributes))[cast("Any", places)]
        )
        if number == 0:  # what padding puts there
            return ZERO
        for source in (source for source in node.inputs if source.dtype.is_float):
            if number <= source.size:
                spot = np.unravel_index(number - 1, source.shape) if source.shape else ()
                found = self._element(source, tuple(int(at) for at in spot), taken)
                constant = set(node.op.explain.derivatives) == {"0"}
                return apply(node.op, (found,), {}) if constant else found
            number -= source.size
        raise AssertionError(f"{node.op.name} put an element where none is")


def _all(ranges: Sequence[tuple[Place, ...]]) -> list[tuple[Place, ...]]:
    found: list[tuple[Place, ...]] = [()]
    for options in ranges:
        found = [(*head, option) for head in found for option in options]
    return found


def _rank(term: Term, active: Collection[Tensor]) -> tuple[int, bool]:
    """Return what decides which of two factors stands first: a weight, before what it weighs."""
    if not isinstance(term, Element):
        return 0, False
    node = node_of(term)
    return node.ndim - ("example" in node.type.axes), node in active and not node.inputs
