"""Draw the pictures of docs/classical-rules.md: python docs/pictures/classical_rules.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import glassnet as gn
from glassnet.data import open_data

HERE = Path(__file__).parent


def sepals() -> tuple[np.ndarray, list[str]]:
    """Return the standardised sepals, (100, 2), of two species of iris, and the species."""
    iris = open_data("iris").data
    x = np.array([iris.column(name).values for name in ("sepal length", "sepal width")]).T[:100]
    return (x - x.mean(axis=0)) / x.std(axis=0), iris.column("species").values[:100].tolist()


def main() -> None:
    """Draw them all."""
    x, species = sepals()
    gn.Perceptron(epochs=1000).steps(x, species).plot(HERE / "perceptron-line.png")
    digits = open_data("digits").data
    map_ = gn.SelfOrganisingMap(12, 12, topology="hexagonal", epochs=20, seed=1)
    map_.fit(digits.pixels.reshape(len(digits.pixels), -1) / 16.0, digits.labels)
    map_.plot(HERE / "digits-map.png")


if __name__ == "__main__":
    main()
