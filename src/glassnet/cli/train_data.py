"""What `glassnet train` reads and where it writes, for networks and rules alike."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from glassnet.cli.building import Wishes, shares
from glassnet.cli.opening import open_for_training
from glassnet.cli.writing import check_outputs, model_path

if TYPE_CHECKING:
    from glassnet.data import Dataset
    from glassnet.training.prepare import Prepared

__all__ = ["check_files", "read_data"]


def check_files(wishes: Wishes) -> Path:
    """Return where the model goes; raise if something cannot be written, or would be lost."""
    path = model_path(wishes.out, wishes.data)
    read: dict[str, str | Path] = {"DATA": wishes.data}
    if wishes.test_data is not None:
        read["--test-data"] = wishes.test_data
    if wishes.reading.labels is not None:
        read["--labels"] = wishes.reading.labels
    written = {"--out": path, "--plot": wishes.plot, "--history": wishes.history}
    check_outputs(written, read)
    if wishes.plot is not None:
        from glassnet.training.curves import check_picture

        check_picture(wishes.plot)
    return path


def read_data(wishes: Wishes, *, validated: bool = True) -> tuple[Dataset, Prepared]:
    """Return the data, and its parts ready for training; `validated`: with a validation part."""
    from glassnet.training.prepare import prepare

    data = open_for_training(wishes.data, wishes.reading)
    tested = None
    if wishes.test_data is not None:
        tested = open_for_training(wishes.test_data, wishes.reading).data
    elif wishes.test is None:
        tested = data.test
    validation, test = shares(wishes, data.data.rows, tested=tested is not None)
    if not validated:
        validation = 0.0
    prepared = prepare(
        data.data,
        wishes.target,
        task=wishes.task,
        validation=validation,
        test=test,
        test_data=tested,
        seed=wishes.seed,
        standardize=wishes.standardize,
        impute=wishes.impute,
    )
    return data, prepared
