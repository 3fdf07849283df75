"""`glassnet logic`: neurons, proofs and networks on the command line."""

from __future__ import annotations

import json
from pathlib import Path

import glassnet
from tests.cli.conftest import Run


def test_a_neuron_with_its_table(run: Run) -> None:
    result = run("logic 0001")
    assert result.status == 0
    assert "y = 1 if x₁ + x₂ ≥ 2, else 0" in result.out
    lines = [line.split() for line in result.out.splitlines()]
    assert ["x₁", "x₂", "v", "y"] in lines
    assert ["1", "1", "2", "1"] in lines
    assert "checked on all 4 rows" in result.out
    assert "Two layers" not in result.out


def test_a_proof_and_a_network(run: Run, place: Path) -> None:
    result = run("logic 0110 --out xor.safetensors")
    assert result.status == 0
    assert "not linearly separable" in result.out
    assert "Points (0, 1) and (1, 0) must fire" in result.out
    assert "at least 2 inputs" in result.out
    assert "saved as xor.safetensors" in result.out
    assert max(map(len, result.out.splitlines())) <= 80
    net = glassnet.load(place / "xor.safetensors")
    assert net.predict([[0, 0], [0, 1], [1, 0], [1, 1]])[:, 0].tolist() == [0, 1, 1, 0]


def test_only_a_single_neuron(run: Run, place: Path) -> None:
    none = run("logic 0110 --single --out xor.safetensors")
    assert none.status == 1
    assert "Two layers" not in none.out
    assert not (place / "xor.safetensors").exists()
    assert run("logic 0111 --single").status == 0
    assert json.loads(run("logic 0110 --single --json").out)["network"] is None


def test_bipolar(run: Run) -> None:
    result = run("logic 0110 --bipolar")
    assert "(−1, 1) + (1, −1) = (0, 0)" in result.out
    assert "else −1" in result.out


def test_for_programs(run: Run, place: Path) -> None:
    (place / "table.csv").write_text("rain,wind,out\n0,0,0\n0,1,1\n1,0,1\n1,1,1\n")
    found = json.loads(run("logic table.csv --json --out or.safetensors").out)
    assert found["inputs"] == ["rain", "wind"]
    assert found["separable"] is True
    assert found["certificate"] is None
    assert found["neuron"]["weights"] == [1, 1]
    assert (found["neuron"]["threshold"], found["neuron"]["bias"]) == (1, -1)
    assert found["model"] == "or.safetensors"
    proof = json.loads(run("logic 0110 --json").out)
    assert proof["neuron"] is None
    assert proof["certificate"]["checked"] is True
    assert proof["certificate"]["firing"][0] == {"point": [0, 1], "times": 1}
    assert [neuron["words"] for neuron in proof["network"]["hidden"]] == [
        "at least 1 input",
        "at least 2 inputs",
    ]


def test_large_tables_fit_the_screen(run: Run) -> None:
    parity = "".join(str(bin(row).count("1") % 2) for row in range(64))
    mixed = "0110100111010100" * 3 + "1011001010110101"
    for table in (parity, mixed):
        result = run("logic", table)
        assert result.status == 0
        assert max(map(len, result.out.splitlines())) <= 80


def test_mistakes(run: Run, place: Path) -> None:
    (place / "table.csv").write_text("a,y\n0,0\n")
    for words, message in (
        ("logic 011", "which is 1 more than 2"),
        ("logic 01a1", "'a'"),
        ("logic none.csv", "no file"),
        ("logic table.csv", "no row for the inputs 1"),
        ("logic 0001 --out table.csv", "no model"),
        ("logic 0001 --out missing/and.safetensors", "no folder"),
        ("logic", "missing argument"),
    ):
        result = run(words)
        assert result.status == 2, words
        assert message in result.err, result.err
        assert not result.out


def test_help(run: Run) -> None:
    result = run("logic --help")
    assert result.status == 0
    assert "glassnet logic 0110 --out xor.safetensors" in result.out
