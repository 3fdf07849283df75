"""`glassnet train DATA --rule …`: a classical rule in place of a network."""

from __future__ import annotations

import shlex
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glassnet.cli.describe import data_json, extent, show_data
from glassnet.cli.failures import INTERRUPTED, saving
from glassnet.cli.fitting import check_size
from glassnet.cli.jobs.job import Job
from glassnet.cli.results import measure, show_measures
from glassnet.cli.screen import complain, note, print_json
from glassnet.cli.train_data import check_files, read_data
from glassnet.errors import ArgumentError, OutputError

if TYPE_CHECKING:
    from glassnet.data import Dataset
    from glassnet.rules import Estimator
    from glassnet.rules.examples import Examples
    from glassnet.training.prepare import Prepared

__all__ = ["RuleJob"]

# Options of back-propagation, with the values that they have if nobody names them.
ONLY_NETWORKS = {
    "layers": None,
    "optimizer": None,
    "loss": None,
    "mode": "minibatch",
    "batch_size": None,
    "l1": 0.0,
    "l2": None,
    "class_weight": None,
    "clip_norm": None,
    "clip_value": None,
    "patience": None,
    "validation": None,
    "minutes": None,
    "truncate": None,
    "streams": None,
    "text": None,
    "target_text": None,
    "words": None,
    "attention": None,
    "teacher_forcing": None,
}
# Options that are settings of a rule where it has them, with the same values.
SHARED = {"seed": 0, "epochs": None, "engine": None, "dtype": None}


class RuleJob(Job):
    """One training of a rule, from the wishes to the files."""

    def run(self) -> int:
        """Train, save, and say how good it is; return the exit status."""
        from glassnet.graph.types import DType
        from glassnet.rules.examples import from_prepared

        wishes = self.wishes
        model = self._model()
        path = check_files(wishes)
        data, prepared = read_data(wishes, validated=False)
        examples = from_prepared(prepared, DType(model.dtype), wants=model.wants)
        self._check_pictures(model, examples)
        show_data(self.screen, data, prepared)
        self.screen.heading("Rule", model.rule)
        self.screen.facts([(name.replace("_", " "), _text(v)) for name, v in self._settings(model)])
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            model.fit_examples(examples)
        model.preprocessing_ = prepared.preprocessing
        for part in (prepared.train, prepared.test):
            if part is not None:
                check_size(model, part.x, part.data)
        with saving():
            self._finish(data, prepared, model, path, [str(entry.message) for entry in warned])
        return INTERRUPTED if model.training.get("stopped") == "interrupted" else 0

    def _model(self) -> Estimator:
        """Return the rule that was asked for, with the options that it shares with networks."""
        from glassnet.rules import Estimator

        wishes = self.wishes
        assert wishes.rule is not None
        for name, default in ONLY_NETWORKS.items():
            if getattr(wishes, name) != default:
                option = name.replace("_", "-")
                raise ArgumentError(
                    f"--{option} is an option of networks; a rule has settings of its own, as in "
                    f"--rule '{wishes.rule.split()[0] if wishes.rule.split() else 'som'} …' "
                    "(`glassnet rules` lists them)"
                )
        model = Estimator.of(wishes.rule)
        known = model.get_params()
        for name, default in SHARED.items():
            value = getattr(wishes, name)
            if value == default:
                continue
            if name not in known:
                raise ArgumentError(f"--{name}: the rule {model.rule} has no such setting")
            model.set_params(**{name: value})
        if "progress" in known:
            model.set_params(progress=None if wishes.progress else False)
        model.check()
        return model

    def _check_pictures(self, model: Estimator, examples: Examples) -> None:
        """Raise, before the work begins, if there will be nothing to draw or to list."""
        wishes, inputs = self.wishes, examples.x.shape[1]
        classes = examples.classes is not None
        if wishes.plot is not None and not model.has_picture(inputs, classes=classes):
            raise ArgumentError(
                f"--plot: the rule {model.rule} has no epochs whose measures could be drawn; the "
                "regions of classes can, if there are two inputs, and here there are "
                f"{inputs if classes else 'no classes'}"
            )
        if wishes.history is not None and not model.has_picture(0, classes=False):
            raise ArgumentError(f"--history: the rule {model.rule} has no epochs")

    def _settings(self, model: Estimator) -> list[tuple[str, Any]]:
        shown = {k: v for k, v in model.get_params().items() if k not in ("engine", "progress")}
        return [(name, value) for name, value in shown.items() if value is not None]

    def _finish(
        self,
        data: Dataset,
        prepared: Prepared,
        model: Estimator,
        path: Path,
        warned: list[str],
    ) -> None:
        measures: dict[str, Any] = {}
        model.training["data"] = {"name": data.name, "read": extent(data.data)}
        if model.task is not None:
            for name in ("train", "test"):
                part = getattr(prepared, name)
                if part is not None:
                    measures[name] = measure(model, part)
            model.training["measures"] = {k: found.to_json() for k, found in measures.items()}
        failed: OutputError | None = None
        try:
            model.save(path)
        except OutputError as error:
            failed = error
        written = self._draw(model, prepared)
        self._show_results(prepared, model, measures, warned)
        if failed is not None:
            raise failed
        self._show_files([("model", path), *written], path, model)
        if self.as_json:
            print_json(
                {
                    "model": str(path),
                    "data": data_json(data, prepared),
                    "rule": model.rule,
                    "settings": {name: _plain(value) for name, value in self._settings(model)},
                    "run": {k: v for k, v in model.training.items() if k not in ("data",)},
                    "learnt": dict(model.facts()),
                    "measures": model.training.get("measures", {}),
                    "notes": list(dict.fromkeys([*model.notes_, *warned])),
                }
            )

    def _draw(self, model: Estimator, prepared: Prepared) -> list[tuple[str, Path]]:
        written: list[tuple[str, Path]] = []
        plot, history = self.wishes.plot, self.wishes.history
        if plot is not None:
            part = prepared.train
            answers = model.classes_[part.targets.values] if hasattr(model, "classes_") else None
            epochs = len(model.history_) or not hasattr(type(model), "epochs")
            if epochs:
                model.plot(plot, model.encoded(part.x), answers)
                written.append(("picture", plot))
            else:
                note(f"{plot} is not written: no epoch was finished")
        if history is not None:
            if len(model.history_):
                model.history_.to_csv(history)
                written.append(("history", history))
            else:
                note(f"{history} is not written: no epoch was finished")
        return written

    def _show_results(
        self, prepared: Prepared, model: Estimator, measures: dict[str, Any], warned: list[str]
    ) -> None:
        screen, training = self.screen, model.training
        screen.heading("Results")
        if "epochs_done" in training:
            done = training["epochs_done"]
            went = f"{done:,} epoch{'' if done == 1 else 's'} in {training.get('seconds', 0):.1f} s"
            engine = f" on the {training['engine']} engine" if "engine" in training else ""
            screen.line(f"{went}{engine}: {training.get('stopped', '')}")
        screen.facts(model.facts())
        more = [text for text in model.notes_ if text not in prepared.notes]
        screen.notes(list(dict.fromkeys([*more, *warned])))
        if measures:
            screen.gap()
            show_measures(screen, measures, prepared.target.name)
        if training.get("stopped") == "interrupted":
            complain("interrupted; what was learnt so far is kept", kind="")

    def _show_files(self, written: list[tuple[str, Path]], path: Path, model: Estimator) -> None:
        screen = self.screen
        screen.heading("Written")
        for name, file in written:
            screen.exact(f"{name:<8} {file}")
        screen.heading("Next")
        for command in ("predict", "evaluate") if model.task is not None else ("predict",):
            name = shlex.quote(str(path))
            screen.exact(f"glassnet {command} {name} {shlex.quote(self.wishes.data)}", "cyan")


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else str(value)
