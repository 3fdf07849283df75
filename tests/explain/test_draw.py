"""The picture as a file: well-formed, safe, of bounded size; saving and its errors."""

from __future__ import annotations

import errno
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, OutputError
from glassnet.explain import draw

SVG = "{http://www.w3.org/2000/svg}"


def example():
    x, w, b = gn.tensor([3.0], "x"), gn.tensor([2.0], "w"), gn.tensor([0.1], "b")
    return gn.relu((w * x).named("u") + b).named("a")


def hints(drawing):
    tree = ET.fromstring(drawing.svg)
    groups = [g for g in tree.iter(f"{SVG}g") if "node" in g.get("class", "").split()]
    return [g.findtext(f"{SVG}title").split("\n") for g in groups]


def texts(drawing):
    found = ("".join(text.itertext()) for text in ET.fromstring(drawing.svg).iter(f"{SVG}text"))
    return [text.replace("\u00a0", " ") for text in found]


def test_a_drawing_is_one_xml_file_that_needs_nothing_else():
    svg = draw(example(), local_derivatives=True).svg
    tree = ET.fromstring(svg)
    assert tree.tag == f"{SVG}svg"
    assert not list(tree.iter(f"{SVG}script"))
    assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")
    assert "url(" not in svg
    assert "@import" not in svg
    assert tree.findtext(f"{SVG}title") == "Computation graph of a"
    description = tree.findtext(f"{SVG}desc")
    assert "6 nodes, 5 arrows" in description
    assert "w: given, 2, gradient 3" in description
    names = tree.get("aria-labelledby").split()
    assert names == [tree.find(f"{SVG}{tag}").get("id") for tag in ("title", "desc")]
    assert "prefers-color-scheme:dark" in svg


def test_values_and_gradients_are_in_the_picture_short_and_in_full():
    drawing = draw(example())
    assert {"w = 2", "∂a/∂w = 3", "u = 6", "6.1", "∂ = 1", "a = 6.1"} <= set(texts(drawing))
    full = {hint[0].split(":")[0]: hint for hint in hints(drawing)}
    assert "value: 0.1" in full["b"]
    assert "∂a/∂w: 3.0" in full["w"]
    assert "multiply: w · x" in full["u"]
    assert "with numbers: 2 · 3" in full["u"]


def test_every_full_value_and_gradient_equals_the_engine_s():
    rng = np.random.default_rng(3)
    w, x = gn.tensor(rng.normal(size=(3, 2)), "W"), gn.tensor(rng.normal(size=2), "x")
    h = gn.tanh((w @ x).named("v")).named("h")
    loss = (h * h).sum().named("L")
    seen = {hint[0].split(":")[0]: hint for hint in hints(draw(loss))}
    for tensor, name in ((w, "W"), (x, "x"), (h, "h"), (loss, "L")):
        assert f"value: {np.asarray(tensor).tolist()}" in seen[name]
        assert f"∂L/∂{name}: {np.asarray(gn.grad(loss, tensor)).tolist()}" in seen[name]


def test_the_same_graph_gives_the_same_text():
    assert draw(example()).svg == draw(example()).svg
    assert draw(example())._repr_svg_() == draw(example()).svg
    assert repr(draw(example())) == "<drawing of 6 nodes and 5 arrows: show it or save it>"


@pytest.mark.parametrize(
    "name",
    [
        "<w&\"'>",
        "</text><script>alert(1)</script>",
        "a\x00b\x1b",
        "\ud800",
        "]]>",
        "x\ny",
        "重み",
        "w̄",
        "&lt;",
    ],
)
def test_any_name_is_safe(name):
    x = gn.tensor(2.0, name)
    drawing = draw((x * gn.tensor(3.0, "y")).named(name), local_derivatives=True)
    tree = ET.fromstring(drawing.svg.encode("utf-8"))
    assert not list(tree.iter(f"{SVG}script"))
    clean = re.sub(r"[\x00-\x1f\ud800]", lambda c: " " if c[0] == "\n" else "\ufffd", name)
    assert any(clean[:20] in text for text in texts(drawing))


def test_long_names_are_cut_in_the_picture_and_whole_in_the_hint():
    name = "a very long name " * 9
    drawing = draw(gn.tanh(gn.tensor(2.0, name)))
    assert max(map(len, texts(drawing))) < 60
    assert any(name in hint[0] for hint in hints(drawing))


def test_width_scales_the_picture():
    plain = ET.fromstring(draw(example()).svg)
    wide = ET.fromstring(draw(example(), width=300).svg)
    assert float(wide.get("width")) == 300
    assert wide.get("viewBox") == plain.get("viewBox")
    ratio = float(plain.get("height")) / float(plain.get("width"))
    assert float(wide.get("height")) == pytest.approx(300 * ratio, abs=0.1)
    for width in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ArgumentError, match="width must be a number of pixels above 0"):
            draw(example(), width=width)


def test_what_is_no_tensor_is_refused():
    for wrong in (3.0, [], [gn.tensor(1.0), 2.0], "a", gn.Graph({}, {})):
        with pytest.raises(ArgumentError):
            draw(wrong)
    with pytest.raises(ArgumentError, match="wrt must be a tensor"):
        draw(example(), wrt="w")


def test_sources_alone_and_odd_values():
    assert draw(gn.tensor(2.0)).nodes == 1
    odd = [gn.zeros(0), gn.tensor([np.nan, np.inf, -np.inf], "n"), gn.tensor([True, False], "b")]
    drawing = draw([*odd, gn.tensor(np.array([3], dtype=np.int64), "i")])
    assert {"no numbers (0)", "n = [nan, ∞, −∞]", "b = [True, False]", "i = 3"} <= set(
        texts(drawing)
    )


def test_a_graph_that_is_too_large_is_refused_with_its_size():
    x = gn.tensor(0.5, "x")
    for _ in range(10_000):
        x = gn.sin(x)
    with pytest.raises(ArgumentError, match="10001 nodes to draw; a picture holds at most 300"):
        draw(x)


def test_the_largest_pictures_are_of_bounded_size():
    x = y = gn.tensor(np.full((50, 50), 1 / 3), "x")
    for _ in range(149):
        y = gn.tanh(y * x)
    drawing = draw(y.sum(), local_derivatives=True)
    assert drawing.nodes == 300
    assert len(drawing.svg) < 2_000_000
    ET.fromstring(drawing.svg)


def test_save_writes_the_text_and_replaces_what_was_there(tmp_path):
    target = tmp_path / "a.SVG"
    target.write_text("old")
    draw(example()).save(str(target))
    assert target.read_bytes().decode() == draw(example()).svg
    assert list(tmp_path.iterdir()) == [target]


def test_save_explains_what_is_wrong(tmp_path, monkeypatch):
    drawing = draw(example())
    with pytest.raises(ArgumentError, match=r"saved as \.svg; got .*a\.png"):
        drawing.save(tmp_path / "a.png")
    (tmp_path / "folder.svg").mkdir()
    with pytest.raises(OutputError, match="a folder stands in the file's place"):
        drawing.save(tmp_path / "folder.svg")
    with pytest.raises(OutputError, match=r"there is no folder .*missing"):
        drawing.save(tmp_path / "missing" / "a.svg")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="there is no folder"):
        drawing.save(tmp_path / "file" / "a.svg")

    for code, word in ((errno.ENOSPC, "No space left"), (errno.EACCES, "Permission denied")):

        def fail(*_args, code=code, **_keywords):
            raise OSError(code, __import__("os").strerror(code))

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", fail)
            with pytest.raises(OutputError, match=word):
                drawing.save(tmp_path / "b.svg")
        assert not (tmp_path / "b.svg").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.svg"]


def test_tensors_without_names_are_not_taken_for_numbers_of_the_formula() -> None:
    x, w, b = gn.tensor([3.0]), gn.tensor([2.0]), gn.tensor([1.0])
    unnamed, named = (
        gn.draw(gn.relu(w * x + b)),
        gn.draw(gn.relu(gn.tensor([2.0], "w") * gn.tensor([3.0], "x") + gn.tensor([1.0], "b"))),
    )
    assert unnamed.nodes == named.nodes
