"""Features that fit a network's number type, or an error that names the line and the column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from glassnet.errors import DataError

if TYPE_CHECKING:
    from glassnet.data import Images, Table
    from glassnet.graph.types import Array
    from glassnet.rules import Estimator
    from glassnet.training import Network

__all__ = ["check_size"]


def check_size(net: Network | Estimator, features: Array, data: Table | Images) -> None:
    """Raise DataError if a feature is too large for the network's numbers.

    Args:
        net: The network, or the rule.
        features: What it is to be fed, of shape (n, inputs).
        data: What the features were made from.
    """
    limit = float(np.finfo(str(net.dtype)).max)
    if net.preprocessing is None or _within(features, limit):
        return
    places = np.argwhere(np.abs(features) > limit)
    if not len(places):
        return
    from glassnet.data import Table

    row, column = (int(index) for index in places[0])
    raise DataError(
        f"the number is too large for {net.dtype} (standardised: {features[row, column]:.3g}); "
        "mend it, or name it with `--missing` if it stands for no value",
        source=data.source,
        line=int(data.lines[row]) if isinstance(data, Table) else None,
        column=net.preprocessing.feature_names[column],
    )


def _within(numbers: Array, limit: float) -> bool:
    return bool(numbers.min(initial=0) >= -limit and numbers.max(initial=0) <= limit)
