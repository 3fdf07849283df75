"""Learning curves: the picture is written, or it is said why not."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, OutputError
from glassnet.training import History
from glassnet.training.curves import check_picture, plot

X = np.random.default_rng(0).normal(size=(30, 3))
MAGIC = {".svg": b"<?xml", ".png": b"\x89PNG", ".pdf": b"%PDF"}


@pytest.fixture(scope="module")
def run() -> gn.Run:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    net = gn.Network([gn.Dense(2, "softmax")])
    return gn.fit(net, X, np.arange(30) % 2, epochs=3, validation=0.2)


@pytest.mark.parametrize("suffix", MAGIC)
def test_pictures(run: gn.Run, suffix: str, tmp_path: Path) -> None:
    for name in (f"curves{suffix}", f"CURVES{suffix.upper()}"):
        run.plot(tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(MAGIC[suffix])


def test_what_is_drawn(run: gn.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib as mpl
    from matplotlib import axes

    drawn: list[tuple[str, list[float], list[float]]] = []
    sound = axes.Axes.plot

    def record(self: Any, x: Any, y: Any, **settings: Any) -> Any:
        drawn.append((settings["label"], list(x), list(y)))
        return sound(self, x, y, **settings)

    monkeypatch.setattr(axes.Axes, "plot", record)
    monkeypatch.setitem(mpl.rcParams, "svg.fonttype", "none")  # text stays text
    run.plot(tmp_path / "curves.svg")
    history = run.history
    columns = ["loss", "validation_loss", "accuracy", "validation_accuracy"]
    labels = ["training", "validation"] * 2
    assert drawn == [
        (label, history["epoch"], history[column])
        for label, column in zip(labels, columns, strict=True)
    ]
    text = (tmp_path / "curves.svg").read_text()
    for word in ("epoch", "loss", "accuracy", "training", "validation"):
        assert f">{word}<" in text


def test_one_epoch_of_numbers(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    net = gn.Network([gn.Dense(1)])
    gn.fit(net, X, X[:, 0], epochs=1).plot(tmp_path / "curves.png")
    assert (tmp_path / "curves.png").stat().st_size > 1000


@pytest.mark.parametrize("name", ["curves.jpg", "curves", "curves.txt", ".svg"])
def test_another_ending(name: str, tmp_path: Path) -> None:
    with pytest.raises(ArgumentError, match=r"must end in \.svg, \.png, \.pdf"):
        check_picture(tmp_path / name)


def test_without_matplotlib(run: gn.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ArgumentError, match=r"not installed: pip install 'glassnet\[plots\]'"):
        run.plot(tmp_path / "curves.svg")
    assert not (tmp_path / "curves.svg").exists()


def test_where_a_picture_cannot_be_written(run: gn.Run, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="there is no folder"):
        run.plot(tmp_path / "nowhere" / "curves.svg")
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(OutputError, match="a folder of that name"):
        run.plot(tmp_path / "folder.svg")


def test_nothing_to_draw(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    with pytest.raises(ArgumentError, match="nothing to draw: no epoch was finished"):
        plot(History(), tmp_path / "curves.svg")
    assert not (tmp_path / "curves.svg").exists()
