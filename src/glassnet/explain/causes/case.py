"""What a cause looks at and what it gives: a case, a line's formula, and the line as it is left."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import field
from functools import cached_property

from glassnet.explain.expressions import Address, Expression, Quantity, Sum, quantities
from glassnet.explain.worksheet import Entry, rewrite
from glassnet.explain.written import Written
from glassnet.records import dataclass

__all__ = [
    "LONG", "Case", "Cause", "Variant", "few", "formula_of", "is_change", "is_forward",
    "is_gradient", "is_new", "is_rate", "replaced",
]  # fmt: skip

LONG = 16  # quantities in a formula, from which on they are not tried one by one
SUBJECTS = ("local field", "output", "score")


@dataclass(frozen=True)
class Case:
    """What the causes may look at.

    Args:
        entries: All lines by their addresses.
        written: What the student wrote, where it could be read.
        factors: The numbers that belong to averages: examples, outputs, all together.
    """

    entries: Mapping[Address, Entry]
    written: Mapping[Address, Written]
    factors: tuple[int, ...] = ()

    @cached_property
    def alike(self) -> dict[tuple[str, str, int | None], list[Address]]:
        """The quantities that differ only in their places."""
        found: dict[tuple[str, str, int | None], list[Address]] = {}
        for a in self.entries:
            found.setdefault((a.symbol, a.layer, a.example), []).append(a)
        return found

    def name(self, address: Address, step: int) -> str:
        """Return a quantity as it is printed; with its step, if that is not the one given."""
        entry = self.entries[address]
        return entry.symbol if entry.step == step else f"{entry.symbol} of step {entry.step}"

    def kind(self, address: Address) -> str:
        """Return what a quantity is: "bias", "weight", …"""
        return self.entries[address].line.kind if address in self.entries else ""


@dataclass(frozen=True)
class Variant:
    """A line as a mistake leaves it.

    Args:
        code: The mistake, for programs.
        text: The mistake, as a sentence without a full stop; the same for all lines that share it.
        formula: What the line is then computed from; None if only `predict` says it.
        predict: Works the line out in another way than by its formula.
    """

    code: str
    text: str
    formula: Expression | None = None
    predict: Callable[[Callable[[Address], float]], float] | None = field(default=None)


Cause = Callable[[Case, Entry], Iterator[Variant]]


# --- which line it is -----------------------------------------------------------------------------
def is_gradient(entry: Entry) -> bool:
    """Whether a line is a local gradient."""
    symbol = entry.line.address.symbol
    return symbol in ("δ", "∂E/∂v") or symbol.startswith(("δ_", "∂E/∂v_"))


def is_change(entry: Entry) -> bool:
    """Whether a line is a change of a weight or bias, or a derivative with respect to one."""
    symbol = entry.line.address.symbol
    is_state = symbol in ("∂E/∂h", "∂E/∂c")
    return symbol.startswith(("Δ", "∂E/∂")) and not is_gradient(entry) and not is_state


def is_new(entry: Entry) -> bool:
    """Whether a line is a weight or bias after the step."""
    return entry.line.address.symbol.endswith(" new")


def is_forward(entry: Entry) -> bool:
    """Whether a line is a local field, an output or a score that is a sum."""
    return entry.line.kind in SUBJECTS and isinstance(entry.line.formula, Sum)


def is_rate(address: Address) -> bool:
    """Whether a quantity is the learning rate."""
    return address.symbol == "η"


def formula_of(entry: Entry) -> Expression:
    """Return the formula of a line that has one."""
    assert entry.line.formula is not None
    return entry.line.formula


def replaced(formula: Expression, new: Mapping[Address, Expression]) -> Expression:
    """Return a formula with other expressions in place of quantities."""

    def change(part: Expression) -> Expression | None:
        return new.get(part.address) if isinstance(part, Quantity) else None

    return rewrite(formula, change)


def few(formula: Expression) -> list[Address]:
    """Return the quantities of a formula; none of a long one, where trying each takes too long."""
    found = list(dict.fromkeys(quantities(formula)))
    return found if len(found) <= LONG else []
