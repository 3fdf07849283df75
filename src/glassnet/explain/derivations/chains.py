"""The derivation itself: the formulas forward, then from E backward, factor by factor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field, replace

from glassnet.explain import forms
from glassnet.explain.derivations.board import Board, node_of
from glassnet.explain.derivations.reading import read, same, written_with
from glassnet.explain.derivations.rules import derivative, together
from glassnet.explain.derivations.terms import (
    ONE,
    ZERO,
    Applied,
    Chain,
    Change,
    Choice,
    Count,
    Element,
    Function,
    Index,
    Kronecker,
    LocalGradient,
    Number,
    Partial,
    Place,
    Power,
    Quotient,
    Rate,
    Slope,
    Sum,
    Term,
    Total,
    add,
    divide,
    elements,
    factors_of,
    multiply,
    negate,
    parts,
    put_in,
    signed,
    size,
    substitute,
    total,
)
from glassnet.records import dataclass

__all__ = ["Line", "Section", "derive"]


@dataclass(frozen=True)
class Line:
    """An equation of the derivation.

    Args:
        name: What stands on the left; None if the line goes on from the one before.
        sides: What it is equal to, step by step.
        reason: Why.
        of: For a line that goes on: what stands on the left of the first one.
    """

    name: Term | None
    sides: tuple[Term, ...]
    reason: str = ""
    of: Term | None = None


@dataclass(frozen=True)
class Section:
    """Lines that belong together."""

    title: str
    lines: tuple[Line, ...]
    sentence: str = ""


@dataclass(frozen=True)
class Path:
    """How a quantity acts through another one.

    Args:
        through: The other quantity, with the letters that it has here.
        over: The letters that are summed over.
        local: ∂through/∂quantity.
        written: The same as a symbol: as ψ′ where it is the slope of a neuron.
    """

    through: Element
    over: tuple[Index, ...]
    local: Term
    written: Term


@dataclass
class Known:
    """What has been found of ∂E/∂quantity, with the quantity's own letters.

    Args:
        short: What stands for it in later lines.
        factors: The derivatives along the only path from E, if there is only one.
        values: What these factors are.
        from_end: Whether the factors begin at E.
        result: What it was worked out to be.
    """

    short: Term
    factors: tuple[Term, ...] = ()
    values: tuple[Term, ...] = ()
    from_end: bool = False
    result: Term | None = None


@dataclass
class _Derivation:
    board: Board
    wrt: tuple[Element, ...]
    deltas: bool  # whether local gradients are written as δ = −∂E/∂v
    known: dict[Element, Known] = field(default_factory=dict[Element, Known])
    results: dict[Element, Term] = field(default_factory=dict[Element, Term])

    # --- forward ----------------------------------------------------------------------------------
    def forward(self) -> Iterator[tuple[str, Line]]:
        """Yield each quantity's formula, with its layer."""
        for element in self.board.worked:
            formula = self.board.formula(element)
            yield self.layer(element), Line(element, (formula,), self._forward_reason(element))

    def _forward_reason(self, element: Element) -> str:
        symbol = self.symbol(element)
        layered = any(name.layer for name in self.board.names.values())
        return FORWARD.get(symbol, "") if layered else ""

    def symbol(self, element: Element) -> str:
        """Return the symbol of a quantity."""
        return self.board.names[node_of(element)].symbol

    def layer(self, element: Element) -> str:
        """Return the layer of a quantity, or ""."""
        return self.board.names[node_of(element)].layer

    # --- one step back ----------------------------------------------------------------------------
    def paths(self, element: Element) -> Iterator[tuple[Path, tuple[Term, ...]]]:
        """Yield the ways on from an element, with how the local derivative is worked out."""
        for user in self.board.uses(element):
            yield self.path(element, user)

    def path(self, element: Element, user: Element) -> tuple[Path, tuple[Term, ...]]:
        """Return how an element acts through one that uses it, and the steps of ∂user/∂element."""
        taken = {place.letter for place in element.places if isinstance(place, Index)}
        through = self.board.at(user, taken)
        letters = taken | {place.letter for place in through.places if isinstance(place, Index)}
        formula = self.board.formula(through, letters)
        raw = derivative(formula, element)
        slope = together(raw)
        # A δ that all terms share says at which place alone the derivative is not 0.
        moves: dict[Place, Place] = {}
        for factor in factors_of(slope.above if isinstance(slope, Quotient) else slope):
            if isinstance(factor, Kronecker):
                here, there = factor.left, factor.right
                if here in through.places and isinstance(here, Index):
                    moves[here] = there
                elif there in through.places and isinstance(there, Index):
                    moves[there] = here
        rest = [p for p in through.places if isinstance(p, Index) and p not in moves]
        for index in rest:  # back to the letter that is an axis's own, where it is free
            own = Index(self.board.letters.letter(index.axis), index.axis)
            used = taken | {p.letter for p in moves.values() if isinstance(p, Index)}
            if own.letter not in used and own not in rest:
                moves[index] = own
        over = tuple(moves.get(i, i) for i in rest)
        through = Element(through.node, tuple(moves.get(p, p) for p in through.places))
        free = {p.letter for p in (*element.places, *through.places) if isinstance(p, Index)}
        formula = self.board.formula(through, free)
        steps = self._steps(substitute(raw, moves), formula, through, element)
        local = steps[-1]
        written = local
        if self._is_slope(element, through, formula) and size(local) > 1:
            written = Slope(through, element)
        return Path(through, tuple(i for i in over if isinstance(i, Index)), local, written), steps

    def _steps(
        self, slope: Term, formula: Term, through: Element, element: Element
    ) -> tuple[Term, ...]:
        """Return a local derivative as it comes, then written with names of what is known."""
        shorter = together(slope)
        named = self._balanced(written_with(shorter, formula, through))
        own = [p for p in element.places if isinstance(p, Index)]
        if len(own) and through.places != element.places:  # the same formula at the other place
            there = Element(through.node, self._moved(through, element))
            taken = {p.letter for p in (*there.places, *through.places) if isinstance(p, Index)}
            named = written_with(named, self.board.formula(there, taken), there)
        named = together(named)
        steps = _once([slope, shorter, named])
        # A square root or a function whose record says how is not first written out, then named.
        fractions = sum(isinstance(part, Quotient) for part in _all_parts(steps[0]))
        told = fractions > 1 or named == ZERO
        return steps if told else steps[-1:]

    def _balanced(self, term: Term) -> Term:
        """Return a formula without sums of deviations from their mean: they are 0."""
        found = term
        for part in _all_parts(term):
            if not isinstance(part, Total) or not isinstance(part.inside, Sum):
                continue
            above, *below = part.inside.terms
            mean = negate(below[0]) if len(below) == 1 else ZERO
            own = next((e for e in self.board.worked if e == mean), None)
            if own is None:
                continue
            wanted = divide(Total(part.index, above), Count(part.index.axis))
            if same(self.board.formula(own)) == same(wanted):
                found = put_in(found, part, ZERO)
        return together(found) if found != term else term

    def _moved(self, through: Element, element: Element) -> tuple[Place, ...]:
        """Return the places of `through` with the letters that `element` has over the same axes."""
        letters = {p.axis: p for p in element.places if isinstance(p, Index)}
        return tuple(letters.get(p.axis, p) if isinstance(p, Index) else p for p in through.places)

    def _is_slope(self, element: Element, through: Element, formula: Term) -> bool:
        """Whether a quantity is a neuron's output, a function of its local field alone."""
        is_field = self.symbol(element) == "v" and self.symbol(through) == "y"
        return is_field and _varying(self.board, formula) == {element}

    # --- backward ---------------------------------------------------------------------------------
    def backward(self) -> Iterator[tuple[str, Line]]:
        """Yield the derivatives, from the end to what is asked for, each with its layer."""
        end = self.board.end
        wanted = set(self.wrt)
        for element in self._order():
            if element == end or node_of(element) not in self.board.active:
                continue
            found = list(self.paths(element))
            if not found:
                continue
            yield from self._back(element, found, element in wanted)

    def _order(self) -> Iterator[Element]:
        """Yield the quantities from the end, each given one after the last that it acts through."""
        rest = list(self.wrt_first())
        for position, element in enumerate(reversed(self.board.worked)):
            yield element
            left = set(self.board.worked[: len(self.board.worked) - 1 - position])
            ready = [e for e in rest if not left & set(self.board.uses(e))]
            rest = [e for e in rest if e not in ready]
            yield from reversed(ready)

    def wrt_first(self) -> tuple[Element, ...]:
        """Return what is given and differentiated with respect to, biases before weights."""
        given = [e for e in self.wrt if e not in self.board.worked]
        return tuple(sorted(given, key=lambda element: len(element.places)))

    def _back(
        self, element: Element, found: Sequence[tuple[Path, tuple[Term, ...]]], wanted: bool
    ) -> Iterator[tuple[str, Line]]:
        end, layer = self.board.end, self.layer(element)
        whole = Partial(end, element)
        ways = [path for path, _ in found]
        for path, steps in found:
            if path.through != end or len(ways) > 1:
                name = Partial(path.through, element, path.through == end)
                told = steps[-1:]
                sides = (path.written, *told) if isinstance(path.written, Slope) else steps
                yield (
                    layer or self.layer(path.through),
                    Line(name, sides, self._local_reason(element, path)),
                )
        if len(ways) == 1 and ways[0].through == end:
            path, steps = found[0]
            short = self.results[element] = steps[-1]
            yield layer, Line(whole, steps, self._local_reason(element, path))
            self.known[element] = Known(self._kept(short, whole), (whole,), (short,), True)
            if self.symbol(element) == "v" and self.deltas:
                yield layer, self._delta(element, (short,))
            return
        single = len(ways) == 1 and not ways[0].over
        before = self._at(ways[0].through) if single else None
        is_field = self.symbol(element) == "v"
        if single and before is not None and self._passes(before) and not is_field | wanted:
            path = ways[0]  # on the way: its factor is part of the chain of what comes before
            values = (*before.values, path.written)
            self.known[element] = Known(
                whole,
                (*before.factors, Partial(path.through, element)),
                values,
                before.from_end,
            )
            return
        yield from self._whole(element, whole, ways, is_field, layer, wanted)

    def _passes(self, before: Known) -> bool:
        """Whether a quantity is only a link of the chain that begins at E."""
        return before.from_end and len(before.factors) < LONGEST

    def _whole(
        self,
        element: Element,
        whole: Term,
        ways: Sequence[Path],
        is_field: bool,
        layer: str,
        wanted: bool,
    ) -> Iterator[tuple[str, Line]]:
        chain = _sum([self._chain(path, element) for path in ways])
        if is_field and len(ways) == 1:  # δ is written with the δ of the next layer
            self._open_result(ways[0])
        put = _sum([self._put_in(path, element) for path in ways])
        short = self._worked_out([self._short(path, path.written) for path in ways])
        exact = self._worked_out([self._short(path, path.local) for path in ways])
        if size(exact) < size(short):
            put = _sum([self._put_in(path, element, exact=True) for path in ways])
            short = exact
        sides = [chain, put, short]
        shares = self._with_shares(short)
        if shares != short:
            sides.append(shares)
            short = shares
        reason = self._chain_reason(element, ways)
        if shares is not sides[2]:
            reason += f"; {self._share_reason(sides[2])}"
        explicit = self._with_shares(exact)
        if not (is_field and self.deltas):  # else δ is written with it
            sides.append(explicit)
        yield layer, Line(whole, _once(sides), reason)
        self.results[element] = short
        if is_field and self.deltas:
            yield layer, self._delta(element, (short, explicit))
            delta = LocalGradient(self.board.end, element)
            self.known[element] = Known(negate(delta), *self._long(ways, element, put))
            return
        kept = self._kept(short, whole)
        long = self._long(ways, element, put) if is_field else ((whole,), (kept,), False)
        self.known[element] = Known(kept, *long, result=short)

    def _open_result(self, way: Path) -> None:
        """Let ∂E/∂through stand as what it was worked out to be, if that is short."""
        own = next(e for e in self.board.worked if self._is(e, way.through))
        known = self.known.get(own)
        if known is None or known.result is None or size(known.result) > SHORT:
            return
        values = (known.result,) if known.factors else ()
        self.known[own] = replace(known, short=known.result, values=values)

    def _long(
        self, ways: Sequence[Path], element: Element, put: Term
    ) -> tuple[tuple[Term, ...], tuple[Term, ...], bool]:
        """Return the factors along the only path from E, if it is one without sums."""
        if len(ways) == 1 and not ways[0].over:
            before = self._at(ways[0].through)
            if before is not None and before.from_end:
                factors = (*before.factors, Partial(ways[0].through, element))
                return factors, _flat(put), True
        return (), (), False

    def _delta(self, element: Element, found: Sequence[Term]) -> Line:
        name = LocalGradient(self.board.end, element)
        sides = (negate(Partial(self.board.end, element)), *(negate(term) for term in found))
        return Line(name, _once(sides), "the local gradient: the definition of δ")

    def changes(self) -> Iterator[Line]:
        """Yield the step down the gradient for each quantity that is learnt."""
        end = self.board.end
        for element in sorted(
            self.wrt, key=lambda e: -self.board.worked.index(self.board.uses(e)[-1])
        ):
            gradient = Partial(end, element)
            sides = [negate(multiply([Rate(), gradient]))]
            if element in self.results:
                sides.append(multiply([Number(-1.0), Rate(), self.results[element]]))
            reason = "gradient descent: a step down the slope, η long"
            yield Line(Change(end, element), _once(sides), reason)

    # --- pieces -----------------------------------------------------------------------------------
    def _at(self, through: Element) -> Known | None:
        """Return what is known of ∂E/∂through, with the letters that it has here."""
        own = next(e for e in self.board.worked if self._is(e, through))
        known = self.known.get(own)
        if known is None:
            return None
        moves: dict[Place, Place] = {
            a: b for a, b in zip(own.places, through.places, strict=True) if a != b
        }
        return Known(
            substitute(known.short, moves),
            tuple(substitute(factor, moves) for factor in known.factors),
            tuple(substitute(value, moves) for value in known.values),
            known.from_end,
            None if known.result is None else substitute(known.result, moves),
        )

    def _is(self, own: Element, other: Element) -> bool:
        return own.node is other.node and (self.board.general or own.places == other.places)

    def _chain(self, path: Path, element: Element) -> Term:
        """Return ∂E/∂a · ∂a/∂b, with the whole chain from E where there is only one path."""
        end = self.board.end
        local = Partial(path.through, element, path.through == end)
        if path.through == end:
            return local
        before = self._at(path.through)
        if before is not None and self._is_opened(path, element, before):
            factors = (*before.factors, local)
        else:
            factors = (Partial(end, path.through), local)
        return _over(path.over, Chain(factors))

    def _is_opened(self, path: Path, element: Element, before: Known) -> bool:
        """Whether ∂E/∂through is written as its own chain: a neuron's is for its weights only."""
        if not before.factors:
            return False
        return self.symbol(path.through) != "v" or element in self.wrt

    def _put_in(self, path: Path, element: Element, *, exact: bool = False) -> Term:
        if path.through == self.board.end:
            return path.local
        before = self._at(path.through)
        here = path.local if exact else path.written
        if before is None:
            return _over(path.over, Chain((Partial(self.board.end, path.through), here)))
        values = before.values if self._is_opened(path, element, before) else (before.short,)
        return _over(path.over, Chain((*values, here)))

    def _short(self, path: Path, local: Term) -> Term:
        """Return the product worked out: the δ of the layer behind stands for its factors."""
        if path.through == self.board.end:
            return local
        before = self._at(path.through)
        if before is None:
            product: Term = multiply([Partial(self.board.end, path.through), local])
        elif (
            before.factors
            and (self.symbol(path.through) != "v" or (before.from_end and len(before.factors) == 1))
            and not isinstance(signed(before.short)[1], LocalGradient)
        ):
            product = multiply([*before.values, local])
        else:
            product = multiply([before.short, local])
        for index in reversed(path.over):
            product = total(index, product)
        return product

    def _worked_out(self, terms: Sequence[Term]) -> Term:
        return together(add(list(terms)))

    def _kept(self, short: Term, whole: Term) -> Term:
        """Return what later lines say: the result itself if it is short, else its name."""
        bound = any(
            isinstance(part, Total | Sum | Quotient | Partial) for part in _all_parts(short)
        )
        return whole if bound or size(short) > 4 else short

    # --- shares that add up to 1 ------------------------------------------------------------------
    def _with_shares(self, term: Term) -> Term:
        found = term
        for part in _all_parts(term):
            if isinstance(part, Total) and self._is_share(part):
                found = put_in(found, part, ONE)
        return together(found) if found != term else term

    def _is_share(self, part: Total) -> bool:
        inside = part.inside
        return (
            isinstance(inside, Element)
            and part.fold == "sum"
            and self.board.ones.get(node_of(inside)) == part.index.axis
            and inside.places[-1] == part.index
        )

    def _share_reason(self, term: Term) -> str:
        inside = next(
            p.inside for p in _all_parts(term) if isinstance(p, Total) and self._is_share(p)
        )
        assert isinstance(inside, Element)
        return f"all {self.symbol(inside)} of the sum together are 1"

    # --- reasons ----------------------------------------------------------------------------------
    def _local_reason(self, element: Element, path: Path) -> str:
        formula = self.board.formula(path.through)
        own = next((e for e in elements(formula) if e.node is element.node), element)
        if isinstance(path.written, Slope):
            return "the slope of the neuron's function"
        if isinstance(path.local, Number) and abs(path.local.value) == 1.0:
            return "it stands there by itself" + (", with a minus" if path.local.value < 0 else "")
        said: list[str] = []
        if path.local == ZERO:
            return "the deviations from their mean add up to 0"
        if isinstance(formula, Quotient) and element.node in {
            e.node for e in elements(formula.below)
        }:
            said.append("the quotient rule")
        bound = {i for p in _all_parts(formula) if isinstance(p, Total) for i in [p.index]}
        if any(p in bound for p in own.places):
            said.append("of the sum, only the term with this place contains it")
        for part in _all_parts(formula):
            if not any(e.node is element.node for e in elements(part)):
                continue
            if isinstance(part, Power) and part.exponent == Number(2.0):
                said.append("the derivative of u² is 2u")
            if isinstance(part, Function | Choice) and len(parts(part)) > 1:
                said.append("the derivative of the branch that holds")
            if isinstance(part, Applied) and part.op.explain.derivatives:
                record = part.op.explain
                form = record.form.format("u")
                stated = record.derivatives[0]
                slope = stated.format("u", y=form if stated == "{y}" else "y")
                name = f"y = {form}" if "y" in slope else form
                said.append(f"the derivative of {name} is {slope}")
        if not said and element not in set(elements(path.local)):
            said.append("what it is multiplied by remains")
        return "; ".join(dict.fromkeys(said))

    def _chain_reason(self, element: Element, ways: Sequence[Path]) -> str:
        names = list(dict.fromkeys(self.symbol(path.through) for path in ways))
        if len(ways) > 1:
            places = f"{names[0]} at several places" if len(names) == 1 else _listed(names)
            return f"the chain rule: it acts through {places}, and the paths add up"
        over = ways[0].over
        examples = [i for i in over if self.board.letters.is_examples(i.axis)]
        others = [i for i in over if i not in examples]
        if examples and others:
            return "the chain rule: it acts at all these places, and the paths add up"
        if others:
            letter = others[0].letter
            return (
                f"the chain rule: it feeds every {names[0]} with an index {letter}, and the paths "
                f"over all {letter} add up"
            )
        if examples:
            return "the chain rule: it acts in each example, and the examples add up"
        return f"the chain rule: it acts through {names[0]} alone"


SHORT = 12  # pieces of a result that stands in the next one
LONGEST = 3  # factors of a chain, before the local field or the weight that it leads to
SAID = "In the reasons, u is what the function is taken of, and y its value."
FORWARD = {
    "v": "the local field: the inputs times their weights, and the bias",
    "y": "the output",
    "e": "the error",
    "E": "what is to become small",
    "μ": "the mean over the batch",
    "σ²": "the variance over the batch",
    "z′": "normalised: mean 0 and variance 1",
}


def derive(
    board: Board, wrt: Sequence[Element], *, deltas: bool, changes: bool = False
) -> tuple[Section, ...]:
    """Return the sections of a derivation: forward, the slopes of the neurons, backward.

    Args:
        board: The quantities.
        wrt: With respect to what.
        deltas: Whether local gradients are written as δ = −∂E/∂v, or as ∂E/∂v.
        changes: Whether the steps of gradient descent follow, Δw = −η ∂E/∂w.
    """
    work = _Derivation(board, tuple(wrt), deltas)
    found: list[Section] = []
    forward = list(work.forward())
    layers = list(dict.fromkeys(layer for layer, _ in forward))
    several = [layer for layer in layers if layer]
    if not several:
        found.append(Section("The formulas", tuple(line for _, line in forward)))
    else:
        for layer in [*several, ""]:
            lines = tuple(line for place, line in forward if place == layer)
            if lines:
                found.append(Section(f"Forward: {layer} layer" if layer else "Error", lines))
    found += slopes(board, forward)
    groups: list[tuple[str, list[Line]]] = []
    for layer, line in work.backward():
        if not groups or groups[-1][0] != layer:
            known = next((lines for place, lines in groups if place == layer), None)
            if known is None:
                groups.append((layer, [line]))
            else:
                known.append(line)
            continue
        groups[-1][1].append(line)
    for layer, lines in groups:
        title = f"Backward: {layer} layer" if layer else "Backward"
        found.append(Section(title, tuple(lines)))
    if changes:
        found.append(Section("Change", tuple(work.changes())))
    return tuple(found)


def slopes(board: Board, forward: Sequence[tuple[str, Line]]) -> Iterator[Section]:
    """Yield for each function that neurons have how its derivative comes about."""
    done: set[str] = set()
    for _, line in forward:
        (formula,) = line.sides
        if not isinstance(formula, Applied) or not formula.op.explain.steps:
            continue
        record, output = formula.op.explain, line.name
        (inside,) = formula.operands
        fields = _varying(board, inside)
        if record.form in done or len(fields) != 1 or not isinstance(output, Element):
            continue
        done.add(record.form)
        (field,) = fields
        inner = derivative(inside, field)
        holes: dict[str, Term] = {"0": inside, "y": output}
        name = Partial(output, field)
        lines: list[Line] = []
        for form, reason in record.steps:
            step = read(forms.parse(form), holes, as_written=True)
            whole = step if inner == ONE else Chain((*_flat(inner), *_flat(step)))
            lines.append(Line(name if not lines else None, (whole,), reason, name))
        if inner != ONE:
            first = lines[0]
            lines[0] = replace(
                first, reason=f"{first.reason} What u is multiplied by stands in front."
            )
        form = record.form.format("u")
        title = f"Why the derivative of {form} is {record.derivatives[0].format('u', y='y')}"
        yield Section(title, tuple(lines), SAID)


def _varying(board: Board, formula: Term) -> set[Element]:
    """Return what a formula speaks of, apart from single numbers that are given."""
    single = {e for e in board.given if not e.places and node_of(e) not in board.active}
    return set(elements(formula)) - single


# --- formulas -------------------------------------------------------------------------------------
def _flat(term: Term) -> tuple[Term, ...]:
    return term.factors if isinstance(term, Chain) else (term,)


def _sum(terms: Sequence[Term]) -> Term:
    return terms[0] if len(terms) == 1 else Sum(tuple(terms))


def _over(indices_: Sequence[Index], term: Term) -> Term:
    for index in reversed(indices_):
        term = Total(index, term)
    return term


def _once(sides: Sequence[Term]) -> tuple[Term, ...]:
    found: list[Term] = []
    for side in sides:
        if not found or same(side) != same(found[-1]):
            found.append(side)
    return tuple(found)


def _all_parts(term: Term) -> Iterator[Term]:
    yield term
    for part in parts(term):
        yield from _all_parts(part)


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
