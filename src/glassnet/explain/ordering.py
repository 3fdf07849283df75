"""The order of lines: neuron by neuron, and each after those that its formula speaks of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from glassnet.explain.expressions import Address, quantities
from glassnet.explain.sheet import Line

__all__ = ["in_order", "interleaved"]


def interleaved(listed: Sequence[list[Line]]) -> list[Line]:
    """Return lines neuron by neuron where each quantity has as many; else one after the other."""
    if len({len(lines) for lines in listed}) == 1:
        return [line for together in zip(*listed, strict=True) for line in together]
    return [line for lines in listed for line in lines]


def in_order(
    lines: Sequence[Line], pending: Mapping[Address, Line], done: set[Address]
) -> Iterator[Line]:
    """Yield lines, each after those that its formula speaks of, and none twice."""
    for wanted in lines:
        todo = [wanted]
        while todo:
            line = todo[-1]
            if line.address in done:
                todo.pop()
                continue
            missing: list[Line] = []
            if line.formula is not None:
                for address in quantities(line.formula):
                    if address not in done:
                        missing.append(pending[address])
            if missing:
                todo += reversed(missing)
                continue
            done.add(line.address)
            yield line
            todo.pop()
