"""Training a network on arrays, tables or data frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from glassnet.errors import ArgumentError, DataError, ShapeError
from glassnet.learning.optimizer import Optimizer
from glassnet.nn.losses import Loss
from glassnet.nn.stack import Stack
from glassnet.training.loop import DEFAULT_OPTIMIZER, Examples, Settings, train
from glassnet.training.network import Network, as_examples
from glassnet.training.run import Run
from glassnet.training.sequences import check_steps
from glassnet.training.tables import as_data, is_table
from glassnet.training.targets import read_targets
from glassnet.unit import check_number

__all__ = ["examples_from_arrays", "examples_from_table", "fit"]


def fit(
    net: Network,
    x: Any,
    y: Any = None,
    *,
    loss: str | Loss | None = None,
    optimizer: str | Optimizer = DEFAULT_OPTIMIZER,
    mode: str = "minibatch",
    batch_size: int | None = None,
    epochs: int = 100,
    validation: float | tuple[Any, Any] | None = None,
    patience: int | None = None,
    seed: int = 0,
    shuffle: bool = True,
    class_weight: Mapping[Any, float] | str | None = None,
    sample_weight: Any = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    l1: float = 0.0,
    l2: float = 0.0,
    progress: bool | None = None,
    engine: str | None = None,
    task: str | None = None,
    standardize: bool = True,
    impute: bool = True,
    truncate: int | tuple[int, int] | None = None,
    streams: int | None = None,
    by_length: bool | None = None,
) -> Run:
    """Train a network on examples and return the run.

    Arrays are used as they are. Tables and data frames are encoded and standardised by what the
    training part shows; the network keeps these rules and applies them in `predict`.

    Args:
        net: The network; it is changed in place.
        x: n examples: an array of shape (n, inputs), a data frame (pandas or polars) or a table.
            For sequences an array of shape (n, time, features), or, for a network that begins with
            `Mask`, a list of sequences of different lengths.
        y: The targets: n classes (names or numbers), n numbers, or an array of shape (n, outputs).
            Where the network answers each step: such targets for each step, (n, time) or (n, time,
            outputs).
            For a data frame or table: the name of the target column (the last if not given).
        loss: By name or as an object; if not given, cross-entropy for softmax outputs, binary
            cross-entropy for one logistic output, else the mean squared error.
        optimizer: By name with settings ("nesterov 0.05") or as an object.
        mode: "minibatch", "online" (an update after each example) or "batch" (after all).
        batch_size: Examples in a mini-batch (32 if not given); the last one may have fewer.
        epochs: How often each example is learnt from, at most.
        validation: A share of the examples to hold back (stratified for classes), or a pair (x, y).
        patience: Stop when the validation loss has not improved for so many epochs, and go back to
            the weights of the best one. Needs `validation`.
        seed: Where the order of the examples, dropout and the validation part are drawn from.
        shuffle: Whether the examples are taken in a new order each epoch.
        class_weight: A weight for each class, or "balanced": n / (classes · examples of the class).
            Weights are relative: they are scaled to a mean of 1 over the training part.
        sample_weight: A weight for each example, shape (n,).
        clip_norm: The largest norm of all gradients together.
        clip_value: The largest size of a gradient's entries.
        l1: λ of a penalty λ Σ|w| on all weights (not on biases).
        l2: λ of a penalty (λ/2) Σw² on all weights (not on biases).
        progress: Whether to show a progress bar; if not given, where someone is there to see it.
        engine: "native" (C++) or "reference" (NumPy: slow, every value kept); if not given, native
            where it can run the network. `run.settings["engine"]` says which, `run.notes` why.
        task: For tables: "classification" or "regression"; if not given, the target column decides
            (text, yes/no and few whole numbers are classes), and `run.notes` says so.
        standardize: For tables: whether numbers (and a target that is a number) are standardised.
        impute: For tables: whether missing values are filled in; if not, they are errors.
        truncate: For long sequences: truncated back-propagation through time (K6), k or (k₁, k₂).
            An update follows after each k₁ steps, and gradients go back k₂ steps, the length of
            the network's inputs; the state goes on from window to window.
        streams: With `truncate` and one sequence: in how many equal parts, learnt from side by
            side, it is cut (1 if not given).
        by_length: For a network that begins with `Mask`: whether sequences of about the same length
            are put into batches together, each batch run only for the steps of its longest one
            (rounded up to one of at most six lengths). Steps that are missing change no result, but
            which examples are learnt from together does, and what dropout draws. If not given,
            where that saves a fifth of the steps of a layer that goes through them one by one.

    Returns:
        The run: `run.history`, `run.network`. Ctrl-C ends it after the step at hand, with the
        network so far.

    Raises:
        DataError, ShapeError: Examples or targets are missing, not finite, or do not fit.
        PairingError: The loss does not fit the network's outputs.
        NotDifferentiableError: A neuron (threshold, signum) that gradients cannot train.
        NonFiniteError: A number became infinite; the network keeps the weights before that step.

    >>> import glassnet as gn
    >>> net = gn.Network([gn.Dense(1, "logistic")], inputs=2)
    >>> run = gn.fit(net, [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1], epochs=200)
    >>> net.predict([[1, 1], [0, 1]])
    array([1, 0])
    """
    if isinstance(validation, tuple):
        if len(validation) != 2:
            raise ArgumentError(
                f"validation must be a share such as 0.2, or a pair (x, y); got {validation!r:.60}"
            )
    elif validation is not None:
        check_number("validation", validation, low=0, high=1, open_low=True, open_high=True)
    if patience is not None and validation is None:
        raise ArgumentError("patience needs a validation part, such as validation=0.2")
    settings = Settings(
        Optimizer.of(optimizer),
        loss=loss,
        mode=mode,
        batch_size=batch_size,
        epochs=epochs,
        patience=patience,
        seed=seed,
        shuffle=shuffle,
        clip_norm=clip_norm,
        clip_value=clip_value,
        l1=l1,
        l2=l2,
        progress=progress,
        engine=engine,
        by_length=by_length,
    )
    if truncate is not None:
        from glassnet.training.windows import cut_windows

        examples, settings = cut_windows(
            net, x, y, settings, truncate, streams, validation=validation, weight=sample_weight
        )
    elif streams is not None:
        raise ArgumentError("streams needs truncate, as in fit(net, x, y, truncate=50, streams=32)")
    elif is_table(x):
        examples, sample_weight = examples_from_table(
            net,
            x,
            y,
            validation,
            seed,
            sample_weight,
            task=task,
            standardize=standardize,
            impute=impute,
        )
    else:
        examples = examples_from_arrays(net, x, y, validation)
    return train(net, examples, settings, class_weight=class_weight, sample_weight=sample_weight)


def examples_from_arrays(
    net: Network, x: Any, y: Any, validation: float | tuple[Any, Any] | None
) -> Examples:
    """Return the examples of arrays, read and checked; a network without inputs is built."""
    if y is None:
        raise ArgumentError("y, the targets, must be given with an array of examples")
    try:
        masked = net.is_built and net.stack.is_masked  # a list of sequences has no shape
        shape = () if masked else np.shape(x)
    except ValueError:
        raise DataError("examples must be a table of numbers with rows of one length") from None
    if not net.is_built and len(shape) < 2:
        raise ShapeError(f"examples must have shape (n, inputs); got {shape}")
    stack = net.stack if net.is_built else Stack(net.layers, shape[1:])
    rows = as_examples(x, stack, net.dtype)
    targets = read_targets(y, len(rows), stack, net.dtype)
    check_steps(rows, targets)
    if isinstance(validation, tuple):
        held = as_examples(validation[0], stack, net.dtype)
        known = targets.classes if targets.are_classes else None
        aims = read_targets(validation[1], len(held), stack, net.dtype, known)
        check_steps(held, aims)
        validation = (held, aims)
    if not net.is_built:  # only now that all is known to fit
        net.build(shape[1:])
    net.preprocessing = None
    return Examples(rows, targets, validation)


def examples_from_table(
    net: Network,
    x: Any,
    y: Any,
    validation: float | tuple[Any, Any] | None,
    seed: int,
    sample_weight: Any,
    *,
    task: str | None = None,
    standardize: bool = True,
    impute: bool = True,
) -> tuple[Examples, Any]:
    """Return the examples of a table, and the weights of those in its training part."""
    if y is not None and not isinstance(y, str | int):
        raise ArgumentError(
            "with a data frame or table, y is the name of its target column; "
            "put the targets into the table, or give x as an array"
        )
    from glassnet.training.prepare import encode, prepare

    share = validation if isinstance(validation, int | float) else 0.0
    prepared = prepare(
        x,
        y,
        task=task,
        validation=share,
        seed=seed,
        standardize=standardize,
        impute=impute,
    )
    prepared.install(net)
    part = prepared.validation
    if isinstance(validation, tuple):
        part = encode(prepared.preprocessing, as_data(validation[0]))
    held = None if part is None else (as_examples(part.x, net.stack, net.dtype), part.targets)
    if sample_weight is not None:
        weight = np.asarray(sample_weight)
        if weight.shape != (as_data(x).rows,):
            raise ShapeError(
                f"sample_weight must have one number for each of the table's {as_data(x).rows} "
                f"rows; got shape {weight.shape}"
            )
        sample_weight = weight[prepared.usable[prepared.split.train]]
    rows = as_examples(prepared.train.x, net.stack, net.dtype)
    target = prepared.target
    notes = (f"target {target.name}: {target.task} ({target.reason})", *prepared.notes)
    left_out = [(c, how) for c, kind, how in prepared.preprocessing.summary() if kind == "left out"]
    notes += tuple(f"column {column}: left out, {how}" for column, how in left_out)
    examples = Examples(rows, prepared.train.targets, held, notes, prepared.shares)
    return examples, sample_weight
