"""`glassnet train brackets` and `glassnet train adding`: sequences that are made, not read."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassnet.cli.building import Wishes
from glassnet.cli.failures import INTERRUPTED, saving
from glassnet.cli.jobs.job import Job
from glassnet.cli.jobs.shared import (
    ONLY_TABLES,
    ONLY_TEXTS,
    READ_AS_TABLES,
    job_settings,
    refuse_options,
    run_facts,
    show_run,
    write_curves,
)
from glassnet.cli.screen import Screen, print_json
from glassnet.cli.train_data import check_files
from glassnet.errors import ArgumentError
from glassnet.records import dataclass

if TYPE_CHECKING:
    from glassnet.graph.types import Array
    from glassnet.rules import Estimator
    from glassnet.training import Network, Run
    from glassnet.training.loop import Settings

__all__ = ["StepsJob", "as_made", "evaluate_made"]

NO_OTHER_DATA = {
    "patience": None,
    "validation": None,
    "test": None,
    **ONLY_TABLES,
    **ONLY_TEXTS,
    **READ_AS_TABLES,
}
FRESH = 2_560  # sequences that measure a network; it has seen none of them
SHOWN = 3
WIDEST = 60  # steps of a sequence that are shown


@dataclass(frozen=True)
class _Task:
    """A task, and what solves it if nobody says otherwise.

    Attributes:
        make: From a number of sequences, their steps and a seed to sequences and targets.
        about: What is to be done.
        layers: The layers, as `--layers` reads them.
        outputs: How many the last of them has.
        examples: How many sequences are learnt from.
        steps: How long each is.
        epochs: How often each is learnt from.
        rate: The learning rate at the beginning.
    """

    make: Callable[[int, int, int], tuple[Array, Array]]
    about: str
    layers: str
    outputs: int
    examples: int
    steps: int
    epochs: int
    rate: float


def _adding(n: int, steps: int, seed: int) -> tuple[Array, Array]:
    from glassnet.data.generated.adding import adding

    return adding(n, steps, seed=seed)


def _brackets(n: int, steps: int, seed: int) -> tuple[Array, Array]:
    from glassnet.data.generated.brackets import brackets

    return brackets(n, steps, seed=seed)


TASKS: dict[str, _Task] = {
    "adding": _Task(
        _adding,
        "add the two marked numbers of a sequence",
        "32 lstm, linear",
        1,
        10_000,
        100,
        30,
        0.01,
    ),
    "brackets": _Task(
        _brackets,
        "at each step, the bracket that closes the innermost open one, or .",
        "64 lstm returns=sequence, softmax",
        4,
        4_000,
        40,
        15,
        0.01,
    ),
}


class StepsJob(Job):
    """One training on sequences that are made, from the wishes to the files."""

    def __init__(self, wishes: Wishes, screen: Screen, *, as_json: bool) -> None:
        super().__init__(wishes, screen, as_json=as_json)
        self.task = TASKS[wishes.data]

    def run(self) -> int:
        """Train, save, show answers; return the exit status."""
        from glassnet.training.fit import examples_from_arrays
        from glassnet.training.loop import train

        wishes, task, screen = self.wishes, self.task, self.screen
        settings = self._settings()
        path = check_files(wishes)
        net = self._network()
        screen.heading("Data", wishes.data)
        screen.line(f"{task.examples:,} sequences of {task.steps} steps: {task.about}")
        screen.heading("Network")
        head, *rows = net.table()
        screen.table(rows, head=head, right=[3])
        x, y = task.make(task.examples, task.steps, wishes.seed)
        run = train(net, examples_from_arrays(net, x, y, None), settings)
        with saving():
            self._finish(run, path)
        return INTERRUPTED if run.stopped == "interrupted" else 0

    def _settings(self) -> Settings:
        """Return how to train; raise for wishes that have no place here, or cannot be."""
        from glassnet.learning.adam import Adam
        from glassnet.learning.cosine import Cosine

        wishes, task = self.wishes, self.task
        why = (
            f"the sequences of {wishes.data!r} are made, with their targets. A file of that name "
            f"is opened as ./{wishes.data}"
        )
        refuse_options(wishes, NO_OTHER_DATA, why)
        return job_settings(wishes, Adam(Cosine(task.rate)), task.epochs)

    def _network(self) -> Network:
        """Return the network that was asked for; raise if it cannot answer the task."""
        from glassnet.data.generated.brackets import SYMBOLS
        from glassnet.nn.layers import Embedding
        from glassnet.nn.stack import parse_layers
        from glassnet.training import Network
        from glassnet.unit import check_choice

        wishes, task = self.wishes, self.task
        check_choice("dtype", wishes.dtype or "float32", ("float32", "float64"))
        text = wishes.layers or task.layers
        layers = parse_layers(text, task.outputs)
        labelled = wishes.data == "brackets"
        if labelled and not isinstance(layers[0], Embedding):
            layers = (Embedding(len(SYMBOLS), len(SYMBOLS)), *layers)
        inputs = (task.steps,) if labelled else (task.steps, 2)
        net = Network(layers, inputs, seed=wishes.seed, dtype=wishes.dtype or "float32")
        wanted = (task.steps, task.outputs) if labelled else (task.outputs,)
        if not labelled and net.stack.activation.name == "softmax":
            raise ArgumentError(
                f"layers {text!r}: softmax with one output always answers 1: end with 'linear'"
            )
        if net.stack.shapes[-1] != wanted or (labelled and net.stack.activation.name != "softmax"):
            raise ArgumentError(
                f"layers {text!r} answer with shape {net.stack.shapes[-1]} of "
                f"{net.stack.activation.name} outputs, but {wishes.data} needs {wanted}"
                f"{' of softmax' if labelled else ''}: write layers as in {task.layers!r}"
            )
        if labelled:
            net.for_steps(2 * task.steps)  # raises unless the network can be asked about others
        return net

    def _finish(self, run: Run, path: Path) -> None:
        wishes, screen, net = self.wishes, self.screen, run.network
        made = {"name": wishes.data, "steps": self.task.steps, "seed": wishes.seed}
        net.training["data"] = {**made, "read": f"{self.task.examples:,} sequences, made"}
        measures = _measure(net, wishes.data, wishes.seed + 1)
        net.training["measures"] = measures
        net.save(path)
        written = [("model", path), *write_curves(wishes, run)]
        show_run(screen, run)
        _show(screen, net, wishes.data, measures, wishes.seed + 1)
        screen.heading("Written")
        for name, file in written:
            screen.exact(f"{name:<8} {file}")
        screen.heading("Next")
        screen.exact(f"glassnet evaluate {shlex.quote(str(path))} {wishes.data}", "cyan")
        if self.as_json:
            document = {"model": str(path), "data": made, "settings": dict(run.settings)}
            print_json({**document, "run": run_facts(run), "measures": measures})


def as_made(model: Path, net: Network | Estimator, name: str) -> tuple[Array, Array]:
    """Return the sequences of a made task that a model was trained on, with their targets."""
    data = _made_for(model, net, name)
    task = TASKS[name]
    return task.make(task.examples, int(data["steps"]), int(data["seed"]))


def _made_for(model: Path, net: Network | Estimator, name: str) -> dict[str, Any]:
    """Return how the sequences of a model were made; raise if it was trained on others."""
    from glassnet.training import Network

    data: dict[str, Any] = net.training.get("data", {}) if isinstance(net, Network) else {}
    if data.get("name") != name or "steps" not in data:
        raise ArgumentError(
            f"{str(model)!r} was not trained on {name!r}: `glassnet train {name}` makes a model "
            f"that is. A file of that name is opened as ./{name}"
        )
    return data


def evaluate_made(model: Path, net: Network | Estimator, name: str, *, as_json: bool) -> int:
    """Measure a model that was trained on a made task, on new sequences of it."""
    from glassnet.training import Network

    seed = int(_made_for(model, net, name)["seed"]) + 2
    assert isinstance(net, Network)
    measures = _measure(net, name, seed)
    if as_json:
        print_json({"model": str(model), "data": name, "measures": measures})
        return 0
    screen = Screen()
    screen.heading("Results", str(model))
    _show(screen, net, name, measures, seed)
    return 0


def _measure(net: Network, name: str, seed: int) -> dict[str, dict[str, float]]:
    """Return how good the answers to new sequences are, by their length."""
    import numpy as np

    from glassnet.data.generated.adding import SOLVED

    time = net.stack.inputs[0]
    found: dict[str, dict[str, float]] = {}
    if name == "adding":
        x, y = TASKS[name].make(FRESH, time, seed)
        errors = np.abs(net.predict(x) - y)
        found[f"{time} steps"] = {
            f"off by less than {SOLVED}": float((errors < SOLVED).mean()),
            "mean error": float(errors.mean()),
            "largest error": float(errors.max()),
        }
        return found
    for steps in (time, 2 * time):
        x, y = TASKS[name].make(FRESH, steps, seed)
        right = net.for_steps(steps).predict(x) == y
        found[f"{steps} steps"] = {
            "labels right": float(right.mean()),
            "sequences without a mistake": float(right.all(1).mean()),
        }
    return found


def _show(
    screen: Screen, net: Network, name: str, measures: dict[str, dict[str, float]], seed: int
) -> None:
    """Print the measures, and a few sequences with the right answers and the network's."""
    from glassnet.data.generated.brackets import brackets_text

    lengths = list(measures)
    rows = [
        [key, *(f"{measures[length][key]:.4f}" for length in lengths)]
        for key in measures[lengths[0]]
    ]
    rows.append(["new sequences", *(f"{FRESH:,}" for _ in lengths)])
    right = range(1, len(lengths) + 1)
    screen.table(rows, head=["", *lengths], right=right, styles=["", *["bold"] * len(lengths)])
    screen.gap()
    x, y = TASKS[name].make(FRESH, net.stack.inputs[0], seed)
    answers = net.predict(x[:SHOWN])
    if name == "adding":
        cells: list[list[str]] = []
        for sequence, wanted, answer in zip(x, y, answers, strict=False):
            marked = [t for t, mark in enumerate(sequence[:, 1].tolist()) if mark]
            terms = " + ".join(f"{sequence[t, 0]:.3f} (step {t + 1})" for t in marked)
            cells.append([terms, f"{wanted:.3f}", f"{answer:.3f}"])
        screen.table(cells, head=["marked", "right", "answered"], right=[1, 2])
        return
    for numbers, wanted, answer in zip(x, y, answers, strict=False):
        wrong = ["^" if a != b else " " for a, b in zip(wanted, answer, strict=True)]
        screen.exact(f"sequence  {brackets_text(numbers)[:WIDEST]}")
        screen.exact(f"right     {''.join(wanted)[:WIDEST]}")
        screen.exact(f"answered  {''.join(answer)[:WIDEST]}")
        screen.exact(
            f"{'wrong' if '^' in wrong else '     '}     {''.join(wrong)[:WIDEST]}".rstrip()
        )
