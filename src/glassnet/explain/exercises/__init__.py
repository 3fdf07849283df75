"""Exercises: new problems with friendly numbers, their worksheets and their solutions."""

from glassnet.explain.exercises.exercise import Exercise, class_set, exercise
from glassnet.explain.exercises.folders import overview, save_class_set, save_exercise
from glassnet.explain.exercises.kind import Kind, all_kinds
from glassnet.explain.exercises.moodle import to_moodle

__all__ = [
    "Exercise",
    "Kind",
    "all_kinds",
    "class_set",
    "exercise",
    "overview",
    "save_class_set",
    "save_exercise",
    "to_moodle",
]
