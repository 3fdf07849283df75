"""`glassnet bench`: every rung runs, and what it tells is complete. No test asserts a time."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from glassnet.bench.cold.process import run_cold
from glassnet.bench.data import classified, questions, separated
from glassnet.bench.measure import Bench, Result
from glassnet.bench.peers import SYSTEMS
from glassnet.bench.report import machine, rung_document, rung_rows, short_seconds
from glassnet.bench.rungs import RUNGS, Failed, Rung
from glassnet.bench.worker import Workplace
from tests.cli.conftest import Run

QUICK = "--repeat 1 --seconds 0.001"


FEWEST = {"perceptron": 200, "som": 10}  # no plane separates 200; some points for a map


def small(rung: Rung) -> Rung:
    """The same rung with as little work as there can be."""
    batch = min(rung.batch, 50) if rung.kind == "nearest" else rung.batch
    examples = max(2 * batch, FEWEST.get(rung.kind, 0))
    return replace(rung, batch=batch, examples=examples, networks=min(rung.networks, 2))


@pytest.mark.parametrize("name", [name for name, rung in RUNGS.items() if rung.kind != "cold"])
def test_glassnet_does_every_rung(name: str) -> None:
    rung = small(RUNGS[name])
    for run in SYSTEMS["glassnet"].runners(rung).values():
        timing = run(2)
        assert timing.seconds > 0
        whole = {"mlp": 2 * rung.steps, "ensemble": 2 * rung.steps, "nearest": 2 * rung.batch}
        whole |= dict.fromkeys(("perceptron", "lms", "som"), 2 * rung.examples)
        assert timing.units == whole.get(rung.kind, timing.units) > 0


@pytest.mark.parametrize("kind", SYSTEMS["floor"].kinds)
def test_the_floor_is_compiled_and_runs(kind: str) -> None:
    if reason := SYSTEMS["floor"].why_missing():
        pytest.skip(reason)
    rung = small(next(rung for rung in RUNGS.values() if rung.kind == kind))
    for run in SYSTEMS["floor"].runners(rung).values():
        assert run(1).seconds > 0


PEERS = [
    *((name, "mlp") for name in ("torch", "jax", "sklearn")),
    *((name, "perceptron") for name in ("jax", "sklearn")),
    ("jax", "lms"),
    *((name, kind) for name in ("torch", "jax") for kind in ("lstm", "peephole")),
    ("minisom", "som"),
    ("sklearn", "nearest"),
    ("onnxruntime", "predict"),
]


@pytest.mark.parametrize(("system", "kind"), PEERS)
def test_peers(system: str, kind: str) -> None:
    if reason := SYSTEMS[system].why_missing():
        pytest.skip(reason)
    assert kind in SYSTEMS[system].kinds
    rung = small(next(rung for rung in RUNGS.values() if rung.kind == kind))
    for run in SYSTEMS[system].runners(rung).values():
        assert run(1).units > 0


def test_a_rule_that_ends_early_is_not_timed() -> None:
    run = SYSTEMS["glassnet"].runners(replace(RUNGS["perceptron-20"], examples=20))[""]
    with pytest.raises(Failed, match="ended before its last epoch"):
        run(100)  # a plane separates so few


def test_the_data_of_the_perceptron_do_not_let_it_end() -> None:
    rung = RUNGS["perceptron-20"]
    x, y = separated(rung)
    assert (x.shape, x.dtype, set(y.tolist())) == ((100_000, 20), np.float32, {0, 1})
    plane = np.linalg.lstsq(x, 2.0 * y - 1.0, rcond=None)[0]
    wrong = ((x @ plane > 0) != y).mean()
    assert 0.008 < wrong < 0.03  # one in a hundred, and some near the plane


def test_questions_are_near_the_memory() -> None:
    rung = replace(RUNGS["knn-mnist"], examples=100, batch=10)
    memory, _ = classified(rung)
    x = questions(rung, memory)
    assert (x.shape, x.dtype) == ((10, 784), np.float32)
    np.testing.assert_allclose(x - memory[:10], 0.1, rtol=1e-4)


def test_the_cold_start_learns_the_digits() -> None:
    outcome = run_cold("glassnet")
    assert outcome.accuracy > 0.94
    assert outcome.seconds > 0


def test_every_kind_that_a_system_claims_has_a_runner() -> None:
    kinds = {rung.kind for rung in RUNGS.values()}
    assert all(set(system.kinds) <= kinds for system in SYSTEMS.values())
    assert kinds == set(SYSTEMS["glassnet"].kinds)


def test_the_document(run: Run, place: Path) -> None:
    words = f"bench --rungs predict-1,mlp-64-32-10-b32 --systems glassnet {QUICK}"
    result = run(f"{words} --json --out found.json")
    assert (result.status, result.err) == (0, "")
    found = json.loads(result.out)
    assert found == json.loads((place / "found.json").read_text())
    assert found["format"] == 1
    assert set(found["machine"]) == set(machine())
    assert set(found["systems"]) == {"glassnet"}
    assert found["missing"] == {}
    assert found["settings"] == {"repeat": 1, "seconds": 0.001}
    assert [entry["rung"] for entry in found["rungs"]] == ["predict-1", "mlp-64-32-10-b32"]
    for entry in found["rungs"]:
        assert set(entry) == {"rung", "what", "unit", "results"}
        (row,) = entry["results"]
        assert row["error"] is None
        assert len(row["seconds"]["samples"]) == 1
        assert row["seconds"]["least"] == row["seconds"]["median"] > 0
        assert row["processor_seconds"] >= 0  # a difference of two short times
        assert row["ratio_to_glassnet"] == 1.0
        assert row["ratio_to_floor"] is None
    assert found["rungs"][1]["results"][0]["setup_seconds"] >= 0


def test_the_tables(run: Run) -> None:
    result = run(f"bench --rungs predict-1 --systems glassnet {QUICK}")
    assert result.status == 0
    for said in (machine()["processor"], machine()["instructions"], "predict-1", "median", "1.00"):
        assert said in result.out
    assert max(map(len, result.out.splitlines())) <= 80


def test_the_list(run: Run) -> None:
    people = run("bench --list")
    found = json.loads(run("bench --list --json").out)
    assert people.status == 0
    assert [entry["rung"] for entry in found["rungs"]] == list(RUNGS)
    assert set(found["systems"]) | set(found["missing"]) == set(SYSTEMS)
    assert all(name in people.out for name in (*RUNGS, *SYSTEMS))
    assert max(map(len, people.out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--rungs predict1", "--rungs: there is no rung 'predict1' (did you mean 'predict-1'?)"),
        ("--systems glasnet", "no system 'glasnet' (did you mean 'glassnet'?)"),
        ("--systems ,", "--systems names no system; choose from glassnet, floor"),
        ("--repeat 0", "'--repeat'"),
        ("--out nowhere/found.json", "nowhere"),
    ],
)
def test_mistakes(words: str, said: str, run: Run) -> None:
    result = run(f"bench {words}")
    assert (result.status, result.out) == (2, "")
    assert said in result.err
    assert result.err.count("\n") == 1


def test_help_has_examples(run: Run) -> None:
    result = run("bench --help")
    assert result.status == 0
    assert result.out.count("glassnet bench") >= 3
    assert max(map(len, result.out.splitlines())) <= 80


def test_what_is_not_installed_is_left_out(run: Run, patched: Any) -> None:
    patched(SYSTEMS["onnxruntime"], "needs", ("no_such_module",))
    words = f"bench --rungs predict-1 --systems glassnet,onnxruntime {QUICK} --json"
    found = json.loads(run(words).out)
    assert found["missing"] == {"onnxruntime": "the module no_such_module is not installed"}
    assert [row["system"] for row in found["rungs"][0]["results"]] == ["glassnet"]


def test_a_system_that_fails_does_not_stop_the_others() -> None:
    assert (
        "KeyError"
        in Workplace(SYSTEMS["glassnet"]).answer({"ask": "prepare", "rung": "?"})["error"]
    )
    with Bench(["glassnet"], repeat=1, seconds=0.001) as work:
        (failed,) = work.run(replace(RUNGS["predict-1"], name="unknown"))
        assert failed.error is not None
        (good,) = work.run(RUNGS["predict-1"])
        assert good.error is None


def test_a_failure_in_the_table_and_the_document() -> None:
    results = [Result("glassnet", [2e-6, 1e-6, 3e-6]), Result("torch", error="no memory")]
    head, rows = rung_rows(results)
    assert head[:3] == ["system", "median", "least"]
    assert rows[0][:4] == ["glassnet", "2.00 µs", "1.00 µs", "1.00"]  # nothing known: no column
    assert rows[1][:2] == ["PyTorch", "failed"]
    found = rung_document(RUNGS["predict-1"], results)["results"]
    assert found[1]["error"] == "no memory"
    assert found[1]["seconds"] == {"least": None, "median": None, "samples": []}
    assert found[1]["ratio_to_glassnet"] is None


def test_ratios_are_of_medians() -> None:
    results = [Result("glassnet", [1.0, 2.0, 9.0]), Result("floor", [4.0], way="2 threads")]
    found = rung_document(RUNGS["predict-1"], results)["results"]
    assert found[1]["ratio_to_glassnet"] == 2.0
    assert found[0]["ratio_to_floor"] == 0.5
    assert found[1]["way"] == "2 threads"


def test_times_between_two_units() -> None:
    assert short_seconds(9.996e-7) == "1.00 µs"
    assert short_seconds(0.99949) == "999 ms"
    assert short_seconds(123.4) == "123 s"
