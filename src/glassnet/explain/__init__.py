"""What a computation did, shown: workings as on paper, pictures, programs.

`glassnet.explain` is this room and the function in it: the room can be called.
"""

import sys
from types import ModuleType
from typing import Any

from glassnet.explain.checking import Checked, check
from glassnet.explain.draw import Drawing, draw
from glassnet.explain.exercises.exercise import Exercise, exercise
from glassnet.explain.path_result import Paths
from glassnet.explain.paths import paths
from glassnet.explain.program import program
from glassnet.explain.workings import Workings, derivation, explain
from glassnet.explain.worksheet import Worksheet, worksheet

__all__ = [
    "Checked",
    "Drawing",
    "Exercise",
    "Paths",
    "Workings",
    "Worksheet",
    "check",
    "derivation",
    "draw",
    "exercise",
    "explain",
    "paths",
    "program",
    "worksheet",
]


class _Room(ModuleType):
    def __call__(self, *arguments: Any, **settings: Any) -> Workings:
        return explain(*arguments, **settings)


_Room.__call__.__doc__ = explain.__doc__
sys.modules[__name__].__class__ = _Room
