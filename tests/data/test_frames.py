"""Data frames of pandas and polars, and NumPy arrays."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys

import numpy as np
import pandas as pd
import polars as pl
import pytest

from glassnet.data import (
    Kind,
    Preprocessing,
    decide_target,
    from_arrays,
    from_frame,
    is_frame,
    open_data,
)
from glassnet.errors import ArgumentError, DataError, ShapeError

DAYS = [dt.date(2024, 1, 1), None, dt.date(2024, 3, 1)]
TIMES = [dt.datetime(2024, 1, 1, 5), None, dt.datetime(2024, 3, 1, 23)]

PANDAS = pd.DataFrame(
    {
        "number": [1.5, np.nan, 2.0],
        "whole": [1, 2, 2],
        "nullable": pd.array([1, None, 3], dtype="Int64"),
        "bool": [True, False, True],
        "maybe": pd.array([True, None, False], dtype="boolean"),
        "text": ["a", None, "b"],
        "object": pd.Series(["x", 1.5, None], dtype=object),
        "digits": ["1", "2", "?"],
        "flags": pd.Series([True, None, False], dtype=object),
        "category": pd.Categorical(["1", "2", "1"]),
        "day": pd.to_datetime(TIMES),
        "zoned": pd.to_datetime(TIMES, utc=True),
        "iso": ["2024-01", "2024-02", None],
    }
)
POLARS = pl.DataFrame(
    {
        "number": [1.5, None, 2.0],
        "whole": [1, 2, 2],
        "nullable": [1, None, 3],
        "bool": [True, False, True],
        "maybe": [True, None, False],
        "text": ["a", None, "b"],
        "object": ["x", "1.5", None],
        "digits": ["1", "2", "?"],
        "flags": [True, None, False],
        "category": pl.Series(["1", "2", "1"], dtype=pl.Categorical),
        "day": DAYS,
        "zoned": TIMES,
        "iso": ["2024-01", "2024-02", None],
    }
)
EXPECTED = {
    "number": (Kind.NUMBER, ["1.5", "", "2"]),
    "whole": (Kind.NUMBER, ["1", "2", "2"]),
    "nullable": (Kind.NUMBER, ["1", "", "3"]),
    "bool": (Kind.BOOLEAN, ["True", "False", "True"]),
    "maybe": (Kind.BOOLEAN, ["True", "", "False"]),
    "text": (Kind.CATEGORY, ["a", "", "b"]),
    "object": (Kind.CATEGORY, ["x", "1.5", ""]),
    "digits": (Kind.NUMBER, ["1", "2", ""]),
    "flags": (Kind.BOOLEAN, ["True", "", "False"]),
    "category": (Kind.CATEGORY, ["1", "2", "1"]),
    "day": (Kind.DATE, ["2024-01-01", "", "2024-03-01"]),
    "zoned": (Kind.DATE, ["2024-01-01", "", "2024-03-01"]),
    "iso": (Kind.DATE, ["2024-01-01", "2024-02-01", ""]),
}


@pytest.mark.parametrize("frame", [PANDAS, POLARS], ids=["pandas", "polars"])
@pytest.mark.parametrize("name", EXPECTED)
def test_kinds_of_columns(frame, name):
    column = from_frame(frame).column(name)
    assert (column.kind, [column.text(i) for i in range(3)]) == EXPECTED[name]


@pytest.mark.parametrize("frame", [PANDAS, POLARS], ids=["pandas", "polars"])
def test_wishes(frame):
    table = from_frame(frame, numbers=["digits"], categories=["whole"], ignore=["text", "iso"])
    assert table.column("whole").kind is Kind.CATEGORY
    assert table.column("whole").text(0) == "1"
    assert "text" not in table.names
    assert table.lines.tolist() == [1, 2, 3]
    with pytest.raises(DataError, match=r"did you mean 'digits'\?"):
        from_frame(frame, numbers=["digit"])
    with pytest.raises(ArgumentError, match="both"):
        from_frame(frame, numbers=["whole"], categories=["whole"])


@pytest.mark.parametrize(
    ("frame", "part"),
    [
        (pd.DataFrame({"a": []}), "the frame is empty"),
        (pd.DataFrame({"a": [1.0, np.inf]}), "line 2, column 'a': inf"),
        (pl.DataFrame({"a": [[1], [2]]}), "column 'a': values of type List"),
        (pl.LazyFrame({"a": [1]}), "not a data frame"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "a"),
        ([[1.0]], "not a data frame of pandas or polars in memory, but list"),
    ],
)
def test_frames_that_cannot_be_read(frame, part):
    with pytest.raises(DataError) as caught:
        from_frame(frame)
    assert part in str(caught.value)


def test_frames_and_files_make_the_same_features():
    iris = open_data("iris").data
    columns = {column.name: column.values.tolist() for column in iris.columns}
    fitted = Preprocessing.fit(iris, decide_target(iris))
    for frame in (pd.DataFrame(columns), pl.DataFrame(columns)):
        table = from_frame(frame)
        assert fitted.transform(table).tobytes() == fitted.transform(iris).tobytes()
        assert decide_target(table).classes == fitted.target.classes


def test_is_frame():
    assert is_frame(PANDAS)
    assert is_frame(POLARS)
    for other in (np.ones((2, 2)), [[1]], {"columns": 1}, open_data("iris").data, "iris", None):
        assert not is_frame(other)


def test_arrays():
    table = from_arrays(np.array([[1, 2], [3, 4]]), ["x", "y"])
    assert table.names == ("x", "y")
    assert table.column("y").values.tolist() == [2, 4]
    assert from_arrays([[True], [False]]).numbered
    for bad, error, part in (
        ([1.0], ShapeError, "(n, columns)"),
        (np.ones((0, 2)), DataError, "empty"),
        ([["a"]], DataError, "does not hold numbers"),
        ([[1], [2, 3]], DataError, "does not hold numbers"),
        ([[1j]], DataError, "complex128"),
        ([["1.5"]], DataError, "numbers are needed"),
        ([[np.inf]], DataError, "line 1, column '1'"),
    ):
        with pytest.raises(error) as caught:
            from_arrays(bad)
        assert part in str(caught.value)
    with pytest.raises(ArgumentError, match="2 different names"):
        from_arrays([[1, 2]], ["x", "x"])


def test_the_import_is_light():
    code = (
        "import sys, glassnet.data;"
        "print([m for m in ('pandas', 'polars', 'narwhals') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_all_names_are_there():
    from glassnet import data

    assert all(hasattr(data, name) for name in data.__all__)
    assert data.__all__ == sorted(data.__all__)
