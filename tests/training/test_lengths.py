"""Batches by length: the same results as with all padding, each example once, replayed exactly."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import glassnet as gn
from glassnet.engines import Program
from glassnet.engines.native import is_available
from glassnet.errors import ArgumentError, NonFiniteError
from glassnet.training.batches import Order
from glassnet.training.fit import examples_from_arrays
from glassnet.training.lengths import choose_lengths, lengths_of, shortened
from glassnet.training.loop import Settings, prepare_loop
from glassnet.training.replay import Replay, settings_of
from glassnet.training.stepper import Material, Stepper

ENGINES = ["reference", *(["native"] if is_available() else [])]
LONGEST, SYMBOLS = 12, 6
BOTH_WAYS = [gn.Mask(), gn.Embedding(SYMBOLS, 4), gn.Bidirectional(gn.LSTM(3))]
STACKS = {
    "lstm": [*BOTH_WAYS, gn.Dense(1, "logistic")],
    "gru": [gn.Mask(), gn.Embedding(SYMBOLS, 4), gn.GRU(3), gn.Dense(3, "softmax")],
    "steps": [gn.Mask(), gn.Embedding(SYMBOLS, 4), gn.RNN(3, returns="sequence"), gn.Dense(1)],
    "average": [gn.Mask(), gn.Embedding(SYMBOLS, 4), gn.Average(), gn.Dense(2)],
}


def _sequences(n=45, seed=0, longest=LONGEST):
    """Return sequences of which most are short; some have a gap within, and one is as long as can
    be.
    """
    draw = np.random.default_rng(seed)
    lengths = np.minimum(2 + draw.exponential(3, n).astype(int), longest)
    lengths[7] = longest
    x = [draw.integers(0, SYMBOLS, length).astype(float) for length in lengths]
    x[7][2] = -1
    return x, lengths, draw


def _data(name, seed=0):
    x, lengths, draw = _sequences(seed=seed)
    if name == "lstm":
        return x, np.array([int(s[0] > s[-1]) for s in x])
    if name == "gru":
        return x, np.array([int(s[0]) % 3 for s in x])
    if name == "steps":
        y = np.full((len(x), LONGEST, 1), np.nan)
        for row, length in zip(y, lengths, strict=True):
            row[:length, 0] = draw.normal(size=length)
        return x, y
    return x, draw.normal(size=(len(x), 2))


def _loop(name, engine, *, weighted=False, layers=None, **settings):
    net = gn.Network(layers or STACKS[name], inputs=LONGEST, seed=3, dtype="float64")
    examples = examples_from_arrays(net, *_data(name), None)
    weight = np.linspace(0.5, 2, 45) if weighted else None
    chosen = {"batch_size": 8, "epochs": 3, "seed": 5, "by_length": True, "progress": False}
    chosen |= settings
    told = Settings(gn.Adam(0.02), engine=engine, **chosen)
    return prepare_loop(net, examples, told, sample_weight=weight)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("name", STACKS)
def test_padding_changes_nothing(name, engine):
    loop = _loop(name, engine, weighted=name != "steps")
    with_padding = Stepper(loop.recipe, loop.stepper.values, loop.settings.seed)
    whole = Material(loop.train.x, loop.train.target, loop.train.weight)
    for epoch in range(3):
        order = loop.order(epoch)
        row = loop.learn(epoch, lambda *_: None)
        taken = whole.take(order.rows())
        plain = Order(len(taken), 0, 0, False)
        wanted = with_padding.epoch(taken, plain, loop.edges, np.array([0.02]), lambda *_: None)
        assert row["loss"] == pytest.approx(wanted["loss"], rel=1e-12)
        if "accuracy" in row:
            assert row["accuracy"] == pytest.approx(wanted["accuracy"], rel=1e-12)
    assert loop.stepper.step == with_padding.step
    for key, value in loop.stepper.values.items():
        np.testing.assert_allclose(value, with_padding.values[key], rtol=1e-12, atol=1e-12)


def test_batches_are_run_for_what_their_longest_sequence_needs():
    cuts = _loop("lstm", "reference").train.cuts
    assert cuts.steps[-1] == LONGEST
    assert 2 <= len(cuts.steps) <= 6
    rows = np.argsort(cuts.lengths)[:8]
    assert cuts.steps_of(rows) == min(s for s in cuts.steps if s >= cuts.lengths[rows].max())
    assert cuts.steps_of(rows[:5]) == LONGEST  # the last batch of an epoch
    assert cuts.take(rows).lengths.tolist() == cuts.lengths[rows].tolist()


@pytest.mark.parametrize("batch_size", [1, 7, 8, 9, 15, 45])
def test_each_example_is_taken_once_in_an_epoch(batch_size):
    loop = _loop("lstm", "reference", batch_size=batch_size)
    orders = [loop.order(epoch).rows().tolist() for epoch in range(4)]
    for order in orders:
        assert sorted(order) == list(range(45))
    assert len({tuple(order) for order in orders}) == 4
    assert _loop("lstm", "reference", batch_size=batch_size).order(2).rows().tolist() == orders[2]
    other = _loop("lstm", "reference", batch_size=batch_size, seed=6)
    assert other.order(2).rows().tolist() != orders[2]


def test_batches_come_in_an_order_of_chance_and_with_other_neighbours():
    loop = _loop("lstm", "reference")
    cuts, edges = loop.train.cuts, loop.edges.tolist()
    steps, last, together = set(), set(), set()
    for epoch in range(20):
        rows = loop.order(epoch).rows()
        batches = [rows[a:b] for a, b in itertools.pairwise(edges)]
        steps.add(tuple(cuts.steps_of(batch) for batch in batches))
        last |= set(cuts.lengths[batches[-1]].tolist())
        together.add(next(frozenset(batch.tolist()) for batch in batches if 0 in batch))
        computed = sum(len(batch) * cuts.steps_of(batch) for batch in batches[:-1])
        assert computed < 0.75 * LONGEST * edges[-2]
    assert len(steps) > 3
    assert min(last) < 4
    assert max(last) > 8
    assert len(together) > 10


def test_lengths_of_sequences_go_to_the_last_step_that_is_there():
    rows = np.full((3, 4, 2), np.nan)
    rows[0, 0], rows[1, 3], rows[2, :2] = 1, 1, 1
    assert lengths_of(rows).tolist() == [1, 4, 2]


@pytest.mark.parametrize("seed", range(12))
def test_the_lengths_chosen_are_nearly_the_best_of_all(seed):
    draw = np.random.default_rng(seed)
    lengths = draw.integers(1, 9, 20)
    longest = int(lengths.max()) + seed % 2

    def total(steps):
        return np.array(steps)[np.searchsorted(steps, lengths)].sum()

    choices = [
        (*inner, longest)
        for count in range(3)
        for inner in itertools.combinations(range(1, longest), count)
    ]
    chosen = choose_lengths(lengths, longest, most=3)
    assert chosen in choices
    assert total(chosen) <= 1.1 * min(total(steps) for steps in choices)


def test_very_many_lengths_make_few_programs():
    lengths = np.random.default_rng(0).integers(1, 5000, 20_000)
    steps = choose_lengths(lengths, 5000)
    assert len(steps) <= 6
    assert steps[-1] == 5000
    assert np.array(steps)[np.searchsorted(steps, lengths)].mean() < 1.25 * lengths.mean()


def test_it_is_chosen_where_sequences_differ_much_and_a_layer_is_slow():
    def chosen(name, **settings):
        return _loop(name, "reference", by_length=None, **settings).train.cuts is not None

    assert chosen("lstm")
    assert not chosen("average")
    assert not chosen("lstm", shuffle=False)
    assert not chosen("lstm", mode="batch", batch_size=None)
    assert not _loop("lstm", "reference", by_length=False).train.cuts
    net = gn.Network(STACKS["lstm"], inputs=4)
    run = gn.fit(net, np.ones((200, 4)), np.arange(200) % 2, epochs=1, progress=False)
    assert run.settings["by_length"] is False


@pytest.mark.parametrize(
    ("layers", "settings", "message"),
    [
        ([gn.Embedding(SYMBOLS, 4), gn.LSTM(3), gn.Dense(1)], {}, "must begin with a mask"),
        (STACKS["lstm"], {"shuffle": False}, "shuffle=False forbids"),
        (
            [*BOTH_WAYS[:2], gn.BatchNorm(), gn.LSTM(3), gn.Dense(1)],
            {},
            "the shape of batchnorm1.gamma depends on the number of steps",
        ),
        (STACKS["lstm"], {"by_length": "yes"}, "by_length must be True or False; got 'yes'"),
    ],
)
def test_what_cannot_be_had_is_said(layers, settings, message):
    x = np.ones((9, LONGEST))
    with pytest.raises(ArgumentError, match=message):
        gn.fit(gn.Network(layers, inputs=LONGEST), x, np.arange(9) % 2,
               **{"by_length": True} | settings)  # fmt: skip


def test_replay_reaches_the_weights_of_the_run():
    layers = [*BOTH_WAYS[:2], gn.Dropout(0.3), gn.GRU(3), gn.Dense(1, "logistic")]
    x, y = _data("lstm")
    net = gn.Network(layers, inputs=LONGEST, seed=3, dtype="float64")
    gn.fit(net, x, y, epochs=2, batch_size=8, seed=5, progress=False)
    assert net.training["by_length"] is True
    replay = Replay(net, examples_from_arrays(net, x, y, None))
    moments = list(replay.moments(2, 1, replay.per_epoch))
    assert min(moment.time for moment in moments) < LONGEST
    moment = moments[-1]
    program = Program(shortened(replay.recipe, moment.time).training_graph(len(moment.rows)))
    numbers = {"rate": moment.rate, "step": moment.step, "seed": moment.seed}
    done = program.run({**moment.values, **moment.batch, **numbers, "counter": moment.step})
    for key, value in net.parameters.items():
        np.testing.assert_allclose(done[f"parameters/{key}"], value, rtol=1e-12, atol=1e-12)


def test_a_run_before_there_were_batches_by_length_is_replayed_as_it_was():
    training = {"optimizer": "adam 0.01", "mode": "minibatch", "batch_size": 8}
    assert settings_of(training).by_length is False
    assert settings_of({**training, "by_length": True}).by_length is True


def test_copies_of_a_network_get_the_bits_that_they_get_alone():
    x, y = _data("lstm")
    net = gn.Network(STACKS["lstm"], inputs=LONGEST)
    runs = gn.fit_many(net, x, y, seeds=3, epochs=2, batch_size=8, by_length=True, workers=2)
    for run in runs:
        alone = gn.Network(STACKS["lstm"], inputs=LONGEST, seed=run.settings["seed"])
        gn.fit(alone, x, y, epochs=2, batch_size=8, seed=alone.seed, by_length=True,
               progress=False)  # fmt: skip
        for key, value in alone.parameters.items():
            np.testing.assert_array_equal(run.network.parameters[key], value)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_number_that_is_not_finite_is_told_with_its_step(engine):
    x, y = _data("average")
    net = gn.Network(STACKS["average"], inputs=LONGEST, dtype="float32")
    with pytest.raises(NonFiniteError, match=r"epoch \d+, step \d+"):
        gn.fit(net, x, y * 1e15, optimizer="sgd 1e15", batch_size=8, by_length=True, engine=engine,
               progress=False)  # fmt: skip
    assert all(np.isfinite(value).all() for value in net.parameters.values())


@pytest.mark.parametrize("engine", ENGINES)
def test_a_run_is_stopped_between_two_batches(engine):
    loop = _loop("lstm", engine)

    def stop(done, loss):
        del loss
        if done >= 16:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.learn(0, stop)
    assert 2 <= loop.stepper.step < len(loop.edges) - 1
