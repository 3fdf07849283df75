"""Likely causes of wrong numbers: each changes a line's formula as a mistake would.

A cause is a small function from a line to the formulas that a student would follow who makes this
mistake there. What these give is worked out from the student's own values before it; where it is
what the student wrote, the cause explains the line (`naming.py` puts them in order).
"""

from __future__ import annotations

from glassnet.explain.causes.case import Case, Cause, Variant
from glassnet.explain.causes.errors import error_sign, factors, target_swapped
from glassnet.explain.causes.searches import (
    another_hypothesis,
    another_logarithm,
    length_of_answer,
    order_of_places,
)
from glassnet.explain.causes.slips import rounded_too_early
from glassnet.explain.causes.slopes import slope_elsewhere, slope_forgotten, slope_too_many
from glassnet.explain.causes.terms import (
    another_place,
    bias,
    rate_forgotten,
    sign,
    terms,
    threshold,
    transposed,
    updated_weight,
)
from glassnet.explain.causes.times import path_forgotten, state_of_another_step

__all__ = ["CAUSES", "Case", "Cause", "Variant"]

CAUSES: tuple[Cause, ...] = (
    threshold,
    error_sign,
    target_swapped,
    slope_forgotten,
    slope_elsewhere,
    rate_forgotten,
    bias,
    transposed,
    updated_weight,
    path_forgotten,
    state_of_another_step,
    order_of_places,
    another_logarithm,
    another_hypothesis,
    length_of_answer,
    factors,
    sign,
    slope_too_many,
    terms,
    another_place,
    rounded_too_early,
)
