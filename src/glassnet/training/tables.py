"""Telling tables, images and data frames from arrays."""

from __future__ import annotations

from typing import Any

from glassnet.data import Images, Table, from_frame, is_frame

__all__ = ["as_data", "is_table"]


def is_table(x: Any) -> bool:
    """Return whether x has columns (or images) that need encoding, rather than plain numbers."""
    return isinstance(x, Table | Images) or is_frame(x)


def as_data(x: Any) -> Table | Images:
    """Return a data frame as a table; tables and images as they are."""
    return x if isinstance(x, Table | Images) else from_frame(x)
