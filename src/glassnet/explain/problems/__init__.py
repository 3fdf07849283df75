"""Problems that can be worked out on paper: a TOML file each, and those that are built in."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import field
from importlib import resources
from pathlib import Path
from typing import Any, cast

from glassnet.errors import ArgumentError, DataError, nearest
from glassnet.explain.conventions import Profile, profile_of
from glassnet.records import dataclass
from glassnet.unit import check_whole

__all__ = ["Problem", "built_in", "grouped", "load_problem", "read_problem"]

ENTRIES = {
    "": (
        *("title", "conventions", "steps", "asked"),
        *("network", "weights", "training", "rule", "data", "expression", "values"),
        *("beam", "probabilities"),
    ),
    "network": ("layers",),
    "training": (
        *("loss", "optimizer", "mode", "batch_size", "l1", "l2"),
        *("clip_norm", "clip_value", "seed", "truncate"),
    ),
    "data": ("x", "d", "new"),
    "expression": ("formulas", "wrt"),
    "beam": ("symbols", "width", "longest", "length_penalty"),
}
KINDS = ("network", "rule", "expression", "beam")
TABLES = (
    *("network", "weights", "training", "rule", "data", "expression", "values"),
    *("beam", "probabilities"),
)
LARGEST = 1_000_000  # bytes


@dataclass(frozen=True)
class Problem:
    """What is to be worked out.

    Args:
        title: One line.
        data: `x`, the examples, `d`, their targets, and `new`, examples to be answered.
        network: `layers`, as texts such as "2 logistic"; empty for a rule.
        weights: The first weights, by name such as `hidden.w`.
        training: `loss` and `optimizer`, as texts; `mode`, `batch_size`, `l1`, `l2`, `clip_norm`,
            `clip_value` and `seed` as in training; `truncate`, over windows of how many steps
            gradients go back. A network without is only asked for its answer.
        rule: `name` and settings of a classical rule; empty for a network.
        expression: `formulas`, as texts such as "a = relu(w*x + b)", and `wrt`, the names of what
            is differentiated with respect to.
        values: The numbers that the formulas begin with, by name.
        beam: `symbols`, `width`, `longest` and `length_penalty` of a beam search.
        probabilities: What it searches through: by the symbols before, such as "start" or "a b",
            the probability of each symbol.
        conventions: The name of a profile, or a profile of one's own.
        steps: How many steps are worked out.
        source: The file, or the name of a built-in problem.
        asked: What is to be worked out, as quantities such as "v", "output.δ" or "w new", with
            what they are worked out from; everything if empty.
    """

    title: str
    data: Mapping[str, Any]
    network: Mapping[str, Any] = field(default_factory=dict[str, Any])
    weights: Mapping[str, Any] = field(default_factory=dict[str, Any])
    training: Mapping[str, Any] = field(default_factory=dict[str, Any])
    rule: Mapping[str, Any] = field(default_factory=dict[str, Any])
    expression: Mapping[str, Any] = field(default_factory=dict[str, Any])
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])
    beam: Mapping[str, Any] = field(default_factory=dict[str, Any])
    probabilities: Mapping[str, Any] = field(default_factory=dict[str, Any])
    conventions: str | Profile = "notes"
    steps: int = 1
    source: str = ""
    asked: tuple[str, ...] = ()


def built_in() -> dict[str, str]:
    """Return the names of the built-in problems, with their titles."""
    folder = resources.files(__package__ or "")
    found: dict[str, str] = {}
    for entry in sorted(folder.iterdir(), key=lambda file: file.name):
        if entry.name.endswith(".toml"):
            text = entry.read_text(encoding="utf-8")
            found[entry.name.removesuffix(".toml")] = str(tomllib.loads(text)["title"])
    return found


GROUPS = {
    "A": "The neuron",
    "B": "Learning processes",
    "C": "The perceptron",
    "D": "Back-propagation",
    "E": "Computation graphs",
    "F": "Training modes",
    "G": "Regression and classification",
    "H": "Better ways to train",
    "I": "Optimisers",
    "K": "Sequences",
}


def grouped(problems: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """Return problems, with their titles, by the first row that the title names: by its chapter.

    >>> grouped({"relu": "a = relu(w·x + b) (E2)"})
    {'Computation graphs': {'relu': 'a = relu(w·x + b) (E2)'}}
    """
    found: dict[str, dict[str, str]] = {name: {} for name in GROUPS.values()}
    rows = {name: re.search(r"\(([A-K])(\d)[^()]*\)$", title) for name, title in problems.items()}
    for name, row in sorted(rows.items(), key=lambda entry: entry[1][2] if entry[1] else ""):
        group = GROUPS[row[1]] if row else "Others"
        found.setdefault(group, {})[name] = problems[name]
    return {group: entries for group, entries in found.items() if entries}


def load_problem(name: str | os.PathLike[str]) -> Problem:
    """Return a built-in problem by its name, or the problem of a TOML file.

    Raises:
        ArgumentError: There is no such built-in problem, nor a file of that name.
        DataError: The file cannot be read, or an entry is missing, unknown or of the wrong kind.
    """
    text = os.fspath(name)
    path = Path(text)
    if path.suffix.lower() == ".toml":
        try:
            content = path.read_bytes()
        except OSError as error:
            raise DataError(f"{text!r} cannot be read: {error.strerror}") from None
        if len(content) > LARGEST:
            raise DataError("the file is too large for a problem", source=path.name)
        try:
            return read_problem(content.decode("utf-8-sig"), path.name, path.parent)
        except UnicodeDecodeError:
            raise DataError("the file is not UTF-8 text", source=path.name) from None
    known = built_in()
    if text not in known:
        raise ArgumentError(
            f"there is no problem named {text!r:.80}{nearest(text[:80], known)}; the built-in ones "
            f"are {', '.join(known)}; or name a file that ends in .toml"
        )
    file = resources.files(__package__ or "") / f"{text}.toml"
    return read_problem(file.read_text(encoding="utf-8"), text)


def read_problem(text: str, source: str, folder: Path | None = None) -> Problem:
    """Return the problem that a TOML text describes.

    Args:
        text: The TOML.
        source: What it is called in messages.
        folder: Where files that it names are looked for; the current one if not given.

    Raises:
        DataError: It is no TOML, or an entry is missing, unknown or of the wrong kind.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError(f"this is no TOML: {error}", source=source) from None
    tables: dict[str, dict[str, Any]] = {name: {} for name in TABLES}
    for key, value in document.items():
        _check_known("", key, source)
        if key in tables:
            if not isinstance(value, dict):
                raise DataError(f"{key} must be a table, [{key}]", source=source)
            entries = cast("dict[str, Any]", value)
            for inner in entries:
                _check_known(key, inner, source)
            tables[key] = entries
    _check_whole(tables, source)
    steps = document.get("steps", 1)
    try:
        conventions = profile_of(document.get("conventions", "notes"), folder)
        check_whole("steps", steps, high=10_000)
    except ArgumentError as error:
        raise DataError(str(error), source=source) from None
    title = str(document.get("title", Path(source).stem))
    asked = cast("list[Any]", document.get("asked", []))
    if type(asked) is not list or not all(isinstance(name, str) for name in asked):
        raise DataError('asked must be a list of quantities, such as ["v", "y"]', source=source)
    return Problem(
        title, **tables, conventions=conventions, steps=steps, source=source, asked=tuple(asked)
    )


def _check_whole(tables: Mapping[str, Mapping[str, Any]], source: str) -> None:
    """Raise DataError if a problem lacks something, or is of two kinds."""
    kinds = [kind for kind in KINDS if tables[kind]]
    if len(kinds) != 1:
        found = f"this one has {' and '.join(f'[{kind}]' for kind in kinds)}" if kinds else "none"
        raise DataError(
            f"a problem has either a [network], a [rule], an [expression] or a [beam]; {found}",
            source=source,
        )
    (kind,) = kinds
    if kind == "expression":
        if "formulas" not in tables[kind]:
            raise DataError(
                '[expression] has no formulas, such as ["a = relu(w*x + b)"]', source=source
            )
        return
    if kind == "beam":
        for table, needed in (("beam", "symbols"), ("probabilities", "start")):
            if needed not in tables[table]:
                raise DataError(f"[{table}] has no {needed}", source=source)
        return
    learns = kind == "network" and bool(tables["training"])
    for needed in ("x", "d") if learns else ("x",):
        if needed not in tables["data"]:
            raise DataError(f"[data] has no {needed}", source=source)
    if kind == "network" and "layers" not in tables[kind]:
        raise DataError(
            '[network] has no layers, such as ["2 logistic", "1 linear"]', source=source
        )


def _check_known(table: str, key: str, source: str) -> None:
    allowed = ENTRIES.get(table)
    if allowed is not None and key not in allowed:
        place = f"[{table}] has no entry" if table else "there is no entry"
        raise DataError(
            f"{place} {key!r:.60}{nearest(key, allowed)}; it has {', '.join(allowed)}",
            source=source,
        )
