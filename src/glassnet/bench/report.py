"""What was measured, as a table for people and as a document for programs."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from glassnet.bench.measure import Result
from glassnet.bench.peers import SYSTEMS
from glassnet.bench.rungs import Rung

__all__ = ["document", "machine", "ratio", "rung_document", "rung_rows", "short_seconds"]

FORMAT = 1  # of the JSON document
SHORTEST_SETUP = 1e-3  # seconds: what is shorter is within the noise of two measurements


def machine() -> dict[str, Any]:
    """Return the processor, its cores and what glassnet uses of it."""
    from glassnet.engines.native import is_available

    instructions = "none (the native engine is not there: NumPy)"
    if is_available():
        from glassnet.engines.native import _native

        instructions = _native.kernel_names()[0]
    return {
        "processor": _processor(),
        "cores": os.cpu_count() or 1,
        "instructions": instructions,
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def short_seconds(seconds: float) -> str:
    """Return a time with three digits and a unit.

    >>> short_seconds(2.34e-5), short_seconds(0.0171), short_seconds(3.0), short_seconds(8.3e-9)
    ('23.4 µs', '17.1 ms', '3.00 s', '8.30 ns')
    """
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size * 0.9995:
            return f"{_three_digits(seconds / size)} {unit}"
    return f"{_three_digits(seconds * 1e9)} ns"


def _three_digits(value: float) -> str:
    return f"{value:.{2 if value < 9.995 else 1 if value < 99.95 else 0}f}"


def ratio(results: Iterable[Result], result: Result, to: str) -> float | None:
    """Return how many times longer a result's median is than that of another system."""
    for other in results:
        if other.system == to and other.samples and result.samples:
            return result.median / other.median
    return None


def rung_rows(results: Sequence[Result]) -> tuple[list[str], list[list[str]]]:
    """Return the head and the rows of a rung's table."""
    whole = any(result.memory is not None or result.accuracy is not None for result in results)
    head = ["system", "median", "least", "CPU", "× glassnet", "× floor"]
    head += ["memory", "accuracy"] if whole else ["set-up", ""]
    rows: list[list[str]] = []
    for result in results:
        title = SYSTEMS[result.system].title
        if result.error is not None:
            rows.append([title, "failed", *[""] * (len(head) - 2)])
            continue
        row = [title, short_seconds(result.median), short_seconds(result.least)]
        row.append(short_seconds(median(result.processor)) if result.processor else "")
        row += [_times(ratio(results, result, to)) for to in ("glassnet", "floor")]
        if whole:
            row.append("" if result.memory is None else f"{result.memory / 2**20:.0f} MiB")
            row.append("" if result.accuracy is None else f"{result.accuracy:.3f}")
        else:
            told = result.setup is not None and result.setup >= SHORTEST_SETUP
            row += [short_seconds(result.setup or 0.0) if told else "", result.way]
        rows.append(row)
    kept = [i for i in range(len(head)) if i < 2 or any(row[i] for row in rows)]
    return [head[i] for i in kept], [[row[i] for i in kept] for row in rows]


def _times(value: float | None) -> str:
    return "" if value is None else _three_digits(value)


def rung_document(rung: Rung, results: Sequence[Result]) -> dict[str, Any]:
    """Return what was measured for a rung, as JSON has it."""
    return {
        "rung": rung.name,
        "what": rung.what,
        "unit": rung.unit,
        "results": [_result_document(results, result) for result in results],
    }


def _result_document(results: Sequence[Result], result: Result) -> dict[str, Any]:
    measured = bool(result.samples)
    return {
        "system": result.system,
        "error": result.error,
        "seconds": {
            "least": result.least if measured else None,
            "median": result.median if measured else None,
            "samples": result.samples,
        },
        "processor_seconds": median(result.processor) if result.processor else None,
        "setup_seconds": result.setup,
        "way": result.way or None,
        "ratio_to_glassnet": ratio(results, result, "glassnet"),
        "ratio_to_floor": ratio(results, result, "floor"),
        "peak_memory_bytes": result.memory,
        "accuracy": result.accuracy,
    }


def document(
    systems: Sequence[str], missing: dict[str, str], settings: dict[str, Any], rungs: list[Any]
) -> dict[str, Any]:
    """Return the whole of a run of the ladder, as JSON has it."""
    return {
        "format": FORMAT,
        "machine": machine(),
        "systems": {name: SYSTEMS[name].version() for name in systems},
        "missing": missing,
        "settings": settings,
        "rungs": rungs,
    }
