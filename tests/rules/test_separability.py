"""The widest separation of two classes, or the proof that there is none."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from glassnet.errors import DataError, ShapeError
from glassnet.rules.separability import Inseparable, Separable, Unknown, separation

Array = np.ndarray[Any, Any]


def two_clouds(seed: int, n: int, m: int, shift: float) -> tuple[Array, Array]:
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % 2)
    x = rng.normal(size=(n, m))
    x[:, 0] += np.where(labels == 1, shift, -shift)
    return x, labels


def check_separable(found: Separable, x: Array, labels: Array) -> None:
    distance = (x @ found.weights + found.bias) * np.where(labels == found.classes[0], 1, -1)
    assert np.linalg.norm(found.weights) == pytest.approx(1)
    assert found.margin == pytest.approx(distance.min(), rel=1e-9)
    assert distance.min() > 0
    assert found.margin <= found.margin_at_most <= found.margin * (1 + 1e-6)


def check_inseparable(found: Inseparable, x: Array, labels: Array, bias: bool = True) -> None:
    """The certificate, worked out from the data as exact fractions."""
    proof = found.certificate
    for rows, shares, label in zip(proof.rows, proof.shares, proof.classes, strict=True):
        assert all(labels[row] == label for row in rows)
        assert all(share > 0 for share in shares)
    sums = [float(sum(shares)) for shares in proof.shares]
    assert sum(sums) == pytest.approx(2 if bias else 1)
    assert sums[0] == pytest.approx(1) or not bias
    total = [
        sum(
            (share * x[row] for row, share in zip(rows, map(float, shares), strict=True)),
            start=np.zeros(x.shape[1]),
        )
        for rows, shares in zip(proof.rows, proof.shares, strict=True)
    ]
    assert np.abs(total[0] - total[1]).max() <= 1e-8 * max(1.0, np.abs(x).max())
    assert proof.check() <= 1e-8 * max(1.0, float(np.abs(x).max()))
    assert sum(map(len, proof.rows)) <= x.shape[1] + 2


# --- cases known exactly --------------------------------------------------------------------------
def test_a_margin_worked_by_hand() -> None:
    """Hulls: the point (3, 4) and the segment from (0, 0) to (−1, 0): distance 5, margin 2.5."""
    found = separation([[3, 4], [0, 0], [-1, 0]], ["yes", "no", "no"])
    assert isinstance(found, Separable)
    assert found.classes == ("yes", "no")
    assert found.weights == pytest.approx([0.6, 0.8])
    assert (found.bias, found.margin) == pytest.approx((-2.5, 2.5))


def test_xor_exactly() -> None:
    x = np.array(list(itertools.product((0.0, 1.0), repeat=2)))
    found = separation(x, [0, 1, 1, 0])
    assert isinstance(found, Inseparable)
    assert found.certificate.exact
    assert found.certificate.shares == ((Fraction(1, 2),) * 2,) * 2
    assert found.certificate.check() == 0
    assert "(1/2, 1/2)" in str(found)


def test_boolean_functions_agree_with_logic() -> None:
    from glassnet.rules import logic

    x = np.array(list(itertools.product((0.0, 1.0), repeat=3)))
    for number in range(1, 255):
        table = f"{number:08b}"
        labels = np.array([int(letter) for letter in table])
        found = separation(x, labels)
        proved = logic.find_certificate(logic.TruthTable.of(table)) is not None
        assert isinstance(found, Inseparable if proved else Separable), table
        if isinstance(found, Inseparable):
            assert found.certificate.exact
            check_inseparable(found, x, labels)


def test_a_row_with_both_labels() -> None:
    found = separation([[1, 2], [0, 0], [1, 2]], [1, 0, 0])
    assert isinstance(found, Inseparable)
    assert "Rows 0 and 2 are the same point, (1, 2)" in str(found)
    assert found.certificate.check() == 0
    assert isinstance(separation([[0.0], [-0.0]], [0, 1]), Inseparable)


def test_hulls_that_only_touch() -> None:
    found = separation([[0.0], [2.0], [1.0]], [0, 0, 1])
    assert isinstance(found, Inseparable)
    assert found.certificate.exact
    touching = separation([[0, 0], [2, 0], [1, 0], [1, 3]], [0, 0, 1, 1])
    assert isinstance(touching, Inseparable)


def test_through_the_origin() -> None:
    x = np.array([[1.0], [2.0]])
    assert isinstance(separation(x, [0, 1]), Separable)
    found = separation(x, [0, 1], bias=False)
    assert isinstance(found, Inseparable)
    check_inseparable(found, x, np.array([0, 1]), bias=False)
    assert found.certificate.exact
    assert "through the origin" in str(found)
    # A column of ones is the bias: the margin is that of (b, w) together.
    with_ones = np.column_stack([np.ones(2), x])
    assert isinstance(separation(with_ones, [0, 1], bias=False), Separable)
    zero = separation([[0.0, 0.0], [1.0, 1.0], [-1.0, 0.0]], [1, 1, 0], bias=False)
    assert isinstance(zero, Inseparable)
    assert "the origin" in str(zero)


def test_the_bound_of_the_perceptron_holds() -> None:
    """Novikoff: at most (R/γ)² mistakes, counted by a perceptron written out here."""
    for seed in range(5):
        x, labels = two_clouds(seed, 60, 3, 3.0)
        x = np.column_stack([np.ones(len(x)), x])
        found = separation(x, labels, bias=False)
        assert isinstance(found, Separable)
        assert found.bias == 0
        signed = x * np.where(labels == 1, 1, -1)[:, None]
        w, mistakes, clean = np.zeros(4), 0, False
        while not clean:
            clean = True
            for row in signed:
                if w @ row <= 0:
                    w, mistakes, clean = w + row, mistakes + 1, False
        radius = np.linalg.norm(x, axis=1).max()
        assert mistakes <= (radius / found.margin) ** 2


# --- random data, against others ------------------------------------------------------------------
@pytest.mark.parametrize(("n", "m"), [(20, 2), (60, 3), (40, 30), (30, 60)])
@pytest.mark.parametrize("seed", range(3))
def test_against_a_linear_programme(n: int, m: int, seed: int) -> None:
    """Separability is that of y (w·x + b) ≥ 1, decided by SciPy."""
    from scipy.optimize import linprog

    for shift in (0.0, 0.5, 2.5):
        x, labels = two_clouds(seed, n, m, shift)
        y = np.where(labels == 1, 1, -1)[:, None]
        oracle = linprog(
            np.zeros(m + 1),
            A_ub=-y * np.column_stack([x, np.ones(n)]),
            b_ub=-np.ones(n),
            bounds=(None, None),
        )
        found = separation(x, labels)
        assert isinstance(found, Separable if oracle.status == 0 else Inseparable)
        if isinstance(found, Separable):
            check_separable(found, x, labels)
        else:
            check_inseparable(found, x, labels)


def test_margins_against_a_support_vector_machine() -> None:
    svm = pytest.importorskip("sklearn.svm", reason="the oracle is scikit-learn")
    for seed, (n, m, shift) in enumerate([(50, 2, 4.0), (80, 5, 4.0), (60, 100, 1.0)]):
        x, labels = two_clouds(seed, n, m, shift)
        found = separation(x, labels)
        assert isinstance(found, Separable)
        check_separable(found, x, labels)
        oracle = svm.SVC(kernel="linear", C=1e9, tol=1e-8).fit(x, labels)
        assert found.margin == pytest.approx(1 / np.linalg.norm(oracle.coef_), rel=1e-4)


def test_more_points_than_are_looked_at_together() -> None:
    x, labels = two_clouds(0, 9000, 20, 6.0)
    found = separation(x, labels)
    assert isinstance(found, Separable)
    check_separable(found, x, labels)
    x, labels = two_clouds(0, 9000, 20, 1.0)
    proof = separation(x, labels)
    assert isinstance(proof, Inseparable)
    check_inseparable(proof, x, labels)


def test_scale_and_place_do_not_matter() -> None:
    x, labels = two_clouds(1, 60, 4, 4.0)
    plain = separation(x, labels)
    moved = separation(x * 1e-6 + 10, labels)
    assert isinstance(plain, Separable)
    assert isinstance(moved, Separable)
    assert moved.margin == pytest.approx(plain.margin * 1e-6, rel=1e-5)
    assert isinstance(separation(two_clouds(1, 60, 2, 0.0)[0] * 1e9, labels), Inseparable)


def test_no_time() -> None:
    """Without time it is still honest: what is found is right, or unknown."""
    x, labels = two_clouds(0, 9000, 20, 1.0)
    found = separation(x, labels, time_limit=0)
    assert isinstance(found, Unknown | Inseparable)
    if isinstance(found, Unknown):
        assert "time limit" in found.reason
        assert found.margin_at_most > 0


def test_what_cannot_be_separated_at_all() -> None:
    with pytest.raises(DataError, match="between two classes; the labels have 3: 0, 1, 2"):
        separation([[0], [1], [2]], [0, 1, 2])
    with pytest.raises(DataError, match="the labels have 1"):
        separation([[0], [1]], [1, 1])
    with pytest.raises(ShapeError, match="2 examples need 2 labels"):
        separation([[0], [1]], [1, 1, 0])
    with pytest.raises(ShapeError, match="shape \\(n, m\\)"):
        separation([0, 1], [1, 0])
    with pytest.raises(DataError, match="row 0, column 0"):
        separation([[float("nan")], [1.0]], [1, 0])
