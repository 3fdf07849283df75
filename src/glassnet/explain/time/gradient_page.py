"""How the gradient's path through time is shown: a table by lag, a plot, small products."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from glassnet.explain.conventions import Profile
from glassnet.explain.notation import Leaf
from glassnet.explain.numbers import short
from glassnet.explain.parts import Equation, Page, Part, Picture, Table
from glassnet.explain.time.chart import Curve, chart_svg
from glassnet.explain.time.jacobians import spectral_norm
from glassnet.graph.types import Array

if TYPE_CHECKING:
    from glassnet.explain.time.gradient import GradientThroughTime

__all__ = ["factor_per_step", "gradient_page", "norms_svg", "shown_lags"]

DIGITS = 4
FACTORS = 4  # Jacobians that are written out
LARGEST = 4  # numbers of a state whose Jacobians are written out
EVERY = 8  # lags up to which all are listed
MARKS = (10, 15, 20, 30, 40, 50, 60, 80, 100, 150, 200, 300, 400, 500, 700, 1000)


def shown_lags(last: int) -> list[int]:
    """Return the lags that a table lists: the first ones, round ones, and the last.

    >>> shown_lags(35)
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 30, 35]
    """
    found = [lag for lag in (*range(EVERY + 1), *MARKS) if lag < last]
    return [*found, last]


def factor_per_step(norms: Array) -> float:
    """Return by what factor the norm changes from lag to lag, as the geometric mean."""
    if len(norms) < 2 or not np.isfinite(norms[-1]):
        return float("nan")
    return float(norms[-1] ** (1 / (len(norms) - 1)))


def gradient_page(found: GradientThroughTime, profile: Profile) -> Page:
    """Return what is shown of the gradient's path through time."""
    del profile  # nothing here has a sign or a rounding that textbooks differ in
    picture = Picture(norms_svg(found), "The norms by lag, on a logarithmic axis.")
    parts = [_table_part(found)]
    if sum(found.sizes.values()) <= LARGEST:
        parts.append(_product_part(found))
    return Page(found.title, tuple(_sentences(found)), tuple(parts), (picture,))


def norms_svg(found: GradientThroughTime) -> str:
    """Return the plot of the norms against the lag."""
    curves = [Curve(_name(found, key), values) for key, values in found.norms.items()]
    curves.append(Curve("Π ‖J(i)‖", found.bounds, dashed=True, colour=7))
    return chart_svg(found.title, curves, f"lag t − k (t = {found.step})", "spectral norm")


def _name(found: GradientThroughTime, key: str) -> str:
    symbol = "s" if key not in found.sizes else key
    return f"‖∂{symbol}(t)/∂{symbol}(k)‖"


def _before(found: GradientThroughTime) -> str:
    """Return what stands for the step before: i+1 for a layer that goes backward."""
    return "i−1" if found.places[0] > found.places[-1] else "i+1"


def _sentences(found: GradientThroughTime) -> Iterator[str]:
    first = next(iter(found.sizes))
    state = "s" if len(found.sizes) > 1 else first
    yield (
        f"t = {found.step}. The Jacobians J(i) = ∂{state}(i)/∂{state}({_before(found)}) come from "
        "the graph of a step; ‖…‖ is the spectral norm, the factor by which a small change "
        "becomes larger at most; Π ‖J‖ is the product of the norms, which it cannot exceed."
    )
    if len(found.sizes) > 1:
        whole = ", ".join(found.sizes)
        yield (
            f"The state is s = ({whole}). J is of the whole state; ∂{first}(t)/∂{first}(k) is the "
            f"{first}–{first} block of the product of the J, so what reaches {first}(t) through "
            "the other parts counts."
        )


def _table_part(found: GradientThroughTime) -> Part:
    head = ["lag", "k", "‖J(k+1)‖", "Π ‖J‖", *(_name(found, key) for key in found.norms)]
    if _before(found) == "i+1":
        head[2] = "‖J(k−1)‖"
    rows: list[tuple[str, ...]] = []
    for lag in shown_lags(found.lags):
        factor = short(float(found.factors[lag - 1]), DIGITS) if lag else ""
        norms = (short(float(values[lag]), DIGITS) for values in found.norms.values())
        bound = short(float(found.bounds[lag]), DIGITS)
        rows.append((str(lag), str(found.places[lag]), factor, bound, *norms))
    first, values = next(iter(found.norms.items()))
    rate = factor_per_step(values)
    verb = "falls to" if values[-1] < 1 else "grows to" if values[-1] > 1 else "stays at"
    sentence = (
        f"From lag 0 to lag {found.lags}, {_name(found, first)} {verb} "
        f"{short(float(values[-1]), DIGITS)}"
    )
    if np.isfinite(rate) and found.lags > 1:
        sentence += f": a factor of {short(rate, DIGITS)} for each step (geometric mean)"
    return Part("Norms by lag", f"{sentence}.", tables=(Table(tuple(head), tuple(rows)),))


def _product_part(found: GradientThroughTime) -> Part:
    """Return the last Jacobians in numbers, and their product: K5."""
    count = min(FACTORS, found.lags)
    state = "s" if len(found.sizes) > 1 else next(iter(found.sizes))
    names = [f"J({place})" for place in found.places[:count]]
    product = f"∂{state}({found.step})/∂{state}({found.places[count]})"
    sentence = f"{product} = {' '.join(names)}."
    if sum(found.sizes.values()) == 1:
        numbers = [float(matrix[0, 0]) for matrix in found.jacobians[:count]]
        factors = " · ".join(_factor(value) for value in numbers)
        result = short(float(found.jacobian(count)[0, 0]), DIGITS)
        sides = tuple(Leaf("word", side) for side in (" · ".join(names), factors, result))
        whole = Equation(Leaf("word", product), tuple(dict.fromkeys(sides)))
        return Part("The product of Jacobians", workings=(whole,))
    tables = [
        _matrix(found, name, found.jacobians[lag], lag, lag + 1) for lag, name in enumerate(names)
    ]
    if count > 1:
        tables.append(_matrix(found, product, found.jacobian(count), 0, count))
    return Part("The product of Jacobians", sentence, tables=tuple(tables))


def _factor(value: float) -> str:
    written = short(value, DIGITS)
    return f"({written})" if value < 0 else written


def _matrix(found: GradientThroughTime, name: str, matrix: Array, above: int, below: int) -> Table:
    """Return a matrix as a table: a row for each number of the later state."""
    signs = [
        f"{part}{place}" if size > 1 else part
        for part, size in found.sizes.items()
        for place in range(1, size + 1)
    ]
    later, earlier = found.places[above], found.places[below]
    head = (name, *(f"{sign}({earlier})" for sign in signs))
    rows = tuple(
        (f"{sign}({later})", *(short(value, DIGITS) for value in values))
        for sign, values in zip(signs, matrix.tolist(), strict=True)
    )
    norm = short(float(spectral_norm(matrix)), DIGITS)
    return Table(head, rows, f"{name}: spectral norm {norm}")
