"""A classical rule as a model file: settings as JSON, what was learnt as tensors.

The form is that of networks (see `glassnet.training.model_file`): one safetensors file, and nothing
in it is trusted.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import os
import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np

import glassnet
from glassnet.errors import ArgumentError, ModelFileError
from glassnet.files import write_file
from glassnet.graph.types import Array, DType
from glassnet.rules.estimator import RULES, Estimator
from glassnet.training.history import History
from glassnet.training.model_file import FORMAT, KEY, MOST_CLASSES, Document
from glassnet.unit import Unit

__all__ = ["plain_settings", "restore", "save"]


def save(model: Estimator, path: str | os.PathLike[str]) -> Path:
    """Write what a rule has learnt to a file; return its path.

    Raises:
        ArgumentError: Nothing was learnt yet.
        OutputError: The file cannot be written; what stood there before is untouched.
    """
    from safetensors.numpy import save as serialise

    if not model.is_fitted:
        raise ArgumentError(f"this {type(model).__name__} has not learnt yet: call fit first")
    preprocessing = model.preprocessing_
    classes = model.classes
    about = {
        "format": FORMAT,
        "version": glassnet.__version__,
        "rule": model.rule,
        "settings": plain_settings(model),
        "inputs": model.n_features_in_,
        "classes": None if classes is None else list(classes),
        "preprocessing": None if preprocessing is None else preprocessing.to_json(),
        "training": model.training_,
        "learnt": model.learnt(),
        "notes": list(model.notes_),
    }
    tensors: dict[str, Array] = {}
    for name in model.state:
        value = getattr(model, name, None)
        if value is not None:
            tensors[name] = np.ascontiguousarray(value)
    text = json.dumps(about, ensure_ascii=False, allow_nan=False, default=_own)
    return write_file(path, bytes(serialise(tensors, {KEY: text})))


def _own(value: Any) -> Any:
    """Return one of NumPy's numbers, as a grid search gives them, as Python's own."""
    if isinstance(value, np.generic):
        return cast("Any", value).item()
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")


def plain_settings(model: Estimator) -> dict[str, Any]:
    """Return the settings of a rule as plain data; first weights that were given are left out."""
    return {key: _plain(value) for key, value in model.get_params().items()}


def _plain(value: Any) -> Any:
    """Return a setting as JSON; arrays, such as first weights, are left out."""
    if isinstance(value, Unit):
        return value.to_json()
    if isinstance(value, str | int | float | bool | None):
        return value
    if isinstance(value, np.generic):
        return cast("Any", value).item()
    return None


def restore(about: Document, tensors: dict[str, Array]) -> Estimator:
    """Return the rule that a model file describes; never trusts it.

    Raises:
        ModelFileError: An entry is missing, of the wrong kind, or does not fit the others.
    """
    name = about.get("rule", str)
    if name not in RULES:
        raise ModelFileError(f"there is no rule named {name!r:.60}; update glassnet to load it")
    cls = RULES[name]
    model = cls(**_settings(cls, about.inside("settings").data))
    model.check()
    inputs = about.get("inputs", int)
    if inputs < 1:
        raise ModelFileError("inputs must be at least 1")
    classes = about.get("classes", list, type(None))
    sizes = {"source": inputs}
    model.n_features_in_ = inputs
    model.history_ = History()
    model.notes_ = tuple(str(note) for note in about.get("notes", list))
    model.training_ = about.inside("training").data
    if classes is not None:
        model.classes_ = _classes(classes)
        sizes["class"] = len(classes)
    _adopt(model, tensors, sizes)
    model.remember(about.inside("learnt").data)
    stored = about.get("preprocessing", dict, type(None))
    model.preprocessing_ = None
    if stored is not None:
        from glassnet.data import Preprocessing

        preprocessing = Preprocessing.from_json(stored)
        if len(preprocessing.feature_names) != inputs:
            raise ModelFileError(
                f"the preprocessing gives {len(preprocessing.feature_names)} features, "
                f"the rule takes {inputs}"
            )
        target = preprocessing.target
        if classes is not None and (target is None or list(target.classes) != classes):
            raise ModelFileError("the classes of the rule and of the preprocessing differ")
        model.preprocessing_ = preprocessing
    return model


def _classes(classes: list[Any]) -> Array:
    if not 2 <= len(classes) <= MOST_CLASSES or len(set(map(str, classes))) != len(classes):
        raise ModelFileError("classes must be two or more different names")
    if not all(isinstance(name, str | int | float) for name in classes):
        raise ModelFileError("classes must be names or numbers")
    return np.array(classes)


def _settings(cls: type[Estimator], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings read from JSON, each of a type that the rule's field allows."""
    hints = typing.get_type_hints(cls)
    known = {f.name for f in dataclasses.fields(cast("Any", cls)) if f.init}
    found: dict[str, Any] = {}
    for key, value in given.items():
        if key not in known:
            raise ModelFileError(f"{cls.rule} has no setting {key!r:.60}")
        found[key] = _setting(f"{cls.rule}: {key}", value, hints[key])
    return found


def _setting(place: str, value: Any, hint: Any) -> Any:
    kinds = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    if value is None:
        return None
    for kind in cast("tuple[Any, ...]", kinds):
        if kind is Any and isinstance(value, str | int | float | bool):
            return value
        if isinstance(value, Mapping):
            if inspect.isclass(kind) and issubclass(cast("type[Any]", kind), Unit):
                return cast("type[Unit]", kind).from_json(cast("Mapping[str, Any]", value))
        elif kind is float and type(value) in (int, float):
            return float(value)
        elif kind in (int, str, bool) and type(value) is kind:
            return value
    raise ModelFileError(f"{place} has a value of the wrong type: {value!r:.60}")


def _adopt(model: Estimator, tensors: Mapping[str, Array], sizes: dict[str, int]) -> None:
    """Take over the tensors, if they are just those that the rule learns."""
    for name, axes in model.state.items():
        optional = bool(axes) and axes[0].startswith("?")
        if name not in tensors:
            if optional:
                continue
            raise ModelFileError(f"the tensor {name} is missing")
        found = tensors[name]
        wanted = DType.INT64 if name in model.whole else DType(model.dtype)
        if found.dtype != wanted.numpy or found.ndim != len(axes):
            raise ModelFileError(
                f"{name} must be {wanted} with {len(axes)} axes; it is {found.dtype} of "
                f"{found.shape}"
            )
        if not np.isfinite(found).all():
            raise ModelFileError(f"{name} holds numbers that are not finite")
        for axis, length in zip(axes, found.shape, strict=True):
            expected = sizes.setdefault(axis.lstrip("?"), length)
            if length != expected or length < 1:
                raise ModelFileError(f"{name} has {length} on axis {axis}; {expected} is needed")
        setattr(model, name, found.copy())
    extra = sorted(set(tensors) - set(model.state))
    if extra:
        raise ModelFileError(f"there is a tensor that the rule does not need: {extra[0]!r:.60}")
