"""How long a step takes for each width of a hidden layer; where the time per flop jumps is a cliff.

    python benchmarks/widths.py [--inputs 64] [--classes 10] [--batch 32] [--threads 1 0]

Prints, for each width: microseconds a step and picoseconds a flop of its five products, for each
number of threads (0: all cores). The widths are walked several times and the quickest is told; one
thread is timed by the processor's clock, which other processes disturb less.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import glassnet as gn
from glassnet.engines.native import Engine
from glassnet.graph import DType
from glassnet.learning.backpropagation import Recipe, training_graph
from glassnet.nn.losses import Loss


class Steps:
    """Epochs of steps of one width on one number of threads, ready to be run."""

    def __init__(self, hidden: int, given: argparse.Namespace, threads: int) -> None:
        net = gn.Network(
            [gn.Dense(hidden, "tanh"), gn.Dense(given.classes, "softmax")], inputs=given.inputs
        )
        loss, batch = Loss.of("cross_entropy"), given.batch
        recipe = Recipe(net.stack, loss, gn.Momentum(0.01), DType.FLOAT32, class_targets=True)
        self.clock = time.process_time if threads == 1 else time.perf_counter
        self.engine = Engine({batch: training_graph(recipe, batch)}, threads=threads)
        generator = np.random.default_rng(0)
        self.engine.write("seed", np.array(0))
        for name, value in net.parameters.items():
            self.engine.write(f"parameters/{name}", value)
        work = batch * hidden * (2 * given.inputs + 3 * given.classes)  # multiply-adds
        self.flops = 2 * work
        count = max(8, int(3e-3 / (work / 50e9 + 5e-6)))  # some 3 ms
        n = count * batch
        x = generator.normal(size=(n, given.inputs)).astype(np.float32)
        self.data = {"batch/x": x, "batch/target": generator.integers(0, given.classes, n)}
        self.epochs = self.engine.epochs(
            self.data, np.arange(0, n + 1, batch), [f"parameters/{name}" for name in net.parameters]
        )
        self.rates, self.count = np.array([1e-4]), count

    def seconds(self) -> float:
        """Run an epoch and return the seconds that a step took."""
        in_order = (False, 0, 0, 0)
        start = self.clock()
        _, _, finite, _ = self.epochs.run(in_order, self.rates, 1, lambda _done, _loss: None)
        assert finite
        return (self.clock() - start) / self.count


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    for name, default in {
        "inputs": 64,
        "classes": 10,
        "batch": 32,
        "every": 1,
        "most": 300,
    }.items():
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 0])
    parser.add_argument("--repeat", type=int, default=7)
    given = parser.parse_args()
    widths = range(1, given.most + 1, given.every)
    best = {(w, t): float("inf") for w in widths for t in given.threads}
    steps = {key: Steps(key[0], given, key[1]) for key in best}
    for _ in range(given.repeat):
        for key, run in steps.items():
            best[key] = min(best[key], run.seconds())
    for width in widths:
        flops = steps[width, given.threads[0]].flops
        told = [
            f"{1e6 * best[width, t]:8.2f} us {1e12 * best[width, t] / flops:6.1f} ps"
            for t in given.threads
        ]
        print(f"{width:4d} {' |'.join(told)}")


if __name__ == "__main__":
    main()
