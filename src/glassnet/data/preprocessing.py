"""From tables and images to a network's numbers, fitted to the rows for training."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from glassnet.data.columns import Array
from glassnet.data.converting import Encoded
from glassnet.data.fitting import Choices, choose_treatment, mean_and_deviation
from glassnet.data.images import Images
from glassnet.data.matching import Layout
from glassnet.data.table import Table
from glassnet.data.target import Target
from glassnet.data.treatments import (
    LeftOut,
    Treatment,
)
from glassnet.errors import ArgumentError, DataError, ShapeError
from glassnet.records import dataclass

__all__ = ["ImageLayout", "Preprocessing"]


@dataclass(frozen=True)
class ImageLayout:
    """The size of a model's images, and the number that each pixel is divided by."""

    rows: int
    columns: int
    maximum: int


@dataclass(frozen=True)
class Preprocessing:
    """How data become features, and the target numbers; and numbers answers again.

    `inputs` says how each column is treated, in the order of the table, or the size of the images.
    A regression target is standardised: (t − `target_mean`) / `target_deviation`.
    """

    inputs: tuple[Treatment, ...] | ImageLayout
    layout: Layout
    target: Target | None
    target_mean: float = 0.0
    target_deviation: float = 1.0

    @classmethod
    def fit(
        cls,
        data: Table | Images,
        target: Target | None = None,
        rows: Array | None = None,
        *,
        standardize: bool = True,
        standardize_target: bool = True,
        impute: bool = True,
        max_levels: int = 50,
    ) -> Preprocessing:
        """Return the preprocessing that fits the data.

        Numbers are standardised (mean and population standard deviation), categories are one-hot;
        missing numbers become the median, with a feature that says so. Columns that cannot help
        are left out, and `summary` says why. Images are divided by their maximum.

        Args:
            data: the table or the images, all rows.
            target: from `decide_target`; its column is no input.
            rows: the rows for training (int64, 1-D), which alone decide all statistics; all rows
                where None.
            standardize: whether numbers (and years) are standardised.
            standardize_target: whether a regression target is.
            impute: whether missing values are filled in; otherwise they are errors.
            max_levels: the most levels of a category; rarer ones become "(other)".

        Raises:
            ArgumentError: max_levels is no whole number of at least 1; or rows that are not there.
            DataError: a value is missing and impute is off; or no column is left.

        >>> from glassnet.data import decide_target, open_data
        >>> iris = open_data("iris").data
        >>> fitted = Preprocessing.fit(iris, decide_target(iris))
        >>> fitted.transform(iris)[0].round(2)
        array([-0.9 ,  1.03, -1.34, -1.31])
        """
        if max_levels < 1 or int(max_levels) != max_levels:
            raise ArgumentError(
                f"max_levels must be a whole number of at least 1; got {max_levels!r}"
            )
        chosen = _training_rows(data, target, rows)
        mean, deviation = 0.0, 1.0
        if target is not None and target.task == "regression" and standardize_target:
            if isinstance(data, Images):
                raise ArgumentError("the target is a column of numbers, which images do not have")
            values = target.encode(data.take(chosen))
            mean, deviation = mean_and_deviation(values, data, target.name)
        if isinstance(data, Images):
            inputs = ImageLayout(*data.shape, data.maximum)
            return cls(inputs, Layout((), (), None), target)
        name = None if target is None else target.name
        choices = Choices(standardize, impute, max_levels)
        training = data.take(chosen)
        inputs = [i for i, column in enumerate(data.names) if column != name]
        treatments = tuple(choose_treatment(data, training, i, choices) for i in inputs)
        if all(isinstance(t, LeftOut) for t in treatments):  # a row number is better than nothing
            kept = replace(choices, keep_row_numbers=True)
            treatments = tuple(choose_treatment(data, training, i, kept) for i in inputs)
        _check_something_left(data, treatments)
        return cls(treatments, Layout.of(data, name), target, mean, deviation)

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features, in order."""
        if isinstance(self.inputs, ImageLayout):
            height, width = self.inputs.rows, self.inputs.columns
            return tuple(f"pixel {i + 1},{j + 1}" for i in range(height) for j in range(width))
        return tuple(name for treatment in self.inputs for name in treatment.names)

    def table_of(self, x: Any) -> Table | Images:
        """Return plain numbers as data of the kind that this preprocessing was fitted on.

        Columns, or pixels of shape (n, rows, columns) or (n, pixels), are taken in their order.
        """
        from glassnet.data.frames import from_arrays

        if not isinstance(self.inputs, ImageLayout):
            return from_arrays(x)
        size = self.inputs
        pixels = np.asarray(x)
        if pixels.ndim < 2 or pixels[0].size != size.rows * size.columns:
            raise ShapeError(
                f"images must have shape (n, {size.rows}, {size.columns}); got {pixels.shape}"
            )
        images = pixels.reshape(len(pixels), size.rows, size.columns)
        return Images(images, None, size.maximum, "array")

    def transform(self, data: Table | Images) -> Array:
        """Return the features (float64, shape (n, features)).

        Raises:
            DataError: columns are missing, or a cell does not fit its column; or the images have
                another size.
        """
        return self.apply(data).values

    def apply(self, data: Table | Images) -> Encoded:
        """Do as `transform`, and return notes too: on values that training did not meet."""
        if isinstance(self.inputs, ImageLayout):
            return Encoded(self._transform_images(data, self.inputs))
        if isinstance(data, Images):
            raise DataError("images, where the model takes a table", source=data.source)
        used = tuple(t for t in self.inputs if not isinstance(t, LeftOut))
        columns = self.layout.match(data, tuple(t.column for t in used))
        parts = [treatment.apply(data, columns[treatment.column]) for treatment in used]
        notes = tuple(note for part in parts for note in part.notes)
        if self.layout.numbered != data.numbered:
            notes = ("only one of the files has a header line: columns match by position", *notes)
        return Encoded(np.concatenate([part.values for part in parts], axis=1), notes)

    def summary(self) -> list[tuple[str, str, str]]:
        """Return for each column: its name, what it is treated as, and details; the target last."""
        if isinstance(self.inputs, ImageLayout):
            size = self.inputs
            details = f"each divided by {size.maximum}; pixels are never standardised one by one"
            lines = [(f"{size.rows} × {size.columns} pixels", "image", details)]
        else:
            lines = [(treatment.column, *treatment.details) for treatment in self.inputs]
        return lines if self.target is None else [*lines, (self.target.name, *self._target_line())]

    def encode_target(self, data: Table | Images) -> Array:
        """Return class indices (int64, shape (n,)), or standardised numbers (float64).

        Raises:
            DataError: there is no such column; a cell is missing, or of a class not known.
        """
        return self.apply_target(data).values

    def apply_target(self, data: Table | Images) -> Encoded:
        """Do as `encode_target`, and return notes too."""
        target = self._needed_target()
        encoded = target.apply(data)
        if target.task == "classification":
            return encoded
        standard = (encoded.values - self.target_mean) / self.target_deviation
        return Encoded(standard, encoded.notes)

    def decode_predictions(self, predictions: Array) -> Array:
        """Return the answers (shape (n,)) that a network's outputs stand for.

        For regression: outputs of shape (n,) or (n, 1), in the target's own units again. For
        classification: class indices (whole numbers, shape (n,)); or one output per class, of
        which the largest wins; or, for two classes, one output, the second class from ½ upwards.

        Raises:
            ShapeError: the outputs have another shape.
        """
        target = self._needed_target()
        outputs = np.asarray(predictions)
        single = outputs[:, 0] if outputs.ndim == 2 and outputs.shape[1] == 1 else outputs
        if target.task == "regression":
            if single.ndim != 1:
                raise ShapeError(f"outputs must have shape (n,) or (n, 1); got {outputs.shape}")
            return single.astype(np.float64) * self.target_deviation + self.target_mean
        count = len(target.classes)
        if single.ndim == 1 and single.dtype.kind in "iu":
            return target.decode(single)
        if outputs.ndim == 2 and outputs.shape[1] == count:
            return target.decode(np.argmax(outputs, axis=1))
        if single.ndim == 1 and count == 2:
            return target.decode((single >= 0.5).astype(np.int64))
        raise ShapeError(f"outputs must have shape (n, {count}) or be indices; got {outputs.shape}")

    def to_json(self) -> dict[str, Any]:
        """Return all of it as a dictionary that JSON can hold, with exact numbers."""
        from glassnet.data.stored import preprocessing_to_json

        return preprocessing_to_json(self)

    @classmethod
    def from_json(cls, stored: object) -> Preprocessing:
        """Return the preprocessing that `to_json` gave the dictionary of.

        Raises:
            ModelFileError: the dictionary is not one that this version wrote; the message says
                where it is not.
        """
        from glassnet.data.stored import preprocessing_from_json

        return preprocessing_from_json(stored)

    def _needed_target(self) -> Target:
        if self.target is None:
            raise ArgumentError("this preprocessing was fitted without a target")
        return self.target

    def _target_line(self) -> tuple[str, str]:
        target = self._needed_target()
        if target.task == "classification":
            names = ", ".join(target.class_names[:8]) + ", …" * (len(target.classes) > 8)
            return "target", f"{len(target.classes)} classes ({target.reason}): {names}"
        scale = f"mean {self.target_mean:.6g}, standard deviation {self.target_deviation:.6g}"
        plain = self.target_mean == 0.0 and self.target_deviation == 1.0
        return "target", f"regression ({target.reason}); " + (
            "as it is" if plain else f"standardised: {scale}"
        )

    def _transform_images(self, data: Table | Images, size: ImageLayout) -> Array:
        if not isinstance(data, Images):
            raise DataError("a table, where the model takes images", source=data.source)
        if data.shape != (size.rows, size.columns):
            height, width = data.shape
            raise DataError(
                f"images of {height} × {width}; the model takes {size.rows} × {size.columns}",
                source=data.source,
            )
        if data.maximum != size.maximum:
            raise DataError(
                f"pixels from 0 to {data.maximum}; the model takes 0 to {size.maximum}",
                source=data.source,
            )
        return data.pixels.reshape(len(data), -1) / np.float64(size.maximum)


def _training_rows(data: Table | Images, target: Target | None, rows: Array | None) -> Array:
    """Return the rows to learn from, in order: those asked for that have a target."""
    chosen = np.zeros(data.rows, np.bool_)
    try:
        chosen[slice(None) if rows is None else np.asarray(rows)] = True
    except IndexError as error:
        raise ArgumentError(f"rows must be row numbers below {data.rows} ({error})") from None
    if target is not None:
        usable = np.zeros(data.rows, np.bool_)
        usable[target.usable_rows(data)] = True
        chosen &= usable
    if not chosen.any():
        raise ArgumentError("there are no rows for training")
    return np.flatnonzero(chosen)


def _check_something_left(table: Table, treatments: tuple[Treatment, ...]) -> None:
    left_out = [t for t in treatments if isinstance(t, LeftOut)]
    if len(left_out) < len(treatments):
        return
    reasons = "; ".join(f"{t.column!r}: {t.reason}" for t in left_out[:5])
    more = f"; and {len(left_out) - 5} more" if len(left_out) > 5 else ""
    why = f"all are left out: {reasons}{more}" if left_out else "the target is the only column"
    raise DataError(f"no column is left as an input; {why}", source=table.source)
