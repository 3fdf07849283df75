"""`glassnet time`: what it prints, draws and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import glassnet as gn
from glassnet.training.text_models import text_network
from tests.cli.conftest import Run


@pytest.fixture
def steps(place: Path) -> Path:
    """The current folder, with small models of the tasks whose data are made."""
    net = gn.Network([gn.LSTM(3), gn.RNN(2), gn.Dense(1)], inputs=(12, 2))
    net.training["data"] = {"name": "adding", "steps": 12, "seed": 0}
    net.save(place / "adding.safetensors")
    layers = [gn.Embedding(8, 4), gn.GRU(3, returns="sequence"), gn.Dense(4, "softmax")]
    net = gn.Network(layers, inputs=(10,))
    net.training["data"] = {"name": "brackets", "steps": 10, "seed": 0}
    net.save(place / "brackets.safetensors")
    gn.Network([gn.Dense(1)], inputs=2).save(place / "plain.safetensors")
    texts = ["a good film", "a bad film"] * 3
    text_network("lstm", texts, classes=2).save(place / "film.safetensors")
    return place


def test_without_a_model(run: Run, place: Path) -> None:
    result = run("time --units 4 --steps 20 --scales 0.5,2 --plot norms.svg")
    assert result.status == 0, result.err
    assert "RNN 0.5" in result.out
    assert "norms.svg" in result.out
    assert (place / "norms.svg").read_text().startswith("<svg")
    found = json.loads(run("time --units 4 --steps 5 --activation tanh --json").out)
    assert found["activation"] == "tanh"
    assert len(found["norms"]["LSTM h"]) == 6


def test_a_model(run: Run, steps: Path) -> None:
    result = run("time adding.safetensors --plot norms.svg")
    assert result.status == 0, result.err
    assert "lstm1 (LSTM, 3 cells)" in result.out
    assert "asked about a sequence of adding, 12 steps, seed 1" in result.out
    assert (steps / "norms.svg").exists()
    words = "time adding.safetensors --layer rnn1 --step 8 --lags 3 --steps 9 --seed 2 --json"
    found = json.loads(run(words).out)
    assert (found["layer"], found["step"], len(found["lags"])) == ("rnn1", 8, 4)
    assert found["sequence"] == "a sequence of adding, 9 steps, seed 2"


def test_a_text(run: Run, steps: Path) -> None:
    del steps
    result = run("time", "brackets.safetensors", "--text", "([a])")
    assert result.status == 0, result.err
    assert "asked about the text '([a])'" in result.out
    assert "t = 5." in result.out


def test_gates(run: Run, steps: Path) -> None:
    line = ("time", "brackets.safetensors", "--text", "({a})", "--gates", "gates.svg")
    result = run(*line, "--neurons", "2")
    assert result.status == 0, result.err
    assert "Gates over time: gru1 (GRU, 3 neurons)" in result.out
    assert "the 2 of 3 whose output varies most" in (steps / "gates.svg").read_text()
    assert "Norms by lag" not in result.out
    both = run(*line, "--plot", "norms.svg", "--json")
    found = json.loads(both.out)
    assert found["over_time"]["symbols"] == ["(", "{", "a", "}", ")"]
    assert found["lags"][5]["k"] == 0


def test_the_network_unrolled(run: Run, steps: Path) -> None:
    result = run("time brackets.safetensors --unrolled network.svg --seed 3")
    assert result.status == 0, result.err
    assert "h(t) = GRU(e(t), h(t−1))" in result.out
    assert "x(10)" in (steps / "network.svg").read_text()
    found = json.loads(run("time adding.safetensors --unrolled network.svg --json").out)
    assert [row["layer"] for row in found["unrolled"]["layers"]] == ["lstm1", "rnn1", "output"]
    assert found["unrolled"]["steps"] == 12


def test_words(run: Run, steps: Path) -> None:
    line = ("time", "film.safetensors", "--text", "a strange film", "--gates", "gates.svg")
    result = run(*line, "--layer", "bidirectional1.backward", "--unrolled", "network.svg")
    assert result.status == 0, result.err
    assert "bidirectional1.backward (LSTM, 32 cells)" in result.out
    for name in ("gates.svg", "network.svg"):
        shown = (steps / name).read_text()
        assert ">film<" in shown
        assert "unknown" in shown


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("time plain.safetensors --unrolled a.svg", "no recurrent layer"),
        ("time brackets.safetensors --unrolled a.svg --layer gru", "did you mean 'gru1'?"),
        ("time brackets.safetensors --unrolled a.txt", "must end in .svg"),
        ("time brackets.safetensors --unrolled a.svg --lags 3", "add --plot"),
        ("time brackets.safetensors --neurons 3", "add --gates"),
        ("time brackets.safetensors --gates a.svg --neurons 0", "neurons"),
        ("time brackets.safetensors --gates a.svg --step 3", "add --plot"),
        ("time brackets.safetensors --gates a.svg --plot a.svg", "the same file"),
        ("time brackets.safetensors --gates a.svg --plot b.svg --step 99", "got 99"),
        ("time --gates a.svg", "is about a model"),
        ("time plain.safetensors", "no recurrent layer"),
        ("time nothing.safetensors", "nothing.safetensors"),
        ("time adding.safetensors --layer lstm2", "did you mean 'lstm1'?"),
        ("time adding.safetensors --step 13", "1 to 12; got 13"),
        ("time adding.safetensors --text abc", "reads numbers, not texts"),
        ("time adding.safetensors --units 3", "leave MODEL out"),
        ("time brackets.safetensors --text ''", "the text is empty"),
        ("time brackets.safetensors --text '(x'", "symbol 2, 'x'"),
        ("time brackets.safetensors --text '(' --steps 3", "leave out steps"),
        ("time brackets.safetensors --text '(' --seed 3", "leave out --seed"),
        ("time film.safetensors", "this network reads texts"),
        ("time film.safetensors --text ' '", "the text is empty"),
        ("time brackets.safetensors --steps 0", "steps"),
        ("time --layer lstm1", "is about a model"),
        ("time --scales a", "numbers with commas between"),
        ("time --units many", "whole number"),
        ("time --activation tanhh", "did you mean 'tanh'"),
        ("time --plot norms.png", "must end in .svg"),
        ("time adding.safetensors --plot none/norms.svg", "no folder"),
    ],
)
def test_mistakes(run: Run, steps: Path, line: str, message: str) -> None:
    before = sorted(steps.iterdir())
    result = run(line)
    assert result.status == 2
    assert message in result.err
    assert "Traceback" not in result.err
    assert result.out == ""
    assert sorted(steps.iterdir()) == before


def test_a_classical_rule(run: Run, place: Path) -> None:
    (place / "and.csv").write_text("a,b,y\n0,0,no\n0,1,no\n1,0,no\n1,1,yes\n")
    assert run("train and.csv --rule perceptron --test 0 --quiet").status == 0
    result = run("time and.safetensors")
    assert result.status == 2
    assert "classical rule" in result.err
