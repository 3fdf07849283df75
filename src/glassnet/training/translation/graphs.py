"""The graphs of an encoder–decoder: a training step, a measurement, encoding, and one step."""

from __future__ import annotations

from glassnet import ops
from glassnet.graph import DType, Graph, Tensor, verify
from glassnet.graph.types import Array
from glassnet.learning.optimizer import Optimizer
from glassnet.learning.schedule import Schedule
from glassnet.learning.step_graph import GraphInputs, looked_ahead, update
from glassnet.nn.losses import Loss, Output
from glassnet.records import dataclass
from glassnet.training.translation.parts import Encoded, Parts

__all__ = ["START", "Forcing", "PairRecipe", "encoding_graph", "step_graph"]

START = 0  # the symbol before the first; in targets, what stands after the end
STREAM_FORCING = 1 << 22


@dataclass(frozen=True)
class Forcing:
    """Teacher forcing: the share of the steps whose symbol before is the right one.

    The others are given what the network itself answers there, when all symbols before are the
    right ones. So they learn to go on after their own mistakes.

    Args:
        share: The share over the epochs, a schedule from its first value to its last.
        steps: The steps in an epoch.
        epochs: The epochs.

    Source: Bengio et al., Scheduled sampling (2015); in two passes, so that nothing stands in a
    loop: Mihaylova & Martins, Scheduled sampling for transformers (2019).
    """

    share: Schedule
    steps: int
    epochs: int


@dataclass(frozen=True)
class PairRecipe:
    """All that decides what a training step of an encoder–decoder computes.

    Args:
        parts: The network.
        optimizer: The optimiser.
        dtype: The number type of parameters and data.
        clip_norm: Largest norm of all gradients together, or None.
        l2: Strength λ of the penalty (λ/2) Σw² on all weights.
        forcing: The teacher forcing; None if all symbols before are the right ones.
    """

    parts: Parts
    optimizer: Optimizer
    dtype: DType = DType.FLOAT32
    clip_norm: float | None = None
    l2: float = 0.0
    forcing: Forcing | None = None

    @property
    def hand_over(self) -> int | None:
        """None: no state goes from batch to batch."""
        return None

    def first_carry(self, n: int) -> dict[str, Array]:
        """Return nothing: no state goes from batch to batch."""
        del n
        return {}

    def training_graph(self, n: int) -> Graph:
        """Return the graph of one training step on n pairs.

        From `parameters/…`, `statistics/…`, `slots/…`, `batch/x`, `batch/target` (int64, (n,
        steps)), `rate`, `step`, `seed` and `counter` to the new state and `measures/…`.
        """
        parts, optimizer = self.parts, self.optimizer
        inputs = GraphInputs(self.dtype)
        known = parts.parameters()
        parameters = inputs.values("parameters", known)
        statistics = inputs.values("statistics", parts.statistics(), "running ")
        slots = inputs.slots(known, optimizer)
        x, target = _batch(inputs, parts, n)
        rate = inputs.declare("rate", (), symbol="η")
        step = inputs.declare("step", (), symbol="t")
        seed = inputs.declare("seed", (), DType.INT64)
        counter = inputs.declare("counter", (), DType.INT64)
        points = looked_ahead(parameters, slots, optimizer)
        encoded, updated = parts.encode(x, points, statistics, seed, counter)
        before = _before(target, self.dtype)
        if self.forcing is not None:
            before = self._mixed(before, encoded, points, step, seed, counter)
        answer, _, _ = parts.decode(before, encoded, points, seed, counter)
        loss, accuracy = _measured(answer, target, self.dtype)
        objective = loss
        if self.l2:
            squares = [(points[key] ** 2.0).sum() for key, entry in known.items()
                       if entry.penalised]  # fmt: skip
            total = squares[0]
            for square in squares[1:]:
                total = total + square
            objective = loss + 0.5 * self.l2 * total
        outputs = update(objective, parameters, points, slots, optimizer, rate, step,
                         clip_norm=self.clip_norm)  # fmt: skip
        for key in statistics:
            outputs[f"statistics/{key}"] = updated.get(key, statistics[key])
        outputs["measures/loss"] = loss
        outputs["measures/objective"] = objective
        outputs["measures/accuracy"] = accuracy
        return verify(Graph(inputs.tensors, outputs))

    def _mixed(
        self,
        before: Tensor,
        encoded: Encoded,
        points: dict[str, Tensor],
        step: Tensor,
        seed: Tensor,
        counter: Tensor,
    ) -> Tensor:
        """Return the symbols before: the right ones, and here and there the network's own."""
        forcing = self.forcing
        assert forcing is not None
        answer, _, _ = self.parts.decode(before, encoded, points)
        n, steps = before.shape
        own = ops.cast(ops.argmax(answer.y.reshape(n * steps, -1), 1), self.dtype)
        own = ops.stop_gradient(own.reshape(n, steps))
        first = ops.zeros(n, 1, dtype=self.dtype)
        own = ops.concatenate([first, own[:, :-1]], 1)
        share = forcing.share.formula((step - 1.0) / float(forcing.steps), float(forcing.epochs))
        draw = ops.random_uniform(
            (n, steps), seed, counter, stream=STREAM_FORCING, dtype=self.dtype
        )
        return ops.select(draw < share, before, own)

    def evaluation_graph(self, n: int) -> Graph:
        """Return the graph that measures n pairs, each symbol after the right ones."""
        parts = self.parts
        inputs = GraphInputs(self.dtype)
        parameters = inputs.values("parameters", parts.parameters())
        statistics = inputs.values("statistics", parts.statistics(), "running ")
        x, target = _batch(inputs, parts, n)
        encoded, _ = parts.encode(x, parameters, statistics)
        answer, _, _ = parts.decode(_before(target, self.dtype), encoded, parameters)
        loss, accuracy = _measured(answer, target, self.dtype)
        return verify(Graph(inputs.tensors, {"measures/loss": loss, "measures/accuracy": accuracy}))


def _batch(inputs: GraphInputs, parts: Parts, n: int) -> tuple[Tensor, Tensor]:
    x = inputs.declare("batch/x", (n, *parts.inputs), symbol="x")
    return x, inputs.declare("batch/target", (n, parts.steps), DType.INT64, symbol="d")


def _before(target: Tensor, dtype: DType) -> Tensor:
    """Return the symbol before each step: START, and the target without its last."""
    numbers = ops.cast(target, dtype)
    return ops.concatenate([ops.zeros(target.shape[0], 1, dtype=dtype), numbers[:, :-1]], 1)


def _measured(answer: Output, target: Tensor, dtype: DType) -> tuple[Tensor, Tensor]:
    """Return the mean cross-entropy of a symbol, and the share of the right ones."""
    rows = answer.rows
    number = target.reshape(-1)
    there = ops.cast(number, dtype) > 0.5  # after the end stands START, number 0
    count = ops.cast(there, dtype).sum()
    each = Loss.of("cross_entropy").per_example(
        rows, ops.one_hot(number, rows.y.shape[1], dtype).named("d")
    )
    right = ops.cast(ops.equal(ops.argmax(rows.y, 1), number), dtype)
    loss = (ops.select(there, each, 0.0).sum() / count).named("E")
    return loss, ops.select(there, right, 0.0).sum() / count


def encoding_graph(parts: Parts, n: int, dtype: DType) -> Graph:
    """Return the graph from `batch/x` to the decoder's first state, `carry/…`.

    With attention also to `memory`, (n, source steps, size), and `there`, (n, source steps): 1 for
    steps that are part of the source, else 0.
    """
    inputs = GraphInputs(dtype)
    parameters = inputs.values("parameters", parts.parameters())
    statistics = inputs.values("statistics", parts.statistics(), "running ")
    x = inputs.declare("batch/x", (n, *parts.inputs), symbol="x")
    encoded, _ = parts.encode(x, parameters, statistics)
    outputs = {f"carry/{key}": value for key, value in encoded.state.items()}
    if encoded.memory is not None:
        shape = encoded.memory.shape[:2]
        outputs["memory"] = encoded.memory
        outputs["there"] = (
            ops.broadcast(ops.constant(1.0, dtype), shape)
            if encoded.mask is None
            else ops.cast(encoded.mask, dtype)
        )
    return verify(Graph(inputs.tensors, outputs))


def step_graph(parts: Parts, n: int, dtype: DType) -> Graph:
    """Return the graph of one step of the decoder.

    From `before` (n, 1), `carry/…`, and with attention `memory` and `there`, to `logarithms`
    (n, symbols), the logarithm of each symbol's probability, the new `carry/…`, and with attention
    `attention` (n, source steps).
    """
    inputs = GraphInputs(dtype)
    parameters = inputs.values("parameters", parts.parameters())
    before = inputs.declare("before", (n, 1))
    state = {
        key: inputs.declare(f"carry/{key}", (n, size)) for key, size in parts.body.carries().items()
    }
    memory, mask = None, None
    if parts.attention:
        length = parts.source.shapes[-1][0]
        memory = inputs.declare("memory", (n, length, parts.memory_size))
        mask = inputs.declare("there", (n, length)) > 0.5
    answer, after, shares = parts.decode(before, Encoded(state, memory, mask), parameters)
    scores = answer.rows.v
    outputs = {"logarithms": scores - ops.logsumexp(scores, axis=1).reshape(-1, 1)}
    outputs |= {f"carry/{key}": value for key, value in after.items()}
    if shares is not None:
        outputs["attention"] = shares.reshape(n, -1)
    return verify(Graph(inputs.tensors, outputs))
