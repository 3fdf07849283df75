"""The registry of exercises: each kind in the file of its family, found by being there."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import field, fields
from importlib import import_module
from typing import Any

from glassnet.errors import ArgumentError, nearest
from glassnet.explain.exercises.draws import Draws
from glassnet.explain.problems import Problem
from glassnet.records import dataclass

__all__ = ["LEVELS", "Draft", "Kind", "all_kinds", "find_kind", "kind"]

LEVELS = (1, 2, 3)
_KINDS: dict[str, Kind] = {}


@dataclass(frozen=True)
class Draft:
    """What a kind makes of draws.

    Args:
        task: What is to be done, in plain words.
        data, asked, network, weights, training, rule, expression, values, beam, probabilities,
            conventions, steps: As in a problem.
    """

    task: str
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    asked: tuple[str, ...] = ()
    network: Mapping[str, Any] = field(default_factory=dict[str, Any])
    weights: Mapping[str, Any] = field(default_factory=dict[str, Any])
    training: Mapping[str, Any] = field(default_factory=dict[str, Any])
    rule: Mapping[str, Any] = field(default_factory=dict[str, Any])
    expression: Mapping[str, Any] = field(default_factory=dict[str, Any])
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    beam: Mapping[str, Any] = field(default_factory=dict[str, Any])
    probabilities: Mapping[str, Any] = field(default_factory=dict[str, Any])
    conventions: str = "notes"
    steps: int = 1

    def problem(self, title: str) -> Problem:
        """Return it as a problem."""
        parts = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        del parts["task"]
        return Problem(title, **parts)


Maker = Callable[[Draws, int], Draft | None]


@dataclass(frozen=True)
class Kind:
    """A kind of exercise.

    Args:
        name: What it is called on the command line.
        row: The rows of the lecture notes that it practises, such as "D6".
        title: One line.
        draft: Makes one from draws, at a level; None if these draws make no friendly one.
    """

    name: str
    row: str
    title: str
    draft: Maker


def kind(name: str, row: str, title: str) -> Callable[[Maker], Maker]:
    """Register what makes the exercises of a kind.

    Args:
        name: What it is called on the command line.
        row: The rows of the lecture notes that it practises, such as "D6".
        title: One line.
    """

    def register(maker: Maker) -> Maker:
        assert name not in _KINDS, name
        _KINDS[name] = Kind(name, row, title, maker)
        return maker

    return register


def all_kinds() -> dict[str, Kind]:
    """Return all kinds by name, in the order of the rows."""
    from glassnet.explain.exercises import kinds as package

    for module in pkgutil.iter_modules(package.__path__):
        import_module(f"{package.__name__}.{module.name}")
    return dict(sorted(_KINDS.items(), key=lambda entry: (entry[1].row, entry[0])))


def find_kind(name: str) -> Kind:
    """Return a kind by its name.

    Raises:
        ArgumentError: There is no such kind.
    """
    known = all_kinds()
    if name not in known:
        raise ArgumentError(
            f"there is no kind of exercise {name!r:.60}{nearest(str(name)[:60], known)}; "
            f"choose one of {', '.join(known)}"
        )
    return known[name]
