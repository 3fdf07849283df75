"""The adding problem: two marked numbers of a long sequence are to be added."""

from __future__ import annotations

import numpy as np

from glassnet.data.columns import Array
from glassnet.ops.philox import uniform
from glassnet.unit import check_whole

__all__ = ["SOLVED", "adding"]

STREAM_VALUES, STREAM_MARKS = 1 << 20, (1 << 20) + 1
SOLVED = 0.04  # an answer counts as right if it is off by less


def adding(n: int, steps: int = 100, *, seed: int = 0) -> tuple[Array, Array]:
    """Return sequences of numbers, two of them marked, and the sums of the two.

    A step is a pair: a value, uniform in [0, 1), and a marker, 1 at two steps and else 0. The first
    marked step is drawn from the first half, the second from the second half. To answer, a network
    has to keep a number for many steps and to pass over all that is not marked; who always answers
    1 has a mean squared error of 1/6.

    Args:
        n: How many sequences.
        steps: How long each is, 2 at least.
        seed: Where they are drawn from: the same seed gives the same bits on every machine.

    Returns:
        The sequences, of shape (n, steps, 2), and the sums, of shape (n,), in [0, 2).

    Raises:
        ArgumentError: A number is too small, or not whole.

    Source: Hochreiter & Schmidhuber, Long short-term memory, Neural Computation 9 (1997), task 4,
    in the form that is common since Le, Jaitly & Hinton (2015): values from [0, 1] in place of
    [−1, 1], and the sum itself as the target in place of ½ + sum / 4.

    >>> x, y = adding(3, 10, seed=0)
    >>> x.shape, x[..., 1].sum(1).tolist()
    ((3, 10, 2), [2.0, 2.0, 2.0])
    >>> bool((y == (x[..., 0] * x[..., 1]).sum(1)).all())
    True
    """
    check_whole("n", n)
    check_whole("steps", steps, low=2)
    check_whole("seed", seed, low=0)
    values = uniform((n, steps), seed, stream=STREAM_VALUES)
    draws = uniform((n, 2), seed, stream=STREAM_MARKS)
    half = steps // 2
    first = (draws[:, 0] * half).astype(np.int64)
    second = half + (draws[:, 1] * (steps - half)).astype(np.int64)
    rows, marks = np.arange(n), np.zeros((n, steps))
    marks[rows, first] = marks[rows, second] = 1.0
    return np.stack([values, marks], axis=-1), values[rows, first] + values[rows, second]
