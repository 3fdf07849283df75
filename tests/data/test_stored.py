"""Preprocessing to JSON and back: exact; and whatever was altered is refused."""

from __future__ import annotations

import copy
import json

import numpy as np
import pytest

from glassnet.data import Preprocessing, decide_target, from_arrays, open_data, read_table
from glassnet.errors import ModelFileError

PETS = """weight,animal,indoors,born,same,legs
0.1,cat,yes,2020-01-01,1,4
30,dog,no,2021-07-02,1,4
?,cat,?,2019-03-05,1,4
1.5,bird,yes,?,1,2
"""


@pytest.fixture
def pets(write):
    table = read_table(write(PETS))
    return Preprocessing.fit(table, decide_target(table)), table


def through_json(fitted: Preprocessing) -> Preprocessing:
    return Preprocessing.from_json(json.loads(json.dumps(fitted.to_json(), allow_nan=False)))


def test_round_trip_of_a_table(pets):
    fitted, table = pets
    again = through_json(fitted)
    assert again == fitted
    assert again.transform(table).tobytes() == fitted.transform(table).tobytes()
    assert again.summary() == fitted.summary()


def test_round_trips_of_other_kinds(write):
    digits, iris = open_data("digits").data, open_data("iris").data
    numbers = from_arrays([[1, 0.1], [2, 0.7], [4, 0.3]])
    halves = decide_target(from_arrays([[1, 0.5], [2, 1], [3, 1]]), task="classification")
    for fitted in (
        Preprocessing.fit(digits, decide_target(digits)),
        Preprocessing.fit(digits),
        Preprocessing.fit(iris, decide_target(iris)),
        Preprocessing.fit(iris, impute=False),
        Preprocessing.fit(numbers, decide_target(numbers)),
        Preprocessing.fit(numbers, halves),
    ):
        assert through_json(fitted) == fitted


CHANGES = {
    "not a dictionary": (lambda d: [1], "expected a dictionary"),
    "empty": (lambda d: {}, "is missing"),
    "unknown field": (lambda d: d | {"extra": 1}, "'extra'"),
    "no header": (lambda d: d.pop("header"), "header is missing"),
    "mean as text": (lambda d: d.update(target_mean="0"), "target_mean: expected a finite number"),
    "deviation 0": (lambda d: d.update(target_deviation=0), "a number above 0; got 0"),
    "nan": (lambda d: d["columns"][0].update(mean=float("nan")), "columns[0].mean"),
    "infinite": (lambda d: d["columns"][0].update(deviation=float("inf")), "columns[0].deviation"),
    "huge whole number": (lambda d: d["columns"][0].update(mean=10**400), "columns[0].mean"),
    "true as number": (lambda d: d["columns"][0].update(mean=True), "columns[0].mean"),
    "fill as text": (lambda d: d["columns"][0].update(fill="1"), "finite number or null"),
    "flag as number": (lambda d: d["columns"][0].update(flag=1), "true or false"),
    "other treatment": (lambda d: d["columns"][0].update(treated_as="magic"), "got 'magic'"),
    "field too many": (lambda d: d["columns"][0].update(levels=[]), "'levels'"),
    "level twice": (lambda d: d["columns"][1].update(levels=["a", "a"]), "different levels"),
    "no levels": (lambda d: d["columns"][1].update(levels=[]), "at least one"),
    "level as number": (lambda d: d["columns"][1].update(levels=[1]), "levels[0]"),
    "one word": (lambda d: d["columns"][2].update(words=["yes"]), "two different words"),
    "month 13": (lambda d: d["columns"][3].update(months=[1, 13]), "months[1]"),
    "months unordered": (lambda d: d["columns"][3].update(months=[2, 1]), "in order"),
    "columns as text": (lambda d: d.update(columns="abc"), "a list of dictionaries"),
    "column twice": (lambda d: d["columns"].append(d["columns"][0]), "different columns"),
    "unknown column": (lambda d: d["columns"][0].update(column="zz"), "columns of the header"),
    "target as input": (lambda d: d["columns"][0].update(column="legs"), "columns of the header"),
    "no input": (lambda d: d.update(columns=[]), "at least one that is not left out"),
    "task": (lambda d: d["target"].update(task="clustering"), "'classification' or 'regression'"),
    "kind": (lambda d: d["target"].update(kind="magic"), "number, category"),
    "one class": (lambda d: d["target"].update(classes=[2]), "at least two"),
    "class twice": (lambda d: d["target"].update(classes=[2, 2]), "different classes"),
    "class null": (lambda d: d["target"].update(classes=[2, None]), "classes[1]"),
    "text class of numbers": (lambda d: d["target"].update(classes=["a", "b"]), "number column"),
    "classes of regression": (lambda d: d["target"].update(task="regression"), "or none"),
    "position 0": (lambda d: d["target"].update(position=0), "at least 1"),
    "sizes of images": (lambda d: d.update(images={"rows": 8, "columns": 0, "maximum": 1}), "1"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_altered_files_are_refused(name, pets):
    change, part = CHANGES[name]
    stored = copy.deepcopy(pets[0].to_json())
    returned = change(stored)
    changed = returned if name in ("not a dictionary", "empty", "unknown field") else stored
    with pytest.raises(ModelFileError) as caught:
        Preprocessing.from_json(changed)
    assert part in str(caught.value)


def test_numbers_survive_exactly():
    rng = np.random.default_rng(0)
    table = from_arrays(np.column_stack([rng.normal(size=(50, 3)) * 1e-7, np.arange(50) % 2]))
    fitted = Preprocessing.fit(table, decide_target(table))
    assert through_json(fitted).transform(table).tobytes() == fitted.transform(table).tobytes()
