"""Warnings that name the line that called glassnet, however deep in it they arise."""

from __future__ import annotations

import inspect
import warnings

from glassnet.errors import ConvergenceWarning

__all__ = ["warn"]


def warn(reason: str) -> None:
    """Warn that learning did not come to where it should, at the line that called glassnet."""
    frame, level = inspect.currentframe(), 1
    while frame is not None and str(frame.f_globals.get("__name__")).startswith("glassnet."):
        frame, level = frame.f_back, level + 1
    warnings.warn(reason, ConvergenceWarning, stacklevel=level)
