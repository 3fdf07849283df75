"""The network unrolled in time: its formulas, and the picture read back."""

from __future__ import annotations

import itertools
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError
from glassnet.training.text_models import fit_texts, text_network

SVG = "{http://www.w3.org/2000/svg}"
STEPS = 9


def network(*layers: Any, inputs: Any = (STEPS, 2)) -> gn.Network:
    return gn.Network(list(layers), inputs=inputs)


def boxes(svg: str) -> list[tuple[float, float, float, float]]:
    """Return left, top, right and lower edge of each box."""
    found: list[tuple[float, float, float, float]] = []
    for entry in ET.fromstring(svg).iter(f"{SVG}rect"):
        if entry.get("class") in ("box", "input"):
            x, y, width, height = (
                float(entry.get(key, "")) for key in ("x", "y", "width", "height")
            )
            found.append((x, y, x + width, y + height))
    return found


def texts(svg: str, style: str = "") -> list[str]:
    return [
        "".join(entry.itertext())
        for entry in ET.fromstring(svg).iter(f"{SVG}text")
        if not style or style in entry.get("class", "").split()
    ]


# --- formulas -------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("layers", "formulas"),
    [
        (
            [gn.LSTM(4), gn.Dense(1)],
            ["h(t), c(t) = LSTM(x(t), h(t−1), c(t−1))", "y = W h(9) + b"],
        ),
        (
            [gn.RNN(4, "relu"), gn.GRU(3, returns="sequence"), gn.Dense(2, "softmax")],
            [
                "h₁(t) = relu(W x(t) + U h₁(t−1) + b)",
                "h₂(t) = GRU(h₁(t), h₂(t−1))",
                "y(t) = softmax(W h₂(t) + b)",
            ],
        ),
        (
            [gn.Bidirectional(gn.GRU(3)), gn.Dense(5, "tanh"), gn.Dense(1, "logistic")],
            [
                "h→(t) = GRU(x(t), h→(t−1))",
                "h←(t) = GRU(x(t), h←(t+1))",
                "a = tanh(W [h→(9), h←(1)] + b)",
                "y = logistic(W a + b)",
            ],
        ),
        (
            [gn.RNN(2), gn.Average(), gn.Dense(1)],
            ["h(t) = tanh(W x(t) + U h(t−1) + b)", "m = 1/T Σ h(t)", "y = W m + b"],
        ),
    ],
)
def test_formulas(layers: list[Any], formulas: list[str]) -> None:
    assert [row.formula for row in gn.unrolled(network(*layers)).rows] == formulas


def test_layers_before_and_cells_of_ones_own() -> None:
    @gn.cell(carry=("h", "m"), weights={"w": ("units", "inputs")})
    def adding_up(carry: Any, x: Any, w: Any) -> Any:
        m = carry["m"] + gn.tanh(x @ w["w"].T)
        return {"h": m + carry["h"], "m": m}

    layers = [gn.Mask(), gn.Embedding(5, 3), gn.Dropout(0.5), gn.Recurrent(adding_up, 2)]
    found = gn.unrolled(network(*layers, gn.Dense(1), inputs=7))
    assert [row.formula for row in found.rows] == [
        "e(t) = W[x(t)]",
        "h(t), m(t) = adding_up(e(t), h(t−1), m(t−1))",
        "y = W h(7) + b",
    ]
    assert found.left_out == ("mask1 (padding)", "dropout1 (in training only)")
    assert found.weights == 5 * 3 + 2 * 3 + 2 + 1


# --- the picture ----------------------------------------------------------------------------------
def test_first_steps_and_the_last() -> None:
    svg = gn.unrolled(network(gn.LSTM(4), gn.Dense(1))).svg()
    assert len(boxes(svg)) == 4 + 1  # the LSTM at 1, 2, 3 and 9; the output once
    assert [entry for entry in texts(svg) if entry.startswith("x(")] == [
        "x(1)", "x(2)", "x(3)", "x(9)",
    ]  # fmt: skip
    assert [entry for entry in texts(svg, "state") if entry.startswith("h")] == [
        "h(0)", "h(1)", "h(2)", "h(3)", "h(8)",
    ]  # fmt: skip
    assert [entry for entry in texts(svg, "state") if entry.startswith("c")] == [
        "c(0)", "c(1)", "c(2)", "c(3)", "c(8)",
    ]  # fmt: skip
    assert "y" in texts(svg)
    assert "…" in texts(svg)


def test_short_sequences_are_drawn_whole() -> None:
    svg = gn.unrolled(network(gn.RNN(2, returns="sequence"), inputs=(4, 2))).svg()
    assert len(boxes(svg)) == 4
    assert "…" not in texts(svg)
    assert [entry for entry in texts(svg) if entry.startswith("y(")] == [
        "y(1)", "y(2)", "y(3)", "y(4)",
    ]  # fmt: skip
    one = gn.unrolled(network(gn.RNN(2), inputs=(1, 2)))
    assert one.title.endswith("1 step")
    assert len(boxes(one.svg())) == 1


def test_backward_states_come_from_the_right() -> None:
    svg = gn.unrolled(network(gn.Bidirectional(gn.RNN(2)), gn.Dense(1))).svg()
    assert [entry for entry in texts(svg, "state") if entry.startswith("h←")] == [
        "h←(10)", "h←(9)", "h←(4)", "h←(3)", "h←(2)",
    ]  # fmt: skip


LAYERS: list[list[Any]] = [
    [gn.LSTM(4), gn.Dense(1)],
    [gn.Bidirectional(gn.LSTM(4)), gn.Dense(3), gn.Dense(1)],
    [gn.Bidirectional(gn.RNN(4)), gn.Bidirectional(gn.GRU(4, returns="sequence")), gn.Dense(2)],
    [gn.RNN(2), gn.RNN(2), gn.Average()],
    [gn.Dense(3, "tanh"), gn.GRU(2)],
    [gn.Bidirectional(gn.RNN(4))],
]


@pytest.mark.parametrize("layers", LAYERS, ids=lambda layers: " ".join(map(str, layers)))
@pytest.mark.parametrize("first", [1, 3, 8])
def test_nothing_lies_on_anything_else(layers: list[Any], first: int) -> None:
    svg = gn.unrolled(network(*layers)).svg(first)
    found, root = boxes(svg), ET.fromstring(svg)
    width, height = (float(root.get(key, "")) for key in ("width", "height"))
    for left, top, right, low in found:
        assert 0 < left < right < width
        assert 0 < top < low < height
    for one, other in itertools.combinations(found, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (one, other)
    for entry in root.iter(f"{SVG}path"):  # every arrow ends inside the picture
        points = entry.get("d", "").removeprefix("M").removesuffix("z").split("L")
        for x, y in (map(float, point.split()) for point in points):
            assert 0 <= x <= width
            assert 0 <= y <= height


def test_every_box_is_entered() -> None:
    """Each box of a step has an arrow from below, and one for each part of the state."""
    svg = gn.unrolled(network(gn.LSTM(2), gn.LSTM(2))).svg()
    heads = [entry.get("d", "") for entry in ET.fromstring(svg).iter(f"{SVG}path")]
    ends = [
        tuple(map(float, path.removeprefix("M").split("L")[0].split()))
        for path in heads
        if path.endswith("z")
    ]
    for left, top, right, low in boxes(svg):
        assert sum(left < x < right and y == low for x, y in ends) == 1
        assert sum(x == left and top < y < low for x, y in ends) == 2


# --- with a sequence ------------------------------------------------------------------------------
def test_symbols_and_answers() -> None:
    texts_ = ["a good film", "a bad film", "good food", "bad food"] * 3
    net = text_network("lstm", texts_, classes=2)
    fit_texts(net, texts_, ["yes", "no", "yes", "no"] * 3, epochs=1, progress=False)
    found = gn.unrolled(net, "a good film")
    assert (found.steps, found.symbols) == (3, ("a", "good", "film"))
    assert found.answers == (str(net.predict(["a good film"])[0]),)
    assert {"a", "good", "film", *found.answers} <= set(texts(found.svg(), "strong"))


def test_an_answer_for_each_step() -> None:
    net = network(gn.RNN(3, returns="sequence"), gn.Dense(2, "softmax"), inputs=(4, 2))
    x = np.random.default_rng(0).normal(size=(8, 4, 2))
    gn.fit(net, x, np.where(x[..., 0] > 0, "up", "down"), epochs=1, progress=False)
    found = gn.unrolled(net, x[0])
    assert found.answers == tuple(net.predict(x[:1])[0])
    longer = gn.unrolled(net, np.concatenate([x[0], x[1]]))
    assert (longer.steps, len(longer.answers)) == (8, 8)


def test_page_and_plain_data(tmp_path: Path) -> None:
    found = gn.unrolled(network(gn.LSTM(4), gn.Dense(1)))
    assert max(map(len, str(found).splitlines())) <= 80
    assert "<svg" in found._repr_html_()
    data = json.loads(json.dumps(found.to_dict()))
    assert data["layers"][0]["state"] == ["h", "c"]
    assert [row["at"] for row in data["layers"]] == ["each", "last"]
    found.plot(tmp_path / "network.svg", first=2)
    assert len(boxes((tmp_path / "network.svg").read_text())) == 4


def test_mistakes(tmp_path: Path) -> None:
    found = gn.unrolled(network(gn.LSTM(4), gn.Dense(1)))
    for first in (0, 13, 1.5):
        with pytest.raises(ArgumentError, match="first"):
            found.svg(first)  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match=r"must end in \.svg"):
        found.plot(tmp_path / "network.png")
    with pytest.raises(ArgumentError, match="no recurrent layer"):
        gn.unrolled(network(gn.Dense(1), inputs=2))
