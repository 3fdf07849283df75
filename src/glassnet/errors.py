"""Every mistake that glassnet tells its users about: one class for each kind.

The docstring of a class is its documentation: what is wrong, an example, and what to do.
Messages say what was given, where, and what is allowed; the command line prints them without a
traceback and ends with exit status 2.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

__all__ = [
    "ArgumentError",
    "ConvergenceWarning",
    "DTypeError",
    "DataError",
    "GlassnetError",
    "ModelFileError",
    "NonFiniteError",
    "NotConnectedError",
    "NotDifferentiableError",
    "NotSeparableError",
    "OutputError",
    "PairingError",
    "ShapeError",
    "VerificationError",
    "nearest",
]


class ConvergenceWarning(UserWarning):
    """A rule did not come to an end by itself, or cannot with these settings.

    The message says why: classes that no plane separates (with the proof), or a learning rate above
    the largest stable one; and what to do.
    """


class GlassnetError(Exception):
    """The parent of all errors here: catch it to catch every mistake that glassnet explains."""


class ArgumentError(GlassnetError, ValueError):
    """An argument has a value that is not allowed.

    >>> import glassnet as gn
    >>> gn.Dense(0)
    Traceback (most recent call last):
    glassnet.errors.ArgumentError: units must be a whole number of at least 1; got 0

    The message names the argument, the value given and the values allowed.
    """


class ShapeError(GlassnetError, ValueError):
    """Two tensors have shapes that do not fit each other, or an operation.

    >>> import glassnet as gn
    >>> gn.tensor([1.0, 2.0]) + gn.tensor([1.0, 2.0, 3.0])
    Traceback (most recent call last):
    glassnet.errors.ShapeError: add: shapes (2,) and (3,) do not fit: ...

    Both shapes are named. Reshape or broadcast one of them, or check which of the two is wrong.
    """


class DTypeError(GlassnetError, TypeError):
    """Tensors of different number types meet, or one of a type that an operation is not made for.

    >>> import glassnet as gn
    >>> gn.tensor([1.0], dtype="float32") + gn.tensor([1.0], dtype="float64")
    Traceback (most recent call last):
    glassnet.errors.DTypeError: add: number types float32 and float64 do not mix; ...

    Types are never changed silently: use `gn.cast(tensor, "float64")`. Python's own numbers take
    the type of the tensor that they meet.
    """


class NotDifferentiableError(GlassnetError, ValueError):
    """A derivative was asked for through an operation that has none that could be used to learn.

    The derivative of a threshold is zero wherever it exists, so that gradient descent cannot train
    a threshold neuron. The message says which operation it was and which rule can train it.
    """


class NotConnectedError(GlassnetError, ValueError):
    """The derivative was asked for with respect to something that the output does not depend on.

    >>> import glassnet as gn
    >>> a, b = gn.tensor([1.0]), gn.tensor([2.0])
    >>> gn.grad(a * a, b)
    Traceback (most recent call last):
    glassnet.errors.NotConnectedError: ...

    Check that the tensor really is part of the formula (and not a copy of it made with `.value`).
    """


class NotSeparableError(GlassnetError, ValueError):
    """No single threshold neuron computes the truth table that was asked for.

    >>> import glassnet.rules.logic as logic
    >>> logic.neuron("0110")
    Traceback (most recent call last):
    glassnet.errors.NotSeparableError: no threshold neuron computes 0110. Points (0, 1) and ...

    `error.certificate` holds the proof. Two layers compute it: `logic.network("0110")`.
    """

    def __init__(self, message: str, *, certificate: Any = None) -> None:
        self.certificate = certificate
        super().__init__(message)


class VerificationError(GlassnetError, AssertionError):
    """A graph is not well formed: a mistake of glassnet itself (or of a pass), never of its user.

    The message names the node. Please report it with the steps that led to it.
    """


class PairingError(GlassnetError, ValueError):
    """A loss was asked for that does not fit the network's output.

    Cross-entropy needs probabilities: `softmax` over classes, or `logistic` for a yes/no answer.
    The message says which output the loss needs, or which losses the output allows.
    """


class DataError(GlassnetError, ValueError):
    """Data cannot be read, or does not fit what it is to be used for.

    The message names the file, and the line and the column where there is one; what stands there;
    and what to do (an option that reads it differently, or what to mend in the file).
    """

    def __init__(
        self,
        message: str,
        *,
        source: str | None = None,
        line: int | None = None,
        column: str | None = None,
    ) -> None:
        self.source, self.line, self.column = source, line, column
        place = ", ".join(
            part
            for part in (
                source,
                f"line {line}" if line is not None else None,
                f"column {column!r}" if column is not None else None,
            )
            if part
        )
        super().__init__(f"{place}: {message}" if place else message)


class ModelFileError(GlassnetError, ValueError):
    """A file is not a model that this version of glassnet can load: damaged, altered, or too new.

    Loading never runs code from the file. Train the model again, fetch an undamaged copy, or update
    glassnet where the message says that the file is from a later version.
    """


class NonFiniteError(GlassnetError, ArithmeticError):
    """A number became infinite, or not a number, during training.

    Training stops at once and names the first operation, layer and step that produced it. Usual
    causes: a learning rate that is too high, inputs not standardised, a logarithm of zero. Try a
    tenth of the learning rate, `clip_norm=1.0`, or look at the inputs that the message names.
    """


class OutputError(GlassnetError, OSError):
    """A file cannot be written: no permission, no space left, or a folder stands in its place.

    Nothing is left half written: files are written under a temporary name, then renamed.
    """


def nearest(word: str, allowed: Iterable[str]) -> str:
    """Return " (did you mean 'x'?)" for the allowed word nearest to `word`, or "" if none is near.

    >>> nearest("speceis", ["species", "petal length"])
    " (did you mean 'species'?)"
    """
    candidates = {name.lower(): name for name in reversed(list(allowed))}
    close = difflib.get_close_matches(word.lower(), candidates, n=1, cutoff=0.6)
    return f" (did you mean {candidates[close[0]]!r}?)" if close else ""
