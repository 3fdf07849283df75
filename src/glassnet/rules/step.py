"""Writing a learning rule down as a step graph: its inputs, its outputs, its recipe.

From (parameters, slots, example, rate) to (parameters, slots, measures): the same form as a step of
back-propagation, so that the same engines run it and the same workings show it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from glassnet import ops
from glassnet.graph import DType, Graph, Shape, Tensor, TensorType, verify
from glassnet.graph.types import Array, Axes
from glassnet.records import dataclass

__all__ = ["StepRecipe", "StepWriter", "answer_graph"]


@dataclass(frozen=True)
class StepRecipe:
    """What an engine needs to run the steps of a rule.

    Args:
        dtype: The number type of state and data.
        write: From the number of examples in a step to its graph.
    """

    dtype: DType
    write: Callable[[int], Graph]

    def training_graph(self, n: int) -> Graph:
        """Return the graph of a step on n examples."""
        return self.write(n)

    def evaluation_graph(self, n: int) -> Graph:
        """Raise: what these rules have learnt is measured by their answers."""
        raise NotImplementedError(f"a step on {n} examples is not a measurement")


class StepWriter:
    """Declares the inputs of a step graph as a rule asks for them, and ends the graph.

    Args:
        values: The state before the first step, `parameters/…` and `slots/…`: it gives the shapes.
        dtype: The number type.
        n: The number of examples that a step learns from.
    """

    def __init__(self, values: Mapping[str, Array], dtype: DType, n: int) -> None:
        self._values, self._dtype, self._n = values, dtype, n
        self._tensors: dict[str, Tensor] = {}

    def _declare(
        self, name: str, shape: Shape, dtype: DType | None, symbol: str, axes: Axes = ()
    ) -> Tensor:
        if name not in self._tensors:
            kind = TensorType(shape, dtype or self._dtype, axes)
            self._tensors[name] = ops.input_tensor(name, kind).named(symbol)
        return self._tensors[name]

    def parameter(self, name: str, symbol: str, axes: Axes = ()) -> Tensor:
        """Return what is learnt, before the step."""
        key = f"parameters/{name}"
        return self._declare(key, self._values[key].shape, None, symbol, axes)

    def slot(self, name: str, symbol: str) -> Tensor:
        """Return what is remembered from step to step besides, before the step."""
        key = f"slots/{name}"
        return self._declare(key, self._values[key].shape, None, symbol)

    def x(self, inputs: int) -> Tensor:
        """Return the examples, of shape (n, inputs)."""
        return self._declare("batch/x", (self._n, inputs), None, "x", ("example", "source"))

    def classes(self) -> Tensor:
        """Return the class numbers of the examples, int64 of shape (n,)."""
        return self._declare("batch/target", (self._n,), DType.INT64, "class")

    def targets(self, units: int) -> Tensor:
        """Return the targets of the examples, of shape (n, units)."""
        return self._declare("batch/target", (self._n, units), None, "d", ("example", "neuron"))

    def rate(self) -> Tensor:
        """Return η, the learning rate of this step."""
        return self._declare("rate", (), None, "η")

    def time(self) -> Tensor:
        """Return t, the number of this step, from 1."""
        return self._declare("step", (), None, "t")

    def seed(self) -> tuple[Tensor, Tensor]:
        """Return seed and counter, for random numbers that can be drawn again."""
        return (
            self._declare("seed", (), DType.INT64, "seed"),
            self._declare("counter", (), DType.INT64, "counter"),
        )

    def end(self, state: Mapping[str, Tensor], loss: Tensor, **measures: Tensor) -> Graph:
        """Return the graph.

        Args:
            state: The new value of each `parameters/…` and `slots/…`; what is not named stays.
            loss: What is shown as loss: a single number, the mean over the examples.
            measures: Other measures, each a single number, a mean over the examples.
        """
        _ = self.rate(), self.time(), self.seed()  # what engines hand to every step
        outputs: dict[str, Tensor] = {}
        for key, value in self._values.items():
            kept = self._declare(key, value.shape, None, key.partition("/")[2])
            outputs[key] = state.get(key, kept)
        outputs["measures/loss"] = outputs["measures/objective"] = loss
        outputs |= {f"measures/{name}": value for name, value in measures.items()}
        return verify(Graph(self._tensors, outputs))


def answer_graph(
    values: Mapping[str, Array],
    dtype: DType,
    n: int,
    inputs: int,
    answer: Callable[[Mapping[str, Tensor], Tensor], tuple[Tensor, Tensor]],
) -> Graph:
    """Return the graph that answers n examples: outputs `y` (n, units) and `class` (n,).

    Args:
        values: What was learnt, by `parameters/…`.
        dtype: The number type.
        n: The number of examples.
        inputs: How many numbers an example has.
        answer: From the parameters by name and x, (n, inputs), to y and the class numbers.
    """
    tensors = {
        key: ops.input_tensor(key, TensorType(value.shape, dtype)).named(key.partition("/")[2])
        for key, value in values.items()
    }
    kind = TensorType((n, inputs), dtype, ("example", "source"))
    x = tensors["batch/x"] = ops.input_tensor("batch/x", kind).named("x")
    known = {key.partition("/")[2]: tensor for key, tensor in tensors.items() if key != "batch/x"}
    y, number = answer(known, x)
    return verify(Graph(tensors, {"y": y, "class": number}))
