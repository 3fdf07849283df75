"""Workings in the terms of each rule, loss and layer; sentences; conventions of one's own."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any
from unicodedata import normalize

import pytest

from glassnet.errors import ArgumentError, DataError, GlassnetError
from glassnet.explain import explain
from glassnet.explain.conventions import PROFILES, Profile, profile_of
from glassnet.explain.problems import built_in, read_problem
from glassnet.explain.problems.expression import read_formulas
from glassnet.explain.sentences import SENTENCES
from glassnet.explain.sheet import Sheet

ROWS = [
    *(f"A{i}" for i in range(1, 9)), "B1", "B2", "B3", "C1", "C2", "C3",
    *(f"D{i}" for i in range(1, 7)), "E1", "E2", "E3", "E4", "F1", "F2", "F3", "G1", "G2", "G3",
    *(f"H{i}" for i in range(1, 6)), *(f"I{i}" for i in range(1, 7)),
]  # fmt: skip


def value(sheet: Sheet, address: str) -> float:
    return sheet[address].value


# --- a problem for every row ----------------------------------------------------------------------
def test_every_row_has_a_problem() -> None:
    titles = " ".join(built_in().values()).replace("(", " ").replace(")", " ").replace(",", " ")
    assert not set(ROWS) - set(titles.split())


@pytest.mark.parametrize("name", built_in())
def test_titles_fit_a_line(name: str) -> None:
    for sheet in explain(name).sheets:
        assert len(sheet.title) <= 80


def test_every_sentence_stands_somewhere() -> None:
    """A sentence that no built-in problem shows is one that nobody has seen."""
    shown = {
        section.sentence
        for name in built_in()
        for sheet in explain(name).sheets
        for section in sheet.sections
    }
    unseen = {entry.text for entry in SENTENCES} - shown
    # a conscience, two prototypes, and averages at work are in no built-in problem
    assert {text[:30] for text in unseen} <= {
        "The nearest unit; a unit that ",
        "The two prototypes nearest to ",
        "In use, running averages stand",
        "The output on average over man",
    }


# --- rules ----------------------------------------------------------------------------------------
def test_adaline_against_a_spreadsheet() -> None:
    """Six rows worked out in plain Python, as a spreadsheet would: v, e, the changes, w and b."""
    rows = [((1.0, 1.0), 1.0), ((1.0, -1.0), 1.0), ((-1.0, 1.0), -1.0)]
    w1, w2, b, rate = 0.5, -0.5, 0.0, 0.1
    sheets = explain("adaline").sheets
    assert len(sheets) == 6
    for number, sheet in enumerate(sheets):
        (x1, x2), d = rows[number % 3]
        y = w1 * x1 + w2 * x2 + b
        e = d - y
        w1, w2, b = w1 + rate * e * x1, w2 + rate * e * x2, b + rate * e
        column = {
            "y[1]": y,
            "e[1]": e,
            "Δw[1,1]": rate * e * x1,
            "Δw[1,2]": rate * e * x2,
            "Δb": rate * e,
            "w new[1,1]": w1,
            "w new[1,2]": w2,
            "b new": b,
        }
        for address, wanted in column.items():
            assert value(sheet, address) == pytest.approx(wanted, rel=1e-12, abs=1e-15), address


def test_the_nearest_are_found_one_after_the_other_and_vote() -> None:
    (sheet,) = explain("nearest").sheets
    memory = [(1, 1), (2, 2), (4, 5), (5, 3), (6, 6)]
    distances = [math.dist((3, 3), row) for row in memory]
    for number, wanted in enumerate(distances, start=1):
        assert value(sheet, f"D[{number}]") == pytest.approx(wanted)
    order = sorted(range(5), key=distances.__getitem__)[:3]
    assert [value(sheet, address) - 1 for address in ("i¹", "i²", "i³")] == order
    assert [value(sheet, "votes[1]"), value(sheet, "votes[2]"), value(sheet, "class")] == [1, 2, 2]
    text = str(explain("nearest"))
    assert "D₁ = √((x₁ − m₁₁)² + (x₂ − m₁₂)²)" in text
    assert "i² = argmin(D₁, ∞, D₃, D₄, D₅)" in text


def test_only_the_winner_of_a_competition_moves() -> None:
    for sheet in explain("competitive").sheets:
        x = [value(sheet, "x[1]"), value(sheet, "x[2]")]
        units = [[value(sheet, f"w[{j},{i}]") for i in (1, 2)] for j in (1, 2)]
        winner = min((0, 1), key=lambda j: math.dist(x, units[j]))
        assert value(sheet, "nearest") == winner + 1
        for j in (0, 1):
            for i in (0, 1):
                wanted = 0.5 * (x[i] - units[j][i]) if j == winner else 0.0
                assert value(sheet, f"Δw[{j + 1},{i + 1}]") == pytest.approx(wanted)
    assert "Only what has won" in str(explain("competitive"))


def test_the_neighbourhood_of_a_map() -> None:
    sheet = explain("som").sheets[0]
    winner = int(value(sheet, "i(x)"))
    for j in (1, 2, 3):
        assert value(sheet, f"r²[{j}]") == (j - winner) ** 2
        wanted = math.exp(-((j - winner) ** 2) / (2 * value(sheet, "σ") ** 2))
        assert value(sheet, f"h[{j}]") == pytest.approx(wanted)
        change = 0.5 * wanted * (value(sheet, "x[1]") - value(sheet, f"w[{j},1]"))
        assert value(sheet, f"Δw[{j},1]") == pytest.approx(change)


def test_a_prototype_moves_towards_its_class() -> None:
    text = str(explain("lvq"))
    assert "right = 1 if c₁ is class, else 0" in text
    assert "Δw₁₁ = η · s₁ · (x₁ − w₁₁)" in text


def test_the_stochastic_neuron_draws_what_it_samples() -> None:
    from glassnet.rules.stochastic import StochasticNeuron

    (sheet,) = explain("stochastic").sheets
    x = [[1.0, 2.0], [0.0, 3.0], [2.0, 1.0]]
    neuron = StochasticNeuron.from_weights([0.5, -0.25], 0.25, temperature=0.5)
    drawn = neuron.sample(x, draws=1, seed=1)[0]
    for number, y in enumerate(drawn.tolist(), start=1):
        v = 0.5 * x[number - 1][0] - 0.25 * x[number - 1][1] + 0.25
        p = value(sheet, f"P[1]@{number}")
        assert p == pytest.approx(1 / (1 + math.exp(-v / 0.5)))
        assert value(sheet, f"y[1]@{number}") == y
        assert y == (1 if value(sheet, f"u[1]@{number}") < p else -1)


def test_the_perceptrons_line_moves() -> None:
    text = str(explain("and")).replace("\u00a0", " ")
    flat = " ".join(text.split())
    assert "moves from 0.5 x₁ − 0.5 x₂ = 0 to 0.5 x₁ − 0.5 x₂ − 1 = 0." in flat
    assert "The answer is right: the line" in flat
    assert "y₁ = 1 if v₁ ≥ 0, else 0" in text


def test_hebb_oja_and_sanger() -> None:
    assert "Δw₁₁ = η · x₁ · d₁ = 0.5 · 1 · 1 = 0.5" in str(explain("hebb"))
    assert "Δw₁₁ = η · y₁ · (x₁ − y₁ · w₁₁)" in str(explain("oja"))
    assert "Δw₂₁ = η · (x₁ · y₂ − w₁₁ · y₁ · y₂ − w₂₁ · y₂²)" in str(explain("sanger"))


# --- losses, layers, optimisers -------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("softmax", "δ₁ = d₁ − y₁ = 0 − 0.266342 = −0.266342"),
        ("logistic-regression", "δ₁(1) = (d₁(1) − y₁(1)) / 2"),
        ("momentum", "Δw₁₁ = 0.9 · Δw₁₁(n−1) + η · ∂E/∂w₁₁"),
        ("nesterov", "ŵ₁ = w₁₁ − 0.9 · Δw₁₁(n−1)"),
        ("adaptive-gain", "s(w)₁₁ = sign(∂E/∂w₁₁) · sign((∂E/∂w₁₁)(n−1))"),
        ("rmsprop", "MS(w)₁₁ = 0.9 · MS(w)₁₁(n−1) + 0.1 · (∂E/∂w₁₁)²"),
        ("adam", "m̂(w)₁₁ = m(w)₁₁ / (1 − 0.9^t)"),
        ("clipping-by-norm", "limit/‖g‖ = 1 if ‖g‖ ≤ 1, else 1 / (‖g‖)"),
        ("l2", "Δw₁₁ = η · (δ₁ · x₁ − 0.1 · w₁₁)"),
        ("linear-regression", "δ₁(1) = −2 · e₁(1) / 3"),
        ("dropout", "dropout1.mask₁ = 1 if dropout1.u₁ ≥ ½, else 0"),
        ("batch-normalisation", "batchnorm1.s = √(batchnorm1.σ² + 1 · 10⁻⁵)"),
        ("batch-normalisation", "∂E/∂batchnorm1.σ² = ∂E/∂batchnorm1.s / (2 · batchnorm1.s)"),
        ("schedule", "η = 0.4 · (½)^n = 0.4 · (½)¹ = 0.2"),
        ("and-gate", "y₁(4) = 1 if v₁(4) ≥ 2, else 0 = 1 if 2 ≥ 2, else 0 = 1"),
        ("relu", "∂a/∂b = ∂a/∂v = 1"),
        ("weight-sharing", "∂L/∂w = ∂L/∂v₂ · y₁ + ∂L/∂v₁ · x"),
    ],
)
def test_lines_as_a_person_writes_them(name: str, line: str) -> None:
    assert normalize("NFC", line) in normalize("NFC", str(explain(name)))


def test_the_derivative_of_softmax_is_not_simplified_where_targets_do_not_add_up_to_1() -> None:
    text = PROBLEM.replace("d = [[0.0, 1.0]]", "d = [[0.5, 0.25]]")
    (sheet,) = explain(read_problem(text, "own")).sheets
    shown = str(explain(read_problem(text, "own")))
    assert "δ₁ = d₁ − (d₁ + d₂) · y₁" in shown
    assert sheet.work()[sheet["output.δ[1]"].address] == pytest.approx(
        value(sheet, "output.δ[1]"), rel=1e-12
    )


PROBLEM = """
[network]
layers = ["2 softmax"]
[weights]
"output.w" = [[1.0], [-1.0]]
[training]
loss = "cross_entropy"
optimizer = "sgd 0.1"
[data]
x = [[1.0]]
d = [[0.0, 1.0]]
"""


def test_modes_take_the_examples_in_turn() -> None:
    for name, counts in (("online", [1, 1, 1, 1]), ("minibatch", [2, 2]), ("batch", [4, 4])):
        for sheet, count in zip(explain(name).sheets, counts, strict=True):
            assert sum(line.address.symbol == "e" for line in sheet.lines()) == count
    first, second = explain("online").sheets[:2]
    assert value(second, "output.w[1,1]") == value(first, "output.w new[1,1]")
    assert value(second, "x[1]") == 2.0


def test_a_dropout_seed_draws_other_masks() -> None:
    text = Path(str(_folder() / "dropout.toml")).read_text(encoding="utf-8")
    drawn: set[tuple[float, ...]] = set()
    for seed in range(6):
        own = read_problem(text.replace("seed = 1", f"seed = {seed}"), "own")
        sheet = explain(own).sheets[0]
        drawn.add(tuple(value(sheet, f"dropout1.mask[{j}]") for j in (1, 2, 3, 4)))
    assert len(drawn) > 1


def _folder() -> Path:
    import glassnet.explain.problems as problems

    return Path(str(problems.__file__)).parent


# --- formulas of one's own ------------------------------------------------------------------------
def test_formulas_against_plain_python() -> None:
    known = read_formulas(
        ["v1 = w*x - b/2", "y = sigmoid(v1)**2 + max(x, 0)", "L = exp(-y) + sqrt(abs(b)) + ln(3)"],
        {"w": 0.5, "x": 2.0, "b": -1.0},
    )
    v = 0.5 * 2.0 + 0.5
    y = (1 / (1 + math.exp(-v))) ** 2 + 2.0
    assert float(known["L"].value) == pytest.approx(math.exp(-y) + 1.0 + math.log(3))


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("a = w*z", "no 'z'"),
        ("a = rellu(w)", "did you mean 'relu'"),
        ("a = w*", "cannot be read"),
        ("a = __import__('os').system('true')", "not understood"),
        ("a = w.value", "not understood"),
        ("a = [w for w in w]", "not understood"),
        ("a = 1/0 + w", "no value"),
        ("a = relu(w, w)", "relu is of 1"),
        ("w = w + 1", "there already"),
        ("w + 1", "="),
        ("a = 3", "nothing to be worked out"),
        ("1a = w", "cannot be a name"),
        ("a = " + "(" * 300 + "w" + ")" * 300, "formula"),
        ("a = " + "-" * 200 + "w", "too deep"),
    ],
)
def test_formulas_that_cannot_be_read(formula: str, words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        read_formulas([formula], {"w": 2.0})


def test_a_formula_without_a_part_in_the_last_is_an_error() -> None:
    with pytest.raises(ArgumentError, match="u has no part"):
        read_formulas(["u = 2*w", "a = 3*w"], {"w": 2.0})


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("[training]", "[training]\nmode = 'onlin'", "did you mean 'online'"),
        ("[training]", "[training]\nl2 = -1.0", "l2"),
        ("[training]", "[training]\nclip_norm = 0", "clip_norm"),
        ("[training]", "[training]\nsed = 1", "did you mean 'seed'"),
        ("[training]", "[training]\nseed = -1", "seed"),
        ("[network]", "[rule]\nname = 'lms'\n[network]", "either"),
        ("d = [[0.0, 1.0]]", "d = [5]", "classes from 0 to 1"),
    ],
)
def test_bad_settings(old: str, new: str, words: str) -> None:
    with pytest.raises(GlassnetError, match=words):
        explain(read_problem(PROBLEM.replace(old, new, 1), "own"))


# --- conventions of one's own ---------------------------------------------------------------------
def test_own_conventions_in_a_problem() -> None:
    own = '[conventions]\nname = "ours"\nbased_on = "pytorch"\ndigits = 3\ncarried = true\n'
    text = str(explain(read_problem(own + PROBLEM, "own")))
    assert "∂E/∂v₁ = y₁ − d₁" in text
    assert "rounded to 3 significant digits" in text
    assert "(conventions: ours)" in " ".join(text.split())


def test_own_conventions_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text('based_on = "matlab"\ndigits = 4\n', encoding="utf-8")
    (tmp_path / "own.toml").write_text('conventions = "ours.toml"\n' + PROBLEM, encoding="utf-8")
    workings = explain(tmp_path / "own.toml")
    assert workings.profile == Profile("ours", "derivative", 4)
    assert explain("and", conventions=str(tmp_path / "ours.toml")).profile.digits == 4


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"digit": 3}, "did you mean 'digits'"),
        ({"based_on": "torch"}, "pytorch"),
        ({"digits": 0}, "digits"),
        ({"digits": "3"}, "digits"),
        ({"carried": 1}, "true or false"),
        ({"local_gradient": "delto"}, "did you mean 'delta'"),
        ({"name": "notes"}, "cannot be named"),
        ({"name": ""}, "short text"),
        (7, "must be a name"),
        ("not.there.toml", "cannot be read"),
    ],
)
def test_bad_conventions(table: Any, words: str) -> None:
    with pytest.raises((ArgumentError, DataError), match=words):
        profile_of(table)


def test_profiles_are_themselves() -> None:
    for name, profile in PROFILES.items():
        assert profile_of(name) is profile
        assert profile_of(profile) is profile
