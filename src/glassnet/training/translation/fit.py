"""Training an encoder–decoder on pairs of a source and a target text."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from glassnet.errors import ArgumentError, DataError, ShapeError
from glassnet.graph.types import Array
from glassnet.learning.optimizer import Optimizer
from glassnet.learning.schedule import Constant, Schedule
from glassnet.training.batches import batch_edges
from glassnet.training.history import History
from glassnet.training.loop import Loop, Settings
from glassnet.training.network import Network
from glassnet.training.run import Run
from glassnet.training.stepper import Material
from glassnet.training.steppers import choose_stepper
from glassnet.training.translation.graphs import Forcing, PairRecipe
from glassnet.training.translation.model import EncoderDecoder
from glassnet.unit import check_number

__all__ = ["fit_pairs", "pair_loop"]

MEASURED = 16_000_000  # numbers that the head may answer at once


def fit_pairs(
    net: EncoderDecoder,
    sources: Any,
    targets: Sequence[str],
    *,
    validation: float | tuple[Any, Sequence[str]] | None = None,
    optimizer: str | Optimizer = "adam 0.002",
    batch_size: int | None = None,
    epochs: int = 20,
    patience: int | None = None,
    seed: int = 0,
    clip_norm: float | None = 1.0,
    l2: float = 0.0,
    teacher_forcing: float | str | Schedule = 1.0,
    progress: bool | None = None,
    engine: str | None = None,
) -> Run:
    """Train an encoder–decoder on pairs and return the run.

    Each step of the decoder is given the right symbol before (teacher forcing), or now and then,
    by a schedule, what the network itself answers there.

    Args:
        net: The network; it is changed in place.
        sources: n texts, or an array (n, *inputs).
        targets: n texts, the right answers.
        validation: A share of the pairs to hold back, or pairs (sources, targets).
        optimizer: By name with settings, or as an object.
        batch_size: Pairs in a mini-batch (32 if not given).
        epochs: How often each pair is learnt from, at most.
        patience: Stop when the validation loss has not improved for so many epochs, and go back to
            the weights of the best one.
        seed: Where the order of the pairs, dropout and the symbols of its own are drawn from.
        clip_norm: The largest norm of all gradients together; None for no limit.
        l2: λ of a penalty (λ/2) Σw² on all weights.
        teacher_forcing: The share of the symbols before that are the right ones: a number, or a
            schedule over the epochs such as "cosine 1 final=0.5".
        progress: Whether to show a progress bar; if not given, where someone is there to see it.
        engine: "native" or "reference"; if not given, the native one where it can be used.

    Raises:
        DataError, ShapeError: Sources or targets are missing, or do not fit.
        ArgumentError: A setting that is not allowed.
        NonFiniteError: A number became infinite; the network keeps the weights before that step.
    """
    if patience is not None and validation is None:
        raise ArgumentError("patience needs a validation part, such as validation=0.1")
    settings = Settings(
        Optimizer.of(optimizer),
        batch_size=batch_size,
        epochs=epochs,
        patience=patience,
        seed=seed,
        clip_norm=clip_norm,
        l2=l2,
        progress=progress,
        engine=engine,
    )
    loop = pair_loop(net, sources, targets, settings, validation, teacher_forcing)
    loop.go()
    return loop.run


def pair_loop(
    net: EncoderDecoder,
    sources: Any,
    targets: Sequence[str],
    settings: Settings,
    validation: float | tuple[Any, Sequence[str]] | None = None,
    teacher_forcing: float | str | Schedule = 1.0,
) -> Loop:
    """Check all that a run needs and return its loop, ready to go; arguments as `fit_pairs`."""
    x, target = _pairs(net, sources, targets)
    held: Material | None = None
    if isinstance(validation, tuple):
        held = Material(*_pairs(net, validation[0], validation[1]), None)
    elif validation is not None:
        check_number("validation", validation, low=0, high=1, open_low=True, open_high=True)
        from glassnet.data import split

        parts = split(len(x), test=0.0, validation=validation, seed=settings.seed)
        held = Material(x[parts.validation], target[parts.validation], None)
        x, target = x[parts.train], target[parts.train]
    learnt = Material(x, target, None)
    size = min(settings.batch_size or 32, len(learnt))
    edges = batch_edges(len(learnt), size, 1)
    per_pair = net.parts.steps * net.parts.symbols
    if held is not None:
        held.block = max(1, min(held.block, MEASURED // per_pair))
    share = _schedule(teacher_forcing)
    forcing = None if share is None else Forcing(share, len(edges) - 1, settings.epochs)
    recipe = PairRecipe(
        net.parts, settings.optimizer, net.dtype, settings.clip_norm, settings.l2, forcing
    )
    # The loop asks no more of a network than its parameters, statistics and notes.
    run = Run(cast("Network", net), History())
    run.settings = {
        **{field.name: getattr(settings, field.name) for field in dataclasses.fields(settings)
           if field.name != "progress"},
        "loss": "cross_entropy",
        "optimizer": str(settings.optimizer),
        "batch_size": size,
        "teacher_forcing": str(teacher_forcing),
        "examples": len(learnt),
        "validation_examples": 0 if held is None else len(held),
    }  # fmt: skip
    net.training = dict(run.settings)
    return Loop(run, recipe, learnt, held, settings, edges, choose_stepper)


def _pairs(net: EncoderDecoder, sources: Any, targets: Sequence[str]) -> tuple[Array, Array]:
    texts: Any = targets
    if isinstance(texts, str) or not all(isinstance(text, str) for text in texts):
        raise DataError("targets must be a list of texts, one for each source")
    rows, numbers = net.rows(sources), net.target.rows(list(texts))
    if len(rows) != len(numbers):
        raise ShapeError(f"{len(rows)} sources need {len(rows)} targets; there are {len(numbers)}")
    return rows, np.ascontiguousarray(numbers)


def _schedule(given: float | str | Schedule) -> Schedule | None:
    """Return the share of right symbols over the epochs; None if all are."""
    if isinstance(given, str | Schedule):
        return Schedule.of(given)
    check_number("teacher_forcing", given, low=0, high=1)
    # A share of 0 cannot be a rate; one below the smallest draw is the same.
    return None if given == 1 else Constant(max(float(given), 1e-12))
