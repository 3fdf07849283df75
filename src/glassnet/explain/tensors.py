"""Any computation of a user's worked out: values forward, derivatives backward."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from glassnet.engines import Program
from glassnet.errors import ArgumentError
from glassnet.explain.conventions import Profile
from glassnet.explain.elements import Elements, Name
from glassnet.explain.sheet import Line, Section, Sheet
from glassnet.graph import Graph, Tensor
from glassnet.graph.differentiate import differentiate
from glassnet.graph.graph import topological_order

__all__ = ["explain_tensor"]

OUTPUT = "f"  # what an output without a name is called
MOST_LINES = 5000


def explain_tensor(
    output: Tensor, wrt: Sequence[Tensor] | None, profile: Profile, title: str = ""
) -> Sheet:
    """Return the sheet of a computation: what is given, the values, the derivatives.

    Args:
        output: What was computed. If it is a single number, its derivatives are worked out too.
        wrt: With respect to what; all that is given and has a name, if not said.
        profile: The conventions.
        title: What is worked out.

    Raises:
        ArgumentError: Nothing in the computation has a name, or it is too large to be written out.
    """
    order = topological_order([output])
    leaves = [n for n in order if not n.inputs and n.label.symbol and n.dtype.is_float]
    chosen = list(leaves if wrt is None else wrt)
    if not leaves:
        raise ArgumentError(
            "nothing in this computation has a name, so that no formula could speak of it; name "
            'what is given, as in gn.tensor(2.0, "x")'
        )
    name = output.label.symbol or OUTPUT
    gradients: dict[Tensor, str] = {}
    ends = {name: output}
    if output.size == 1 and output.dtype.is_float:
        derivative = differentiate(output, chosen)
        for node in reversed(order):
            found = derivative.adjoints.get(node)
            shown = node in chosen or (node.inputs and node.label.symbol)
            if found is not None and shown and node is not output:
                gradients[found] = f"∂{name}/∂{node.label.symbol or OUTPUT}"
        ends |= {symbol: node for node, symbol in gradients.items()}
    if sum(n.size for n in order if n.label.symbol) > MOST_LINES:
        raise ArgumentError(
            f"the computation has more than {MOST_LINES:,} numbers to be written out"
        )
    graph = Graph({}, ends)
    values = Program(graph).evaluate({})
    names: dict[Tensor, Name] = {
        node: (node.label.symbol, node.label.layer, False) for node in order if node.label.symbol
    }
    names.setdefault(output, (name, "", False))
    names |= {node: (symbol, "", False) for node, symbol in gradients.items() if node.inputs}
    elements = Elements(values, names, {})

    def lines(node: Tensor) -> Iterator[Line]:
        for index in np.ndindex(*node.shape):
            place = tuple(int(i) for i in index)
            formula = elements.formula(node, place) if node.inputs else None
            yield Line(elements.address(node, place), elements.value(node, place), formula)

    forward = [node for node in order if node in names and node.inputs]
    backward = list(gradients)
    sections = [
        Section("Given", tuple(line for node in leaves for line in lines(node))),
        Section("Forward", tuple(line for node in forward for line in lines(node))),
        Section(
            "Backward", tuple(line for node in backward if node.inputs for line in lines(node))
        ),
    ]
    kept = tuple(section for section in sections if section.lines)
    return Sheet(title or name, kept, profile.sentences()[1:])
