"""What pictures say: values and gradients equal those of the engine, bookkeeping is left out."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import ArgumentError, DTypeError, NotConnectedError
from glassnet.explain.numbers import full, lines
from glassnet.explain.scene import compose


def scene_of(*outputs, wrt=None, local_derivatives=False, details=False):
    return compose(dict.fromkeys(outputs, ""), wrt, local_derivatives, details)


def relu_example():
    x, w, b = gn.tensor([3.0], "x"), gn.tensor([2.0], "w"), gn.tensor([1.0], "b")
    u = (w * x).named("u")
    return x, w, b, u, gn.relu(u + b).named("a")


def two_layers():
    x = gn.tensor([0.0, 1.0], "x")
    w1 = gn.tensor([[0.6, -0.1], [-0.3, 0.4]], "W₁")
    w2 = gn.tensor([[0.4, 0.1]], "W₂")
    y1 = gn.logistic((w1 @ x + gn.tensor([0.3, 0.5], "b₁")).named("v₁")).named("y₁")
    y2 = gn.logistic((w2 @ y1 + gn.tensor([-0.2], "b₂")).named("v₂")).named("y₂")
    return (0.5 * (gn.tensor([1.0], "d") - y2) ** 2).sum().named("E")


def by_name(scene):
    return {node.name: node for node in scene.nodes if node.name}


def test_relu_of_the_notes():
    *_, a = relu_example()
    scene = scene_of(a)
    assert [(n.name, n.sign, n.value, n.gradient) for n in scene.nodes] == [
        ("w", "", ("2",), ("3",)),
        ("x", "", ("3",), ("2",)),
        ("u", "·", ("6",), ("1",)),
        ("b", "", ("1",), ("1",)),
        ("", "+", ("7",), ("1",)),
        ("a", "max(0, ·)", ("7",), ("1",)),
    ]
    assert [(arrow.start, arrow.end) for arrow in scene.arrows] == [
        *((0, 2), (1, 2), (2, 4), (3, 4), (4, 5))
    ]
    assert [node.is_output for node in scene.nodes] == [False] * 5 + [True]
    assert scene.output_name == "a"


@pytest.mark.parametrize("details", [False, True])
def test_every_value_and_gradient_is_the_engine_s(details):
    output = two_layers()
    scene = scene_of(output, details=details)
    for node in scene.nodes:
        gradient = gn.grad(output, node.tensor)
        assert node.value == lines(node.tensor.value)
        assert node.gradient == lines(gradient.value)
        assert f"value: {full(node.tensor.value)}" in node.hint.split("\n")
        assert node.hint.endswith(f": {full(gradient.value)}")


def test_details_show_every_node():
    *_, a = relu_example()
    every = gn.graph.topological_order([a])
    assert [node.tensor for node in scene_of(a, details=True).nodes] == list(every)
    assert len(scene_of(a).nodes) < len(every)


def test_a_product_with_a_vector_shows_the_vector():
    node = by_name(scene_of(two_layers()))
    assert node["v₁"].value == ("[0.2, 0.9]",)
    plain = scene_of(gn.tensor([[1.0, 2.0]], "W") @ gn.tensor([3.0, 4.0], "x"))
    assert [(n.sign, n.value, n.is_output) for n in plain.nodes][-1] == ("W x", ("11",), True)


def test_named_and_shared_bookkeeping_stays():
    x = gn.tensor(2.0, "x")
    named = gn.broadcast(x, (3,)).named("r")
    assert "r" in by_name(scene_of(named * gn.tensor([1.0, 2.0, 3.0], "y")))
    shared = gn.broadcast(x, (3,))
    drawn = scene_of(gn.tanh(shared) + gn.sin(shared))
    assert [node.sign for node in drawn.nodes] == ["", "broadcast", "tanh", "sin", "+"]
    number = gn.tensor(2.0)
    assert len(scene_of(x * number + number).nodes) == 4
    assert [node.sign for node in scene_of(gn.stop_gradient(x)).nodes] == ["", "stop_gradient"]
    cast = gn.cast(gn.tensor([1.0, 2.0], "z") < 1.5, "float64")
    assert [node.sign for node in scene_of(cast.sum()).nodes] == ["", "< 1.5", "Σ"]


def test_numbers_that_are_named_or_alone_are_not_folded():
    assert len(scene_of(gn.tensor(1.0, "x") + gn.tensor(2.0, "y")).nodes) == 3
    assert len(scene_of(gn.tensor(1.0) + gn.tensor(2.0)).nodes) == 3
    number = gn.tensor(2.0)
    assert len(scene_of(gn.tensor(1.0, "x") + number, wrt=[number]).nodes) == 3
    assert len(scene_of(gn.tensor(2.0)).nodes) == 1


def test_wrt_keeps_gradients_to_its_paths():
    _x, w, _, u, a = relu_example()
    scene = scene_of(a, wrt=[w])
    assert {node.name for node in scene.nodes if node.gradient} == {"w", "u", "", "a"}
    on_path = [(arrow.start, arrow.end) for arrow in scene.arrows if arrow.on_path]
    assert on_path == [(0, 2), (2, 4), (4, 5)]
    assert not any(arrow.on_path for arrow in scene_of(a).arrows)
    inner = scene_of(a, wrt=[u])
    assert {node.name for node in inner.nodes if node.gradient} == {"u", "", "a"}


def test_wrt_that_cannot_be_is_refused():
    x, w, *_, a = relu_example()
    with pytest.raises(NotConnectedError, match="does not depend on other"):
        scene_of(a, wrt=[gn.tensor(1.0, "other")])
    with pytest.raises(ArgumentError, match=r"one output of one .* got float64\[2\]"):
        scene_of(gn.tanh(gn.tensor([1.0, 2.0])), wrt=[w])
    with pytest.raises(ArgumentError, match="one output"):
        scene_of(a, w, wrt=[w])
    places = gn.tensor(np.array([0]), "i")
    with pytest.raises(DTypeError, match="i is int64"):
        scene_of(gn.gather(x, places).sum(), wrt=[places])


def test_outputs_of_many_elements_or_many_outputs_have_no_gradients():
    v = gn.tensor([1.0, 2.0], "v")
    for scene in (scene_of(gn.tanh(v)), scene_of(v.sum(), v.mean()), scene_of(v < 1.0)):
        assert scene.output_name == ""
        assert not any(node.gradient for node in scene.nodes)
    twice = scene_of(v.sum(), v)
    assert [node.is_output for node in twice.nodes] == [True, True]


def test_whole_numbers_and_yes_no_have_values_and_no_gradients():
    v = gn.tensor([1.0, -2.0], "v")
    scene = scene_of(gn.select(v > 0.0, v, 0.0).sum().named("s"))
    kinds = {node.sign: node for node in scene.nodes}
    assert kinds["0 <"].value == ("[True, False]",)
    assert kinds["0 <"].gradient == ()
    assert by_name(scene)["v"].gradient == ("[1, 0]",)


def test_what_no_gradient_reaches_says_so():
    x = gn.tensor(2.0, "x")
    scene = scene_of(gn.stop_gradient(x * 3.0) * gn.tensor(4.0, "y"))
    assert by_name(scene)["x"].gradient == ()
    assert "no gradient passes through here" in by_name(scene)["x"].hint
    assert by_name(scene)["y"].gradient == ("6",)


def test_inputs_without_values_show_their_types():
    kind = gn.TensorType((2,), gn.DType.FLOAT64, ("source",))
    graph = gn.trace(lambda x: {"s": (x * gn.tensor([2.0, 3.0], "c")).sum()}, x=kind)
    scene = compose({tensor: name for name, tensor in graph.outputs.items()}, None, True, False)
    nodes = by_name(scene)
    assert (nodes["x"].value, nodes["x"].kind) == ((), "float64[source=2]")
    assert nodes["c"].value == ("[2, 3]",)
    assert (nodes["s"].value, nodes["s"].gradient) == ((), ())
    with pytest.raises(ArgumentError, match="inputs without values"):
        compose(
            dict.fromkeys(graph.outputs.values(), ""), list(graph.inputs.values()), False, False
        )


def test_local_derivatives_stand_on_arrows():
    x, w = gn.tensor(0.5, "x"), gn.tensor(-0.8, "w")
    u = (w * x).named("u")
    a = gn.tanh(u).named("a")
    scene = scene_of(gn.maximum(a, u), local_derivatives=True)
    notes = {(arrow.start, arrow.end): arrow.note for arrow in scene.arrows}
    slope = float(1 - np.tanh(-0.4) ** 2)
    assert notes == {
        (0, 2): ("0.5",),
        (1, 2): ("−0.8",),
        (2, 3): (f"1 − (−{np.tanh(0.4):.6g})²", f"= {slope:.6g}"),
        (3, 4): ("1",),
        (2, 4): ("0",),
    }
    hint = next(arrow.hint for arrow in scene.arrows if (arrow.start, arrow.end) == (2, 3))
    assert "1 − y² = " in hint
    assert repr(gn.grad(a, u).item()) in hint
    assert not any(arrow.note for arrow in scene_of(two_layers().sum()).arrows)


def test_gradients_are_sums_over_paths_of_products_of_local_derivatives():
    x = gn.tensor(0.7, "x")
    y = gn.tanh(x) * x + gn.exp(x * x) / gn.sin(x)
    scene = scene_of(y, local_derivatives=True)
    slopes = [float(arrow.hint.rsplit(" ", 1)[1]) for arrow in scene.arrows]
    ways = {len(scene.nodes) - 1: 1.0}
    for index in range(len(scene.nodes) - 2, -1, -1):
        ways[index] = sum(
            slope * ways[arrow.end]
            for arrow, slope in zip(scene.arrows, slopes, strict=True)
            if arrow.start == index
        )
    for index, node in enumerate(scene.nodes):
        assert ways[index] == pytest.approx(gn.grad(y, node.tensor).item(), rel=1e-12)


def test_the_same_tensor_used_twice_has_two_arrows():
    x = gn.tensor(3.0, "x")
    scene = scene_of(x * x, local_derivatives=True)
    assert [(arrow.start, arrow.end, arrow.note) for arrow in scene.arrows] == [
        (0, 1, ("3",)),
        (0, 1, ("3",)),
    ]


def test_operands_are_told_apart():
    p, q = gn.tensor([1.0, 2.0]), gn.tensor([3.0, 5.0])
    (node,) = [node for node in scene_of(gn.tanh(p) - gn.sin(q)).nodes if node.sign == "−"]
    assert node.in_order
    chosen = scene_of(gn.select(gn.tanh(p) < 0.8, p, q))
    assert chosen.nodes[-1].in_order
    signs = [chosen.nodes[arrow.start].sign for arrow in chosen.arrows if arrow.end == 4]
    assert signs == ["", "< 0.8", ""]
