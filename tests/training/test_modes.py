"""F1–F3: online, mini-batch and batch training against the same written by hand in NumPy."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from oracles import philox

import glassnet as gn
from glassnet.errors import ArgumentError
from glassnet.training.batches import batch_edges, epoch_order, resolve_batch_size
from training.plain import PlainNetwork

N, EPOCHS = 23, 5


def data(seed: int = 0) -> tuple[Any, Any]:
    generator = np.random.default_rng(seed)
    return generator.normal(size=(N, 4)), generator.permutation(np.arange(N) % 3)


def network(dtype: str = "float64") -> gn.Network:
    layers = [gn.Dense(6, "tanh"), gn.Dense(3, "softmax")]
    return gn.Network(layers, inputs=4, seed=3, dtype=dtype)


def order_by_hand(epoch: int, seed: int) -> Any:
    """Sort the examples by 64 random bits each: stream 2, the epoch as counter."""
    words = philox.bits(2 * N, seed, 2, epoch)
    keys = [words[2 * i] * 2**32 + words[2 * i + 1] for i in range(N)]
    return np.array(sorted(range(N), key=lambda i: keys[i]))


def trained_by_hand(size: int, seed: int, shuffle: bool, weight: Any, **settings: Any) -> Any:
    x, y = data()
    t = np.eye(3)[y]
    plain = PlainNetwork({k: v.copy() for k, v in network().parameters.items()}, **settings)
    losses = []
    for epoch in range(EPOCHS):
        order = order_by_hand(epoch, seed) if shuffle else np.arange(N)
        total = 0.0
        for start in range(0, N, size):
            rows = order[start : start + size]
            total += plain.loss(x[rows], t[rows], weight[rows]) * len(rows)
            plain.step(x[rows], t[rows], weight[rows])
        losses.append(total / N)
    return plain.weights, losses


SETTINGS = {
    "plain": {},
    "momentum": {"momentum": 0.9},
    "l2": {"l2": 0.1},
    "clip": {"clip_norm": 0.3},
    "all": {"momentum": 0.8, "l2": 0.05, "clip_norm": 0.5},
}


@pytest.mark.parametrize("mode", ["online", "minibatch", "batch"])
@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("shuffle", [True, False], ids=["shuffled", "in order"])
def test_updates_are_those_worked_out_by_hand(mode: str, settings: str, shuffle: bool) -> None:
    chosen: Any = SETTINGS[settings]
    size = {"online": 1, "minibatch": 5, "batch": N}[mode]  # 23 = 4 · 5 + 3: a last batch of 3
    weights = {0: 1.0, 1: 2.0, 2: 0.5} if settings == "all" else None
    x, y = data()
    net = network()
    run = gn.fit(
        net,
        x,
        y,
        optimizer=gn.Momentum(0.1, momentum=chosen.get("momentum", 0.0)),
        mode=mode,
        batch_size=5 if mode == "minibatch" else None,
        epochs=EPOCHS,
        seed=7,
        shuffle=shuffle,
        l2=chosen.get("l2", 0.0),
        clip_norm=chosen.get("clip_norm"),
        class_weight=weights,
    )
    each = np.ones(N) if weights is None else np.array([weights[k] for k in y])
    each = each / each.mean()
    expected, losses = trained_by_hand(size, 7, shuffle, each, rate=0.1, **chosen)
    assert run.steps == EPOCHS * -(-N // size)
    for key, value in expected.items():
        np.testing.assert_allclose(net.parameters[key], value, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(run.history["loss"], losses, rtol=1e-10)


def test_pytorch_takes_the_same_steps() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch, the oracle, is not installed")
    x, y = data()
    net = network()
    module = torch.nn.Sequential(
        torch.nn.Linear(4, 6), torch.nn.Tanh(), torch.nn.Linear(6, 3)
    ).double()
    with torch.no_grad():
        for place, name in ((0, "hidden"), (2, "output")):
            module[place].weight.copy_(torch.tensor(net.parameters[f"{name}.w"]))
            module[place].bias.copy_(torch.tensor(net.parameters[f"{name}.b"]))
    vector = torch.tensor([1.0, 3.0, 0.5], dtype=torch.float64)
    # weights are scaled to a mean of 1 over all examples, not over each batch
    vector = vector / vector[torch.tensor(y)].mean()
    loss = torch.nn.CrossEntropyLoss(weight=vector, reduction="sum")
    optimizer = torch.optim.Adam(module.parameters(), lr=0.02)
    for epoch in range(EPOCHS):
        order = order_by_hand(epoch, 0)
        for start in range(0, N, 8):
            rows = order[start : start + 8]
            optimizer.zero_grad()
            total = loss(module(torch.tensor(x[rows])), torch.tensor(y[rows]))
            (total / len(rows)).backward()
            torch.nn.utils.clip_grad_value_(module.parameters(), 0.05)
            optimizer.step()
    gn.fit(
        net,
        x,
        y,
        optimizer=gn.Adam(0.02),
        batch_size=8,
        epochs=EPOCHS,
        class_weight={1: 3.0, 2: 0.5},
        clip_value=0.05,
    )
    for place, name in ((0, "hidden"), (2, "output")):
        ours, theirs = net.parameters[f"{name}.w"], module[place].weight.detach().numpy()
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)


def test_batch_mode_steps_by_the_mean_of_all_gradients() -> None:
    """F2: the step of the batch is the mean of the steps that each example alone would make."""
    x, y = data()
    before = network().parameters
    steps = []
    for i in range(N):
        net = network()
        # one-hot targets, since a single example shows a single class only
        gn.fit(net, x[i : i + 1], np.eye(3)[y[i : i + 1]], optimizer="sgd 1.0", epochs=1)
        steps.append({key: value - before[key] for key, value in net.parameters.items()})
    whole = network()
    gn.fit(whole, x, y, optimizer="sgd 1.0", mode="batch", epochs=1)
    for key, value in whole.parameters.items():
        mean = np.mean([step[key] for step in steps], axis=0)
        np.testing.assert_allclose(value - before[key], mean, rtol=1e-10, atol=1e-12)


# --- the order of the examples ----------------------------------------------------------------
def test_the_order_is_a_function_of_the_seed_and_the_epoch() -> None:
    for seed in (0, 1, 2**40):
        for epoch in (0, 1, 7):
            expected = order_by_hand(epoch, seed)
            np.testing.assert_array_equal(epoch_order(N, seed, epoch, True), expected)
    assert not np.array_equal(epoch_order(N, 0, 0, True), epoch_order(N, 0, 1, True))
    np.testing.assert_array_equal(epoch_order(N, 0, 3, False), np.arange(N))


def trained(**settings: Any) -> dict[str, Any]:
    net = network(settings.pop("dtype", "float32"))
    x, y = data()
    run = gn.fit(net, x, y, **{"batch_size": 4, "epochs": 3, **settings})
    return {**net.parameters, "loss": np.array(run.history["loss"])}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_same_run_twice_gives_the_same_bits(dtype: str) -> None:
    first, second = trained(dtype=dtype, seed=4), trained(dtype=dtype, seed=4)
    for key, value in first.items():
        assert value.tobytes() == second[key].tobytes(), key


def test_another_seed_is_another_order() -> None:
    first, second = trained(seed=4), trained(seed=5)
    assert not np.allclose(first["hidden.w"], second["hidden.w"], atol=1e-6)


def test_without_shuffling_the_seed_does_not_matter() -> None:
    first, second = trained(seed=4, shuffle=False), trained(seed=5, shuffle=False)
    np.testing.assert_array_equal(first["hidden.w"], second["hidden.w"])
    assert not np.allclose(first["hidden.w"], trained(seed=4)["hidden.w"], atol=1e-6)


def test_training_goes_on_from_where_it_is() -> None:
    """Two times one epoch in order, without state of the optimiser, is two epochs."""
    x, y = data()
    once, twice = network(), network()
    gn.fit(once, x, y, optimizer="sgd 0.1", epochs=2, shuffle=False)
    for _ in range(2):
        gn.fit(twice, x, y, optimizer="sgd 0.1", epochs=1, shuffle=False)
    for key, value in once.parameters.items():
        np.testing.assert_array_equal(value, twice.parameters[key])


# --- batches ----------------------------------------------------------------------------------
@pytest.mark.parametrize("n", [1, 2, 5, 31, 32, 33, 64, 100])
@pytest.mark.parametrize("size", [1, 2, 7, 32, 1000])
@pytest.mark.parametrize("smallest", [1, 2])
def test_every_example_is_in_one_batch(n: int, size: int, smallest: int) -> None:
    edges = batch_edges(n, size, smallest).tolist()
    bounds = list(pairwise(edges))
    assert [row for start, stop in bounds for row in range(start, stop)] == list(range(n))
    sizes = [stop - start for start, stop in bounds]
    assert all(length == size for length in sizes[:-1] if size >= smallest)
    if n >= smallest and size >= smallest:
        assert min(sizes) >= smallest


@pytest.mark.parametrize(
    ("mode", "batch_size", "n", "expected"),
    [
        ("online", None, 50, 1),
        ("online", 1, 50, 1),
        ("batch", None, 50, 50),
        ("minibatch", None, 50, 32),
        ("minibatch", None, 10, 10),
        ("minibatch", 7, 50, 7),
        ("minibatch", 70, 50, 50),
    ],
)
def test_batch_sizes(mode: str, batch_size: int | None, n: int, expected: int) -> None:
    assert resolve_batch_size(mode, batch_size, n) == expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 0}, "batch_size must be a whole number of at least 1; got 0"),
        ({"batch_size": -3}, "batch_size must be a whole number of at least 1; got -3"),
        ({"batch_size": 2.5}, "batch_size must be a whole number of at least 1; got 2.5"),
        ({"batch_size": True}, "batch_size must be a whole number of at least 1; got True"),
        ({"mode": "onlin"}, "got 'onlin' (did you mean 'online'?)"),
        ({"mode": None}, "mode must be one of online, minibatch, batch; got None"),
        ({"mode": "online", "batch_size": 4}, 'batch_size=4 belongs to mode="minibatch"'),
        ({"mode": "batch", "batch_size": 4}, 'batch_size=4 belongs to mode="minibatch"'),
        ({"epochs": 0}, "epochs must be a whole number of at least 1; got 0"),
        ({"epochs": -1}, "epochs must be a whole number of at least 1"),
        ({"epochs": 1.5}, "epochs must be a whole number of at least 1"),
        ({"seed": -1}, "seed must be a whole number of at least 0 and at most"),
        ({"clip_norm": 0}, "clip_norm must be a number above 0; got 0"),
        ({"clip_value": -1}, "clip_value must be a number above 0; got -1"),
        ({"l1": -0.1}, "l1 must be a number at least 0; got -0.1"),
        ({"l2": float("nan")}, "l2 must be a number at least 0; got nan"),
        ({"optimizer": "sgd -0.1"}, "learning_rate must be a number above 0; got -0.1"),
        ({"optimizer": "sgd 0"}, "learning_rate must be a number above 0; got 0"),
        ({"optimizer": "adm"}, "no optimizer named 'adm' (did you mean 'adam'?)"),
        ({"optimizer": 0.1}, "optimizer must be one of"),
        ({"validation": 0.0}, "validation must be a number above 0 and below 1; got 0.0"),
        ({"validation": 1.0}, "validation must be a number above 0 and below 1; got 1.0"),
        ({"validation": -0.2}, "validation must be a number above 0 and below 1; got -0.2"),
        ({"patience": 3}, "patience needs a validation part, such as validation=0.2"),
        ({"patience": 0, "validation": 0.2}, "patience must be a whole number of at least 1"),
    ],
)
def test_settings_that_are_not_allowed(settings: Any, message: str) -> None:
    x, y = data()
    net = network()
    before = {key: value.copy() for key, value in net.parameters.items()}
    with pytest.raises(ArgumentError) as caught:
        gn.fit(net, x, y, **settings)
    assert message in str(caught.value)
    for key, value in before.items():
        np.testing.assert_array_equal(net.parameters[key], value)
