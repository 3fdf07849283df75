"""Instructions written as formulas: `t2 = tanh(hidden.v)`, `hidden.v = x @ hidden.wᵀ + hidden.b`.

Beside the usual signs: `@` is the matrix product; `row sum(a)` has one number for each row of a,
`column sum(a)` one for each column, `total sum(a)` one in all. A number or a row that stands beside
a table counts for each of its rows. Letters are values that stay in the processor's cache.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import field

from glassnet.engines.native.entries import shape_text
from glassnet.engines.native.instructions import (
    Buffer,
    Draw,
    Fused,
    Instruction,
    Lookup,
    Looped,
    Mode,
    Move,
    Place,
    Product,
    Reduce,
    Slot,
    Step,
)
from glassnet.records import dataclass

__all__ = ["constant_text", "formulas"]

Names = Callable[[Buffer], str]

ATOM, POWER, PRODUCT, SUM, RELATION = 4, 3, 2, 1, 0  # how strongly the parts hold together
INFIX = {
    "add": ("+", SUM),
    "subtract": ("−", SUM),
    "multiply": ("·", PRODUCT),
    "divide": ("/", PRODUCT),
    "less": ("<", RELATION),
    "less_equal": ("≤", RELATION),
    "equal": ("=", RELATION),
}
# Two operations in one sweep: the sign between, and which operands are the parts.
FUSED = {
    "multiply_add": ("+", (0, 1), (2,)),
    "subtract_product": ("−", (2,), (0, 1)),
    "sum_of_products": ("+", (0, 1), (2, 3)),
}
SAME = ("copy", "spread")  # what writes nothing down
REACH = {"row": "row ", "rows": "column ", "total": "total "}
LETTERS = "abcefghijklmnopqrstuvwz"  # without d, x and y, which have a meaning
LONGEST = 56  # characters of an expression inside another


def formulas(instruction: Instruction, names: Names) -> tuple[str, ...]:
    """Return what an instruction computes, one formula for each value that it writes.

    Args:
        instruction: What the native engine executes.
        names: How buffers are called.
    """
    reads = [names(buffer) for buffer in instruction.reads]
    target = names(instruction.writes[0]) if instruction.writes else ""
    match instruction:
        case Fused():
            return tuple(_Chain(instruction, names).write())
        case Product():
            a = reads[0] + ("ᵀ" if instruction.transpose_a else "")
            b = reads[1] + ("ᵀ" if instruction.transpose_b else "")
            bias = f" + {reads[2]}" if instruction.has_bias else ""
            return (f"{target} = {a} @ {b}{bias}",)
        case Reduce():
            return (f"{target} = {instruction.fold}({reads[0]})",)
        case Move():
            plain = instruction.title.startswith("output ")
            return (f"{target} = {reads[0] if plain else f'{instruction.title}({reads[0]})'}",)
        case Lookup():
            return (f"{target} = {instruction.pattern}({', '.join(reads)})",)
        case Draw():
            return (f"{target} = {instruction.distribution} numbers({', '.join(reads)})",)
        case Looped():
            return tuple(_loop(instruction, names))
        case _:
            return (f"{target} = {type(instruction).__name__.lower()}({', '.join(reads)})",)


def constant_text(constant: Buffer) -> str:
    """Return what a constant is called: its value, if it is one number."""
    if constant.value is None or constant.size != 1:
        return f"constant {shape_text(constant.shape)}"
    return f"{constant.value.item():.6g}".replace("-", "−").replace("e−", "e-")


def _loop(loop: Looped, names: Names) -> Iterator[str]:
    """Yield the formulas of a step: (t) is what belongs to it, (t−1) what the last one left."""
    assert loop.plan is not None
    known: dict[int, str] = {}

    def inside(buffer: Buffer) -> str:
        if buffer.place is Place.CONSTANT:
            return constant_text(buffer)
        if buffer.place is not Place.STORE:
            return known.setdefault(id(buffer.whole), f"s{len(known) + 1}")
        bound = loop.bound[buffer.name]
        if not bound.step:
            return names(bound.buffer)
        is_last = any(b.buffer is bound.buffer and b is not bound for b in loop.bound.values())
        before = is_last and not buffer.name.startswith("following/")
        return f"{names(bound.buffer)}({'t−1' if before else 't'})"

    yield f"{loop.length} times:"
    for instruction in loop.plan.instructions:
        yield from (f"  {text}" for text in formulas(instruction, inside))


@dataclass(eq=False)
class _Term:
    """A value inside a chain: its text, until it gets a name of its own."""

    text: str
    strength: int = ATOM
    uses: int = 0  # how often it is still to be written
    mentions: set[str] = field(default_factory=set[str])  # the buffers in its text


class _Chain:
    """The writing of one chain: registers become letters, or part of what uses them."""

    def __init__(self, chain: Fused, names: Names) -> None:
        self.chain, self.names = chain, names
        self.uses = _count_uses(chain)
        self.terms: dict[int, _Term] = {}  # by slot: what it holds now
        self.waiting: list[_Term] = []
        self.lines: list[str] = []
        taken = {self._called(slot) for slot in chain.slots if slot.buffer is not None}
        self.letters = (letter for letter in _letters() if letter not in taken)

    def write(self) -> list[str]:
        for index, step in enumerate(self.chain.steps):
            operands = [self._operand(place) for place in step.operands]
            slot = self.chain.slots[step.result]
            if step.code in SAME and slot.buffer is None:
                self.terms[step.result] = operands[0]
                continue
            term = _term(step, operands)
            for operand in operands:
                term.mentions |= operand.mentions
                operand.uses -= 1
            if slot.buffer is None:
                self._keep(step.result, term, self.uses[index])
            else:
                self._store(term, self._called(slot))
        return self.lines

    def _called(self, slot: Slot) -> str:
        """Return what an operand is called: a buffer, or some of its columns."""
        assert slot.buffer is not None
        name, first = self.names(slot.buffer), slot.start
        if slot.stride:
            return f"{name}[:, {first}:{first + self.chain.width}]"
        part = first or (slot.mode is Mode.ROW and slot.buffer.size > self.chain.width)
        return f"{name}[{first}:{first + self.chain.width}]" if part else name

    def _operand(self, place: int) -> _Term:
        slot = self.chain.slots[place]
        if slot.buffer is None:
            return self.terms[place]
        name = self._called(slot)
        negative = name.startswith("−")
        return _Term(name, PRODUCT if negative else ATOM, mentions={name})

    def _keep(self, place: int, term: _Term, uses: int) -> None:
        """Let a value wait for those that use it, under a letter if it is long or used often."""
        term.uses = uses
        self.terms[place] = term
        if uses != 1 or len(term.text) > LONGEST:
            self._name(term)
        else:
            self.waiting.append(term)

    def _name(self, term: _Term) -> None:
        letter = next(self.letters)
        self.lines.append(f"{letter} = {term.text}")
        term.text, term.strength, term.mentions = letter, ATOM, set()

    def _store(self, term: _Term, name: str) -> None:
        """Write a value out; what waits and speaks of the old value there is named first."""
        for other in self.waiting:
            if other.uses > 0 and name in other.mentions:
                self._name(other)
        self.waiting = [other for other in self.waiting if other.uses > 0]
        self.lines.append(f"{name} = {term.text}")


def _count_uses(chain: Fused) -> list[int]:
    """Return how often the result of each step is written, seen through what writes nothing."""
    uses = [0] * len(chain.steps)
    maker: dict[int, int] = {}
    for index, step in enumerate(chain.steps):
        register = chain.slots[step.result].buffer is None
        if step.code in SAME and register:
            if step.operands[0] in maker:
                maker[step.result] = maker[step.operands[0]]
            else:
                maker.pop(step.result, None)
            continue
        for place in step.operands:
            if place in maker:
                uses[maker[place]] += 1
        maker[step.result] = index
    return uses


def _letters() -> Iterator[str]:
    yield from LETTERS
    for number in itertools.count(2):
        yield from (f"{letter}{number}" for letter in LETTERS)


def _inside(term: _Term, least: int, *, first: bool = False) -> str:
    """Return a part of a formula, in brackets where it would be read otherwise."""
    loose = term.strength < least or (not first and term.text.startswith("−"))
    return f"({term.text})" if loose else term.text


def _product(factors: list[_Term]) -> _Term:
    """Return a·b, or a single factor as it is."""
    if len(factors) == 1:
        return factors[0]
    left = _inside(factors[0], PRODUCT, first=True)
    return _Term(f"{left} · {_inside(factors[1], POWER)}", PRODUCT)


def _difference(parts: list[_Term]) -> _Term:
    left = _inside(parts[0], SUM, first=True)
    return _Term(f"{left} − {_inside(parts[1], PRODUCT)}", SUM)


def _sum_of(code: str, operands: list[_Term]) -> _Term:
    """Return a sum of products, of squares or of squares of differences."""
    reach, _, what = code.partition("_sum_of_")
    if what == "square_differences":
        inner = f"({_difference(operands).text})²"
    elif operands[0] is operands[1] or operands[0].text == operands[1].text:
        inner = f"{_inside(operands[0], ATOM)}²"
    else:
        inner = _product(operands).text
    return _Term(f"{REACH[reach]}sum({inner})")


def _term(step: Step, operands: list[_Term]) -> _Term:
    """Return the formula of one step."""
    code = step.code
    if code in SAME:
        return _Term(operands[0].text, operands[0].strength)
    if code in INFIX:
        sign, strength = INFIX[code]
        left = _inside(operands[0], max(strength, SUM), first=True)  # no a < b = c
        return _Term(f"{left} {sign} {_inside(operands[1], strength + 1)}", strength)
    if code in FUSED:
        sign, first, second = FUSED[code]
        left = _inside(_product([operands[place] for place in first]), SUM, first=True)
        right = _inside(_product([operands[place] for place in second]), PRODUCT)
        return _Term(f"{left} {sign} {right}", SUM)
    if code == "add_scaled_difference":
        right = _inside(_product([operands[0], _difference(operands[1:3])]), PRODUCT)
        return _Term(f"{_inside(operands[3], SUM, first=True)} + {right}", SUM)
    if "_sum_of_" in code:
        return _sum_of(code, operands)
    if code == "negate":
        return _Term(f"−{_inside(operands[0], PRODUCT)}", PRODUCT)
    if code == "square":
        return _Term(f"{_inside(operands[0], ATOM)}²", POWER)
    if code == "power":
        return _Term(f"{_inside(operands[0], ATOM)}^{_inside(operands[1], ATOM)}", POWER)
    if code == "abs":
        return _Term(f"|{operands[0].text}|")
    if code == "is_not_zero":
        return _Term(f"{_inside(operands[0], SUM, first=True)} ≠ 0", RELATION)
    reach, _, fold = code.partition("_")
    word = REACH[reach] + fold if fold and reach in REACH else code
    limits = [f"{number:g}".replace("-", "−").replace("inf", "∞") for number in step.numbers]
    inner = [*(operand.text for operand in operands), *limits]
    return _Term(f"{word}({', '.join(inner)})")
