"""A step of a run: what its graph was given, and where in the run it stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from glassnet.explain.sheet import Line
from glassnet.graph import Graph
from glassnet.records import dataclass
from glassnet.unit import check_whole

__all__ = ["Step", "Where"]


@dataclass(frozen=True)
class Step:
    """A step of a run.

    Args:
        title: What it is.
        graph: The graph of a step.
        inputs: What the graph is given.
        epoch: The epoch, from 1.
        number: The step of the run, from 1.
        examples: The numbers of the examples that it learns from.
        notes: What is to be said of it, as sentences.
        rate: The lines of the learning rate, where a schedule gives it.
    """

    title: str
    graph: Graph
    inputs: Mapping[str, Any]
    epoch: int
    number: int
    examples: tuple[int, ...]
    notes: tuple[str, ...] = ()
    rate: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Where:
    """Which steps of a run are meant; all where nothing is said.

    Args:
        epoch: The epoch, from 1.
        step: The step: of the epoch if one is said, else of the run; from 1.
        example: The steps that learn from this example alone.
    """

    epoch: int | None = None
    step: int | None = None
    example: int | None = None

    def __post_init__(self) -> None:
        for name in ("epoch", "step"):
            value = getattr(self, name)
            if value is not None:
                check_whole(name, value, high=1_000_000)

    def steps_needed(self, per_epoch: int) -> int | None:
        """Return how many steps must be taken to come there; None where that is left open."""
        if self.epoch is not None:
            return (self.epoch - 1) * per_epoch + (self.step or per_epoch)
        return self.step

    def holds(self, step: Step, per_epoch: int) -> bool:
        """Whether a step is meant."""
        if self.epoch is not None and step.epoch != self.epoch:
            return False
        number = step.number - (step.epoch - 1) * per_epoch if self.epoch else step.number
        if self.step is not None and number != self.step:
            return False
        alone = len(step.examples) == 1
        return self.example is None or not alone or step.examples[0] == self.example
