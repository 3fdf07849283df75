"""Brackets of several kinds within each other: which one would have to be closed next?"""

from __future__ import annotations

import numpy as np

from glassnet.data.columns import Array
from glassnet.ops.philox import uniform
from glassnet.unit import check_whole

__all__ = ["CLOSING", "LETTERS", "NOTHING", "OPENING", "SYMBOLS", "brackets", "brackets_text"]

OPENING, CLOSING, LETTERS = "([{", ")]}", "ab"
SYMBOLS = OPENING + CLOSING + LETTERS  # an example's numbers are places in it
NOTHING = "."  # the label where no bracket is open
STREAM = 1 << 20
SHARE_OF_LETTERS = 0.3


def brackets(n: int, steps: int = 40, *, depth: int = 4, seed: int = 0) -> tuple[Array, Array]:
    """Return sequences of brackets and letters, and a label for each step.

    The label is the bracket that would close the innermost open one after this step, or "." where
    none is open. A step shows it only where a bracket opens: after a letter it is the label before;
    after a closing bracket it is what was open around, which may have been opened long ago. So the
    network has to keep a stack, up to `depth` brackets high. Three steps in ten are letters; the
    others open or close a bracket, by chance, where both can be. Every closing bracket fits; at the
    end, brackets may be open.

    Args:
        n: How many sequences.
        steps: How long each is.
        depth: How many brackets may be open at once.
        seed: Where they are drawn from: the same seed gives the same on every machine.

    Returns:
        The numbers of the symbols (places in `SYMBOLS`), of shape (n, steps), and the labels, text
        of one character, of the same shape.

    Raises:
        ArgumentError: A number is too small, or not whole.

    Source: bracketed sequences of bounded depth (Dyck languages) as a test of recurrent networks:
    Gers & Schmidhuber, LSTM recurrent networks learn simple context-free and context-sensitive
    languages, IEEE Transactions on Neural Networks 12 (2001); Hewitt et al. (2020).

    >>> x, labels = brackets(1, 24, seed=5)
    >>> print(brackets_text(x[0]), "".join(labels[0]), sep=chr(10))
    ({}{bba{}}ab{a[]{b[a]{ba
    )})}}}}}})))}}]}}}]]}}}}
    """
    check_whole("n", n)
    check_whole("steps", steps)
    check_whole("depth", depth)
    check_whole("seed", seed, low=0)
    draws = uniform((n, steps, 2), seed, stream=STREAM)
    kinds = (draws[..., 1] * len(OPENING)).astype(np.int64)
    letters = len(OPENING + CLOSING) + (draws[..., 1] * len(LETTERS)).astype(np.int64)
    rows, high = np.arange(n), np.zeros(n, np.int64)
    stack = np.full((n, depth + 1), len(CLOSING))  # at place 0 the number of "nothing is open"
    x, labels = np.empty((n, steps), np.int64), np.empty((n, steps), np.int64)
    opens = SHARE_OF_LETTERS + (1 - SHARE_OF_LETTERS) / 2
    for t in range(steps):
        draw = draws[:, t, 0]
        letter = draw < SHARE_OF_LETTERS
        up = ~letter & ((high == 0) | ((draw < opens) & (high < depth)))
        down = ~letter & ~up
        x[:, t] = np.where(up, kinds[:, t], len(OPENING) + stack[rows, high])
        x[letter, t] = letters[letter, t]
        high += up.astype(np.int64) - down
        stack[rows[up], high[up]] = kinds[up, t]
        labels[:, t] = stack[rows, high]
    return x, np.array([*CLOSING, NOTHING])[labels]


def brackets_text(numbers: Array) -> str:
    """Return a sequence of symbols as text.

    >>> brackets_text(np.array([0, 6, 3]))
    '(a)'
    """
    return "".join(SYMBOLS[number] for number in numbers.tolist())
