"""Functions of how many inputs are 1: parity, "exactly two", and the like.

A hidden neuron "at least k" for each k where the output changes, with weights +1 and −1 in turn.
Source: M. Minsky and S. Papert, Perceptrons (1969); R. Rojas, Neural Networks (1996), chapter 6.
"""

from __future__ import annotations

import itertools

import numpy as np

from glassnet.rules.logic.showing import listed
from glassnet.rules.logic.table import TruthTable
from glassnet.rules.logic.threshold_neuron import ThresholdNeuron

__all__ = ["Counting", "counting"]

# Hidden neurons, their words, and the output neuron.
Counting = tuple[list[ThresholdNeuron], list[str], ThresholdNeuron]


def counting(table: TruthTable) -> Counting | None:
    """Return the network that counts, or None if the table is no function of a count.

    What is counted may be some of the inputs only (those that matter), and the zeros of an input
    instead of its ones ("not x₂"); of all ways the one with the fewest hidden neurons is taken.
    """
    matters = [i for i in range(table.inputs) if _matters(table, i)]
    best: tuple[int, list[int], list[int], list[int]] | None = None
    for signs in itertools.product((1, -1), repeat=max(len(matters) - 1, 0)):
        weights = [0] * table.inputs  # the first input stays plain: negating all is the same
        for i, sign in zip(matters, (1, *signs), strict=True):
            weights[i] = sign
        outputs = _outputs(table, weights, len(matters))
        if outputs is not None:
            steps = [k for k in range(1, len(outputs)) if outputs[k] != outputs[k - 1]]
            if best is None or len(steps) < best[0]:
                best = len(steps), weights, outputs, steps
    if best is None or not best[3]:
        return None
    _, weights, outputs, steps = best
    shift = -weights.count(-1)  # counting "not x" as 1 − x
    hidden = [ThresholdNeuron(tuple(weights), k + shift, table.names) for k in steps]
    words = [_words(table, weights, k) for k in steps]
    changes = tuple(outputs[k] - outputs[k - 1] for k in steps)
    return hidden, words, ThresholdNeuron(changes, 1 - outputs[0])


def _matters(table: TruthTable, i: int) -> bool:
    if not table.is_complete:
        return True
    values = np.array(table.outputs).reshape((2,) * table.inputs)
    return bool((np.take(values, 0, axis=i) != np.take(values, 1, axis=i)).any())


def _outputs(table: TruthTable, weights: list[int], counted: int) -> list[int] | None:
    """Return the output for each count, or None where two rows of one count contradict."""
    counts = table.points @ np.array(weights) + weights.count(-1)
    found: list[int | None] = [None] * (counted + 1)
    for count, output in zip(counts.tolist(), table.outputs, strict=True):
        if output is not None and found[count] not in (None, output):
            return None
        found[count] = output if found[count] is None else found[count]
    filled: list[int] = []
    first = next((value for value in found if value is not None), 0)
    for value in found:  # a count that does not matter is as the one before it
        filled.append((filled[-1] if filled else first) if value is None else value)
    return filled


def _words(table: TruthTable, weights: list[int], k: int) -> str:
    if weights == [1] * table.inputs:
        return f"at least {k} input{'s' if k > 1 else ''}"
    pairs = zip(weights, table.names, strict=True)
    counted = [name if weight > 0 else f"not {name}" for weight, name in pairs if weight]
    return f"at least {k} of {listed(counted)}"
