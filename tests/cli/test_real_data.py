"""The defaults on real data: what `glassnet train FILE` reaches with no option at all.

Each figure is the median over ten seeds, of the split, the first weights and the order alike; over
three seeds in the quick run, without the folder of the full data sets.
"""

from __future__ import annotations

import json
import os
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

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
def tables() -> Path:
    """The folder of the tables; skips where there is none."""
    folder = os.environ.get("GLASSNET_DATA")
    if not folder:
        pytest.skip("GLASSNET_DATA does not name the folder of the full data sets")
    return Path(folder) / "csv"


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
