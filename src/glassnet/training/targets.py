"""From what a person gives as targets to what a loss compares: class numbers or values."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from glassnet.errors import ArgumentError, DataError, ShapeError
from glassnet.graph.types import Array, DType
from glassnet.nn.activations import Activation
from glassnet.nn.losses import BinaryCrossEntropy, CrossEntropy, Loss, MeanSquaredError
from glassnet.nn.stack import Stack
from glassnet.records import dataclass

__all__ = ["Targets", "choose_loss", "read_plain_targets", "read_targets"]


@dataclass(frozen=True)
class Targets:
    """Targets as arrays.

    Args:
        values: Class numbers (int64, shape (n,)) or values (n, units). Where each step has one:
            (n, time) or (n, time, units), with −1 or NaN for the steps that are missing.
        classes: What the class numbers stand for; None for values.
        task: "classification" or "regression".
    """

    values: Array
    classes: tuple[Any, ...] | None
    task: str

    @property
    def are_classes(self) -> bool:
        """Whether the values are class numbers."""
        return self.values.dtype.kind == "i"

    @property
    def known(self) -> Array:
        """The values that are not missing, in one row."""
        return self.values[~np.isnan(self.values)]


def read_targets(
    y: Any, n: int, stack: Stack, dtype: DType, classes: tuple[Any, ...] | None = None
) -> Targets:
    """Return targets for n examples, or for each of their steps where the network answers those.

    Arguments and errors as `read_plain_targets`.
    """
    if stack.steps is None:
        return read_plain_targets(y, n, stack, dtype, classes)
    from glassnet.training.sequences import read_step_targets

    return read_step_targets(y, n, stack, dtype, classes)


def read_plain_targets(
    y: Any, n: int, stack: Stack, dtype: DType, classes: tuple[Any, ...] | None = None
) -> Targets:
    """Return targets for n examples.

    Names, yes/no answers and, for several output neurons, whole numbers are classes. So are numbers
    for one output neuron if they take just the two values at the ends of its range (0 and 1 for a
    logistic neuron). A table with a column for each output neuron is taken as values.

    Args:
        y: The targets: n classes or numbers, or n rows of numbers.
        n: The number of examples.
        stack: The network.
        dtype: The number type of values.
        classes: The classes, if they are known already (as for a validation part).

    Raises:
        ShapeError, DataError: Another number of targets than examples or outputs; missing or
            infinite numbers; a class that is not among `classes`, or only one class.
    """
    try:
        array = np.asarray(y)
    except ValueError:
        raise DataError("targets must be one for each example, or rows of one length") from None
    if array.dtype.kind == "O":
        array = _plain(array)
    if array.dtype.kind not in "fiubUS":
        raise DataError(f"targets must be numbers or class names; got {array.dtype}")
    if array.ndim not in (1, 2) or len(array) != n:
        raise ShapeError(f"{n} examples need {n} targets; the targets have shape {array.shape}")
    if array.ndim == 1 and _are_classes(array, stack, classes):
        return _class_targets(array, stack, classes)
    return _value_targets(array, stack, dtype)


def _plain(array: Array) -> Array:
    """Return an array of Python objects as one of numbers or of text."""
    if any(entry is None or entry != entry for entry in array.flat):
        raise DataError("targets are missing in some rows; leave those rows out")
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError):
        return array.astype(str)


def _are_classes(array: Array, stack: Stack, classes: tuple[Any, ...] | None) -> bool:
    if classes is not None or array.dtype.kind in "bUS":
        return True
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        return False
    if stack.units > 1:
        return bool((array == np.round(array)).all())
    if stack.activation.range == (0.0, 1.0):  # a yes/no neuron: two whole numbers are its classes
        first, last = float(array.min()), float(array.max())
        whole = first.is_integer() and last.is_integer()
        return bool(whole and first < last and ((array == first) | (array == last)).all())
    low, high = array == stack.activation.range[0], array == stack.activation.range[1]
    return bool(low.any() and high.any() and (low | high).all())


def _class_targets(array: Array, stack: Stack, classes: tuple[Any, ...] | None) -> Targets:
    found = cast("list[Any]", np.unique(array).tolist())
    if classes is None:
        classes = tuple(found)
        wanted = max(2, stack.units)
        if len(classes) == 1:
            raise DataError(f"the targets are of one class only ({classes[0]!r}); two are needed")
        # Whole numbers from 0 on are class numbers: a class may happen to have no example.
        numbered = stack.units > 1 and array.dtype.kind in "iuf"
        if numbered and len(classes) < stack.units and found[0] >= 0 and found[-1] < stack.units:
            classes = tuple(range(stack.units))
        if len(classes) != wanted:
            raise ShapeError(
                f"the targets have {len(classes)} classes ({_list(classes)}); the network has "
                f"{stack.units} output{'s' if stack.units > 1 else ''}, for {wanted} classes"
            )
    number = {name: index for index, name in enumerate(classes)}
    unknown = [entry for entry in found if entry not in number]
    if unknown:
        raise DataError(f"class {unknown[0]!r} is unknown; the classes are {_list(classes)}")
    values = np.array([number[entry] for entry in array.tolist()], dtype=np.int64)
    return Targets(values, classes, "classification")


def _value_targets(array: Array, stack: Stack, dtype: DType) -> Targets:
    if array.dtype.kind in "US":
        raise DataError(
            f"targets of shape {array.shape} must be numbers; got {str(array.flat[0])!r:.60}"
        )
    with np.errstate(over="ignore"):  # a number too large for the type becomes infinite
        values = np.ascontiguousarray(array.reshape(len(array), -1), dtype.numpy)
    finite = np.isfinite(values)
    if not finite.all():
        row = int(np.argwhere(~finite)[0][0])
        raise DataError(
            f"target {row} (counted from 0) is {array[row]}; it must be finite in {dtype}"
        )
    if values.shape[1] != stack.units:
        raise ShapeError(
            f"targets of shape {array.shape} do not fit {stack.units} outputs: "
            f"({len(array)}, {stack.units}) is needed, or one class for each example"
        )
    softmax = stack.activation.name == "softmax"
    return Targets(
        values,
        tuple(range(stack.units)) if softmax else None,
        "classification" if softmax else "regression",
    )


def _list(classes: tuple[Any, ...]) -> str:
    shown = ", ".join(str(name) for name in classes[:8])
    return f"{shown}, …" if len(classes) > 8 else shown


def choose_loss(loss: str | Loss | None, stack: Stack, targets: Targets) -> Loss:
    """Return the loss asked for, or the one that fits; a squared error on classes only if asked.

    Softmax goes with the cross-entropy, one logistic neuron with the binary cross-entropy, all else
    with the mean squared error.

    Raises:
        PairingError: The loss does not fit the outputs.
        ArgumentError: Classes, but outputs for which no loss stands ready.
    """
    activation: Activation = stack.activation
    if loss is None:
        bounded = bool(((targets.known >= 0) & (targets.known <= 1)).all())
        if activation.name == "softmax":
            chosen: Loss = CrossEntropy()
        elif activation.name == "logistic" and (targets.are_classes or bounded):
            chosen = BinaryCrossEntropy()
        elif targets.are_classes:
            raise ArgumentError(
                f"classes with {activation.name} outputs: say which loss is meant, such as "
                'loss="mse", or end with a softmax layer (or one logistic neuron)'
            )
        else:
            chosen = MeanSquaredError()
    else:
        chosen = Loss.of(loss)
    chosen.check(activation, stack.units)
    if chosen.outputs and not targets.are_classes:
        low, high = float(targets.known.min()), float(targets.known.max())
        if low < 0 or high > 1:
            raise DataError(
                f"{chosen.name} needs targets from 0 to 1; these reach from {low:g} to {high:g}"
            )
    _check_reach(activation, targets)
    return chosen


def _check_reach(activation: Activation, targets: Targets) -> None:
    """Raise DataError if the outputs can never come near the targets."""
    if targets.are_classes or not targets.values.size:
        return
    low, high = float(targets.known.min()), float(targets.known.max())
    if low < activation.range[0] or high > activation.range[1]:
        raise DataError(
            f"{activation.name} outputs reach from {activation.range[0]:g} to "
            f"{activation.range[1]:g}, the targets from {low:g} to {high:g}: end with a linear "
            'layer, as in Dense(1, "linear"), or scale the targets'
        )
