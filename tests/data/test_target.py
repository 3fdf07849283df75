"""What is to be learned: the column, the task, the classes, and other files' labels."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.data import Target, decide_target, from_arrays, open_data, read_table
from glassnet.errors import ArgumentError, DataError, ShapeError


def table_of(write, cells, name="y"):
    rows = "".join(f"{i * 7 % 5},{cell}\n" for i, cell in enumerate(cells))
    return read_table(write(f"x,{name}\n{rows}"))


@pytest.mark.parametrize(
    ("cells", "task", "classes", "reason"),
    [
        ("ab" * 3, "classification", ("a", "b"), "text"),
        (["yes", "no", "no"], "classification", ("no", "yes"), "yes or no"),
        ([0, 1, 1], "classification", (0, 1), "whole numbers with 2 distinct values"),
        ([1, 2, 3] * 10, "classification", (1, 2, 3), "whole numbers with 3 distinct values"),
        ([1, 2, 3], "regression", (), "whole numbers with 3 distinct values"),
        ([10, 9, 100] * 10, "classification", (9, 10, 100), "whole numbers with 3 distinct values"),
        ([0.5, 1.5] * 10, "regression", (), "numbers with 2 distinct values"),
        (list(range(21)) * 20, "regression", (), "whole numbers with 21 distinct values"),
        (
            list(range(20)) * 20,
            "classification",
            tuple(range(20)),
            "whole numbers with 20 distinct",
        ),
    ],
)
def test_the_task_follows_from_the_values(cells, task, classes, reason, write):
    target = decide_target(table_of(write, cells))
    assert (target.task, target.classes) == (task, classes)
    assert target.reason.startswith(reason)
    assert target.class_names == tuple(str(c) for c in classes)


def test_the_task_can_be_asked_for(write):
    table = table_of(write, [0, 1, 1])
    assert decide_target(table, task="regression").reason == "asked for"
    halves = decide_target(table_of(write, [0.5, 1, 1]), task="classification")
    assert halves.classes == (0.5, 1)
    assert halves.class_names == ("0.5", "1")


def test_the_column_by_name_number_or_last(write):
    iris = open_data("iris").data
    assert decide_target(iris).name == "species"
    assert decide_target(iris, "petal width").name == "petal width"
    assert decide_target(iris, 1).name == decide_target(iris, "1").name == "sepal length"
    odd = read_table(write("2,1\n5,a\n6,b\n"), header=True)
    assert decide_target(odd, "2", "regression").name == "2"  # a name goes before a number
    assert decide_target(odd, 2).name == "1"


@pytest.mark.parametrize(
    ("cells", "options", "part"),
    [
        ("ab", {"target": "yy"}, "there is no column 'yy'"),
        ("ab", {"target": 3}, "there is no column 3"),
        ("ab", {"target": 0}, "the columns are 'x', 'y'"),
        ("aaa", {}, "only one class ('a')"),
        ([1, 1, 1], {}, "only one class ('1')"),
        ([1.5, 1.5], {}, "every value is 1.5"),
        (["", "?", "NA"], {}, "every cell is missing"),
        ("ab", {"task": "regression"}, "regression needs a target of numbers"),
        (["2024-01", "2024-02"], {}, "a date cannot be the target"),
        ([f"n{i}" for i in range(11)], {}, "all 11 rows have classes of their own"),
        ([i + 0.5 for i in range(5)], {"task": "classification"}, "classes of their own"),
        ([i // 2 for i in range(2002)], {"task": "classification"}, "1001 classes"),
    ],
)
def test_targets_that_do_not_fit(cells, options, part, write):
    with pytest.raises(DataError) as caught:
        decide_target(table_of(write, cells), **options)
    assert part in str(caught.value)


def test_other_mistakes(write):
    with pytest.raises(DataError, match=r"did you mean 'species'\?"):
        decide_target(open_data("iris").data, "speceis")
    with pytest.raises(ArgumentError, match="'clustering'"):
        decide_target(open_data("iris").data, task="clustering")
    with pytest.raises(ArgumentError, match="labels"):
        decide_target(open_data("digits").data, "species")
    with pytest.raises(ArgumentError, match="classification"):
        decide_target(open_data("digits").data, task="regression")


def test_missing_targets_are_left_out_visibly(write):
    table = table_of(write, ["a", "?", "b", "", "a"])
    target = decide_target(table)
    assert target.notes == ("2 rows left out: the target 'y' is missing (lines 3, 5)",)
    assert target.usable_rows(table).tolist() == [0, 2, 4]
    with pytest.raises(DataError, match="line 3"):
        target.encode(table)
    assert target.encode(table.take(target.usable_rows(table))).tolist() == [0, 1, 0]


def test_encode_and_decode(write):
    table = table_of(write, ["b", "a", "b"])
    target = decide_target(table)
    encoded = target.encode(table)
    assert encoded.dtype == np.int64
    assert target.decode(encoded).tolist() == ["b", "a", "b"]
    numbers = decide_target(from_arrays([[1, 7], [2, 5], [3, 7]]))
    assert numbers.decode(np.array([1, 0])).tolist() == [7, 5]
    for bad in (np.array([2]), np.array([-1]), np.array([0.5]), np.array([[0]])):
        with pytest.raises(ShapeError, match="from 0 to 1"):
            target.decode(bad)


def test_unknown_classes_name_line_and_classes(write):
    target = decide_target(table_of(write, "abab"))
    with pytest.raises(DataError, match=r"line 4, column 'y': class 'c' is not known.*'a', 'b'"):
        target.encode(table_of(write, "abc"))
    with pytest.raises(DataError, match=r"'a\.'"):
        target.encode(table_of(write, ["a.", "c"]))
    with pytest.raises(DataError, match="no target column 'y'"):
        target.encode(table_of(write, "ab", "z"))


def test_a_final_point_is_forgiven_with_a_note(write):
    target = decide_target(table_of(write, ["<=50K", ">50K"] * 2))
    encoded = target.apply(table_of(write, [">50K.", "<=50K."]))
    assert encoded.values.tolist() == [1, 0]
    assert "'<=50K.' as '<=50K'" in encoded.notes[0]


def test_one_word_of_two_is_enough_in_another_file(write):
    target = decide_target(table_of(write, ["yes", "no"]))
    assert target.encode(table_of(write, ["YES", "yes"])).tolist() == [1, 1]
    with pytest.raises(DataError, match="neither 'no' nor 'yes'"):
        target.encode(table_of(write, ["yes", "perhaps"]))


@pytest.mark.parametrize(
    ("name", "task", "classes"),
    [
        ("adult-train.csv", "classification", ("<=50K", ">50K")),
        ("airline-passengers.csv", "regression", ()),
        ("horse-colic.csv", "classification", (1, 2)),
        ("housing.csv", "regression", ()),
        ("pima-indians-diabetes.csv", "classification", (0, 1)),
        ("wine.csv", "classification", (1, 2, 3)),
    ],
)
def test_known_files(name, task, classes, full_data):
    target: Target = decide_target(read_table(full_data / "csv" / name))
    assert (target.task, target.classes) == (task, classes)


def test_adult_s_test_part(full_data):
    target = decide_target(read_table(full_data / "csv" / "adult-train.csv"))
    encoded = target.apply(read_table(full_data / "csv" / "adult-test.csv"))
    assert np.bincount(encoded.values).tolist() == [12435, 3846]
    assert len(encoded.notes) == 1
