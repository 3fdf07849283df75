"""`glassnet train book.txt`, `glassnet sample`: from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run

RHYME = "the cat sat on the mat.\nthe dog lay on a log.\n" * 40


@pytest.fixture
def book(place: Path) -> Path:
    (place / "book.txt").write_text(RHYME)
    return place


SMALL = "--layers '16 lstm returns=sequence, softmax' --epochs 3"


def test_a_text_is_learnt_and_written_on(run: Run, book: Path) -> None:
    result = run(f"train book.txt {SMALL} --json --plot curves.svg --history rows.csv")
    found = json.loads(result.out)
    assert result.status == 0
    assert found["data"]["characters"] == len(RHYME)
    assert 0 < found["measures"]["validation"]["bits"] < found["data"]["unigram_bits"] + 1
    assert (book / "curves.svg").exists()
    assert (book / "rows.csv").exists()
    written = run("sample book.safetensors --prompt 'the ' --length 30")
    assert written.out.startswith("the ")
    assert len(written.out) == 35
    measured = json.loads(run("evaluate book.safetensors book.txt --json").out)
    assert measured["measures"]["characters"] == len(RHYME)
    assert "Characters" in run("info book.safetensors").out


def test_what_is_printed_fits_a_terminal(run: Run, book: Path) -> None:
    result = run(f"train book.txt {SMALL}")
    for part in ("plain text: 1,840 characters", "bits a character", "Sample", "glassnet sample"):
        assert part in result.out
    assert max(map(len, result.out.splitlines())) <= 100


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("train book.txt --truncate abc", "--truncate must be"),
        ("train book.txt --truncate 80,64", "k1 = 80"),
        ("train book.txt --streams 0", "streams"),
        ("train book.txt --streams 100", "windows are longer"),
        ("train book.txt --truncate 5000", "windows are longer"),
        ("train book.txt --minutes 0", "minutes"),
        ("train book.txt --minutes 1 --epochs 2", "exclude each other"),
        ("train book.txt --test 0.2", "--test has no place"),
        ("train book.txt --validation 1", "validation"),
        ("train book.txt --streams 2 --delimiter ,", "leave out one"),
        ("train iris --truncate 5 --target x", "--target has no place"),
        ("train iris --minutes 5", "--minutes has no place"),
        ("train adding --truncate 5", "--truncate has no place"),
        ("train iris --rule perceptron --minutes 5", "--minutes"),
        ("train book.txt --layers '8 lstm, softmax'", "each of 64 steps"),
        ("sample book.txt", "is text"),
        ("sample missing.safetensors", "no file"),
    ],
)
def test_refusals(run: Run, book: Path, words: str, message: str) -> None:
    result = run(words)
    assert (result.status, result.out) == (2, "")
    assert message in " ".join(result.err.split())
    assert [place.name for place in book.iterdir()] == ["book.txt"]


def test_models_that_write_answer_nothing_else(run: Run, book: Path) -> None:
    run(f"train book.txt {SMALL}")
    for words in ("predict book.safetensors book.txt", "explain book.safetensors book.txt"):
        result = run(words)
        assert result.status == 2
        assert "has learnt a text" in result.err
    wrong = run("sample book.safetensors --prompt Ω")
    assert wrong.status == 2
    assert "'Ω', was not met in training" in wrong.err
