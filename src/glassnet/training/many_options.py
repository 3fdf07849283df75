"""What can be said to `fit_many`, read and checked: settings of `fit`, seeds, learning rates."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypedDict, cast

import numpy as np

from glassnet.errors import ArgumentError, nearest
from glassnet.learning.optimizer import Optimizer
from glassnet.learning.schedule import Schedule
from glassnet.nn.losses import Loss
from glassnet.training.network import LARGEST_SEED
from glassnet.unit import check_number, check_whole

__all__ = ["FitOptions", "read_options", "read_rates", "read_seeds", "with_rate"]


class FitOptions(TypedDict, total=False):
    """The settings of `fit` that `fit_many` hands on; `fit` explains them."""

    loss: str | Loss | None
    optimizer: str | Optimizer
    mode: str
    batch_size: int | None
    epochs: int
    validation: float | tuple[Any, Any] | None
    patience: int | None
    seed: int
    shuffle: bool
    class_weight: Mapping[Any, float] | str | None
    sample_weight: Any
    clip_norm: float | None
    clip_value: float | None
    l1: float
    l2: float
    engine: str | None
    task: str | None
    standardize: bool
    impute: bool
    by_length: bool | None


def read_options(options: FitOptions) -> dict[str, Any]:
    """Return the settings of `fit`, checked as far as their values do not depend on the data."""
    given = cast("dict[str, Any]", options)
    allowed = FitOptions.__annotations__
    for name in given:
        if name not in allowed:  # as Python says it of any function
            raise TypeError(f"fit_many() has no argument {name!r}{nearest(name, allowed)}")
    validation = given.get("validation")
    if isinstance(validation, tuple):
        if len(cast("tuple[Any, ...]", validation)) != 2:
            raise ArgumentError(
                f"validation must be a share such as 0.2, or a pair (x, y); got {validation!r:.60}"
            )
    elif validation is not None:
        check_number("validation", validation, low=0, high=1, open_low=True, open_high=True)
    if given.get("patience") is not None and validation is None:
        raise ArgumentError("patience needs a validation part, such as validation=0.2")
    return given


def read_seeds(seeds: Any) -> list[int]:
    """Return the seeds of a number of copies, or those that are given one by one."""
    count = _plain(seeds)
    if isinstance(count, int):
        check_whole("seeds", count)
        return list(range(count))

    def check(seed: object) -> None:
        check_whole("each of seeds", seed, low=0, high=LARGEST_SEED)

    return _entries("seeds", seeds, "a whole number, or whole numbers such as [1, 2, 3]", check)


def read_rates(rates: Any) -> list[float | Schedule]:
    """Return learning rates and schedules, each of them allowed and none twice."""

    def check(rate: object) -> None:
        if not isinstance(rate, Schedule):
            check_number("each of learning_rates", rate, low=0, open_low=True)

    return _entries("learning_rates", rates, "numbers, such as [0.01, 0.1]", check)


def _plain(number: Any) -> Any:
    """Return a number of NumPy's as one of Python's."""
    return cast("Any", number).item() if isinstance(number, np.generic) else number


def _entries(name: str, values: Any, wanted: str, check: Callable[[object], None]) -> list[Any]:
    """Return entries that are checked: at least one, none twice."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise ArgumentError(f"{name} must be {wanted}; got {cast('Any', values)!r:.60}")
    found: list[Any] = []
    for entry in cast("Iterable[Any]", values):
        number = _plain(entry)
        check(number)
        if number in found:
            raise ArgumentError(f"{name} has {number!r} twice; each copy must differ")
        found.append(number)
    if not found:
        raise ArgumentError(f"{name} must be {wanted}; got none")
    return found


def with_rate(unit: Any, rate: float | Schedule) -> Any:
    """Return an optimiser (or a schedule) whose learning rate is another one."""
    if isinstance(unit, Optimizer):
        old = unit.learning_rate
        new = with_rate(old, rate) if isinstance(old, Schedule) else rate
        return dataclasses.replace(unit, learning_rate=new)
    if isinstance(rate, Schedule):
        return rate
    names = {field.name for field in dataclasses.fields(unit)}
    if "rate" in names:
        return dataclasses.replace(unit, rate=rate)
    if "schedule" in names:  # one that holds another
        return dataclasses.replace(unit, schedule=with_rate(unit.schedule, rate))
    raise ArgumentError(
        f"learning_rates: the schedule {unit} has no rate to replace; give whole schedules"
    )
