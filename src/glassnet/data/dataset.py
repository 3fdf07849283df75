"""Opening data by name: a table, images in idx format, or one of the two built-in sets."""

from __future__ import annotations

import gzip
import os
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import numpy as np

from glassnet.data.columns import Array
from glassnet.data.files import BUILTIN_NAMES
from glassnet.data.idx import is_idx
from glassnet.data.images import Images, read_images
from glassnet.data.reading import ReadOptions, read_table
from glassnet.data.table import Table
from glassnet.errors import ArgumentError
from glassnet.records import dataclass

__all__ = ["Dataset", "open_data"]

BUILTIN = Path(__file__).with_name("builtin")
CREDITS = {
    "iris": "Iris: R. A. Fisher (1936), UCI Machine Learning Repository, CC BY 4.0",
    "digits": (
        "Optical Recognition of Handwritten Digits: E. Alpaydin & C. Kaynak (1998), "
        "UCI Machine Learning Repository, CC BY 4.0"
    ),
}


@dataclass(frozen=True, eq=False)
class Dataset:
    """Data by name: `data`, the official `test` part where there is one, and whom to credit."""

    data: Table | Images
    test: Table | Images | None
    name: str
    credit: str | None

    def __repr__(self) -> str:
        test = "" if self.test is None else f", test {self.test!r}"
        return f"Dataset({self.name}: {self.data!r}{test})"


def open_data(
    name_or_path: str | os.PathLike[str],
    *,
    labels: str | os.PathLike[str] | None = None,
    **options: Unpack[ReadOptions],
) -> Dataset:
    """Open a built-in data set (`iris`, `digits`) by name, or a file: a table, or images (idx).

    A file that has the name of a built-in set is opened as `./iris`. The options are those of
    `read_table`; `labels` names the file of the images' labels where it does not lie beside them.

    Raises:
        ArgumentError: an option that this kind of data does not have.
        DataError: the data cannot be read.

    >>> open_data("iris").data
    Table(iris: 150 rows × 5 columns)
    >>> open_data("digits")
    Dataset(digits: Images(digits: 3823 images of 8 × 8, with labels),
            test Images(digits (test): 1797 images of 8 × 8, with labels))
    """
    name = os.fspath(name_or_path)
    if name in BUILTIN_NAMES and isinstance(name_or_path, str):
        return _iris(labels, options) if name == "iris" else _digits(labels, options)
    path = Path(name)
    if _holds_idx(path):
        _refuse(dict(options), "images have no option {}; they are options of tables")
        return Dataset(read_images(path, labels), None, path.name, None)
    _refuse_labels(labels)
    return Dataset(read_table(path, **options), None, path.name, None)


def _iris(labels: object, options: ReadOptions) -> Dataset:
    _refuse_labels(labels)
    table = replace(read_table(BUILTIN / "iris.csv.gz", **options), source="iris")
    return Dataset(table, None, "iris", CREDITS["iris"])


def _digits(labels: object, options: ReadOptions) -> Dataset:
    _refuse_labels(labels)
    _refuse(dict(options), "the built-in digits are images and have no option {}")
    with np.load(BUILTIN / "digits.npz", allow_pickle=False) as stored:
        parts: dict[str, Array] = {key: stored[key] for key in stored.files}
    train, test = (
        Images(parts[f"{part}_pixels"], parts[f"{part}_labels"].astype(np.int64), 16, source)
        for part, source in (("train", "digits"), ("test", "digits (test)"))
    )
    return Dataset(train, test, "digits", CREDITS["digits"])


def _holds_idx(path: Path) -> bool:
    """Return whether a file is in idx format, by its first bytes; False where it cannot be read."""
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if start.startswith(b"\x1f\x8b"):
            with gzip.open(path) as unpacked:
                start = unpacked.read(4)
    except (OSError, ValueError, EOFError, zlib.error):
        return False  # what is wrong is said by the reader
    return is_idx(start)


def _refuse(options: dict[str, object], message: str) -> None:
    given = [name for name, value in options.items() if value is not None]
    if given:
        raise ArgumentError(message.format(f"`{given[0]}`"))


def _refuse_labels(labels: object) -> None:
    if labels is not None:
        raise ArgumentError("`labels` is an option of images in idx format, which this is not")
