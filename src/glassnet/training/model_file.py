"""A model is one safetensors file: weights, and in its metadata all the rest as JSON.

Loading never runs code: the file holds numbers and JSON, and both are checked against each other
before anything is made of them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from glassnet.errors import DataError, GlassnetError, ModelFileError
from glassnet.files import write_file
from glassnet.graph.types import Array, DType
from glassnet.nn.layers import Layer, Parameter
from glassnet.nn.stack import Stack
from glassnet.training.network import Network

if TYPE_CHECKING:
    from glassnet.data import Preprocessing

__all__ = ["FORMAT", "KEY", "MOST_CLASSES", "Document", "compare", "load", "save"]

FORMAT = 1
KEY = "glassnet"
MOST_CLASSES = 1_000_000
LONGEST = 500  # characters of a message
# Other kinds of model than networks, by the entry that marks them: the module whose `restore` makes
# one from the document and the tensors. They lie in rooms above this one.
OTHERS = {
    "rule": "glassnet.rules.model_file",
    "encoder_decoder": "glassnet.training.translation.model_file",
}


def save(net: Network, path: str | os.PathLike[str]) -> Path:
    """Write a network to a file; return its path.

    Raises:
        OutputError: The file cannot be written; what stood there before is untouched.
    """
    from safetensors.numpy import save as serialise

    import glassnet

    stack = net.stack
    about = {
        "format": FORMAT,
        "version": glassnet.__version__,
        "network": {
            "inputs": list(stack.inputs),
            "layers": [_layer_json(layer) for layer in stack.layers],
            "seed": net.seed,
            "dtype": str(net.dtype),
        },
        "task": net.task,
        "classes": None if net.classes is None else [_plain(name) for name in net.classes],
        "preprocessing": None if net.preprocessing is None else net.preprocessing.to_json(),
        "training": net.training,
        "conventions": {"weights": "[to, from]"},
    }
    if net.text is not None:
        about["text"] = net.text.to_json()
    tensors = {f"parameters/{key}": np.ascontiguousarray(v) for key, v in net.parameters.items()}
    tensors |= {f"statistics/{key}": np.ascontiguousarray(v) for key, v in net.statistics.items()}
    text = json.dumps(about, ensure_ascii=False, allow_nan=False)
    return write_file(path, bytes(serialise(tensors, {KEY: text})))


def _plain(value: Any) -> Any:
    return np.asarray(value).item()


def _layer_json(layer: Layer) -> dict[str, Any]:
    """Return a layer as data; given first weights are left out: the trained ones are there."""
    data = layer.to_json()
    for key, value in data.items():
        if isinstance(value, Mapping) and cast("Mapping[str, Any]", value).get("kind") == "given":
            data[key] = {"kind": "zeros"}
    return data


def load(path: str | os.PathLike[str]) -> Any:
    """Return what a model file holds: a network, or a classical rule such as `Perceptron`.

    Raises:
        DataError: There is no such file, or it may not be read.
        ModelFileError: The file is no model, is damaged or altered, or comes from a later version.
    """
    name = Path(path).name
    tensors, text = _read(Path(path))
    try:
        about = json.loads(text, parse_constant=_refuse)
        document = Document(about)
        _check_version(document)
        for key, module in OTHERS.items():
            if key in document.data:
                return import_module(module).restore(document, tensors)
        return _restore(document, tensors)
    except ModelFileError as error:
        raise ModelFileError(f"{name}: {_shortened(error)}") from None
    except (GlassnetError, ValueError, TypeError, RecursionError, OverflowError) as error:
        message = f"{name}: the model file is damaged: {_shortened(error)}"
        raise ModelFileError(message) from None


def _shortened(error: Exception) -> str:
    """Return a message without the length of what a hostile file may have put into it."""
    text = str(error)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _read(path: Path) -> tuple[dict[str, Array], str]:
    """Return the tensors and the JSON text of a file."""
    from safetensors import SafetensorError, safe_open

    try:
        with path.open("rb") as file:
            file.read(1)
    except FileNotFoundError:
        raise DataError(f"there is no file {str(path)!r}") from None
    except OSError as error:
        raise DataError(f"{str(path)!r} cannot be read: {error.strerror}") from None
    try:
        opened: Any = safe_open(str(path), framework="numpy")
        with opened as file:
            metadata = cast("dict[str, str]", file.metadata() or {})
            if KEY not in metadata:
                raise ModelFileError(f"{path.name} is a safetensors file, but no model of glassnet")
            return {key: file.get_tensor(key) for key in file.keys()}, metadata[KEY]  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, AttributeError) as error:
        raise ModelFileError(
            f"{path.name} is not a glassnet model, or it is damaged ({error})"
        ) from None


class Document:
    """JSON that is not trusted: every entry is asked for with the type that it must have."""

    def __init__(self, data: object, place: str = "model") -> None:
        if not isinstance(data, dict):
            raise ModelFileError(f"{place} must be a table of entries")
        self.data, self.place = cast("dict[str, Any]", data), place

    def get(self, key: str, *kinds: type) -> Any:
        """Return an entry that must be of one of these types."""
        value = self.data.get(key)
        if type(value) not in kinds:
            wanted = " or ".join("nothing" if k is type(None) else k.__name__ for k in kinds)
            raise ModelFileError(f"{self.place}: {key} must be {wanted}; it is {value!r:.60}")
        return value

    def inside(self, key: str) -> Document:
        """Return an entry that must be a table itself."""
        return Document(self.data.get(key), f"{self.place}: {key}")


def _check_version(about: Document) -> None:
    made_by = about.data.get("version")
    if about.get("format", int) > FORMAT:
        raise ModelFileError(
            f"the model was made by a later version of glassnet ({made_by!r:.40}); "
            "update glassnet to load it"
        )


def _restore(about: Document, tensors: dict[str, Array]) -> Network:
    described = about.inside("network")
    layers = [Layer.from_json(entry) for entry in described.get("layers", list)]
    inputs = described.get("inputs", list)
    if not all(type(length) is int for length in inputs):
        raise ModelFileError("network: inputs must be whole numbers")
    stack = Stack(layers, inputs)
    dtype = DType(described.get("dtype", str))
    expected = {f"parameters/{k}": p for k, p in stack.parameters().items()}
    expected |= {f"statistics/{k}": p for k, p in stack.statistics().items()}
    compare(expected, tensors, dtype)

    net = Network(layers, seed=described.get("seed", int), dtype=dtype)
    net.adopt(
        stack,
        {key: tensors[f"parameters/{key}"] for key in stack.parameters()},
        {key: tensors[f"statistics/{key}"] for key in stack.statistics()},
    )
    net.task = about.get("task", str, type(None))
    if net.task not in (None, "classification", "regression"):
        raise ModelFileError(f"task must be classification or regression; it is {net.task!r:.40}")
    classes = about.get("classes", list, type(None))
    net.classes = None if classes is None else _classes(classes, stack.units)
    if net.task == "classification" and net.classes is None:
        raise ModelFileError("the classes are missing")
    net.training = about.inside("training").data
    if "text" in about.data:
        from glassnet.data.text.stored import reader_from_json
        from glassnet.training.text_models import check_reader

        net.text = reader_from_json(about.data["text"])
        check_reader(net.text, stack)
    stored = about.get("preprocessing", dict, type(None))
    if stored is not None:
        net.preprocessing = _preprocessing(stored, stack, net.task, net.classes)
    return net


def compare(expected: Mapping[str, Parameter], tensors: Mapping[str, Array], dtype: DType) -> None:
    """Raise ModelFileError unless the file holds just the tensors that the layers need."""
    for key, parameter in expected.items():
        shape = parameter.shape
        if key not in tensors:
            raise ModelFileError(f"the tensor {key} is missing")
        found = tensors[key]
        if found.shape != shape or found.dtype != dtype.numpy:
            raise ModelFileError(
                f"{key} must be {dtype} of shape {shape}; it is {found.dtype} of {found.shape}"
            )
        if not np.isfinite(found).all():
            raise ModelFileError(f"{key} holds numbers that are not finite")
        if (found < parameter.low).any():
            raise ModelFileError(f"{key} holds numbers below {parameter.low:g}")
    extra = sorted(set(tensors) - set(expected))
    if extra:
        raise ModelFileError(f"there is a tensor that no layer needs: {extra[0]!r:.60}")


def _classes(classes: list[Any], units: int) -> tuple[Any, ...]:
    if not 2 <= len(classes) <= MOST_CLASSES or len(set(map(str, classes))) != len(classes):
        raise ModelFileError("classes must be two or more different names")
    if not all(isinstance(name, str | int | float) for name in classes):
        raise ModelFileError("classes must be names or numbers")
    if len(classes) != max(units, 2):
        raise ModelFileError(f"{len(classes)} classes do not fit {units} outputs")
    return tuple(classes)


def _preprocessing(
    stored: dict[str, Any], stack: Stack, task: str | None, classes: tuple[Any, ...] | None
) -> Preprocessing:
    from glassnet.data import Preprocessing

    preprocessing = Preprocessing.from_json(stored)
    if len(preprocessing.feature_names) != stack.shapes[0][0]:
        raise ModelFileError(
            f"the preprocessing gives {len(preprocessing.feature_names)} features, "
            f"the network takes {stack.shapes[0][0]}"
        )
    target = preprocessing.target
    if target is None:
        raise ModelFileError("the preprocessing has no target")
    if target.task != task or (target.classes or None) != classes:
        raise ModelFileError("the tasks or classes of the network and of the preprocessing differ")
    return preprocessing
