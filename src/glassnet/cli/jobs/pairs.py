"""`glassnet train dates`, `digit-names` and parallel text: from a sequence or picture to a text."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.cli.failures import INTERRUPTED, saving
from glassnet.cli.jobs.job import Job
from glassnet.cli.jobs.shared import (
    ONLY_TABLES,
    job_settings,
    refuse_options,
    run_facts,
    show_run,
    write_curves,
)
from glassnet.cli.options import Reading
from glassnet.cli.screen import Screen, note, print_json
from glassnet.cli.train_data import check_files
from glassnet.data.files import MADE_PAIRS
from glassnet.errors import ArgumentError, DataError
from glassnet.records import dataclass
from glassnet.unit import check_number, check_whole

if TYPE_CHECKING:
    from glassnet.learning.schedule import Schedule
    from glassnet.training import Run
    from glassnet.training.loop import Loop, Settings
    from glassnet.training.translation import EncoderDecoder

__all__ = ["PairsJob", "evaluate_pairs", "measure_pairs"]

DATES, FRESH = 20_000, 2_000
WIDTH = 5
SHOWN = 4
HELD = 0.05  # of the pairs, for validation, and as many for the test
WORDS_AT_MOST = 20
TEXT_LAYERS = 'dropout 0.3, bidirectional "lstm 128" | dropout 0.3, 256 lstm'


@dataclass(frozen=True)
class Material:
    """Pairs to learn from, and pairs to test on, with the network and the settings that suit them.

    Attributes:
        about: What is to be done.
        sources: Texts, or an array.
        targets: The right answers.
        tested: Other sources and their answers.
        net: The network.
        epochs: How often each pair is learnt from.
        rate: The learning rate at the beginning.
        batch_size: Pairs in a mini-batch.
        notes: What was decided on the way.
        held: Pairs for validation, where a share cannot be taken.
    """

    about: str
    sources: Any
    targets: list[str]
    tested: tuple[Any, list[str]]
    net: EncoderDecoder
    epochs: int
    rate: float
    batch_size: int
    notes: tuple[str, ...] = ()
    held: tuple[Any, list[str]] | None = None


class PairsJob(Job):
    """One training of an encoder–decoder, from the wishes to the files."""

    def run(self) -> int:
        """Train, save, show answers; return the exit status."""
        from glassnet.training.pace import train_for
        from glassnet.training.translation.fit import pair_loop

        wishes = self.wishes
        forcing = self._check()
        path = check_files(wishes)
        found = self._material()
        settings = self._settings(found)
        share = self._held()

        def make(chosen: Settings) -> Loop:
            held = found.held or share or None
            return pair_loop(found.net, found.sources, found.targets, chosen, held, forcing)

        self._show(found, settings)
        run = train_for(make, settings, wishes.minutes)
        with saving():
            self._finish(run, found, path)
        return INTERRUPTED if run.stopped == "interrupted" else 0

    def _check(self) -> float | str | Schedule:
        from glassnet.learning.schedule import Schedule

        wishes = self.wishes
        made = wishes.data in MADE_PAIRS
        why = (
            f"the pairs of {wishes.data!r} are made. A file of that name is opened as "
            f"./{wishes.data}"
            if made
            else "pairs of texts are learnt, line by line"
        )
        options: dict[str, Any] = {**ONLY_TABLES, "truncate": None, "streams": None, "text": None,
                                   "clip_value": None, "l1": 0.0}  # fmt: skip
        if made:
            options |= {"target_text": None, "words": None, "test": None}
        if wishes.data == "digit-names":
            options |= {"attention": None}
        refuse_options(wishes, options, why)
        if wishes.reading != Reading(encoding=None if made else wishes.reading.encoding):
            raise ArgumentError(f"options that say how a table is read have no place here: {why}")
        if wishes.minutes is not None:
            check_number("minutes", wishes.minutes, low=0, open_low=True)
            if wishes.epochs is not None:
                raise ArgumentError("--minutes and --epochs exclude each other: say one")
        for name in ("validation", "test"):
            if getattr(wishes, name) is not None:
                check_number(f"{name}, a share of the pairs,", getattr(wishes, name), low=0, high=1,
                             open_high=True)  # fmt: skip
        if wishes.patience and not self._held():
            raise ArgumentError("--patience needs a validation part, as in --validation 0.1")
        if wishes.words is not None:
            check_whole("words", wishes.words)
        given = wishes.teacher_forcing
        if given is None:
            return 1.0
        try:
            number = float(given)
        except ValueError:
            return Schedule.of(given)
        check_number("teacher forcing, a share of the steps,", number, low=0, high=1)
        return number

    def _held(self) -> float:
        """Return the share of the pairs for validation: none of the few pictures if not said."""
        if self.wishes.validation is None:
            return 0.0 if self.wishes.data == "digit-names" else HELD
        return self.wishes.validation

    def _material(self) -> Material:
        wishes = self.wishes
        if wishes.data == "dates":
            return self._dates()
        return self._digits() if wishes.data == "digit-names" else self._texts()

    def _dates(self) -> Material:
        from glassnet.data.generated.dates import dates
        from glassnet.training.translation.recipes import translation_network

        wishes = self.wishes
        sources, targets = dates(DATES, seed=wishes.seed)
        net = translation_network(
            sources,
            targets,
            wishes.layers or 'bidirectional "lstm 64" | 64 lstm',
            attention=wishes.attention is not False,
            seed=wishes.seed,
            dtype=wishes.dtype or "float32",
        )
        about = f"{DATES:,} dates as people write them: from each to its ISO form"
        tested = dates(FRESH, seed=wishes.seed + 1)
        return Material(about, sources, targets, tested, net, 12, 0.005, 64)

    def _digits(self) -> Material:
        from glassnet.data import split
        from glassnet.data.generated.digit_names import digit_names, shifted
        from glassnet.training.translation.recipes import spelling_network

        wishes = self.wishes
        rows, names = digit_names("train")
        count = len(rows)
        held: tuple[Any, list[str]] | None = None
        if share := wishes.validation or 0.0:
            labels = np.array(names)
            parts = split(count, test=0.0, validation=share, seed=wishes.seed, labels=labels)
            others: list[int] = parts.validation.tolist()
            held = (rows[others], [names[i] for i in others])
            kept: list[int] = parts.train.tolist()
            rows, names = rows[kept], [names[i] for i in kept]
        rows, names = shifted(rows, names)
        net = spelling_network(
            rows.shape[1],
            names,
            wishes.layers or "256 relu, dropout 0.3 | 32 lstm",
            seed=wishes.seed,
            dtype=wishes.dtype or "float32",
        )
        about = (
            f"{count:,} pictures of digits: from each to its name, spelt. Those of the training "
            "are also shifted by a pixel, each in four ways"
        )
        tested = digit_names("test")
        return Material(about, rows, names, tested, net, 25, 0.004, 64, (), held)

    def _texts(self) -> Material:
        from glassnet.data import split
        from glassnet.data.text.pairs import read_pairs
        from glassnet.data.text.tokens import WORDS
        from glassnet.training.translation.recipes import translation_network

        wishes = self.wishes
        assert wishes.target_text is not None
        pairs = read_pairs(wishes.data, wishes.target_text, wishes.reading.encoding or "utf-8")
        pairs = pairs.up_to(WORDS_AT_MOST if wishes.words is None else wishes.words)
        count = len(pairs.sources)
        share = HELD if wishes.test is None else wishes.test
        validation = self._held()
        if count * (1 - share) < 2 + bool(validation):
            raise DataError(f"there are {count} pairs: too few to learn from", source=wishes.data)
        sources, targets = pairs.sources, pairs.targets
        tested: tuple[list[str], list[str]] = ([], [])
        if share:
            parts = split(count, test=share, validation=0.0, seed=wishes.seed)
            held: list[int] = parts.test.tolist()
            kept: list[int] = parts.train.tolist()
            tested = ([sources[i] for i in held], [targets[i] for i in held])
            sources, targets = [sources[i] for i in kept], [targets[i] for i in kept]
        net = translation_network(
            sources,
            targets,
            wishes.layers or TEXT_LAYERS,
            tokens=WORDS,
            embedding=128,
            attention=wishes.attention is not False,
            dropout=0.3,
            least=2 if len(sources) > 1000 else 1,
            seed=wishes.seed,
            dtype=wishes.dtype or "float32",
        )
        about = f"{len(sources):,} pairs of texts, word by word"
        return Material(about, sources, targets, tested, net, 15, 0.002, 64, pairs.notes)

    def _settings(self, found: Material) -> Settings:
        from glassnet.learning.adam import Adam
        from glassnet.learning.cosine import Cosine

        wishes = self.wishes
        others: dict[str, Any] = {"batch_size": wishes.batch_size or found.batch_size}
        if wishes.clip_norm is None:
            others["clip_norm"] = 1.0
        if self._held() and wishes.patience != 0:
            others["patience"] = 5 if wishes.patience is None else wishes.patience
        optimizer = Adam(Cosine(found.rate, 0.02 * found.rate))
        return job_settings(wishes, optimizer, found.epochs, **others)

    def _show(self, found: Material, settings: Settings) -> None:
        screen, wishes = self.screen, self.wishes
        screen.heading("Data", wishes.data)
        screen.line(found.about)
        screen.notes(found.notes)
        first = found.targets[0]
        source = found.sources[0] if isinstance(found.sources[0], str) else "a picture"
        screen.line(f"such as: {source} → {first}")
        screen.heading("Network")
        head, *rows = found.net.table()
        screen.table(rows, head=head, right=[3])
        screen.gap()
        until = f"{settings.epochs} epochs"
        if wishes.minutes is not None:
            until = f"{wishes.minutes:g} minutes"
        facts = [
            ("optimiser", str(settings.optimizer)),
            ("updates", f"mini-batches of {settings.batch_size}, {until}"),
            ("teacher forcing", wishes.teacher_forcing or ""),
        ]
        screen.facts([fact for fact in facts if fact[1]])

    def _finish(self, run: Run, found: Material, path: Path) -> None:
        wishes, screen, net = self.wishes, self.screen, found.net
        made = wishes.data in MADE_PAIRS
        net.training["data"] = {"name": wishes.data if made else Path(wishes.data).name,
                                "read": found.about, "seed": wishes.seed}  # fmt: skip
        net.training["seconds"] = round(run.seconds, 3)
        net.save(path)
        written = [("model", path), *write_curves(wishes, run)]
        measures: dict[str, dict[str, float]] = {}
        answers: list[str] = []
        if found.tested[1]:
            measures, answers = measure_pairs(net, *found.tested)
            net.training["measures"] = {"test": measures["greedy"]}
            net.save(path)
        show_run(screen, run)
        if measures:
            show_pairs(screen, net, found.tested, measures, answers)
        screen.heading("Written")
        for kind, file in written:
            screen.exact(f"{kind:<8} {file}")
        screen.heading("Next")
        name = shlex.quote(str(path))
        if net.source is not None:
            text = shlex.quote(found.tested[0][0] if found.tested[1] else found.sources[0])
            screen.exact(f"glassnet translate {name} {text}", "cyan")
        if made:
            screen.exact(f"glassnet evaluate {name} {wishes.data}", "cyan")
        if self.as_json:
            document = {"model": str(path), "data": dict(net.training["data"]),
                        "settings": dict(run.settings)}  # fmt: skip
            print_json({**document, "run": run_facts(run), "measures": measures})


def measure_pairs(
    net: EncoderDecoder, sources: Any, targets: Sequence[str]
) -> tuple[dict[str, dict[str, float]], list[str]]:
    """Return how good greedy search and a beam of five are, and the beam's answers.

    The share of the answers that are right from beginning to end; for words, also BLEU where
    sacrebleu is installed, in small letters as the network writes them.
    """
    measures: dict[str, dict[str, float]] = {}
    answers: list[str] = []
    words = net.target.tokens.name == "word"
    wanted = [net.target.tokens.join(net.target.tokens.split(text)) for text in targets]
    for name, width in (("greedy", 1), (f"beam of {WIDTH}", WIDTH)):
        beams = net.search(sources, width=width)
        answers = [beam.best.text for beam in beams]
        right = float(np.mean([a == b for a, b in zip(answers, wanted, strict=True)]))
        found = {"right": right}
        if words:
            bleu = _bleu(answers, targets)
            if bleu is not None:
                found["BLEU"] = bleu
        found["mean ln P"] = float(np.mean([beam.best.score for beam in beams]))
        measures[name] = found
    return measures, answers


def _bleu(answers: Sequence[str], targets: Sequence[str]) -> float | None:
    try:
        sacrebleu: Any = import_module("sacrebleu")
    except ImportError:
        note("BLEU is not measured: `pip install sacrebleu` for it")
        return None
    score: Any = sacrebleu.corpus_bleu(
        list(answers), [[text.lower() for text in targets]], lowercase=True
    )
    return float(score.score)


def show_pairs(
    screen: Screen,
    net: EncoderDecoder,
    tested: tuple[Any, Sequence[str]],
    measures: dict[str, dict[str, float]],
    answers: Sequence[str],
) -> None:
    """Print the measures, and a few sources with the right answers and the network's."""
    sources, targets = tested
    keys = list(dict.fromkeys(key for found in measures.values() for key in found))
    rows = [[key, *(f"{found[key]:.4g}" for found in measures.values())] for key in keys]
    rows.append(["new pairs", *(f"{len(targets):,}" for _ in measures)])
    right = range(1, 1 + len(measures))
    screen.table(rows, head=["", *measures], right=right)
    screen.gap()
    wrong = [i for i, (a, b) in enumerate(zip(answers, targets, strict=True)) if a != b.lower()]
    fine = [i for i in range(len(targets)) if i not in set(wrong)]
    for place in (fine[:SHOWN] + wrong[:SHOWN]) if fine else wrong[: 2 * SHOWN]:
        source = sources[place] if net.source is not None else f"picture {place + 1}"
        screen.table([["source", source], ["right", targets[place]], ["answered", answers[place]]],
                     styles=["dim", ""])  # fmt: skip
        screen.gap()


def evaluate_pairs(
    model: Path,
    net: EncoderDecoder,
    data: str,
    target_text: str | None,
    encoding: str | None,
    *,
    as_json: bool,
) -> int:
    """Measure an encoder–decoder on other pairs."""
    known: Any = net.training.get("data", {})
    notes: tuple[str, ...] = ()
    if data in MADE_PAIRS and not Path(data).exists():
        if known.get("name") != data or target_text is not None:
            raise ArgumentError(
                f"{str(model)!r} was not trained on {data!r}: `glassnet train {data}` makes a "
                f"model that is. A file of that name is opened as ./{data}"
            )
        if data == "dates":
            from glassnet.data.generated.dates import dates

            tested: tuple[Any, list[str]] = dates(FRESH, seed=int(known.get("seed", 0)) + 2)
        else:
            from glassnet.data.generated.digit_names import digit_names

            tested = digit_names("test")
    else:
        from glassnet.data.text.pairs import read_pairs

        if target_text is None or net.source is None:
            raise ArgumentError(
                "--target-text must name the file with the right answers to the lines of DATA"
                if net.source is not None
                else f"{str(model)!r} reads pictures: `glassnet evaluate {model} digit-names`"
            )
        pairs = read_pairs(data, target_text, encoding or "utf-8")
        tested, notes = (pairs.sources, pairs.targets), pairs.notes
    if net.source is not None:
        notes = (*notes, *net.source.unread(tested[0]))
    measures, answers = measure_pairs(net, *tested)
    if as_json:
        print_json({"model": str(model), "data": data, "pairs": len(tested[1]),
                    "measures": measures, "notes": list(notes)})  # fmt: skip
        return 0
    screen = Screen()
    screen.heading("Results", str(model))
    screen.notes(notes)
    show_pairs(screen, net, tested, measures, answers)
    return 0
