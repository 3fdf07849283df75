"""From the wishes of `glassnet train` to a network and settings; what cannot be is said early."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassnet.cli.defaults import choose_defaults, choose_shares
from glassnet.cli.options import Reading
from glassnet.errors import ArgumentError, nearest
from glassnet.records import dataclass

if TYPE_CHECKING:
    from glassnet.data import Target
    from glassnet.training import Network
    from glassnet.training.loop import Settings
    from glassnet.training.prepare import Prepared

__all__ = ["Wishes", "build", "check", "class_weight", "shares"]


@dataclass(frozen=True)
class Wishes:
    """What `glassnet train` is asked for; None where it may choose."""

    data: str
    target: str | None
    task: str | None
    rule: str | None
    layers: str | None
    dtype: str | None
    loss: str | None
    optimizer: str | None
    mode: str
    batch_size: int | None
    class_weight: str | None
    clip_norm: float | None
    clip_value: float | None
    l1: float
    l2: float | None
    seed: int
    engine: str | None
    epochs: int | None
    patience: int | None
    validation: float | None
    test: float | None
    test_data: str | None
    standardize: bool
    impute: bool
    out: Path | None
    plot: Path | None
    history: Path | None
    progress: bool
    reading: Reading
    minutes: float | None = None
    truncate: str | None = None
    streams: int | None = None
    text: str | None = None
    target_text: str | None = None
    words: int | None = None
    attention: bool | None = None
    teacher_forcing: str | None = None


def check(wishes: Wishes) -> None:
    """Raise ArgumentError for what can be seen to be wrong before any data are read."""
    from glassnet.nn.losses import Loss
    from glassnet.nn.stack import parse_layers
    from glassnet.unit import check_choice, check_number, check_whole

    check_choice("dtype", wishes.dtype or "float32", ("float32", "float64"))
    if wishes.task is not None:
        check_choice("task", wishes.task, ("classification", "regression"))
    for name, share in (("validation", wishes.validation), ("test", wishes.test)):
        if share is not None:
            check_number(f"{name}, a share of the rows,", share, low=0, high=1, open_high=True)
    if wishes.test_data is not None and wishes.test is not None:
        raise ArgumentError("--test and --test-data exclude each other: say where to test once")
    if wishes.patience is not None:
        check_whole("patience", wishes.patience, low=0)
        if wishes.patience and wishes.validation == 0:
            raise ArgumentError("--patience needs a validation part; --validation is 0")
    if wishes.layers is not None:
        parse_layers(wishes.layers, 2)
    if wishes.loss is not None:
        Loss.of(wishes.loss)
    _settings(wishes, 100, 4, "classification", 2, validated=True)


def shares(wishes: Wishes, rows: int, *, tested: bool) -> tuple[float, float]:
    """Return the shares of the rows for validation and for the test.

    Args:
        wishes: What was asked for.
        rows: How many rows there are.
        tested: Whether there are data of their own for the test.
    """
    validation, test = choose_shares(rows)
    if wishes.validation is not None:
        validation = wishes.validation
    if tested:
        return validation, 0.0
    return validation, test if wishes.test is None else wishes.test


def build(wishes: Wishes, prepared: Prepared) -> tuple[Network, Settings]:
    """Return a network that fits the data, and how it is to be trained."""
    from glassnet.nn.stack import Stack, parse_layers
    from glassnet.training import Network

    target, rows = prepared.target, prepared.train.data.rows
    features, classes = prepared.train.x.shape[1], len(target.classes)
    chosen = choose_defaults(rows, features, target.task, classes)
    text = wishes.layers or chosen.layers
    layers = parse_layers(text, _outputs(text, classes))
    _check_output(text, Stack(layers, features), target, wishes.loss)
    net = Network(layers, seed=wishes.seed, dtype=wishes.dtype or "float32")
    prepared.install(net)
    validated = prepared.validation is not None
    return net, _settings(wishes, rows, features, target.task, classes, validated=validated)


def _outputs(text: str, classes: int) -> int:
    """Return how many neurons the last layer has if its text does not say it."""
    if classes == 0:
        return 1
    return 1 if classes == 2 and not text.split(",")[-1].strip().startswith("softmax") else classes


def _check_output(text: str, stack: Any, target: Target, loss: str | None) -> None:
    """Raise ArgumentError unless the last layer can answer what is asked."""
    units, activation = stack.units, stack.activation.name
    ends = f"layers {text!r} end with {units} {activation} output{'s' if units != 1 else ''}"
    if target.task == "regression":
        if units != 1:
            raise ArgumentError(
                f"{ends}, but the target {target.name!r} is one number: end with 'linear'"
            )
        if activation == "softmax":
            raise ArgumentError(
                f"{ends}, and softmax with one output always answers 1: end with 'linear'"
            )
        return
    count = len(target.classes)
    if activation == "softmax" and units == 1:
        raise ArgumentError(
            f"{ends}, and softmax with one output always answers 1: end with 'softmax', which "
            f"gets {count} outputs, one for each class of {target.name!r}"
        )
    if units != count and not (count == 2 and units == 1):
        raise ArgumentError(
            f"{ends}, but the target {target.name!r} has {count} classes: end with 'softmax', "
            f"which gets {count} outputs"
        )
    if loss is None and activation not in ("softmax", "logistic"):
        raise ArgumentError(
            f"{ends}, which are no probabilities of classes: end with 'softmax', or say which "
            "loss is meant, such as --loss mse"
        )


def _settings(
    wishes: Wishes, rows: int, features: int, task: str, classes: int, *, validated: bool
) -> Settings:
    from glassnet.learning.optimizer import Optimizer
    from glassnet.training.loop import Settings

    chosen = choose_defaults(rows, features, task, classes)
    batch_size = wishes.batch_size
    if batch_size is None and wishes.mode == "minibatch":
        batch_size = chosen.batch_size
    patience = chosen.patience if wishes.patience is None else wishes.patience
    return Settings(
        Optimizer.of(wishes.optimizer or chosen.optimizer),
        loss=wishes.loss,
        mode=wishes.mode,
        batch_size=batch_size,
        epochs=chosen.epochs if wishes.epochs is None else wishes.epochs,
        patience=patience if validated and patience else None,
        seed=wishes.seed,
        clip_norm=wishes.clip_norm,
        clip_value=wishes.clip_value,
        l1=wishes.l1,
        l2=chosen.l2 if wishes.l2 is None else wishes.l2,
        progress=None if wishes.progress else False,
        engine=wishes.engine,
    )


def class_weight(text: str | None, target: Target) -> dict[Any, float] | str | None:
    """Return the weight of each class from text such as "balanced" or "yes=3,no=1"."""
    if text is None or text.strip() == "balanced":
        return None if text is None else "balanced"
    if target.task != "classification":
        raise ArgumentError(f"--class-weight needs classes; {target.name!r} is a number")
    known = dict(zip(target.class_names, target.classes, strict=True))
    weights: dict[Any, float] = {}
    for entry in text.split(","):
        name, equals, value = (part.strip() for part in entry.rpartition("="))
        if not equals:
            raise ArgumentError(
                f"--class-weight must be 'balanced', or class=weight with commas between; "
                f"got {entry.strip()!r}"
            )
        if name not in known:
            raise ArgumentError(
                f"--class-weight names a class {name!r}{nearest(name, known)}; the classes are "
                f"{', '.join(list(known)[:12])}"
            )
        try:
            weights[known[name]] = float(value)
        except ValueError:
            raise ArgumentError(
                f"--class-weight: the weight of {name!r} must be a number; got {value!r}"
            ) from None
    return weights
