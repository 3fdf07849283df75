"""Every op of the registry can be written in every notation, and says in it what it computes."""

from __future__ import annotations

import itertools
import math
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from glassnet.explain import forms, latex, mathml
from glassnet.explain.expressions import Address, Apply, Expression, Number, Quantity
from glassnet.explain.setting import notation
from glassnet.explain.symbols import name_of
from glassnet.graph import REGISTRY
from glassnet.graph.operation import Elementwise
from tests.explain.equations import latex_value, mathml_value
from tests.ops.conformance import cases, is_source

OPS = [name for name, op in REGISTRY.items() if not is_source(op)]


@pytest.mark.parametrize("name", REGISTRY)
def test_every_form_can_be_read(name: str) -> None:
    """Brackets may be open on one side: U[0, 1)."""
    form = REGISTRY[name].explain.form
    holes = set(re.findall(r"\{(\w+)\}", form))
    assert holes <= set(re.findall(r"Hole\(key='(\w+)'\)", repr(forms.parse(form))))


@pytest.mark.parametrize("name", OPS)
def test_every_op_can_be_written(name: str) -> None:
    op = REGISTRY[name]
    for _, case, inputs in cases(op):
        names = [Quantity(Address(letter)) for letter in "abcd"[: len(inputs)]]
        written = notation(Apply(op, tuple(names), case.attributes), name_of)
        text = latex.formula(written)
        assert text.count("{") == text.count("}")
        assert text.count(r"\left") == text.count(r"\right")
        assert not set(text) - set(map(chr, range(32, 127)))
        page = mathml.formula(written)
        ET.fromstring(f"<math>{page}</math>")
        for position, letter in enumerate("abcd"[: len(inputs)]):
            if f"{{{position}}}" in op.explain.form:
                assert f"<mi>{letter}</mi>" in page
                assert letter in text


ELEMENTWISE = [name for name in OPS if isinstance(REGISTRY[name].native, Elementwise)]


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_what_is_written_is_what_is_computed(name: str) -> None:
    op = REGISTRY[name]
    for _, case, inputs in cases(op):
        if op.explain.form == "{0}" and inputs[0].dtype != bool:
            continue  # the same number, of another type: nothing is written
        wanted = np.asarray(op.evaluate(*inputs, **case.attributes))
        spread = [np.broadcast_to(entry, wanted.shape) for entry in inputs]
        for place in itertools.islice(np.ndindex(*wanted.shape), 4):
            numbers: list[Expression] = [Number(float(entry[place])) for entry in spread]
            if max(abs(float(entry[place])) for entry in spread) < 700:  # e^700 can be written out
                _same(Apply(op, tuple(numbers), case.attributes), float(wanted[place]))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("max", 2.0), ("logsumexp", math.log(math.exp(-1.5) + math.exp(2.0) + math.exp(0.25)))],
)
def test_a_list_is_written_out(name: str, wanted: float) -> None:
    entries = (Number(-1.5), Number(2.0), Number(0.25))
    _same(Apply(REGISTRY[name], (entries,), {"axis": 0}), wanted)


def _same(expression: Apply, wanted: float) -> None:
    written = notation(expression, name_of, 15)
    if math.isnan(wanted):
        return
    assert latex_value(latex.formula(written)) == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    assert mathml_value(mathml.formula(written)) == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("form", ["{0} +", "({0}", "{0})", "{1} if {0}", "", "^{0}", "max({0},)"])
def test_forms_that_cannot_be_read(form: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        forms.parse(form)


@pytest.mark.parametrize(
    ("form", "written"),
    [
        ("e^{0}", r"\mathrm{e}^{-(-2)}"),
        ("√{0}", r"\sqrt{-(-2)}"),
        ("1 / (1 + e^(−{0}))", r"\frac{1}{1 + \mathrm{e}^{-(-(-2))}}"),
        ("|{0}|", r"\lvert-(-2)\rvert"),
        ("⌊{0}⌋", r"\lfloor-(-2)\rfloor"),
        ("{0}²", "(-(-2))^2"),
        ("2 · {0}", r"2 \cdot (-(-2))"),
        ("[0, {0}, 0]", "[0, -(-2), 0]"),
        ("tanh {0} + ln(1 + {0})", r"\tanh(-(-2)) + \ln(1 + (-(-2)))"),
    ],
)
def test_brackets_stand_where_they_are_needed(form: str, written: str) -> None:
    negate = REGISTRY["negate"]
    op: Any = SimpleNamespace(explain=replace(negate.explain, form=form))
    inner = Apply(negate, (Number(-2.0),), {})
    assert latex.formula(notation(Apply(op, (inner,), {}), name_of)) == written
