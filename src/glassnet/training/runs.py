"""What many runs leave: a table of them, the best, how many converged, and their ensemble."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, cast, overload

import numpy as np

from glassnet.errors import ArgumentError, nearest
from glassnet.graph.types import Array
from glassnet.records import dataclass
from glassnet.training.network import Encoded, Network
from glassnet.training.run import Run
from glassnet.unit import check_number

__all__ = ["FAILED", "Runs", "Summary", "as_text", "twin"]

FAILED = "failed: "
MEASURES = ("loss", "best_loss", "accuracy", "validation_loss", "validation_accuracy")
SHOWN = 20  # rows of a table before its middle is left out
PROBABILITIES = ("softmax", "logistic")


class Runs(Sequence[Run]):
    """The runs of `fit_many`, in order; it shows itself as a table. A slice is Runs again.

    Args:
        runs: The runs.
        asked: How many there were to be; more than there are if they were interrupted.
        workers: How many were trained at once.
        seconds: How long all of them took.
    """

    def __init__(
        self,
        runs: Iterable[Run],
        *,
        asked: int | None = None,
        workers: int | None = None,
        seconds: float | None = None,
    ) -> None:
        self._runs = tuple(runs)
        self.asked = len(self._runs) if asked is None else asked
        self.workers, self.seconds = workers, seconds

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> Runs: ...
    def __getitem__(self, index: int | slice) -> Run | Runs:
        return Runs(self._runs[index]) if isinstance(index, slice) else self._runs[index]

    def __len__(self) -> int:
        return len(self._runs)

    @property
    def failed(self) -> Runs:
        """The runs that ended in a number that is not finite."""
        return Runs(run for run in self._runs if run.stopped.startswith(FAILED))

    @property
    def sound(self) -> Runs:
        """The runs that did not fail."""
        return Runs(run for run in self._runs if not run.stopped.startswith(FAILED))

    def best(self, measure: str | None = None) -> Run:
        """Return the run with the highest accuracy or lowest loss, the first if several have it.

        Args:
            measure: "loss", "best_loss", "accuracy", "validation_loss" or "validation_accuracy"; if
                not given, the validation loss, or the loss where there is no validation part.

        Raises:
            ArgumentError: No run has that measure.
        """
        found = [(run, _measures(run)) for run in self.sound]
        known = [name for name in MEASURES if any(name in row for _, row in found)]
        if measure is None and known:
            measure = "validation_loss" if "validation_loss" in known else "loss"
        if measure not in known:
            raise ArgumentError(
                f"the runs have no measure {measure!r}{nearest(str(measure), known)}; "
                f"they have {', '.join(known) or 'none: no epoch was finished'}"
            )
        sign = -1.0 if measure.endswith("accuracy") else 1.0
        return min(
            (sign * row[measure], index, run)
            for index, (run, row) in enumerate(found)
            if measure in row
        )[2]

    def summary(self, goal: float | None = None) -> Summary:
        """Return median, minimum and maximum of each measure, and how many runs converged.

        With several learning rates, each has a line of its own. Runs that failed count as not
        converged and are left out of the measures.

        Args:
            goal: The loss at which a run counts as converged. If not given: nine tenths of the way
                from the loss of the first epoch (the median of all runs) to the best run's loss.
        """
        import statistics  # it loads fractions and decimals

        rows = [(run, _measures(run)) for run in self.sound]
        losses = [row["loss"] for _, row in rows if "loss" in row]
        if goal is not None:
            check_number("goal", goal)
        elif losses:
            first = statistics.median(run.history["loss"][0] for run, row in rows if row)
            goal = min(losses) + 0.1 * max(first - min(losses), 0.0)
        rates = dict.fromkeys(_rate(run) for run in self._runs)
        lines: list[dict[str, Any]] = []
        for rate in rates:
            own = [row for run, row in rows if _rate(run) == rate]
            count = sum(_rate(run) == rate for run in self._runs)
            reached = sum(goal is not None and row.get("loss", np.inf) <= goal for row in own)
            line = {"learning_rate": rate} if rate is not None else {}
            line |= {"runs": count, "converged": reached, "failed": count - len(own)}
            for name in MEASURES:
                values = [row[name] for row in own if name in row]
                if values:
                    spread = (statistics.median(values), min(values), max(values))
                    line[name] = dict(zip(("median", "min", "max"), spread, strict=True))
            lines.append(line)
        return Summary(tuple(lines), goal)

    def predict_proba(self, x: Any) -> Array:
        """Return the mean of the networks' probabilities, of shape (n, classes); float64.

        Runs that failed are left out.

        Raises:
            ArgumentError: The outputs are no probabilities, or there is no run that did not fail.
        """
        return self._mean(x, lambda net, rows: net.predict_proba(rows))

    def predict(self, x: Any) -> Array:
        """Return the answer of all networks together to each example, of shape (n,).

        For numbers, the mean of the networks' answers (float64; shape (n, units) for several
        outputs). For classes, the one whose mean probability is highest; where outputs are no
        probabilities, the one that most networks choose. Runs that failed are left out.

        Raises:
            ArgumentError: There is no run that did not fail.
        """
        net = self._first().network
        if net.task != "classification":
            return self._mean(x, lambda copy, rows: copy.predict(rows))
        if net.stack.activation.name not in PROBABILITIES:
            answers = np.stack(list(self._each(x, lambda copy, rows: copy.predict(rows))))
            names, numbers = np.unique(answers, return_inverse=True)
            votes = numbers.reshape(answers.shape)
            counts = np.stack([(votes == number).sum(0) for number in range(len(names))])
            return names[counts.argmax(0)]
        number = self.predict_proba(x).argmax(1)
        if net.preprocessing is not None and net.preprocessing.target is not None:
            return net.preprocessing.target.decode(number)
        return np.array(net.classes)[number]

    def _first(self) -> Run:
        for run in self.sound:
            return run
        raise ArgumentError("there is no network to ask: no run ended without failing")

    def _mean(self, x: Any, ask: Callable[[Network, Any], Array]) -> Array:
        self._first()
        total: Any = 0.0
        for answer in self._each(x, ask):
            total = total + answer.astype(np.float64)
        return total / len(self.sound)

    def _each(self, x: Any, ask: Callable[[Network, Any], Array]) -> Iterator[Array]:
        """Yield each network's answer; the program is compiled once and given other weights."""
        asked: Network | None = None
        rows: Any = None
        for run in self.sound:
            net = run.network
            if asked is None or (asked.stack, asked.dtype) != (net.stack, net.dtype):
                asked = Network(net.layers, dtype=net.dtype)
                asked.adopt(net.stack, net.parameters, net.statistics)
                rows = None
            if rows is None or asked.preprocessing is not net.preprocessing:
                rows = Encoded(net.rows(x))
            asked.task, asked.classes, asked.preprocessing = (
                net.task,
                net.classes,
                net.preprocessing,
            )
            for own, other in (
                (asked.parameters, net.parameters),
                (asked.statistics, net.statistics),
            ):
                for key, value in other.items():
                    own[key][...] = value
            yield ask(asked, rows)

    def to_dict(self) -> dict[str, list[Any]]:
        """Return the table's columns by name: `pandas.DataFrame(runs.to_dict())` makes a frame.

        A measure that a run does not have is None. Loss and accuracy are those of the epoch whose
        weights the network has; `best_loss` is the lowest of all epochs.
        """
        rows = [_measures(run) for run in self._runs]
        measures = [name for name in MEASURES if any(name in row for row in rows)]
        return {
            "run": list(range(len(self))),
            "seed": [run.settings.get("seed") for run in self._runs],
            "learning_rate": [_rate(run) for run in self._runs],
            **{name: [row.get(name) for row in rows] for name in measures},
            "epochs": [len(run.history) for run in self._runs],
            "steps": [run.steps for run in self._runs],
            "seconds": [run.seconds for run in self._runs],
            "stopped": [run.stopped for run in self._runs],
        }

    def _sentence(self) -> str:
        count = f"{len(self)} of {self.asked}" if len(self) < self.asked else str(len(self))
        text = f"{count} run{'s' if self.asked != 1 else ''}"
        if self.seconds is not None:
            text += f" in {self.seconds:.2f} s"
        if self.workers is not None:
            text += f" on {self.workers} worker{'s' if self.workers > 1 else ''}"
        stopped = sum(run.stopped == "interrupted" for run in self._runs)
        parts = [f"{len(self.failed)} failed"] if len(self.failed) else []
        parts += ["interrupted"] if stopped or len(self) < self.asked else []
        return ": ".join([text, ", ".join(parts)] if parts else [text])

    def _table(self) -> list[list[str]]:
        columns = self.to_dict()
        del columns["steps"]
        head = [name.replace("_", " ") for name in columns]
        n = len(self)
        half = SHOWN // 2
        numbers = range(n) if n <= SHOWN else [*range(half), *range(n - half, n)]
        rows = [
            [as_text(name, values[number]) for name, values in columns.items()]
            for number in numbers
        ]
        if n > SHOWN:
            rows.insert(half, ["…"] * len(head))
        return [head, *rows]

    def __repr__(self) -> str:
        return f"Runs: {self._sentence()}\n{_table_text(self._table())}"

    def _repr_html_(self) -> str:
        return _as_html(self._sentence(), self._table())


@dataclass(frozen=True, repr=False)
class Summary:
    """How runs went together: a line for each learning rate; it shows itself as a table.

    Args:
        lines: For each learning rate: how many runs there were, converged and failed; and for each
            measure its median, minimum and maximum over the runs that did not fail.
        goal: The loss at which a run counts as converged; None if no epoch was finished.
    """

    lines: tuple[dict[str, Any], ...]
    goal: float | None

    @property
    def converged(self) -> int:
        """How many runs converged, over all learning rates."""
        return sum(line["converged"] for line in self.lines)

    def to_dict(self) -> dict[str, Any]:
        """Return the goal and the lines as plain data."""
        return {"goal": self.goal, "lines": [dict(line) for line in self.lines]}

    def _sentence(self) -> str:
        of = sum(line["runs"] for line in self.lines)
        goal = "" if self.goal is None else f" (loss at most {self.goal:.4g})"
        return f"{self.converged} of {of} runs converged{goal}"

    def _table(self) -> list[list[str]]:
        names = list(dict.fromkeys(name for line in self.lines for name in line))
        order = ["learning_rate", "runs", "converged", "failed", *MEASURES]
        names.sort(key=order.index)
        rows = [[as_text(name, line.get(name)) for name in names] for line in self.lines]
        return [[name.replace("_", " ") for name in names], *rows]

    def __repr__(self) -> str:
        note = "measures: median (minimum … maximum) of the runs that did not fail"
        return f"{self._sentence()}\n{_table_text(self._table())}\n{note}"

    def _repr_html_(self) -> str:
        return _as_html(self._sentence(), self._table())


def twin(net: Network) -> Network:
    """Return a network with the same layers, and copies of the values."""
    twin = Network(net.layers, seed=net.seed, dtype=net.dtype)
    if net.is_built:
        twin.adopt(net.stack, net.parameters, net.statistics)
    return twin


def _rate(run: Run) -> Any:
    return run.settings.get("learning_rate")


def _measures(run: Run) -> dict[str, float]:
    """Return the measures of the epoch whose weights the network has, and the lowest loss."""
    rows = list(run.history)
    if not rows:
        return {}
    row = rows[-1 if run.best_epoch is None else run.best_epoch - 1]
    found = {name: row[name] for name in MEASURES if name in row}
    return found | {"best_loss": min(entry["loss"] for entry in rows)}


def as_text(name: str, value: Any) -> str:
    """Return a cell of a table."""
    match value:
        case None:
            return ""
        case dict():
            spread = cast("dict[str, float]", value)
            middle, low, high = (as_text(name, spread[key]) for key in ("median", "min", "max"))
            return f"{middle} ({low} … {high})"
        case str():
            return value if len(value) <= 48 else f"{value[:47]}…"
        case float():
            if name == "seconds":
                return f"{value:.2f}"
            return f"{value:.3f}" if name.endswith("accuracy") else f"{value:.4g}"
        case _:
            return str(value)


def _table_text(table: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    worded = table[0][-1] == "stopped"  # words stand to the left, numbers to the right
    lines: list[str] = []
    for row in table:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        if worded:
            cells[-1] = row[-1]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _as_html(sentence: str, table: list[list[str]]) -> str:
    from glassnet.notebook import escape, html_table

    return f"<p>{escape(sentence)}</p>{html_table(table[0], table[1:])}"
