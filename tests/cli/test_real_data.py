"""The defaults on real data: what `glassnet train FILE` reaches with no option at all.

Each figure is the median over ten seeds, of the split, the first weights and the order alike; over
three seeds in the quick run, without the folder of the full data sets.

Each data set is as good on the native engine as on the reference engine, whose steps are NumPy: the
same split, first weights and orders, and rounding that differs.
"""

from __future__ import annotations

import json
import os
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from glassnet.engines.native import why_not
from tests.cli.conftest import Run

SEEDS = range(10 if os.environ.get("GLASSNET_DATA") else 3)


@dataclass(frozen=True)
class Expected:
    """What the test part must show: `least` of `measure`, as the median over the seeds."""

    name: str
    measure: str
    least: float
    options: tuple[str, ...] = ()
    kinds: tuple[tuple[str, str], ...] = ()


# The thresholds without a promise are those below which something is wrong, not those reached.
EXPECTED = [
    Expected("wine.csv", "accuracy", 0.95, kinds=(("1", "number"), ("14", "target"))),
    Expected("housing.csv", "r2", 0.80, kinds=(("4", "number"), ("14", "target"))),
    Expected("pima-indians-diabetes.csv", "accuracy", 0.72, kinds=(("1", "number"),)),
    Expected("horse-colic.csv", "accuracy", 0.70, kinds=(("4", "number"), ("25", "category"))),
    Expected("airline-passengers.csv", "r2", 0.90, kinds=(("Month", "date"),)),
    Expected(
        "adult-train.csv",
        "accuracy",
        0.845,
        options=("--test-data", "adult-test.csv"),
        kinds=(("1", "number"), ("2", "category"), ("15", "target")),
    ),
]


@pytest.fixture(scope="module")
def tables(full_data: Path) -> Path:
    """The folder of the tables; skips where there is none."""
    return full_data / "csv"


def trained(run: Run, *words: str) -> dict[str, Any]:
    """Return what a training says of itself."""
    result = run("train", *words, "--json")
    assert result.status == 0, result.err
    return json.loads(result.out)


def figures(run: Run, name: str, measure: str, options: tuple[str, ...] = ()) -> list[float]:
    """Return a measure of the test part for each seed."""
    return [
        trained(run, name, "--seed", str(seed), *options)["measures"]["test"][measure]
        for seed in SEEDS
    ]


@dataclass(frozen=True)
class Alike:
    """What both engines are to reach alike; large data for some epochs only, NumPy being slow."""

    name: str
    measure: str
    seeds: int
    options: tuple[str, ...] = ()


ALIKE = [
    Alike("iris", "accuracy", len(SEEDS)),
    Alike("digits", "accuracy", 3, ("--epochs", "30")),
    Alike("csv/wine.csv", "accuracy", 10),
    Alike("csv/housing.csv", "r2", 10),
    Alike("csv/pima-indians-diabetes.csv", "accuracy", 10),
    Alike("csv/horse-colic.csv", "accuracy", 10),
    Alike("csv/airline-passengers.csv", "r2", 10),
    Alike(
        "csv/adult-train.csv",
        "accuracy",
        1,
        ("--test-data", "csv/adult-test.csv", "--epochs", "3"),
    ),
    Alike("mnist/train-images-idx3-ubyte.gz", "accuracy", 1, ("--epochs", "1")),
]
ROUNDING = 0.005  # what other rounding may move a median by: an example in two hundred


@pytest.mark.parametrize("alike", ALIKE, ids=lambda alike: alike.name.rpartition("/")[2])
def test_as_good_on_native_as_on_reference(
    alike: Alike, run: Run, request: pytest.FixtureRequest
) -> None:
    if why_not() is not None:
        pytest.skip(f"the native engine is not there: {why_not()}")

    def place(word: str) -> str:
        return str(request.getfixturevalue("tables").parent / word) if "/" in word else word

    words = [place(word) for word in (alike.name, *alike.options)]
    found = {
        engine: [
            trained(run, *words, "--seed", str(seed), "--engine", engine)["measures"]["test"]
            for seed in range(alike.seeds)
        ]
        for engine in ("native", "reference")
    }
    medians = {
        engine: statistics.median(measures[alike.measure] for measures in each)
        for engine, each in found.items()
    }
    print(f"{alike.name}: {alike.measure} of {alike.seeds} seeds: {medians}")
    assert medians["native"] >= medians["reference"] - ROUNDING


@pytest.mark.parametrize("expected", EXPECTED, ids=lambda expected: expected.name)
def test_table(expected: Expected, run: Run, tables: Path) -> None:
    options = [str(tables / word) if word.endswith(".csv") else word for word in expected.options]
    path = str(tables / expected.name)
    found = figures(run, path, expected.measure, tuple(options))
    assert statistics.median(found) >= expected.least, found
    columns = trained(run, path, "--epochs", "1")["data"]["columns"]
    kinds = {column["column"]: column["treated_as"] for column in columns}
    assert {name: kinds[name] for name, _ in expected.kinds} == dict(expected.kinds)


def test_iris(run: Run) -> None:
    found = figures(run, "iris", "accuracy")
    assert statistics.median(found) >= 0.93, found


def test_digits(run: Run) -> None:
    found = figures(run, "digits", "accuracy")
    assert statistics.median(found) >= 0.95, found


def test_adult_evaluated_in_a_file_of_its_own(run: Run, tables: Path) -> None:
    model = trained(run, str(tables / "adult-train.csv"))["model"]
    result = run("evaluate", model, str(tables / "adult-test.csv"), "--json")
    found = json.loads(result.out)
    assert found["measures"]["examples"] == 16281
    assert found["measures"]["accuracy"] >= 0.845
    assert any("final point" in note for note in found["notes"])
