"""Sets of images of one size, with or without labels."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from glassnet.data.columns import Array
from glassnet.data.idx import read_idx
from glassnet.errors import DataError
from glassnet.records import dataclass

__all__ = ["Images", "read_images"]


@dataclass(frozen=True, eq=False)
class Images:
    """A set of grey images of one size.

    `pixels` (uint8, shape (n, rows, columns)) go from 0 to `maximum`; `labels` (int64, shape (n,))
    are the classes, or None. `source` is the file's name as shown to people; `test_source` the file
    of the official test part where one lies beside it (it is not loaded).
    """

    pixels: Array
    labels: Array | None
    maximum: int
    source: str
    notes: tuple[str, ...] = ()
    test_source: Path | None = None

    def __repr__(self) -> str:
        height, width = self.shape
        labels = "without labels" if self.labels is None else "with labels"
        return f"Images({self.source}: {len(self)} images of {height} × {width}, {labels})"

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def rows(self) -> int:
        """The number of images: they are the rows of the data."""
        return len(self.pixels)

    @property
    def shape(self) -> tuple[int, int]:
        """The rows and columns of each image."""
        return self.pixels.shape[1], self.pixels.shape[2]

    def take(self, rows: Array) -> Images:
        """Return only the given images (int64 or bool, 1-D), in the order given."""
        index = np.asarray(rows)
        labels = None if self.labels is None else self.labels[index]
        return replace(self, pixels=self.pixels[index], labels=labels)


def read_images(
    path: str | os.PathLike[str], labels: str | os.PathLike[str] | None = None
) -> Images:
    """Read images from an idx file, with their labels from `labels` or the file beside it.

    Beside `train-images-idx3-ubyte.gz` the labels are `train-labels-idx1-ubyte.gz`.

    Raises:
        DataError: a file cannot be read, holds no images or labels, or the two do not fit.
    """
    place = Path(path)
    pixels = read_idx(place)
    if pixels.ndim != 3 or pixels.dtype != np.uint8:
        raise DataError(
            f"not images: {pixels.dtype} numbers with sizes {' × '.join(map(str, pixels.shape))}, "
            "where bytes (uint8) with three sizes are expected: images × rows × columns"
            + ("; name the images, and the labels are found" if pixels.ndim == 1 else ""),
            source=place.name,
        )
    if 0 in pixels.shape:
        sizes = " × ".join(map(str, pixels.shape))
        raise DataError(f"there are no images: the sizes are {sizes}", source=place.name)
    notes: list[str] = []
    beside = Path(labels) if labels is not None else _first(_label_names(place))
    if beside is None:
        notes.append("no labels: no labels file lies beside the images")
    elif labels is None:
        notes.append(f"labels from {beside.name}")
    test = _first(_test_names(place))
    if test is not None:
        notes.append(f"the official test part lies beside it, not loaded: {test.name}")
    classes = None if beside is None else _read_labels(beside, len(pixels), place.name)
    return Images(pixels, classes, 255, place.name, tuple(notes), test)


def _read_labels(path: Path, count: int, images: str) -> Array:
    labels = read_idx(path)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise DataError(
            f"not labels: {labels.dtype} numbers with {labels.ndim} sizes, where whole numbers "
            "with one size are expected",
            source=path.name,
        )
    if len(labels) != count:
        raise DataError(
            f"{len(labels)} labels for the {count} images of {images}; name the labels that belong "
            "to them with `labels`",
            source=path.name,
        )
    return labels.astype(np.int64)


def _label_names(place: Path) -> Iterable[Path]:
    name = place.name.replace("images", "labels").replace("idx3", "idx1")
    if name == place.name:
        return
    for candidate in (name, name.removesuffix(".gz"), f"{name}.gz"):
        yield place.with_name(candidate)


def _test_names(place: Path) -> Iterable[Path]:
    if place.name.startswith("train-"):
        for start in ("t10k-", "test-"):
            yield place.with_name(start + place.name.removeprefix("train-"))


def _first(candidates: Iterable[Path]) -> Path | None:
    return next((path for path in candidates if path.is_file()), None)
