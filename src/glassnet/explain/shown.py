"""What of a step is shown: which quantities, what they are, and where in the order of work."""

from __future__ import annotations

from collections.abc import Mapping

from glassnet.explain.elements import Name
from glassnet.explain.sequences import time_of
from glassnet.explain.truncation import CUT, FULL
from glassnet.graph import Tensor
from glassnet.graph.operation import Constant, Movement, Source
from glassnet.records import dataclass

__all__ = [
    "BACKWARD", "CHANGE", "ERROR", "FORWARD", "LEFT_OUT", "NEAREST", "NEW", "PHASES", "RAISED",
    "TITLES", "UNCUT", "Shown", "base_of", "kind_of", "symbol_of_node", "without_copies",
    "without_twins",
]  # fmt: skip

KINDS = {
    "v": "local field",
    "y": "output",
    "e": "error",
    "E": "error energy",
    "δ": "local gradient",
    "w": "weight",
    "b": "bias",
    "x": "input",
    "d": "target",
    "η": "learning rate",
}
OVER_TIME = {"w": "weight", "u": "weight", "p": "weight", "b": "bias", "b_u": "bias"}
RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹"
FORWARD, COMPETITION, COOPERATION, NEAREST, VOTE, ERROR, BACKWARD, CHANGE, NEW = range(9)
UNCUT, LEFT_OUT = 9, 10  # of truncated back-propagation through time
# Where quantities belong whose names say it.
PHASES = {
    **dict.fromkeys(("v", "⟨y⟩", "P", "u"), FORWARD),
    **dict.fromkeys(("e", "d", "E", "r"), ERROR),
    **dict.fromkeys(("d²", "nearest", "i(x)", "winner", "second", "p new"), COMPETITION),
    "D": NEAREST,
    **dict.fromkeys(("votes", "most", "class"), VOTE),
    **dict.fromkeys(("z", "wins", "r²", "σ", "h", "right", "in the window", "s"), COOPERATION),
}
TITLES = {
    FORWARD: "Forward: {}",
    COMPETITION: "Competition",
    COOPERATION: "Co-operation",
    NEAREST: "The nearest",
    VOTE: "Vote",
    ERROR: "Error",
    BACKWARD: "Backward: {}",
    CHANGE: "Change: {}",
    NEW: "New weights: {}",
    UNCUT: "Without the cut: {}",
    LEFT_OUT: "What the cut leaves out: {}",
}


@dataclass(frozen=True)
class Shown:
    """A node that has lines of its own.

    Args:
        node: The node.
        name: Symbol, layer, and whether it is shown with the opposite sign.
        phase: Where in the order of working it belongs.
    """

    node: Tensor
    name: Name
    phase: int

    @property
    def layer(self) -> str:
        """The layer that it belongs to."""
        return self.name[1]

    @property
    def is_given(self) -> bool:
        """Whether it comes from outside."""
        return isinstance(self.node.op.native, Source | Constant)

    @property
    def time(self) -> int | None:
        """The step in time that it belongs to; None if to none, or to several."""
        return time_of(self.node)


def without_copies(shown: Mapping[Tensor, Shown]) -> dict[Tensor, Shown]:
    """Return what is shown without that which only puts the same quantity into another shape."""

    def is_copy(entry: Shown) -> bool:
        node = entry.node
        while isinstance(node.op.native, Movement) and len(node.inputs) == 1:
            node = node.inputs[0]
            if node in shown and shown[node].name == entry.name and time_of(node) == entry.time:
                return True
        return False

    return {node: entry for node, entry in shown.items() if not is_copy(entry)}


def without_twins(
    shown: Mapping[Tensor, Shown], same: Mapping[Tensor, Tensor]
) -> dict[Tensor, Shown]:
    """Return what is shown, of what is computed twice in the same way only the first."""
    first: dict[tuple[Tensor, Name], Tensor] = {}
    for node, entry in shown.items():
        if entry.phase not in (UNCUT, LEFT_OUT):
            first.setdefault((same[node], entry.name), node)
    known = {node for node, _ in first}
    return {
        node: entry
        for node, entry in shown.items()
        if first.get((same[node], entry.name), node) is node
        and (entry.phase not in (UNCUT, LEFT_OUT) or same[node] not in known)
    }


def kind_of(entry: Shown) -> str:
    """Return what a quantity is, for people and for marking."""
    symbol = entry.name[0].removesuffix(" new")
    if symbol in KINDS:
        return KINDS[symbol]
    if symbol.startswith(("v_", "δ_")):
        return KINDS[symbol[0]]
    if symbol == "h" and entry.time is not None:
        return "output"
    name = entry.node.attributes.get("name", "") if entry.is_given else ""
    if name.startswith("parameters/") or entry.phase == NEW:
        return OVER_TIME.get(symbol.rstrip("→←"), "")
    return ""


def symbol_of_node(node: Tensor) -> str:
    """Return what a quantity is called: Δw of a bias is Δb, m of a weight is m(w)."""
    symbol, of = node.label.symbol, node.label.of
    if not of or symbol.startswith("∂E/∂"):
        return symbol
    if symbol == "Δw" or "ŵ" in symbol or "λw" in symbol:
        return symbol.replace("ŵ", f"{of}\u0302").replace("w", of)
    return f"{symbol}({of})"


def base_of(entry: Shown) -> str:
    """Return which parameter a change belongs to: w, b, γ."""
    label = entry.node.label
    adjoint = entry.node.provenance.adjoint if entry.node.provenance is not None else None
    if label.of or adjoint is None:
        plain = entry.name[0].removeprefix("∂E/∂")
        return label.of or plain.removesuffix(" new").removesuffix(FULL).removesuffix(CUT)
    return adjoint.label.of or adjoint.label.symbol
