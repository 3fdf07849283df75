"""Gates over time, beside formulas by hand; the heat map's colours are the numbers (K7)."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, DataError, NonFiniteError
from glassnet.explain.time.heat import LEFT, LEVELS, Block, colour, heat_svg, scale_of
from glassnet.training.text_models import text_network

STEPS, FEATURES, UNITS = 6, 2, 3
X = np.random.default_rng(7).normal(size=(STEPS, FEATURES))


def logistic(v: Any) -> Any:
    return 1 / (1 + np.exp(-v))


def network(layer: Any) -> gn.Network:
    net = gn.Network([layer, gn.Dense(1)], inputs=(STEPS, FEATURES), dtype="float64")
    rng = np.random.default_rng(2)
    for key, value in net.parameters.items():
        net.parameters[key] = rng.normal(size=value.shape)
    return net


# --- the numbers ----------------------------------------------------------------------------------
def test_an_lstm_by_hand() -> None:
    net = network(gn.LSTM(UNITS))
    found = gn.gates_over_time(net, X)
    assert list(found.values) == ["f", "i", "g", "c", "o", "h"]
    assert found.gates == {"f", "i", "o"}
    w, u, b = (net.parameters[f"lstm1.{key}"].reshape(4, UNITS, -1) for key in "wub")
    h, c = np.zeros(UNITS), np.zeros(UNITS)
    for t, x in enumerate(X):
        v = [w[k] @ x + u[k] @ h + b[k, :, 0] for k in range(4)]
        f, i, g, o = logistic(v[0]), logistic(v[1]), np.tanh(v[2]), logistic(v[3])
        c = f * c + i * g
        h = o * np.tanh(c)
        for name, wanted in zip("figcoh", (f, i, g, c, o, h), strict=True):
            assert np.allclose(found.values[name][t], wanted, rtol=1e-12), (name, t)


def test_a_gru_by_hand() -> None:
    net = network(gn.GRU(UNITS))
    found = gn.gates_over_time(net, X)
    assert set(found.values) == {"r", "z", "n", "h"}
    assert (list(found.values)[-1], found.gates) == ("h", {"r", "z"})
    w, u, b = (net.parameters[f"gru1.{key}"].reshape(3, UNITS, -1) for key in "wub")
    h = np.zeros(UNITS)
    for t, x in enumerate(X):
        r, z = (logistic(w[k] @ x + u[k] @ h + b[k, :, 0]) for k in (0, 1))
        n = np.tanh(w[2] @ x + b[2, :, 0] + r * (u[2] @ h + net.parameters["gru1.bu"]))
        h = (1 - z) * n + z * h
        for name, wanted in (("r", r), ("z", z), ("n", n), ("h", h)):
            assert np.allclose(found.values[name][t], wanted, rtol=1e-12), (name, t)


def test_a_basic_layer_and_an_own_cell() -> None:
    found = gn.gates_over_time(network(gn.RNN(UNITS)), X)
    assert list(found.values) == ["v", "h"]
    assert np.allclose(np.tanh(found.values["v"]), found.values["h"])
    assert found.title.startswith("States over time: rnn1")

    @gn.cell(weights={"w": ("units", "inputs")})
    def holding(carry: Any, x: Any, w: Any) -> Any:
        k = gn.logistic(x @ w["w"].T).named("k")
        return {"h": k * carry["h"] + (1 - k)}

    found = gn.gates_over_time(network(gn.Recurrent(holding, UNITS)), X)
    assert (list(found.values), found.gates) == (["k", "h"], {"k"})
    assert "cell holding, 3 units" in found.title


def test_the_output_of_the_network_is_the_last_h() -> None:
    net = gn.Network([gn.LSTM(UNITS), gn.GRU(2)], inputs=(STEPS, FEATURES), dtype="float64")
    assert np.allclose(
        gn.gates_over_time(net, X, layer="gru1").values["h"][-1], net.outputs(X[None])[0]
    )


def test_backward_layers_are_shown_in_the_order_of_the_sequence() -> None:
    net = network(gn.Bidirectional(gn.RNN(UNITS)))
    found = gn.gates_over_time(net, X, layer="bidirectional1.backward")
    assert found.places == (1, 2, 3, 4, 5, 6)
    w, b = (net.parameters[f"bidirectional1.backward_{key}"] for key in "wb")
    assert np.allclose(found.values["v"][-1], w @ X[-1] + b)  # the last step comes first


def test_texts_have_their_words_and_no_padding() -> None:
    net = text_network("lstm", ["a good film of films", "a bad film"] * 3, classes=2)
    found = gn.gates_over_time(net, "a good film")
    assert found.symbols == ("a", "good", "film")
    assert found.values["c"].shape == (3, 32)
    unknown = gn.gates_over_time(net, "a strange film")
    assert unknown.symbols[1] == "⟨unknown⟩"


# --- how it is shown ------------------------------------------------------------------------------
def cells(svg: str) -> dict[tuple[float, float], str]:
    """Return the colour at the left upper corner of each piece of the heat map."""
    found: dict[tuple[float, float], str] = {}
    for entry in ET.fromstring(svg).iter("{http://www.w3.org/2000/svg}path"):
        if entry.get("shape-rendering"):
            for piece in re.finditer(r"M([\d.]+) ([\d.]+)h", entry.get("d", "")):
                found[float(piece[1]), float(piece[2])] = entry.get("fill", "")
    return found


def test_the_colours_are_the_numbers() -> None:
    values = np.array([[-2.0, -1.0, 0.0, 1.0], [2.0, 0.5, -0.5, 1.5]])
    svg = heat_svg("title", "", [Block("q", "", values, 2.0)], [1, 2], [1, 2, 3, 4], [""] * 4)
    drawn = cells(svg)
    tops = sorted({y for _, y in drawn})
    assert len(drawn) == 8
    for (row, column), value in np.ndenumerate(values):
        assert drawn[LEFT + 22 * column, tops[row]] == colour(round(value / 2 * LEVELS) / LEVELS)
    assert len(set(drawn.values())) == 8


def test_neighbours_of_one_colour_are_one_piece() -> None:
    values = np.array([[0.5, 0.5, 0.5, -0.5, -0.5]])
    drawn = cells(heat_svg("", "", [Block("q", "", values, 1.0)], [1], range(1, 6), [""] * 5))
    assert len(drawn) == 2


def test_scales_hold_all_numbers() -> None:
    for largest in (0.003, 0.99, 1.0, 1.01, 4.2, 77.0, 1e5):
        scale = scale_of(np.array([-largest, largest / 2]))
        assert largest <= scale * (1 + 1e-9) < 2 * largest
    assert scale_of(np.zeros(3)) == 1.0


def test_the_liveliest_neurons_are_chosen() -> None:
    found = gn.gates_over_time(network(gn.LSTM(8)), X)
    chosen = found.liveliest(3)
    spread = found.values["h"].std(axis=0)
    assert chosen == sorted(chosen)
    assert set(np.argsort(spread)[-3:]) == set(chosen)
    svg = found.svg(3)
    assert "the 3 of 8 whose output varies most" in svg
    assert len({y for _, y in cells(svg)}) == 6 * 3
    assert "a row is a neuron (8 of them)" in found.svg(20)


def test_long_sequences_are_cut_in_the_picture() -> None:
    found = gn.gates_over_time(network(gn.RNN(2)), np.zeros((300, FEATURES)))
    assert "the first 200 of 300" in found.svg()
    assert found.values["h"].shape == (300, 2)


def test_page_and_plain_data(tmp_path: Path) -> None:
    found = gn.gates_over_time(network(gn.LSTM(UNITS)), X)
    text = str(found)
    assert max(map(len, text.splitlines())) <= 80
    (row,) = (line.split() for line in text.splitlines() if line.split()[:1] == ["f"])
    assert float(row[2]) == pytest.approx(found.values["f"].mean(), abs=5e-3)
    assert row[4] == f"{(found.values['f'] < 0.1).mean():.1%}"
    assert "<svg" in found._repr_html_()
    data = json.loads(json.dumps(found.to_dict(), allow_nan=False))
    assert np.allclose(data["values"]["c"], found.values["c"])
    found.plot(tmp_path / "gates.svg", neurons=2)
    root = ET.parse(tmp_path / "gates.svg").getroot()
    assert "forget gate" in "".join(root.itertext())


def test_symbols_that_are_signs_of_xml() -> None:
    values = np.zeros((1, 3))
    svg = heat_svg("<&>", "", [Block("q", "", values, 1.0)], [1], [1, 2, 3], ["<", "&", "\x07"])
    texts = ["".join(entry.itertext()) for entry in ET.fromstring(svg).iter()]
    assert {"<", "&", "\ufffd"} <= set(texts)
    words = heat_svg("", "", [Block("q", "", values, 1.0)], [1], [1, 2, 3], ["<b>", "&amp;", ""])
    assert "&lt;b&gt;" in words


# --- what is refused ------------------------------------------------------------------------------
def test_mistakes(tmp_path: Path) -> None:
    net = network(gn.LSTM(UNITS))
    found = gn.gates_over_time(net, X)
    with pytest.raises(ArgumentError, match=r"must end in \.svg"):
        found.plot(tmp_path / "gates.pdf")
    with pytest.raises(ArgumentError, match="neurons"):
        found.plot(tmp_path / "gates.svg", neurons=0)
    with pytest.raises(ArgumentError, match="did you mean 'lstm1'"):
        gn.gates_over_time(net, X, layer="lstm")
    with pytest.raises(DataError, match="finite"):
        gn.gates_over_time(net, X * np.inf)
    with pytest.raises(ArgumentError, match="no recurrent layer"):
        gn.gates_over_time(gn.Network([gn.Dense(1)], inputs=2), [1.0, 2.0])
    net.parameters["lstm1.b"][0] = np.inf
    with pytest.raises(NonFiniteError, match=r"lstm1\.b\[1\] is inf"):
        gn.gates_over_time(net, X)
    assert list(tmp_path.iterdir()) == []
