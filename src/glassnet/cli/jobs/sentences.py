"""`glassnet train FILE` where the file holds sentences with labels: three ways to read them."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from glassnet.cli.defaults import SMALLEST_TO_SPLIT
from glassnet.cli.failures import INTERRUPTED, saving
from glassnet.cli.jobs.asked_texts import measure_texts
from glassnet.cli.jobs.job import Job
from glassnet.cli.jobs.shared import (
    ONLY_TABLES,
    ONLY_TEXTS,
    READ_AS_TABLES,
    refuse_options,
    write_curves,
)
from glassnet.cli.results import show_measures
from glassnet.cli.screen import complain, print_json
from glassnet.cli.train_data import check_files
from glassnet.errors import ArgumentError, DataError
from glassnet.records import dataclass
from glassnet.unit import check_choice, check_number, check_whole

if TYPE_CHECKING:
    from glassnet.data.text import Sentences
    from glassnet.graph.types import Array
    from glassnet.training import Network, Run
    from glassnet.training.measures import ClassMeasures
    from glassnet.training.text_models import TextRecipe

__all__ = ["SentencesJob"]

ALL, BEST = "all", "bag"  # the bag is the best of the three on small data, and the quickest
VALIDATION, TEST = 0.1, 0.2
SHOWN, COLUMNS, TELLING = 4, 8, 8  # sentences and words of the matrix; words for a class


@dataclass(frozen=True)
class _Parts:
    """Texts and labels of the training, the validation and the test, by name; none is empty."""

    texts: dict[str, list[str]]
    labels: dict[str, Array]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Trained:
    """What came of one way to read the sentences."""

    kind: str
    run: Run
    measures: dict[str, ClassMeasures]

    @property
    def parameters(self) -> int:
        return sum(value.size for value in self.run.network.parameters.values())


class SentencesJob(Job):
    """One training on sentences with labels, from the wishes to the files."""

    def run(self) -> int:
        """Train, save, show how good the answers are; return the exit status."""
        from glassnet.data.text import read_sentences
        from glassnet.training.text_models import KINDS

        wishes = self.wishes
        self._check(tuple(KINDS))
        path = check_files(wishes)
        sentences = read_sentences(wishes.data)
        parts = self._split(sentences)
        kind = wishes.text or BEST
        kinds = tuple(KINDS) if kind == ALL else (kind,)
        self._show_data(sentences, parts)
        done: list[_Trained] = []
        for kind in kinds:
            net = self._network(kind, parts, len(sentences.classes))
            if kind == "bag":
                self._show_matrix(net, parts)
            self._show_network(net, KINDS[kind])
            done.append(self._train(kind, net, KINDS[kind], parts))
            if done[-1].run.stopped == "interrupted":
                break
        with saving():
            self._finish(sentences, parts, done, path)
        return INTERRUPTED if done[-1].run.stopped == "interrupted" else 0

    def _check(self, kinds: tuple[str, ...]) -> None:
        wishes = self.wishes
        why = (
            f"{wishes.data} is read as sentences with labels. A copy of it that ends in .tsv is "
            "read as a table"
        )
        taken = {"class_weight": wishes.class_weight, "text": wishes.text}
        options = {**ONLY_TABLES, **READ_AS_TABLES, **ONLY_TEXTS, **taken}
        refuse_options(wishes, options, why)
        if wishes.class_weight not in (None, "balanced"):
            raise ArgumentError(
                f"--class-weight of sentences must be 'balanced'; got {wishes.class_weight!r:.40}"
            )
        refuse_options(wishes, {"layers": None}, f"--text says how sentences are read, by one of "
                       f"{', '.join(kinds)}, or {ALL} of them")  # fmt: skip
        if wishes.text is not None:
            check_choice("text", wishes.text, (*kinds, ALL))
        for name, share in (("validation", wishes.validation), ("test", wishes.test)):
            if share is not None:
                check_number(f"{name}, a share of the sentences,", share, low=0, high=1,
                             open_high=True)  # fmt: skip
        if wishes.patience is not None:
            check_whole("patience", wishes.patience, low=0)
        if wishes.validation == 0 and (wishes.patience or wishes.text == ALL):
            what = "--text all, which keeps the best," if wishes.text == ALL else "--patience"
            raise ArgumentError(f"{what} needs a validation part; --validation is 0")

    def _split(self, sentences: Sentences) -> _Parts:
        """Return the parts, each label spread over them in proportion."""
        from glassnet.data import split

        wishes, labels = self.wishes, np.array(sentences.labels)
        few = len(labels) < SMALLEST_TO_SPLIT
        validation, test = (0.0, 0.0) if few else (VALIDATION, TEST)
        found = split(
            len(labels),
            test=test if wishes.test is None else wishes.test,
            validation=validation if wishes.validation is None else wishes.validation,
            seed=wishes.seed,
            labels=labels,
        )
        rows = {"train": found.train, "validation": found.validation, "test": found.test}
        rows = {name: places for name, places in rows.items() if len(places)}
        if wishes.text == ALL and "validation" not in rows:
            raise DataError(
                f"{len(labels)} sentences are too few for a validation part, by which --text all "
                "keeps the best: say --validation, or one of the kinds"
            )
        return _Parts(
            {name: [sentences.texts[int(i)] for i in places] for name, places in rows.items()},
            {name: labels[places] for name, places in rows.items()},
            found.notes,
        )

    def _network(self, kind: str, parts: _Parts, classes: int) -> Network:
        from glassnet.training.text_models import text_network

        wishes = self.wishes
        return text_network(
            kind, parts.texts["train"], classes, seed=wishes.seed, dtype=wishes.dtype or "float32"
        )

    def _train(self, kind: str, net: Network, recipe: TextRecipe, parts: _Parts) -> _Trained:
        from glassnet.training.text_models import fit_texts

        wishes, held = self.wishes, None
        if "validation" in parts.texts:
            held = parts.texts["validation"], parts.labels["validation"].tolist()
        patience = recipe.patience if wishes.patience is None else wishes.patience
        run = fit_texts(
            net,
            parts.texts["train"],
            parts.labels["train"].tolist(),
            held,
            optimizer=wishes.optimizer or recipe.optimizer,
            batch_size=wishes.batch_size or recipe.batch_size,
            epochs=recipe.epochs if wishes.epochs is None else wishes.epochs,
            patience=patience if held is not None and patience else None,
            seed=wishes.seed,
            class_weight=wishes.class_weight,
            clip_norm=wishes.clip_norm,
            clip_value=wishes.clip_value,
            l1=wishes.l1,
            l2=recipe.l2 if wishes.l2 is None else wishes.l2,
            progress=None if wishes.progress else False,
            engine=wishes.engine,
        )
        with saving():
            measures = {
                name: measure_texts(net, texts, parts.labels[name].tolist())
                for name, texts in parts.texts.items()
            }
        return _Trained(kind, run, measures)

    # --- what is shown ----------------------------------------------------------------------------
    def _show_data(self, sentences: Sentences, parts: _Parts) -> None:
        screen = self.screen
        screen.heading("Data", self.wishes.data)
        screen.line(_extent(sentences))
        sizes = ", ".join(f"{len(texts):,} {name}" for name, texts in parts.texts.items())
        counts = [f"{name} ({sentences.labels.count(name):,})" for name in sentences.classes]
        screen.facts([("labels", ", ".join(counts)), ("parts", f"{sizes}, each label in each")])
        passed = sentences.passed_over
        screen.notes(
            [
                *parts.notes,
                *([f"passed over, without labels: {', '.join(passed)}"] if passed else []),
            ]
        )

    def _show_matrix(self, net: Network, parts: _Parts) -> None:
        """Print a piece of the matrix of counts (K1) of a bag of words."""
        from glassnet.data.text import BagOfWords
        from glassnet.data.text.stored import BagReader

        assert isinstance(net.text, BagReader)
        bag = BagOfWords().fit(parts.texts["train"])
        table = bag.table(parts.texts["train"][:SHOWN], rows=SHOWN, columns=COLUMNS)
        head, *rows = table.cells()
        screen = self.screen
        screen.gap()
        screen.line(f"How often each of {len(bag.words):,} words is in each text (K1), in part:")
        screen.table(rows, head=head, right=range(1, len(head)))
        rare = "; those in one text only are left out" if len(parts.texts["train"]) > 50 else ""
        screen.line(f"The network reads {net.text.described()}{rare}.")

    def _show_network(self, net: Network, recipe: TextRecipe) -> None:
        screen = self.screen
        screen.heading("Network", recipe.title)
        head, *rows = net.table()
        screen.table(rows, head=head, right=[3])

    def _show_run(self, trained: _Trained) -> None:
        run = trained.run
        done = len(run.history)
        best = f"; the weights are of epoch {run.best_epoch}" if run.best_epoch else ""
        self.screen.line(
            f"{trained.kind}: {done} epoch{'' if done == 1 else 's'} in {run.seconds:.1f} s on the "
            f"{run.settings['engine']} engine: {run.stopped}{best}"
        )

    def _show_results(self, done: Sequence[_Trained], best: _Trained) -> None:
        from glassnet.data.text.stored import BagReader
        from glassnet.training.text_models import speaking

        screen = self.screen
        screen.heading("Results")
        for trained in done:
            self._show_run(trained)
        screen.notes([note for trained in done for note in trained.run.notes])
        screen.gap()
        if self.wishes.text == ALL:
            names = list(best.measures)
            cells = [
                [
                    trained.kind,
                    *(f"{trained.measures[name].accuracy:.3f}" for name in names),
                    f"{trained.run.seconds:.1f}",
                    f"{trained.parameters:,}",
                ]
                for trained in done
            ]
            head = ["accuracy", *names, "seconds", "parameters"]
            screen.table(cells, head=head, right=range(1, len(head)))
            screen.line(f"saved is {best.kind}, the best of them on the validation part")
        else:
            show_measures(screen, best.measures, "label")
        if isinstance(best.run.network.text, BagReader):
            screen.gap()
            rows = [[name, ", ".join(words)] for name, words in
                    speaking(best.run.network, TELLING).items()]  # fmt: skip
            screen.table(rows, head=["label", "the words that speak most for it"])
        if done[-1].run.stopped == "interrupted":
            complain("interrupted; the network so far is kept", kind="")

    def _finish(
        self, sentences: Sentences, parts: _Parts, done: Sequence[_Trained], path: Path
    ) -> None:
        wishes, screen = self.wishes, self.screen
        last = "validation" if "validation" in parts.texts else "train"
        best = max(done, key=lambda trained: trained.measures[last].accuracy)
        net, run = best.run.network, best.run
        net.training["data"] = {"name": wishes.data, "read": _extent(sentences)}
        net.training["engine"] = run.settings["engine"]
        net.training["best_epoch"] = run.best_epoch
        net.training["seconds"] = round(run.seconds, 3)
        net.training["measures"] = {k: found.to_json() for k, found in best.measures.items()}
        net.save(path)
        written = [("model", path), *write_curves(wishes, run)]
        self._show_results(done, best)
        screen.heading("Written")
        for name, file in written:
            screen.exact(f"{name:<8} {file}")
        screen.heading("Next")
        for command in ("predict", "evaluate"):
            name, data = shlex.quote(str(path)), shlex.quote(wishes.data)
            screen.exact(f"glassnet {command} {name} {data}", "cyan")
        if self.as_json:
            print_json(_document(path, wishes.data, sentences, best, done))


def _document(
    path: Path, data: str, sentences: Sentences, best: _Trained, done: Sequence[_Trained]
) -> dict[str, Any]:
    """Return what is printed for programs."""
    run = best.run
    facts = {"epochs": len(run.history), "best_epoch": run.best_epoch, "stopped": run.stopped,
             "seconds": run.seconds}  # fmt: skip
    kinds = {
        trained.kind: {
            **{name: found.accuracy for name, found in trained.measures.items()},
            "seconds": trained.run.seconds,
            "parameters": trained.parameters,
        }
        for trained in done
    }
    labels = {str(name): sentences.labels.count(name) for name in sentences.classes}
    return {
        "model": str(path),
        "data": {"name": data, "sentences": len(sentences.texts), "labels": labels},
        "text": best.kind,
        "settings": dict(run.settings),
        "run": facts,
        "measures": run.network.training["measures"],
        "kinds": kinds,
    }


def _extent(sentences: Sentences) -> str:
    files = f" in {len(sentences.files)} files" if len(sentences.files) > 1 else ""
    return f"{len(sentences.texts):,} sentences{files}, {len(sentences.classes)} labels"
