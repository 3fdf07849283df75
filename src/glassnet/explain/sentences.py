"""The plain sentences beside workings: one place for all, found by what a section works out.

A section has one sentence at most. The first entry of `SENTENCES` that fits is taken: its heading
begins as the section's does, and the section has all its symbols.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from glassnet.explain.expressions import (
    Address,
    Apply,
    Expression,
    Quantity,
    Quotient,
    Sum,
    parts,
)
from glassnet.explain.numbers import short
from glassnet.explain.sentences_of_steps import sentence_of_steps
from glassnet.explain.sheet import Line, Section
from glassnet.records import dataclass

__all__ = ["sentence_of"]


@dataclass(frozen=True)
class Sentence:
    """A sentence, and where it stands.

    Args:
        heading: How the section's heading begins.
        symbols: What the section must work out, apart from layers and places.
        text: The sentence.
    """

    heading: str
    symbols: tuple[str, ...]
    text: str


COST_AND_OUTPUT = "The cost's derivative and the slope of ψ cancel each other: what is left is {}."
OUTPUT = "An output neuron's local gradient: its error times the slope of ψ at its local field."
LINEAR_OUTPUT = "A linear neuron's slope is 1: its local gradient is its error."
LINEAR_OF_MEAN = (
    "A linear neuron's slope is 1: its local gradient is its error, with the factors of the cost."
)
SLOPE_ONLY = "What comes back from the layer behind, times the slope of ψ."
HEBB = "What fires together grows together: each weight by η times input times output."
DELTA_RULE = "Each weight changes by η times its error times its input."
WINNER = "Only what has won, or stands near the winner, moves towards the example."
HIDDEN = (
    "A hidden neuron has no target: the local gradients that it feeds come back through the "
    "weights, times its own slope of ψ."
)

SENTENCES = (
    # forward
    Sentence(
        "Forward",
        ("μ", "σ²", "z′"),
        "Each feature gets mean 0 and variance 1 over the batch; γ and β are learnt.",
    ),
    Sentence(
        "Forward",
        ("z′",),
        "In use, running averages stand in for the batch's mean and variance.",
    ),
    Sentence(
        "Forward",
        ("mask",),
        "A neuron whose draw u is below p is dropped; the others are divided by 1 − p, so "
        "that the mean stays.",
    ),
    Sentence(
        "Forward",
        ("m", "ln y"),
        "Softmax, with the largest local field taken away first: the result is the same, and "
        "no power overflows.",
    ),
    Sentence(
        "Forward",
        ("ŵ",),
        "The gradient is taken where the last change would lead: at the look-ahead ŵ.",
    ),
    Sentence(
        "Forward",
        ("P", "u"),
        "The neuron fires with probability P: where the draw u is below it.",
    ),
    Sentence("Forward", ("⟨y⟩",), "The output on average over many draws."),
    Sentence(
        "Forward",
        ("v", "y"),
        "Each neuron adds up its weighted inputs and its bias, and answers y = ψ(v).",
    ),
    # rules of competition
    Sentence(
        "The nearest",
        ("D",),
        "The distance of the example to each one in memory; the nearest are looked for, one "
        "after the other.",
    ),
    Sentence(
        "Competition",
        ("d²", "second"),
        "The two prototypes nearest to the example: those found already count as ∞.",
    ),
    Sentence(
        "Competition",
        ("d²", "p new"),
        "The nearest unit; a unit that has won too often is held back by its conscience.",
    ),
    Sentence(
        "Competition",
        ("d²",),
        "The unit nearest to the example wins: squares are compared, which spares the root.",
    ),
    Sentence(
        "Co-operation",
        ("r²", "h"),
        "h is 1 at the winner and less the farther a unit is from it on the grid.",
    ),
    Sentence(
        "Co-operation",
        ("s",),
        "s says which prototypes move: towards the example (1), away from it (−1), or not (0).",
    ),
    Sentence("Co-operation", ("z",), "Only the winner learns: z is 1 for it and 0 for the others."),
    Sentence(
        "Vote",
        ("votes",),
        "Each of the nearest has a vote for its class; the class with most of them is the answer.",
    ),
    # error
    Sentence("Error", ("r",), "What the neurons leave of the example."),
    # backward
    Sentence(
        "Backward",
        ("∂E/∂z′",),
        "Back through γ z′ + β, and through s, σ² and μ: each example has a part in them.",
    ),
    # change
    Sentence(
        "Change",
        ("‖g‖",),
        "If the gradients together are longer than the limit, all are shrunk to it: the "
        "direction stays.",
    ),
    Sentence(
        "Change",
        ("g", "s"),
        "The gain of a weight grows while its gradient keeps its sign, and shrinks when the "
        "sign changes.",
    ),
    Sentence(
        "Change",
        ("m̂", "v̂"),
        "m and v are running means from 0; m̂ and v̂ make up for that start. Each weight has "
        "its own step size.",
    ),
    Sentence("Change", ("MS",), "Each gradient is divided by the root of its running mean square."),
    Sentence(
        "Change",
        ("G",),
        "Each gradient is divided by the root of the sum of its squares so far.",
    ),
)


def sentence_of(section: Section, values: Mapping[Address, float], layers: Sequence[str]) -> str:
    """Return the sentence that stands beside a section; "" where none is needed.

    Args:
        section: What is worked out.
        values: The numbers of the sheet.
        layers: The layers, from the input to the output.
    """
    symbols = {_plain(line.address.symbol) for line in section.lines}
    of_steps = sentence_of_steps(section, symbols)
    if of_steps is not None:
        return of_steps
    for entry in SENTENCES:
        if section.title.startswith(entry.heading) and symbols.issuperset(entry.symbols):
            return entry.text
    if section.title == "Error":
        return _of_cost(section)
    if section.title.startswith("Backward"):
        return _of_local_gradient(section, layers)
    if section.title == "Change":
        return _of_rule(section)
    if section.title.startswith("New weights"):
        return _line_moved(section, values)
    return ""


def _plain(symbol: str) -> str:
    """Return a symbol without what it is of: m(w) is m."""
    return unicodedata.normalize("NFC", symbol.partition("(")[0])


def _of_cost(section: Section) -> str:
    """Say in which form a cross-entropy is computed."""
    for line in section.lines:
        if line.address.symbol != "E" or line.formula is None:
            continue
        names = {part.address.symbol for part in _parts(line) if isinstance(part, Quantity)}
        if "ln y" in names:
            return "The cross-entropy: of the sum, only the logarithm at the right class counts."
        if any(isinstance(part, Apply) and part.op.name == "softplus" for part in _parts(line)):
            return (
                "The cross-entropy −d ln y − (1 − d) ln(1 − y), in a form without rounding errors."
            )
        if isinstance(line.formula, Quotient):
            return "The cost is the mean over the examples."
    return ""


def _of_rule(section: Section) -> str:
    """Say how a classical rule changes its weights."""
    names = {
        part.address.symbol
        for line in section.lines
        if line.address.symbol == "Δw"
        for part in _parts(line)
        if isinstance(part, Quantity)
    }
    if names & {"z", "h", "wins"}:
        return WINNER
    if "e" in names:
        return DELTA_RULE
    return HEBB if names in ({"η", "x", "y"}, {"η", "x", "d"}) else ""


def _of_local_gradient(section: Section, layers: Sequence[str]) -> str:
    """Say what an output's or a hidden neuron's local gradient is."""
    line = next((line for line in section.lines if _is_local_gradient(line)), None)
    if line is None or line.formula is None:
        return ""
    names = [part.address.symbol for part in _parts(line) if isinstance(part, Quantity)]
    if line.address.layer != layers[-1]:
        return HIDDEN if {"w", "ŵ"}.intersection(names) else SLOPE_ONLY
    terms = [part for part in _parts(line) if isinstance(part, Sum)]
    if sorted(names) == ["d", "y"] and len(terms) == 1:
        return COST_AND_OUTPUT.format(
            "d\u00a0−\u00a0y" if line.address.symbol == "δ" else "y\u00a0−\u00a0d"
        )
    if set(names) == {"e"}:
        return LINEAR_OUTPUT if len(list(_parts(line))) <= 3 else LINEAR_OF_MEAN
    return OUTPUT if "e" in names else ""


def _is_local_gradient(line: Line) -> bool:
    return line.address.symbol in ("δ", "∂E/∂v")


def _parts(line: Line) -> list[Expression]:
    """Return all parts of a line's formula."""
    found: list[Expression] = [] if line.formula is None else [line.formula]
    for part in found:
        found += parts(part)
    return found


# --- the line between two classes -----------------------------------------------------------------
def _line_moved(section: Section, values: Mapping[Address, float]) -> str:
    """Say how the line w·x + b = 0 of a neuron with two inputs has moved."""
    new = {str(line.address): line.value for line in section.lines}
    old = {str(address): value for address, value in values.items()}
    names = ("w[1,1]", "w[1,2]", "b")
    after = [new.get(name.replace("w", "w new").replace("b", "b new")) for name in names]
    before = [old.get(name) for name in names]
    is_threshold = "y[1]" in old and old["y[1]"] in (0.0, 1.0, -1.0) and "class" in old
    if not is_threshold or None in after[:2] or None in before[:2] or "w[1,3]" in old:
        return ""
    if not any(before[:2]):
        return "Both weights are 0 so far: there is no line between the classes yet."
    if not any(after[:2]):
        return "Both weights are 0 now: there is no line between the classes."
    first, second = _line([v or 0.0 for v in before]), _line([v or 0.0 for v in after])
    if first == second:
        return f"The answer is right: the line {first} stays."
    return f"The line between the classes moves from {first} to {second}."


def _line(coefficients: Sequence[float]) -> str:
    """Return w·x + b = 0 with its numbers."""
    text = ""
    for value, name in zip(coefficients, ("x₁", "x₂", ""), strict=True):
        size = short(abs(value))
        if value == 0.0:
            continue
        term = name if size == "1" and name else f"{size} {name}".strip()
        sign = "−" if value < 0 else "+"
        text += f" {sign} {term}" if text else f"{sign if value < 0 else ''}{term}"
    return f"{text} = 0".replace(" ", "\u00a0")
