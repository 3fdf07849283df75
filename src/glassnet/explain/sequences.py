"""Steps in time: which layers go over them, in which order, and which axes number them."""

from __future__ import annotations

from dataclasses import field

from glassnet.explain.placing import Placing
from glassnet.graph import Graph, Tensor
from glassnet.graph.operation import Source
from glassnet.records import dataclass

__all__ = ["Sequences", "time_of"]


def time_of(node: Tensor) -> int | None:
    """Return the step that a node belongs to, or what it is the derivative by; None if to none."""
    if node.label.time is not None:
        return node.label.time
    origin = node.provenance
    return origin.adjoint.label.time if origin is not None and origin.adjoint is not None else None


@dataclass
class Sequences:
    """What a graph of sequences says of its steps.

    Args:
        graph: A step of training, or an answer.
    """

    graph: Graph
    batch: int = field(init=False)
    length: int | None = field(init=False, default=None)
    answered: int | None = field(init=False, default=None)
    order: dict[str, list[int]] = field(init=False, default_factory=dict[str, list[int]])
    symbols: dict[str, dict[str, None]] = field(
        init=False, default_factory=dict[str, dict[str, None]]
    )
    blocks: dict[tuple[str, str], Tensor] = field(
        init=False, default_factory=dict[tuple[str, str], Tensor]
    )

    def __post_init__(self) -> None:
        inputs = self.graph.inputs
        x, target = inputs.get("batch/x"), inputs.get("batch/target")
        self.batch = 1 if x is None else x.shape[0]
        for node in self.graph.nodes:
            label = node.label
            if label.time is None or label.symbol.startswith("∂"):
                continue
            times = self.order.setdefault(label.layer, [])
            if label.time not in times:
                times.append(label.time)
            self.symbols.setdefault(label.layer, {})[label.symbol] = None
        if x is not None and (x.ndim == 3 or (x.ndim == 2 and self.order)):
            self.length = x.shape[1]
        if self.length is not None and target is not None:
            each = target.ndim - (1 if target.dtype.is_float else 0)
            self.answered = target.shape[1] if each == 2 else None
        for node in inputs.values():
            if node.label.blocks:
                self.blocks[node.label.layer, node.label.symbol] = node

    @property
    def first_answered(self) -> int:
        """The first step that has a target."""
        return 1 + (self.length or 0) - (self.answered or self.length or 0)

    def sentences(self, *, added: bool) -> tuple[str, ...]:
        """Return how steps in time are written.

        Args:
            added: Whether local gradients are shown with the sign of the notes.
        """
        if not self.order:
            return ()
        states = dict.fromkeys(
            symbol
            for layer, own in self.symbols.items()
            for symbol in reversed(own)
            if not symbol.startswith("v") and self.is_state_of(symbol, layer)
        )
        fields = {symbol[:1] for own in self.symbols.values() for symbol in own}
        known = "; w reads the input x(t), u the state before, h(t−1)" if "v" in fields else ""
        found = [f"(t) is the step in time{known}"]
        if self.batch > 1:
            found = [f"{found[0]}; the raised number in brackets is that of the example"]
        if added and states:
            named = [*states, *(f"v_{gate}" for gate in list(self.gates)[:1])]
            each = ", ".join(f"δ_{name.removeprefix('v_')} = −∂E/∂{name}" for name in named)
            found.append(each + (", and so on" if self.gates else ""))
        if self.home:
            found.append(f"what stands without the name of a layer belongs to {self.home}")
        return tuple(found)

    @property
    def gates(self) -> tuple[str, ...]:
        """The letters of the gates, in the order of their rows."""
        return max((node.label.blocks for node in self.blocks.values()), key=len, default=())

    def gate_of(self, symbol: str) -> int:
        """Return the place of a gate's quantity among the gates; after all of them for others."""
        letter = symbol.rpartition("_")[2]
        return self.gates.index(letter) if letter in self.gates else len(self.gates)

    @property
    def home(self) -> str:
        """The layer that goes over time, if there is one only."""
        return next(iter(self.order)) if len(self.order) == 1 else ""

    def goes_over_time(self, layer: str) -> bool:
        """Whether a layer does the same at each step, with a state that it hands on."""
        return layer in self.order or any(name.startswith(f"{layer}.") for name in self.order)

    def is_state(self, node: Tensor) -> bool:
        """Whether a named quantity of a step has no local field: a state, or of one's own cell."""
        return node.label.time is not None and self.is_state_of(node.label.symbol, node.label.layer)

    def is_state_of(self, symbol: str, layer: str) -> bool:
        """Whether a quantity of a layer over time has no local field."""
        return not {"v", f"v_{symbol}"} & self.symbols.get(layer, {}).keys()

    def placing(
        self, node: Tensor, layer: str, example: int | None, *, is_change: bool, of: str
    ) -> Placing:
        """Return what the axes of a named node number.

        Args:
            node: The node.
            layer: Its layer.
            example: The axis of the examples, as far as it is one of a plain network.
            is_change: Whether it belongs to the change of a parameter.
            of: The parameter that it is, or that it belongs to.
        """
        shape, time = node.shape, time_of(node)
        name = node.attributes.get("name", "") if isinstance(node.op.native, Source) else ""
        parameter = self.blocks.get((layer, of))
        if parameter is not None and (is_change or name) and shape == parameter.shape:
            axes = parameter.type.axes
            is_row = bool(axes) and axes[0] is None
            return Placing(blocks=parameter.label.blocks, of=of, is_row=is_row)
        if is_change or self.length is None or not shape:
            return Placing(example, at=time)
        if name.startswith("carry/"):
            return Placing(0, at=0)
        rows, *rest = shape
        along = rest[0] if rest else None
        is_flat = len(shape) == 2 and (name == "batch/x" or not node.dtype.is_float)
        if rows == self.batch and (len(shape) == 3 or is_flat):
            if along == self.length and name != "batch/target":
                return Placing(0, 1)
            if along == self.answered:
                return Placing(0, 1, first=self.first_answered)
        count = self.answered
        is_row = example is not None or (not name and time is None and len(shape) == 2)
        if count is not None and is_row and rows == self.batch * count:
            return Placing(0, steps=count, first=self.first_answered)
        return Placing(example, at=time)
