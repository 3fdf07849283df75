"""idx files, images and their labels, and the built-in digits."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from glassnet.data import Images, decide_target, open_data, read_idx, read_images
from glassnet.errors import DataError


def idx(array: np.ndarray, code: int = 8) -> bytes:
    sizes = b"".join(size.to_bytes(4, "big") for size in array.shape)
    big = array.astype(array.dtype.newbyteorder(">"))
    return bytes([0, 0, code, array.ndim]) + sizes + big.tobytes()


PIXELS = np.arange(24, dtype=np.uint8).reshape(4, 2, 3)
LABELS = np.array([0, 1, 1, 0], np.uint8)


@pytest.mark.parametrize(
    ("dtype", "code"),
    [("u1", 8), ("i1", 9), ("i2", 11), ("i4", 12), ("f4", 13), ("f8", 14)],
)
@pytest.mark.parametrize("packed", [False, True])
def test_idx_round_trip(dtype, code, packed, write):
    array = np.arange(6).reshape(2, 3).astype(dtype)
    content = idx(array, code)
    read = read_idx(write(gzip.compress(content) if packed else content))
    np.testing.assert_array_equal(read, array)
    assert read.dtype == array.dtype
    assert read.dtype.isnative


@pytest.mark.parametrize(
    ("content", "part"),
    [
        (b"", "not an idx file"),
        (b"5.1,3.5\n", "35 2e 31 2c"),
        (b"\0\0\x07\x01\0\0\0\0", "not an idx file"),
        (b"\0\0\x08\x03\0\0\0\x01", "header alone has 16"),
        (idx(PIXELS)[:-1], "cut short: 39 bytes, where its sizes 4 × 2 × 3 need 40"),
        (idx(PIXELS) + b"x", "goes on after its end: 41 bytes"),
        (b"\0\0\x08\x03" + b"\xff" * 12, "cut short"),
    ],
)
def test_bad_idx_files(content, part, write):
    with pytest.raises(DataError) as caught:
        read_idx(write(content, "x-idx3"))
    assert part in str(caught.value)
    assert "x-idx3" in str(caught.value)


def test_labels_and_test_part_are_found_beside(write):
    path = write(idx(PIXELS), "train-images-idx3-ubyte")
    write(gzip.compress(idx(LABELS)), "train-labels-idx1-ubyte.gz")
    test = write(idx(PIXELS), "t10k-images-idx3-ubyte")
    images = read_images(path)
    assert isinstance(images, Images)
    assert images.labels is not None
    assert images.labels.tolist() == [0, 1, 1, 0]
    assert images.test_source == test
    assert images.notes[0] == "labels from train-labels-idx1-ubyte.gz"
    assert "t10k-images" in images.notes[1]
    assert images.shape == (2, 3)
    assert len(images.take(np.array([3, 1]))) == 2
    assert open_data(path).data.rows == 4


def test_images_without_labels(write):
    images = read_images(write(idx(PIXELS), "mine"))
    assert images.labels is None
    assert "no labels" in images.notes[0]
    with pytest.raises(DataError, match="no labels"):
        decide_target(images)


@pytest.mark.parametrize(
    ("array", "code", "part"),
    [
        (LABELS, 8, "name the images"),
        (PIXELS.astype("f4"), 13, "bytes (uint8)"),
        (PIXELS[:0], 8, "there are no images"),
    ],
)
def test_what_is_not_images(array, code, part, write):
    with pytest.raises(DataError) as caught:
        read_images(write(idx(array, code)))
    assert part in str(caught.value)


@pytest.mark.parametrize(
    ("labels", "part"),
    [(LABELS[:3], "3 labels for the 4 images"), (PIXELS, "not labels")],
)
def test_labels_that_do_not_fit(labels, part, write):
    path = write(idx(PIXELS), "a")
    with pytest.raises(DataError, match=part):
        read_images(path, write(idx(labels), "b"))


def test_the_built_in_digits():
    digits = open_data("digits")
    assert isinstance(digits.data, Images)
    assert isinstance(digits.test, Images)
    assert digits.data.pixels.shape == (3823, 8, 8)
    assert digits.test.pixels.shape == (1797, 8, 8)
    assert (digits.data.pixels.min(), digits.data.pixels.max(), digits.data.maximum) == (0, 16, 16)
    assert np.bincount(digits.test.labels).tolist() == [
        178,
        182,
        177,
        183,
        181,
        182,
        181,
        179,
        174,
        180,
    ]  # fmt: skip  (optdigits.names)
    assert digits.credit is not None
    assert "Alpaydin" in digits.credit


def test_the_built_in_iris_is_the_repository_s():
    iris = open_data("iris").data
    assert [column.name for column in iris.columns] == [
        "sepal length", "sepal width", "petal length", "petal width", "species"
    ]  # fmt: skip
    for sample in (35, 38):  # the two that differ from Fisher's paper
        assert [iris.columns[i].values[sample - 1] for i in range(4)] == [4.9, 3.1, 1.5, 0.1]


def test_a_file_with_a_built_in_name(write, monkeypatch):
    path = write("a,b\n1,2\n3,4\n", "iris")
    monkeypatch.chdir(path.parent)
    assert open_data("iris").data.rows == 150
    assert open_data("./iris").data.rows == 2
    assert open_data(Path("iris")).data.rows == 2


def test_the_built_in_sets_are_made_reproducibly(full_data, tmp_path):
    root = Path(__file__).parents[2]
    made = tmp_path / "made"
    code = (
        "import runpy, pathlib; m = runpy.run_path('tools/build_datasets.py');"
        f"m['main'].__globals__['TARGET'] = pathlib.Path({str(made)!r}); m['main']()"
    )
    subprocess.run([sys.executable, "-c", code], cwd=root, check=True, capture_output=True)
    assert made.joinpath("digits.npz").stat().st_size > 0
    for name in ("iris.csv.gz", "digits.npz"):
        stored = root / "src" / "glassnet" / "data" / "builtin" / name
        unpacked = [_content(path) for path in (stored, made / name)]
        assert unpacked[0] == unpacked[1]  # compressed bytes may differ between zlib versions


def _content(path: Path) -> object:
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    with np.load(path) as stored:
        return {key: stored[key].tobytes() for key in stored.files}


def test_mnist(full_data):
    images = read_images(full_data / "mnist" / "train-images-idx3-ubyte.gz")
    assert images.pixels.shape == (60000, 28, 28)
    assert images.test_source is not None
    assert len(read_images(images.test_source)) == 10000
