"""Saving and loading: every layer comes back to the bit; nothing in a file is trusted."""

from __future__ import annotations

import json
import os
import pickle
import struct
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.errors import DataError, GlassnetError, ModelFileError, OutputError
from glassnet.unit import FAMILIES

X = np.random.default_rng(0).normal(size=(24, 4))
Y = np.arange(24) % 3


@cache
def network(dtype: str = "float32") -> gn.Network:
    """A network with every kind of layer, trained a little, so that nothing is at its start."""
    layers = [
        gn.Dense(6, "logistic slope=2", weights="he_normal", l1=0.001),
        gn.BatchNorm(0.2, epsilon=1e-4),
        gn.Apply("leaky_relu 0.2"),
        gn.Dropout(0.25),
        gn.Dense(5, weights=np.ones((5, 6)), biases=None),
        gn.Dense(3, "softmax", l2=0.01),
    ]
    net = gn.Network(layers, inputs=4, seed=5, dtype=dtype)
    gn.fit(net, X, np.array(["ant", "bee", "cat"])[Y], epochs=2, validation=0.25, patience=2)
    return net


def same(a: gn.Network, b: gn.Network) -> None:
    assert a.stack.names == b.stack.names
    assert (a.dtype, a.seed, a.task, a.classes) == (b.dtype, b.seed, b.task, b.classes)
    for first, second in ((a.parameters, b.parameters), (a.statistics, b.statistics)):
        assert set(first) == set(second)
        for key, value in first.items():
            assert value.dtype == second[key].dtype
            assert value.tobytes() == second[key].tobytes(), key


# --- there and back -------------------------------------------------------------------------------
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_everything_comes_back_to_the_bit(dtype: str, tmp_path: Path) -> None:
    net = network(dtype)
    net.save(tmp_path / "model.safetensors")
    loaded = gn.load(tmp_path / "model.safetensors")
    same(net, loaded)
    assert loaded.outputs(X).tobytes() == net.outputs(X).tobytes()
    assert loaded.predict(X).tolist() == net.predict(X).tolist()
    assert loaded.training == net.training
    assert loaded.stack.penalties() == net.stack.penalties()
    # and once more: the second file is the same to the byte
    loaded.save(tmp_path / "again.safetensors")
    first = gn.load(tmp_path / "again.safetensors")
    same(net, first)


@gn.cell(weights={"w": ("units", "inputs"), "u": ("units", "units")})
def stored_cell(carry: Any, x: Any, w: Any) -> Any:
    """A cell of one's own, for a model file to name."""
    return {"h": gn.tanh(x @ w["w"].T + carry["h"] @ w["u"].T)}


NEEDS = {  # layers that need settings
    "dense": gn.Dense(3, "elu 0.5"),
    "rnn": gn.RNN(3, "relu"),
    "lstm": gn.LSTM(3, peepholes=True),
    "gru": gn.GRU(3, start="learnt"),
    "bidirectional": gn.Bidirectional("lstm 2 returns=sequence"),
    "recurrent": gn.Recurrent(stored_cell, 3),
    "embedding": gn.Embedding(9, 3),
}
OVER_TIME = ("rnn", "lstm", "gru", "bidirectional", "recurrent", "average")


@pytest.mark.parametrize("name", sorted(FAMILIES["layer"]))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_kind_of_layer(name: str, dtype: str, tmp_path: Path) -> None:
    inputs = (2, 2) if name in OVER_TIME else (4,)
    net = gn.Network([NEEDS.get(name, name)], inputs=inputs, seed=3, dtype=dtype)
    generator = np.random.default_rng(1)
    for values in (net.parameters, net.statistics):
        for key, value in values.items():
            values[key] = generator.uniform(0.5, 1.5, value.shape).astype(dtype)
    net.save(tmp_path / "model")
    loaded = gn.load(tmp_path / "model")
    same(net, loaded)
    assert loaded.layers == net.layers
    x = np.floor(np.abs(X)) if name == "embedding" else X.reshape(-1, *inputs)
    assert loaded.outputs(x).tobytes() == net.outputs(x).tobytes()


@pytest.mark.parametrize("name", sorted(FAMILIES["activation"]))
def test_every_activation(name: str, tmp_path: Path) -> None:
    net = gn.Network([gn.Dense(3, name)], inputs=4)
    net.save(tmp_path / "model")
    assert gn.load(tmp_path / "model").outputs(X).tobytes() == net.outputs(X).tobytes()


@pytest.mark.parametrize(
    ("units", "activation", "y"),
    [
        (3, "softmax", [["a", "ß", "c\n"][k] for k in Y]),
        (1, "logistic", Y > 0),
        (2, "softmax", np.array([0.5, 1.5])[Y % 2]),
        (3, "softmax", Y * 10),
        (1, "linear", X[:, 0]),
        (2, "linear", X[:, :2]),
    ],
)
def test_every_kind_of_target(units: int, activation: str, y: Any, tmp_path: Path) -> None:
    net = gn.Network([gn.Dense(units, activation)])
    loss = None if activation != "softmax" or units != 2 else "cross_entropy"
    if units == 2 and activation == "softmax":
        y = y.astype(str)
    gn.fit(net, X, y, epochs=1, loss=loss)
    net.save(tmp_path / "model")
    loaded = gn.load(tmp_path / "model")
    same(net, loaded)
    np.testing.assert_array_equal(loaded.predict(X), net.predict(X))


def test_a_loaded_network_trains_on(tmp_path: Path) -> None:
    net = network()
    net.save(tmp_path / "model")
    loaded = gn.load(tmp_path / "model")
    twin = gn.load(tmp_path / "model")
    for each in (twin, loaded):
        gn.fit(each, X, Y, epochs=2, seed=4)
    same(twin, loaded)
    assert not np.array_equal(net.parameters["output.w"], loaded.parameters["output.w"])


def test_an_untrained_network(tmp_path: Path) -> None:
    net = gn.Network([gn.Dense(2)], inputs=3)
    net.save(tmp_path / "model")
    assert gn.load(tmp_path / "model").task is None


def test_a_table_model_with_its_preprocessing(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    frame = pandas.DataFrame({"a": X[:, 0], "kind": np.array(["x", "y", "z"])[Y], "t": Y * 1.5})
    for target in ("kind", "t"):
        net = gn.Network(
            [gn.Dense(3 if target == "kind" else 1, "softmax" * (target == "kind") or "linear")]
        )
        gn.fit(net, frame, target, epochs=2)
        net.save(tmp_path / "model")
        loaded = gn.load(tmp_path / "model")
        np.testing.assert_array_equal(loaded.predict(frame), net.predict(frame))
        assert loaded.preprocessing is not None


# --- writing --------------------------------------------------------------------------------------
def test_a_file_in_the_way_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_text("something else")
    network().save(path)
    assert gn.load(path).classes == ("ant", "bee", "cat")
    assert [entry.name for entry in tmp_path.iterdir()] == ["model"]


def test_where_a_model_cannot_be_written(tmp_path: Path) -> None:
    net = network()
    with pytest.raises(OutputError, match="there is no folder"):
        net.save(tmp_path / "nowhere" / "model")
    with pytest.raises(OutputError, match="a folder of that name stands there"):
        net.save(tmp_path)


# --- what is no model -----------------------------------------------------------------------------
def written(tmp_path: Path, data: bytes) -> Path:
    path = tmp_path / "model.safetensors"
    path.write_bytes(data)
    return path


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no file"):
        gn.load(tmp_path / "nothing")


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises((DataError, ModelFileError)):
        gn.load(tmp_path)


@pytest.mark.skipif(os.name == "nt" or os.getuid() == 0, reason="the superuser may read all files")
def test_no_permission(tmp_path: Path) -> None:
    path = written(tmp_path, b"x")
    path.chmod(0)
    with pytest.raises(DataError, match="cannot be read: Permission denied"):
        gn.load(path)


class Trap:
    """A pickle that runs code when it is loaded."""

    def __reduce__(self) -> Any:
        return (exec, ("import builtins; builtins.glassnet_was_tricked = True",))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 8,
        b"\0" * 1000,
        b"\xff" * 64,
        b"a,b,c\n1,2,3\n",
        b"PK\x03\x04" + b"\0" * 100,
        pickle.dumps(Trap()),
        b"{}",
        struct.pack("<Q", 2) + b"{}",
        struct.pack("<Q", 2**63) + b"{}",
        struct.pack("<Q", 10**12) + b"{}",
        struct.pack("<Q", 4) + b"null",
        struct.pack("<Q", 2) + b"[]",
    ],
)
def test_files_of_another_kind(data: bytes, tmp_path: Path) -> None:
    import builtins

    with pytest.raises(ModelFileError):
        gn.load(written(tmp_path, data))
    assert not hasattr(builtins, "glassnet_was_tricked")


def test_a_safetensors_file_of_something_else(tmp_path: Path) -> None:
    from safetensors.numpy import save

    with pytest.raises(ModelFileError, match="is a safetensors file, but no model of glassnet"):
        gn.load(written(tmp_path, save({"w": np.zeros(3)})))


# --- damage ---------------------------------------------------------------------------------------
def valid(net: gn.Network) -> None:
    """A network that loaded must work: finite weights, answers of the right form."""
    for value in net.parameters.values():
        assert np.isfinite(value).all()
    x = np.zeros((2, *net.stack.inputs))
    assert net.outputs(x).shape == (2, net.stack.units)
    net.predict(x)
    repr(net)


def load_or_error(path: Path) -> gn.Network | None:
    refused = ""
    try:
        net = gn.load(path)
    except ModelFileError as error:
        refused = str(error)
    if refused:
        assert path.name in refused
        assert len(refused) < 1000
        return None
    valid(net)
    return net


def test_cut_short(tmp_path: Path) -> None:
    network().save(tmp_path / "whole")
    data = (tmp_path / "whole").read_bytes()
    lengths = {*range(64), *range(64, len(data), len(data) // 60), len(data) - 1}
    for length in lengths:
        assert load_or_error(written(tmp_path, data[:length])) is None, length
    assert load_or_error(written(tmp_path, data + b"\0")) is None


def test_five_hundred_altered_files(tmp_path: Path) -> None:
    network().save(tmp_path / "whole")
    data = bytearray((tmp_path / "whole").read_bytes())
    header = 8 + struct.unpack("<Q", data[:8])[0]
    generator = np.random.default_rng(123)
    refused = 0
    for trial in range(500):
        altered = bytearray(data)
        end = len(data) if trial % 4 == 0 else header  # mostly where the meaning is
        for _ in range(int(generator.integers(1, 4))):
            altered[int(generator.integers(0, end))] = int(generator.integers(0, 256))
        refused += load_or_error(written(tmp_path, bytes(altered))) is None
    assert 200 < refused < 500  # a changed weight, name or number may still be a model


# --- altered on purpose ---------------------------------------------------------------------------
Edit = Callable[[dict[str, Any], dict[str, Any]], None]


def edited(tmp_path: Path, edit: Edit, net: gn.Network | None = None) -> Path:
    """Write a model whose JSON and tensors were changed by `edit(about, tensors)`."""
    from safetensors import safe_open
    from safetensors.numpy import save

    path = tmp_path / "model.safetensors"
    (net or network()).save(path)
    opened: Any = safe_open(str(path), framework="numpy")
    with opened as file:
        about = json.loads(file.metadata()["glassnet"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    edit(about, tensors)
    return written(tmp_path, save(tensors, {"glassnet": json.dumps(about)}))


def put(place: str, value: Any) -> Edit:
    """Return an edit that sets `network.layers.0.units`, or takes it away if the value is None."""

    def edit(about: dict[str, Any], _: Any) -> None:
        *path, last = [int(key) if key.isdigit() else key for key in place.split(".")]
        node: Any = about
        for key in path:
            node = node[key]
        node[last] = value

    return edit


WRONG: list[Any] = [None, True, -1, 0, 1.5, 10**30, 3e38, "", "x", "é" * 1000, [], [1], {}, [[]]]
PLACES = [
    "format",
    "network",
    "network.inputs",
    "network.inputs.0",
    "network.layers",
    "network.layers.0",
    "network.layers.0.kind",
    "network.layers.0.units",
    "network.layers.0.activation",
    "network.layers.0.activation.kind",
    "network.layers.0.activation.slope",
    "network.layers.0.weights",
    "network.layers.0.weights.kind",
    "network.layers.0.biases",
    "network.layers.0.l1",
    "network.layers.1.momentum",
    "network.layers.1.epsilon",
    "network.layers.3.rate",
    "network.dtype",
    "network.seed",
    "task",
    "classes",
    "classes.0",
    "preprocessing",
    "training",
    "version",
    "conventions",
]


@pytest.mark.parametrize("place", PLACES)
def test_wrong_values_in_every_place(place: str, tmp_path: Path) -> None:
    for value in WRONG:
        load_or_error(edited(tmp_path, put(place, value)))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (put("format", 2), "made by a later version of glassnet"),
        (put("format", "1"), "format must be int; it is '1'"),
        (put("network.layers.0.kind", "os.system"), "there is no layer named 'os.system'"),
        (put("network.layers.0.kind", "Dense"), None),
        (put("network.layers.0.activation.kind", "tanb"), "did you mean 'tanh'"),
        (put("network.layers.0.activation.slope", -2), "slope must be a number above 0; got -2"),
        (put("network.layers.0.colour", 1), "dense has no setting 'colour'"),
        (put("network.layers", []), "a network needs layers"),
        (put("network.inputs", [7]), "parameters/hidden1.w must be float32 of shape (6, 7)"),
        (put("network.inputs", []), "inputs must be a whole number"),
        (put("network.inputs", [4.0]), "inputs must be whole numbers"),
        (put("network.dtype", "float64"), "must be float64 of shape (6, 4); it is float32"),
        (put("network.dtype", "object"), "dtype must be one of"),
        (put("network.dtype", "int64"), None),
        (put("task", "conquest"), "task must be classification or regression"),
        (put("classes", ["a", "b"]), "2 classes do not fit 3 outputs"),
        (put("classes", ["a", "a", "b"]), "two or more different names"),
        (put("classes", ["a", ["b"], "c"]), "classes must be names or numbers"),
        (put("classes", None), "the classes are missing"),
        (put("network.layers.0.units", 10**12), "must be float32 of shape (1000000000000, 4)"),
        (put("network.layers.5.units", 10**12), "must be float32 of shape (1000000000000, 5)"),
        (lambda _, t: t.pop("parameters/output.b"), "the tensor parameters/output.b is missing"),
        (lambda _, t: t.update(extra=np.zeros(1)), "a tensor that no layer needs: 'extra'"),
        (
            lambda _, t: t.update({"parameters/output.b": np.zeros(4, np.float32)}),
            "parameters/output.b must be float32 of shape (3,); it is float32 of (4,)",
        ),
        (
            lambda _, t: t.update({"parameters/output.b": np.zeros(3, np.int32)}),
            "parameters/output.b must be float32 of shape (3,); it is int32",
        ),
        (
            lambda _, t: t["parameters/output.b"].__setitem__(0, np.nan),
            "parameters/output.b holds numbers that are not finite",
        ),
        (
            lambda _, t: t["statistics/batchnorm1.mean"].__setitem__(0, np.inf),
            "statistics/batchnorm1.mean holds numbers that are not finite",
        ),
        (
            lambda _, t: t["statistics/batchnorm1.variance"].__setitem__(0, -1.0),
            "variance",
        ),
    ],
)
def test_altered_on_purpose(edit: Edit, message: str | None, tmp_path: Path) -> None:
    path = edited(tmp_path, edit)
    if message is None:
        load_or_error(path)
        return
    with pytest.raises(ModelFileError) as caught:
        gn.load(path)
    assert message in str(caught.value)
    assert "model.safetensors" in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="needs the module resource")
def test_huge_sizes_take_no_memory(tmp_path: Path) -> None:
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for place in ("network.layers.0.units", "network.layers.4.units", "network.inputs.0"):
        for size in (10**9, 10**12, 2**62, 2**63, 10**100):
            assert load_or_error(edited(tmp_path, put(place, size))) is None
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 200_000  # kilobytes (bytes on macOS: a stricter test)


def test_many_layers_and_deep_nesting(tmp_path: Path) -> None:
    def many(about: dict[str, Any], _: Any) -> None:
        about["network"]["layers"] = [{"kind": "dropout"}] * 100_000

    assert load_or_error(edited(tmp_path, many)) is None

    from safetensors.numpy import save

    for text in ("[" * 100_000, '{"network":' * 50_000, "[" * 900 + "]" * 900):
        assert load_or_error(written(tmp_path, save({}, {"glassnet": text}))) is None

    nested: Any = {"kind": "apply"}
    for _ in range(400):
        nested = {"kind": "apply", "activation": nested}
    assert load_or_error(edited(tmp_path, put("network.layers.0", nested))) is None


def test_text_that_is_no_json(tmp_path: Path) -> None:
    from safetensors.numpy import save

    for text in ("", "nul", "{'a': 1}", '{"format": NaN}', '{"format": 1e999}', "9" * 5000):
        assert load_or_error(written(tmp_path, save({}, {"glassnet": text}))) is None


def test_loading_imports_and_evaluates_nothing(tmp_path: Path, monkeypatch: Any) -> None:
    """Names in a file are looked up in tables; they never reach import, eval or attributes."""
    path = tmp_path / "model"
    network().save(path)
    gn.load(path)  # all that loading itself imports is there now
    import builtins

    names = ["__import__('os')", "os", "glassnet.training", "__class__", "eval", "../../x", "\0"]
    paths = []
    for i, name in enumerate(names):
        for place in ("network.layers.0.kind", "network.layers.0.activation.kind", "task"):
            folder = tmp_path / f"{i}-{place}"
            folder.mkdir()
            paths.append(edited(folder, put(place, name)))
    before = set(sys.modules)

    def guarded(sound: Any) -> Any:
        def run(code: Any, *rest: Any) -> Any:  # `typing` evaluates annotations of our own classes
            known = code if isinstance(code, str) else [*code.co_names, *code.co_consts]
            assert not any(name in known for name in names if name), f"run from a file: {code}"
            return sound(code, *rest)

        return run

    monkeypatch.setattr(builtins, "eval", guarded(eval))
    monkeypatch.setattr(builtins, "exec", guarded(exec))
    monkeypatch.setattr(builtins, "compile", guarded(compile))
    monkeypatch.delattr(pickle, "loads")
    monkeypatch.delattr(pickle, "load")
    for altered in paths:
        with pytest.raises(ModelFileError):
            gn.load(altered)
    assert set(sys.modules) == before


def test_a_hostile_name_is_shortened_in_messages(tmp_path: Path) -> None:
    path = edited(tmp_path, put("network.layers.0.kind", "A" * 100_000))
    with pytest.raises(GlassnetError) as caught:
        gn.load(path)
    assert len(str(caught.value)) < 1000
