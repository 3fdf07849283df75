"""Model files that are damaged, altered, of another kind or from the future: always an error."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

import glassnet as gn
from tests.cli.conftest import Run
from tests.cli.test_bad_input import check_message, contents

Damage = Callable[[bytes], bytes]


def header_of(raw: bytes) -> tuple[dict[str, Any], bytes]:
    """Return the header of a safetensors file, and the numbers that follow it."""
    (length,) = struct.unpack("<Q", raw[:8])
    return json.loads(raw[8 : 8 + length]), raw[8 + length :]


def with_header(header: object, numbers: bytes) -> bytes:
    """Return a safetensors file with this header."""
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + numbers


def described(change: Callable[[dict[str, Any]], object]) -> Damage:
    """Return damage to what the model says of itself."""

    def damage(raw: bytes) -> bytes:
        header, numbers = header_of(raw)
        about = json.loads(header["__metadata__"]["glassnet"])
        change(about)
        header["__metadata__"]["glassnet"] = json.dumps(about)
        return with_header(header, numbers)

    return damage


def tensors(change: Callable[[dict[str, Any]], object]) -> Damage:
    """Return damage to the numbers of a model."""

    def damage(raw: bytes) -> bytes:
        found = dict(load(raw))
        change(found)
        return save(found, header_of(raw)[0]["__metadata__"])

    return damage


def flipped(place: int) -> Damage:
    """Return damage to one bit."""

    def damage(raw: bytes) -> bytes:
        changed = bytearray(raw)
        changed[place] ^= 0x40
        return bytes(changed)

    return damage


class Trap:
    """Unpickling this would make a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("trap"),))


@dataclass(frozen=True)
class Bad:
    """A bad model: what happened to it, and the facts that the message names."""

    what: str
    damage: Damage
    facts: tuple[str, ...]


WEIGHT = "parameters/output.w"
CASES = [
    Bad("empty", lambda raw: b"", ("not a glassnet model",)),
    Bad("zero bytes", lambda raw: bytes(len(raw)), ("not a glassnet model",)),
    Bad("cut short in the header", lambda raw: raw[:100], ("not a glassnet model", "damaged")),
    Bad("cut short in the numbers", lambda raw: raw[:-50], ("not a glassnet model", "damaged")),
    Bad("bytes appended", lambda raw: raw + bytes(10), ("not a glassnet model", "damaged")),
    Bad("a bit flipped in the length", flipped(0), ("not a glassnet model",)),
    Bad("a bit flipped in the header", flipped(9), ("not a glassnet model",)),
    Bad("a huge header", lambda raw: struct.pack("<Q", 2**62) + raw[8:], ("not a glassnet model",)),
    Bad("a pickle", lambda raw: pickle.dumps(Trap()), ("not a glassnet model",)),
    Bad("another safetensors file", lambda raw: save({"x": np.zeros(3)}), ("no model of",)),
    Bad("the description gone", lambda raw: with_header(
        {**header_of(raw)[0], "__metadata__": {}}, header_of(raw)[1]), ("no model of glassnet",)),
    Bad("the description no JSON", lambda raw: with_header(
        {**header_of(raw)[0], "__metadata__": {"glassnet": "{"}}, header_of(raw)[1]), ("damaged",)),
    Bad("the description a list", lambda raw: with_header(
        {**header_of(raw)[0], "__metadata__": {"glassnet": "[]"}}, header_of(raw)[1]), ("table",)),
    Bad("from a later version", described(lambda about: about.update(format=99, version="9.0")),
        ("later version", "'9.0'", "update")),
    Bad("no format", described(lambda about: about.pop("format")), ("format",)),
    Bad("no network", described(lambda about: about.pop("network")), ("network",)),
    Bad("a layer unknown", described(lambda about: about["network"]["layers"][0].update(kind="os")),
        ("no layer named 'os'",)),
    Bad("a setting unknown", described(
        lambda about: about["network"]["layers"][0].update(run="rm")), ("'run'",)),
    Bad("more neurons", described(lambda about: about["network"]["layers"][0].update(units=33)),
        ("hidden.w", "(33, 6)", "(32, 6)")),
    Bad("neurons without end", described(
        lambda about: about["network"]["layers"][0].update(units=10**30)), ("hidden.w",)),
    Bad("neurons in words", described(
        lambda about: about["network"]["layers"][0].update(units="many")), ("units", "'many'")),
    Bad("other inputs", described(lambda about: about["network"].update(inputs=[7])), ("(32, 7)",)),
    Bad("no inputs", described(lambda about: about["network"].update(inputs=[])), ("inputs",)),
    Bad("an unknown type", described(lambda about: about["network"].update(dtype="int8")),
        ("int8",)),
    Bad("another task", described(lambda about: about.update(task="poetry")), ("'poetry'",)),
    Bad("one class less", described(lambda about: about["classes"].pop()), ("classes",)),
    Bad("a class renamed", described(lambda about: about.update(classes=["a", "b"])),
        ("classes", "differ")),
    Bad("no classes", described(lambda about: about.update(classes=None)), ("classes", "missing")),
    Bad("a column more", described(
        lambda about: about["preprocessing"].update(columns=about["preprocessing"]["columns"] * 2)),
        ("preprocessing",)),
    Bad("preprocessing damaged", described(
        lambda about: about["preprocessing"].update(columns="all")), ("preprocessing",)),
    Bad("preprocessing with infinity", described(
        lambda about: about["preprocessing"]["columns"][0].update(mean=float("inf"))),
        ("Infinity",)),
    Bad("a measure that is no number", described(
        lambda about: about["training"].update(seconds=float("nan"))), ("NaN",)),
    Bad("a weight not a number", tensors(lambda found: found[WEIGHT].__setitem__((0, 0), np.nan)),
        ("output.w", "not finite")),
    Bad("an infinite weight", tensors(lambda found: found[WEIGHT].__setitem__((0, 0), np.inf)),
        ("output.w", "not finite")),
    Bad("a tensor missing", tensors(lambda found: found.pop(WEIGHT)), (WEIGHT, "missing")),
    Bad("a tensor too many", tensors(lambda found: found.update(extra=np.zeros(3))), ("'extra'",)),
    Bad("a tensor of another shape", tensors(
        lambda found: found.update({WEIGHT: np.zeros((3, 32), np.float32)})), ("(3, 32)",)),
    Bad("a tensor of another type", tensors(
        lambda found: found.update({WEIGHT: np.zeros((2, 32))})), ("float64",)),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_bad_model(case: Bad, run: Run, models: Path) -> None:
    model = models / "flowers.safetensors"
    model.write_bytes(case.damage(model.read_bytes()))
    before = contents(models)
    for typed in ("info flowers.safetensors", "predict flowers.safetensors flowers.csv"):
        check_message(run(typed), ("flowers.safetensors", *case.facts))
    assert contents(models) == before


def test_every_cut_is_noticed(run: Run, models: Path) -> None:
    model = models / "flowers.safetensors"
    raw = model.read_bytes()
    for length in range(0, len(raw), 211):
        model.write_bytes(raw[:length])
        check_message(run("info flowers.safetensors"), ("flowers.safetensors",))


def test_every_flipped_bit_of_the_description_is_an_error_or_harmless(
    run: Run, models: Path
) -> None:
    """A flipped bit may leave a valid file (another letter in a name), but never a failure."""
    model = models / "flowers.safetensors"
    raw = model.read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    for place in range(8, 8 + length, 23):
        for bit in (0x01, 0x20):
            changed = bytearray(raw)
            changed[place] ^= bit
            model.write_bytes(bytes(changed))
            result = run("info flowers.safetensors")
            assert result.status in (0, 2), (place, bit, result.err)


def test_a_model_trained_on_arrays_has_no_columns(run: Run, models: Path) -> None:
    net = gn.Network([gn.Dense(1, "logistic")], inputs=2)
    gn.fit(net, [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 0, 0, 1], epochs=2)
    net.save("and.safetensors")
    assert run("info and.safetensors").status == 0
    for command in ("predict", "evaluate"):
        check_message(run(f"{command} and.safetensors flowers.csv"), ("plain numbers", "array"))
