"""Where the cross-entropies come from: how probable the targets are, as large as can be."""

from __future__ import annotations

from glassnet.explain.derivations.board import Board, node_of
from glassnet.explain.derivations.chains import Line, Section
from glassnet.explain.derivations.terms import (
    ONE,
    Element,
    Function,
    Index,
    Power,
    Product,
    Sum,
    Term,
    Total,
    add,
    negate,
)

__all__ = ["likelihood"]

SENTENCES = {
    "binary_cross_entropy": (
        "Each target d is 0 or 1, and y is the probability of a 1: the target has the probability "
        "y^d (1 − y)^(1 − d). All of them together have the product of these, the likelihood. "
        "What makes it largest makes minus its logarithm smallest."
    ),
    "cross_entropy": (
        "The target d is 1 for the right class and 0 for the others, and y is the probability of "
        "each class: the right one has the probability ∏ y^d. All examples together have the "
        "product of these, the likelihood. What makes it largest makes minus its logarithm "
        "smallest."
    ),
}


def likelihood(board: Board, loss: str) -> Section | None:
    """Return how a cross-entropy comes from the likelihood; None for other losses.

    Args:
        board: The quantities, with the outputs y and the targets d.
        loss: The name of the loss.
    """
    if loss not in SENTENCES:
        return None
    d = next(e for e in board.given if board.names[node_of(e)].symbol == "d")
    y = [e for e in board.worked if board.names[node_of(e)].symbol == "y"][-1]
    right = Power(y, d)
    logarithm: Term = Product((d, Function("ln", (y,))))
    if loss == "binary_cross_entropy":
        wrong, rest = add([ONE, negate(y)]), add([ONE, negate(d)])
        probability: Term = Product((right, Power(wrong, rest)))
        logarithm = Sum((logarithm, Product((rest, Function("ln", (wrong,))))))
    else:
        probability = right
    name = negate(Function("ln", (_over(y, probability, "product"),)))
    first = negate(_over(y, Function("ln", (probability,))))
    return Section(
        "From the likelihood",
        (
            Line(name, (first,), "the logarithm of a product is the sum of the logarithms"),
            Line(
                None,
                (negate(_over(y, logarithm)),),
                "the logarithm of a power is the exponent times the logarithm; divided by how many "
                "there are, this is E",
                name,
            ),
        ),
        SENTENCES[loss],
    )


def _over(y: Element, term: Term, fold: str = "sum") -> Term:
    for place in reversed(y.places):
        if isinstance(place, Index):
            term = Total(place, term, fold)
    return term
