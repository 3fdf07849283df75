"""`glassnet train book.txt`: a network that learns a text, character by character."""

from __future__ import annotations

import math
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassnet.cli.failures import INTERRUPTED, saving
from glassnet.cli.jobs.job import Job
from glassnet.cli.jobs.shared import (
    ONLY_PAIRS,
    ONLY_TABLES,
    job_settings,
    refuse_options,
    run_facts,
    show_run,
    write_curves,
)
from glassnet.cli.options import Reading
from glassnet.cli.screen import Screen, print_json
from glassnet.cli.train_data import check_files
from glassnet.errors import ArgumentError
from glassnet.unit import check_number, check_whole

if TYPE_CHECKING:
    from glassnet.training import Network, Run
    from glassnet.training.loop import Settings

__all__ = ["CharactersJob", "evaluate_characters"]

LAYERS = "128 lstm returns=sequence, softmax"
RATE, NORM, PATIENCE, VALIDATION = 0.004, 1.0, 10, 0.1
STEPS, STREAMS, LEAST_WINDOWS = 64, 32, 8
READ_CHARACTERS = 20e6  # in all epochs together
SHOWN, TEMPERATURE = 300, 0.8


class CharactersJob(Job):
    """One training on a text, from the wishes to the files."""

    def run(self) -> int:
        """Train, save, show what it writes; return the exit status."""
        from glassnet.data.text.prose import read_prose
        from glassnet.training.characters import character_network, cut_text
        from glassnet.training.loop import prepare_loop
        from glassnet.training.pace import train_for

        wishes = self.wishes
        self._check()
        path = check_files(wishes)
        text = read_prose(wishes.data, wishes.reading.encoding or "utf-8")
        share = VALIDATION if wishes.validation is None else wishes.validation
        truncate, streams = self._windows(len(text), share)
        net = character_network(
            text,
            wishes.layers or LAYERS,
            steps=truncate[1],
            seed=wishes.seed,
            dtype=wishes.dtype or "float32",
        )
        settings = self._settings(len(text), share)
        examples, settings = cut_text(net, text, settings, truncate, streams, share)
        self._show(text, share, truncate, streams, net, settings)
        run = train_for(
            lambda chosen: prepare_loop(net, examples, chosen), settings, wishes.minutes
        )
        with saving():
            self._finish(run, text, share, path)
        return INTERRUPTED if run.stopped == "interrupted" else 0

    def _check(self) -> None:
        wishes = self.wishes
        why = (
            f"{wishes.data} is read as a plain text, whose characters are learnt one after the "
            "other. To read a table, say how: --delimiter, --header or --target"
        )
        tables = {key: value for key, value in ONLY_TABLES.items() if key != "target"}
        others = {"target": None, "test": None, "batch_size": None, "text": None, **ONLY_PAIRS}
        refuse_options(wishes, {**tables, **others}, why)
        if wishes.reading != Reading(encoding=wishes.reading.encoding):
            raise ArgumentError(
                "--truncate and --streams are options of texts, and the others say how a table is "
                "read: leave out one or the other"
            )
        if wishes.minutes is not None:
            check_number("minutes", wishes.minutes, low=0, open_low=True)
            if wishes.epochs is not None:
                raise ArgumentError("--minutes and --epochs exclude each other: say one")
        if wishes.validation is not None:
            check_number("validation, a share of the text,", wishes.validation, low=0, high=1,
                         open_high=True)  # fmt: skip

    def _windows(self, length: int, share: float) -> tuple[tuple[int, int], int]:
        """Return (k₁, k₂), and the number of streams: what was asked for, or what does well."""
        wishes = self.wishes
        hop = steps = STEPS if length >= 4 * STEPS else max(2, length // 4)
        if wishes.truncate is not None:
            hop, steps = _two_numbers(wishes.truncate)
        if wishes.streams is not None:
            check_whole("streams", wishes.streams)
            return (hop, steps), wishes.streams
        learnt = int(length * (1 - share))
        return (hop, steps), min(STREAMS, max(1, learnt // (LEAST_WINDOWS * steps)))

    def _settings(self, length: int, share: float) -> Settings:
        from glassnet.learning.adam import Adam
        from glassnet.learning.cosine import Cosine

        wishes = self.wishes
        epochs = min(200, max(5, round(READ_CHARACTERS / max(length, 1))))
        others: dict[str, Any] = {"batch_size": None}
        if wishes.clip_norm is None and wishes.clip_value is None:
            others["clip_norm"] = NORM
        if share and wishes.patience != 0:
            others["patience"] = PATIENCE if wishes.patience is None else wishes.patience
        elif wishes.patience:
            raise ArgumentError("--patience needs a validation part; --validation is 0")
        return job_settings(wishes, Adam(Cosine(RATE, 0.1 * RATE)), epochs, **others)

    def _show(
        self,
        text: str,
        share: float,
        truncate: tuple[int, int],
        streams: int,
        net: Network,
        settings: Settings,
    ) -> None:
        from glassnet.training.characters import unigram_bits

        screen, (hop, steps) = self.screen, truncate
        screen.heading("Data", self.wishes.data)
        part = f"; the last {100 * share:.3g} % for validation" if share else ""
        screen.line(f"plain text: {len(text):,} characters, {len(set(text))} different{part}")
        side = f"{streams} streams side by side" if streams > 1 else "one after the other"
        every = "" if hop == steps else f", an update after each {hop}"
        screen.line(f"windows of {steps} characters{every}, {side}; the state goes on")
        screen.heading("Network")
        head, *rows = net.table()
        screen.table(rows, head=head, right=[3])
        screen.gap()
        until = f"{settings.epochs} epochs"
        if self.wishes.minutes is not None:
            until = f"{self.wishes.minutes:g} minutes"
        facts = [
            ("optimiser", str(settings.optimizer)),
            ("updates", until),
            ("clipped", "" if settings.clip_norm is None else f"norm ≤ {settings.clip_norm:g}"),
            ("floor", f"{unigram_bits(text):.2f} bits a character by their shares alone"),
        ]
        screen.facts([fact for fact in facts if fact[1]])

    def _finish(self, run: Run, text: str, share: float, path: Path) -> None:
        from glassnet.training.characters import sample, unigram_bits

        wishes, screen, net = self.wishes, self.screen, run.network
        floor = unigram_bits(text)
        measures = _measures(run)
        name = Path(wishes.data).name
        net.training["data"] = {"name": name, "read": f"{len(text):,} characters of text"}
        net.training["measures"] = measures
        net.training["seconds"] = round(run.seconds, 3)
        net.save(path)
        written = [("model", path), *write_curves(wishes, run)]
        show_run(screen, run)
        screen.gap()
        rows = [[part, *(f"{value:.3f}" for value in found.values())]
                for part, found in measures.items()]  # fmt: skip
        screen.table(rows, head=["", "bits a character", "right"], right=[1, 2],
                     styles=["", "bold"])  # fmt: skip
        start = text[: text.find("\n") + 1 or 1][:60]
        screen.heading("Sample", f"temperature {TEMPERATURE:g}")
        for line in sample(net, start, SHOWN, temperature=TEMPERATURE).splitlines():
            screen.line(line)
        screen.heading("Written")
        for kind, file in written:
            screen.exact(f"{kind:<8} {file}")
        screen.heading("Next")
        prompt = shlex.quote(start.strip()[:30])
        screen.exact(f"glassnet sample {shlex.quote(str(path))} --prompt {prompt}", "cyan")
        if self.as_json:
            data = {"name": wishes.data, "characters": len(text), "different": len(set(text)),
                    "unigram_bits": floor, "validation": share}  # fmt: skip
            document = {"model": str(path), "data": data, "settings": dict(run.settings)}
            print_json({**document, "run": run_facts(run), "measures": measures})


def _measures(run: Run) -> dict[str, dict[str, float]]:
    """Return bits a character, and the share of those that were foreseen, of the epoch kept."""
    rows: list[Mapping[str, float]] = list(run.history)
    if not rows:
        return {}
    row = rows[-1 if run.best_epoch is None else run.best_epoch - 1]
    found = {"training": {"bits": row["loss"] / math.log(2), "accuracy": row["accuracy"]}}
    if "validation_loss" in row:
        found["validation"] = {
            "bits": row["validation_loss"] / math.log(2),
            "accuracy": row["validation_accuracy"],
        }
    return found


def _two_numbers(text: str) -> tuple[int, int]:
    """Return (k₁, k₂) from "64" or "32,64"."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 2 or not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise ArgumentError(
            f"--truncate must be k2, how many steps gradients go back, or k1,k2, as in 64 or "
            f"32,64; got {text!r:.40}"
        )
    return int(parts[0]), int(parts[-1])


def evaluate_characters(
    model: Path, net: Network, data: str, encoding: str | None, *, as_json: bool
) -> int:
    """Measure a model that has learnt a text on another text."""
    from glassnet.data.text.prose import read_prose
    from glassnet.training.characters import bits_per_character, unigram_bits

    text = read_prose(data, encoding or "utf-8")
    bits, floor = bits_per_character(net, text), unigram_bits(text)
    if as_json:
        found = {"bits_per_character": bits, "unigram_bits": floor, "characters": len(text)}
        print_json({"model": str(model), "data": data, "measures": found})
        return 0
    screen = Screen()
    screen.heading("Data", data)
    screen.line(f"plain text: {len(text):,} characters, {len(set(text))} different")
    screen.heading("Results", str(model))
    screen.facts([
        ("bits a character", f"{bits:.3f}"),
        ("by shares alone", f"{floor:.3f}"),
    ])  # fmt: skip
    return 0
