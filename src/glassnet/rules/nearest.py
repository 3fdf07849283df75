"""Memory-based learning (B2): keep the examples, and answer as the nearest of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from glassnet.engines.native import is_available, why_not
from glassnet.errors import ArgumentError, DataError, ModelFileError, ShapeError
from glassnet.graph import DType, Graph
from glassnet.graph.types import Array
from glassnet.records import dataclass
from glassnet.rules.distances import (
    DISTANCES,
    distance_graph,
    nearest_by_definition,
    rows_of_zeros,
    vote_graph,
)
from glassnet.rules.estimator import Estimator
from glassnet.rules.examples import Examples, read_examples
from glassnet.unit import check_choice, check_number, check_whole

__all__ = ["NearestNeighbours"]

MOST_IN_A_GRAPH = 10_000  # numbers of a memory whose distances are shown as a graph


@dataclass(eq=False, repr=False)
class NearestNeighbours(Estimator, rule="nearest"):
    """The k nearest neighbours: memory-based learning, which keeps every example (xᵢ, dᵢ).

    To a new x it answers with the class that most of the k nearest xᵢ have (for k = 1: that of the
    nearest), or with the mean of their dᵢ where targets are numbers. Distances are computed in
    float64 by their definition, so that the answers are those of comparing x with every example.

    Ties: of examples at equal distances the one that came earlier counts as nearer; of classes with
    equal votes the first in sorted order is the answer.

    Args:
        k: How many neighbours are asked, at most as many as there are examples.
        distance: "euclidean" √Σ(x − m)², "manhattan" Σ|x − m|, "chebyshev" max|x − m|,
            "minkowski" (Σ|x − m|ᵖ)^(1/p), "cosine" 1 − x·m/(‖x‖‖m‖), or "hamming", the share of
            inputs that differ.
        p: The power of "minkowski", from 1 (manhattan) over 2 (euclidean) to 16; the larger, the
            nearer to chebyshev.
        weights: How much a neighbour's vote counts: "uniform", all the same; "distance", 1/d, and
            where neighbours are at distance 0 only those (Dudani 1976 gave the idea; this form is
            Shepard's, 1968).
        dtype: The number type of the memory, "float32" or "float64".
        threads: How many processors to use; all that are worth it if not given. The answers do not
            depend on it.
        engine: "native" (C++) or "reference" (NumPy); the native one if not given.

    Attributes:
        memory_: The examples, (n, inputs). They are replaced by `fit` and `partial_fit`; what is
            changed inside them is not seen.
        labels_: For classes: the class numbers of the examples, (n,).
        values_: For numbers: the targets of the examples, (n, units).
        targets_: The targets as they were given: classes (n,), or values (n,) or (n, units).

    Source: Fix and Hodges (1951), "Discriminatory analysis"; Cover and Hart (1967), "Nearest
    neighbor pattern classification", IEEE Transactions on Information Theory 13; lecture notes B2.

    >>> from glassnet.rules.nearest import NearestNeighbours
    >>> near = NearestNeighbours(k=3).fit([[0], [1], [2], [10], [11]], ["a", "a", "a", "b", "b"])
    >>> near.predict([[1.4], [9.0]]).tolist()
    ['a', 'b']
    >>> distances, indices = near.kneighbors([[3.0]])
    >>> distances.tolist(), indices.tolist()
    ([[1.0, 2.0, 3.0]], [[2, 1, 0]])
    """

    wants: ClassVar[str] = "either"
    state: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "memory_": ("memory", "source"),
        "labels_": ("?memory",),
        "values_": ("?memory", "unit"),
    }
    whole: ClassVar[frozenset[str]] = frozenset({"labels_"})

    k: int = 1
    distance: str = "euclidean"
    p: float = 3.0
    weights: str = "uniform"
    dtype: str = "float32"
    threads: int | None = None
    engine: str | None = None

    def check(self) -> None:
        """Raise ArgumentError if a setting has a value that is not allowed."""
        super().check()
        check_whole("k", self.k)
        check_choice("distance", self.distance, DISTANCES)
        check_number("p", self.p, low=1, high=16)
        check_choice("weights", self.weights, ("uniform", "distance"))
        if self.threads is not None:
            check_whole("threads", self.threads)
        if self.engine == "native" and not is_available():
            raise ArgumentError(f'engine "native" cannot be used: {why_not()}')

    # --- learning ---------------------------------------------------------------------------------
    @property
    def targets_(self) -> Array:
        """The targets as they were given."""
        if hasattr(self, "classes_"):
            return self.classes_[self.labels_]
        return _as_given(self.values_)

    def fit_examples(self, examples: Examples) -> Self:
        """Keep examples that were read and checked before."""
        self.check()
        self._check_k(self.k, len(examples))
        self._check_directions(examples.x, "example")
        return super().fit_examples(examples)

    def _learn(self, examples: Examples) -> None:
        assert examples.target is not None
        # Copied: what the caller does to his array later must not change what is remembered.
        self.memory_ = examples.x.copy()
        if examples.classes is not None:
            self.labels_ = examples.target.copy()
        else:
            self.values_ = examples.target.copy()

    def partial_fit(self, X: Any, y: Any, classes: Sequence[Any] | None = None) -> Self:
        """Add examples to the memory, behind those that are there.

        Args:
            X: Examples, (n, inputs).
            y: The target of each, (n,); for several numbers (n, units).
            classes: All classes; needed at the first call only, where y may not show them all.

        Raises:
            ArgumentError: X is a table: its columns are read by `fit`.
            DataError, ShapeError: Examples or targets are missing, not finite, or do not fit.
        """
        self.check()
        self._arrays_only(X)
        known = self.classes if self.is_fitted else classes
        wants = "numbers" if self.is_fitted and known is None else self.wants
        examples = read_examples(X, y, DType(self.dtype), wants=wants, classes=known)
        assert examples.target is not None
        if not self.is_fitted:
            return self.fit_examples(examples)
        x = self.array(examples.x)
        self._check_directions(x, "example")
        if known is not None:
            self.labels_ = np.concatenate([self.labels_, examples.target])
        else:
            units = self.values_.shape[1]
            if examples.target.shape[1] != units:
                raise ShapeError(
                    f"the memory has {units} numbers for each target; "
                    f"these targets have {examples.target.shape[1]}"
                )
            self.values_ = np.concatenate([self.values_, examples.target])
        self.memory_ = np.concatenate([self.memory_, x])
        return self

    def _check_k(self, k: int, examples: int) -> None:
        if k > examples:
            raise ArgumentError(
                f"k = {k} neighbours cannot be found among {examples} examples: "
                f"choose k from 1 to {examples}"
            )

    def _check_directions(self, rows: Array, name: str) -> None:
        if self.distance != "cosine":
            return
        zeros = rows_of_zeros(rows)
        if len(zeros):
            raise DataError(
                f"{name} {zeros[0]} (counted from 0) holds only zeros: it has no direction, and so "
                "no cosine distance; leave it out, or choose another distance"
            )

    # --- answering --------------------------------------------------------------------------------
    def kneighbors(self, X: Any, k: int | None = None) -> tuple[Array, Array]:
        """Return the nearest examples of the memory, the nearest first.

        Args:
            X: The examples to compare, (n, inputs).
            k: How many neighbours; the setting k if not given.

        Returns:
            Their distances (float64) and their numbers in the memory (int64), each (n, k).

        Raises:
            ArgumentError: k is larger than the memory.
            DataError, ShapeError: The examples do not fit; a row of zeros has no cosine distance;
                distances are too large for a float64.
        """
        return self._nearest(self.input_rows(X), self.k if k is None else k)

    def _nearest(self, rows: Array, k: int) -> tuple[Array, Array]:
        check_whole("k", k)
        self._check_k(k, len(self.memory_))
        self._check_directions(rows, "row")
        if self.engine == "reference" or not is_available():
            found = nearest_by_definition(self.memory_, rows, k, self.distance, float(self.p))
        else:
            found = self._ready().nearest(rows, k, self.threads)
        if not np.isfinite(found[0][:, -1]).all():
            row = np.flatnonzero(~np.isfinite(found[0][:, -1]))[0]
            raise DataError(
                f"row {row} (counted from 0) is so far from the memory that the {self.distance} "
                "distance is too large for a float64: bring the inputs to a smaller scale"
            )
        return found

    def _ready(self) -> Any:
        """Return the memory made ready for the native engine, once for each memory."""
        from glassnet.engines.native.nearest import NearestRows

        kept = vars(self).get("_prepared")
        made_for = (self.memory_, self.distance, self.p)
        if kept is None or kept[0][0] is not self.memory_ or kept[0][1:] != made_for[1:]:
            rows = NearestRows(self.memory_, self.distance, float(self.p))
            kept = self._prepared = (made_for, rows)
        return kept[1]

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what the native engine has made of the memory."""
        return {name: value for name, value in vars(self).items() if name != "_prepared"}

    def _votes(self, distances: Array) -> Array:
        """Return how much each neighbour counts, (n, k)."""
        if self.weights == "uniform":
            return np.ones_like(distances)
        same = distances == 0.0
        with np.errstate(divide="ignore", over="ignore"):
            votes = 1.0 / distances
        # 1/d may be infinite where d is not 0: such neighbours count as if they were at 0.
        same |= np.isinf(votes)
        return np.where(same.any(axis=1, keepdims=True), same, votes)

    def _class_votes(self, rows: Array) -> Array:
        """Return the sum of the votes for each class, (n, classes)."""
        distances, indices = self._nearest(rows, self.k)
        n, classes = len(rows), len(self.classes_)
        places = self.labels_[indices] + classes * np.arange(n)[:, None]
        votes = self._votes(distances).reshape(-1)
        return np.bincount(places.reshape(-1), votes, n * classes).reshape(n, classes)

    def predict_rows(self, rows: Array) -> Array:
        """Return the class with most votes, or the (weighted) mean of the neighbours' targets."""
        if hasattr(self, "classes_"):
            if self.k == 1:
                return self.classes_[self.labels_[self._nearest(rows, 1)[1][:, 0]]]
            return self.classes_[self._class_votes(rows).argmax(axis=1)]
        distances, indices = self._nearest(rows, self.k)
        votes = self._votes(distances)
        sums = np.einsum("nk,nku->nu", votes, self.values_[indices].astype(np.float64))
        means = sums / votes.sum(axis=1, keepdims=True)
        return _as_given(means.astype(self.values_.dtype))

    def predict_proba(self, X: Any) -> Array:
        """Return the share of the votes that each class has among the neighbours, (n, classes).

        Raises:
            ArgumentError: The targets are numbers.
        """
        rows = self.input_rows(X)
        if not hasattr(self, "classes_"):
            raise ArgumentError("the targets are numbers: they have no probabilities; use predict")
        votes = self._class_votes(rows)
        return votes / votes.sum(axis=1, keepdims=True)

    # --- workings ---------------------------------------------------------------------------------
    def distance_graph(self) -> Graph:
        """Return the graph of the distances of one example to every example of the memory.

        Its inputs are `x`, (1, inputs), and `m`, the memory, (n, inputs); its output is
        `distances`, (n,). It is for small memories, to be shown and worked through by hand.

        >>> import numpy as np
        >>> from glassnet.engines import Program
        >>> from glassnet.rules.nearest import NearestNeighbours
        >>> near = NearestNeighbours().fit([[0, 0], [3, 4]], [0, 1])
        >>> x = np.array([[0, 0]], np.float32)
        >>> Program(near.distance_graph()).run({"x": x, "m": near.memory_})["distances"].tolist()
        [0.0, 5.0]

        Raises:
            ArgumentError: Nothing was learnt yet, or the memory is too large to be shown.
        """
        self._must_be_fitted()
        if self.memory_.size > MOST_IN_A_GRAPH:
            raise ArgumentError(
                f"the memory has {self.memory_.size:,} numbers; a graph of its distances is for at "
                f"most {MOST_IN_A_GRAPH:,}"
            )
        return distance_graph(self.memory_, self.distance, float(self.p), DType(self.dtype))

    def answer_steps(self, X: Any, y: Any, new: Any) -> Iterator[tuple[Graph, dict[str, Array]]]:
        """Yield, for each new example, the graph of its answer and what the graph is given.

        Args:
            X: The examples to remember, (n, inputs).
            y: The class of each, a number, (n,).
            new: Examples to be answered, (m, inputs).

        Raises:
            ArgumentError: The classes are no numbers, an example of the memory stands in the very
                place of a new one where votes count 1/D, or as for `fit` and `distance_graph`.

        >>> from glassnet.engines import Program
        >>> from glassnet.rules.nearest import NearestNeighbours
        >>> rule = NearestNeighbours(k=3, dtype="float64")
        >>> (graph, given), = rule.answer_steps([[0], [2], [5], [9]], [1, 1, 2, 2], [[3]])
        >>> found = Program(graph).run(given)
        >>> found["nearest"].tolist(), found["votes"].tolist(), found["class"].tolist()
        ([1, 2, 0], [2.0, 1.0], [1.0])
        """
        self.fit(X, y)
        classes = self.classes
        if classes is None or not all(isinstance(entry, int | float) for entry in classes):
            raise ArgumentError("the classes must be numbers for their votes to be worked out")
        yield from self.answers_to(self.input_rows(np.asarray(new)), classes)

    def answers_to(
        self, rows: Array, classes: Sequence[Any]
    ) -> Iterator[tuple[Graph, dict[str, Array]]]:
        """Yield, for each row, the graph of its answer and what the graph is given.

        Args:
            rows: New examples, as `input_rows` gives them.
            classes: A number for each class.

        Raises:
            ArgumentError: As of `answer_steps`.
        """
        self._check_directions(rows, "new example")
        inverse = self.weights == "distance"
        if inverse and not self.kneighbors(rows, 1)[0].all():
            raise ArgumentError("an example of the memory is at distance 0: it has no vote 1/D")
        graph = vote_graph(
            self.distance_graph(), self.labels_, np.asarray(classes), self.k, inverse=inverse
        )
        for row in rows:
            yield graph, {"x": row[None], "m": self.memory_}

    # --- files and facts --------------------------------------------------------------------------
    def remember(self, learnt: Mapping[str, Any]) -> None:
        """Check that the arrays of a model file fit each other and the settings."""
        del learnt
        classes = self.classes
        if (classes is None) != hasattr(self, "values_") or (classes is None) == hasattr(
            self, "labels_"
        ):
            raise ModelFileError("nearest: labels_ go with classes, values_ without")
        if classes is not None and not 0 <= self.labels_.min() <= self.labels_.max() < len(classes):
            raise ModelFileError("nearest: labels_ name a class that is not there")
        if self.k > len(self.memory_):
            raise ModelFileError(
                f"nearest: k is {self.k}, the memory has {len(self.memory_)} examples"
            )
        if self.distance == "cosine" and len(rows_of_zeros(self.memory_)):
            raise ModelFileError("nearest: a row of zeros has no cosine distance")

    def facts(self) -> list[tuple[str, str]]:
        """Return what a person wants to know of what was learnt."""
        n, inputs = self.memory_.shape
        formula = DISTANCES[self.distance].formula
        power = f", p = {self.p:g}" if self.distance == "minkowski" else ""
        votes = {"uniform": "each the same", "distance": "1/d"}[self.weights]
        return [
            ("memory", f"{n:,} examples, {inputs} inputs each"),
            ("distance", f"{self.distance}: {formula}{power}"),
            ("neighbours asked", f"{self.k}"),
            ("votes", votes),
        ]


def _as_given(values: Array) -> Array:
    return values[:, 0] if values.shape[1] == 1 else values
