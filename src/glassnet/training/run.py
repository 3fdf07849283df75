"""What a training run leaves: the network, the history, and how it went."""

from __future__ import annotations

import os
from dataclasses import field
from typing import Any

from glassnet.records import dataclass
from glassnet.training.history import History
from glassnet.training.network import Network

__all__ = ["Run"]


@dataclass
class Run:
    """The result of `fit`; it shows itself in a notebook.

    Attributes:
        network: The trained network (the same object that was given to `fit`).
        history: The measures after each epoch.
        settings: What was asked for and chosen: loss, optimiser, mode, batch size, seed, and so on.
        stopped: Why it ended: "all epochs done", "validation loss did not improve", "interrupted".
        best_epoch: The epoch whose weights the network has, if early stopping went back to it.
        seconds: How long it took.
        steps: How many updates were made.
        examples_per_second: Training examples seen in a second.
        notes: What was decided on the way.
    """

    network: Network
    history: History
    settings: dict[str, Any] = field(default_factory=dict[str, Any])
    stopped: str = ""
    best_epoch: int | None = None
    seconds: float = 0.0
    steps: int = 0
    examples_per_second: float = 0.0
    notes: tuple[str, ...] = ()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the network to a model file."""
        self.network.save(path)

    def plot(self, path: str | os.PathLike[str]) -> None:
        """Draw the learning curves to an SVG, PNG or PDF file (needs matplotlib)."""
        from glassnet.training.curves import plot

        plot(self.history, path)

    def _sentence(self) -> str:
        went = f"{len(self.history)} epochs, {self.steps:,} steps in {self.seconds:.2f} s"
        best = f"; weights of epoch {self.best_epoch}" if self.best_epoch is not None else ""
        return f"{went} ({self.examples_per_second:,.0f} examples/s): {self.stopped}{best}"

    def __repr__(self) -> str:
        return f"Run: {self._sentence()}\n{self.history!r}"

    def _repr_html_(self) -> str:
        from glassnet.notebook import escape

        return f"<p>{escape(self._sentence())}</p>{self.history.to_html()}"
