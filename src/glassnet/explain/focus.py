"""Focus: which neuron, which quantity, which example of a step is worked out."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from math import prod

from glassnet.errors import ArgumentError, nearest
from glassnet.explain.expressions import Address
from glassnet.explain.shown import Shown
from glassnet.explain.stepwise import StepWriter
from glassnet.records import dataclass
from glassnet.unit import check_whole

__all__ = ["Focus", "Selection", "find_place", "neurons", "place_of", "select", "to_type"]

# What people say and type, and the symbols that it stands for.
SPOKEN: dict[str, tuple[str, ...]] = {
    "local field": ("v",),
    "output": ("y",),
    "error": ("e",),
    "error energy": ("E",),
    "cost": ("E",),
    "loss": ("E",),
    "input": ("x",),
    "target": ("d",),
    "weight": ("w", "w new"),
    "bias": ("b", "b new"),
    "delta": ("δ", "∂E/∂v"),
    "local gradient": ("δ", "∂E/∂v"),
    "gradient": ("∂E/∂w", "∂E/∂b", "∂E/∂γ", "∂E/∂β", "∂E/∂v", "δ"),
    "change": ("Δw", "Δb", "Δγ", "Δβ"),
    "learning rate": ("η",),
    "rate": ("η",),
    "w": ("w", "w new"),
    "b": ("b", "b new"),
    "e": ("e",),
    "E": ("E",),
    "d": ("d",),
    "η": ("η",),
}
PLURAL = "s"
ADDRESS = r"(?:([^\[\]]+)\.)?([^.\[\]@]+)\[(\d+(?:,\d+)*)\](?:@(\d+))?"
STEP = r"(.*?)\((\d+)\)"  # a quantity of one step in time, such as h(2)
LETTERS = (
    ("delta", "δ"), ("gamma", "γ"), ("beta", "β"), ("eta", "η"), ("sigma", "σ"), ("mu", "μ"),
    ("'", "′"), ("^2", "²"),
)  # fmt: skip


@dataclass(frozen=True)
class Focus:
    """What of a step is asked for; all of it where nothing is said.

    Args:
        neuron: A neuron such as "hidden.2", counted from 1, or a layer such as "hidden".
        quantity: A quantity by its symbol or its plain name: "δ", "delta", "local gradient"; or one
            number by its address, such as "hidden.w[2,1]".
        example: The number of an example.
    """

    neuron: str | None = None
    quantity: str | None = None
    example: int | None = None

    def __post_init__(self) -> None:
        if self.example is not None:
            check_whole("example", self.example)

    def __bool__(self) -> bool:
        return self.neuron is not None or self.quantity is not None or self.example is not None


@dataclass(frozen=True)
class Selection:
    """Some of the elements of a quantity: the places along each axis, counted from 0."""

    entry: Shown
    ranges: tuple[Sequence[int], ...]

    @property
    def size(self) -> int:
        """How many elements."""
        return prod(map(len, self.ranges))

    def places(self) -> Iterator[tuple[int, ...]]:
        """Yield where each element stands."""
        return itertools.product(*self.ranges)


def select(writer: StepWriter, focus: Focus) -> list[Selection]:
    """Return what of each quantity is asked for; quantities of which nothing is are left out.

    Raises:
        ArgumentError: There is no such neuron, quantity or example; what there is is said.
    """
    one = re.fullmatch(ADDRESS, focus.quantity or "")
    if one is not None:
        if focus.example is not None and one[4] is None and writer.batch > 1:
            one = re.fullmatch(ADDRESS, f"{one[0]}@{focus.example}") or one
        return [_one(writer, one)]
    time, symbols = None, None
    if focus.quantity is not None:
        quantity, time = _of_step(focus.quantity)
        symbols = _symbols(writer, quantity)
    layer, number = (None, None) if focus.neuron is None else _neuron(writer, focus.neuron)
    if focus.example is not None:
        _check_example(writer, focus.example)
    found: list[Selection] = []
    for entry in writer.shown.values():
        if layer is not None and entry.layer != layer:
            continue
        if symbols is None and entry.is_given:
            continue
        gates = _gates(writer, entry, symbols)
        if gates is None:
            continue
        ranges = _ranges(writer, entry, number, focus, time, gates)
        if ranges is not None:
            found.append(Selection(entry, ranges))
    if not found:
        raise ArgumentError(_nothing(writer, focus, layer))
    return found


def _one(writer: StepWriter, text: re.Match[str]) -> Selection:
    """Return a single number by its address."""
    layer, symbol, places, example = text.groups()
    index = tuple(int(place) for place in places.split(","))
    quantity, time = _of_step(symbol)
    symbols = _symbols(writer, quantity)
    number = None if example is None else int(example)
    if number is not None:
        _check_example(writer, number)
    for known in symbols:
        for step in (time, None):  # what a step adds to a sum is shown with the sum
            found = find_place(writer, Address(known, layer or "", index, number, step))
            if found is not None:
                return Selection(found[0], tuple((at,) for at in found[1]))
    own = {
        _last_of(writer, entry)
        for entry in writer.shown.values()
        if entry.name[0] in symbols and entry.layer == (layer or "")
    }
    have = dict.fromkeys(e.layer for e in writer.shown.values() if e.name[0] in symbols)
    said = (
        f"its places go up to {', '.join(sorted(own))}"
        if own
        else f"{symbols[0]} is found in the layers {', '.join(have)}"
    )
    raise ArgumentError(f"there is no {text[0]!r:.60} in this step; {said}")


def _last_of(writer: StepWriter, entry: Shown) -> str:
    """Return the address of the last element of a quantity."""
    return str(writer.elements.address(entry.node, tuple(n - 1 for n in entry.node.shape)))


def _of_step(text: str) -> tuple[str, int | None]:
    """Return a quantity without its step in time, and the step: h(2) is h, and 2."""
    found = re.fullmatch(STEP, text.strip())
    return (text, None) if found is None else (found[1], int(found[2]))


def _gates(writer: StepWriter, entry: Shown, symbols: Sequence[str] | None) -> list[int] | None:
    """Return which gates of a quantity are asked for, all if it has none; None if not it at all."""
    own = writer.elements.placing(entry.node).symbols(entry.name[0])
    if symbols is None or entry.name[0] in symbols:
        return list(range(len(own)))
    return [gate for gate, symbol in enumerate(own) if symbol in symbols] or None


def _ranges(
    writer: StepWriter,
    entry: Shown,
    number: int | None,
    focus: Focus,
    time: int | None,
    gates: Sequence[int],
) -> tuple[Sequence[int], ...] | None:
    """Return the places that are asked for along each axis; None if there are none."""
    shape, placing = entry.node.shape, writer.elements.placing(entry.node)
    ranges: list[Sequence[int]] = [range(length) for length in shape]
    if focus.example is not None:
        if placing.example is not None:
            at, each = writer.elements.row_of(focus.example), placing.steps or 1
            ranges[placing.example] = range(at * each, (at + 1) * each)
        elif focus.quantity is None and writer.batch > 1:
            return None  # what sums over the examples is of none of them
    if time is not None:
        along = placing.example if placing.steps is not None else placing.time
        if along is None and placing.at != time:
            return None
        if along is not None:
            each = placing.steps or shape[along]
            ranges[along] = [at for at in ranges[along] if at % each == time - placing.first]
            if not ranges[along]:
                return None
    hidden = (placing.example, placing.time)
    own = next((a for a in range(len(shape)) if a not in hidden), None)
    if placing.blocks and own is not None:
        rows = shape[own] // len(placing.blocks)
        picked = range(rows) if number is None or placing.is_row else (number - 1,)
        if picked[0] >= rows:
            return None
        ranges[own] = [gate * rows + row for gate in gates for row in picked]
        own = own + 1 if placing.is_row else None
    if number is not None and not (placing.blocks and own is None):
        if own is None or not number <= shape[own]:
            return None
        ranges[own] = range(number - 1, number)
    return tuple(ranges)


# --- quantities -----------------------------------------------------------------------------------
def _symbols(writer: StepWriter, text: str) -> list[str]:
    """Return the symbols of a step that a name or symbol stands for, what it says first."""
    parts = (
        writer.elements.placing(entry.node).symbols(entry.name[0])
        for entry in writer.shown.values()
    )
    whole = dict.fromkeys(entry.name[0] for entry in writer.shown.values())
    known = list(dict.fromkeys(itertools.chain(whole, *parts)))
    word = " ".join(text.split())
    lowered = word.lower() if len(word) > 1 else word
    tries = [word, *SPOKEN.get(word, ()), *SPOKEN.get(lowered, ())]
    tries += SPOKEN.get(lowered.removesuffix(PLURAL), ())
    if lowered.endswith("es"):
        tries += SPOKEN.get(lowered.removesuffix("es"), ())
    typed = _typed(word)
    tries += [typed, *SPOKEN.get(typed, ())]
    found = [symbol for symbol in dict.fromkeys(tries) if symbol in known]
    if not found:
        names = [*known, *(name for name, own in SPOKEN.items() if set(own) & set(known))]
        raise ArgumentError(
            f"there is no quantity {text!r:.60} in this step{nearest(word, names)}; "
            f"there are {', '.join(known)}"
        )
    return found


def _typed(word: str) -> str:
    """Return a symbol from what a keyboard has: dw for Δw, dE/dw for ∂E/∂w, sigma^2 for σ²."""
    for name, letter in LETTERS:
        word = word.replace(name, letter)
    if word.startswith(("dE/d", "dL/d")):
        return f"∂E/∂{word[4:]}"
    if word[:1] in "dD" and len(word) > 1 and not word[1:2].isspace():
        return f"Δ{word[1:].strip()}"
    return word.replace("δ ", "Δ")


def to_type(symbol: str) -> str:
    """Return how a symbol is typed on a keyboard: Δw as dw, ∂E/∂w as dE/dw, δ as delta."""
    symbol = symbol.replace("∂E/∂", "dE/d").replace("Δ", "d")
    for name, letter in LETTERS:
        symbol = symbol.replace(letter, name)
    return symbol


# --- neurons --------------------------------------------------------------------------------------
def neurons(writer: StepWriter) -> dict[str, int]:
    """Return the layers ("" where they have no names) and how many neurons each has."""
    found: dict[str, int] = {}
    for entry in writer.shown.values():
        placing = writer.elements.placing(entry.node)
        is_state = entry.name[0] == "h" and entry.time is not None
        is_output = entry.name[0] in ("v", "y", "u") or is_state
        if is_output and placing.example is not None and entry.node.ndim > 1:
            hidden = (placing.example, placing.time)
            own = [n for a, n in enumerate(entry.node.shape) if a not in hidden]
            found.setdefault(entry.layer, own[0])
    return found


def _neuron(writer: StepWriter, text: str) -> tuple[str, int | None]:
    """Return the layer of a neuron, and its number; None for all of the layer."""
    layers = neurons(writer)
    layer, dot, last = text.strip().rpartition(".")
    if not dot and last.isdecimal() and len(layers) == 1:
        (layer,) = layers
    elif not dot:
        layer, last = last, ""
    names = ", ".join(f"{name} ({count})" if name else f"{count}" for name, count in layers.items())
    if layer not in layers:
        said = f"the layers and their numbers of neurons are {names}"
        if set(layers) == {""}:
            said = f"there are {names}, without names of layers: say 1 to {names}"
        raise ArgumentError(
            f"there is no neuron {text!r:.60}{nearest(layer, filter(None, layers))}; {said}"
        )
    if not last and not dot:
        return layer, None
    count = layers[layer]
    if not last.isdecimal() or not 1 <= int(last) <= count:
        word = f"layer {layer} has" if layer else "there are"
        example = f"{layer}." if layer else ""
        raise ArgumentError(
            f"there is no neuron {text!r:.60}: {word} {count} neuron{'s' if count > 1 else ''}; "
            f"say {example}1" + (f" to {example}{count}" if count > 1 else "")
        )
    return layer, int(last)


def _check_example(writer: StepWriter, example: int) -> None:
    said = writer.elements.numbers or range(1, writer.batch + 1)
    if example not in said:
        shown = ", ".join(map(str, said[:12])) + (", …" if len(said) > 12 else "")
        raise ArgumentError(f"there is no example {example} in this step; there are {shown}")


def _nothing(writer: StepWriter, focus: Focus, layer: str | None) -> str:
    if focus.quantity is not None and layer is not None:
        own = dict.fromkeys(e.name[0] for e in writer.shown.values() if e.layer == layer)
        return (
            f"neuron {focus.neuron!r:.60} has no {focus.quantity!r:.60}; "
            f"layer {layer} has {', '.join(own)}"
        )
    return "nothing in this step is of what was asked for; leave one of the options out"


# --- addresses ------------------------------------------------------------------------------------
def place_of(writer: StepWriter, address: Address) -> tuple[Shown, tuple[int, ...]]:
    """Return the quantity that an address is of, and where in it the element stands."""
    found = find_place(writer, address)
    assert found is not None, f"no quantity has the address {address}"
    return found


def find_place(writer: StepWriter, address: Address) -> tuple[Shown, tuple[int, ...]] | None:
    """Return the same, or None if there is no such element."""
    for entry in writer.named(address.symbol, address.layer):
        place = writer.elements.place(entry.node, address)
        if place is not None:
            return entry, place
    return None
