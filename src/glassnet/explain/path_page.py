"""What the page of paths shows: local derivatives, the product along each path, their sum."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from glassnet.explain.conventions import Profile
from glassnet.explain.expressions import Address, Expression, Product, Quantity, Sum, evaluate
from glassnet.explain.linear import symbol_of
from glassnet.explain.notation import Fraction, Leaf, Notation, row, width
from glassnet.explain.parts import Equation, Page, Part, Picture, Table
from glassnet.explain.path_picture import path_svg
from glassnet.explain.path_result import Factor, Path, Paths
from glassnet.explain.setting import notation
from glassnet.explain.sheet import rounded
from glassnet.explain.symbols import name_of, number

__all__ = ["path_page"]

LONGEST = 70  # digits of a product in symbols
MOST_PICTURES, MOST_IN_SMALL = 8, 24  # pictures of single paths; numbers in each
Pair = tuple[Address, Address]


def path_page(found: Paths, profile: Profile) -> Page:
    """Return what is shown of the paths from a weight to a cost.

    Args:
        found: The paths.
        profile: The conventions: digits and rounding.
    """
    return _Writer(found, profile).page()


class _Writer:
    def __init__(self, found: Paths, profile: Profile) -> None:
        self.found, self.profile, self.digits = found, profile, profile.digits
        spoken = {found.start, found.end, *found.values}
        spoken |= {address for path in found.paths for address in path.quantities}
        self.layered = len({address.layer for address in spoken} - {""}) > 1
        self.round: Callable[[float], float] = (
            rounded(profile.digits) if profile.carried else lambda value: value
        )
        self.values = self._values()
        self.slopes: dict[Pair, float] = {}
        for factor in (factor for path in found.paths for factor in path.factors):
            pair = (factor.above, factor.below)
            if pair not in self.slopes:
                self.slopes[pair] = (
                    self.round(evaluate(factor.formula, self.values.__getitem__))
                    if profile.carried
                    else factor.value
                )
        self.products = [self._product(path) for path in found.paths]

    def _values(self) -> dict[Address, float]:
        """Return the numbers on the way, worked out from rounded ones where results are rounded."""
        if not self.profile.carried:
            return dict(self.found.values)
        values = {address: self.round(value) for address, value in self.found.values.items()}
        for line in self.found.lines:
            if line.formula is not None:
                values[line.address] = self.round(evaluate(line.formula, values.__getitem__))
        return values

    def _product(self, path: Path) -> float:
        slopes = (self.slopes[factor.above, factor.below] for factor in path.factors)
        return self.round(math.prod(slopes)) if self.profile.carried else path.product

    # --- what is written --------------------------------------------------------------------------
    def name(self, address: Address) -> Notation:
        """Return how a quantity is written."""
        return name_of(address, layered=self.layered)

    def number(self, address: Address) -> Notation:
        """Return the number of a quantity."""
        return number(self.values[address], self.digits)

    def partial(self, above: Address, below: Address) -> Notation:
        """Return ∂above/∂below."""
        partial = Leaf("letter", "∂")
        return Fraction(row(partial, self.name(above)), row(partial, self.name(below)))

    def text(self, address: Address) -> str:
        """Return the name of a quantity within a sentence."""
        return symbol_of(address, layered=self.layered)

    def page(self) -> Page:
        """Return the page."""
        found = self.found
        parts = tuple(self._parts() if found.count else [self._without()])
        conventions = (*self.profile.sentences()[1:],) if found.count else ()
        return Page(found.title, conventions, parts, tuple(self._picture()))

    def _picture(self) -> Iterator[Picture]:
        found = self.found
        if not found.paths:
            return
        svg = path_svg(found, found.paths[0], layered=self.layered)
        if svg:
            lit = "The path" if found.count == 1 else "The path with the largest product"
            some = "" if found.web.whole else f" of the {len(found.paths)} paths below"
            drawn = f"The numbers{some} with the local derivatives between them."
            yield Picture(svg, f"{drawn} {lit} is lit.")

    def _without(self) -> Part:
        start, end = self.text(self.found.start), self.text(self.found.end)
        of = f" in example {self.found.example}" if self.found.example is not None else ""
        why = "does not depend on it"
        if self.found.stopped:
            why += (
                ", or only through operations that hand no derivative back (thresholds, "
                "comparisons, stop_gradient)"
            )
        return Part(
            "No path",
            f"No path leads from {start} to {end}{of}: {end} {why}. The derivative is 0.",
            workings=(self._gradient(),),
        )

    def _parts(self) -> Iterator[Part]:
        found = self.found
        yield self._overview()
        yield self._forward()
        yield self._local()
        pictures = 1 < len(found.paths) <= MOST_PICTURES and len(found.web.numbers) <= MOST_IN_SMALL
        for place, path in enumerate(found.paths):
            yield self._path(place, path, pictured=pictures and place > 0)
        if found.shares:
            yield self._examples()
        yield self._sum()

    def _overview(self) -> Part:
        found = self.found
        start, end = self.text(found.start), self.text(found.end)
        several = found.count != 1
        leads = f"{found.count:,} paths lead" if several else "One path leads"
        result = "the sum of these products" if several else "the product"
        whole, of = f"∂{end}/∂{start} is ", ""
        if found.example is not None:
            of = f" through example {found.example}"
            whole = f"what this example adds to ∂{end}/∂{start} is "
        said = (
            f"{leads} from {start} to {end}{of}. Along a path the local derivatives are "
            f"multiplied; {whole}{result}."
        )
        if found.zero:
            is_zero = "has" if found.zero == 1 else "have"
            which = "It has" if not several else f"{found.zero:,} of them {is_zero}"
            said += f" {which} the product 0: a local derivative on the way is 0."
        if found.count > len(found.paths):
            few = len(found.paths)
            listed = (
                f"stand the {few} with the largest products"
                if few > 1
                else ("stands the one with the largest product")
            )
            said += f" Below {listed}, signs left aside."
        return Part("Paths", said)

    def _forward(self) -> Part:
        lines = self.found.lines
        given = [line for line in lines if line.formula is None]
        worked = [line for line in lines if line.formula is not None]
        return Part(
            "Numbers on the way",
            given=tuple(
                Equation(
                    self.name(line.address),
                    (self.number(line.address),),
                    (line.address.layer, line.address.symbol),
                )
                for line in given
            ),
            workings=tuple(
                self._worked(self.name(line.address), line.formula, self.values[line.address])
                for line in worked
                if line.formula is not None
            ),
        )

    def _worked(self, name: Notation, formula: Expression, value: float) -> Equation:
        sides = [notation(formula, way, self.digits) for way in (self.name, self.number)]
        return Equation(name, tuple(dict.fromkeys([*sides, number(value, self.digits)])))

    def _local(self) -> Part:
        factors: dict[Pair, Factor] = {}
        for path in self.found.paths:
            for factor in reversed(path.factors):
                factors.setdefault((factor.above, factor.below), factor)
        order = {line.address: place for place, line in enumerate(self.found.lines)}
        pairs = sorted(factors, key=lambda pair: (order[pair[0]], order[pair[1]]))
        return Part(
            "Local derivatives",
            "How fast each number changes with one that it is worked out from, the others held "
            "fixed.",
            workings=tuple(
                self._worked(self.partial(*pair), factors[pair].formula, self.slopes[pair])
                for pair in pairs
            ),
        )

    def _path(self, place: int, path: Path, *, pictured: bool) -> Part:
        passed = " → ".join(self.text(address) for address in path.quantities)
        sides = self._sides(path, self.products[place])
        svg = path_svg(self.found, path, layered=self.layered, small=True) if pictured else ""
        return Part(
            f"Path {place + 1}" if self.found.count > 1 else "The path",
            passed,
            workings=(Equation(self._label(place), sides),),
            pictures=(Picture(svg, f"Path {place + 1} is lit."),) if svg else (),
        )

    def _label(self, place: int) -> Notation:
        return name_of(_product_address(place))

    def _sides(self, path: Path, product: float) -> tuple[Notation, ...]:
        """Return a product: the local derivatives by name, in symbols, in numbers, the result."""
        if not path.factors:
            return (number(product, self.digits),)
        places = {Address("", "", (at,)): factor for at, factor in enumerate(path.factors)}

        def partial(address: Address) -> Notation:
            return self.partial(places[address].above, places[address].below)

        def slope(address: Address) -> Notation:
            factor = places[address]
            return number(self.slopes[factor.above, factor.below], self.digits)

        chain = _multiplied([Quantity(address) for address in places])
        symbols = notation(
            _multiplied([factor.formula for factor in path.factors]), self.name, self.digits
        )
        sides = [notation(chain, partial, self.digits)]
        sides += [symbols] if width(symbols) <= LONGEST else []
        sides += [notation(chain, slope, self.digits), number(product, self.digits)]
        return tuple(dict.fromkeys(sides))

    def _examples(self) -> Part:
        rows = tuple(
            (
                "several" if share.example is None else str(share.example),
                f"{share.count:,}",
                number(share.total, self.digits),
            )
            for share in self.found.shares
        )
        return Part("Examples", tables=(Table(("example", "paths", "sum of products"), rows),))

    def _sum(self) -> Part:
        found = self.found
        name = self.partial(found.end, found.start)
        whole = len(found.paths) == found.count
        listed = self.round(math.fsum(self.products)) if self.profile.carried else None
        workings: list[Equation] = []
        total = found.total if listed is None or not whole else listed
        if whole:
            workings.append(self._added(self._named_sum(name), total))
        else:
            some = math.fsum(self.products) if listed is None else listed
            label = name_of(Address("S", "", (len(found.paths),)))
            workings.append(self._added(label, some, self._portion()))
            workings.append(
                Equation(
                    self._named_sum(name),
                    (number(total, self.digits),),
                    sentence=f"the sum over all {found.count:,} paths",
                )
            )
        if found.example is not None:
            workings.append(self._with_rest(name, total))
        return Part("Sum", workings=(*workings, self._gradient()))

    def _named_sum(self, name: Notation) -> Notation:
        """Return what the sum is called: of one example it is only a part of the derivative."""
        return name if self.found.example is None else name_of(Address("S"))

    def _added(self, name: Notation, total: float, sentence: str = "") -> Equation:
        addresses = [_product_address(place) for place in range(len(self.products))]
        values = dict(zip(addresses, self.products, strict=True))
        terms = Sum(tuple((1, Quantity(address)) for address in addresses))

        def numbers(address: Address) -> Notation:
            return number(values[address], self.digits)

        sides = [notation(terms, way, self.digits) for way in (name_of, numbers)]
        sides.append(number(total, self.digits))
        return Equation(name, tuple(dict.fromkeys(sides)), sentence=sentence)

    def _portion(self) -> str:
        """Return how much of the sum the paths that are listed make up."""
        found = self.found
        listed = [path.product for path in found.paths]
        said: list[str] = []
        if found.total:
            said.append(f"{100 * math.fsum(listed) / found.total:.3g} % of the sum")
        if found.absolute:
            share = 100 * math.fsum(map(abs, listed)) / found.absolute
            said.append(f"{share:.3g} % of the sum without signs")
        return "; ".join(said).replace("-", "−")

    def _with_rest(self, name: Notation, total: float) -> Equation:
        own, rest = Address("S"), Address("R")
        values = {own: total, rest: self.round(self.found.rest)}
        both = Sum(((1, Quantity(own)), (1, Quantity(rest))))

        def numbers(address: Address) -> Notation:
            return number(values[address], self.digits)

        sides = (
            notation(both, name_of, self.digits),
            notation(both, numbers, self.digits),
            number(self.round(sum(values.values())), self.digits),
        )
        return Equation(
            name, tuple(dict.fromkeys(sides)), sentence="R: the paths of the other examples"
        )

    def _gradient(self) -> Equation:
        found = self.found
        said = "back-propagation"
        if not found.count:
            said += " gives the same"
        elif self.profile.carried:
            said += ", with nothing rounded on the way"
        elif found.agrees:
            said += " gives the same: it goes over each arrow once"
        name = self.partial(found.end, found.start)
        return Equation(name, (number(found.gradient, self.digits),), sentence=said)


def _product_address(place: int) -> Address:
    return Address("P", "", (place + 1,))


def _multiplied(factors: list[Expression] | list[Quantity]) -> Expression:
    return factors[0] if len(factors) == 1 else Product(tuple(factors))
