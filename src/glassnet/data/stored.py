"""Preprocessing as JSON and back: exact numbers, and every field checked when it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from glassnet.data.columns import Kind
from glassnet.data.fields import Fields, is_number
from glassnet.data.matching import Layout
from glassnet.data.preprocessing import ImageLayout, Preprocessing
from glassnet.data.target import Class, Target
from glassnet.data.treatments import (
    BooleanColumn,
    CategoryColumn,
    DateColumn,
    LeftOut,
    NumberColumn,
    Treatment,
)

__all__ = ["preprocessing_from_json", "preprocessing_to_json"]


def preprocessing_to_json(fitted: Preprocessing) -> dict[str, Any]:
    """Return a dictionary of plain values that JSON can hold."""
    inputs: dict[str, Any]
    if isinstance(fitted.inputs, ImageLayout):
        inputs = {"images": dict(vars(fitted.inputs))}
    else:
        inputs = {"columns": [_treatment_to_json(treatment) for treatment in fitted.inputs]}
    target: dict[str, Any] | None = None
    if fitted.target is not None:
        target = dict(vars(fitted.target))
        target |= {"kind": str(target["kind"])}
        target |= {"classes": list(target["classes"]), "notes": list(target["notes"])}
    layout = fitted.layout
    return {
        **inputs,
        "header": list(layout.header),
        "ignored": list(layout.ignored),
        "target": target,
        "target_mean": fitted.target_mean,
        "target_deviation": fitted.target_deviation,
    }


def _treatment_to_json(treatment: Treatment) -> dict[str, Any]:
    fields = {
        name: list(cast("tuple[Any, ...]", value)) if isinstance(value, tuple) else value
        for name, value in vars(treatment).items()
    }
    return {"treated_as": next(k for k, v in READERS.items() if v[0] is type(treatment)), **fields}


def preprocessing_from_json(stored: object) -> Preprocessing:
    """Return the preprocessing that was stored.

    Raises:
        ModelFileError: a field is missing, unknown, or not as it must be.
    """
    fields = Fields(stored, "preprocessing")
    target = None if fields.peek("target") is None else _target(fields.child("target"))
    inputs: tuple[Treatment, ...] | ImageLayout
    if fields.has("images"):
        sizes = fields.child("images")
        inputs = ImageLayout(*(sizes.whole(name, 1) for name in ("rows", "columns", "maximum")))
        sizes.end()
    else:
        inputs = tuple(_treatment(child) for child in fields.children("columns"))
    layout = Layout(
        fields.texts("header"), fields.texts("ignored"), None if target is None else target.name
    )
    if isinstance(inputs, ImageLayout):
        layout = Layout(layout.header, layout.ignored, None)
    else:
        _check_columns(fields, inputs, layout)
    mean, deviation = fields.number("target_mean"), fields.positive("target_deviation")
    if target is None:
        fields.drop("target")
    fields.end()
    return Preprocessing(inputs, layout, target, mean, deviation)


def _check_columns(fields: Fields, inputs: tuple[Treatment, ...], layout: Layout) -> None:
    names = [treatment.column for treatment in inputs]
    known = set(layout.header) - set(layout.ignored) - {layout.target}
    if len(set(names)) != len(names) or not set(names) <= known:
        raise fields.error("columns", "different columns of the header", names)
    if all(isinstance(treatment, LeftOut) for treatment in inputs):
        raise fields.error("columns", "at least one that is not left out", names)


def _target(fields: Fields) -> Target:
    task, kind = fields.text("task"), fields.text("kind")
    if task not in ("classification", "regression"):
        raise fields.error("task", "'classification' or 'regression'", task)
    if kind not in tuple(Kind):
        raise fields.error("kind", f"one of {', '.join(Kind)}", kind)
    classes = fields.listed("classes", _is_class, "text or finite numbers")
    fewest = 2 if task == "classification" else 0
    if len(set(classes)) != len(classes) or len(classes) < fewest or (classes and not fewest):
        raise fields.error("classes", "at least two different classes, or none", list(classes))
    alike = all(isinstance(c, str) == (kind != Kind.NUMBER) for c in classes)
    if not alike or (kind == Kind.BOOLEAN and len(classes) != 2):
        raise fields.error("classes", f"classes of a {kind} column", list(classes))
    target = Target(
        fields.text("name"),
        task,
        Kind(kind),
        cast("tuple[Class, ...]", classes),
        fields.text("reason"),
        fields.whole("position", 1),
        fields.whole("width", 1),
        fields.texts("notes"),
    )
    fields.end()
    return target


def _treatment(fields: Fields) -> Treatment:
    treated_as = fields.text("treated_as")
    if treated_as not in READERS:
        raise fields.error("treated_as", f"one of {', '.join(READERS)}", treated_as)
    treatment = READERS[treated_as][1](fields)
    fields.end()
    return treatment


def _number(f: Fields) -> Treatment:
    parts = (f.text("column"), f.optional_number("fill"), f.truth("flag"))
    return NumberColumn(*parts, f.number("mean"), f.positive("deviation"))


def _boolean(f: Fields) -> Treatment:
    words = f.texts("words")
    if len(words) != 2 or words[0] == words[1]:
        raise f.error("words", "two different words", list(words))
    name, pair = f.text("column"), (words[0], words[1])
    return BooleanColumn(name, pair, f.optional_number("fill"), f.truth("flag"))


def _category(f: Fields) -> Treatment:
    levels = f.texts("levels")
    if not levels or len(set(levels)) != len(levels):
        raise f.error("levels", "different levels, at least one", list(levels))
    flags = f.truth("other"), f.truth("flag"), f.truth("impute")
    return CategoryColumn(f.text("column"), levels, *flags)


def _date(f: Fields) -> Treatment:
    months = f.listed("months", _is_month, "months from 1 to 12")
    if sorted(set(months)) != list(months):
        raise f.error("months", "different months in order", list(months))
    parts = (f.text("column"), f.optional_number("fill"), f.truth("flag"))
    return DateColumn(*parts, f.number("mean"), f.positive("deviation"), months)


def _left_out(f: Fields) -> Treatment:
    return LeftOut(f.text("column"), f.text("reason"))


READERS: dict[str, tuple[type, Callable[[Fields], Treatment]]] = {
    "number": (NumberColumn, _number),
    "boolean": (BooleanColumn, _boolean),
    "category": (CategoryColumn, _category),
    "date": (DateColumn, _date),
    "left out": (LeftOut, _left_out),
}


def _is_class(value: object) -> bool:
    return isinstance(value, str) or is_number(value)


def _is_month(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 12
