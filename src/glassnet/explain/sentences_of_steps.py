"""The plain sentences beside workings of layers that go over time."""

from __future__ import annotations

from collections.abc import Iterator

from glassnet.explain.expressions import Address, quantities
from glassnet.explain.sheet import Line, Section
from glassnet.records import dataclass

__all__ = ["sentence_of_steps"]

DERIVATIVES = ("δ", "∂E/∂")
THROUGH_TIME = (
    "Back-propagation through time: the same weights act at each step; what each step adds to a "
    "derivative is a line of its own, then their sum."
)
UNCUT = "If no path were cut, the gradient would go on to the steps before the cut."
LEFT_OUT = "The whole gradient, step by step, and what the truncated one leaves out of it."


@dataclass(frozen=True)
class _Cell:
    """What is said of a layer over time.

    Args:
        fields: The local fields by which it is known.
        forward: What it does at a step.
        last: How gradients come to its last step.
        before: How they come back from one step to the step before.
        both: The same, where a layer behind has something to say at each step.
    """

    fields: frozenset[str]
    forward: str
    last: str
    before: str
    both: str


CELLS = (
    _Cell(
        frozenset({"v_f", "v_i", "v_g", "v_o"}),
        forward=(
            "The gates f, i and o lie between 0 and 1. The cell keeps f of what it remembered and "
            "takes in i of what is new, g: c(t) = f c(t−1) + i g; it hands out h(t) = o tanh c(t)."
        ),
        last=(
            "δ_h comes from the layer behind, reaches the cell through h = o tanh c, and through "
            "the cell the gates: each times its own slope, such as f (1 − f)."
        ),
        before=(
            "δ_h comes back through the gates of the next step, δ_c straight through its cell, "
            "times its f."
        ),
        both=(
            "δ_h comes from the layer behind and back through the gates of the next step, δ_c "
            "straight through its cell, times its f."
        ),
    ),
    _Cell(
        frozenset({"v_r", "v_z", "v_n"}),
        forward=(
            "The gate r hides the state from what is new, n; the gate z keeps the state: "
            "h(t) = (1 − z) n + z h(t−1)."
        ),
        last="δ_h comes from the layer behind and goes on into n, z and r, times their slopes.",
        before="δ_h comes back from the next step: straight, times z, and through its gates by u.",
        both=(
            "δ_h comes from the layer behind and back from the next step: straight, times z, and "
            "through its gates by u."
        ),
    ),
    _Cell(
        frozenset({"v"}),
        forward=(
            "Each neuron adds up its weighted inputs, the weighted outputs of the step before, and "
            "its bias: h(t) = ψ(W x(t) + U h(t−1) + b)."
        ),
        last="What comes back from the layer behind, times the slope of ψ.",
        before=("What the output did to the next step comes back through u, times the slope of ψ."),
        both=(
            "From the layer behind, and through u from the next step; all of it times the slope of "
            "ψ."
        ),
    ),
)


def sentence_of_steps(section: Section, symbols: set[str]) -> str | None:
    """Return the sentence beside a section of a layer over time; None if it is of another layer.

    Args:
        section: What is worked out.
        symbols: The symbols of its lines.
    """
    if section.title.startswith("Without the cut"):
        return UNCUT
    if section.title.startswith("What the cut"):
        return LEFT_OUT
    if section.title.startswith("Change") and any(map(_sums_steps, section.lines)):
        return THROUGH_TIME
    if ", t = " not in section.title:
        return None
    return _forward(section, symbols) if section.title[0] == "F" else _backward(section, symbols)


def _forward(section: Section, symbols: set[str]) -> str:
    found = next((cell.forward for cell in CELLS if cell.fields <= symbols), "")
    names = {a.symbol for line in section.lines for a in _spoken_of(line)}
    states = [f"{name}(0) = 0" for name in ("h", "c") if name in symbols]
    starts = section.title.endswith("t = 1") and not any(name[:1] == "u" for name in names)
    said = f"Before the first step {' and '.join(states)}." if starts and states else ""
    return " ".join(filter(None, (found, said)))


def _backward(section: Section, symbols: set[str]) -> str:
    named = not any(symbol.startswith("δ") for symbol in symbols)  # ∂E/∂v, rather than δ
    for cell in CELLS:
        if not symbols.issuperset(f"∂E/∂{n}" if named else f"δ{n[1:]}" for n in cell.fields):
            continue
        found = cell.last
        if any(_comes_from_another_step(line) for line in section.lines):
            behind = any(_comes_from_behind(line) for line in section.lines)
            found = cell.both if behind else cell.before
        return found.replace("δ_", "∂E/∂") if named else found
    return ""


def _spoken_of(line: Line) -> Iterator[Address]:
    """Yield what a line's formula speaks of."""
    yield from () if line.formula is None else quantities(line.formula)


def _comes_from_another_step(line: Line) -> bool:
    """Whether a derivative is worked out from one of another step."""
    return any(
        a.time not in (None, line.address.time) and a.symbol.startswith(DERIVATIVES)
        for a in _spoken_of(line)
    )


def _comes_from_behind(line: Line) -> bool:
    """Whether a derivative is worked out from one of another layer."""
    return any(
        a.layer != line.address.layer and a.symbol.startswith(DERIVATIVES) for a in _spoken_of(line)
    )


def _sums_steps(line: Line) -> bool:
    """Whether a line is a derivative to which several steps add something."""
    is_derivative = line.address.symbol.startswith(("∂E/∂", "Δ"))
    return is_derivative and len({a.time for a in _spoken_of(line)} - {None}) > 1
