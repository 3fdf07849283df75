"""What a picture of a graph says: its nodes with values and gradients, its arrows, its captions.

Text only; where things stand and how they look is decided elsewhere (`layout`, `svg`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from glassnet.engines import Program
from glassnet.errors import ArgumentError, DTypeError, NotConnectedError, NotDifferentiableError
from glassnet.explain.contract import Contracted, Spot, contract
from glassnet.explain.numbers import full, kind_of, lines, short
from glassnet.explain.signs import derivative, formula, sign
from glassnet.graph import Array, Graph, Tensor, apply, differentiate, topological_order
from glassnet.graph.operation import Source
from glassnet.ops import constant
from glassnet.records import dataclass

__all__ = ["Arrow", "Node", "Scene", "compose"]

MOST_NODES = 300
LONGEST_NAME, LONGEST_GRADIENT, LONGEST_NOTE = 24, 16, 26


@dataclass(frozen=True)
class Node:
    """A box of the picture.

    Args:
        tensor: The node of the graph whose value and gradient are shown.
        name: Its name, shortened; "" if it has none.
        sign: The operation's sign; "" for what comes from outside.
        in_order: Whether the order of the arrows that enter it tells which operand is which.
        value: Its value, line by line; empty if it is known only at a run.
        kind: Its type, shown where there is no value.
        gradient_name: What its gradient is called: ∂a/∂w.
        gradient: The gradient, line by line; empty if none is shown.
        hint: Everything in full: type, formula, value, gradient.
        is_output: Whether the picture is of it.
    """

    tensor: Tensor
    name: str
    sign: str
    in_order: bool
    value: tuple[str, ...]
    kind: str
    gradient_name: str
    gradient: tuple[str, ...]
    hint: str
    is_output: bool


@dataclass(frozen=True)
class Arrow:
    """From a node to one that uses it.

    Args:
        start: The node's number.
        end: The user's number.
        note: The local derivative, line by line: its formula with numbers (where there is one to
            show) and its value; empty if none is shown.
        hint: The local derivative in full.
        on_path: Whether it lies on a way from a tensor in `wrt` to the output.
    """

    start: int
    end: int
    note: tuple[str, ...]
    hint: str
    on_path: bool


@dataclass(frozen=True)
class Scene:
    """A picture in words. `output_name` is what is differentiated; "" without gradients."""

    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]
    output_name: str
    remark: str


def compose(
    outputs: Mapping[Tensor, str],
    wrt: Sequence[Tensor] | None,
    local_derivatives: bool,
    details: bool,
) -> Scene:
    """Say what the picture of some outputs shows; their own labels go before the names given."""
    order = topological_order(outputs)
    kept = {*outputs, *(wrt or ())}
    drawn = contract(order, kept, details)
    if len(drawn.spots) > MOST_NODES:
        raise ArgumentError(
            f"draw: this graph has {len(drawn.spots)} nodes to draw; a picture holds at most "
            f"{MOST_NODES}. Draw a part: pass a tensor from its middle, or a smaller model"
        )
    open_ended = _open_ended(order)
    output = next(iter(outputs))
    adjoints, remark = _adjoints(tuple(outputs), order, wrt, output in open_ended)
    values = _values(drawn.spots, open_ended, adjoints)
    names = dict(outputs) | {node: str(node.label) for node in order if str(node.label)}
    output_name = (names[output] or "output") if adjoints else ""
    texts = _Texts(drawn, names, values, adjoints, output_name, all_gradients=wrt is None)
    ends = {drawn.place[tensor] for tensor in outputs}
    nodes = tuple(texts.node(spot, index in ends) for index, spot in enumerate(drawn.spots))
    arrows = tuple(
        arrow
        for index, spot in enumerate(drawn.spots)
        for arrow in texts.arrows(index, spot, local_derivatives, wrt is not None)
    )
    return Scene(nodes, arrows, _cut(output_name), remark)


def _open_ended(order: Sequence[Tensor]) -> set[Tensor]:
    """The nodes whose values are known only when inputs are given."""
    found: set[Tensor] = set()
    for node in order:
        if isinstance(node.op.native, Source) or any(source in found for source in node.inputs):
            found.add(node)
    return found


def _adjoints(
    outputs: Sequence[Tensor], order: Sequence[Tensor], wrt: Sequence[Tensor] | None, open_end: bool
) -> tuple[dict[Tensor, Tensor], str]:
    """The gradient of the output with respect to each node, and a remark where there is none."""
    output = outputs[0]
    single = len(outputs) == 1 and output.size == 1 and output.dtype.is_float and not open_end
    if wrt is None:
        if not single:
            return {}, ""
        try:
            floats = [node for node in order if node.dtype.is_float]
            return differentiate(output, floats).adjoints, ""
        except NotDifferentiableError as error:
            return {}, f"no gradients: {error}"
    if not single:
        raise ArgumentError(
            "draw: gradients (wrt=…) need one output of one floating-point element whose value is "
            f"known; got {', '.join(str(tensor.type) for tensor in outputs)}"
            f"{', which depends on inputs without values' if open_end else ''}. "
            "Draw its sum (`a.sum()`), or leave wrt out"
        )
    reachable = set(order)
    for position, tensor in enumerate(wrt):
        name = str(tensor.label) or f"tensor {position + 1} of those given"
        if tensor not in reachable:
            raise NotConnectedError(
                f"draw: the output does not depend on {name} (of type {tensor.type}); "
                "was it rebuilt, renamed or replaced by its value before it was used?"
            )
        if not tensor.dtype.is_float:
            raise DTypeError(
                f"draw: only floating-point tensors have gradients; {name} is {tensor.type}"
            )
    return differentiate(output, wrt).adjoints, ""


def _values(
    spots: Sequence[Spot], open_ended: set[Tensor], adjoints: Mapping[Tensor, Tensor]
) -> Mapping[Tensor, Array]:
    """The values of all that is drawn, and of its gradients, in one run of the reference engine."""
    known = {tensor for spot in spots for tensor in (spot.shown, *spot.operation.inputs)}
    wanted = [tensor for tensor in known if tensor not in open_ended]
    wanted += [adjoints[spot.shown] for spot in spots if spot.shown in adjoints]
    graph = Graph({}, {str(index): tensor for index, tensor in enumerate(wanted)})
    return Program(graph).evaluate({})


@dataclass(frozen=True)
class _Texts:
    """What is written at nodes and arrows."""

    drawn: Contracted
    names: Mapping[Tensor, str]
    values: Mapping[Tensor, Array]
    adjoints: Mapping[Tensor, Tensor]
    output: str
    all_gradients: bool

    def name(self, tensor: Tensor) -> str:
        return self.names.get(tensor, "")

    def operands(self, node: Tensor, by_name: bool = True) -> dict[int, str]:
        """What can be written for the inputs of an operation: names, else single numbers."""
        texts: dict[int, str] = {}
        for position, source in enumerate(node.inputs):
            at = self.drawn.place.get(source)
            shown = source if at is None else self.drawn.spots[at].shown
            name, value = self.name(shown), self.values.get(source)
            if name and by_name:
                texts[position] = _cut(name)
            elif value is not None and value.size == 1:
                texts[position] = short(value.item())
        return texts

    def node(self, spot: Spot, is_output: bool) -> Node:
        shown, operation = spot.shown, spot.operation
        name, value = self.name(shown), self.values.get(shown)
        adjoint = self.adjoints.get(shown)
        gradient = None if adjoint is None else self.values[adjoint]
        written = f"∂{self.output}/∂{name}" if name else "∂"
        fixed = self.drawn.fixed.get(operation, {})
        operands = self.operands(operation)
        free = {position: text for position, text in operands.items() if position not in fixed}
        hint = [f"{name or operation.op.name}: {kind_of(shown.type)}"]
        if operation.inputs:
            hint.append(f"{operation.op.name}: {formula(operation, operands)}")
            numbers = formula(operation, self.operands(operation, by_name=False))
            if numbers != formula(operation, operands):
                hint.append(f"with numbers: {numbers}")
            hint.append(operation.op.explain.sentence)
        if value is not None:
            hint.append(f"value: {full(value)}")
        if gradient is not None:
            hint.append(f"∂{self.output}/∂{name or 'this'}: {full(gradient)}")
        elif self.adjoints and self.all_gradients and shown.dtype.is_float:
            hint.append("no gradient passes through here")
        signed = sign(operation, fixed, free) if operation.inputs else ("", False)
        return Node(
            tensor=shown,
            name=_cut(name),
            sign=signed[0],
            in_order=signed[1],
            value=() if value is None else lines(value),
            kind=kind_of(shown.type),
            gradient_name=written if len(written) <= LONGEST_GRADIENT else "∂",
            gradient=() if gradient is None else lines(gradient),
            hint="\n".join(hint),
            is_output=is_output,
        )

    def arrows(self, index: int, spot: Spot, noted: bool, by_path: bool) -> list[Arrow]:
        operation = spot.operation
        slopes = self.local_derivatives(operation) if noted else {}
        found: list[Arrow] = []
        # In the order of the formula: a select is written `{1} if {0}, else {2}`.
        form = operation.op.explain.form
        reading = sorted(range(len(operation.inputs)), key=lambda at: form.find(f"{{{at}}}"))
        for position in reading:
            source = operation.inputs[position]
            if source not in self.drawn.place:
                continue
            note, hint = (), ""
            if position in slopes:
                note, hint = self.note(operation, position, slopes[position])
            on_path = by_path and source in self.adjoints and operation in self.adjoints
            found.append(Arrow(self.drawn.place[source], index, note, hint, on_path))
        return found

    def note(self, operation: Tensor, position: int, slope: float) -> tuple[tuple[str, ...], str]:
        """The local derivative along an arrow: formula with numbers and result, and in full."""
        number = short(slope)
        result = short(self.values[operation].item()) if operation in self.values else ""
        numbers = self.operands(operation, by_name=False)
        put_in = derivative(operation, position, numbers, result)
        named = derivative(operation, position, self.operands(operation), "y")
        plain = put_in in ("", number)
        note = (number,) if plain or len(put_in) > LONGEST_NOTE else (put_in, f"= {number}")
        parts = [part for part in (named, put_in) if part not in ("", number)]
        return note, f"local derivative: {' = '.join([*dict.fromkeys(parts), repr(slope)])}"

    def local_derivatives(self, operation: Tensor) -> dict[int, float]:
        """The derivative of one operation of single numbers by each of its inputs."""
        inputs = operation.inputs
        if not operation.dtype.is_float or operation.size != 1 or not inputs:
            return {}
        if any(source.size != 1 or source not in self.values for source in inputs):
            return {}
        fresh = [constant(self.values[source], source.dtype) for source in inputs]
        again = apply(operation.op, *fresh, **operation.attributes)
        floats = [position for position, source in enumerate(inputs) if source.dtype.is_float]
        try:
            slopes = differentiate(again, [fresh[position] for position in floats]).gradients
        except NotDifferentiableError:
            return {}
        return {
            position: slope.value.item() for position, slope in zip(floats, slopes, strict=True)
        }


def _cut(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
