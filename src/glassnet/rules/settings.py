"""What a rule's docstring says of it: its sentence, and what each of its settings means."""

from __future__ import annotations

import dataclasses
import inspect
import re
from typing import Any, NamedTuple, cast

from glassnet.rules.estimator import Estimator

__all__ = ["Setting", "sentence", "settings"]

ARGUMENT = re.compile(r" {4}(\w+(?:, \w+)*): (.*)")


class Setting(NamedTuple):
    """A setting of a rule.

    Args:
        name: Its name.
        default: The value that it has if none is given.
        meaning: What it means, and what is allowed.
    """

    name: str
    default: Any
    meaning: str


def sentence(rule: type[Estimator]) -> str:
    """Return the first line of a rule's docstring.

    >>> from glassnet.rules import LVQ
    >>> sentence(LVQ)[:28]
    'Prototypes of known class: t'
    """
    return inspect.cleandoc(rule.__doc__ or "").partition("\n")[0]


def settings(rule: type[Estimator]) -> list[Setting]:
    """Return the settings of a rule, in order, with what its docstring says of them.

    >>> from glassnet.rules import Sanger
    >>> settings(Sanger)[0]
    Setting(name='components', default=2, meaning='How many neurons, at most the number of inputs.')
    """
    text = inspect.cleandoc(rule.__doc__ or "").partition("\nArgs:\n")[2].partition("\n\n")[0]
    meanings: dict[str, str] = {}
    names: list[str] = []
    for line in text.splitlines():
        found = ARGUMENT.fullmatch(line)
        if found:
            names = found[1].split(", ")
        for name in names:
            said = found[2] if found else line.strip()
            meanings[name] = f"{meanings.get(name, '')} {said}".strip()
    fields = dataclasses.fields(cast("Any", rule))
    return [Setting(f.name, f.default, meanings.get(f.name, "")) for f in fields if f.init]
