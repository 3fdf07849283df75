"""Learning curves as a picture."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

from glassnet.errors import ArgumentError
from glassnet.files import check_writable, write_file
from glassnet.training.history import History

__all__ = ["check_picture", "new_figure", "plot", "save_figure"]

FORMATS = (".svg", ".png", ".pdf")


def check_picture(path: str | os.PathLike[str]) -> None:
    """Raise ArgumentError or OutputError if a picture cannot be drawn to this file.

    Meant to be called before long work, so that none is done in vain.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        raise ArgumentError(f"a picture's name must end in {', '.join(FORMATS)}; got {str(path)!r}")
    _matplotlib()
    check_writable(path)


def _matplotlib() -> Any:
    try:
        from matplotlib import figure
    except ImportError:
        raise ArgumentError(
            "pictures need matplotlib, which is not installed: pip install 'glassnet[plots]'"
        ) from None
    return figure


def plot(history: History, path: str | os.PathLike[str]) -> None:
    """Draw loss, and accuracy where there is one, against the epoch; write an SVG, PNG or PDF file.

    Raises:
        ArgumentError: Another ending, matplotlib is not installed, or no epoch was finished.
        OutputError: The file cannot be written.
    """
    check_picture(path)
    if not len(history):
        raise ArgumentError("there is nothing to draw: no epoch was finished")
    kinds = [kind for kind in ("loss", "accuracy") if kind in history.columns]
    figure = new_figure(4.8 * len(kinds), 3.6)
    for place, kind in enumerate(kinds):
        axes = figure.add_subplot(1, len(kinds), place + 1)
        single = "o" if len(history) == 1 else ""
        axes.plot(history["epoch"], history[kind], marker=single, label="training")
        if f"validation_{kind}" in history.columns:
            held = history[f"validation_{kind}"]
            axes.plot(history["epoch"], held, marker=single, label="validation")
        axes.set_xlabel("epoch")
        axes.set_ylabel(kind)
        axes.grid(alpha=0.3)
        axes.legend()
    save_figure(figure, path)


def new_figure(width: float, height: float) -> Any:
    """Return an empty figure of matplotlib, in inches, that belongs to no window."""
    return _matplotlib().Figure(figsize=(width, height), layout="constrained")


def save_figure(figure: Any, path: str | os.PathLike[str]) -> None:
    """Write a figure to an SVG, PNG or PDF file."""
    picture = io.BytesIO()
    figure.savefig(picture, format=Path(path).suffix.lower()[1:], dpi=150)
    write_file(path, picture.getvalue())
