"""How the cost of an example grows with the size of a rule: a picture with a line for each rule.

    export GLASSNET_THREADS=1 OPENBLAS_NUM_THREADS=1
    python benchmarks/growth.py [--out docs/pictures/growth.svg] [--repeat 7]

Sizes are the number of inputs, of units, or of examples remembered. A rule's cost is the time
between the ends of two epochs of `fit`, for each example (for the nearest neighbours: of `predict`
for each question); the least of the repeats counts, in float32. What is measured after an epoch,
such as the accuracy of an ADALINE, is part of it. Prints the costs, and the slopes of the lines
over their last factor of 16, in logarithms: 1 is linear growth.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import glassnet as gn
from glassnet.training.curves import check_picture, new_figure, save_figure

INPUTS = tuple(2**power for power in range(4, 13))
UNITS = tuple(4**power for power in range(2, 7))  # squares, for maps
MEMORY = tuple(4**power for power in range(4, 9))
WIDTH = 64  # inputs, where units or examples are counted
COMPONENTS = 8
LAST = 16  # the slope is that of the last factor of so much
NUMBERS = 1 << 20  # of all examples together
MOST = 4096  # examples for rules with units, which are as many at the most
QUESTIONS = 256
TIME = 0.03  # seconds that the epochs of one look may take, about

Cost = Callable[[int], float]  # of a size: seconds for each example


@dataclass(frozen=True)
class Line:
    """A rule: its name, what its size counts, the sizes, and how its cost is measured."""

    name: str
    counts: str
    sizes: tuple[int, ...]
    cost: Cost


def examples(n: int, inputs: int) -> tuple[Any, Any]:
    """Return points, each of them twice in a row with two classes, and these classes.

    No plane separates them, so that the perceptron learns from its mistakes at every size alike.
    """
    generator = np.random.default_rng(0)
    x = generator.normal(size=(n // 2, inputs)).astype(np.float32)
    return np.repeat(x, 2, axis=0), np.tile([0, 1], n // 2)


def learning(make: Callable[..., Any], taught: bool, **settings: Any) -> Callable[[Any, int], Any]:
    """Return a function that trains for some epochs and returns the seconds between their ends."""

    def run(data: tuple[Any, Any], epochs: int) -> Any:
        rule = make(**settings, epochs=epochs, shuffle=False, dtype="float32", progress=False)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is learnt is no matter here
            rule.fit(*(data if taught else data[:1]))
        return np.diff(rule.history_["seconds"])

    return run


def least(run: Callable[[Any, int], Any], data: tuple[Any, Any]) -> float:
    """Return the seconds for each example in the quickest epoch."""
    first = float(run(data, 2).min())
    epochs = int(min(max(TIME / first, 2), 200))
    return float(run(data, epochs).min()) / len(data[0])


def by_inputs(make: Callable[..., Any], taught: bool = True, **settings: Any) -> Cost:
    run = learning(make, taught, **settings)
    return lambda size: least(run, examples(NUMBERS // size, size))


def by_units(make: Callable[[int], dict[str, Any]], rule: Any, taught: bool = False) -> Cost:
    data = examples(MOST, WIDTH)
    return lambda size: least(learning(rule, taught, **make(size)), data)


def nearest(size: int) -> float:
    generator = np.random.default_rng(0)
    memory = generator.normal(size=(size, WIDTH)).astype(np.float32)
    rule = gn.NearestNeighbours(3, threads=1).fit(memory, generator.integers(0, 10, size))
    x = generator.normal(size=(QUESTIONS, WIDTH)).astype(np.float32)
    rule.predict(x)
    seconds: list[float] = []
    for _ in range(3):
        start = time.perf_counter()
        rule.predict(x)
        seconds.append(time.perf_counter() - start)
    return min(seconds) / QUESTIONS


SMALL_RATE = {"learning_rate": 1e-6}  # stable at all sizes
LINES = (
    Line("perceptron", "inputs", INPUTS, by_inputs(gn.Perceptron)),
    Line("LMS", "inputs", INPUTS, by_inputs(gn.LeastMeanSquares, **SMALL_RATE)),
    Line("ADALINE", "inputs", INPUTS, by_inputs(gn.Adaline, **SMALL_RATE)),
    Line("Oja", "inputs", INPUTS, by_inputs(gn.Oja, taught=False, **SMALL_RATE)),
    Line(
        f"Sanger, {COMPONENTS} components",
        "inputs",
        INPUTS,
        by_inputs(gn.Sanger, taught=False, components=COMPONENTS, **SMALL_RATE),
    ),
    Line(
        "competitive",
        "units",
        UNITS,
        by_units(lambda n: {"units": n, "start": "random"}, gn.Competitive),
    ),
    Line(
        "LVQ1",
        "units",
        UNITS,
        by_units(lambda n: {"prototypes": n // 2, "start": "examples"}, gn.LVQ, taught=True),
    ),
    Line(
        "SOM",
        "units",
        UNITS,
        by_units(
            lambda n: {"rows": round(n**0.5), "columns": round(n**0.5), "start": "random"},
            gn.SelfOrganisingMap,
        ),
    ),
    Line("nearest neighbours, k = 3", "examples remembered", MEMORY, nearest),
)


def slope(sizes: tuple[int, ...], costs: list[float]) -> float:
    """Return the slope of the line through the last sizes, both in logarithms."""
    kept = [place for place, size in enumerate(sizes) if size * LAST >= sizes[-1]]
    x, y = (np.log([values[place] for place in kept]) for values in (sizes, costs))
    return float(np.polyfit(x, y, 1)[0])


def draw(found: dict[Line, list[float]], path: Path) -> None:
    """Draw the costs, a panel for each kind of size, with a line of linear growth in each."""
    kinds = list(dict.fromkeys(line.counts for line in found))
    figure = new_figure(4.0 * len(kinds), 5.2)
    first: Any = None
    for place, kind in enumerate(kinds):
        axes = figure.add_subplot(1, len(kinds), place + 1, sharey=first)
        first = first or axes
        here = {line: costs for line, costs in found.items() if line.counts == kind}
        for line, costs in here.items():
            label = f"{line.name}: {slope(line.sizes, costs):.2f}"
            axes.loglog(line.sizes, [1e6 * cost for cost in costs], marker="o", ms=4, label=label)
        sizes = next(iter(here)).sizes
        end = 1e6 * min(costs[-1] for costs in here.values()) / 1.6
        ideal = [end * size / sizes[-1] for size in sizes]
        axes.loglog(sizes, ideal, "--", color="0.6", label="linear growth: 1")
        inputs = "" if kind == "inputs" else f" ({WIDTH} inputs)"
        axes.set_xlabel(f"{kind}{inputs}")
        axes.grid(alpha=0.3)
        axes.legend(
            title="slope at the right",
            fontsize="small",
            title_fontsize="small",
            loc="upper center",
            bbox_to_anchor=(0.5, -0.15),
        )
    first.set_ylabel("µs for each example")
    save_figure(figure, path)


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--out", type=Path, default=Path("docs/pictures/growth.svg"))
    parser.add_argument("--repeat", type=int, default=7)
    given = parser.parse_args()
    check_picture(given.out)
    found = {line: [float("inf")] * len(line.sizes) for line in LINES}
    for _ in range(given.repeat):  # all in turn: what disturbs the machine for a while meets all
        for line, costs in found.items():
            found[line] = [min(c, line.cost(s)) for c, s in zip(costs, line.sizes, strict=True)]
    for line, costs in found.items():
        sizes = zip(line.sizes, costs, strict=True)
        told = "  ".join(f"{size}: {1e6 * cost:.3g}" for size, cost in sizes)
        print(f"{line.name}: slope {slope(line.sizes, costs):.2f}; µs by {line.counts}  {told}")
    draw(found, given.out)


if __name__ == "__main__":
    main()
