"""What the tests of the command line share: running a command, and a model to run it on."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import pytest

from glassnet.cli import main

FLOWERS = """length,width,colour,species
5.1,3.5,red,setosa
4.9,3.0,red,setosa
4.7,3.2,white,setosa
4.6,3.1,red,setosa
7.0,3.2,blue,versicolor
6.4,3.2,white,versicolor
6.9,3.1,blue,versicolor
5.5,2.3,blue,versicolor
6.3,3.3,blue,versicolor
5.8,2.7,?,versicolor
5.0,3.6,red,setosa
5.4,3.9,white,setosa
"""


@dataclass(frozen=True)
class Result:
    """What a command left: its exit status and what it printed."""

    status: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GLASSNET_DEBUG", raising=False)
    for name in ("COLUMNS", "FORCE_COLOR", "TERMINAL_WIDTH", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def run(place: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    """A function that runs a command line in the current folder."""
    del place

    def run(*words: str) -> Result:
        arguments = shlex.split(words[0]) if len(words) == 1 else list(words)
        capsys.readouterr()
        status = main(arguments)
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    return run


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Generator[Path]:
    """A folder with `flowers.csv`, and models of it, of iris and of numbers, made once."""
    folder = tmp_path_factory.mktemp("trained")
    before = Path.cwd()
    os.chdir(folder)
    try:
        Path("flowers.csv").write_text(FLOWERS)
        Path("line.csv").write_text("x,y\n" + "".join(f"{x / 10},{x / 5 + 1}\n" for x in range(40)))
        assert main(shlex.split("train flowers.csv --quiet --epochs 60 --test 0 --seed 1")) == 0
        assert main(shlex.split("train iris --quiet --epochs 30")) == 0
        assert main(shlex.split("train line.csv --quiet --epochs 200")) == 0
    finally:
        os.chdir(before)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def models(trained: Path, place: Path) -> Path:
    """The current folder, with copies of the files of `trained`."""
    for file in trained.iterdir():
        shutil.copy(file, place / file.name)
    return place
