"""Where the elements of a quantity stand: which axis numbers examples, steps in time, gates."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

from glassnet.explain.expressions import Address
from glassnet.graph.types import Shape
from glassnet.records import dataclass

__all__ = ["Placing", "blocked"]


@dataclass(frozen=True)
class Placing:
    """What the axes of a quantity number, and its time.

    Args:
        example: The axis of the examples; it does not stand in brackets.
        time: The axis of the steps in time; it does not either.
        at: The step, from 1, of a quantity that belongs to one step only.
        steps: How many steps each example has, where the axis of the examples has a row for each
            step of each example.
        first: The step of the first place along the time.
        blocks: The gates whose rows stand one below the other, such as ("f", "i", "g", "o").
        of: The parameter whose letter the gates stand at.
        is_row: Whether each gate has one row, which then needs no number.
    """

    example: int | None = None
    time: int | None = None
    at: int | None = None
    steps: int | None = None
    first: int = 1
    blocks: tuple[str, ...] = ()
    of: str = ""
    is_row: bool = False

    def address(
        self,
        symbol: str,
        layer: str,
        shape: Shape,
        index: Sequence[int],
        number_of: Callable[[int], int],
    ) -> Address:
        """Return the address of an element.

        Args:
            symbol: What the quantity is called.
            layer: Its layer.
            shape: Its shape.
            index: Where the element stands, from 0.
            number_of: From the row of an example to its number.
        """
        time, example = self.at, None
        hidden = {axis for axis in (self.example, self.time) if axis is not None}
        places = [index[axis] for axis in range(len(shape)) if axis not in hidden]
        lengths = [shape[axis] for axis in range(len(shape)) if axis not in hidden]
        if self.time is not None:
            time = index[self.time] + self.first
        if self.example is not None:
            row, count = index[self.example], shape[self.example]
            if self.steps is not None:
                row, place = divmod(row, self.steps)
                time, count = place + self.first, count // self.steps
            example = None if count == 1 else number_of(row)
        if self.blocks:
            rows = lengths[0] // len(self.blocks)
            gate, places[0] = divmod(places[0], rows)
            lengths[0] = rows
            symbol = blocked(symbol, self.of, self.blocks[gate])
            if self.is_row:
                del places[0], lengths[0]
        if lengths == [1] and len(shape) < 2:
            places = []
        return Address(symbol, layer, tuple(place + 1 for place in places), example, time)

    def place(
        self, address: Address, symbol: str, shape: Shape, row_of: Callable[[int], int]
    ) -> tuple[int, ...] | None:
        """Return where the element with an address stands, from 0; None if it is none of these.

        Args:
            address: The address.
            symbol: What the quantity is called.
            shape: Its shape.
            row_of: From the number of an example to its row.
        """
        given = list(address.index)
        hidden = {axis for axis in (self.example, self.time) if axis is not None}
        own = [axis for axis in range(len(shape)) if axis not in hidden]
        if self.blocks:
            named = [blocked(symbol, self.of, block) for block in self.blocks]
            if address.symbol not in named:
                return None
            gate, rows = named.index(address.symbol), shape[own[0]] // len(self.blocks)
            given = [1, *given] if self.is_row else given or [1] * len(own)
            if len(given) != len(own) or not 1 <= given[0] <= rows:
                return None
            given[0] += gate * rows
        elif address.symbol != symbol:
            return None
        given = given or [1] * len(own)
        if len(given) != len(own) or (address.example is not None and self.example is None):
            return None
        place = dict(zip(own, (number - 1 for number in given), strict=True))
        if self.example is not None:
            row = 0 if address.example is None else row_of(address.example)
            if self.steps is not None:
                row = row * self.steps + (address.time or 0) - self.first
            place[self.example] = row
        if self.time is not None:
            place[self.time] = (address.time or 0) - self.first
        if self.time is None and self.steps is None and address.time != self.at:
            return None
        found = tuple(place[axis] for axis in range(len(shape)))
        fits = all(0 <= at < length for at, length in zip(found, shape, strict=True))
        return found if fits else None

    def label(
        self, axis: int, at: int, shape: Shape, number_of: Callable[[int], int] | None
    ) -> str:
        """Return what a place along an axis is called in a table; "" where its number says it.

        Args:
            axis: The axis.
            at: The place, from 0.
            shape: The shape of the quantity.
            number_of: From the row of an example to its number; None of one example only.
        """
        if axis == self.time:
            return f"({at + self.first})"
        if axis == self.example and self.steps is not None:
            row, place = divmod(at, self.steps)
            example = "" if number_of is None else str(number_of(row))
            return f"{example}({place + self.first})"
        if self.blocks and axis == 0:
            gate, row = divmod(at, shape[0] // len(self.blocks))
            return self.blocks[gate] + ("" if self.is_row else str(row + 1))
        return ""

    def symbols(self, symbol: str) -> tuple[str, ...]:
        """Return what the parts of a quantity are called: itself, or each gate."""
        if not self.blocks:
            return (symbol,)
        return tuple(blocked(symbol, self.of, block) for block in self.blocks)


def blocked(symbol: str, of: str, block: str) -> str:
    """Return a symbol with a gate at the letter of its parameter.

    >>> blocked("w", "w", "f"), blocked("∂E/∂u", "u", "f"), blocked("b new", "b", "o")
    ('w_f', '∂E/∂u_f', 'b_o new')
    """
    letter = of.rstrip("→←")
    before, found, after = symbol.partition(letter)
    accent = "".join(sign for sign in after[:1] if unicodedata.combining(sign))
    return f"{before}{found}{accent}_{block}{after[len(accent) :]}" if found else symbol
