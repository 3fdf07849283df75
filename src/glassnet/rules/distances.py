"""Distances between examples: their formulas, as NumPy and as graphs, and search by definition."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from glassnet import ops
from glassnet.graph import DType, Graph, Tensor, TensorType, verify
from glassnet.graph.types import Array
from glassnet.records import dataclass

__all__ = [
    "DISTANCES",
    "Distance",
    "distance_graph",
    "nearest_by_definition",
    "rows_of_zeros",
    "vote_graph",
]

RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
BLOCK = 1 << 20  # numbers held at once


@dataclass(frozen=True)
class Distance:
    """How far two examples are from each other.

    Args:
        formula: How a person writes it.
        compute: From one example x (inputs,), the memory m (n, inputs), both float64, and p to the
            distances (n,).
        write: The same with tensors; x is (1, inputs).
    """

    formula: str
    compute: Callable[[Array, Array, float], Array]
    write: Callable[[Tensor, Tensor, float], Tensor]


def _cosine(x: Array, m: Array, _p: float) -> Array:
    # By the square of the cosine, so that rows of whole numbers that point the same way are
    # equally far: the lengths of such rows have roots, which are rounded, their squares do not.
    product = (m * x).sum(axis=1)
    ratio = product * np.abs(product) / ((x * x).sum() * (m * m).sum(axis=1))
    return np.clip(1.0 - np.sign(ratio) * np.sqrt(np.abs(ratio)), 0.0, 2.0)


def _write_euclidean(x: Tensor, m: Tensor, _p: float) -> Tensor:
    return ops.sqrt(ops.square(x - m).sum(1))


def _write_manhattan(x: Tensor, m: Tensor, _p: float) -> Tensor:
    return ops.absolute(x - m).sum(1)


def _write_chebyshev(x: Tensor, m: Tensor, _p: float) -> Tensor:
    return ops.max_(ops.absolute(x - m), 1)


def _write_minkowski(x: Tensor, m: Tensor, p: float) -> Tensor:
    return (ops.absolute(x - m) ** p).sum(1) ** (1.0 / p)


def _write_cosine(x: Tensor, m: Tensor, _p: float) -> Tensor:
    product = (x * m).sum(1).named("x·m")
    lengths = ops.sqrt(ops.square(x).sum(1)) * ops.sqrt(ops.square(m).sum(1))
    return 1.0 - product / lengths.named("‖x‖‖m‖")


def _write_hamming(x: Tensor, m: Tensor, _p: float) -> Tensor:
    return ops.cast(ops.not_equal(x, m), m.dtype).mean(1)


DISTANCES = {
    "euclidean": Distance(
        "√Σ(x − m)²", lambda x, m, _p: np.sqrt(((x - m) ** 2).sum(axis=1)), _write_euclidean
    ),
    "manhattan": Distance("Σ|x − m|", lambda x, m, _p: np.abs(x - m).sum(axis=1), _write_manhattan),
    "chebyshev": Distance(
        "max|x − m|", lambda x, m, _p: np.abs(x - m).max(axis=1), _write_chebyshev
    ),
    "minkowski": Distance(
        "(Σ|x − m|ᵖ)^(1/p)",
        lambda x, m, p: (np.abs(x - m) ** p).sum(axis=1) ** (1.0 / p),
        _write_minkowski,
    ),
    "cosine": Distance("1 − x·m / (‖x‖‖m‖)", _cosine, _write_cosine),
    "hamming": Distance(
        "share of inputs with x ≠ m", lambda x, m, _p: (x != m).mean(axis=1), _write_hamming
    ),
}


def nearest_by_definition(
    memory: Array, queries: Array, k: int, distance: str, p: float
) -> tuple[Array, Array]:
    """Return distances and numbers of the k nearest rows of the memory, each (queries, k).

    Every distance is computed in float64; of equal distances the earlier row comes first.

    Args:
        memory: (n, inputs).
        queries: (queries, inputs).
        k: At most n.
        distance: A name in `DISTANCES`.
        p: The power of "minkowski".
    """
    compute = DISTANCES[distance].compute
    rows = max(1, BLOCK // memory.shape[1])
    if distance == "cosine":
        memory, queries = _tamed(memory), _tamed(queries)
    distances = np.empty((len(queries), k))
    numbers = np.empty((len(queries), k), np.int64)
    found = np.empty(len(memory))
    with np.errstate(over="ignore"):
        for i, query in enumerate(queries.astype(np.float64)):
            for start in range(0, len(memory), rows):
                block = memory[start : start + rows].astype(np.float64)
                found[start : start + rows] = compute(query, block, p)
            # All that are as near as the k-th, in the order of the memory, then the nearest first.
            near = np.flatnonzero(found <= np.partition(found, k - 1)[k - 1])
            numbers[i] = near[np.argsort(found[near], kind="stable")[:k]]
            distances[i] = found[numbers[i]]
    return distances, numbers


def _tamed(rows: Array) -> Array:
    """Return rows in float64, multiplied by powers of 2 so that no square is out of range."""
    exponents = np.frexp(np.abs(rows).max(axis=1))[1]
    return np.ldexp(rows.astype(np.float64), -exponents[:, None])


def distance_graph(memory: Array, distance: str, p: float, dtype: DType) -> Graph:
    """Return the graph from an example `x` (1, inputs) and the memory `m` to `distances` (n,)."""
    m = ops.input_tensor("m", TensorType(memory.shape, dtype, ("example", "source"))).named("m")
    kind = TensorType((1, memory.shape[1]), dtype, (None, "source"))
    x = ops.input_tensor("x", kind).named("x")
    d = DISTANCES[distance].write(x, m, p).named("D")
    return verify(Graph({"x": x, "m": m}, {"distances": d}))


def vote_graph(distances: Graph, labels: Array, classes: Array, k: int, *, inverse: bool) -> Graph:
    """Return the graph from distances on to the k nearest, one after the other, and their votes.

    Its outputs are `nearest`, the numbers of the k nearest (k,), `votes` for each class, and
    `class`, of those with most votes.

    Args:
        distances: What `distance_graph` gives.
        labels: The place in `classes` of each example in memory, (n,).
        classes: The classes, numbers, (classes,).
        k: How many neighbours vote.
        inverse: Whether a vote counts 1/D rather than 1.
    """
    d = distances.outputs["distances"]
    n, dtype = d.shape[0], d.dtype
    own = ops.constant(classes[labels].astype(np.float64)).named("c")
    found: list[Tensor] = []
    left = -d.reshape(1, n)
    for _ in range(k):
        nearest = ops.argmax(left, 1).named(f"i{str(len(found) + 1).translate(RAISED)}")
        found.append(nearest)
        far = ops.broadcast(ops.constant(-np.inf, dtype), (1, n))
        left = ops.select(ops.one_hot(nearest, n, dtype) > 0.0, far, left)
    votes: list[Tensor] = []
    for value in classes.tolist():
        total: Tensor | None = None
        for nearest in found:
            vote = ops.cast(ops.equal(ops.gather(own, nearest), float(value)), dtype)
            vote = vote / ops.gather(d, nearest) if inverse else vote
            total = vote if total is None else total + vote
        assert total is not None
        votes.append(total)
    counted = ops.concatenate(votes, 0).named("votes")
    most = ops.argmax(counted.reshape(1, len(classes)), 1).named("most")
    answer = ops.gather(ops.constant(classes.astype(np.float64)), most).named("class")
    outputs = {"nearest": ops.concatenate(found, 0), "votes": counted, "class": answer}
    return verify(Graph(distances.inputs, outputs))


def rows_of_zeros(rows: Array) -> Array:
    """Return the numbers of the rows that hold only zeros: they have no direction."""
    return np.flatnonzero(~rows.any(axis=1))
