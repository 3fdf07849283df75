"""What a step of the self-organising map costs, by units and inputs; and beside MiniSom.

    python benchmarks/som.py [--repeat 9] [--steps 1000]

Times are processor time for each example, the least and the median of the repeats, which take turns
so that a busy machine is as busy for all. The native engine's steps alone are timed: the run of an
epoch, without its start.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from glassnet.graph import DType
from glassnet.rules.examples import Examples
from glassnet.rules.self_organising_map import SelfOrganisingMap
from glassnet.rules.step import StepRecipe
from glassnet.training.batches import Order
from glassnet.training.native_stepper import Lowered, NativeStepper, Sizes
from glassnet.training.stepper import Material

SIZES = [(10, 16), (10, 64), (10, 256), (20, 16), (20, 64), (20, 256), (40, 64)]


def prepare(side: int, x: Any, dtype: str) -> Callable[[], None]:
    """Return a function that runs an epoch of a map with side × side units."""
    som = SelfOrganisingMap(side, side, radius=3.0, dtype=dtype, start="random", epochs=1)
    som.set_params(radius_schedule="inverse", learning_rate_schedule="inverse", progress=False)
    x = x.astype(dtype)
    som.fit_examples(Examples(x[:2], None))
    som.updates_, som.planned_ = 0, len(x)
    values = {"parameters/weights": som.weights_}
    recipe = StepRecipe(DType(dtype), lambda n: som.step_graph(values, n))
    stepper = NativeStepper(recipe, values, 0, Lowered.of(recipe, Sizes((1,))))
    material, edges = Material(x, None, None), np.arange(len(x) + 1)
    order = Order(len(x), 0, 0, False)
    rates = np.full(len(x), 0.5)

    def run() -> None:
        stepper.step = 0
        stepper.epoch(material, order, edges, rates, lambda _done, _loss: None)

    return run


def minisom(side: int, x: Any) -> Callable[[], None] | None:
    """Return a function that trains MiniSom on as many examples, or None if it is not installed."""
    try:
        module: Any = import_module("minisom")
    except ImportError:
        return None
    som = module.MiniSom(side, side, x.shape[1], sigma=3.0, learning_rate=0.5, random_seed=0)
    return lambda: som.train(x, len(x))


def measure(runs: dict[str, Callable[[], None]], repeat: int, steps: int) -> dict[str, list[float]]:
    """Return microseconds for each example of each run, in turns, after a warm-up."""
    found: dict[str, list[float]] = {name: [] for name in runs}
    for run in runs.values():
        run()
    for _ in range(repeat):
        for name, run in runs.items():
            start = time.process_time()
            run()
            found[name].append((time.process_time() - start) / steps * 1e6)
    return found


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--repeat", type=int, default=9)
    parser.add_argument("--steps", type=int, default=1000)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    print("map       inputs  system    µs least  median  ns per unit × input  MiniSom is slower by")
    for side, inputs in SIZES:
        x = rng.normal(size=(options.steps, inputs))
        runs = {dtype: prepare(side, x, dtype) for dtype in ("float32", "float64")}
        peer = minisom(side, x)
        if peer is not None:
            runs["MiniSom"] = peer
        found = measure(runs, options.repeat, options.steps)
        for name, times in found.items():
            middle = statistics.median(times)
            ratio = "" if peer is None else f"{statistics.median(found['MiniSom']) / middle:8.1f} ×"
            each = min(times) * 1e3 / (side * side * inputs)
            print(
                f"{side:2d} × {side:2d}   {inputs:5d}   {name:8s}  {min(times):8.2f}  {middle:6.2f}"
                f"  {each:19.3f}  {ratio:>20s}",
                flush=True,
            )


if __name__ == "__main__":
    main()
