"""Differentiation on paper: sum, product, quotient and chain rule, and what records say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from glassnet.explain.derivations.reading import derivatives, same, spelled
from glassnet.explain.derivations.terms import (
    ONE,
    ZERO,
    Applied,
    Choice,
    Element,
    Function,
    Kronecker,
    Number,
    Power,
    Product,
    Quotient,
    Relation,
    Sum,
    Term,
    Total,
    add,
    divide,
    factors_of,
    kronecker,
    multiply,
    negate,
    parts,
    power,
    rebuilt,
    signed,
    size,
    total,
)

__all__ = ["derivative", "together"]

TWO = Number(2.0)
TURNS = 4  # how often a formula is gone over to make it shorter

# The derivatives of functions that no record states one for: what a form may be written with.
FUNCTIONS: dict[str, Callable[[Term, Term], Term]] = {
    "e": lambda _u, y: y,
    "ln": lambda u, _y: divide(ONE, u),
    "√": lambda _u, y: divide(ONE, multiply([TWO, y])),
    "tanh": lambda _u, y: add([ONE, negate(power(y, TWO))]),
    "sin": lambda u, _y: Function("cos", (u,)),
    "cos": lambda u, _y: negate(Function("sin", (u,))),
    "|": lambda u, _y: Function("sign", (u,)),
    "sign": lambda _u, _y: ZERO,
    "⌊": lambda _u, _y: ZERO,
}


def derivative(term: Term, target: Element) -> Term:
    """Return the derivative of a formula with respect to an element; all other elements stand.

    The letters of the target must not be bound by a Σ in the formula.
    """
    if not _speaks_of(term, target):
        return ZERO

    def of(part: Term) -> Term:
        return derivative(part, target)

    match term:
        case Element(_, places):
            pairs = zip(places, target.places, strict=True)
            return multiply([kronecker(here, there) for here, there in pairs])
        case Sum(terms):
            return add([of(part) for part in terms])
        case Product(factors):
            return add(
                [
                    multiply([of(factor), *factors[:place], *factors[place + 1 :]])
                    for place, factor in enumerate(factors)
                ]
            )
        case Quotient(above, below):
            return _of_quotient(term, of(above), of(below))
        case Power(base, exponent) if of(exponent) == ZERO:
            return multiply([exponent, power(base, add([exponent, Number(-1.0)])), of(base)])
        case Power(base, exponent):
            first = multiply([exponent, power(base, add([exponent, Number(-1.0)])), of(base)])
            return add([first, multiply([term, Function("ln", (base,)), of(exponent)])])
        case Total(index, inside, "sum"):
            return total(index, of(inside))
        case Choice(then, condition, otherwise):
            return _chosen(of(then), condition, of(otherwise))
        case Function("max" | "min" as name, (left, right)):
            low, high = (right, left) if name == "max" else (left, right)
            first = _chosen(ONE, Relation("≤", low, high), ZERO)  # where equal, the first counts
            second = _chosen(ONE, Relation("<", high, low), ZERO)
            return add([multiply([first, of(left)]), multiply([second, of(right)])])
        case Function(name, (inside,)) if name in FUNCTIONS:
            return multiply([FUNCTIONS[name](inside, term), of(inside)])
        case Applied(_, operands):
            stated = derivatives(term)
            if len(stated) != len(operands):
                return of(spelled(term))
            pairs = zip(stated, map(of, operands), strict=True)
            return add([_times(slope, inner) for slope, inner in pairs])
        case _:
            raise ValueError(f"no rule of differentiation for {term}")


def _times(slope: Term, inner: Term) -> Term:
    """Return slope · inner; what is only a product of quantities stands in front, as a in ψ(av)."""
    plain = all(isinstance(factor, Element | Kronecker) for factor in factors_of(inner))
    return multiply([inner, slope] if plain else [slope, inner])


def _speaks_of(term: Term, target: Element) -> bool:
    if isinstance(term, Element):
        return term.node == target.node
    return any(_speaks_of(part, target) for part in parts(term))


def _chosen(then: Term, condition: Term, otherwise: Term) -> Term:
    return then if then == otherwise else Choice(then, condition, otherwise)


def _of_quotient(term: Quotient, above: Term, below: Term) -> Term:
    """Return (u/s)′: u′/s if s is constant, −u s′/s² if u is, else u/s · (u′/u − s′/s) as one."""
    if below == ZERO:
        return divide(above, term.below)
    if above == ZERO:
        return negate(divide(multiply([term.above, below]), power(term.below, TWO)))
    return add(
        [
            divide(above, term.below),
            negate(divide(multiply([term.above, below]), power(term.below, TWO))),
        ]
    )


# --- algebra --------------------------------------------------------------------------------------
def together(term: Term) -> Term:
    """Return a formula made shorter: fractions over one denominator, common factors in front."""
    found = _once_together(term)
    for _ in range(TURNS):
        if found == term:
            break
        term, found = found, _once_together(found)
    return found


def _once_together(term: Term) -> Term:
    found = rebuilt(term, _once_together)
    if not isinstance(found, Sum):
        return found
    options = [found, *_over_one(found)]
    best = min(options, key=lambda option: (size(option), _terms(option)))
    if _terms(best) > _terms(found):
        best = found
    best = _common(best) if isinstance(best, Sum) else best
    if isinstance(best, Sum) and signed(best.terms[0])[0] < 0:  # y − d rather than −d + y
        return Sum(tuple(sorted(best.terms, key=lambda part: signed(part)[0] < 0)))
    return best


def _terms(term: Term) -> int:
    return len(term.terms) if isinstance(term, Sum) else 1


def _over_one(term: Sum) -> list[Term]:
    """Return a sum of fractions as one fraction; nothing if there is at most one."""
    below: list[Term] = []
    for part in term.terms:
        if isinstance(part, Quotient):
            here = list(factors_of(part.below))
            for factor in below:
                if factor in here:
                    here.remove(factor)
            below += here
    if not below:
        return [_collected(term)]
    above = [multiply([part, *below]) for part in term.terms]
    return [divide(_collected(add(above)), multiply(below))]


def _collected(term: Term) -> Term:
    """Return a sum of products multiplied out, with equal terms added up."""
    counts: dict[tuple[Term, ...], float] = {}
    found = _multiplied_out(term)
    if len(found) > 40:
        return term
    for number, factors in found:
        key = next((known for known in counts if Counter(known) == Counter(factors)), factors)
        counts[key] = counts.get(key, 0.0) + number
    terms = [multiply([Number(number), *key]) for key, number in counts.items() if number]
    terms.sort(key=lambda part: isinstance(part, Product) and part.factors[0] == Number(-1.0))
    return add(terms)


def _multiplied_out(term: Term) -> list[tuple[float, tuple[Term, ...]]]:
    match term:
        case Number(value, ""):
            return [(value, ())]
        case Sum(terms):
            return [entry for part in terms for entry in _multiplied_out(part)]
        case Product(factors):
            found: list[tuple[float, tuple[Term, ...]]] = [(1.0, ())]
            for factor in factors:
                here = _multiplied_out(factor)
                found = [(a * b, (*left, *right)) for a, left in found for b, right in here]
                if len(found) > 40:
                    break
            return found
        case _:
            return [(1.0, (term,))]


def _common(term: Sum) -> Term:
    """Return a sum with the factors that all its terms share in front of brackets."""
    split = [_halves(part) for part in term.terms]
    shared_above = _shared([above for above, _ in split])
    shared_below = _shared([below for _, below in split])
    if not shared_above and not shared_below:
        return term
    rest = [
        divide(multiply(_without(above, shared_above)), multiply(_without(below, shared_below)))
        for above, below in split
    ]
    return divide(multiply([*shared_above, add(rest)]), multiply(shared_below))


def _halves(term: Term) -> tuple[list[Term], list[Term]]:
    above, below = (term.above, term.below) if isinstance(term, Quotient) else (term, ONE)
    return _single(above), _single(below) if below != ONE else []


def _single(term: Term) -> list[Term]:
    """Return the factors of a product, x² as x and x."""
    found: list[Term] = []
    for factor in factors_of(term):
        square = isinstance(factor, Power) and factor.exponent == TWO
        found += [factor.base] * 2 if square and isinstance(factor, Power) else [factor]
    return found


def _shared(lists: list[list[Term]]) -> list[Term]:
    """Return the factors that all lists have, as often as all have them; no numbers."""
    found: list[Term] = []
    rest = [[same(factor) for factor in factors] for factors in lists[1:]]
    for factor in lists[0]:
        if not isinstance(factor, Number) and all(same(factor) in factors for factors in rest):
            found.append(factor)
            for factors in rest:
                factors.remove(same(factor))
    return found


def _without(factors: list[Term], taken: list[Term]) -> list[Term]:
    found = list(factors)
    for factor in taken:
        found.pop(next(at for at, other in enumerate(found) if same(other) == same(factor)))
    return found
