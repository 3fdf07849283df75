"""Sentences with labels on the command line: trained, answered, measured, shown, refused."""

from __future__ import annotations

import io
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

import glassnet as gn
from glassnet.training.progress import Progress
from tests.cli.conftest import Run

GOOD, BAD = ["good", "nice", "great", "fine"], ["bad", "poor", "awful", "dull"]
THINGS = ["film", "book", "food", "room", "day"]
LINES = [
    f"a {word} {thing}{sign}\t{'yes' if word in GOOD else 'no'}"
    for thing in THINGS
    for sign in ("", " indeed .")
    for word in (*GOOD, *BAD)
]


@pytest.fixture
def file(place: Path) -> Path:
    """A file of 80 sentences."""
    path = place / "small.txt"
    path.write_text("\n".join(LINES) + "\n", encoding="utf-8")
    return path


def _train(run: Run, options: str = "") -> None:
    result = run(f"train small.txt --out small.safetensors --no-progress --quiet {options}")
    assert result.status == 0, result.err


def test_a_bag_of_words_if_nothing_is_said(run: Run, file: Path) -> None:
    result = run(f"train {file.name} --no-progress --plot curves.svg --history history.csv")
    assert result.status == 0, result.err
    heads = [line.split()[0] for line in result.out.splitlines() if line[:1].isalpha()]
    assert heads == ["Data", "Network", "Results", "Written", "Next"]
    text = " ".join(result.out.split())
    assert "80 sentences, 2 labels" in text
    assert "no (40), yes (40)" in text
    assert "56 train, 8 validation, 16 test" in text
    assert "How often each of 16 words is in each text (K1)" in text
    assert "The network reads a bag of" in text
    assert "words that speak most" in text
    [no] = [line for line in result.out.splitlines() if line.startswith("  no ") and "," in line]
    assert any(word in no for word in BAD)
    assert "glassnet predict small.safetensors small.txt" in result.out
    assert (file.parent / "curves.svg").exists()
    assert (file.parent / "history.csv").read_text().startswith("epoch,")
    net = gn.load(file.parent / "small.safetensors")
    assert net.predict(["such a nice day", "such an awful day"]).tolist() == ["yes", "no"]
    assert net.training["measures"]["test"]["accuracy"] > 0.9


def test_the_matrix_shows_counts(run: Run, place: Path) -> None:
    doubled = "\n".join(["very very good stuff\t1", "bad bad bad bad\t0"] * 6)
    (place / "few.txt").write_text(doubled)
    out = run("train few.txt --no-progress --epochs 1").out.splitlines()
    head = next(line.split() for line in out if "very" in line and "good" in line)
    row = next(line.split() for line in out if line.strip().startswith("very very good stuff"))
    counts = dict(zip(head[::-1], row[::-1], strict=False))
    assert {word: counts[word] for word in ("very", "good", "bad")} == {
        "very": "2",
        "good": "1",
        "bad": "0",
    }


@pytest.mark.parametrize("kind", ["average", "lstm"])
def test_other_ways_to_read(run: Run, file: Path, kind: str) -> None:
    _train(run, f"--text {kind} --epochs 3 --dtype float64 --seed 4 --optimizer 'adam 0.02'")
    net = gn.load(file.parent / "small.safetensors")
    assert net.seed == 4
    assert net.dtype == "float64"
    assert [layer.name for layer in net.layers][:2] == ["mask", "embedding"]
    assert net.training["epochs_done"] == 3
    assert run("predict small.safetensors small.txt").out.count("\n") == 81


def test_all_side_by_side_and_the_best_is_kept(run: Run, file: Path) -> None:
    options = "--text all --epochs 2 --optimizer 'adam 0.01' --no-progress"
    result = run(f"train small.txt {options} --out one.safetensors")
    assert result.status == 0, result.err
    lines = [line.split() for line in result.out.splitlines()]
    at = lines.index(["accuracy", "train", "validation", "test", "seconds", "parameters"])
    rows = {line[0]: line for line in lines[at + 1 : at + 4]}
    assert list(rows) == ["bag", "average", "lstm"]
    best = max(rows.values(), key=lambda row: float(row[2]))
    assert f"saved is {best[0]}, the best of them on the validation part" in result.out
    found = json.loads(run(f"train small.txt {options} --out two.safetensors --json").out)
    assert found["text"] == best[0]
    assert list(found["kinds"]) == ["bag", "average", "lstm"]
    for kind, row in rows.items():
        assert f"{found['kinds'][kind]['test']:.3f}" == row[3]
        assert f"{found['kinds'][kind]['parameters']:,}" == row[5]
    net = gn.load(file.parent / "two.safetensors")
    size = sum(value.size for value in net.parameters.values())
    assert size == found["kinds"][best[0]]["parameters"]


def test_lines_are_answered_with_labels_and_without(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _train(run)
    lines = "a nice room\nan awful zorblax\tno\n\na good day\tand 5 stars\n"
    (file.parent / "plain.txt").write_text(lines)
    result = run("predict small.safetensors plain.txt")
    rows = [line.split(",") for line in result.out.splitlines()]
    assert rows[0] == ["prediction", "no", "yes"]
    assert [row[0] for row in rows[1:]] == ["yes", "no", "yes"]
    assert all(abs(float(row[1]) + float(row[2]) - 1) < 1e-6 for row in rows[1:])
    assert "words are not known from the training: 'an', 'zorblax'" in result.err
    stream = SimpleNamespace(buffer=io.BytesIO(lines.encode()))
    monkeypatch.setattr("sys.stdin", stream)
    assert run("predict small.safetensors -").out == result.out
    found = json.loads(run("predict small.safetensors plain.txt --json").out)
    assert found["predictions"] == ["yes", "no", "yes"]
    assert len(found["probabilities"]["yes"]) == 3
    assert "zorblax" in found["notes"][0]
    assert run("predict small.safetensors plain.txt --out answers.csv").out == ""
    assert (file.parent / "answers.csv").read_text() == result.out


def test_answers_are_measured_where_labels_are_known(run: Run, file: Path) -> None:
    _train(run)
    (file.parent / "new.txt").write_text("a nice room\tyes\nan awful day\tno\na good film\tno\n")
    result = run("evaluate small.safetensors new.txt")
    assert result.status == 0, result.err
    assert "0.667" in result.out
    assert "3 texts with labels" in result.out
    found = json.loads(run("evaluate small.safetensors new.txt --json").out)
    assert found["measures"]["confusion"] == [[1, 1], [0, 1]]
    (file.parent / "some.txt").write_text("a nice room\tyes\na good film\nso so\tno\n")
    result = run("evaluate small.safetensors some.txt")
    assert result.status == 2
    assert "text 2 ('a good film') has no label of the model's (no, yes)" in result.err
    assert result.out == ""


def test_a_folder_of_sentences(run: Run, file: Path) -> None:
    folder = file.parent / "folder"
    folder.mkdir()
    for name, part in (("a.txt", LINES[::2]), ("b.txt", LINES[1::2])):
        (folder / name).write_text("\n".join(part))
    (folder / "readme.txt").write_text("What this is.\nAnd where it comes from.\n")
    result = run("train folder --no-progress --epochs 5")
    assert result.status == 0, result.err
    assert "80 sentences in 2 files" in result.out
    assert "passed over, without labels: readme.txt" in result.out
    assert run("predict folder.safetensors folder").out.count("\n") == 81
    assert run("evaluate folder.safetensors folder").status == 0
    (folder / "a.txt").unlink()
    (folder / "b.txt").unlink()
    result = run("predict folder.safetensors folder")
    assert result.status == 2
    assert "no file of the folder holds sentences" in result.err


def test_info_tells_how_many_words_are_known(run: Run, file: Path) -> None:
    _train(run)
    net = gn.load(file.parent / "small.safetensors")
    result = " ".join(run("info small.safetensors").out.split())
    assert f"a bag of {net.text.inputs[0]:,} words and pairs of words, tf-idf" in result
    assert "small.txt: 80 sentences, 2 labels" in result
    assert "words" in json.loads(run("info small.safetensors --json").out)["text"]
    _train(run, "--text lstm --epochs 1")
    words = len(gn.load(file.parent / "small.safetensors").text.vocabulary)
    assert f"first 5 words; {words} words are known" in run("info small.safetensors").out


@pytest.mark.parametrize("kind", ["bag", "all"])
def test_what_was_learnt_before_ctrl_c_is_kept(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(Progress, "end_epoch", _stop)
    result = run(f"train small.txt --text {kind} --out kept.safetensors --no-progress")
    assert result.status == 130
    assert "interrupted; the network so far is kept" in result.err
    assert "average:" not in result.out
    net = gn.load(file.parent / "kept.safetensors")
    assert net.training["stopped"] == "interrupted"
    assert net.training["epochs_done"] == 1


def _stop(self: Progress, row: object) -> None:
    del self, row
    raise KeyboardInterrupt


def test_tables_and_plain_texts_are_what_they_were(run: Run, place: Path) -> None:
    rows = [f"{i}\t{i % 7}\t{'yes' if i % 2 else 'no'}" for i in range(40)]
    (place / "table.txt").write_text("\n".join(["size\tage\tanswer", *rows]))
    result = run("train table.txt --epochs 1 --no-progress")
    assert result.status == 0, result.err
    assert "40 rows × 3 columns" in result.out
    (place / "small.tsv").write_text("\n".join(["text\tlabel", *LINES[:20]]))
    assert "sentences" not in run("train small.tsv --epochs 1 --no-progress").out


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (b"", "", "the file is empty"),
        (b"", "--text bag", "there is no sentence with a TAB and a label after it"),
        (b"good it is\t1\nnice one\t1\nfine by me\t1\n", "", "only one label (1)"),
        (b"caf\xe9 is good\t1\na bad one\t0\n", "", "line 1: byte 4 of the line is no UTF-8"),
        (b"a good one\t1\n\t0\na bad one\t0\n", "--text bag", "line 2: there is no sentence"),
        (b"a good one\na bad one\n", "--text bag", "line 1: 'a good one' has no label"),
        (None, "--target 2", "--target has no place here"),
        (None, "--delimiter tab", "say how a table is read have no place here"),
        (None, "--encoding latin-1", "say how a table is read have no place here"),
        (None, "--layers '8 tanh'", "--text says how sentences are read, by one of bag, average"),
        (None, "--rule perceptron --text bag", "--text is an option of networks"),
        (None, "--text tree", "text must be one of bag, average, lstm, all; got 'tree'"),
        (None, "--text bag --truncate 5", "--truncate has no place here"),
        (None, "--minutes 1", "--minutes has no place here"),
        (None, "--test 1.5", "test, a share of the sentences,"),
        (None, "--validation 0 --text all", "needs a validation part"),
        (None, "--validation 0 --patience 3", "--patience needs a validation part"),
        (None, "--class-weight yes=2", "must be 'balanced'"),
        (None, "--epochs 0", "epochs"),
        (b"a b\t1\nc d\t0\na c\t1\nb d\t0\n", "--text all", "too few for a validation part"),
    ],
)
def test_refusals(run: Run, file: Path, content: bytes | None, options: str, message: str) -> None:
    if content is not None:
        file.write_bytes(content)
    result = run(f"train small.txt --no-progress {options}")
    assert result.status == 2
    assert message in " ".join(result.err.split())
    assert result.err.count("error: ") == 1
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("predict small.safetensors nothere.txt", "there is no file 'nothere.txt'"),
        ("predict small.safetensors iris", "iris is a table, and the model reads texts"),
        ("predict small.safetensors small.txt --header", "the model reads texts"),
        ("evaluate small.safetensors small.txt --target 2", "no such option"),
        ("predict small.safetensors empty.txt", "there is no sentence"),
        ("evaluate small.safetensors latin.txt", "line 1: byte 4 of the line is no UTF-8"),
        ("train iris --text bag", "there is no file 'iris'"),
        ("train adding --text bag", "--text has no place here"),
    ],
)
def test_refusals_of_models_that_read_texts(run: Run, file: Path, words: str, message: str) -> None:
    _train(run, "--epochs 1")
    (file.parent / "empty.txt").write_bytes(b"\n\n")
    (file.parent / "latin.txt").write_bytes(b"caf\xe9\tyes\n")
    result = run(words)
    assert result.status == 2
    assert message.lower() in " ".join(result.err.split()).lower()
