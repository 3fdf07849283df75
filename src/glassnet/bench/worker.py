"""The process in which one system works: `python -P -m glassnet.bench.worker SYSTEM`.

It reads requests from standard input and answers on standard output, a line of JSON each. Each
system has its own process, so that their thread pools and memory do not meet.
"""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections.abc import Mapping
from typing import Any

from glassnet.bench.peers import SYSTEMS, System
from glassnet.bench.rungs import RUNGS, Runner

__all__ = ["Workplace", "main"]


class Workplace:
    """A system with the rung that it is working on.

    Args:
        system: The system.
    """

    def __init__(self, system: System) -> None:
        self.system = system
        self._runners: Mapping[str, Runner] = {}
        self._rounds: dict[str, int] = {}

    def prepare(self, name: str, seconds: float) -> dict[str, Any]:
        """Get ready for a rung, warm up, and find out how many rounds fill the time.

        Returns:
            The seconds of set-up (of the first way to do it).
        """
        self._runners = self.system.runners(RUNGS[name])
        setup: float | None = None
        for way, run in self._runners.items():
            first, second = run(1), run(1)
            known = first.seconds - second.seconds if first.setup is None else first.setup
            setup = max(known, 0.0) if setup is None else setup
            least = max(second.seconds, 1e-6)
            self._rounds[way] = max(1, min(math.ceil(seconds / least), 1_000_000))
        return {"setup": setup}

    def measure(self) -> dict[str, Any]:
        """Return what each way to do it took: seconds and processor seconds per unit, set-up."""
        found: dict[str, Any] = {}
        for way, run in self._runners.items():
            start = time.process_time()
            timing = run(self._rounds[way])
            busy = time.process_time() - start if timing.processor is None else timing.processor
            found[way] = {
                "seconds": timing.seconds / timing.units,
                "processor": busy / timing.units,
                "setup": timing.setup,
            }
        return {"ways": found}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        """Do what is asked; what goes wrong is part of the answer."""
        try:
            if request["ask"] == "prepare":
                return self.prepare(request["rung"], request["seconds"])
            return self.measure()
        except Exception as error:
            text = str(error).strip().split("\n", 1)[0][:200]
            return {"error": f"{type(error).__name__}: {text}"}


def main() -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints does not disturb the answers
    work = Workplace(SYSTEMS[sys.argv[1]])
    for line in sys.stdin:
        print(json.dumps(work.answer(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
