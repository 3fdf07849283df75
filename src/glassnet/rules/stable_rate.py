"""The largest learning rate at which an error-correcting rule is stable, from its examples.

With x̃ the inputs and the bias's 1, and R = E[x̃ x̃ᵀ] their correlation matrix, a step
w ← w + η E[e x̃] multiplies the distance from the best weights by I − η R: it shrinks in every
direction if η < 2/λ_max (Widrow and Stearns 1985; Haykin, Neural Networks, chapter 3). After single
examples the distance shrinks in the mean square if η < 2/tr R.
"""

from __future__ import annotations

import numpy as np

from glassnet.graph.types import Array
from glassnet.learning.schedule import Constant, Schedule
from glassnet.ops import tensor
from glassnet.rules.warning import warn

__all__ = ["check_rate", "highest_rate", "largest_stable_rate", "tenth"]

MOST_EXACT = 1024  # inputs: above this, λ_max is found by power iteration
MOST_ITERATIONS = 200
ENOUGH = 1e-9


def largest_stable_rate(x: Array, batch_size: int, *, bias: bool) -> float:
    """Return the learning rate above which w ← w + η · mean(e x̃) is not stable.

    It is 2/λ_max for a step on all n examples, and 2/tr R for a step on one. For a step on m of n
    examples, drawn without putting back, the mean of the squared step holds both,
    2/(c tr R + (1 − c) λ_max) with c = (n − m)/(m (n − 1)), as follows from E[|x̃|² x̃x̃ᵀ] ≈ tr R · R.

    Args:
        x: Examples, (n, inputs).
        batch_size: m, how many examples a step learns from.
        bias: Whether each has a 1 for a bias besides.

    Returns:
        The rate; infinite where all inputs are 0.
    """
    n = len(x)
    share = (n - batch_size) / (batch_size * (n - 1)) if n > 1 else 1.0
    trace = float(np.einsum("ni,ni->", x, x, dtype=np.float64)) / n + bias
    if trace == 0.0:
        return float("inf")
    largest = _largest_eigenvalue(x.astype(np.float64), bias=bias) if share < 1.0 else 0.0
    return 2.0 / (share * trace + (1.0 - share) * largest)


def _largest_eigenvalue(x: Array, *, bias: bool) -> float:
    """Return λ_max of R."""
    if bias:
        x = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    short = x if x.shape[1] <= x.shape[0] else x.T  # xᵀx and xxᵀ have the same λ_max
    if short.shape[1] <= MOST_EXACT:
        return float(np.linalg.eigvalsh(short.T @ short)[-1]) / len(x)
    v = short.T @ short.sum(axis=1)
    if not v.any():
        v = np.ones(short.shape[1])
    found = 0.0
    for _ in range(MOST_ITERATIONS):
        v /= np.sqrt(v @ v)
        v = short.T @ (short @ v)
        before, found = found, float(np.sqrt(v @ v))
        if found - before <= ENOUGH * found:
            break
    return found / len(x)


def tenth(largest: float) -> float:
    """Return the learning rate that is taken where none is given: a tenth of the largest."""
    return largest / 10.0 if np.isfinite(largest) else 1.0


def highest_rate(schedule: Schedule, epochs: int) -> float:
    """Return the highest learning rate of a schedule."""
    if isinstance(schedule, Constant):
        return schedule.rate
    at = np.linspace(0.0, float(epochs), min(4 * epochs, 4000) + 1)
    return float(schedule.formula(tensor(at), float(epochs)).value.max())


def check_rate(highest: float, largest: float, formula: str) -> str | None:
    """Warn if a learning rate is above the largest stable one; return what was said.

    Args:
        highest: The highest learning rate of a run.
        largest: The largest stable one.
        formula: How that was found, such as "2/λ_max".
    """
    if highest <= largest:
        return None
    said = (
        f"the learning rate {highest:.6g} is above the largest stable one for these examples, "
        f"{largest:.6g} ({formula}): the weights may grow without end. Choose a smaller one, such "
        f"as {tenth(largest):.2g}, or standardise the inputs"
    )
    warn(said)
    return said
