"""Whatever the bytes of a file are: a table with as many cells as lines, or one explained error."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from glassnet.data import Preprocessing, Table, decide_target, open_data, read_table
from glassnet.errors import GlassnetError

WORDS = '1 2.5 -3 a b yes no ? 007 1e999 inf 2024-01-02 " , , , ; | é \0 \u2028 \x0c'
PIECES = st.sampled_from([*WORDS.split(" "), "\n", "\n", "\n", "\r\n", "\t", " ", ""])
TEXTS = st.lists(PIECES, max_size=60).map(lambda parts: "".join(parts).encode())


@given(st.one_of(TEXTS, st.binary(max_size=60), TEXTS.map(lambda b: b"\xff\xfe" + b)))
def test_any_bytes(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("any") / "data.csv"
    path.write_bytes(content)
    try:
        table = open_data(path).data
    except GlassnetError:
        return
    assert isinstance(table, Table)
    assert all(len(column.values) == table.rows >= 2 for column in table.columns)
    assert len(table.names) == len(set(table.names))
    assert np.all(np.diff(table.lines) > 0)
    table._repr_html_()


CELLS = st.sampled_from(["1", "2", "3.5", "?", "a", "b", "yes", "no", "2024-01-02", "2025-07-01"])


@given(st.lists(st.tuples(CELLS, CELLS, CELLS, CELLS), min_size=2, max_size=12))
def test_any_table_becomes_finite_features(tmp_path_factory, cells):
    path = tmp_path_factory.mktemp("any") / "data.csv"
    path.write_text("p,q,r,s\n" + "".join(",".join(row) + "\n" for row in cells))
    try:
        table = read_table(path)
        target = decide_target(table)
        fitted = Preprocessing.fit(table, target)
    except GlassnetError:
        return
    features = fitted.transform(table)
    assert features.shape == (table.rows, len(fitted.feature_names))
    assert np.all(np.isfinite(features))
    assert len(set(fitted.feature_names)) == features.shape[1]
    assert Preprocessing.from_json(fitted.to_json()) == fitted
    usable = table.take(target.usable_rows(table))
    decoded = fitted.decode_predictions(fitted.encode_target(usable))
    assert len(decoded) == usable.rows
