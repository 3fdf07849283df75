"""Opening what a command is given: data by name or file, and models."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from glassnet.cli.options import Reading
from glassnet.errors import ArgumentError, DataError, ModelFileError

if TYPE_CHECKING:
    from glassnet.data import Dataset, Images, Preprocessing, ReadOptions, Table
    from glassnet.rules import Estimator
    from glassnet.training import Network
    from glassnet.training.translation import EncoderDecoder

__all__ = [
    "is_model",
    "model_version",
    "open_any",
    "open_as_trained",
    "open_for_model",
    "open_for_training",
    "open_model",
    "refuse_writer",
]

KEY = "glassnet"
LONGEST_HEADER = 100_000_000
STDIN = "-"
HEADER_NOTE = (
    "the first line is taken for the columns' names, although the training file had none; "
    "--no-header reads it as data"
)


def is_model(path: str | os.PathLike[str]) -> bool:
    """Return whether a file says at its beginning that it is a model of glassnet."""
    return _metadata(path) is not None


def model_version(path: str | os.PathLike[str]) -> str:
    """Return the version of glassnet that a model was made by, as its file says."""
    try:
        about: object = json.loads(_metadata(path) or "")
    except (ValueError, RecursionError):
        about = None
    known = cast("dict[str, Any]", about).get("version") if isinstance(about, dict) else None
    return str(known)[:40]


def _metadata(path: str | os.PathLike[str]) -> str | None:
    """Return what a model file says of itself; None if it is no model of glassnet."""
    try:
        with Path(path).open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(LONGEST_HEADER, Path(path).stat().st_size):
                return None
            header: object = json.loads(file.read(length))
    except (OSError, ValueError, RecursionError):
        return None
    entries = cast("dict[str, Any]", header) if isinstance(header, dict) else {}
    metadata: object = entries.get("__metadata__")
    text = cast("dict[str, Any]", metadata).get(KEY) if isinstance(metadata, dict) else None
    return text if isinstance(text, str) else None


def open_for_training(name: str, reading: Reading) -> Dataset:
    """Open data by name, with the official test part of images where one lies beside them."""
    from glassnet.data import Images, open_data, read_images

    _refuse_model(name)
    data = open_data(name, labels=reading.labels, **reading.options())
    images = data.data
    if isinstance(images, Images) and images.test_source is not None:
        test = read_images(images.test_source)
        notes = tuple(text for text in images.notes if "not loaded" not in text)
        notes += (f"the official test part lies beside it: {test.source}",)
        data = replace(data, data=replace(images, notes=notes), test=test)
    return data


def open_for_model(
    name: str, model: Network | Estimator, reading: Reading
) -> tuple[Table | Images, tuple[str, ...]]:
    """Open data for a model, read as the training data were; return them, and notes.

    Of a built-in data set that has an official test part, this part is taken.
    """
    _refuse_model(name)
    if name == STDIN:
        with tempfile.TemporaryDirectory(prefix="glassnet-") as folder:
            place = Path(folder) / "standard input"
            place.write_bytes(sys.stdin.buffer.read())
            data, notes = _read_alike(place, model.preprocessing, reading)
    else:
        data, notes = _read_alike(name, model.preprocessing, reading)
    if data.test is not None:
        return data.test, (f"of {name}, the official test part: {data.test.rows:,} images",)
    return data.data, (*notes, *data.data.notes)


def open_as_trained(name: str, model: Network | Estimator, reading: Reading) -> Table | Images:
    """Open the data that a model was trained on, read as they were then."""
    _refuse_model(name)
    data, _ = _read_alike(name, model.preprocessing, reading)
    return data.data


def _read_alike(
    name: str | Path, preprocessing: Preprocessing | None, reading: Reading
) -> tuple[Dataset, tuple[str, ...]]:
    """Read data, and read them again where they show that they were read unlike the training."""
    from glassnet.data import Table, open_data

    given = reading.options()
    options: ReadOptions = {"minimum_rows": 1, **given}
    try:
        data = open_data(name, labels=reading.labels, **options)
    except ArgumentError:  # images do not have the option of fewer rows, and perhaps others
        data = open_data(name, labels=reading.labels, **given)
    table = data.data
    if preprocessing is None or not isinstance(table, Table):
        return data, ()
    again = _differences(preprocessing, table, given)
    if again:
        data = open_data(name, labels=reading.labels, **{**options, **again})
    if preprocessing.layout.numbered and not table.numbered and "header" not in given:
        return data, (HEADER_NOTE,)
    return data, ()


def _differences(preprocessing: Preprocessing, table: Table, given: ReadOptions) -> ReadOptions:
    """Return options with which a table would be read more as the training data were.

    A header line may look like data in a short file, and codes that are categories like numbers.
    """
    from glassnet.data import Kind, ReadOptions
    from glassnet.data.preprocessing import ImageLayout
    from glassnet.data.treatments import CategoryColumn

    layout, again = preprocessing.layout, ReadOptions()
    if table.numbered and not layout.numbered and "header" not in given:
        first = {column.text(0) for column in table.columns}
        needed = [name for name in layout.header if name not in (*layout.ignored, layout.target)]
        if first.issuperset(needed):
            again["header"] = True
            return again
    if table.numbered == layout.numbered and not isinstance(preprocessing.inputs, ImageLayout):
        names = [t.column for t in preprocessing.inputs if isinstance(t, CategoryColumn)]
        target = preprocessing.target
        if target is not None and target.kind is Kind.CATEGORY:
            names.append(target.name)
        asked = set(given.get("numbers", ()))
        wrong = [
            column.name
            for column in table.columns
            if column.name in names and column.kind is not Kind.CATEGORY
        ]
        wrong = [name for name in wrong if name not in asked]
        if wrong:
            again["categories"] = [*given.get("categories", ()), *wrong]
    return again


def _refuse_model(name: str) -> None:
    if is_model(name):
        raise ArgumentError(
            f"{name!r} is a model, and data are needed here: a file (CSV, TSV, idx) or a built-in "
            "data set (iris, digits); where a command takes both, the model comes first"
        )


def open_model(path: Path) -> Network | Estimator:
    """Return what a model file holds: a network, or a classical rule.

    Raises:
        ArgumentError: It is an encoder–decoder, which is asked in other ways.
        DataError, ModelFileError: As `open_any`.
    """
    from glassnet.training.translation.model import EncoderDecoder

    found = open_any(path)
    if isinstance(found, EncoderDecoder):
        raise ArgumentError(
            f"{str(path)!r} is an encoder–decoder: `glassnet translate` asks it, `glassnet "
            "evaluate` measures it, `glassnet info` shows it"
        )
    return found


def open_any(path: Path) -> Network | Estimator | EncoderDecoder:
    """Return what a model file holds: a network, a classical rule, or an encoder–decoder.

    Raises:
        DataError, ModelFileError: There is no such file, or it is no model; what it seems to be
            instead is said where it is plain.
    """
    from glassnet.data.files import BUILTIN_NAMES, MADE_NAMES
    from glassnet.training import load

    if str(path) in (*BUILTIN_NAMES, *MADE_NAMES) and not path.exists():
        raise ArgumentError(
            f"{str(path)!r} is a data set, and a model is needed here, such as {path}.safetensors; "
            f"`glassnet train {path}` makes one"
        )
    if path.is_dir():
        raise DataError(f"{str(path)!r} is a folder, not a model file; name a file in it")
    try:
        return load(path)
    except ModelFileError as error:
        if _is_text(path):
            raise ModelFileError(
                f"{path.name} is text, such as a table, and a model is needed here "
                "(a .safetensors file that `glassnet train` has written); the model comes first"
            ) from None
        raise error from None


def refuse_writer(net: Network | Estimator, path: Path) -> None:
    """Raise ArgumentError if a model is one that writes text, for commands that need answers."""
    from glassnet.data.text.stored import CharacterReader

    if isinstance(getattr(net, "text", None), CharacterReader):
        raise ArgumentError(
            f"{str(path)!r} has learnt a text: `glassnet sample {path}` lets it write, and "
            f"`glassnet evaluate {path} other.txt` measures it on another text"
        )


def _is_text(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(4096)
    except OSError:
        return False
    return bool(start) and b"\0" not in start and start[:1] != b"{"
