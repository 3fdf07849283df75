"""A network with its weights: made, trained by `fit`, asked by `predict`, saved and loaded."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.errors import ArgumentError, DataError, ShapeError
from glassnet.graph.types import Array, DType
from glassnet.nn.layers import Layer, OverTime, Parameter
from glassnet.nn.stack import Stack, read_layers
from glassnet.ops.philox import STREAM_INITIAL
from glassnet.records import dataclass
from glassnet.training.answering import CHUNK, Answerer
from glassnet.training.tables import as_data, is_table
from glassnet.unit import check_choice, check_whole

if TYPE_CHECKING:
    from glassnet.data import Preprocessing
    from glassnet.data.text.stored import TextReader

__all__ = ["LARGEST_SEED", "Encoded", "Network", "as_examples", "as_rows"]

LARGEST_SEED = 2**63 - 1  # what an int64, the type of a seed in a graph, holds


@dataclass(frozen=True)
class Encoded:
    """Examples as the array that a network is fed, after its preprocessing."""

    rows: Array


class Network:
    """A feed-forward network: layers, and the values of their parameters.

    Args:
        layers: The layers in order. An activation by itself ("relu") is applied to what comes
            before it.
        inputs: How many numbers each example has. If not given, `fit` takes it from the data.
        seed: Where the first weights are drawn from: the same seed gives the same weights on every
            machine.
        dtype: "float32" or "float64": the type of weights and of all calculation.

    Raises:
        ArgumentError, ShapeError: A layer is unknown, or does not fit the one before it.

    >>> import glassnet as gn
    >>> net = gn.Network([gn.Dense(16, "tanh"), gn.Dense(3, "softmax")], inputs=4, seed=0)
    >>> net.predict([[5.1, 3.5, 1.4, 0.2]]).shape
    (1, 3)
    """

    def __init__(
        self,
        layers: Sequence[Layer | Any],
        inputs: int | Sequence[int] | None = None,
        *,
        seed: int = 0,
        dtype: DType | str = DType.FLOAT32,
    ) -> None:
        check_whole("seed", seed, low=0, high=LARGEST_SEED)
        check_choice("dtype", str(dtype), ("float32", "float64"))
        self.seed = seed
        self.dtype = DType(dtype)
        self.parameters: dict[str, Array] = {}
        self.statistics: dict[str, Array] = {}
        self.task: str | None = None
        self.classes: tuple[Any, ...] | None = None
        self.preprocessing: Preprocessing | None = None
        self.text: TextReader | None = None  # what makes numbers of texts, if it reads such
        self.training: dict[str, Any] = {}
        self._answerer: Answerer | None = None
        self._arrays: list[int] = []
        self._names: Array = np.array([])
        self._named: tuple[Any, ...] | None = None
        self._layers = read_layers(layers)
        self._stack: Stack | None = None
        if inputs is not None:
            self.build(inputs)

    def build(self, inputs: int | Sequence[int]) -> None:
        """Fix the number of inputs and draw the first weights."""
        stack = Stack(self._layers, inputs)
        _check_memory(stack)
        values = {
            key: parameter.initializer.values(parameter.shape, self.seed, STREAM_INITIAL + index)
            for index, (key, parameter) in enumerate(stack.parameters().items())
        }
        remembered = {
            key: known.initializer.values(known.shape, self.seed, 0)
            for key, known in stack.statistics().items()
        }
        self.adopt(stack, values, remembered)

    def adopt(
        self, stack: Stack, parameters: Mapping[str, Any], statistics: Mapping[str, Any]
    ) -> None:
        """Take over given layers and values."""
        self._stack, self._layers = stack, stack.layers
        self._answerer = None
        self.parameters = {k: np.array(v, self.dtype.numpy) for k, v in parameters.items()}
        self.statistics = {k: np.array(v, self.dtype.numpy) for k, v in statistics.items()}

    def for_steps(self, time: int) -> Network:
        """Return this network for sequences of another length, with the same weights.

        Layers that go over time have the same weights at each step, so a network that was trained
        on short sequences can be asked about long ones. The arrays of the weights are shared, not
        copied.

        Args:
            time: How many steps an example has.

        Raises:
            ArgumentError: No layer goes over time, or the number of some layer's weights depends on
                the number of steps.

        >>> import glassnet as gn
        >>> net = gn.Network([gn.LSTM(8), gn.Dense(1)], inputs=(20, 3))
        >>> net.for_steps(50).stack.shapes
        ((50, 3), (8,), (1,))
        """
        check_whole("time", time)
        known = self.stack
        if not any(isinstance(layer, OverTime) for layer in known.layers):
            raise ArgumentError("for_steps needs a network with a layer that goes over time")
        stack = Stack(known.layers, (time, *known.inputs[1:]))
        sizes = {key: entry.shape for key, entry in known.parameters().items()}
        for key, entry in stack.parameters().items():
            if sizes[key] != entry.shape:
                raise ArgumentError(
                    f"the shape of {key} depends on the number of steps: {sizes[key]} for "
                    f"{known.inputs[0]}, {entry.shape} for {time}"
                )
        other = Network(known.layers, seed=self.seed, dtype=self.dtype)
        other.adopt(stack, {}, {})
        other.parameters, other.statistics = dict(self.parameters), dict(self.statistics)
        other.task, other.classes = self.task, self.classes
        return other

    @property
    def stack(self) -> Stack:
        """The layers with their names and shapes."""
        if self._stack is None:
            raise ArgumentError(
                "the network does not know its number of inputs yet: give `inputs=…`, or fit it"
            )
        return self._stack

    @property
    def is_built(self) -> bool:
        """Whether the number of inputs is known, and the weights have values."""
        return self._stack is not None

    @property
    def layers(self) -> tuple[Layer, ...]:
        """The layers."""
        return self._layers

    def _values(self) -> dict[str, Array]:
        stack = self.stack
        found: dict[str, Array] = {}
        for prefix, known, values in (
            ("parameters", stack.parameters(), self.parameters),
            ("statistics", stack.statistics(), self.statistics),
        ):
            for key, entry in known.items():
                value = np.asarray(values[key], self.dtype.numpy)
                if value.shape != entry.shape:
                    raise ShapeError(f"{key} must have shape {entry.shape}; it has {value.shape}")
                # What was converted takes its place: later changes inside it are seen.
                values[key] = found[f"{prefix}/{key}"] = value
        return found

    def _answers(self) -> Answerer:
        """Return what answers with the arrays that hold the parameters now."""
        if self._answerer is None or self._array_ids() != self._arrays:
            self._answerer = Answerer(self.stack, self.dtype, self._values())
            self._arrays = self._array_ids()
        return self._answerer

    def _array_ids(self) -> list[int]:
        return [id(array) for array in (*self.parameters.values(), *self.statistics.values())]

    def _answer(self, x: Any, classes: bool) -> Array:
        """Run the network on examples, and say what is wrong with those that do not fit."""
        answerer = self._answers()
        if self.text is not None and self.text.inputs is not None:
            from glassnet.data.text.stored import are_texts, in_blocks

            if are_texts(x):
                blocks = in_blocks(x, CHUNK)
                return np.concatenate([answerer.answer(self.rows(b), classes) for b in blocks])
        plain = self.preprocessing is None and not self.stack.is_masked
        found = answerer.quick(x, classes) if plain else None
        return answerer.answer(self.rows(x), classes) if found is None else found

    def rows(self, x: Any) -> Array:
        """Return examples as the array that the network is fed, or raise saying what is wrong.

        A table or a data frame goes through the preprocessing that was learnt in training; so does
        an array, whose columns (or pixels) are taken in the order of the training data.
        """
        if isinstance(x, Encoded):
            return x.rows
        if self.text is not None:
            from glassnet.data.text.stored import are_texts

            if are_texts(x):
                x = self.text.rows(x)
        if self.preprocessing is not None and not is_table(x):
            x = self.preprocessing.table_of(x)
        if is_table(x):
            if self.preprocessing is None:
                raise DataError(
                    "this network was trained on plain numbers: it has no rule for table columns; "
                    "give it an array"
                )
            x = self.preprocessing.transform(as_data(x))
        return as_examples(x, self.stack, self.dtype)

    def encoded(self, x: Any) -> Encoded:
        """Return features that went through the preprocessing already, for `predict` to take."""
        return Encoded(as_examples(x, self.stack, self.dtype))

    def outputs(self, x: Any) -> Array:
        """Return the outputs of the last neurons, of shape (n, units).

        Args:
            x: n examples, of shape (n, inputs); or a table or data frame like that of the training.
        """
        return self._answer(x, classes=False)

    def predict(self, x: Any) -> Array:
        """Return the answer to each example.

        Args:
            x: n examples, of shape (n, inputs); or a table or data frame like that of the training.

        Returns:
            The class of each (shape (n,)) if the network was trained on classes; the numbers of
            each in the target's own units (shape (n,), or (n, units) for several) if it was trained
            on numbers; the outputs of the last neurons (n, units) if it was not trained.

        Raises:
            ShapeError, DataError: The examples have another shape or columns than in training, or
                numbers that are not finite.
        """
        if self.task == "classification":
            number = self._answer(x, classes=True)
            if self.preprocessing is not None and self.preprocessing.target is not None:
                return self.preprocessing.target.decode(number)
            if self._named is not self.classes:
                self._names, self._named = np.array(self.classes), self.classes
            return self._names[number]
        y = self._answer(x, classes=False)
        if self.task != "regression":
            return y
        if self.preprocessing is not None:
            y = np.asarray(self.preprocessing.decode_predictions(y), dtype=np.float64)
        return y[..., 0] if y.shape[-1] == 1 else y

    @property
    def gives_probabilities(self) -> bool:
        """Whether the outputs are probabilities of classes."""
        return self.stack.activation.name in ("softmax", "logistic")

    def predict_proba(self, x: Any) -> Array:
        """Return the probability of each class, of shape (n, classes).

        Raises:
            ArgumentError: The outputs are no probabilities (neither softmax nor logistic).
        """
        if not self.gives_probabilities:
            raise ArgumentError(
                f"{self.stack.activation.name} outputs are no probabilities; "
                "use a softmax or logistic output layer"
            )
        y = self._answer(x, classes=False)
        return np.concatenate([1 - y, y], axis=-1) if y.shape[-1] == 1 else y

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to one file (safetensors): weights, layers, preprocessing, classes.

        Raises:
            OutputError: The file cannot be written; what stood there before is untouched.
        """
        from glassnet.training.model_file import save

        save(self, path)

    def summary(self) -> str:
        """Return the layers with their shapes and numbers of parameters, as a table."""
        rows = self.table()
        widths = [max(len(row[i]) for row in rows) for i in range(4)]
        lines = [
            "  ".join(
                cell.ljust(width) if i < 3 else cell.rjust(width)
                for i, (cell, width) in enumerate(zip(row, widths, strict=True))
            ).rstrip()
            for row in rows
        ]
        return "\n".join(lines)

    def table(self) -> list[list[str]]:
        """Return the rows of the summary: layer, what it is, output shape, parameters."""
        rows = [["layer", "", "output", "parameters"]]
        if self._stack is None:
            return rows + [["?", str(layer), "?", "?"] for layer in self._layers]
        stack = self._stack
        rows.append(["input", "", _shape(stack.shapes[0]), ""])
        total = 0
        for name, layer, before, after in zip(
            stack.names, stack.layers, stack.shapes, stack.shapes[1:], strict=False
        ):
            count = sum(_size(parameter) for parameter in layer.parameters(before).values())
            total += count
            rows.append([name, str(layer), _shape(after), f"{count:,}" if count else ""])
        rows.append(["in all", "", "", f"{total:,}"])
        return rows

    def __repr__(self) -> str:
        return f"Network ({self.dtype}, seed {self.seed})\n{self.summary()}"

    def _repr_html_(self) -> str:
        from glassnet.notebook import html_table

        head, *rows = self.table()
        return html_table(head, rows)


def _check_memory(stack: Stack) -> None:
    """Raise ArgumentError where the parameters alone would fill the machine's memory."""
    sizes = {key: _size(parameter) for key, parameter in stack.parameters().items()}
    try:
        memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not to be had on every system
        memory = 1 << 36
    # as float64, with the gradient and what an optimiser remembers
    if sum(sizes.values()) * 8 * 4 > memory:
        largest = max(sizes, key=lambda key: sizes[key])
        raise ArgumentError(
            f"the network would have {sum(sizes.values()):,} parameters ({sizes[largest]:,} in "
            f"{largest}), more than this machine's memory holds; take fewer neurons"
        )


def _size(parameter: Parameter) -> int:
    return math.prod(parameter.shape)


def _shape(shape: Sequence[int]) -> str:
    return " × ".join(str(length) for length in shape)


def as_examples(x: Any, stack: Stack, dtype: DType) -> Array:
    """Return examples as the array that layers are fed, of shape (n, *inputs).

    Raises:
        DataError, ShapeError: They are not what the layers take; the message says where.
    """
    if stack.is_masked:
        from glassnet.training.sequences import as_sequences

        rows = as_sequences(x, stack.inputs, dtype)
    else:
        rows = as_rows(x, stack.inputs, dtype)
    stack.check(rows)
    return rows


def as_rows(x: Any, inputs: Sequence[int], dtype: DType) -> Array:
    """Return examples as an array of shape (n, *inputs).

    Raises:
        DataError: Entries that are no numbers or not finite, with row and column; or no example.
        ShapeError: Another number of inputs than the network's.
    """
    try:
        array = np.asarray(x)
        if array.dtype.kind == "c":
            raise TypeError("complex numbers")
        if array.dtype.kind not in "fiub":
            array = array.astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(
            "examples must be a table of numbers with rows of one length; "
            f"got {type(x).__name__} starting {str(x)[:60]!r}"
        ) from None
    wanted = tuple(inputs)
    if array.shape[1:] != wanted or array.ndim != len(wanted) + 1:
        hint = ""
        if array.shape == wanted:
            hint = "; for a single example write it as one row: [example]"
        raise ShapeError(
            f"examples must have shape (n, {', '.join(map(str, wanted))}); got {array.shape}{hint}"
        )
    if len(array) == 0:
        raise DataError("there is no example: the table has 0 rows")
    with np.errstate(over="ignore"):  # what does not fit is infinite, and told below
        rows = np.ascontiguousarray(array, dtype.numpy)
    finite = np.isfinite(rows)
    if not finite.all():
        place = np.argwhere(~finite)[0]
        raise DataError(
            f"row {place[0]}, column {', '.join(map(str, place[1:]))} (counted from 0) is "
            f"{array[tuple(place)]}: all numbers must be finite in {dtype}"
        )
    return rows
