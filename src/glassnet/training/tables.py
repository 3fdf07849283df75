"""Telling tables, images and data frames from arrays, without loading what reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from glassnet.data import Images, Table

__all__ = ["as_data", "is_table"]


def is_table(x: Any) -> bool:
    """Return whether x has columns (or images) that need encoding, rather than plain numbers."""
    if isinstance(x, np.ndarray | list | tuple):
        return False
    from glassnet.data import Images, Table, is_frame

    return isinstance(x, Table | Images) or is_frame(x)


def as_data(x: Any) -> Table | Images:
    """Return a data frame as a table; tables and images as they are."""
    from glassnet.data import Images, Table, from_frame

    return x if isinstance(x, Table | Images) else from_frame(x)
