"""What was read: rows, columns and how each is treated, the target, the classes and the parts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.cli.screen import Screen

if TYPE_CHECKING:
    from glassnet.data import Dataset, Images, Preprocessing, Table
    from glassnet.training.prepare import Prepared

__all__ = ["column_name", "columns_table", "data_json", "extent", "show_columns", "show_data"]

MOST_COLUMNS = 20
MOST_CLASSES = 20
MOST_NAMES = 6
LONGEST_NAME = 30


def extent(data: Table | Images) -> str:
    """Return the size of data in words: "150 rows × 5 columns"."""
    from glassnet.data import Images

    if isinstance(data, Images):
        return f"{data.rows:,} images of {data.shape[0]} × {data.shape[1]} pixels"
    return f"{data.rows:,} rows × {len(data.columns)} columns"


def column_name(name: str) -> str:
    """Return how a column is spoken of: columns without names have numbers.

    >>> column_name("14"), column_name("price")
    ('column 14', "'price'")
    """
    return f"column {name}" if name.isdecimal() else repr(name)


def shortened(text: str, longest: int = LONGEST_NAME) -> str:
    """Return a text, its middle left out if it is long.

    >>> shortened("a very long name indeed", 11)
    'a ver…ndeed'
    """
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[: longest - half - 1]}…{text[len(text) - half :]}"


def show_data(screen: Screen, data: Dataset, prepared: Prepared) -> None:
    """Print what was read and what becomes of it."""
    screen.heading("Data", data.name)
    screen.line(extent(data.data))
    if data.credit:
        screen.line(data.credit, "dim")
    screen.gap()
    show_columns(screen, prepared.preprocessing)
    screen.gap()
    _show_parts(screen, prepared)
    notes = [*data.data.notes, *prepared.notes]
    if notes:
        screen.gap()
        screen.notes(notes)


def show_columns(screen: Screen, preprocessing: Preprocessing) -> None:
    """Print how each column is treated; many columns in groups that are treated alike."""
    rows = [(name, kind, _brief(text)) for name, kind, text in preprocessing.summary()]
    rows = columns_table(rows)
    head = ["column", "treated as", ""]
    screen.table([[shortened(a, 40), b, c] for a, b, c in rows], head=head, styles=["", "cyan", ""])


def _brief(details: str) -> str:
    """Return the details of a column with the digits that a person reads.

    >>> _brief("standardised: mean 5.86556, standard deviation 0.839201")
    'standardised: mean 5.866, deviation 0.8392'
    """
    rounded = re.sub(r"-?\d+\.\d+", lambda found: f"{float(found[0]):.4g}", details)
    return rounded.replace("standard deviation", "deviation")


def columns_table(summary: Sequence[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Return the lines of a preprocessing's summary, condensed if they are many.

    >>> columns_table([("1", "number", "as it is")])
    [('1', 'number', 'as it is')]
    """
    if len(summary) <= MOST_COLUMNS:
        return list(summary)
    groups: dict[tuple[str, str], list[str]] = {}
    targets = [line for line in summary if line[1] == "target"]
    for name, treatment, details in summary:
        if treatment != "target":
            kind = details.split(":")[0].split(";")[0]
            filled = "; missing filled in" if "missing →" in details else ""
            groups.setdefault((treatment, kind + filled), []).append(name)
    lines: list[tuple[str, str, str]] = []
    for (treatment, kind), names in groups.items():
        shown = ", ".join(shortened(name, 16) for name in names[:MOST_NAMES])
        more = f", … ({len(names)} in all)" if len(names) > MOST_NAMES else ""
        lines.append((f"{shown}{more}", treatment, kind))
    return [*lines, *targets]


def _show_parts(screen: Screen, prepared: Prepared) -> None:
    names, counts = _parts(prepared)
    target = prepared.target
    if target.task == "regression":
        sizes = [f"{sum(part):,} {name}" for name, part in zip(names, counts, strict=True)]
        screen.line(f"parts: {', '.join(sizes)}")
        return
    table = np.array(counts).T
    order = range(len(table))
    if len(table) > MOST_CLASSES:
        order = sorted(order, key=lambda index: -int(table[index].sum()))[: MOST_CLASSES - 1]
    rows: list[list[Any]] = [
        [shortened(target.class_names[index]), *_amounts(table[index])] for index in order
    ]
    if len(rows) < len(table):
        rest = np.delete(table, list(order), axis=0)
        rows.append([f"… {len(rest)} rarer classes", *_amounts(rest.sum(axis=0))])
    rows.append(["in all", *_amounts(table.sum(axis=0))])
    head = ["class", "rows", *names]
    screen.table(rows, head=head, right=range(1, len(head)))


def _amounts(counts: Any) -> list[str]:
    return [f"{int(counts.sum()):,}", *(f"{int(count):,}" for count in counts)]


def _parts(prepared: Prepared) -> tuple[list[str], list[list[int]]]:
    """Return the names of the parts and, for each, the number of rows of each class."""
    names: list[str] = []
    counts: list[list[int]] = []
    classes = max(len(prepared.target.classes), 1)
    for name in ("train", "validation", "test"):
        part = getattr(prepared, name)
        if part is None:
            continue
        names.append(name)
        if prepared.target.task == "classification":
            counts.append(np.bincount(part.targets.values, minlength=classes).tolist())
        else:
            counts.append([len(part)])
    return names, counts


def data_json(data: Dataset, prepared: Prepared) -> dict[str, Any]:
    """Return what was read as plain data."""
    names, counts = _parts(prepared)
    target = prepared.target
    return {
        "name": data.name,
        "rows": data.data.rows,
        "columns": [
            {"column": name, "treated_as": treatment, "details": details}
            for name, treatment, details in prepared.preprocessing.summary()
        ],
        "features": len(prepared.preprocessing.feature_names),
        "target": target.name,
        "task": target.task,
        "reason": target.reason,
        "classes": list(target.class_names),
        "parts": {
            name: _part_json(prepared, part) for name, part in zip(names, counts, strict=True)
        },
        "notes": [*data.data.notes, *prepared.notes],
    }


def _part_json(prepared: Prepared, counts: list[int]) -> dict[str, Any]:
    names = prepared.target.class_names
    found: dict[str, Any] = {"rows": sum(counts)}
    return found | ({"classes": dict(zip(names, counts, strict=True))} if names else {})
