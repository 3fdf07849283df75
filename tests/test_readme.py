"""The README's console examples print what it says, apart from the numbers of the results."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
EXAMPLES = re.findall(r"```console\n\$ glassnet (.*?)\n(.*?)```", README.read_text(), re.DOTALL)


def without_results(text: str) -> list[str]:
    """Return the words of each line, with the numbers before training; those of its results depend
    on how a processor rounds, and on its speed.
    """
    before, _, results = text.partition("Results")
    results = re.sub(r"\d[\d.,]*|·", "N", results)
    return [" ".join(line.split()) for line in (before + results).splitlines() if line.strip()]


@pytest.mark.parametrize(("command", "shown"), EXAMPLES, ids=[command for command, _ in EXAMPLES])
def test_example(command: str, shown: str, tmp_path: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-m", "glassnet.cli", *command.split()],
        cwd=tmp_path,
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert without_results(result.stdout) == without_results(shown)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 1
