"""Asking what a rule has learnt: its answer graph, on the native engine where that is there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

import numpy as np

from glassnet.engines import Program
from glassnet.engines.native import Answers, Unsupported, is_available
from glassnet.graph import DType, Tensor
from glassnet.graph.types import Array
from glassnet.rules.step import answer_graph

__all__ = ["Answerer"]

CHUNK = 1024  # examples answered at once
MOST_SIZES = 8  # block sizes for which programs are kept

Answer = Callable[[Mapping[str, Tensor], Tensor], tuple[Tensor, Tensor]]


class Answerer:
    """Programs that answer blocks of examples with given arrays.

    Args:
        values: What was learnt, by `parameters/…`.
        dtype: The number type.
        inputs: How many numbers an example has.
        answer: From the parameters by name and x to the outputs and the class numbers.
    """

    def __init__(
        self, values: Mapping[str, Array], dtype: DType, inputs: int, answer: Answer
    ) -> None:
        self.values = {key: np.ascontiguousarray(v, dtype.numpy) for key, v in values.items()}
        self._dtype, self._inputs, self._answer = dtype, inputs, answer
        self._programs: dict[int, Program | Answers] = {}
        self._native = is_available()

    @classmethod
    def of(cls, owner: Any, values: Mapping[str, Array], answer: Answer) -> Answerer:
        """Return the answerer of an estimator: the one it has, as long as its arrays are the same.

        Changes inside the arrays are seen.
        """
        kept = cast("Answerer | None", vars(owner).get("_answerer"))
        if kept is None or not all(kept.given.get(key) is value for key, value in values.items()):
            kept = cls(values, DType(owner.dtype), owner.n_features_in_, answer)
            kept.given = dict(values)
            vars(owner)["_answerer"] = kept
        return kept

    given: Mapping[str, Array]

    def outputs(self, rows: Array) -> Array:
        """Return the outputs, (n, units)."""
        return self._run(rows, classes=False)

    def classes(self, rows: Array) -> Array:
        """Return the class numbers, (n,)."""
        return self._run(rows, classes=True)

    def _run(self, rows: Array, *, classes: bool) -> Array:
        parts: list[Array] = []
        for start in range(0, len(rows), CHUNK):
            block = rows[start : start + CHUNK]
            program = self._program(len(block))
            if isinstance(program, Answers):
                part = program.answer(block, classes)
                assert part is not None
            else:
                found = program.run({**self.values, "batch/x": block})
                part = found["class" if classes else "y"]
            parts.append(part)
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _program(self, n: int) -> Program | Answers:
        if n not in self._programs:
            if len(self._programs) >= MOST_SIZES:
                self._programs.clear()
            graph = answer_graph(self.values, self._dtype, n, self._inputs, self._answer)
            self._programs[n] = self._make(graph)
        return self._programs[n]

    def _make(self, graph: Any) -> Program | Answers:
        if self._native:
            try:
                return Answers(graph, self.values)
            except Unsupported:
                self._native = False
        return Program(graph)
