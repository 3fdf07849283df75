"""`glassnet exercise`: what is printed, written, marked, and refused."""

from __future__ import annotations

import csv
import json
import tomllib
from pathlib import Path

import pytest

from glassnet.explain.exercises import all_kinds, exercise
from tests.cli.conftest import Run


def test_the_list(run: Run) -> None:
    result = run("exercise --list")
    assert (result.status, result.err) == (0, "")
    for name in all_kinds():
        assert f"  {name} " in result.out
    assert max(map(len, result.out.splitlines())) <= 80
    found = json.loads(run("exercise --list --json").out)
    assert list(found) == list(all_kinds())
    assert found["hidden-delta"]["rows"] == ["D4", "D5"]


def test_to_the_screen(run: Run) -> None:
    result = run("exercise backpropagation --seed 7 --level 2")
    assert (result.status, result.err) == (0, "")
    statement, worksheet = result.out.split("\n# ", 1)
    assert "Back-propagation: a whole step (D6, level 2, no. 7)" in statement
    assert "hidden.w₁₁ = " in statement
    assert "\nhidden.δ[1] =\n" in worksheet
    assert max(map(len, result.out.splitlines())) <= 80
    assert run("exercise backpropagation --seed 7 --level 2").out == result.out
    assert run("exercise backpropagation --seed 8 --level 2").out != result.out


def test_the_solution(run: Run) -> None:
    result = run("exercise neuron --seed 7 --solution")
    assert "y₁ = 1 / (1 + e^(−v₁)) = " in result.out
    assert "v[1] =" not in result.out
    html = run("exercise neuron --seed 7 --solution --format html").out
    assert html.startswith("<!DOCTYPE html>")


def test_json(run: Run) -> None:
    found = json.loads(run("exercise neuron --seed 7 --count 2 --json").out)["exercises"]
    assert [one["seed"] for one in found] == [7, 8]
    assert found[0]["answers"] == exercise("neuron", seed=7).answers()
    assert tomllib.loads(found[1]["problem"])["network"]["layers"] == ["1 logistic"]


@pytest.mark.parametrize(
    ("form", "ending"),
    [("text", "txt"), ("markdown", "md"), ("latex", "tex"), ("html", "html"), ("json", "json")],
)
def test_a_folder(form: str, ending: str, run: Run, place: Path) -> None:
    result = run(f"exercise lms --seed 7 --format {form} --out mine")
    assert (result.status, result.err) == (0, "")
    files = {path.name for path in (place / "mine").iterdir()}
    assert files == {"problem.toml", "worksheet.txt", "worksheet.csv", f"solution.{ending}"}
    assert all(f"mine/{name}" in result.out for name in files)
    solution = (place / "mine" / f"solution.{ending}").read_text(encoding="utf-8")
    assert solution == exercise("lms", seed=7).solution.render(form)
    shown = run("explain mine/problem.toml").out
    assert shown == exercise("lms", seed=7).solution.render("text")


def test_a_sheet_is_marked(run: Run, place: Path) -> None:
    run("exercise output-delta --seed 7 --out mine")
    answers = iter(exercise("output-delta", seed=7).answers().items())
    lines = (place / "mine" / "worksheet.txt").read_text(encoding="utf-8").splitlines()
    right: list[str] = []
    for line in lines:
        value = f" {next(answers)[1]:.5g}" if line.endswith(" =") else ""
        right.append(line + value)
    (place / "right.txt").write_text("\n".join(right), encoding="utf-8")
    result = run("check mine/problem.toml right.txt")
    assert (result.status, result.err) == (0, "")
    # the sign of the error, carried on to δ: the first is wrong, the second follows
    one = exercise("output-delta", seed=7).answers()
    wrong = [
        f"output.{name}[1] = {-one[f'output.{name}[1]']:.5g}"
        if line.startswith(f"output.{name}[1]")
        else line
        for line in right
        for name in ["e" if line.startswith("output.e") else "δ"]
    ]
    (place / "wrong.txt").write_text("\n".join(wrong), encoding="utf-8")
    result = run("check mine/problem.toml wrong.txt --json")
    assert result.status == 1
    found = json.loads(result.out)
    status = {line["address"]: line["status"] for line in found["lines"]}
    assert status["output.e[1]"] == "wrong"
    assert status["output.δ[1]"] == "follows"
    assert found["counts"]["wrong"] == 1
    assert any("sign" in cause["code"] for cause in found["causes"])


def test_a_class_set(run: Run, place: Path) -> None:
    result = run("exercise perceptron --seed 5 --count 30 --out class")
    assert (result.status, result.err) == (0, "")
    folders = sorted(path.name for path in (place / "class").iterdir() if path.is_dir())
    assert folders == sorted(f"perceptron-{seed}" for seed in range(5, 35))
    text = (place / "class" / "answers.csv").read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(text.splitlines()))
    assert [row["seed"] for row in rows] == [str(seed) for seed in range(5, 35)]
    for row in rows:
        answers = exercise("perceptron", seed=int(row["seed"])).answers()
        found = {name: row[name] for name in row if name[1:2] == ":" and row[name]}
        assert {name: float(value) for name, value in found.items()} == pytest.approx(answers)
    blank = run("check class/perceptron-9/problem.toml class/perceptron-9/worksheet.csv --json")
    assert json.loads(blank.out)["counts"]["wrong"] == 0


def test_moodle(run: Run, place: Path) -> None:
    assert run("exercise neuron --count 3 --format moodle --out neuron.xml").status == 0
    text = (place / "neuron.xml").read_text(encoding="utf-8")
    assert text.count('<question type="cloze">') == 3
    assert run("exercise neuron --count 3 --format moodle").out == text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("exercise", "say what is to be practised"),
        ("exercise nueron", "did you mean 'neuron'"),
        ("exercise neuron --level 4", "level must be a whole number of at least 1 and at most 3"),
        ("exercise neuron --level 0", "got 0"),
        ("exercise neuron --level two", "--level"),
        ("exercise neuron --seed -1", "seed must be a whole number of at least 0"),
        ("exercise neuron --seed 99999999999999999999999", "seed must be"),
        ("exercise neuron --count 0 --out new", "count must be a whole number of at least 1"),
        ("exercise neuron --count 1001 --out new", "at most 1000"),
        ("exercise neuron --count 2", "say where they are to be written"),
        ("exercise neuron --format pdf", "there is no format 'pdf'"),
        ("exercise neuron --format htm", "did you mean 'html'"),
        ("exercise neuron --format html", "--solution"),
        ("exercise neuron --out full", "'full' exists already, and is not empty"),
        ("exercise neuron --out full/file.txt", "a file of that name stands there"),
        ("exercise neuron --out none/new", "there is no folder"),
        ("exercise neuron --format moodle --out full", "a folder of that name stands there"),
        ("exercise neuron --format moodle --out none/a.xml", "there is no folder"),
    ],
)
def test_mistakes(words: str, message: str, run: Run, place: Path) -> None:
    (place / "full").mkdir()
    (place / "full" / "file.txt").write_text("mine", encoding="utf-8")
    result = run(words)
    assert (result.status, result.out) == (2, "")
    assert message in result.err
    assert not (place / "new").exists()
    assert sorted(path.name for path in place.iterdir()) == ["full"]


def test_an_empty_folder_is_used(run: Run, place: Path) -> None:
    (place / "empty").mkdir()
    assert run("exercise neuron --out empty").status == 0
    assert (place / "empty" / "problem.toml").is_file()


def test_nothing_is_left_half_written(
    run: Run, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: Path, *words: object, **more: object) -> int:
        del words, more
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", refused)
    result = run("exercise neuron --out new")
    assert result.status == 2
    assert "No space left on device" in result.err
    assert not list(place.iterdir())
