"""Every op of the registry keeps what its record promises."""

from __future__ import annotations

import string
from typing import Any

import pytest

import glassnet as gn  # noqa: F401 - registers the ops
from glassnet.graph import REGISTRY, Op
from glassnet.graph.operation import Source
from ops import conformance

OPS = [pytest.param(op, id=name) for name, op in sorted(REGISTRY.items())]


@pytest.mark.parametrize("check", conformance.WITHOUT_ORACLE, ids=lambda check: check.__name__)
@pytest.mark.parametrize("op", OPS)
def test_op(op: Op, check: Any) -> None:
    check(op)


@pytest.mark.parametrize("check", conformance.WITH_ORACLE, ids=lambda check: check.__name__)
@pytest.mark.parametrize("op", OPS)
def test_op_against_jax(op: Op, check: Any, jax_oracle: Any) -> None:
    check(op, jax_oracle)


def test_each_op_has_an_oracle_and_each_oracle_an_op(jax_oracle: Any) -> None:
    assert set(jax_oracle.ORACLES) == set(REGISTRY)


@pytest.mark.parametrize("op", OPS)
def test_record_can_be_tested(op: Op) -> None:
    """Cases for all but inputs; float64 is held to 1e-9 and never looser."""
    assert op.samples().cases or isinstance(op.native, Source)
    assert op.samples().tolerance <= 1e-9


@pytest.mark.parametrize("op", OPS)
def test_formula_names_only_what_there_is(op: Op) -> None:
    for case in op.samples().cases:
        fields = {field for _, field, _, _ in string.Formatter().parse(op.explain.form) if field}
        known = {str(position) for position in range(len(case.inputs))} | set(case.attributes)
        assert fields <= known
    assert op.explain.sentence.endswith((".", "?"))
