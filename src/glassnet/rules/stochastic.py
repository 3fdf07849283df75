"""The stochastic neuron (A6): it fires with a probability that its local field decides."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from glassnet import ops
from glassnet.engines import Program
from glassnet.engines.native import Engine, is_available
from glassnet.errors import ArgumentError, DataError
from glassnet.graph import DType, Graph, Tensor, TensorType, verify
from glassnet.graph.types import Array
from glassnet.learning.schedule import Schedule
from glassnet.nn.activations import threshold
from glassnet.ops.philox import STREAM_FIRING
from glassnet.records import dataclass
from glassnet.rules.error_correction import ErrorCorrection, coded, share_right
from glassnet.rules.examples import Examples
from glassnet.rules.start_values import first_values
from glassnet.training.history import History
from glassnet.training.network import LARGEST_SEED
from glassnet.unit import check_number, check_whole

__all__ = ["StochasticNeuron"]

BLOCK = 1 << 18  # random numbers drawn at once: part of what a seed means


@dataclass(eq=False, repr=False)
class StochasticNeuron(ErrorCorrection, rule="stochastic"):
    """A neuron that answers y = +1 with probability P(v) = 1/(1 + e^(−v/T)), else y = −1.

    v = w·x + b is its local field; T, the pseudo-temperature, says how much chance there is. At
    T = 0 there is none: it fires where v ≥ 0, as a threshold neuron. It is given its weights
    (`from_weights`), or learns two classes, of which the second in sorted order is +1.

    It learns by its expected output, ⟨y⟩ = 2 P(v) − 1 = tanh(v/2T):

        w ← w + (η/T) (d − ⟨y⟩) x,   b ← b + (η/T) (d − ⟨y⟩),   d = ±1.

    This goes up the likelihood of the classes: P(d) = 1/(1 + e^(−d v/T)), so that
    ∂ log P(d)/∂w = (d/T) (1 − P(d)) x = (d − ⟨y⟩)/(2T) x. The step is 2η times that gradient; the
    rule of Boltzmann machines, Δw = (η/T) (⟨d x⟩ with the teacher − ⟨y x⟩ without), leaves the
    half to η as well. Where no plane separates the classes, w/T and b/T come to the weights of
    logistic regression without penalty; where one does, they grow, ever more slowly.

    Args:
        learning_rate: η, above 0; a schedule, or its text such as "exponential 0.1 0.9"; a tenth of
            the largest stable rate if not given.
        temperature: T, at least 0; above 0 to learn. Answers follow it when it is changed.
        mode: "online" (an update after each example), "minibatch" or "batch" (after all of them).
            Several examples change the weights by their mean.
        batch_size: For mini-batches: their size; 32 if not given.
        bias: Whether the neuron has a bias b.
        start_weights: The first weights, (inputs,) or (1, inputs); 0 if not given.
        start_bias: The first bias; 0 if not given.
        epochs: How often each example is learnt from.
        shuffle: Whether the examples are taken in a new order each epoch, rather than as given.
        seed: Where the order is drawn from.
        dtype: The number type, "float32" or "float64".
        engine: "native" (C++) or "reference" (NumPy); the native one if not given.
        progress: Whether to show a progress bar; if not given, where someone is there to see it.

    Attributes:
        weights_: (1, inputs).
        bias_: (1,).
        classes_: The two classes.
        largest_rate_: The largest stable learning rate: that of LMS, times 2T², as T⁻¹⟨y⟩ changes
            with v by at most 1/(2T²).

    Source: Haykin, Neural Networks, sections 1.3 and 11.7; Little (1974); lecture notes A6.

    >>> from glassnet.rules.stochastic import StochasticNeuron
    >>> neuron = StochasticNeuron.from_weights([1.0, -1.0], temperature=0.5)
    >>> neuron.predict_proba([[1.0, 0.5]]).round(4).tolist()
    [[0.2689, 0.7311]]
    >>> neuron.sample([[1.0, 0.5]], draws=8, seed=1)[:, 0].tolist()
    [-1, 1, 1, 1, -1, 1, 1, 1]
    """

    wants: ClassVar[str] = "classes"
    kind: ClassVar[str] = "stochastic"
    shown: ClassVar[Mapping[str, str]] = {"x": "x", "d": "d", "v": "v", "⟨y⟩": "<y>", "e": "e"}

    learning_rate: float | str | Schedule | None = None
    temperature: float = 1.0
    mode: str = "online"
    batch_size: int | None = None
    bias: bool = True
    start_weights: Any = None
    start_bias: Any = None
    epochs: int = 100
    shuffle: bool = True
    seed: int = 0
    dtype: str = "float64"
    engine: str | None = None
    progress: bool | None = None

    def check(self) -> None:
        """Raise ArgumentError if a setting has a value that is not allowed."""
        super().check()
        check_number("temperature", self.temperature, low=0)

    @classmethod
    def from_weights(
        cls,
        weights: Any,
        bias: float = 0.0,
        *,
        temperature: float = 1.0,
        classes: Sequence[Any] = (-1, 1),
    ) -> Self:
        """Return a neuron with given weights, which answers at once.

        Args:
            weights: w, (inputs,).
            bias: b.
            temperature: T, at least 0.
            classes: What y = −1 and y = +1 stand for.

        Raises:
            ArgumentError: Weights or bias are not finite numbers, or the classes are not two.
        """
        neuron = cls(temperature=temperature)
        neuron.check()
        check_number("bias", bias)
        found = np.asarray(weights)
        if found.ndim != 1 or not found.size:
            raise ArgumentError(f"weights must have shape (inputs,); got {found.shape}")
        if len(classes) != 2 or classes[0] == classes[1]:
            raise ArgumentError(f"classes must be two different ones; got {classes!r:.60}")
        neuron.n_features_in_ = found.size
        neuron.weights_ = first_values("weights", weights, (1, found.size), np.float64)
        neuron.bias_ = np.array([bias], np.float64)
        neuron.classes_ = np.array(classes)
        neuron.largest_rate_, neuron.epochs_done_ = float("inf"), 0
        neuron.history_, neuron.notes_ = History(), ()
        neuron.preprocessing_, neuron.training_ = None, {}
        return neuron

    # --- learning ---------------------------------------------------------------------------------
    def units(self, examples: Examples) -> int:
        """Return 1: the neuron tells two classes apart.

        Raises:
            ArgumentError: T is 0.
            DataError: There are more than two classes.
        """
        assert examples.classes is not None
        if self.temperature == 0:
            raise ArgumentError(
                "temperature must be above 0 to learn: at 0 the neuron is a threshold neuron, "
                "which the perceptron rule teaches"
            )
        if len(examples.classes) != 2:
            raise DataError(
                f"a stochastic neuron tells two classes apart; there are {len(examples.classes)}"
            )
        return 1

    def targets(self, examples: Examples) -> Array:
        """Return classes as ±1."""
        return coded(examples, 1, -1.0, 1.0, DType(self.dtype).numpy)

    def response(self, v: Tensor) -> Tensor:
        """Return the expected output ⟨y⟩ = tanh(v/2T)."""
        return ops.tanh(v * (0.5 / self.temperature)).named("⟨y⟩")

    @property
    def gain(self) -> float:
        """1/T."""
        return 1.0 / self.temperature

    @property
    def slope(self) -> float:
        """1/(2T²), the largest change of ⟨y⟩/T with v."""
        return 0.5 / self.temperature**2

    @property
    def line_at(self) -> float:
        """0, where both answers are as likely."""
        return 0.0

    def loss(self, d: Tensor, v: Tensor, e: Tensor) -> Tensor:
        """Return the mean of −log P(d) = log(1 + e^(−d v/T))."""
        del e
        return ops.softplus(d * v * (-1.0 / self.temperature)).mean()

    def after_epoch(self, weights: Array, bias: Array, examples: Examples) -> dict[str, float]:
        """Return the share of right answers, by the likelier class, after the epoch."""
        assert examples.target is not None
        return {"accuracy": share_right(examples.x @ weights.T + bias, examples.target, 0.0)}

    def partial_fit(self, X: Any, y: Any, classes: Sequence[Any] | None = None) -> Self:
        """Learn from each of some examples once, in the order given, and go on from there.

        A schedule counts each call as an epoch. Where no learning rate is given, it is a tenth of
        the smallest of the largest stable rates met so far.

        Args:
            X: Examples, (n, inputs).
            y: The class of each, (n,).
            classes: The two classes; needed at the first call only, where y may not show both.
        """
        return self._go_on(self._read(X, y, classes))

    # --- answering --------------------------------------------------------------------------------
    @property
    def gives_probabilities(self) -> bool:
        """True: `predict_proba` gives P(y = −1) and P(y = +1)."""
        return True

    def decision_function(self, X: Any) -> Array:
        """Return the local field v, (n,)."""
        return self._field(self.input_rows(X))

    def _field(self, rows: Array) -> Array:
        """Return v in float64, computed in the same way whatever the engine."""
        weights = self.weights_[0].astype(np.float64)
        return (rows.astype(np.float64) * weights).sum(axis=1) + float(self.bias_[0])

    def predict_rows(self, rows: Array) -> Array:
        """Return the likelier class of each row: the second where v ≥ 0."""
        return self.classes_[(self._field(rows) >= 0).astype(int)]

    def predict_proba(self, X: Any) -> Array:
        """Return the probabilities of y = −1 and y = +1, (n, 2)."""
        v = self._field(self.input_rows(X))
        fires = _probability(v, self.temperature)
        rests = 1.0 - fires if _is_cold(self.temperature) else _probability(-v, self.temperature)
        return np.stack([rests, fires], axis=1)

    def expected_output(self, X: Any) -> Array:
        """Return ⟨y⟩ = P(y = +1) − P(y = −1) = tanh(v/2T), (n,); at T = 0 the sign of v."""
        v = self._field(self.input_rows(X))
        if self.temperature == 0:
            return np.where(v >= 0, 1.0, -1.0)
        return np.tanh(v / (2.0 * self.temperature))

    def sample(self, X: Any, draws: int = 1, seed: int = 0) -> Array:
        """Return what the neuron answers when it is asked again and again.

        The same seed gives the same answers, on every engine and machine; fewer draws are the
        beginning of more.

        Args:
            X: Examples, (n, inputs).
            draws: How often it is asked, 1 or more.
            seed: Where the random numbers are drawn from.

        Returns:
            +1 or −1, int8 of shape (draws, n).
        """
        check_whole("draws", draws)
        fires = _probability(self._field(self.input_rows(X)), self.temperature)[None]
        return self._fire(np.broadcast_to(fires, (draws, fires.shape[1])), seed)

    def answer_steps(self, X: Any, y: Any, new: Any) -> Iterator[tuple[Graph, dict[str, Array]]]:
        """Yield the graph of a draw for each of some examples, and what the graph is given.

        It draws what `sample` draws first with the same seed.

        Args:
            X: Not used: the neuron has its `start_weights`.
            y: Not used.
            new: The examples, (n, inputs).

        Raises:
            ArgumentError: There are no `start_weights`, or the temperature is 0.
        """
        del X, y
        rows = np.asarray(new, np.float64)
        if self.start_weights is None:
            raise ArgumentError("start_weights are needed: they are the weights that it answers by")
        if self.temperature == 0:
            raise ArgumentError("at temperature 0 nothing is drawn: it is a threshold neuron")
        values = self._start(1, rows.shape[1])
        graph = _answer_graph(len(rows), rows.shape[1])
        given = {
            "batch/x": rows,
            "parameters/weights": values["parameters/weights"],
            "parameters/bias": values.get("parameters/bias", np.zeros(1)),
            "T": np.array(float(self.temperature)),
            "seed": np.array(self.seed, np.int64),
            "counter": np.array(0, np.int64),
        }
        yield graph, given

    def anneal(
        self,
        X: Any,
        temperatures: Sequence[float] | Array | Schedule,
        seed: int = 0,
        *,
        steps: int = 100,
    ) -> Array:
        """Return what the neuron answers while its temperature falls.

        Args:
            X: Examples, (n, inputs).
            temperatures: Numbers of at least 0, none above the one before; or a schedule, such as
                `Exponential(10.0, 0.9)`, whose first `steps` values are taken.
            seed: Where the random numbers are drawn from.
            steps: How many temperatures are taken of a schedule.

        Returns:
            +1 or −1, int8 of shape (temperatures, n).

        Raises:
            ArgumentError: A temperature is below 0, not finite, or above the one before.

        Source: Kirkpatrick, Gelatt and Vecchi (1983), "Optimization by simulated annealing".
        """
        falling = _falling(temperatures, steps)
        v = self._field(self.input_rows(X))
        fires = np.stack([_probability(v, float(t)) for t in falling])
        return self._fire(fires, seed)

    def _fire(self, fires: Array, seed: int) -> Array:
        """Return ±1 for each of the probabilities, (draws, n)."""
        check_whole("seed", seed, low=0, high=LARGEST_SEED)
        draws, n = fires.shape
        block = max(1, BLOCK // n)
        sizes = {min(block, draws), draws % block} - {0}
        graphs = {rows: _firing_graph(rows, n) for rows in sizes}
        native = is_available() if self.engine is None else self.engine == "native"
        if native:
            engine = Engine(graphs)
            run = engine.run
        else:
            programs = {rows: Program(graph) for rows, graph in graphs.items()}

            def run(n: int, inputs: Mapping[str, Array]) -> dict[str, Array]:
                return programs[n].run(inputs)

        found = np.empty((draws, n), np.int8)
        for counter, start in enumerate(range(0, draws, block)):
            part = fires[start : start + block]
            given = {
                "probability": np.ascontiguousarray(part),
                "seed": np.array(seed, np.int64),
                "counter": np.array(counter, np.int64),
            }
            answers = run(len(part), given)["y"].reshape(-1)  # of the largest block's size
            found[start : start + block] = answers[: part.size].reshape(part.shape)
        return found


def _probability(v: Array, temperature: float) -> Array:
    """Return P(v) = 1/(1 + e^(−v/T)) of local fields (n,), or at T = 0 whether v ≥ 0."""
    if _is_cold(temperature):
        return threshold(ops.tensor(v)).value
    with np.errstate(over="ignore"):
        return ops.logistic(ops.tensor(v / temperature)).value


def _is_cold(temperature: float) -> bool:
    """Return whether T is 0, or so near to it that v/T would lose its digits."""
    return temperature < np.finfo(np.float64).tiny


def _firing_graph(draws: int, n: int) -> Graph:
    """Return the graph from probabilities (draws, n), seed and counter to y = ±1."""
    number = TensorType((), DType.INT64)
    inputs = {
        "probability": ops.input_tensor("probability", TensorType((draws, n), DType.FLOAT64)).named(
            "P"
        ),
        "seed": ops.input_tensor("seed", number),
        "counter": ops.input_tensor("counter", number),
    }
    y = _fires(inputs["probability"], inputs["seed"], inputs["counter"])
    return verify(Graph(inputs, {"y": y}))


def _fires(probability: Tensor, seed: Tensor, counter: Tensor) -> Tensor:
    """Return +1 where a draw u is below the probability, else −1."""
    u = ops.random_uniform(probability.shape, seed, counter, stream=STREAM_FIRING).named("u")
    return (ops.cast(u < probability, DType.FLOAT64) * 2.0 - 1.0).named("y")


def _answer_graph(n: int, inputs: int) -> Graph:
    """Return the graph from n examples and the weights to y = ±1, (n, 1)."""

    def declare(name: str, symbol: str, *shape: int, dtype: DType = DType.FLOAT64) -> Tensor:
        return ops.input_tensor(name, TensorType(shape, dtype)).named(symbol)

    x, w = declare("batch/x", "x", n, inputs), declare("parameters/weights", "w", 1, inputs)
    b, temperature = declare("parameters/bias", "b", 1), declare("T", "T")
    seed = declare("seed", "seed", dtype=DType.INT64)
    counter = declare("counter", "counter", dtype=DType.INT64)
    v = (x @ w.T + b).named("v")
    y = _fires(ops.logistic(v / temperature).named("P"), seed, counter)
    given = {"batch/x": x, "parameters/weights": w, "parameters/bias": b, "T": temperature}
    return verify(Graph({**given, "seed": seed, "counter": counter}, {"y": y}))


def _falling(temperatures: Sequence[float] | Array | Schedule, steps: int) -> Array:
    if isinstance(temperatures, Schedule):
        check_whole("steps", steps)
        at = ops.tensor(np.arange(steps, dtype=np.float64))
        temperatures = temperatures.formula(at, float(steps)).value
    try:
        found = np.array(temperatures, np.float64)
    except (TypeError, ValueError):
        raise ArgumentError("temperatures must be numbers, or a schedule") from None
    if found.ndim != 1 or not found.size:
        raise ArgumentError("temperatures must be a row of one or more numbers")
    if not (np.isfinite(found).all() and (found >= 0).all()):
        raise ArgumentError("temperatures must be finite and at least 0")
    rising = np.flatnonzero(np.diff(found) > 0)
    if len(rising):
        at = int(rising[0]) + 1
        raise ArgumentError(
            f"temperatures must not rise: number {at} (counted from 0) is {found[at]:g}, after "
            f"{found[at - 1]:g}"
        )
    return found
