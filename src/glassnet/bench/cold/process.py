"""Running a whole process from a cold start: how long it took, its memory, what it reached."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from glassnet.bench.rungs import Failed
from glassnet.records import dataclass

__all__ = ["Outcome", "run_cold"]

TRAIN = (
    "train",
    "digits",
    "--layers",
    "32 tanh, softmax",
    "--epochs",
    "40",
    "--batch-size",
    "32",
    "--optimizer",
    "momentum 0.05",
    # the same work as the other programs: all of the training part, nothing added to the loss
    "--validation",
    "0",
    "--l2",
    "0",
)
DIGITS = Path(__file__).parents[2] / "data" / "builtin" / "digits.npz"


@dataclass(frozen=True)
class Outcome:
    """What a process took and reached.

    Attributes:
        seconds: From its start to its end.
        processor: Seconds that the processor worked for it, or None where the system does not tell.
        memory: Bytes resident at its peak, or None where the system does not tell.
        accuracy: On the test part.
    """

    seconds: float
    processor: float | None
    memory: int | None
    accuracy: float


def run_cold(system: str) -> Outcome:
    """Learn the digits in a new process of a system.

    Raises:
        Failed: The process failed.
    """
    with tempfile.TemporaryDirectory(prefix="glassnet-cold-") as place:
        if system == "glassnet":
            model = Path(place) / "digits.safetensors"
            words = ["-m", "glassnet.cli", *TRAIN, "--out", str(model)]
            return Outcome(*_run(words, place)[:3], _accuracy(model))
        program = Path(__file__).with_name(f"{system}_digits.py")
        found = _run([str(program), str(DIGITS)], place)
        return Outcome(*found[:3], float(found[3]))


def _accuracy(model: Path) -> float:
    import glassnet as gn

    return float(gn.load(model).training["measures"]["test"]["accuracy"])


def _run(words: list[str], place: str) -> tuple[float, float | None, int | None, str]:
    """Return seconds, processor seconds, peak memory in bytes and what was printed last."""
    environment = {**os.environ, "JAX_PLATFORMS": "cpu"}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # a second start finds what the first compiled
    out, errors = Path(place) / "out", Path(place) / "errors"
    with out.open("wb") as printed, errors.open("wb") as said:
        command = [sys.executable, "-P", *words]
        start = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=printed, stderr=said, env=environment
        )
        processor = memory = None
        if sys.platform == "win32":
            process.wait()
        else:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            processor = usage.ru_utime + usage.ru_stime
            memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        seconds = time.perf_counter() - start
    if process.returncode != 0:
        lines = errors.read_text(errors="replace").strip().splitlines() or ["no message"]
        raise Failed(f"ended with status {process.returncode}: {lines[-1][:200]}")
    lines = out.read_text(errors="replace").strip().splitlines()
    return seconds, processor, memory, lines[-1] if lines else ""
