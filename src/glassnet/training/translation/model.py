"""Encoder–decoder networks with their weights: made, trained by `fit_pairs`, asked, saved."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from glassnet.engines import Program
from glassnet.engines.native import Engine, Unsupported, is_available
from glassnet.errors import ArgumentError, DataError, ShapeError
from glassnet.graph import Graph
from glassnet.graph.types import Array, DType
from glassnet.nn.layers import Layer
from glassnet.ops.philox import STREAM_INITIAL
from glassnet.training.network import LARGEST_SEED, as_examples
from glassnet.training.translation.beam import Beam, State, finished, search
from glassnet.training.translation.graphs import encoding_graph, step_graph
from glassnet.training.translation.parts import Parts
from glassnet.training.translation.symbols import SourceReader, TargetReader
from glassnet.unit import check_choice, check_number, check_whole

__all__ = ["EncoderDecoder"]

ROWS = 256  # hypotheses that are continued at once
WIDEST = 1000


class EncoderDecoder:
    """A network that reads a sequence (or a picture) and answers with a sequence of symbols (K3).

    An encoder reads the source. Its last word on it, through a layer of tanh neurons for each part,
    is the decoder's state before its first step; the decoder reads the symbol that it has answered
    before, and answers the next one, until it answers the end. With attention, each of its steps
    looks back at all steps of the encoder.

    Args:
        encoder: The layers that read: such as `[gn.Mask(), gn.Embedding(100, 32),
            gn.Bidirectional(gn.LSTM(64))]`, or dense layers for a picture.
        decoder: The layers over time that answer, such as `[gn.LSTM(128)]`. The embedding before
            them and the softmax neurons after them are added.
        inputs: The shape of one source.
        target: What knows the symbols of the answers: `TargetReader.of(texts, tokens)`.
        source: What makes numbers of source texts, if texts are read.
        embedding: How many numbers stand for a symbol in the decoder.
        attention: Whether the decoder looks back at the encoder's steps (Luong et al., 2015).
        dropout: The share that is dropped before the softmax, in training.
        seed: Where the first weights are drawn from.
        dtype: "float32" or "float64".

    Raises:
        ArgumentError, ShapeError: The layers do not fit together.
    """

    def __init__(
        self,
        encoder: Sequence[Layer | Any],
        decoder: Sequence[Layer | Any],
        *,
        inputs: int | Sequence[int],
        target: TargetReader,
        source: SourceReader | None = None,
        embedding: int = 32,
        attention: bool = False,
        dropout: float = 0.0,
        seed: int = 0,
        dtype: DType | str = DType.FLOAT32,
    ) -> None:
        check_whole("seed", seed, low=0, high=LARGEST_SEED)
        check_choice("dtype", str(dtype), ("float32", "float64"))
        check_whole("embedding", embedding)
        check_number("dropout", dropout, low=0, high=1, open_high=True)
        given: Any = inputs if isinstance(inputs, Sequence) else (inputs,)
        self.parts = Parts(
            tuple(encoder),
            tuple(given),
            tuple(decoder),
            len(target.vocabulary),
            target.longest,
            embedding,
            attention,
            dropout,
        )
        if source is not None and (self.parts.inputs != (source.longest,)):
            raise ShapeError(
                f"the source's reader gives {source.longest} steps; the encoder takes "
                f"{self.parts.inputs}"
            )
        self.source, self.target = source, target
        self.seed, self.dtype = seed, DType(dtype)
        self.training: dict[str, Any] = {}
        self.parameters: dict[str, Array] = {
            key: entry.initializer.values(entry.shape, seed, STREAM_INITIAL + place).astype(
                self.dtype.numpy
            )
            for place, (key, entry) in enumerate(self.parts.parameters().items())
        }
        self.statistics: dict[str, Array] = {
            key: entry.initializer.values(entry.shape, seed, 0).astype(self.dtype.numpy)
            for key, entry in self.parts.statistics().items()
        }

    # --- reading ----------------------------------------------------------------------------------
    def rows(self, sources: Any) -> Array:
        """Return sources as the array that the encoder is fed, of shape (n, *inputs).

        Args:
            sources: Texts, where the network reads texts; else an array.
        """
        given: Any = sources
        if self.source is not None:
            if isinstance(given, str):
                raise ArgumentError("sources must be a list of texts; got one text")
            texts = list(given)
            if not texts or not all(isinstance(text, str) for text in texts):
                raise DataError("sources must be texts, one at least")
            given = self.source.rows(texts)
        return as_examples(given, self.parts.source, self.dtype)

    # --- answering --------------------------------------------------------------------------------
    def search(self, sources: Any, *, width: int = 5, penalty: float = 0.6) -> list[Beam]:
        """Return the beam search on each source.

        Args:
            sources: Texts, where the network reads texts; else an array (n, *inputs).
            width: How many hypotheses are followed; 1 is greedy search.
            penalty: α ≥ 0 of the length penalty ((5 + length)/6)^α that scores are divided by: 0
                orders by ln P alone, which favours short answers.

        Raises:
            DataError, ShapeError: The sources are not what the network reads.
            ArgumentError: A setting that is not allowed.
        """
        check_whole("width", width, high=WIDEST)
        check_number("penalty", penalty, low=0)
        rows = self.rows(sources)
        names = list(sources) if self.source is not None else [f"source {i + 1}" for i in
                                                               range(len(rows))]  # fmt: skip
        at_once = max(1, ROWS // width)
        symbols = dict(enumerate(self.target.vocabulary.symbols))
        never = () if self.target.unknown is None else (self.target.unknown,)
        walkers: dict[int, _Walker] = {}
        found: list[Beam] = []
        for start in range(0, len(rows), at_once):
            block = rows[start : start + at_once]
            count = len(block)
            walker = walkers.get(count)
            if walker is None:
                walker = walkers[count] = _Walker(self, count, width)
            state = walker.encode(block)
            results = search(walker.step, state, count, width, self.parts.steps, never=never)
            for place, (nodes, ended) in enumerate(results):
                hypotheses = finished(nodes, ended, symbols, self.target.text, penalty)
                found.append(
                    Beam(names[start + place], hypotheses, tuple(nodes), symbols, width, penalty)
                )
        return found

    def translate(self, sources: Any, *, width: int = 5, penalty: float = 0.6) -> list[str]:
        """Return the best answer to each source; arguments and errors as `search`."""
        return [beam.best.text for beam in self.search(sources, width=width, penalty=penalty)]

    predict = translate

    def score(self, sources: Any, targets: Sequence[str]) -> Array:
        """Return ln P(target | source) of each pair, of shape (n,)."""
        rows, numbers = self.rows(sources), self.target.rows(targets)
        if len(rows) != len(numbers):
            raise ShapeError(f"{len(rows)} sources, but {len(numbers)} targets")
        walker = _Walker(self, len(rows), 1)
        state: State = walker.encode(rows)
        total = np.zeros(len(rows))
        before = np.zeros(len(rows), np.int64)
        for time in range(numbers.shape[1]):
            logarithms, state = walker.step(before, state)
            now = numbers[:, time]
            there = now > 0
            total[there] += logarithms[np.arange(len(rows)), now][there]
            before = now
        return total

    def attention(self, source: Any, target: str) -> Array:
        """Return where each step of an answer looks: shares of shape (steps, source steps).

        Raises:
            ArgumentError: The network has no attention.
        """
        if not self.parts.attention:
            raise ArgumentError("this network has no attention: make it with attention=True")
        numbers = self.target.rows([target])[0]
        numbers = numbers[numbers > 0]
        walker = _Walker(self, 1, 1)
        state: State = walker.encode(self.rows([source]))
        shares: list[Array] = []
        before = 0
        for number in numbers.tolist():
            _, state = walker.step(np.array([before]), state)
            shares.append(walker.shares()[0])
            before = number
        length = self.parts.source.shapes[-1][0]
        if self.source is not None:
            length = min(length, len(self.source.tokens.split(source)))
        return np.array(shares)[:, :length]

    # --- showing and keeping ----------------------------------------------------------------------
    def table(self) -> list[list[str]]:
        """Return rows: part, what it is, output shape, parameters; the first is the head."""
        parts = self.parts
        counts: dict[str, int] = {}
        for key, entry in parts.parameters().items():
            name = key.split(".")[0]
            counts[name] = counts.get(name, 0) + math.prod(entry.shape)
        shown = [["part", "", "output", "parameters"]]
        shown.append(["source", "", _shape(parts.inputs), ""])
        stacks = (("encoder", parts.source), ("decoder", parts.body))
        for prefix, stack in stacks:
            if prefix == "decoder":
                bridges = sum(n for name, n in counts.items() if name.startswith("bridge"))
                shown.append(["bridge", "tanh, to the first state", "", f"{bridges:,}"])
            for name, layer, shape in zip(stack.names, stack.layers, stack.shapes[1:],
                                          strict=True):  # fmt: skip
                count = counts.get(f"{prefix}_{name}", 0)
                shown.append([f"{prefix} {name}", str(layer), _shape(shape),
                              f"{count:,}" if count else ""])  # fmt: skip
        if parts.attention:
            shown.append(["attention", "general score", _shape((parts.steps, parts.width)),
                          f"{counts['attention']:,}"])  # fmt: skip
        shown.append(["head", f"{parts.symbols} softmax", _shape((parts.steps, parts.symbols)),
                      f"{counts['head_output']:,}"])  # fmt: skip
        shown.append(["in all", "", "", f"{sum(counts.values()):,}"])
        return shown

    def __repr__(self) -> str:
        rows = self.table()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = ["  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
                 for row in rows]  # fmt: skip
        return f"EncoderDecoder ({self.dtype}, seed {self.seed})\n" + "\n".join(lines)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to one file (safetensors).

        Raises:
            OutputError: The file cannot be written; what stood there before is untouched.
        """
        from glassnet.training.translation.model_file import save

        save(self, path)


def _shape(shape: Sequence[int]) -> str:
    return " × ".join(map(str, shape))


class _Walker:
    """The programs of an encoder–decoder for a number of sources and a width."""

    def __init__(self, net: EncoderDecoder, count: int, width: int) -> None:
        self._net, self._count, self._n = net, count, count * width
        parts, dtype = net.parts, net.dtype
        values = {f"parameters/{key}": value for key, value in net.parameters.items()}
        values |= {f"statistics/{key}": value for key, value in net.statistics.items()}
        self._encoding = _Runner(encoding_graph(parts, count, dtype), count, values)
        self._stepping = _Runner(step_graph(parts, self._n, dtype), self._n, values)
        self._carried = [f"carry/{key}" for key in parts.body.carries()]
        self._last: dict[str, Array] = {}
        self._looked_at: Array | None = None

    def encode(self, rows: Array) -> dict[str, Array]:
        """Return the state before the first step, and what attention looks at."""
        return self._encoding.run({"batch/x": rows})

    def step(self, before: Array, state: State) -> tuple[Array, dict[str, Array]]:
        """Return the logarithms of the probabilities, and the state after the step."""
        found = self._stepping.run({"before": before[:, None].astype(self._net.dtype.numpy),
                                    **state})  # fmt: skip
        self._last = found
        after = {key: found[key] for key in self._carried}
        after |= {key: state[key] for key in ("memory", "there") if key in state}
        return found["logarithms"], after

    def shares(self) -> Array:
        """Return where the last step has looked."""
        return self._last["attention"]


class _Runner:
    """A graph on the native engine, or on the reference engine where that cannot be."""

    def __init__(self, graph: Graph, n: int, values: Mapping[str, Array]) -> None:
        self._n, self._graph = n, graph
        self._values = {key: value for key, value in values.items() if key in graph.inputs}
        self._engine: Engine | None = None
        if is_available():
            try:
                self._engine = Engine({n: graph})
            except Unsupported:
                self._engine = None
        if self._engine is None:
            self._program = Program(graph)
        else:
            for key, value in self._values.items():
                self._engine.write(key, value)

    def run(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """Return the outputs for some inputs."""
        if self._engine is not None:
            return self._engine.run(self._n, inputs)
        return self._program.run({**self._values, **inputs})
