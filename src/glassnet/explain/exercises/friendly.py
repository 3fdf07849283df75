"""What makes an exercise friendly: numbers on which a pencil can work, and that teach something."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

__all__ = ["COUNTS", "PSI", "are_open", "counted", "fields", "outputs", "slopes"]

COUNTS = {1: "one", 2: "two", 3: "three", 4: "four", 5: "five", 6: "six"}
OPEN = (0.1, 2.5)  # how large a local field may be: not at the kink, not saturated


def _logistic(v: float) -> float:
    return 1.0 / (1.0 + math.exp(-v))


PSI: dict[str, Callable[[float], float]] = {
    "linear": float,
    "logistic": _logistic,
    "tanh": math.tanh,
}


def fields(w: Sequence[Sequence[float]], b: Sequence[float], x: Sequence[float]) -> list[float]:
    """Return the local field v_j = Σ_i w_ji x_i + b_j of each neuron."""
    return [
        sum(one * other for one, other in zip(row, x, strict=True)) + bias
        for row, bias in zip(w, b, strict=True)
    ]


def outputs(psi: str, v: Iterable[float]) -> list[float]:
    """Return y_j = ψ(v_j)."""
    return [PSI[psi](value) for value in v]


def slopes(psi: str, y: Iterable[float]) -> list[float]:
    """Return ψ′(v_j) from the outputs y_j of logistic or tanh neurons."""
    return [value * (1 - value) if psi == "logistic" else 1 - value * value for value in y]


def are_open(v: Iterable[float], low: float = OPEN[0], high: float = OPEN[1]) -> bool:
    """Whether all local fields are away from 0 and from saturation."""
    return all(low - 1e-9 < abs(value) < high + 1e-9 for value in v)


def counted(count: int, thing: str) -> str:
    """Return "one input", "two inputs"."""
    return f"{COUNTS.get(count, str(count))} {thing}{'' if count == 1 else 's'}"
