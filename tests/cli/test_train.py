"""`glassnet train`: what it prints, what it writes, and that both say the same."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.training import network as network_module
from tests.cli.conftest import FLOWERS, Run

QUICK = "--epochs 8 --seed 3"


def test_iris_with_no_option_at_all(run: Run, place: Path) -> None:
    result = run("train iris")
    assert (result.status, result.err) == (0, "")
    for said in (
        "150 rows × 5 columns",
        "CC BY 4.0",
        "sepal length  number      standardised",
        "Iris-virginica     50     30          10    10",
        "hidden  32 tanh    32             160",
        "cross_entropy",
        "weights are of epoch",
        "precision  recall     F1  examples",
        "right ↓  answered →",
        "glassnet predict iris.safetensors iris",
    ):
        assert said in result.out, said
    assert [file.name for file in place.iterdir()] == ["iris.safetensors"]
    assert gn.load("iris.safetensors").classes == (
        "Iris-setosa",
        "Iris-versicolor",
        "Iris-virginica",
    )


@pytest.mark.parametrize("typed", ["train iris", "train flowers.csv", "train wide.csv --test 0.3"])
def test_eighty_columns_and_plain(typed: str, run: Run, models: Path) -> None:
    names = [f"a measurement with a long name {i}" for i in range(30)]
    rows = "\n".join(
        ",".join([*(str((i * j) % 7) for j in range(1, 31)), f"quite a long class name {i % 13}"])
        for i in range(130)
    )
    (models / "wide.csv").write_text(",".join([*names, "kind"]) + "\n" + rows + "\n")
    result = run(f"{typed} {QUICK}")
    assert result.status == 0, result.err
    lines = result.out.splitlines()
    assert [line for line in lines if len(line) > 80] == []
    assert [line for line in lines if line != line.rstrip()] == []
    assert "\x1b" not in result.out + result.err


def test_many_columns_are_shown_in_groups(run: Run, place: Path) -> None:
    header = ",".join(f"x{i}" for i in range(40))
    rows = "\n".join(",".join(str((i * j) % 11) for j in range(3, 43)) for i in range(60))
    (place / "wide.csv").write_text(f"{header}\n{rows}\n")
    result = run(f"train wide.csv {QUICK} --task classification")
    assert "x0, x1, x2, x3, x4, x5, … (36" in result.out
    assert "x20 " not in result.out


def test_json_holds_what_people_read(run: Run) -> None:
    people = run(f"train iris {QUICK}")
    result = run(f"train iris {QUICK} --json")
    assert (result.status, result.err) == (0, "")
    found = json.loads(result.out)
    assert found["model"] == "iris-2.safetensors"
    assert found["data"]["classes"] == ["Iris-setosa", "Iris-versicolor", "Iris-virginica"]
    assert found["data"]["parts"]["test"] == {
        "rows": 30,
        "classes": dict.fromkeys(found["data"]["classes"], 10),
    }
    assert found["settings"]["optimizer"] == "adam 0.01"
    assert found["run"]["epochs"] == 8
    shares = [f"{found['measures'][part]['accuracy']:.3f}" for part in found["measures"]]
    assert re.search(r"accuracy +" + " +".join(shares), people.out)
    test = found["measures"]["test"]
    assert sum(map(sum, test["confusion"])) == test["examples"] == 30
    for row in test["classes"]:
        assert re.search(
            rf"{row['class']} +{row['precision']:.3f} +{row['recall']:.3f}", people.out
        )


def test_numbers_are_measured_in_their_own_units(run: Run, models: Path) -> None:
    result = run("train line.csv --epochs 150 --optimizer 'adam 0.02' --json")
    found = json.loads(result.out)
    measures = found["measures"]["test"]
    assert found["data"]["task"] == "regression"
    rows = list(csv.DictReader((models / "line.csv").read_text().splitlines()))
    everything = run(f"predict {found['model']} line.csv").out.splitlines()[1:]
    errors = np.array(everything, float) - np.array([float(row["y"]) for row in rows])
    assert measures["mae"] <= np.abs(errors).max()
    assert measures["r2"] > 0.9
    people = run("train line.csv --epochs 150 --optimizer 'adam 0.02'").out
    for name, key in (("R²", "r2"), ("MAE", "mae"), ("RMSE", "rmse")):
        text = f"{measures[key]:.3f}" if key == "r2" else f"{measures[key]:.4g}"
        assert re.search(rf"{name} .* {re.escape(text)}\n", people)
    assert "in the units of 'y'" in people


def test_the_same_seed_gives_the_same_model(run: Run) -> None:
    for seed in (1, 1, 2):
        assert run(f"train iris --quiet --epochs 3 --seed {seed}").out == ""
    first, again, other = (gn.load(f"iris{n}.safetensors") for n in ("", "-2", "-3"))
    assert all(np.array_equal(first.parameters[k], again.parameters[k]) for k in first.parameters)
    assert not np.array_equal(first.parameters["hidden.w"], other.parameters["hidden.w"])


def test_a_model_is_replaced_only_where_it_was_asked_for(run: Run, place: Path) -> None:
    assert run(f"train iris {QUICK} --out mine.safetensors -q").status == 0
    before = (place / "mine.safetensors").read_bytes()
    assert run("train iris --epochs 2 --out mine.safetensors -q").status == 0
    assert (place / "mine.safetensors").read_bytes() != before


def test_history_and_curves_are_written(run: Run, place: Path) -> None:
    pytest.importorskip("matplotlib", reason="the learning curves are drawn by matplotlib")
    result = run(f"train iris {QUICK} --history h.csv --plot c.svg")
    assert "curves   c.svg" in result.out
    rows = list(csv.DictReader((place / "h.csv").read_text().splitlines()))
    assert [row["epoch"] for row in rows] == [str(i) for i in range(1, 9)]
    assert (place / "c.svg").read_text().startswith("<?xml")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--layers '8 relu, dropout 0.2, batchnorm, softmax'", "dropout1"),
        ("--layers logistic", "1 logistic"),
        ("--layers '4 tanh, 1 tanh' --loss mse", "1 tanh"),
        ("--loss half_squared_error --layers '4 tanh, softmax'", "half_squared_error"),
        ("--mode online", "after each example, at most 8 epochs"),
        ("--mode batch --patience 0", "after all examples, 8 epochs"),
        ("--batch-size 4 --optimizer 'nesterov 0.05'", "mini-batches of 4"),
        ("--class-weight balanced --clip-norm 1 --clip-value 0.5", "cross_entropy"),
        ("--class-weight 'setosa=3, versicolor=1'", "cross_entropy"),
        ("--validation 0", "train   test"),
        ("--validation 0 --test 0", "train: each class"),
        ("--test-data flowers.csv", "train  validation   test"),
        ("--dtype float64 --l1 0.001 --l2 0", "l1 = 0.001"),
        ("--no-standardize", "as it is"),
        ("--engine reference", "on the reference engine"),
        ("--target colour --ignore species", "3 classes"),
        ("--target 1 --task regression", "in the units of 'length'"),
        ("--missing white --categories 1", "one-hot: "),
        ("--numbers 1,2 --categories colour --delimiter , --header --encoding utf-8", "one-hot"),
        ("--optimizer 'adam 0.01' --layers softmax", "output  2 softmax"),
    ],
)
def test_options(options: str, said: str, run: Run, models: Path) -> None:
    del models
    result = run(f"train flowers.csv {QUICK} {options}")
    assert result.status == 0, result.err
    assert said in result.out, result.out


def test_a_handful_of_rows_is_not_split(run: Run, place: Path) -> None:
    (place / "few.csv").write_text("\n".join(FLOWERS.splitlines()[:7]) + "\n")
    result = run(f"train few.csv {QUICK}")
    assert "in all         6      6" in result.out


def test_digits_are_tested_on_their_official_part(run: Run) -> None:
    found = json.loads(run("train digits --epochs 1 --json").out)
    assert found["data"]["parts"]["test"]["rows"] == 1797
    assert sum(part["rows"] for part in found["data"]["parts"].values()) == 3823 + 1797
    found = json.loads(run("train digits --epochs 1 --json --test 0.1").out)
    assert found["data"]["parts"]["test"]["rows"] == 382


def test_images_with_an_official_test_part(run: Run, place: Path) -> None:
    rng = np.random.default_rng(0)
    for part, count in (("train", 40), ("t10k", 20)):
        labels = np.arange(count, dtype=np.uint8) % 2
        pixels = rng.integers(0, 90, (count, 3, 3), dtype=np.uint8) + 150 * labels[:, None, None]
        head = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in pixels.shape)
        (place / f"{part}-images-idx3-ubyte").write_bytes(head + pixels.astype(np.uint8).tobytes())
        head = bytes([0, 0, 8, 1]) + count.to_bytes(4, "big")
        (place / f"{part}-labels-idx1-ubyte").write_bytes(head + labels.tobytes())
    result = run("train train-images-idx3-ubyte --epochs 20")
    assert "40 images of 3 × 3 pixels" in result.out
    assert "official test part lies beside it: t10k-images-idx3-ubyte" in " ".join(
        result.out.split()
    )
    assert re.search(r"in all +60 +32 +8 +20", result.out)


def test_an_interruption_keeps_the_network_so_far(
    run: Run, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from glassnet.training import stepper

    evaluate, calls = stepper.Stepper.evaluate, iter(range(1000))

    def interrupted(self: Any, material: Any) -> Any:
        if next(calls) == 3:
            raise KeyboardInterrupt
        return evaluate(self, material)

    monkeypatch.setattr(stepper.Stepper, "evaluate", interrupted)
    result = run("train iris --history h.csv --engine reference")
    assert result.status == 130
    assert "3 epochs" in result.out
    assert "interrupted; the network so far is kept" in result.err
    assert gn.load("iris.safetensors").training["epochs_done"] == 3
    assert len((place / "h.csv").read_text().splitlines()) == 4


def test_an_interruption_before_the_first_epoch(
    run: Run, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from glassnet.training import stepper

    def interrupted(*_: object, **__: object) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(stepper.Stepper, "epoch", interrupted)
    result = run("train iris --history h.csv --plot c.svg --engine reference")
    assert result.status == 130
    assert "no epoch was finished" in result.err
    assert [file.name for file in place.iterdir()] == ["iris.safetensors"]
    monkeypatch.setattr("glassnet.data.open_data", interrupted)
    result = run("train iris")
    assert (result.status, result.err) == (130, "interrupted; nothing was written\n")


def test_a_late_failure_keeps_what_was_learnt(run: Run, place: Path) -> None:
    """A rate so high that each step multiplies the error by -5: finite for a few epochs."""
    (place / "x.csv").write_text("a,b\n" + "".join(f"{i / 3},{i}.5\n" for i in range(50)))
    result = run("train x.csv --optimizer 'sgd 3' --mode batch --layers linear --patience 100")
    assert result.status == 2
    assert "epoch" in result.err
    assert "is saved in x.safetensors" in result.err
    assert run("predict x.safetensors x.csv").status == 0


def test_a_full_disk_loses_nothing(run: Run, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("train iris --epochs 2 -q --out m.safetensors").status == 0
    before = (place / "m.safetensors").read_bytes()

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    result = run("train iris --epochs 2 --out m.safetensors")
    assert result.status == 2
    assert result.err.startswith("error: cannot write 'm.safetensors': No space left on device")
    assert "accuracy" in result.out  # the figures are shown all the same
    assert [file.name for file in place.iterdir()] == ["m.safetensors"]
    assert (place / "m.safetensors").read_bytes() == before


def test_no_permission(run: Run, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's answers are put in: a test that runs as root would be allowed everything."""

    def forbidden(self: Path) -> bytes:
        raise PermissionError(13, "Permission denied", str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", forbidden)
        result = run("train flowers.csv")
    assert result.status == 2
    assert "no permission to read the file 'flowers.csv'" in result.err
    monkeypatch.setattr("os.access", lambda *_: False)
    result = run("train flowers.csv --out m.safetensors")
    assert result.status == 2
    assert "cannot write 'm.safetensors': no permission" in result.err
    assert "Data" not in result.out


def test_a_mistake_of_ours_is_owned_up_to(
    run: Run, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("division by zero")

    monkeypatch.setattr(network_module.Network, "table", broken)
    result = run("train iris")
    assert result.status == 70
    assert "a mistake of glassnet itself (ZeroDivisionError: division by zero)" in result.err
    assert "GLASSNET_DEBUG=1" in result.err
    assert "Traceback" not in result.err
    monkeypatch.setenv("GLASSNET_DEBUG", "1")
    result = run("train iris")
    assert result.status == 70
    assert "Traceback" in result.err
    assert list(place.iterdir()) == []
