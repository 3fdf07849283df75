"""What all kinds of training have in common."""

from __future__ import annotations

from glassnet.cli.building import Wishes
from glassnet.cli.screen import Screen

__all__ = ["Job"]


class Job:
    """One training, from the wishes to the files.

    Args:
        wishes: What was asked for.
        screen: Where it is shown.
        as_json: Whether the results are printed as JSON.
    """

    def __init__(self, wishes: Wishes, screen: Screen, *, as_json: bool) -> None:
        self.wishes, self.screen, self.as_json = wishes, screen, as_json

    def run(self) -> int:
        """Train, save, show, and return the exit status."""
        raise NotImplementedError(f"{type(self).__name__} does nothing")
