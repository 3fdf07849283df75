"""MiniSom: its map with its own settings for how radius and rate fall; its weights are float64."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

from glassnet.bench.data import scattered
from glassnet.bench.rungs import MAP_RATE, RADIUS, Rung, Runner, Timing

__all__ = ["RUNNERS"]


def _som(rung: Rung) -> Runner:
    minisom: Any = import_module("minisom")
    x = scattered(rung)
    options: dict[str, Any] = {"sigma": RADIUS, "learning_rate": MAP_RATE, "random_seed": 0}

    def run(rounds: int) -> Timing:
        units = minisom.MiniSom(rung.side, rung.side, rung.inputs, **options)
        start = time.perf_counter()
        units.train(x, rounds * rung.examples)
        return Timing(time.perf_counter() - start, rounds * rung.examples)

    return run


RUNNERS: dict[str, Callable[[Rung], Runner]] = {"som": _som}
