"""From tables and images to features: each treatment, other files, and what is left out."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.data import (
    Preprocessing,
    decide_target,
    from_arrays,
    open_data,
    read_table,
    split,
)
from glassnet.errors import ArgumentError, DataError, ShapeError

PETS = """weight,animal,indoors,born,legs,shade
4.5,cat,yes,2020-01-01,4,light
30,dog,no,2021-07-02,4,dark
?,cat,?,2019-03-05,4,
1.5,bird,yes,?,2,light
"""


@pytest.fixture
def pets(write):
    return read_table(write(PETS, "pets.csv"))


def test_worked_by_hand(pets):
    fitted = Preprocessing.fit(pets, decide_target(pets, "legs"))
    assert fitted.feature_names == (
        "weight", "weight is missing",
        "animal = bird", "animal = cat", "animal = dog",
        "indoors", "indoors is missing",
        "born: year", "born: January", "born: March", "born: July", "born is missing",
        "shade = dark", "shade = light", "shade is missing",
    )  # fmt: skip
    features = fitted.transform(pets)
    # median of 4.5, 30, 1.5 is 4.5; then mean 40.5/4 = 10.125; population variance of 4 numbers
    mean, variance = 10.125, ((4.5 - 10.125) ** 2 * 2 + 19.875**2 + 8.625**2) / 4
    np.testing.assert_allclose(
        features[:, 0], (np.array([4.5, 30, 4.5, 1.5]) - mean) / np.sqrt(variance), rtol=1e-12
    )
    np.testing.assert_array_equal(features[:, 1], [0, 0, 1, 0])
    np.testing.assert_array_equal(features[:, 2:5], [[0, 1, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]])
    np.testing.assert_array_equal(features[:, 5], [1, 0, 0.5, 1])
    np.testing.assert_array_equal(features[:, 6], [0, 0, 1, 0])
    years = np.array([2020, 2021 + 182 / 365, 2019 + 63 / 365, 2020])
    np.testing.assert_allclose(
        features[:, 7], (years - years.mean()) / years.std(), rtol=1e-9, atol=1e-9
    )
    np.testing.assert_array_equal(
        features[:, 8:12], [[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]
    )
    np.testing.assert_array_equal(features[:, 12:], [[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 1, 0]])


def test_statistics_come_from_the_training_rows_only():
    table = from_arrays([[1.0, 0], [3.0, 1], [1000.0, 0], [np.nan, 1]])
    fitted = Preprocessing.fit(table, decide_target(table), np.array([0, 1]))
    np.testing.assert_array_equal(fitted.transform(table)[:, 0], [-1, 1, 998, 0])
    assert fitted.feature_names == ("1",)


def test_without_standardising(pets):
    fitted = Preprocessing.fit(pets, decide_target(pets, "legs"), standardize=False)
    np.testing.assert_array_equal(fitted.transform(pets)[:, 0], [4.5, 30, 4.5, 1.5])
    assert fitted.summary()[0][:2] == ("weight", "number")
    assert fitted.summary()[0][2].startswith("as it is")


def test_impute_false_names_line_and_column(pets, write):
    with pytest.raises(DataError, match=r"pets\.csv, line 4, column 'weight'.*impute"):
        Preprocessing.fit(pets, decide_target(pets, "legs"), impute=False)
    whole = read_table(write("a,b,y\n1,x,0\n2,z,1\n3,x,0\n"))
    fitted = Preprocessing.fit(whole, decide_target(whole), impute=False)
    for row, column in (("?,x,0", "a"), ("1,?,0", "b")):
        other = read_table(write(f"a,b,y\n{row}\n2,z,1\n"))
        with pytest.raises(DataError, match=f"line 2, column '{column}'"):
            fitted.transform(other)


def rows(*columns):
    return "".join(",".join(map(str, cells)) + "\n" for cells in zip(*columns, strict=True))


def test_what_cannot_help_is_left_out_visibly(write):
    n = range(1, 21)
    texts = [f"person {i * 37 % 20}" for i in n]
    text = rows(n, texts, [7] * 20, ["?"] * 20, [i % 3 * 0.5 for i in n], [i % 2 for i in n])
    table = read_table(write("id,name,seven,none,x,y\n" + text))
    fitted = Preprocessing.fit(table, decide_target(table))
    assert fitted.feature_names == ("x",)
    told = {name: (treated, details) for name, treated, details in fitted.summary()}
    assert [told[name][0] for name in ("id", "name", "seven", "none")] == ["left out"] * 4
    assert "row number" in told["id"][1]
    assert "nearly every row is different (20 values in 20 rows)" in told["name"][1]
    assert "constant: '7'" in told["seven"][1]
    assert "no values" in told["none"][1]
    assert told["y"] == (
        "target", "2 classes (whole numbers with 2 distinct values): 0, 1"
    )  # fmt: skip
    kept = read_table(write("id,name,y\n" + rows(n, texts, [0, 1] * 10)),
                      numbers=["id"], categories=["name"])  # fmt: skip
    assert len(Preprocessing.fit(kept, decide_target(kept)).feature_names) == 21


def test_a_row_number_that_is_all_there_is_stays(write):
    table = read_table(write("x\n" + "".join(f"{i}\n" for i in range(20))))
    assert Preprocessing.fit(table).feature_names == ("x",)


def test_nothing_left(write):
    table = read_table(write("a,b,y\n1,x,0\n1,x,1\n1,x,0\n"))
    with pytest.raises(DataError, match="no column is left as an input; all are left out: 'a': co"):
        Preprocessing.fit(table, decide_target(table))
    single = read_table(write("y\na\nb\na\n"), header=True)
    with pytest.raises(DataError, match="the target is the only column"):
        Preprocessing.fit(single, decide_target(single))


def test_rare_levels_become_other(write):
    cells = ["a"] * 5 + ["b"] * 4 + ["c"] * 3 + ["d", "e"]
    table = read_table(write("x,y\n" + rows(cells, [0, 1] * 7)))
    fitted = Preprocessing.fit(table, decide_target(table), max_levels=2)
    assert fitted.feature_names == ("x = a", "x = b", "x = (other)")
    assert fitted.transform(table).sum(axis=0).tolist() == [5, 4, 5]
    other = fitted.apply(read_table(write("x,y\nzebra,0\na,1\n")))
    assert other.values[0].tolist() == [0, 0, 1]
    assert other.notes == ()
    for bad in (0, 1.5):
        with pytest.raises(ArgumentError, match="max_levels"):
            Preprocessing.fit(table, max_levels=bad)


def test_unseen_levels_are_zeros_and_noted(pets, write):
    fitted = Preprocessing.fit(pets, decide_target(pets, "legs"))
    other = read_table(write(PETS.replace("cat", "newt")))
    encoded = fitted.apply(other)
    assert encoded.values[0, 2:5].tolist() == [0, 0, 0]
    assert encoded.notes == (
        "column 'animal': 2 rows have a value not met in training, taken as no level: 'newt'",
    )


def test_columns_match_by_name_in_any_order(pets, write):
    fitted = Preprocessing.fit(pets, decide_target(pets, "legs"))
    shuffled = [line.split(",")[::-1] for line in PETS.splitlines()]
    other = read_table(write(rows(*zip(*(["extra" if i == 0 else i, *line]
                       for i, line in enumerate(shuffled)), strict=True))))  # fmt: skip
    np.testing.assert_array_equal(fitted.transform(other), fitted.transform(pets))
    renamed = read_table(write(PETS.replace("weight", "wieght")))
    with pytest.raises(DataError, match=r"no column 'weight'.*not expected: 'wieght'.*mean 'wiegh"):
        fitted.transform(renamed)


@pytest.mark.parametrize("target", [1, 3])
def test_columns_without_names_match_by_position(target):
    table = from_arrays([[1, 2, 3], [4, 5, 7], [9, 8, 3]])
    fitted = Preprocessing.fit(table, decide_target(table, target, "regression"))
    features = fitted.transform(table)
    without = from_arrays(np.delete([[1, 2, 3], [4, 5, 7], [9, 8, 3]], target - 1, axis=1))
    np.testing.assert_array_equal(fitted.transform(without), features)
    with pytest.raises(DataError, match="4 columns found where 3 or 2 are expected"):
        fitted.transform(from_arrays(np.ones((2, 4))))
    with pytest.raises(DataError, match="no target column"):
        fitted.encode_target(without)


def test_ignored_columns_may_be_there_or_not(write):
    text = "5,1,2,0\n6,4,5,1\n9,9,8,0\n"
    table = read_table(write(text), ignore=[1])
    fitted = Preprocessing.fit(table, decide_target(table))
    expected = fitted.transform(table)
    for other in (
        read_table(write(text)),
        read_table(write("5,1,2\n6,4,5\n9,9,8\n")),
        read_table(write("5,1,2\n6,4,5\n9,9,8\n"), ignore=[1]),
        from_arrays([[1, 2], [4, 5], [9, 8]]),
    ):
        np.testing.assert_array_equal(fitted.transform(other), expected)
    with pytest.raises(DataError, match="which is ignored here"):
        fitted.transform(read_table(write(text), ignore=[2]))


def test_a_header_in_one_file_only_is_noted(pets, write):
    fitted = Preprocessing.fit(pets, decide_target(pets, "legs"))
    bare = read_table(write(PETS.split("\n", 1)[1]), header=False)
    encoded = fitted.apply(bare)
    assert "by position" in encoded.notes[0]
    np.testing.assert_array_equal(encoded.values, fitted.transform(pets))
    assert fitted.encode_target(bare).tolist() == fitted.encode_target(pets).tolist()


def test_cells_that_do_not_fit_name_their_line(pets, write):
    fitted = Preprocessing.fit(pets, decide_target(pets, "legs"))
    for change, column in (("4.5", "weight"), ("yes", "indoors"), ("2020-01-01", "born")):
        other = read_table(write(PETS.replace(change, "odd", 1)))
        with pytest.raises(DataError, match=f"line 2, column '{column}': 'odd'"):
            fitted.transform(other)


def test_a_file_of_one_row_is_read_as_in_training(pets, write):
    fitted = Preprocessing.fit(pets, decide_target(pets, "legs"))
    for i in range(4):
        lines = PETS.splitlines()
        one = read_table(write("\n".join([lines[0], lines[i + 1]])), header=True, minimum_rows=1)
        np.testing.assert_array_equal(fitted.transform(one)[0], fitted.transform(pets)[i])


def test_codes_without_a_leading_zero_in_another_file(write):
    table = read_table(write("code,y\n01.50,0\n012,1\n7,0\n012,1\n"), categories=["code"])
    fitted = Preprocessing.fit(table, decide_target(table))
    other = read_table(write("code,y\n7,0\n1.5,0\n"))
    assert fitted.transform(other).tolist() == [[0, 0, 1], [1, 0, 0]]


def test_a_regression_target_is_standardised():
    table = from_arrays([[1, 10], [2, 20], [4, 60]])
    target = decide_target(table, task="regression")
    fitted = Preprocessing.fit(table, target, np.array([0, 1]))
    assert (fitted.target_mean, fitted.target_deviation) == (15, 5)
    np.testing.assert_array_equal(fitted.encode_target(table), [-1, 1, 9])
    np.testing.assert_array_equal(fitted.decode_predictions(np.array([[-1.0], [9]])), [10, 60])
    plain = Preprocessing.fit(table, target, standardize_target=False)
    np.testing.assert_array_equal(plain.encode_target(table), [10, 20, 60])
    assert "as it is" in plain.summary()[-1][2]


def test_decoding_classes():
    iris = open_data("iris").data
    fitted = Preprocessing.fit(iris, decide_target(iris))
    names = ["Iris-virginica", "Iris-setosa"]
    assert fitted.decode_predictions(np.array([[0, 0.1, 0.9], [1, 0, 0]])).tolist() == names
    assert fitted.decode_predictions(np.array([2, 0])).tolist() == names
    table = from_arrays([[1, 10], [2, 20], [4, 10]])
    two = Preprocessing.fit(table, decide_target(table))
    assert two.decode_predictions(np.array([[0.4], [0.5]])).tolist() == [10, 20]
    with pytest.raises(ShapeError, match=r"\(n, 3\)"):
        fitted.decode_predictions(np.ones((2, 2)))
    with pytest.raises(ArgumentError, match="without a target"):
        Preprocessing.fit(iris).encode_target(iris)


def test_rows_without_a_target_do_not_count(write):
    table = read_table(write("x,y\n1,a\n2,b\n100,?\n3,a\n"))
    fitted = Preprocessing.fit(table, decide_target(table), standardize=True)
    assert fitted.transform(table)[1, 0] == 0  # the mean of 1, 2, 3
    with pytest.raises(ArgumentError, match="no rows for training"):
        Preprocessing.fit(table, decide_target(table), np.array([2]))
    for bad in (np.array([4]), np.array([0.5])):
        with pytest.raises(ArgumentError, match="row numbers below 4"):
            Preprocessing.fit(table, decide_target(table), bad)


def test_extreme_numbers():
    huge = from_arrays([[1e308, 0], [-1e308, 1], [1e308, 0]])
    with pytest.raises(DataError, match="column '1': the numbers are too large"):
        Preprocessing.fit(huge, decide_target(huge))
    tiny = from_arrays([[5e-324, 0], [0, 1], [0, 0]])
    assert np.all(np.isfinite(Preprocessing.fit(tiny, decide_target(tiny)).transform(tiny)))


def test_images():
    digits = open_data("digits")
    fitted = Preprocessing.fit(digits.data, decide_target(digits.data), np.arange(10))
    features = fitted.transform(digits.test)
    assert features.shape == (1797, 64)
    assert (features.min(), features.max()) == (0, 1)
    assert fitted.feature_names[9] == "pixel 2,2"
    assert fitted.encode_target(digits.test).tolist() == digits.test.labels.tolist()
    assert "divided by 16" in fitted.summary()[0][2]
    with pytest.raises(DataError, match="a table, where the model takes images"):
        fitted.transform(open_data("iris").data)
    iris = open_data("iris").data
    with pytest.raises(DataError, match="images, where the model takes a table"):
        Preprocessing.fit(iris).transform(digits.data)


def test_images_of_another_size(full_data):
    digits = open_data("digits").data
    fitted = Preprocessing.fit(digits, decide_target(digits))
    mnist = open_data(full_data / "mnist" / "t10k-images-idx3-ubyte.gz").data
    with pytest.raises(DataError, match="images of 28 × 28; the model takes 8 × 8"):
        fitted.transform(mnist)


NAMES = ("adult-train", "airline-passengers", "horse-colic", "housing", "iris", "wine")


@pytest.mark.parametrize("name", [*NAMES, "pima-indians-diabetes", "adult-test"])
def test_known_files(name, full_data):
    table = read_table(full_data / "csv" / f"{name}.csv")
    target = decide_target(table)
    labels = target.encode(table) if target.task == "classification" else None
    parts = split(table.rows, test=0.15, validation=0.15, seed=0, labels=labels)
    fitted = Preprocessing.fit(table, target, parts.train)
    features = fitted.transform(table)
    assert features.shape == (table.rows, len(fitted.feature_names))
    assert len(set(fitted.feature_names)) == features.shape[1]
    assert np.all(np.isfinite(features))


def test_adult_train_and_test(full_data):
    train, test = (read_table(full_data / "csv" / f"adult-{p}.csv") for p in ("train", "test"))
    fitted = Preprocessing.fit(train, decide_target(train))
    encoded = fitted.apply(test)
    assert encoded.values.shape == (16281, 108)
    assert encoded.notes == ()
    assert len(fitted.apply_target(test).notes) == 1
