"""Batches: what each example adds, then the sum."""

from __future__ import annotations

import numpy as np
import pytest

from glassnet.explain import explain
from glassnet.explain.contributions import MOST_LINES, contributions, with_contributions
from glassnet.explain.expressions import (
    Address,
    Number,
    Quantity,
    add,
    divide,
    evaluate,
    multiply,
    negate,
)
from glassnet.explain.problems import Problem, built_in
from glassnet.explain.sheet import Sheet

W = {
    "hidden.w": [[0.6, -0.1], [-0.3, 0.4]],
    "hidden.b": [0.3, 0.5],
    "output.w": [[0.4, 0.1]],
    "output.b": [-0.2],
}


def batch(n: int, optimizer: str = "sgd 0.25") -> Problem:
    random = np.random.default_rng(n)
    return Problem(
        "A batch",
        {"x": random.normal(size=(n, 2)).tolist(), "d": random.normal(size=(n, 1)).tolist()},
        {"layers": ["2 logistic", "1 linear"]},
        W,
        {"optimizer": optimizer},
    )


def by_hand(problem: Problem, eta: float) -> dict[str, np.ndarray]:
    """Return what each example adds to the weights: one example at a time, without glassnet."""
    w1, b1 = np.array(W["hidden.w"]), np.array(W["hidden.b"])
    w2, b2 = np.array(W["output.w"]), np.array(W["output.b"])
    n = len(problem.data["x"])
    added: dict[str, list[np.ndarray]] = {"hidden.Δw": [], "output.Δw": []}
    for x, d in zip(problem.data["x"], problem.data["d"], strict=True):
        y = 1 / (1 + np.exp(-(w1 @ np.array(x) + b1)))
        e = np.array(d) - (w2 @ y + b2)
        delta = (w2.T @ e) * y * (1 - y)
        added["hidden.Δw"].append(eta * np.outer(delta, x) / n)
        added["output.Δw"].append(eta * np.outer(e, y) / n)
    return {name: np.array(values) for name, values in added.items()}


@pytest.mark.parametrize("n", [2, 3, 4])
def test_a_line_for_each_example(n: int) -> None:
    problem = batch(n)
    sheet = with_contributions(explain(problem).sheets[0])
    for name, values in by_hand(problem, 0.25).items():
        for example, matrix in enumerate(values, start=1):
            for (row, column), value in np.ndenumerate(matrix):
                line = sheet[f"{name}[{row + 1},{column + 1}]@{example}"]
                assert line.value == pytest.approx(value, rel=1e-12, abs=1e-15)
        total = sheet[f"{name}[1,1]"]
        assert total.value == pytest.approx(values[:, 0, 0].sum(), rel=1e-12)
    worked = sheet.work()
    for line in sheet.lines():
        assert worked[line.address] == pytest.approx(line.value, rel=1e-12, abs=1e-15)
    text = str(explain(problem))
    assert f"output.Δw₁₁ = output.Δw₁₁(1) + output.Δw₁₁({'2' if n == 2 else '2) + '}"[:45] in text


def test_a_table_for_more_examples() -> None:
    problem = batch(MOST_LINES + 2)
    page = explain(problem).pages()[0]
    (part,) = (part for part in page.parts if part.title == "Change: output layer")
    (table,) = part.tables
    assert "6 examples" in table.caption
    assert len(table.rows) == 6
    wanted = by_hand(problem, 0.25)["output.Δw"]
    for example, row in enumerate(table.rows):
        printed = [float(str(cell).replace("−", "-")) for cell in row[1:3]]
        assert printed == pytest.approx(wanted[example, 0].tolist(), rel=6e-4)


@pytest.mark.parametrize("name", built_in())
def test_one_example_has_no_contributions(name: str) -> None:
    for sheet in explain(name).sheets:
        if not any(line.address.example for line in sheet.lines()):
            assert with_contributions(sheet) == sheet


@pytest.mark.parametrize("optimizer", ["momentum 0.1", "adam 0.1", "nesterov 0.1"])
def test_gradients_of_other_optimisers(optimizer: str) -> None:
    problem = batch(3, optimizer)
    sheet = with_contributions(explain(problem).sheets[0])
    gradients = [
        line.address
        for line in sheet.lines()
        if line.address.symbol.startswith("∂E/∂") and line.address.layer == "output"
        if line.address.index == (1, 1) and line.address.example is None
    ]
    (whole,) = gradients
    added = [sheet[f"{whole}@{example}"].value for example in (1, 2, 3)]
    assert sheet[str(whole)].value == pytest.approx(sum(added), rel=1e-12)
    assert isinstance(sheet, Sheet)


# --- formulas -------------------------------------------------------------------------------------
def term(example: int, symbol: str = "g") -> Quantity:
    return Quantity(Address(symbol, "", (), example))


ETA, LAMBDA = Quantity(Address("η")), Quantity(Address("λ"))
VALUES = {
    **{Address("g", "", (), n): 1.5 * n for n in (1, 2, 3)},
    **{Address("h", "", (), n): n - 5.0 for n in (1, 2, 3)},
    ETA.address: 0.25,
    LAMBDA.address: 3.0,
}


@pytest.mark.parametrize(
    "formula",
    [
        add([term(1), term(2), term(3)]),
        multiply([ETA, add([term(1), term(2)])]),
        divide(add([term(1), negate(term(2))]), Number(2.0)),
        add([multiply([ETA, add([term(1), term(2)])]), LAMBDA]),
        add([LAMBDA, negate(multiply([ETA, add([term(1), term(2), LAMBDA])]))]),
        multiply([ETA, add([term(1), multiply([term(2), term(2, "h")])])]),
        add([term(1), term(1, "h"), term(2)]),
    ],
)
def test_parts_make_up_the_whole(formula: object) -> None:
    found = contributions(formula)  # type: ignore[arg-type]
    assert found is not None
    assert [entry.example for entry in found.entries] == sorted({e.example for e in found.entries})
    parts = [*(entry.formula for entry in found.entries), *found.rest]
    total = sum(evaluate(part, VALUES.__getitem__) for part in parts)
    assert total == pytest.approx(evaluate(formula, VALUES.__getitem__), rel=1e-14)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "formula",
    [
        ETA,
        term(1),
        multiply([term(1), term(2)]),
        add([term(1), LAMBDA]),
        add([multiply([term(1), term(2)]), term(3)]),
        multiply([term(1), add([term(1), term(2)])]),
    ],
)
def test_what_is_no_sum_over_examples(formula: object) -> None:
    assert contributions(formula) is None  # type: ignore[arg-type]
