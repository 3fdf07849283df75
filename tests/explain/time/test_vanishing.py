"""Gradients that vanish and explode (K6), and what a network is asked about."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, NonFiniteError
from glassnet.explain.time.chart import Curve, chart_svg
from glassnet.explain.time.material import material
from glassnet.training.text_models import text_network


def test_linear_neurons_show_w_hh_alone() -> None:
    shown = gn.vanishing(5, scales=(0.5, 1.0, 1.5), steps=12)
    lags = np.arange(13)
    for scale in (0.5, 1.0, 1.5):
        assert np.allclose(shown.norms[f"RNN {scale:g}"], scale**lags, rtol=1e-9)
    assert set(shown.norms) == {"RNN 0.5", "RNN 1", "RNN 1.5", "LSTM h", "LSTM c"}


def test_a_slope_makes_it_smaller() -> None:
    """‖∂h(t)/∂h(k)‖ ≤ ‖W_hh‖^(t−k) where ψ' ≤ 1; so below 1 it vanishes whatever the inputs."""
    shown = gn.vanishing(8, scales=(0.9, 1.5), steps=20, activation="tanh")
    lags = np.arange(21)
    for scale in (0.9, 1.5):
        norms = shown.norms[f"RNN {scale:g}"]
        assert (norms <= scale**lags * (1 + 1e-12)).all()
        assert norms[20] < scale**20 / 2


def test_a_forget_bias_keeps_the_gradient() -> None:
    """c(t) = f ⊙ c(t−1) + …: where f is nearly 1, so is ∂c(t)/∂c(t−1)."""
    closed, open_ = (gn.vanishing(8, steps=20, forget_bias=bias) for bias in (-2.0, 5.0))
    assert closed.norms["LSTM c"][20] < 1e-6
    assert open_.norms["LSTM c"][20] > 0.5


def test_the_table_and_the_plot(tmp_path: Path) -> None:
    shown = gn.vanishing(4, steps=30)
    lines = str(shown).splitlines()
    assert max(map(len, lines)) <= 80
    assert re.search(
        r"lag +RNN 0\.5 +RNN 0\.9 +RNN 1 +RNN 1\.1 +RNN 1\.5 +LSTM h +LSTM c", str(shown)
    )
    (last,) = (line.split() for line in lines if line.strip().startswith("a step"))
    assert last[2:7] == ["0.5", "0.9", "1", "1.1", "1.5"]
    shown.plot(tmp_path / "norms.svg")
    root = ET.parse(tmp_path / "norms.svg").getroot()
    texts = {"".join(entry.itertext()) for entry in root.iter() if entry.tag.endswith("text")}
    assert {"RNN 0.5", "LSTM c", "lag t − k"} <= texts
    assert "<svg" in shown._repr_html_()
    data = json.loads(json.dumps(shown.to_dict(), allow_nan=False))
    assert data["norms"]["RNN 0.5"][1] == pytest.approx(0.5)
    assert str(gn.vanishing(4, steps=30)) == str(shown)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"units": 0}, "units"),
        ({"steps": 0}, "steps"),
        ({"scales": ()}, "1 to 5 numbers"),
        ({"scales": "1"}, "1 to 5 numbers"),
        ({"scales": (1, 2, 3, 4, 5, 6)}, "1 to 5 numbers"),
        ({"scales": (1.0, 0.0)}, "scales"),
        ({"scales": (1.0, 1.0)}, "differ"),
        ({"activation": "tanhh"}, "did you mean 'tanh'"),
        ({"forget_bias": float("nan")}, "forget_bias"),
        ({"seed": -1}, "seed"),
    ],
)
def test_wrong_settings(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ArgumentError, match=message):
        gn.vanishing(**settings)


def test_states_that_overflow() -> None:
    with pytest.raises(NonFiniteError, match="is not finite"):
        gn.vanishing(2, scales=(10.0,), steps=400)


# --- the plot -------------------------------------------------------------------------------------
def test_a_plot_leaves_out_what_has_no_logarithm() -> None:
    values = np.array([1.0, 0.1, 0.0, 0.001, np.inf])
    root = ET.fromstring(chart_svg("title", [Curve("a <b>", values)], "lag", "norm"))
    (path,) = (entry for entry in root.iter() if entry.tag.endswith("path"))
    assert path.get("d", "").count("M") == 2  # broken where a point is left out
    assert path.get("d", "").count("L") == 1
    assert len(list(root.iter("{http://www.w3.org/2000/svg}circle"))) == 3
    empty = ET.fromstring(chart_svg("title", [Curve("a", np.zeros(3))], "lag", "norm"))
    assert not [entry for entry in empty.iter() if entry.tag.endswith("path")]


def test_equal_factors_are_a_straight_line() -> None:
    root = ET.fromstring(chart_svg("title", [Curve("a", 0.5 ** np.arange(9.0))], "lag", "norm"))
    circles = list(root.iter("{http://www.w3.org/2000/svg}circle"))
    heights = np.array([float(circle.get("cy", "nan")) for circle in circles])
    assert np.allclose(np.diff(heights), np.diff(heights).mean(), atol=0.11)
    assert heights[-1] > heights[0]


# --- what a network is asked about ----------------------------------------------------------------
def test_made_sequences() -> None:
    net = gn.Network([gn.RNN(2), gn.Dense(1)], inputs=(9, 2))
    x, about = material(net, seed=4)
    assert (x.shape, about) == ((9, 2), "random numbers, 9 steps, seed 4")
    net.training["data"] = {"name": "adding"}
    x, about = material(net, steps=12)
    assert (x.shape, about) == ((12, 2), "a sequence of adding, 12 steps, seed 1")
    assert x[:, 1].sum() == 2
    net = gn.Network([gn.Embedding(8, 3), gn.RNN(2)], inputs=9)
    x, _ = material(net)
    assert set(x) <= set(range(8))
    net.training["data"] = {"name": "brackets"}
    assert material(net, steps=5)[0].shape == (5,)
    assert gn.gradient_through_time(net, "({a})").symbols == ("(", "{", "a", "}", ")")
    with pytest.raises(gn.GlassnetError, match=r"symbol 3, 'x', is none of"):
        gn.gradient_through_time(net, "({x})")


def test_networks_that_read_texts() -> None:
    net = text_network("lstm", ["a good film", "a bad film"] * 3, classes=2)
    with pytest.raises(ArgumentError, match="this network reads texts"):
        material(net)
    found = gn.gradient_through_time(net, "a good film")
    assert found.layer == "bidirectional1.forward"
    assert (found.step, found.symbols[:3]) == (3, ("a", "good", "film"))
    with pytest.raises(ArgumentError, match="leave out steps"):
        material(net, text="a film", steps=3)
    bag = text_network("bag", ["a good film", "a bad film"] * 3, classes=2)
    with pytest.raises(ArgumentError, match="no recurrent layer"):
        gn.gradient_through_time(bag, "a good film")
