"""The command line as a process: statuses, pipes, signals, and what goes to which stream."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import glassnet as gn

COMMAND = [sys.executable, "-m", "glassnet.cli"]
FULL = Path("/dev/full")


def call(*words: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    """Run the command line in a process of its own."""
    chosen = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "timeout": 60, **options}
    return subprocess.run([*COMMAND, *words], check=False, **chosen)  # type: ignore[call-overload]


def test_json_on_standard_output_and_notes_on_standard_error(models: Path) -> None:
    (models / "new.csv").write_text("length,width,colour\n5.0,3.2,grün\n")
    done = call("predict", "flowers.safetensors", "new.csv", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["predictions"] == ["setosa"]
    assert "'grün'" in done.stderr.decode()


def test_a_mistake(place: Path) -> None:
    done = call("train", "nowhere.csv")
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"error: there is no file 'nowhere.csv'")
    assert done.stderr.count(b"\n") == 1
    assert list(place.iterdir()) == []


def test_text_is_utf8_whatever_the_locale(models: Path) -> None:
    surroundings = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = call("info", "flowers.safetensors", env=surroundings)
    assert done.returncode == 0
    assert "×" in done.stdout.decode("utf-8")
    del models


def test_standard_input(models: Path) -> None:
    text = (models / "flowers.csv").read_bytes()
    piped = call("predict", "flowers.safetensors", "-", input=text)
    assert piped.stdout == call("predict", "flowers.safetensors", "flowers.csv").stdout
    broken = call("predict", "flowers.safetensors", "-", input=b"length,width\n1,2\n")
    assert broken.returncode == 2
    assert b"standard input" in broken.stderr


def test_a_reader_that_goes_away(models: Path) -> None:
    del models
    reading, writing = os.pipe()
    os.close(reading)
    for words in (
        ("predict", "iris.safetensors", "iris"),
        ("info", "iris.safetensors"),
        ("train", "--help"),
    ):
        done = call(*words, stdout=writing)
        assert (done.returncode, done.stderr) == (141, b"")
    os.close(writing)


@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full on this system")
@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_standard_output_on_a_full_disk(command: str, models: Path) -> None:
    del models
    with FULL.open("wb") as full:
        done = call(command, "iris.safetensors", "iris", stdout=full)
    assert done.returncode == 2
    errors = done.stderr.decode().splitlines()
    assert errors[-1] == "error: standard output cannot be written: No space left on device"


@pytest.mark.skipif(sys.platform == "win32", reason="files have no size limit on Windows")
def test_a_model_that_does_not_fit_on_the_disk(place: Path) -> None:
    script = (
        "import resource, sys; from glassnet.cli import main; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500)); sys.exit(main(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "train", "iris", "--epochs", "2"],
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert done.returncode == 2
    assert b"error: cannot write 'iris.safetensors': File too large" in done.stderr
    assert list(place.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_keeps_the_network_so_far(place: Path) -> None:
    words = ["train", "iris", "--epochs", "1000000", "--patience", "0", "--history", "h.csv"]
    with subprocess.Popen(
        [*COMMAND, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:  # what is read is told before training begins
            if line.startswith(b"  seed"):
                break
        time.sleep(0.7)
        child.send_signal(signal.SIGINT)
        out, err = child.communicate(timeout=60)
    assert child.returncode == 130
    assert b"accuracy" in out
    assert err.decode().splitlines() == ["interrupted; the network so far is kept"]
    assert gn.load("iris.safetensors").training["stopped"] == "interrupted"
    assert sorted(file.name for file in place.iterdir()) == ["h.csv", "iris.safetensors"]


def test_help_does_not_load_what_only_training_needs() -> None:
    script = (
        "import sys; from glassnet.cli import main; main(['--help']); "
        "print([name for name in ('matplotlib', 'safetensors', 'pandas') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, timeout=60
    )
    assert done.stdout.decode().splitlines()[-1] == "[]"


def test_a_command_loads_no_other_and_no_colours_where_there_are_none(place: Path) -> None:
    del place
    script = (
        "import sys; from glassnet.cli import main; main(['train', 'iris', '--epochs', '1']); "
        "print([name for name in ('glassnet.cli.predict', 'rich.console') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, timeout=60
    )
    assert done.stdout.decode().splitlines()[-1] == "[]"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT for one process")
def test_ctrl_c_while_the_command_line_is_loaded(place: Path) -> None:
    """Interrupted in the middle of an import: one line, and the status that shells expect."""
    script = (
        "import os, signal, sys\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'glassnet.cli.app':\n"
        "            os.kill(os.getpid(), signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from glassnet.cli import main\n"
        "sys.exit(main(['train', 'iris']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=False, capture_output=True, timeout=60
    )
    assert (done.returncode, done.stdout) == (130, b"")
    assert done.stderr == b"interrupted; nothing was written\n"
    assert list(place.iterdir()) == []


def test_nothing_heavy_is_loaded_before_the_command_line_listens() -> None:
    script = "import sys, glassnet.cli; print('numpy' in sys.modules, 'typer' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, timeout=60
    )
    assert done.stdout.split() == [b"False", b"False"]
