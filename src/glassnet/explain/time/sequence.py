"""The sequence that a network is asked about: checked, as numbers, with a name for each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np

from glassnet.data.generated.brackets import SYMBOLS, brackets_text
from glassnet.data.text.stored import CharacterReader
from glassnet.errors import ArgumentError, DataError, NonFiniteError, ShapeError, nearest
from glassnet.graph.types import Array
from glassnet.records import dataclass
from glassnet.training import Network, Run

__all__ = ["Example", "example_of", "network_of", "task_of"]


@dataclass(frozen=True)
class Example:
    """One sequence, and the network for sequences of its length.

    Args:
        net: The network.
        rows: The sequence as it is fed, of shape (1, *inputs).
        symbols: What stands for each step in a picture; "" where nothing does.
    """

    net: Network
    rows: Array
    symbols: tuple[str, ...]


def network_of(net: Network | Run) -> Network:
    """Return a network that can be asked; raise if it is none, or if its weights are no numbers.

    Raises:
        ArgumentError: It is no network, or does not know its number of inputs.
        NonFiniteError: A weight is not finite.
    """
    found: Any = net.network if isinstance(net, Run) else net
    if not isinstance(found, Network):
        raise ArgumentError(f"net must be a network; got {type(found).__name__}")
    _ = found.stack  # says what is missing where it is not built
    for key, value in found.parameters.items():
        wrong = np.argwhere(~np.isfinite(value))
        if len(wrong):
            at = ", ".join(str(place + 1) for place in wrong[0].tolist())
            raise NonFiniteError(
                f"{key}[{at}] is {value[tuple(wrong[0])]}: with weights that are not finite no "
                "gradient has a value; train the network again, perhaps with a smaller step"
            )
    return found


def example_of(net: Network, x: Any) -> Example:
    """Return one sequence as a network is fed it.

    Args:
        net: The network.
        x: A sequence of shape (time, features), or (time,) where a step is a number of a symbol; a
            batch with that one sequence; a text, where the network reads texts or brackets. It may
            have another length than in training.

    Raises:
        ArgumentError: A text for a network that reads none.
        DataError: A number that is not finite, an unknown symbol, or nothing at all.
        ShapeError: Another shape, or several sequences.
    """
    if isinstance(x, str):
        return _from_text(net, x)
    rows = _as_batch(net, x)
    known = _for_length(net, rows)
    fed = np.asarray(known.rows(rows), np.float64)
    return Example(known, fed, _symbols(net, fed))


def _as_batch(net: Network, x: Any) -> Array:
    """Return a batch of one sequence, of any length."""
    inputs = net.stack.inputs
    shape = f"({', '.join(map(str, ('time', *inputs[1:])))}{'' if inputs[1:] else ','})"
    try:
        found = np.asarray(x, np.float64)
    except (TypeError, ValueError):
        raise DataError(
            f"x must be one sequence of numbers, of shape {shape}; got {type(x).__name__} "
            f"starting {str(x)[:60]!r}"
        ) from None
    rows = found[None] if found.ndim == len(inputs) else found
    if rows.ndim != len(inputs) + 1 or rows.shape[2:] != inputs[1:]:
        raise ShapeError(f"x must be one sequence of shape {shape}, time first; got {found.shape}")
    if len(rows) != 1:
        raise ShapeError(
            f"x must be one sequence, of shape {shape}; got {len(rows)} of them: choose one, as "
            "in x[0]"
        )
    if rows.shape[1] == 0:
        raise DataError("the sequence is empty: it needs a step at least")
    return rows


def _for_length(net: Network, rows: Array) -> Network:
    """Return the network for sequences of a length; padding does it where it knows of gaps."""
    time = rows.shape[1]
    if time == net.stack.inputs[0] or net.stack.is_masked:
        return net
    other = net.for_steps(time)
    other.training, other.text = net.training, net.text
    return other


def _from_text(net: Network, text: str) -> Example:
    if not text.strip():
        raise DataError("the text is empty: it needs a symbol at least")
    if isinstance(net.text, CharacterReader):
        return example_of(net, net.text.numbers(text))
    if net.text is not None:
        fed = np.asarray(net.rows([text]), np.float64)
        return Example(net, fed, _words(net.text, fed))
    if task_of(net) != "brackets":
        raise ArgumentError(
            f"this network reads numbers, not texts: give it a sequence of shape {net.stack.inputs}"
        )
    for place, symbol in enumerate(text):
        if symbol not in SYMBOLS:
            raise DataError(
                f"symbol {place + 1}, {symbol!r}, is none of {SYMBOLS}{nearest(symbol, SYMBOLS)}"
            )
    return example_of(net, [SYMBOLS.index(symbol) for symbol in text])


def task_of(net: Network) -> str:
    """Return the name of what a network was trained on, if its file says it."""
    data: Any = net.training.get("data")
    entries = cast("dict[str, Any]", data) if isinstance(data, dict) else {}
    return str(entries.get("name", ""))


def _words(reader: Any, fed: Array) -> tuple[str, ...]:
    """Return the symbols of a text, where the reader turns symbols into numbers."""
    vocabulary = getattr(reader, "vocabulary", None)
    if vocabulary is None:  # a bag of words has no steps
        return ()
    return tuple(
        vocabulary.symbols[int(n)] if n >= 0 else "" for n in np.nan_to_num(fed[0], nan=-1)
    )


def _symbols(net: Network, fed: Array) -> tuple[str, ...]:
    """Return what stands for each step of a sequence of numbers."""
    task = task_of(net)
    if task == "brackets" and fed.ndim == 2:
        return tuple(brackets_text(fed[0].astype(np.int64)))
    if task == "adding" and fed.shape[2:] == (2,):
        return tuple(f"{value:.2f}" if mark else "" for value, mark in _pairs(fed[0]))
    if net.text is not None and fed.ndim == 2:
        return _words(net.text, fed)
    return ("",) * fed.shape[1]


def _pairs(rows: Array) -> Sequence[tuple[float, float]]:
    return [(float(value), float(mark)) for value, mark in rows]
