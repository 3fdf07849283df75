"""From a training step to its sheet: forward, error, backward, changes, new weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from glassnet.engines import Program
from glassnet.explain.contributions import with_steps
from glassnet.explain.conventions import Profile
from glassnet.explain.elements import Elements, alike
from glassnet.explain.expressions import Address
from glassnet.explain.ordering import in_order, interleaved
from glassnet.explain.placing import Placing
from glassnet.explain.sentences import sentence_of
from glassnet.explain.sequences import Sequences
from glassnet.explain.sheet import Line, Section, Sheet
from glassnet.explain.shown import (
    BACKWARD,
    CHANGE,
    ERROR,
    FORWARD,
    LEFT_OUT,
    NEAREST,
    NEW,
    PHASES,
    RAISED,
    TITLES,
    UNCUT,
    Shown,
    base_of,
    kind_of,
    symbol_of_node,
    without_copies,
    without_twins,
)
from glassnet.explain.tidying import bias_last, factored
from glassnet.explain.truncation import CUT, FULL
from glassnet.graph import Graph, Tensor
from glassnet.graph.operation import Random, Source
from glassnet.graph.types import Array

__all__ = ["StepWriter", "elements_of_step", "explain_step"]

ORDER = "xdhcwupb"  # in which what is given of a layer over time is listed
BOOKKEEPING = ("seed", "counter")


def explain_step(
    graph: Graph,
    inputs: Mapping[str, Any],
    profile: Profile,
    title: str = "One step",
    numbers: Sequence[int] = (),
) -> Sheet:
    """Return the sheet of a training step.

    Args:
        graph: From parameters, slots and a batch to their new values and the measures.
        inputs: The values of the graph's inputs.
        profile: The conventions.
        title: What is worked out.
        numbers: The numbers of the examples; from 1 if not given.
    """
    values = Program(graph).evaluate(inputs)
    return StepWriter(graph, values, profile, numbers).write(title)


def elements_of_step(graph: Graph, values: Mapping[Tensor, Array], profile: Profile) -> Elements:
    """Return the formulas of a training step, with the names that its sheet gives to quantities.

    Args:
        graph: From parameters, slots and a batch to their new values and the measures.
        values: The value of every node.
        profile: The conventions.
    """
    return StepWriter(graph, values, profile).elements


class StepWriter:
    """What a step's quantities are called, their lines, and the order in which they are worked.

    Args:
        graph: The step.
        values: The value of every node.
        profile: The conventions.
        numbers: The numbers of the examples; from 1 if not given.
    """

    def __init__(
        self,
        graph: Graph,
        values: Mapping[Tensor, Array],
        profile: Profile,
        numbers: Sequence[int] = (),
    ) -> None:
        self.graph, self.values, self.profile = graph, values, profile
        cost = graph.outputs.get("measures/objective")
        self.forward = set(graph.nodes) if cost is None else _ancestors(cost)
        # Rules of old are formulas of their own; only descent has derivatives.
        origins = (node.provenance for node in graph.nodes)
        self.is_descent = any(o is not None and o.adjoint is not None for o in origins)
        # What is added to a weight (as in the notes), or taken from it.
        self.added = profile.local_gradient == "delta"
        self.sequences = Sequences(graph)
        self._named: dict[tuple[str, str], list[Shown]] = {}
        self.shown = without_copies({entry.node: entry for entry in self._choose()})
        if any(entry.phase == LEFT_OUT for entry in self.shown.values()):
            self.shown = without_twins(self.shown, alike(values))
        forward = [e for e in self.shown.values() if e.phase == FORWARD and e.layer]
        if self.sequences.order:  # weights stand first in the graph, whatever their layer
            forward.sort(key=lambda entry: entry.is_given)
        layers = [entry.layer for entry in forward]
        self.layers = list(dict.fromkeys(layers))
        names = {node: entry.name for node, entry in self.shown.items()}
        placings = {node: self._placing(entry) for node, entry in self.shown.items()}
        examples = {node: placing.example for node, placing in placings.items()}
        self.elements = Elements(values, names, examples, numbers, placings)

    # --- what is shown, and under which name ------------------------------------------------------
    def _choose(self) -> Iterator[Shown]:
        inputs = self.graph.inputs
        targets = {node: name for name, node in self.graph.outputs.items()}
        used, outputs = _used(self.graph), dict(self._unnamed_outputs())
        for node in self.graph.nodes:
            label, origin = node.label, node.provenance
            before = inputs.get(targets.get(node, ""))
            is_gradient = origin is not None and origin.adjoint is not None
            is_new = before is not None and before is not node
            if before is not None and is_new and not label.symbol and not is_gradient:
                if targets[node].startswith(("parameters/", "statistics/")):
                    yield Shown(
                        node, (f"{before.label.symbol} new", before.label.layer, False), NEW
                    )
                continue
            if node in outputs and not label.symbol:
                yield Shown(node, ("y", outputs[node], False), FORWARD)
            elif isinstance(node.op.native, Source):
                if node in used and node.attributes["name"] not in BOOKKEEPING:
                    yield Shown(node, (self._given_symbol(node), label.layer, False), FORWARD)
            elif origin is not None and origin.adjoint is not None:
                yield from self._gradient(node, origin.adjoint)
            elif label.symbol.endswith((FULL, CUT)):
                yield from self._uncut(node)
            elif label.symbol:
                phase = self._phase(node)
                plain = self.is_descent and self._is_plain(node)
                turned = self.added and label.symbol == "Δw" and plain
                yield Shown(node, (symbol_of_node(node), label.layer, turned), phase)

    def _unnamed_outputs(self) -> Iterator[tuple[Tensor, str]]:
        """Yield outputs that only a cross-entropy's derivative has, without a name: their layer."""
        same = alike(self.values)
        fields = {same[n]: n.label for n in self.graph.nodes if n.label.symbol in ("v", "ln y")}
        done = {n.label.layer for n in self.graph.nodes if n.label.symbol == "y"}
        for node in self.graph.nodes:
            label = fields.get(same[node.inputs[0]]) if len(node.inputs) == 1 else None
            psi = {"v": "logistic", "ln y": "exp"}.get(label.symbol) if label is not None else None
            if label is not None and node.op.name == psi and label.layer not in done:
                done.add(label.layer)
                yield node, label.layer

    def _given_symbol(self, node: Tensor) -> str:
        """Return what an input is called: what is remembered of Δw is Δw before the step."""
        name = node.attributes["name"]
        if name.startswith("carry/"):
            return name.rpartition(".")[2]
        after = self.graph.outputs.get(name) if name.startswith("slots/") else None
        if after is None or after is node:
            return symbol_of_node(node)
        origin = after.provenance
        if origin is not None and origin.adjoint is not None:
            return f"∂E/∂{symbol_of_node(origin.adjoint)} before"
        named = after.label.symbol and not after.label.symbol.endswith(" new")
        return f"{symbol_of_node(after)} before" if named else symbol_of_node(node)

    def _phase(self, node: Tensor) -> int:
        """Return where a named quantity belongs in the order of working."""
        symbol = node.label.symbol
        if node.label.time is not None and node in self.forward:
            return FORWARD
        if symbol.rstrip(RAISED) == "i":  # the nearest, one after the other
            return NEAREST
        if symbol in PHASES and not node.label.of:
            return PHASES[symbol]
        if symbol.endswith(" new"):
            return NEW
        if node not in self.forward and (node.label.of or not node.label.layer):
            return CHANGE
        compared = not (node.label.layer or symbol == "y")
        return ERROR if compared else FORWARD

    def _gradient(self, node: Tensor, of: Tensor) -> Iterator[Shown]:
        """Show the derivative with respect to a local field, a weight, or what is normalised."""
        layer, symbol = of.label.layer, symbol_of_node(of)
        if (symbol == "v" or symbol.startswith("v_")) and not of.label.of:
            name = (f"δ{symbol[1:]}", True) if self.added else (f"∂E/∂{symbol}", False)
            yield Shown(node, (name[0], layer, name[1]), BACKWARD)
        elif self.sequences.is_state(of):
            name = (f"δ_{symbol}", True) if self.added else (f"∂E/∂{symbol}", False)
            yield Shown(node, (name[0], layer, name[1]), BACKWARD)
        elif isinstance(of.op.native, Source) or of.label.of:
            over_time = self.sequences.goes_over_time(layer)
            if not self.added or not self._is_plain(node) or over_time:
                yield Shown(node, (f"∂E/∂{symbol}", layer, False), CHANGE)
        elif symbol in ("z′", "s", "σ²", "μ") or (symbol == "y" and self._is_fed_by_no_neuron(of)):
            yield Shown(node, (f"∂E/∂{symbol}", layer, False), BACKWARD)

    def _uncut(self, node: Tensor) -> Iterator[Shown]:
        """Show what the gradients would be if no path through time were cut."""
        symbol, layer, time = node.label.symbol, node.label.layer, node.label.time
        if time is None:
            if self.sequences.goes_over_time(layer):
                yield Shown(node, (symbol, layer, False), LEFT_OUT)
            return
        of = symbol.removeprefix("∂E/∂").removesuffix(FULL)
        is_field = of == "v" or of.startswith("v_")
        if is_field or self.sequences.is_state_of(of, layer):
            own = f"δ{of[1:]}" if is_field else f"δ_{of}"
            name = (f"{own}{FULL}", layer, True) if self.added else (symbol, layer, False)
            yield Shown(node, name, UNCUT)

    def _is_plain(self, node: Tensor) -> bool:
        """Whether the step is plain gradient descent: no slots, no clipping, no look-ahead."""
        del node
        others = [name for name in self.graph.inputs if name.startswith("slots/")]
        return not others and not any("clipped" in n.label.symbol for n in self.graph.nodes)

    def _is_fed_by_no_neuron(self, node: Tensor) -> bool:
        """Whether a layer's output comes from no local field, as in normalisation and dropout."""
        layer = node.label.layer
        return bool(layer) and not any(
            n.label.layer == layer and n.label.symbol == "v" for n in self.graph.nodes
        )

    def _example_axis(self, entry: Shown) -> int | None:
        """Return which axis numbers the examples: the first, of what has one row for each."""
        node = entry.node
        if (
            entry.phase in (CHANGE, NEW, LEFT_OUT)
            or node.ndim == 0
            or (entry.layer and entry.name[0] in ("μ", "σ²", "s"))
        ):
            return None
        if entry.is_given:
            name = node.attributes.get("name", "")
            return 0 if name.startswith("batch/") or name == "x" else None
        of_examples = node.ndim > 1 or entry.phase == ERROR
        return 0 if of_examples and node.shape[0] == self.batch else None

    def _placing(self, entry: Shown) -> Placing:
        """Return what the axes of a quantity number."""
        return self.sequences.placing(
            entry.node,
            entry.layer,
            self._example_axis(entry),
            is_change=entry.phase in (CHANGE, NEW, LEFT_OUT),
            of=base_of(entry) if entry.phase != FORWARD or entry.is_given else "",
        )

    @property
    def batch(self) -> int:
        """How many examples the step learns from."""
        return self.sequences.batch

    # --- the lines --------------------------------------------------------------------------------
    def write(self, title: str) -> Sheet:
        """Return the sheet: what is given, then each line after those that it speaks of."""
        lines = [line for entry in self.given() for line in self.lines(entry)]
        done = {line.address for line in lines}
        sections = [Section("Given", tuple(lines))]
        pending: dict[Address, Line] = {}
        plan: list[tuple[str, list[Line]]] = []
        for heading, entries in self.plan():
            found = interleaved([list(self.lines(entry)) for entry in entries])
            for line in found:  # what is computed twice in the same way is one quantity
                known = pending.setdefault(line.address, line)
                assert known.value == line.value, f"two quantities are called {line.address}"
            plan.append((heading, found))
        for heading, found in plan:
            written = list(in_order(found, pending, done))
            if sections[-1].title == heading and written:
                written = [*sections.pop().lines, *written]
            if written:
                sections.append(Section(heading, tuple(written)))
        values = {line.address: line.value for section in sections for line in section.lines}
        sections = [
            replace(section, sentence=sentence_of(section, values, self.layers))
            for section in sections
        ]
        said = tuple(_said_once(sections) if self.sequences.order else sections)
        return with_steps(Sheet(title, said, self.conventions(), self.sequences.home))

    def conventions(self) -> tuple[str, ...]:
        """Return what was chosen where textbooks differ, as sentences."""
        backward = any(entry.phase == BACKWARD for entry in self.shown.values())
        sentences = self.profile.sentences()
        sentences = sentences if backward else sentences[1:]
        return (*sentences, *self.sequences.sentences(added=self.added and backward))

    def given(self) -> list[Shown]:
        """Return what comes from outside, examples first."""
        given = [entry for entry in self.shown.values() if entry.is_given]
        if self.sequences.order:
            return sorted(given, key=self._order_of_sequence)
        return sorted(given, key=_order_of_given)

    def _order_of_sequence(self, entry: Shown) -> tuple[int, int, int]:
        """Return where something given stands: x, d, then layer by layer, η at last."""
        symbol = entry.name[0]
        place = self.layers.index(entry.layer) if entry.layer in self.layers else -1
        rank = 0 if symbol in ("x", "class", "d") else 2 if not entry.layer else 1
        return (rank, place, ORDER.find(symbol[:1]) % len(f"{ORDER}…"))

    def in_order_of_work(self) -> list[Shown]:
        """Return all quantities in the order in which they are worked."""
        return [*self.given(), *(entry for _, entries in self.plan() for entry in entries)]

    def plan(self) -> Iterator[tuple[str, list[Shown]]]:
        """Yield headings with what belongs under them, in the order of working."""
        worked = [entry for entry in self.shown.values() if not entry.is_given]
        for phase in TITLES:
            here = [entry for entry in worked if entry.phase == phase]
            rest = [entry for entry in here if entry.layer not in self.layers]
            layers = self.layers if phase == FORWARD else self.layers[::-1]
            if phase == ERROR:
                for entry in here:
                    yield TITLES[phase], [entry]
                continue
            for layer in layers:
                found = [entry for entry in here if entry.layer == layer]
                if phase in (FORWARD, BACKWARD, UNCUT):
                    yield from self._by_time(TITLES[phase], layer, found, back=phase != FORWARD)
                else:
                    for symbol in dict.fromkeys(base_of(entry) for entry in found):
                        group = [entry for entry in found if base_of(entry) == symbol]
                        yield TITLES[phase].format(f"{layer} layer"), group
            title = TITLES[phase].format("all layers")
            yield (title if self.layers else title.partition(":")[0]), rest

    def _by_time(
        self, title: str, layer: str, entries: Sequence[Shown], *, back: bool
    ) -> Iterator[tuple[str, list[Shown]]]:
        """Yield what belongs to no single step, and each step of a layer that goes over time."""
        alone = [entry for entry in entries if entry.time is None]
        if back or len(alone) == len(entries):
            yield title.format(f"{layer} layer"), alone
        times = self.sequences.order.get(layer, [])
        for time in times[::-1] if back else times:
            now = [entry for entry in entries if entry.time == time]
            gates = [self.sequences.gate_of(entry.name[0]) for entry in now]
            last = len(self.sequences.gates)
            order = sorted(range(len(now)), key=lambda at: (back and gates[at] < last, gates[at]))
            now = [now[at] for at in order]
            yield title.format(f"{layer} layer, t = {time}"), now
        if not back and len(alone) < len(entries):
            yield title.format(f"{layer} layer"), alone

    def lines(self, entry: Shown) -> Iterator[Line]:
        """Yield the line of each element of a quantity."""
        for index in np.ndindex(*entry.node.shape):
            yield self.line(entry, tuple(int(i) for i in index))

    def line(self, entry: Shown, place: tuple[int, ...], *, worked: bool = True) -> Line:
        """Return the line of one element; if it is not worked, with its value alone."""
        node, kind = entry.node, kind_of(entry)
        plain = entry.is_given or not worked or isinstance(node.op.native, Random)
        formula = None if plain else self.elements.formula(node, place)
        if formula is not None and entry.time is not None:
            formula = bias_last(formula) if kind == "local field" else factored(formula)
        address = self.elements.address(node, place)
        return Line(address, self.elements.value(node, place), formula, kind)

    def named(self, symbol: str, layer: str) -> Sequence[Shown]:
        """Return the quantities of a symbol in a layer."""
        if not self._named:
            for entry in self.shown.values():
                own, of = self.elements.placing(entry.node), entry.name[1]
                for name in own.symbols(entry.name[0]):
                    self._named.setdefault((name, of), []).append(entry)
        return self._named.get((symbol, layer), ())


def _said_once(sections: Sequence[Section]) -> Iterator[Section]:
    """Yield sections; what is said of a step in time is not said again of the next."""
    said: list[str] = []
    for section in sections:
        again = any(sentence.startswith(section.sentence) for sentence in said)
        said.append(section.sentence)
        again = again and (", t = " in section.title or section.title.startswith("Change"))
        yield replace(section, sentence="") if again else section


def _order_of_given(entry: Shown) -> tuple[int, str]:
    symbol = entry.name[0]
    return ("xdwbη".find(symbol) if symbol in "xdwbη" else 5, entry.name[1])


def _ancestors(node: Tensor) -> set[Tensor]:
    found, todo = {node}, [node]
    while todo:
        for source in todo.pop().inputs:
            if source not in found:
                found.add(source)
                todo.append(source)
    return found


def _used(graph: Graph) -> set[Tensor]:
    return {source for node in graph.nodes for source in node.inputs}
