"""A problem written down as TOML, as `glassnet explain`, `worksheet` and `check` read it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from glassnet.explain.problems import TABLES, Problem

__all__ = ["problem_toml"]


def problem_toml(problem: Problem, comments: Sequence[str] = ()) -> str:
    """Return the file of a problem.

    Args:
        problem: The problem.
        comments: Lines in front of it.
    """
    return "\n".join(_rows(problem, comments)) + "\n"


def _rows(problem: Problem, comments: Sequence[str]) -> Iterator[str]:
    yield from (f"# {line}" for line in comments)
    yield f"title = {_value(problem.title)}"
    yield f"conventions = {_value(problem.conventions)}"
    if problem.steps != 1:
        yield f"steps = {_value(problem.steps)}"
    if problem.asked:
        yield f"asked = {_value(problem.asked)}"
    for name in TABLES:
        table: Mapping[str, Any] = getattr(problem, name)
        if table:
            yield from ("", f"[{name}]")
            yield from (f"{_key(key)} = {_value(value)}" for key, value in table.items())


def _key(key: str) -> str:
    return key if key.replace("_", "").isalnum() and key.isascii() else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int | float):
        return repr(value)
    return f"[{', '.join(map(_value, value))}]"
