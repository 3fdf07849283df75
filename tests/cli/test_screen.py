"""What people see: colour on a terminal only, and no character that steers it."""

from __future__ import annotations

from pathlib import Path

import pytest

from glassnet.cli.defaults import choose_defaults, choose_shares
from tests.cli.conftest import Run


def test_colour_on_a_terminal(run: Run, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del models
    plain = run("evaluate iris.safetensors iris").out
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    coloured = run("evaluate iris.safetensors iris").out
    assert "\x1b[1mResults" in coloured
    assert "\x1b" not in plain


def test_names_cannot_steer_the_terminal(run: Run, place: Path) -> None:
    rows = "".join(f"{i % 7},{'ab'[i % 2]}\x1b[31m\n" for i in range(20))
    (place / "x.csv").write_text(f"a\x1b[2J,b\x07\n{rows}")
    for typed in ("train x.csv --epochs 2", "info x.safetensors", "train x.csv --target c"):
        result = run(typed)
        assert "[2J" in result.out + result.err
        assert "\x1b" not in result.out + result.err


def test_a_quiet_training_prints_nothing(run: Run) -> None:
    result = run("train iris --quiet --epochs 2")
    assert (result.status, result.out, result.err) == (0, "", "")


@pytest.mark.parametrize("rows", [1, 9, 10, 150, 1999, 2000, 9999, 10_000, 10**7])
@pytest.mark.parametrize(("task", "classes"), [("classification", 3), ("regression", 0)])
def test_defaults_are_sensible_for_any_size(rows: int, task: str, classes: int) -> None:
    chosen = choose_defaults(rows, 10, task, classes)
    validation, test = choose_shares(rows)
    assert chosen.layers.endswith("softmax" if classes else "linear")
    assert 1 <= chosen.patience < chosen.epochs
    assert (validation > 0) == (test > 0) == (rows >= 10)
    assert chosen.batch_size <= max(32, rows // 50)
