"""Names and numbers as they stand on paper: ŵ with its places below, its layer above."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from glassnet.explain.expressions import Address
from glassnet.explain.notation import MINUS, Fenced, Fraction, Leaf, Notation, Script, row
from glassnet.explain.numbers import short

__all__ = ["name_of", "number"]

ACCENTS = {"\u0302": "^", "\u0303": "~", "\u0304": "¯"}
ENDINGS = (" new", " clipped", " full", " cut")
GATE = r"_[a-z](?![A-Za-z_])"  # the letter of a gate, or of a state, as in w_f
BEFORE = " before"  # what is remembered from the step before: Δw(n−1)
EARLIER = Leaf("word", "(n−1)")


def number(value: float, digits: int) -> Notation:
    """Return a number: 1e−7 is 1 · 10⁻⁷."""
    text = short(value, digits)
    mantissa, _, exponent = text.removeprefix("−").partition("e")
    parts: list[Notation] = [MINUS] if text.startswith("−") else []
    parts.append(Leaf("number", mantissa))
    if exponent:
        raised = [MINUS] if exponent.startswith("−") else []
        above = row(*raised, Leaf("number", exponent.removeprefix("−")))
        parts += [Leaf("sign", "·"), Script(Leaf("number", "10"), above=above)]
    return row(*parts)


def name_of(address: Address, *, layered: bool = True) -> Notation:
    """Return how a quantity is written: its places below, layer and example above.

    Args:
        address: The quantity.
        layered: Whether its layer is written.
    """
    return _name(address, layered)


def _name(address: Address, layered: bool) -> Notation:
    symbol = address.symbol
    if address.time is not None and not symbol.startswith("∂"):
        return _at_step(address, layered)
    if symbol.endswith(BEFORE):
        found = _name(replace(address, symbol=symbol.removesuffix(BEFORE)), layered)
        return row(Fenced("(", found, ")") if isinstance(found, Fraction) else found, EARLIER)
    ending = next((ending for ending in ENDINGS if symbol.endswith(ending)), "")
    core = symbol.removesuffix(ending)
    derivative = re.fullmatch(r"∂(\w)/∂(.+)", core)
    if derivative:
        of = _name(replace(address, symbol=derivative[2]), layered)
        partial = Leaf("letter", "∂")
        found = Fraction(row(partial, Leaf("letter", derivative[1])), row(partial, of))
        return Script(Fenced("(", found, ")"), above=_tags([ending.strip()])) if ending else found
    comma = "," if any(place > 9 for place in address.index) else ""
    places = comma.join(map(str, address.index))
    layer = address.layer if layered else ""
    example = "" if address.example is None else f"({address.example})"
    above = _tags([text for text in (layer, ending.strip()) if text], example)
    below = Leaf("number", places) if places else None
    symbol = _symbol(core)
    letter = symbol.below if isinstance(symbol, Script) and symbol.above is None else None
    if below is not None and isinstance(letter, Leaf) and letter.kind == "word":  # a gate: w_f
        assert isinstance(symbol, Script)
        gate = replace(letter, text=f"{letter.text}\u2009")
        return Script(symbol.base, row(gate, below), above)
    return Script(symbol, below, above) if below or above else symbol


def _at_step(address: Address, layered: bool) -> Notation:
    """Return a name with its step in time behind it, and the number of an example above."""
    ending = next((ending for ending in ENDINGS if address.symbol.endswith(ending)), "")
    core = replace(address, symbol=address.symbol.removesuffix(ending), time=None, example=None)
    found = row(_name(core, layered), Leaf("number", f"({address.time})"))
    example = "" if address.example is None else f"({address.example})"
    above = _tags([ending.strip()] if ending else [], example)
    return found if above is None else Script(found, above=above)


def _tags(words: Sequence[str], example: str = "") -> Notation | None:
    """Return what stands above a name: the layer, whether it is new, the example's number."""
    said = [Leaf("word", ", ".join(words) + ("\u2009" if example else ""))] if words else []
    number = [Leaf("number", example)] if example else []
    return row(*said, *number) if said or number else None


def _symbol(symbol: str) -> Notation:
    """Return a symbol: letters with their accents, small letters and numbers below and above."""
    found: list[Notation] = []
    spread = unicodedata.normalize("NFD", symbol)
    for token in re.findall(rf"{GATE}|[A-Za-z](?={GATE})|[A-Za-z_]{{2,}}|\s+|.", spread):
        kind, _, code = unicodedata.decomposition(token[0]).partition(" ")
        if token in ACCENTS and found and isinstance(found[-1], Leaf):
            found[-1] = replace(found[-1], accent=ACCENTS[token])
        elif kind in ("<super>", "<sub>") and found:
            small = chr(int(code, 16))
            leaf = Leaf("number" if small.isdigit() else "letter", small)
            side = {"above": leaf} if kind == "<super>" else {"below": leaf}
            found[-1] = Script(found[-1], **side)
        elif re.fullmatch(GATE, token) and found:
            found[-1] = Script(found[-1], below=Leaf("word", token[1:]))
        elif token == "′" and found:
            found[-1] = Script(found[-1], above=Leaf("word", "′"))
        elif token.isspace():
            found.append(Leaf("text", " "))
        elif len(token) > 1:
            found.append(Leaf("word", token.replace("_", " ")))
        else:
            kind = "sign" if token in "+−·" else "letter" if token.isalpha() else "word"
            found.append(Leaf(kind, token))
    signs = [i for i, p in enumerate(found) if isinstance(p, Leaf) and p.kind == "sign"]
    if signs:  # a name that is a formula itself, such as x − m
        found = [p for p in found if p != Leaf("text", " ")]
        return Fenced("(", row(*found), ")")
    return row(*found)
