"""`glassnet explain PROBLEM --paths WEIGHT`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Run


def test_paths(run: Run, place: Path) -> None:
    done = run("explain backpropagation --paths 'x[2]'")
    assert done.status == 0
    assert "2 paths lead from x₂ to E" in done.out
    assert max(map(len, done.out.splitlines())) <= 80
    (kept,) = json.loads(run("explain backpropagation --paths 'x[2]' --json").out)["steps"]
    assert kept["count"] == 2
    one = run("explain backpropagation --paths 'x[2]' --to 'hidden.y[1]' --most 1 --digits 3")
    assert "One path leads from x₂ to y₁" in one.out
    assert run("explain backpropagation --paths 'x[2]' --out paths.html").status == 0
    assert "<svg" in (place / "paths.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--paths 'hiden.w[1,1]'", "did you mean 'hidden.w'"),
        ("--paths 'hidden.w[3,1]'", "hidden.w is hidden.w[1,1] to hidden.w[2,2]"),
        ("--paths 'x[1]' --to 'output.y[2]'", "output.y is"),
        ("--paths 'x[1]' --most 0", "most must be a whole number"),
        ("--paths 'x[1]' --example 2", "there is one example"),
        ("--paths 'x[1]' --steps 2", "leave --steps"),
        ("--to E", "--paths WEIGHT"),
        ("--most 3", "--paths WEIGHT"),
    ],
)
def test_mistakes(run: Run, words: str, message: str) -> None:
    done = run(f"explain backpropagation {words}")
    assert done.status == 2
    assert message in " ".join(done.err.split())
    assert "Traceback" not in done.err
