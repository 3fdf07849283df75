"""Files written for one test, and the folder of the full data sets."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes text or bytes to a file and returns its path."""

    def write_file(content: str | bytes, name: str = "data.csv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


@pytest.fixture(scope="session")
def full_data() -> Path:
    """The folder of the full data sets; skips where there is none."""
    place = os.environ.get("GLASSNET_DATA")
    if not place:
        pytest.skip("GLASSNET_DATA does not name the folder of the full data sets")
    return Path(place)
