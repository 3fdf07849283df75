"""`glassnet predict`: CSV that can be read back, for files like that of the training."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import read_table
from tests.cli.conftest import FLOWERS, Run

MODEL = "flowers.safetensors"


def rows_of(text: str) -> list[dict[str, str]]:
    """Return the rows of CSV."""
    return list(csv.DictReader(io.StringIO(text)))


def test_predictions_and_probabilities_are_those_of_the_network(run: Run, models: Path) -> None:
    result = run(f"predict {MODEL} flowers.csv")
    assert (result.status, result.err) == (0, "")
    rows = rows_of(result.out)
    net = gn.load(MODEL)
    table = read_table(models / "flowers.csv")
    assert list(rows[0]) == ["prediction", "setosa", "versicolor"]
    assert [row["prediction"] for row in rows] == net.predict(table).tolist()
    shares = np.array([[row["setosa"], row["versicolor"]] for row in rows], np.float32)
    assert net.preprocessing is not None
    exact = net.predict_proba(table)
    assert np.array_equal(shares, exact)  # all digits of float32 come back


def test_numbers_come_back_in_the_targets_units(run: Run, models: Path) -> None:
    result = run("predict line.safetensors line.csv")
    rows = rows_of(result.out)
    assert list(rows[0]) == ["prediction"]
    net = gn.load("line.safetensors")
    answers = net.predict(read_table(models / "line.csv"))
    assert np.allclose([float(row["prediction"]) for row in rows], answers, rtol=1e-11)


def test_to_a_file_and_as_json(run: Run, models: Path) -> None:
    text = run(f"predict {MODEL} flowers.csv").out
    assert run(f"predict {MODEL} flowers.csv --out answers.csv").out == ""
    assert (models / "answers.csv").read_text() == text
    assert run(f"predict {MODEL} flowers.csv --out -").out == text
    found = json.loads(run(f"predict {MODEL} flowers.csv --json").out)
    rows = rows_of(text)
    assert found["predictions"] == [row["prediction"] for row in rows]
    assert found["probabilities"]["setosa"] == [float(row["setosa"]) for row in rows]
    assert run(f"predict {MODEL} flowers.csv --json --out answers.json").status == 0
    assert json.loads((models / "answers.json").read_text()) == found


@pytest.mark.parametrize(
    ("what", "text", "options"),
    [
        ("without the target", "length,width,colour\n{}", ""),
        ("columns in another order, one more", "colour,note,width,length\n{reordered}", ""),
        ("without a header", "{}", ""),
        ("with semicolons", "length;width;colour\n{semicolons}", ""),
        ("in another encoding", "length,width,colour,größe\n{extra}", "--encoding latin-1"),
    ],
)
def test_files_in_other_forms(what: str, text: str, options: str, run: Run, models: Path) -> None:
    del what
    lines = [line.rsplit(",", 1)[0] for line in FLOWERS.splitlines()[1:]]
    reordered = [",".join([(c := line.split(","))[2], "x y", c[1], c[0]]) for line in lines]
    content = text.format(
        "\n".join(lines) + "\n",
        reordered="\n".join(reordered) + "\n",
        semicolons="\n".join(lines).replace(",", ";") + "\n",
        extra="\n".join(f"{line},1" for line in lines) + "\n",
    )
    (models / "new.csv").write_text(content, "latin-1")
    whole = run(f"predict {MODEL} flowers.csv")
    result = run(f"predict {MODEL} new.csv {options}")
    assert result.status == 0, result.err
    assert result.out == whole.out


def test_categories_not_met_in_training_and_missing_values(run: Run, models: Path) -> None:
    (models / "new.csv").write_text("length,width,colour\n5.0,3.2,green\n?,3.2,red\n6.9,3.1,\n")
    result = run(f"predict {MODEL} new.csv")
    assert result.status == 0
    assert len(rows_of(result.out)) == 3
    assert result.err.startswith("note: ")
    assert "'green'" in result.err
    assert "not met in training" in result.err


def test_one_row_is_enough(run: Run, models: Path) -> None:
    (models / "one.csv").write_text("length,width,colour\n5.0,3.2,red\n")
    assert rows_of(run(f"predict {MODEL} one.csv").out)[0]["prediction"] == "setosa"


def test_codes_that_look_like_numbers_stay_categories(run: Run, models: Path) -> None:
    rows = "".join(f"{'01' if i % 2 else '2'},{i % 7},{'ab'[i % 2]}\n" for i in range(20))
    (models / "codes.csv").write_text(f"code,x,kind\n{rows}")
    assert run("train codes.csv -q").status == 0
    (models / "new.csv").write_text("code,x\n2,1\n2,3\n")
    result = run("predict codes.safetensors new.csv")
    assert result.err == ""
    assert [row["prediction"] for row in rows_of(result.out)] == ["a", "a"]


def test_a_header_of_words_among_words(run: Run, models: Path) -> None:
    rows = "".join(f"{'red' if i % 3 else 'blue'},{'ab'[i % 3 > 0]}\n" for i in range(20))
    (models / "words.csv").write_text(f"colour,kind\n{rows}")
    assert run("train words.csv --header -q").status == 0
    (models / "new.csv").write_text("colour\nred\nred\nblue\ncolour\n")
    result = run("predict words.safetensors new.csv")
    assert len(rows_of(result.out)) == 4


def test_a_class_named_prediction(run: Run, models: Path) -> None:
    (models / "x.csv").write_text("a,b\n" + "1,prediction\n2,other\n" * 6)
    assert run("train x.csv -q --epochs 2").status == 0
    rows = rows_of(run("predict x.safetensors x.csv").out)
    assert list(rows[0]) == ["prediction_", "other", "prediction"]


def test_outputs_that_are_no_probabilities(run: Run, models: Path) -> None:
    del models
    typed = "train flowers.csv -q --layers '4 tanh, 1 tanh' --loss mse --out t.safetensors"
    assert run(typed).status == 0
    rows = rows_of(run("predict t.safetensors flowers.csv").out)
    assert list(rows[0]) == ["prediction"]
    assert {row["prediction"] for row in rows} <= {"setosa", "versicolor"}


def test_one_logistic_output_has_two_probabilities(run: Run, models: Path) -> None:
    del models
    assert run("train flowers.csv -q --layers logistic --out l.safetensors").status == 0
    for row in rows_of(run("predict l.safetensors flowers.csv").out):
        assert float(row["setosa"]) + float(row["versicolor"]) == pytest.approx(1.0)
        assert row["prediction"] == max(("setosa", "versicolor"), key=lambda name: float(row[name]))


def test_digits(run: Run) -> None:
    assert run("train digits --epochs 1 -q").status == 0
    result = run("predict digits.safetensors digits")
    assert len(rows_of(result.out)) == 1797
    assert "official test part" in result.err
