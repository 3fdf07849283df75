"""The page on workings: its problems can be read, its console example prints what it says."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from glassnet.explain import explain
from glassnet.explain.conventions import profile_of
from glassnet.explain.problems import read_problem

PAGE = (Path(__file__).parents[2] / "docs" / "workings.md").read_text(encoding="utf-8")
FILES = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
PROBLEMS = [text for text in FILES if "[conventions]" not in text]


@pytest.mark.parametrize("text", PROBLEMS, ids=[text.split("\n")[0] for text in PROBLEMS])
def test_problems_are_worked_out(text: str) -> None:
    assert str(explain(read_problem(text, "docs")))


def test_the_conventions_are_read() -> None:
    (text,) = (text for text in FILES if "[conventions]" in text)
    profile = profile_of(tomllib.loads(text)["conventions"])
    assert (profile.name, profile.digits, profile.carried) == ("our course", 4, True)


def test_the_console_example() -> None:
    ((name, shown),) = re.findall(
        r"```console\n\$ glassnet explain (\w+)\n(.*?)```", PAGE, re.DOTALL
    )
    assert str(explain(name)) == shown
