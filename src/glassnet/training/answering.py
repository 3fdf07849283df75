"""Asking a network: the native engine where it is there, the reference engine where not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet.engines import Program
from glassnet.engines.native import Answers, Unsupported, is_available
from glassnet.graph.types import Array, DType
from glassnet.learning.backpropagation import answer_graph
from glassnet.nn.layers import Layer
from glassnet.nn.stack import Stack

__all__ = ["CHUNK", "Answerer"]

CHUNK = 1024  # examples answered at once: enough to fill the processor, little enough memory
MOST_SIZES = 8  # batch sizes for which programs are kept


class Answerer:
    """Programs that answer batches with the parameters and statistics of one network.

    Args:
        stack: The layers.
        dtype: The number type.
        values: `parameters/…` and `statistics/…`; changes inside these arrays are seen, other
            arrays need another answerer.
    """

    def __init__(self, stack: Stack, dtype: DType, values: Mapping[str, Array]) -> None:
        self.stack, self.dtype, self.values = stack, dtype, dict(values)
        self._known = dtype.numpy
        self._checked = any(type(layer).check is not Layer.check for layer in stack.layers)
        self._programs: dict[int, Program | Answers] = {}
        self._native = is_available() and all(
            value.flags.c_contiguous and value.dtype == dtype.numpy for value in values.values()
        )

    def program(self, n: int) -> Program | Answers:
        """Return the program for n examples."""
        if n not in self._programs:
            if len(self._programs) >= MOST_SIZES:
                self._programs.clear()
            self._programs[n] = self._make(n)
        return self._programs[n]

    def _make(self, n: int) -> Program | Answers:
        graph = answer_graph(self.stack, n, self.dtype)
        if self._native:
            try:
                return Answers(graph, self.values, gaps=self.stack.is_masked)
            except Unsupported:
                self._native = False
        return Program(graph)

    def _size(self, n: int) -> int:
        """Return for how many examples a program answers n: a ready one's, if it is not far away.

        To make a program takes as long as to answer thousands of examples with it.
        """
        ready = [size for size in self._programs if n < size <= 2 * n] if self._native else []
        return n if n in self._programs else min(ready, default=n)

    def quick(self, x: Any, classes: bool) -> Array | None:
        """Answer an array that is just as it should be, with the least overhead; else None."""
        if self._checked or type(x) is not np.ndarray or x.ndim != 2 or not 0 < len(x) <= CHUNK:
            return None
        if x.dtype != self._known:  # they may be numbers all the same
            return None
        program = self._programs.get(len(x)) or self.program(self._size(len(x)))
        if isinstance(program, Answers) and program.n != len(x):
            return None
        return program.answer(x, classes) if isinstance(program, Answers) else None

    def answer(self, rows: Array, classes: bool) -> Array:
        """Return the class numbers (n,) or the outputs (n, units) of examples of the right form."""
        parts: list[Array] = []
        for start in range(0, len(rows), CHUNK):
            block = rows[start : start + CHUNK]
            n = len(block)
            program = self.program(self._size(n))
            if isinstance(program, Answers):
                if program.n != n:  # what the rows after these hold does not matter
                    block = np.resize(block, (program.n, *block.shape[1:]))
                answered = program.answer(block, classes)
                assert answered is not None
                part = answered[:n]
            else:
                outputs = program.run({**self.values, "batch/x": block})
                part = outputs["class" if classes else "y"]
            parts.append(part)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)
