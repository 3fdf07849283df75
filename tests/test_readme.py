"""The README's console examples print what it says, apart from times."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parent.parent / "README.md"
EXAMPLES = re.findall(r"```console\n\$ glassnet (.*?)\n(.*?)```", README.read_text(), re.DOTALL)


def without_times(text: str) -> list[str]:
    lines = re.sub(r"\d+(\.\d+)? (s|examples/s)\b", "T \\2", text).splitlines()
    return [line.rstrip() for line in lines if line.strip()]


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
    assert without_times(result.stdout) == without_times(shown)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 1
