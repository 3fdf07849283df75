"""The geometry of pictures: nothing lies upon anything else, and arrows run from left to right."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassnet.explain.layout import _keep_apart, arrange

SIZES = st.tuples(st.floats(40, 200), st.floats(30, 120))


@st.composite
def graphs(draw, most=14):
    count = draw(st.integers(1, most))
    sizes = draw(st.lists(SIZES, min_size=count, max_size=count))
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    arrows = [(a, b) for a, b in draw(st.lists(pairs, max_size=2 * count)) if a < b]
    notes = [draw(st.none() | st.just((60.0, 30.0))) for _ in arrows]
    return sizes, arrows, notes


def rectangle(centre, size):
    (x, y), (wide, high) = centre, size
    return x - wide / 2, y - high / 2, x + wide / 2, y + high / 2


def overlap(one, other, slack=0.01):
    return (
        one[0] < other[2] - slack
        and other[0] < one[2] - slack
        and one[1] < other[3] - slack
        and other[1] < one[3] - slack
    )


def bend(start, end, at):
    """The point of an arrow's curve (a Bézier curve, level at both ends) at a share of its way."""
    (x0, y0), (x1, y1) = start, end
    half, left = (x0 + x1) / 2, 1 - at
    weights = left**3, 3 * left**2 * at, 3 * left * at**2, at**3
    xs, ys = (x0, half, half, x1), (y0, y0, y1, y1)
    return (
        sum(w * x for w, x in zip(weights, xs, strict=True)),
        sum(w * y for w, y in zip(weights, ys, strict=True)),
    )


def points(route):
    for index in range(len(route) - 1):
        for step in range(9):
            yield bend(route[index], route[index + 1], step / 8)


@given(graphs())
def test_nothing_lies_upon_anything_else(graph):
    sizes, arrows, notes = graph
    placed = arrange(sizes, arrows, notes)
    solid = [rectangle(c, s) for c, s in zip(placed.centres, sizes, strict=True)]
    solid += [rectangle(c, s) for c, s in zip(placed.notes, notes, strict=True) if c is not None]
    assert not any(overlap(one, other) for one, other in combinations(solid, 2))
    for (start, end), route in zip(arrows, placed.routes, strict=True):
        for x, y in points(route):
            dot = (x - 0.5, y - 0.5, x + 0.5, y + 0.5)
            for box in range(len(sizes)):
                assert box in (start, end) or not overlap(dot, solid[box])


@given(graphs())
def test_arrows_run_from_box_to_box_from_left_to_right(graph):
    sizes, arrows, notes = graph
    placed = arrange(sizes, arrows, notes)
    for (start, end), route in zip(arrows, placed.routes, strict=True):
        from_box = rectangle(placed.centres[start], sizes[start])
        to_box = rectangle(placed.centres[end], sizes[end])
        assert from_box[2] < to_box[0]
        assert len(route) % 2 == 0
        assert route[0] == pytest.approx((from_box[2], placed.centres[start][1]))
        assert route[-1][0] == pytest.approx(to_box[0])
        assert to_box[1] < route[-1][1] < to_box[3]
        assert all(here[0] <= there[0] + 1e-9 for here, there in pairwise(route))
        for index in range(0, len(route), 2):
            assert route[index][1] == route[index + 1][1]


@given(graphs())
def test_all_stands_inside_the_picture_and_is_the_same_every_time(graph):
    sizes, arrows, notes = graph
    placed = arrange(sizes, arrows, notes)
    assert placed == arrange(sizes, arrows, notes)
    wide, high = placed.size
    inside = (-0.01, -0.01, wide + 0.01, high + 0.01)
    for centre, size in zip(placed.centres, sizes, strict=True):
        left, top, right, bottom = rectangle(centre, size)
        assert inside[0] <= left <= right <= inside[2]
        assert inside[1] <= top <= bottom <= inside[3]


def test_a_note_stands_on_its_arrow():
    placed = arrange([(50, 40)] * 3, [(0, 1), (0, 2)], [(60, 30), None])
    ((x, y),) = [note for note in placed.notes if note]
    assert placed.notes[1] is None
    assert any(abs(py - y) < 1e-9 for _, py in placed.routes[0])
    assert placed.centres[0][0] + 25 < x - 30 < x + 30 < placed.centres[1][0] - 25


def test_two_arrows_that_cross_are_uncrossed():
    placed = arrange([(50, 40)] * 4, [(0, 3), (1, 2)])
    up = placed.centres[0][1] < placed.centres[1][1]
    assert (placed.centres[3][1] < placed.centres[2][1]) == up


def test_arrows_enter_in_order_where_that_is_asked_for():
    arrows = [(1, 2), (0, 2)]
    free = arrange([(50, 40)] * 3, arrows)
    assert (free.centres[0][1] < free.centres[1][1]) == (
        free.routes[1][-1][1] < free.routes[0][-1][1]
    )
    fixed = arrange([(50, 40)] * 3, arrows, in_order={2})
    assert fixed.routes[0][-1][1] < fixed.routes[1][-1][1]


def test_a_chain_is_straight_and_a_source_stands_just_before_its_use():
    placed = arrange([(50, 40)] * 5, [(0, 1), (1, 2), (2, 4), (3, 4)])
    assert placed.centres[3][0] == pytest.approx(placed.centres[2][0])
    line = arrange([(50, 40 + i) for i in range(6)], [(i, i + 1) for i in range(5)])
    assert {round(y, 6) for _, y in line.centres} == {round(line.centres[0][1], 6)}


def test_nothing_and_one_box():
    assert arrange([], []).size == (0.0, 0.0)
    assert arrange([(50, 40)], []).centres == ((25.0, 20.0),)


@given(st.lists(st.tuples(st.floats(-50, 50), st.floats(0.1, 9)), min_size=1, max_size=8))
def test_heights_are_the_nearest_to_those_wished(pairs):
    wished, weights = [wish for wish, _ in pairs], [weight for _, weight in pairs]
    offsets = [10.0 * index for index in range(len(pairs))]
    places = _keep_apart(wished, weights, offsets)

    def cost(candidate):
        return sum(w * (p - d) ** 2 for w, p, d in zip(weights, candidate, wished, strict=True))

    assert all(b - a >= 10 - 1e-9 for a, b in pairwise(places))
    # The problem is convex, so that no small allowed move of a run of neighbours may be better.
    for first in range(len(places)):
        for last in range(first, len(places)):
            for move in (-1e-3, 1e-3):
                moved = [p + move * (first <= i <= last) for i, p in enumerate(places)]
                if all(b - a >= 10 - 1e-12 for a, b in pairwise(moved)):
                    assert cost(moved) >= cost(places) - 1e-9
