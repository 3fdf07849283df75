"""`glassnet worksheet` and `glassnet check`: what is printed, written, and returned."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from glassnet.explain.worksheet import course_of
from tests.cli.conftest import Run


def right_answers() -> str:
    entries = course_of("backpropagation").entries
    return "\n".join(f"{entry.name} = {entry.line.value:.5g}" for entry in entries)


def test_a_right_sheet(run: Run, place: Path) -> None:
    (place / "mine.txt").write_text(right_answers(), encoding="utf-8")
    result = run("check backpropagation mine.txt")
    assert (result.status, result.err) == (0, "")
    assert "method 29 of 29, numbers 29 of 29" in result.out
    assert "\x1b" not in result.out


def test_a_wrong_sheet(run: Run, place: Path) -> None:
    text = right_answers().replace("output.v[1] = 0.0910", "output.v[1] = 0.2910")
    (place / "mine.txt").write_text(text, encoding="utf-8")
    result = run("check backpropagation mine.txt")
    assert result.status == 1
    assert "wrong: 0.0910285" in result.out
    assert max(map(len, result.out.splitlines())) <= 80
    found = json.loads(run("check backpropagation mine.txt --json").out)
    assert found["counts"]["wrong"] >= 1
    assert found["right"] is False


def test_colours(run: Run, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "mine.txt").write_text("hidden.v1 = 0.2", encoding="utf-8")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[32m" in run("check backpropagation mine.txt").out


def test_a_blank_sheet(run: Run, place: Path) -> None:
    text = run("worksheet backpropagation").out
    assert "hidden.v[1] =\n" in text
    assert run("worksheet backpropagation --csv").out.startswith("quantity,value\n")
    for name in ("mine.txt", "mine.csv"):
        assert run(f"worksheet perceptron --out {name}").status == 0
        assert run(f"check perceptron {name}").status == 1
    assert (place / "mine.csv").read_bytes().startswith(b"\xef\xbb\xbfstep,quantity,value\n")
    result = run("worksheet perceptron --out mine.txt")
    assert result.status == 2
    assert "exists already" in result.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("check backpropagation nowhere.txt", "nowhere.txt"),
        ("check backpropagtion mine.txt", "did you mean 'backpropagation'"),
        ("check backpropagation mine.txt --steps 0", "steps must be at least 1"),
        ("check backpropagation mine.txt --conventions mine", "conventions"),
        ("check backpropagation binary.txt", "not text"),
        ("worksheet nothing", "no problem named"),
    ],
)
def test_mistakes(words: str, message: str, run: Run, place: Path) -> None:
    (place / "mine.txt").write_text("hidden.v1 = 0.2", encoding="utf-8")
    (place / "binary.txt").write_bytes(bytes(range(256)))
    result = run(words)
    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert result.err.startswith("error: ")
