"""`glassnet info`: what is in a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from glassnet.cli import options as common
from glassnet.cli.describe import show_columns
from glassnet.cli.opening import model_version, open_any
from glassnet.cli.screen import Screen, print_json

if TYPE_CHECKING:
    from glassnet.rules import Estimator
    from glassnet.training import Network
    from glassnet.training.translation import EncoderDecoder

__all__ = ["info"]

NAMES = {
    "loss": "loss",
    "optimizer": "optimiser",
    "mode": "mode",
    "batch_size": "batch size",
    "examples": "training examples",
    "validation_examples": "validation examples",
    "epochs": "epochs at most",
    "epochs_done": "epochs done",
    "patience": "patience",
    "best_epoch": "weights of epoch",
    "l1": "l1",
    "l2": "l2",
    "clip_norm": "clip norm",
    "clip_value": "clip value",
    "stopped": "ended because",
    "engine": "engine",
    "seconds": "seconds",
}
MOST_CLASSES = 20
MOST_CHARACTERS = 200


def info(model: common.ModelArgument, as_json: common.AsJson = False) -> int:
    """Show what is in MODEL: layers, classes, how columns are treated, how it was trained.

    [bold]Examples[/bold]

    glassnet info iris.safetensors

    glassnet info iris.safetensors --json
    """
    from glassnet.data.text.stored import CharacterReader
    from glassnet.rules import Estimator
    from glassnet.training import Network
    from glassnet.training.translation.model import EncoderDecoder

    net = open_any(model)
    version = model_version(model)
    if isinstance(net, EncoderDecoder):
        return _show_translator(model, net, version, as_json=as_json)
    if as_json:
        document = _rule_document(net) if isinstance(net, Estimator) else _document(net)
        print_json({"model": str(model), "version": version, **document})
        return 0
    screen = Screen()
    if isinstance(net, Estimator):
        screen.heading("Rule", str(model))
        screen.facts([("rule", repr(net)), *net.facts()])
    else:
        screen.heading("Network", str(model))
        head, *rows = net.table()
        screen.table(rows, head=head, right=[3])
        screen.gap()
    screen.facts([("made by", f"glassnet {version}"), ("numbers", str(net.dtype))])
    if net.preprocessing is not None:
        screen.heading("Data")
        read = _read(net)
        if read:
            screen.line(read)
            screen.gap()
        show_columns(screen, net.preprocessing)
    elif isinstance(net, Network) and net.text is not None:
        screen.heading("Text")
        screen.facts([("learnt", _read(net)), ("read as", net.text.described())])
    classes = _classes(net)
    if isinstance(net, Network) and isinstance(net.text, CharacterReader):
        screen.heading("Characters", f"{len(classes)}")
        screen.line(f"{''.join(sorted(classes[:MOST_CHARACTERS]))!r}")
    elif classes:
        screen.heading("Classes", f"{len(classes)}")
        more = ", …" if len(classes) > MOST_CLASSES else ""
        screen.line(", ".join(classes[:MOST_CLASSES]) + more)
    if net.training:
        screen.heading("Training")
        screen.facts(_facts(net.training))
        _show_measures(screen, net.training.get("measures"))
    return 0


def _show_translator(model: Path, net: EncoderDecoder, version: str, *, as_json: bool) -> int:
    """Show an encoder–decoder."""
    if as_json:
        document = {
            "kind": "encoder_decoder",
            **{key: value for key, value in net.parts.to_json().items() if key != "symbols"},
            "symbols": list(net.target.vocabulary.symbols),
            "parameters": sum(value.size for value in net.parameters.values()),
            "dtype": str(net.dtype),
            "training": net.training,
        }
        print_json({"model": str(model), "version": version, **document})
        return 0
    screen = Screen()
    screen.heading("Encoder and decoder", str(model))
    head, *rows = net.table()
    screen.table(rows, head=head, right=[3])
    screen.gap()
    screen.facts([("made by", f"glassnet {version}"), ("numbers", str(net.dtype))])
    screen.heading("Symbols")
    facts = [("answered", net.target.vocabulary.described())]
    if net.source is not None:
        facts.insert(0, ("read", net.source.vocabulary.described()))
    screen.facts(facts)
    screen.heading("Training")
    screen.facts(_facts(net.training))
    _show_measures(screen, net.training.get("measures"))
    return 0


def _classes(net: Network | Estimator) -> list[str]:
    target = None if net.preprocessing is None else net.preprocessing.target
    if target is not None:
        return list(target.class_names)
    return [str(name) for name in net.classes or ()]


def _read(net: Network | Estimator) -> str:
    """Return what the model was trained on, if its file says it."""
    data: Any = net.training.get("data")
    if not isinstance(data, dict):
        return ""
    entries = cast("dict[str, Any]", data)
    return f"{entries.get('name', '')}: {entries.get('read', '')}"


def _facts(training: Mapping[str, Any]) -> list[tuple[str, str]]:
    facts = [
        (name, _amount(training[key]))
        for key, name in NAMES.items()
        if training.get(key) not in (None, 0, 0.0)
    ]
    return [*facts, ("seed", str(training["seed"]))] if "seed" in training else facts


def _amount(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _show_measures(screen: Screen, measures: Any) -> None:
    if not isinstance(measures, dict):
        return
    parts = cast("dict[str, Any]", measures)
    shown: list[tuple[str, str]] = []
    for part, found in parts.items():
        if isinstance(found, dict):
            entries = cast("dict[str, Any]", found)
            numbers = {k: v for k, v in entries.items() if k in SHOWN} or entries
            words = [
                f"{SHOWN.get(key, key)} {value:.4g}" if key != "examples" else f"{value:,} examples"
                for key, value in numbers.items()
                if isinstance(value, int | float)
            ]
            shown.append((part, ", ".join(words)))
    screen.facts(shown)


SHOWN = {"accuracy": "accuracy", "r2": "R²", "mae": "MAE", "rmse": "RMSE", "examples": "examples"}


def _document(net: Network) -> dict[str, Any]:
    return {
        **_common(net),
        "seed": net.seed,
        "layers": [
            {"layer": name, "kind": str(layer), "output": list(shape)}
            for name, layer, shape in zip(
                net.stack.names, net.stack.layers, net.stack.shapes[1:], strict=True
            )
        ],
        "parameters": sum(value.size for value in net.parameters.values()),
        "inputs": list(net.stack.inputs),
        "text": None if net.text is None else net.text.described(),
    }


def _rule_document(model: Estimator) -> dict[str, Any]:
    from glassnet.rules.model_file import plain_settings

    return {
        **_common(model),
        "rule": model.rule,
        "settings": plain_settings(model),
        "learnt": dict(model.facts()),
        "inputs": [model.n_features_in_],
        "notes": list(model.notes_),
    }


def _common(net: Network | Estimator) -> dict[str, Any]:
    preprocessing = net.preprocessing
    return {
        "task": net.task,
        "classes": _classes(net),
        "dtype": str(net.dtype),
        "columns": None
        if preprocessing is None
        else [
            {"column": name, "treated_as": treatment, "details": details}
            for name, treatment, details in preprocessing.summary()
        ],
        "target": None
        if preprocessing is None or preprocessing.target is None
        else preprocessing.target.name,
        "training": net.training,
    }
