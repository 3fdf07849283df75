"""`glassnet train` on pairs, `glassnet translate`: from the command line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

PAIRS = [
    (f"{a} {b}", f"{y} {x}")
    for a, x in (("rot", "red"), ("blau", "blue"), ("alt", "old"), ("neu", "new"))
    for b, y in (("Haus", "house"), ("Hund", "dog"), ("Ball", "ball"))
] * 12
SMALL = "--layers '16 gru | 16 gru' --epochs 30 --optimizer 'adam 0.02' --no-progress"


@pytest.fixture
def texts(place: Path) -> Path:
    (place / "de.txt").write_text("".join(f"{source}\n" for source, _ in PAIRS))
    with gzip.open(place / "en.gz", "wt") as file:
        file.write("".join(f"{target}\n" for _, target in PAIRS))
    return place


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model of dates that is not trained: what it answers has the right form."""
    from glassnet.data.generated.dates import dates
    from glassnet.training.translation import translation_network

    path = tmp_path_factory.mktemp("dates") / "dates.safetensors"
    net = translation_network(*dates(200), "8 lstm | 8 lstm", embedding=4)
    net.training = {"data": {"name": "dates", "seed": 0}}
    net.save(path)
    return path


def test_parallel_text_is_learnt_measured_and_translated(run: Run, texts: Path) -> None:
    result = run(f"train de.txt --target-text en.gz {SMALL} --json --history rows.csv --test 0.1")
    assert result.status == 0, result.err
    found = json.loads(result.out)
    assert found["measures"]["greedy"]["right"] > 0.9
    assert found["measures"]["beam of 5"]["mean ln P"] >= found["measures"]["greedy"]["mean ln P"]
    assert (texts / "rows.csv").exists()
    assert run("translate de.safetensors 'rot Hund' 'ALT Ball'").out == "dog red\nball old\n"
    measured = json.loads(run("evaluate de.safetensors de.txt --target-text en.gz --json").out)
    assert measured["pairs"] == len(PAIRS)
    assert measured["measures"]["greedy"]["right"] > 0.9
    info = run("info de.safetensors").out
    for part in ("Encoder and decoder", "encoder embedding1", "gru 16", "epochs done"):
        assert part in info
    strange = run("translate de.safetensors 'rot Katze'")
    assert "not known from training: 'katze'" in strange.err
    assert strange.status == 0


def test_what_is_printed_fits_a_terminal(run: Run, texts: Path) -> None:
    del texts
    result = run(f"train de.txt --target-text en.gz {SMALL} --teacher-forcing 'cosine 1 final=0.5'")
    for part in (
        "pairs of texts",
        "teacher forcing",
        "attention",
        "answered",
        "glassnet translate",
    ):
        assert part in result.out
    assert max(map(len, result.out.splitlines())) <= 100


def test_a_search_is_shown(run: Run, model: Path, place: Path) -> None:
    result = run(f"translate {model} '3 May 1999' --table --tree beam.svg --width 3")
    assert result.status == 0, result.err
    assert "Search" in result.out
    assert (place / "beam.svg").read_text().startswith("<svg")
    best = run(f"translate {model} '3 May 1999' --width 4 --n-best 4").out.splitlines()
    scores = [float(line.split()[0]) for line in best]
    assert len(best) == 4
    assert max(scores) <= 0
    document = json.loads(run(f"translate {model} '3 May 1999' --json").out)["translations"][0]
    assert len(document["hypotheses"]) == 5
    assert document["hypotheses"][0]["text"] == run(f"translate {model} '3 May 1999'").out[:-1]


def test_lines_of_a_file_and_of_standard_input(run: Run, model: Path, place: Path) -> None:
    (place / "lines.txt").write_text("3 May 1999\n4.5.2000\n")
    assert run(f"translate {model} --file lines.txt --out answers.txt").status == 0
    answers = (place / "answers.txt").read_text().splitlines()
    assert answers == run(f"translate {model} '3 May 1999' 4.5.2000").out.splitlines()


def test_made_pairs_are_evaluated_anew(run: Run, model: Path) -> None:
    found: Any = json.loads(run(f"evaluate {model} dates --json").out)
    assert found["pairs"] == 2000
    assert set(found["measures"]) == {"greedy", "beam of 5"}


def test_digits_are_spelt(run: Run, place: Path) -> None:
    result = run("train digit-names --epochs 2 --layers '16 relu | 16 gru' --no-progress --json")
    assert result.status == 0, result.err
    assert json.loads(result.out)["measures"]["greedy"]["right"] > 0.3
    assert run("evaluate digit-names.safetensors digit-names").status == 0
    asked = run("translate digit-names.safetensors three")
    assert (asked.status, "reads pictures" in asked.err) == (2, True)
    assert (place / "digit-names.safetensors").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("train de.txt --target-text missing.txt", "no file 'missing.txt'"),
        ("train de.txt --target-text short.txt", "144 lines, short.txt 1"),
        ("train de.txt --target-text en.gz --words 1", "no pair has 1 words"),
        ("train de.txt --target-text en.gz --layers '8 lstm'", "|"),
        ("train de.txt --target-text en.gz --target x", "--target has no place"),
        ("train de.txt --target-text en.gz --truncate 5", "--truncate has no place"),
        ("train de.txt --target-text en.gz --delimiter ,", "how a table is read"),
        ("train de.txt --target-text en.gz --teacher-forcing 2", "teacher forcing"),
        ("train de.txt --target-text en.gz --teacher-forcing some", "schedule"),
        ("train de.txt --target-text en.gz --validation 0 --patience 3", "--patience needs"),
        ("train de.txt --target-text en.gz --minutes 1 --epochs 1", "exclude each other"),
        ("train de.txt --target-text empty.txt", "144 lines, empty.txt 0"),
        ("train de.txt --target-text binary.txt", "not a table" ),
        ("train dates --target-text en.gz", "--target-text has no place"),
        ("train dates --words 3", "--words has no place"),
        ("train digit-names --attention", "--attention has no place"),
        ("train iris --attention", "--attention has no place"),
        ("train brackets --teacher-forcing 1", "--teacher-forcing has no place"),
        ("train date", "did you mean 'dates'"),
        ("translate de.txt hello", "is text"),
        ("translate MODEL", "give texts to translate, or --file"),
        ("translate MODEL x --file de.txt", "one of the two"),
        ("translate MODEL ''", "the text is empty"),
        ("translate MODEL --file empty.txt", "no text to translate"),
        ("translate MODEL a --width 0", "width"),
        ("translate MODEL a --length-penalty -1", "penalty"),
        ("translate MODEL a --n-best 6", "--width of 6 at least"),
        ("translate MODEL a b --tree t.svg", "one text; there are 2"),
        ("translate MODEL a --tree t.png", ".svg"),
        ("predict MODEL de.txt", "is an encoder–decoder"),
        ("explain MODEL de.txt", "is an encoder–decoder"),
        ("sample MODEL", "is an encoder–decoder"),
        ("evaluate MODEL de.txt", "--target-text must name"),
        ("evaluate MODEL digit-names", "was not trained on 'digit-names'"),
    ],
)  # fmt: skip
def test_refusals(run: Run, texts: Path, model: Path, words: str, message: str) -> None:
    (texts / "short.txt").write_text("one line\n")
    (texts / "empty.txt").write_text("")
    (texts / "binary.txt").write_bytes(b"\x89PNG" + bytes(50))
    before = sorted(texts.iterdir())
    result = run(words.replace("MODEL", str(model)))
    assert (result.status, result.out) == (2, "")
    assert message in " ".join(result.err.split())
    assert sorted(texts.iterdir()) == before
