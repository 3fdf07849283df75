"""`glassnet train` on a table or on images: a network with back-propagation."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassnet.cli.building import build, check, class_weight
from glassnet.cli.describe import data_json, extent, show_data
from glassnet.cli.failures import INTERRUPTED, saving
from glassnet.cli.fitting import check_size
from glassnet.cli.jobs.job import Job
from glassnet.cli.jobs.shared import ONLY_TEXTS, refuse_options, write_curves
from glassnet.cli.results import measure, show_measures
from glassnet.cli.screen import complain, print_json
from glassnet.cli.train_data import check_files, read_data
from glassnet.errors import NonFiniteError, OutputError

if TYPE_CHECKING:
    from glassnet.data import Dataset
    from glassnet.training import Network, Run
    from glassnet.training.loop import Settings
    from glassnet.training.prepare import Prepared

__all__ = ["TablesJob"]

WORTH_KEEPING = 5  # epochs: what fails before is a setting to mend; what fails later, work to keep


class TablesJob(Job):
    """One training on a table or on images, from the wishes to the files."""

    def run(self) -> int:
        """Train, save, show, and return the exit status."""
        wishes = self.wishes
        refuse_options(wishes, ONLY_TEXTS, f"{wishes.data} is no text")
        check(wishes)
        path = check_files(wishes)
        data, prepared = read_data(wishes)
        net, settings = build(wishes, prepared)
        weight = class_weight(wishes.class_weight, prepared.target)
        show_data(self.screen, data, prepared)
        self._show_network(net, prepared, settings)
        for part in (prepared.train, prepared.validation, prepared.test):
            if part is not None:
                check_size(net, part.x, part.data)
        run = self._train(net, prepared, settings, weight, path)
        with saving():  # a second Ctrl-C does not stop what the first one asked for
            self._finish(data, prepared, run, path)
        return INTERRUPTED if run.stopped == "interrupted" else 0

    def _show_network(self, net: Network, prepared: Prepared, settings: Settings) -> None:
        from glassnet.training.targets import choose_loss

        screen = self.screen
        loss = choose_loss(settings.loss, net.stack, prepared.train.targets)
        screen.heading("Network")
        head, *rows = net.table()
        screen.table(rows, head=head, right=[3])
        screen.gap()
        size = {"online": "after each example", "batch": "after all examples"}.get(
            settings.mode, f"mini-batches of {settings.batch_size}"
        )
        patience = settings.patience
        until = f"{settings.epochs} epochs"
        if patience:
            until = f"at most {until}, or until {patience} do not improve the validation loss"
        penalties = [f"{k} = {v:g}" for k, v in (("l1", settings.l1), ("l2", settings.l2)) if v]
        facts = [
            ("loss", str(loss)),
            ("optimiser", str(settings.optimizer)),
            ("updates", f"{size}, {until}"),
            ("penalty", ", ".join(penalties)),
            ("seed", f"{settings.seed}; numbers are {net.dtype}"),
        ]
        screen.facts([fact for fact in facts if fact[1]])

    def _train(
        self,
        net: Network,
        prepared: Prepared,
        settings: Settings,
        weight: Any,
        path: Path,
    ) -> Run:
        from glassnet.training.loop import Examples
        from glassnet.training.loop import train as train_network

        held = prepared.validation
        examples = Examples(
            net.encoded(prepared.train.x).rows,
            prepared.train.targets,
            None if held is None else (net.encoded(held.x).rows, held.targets),
            shares=prepared.shares,
        )
        try:
            return train_network(net, examples, settings, class_weight=weight)
        except NonFiniteError as error:
            if net.training.get("epochs_done", 0) < WORTH_KEEPING:
                raise
            net.save(path)
            raise NonFiniteError(f"{error}. The network so far is saved in {path}") from None

    def _finish(self, data: Dataset, prepared: Prepared, run: Run, path: Path) -> None:
        net = run.network
        measures: dict[str, Any] = {}
        failed: OutputError | None = None
        net.training["data"] = {"name": data.name, "read": extent(data.data)}
        net.training["engine"] = run.settings.get("engine")
        net.training["best_epoch"] = run.best_epoch
        net.training["seconds"] = round(run.seconds, 3)
        try:
            for name in ("train", "validation", "test"):
                part = getattr(prepared, name)
                if part is not None:
                    measures[name] = measure(net, part)
            net.training["measures"] = {k: found.to_json() for k, found in measures.items()}
        finally:
            try:
                net.save(path)
            except OutputError as error:
                failed = error
        drawn = write_curves(self.wishes, run)
        self._show_results(prepared, run, measures)
        if failed is not None:
            raise failed
        self._show_files([("model", path), *drawn], path)
        if self.as_json:
            print_json(
                {
                    "model": str(path),
                    "data": data_json(data, prepared),
                    "network": [
                        dict(zip(("layer", "kind", "output", "parameters"), row, strict=True))
                        for row in net.table()[1:]
                    ],
                    "settings": dict(run.settings),
                    "run": {
                        "epochs": len(run.history),
                        "best_epoch": run.best_epoch,
                        "stopped": run.stopped,
                        "steps": run.steps,
                        "seconds": run.seconds,
                        "examples_per_second": run.examples_per_second,
                    },
                    "measures": net.training["measures"],
                }
            )

    def _show_results(self, prepared: Prepared, run: Run, measures: dict[str, Any]) -> None:
        done = len(run.history)
        best = f"; the weights are of epoch {run.best_epoch}" if run.best_epoch else ""
        engine = run.settings.get("engine", "reference")
        went = f"{done} epochs in {run.seconds:.1f} s on the {engine} engine"
        self.screen.heading("Results")
        self.screen.line(f"{went}: {run.stopped}{best}")
        self.screen.notes(run.notes)
        self.screen.gap()
        show_measures(self.screen, measures, prepared.target.name)
        if run.stopped == "interrupted":
            complain("interrupted; the network so far is kept", kind="")

    def _show_files(self, written: list[tuple[str, Path]], path: Path) -> None:
        screen = self.screen
        screen.heading("Written")
        for name, file in written:
            screen.exact(f"{name:<8} {file}")
        screen.heading("Next")
        for command in ("predict", "evaluate"):
            name = shlex.quote(str(path))
            screen.exact(f"glassnet {command} {name} {shlex.quote(self.wishes.data)}", "cyan")
