"""Threshold neurons for truth tables: found and checked, or proved not to exist."""

from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, DataError, NotSeparableError, ShapeError
from glassnet.rules import logic


def tables(n: int) -> list[str]:
    return ["".join(bits) for bits in itertools.product("01", repeat=2**n)]


def points(n: int, low: int = 0) -> np.ndarray[Any, Any]:
    return np.array(list(itertools.product((low, 1), repeat=n)))


def smallest_by_brute_force(n: int, most: int) -> dict[str, tuple[int, set[tuple[int, ...]]]]:
    """For every function of n inputs, the least Σ|w| and all weights that have it: plain loops."""
    found: dict[str, tuple[int, set[tuple[int, ...]]]] = {}
    for w in itertools.product(range(-most, most + 1), repeat=n):
        size = sum(map(abs, w))
        v = [sum(a * b for a, b in zip(w, x, strict=True)) for x in points(n).tolist()]
        for threshold in {*v, max(v) + 1}:
            table = "".join("1" if field >= threshold else "0" for field in v)
            least, weights = found.get(table, (size, set[tuple[int, ...]]()))
            if size < least:
                found[table] = size, {w}
            elif size == least:
                found[table] = size, weights | {w}
    return found


# --- one neuron -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("table", "weights", "threshold", "bipolar_threshold"),
    [
        ("0001", (1, 1), 2, 1),  # AND
        ("0111", (1, 1), 1, 0),  # OR
        ("10", (-1,), 0, 0),  # NOT
        ("1110", (-1, -1), -1, 0),  # NAND
        ("1000", (-1, -1), 0, 1),  # NOR
        ("00010111", (1, 1, 1), 2, 0),  # majority
        ("0000", (0, 0), 1, 1),
        ("1111", (0, 0), 0, 0),
        ("0101", (0, 1), 1, 0),  # the second input alone
        ("0010", (1, -1), 1, 1),  # x₁ and not x₂
    ],
)
def test_known_neurons(
    table: str, weights: tuple[int, ...], threshold: int, bipolar_threshold: int
) -> None:
    found = logic.neuron(table)
    assert (found.weights, found.threshold, found.bias) == (weights, threshold, -threshold)
    bipolar = logic.neuron(table, bipolar=True)
    assert (bipolar.weights, bipolar.threshold) == (weights, bipolar_threshold)
    answers = bipolar(points(len(weights), -1))
    assert "".join("1" if y == 1 else "0" for y in answers) == table
    assert set(answers.tolist()) <= {-1, 1}


@pytest.mark.parametrize(("n", "separable"), [(1, 4), (2, 14), (3, 104)])
def test_every_function_is_found_smallest_or_proved_impossible(n: int, separable: int) -> None:
    least = smallest_by_brute_force(n, 3)
    assert len(least) == separable  # S. Muroga 1971: 4, 14, 104, 1882, …
    for table in tables(n):
        if table in least:
            found = logic.neuron(table)
            assert "".join(map(str, found(points(n)))) == table
            size, every = least[table]
            assert sum(map(abs, found.weights)) == size
            assert every == {found.weights}, "the smallest weights are the only ones"
        else:
            with pytest.raises(NotSeparableError) as caught:
                logic.neuron(table)
            assert proves(caught.value.certificate, table)
        assert logic.network(table)(points(n)).tolist() == [int(letter) for letter in table]


def proves(certificate: logic.Certificate, table: str) -> bool:
    """Whether a certificate holds, worked out without its own methods."""
    n = len(table).bit_length() - 1
    rows = points(n).tolist()
    for side, output in ((certificate.firing, "1"), (certificate.resting, "0")):
        assert all(table[row] == output and times > 0 for row, times in side)
    one, two = (
        [sum(times * rows[row][i] for row, times in side) for i in range(n)]
        for side in (certificate.firing, certificate.resting)
    )
    same = sum(t for _, t in certificate.firing) == sum(t for _, t in certificate.resting) > 0
    return same and one == two and certificate.check()


def test_the_number_of_separable_functions_of_four_inputs() -> None:
    """1882 of 65,536, by the proofs alone; of a sample, the neurons themselves."""
    half = (logic.TruthTable.of(f"{number:016b}") for number in range(2**15))  # and their "not"
    found = [table.text for table in half if logic.find_certificate(table) is None]
    assert 2 * len(found) == 1882
    for table in random.Random(0).sample(found, 100):
        assert "".join(map(str, logic.neuron(table)(points(4)))) == table


def test_smallest_weights_of_known_functions_of_up_to_six_inputs() -> None:
    """Weights that are known to be minimal, Σ|w| = 9, 17 and 35 (Muroga, OEIS A003217)."""
    rng = random.Random(1)
    for n, most in ((4, 9), (5, 17), (6, 35)):
        sums: list[int] = []
        for _ in range(40):
            w = [rng.randint(-9, 9) for _ in range(n)]
            threshold = rng.randint(-8, 12)
            table = "".join("1" if row @ w >= threshold else "0" for row in points(n))
            found = logic.neuron(table)
            assert "".join(map(str, found(points(n)))) == table
            sums.append(sum(map(abs, found.weights)))
            assert sums[-1] <= sum(map(abs, w))
        assert max(sums) <= most


def test_outputs_that_do_not_matter() -> None:
    for table in map("".join, itertools.product("01-", repeat=4)):
        options = [[0, 1] if letter == "-" else [int(letter)] for letter in table]
        full = ["".join(map(str, bits)) for bits in itertools.product(*options)]
        sizes = [
            sum(map(abs, logic.neuron(choice).weights))
            for choice in full
            if choice not in ("0110", "1001")
        ]
        if sizes:  # one of the completions is separable
            found = logic.neuron(table)
            assert sum(map(abs, found.weights)) == min(sizes)
            answers = "".join(map(str, found(points(2))))
            assert all(a in ("-", b) for a, b in zip(table, answers, strict=True))
        else:
            with pytest.raises(NotSeparableError):
                logic.neuron(table)


def test_a_proof_may_need_more_than_pairs_where_outputs_do_not_matter() -> None:
    """Firing (1,0,0), (0,1,0), (0,0,1); resting (1,1,1), and (0,0,0) twice: sums (1, 1, 1)."""
    outputs: list[int | None] = [None] * 8
    outputs[0b100] = outputs[0b010] = outputs[0b001] = 1
    outputs[0b111] = outputs[0b000] = 0
    with pytest.raises(NotSeparableError, match="2v\\(0, 0, 0\\)") as caught:
        logic.neuron(outputs)
    certificate = caught.value.certificate
    assert certificate.times == 3
    assert certificate.check()


def test_certificates_are_not_believed() -> None:
    table = logic.TruthTable.of("0110")
    good = ((1, 1), (2, 1)), ((0, 1), (3, 1))
    assert logic.Certificate(table, *good).check()
    for bad in (
        (((1, 1), (2, 1)), ((0, 2),)),  # other sums
        (((0, 1), (3, 1)), ((1, 1), (2, 1))),  # other outputs
        ((), ()),
        (((1, 0), (2, 0)), ((0, 0), (3, 0))),
        (((1, 1), (9, 1)), ((0, 1), (3, 1))),
    ):
        assert not logic.Certificate(table, *bad).check()


def test_the_proof_for_xor_as_a_person_writes_it() -> None:
    certificate = logic.find_certificate(logic.TruthTable.of("0110"))
    assert certificate is not None
    assert certificate.sentences[0] == (
        "Points (0, 1) and (1, 0) must fire: v(0, 1) ≥ T and v(1, 0) ≥ T, "
        "so v(0, 1) + v(1, 0) ≥ 2T."
    )
    bipolar = logic.find_certificate(logic.TruthTable.of("0110"), bipolar=True)
    assert bipolar is not None
    assert "(−1, 1) + (1, −1) = (0, 0) = (−1, −1) + (1, 1)" in str(bipolar)
    assert bipolar.check()
    assert "&lt; 2T" in certificate._repr_html_()


# --- networks -------------------------------------------------------------------------------------
def right(table: str) -> int:
    """Check the network for a table in every form, and return its number of hidden neurons."""
    n = len(table).bit_length() - 1
    found = logic.network(table)
    assert found(points(n)).tolist() == [int(letter) for letter in table]
    bipolar = logic.network(table, bipolar=True)
    assert bipolar(points(n, -1)).tolist() == [2 * int(letter) - 1 for letter in table]
    return len(found.hidden)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_networks_for_small_functions(n: int) -> None:
    for table in tables(n)[:: 2 ** (n - 1) - 1 if n > 1 else 1]:  # of 3 inputs, every third
        assert right(table) <= 3
    for table in tables(n)[:: 2**n]:
        answers = logic.network(table).network.predict(points(n))[:, 0]
        assert answers.tolist() == [float(letter) for letter in table]


@pytest.mark.parametrize("n", [4, 5, 6])
def test_networks_for_random_functions(n: int) -> None:
    rng = random.Random(n)
    for _ in range(15):
        assert right("".join(rng.choice("01") for _ in range(2**n))) <= 2 ** (n - 1)


@pytest.mark.parametrize("odd", [0, 1])
def test_parity_counts(odd: int) -> None:
    table = "".join(str((bin(row).count("1") + odd) % 2) for row in range(64))
    found = logic.network(table)
    assert right(table) == 6
    assert found.words[1] == "at least 2 inputs"
    assert found.output.weights == tuple((1, -1)[(i + odd) % 2] for i in range(6))


def test_counting_of_some_inputs_and_of_negated_ones() -> None:
    exactly_one = logic.network(lambda a, b, c, d: a + (1 - b) + d == 1, inputs=4)
    assert exactly_one.words == (
        "at least 1 of x₁, not x₂ and x₄",
        "at least 2 of x₁, not x₂ and x₄",
    )
    xor = logic.network("0110", names=["rain", "wind"], bipolar=True)
    assert xor.output_words == "h₁ and not h₂"
    assert xor.network.stack.activation.name == "signum"


def test_products_in_words() -> None:
    found = logic.network("0011" + "0101")  # if x₁ then x₃ else x₂
    assert set(found.words) == {"x₁ and x₃", "x₂ and not x₁"} or set(found.words) == {
        "not x₁ and x₂",
        "x₁ and x₃",
    }
    assert found.output_words == "any of them"


def test_networks_are_saved_and_asked(tmp_path: Path) -> None:
    found = logic.network("0110")
    found.save(tmp_path / "xor.safetensors")
    net = gn.load(tmp_path / "xor.safetensors")
    assert net.predict([[0, 0], [0, 1], [1, 0], [1, 1]])[:, 0].tolist() == [0, 1, 1, 0]
    assert net.parameters["hidden.w"].tolist() == [[1, 1], [1, 1]]
    assert net.parameters["hidden.b"].tolist() == [-1, -2]
    assert "h₁ = 1 if" in found._repr_html_()


def test_networks_where_outputs_do_not_matter() -> None:
    rng = random.Random(3)
    for n in (2, 3, 4):
        for _ in range(20):
            table = "".join(rng.choice("011-") for _ in range(2**n))
            answers = "".join(map(str, logic.network(table)(points(n))))
            assert all(a in ("-", b) for a, b in zip(table, answers, strict=True))


# --- tables ---------------------------------------------------------------------------------------
def test_the_forms_of_a_table(tmp_path: Path) -> None:
    file = tmp_path / "and.csv"
    file.write_text("rain,wind,stay in\n1,1,1\n0,0,0\n0,1,0\n1,0,0\n")
    forms: list[Any] = [
        "0001",
        "00 01",
        [0, 0, 0, 1],
        [False, False, False, True],
        np.array([0.0, 0, 0, 1]),
        {(0, 0): 0, (0, 1): 0, (1, 0): False, (1, 1): True},
        file,
        str(file),
        logic.TruthTable((0, 0, 0, 1)),
    ]
    for form in forms:
        assert logic.TruthTable.of(form).text == "0001"
    assert logic.TruthTable.of(lambda a, b: a and b, inputs=2).text == "0001"
    assert logic.neuron(file).formula == "y = 1 if rain + wind ≥ 2"
    bare = tmp_path / "bare.csv"
    bare.write_text("0;1\n1;-\n")
    assert logic.TruthTable.of(bare).text == "1-"
    assert logic.TruthTable.of({0: 1, 1: None}).text == "1-"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("011", "got 3, which is 1 more than 2"),
        ("0", "got 1, which is 1 too few"),
        ("", "the text is empty"),
        ("0" * 128, "128 outputs are those of 7 inputs; at most 6"),
        ("01a1", "has 'a' in it"),
        ([0, 2], "output 2 of the truth table must be 0, 1"),
        (7, "got 7"),
        ({(0, 0): 1, (0, 1): 1, (1, 0): 1}, r"output of point \(1, 1\) is missing"),
        ({(0, 2): 1}, "a point is a tuple of 0 and 1"),
        ({(0,): 1, (0, 1): 1}, "the same number of inputs"),
        (lambda a: a, "say how many inputs"),
    ],
)
def test_tables_that_are_none(source: Any, message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        logic.TruthTable.of(source)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty"),
        ("a,b\n", "no row"),
        ("a,y\n0,0\n0,1\n", "line 3: the inputs 0 have another output in line 2"),
        ("a,y\n0,0\n", "no row for the inputs 1"),
        ("a,y\n0,0\n2,1\n", "line 3: an input must be 0 or 1; got '2'"),
        ("a,y\n0,0\n1,maybe\n", "line 3: the output must be 0, 1"),
        ("0,0,1\n0,1\n", "line 2: 2 cells, but there are 3 columns"),
        ("a,a,y\n0,0,0\n0,1,0\n1,0,0\n1,1,0\n", "must all be different"),
        (",".join("0" * 9) + "\n", "here are 9 columns"),
        ("a,b,c\n0,1\n", "the header has 3"),
    ],
)
def test_files_that_are_no_tables(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "table.csv"
    file.write_text(text)
    with pytest.raises(DataError, match=message):
        logic.neuron(file)
    with pytest.raises(DataError, match="there is no file"):
        logic.neuron(tmp_path / "none.csv")


def test_inputs_and_names_are_checked() -> None:
    with pytest.raises(ArgumentError, match="has 2 inputs, not 3"):
        logic.neuron("0001", inputs=3)
    with pytest.raises(ArgumentError, match="got 1 names: a"):
        logic.neuron("0001", names=["a"])
    neuron = logic.neuron("0001")
    with pytest.raises(ShapeError, match="write it as one row"):
        neuron([0, 1])
    with pytest.raises(ArgumentError, match=r"row 1, column 0 .* is -1"):
        neuron([[0, 1], [-1, 1]])
    with pytest.raises(ArgumentError, match="whole number"):
        logic.ThresholdNeuron((0.5,), 1)  # type: ignore[arg-type]
    assert "<td>2</td>" in neuron._repr_html_()
