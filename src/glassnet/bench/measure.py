"""Taking times: each system in its own process, in turn, after a warm-up."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import field
from types import TracebackType
from typing import Any, Self

from glassnet.bench.cold.process import Outcome, run_cold
from glassnet.bench.peers import SYSTEMS
from glassnet.bench.rungs import Failed, Rung
from glassnet.records import dataclass

__all__ = ["Bench", "Result"]

PAUSE = 0.02  # seconds in which the threads of the system before go to sleep


@dataclass
class Result:
    """What a system took for a rung.

    Attributes:
        system: Its name.
        samples: Seconds per unit, one for each repeat.
        processor: Seconds that the processor worked per unit, all threads together, one for each
            repeat: less than `samples` where others kept it busy, more where several threads ran.
        setup: Seconds before the first unit: graphs, programs, compilation; None if not known.
        way: Which of several ways was the quickest, such as "2 threads".
        memory: The bytes resident at the peak of a whole process.
        accuracy: What a whole process reached on the test part.
        error: Why there are no samples.
    """

    system: str
    samples: list[float] = field(default_factory=list[float])
    processor: list[float] = field(default_factory=list[float])
    setup: float | None = None
    way: str = ""
    memory: int | None = None
    accuracy: float | None = None
    error: str | None = None

    @property
    def least(self) -> float:
        """The quickest repeat."""
        return min(self.samples)

    @property
    def median(self) -> float:
        """The repeat in the middle."""
        return statistics.median(self.samples)


class Bench:
    """The processes of the systems that take part; close it when done.

    Args:
        systems: The names of the systems, installed ones only.
        repeat: How often each rung is measured.
        seconds: How long one measurement takes, about.
    """

    def __init__(self, systems: Sequence[str], *, repeat: int, seconds: float) -> None:
        self.systems, self.repeat, self.seconds = systems, repeat, seconds
        self._workers: dict[str, _Worker] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self._workers.values():
            worker.close()

    def run(self, rung: Rung) -> list[Result]:
        """Return what each system that can do a rung took for it, in the order of the systems."""
        able = [name for name in self.systems if rung.kind in SYSTEMS[name].kinds]
        return self._whole(able) if rung.kind == "cold" else self._inside(rung, able)

    def _whole(self, names: Iterable[str]) -> list[Result]:
        """Run whole processes; the first of each fills the disk's cache and does not count."""
        found = {name: Result(name) for name in names}
        for turn in range(self.repeat + 1):
            for name, result in found.items():
                if result.error is not None:
                    continue
                try:
                    outcome: Outcome = run_cold(name)
                except (Failed, ValueError) as error:
                    result.error = str(error)
                    continue
                result.accuracy = outcome.accuracy
                if outcome.memory is not None:
                    result.memory = max(result.memory or 0, outcome.memory)
                if turn > 0:
                    result.samples.append(outcome.seconds)
                    if outcome.processor is not None:
                        result.processor.append(outcome.processor)
        return list(found.values())

    def _inside(self, rung: Rung, names: Iterable[str]) -> list[Result]:
        found = {name: Result(name) for name in names}
        ways: dict[str, dict[str, list[float]]] = {name: {} for name in found}
        busy: dict[str, dict[str, list[float]]] = {name: {} for name in found}
        setups: dict[str, list[float]] = {name: [] for name in found}
        for result in found.values():
            request = {"ask": "prepare", "rung": rung.name, "seconds": self.seconds}
            result.setup = self._ask(result, request).get("setup")
        for _ in range(self.repeat):
            for name, result in found.items():
                for way, timing in self._ask(result, {"ask": "measure"}).get("ways", {}).items():
                    ways[name].setdefault(way, []).append(timing["seconds"])
                    busy[name].setdefault(way, []).append(timing["processor"])
                    if timing["setup"] is not None:
                        setups[name].append(timing["setup"])
        for name, result in found.items():
            if result.error is None:
                result.way = min(ways[name], key=lambda way: statistics.median(ways[name][way]))
                result.samples = ways[name][result.way]
                result.processor = busy[name][result.way]
                if setups[name]:
                    result.setup = max(statistics.median(setups[name]), 0.0)
        return list(found.values())

    def _ask(self, result: Result, request: dict[str, Any]) -> dict[str, Any]:
        """Ask a system's process; if it fails, remember why, and return nothing."""
        if result.error is not None:
            return {}
        time.sleep(PAUSE)
        try:
            if result.system not in self._workers:
                self._workers[result.system] = _Worker(result.system)
            return self._workers[result.system].ask(request)
        except Failed as error:
            result.error = str(error)
            return {}


class _Worker:
    """The process of one system, seen from outside."""

    def __init__(self, system: str) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the process)
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "glassnet.bench.worker", system],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            encoding="utf-8",
            env={**os.environ, "JAX_PLATFORMS": "cpu"},
        )

    def ask(self, request: dict[str, Any]) -> dict[str, Any]:
        """Send a request and wait for the answer."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        line = ""
        try:
            print(json.dumps(request), file=self._process.stdin, flush=True)
            line = self._process.stdout.readline()
        except OSError:
            pass  # it has ended: the lack of an answer says so
        if not line:
            raise Failed(f"its process ended: {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def _last_words(self) -> str:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else f"status {self._process.wait()}"

    def close(self) -> None:
        """End the process, whatever it is doing."""
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                stream.close()
