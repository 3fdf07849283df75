"""The page of paths: text at 80 columns, equations that are true, pictures that can be read."""

from __future__ import annotations

import json
import re
import unicodedata
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError
from glassnet.explain import Paths, paths
from glassnet.explain.mathml import formula
from glassnet.explain.problems import Problem
from tests.explain.equations import NotNumbersError, mathml_value


def batch() -> Problem:
    rng = np.random.default_rng(2)
    data = {"x": rng.normal(size=(3, 2)).tolist(), "d": [[0.0], [1.0], [0.5]]}
    return Problem("a batch", data, {"layers": ["3 tanh", "2 relu", "1 logistic"]})


def digits() -> Problem:
    data = {"x": np.random.default_rng(0).normal(size=(1, 64)).tolist(), "d": [3]}
    return Problem("digits", data, {"layers": ["32 tanh", "10 softmax"]})


def shared(**settings: object) -> Paths:
    w, x = gn.tensor(0.8, "w"), gn.tensor(-1.5, "x")
    first, second = gn.logistic(w * 0.5).named("a"), gn.logistic(w * x).named("b")
    return paths((first * second).named("J"), w, **settings)  # type: ignore[arg-type]


SETTINGS = [{}, {"digits": 3, "carried": True}, {"digits": 4, "carried": True}, {"digits": 9}]


def examples(**settings: object) -> dict[str, Paths]:
    keys = list(_weights(batch()))
    return {
        "shared": shared(**settings),
        "backpropagation": paths("backpropagation", "x[2]", **settings),  # type: ignore[arg-type]
        "softmax": paths("softmax", "w[1,2]", **settings),  # type: ignore[arg-type]
        "batch": paths(batch(), keys[0], most=4, **settings),  # type: ignore[arg-type]
        "example": paths(batch(), keys[0], example=2, **settings),  # type: ignore[arg-type]
        "digits": paths(digits(), "hidden.w[3,7]", **settings),  # type: ignore[arg-type]
        "no path": paths("backpropagation", "x[1]", to="hidden.w[1,1]", **settings),  # type: ignore[arg-type]
    }


def _weights(problem: Problem) -> list[str]:
    with pytest.raises(ArgumentError, match="there are") as error:
        paths(problem, "nothing")
    found = re.findall(r"[\w ]+\.w\b", str(error.value))
    return [f"{name.strip()}[1,1]" for name in found]


@pytest.mark.parametrize("settings", SETTINGS)
def test_every_line_fits_80_columns(settings: dict[str, object]) -> None:
    for name, found in examples(**settings).items():
        for line in str(found).splitlines():
            wide = sum(not unicodedata.combining(sign) for sign in line)
            assert wide <= 80, f"{name}: {line}"
            assert "np.float" not in line


@pytest.mark.parametrize("settings", SETTINGS)
def test_printed_equations_are_true(settings: dict[str, object]) -> None:
    """The last side with numbers in it gives the number that is printed after it."""
    kept = int(settings.get("digits", 6))  # type: ignore[call-overload]
    for name, found in examples(**settings).items():
        checked = 0
        for part in found.page(found.profile).parts:
            for entry in part.workings:
                if len(entry.sides) < 2:
                    continue
                try:
                    worked = mathml_value(formula(entry.sides[-2]))
                except NotNumbersError:
                    continue  # names only: x₂ = 1
                result = mathml_value(formula(entry.result))
                # numbers that are cut when they are printed leave the sum of their errors
                room = 2.0 if settings.get("carried") else 30.0
                scale = max(abs(result), found.absolute if part.title == "Sum" else 0.0)
                assert worked == pytest.approx(result, abs=room * 10 ** (1 - kept) * scale), name
                checked += 1
        assert checked >= (3 if found.count else 0), name


def test_rounded_results_are_used_further() -> None:
    rough = paths("backpropagation", "hidden.b[1]", digits=3, carried=True)
    text = str(rough)
    assert "= 0.477 · (−1) · 0.249 · 0.4 · 0.247 · 1" in text
    assert "∂E/∂hidden.b₁ = P₁ = −0.0117" in text
    assert "−0.0118\n    back-propagation, with nothing rounded on the way" in text


def test_the_page_says_what_the_notes_say() -> None:
    text = str(paths("backpropagation", "hidden.w[1,2]"))
    for said in (
        "One path leads from hidden.w₁₂ to E.",
        "∂output.y₁/∂output.v₁ = output.y₁ · (1 − output.y₁)",
        "∂output.v₁/∂hidden.y₁ = output.w₁₁ = 0.4",
        "hidden.w₁₂ → hidden.v₁ → hidden.y₁ → output.v₁ → output.y₁ → output.e₁ → E",
        "= −0.0117885",
        "back-propagation gives the same",
    ):
        assert said in text, said


def test_long_formulas_are_left_out() -> None:
    text = str(paths(digits(), "hidden.w[3,7]"))
    assert "hidden.v₃ = −0.00656179" in text  # not the sum of 65 terms
    assert "hidden.w₃₈" not in text


def pictures(found: Paths) -> list[ET.Element]:
    page = found.page(found.profile)
    drawn = [*page.pictures, *(picture for part in page.parts for picture in part.pictures)]
    return [ET.fromstring(picture.svg) for picture in drawn]


def lit(svg: ET.Element) -> int:
    return sum("path" in g.get("class", "").split() for g in svg.iter("g"))


def test_pictures_light_one_path_each() -> None:
    for name, found in examples().items():
        drawn = pictures(found)
        expected = len(found.paths) if len(found.web.numbers) <= 24 else min(1, found.count)
        assert len(drawn) == expected, name
        for svg, path in zip(drawn, found.paths, strict=False):
            assert svg.tag == "svg"
            assert lit(svg) == len(path.factors)
            text = ET.tostring(svg, encoding="unicode")
            assert "prefers-color-scheme:dark" in text.replace(": ", ":")
            assert "<script" not in text


def test_the_picture_of_a_few_numbers_shows_all_of_them() -> None:
    found = shared()
    (first, second) = pictures(found)
    boxes = [g for g in first.iter("g") if "node" in g.get("class", "").split()]
    assert len(boxes) == len(found.web.numbers) == 4
    arrows = [g for g in first.iter("g") if "arrow" in g.get("class", "").split()]
    assert len(arrows) == 4
    assert float(second.get("width", "0")) < float(first.get("width", "0"))
    large = paths(digits(), "x[3]")
    assert not large.web.whole
    assert len(pictures(large)[0].findall(".//g[@data-node]")) == len(large.web.numbers) < 60


def test_every_format(tmp_path: Path) -> None:
    found = paths("softmax", "w[1,2]")
    for ending, word in {"txt": "P₁", "md": "P_", "tex": r"\partial", "html": "<svg"}.items():
        file = tmp_path / f"paths.{ending}"
        found.save(file)
        assert word in file.read_text(encoding="utf-8"), ending
    found.save(tmp_path / "paths.json")
    (kept,) = json.loads((tmp_path / "paths.json").read_text(encoding="utf-8"))["steps"]
    assert kept["count"] == 4
    assert kept["agrees"] is True
    assert kept["paths"][0]["quantities"][0] == "output.w[1,2]"
    assert kept["paths"][0]["product"] == pytest.approx(0.532684, abs=1e-6)
    page = found._repr_html_()  # pyright: ignore[reportPrivateUsage]
    ET.fromstring(page.replace("<details open>", "<details>"))
    assert "http" not in page
    assert len(page.encode()) < 60_000
    with pytest.raises(ArgumentError, match=r"\.html"):
        found.save(tmp_path / "paths.pdf")
