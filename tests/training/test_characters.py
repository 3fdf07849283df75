"""Networks that learn a text character by character, and write on."""

from __future__ import annotations

import numpy as np
import pytest

import glassnet as gn
from glassnet.data.text.prose import is_prose, read_prose
from glassnet.engines.native import is_available
from glassnet.errors import ArgumentError, DataError
from glassnet.learning.optimizer import Optimizer
from glassnet.training import load, walking
from glassnet.training.characters import (
    bits_per_character,
    character_network,
    cut_text,
    sample,
    unigram_bits,
)
from glassnet.training.loop import Settings, prepare_loop, train
from glassnet.training.pace import train_for
from glassnet.training.walking import Walker

RHYME = "the cat sat on the mat. " * 60
LAYERS = "24 lstm returns=sequence, softmax"


@pytest.fixture(scope="module")
def learnt():
    net = character_network(RHYME, LAYERS, embedding=8, steps=16, seed=1)
    settings = Settings(Optimizer.of("adam 0.02"), epochs=30, clip_norm=1.0, progress=False)
    examples, settings = cut_text(net, RHYME, settings, 16, 4, 0.1)
    return train(net, examples, settings).network


@pytest.mark.parametrize("native", [False, *([True] if is_available() else [])])
@pytest.mark.parametrize(
    "layers",
    [
        [gn.LSTM(4, returns="sequence"), gn.Dense(3)],
        [gn.GRU(4, start="learnt"), gn.Dropout(0.5), gn.RNN(3, returns="sequence"), gn.Dense(2)],
        [gn.RNN(4, returns="sequence", start=(0.1, -0.2, 0.3, 0.4)), gn.Dense(3, "softmax")],
    ],
)
def test_a_walker_answers_as_the_whole_network_does(layers, native, monkeypatch):
    monkeypatch.setattr(walking, "is_available", lambda: native)
    net = gn.Network(layers, inputs=(7, 2), seed=3, dtype="float64")
    for key in net.parameters:
        if key.endswith("0"):
            net.parameters[key][...] = 0.7
    x = np.random.default_rng(0).normal(size=(3, 7, 2))
    walker = Walker(net, 3)
    for _ in range(2):  # after a restart the same again
        steps = np.stack([walker.step(x[:, t]) for t in range(7)], axis=1)
        np.testing.assert_allclose(steps, net.outputs(x), rtol=1e-12)
        walker.restart()


def test_a_state_can_be_put_back():
    net = gn.Network([gn.LSTM(4, returns="sequence"), gn.Dense(2)], inputs=(5, 1), seed=0)
    walker = Walker(net)
    walker.step(np.ones((1, 1)))
    kept = walker.state
    first = walker.step(np.full((1, 1), 2.0))
    walker.state = kept
    np.testing.assert_array_equal(walker.step(np.full((1, 1), 2.0)), first)


def test_walking_needs_a_state():
    with pytest.raises(ArgumentError, match="goes over time"):
        Walker(gn.Network([gn.Dense(2)], inputs=3))
    both = [gn.Bidirectional(gn.LSTM(2, returns="sequence")), gn.Dense(1)]
    with pytest.raises(ArgumentError, match="both ways"):
        Walker(gn.Network(both, inputs=(4, 2)))


def test_it_writes_what_it_has_learnt(learnt):
    assert sample(learnt, "the cat ", 40, temperature=0) == RHYME[:48]
    assert sample(learnt, "the c", 40, seed=4) == sample(learnt, "the c", 40, seed=4)
    assert len(sample(learnt, "", 25)) == 25
    drawn = {sample(learnt, "the ", 60, temperature=5, seed=seed) for seed in range(3)}
    assert len(drawn) == 3  # hot draws differ


def test_a_low_temperature_draws_what_is_probable(learnt):
    cold = sample(learnt, "the cat", 200, temperature=0.3, seed=2)
    hot = sample(learnt, "the cat", 200, temperature=4, seed=2)
    assert bits_per_character(learnt, cold) < bits_per_character(learnt, hot)


def test_shares_are_drawn_as_often_as_they_say():
    text = "ab" * 20 + "c" * 20
    net = character_network(text, "2 rnn returns=sequence, softmax", embedding=2, seed=0)
    for key, value in net.parameters.items():
        value[...] = 0
        if key == "output.b":
            value[...] = np.log([0.5, 0.2, 0.3])
    drawn = sample(net, "a", 20_000)[1:]
    symbols = net.text.vocabulary.symbols
    for symbol, share in zip(symbols, [0.5, 0.2, 0.3], strict=True):
        assert abs(drawn.count(symbol) / 20_000 - share) < 0.015  # four standard deviations
    squared = sample(net, "a", 20_000, temperature=0.5)[1:]
    shares = np.array([0.25, 0.04, 0.09]) / 0.38
    for symbol, share in zip(symbols, shares, strict=True):
        assert abs(squared.count(symbol) / 20_000 - share) < 0.015


def test_bits_are_those_of_the_whole_text_at_once(learnt):
    text = RHYME[:100]
    numbers = learnt.text.numbers(text)
    p = learnt.for_steps(99).predict_proba(numbers[None, :-1])
    exact = -np.log2(p[0][np.arange(99), numbers[1:]]).mean()
    assert bits_per_character(learnt, text) == pytest.approx(exact, rel=1e-5)
    assert bits_per_character(learnt, RHYME) < 0.2 < unigram_bits(RHYME)


def test_a_saved_network_writes_the_same(learnt, tmp_path):
    learnt.save(tmp_path / "rhyme.safetensors")
    again = load(tmp_path / "rhyme.safetensors")
    assert sample(again, "the", 50, seed=7) == sample(learnt, "the", 50, seed=7)


def test_rare_characters_may_be_unknown(monkeypatch):
    from glassnet.training import characters

    monkeypatch.setattr(characters, "MOST", 3)
    text = "aaabbbcccd" * 4
    net = character_network(text, "2 rnn returns=sequence, softmax", embedding=2, seed=0)
    assert len(net.text.vocabulary) == 4
    assert "⟨" not in sample(net, "abcd", 300)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda net: sample(net, "Привет"), DataError, "symbol 1, 'П', was not met"),
        (lambda net: sample(net, "x", 0), ArgumentError, "length"),
        (lambda net: sample(net, "t", 3, temperature=-1), ArgumentError, "temperature"),
        (lambda net: sample(net, "t", 3, temperature=float("nan")), ArgumentError, "temperature"),
        (lambda net: sample(net, "t", 3, seed=-1), ArgumentError, "seed"),
        (lambda net: bits_per_character(net, "t"), DataError, "two characters"),
        (lambda net: sample(gn.Network([gn.Dense(1)], 2)), ArgumentError, "has not learnt"),
        (lambda _: character_network("short"), DataError, "5 characters"),
        (lambda _: character_network("a" * 50), DataError, "repeated"),
        (lambda _: character_network(RHYME, "8 lstm, softmax"), ArgumentError, "each of 64 steps"),
        (lambda _: character_network(RHYME, "8 relu, softmax"), ArgumentError, "over time"),
    ],
)
def test_refusals(learnt, call, error, message):
    with pytest.raises(error, match=message):
        call(learnt)


def test_a_time_limit_ends_the_training():
    net = character_network(RHYME, LAYERS, embedding=8, steps=16, seed=1)
    settings = Settings(Optimizer.of("adam 0.02"), clip_norm=1.0, progress=False)
    examples, settings = cut_text(net, RHYME, settings, 16, 4, 0.1)
    run = train_for(lambda s: prepare_loop(net, examples, s), settings, 0.005)
    assert run.seconds < 2
    assert run.stopped in ("all epochs done", "0.005 minutes are over")
    assert run.steps


@pytest.mark.parametrize(
    ("name", "text", "prose"),
    [
        ("a.txt", "To be, or not to be:\nthat is the question.\n\nWhether\n", True),
        ("a.txt", "He said, my dear friend here.\nShe said, your dear friend there.\n", True),
        ("a.md", "# Title\n\nSome words, and more words.\n", True),
        ("a.csv", "To be, or not to be:\nthat is the question.\n", False),
        ("a.txt", "a,b,c\n1,2,3\n4,5,6\n", False),
        ("a.txt", "1 2 3\n4 5 6\n", False),
        ("a.txt", "so good\t1\nso bad\t0\nvery good\t1\nvery bad\t0\n", False),
        ("a.txt", "", False),
        ("a.txt", "nul \0 here\n", False),
    ],
)
def test_prose_is_told_from_tables(tmp_path, name, text, prose):
    place = tmp_path / name
    place.write_text(text)
    assert is_prose(place) == prose


def test_lines_end_in_one_way(tmp_path):
    place = tmp_path / "a.txt"
    place.write_bytes(b"one\r\ntwo\rthree\n")
    assert read_prose(place) == "one\ntwo\nthree\n"
    place.write_bytes(b" \n")
    with pytest.raises(DataError, match="empty"):
        read_prose(place)
