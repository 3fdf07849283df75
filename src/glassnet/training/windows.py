"""Truncated back-propagation through time: long sequences in windows, the state carried over (K6).

Source: Williams & Peng (1990), BPTT(h; h′), here with k₁ = h′ and k₂ = h.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from glassnet.errors import ArgumentError, DataError, ShapeError
from glassnet.graph.types import Array
from glassnet.nn.stack import Stack
from glassnet.training.loop import Examples, Settings
from glassnet.training.network import Network, as_examples
from glassnet.training.targets import Targets, read_plain_targets
from glassnet.unit import check_whole

__all__ = ["cut_windows", "windows"]


def windows(rows: Array, length: int, hop: int, skip: int = 0) -> Array:
    """Return the windows of sequences, the first windows of all sequences before the second ones.

    Args:
        rows: The sequences, of shape (streams, time, …).
        length: The steps of a window.
        hop: After how many steps the next window begins.
        skip: How many steps at the beginning of each window are left out.

    Returns:
        An array of shape (windows · streams, length − skip, …).

    >>> windows(np.arange(10).reshape(2, 5), 3, 2).tolist()
    [[0, 1, 2], [5, 6, 7], [2, 3, 4], [7, 8, 9]]
    """
    count = (rows.shape[1] - length) // hop + 1
    parts = [rows[:, at * hop + skip : at * hop + length] for at in range(count)]
    return np.ascontiguousarray(np.concatenate(parts))


def cut_windows(
    net: Network,
    x: Any,
    y: Any,
    settings: Settings,
    truncate: int | tuple[int, int],
    streams: int | None,
    *,
    validation: float | tuple[Any, Any] | None = None,
    weight: object = None,
    classes: tuple[Any, ...] | None = None,
) -> tuple[Examples, Settings]:
    """Return long sequences as windows to learn from, and the settings for them.

    A share for validation is the end of one sequence, or of each. Like the others it is cut into
    streams, and measured window by window with the state carried over.

    Args:
        net: A network that answers each step of windows of k₂ steps.
        x: One sequence, of shape (time,) or (time, features); or several, with a first axis more.
        y: A target for each step.
        settings: How to train.
        truncate: k, or (k₁, k₂).
        streams: In how many parts one sequence is cut.
        validation: A share, or other sequences and targets of as many streams.
        weight: Weights of examples; they cannot be had.
        classes: The classes of the targets, where there may be others than these show.

    Raises:
        ArgumentError: A setting that does not go with windows.
        ShapeError, DataError: Sequences that are too short, or targets that do not fit.
    """
    _check_settings(settings, weight)
    stack = _stack_of(net)
    hop = _lengths(truncate, stack)
    if y is None:
        raise ArgumentError("y, a target for each step, must be given")
    ends: tuple[Any, Any] | None = None
    if isinstance(validation, tuple):
        ends = validation
    elif validation is not None:
        x, y, ends = _ends_off(x, y, validation, stack, streams)
    rows, targets, notes = _cut(net, x, y, hop, streams, classes)
    held = None
    count = rows.shape[1]
    if ends is not None:
        known = targets.classes if targets.are_classes else None
        part = "the validation part: "
        others, aims, more = _cut(net, ends[0], ends[1], hop, streams, known, part)
        if others.shape[1] != count:
            raise ShapeError(
                f"the validation part has {others.shape[1]} streams; the training part has {count}"
            )
        held, notes = (_flat(others), aims), (*notes, *more)
    examples = Examples(_flat(rows), targets, held, notes)
    chosen = dataclasses.replace(settings, batch_size=count, shuffle=False, truncate=hop)
    return examples, chosen


def _ends_off(
    x: Any, y: Any, share: float, stack: Stack, streams: int | None
) -> tuple[Any, Any, tuple[Any, Any]]:
    """Return sequences and targets without their ends, and the ends."""
    x, y = np.asarray(x), np.asarray(y)
    if x.ndim == len(stack.inputs):
        time = len(x)
        cut = max(0, time - max(round(share * time), stack.inputs[0] * (streams or 1)))
        return x[:cut], y[:cut], (x[cut:], y[cut:])
    time = x.shape[1] if x.ndim > 1 else 0
    cut = max(0, time - max(round(share * time), stack.inputs[0]))
    return x[:, :cut], y[:, :cut], (x[:, cut:], y[:, cut:])


def _flat(rows: Array) -> Array:
    return rows.reshape(-1, *rows.shape[2:])


def _cut(
    net: Network,
    x: Any,
    y: Any,
    hop: int,
    streams: int | None,
    known: tuple[Any, ...] | None = None,
    part: str = "",
) -> tuple[Array, Targets, tuple[str, ...]]:
    """Return the windows (windows, streams, steps, …), their targets, and notes.

    Args:
        net: The network.
        x: The sequences.
        y: The targets.
        hop: After how many steps a window begins.
        streams: In how many parts one sequence is cut.
        known: The classes, where they are known.
        part: What they are, for messages.
    """
    stack = net.stack
    sequences = _streams_of(x, stack, streams)
    count, time = sequences.shape[:2]
    longest = stack.inputs[0]
    if time < longest:
        raise DataError(
            f"{part}the windows are longer than the sequences: {longest} steps, where each of "
            f"{count} sequences has {time}. Take shorter windows (the network's inputs) or fewer "
            "streams"
        )
    rows = as_examples(windows(sequences, longest, hop), stack, net.dtype)
    targets = _targets_of(y, np.shape(x), count, time, net, stack, known)
    values = windows(targets.values, longest, hop, longest - hop)
    used = (len(rows) // count - 1) * hop + longest
    notes = (
        () if used == time else (f"{part}the last {time - used} of {time} steps make no window",)
    )
    shaped = rows.reshape(-1, count, *rows.shape[1:])
    return shaped, dataclasses.replace(targets, values=values), notes


def _check_settings(settings: Settings, weight: object) -> None:
    if settings.mode != "minibatch" or settings.batch_size is not None:
        raise ArgumentError(
            "truncate: a batch is a window of all streams; leave out mode and batch_size, and say "
            "how many streams"
        )
    if weight is not None:
        raise ArgumentError("truncate: windows have no weights of examples")


def _stack_of(net: Network) -> Stack:
    if not net.is_built:
        raise ArgumentError(
            "truncate: the network must know its windows: inputs=(steps, features), or (steps,)"
        )
    stack = net.stack
    if not stack.carries():
        raise ArgumentError("truncate: no layer goes over time: there is no state to carry over")
    if stack.steps is None:
        raise ArgumentError(
            'truncate: the network must answer each step: returns="sequence" in its last layer '
            "that goes over time"
        )
    if any(getattr(layer, "start", "zeros") != "zeros" for layer in stack.layers):
        raise ArgumentError(
            "truncate: the state begins with zeros and goes on from window to window; leave out "
            "start"
        )
    if stack.is_masked:
        raise ArgumentError("truncate: long sequences have no gaps: leave out the mask")
    return stack


def _lengths(truncate: int | tuple[int, int], stack: Stack) -> int:
    """Return k₁, after checking k₂ against the network."""
    given: Any = truncate if isinstance(truncate, tuple | list) else (truncate, truncate)
    if len(given) != 2:
        raise ArgumentError(f"truncate must be k, or (k1, k2); got {truncate!r:.60}")
    for name, length in zip(("k1", "k2"), given, strict=True):
        check_whole(f"truncate: {name}", length)
    hop, longest = int(given[0]), int(given[1])
    if longest != stack.inputs[0]:
        raise ArgumentError(
            f"truncate: gradients go back {longest} steps, and the network takes windows of "
            f"{stack.inputs[0]}: give it inputs of {longest} steps, or truncate=(k1, "
            f"{stack.inputs[0]})"
        )
    if hop > longest:
        raise ArgumentError(
            f"truncate: k1 = {hop} steps between updates are more than the k2 = {longest} steps "
            "that gradients go back: the steps between would teach nothing"
        )
    return hop


def _streams_of(x: Any, stack: Stack, streams: int | None) -> Array:
    """Return sequences side by side, of shape (streams, time, …)."""
    try:
        array = np.asarray(x, np.float64)
    except (TypeError, ValueError):
        raise DataError("sequences must be numbers, all of one length") from None
    each = stack.inputs[1:]
    if array.ndim == 1 + len(each) and array.shape[1:] == each:
        count = 1 if streams is None else streams
        check_whole("streams", count)
        time = len(array) // count
        return array[: time * count].reshape(count, time, *each)
    if array.ndim != 2 + len(each) or array.shape[2:] != each:
        wanted = ", ".join(map(str, ("time", *each)))
        raise ShapeError(
            f"sequences must have shape ({wanted}{'' if each else ','}), or (streams, {wanted}); "
            f"got {array.shape}"
        )
    if streams is not None and streams != len(array):
        raise ArgumentError(f"streams={streams}, but {len(array)} sequences were given")
    return array


def _targets_of(
    y: Any,
    shape: tuple[int, ...],
    count: int,
    time: int,
    net: Network,
    stack: Stack,
    known: tuple[Any, ...] | None,
) -> Targets:
    """Return the targets side by side: class numbers (streams, time), or (…, time, units)."""
    array = np.asarray(y)
    axes = len(shape) - len(stack.inputs) + 1  # 1 for one sequence, 2 for several
    if array.shape[:axes] != shape[:axes] or array.ndim > axes + 1:
        raise ShapeError(
            f"sequences of shape {shape} need a target for each step; the targets have shape "
            f"{array.shape}"
        )
    rest = array.shape[axes:]
    flat = array.reshape(-1, *rest)[: count * time]
    found = read_plain_targets(flat, count * time, stack, net.dtype, known)
    values = found.values.reshape(count, time, *found.values.shape[1:])
    return dataclasses.replace(found, values=values)
