"""What is found of the paths from a weight to a cost: the paths, their sums, what is drawn."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from glassnet.explain.conventions import Profile
from glassnet.explain.expressions import Address, Expression
from glassnet.explain.html import html_fragment
from glassnet.explain.linear import linear, symbol_of
from glassnet.explain.parts import Page
from glassnet.explain.setting import notation
from glassnet.explain.sheet import Line
from glassnet.explain.symbols import name_of
from glassnet.explain.text import render_text
from glassnet.explain.workings import Workings
from glassnet.records import dataclass

__all__ = ["Factor", "Path", "Paths", "Share", "Web"]


@dataclass(frozen=True)
class Factor:
    """A local derivative ∂above/∂below.

    Args:
        above: The number that is worked out.
        below: The number that its formula speaks of.
        formula: The derivative in symbols; a plain number where it would be too long.
        value: The derivative.
    """

    above: Address
    below: Address
    formula: Expression
    value: float


@dataclass(frozen=True)
class Path:
    """One path.

    Args:
        quantities: What it runs through, from the weight to the cost.
        factors: Its local derivatives, from the cost back to the weight.
        product: Their product.
    """

    quantities: tuple[Address, ...]
    factors: tuple[Factor, ...]
    product: float


@dataclass(frozen=True)
class Share:
    """What the paths of one example add to the sum.

    Args:
        example: Its number, from 1; None for paths that run through several examples.
        count: How many paths there are.
        total: The sum of their products.
    """

    example: int | None
    count: int
    total: float


@dataclass(frozen=True)
class Web:
    """The numbers between the weight and the cost, as they are drawn.

    Args:
        numbers: Each with its value and the derivative of the cost with respect to it.
        arrows: From which number to which, by place, with the local derivative.
        whole: Whether all of them are there; else only those on the paths that are listed.
    """

    numbers: tuple[tuple[Address, float, float], ...]
    arrows: tuple[tuple[int, int, float], ...]
    whole: bool


@dataclass(frozen=True, repr=False)
class Paths:
    """The paths from a weight to a cost.

    Args:
        start: The weight.
        end: The cost.
        paths: Those with the largest products without signs, the largest first.
        count: How many paths there are in all.
        zero: How many of them have the product 0.
        total: The sum of the products of all.
        absolute: The sum of the products without their signs.
        gradient: The derivative that back-propagation gives.
        agrees: Whether that is the sum over all paths, as closely as the type of numbers allows.
        stopped: Whether the weight goes into an operation that hands no derivative back, such as a
            comparison.
        rest: The sum over the paths of other examples, where one example was asked for.
        example: The example that was asked for.
        shares: What the paths of each example add to the sum; empty where there is one example.
        lines: The numbers on the paths that are listed, each with its formula, in order.
        values: The values of all the numbers that the formulas speak of.
        web: What is drawn.
        profile: The conventions.
    """

    start: Address
    end: Address
    paths: tuple[Path, ...]
    count: int
    zero: int
    total: float
    absolute: float
    gradient: float
    agrees: bool
    stopped: bool
    rest: float
    example: int | None
    shares: tuple[Share, ...]
    lines: tuple[Line, ...]
    values: Mapping[Address, float]
    web: Web
    profile: Profile

    @property
    def title(self) -> str:
        """What is worked out."""
        of = f", example {self.example}" if self.example is not None else ""
        return f"Paths from {symbol_of(self.start)} to {symbol_of(self.end)}{of}"

    def page(self, profile: Profile) -> Page:
        """Return what is shown: local derivatives, the product along each path, their sum."""
        from glassnet.explain.path_page import path_page

        return path_page(self, profile)

    def __str__(self) -> str:
        return render_text(self.page(self.profile))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return html_fragment(self.title, [self.page(self.profile)])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the page to a file: .txt, .md, .tex, .html or .json; one there is replaced.

        Raises:
            ArgumentError: The name ends in something else.
            OutputError: The file cannot be written; nothing is left half written.
        """
        Workings(self.title, (self,), self.profile).save(path)

    def to_json(self) -> dict[str, Any]:
        """Return the paths with their local derivatives, and the sums, as plain data."""
        return {
            "title": self.title,
            "from": str(self.start),
            "to": str(self.end),
            "example": self.example,
            "count": self.count,
            "zero": self.zero,
            "total": self.total,
            "absolute": self.absolute,
            "rest": self.rest,
            "gradient": self.gradient,
            "agrees": self.agrees,
            "examples": [
                {"example": share.example, "count": share.count, "total": share.total}
                for share in self.shares
            ],
            "paths": [
                {
                    "quantities": [str(address) for address in path.quantities],
                    "factors": [
                        {
                            "of": str(factor.above),
                            "by": str(factor.below),
                            "formula": linear(notation(factor.formula, name_of, 17)),
                            "value": factor.value,
                        }
                        for factor in path.factors
                    ],
                    "product": path.product,
                }
                for path in self.paths
            ],
        }
