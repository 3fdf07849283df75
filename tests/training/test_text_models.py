"""Networks that read texts: kept with their words, asked about texts, measured on sentences."""

from __future__ import annotations

import statistics

import numpy as np
import pytest

import glassnet as gn
from glassnet.data import split
from glassnet.data.text import read_sentences
from glassnet.data.text.stored import BagReader, in_blocks
from glassnet.errors import ArgumentError, DataError
from glassnet.training import text_models
from glassnet.training.answering import CHUNK
from glassnet.training.text_models import KINDS, check_reader, fit_texts, speaking, text_network

GOOD, BAD = ["good", "nice", "great"], ["bad", "poor", "awful"]
THINGS = ["film", "book", "food", "room"]
TEXTS = [f"a {word} {thing}" for thing in THINGS for word in (*GOOD, *BAD)]
LABELS = ["yes" if text.split()[1] in GOOD else "no" for text in TEXTS]
EPOCHS = {"bag": 40, "average": 60, "lstm": 40}


def _trained(kind, texts=TEXTS, labels=LABELS, **settings):
    net = text_network(kind, texts, len(set(labels)), seed=1)
    chosen = {"optimizer": "adam 0.02", "epochs": EPOCHS[kind], "progress": False}
    fit_texts(net, texts, labels, **chosen | settings)
    return net


@pytest.fixture(scope="module", params=list(KINDS))
def net(request):
    """A trained network of each kind."""
    return _trained(request.param)


def test_words_are_learnt_and_answered_in_other_texts(net):
    asked = ["the good food", "what an awful film", "great great room !"]
    assert net.predict(asked).tolist() == ["yes", "no", "yes"]
    shares = net.predict_proba(asked)
    assert shares.shape == (3, 2)
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-6)
    for other in (tuple(asked), np.array(asked), np.array(asked, dtype=object)):
        np.testing.assert_array_equal(net.predict_proba(other), shares)
    np.testing.assert_array_equal(net.outputs(net.text.rows(asked)), net.outputs(asked))


def test_a_network_is_kept_with_its_words(net, tmp_path):
    net.save(tmp_path / "net.safetensors")
    again = gn.load(tmp_path / "net.safetensors")
    asked = [*TEXTS, "zorblax of the film"]
    np.testing.assert_array_equal(again.predict(asked), net.predict(asked))
    np.testing.assert_array_equal(again.predict_proba(asked), net.predict_proba(asked))
    assert again.text.to_json() == net.text.to_json()
    assert again.text.described() == net.text.described()
    assert again.training["by_length"] == net.training["by_length"]


def test_words_that_were_not_met_are_told_and_change_no_more_than_they_can(net):
    assert net.predict(["zorblax good frumious"])[0] == "yes"
    [note] = net.text.unread(["zorblax good frumious", "a bad film"])
    assert note == "2 of 6 words are not known from the training: 'zorblax', 'frumious'"
    assert net.text.unread(TEXTS[:3]) == ()
    same = net.predict_proba(["zorblax good", "frumious good"])
    np.testing.assert_array_equal(same[0], same[1])


def test_bags_say_which_texts_have_no_known_word():
    notes = _trained("bag").text.unread(["a film", "zorblax"])
    assert notes[0] == "1 of 2 texts have no known word"


def test_of_long_texts_the_first_words_are_read():
    net = _trained("lstm")
    assert net.text.inputs == (3,)
    shares = net.predict_proba(["a good film", "a good film bad bad bad"])
    np.testing.assert_array_equal(shares[0], shares[1])
    assert (
        net.text.unread(["a good film bad"])[0] == "1 of 1 texts are longer than the 3 words read"
    )


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("a good film", r"for a single one write \['a good film'\]"),
        (["a good film", "  "], r"text 1 \(counted from 0\) is empty"),
        (["a good film", 3], r"text 1 \(counted from 0\) is no text but 3"),
    ],
)
def test_what_is_no_list_of_texts_is_refused(net, asked, message):
    with pytest.raises(DataError, match=message):
        net.predict(asked)


def test_never_are_the_rows_of_all_texts_written_out_to_be_answered(monkeypatch):
    net, sizes, rows = _trained("bag"), [], BagReader.rows

    def counted(self, texts):
        sizes.append(len(texts))
        return rows(self, texts)

    many = (TEXTS * 200)[: 2 * CHUNK + 300]
    wanted = np.concatenate([net.predict_proba(many[:1000]), net.predict_proba(many[1000:])])
    monkeypatch.setattr(BagReader, "rows", counted)
    np.testing.assert_allclose(net.predict_proba(many), wanted, rtol=1e-6)
    assert sizes == [CHUNK, CHUNK, 300]
    assert [len(block) for block in in_blocks(many, 1000)] == [1000, 1000, 348]
    many[CHUNK + 5] = " "
    with pytest.raises(DataError, match=rf"text {CHUNK + 5} \(counted from 0\) is empty"):
        net.predict(many)


def test_a_bag_has_no_more_columns_than_memory_allows(monkeypatch):
    monkeypatch.setattr(text_models, "LARGEST", 240)
    monkeypatch.setattr(text_models, "LEAST_COLUMNS", 5)
    assert text_network("bag", TEXTS, 2).text.inputs == (10,)
    monkeypatch.setattr(text_models, "LARGEST", 24)
    assert text_network("bag", TEXTS, 2).text.inputs == (5,)


@pytest.mark.parametrize("kind", KINDS)
def test_one_class_is_an_error_whatever_it_is_called(kind):
    for label in (1, "yes"):
        with pytest.raises(DataError, match=f"of one class only \\({label!r}\\); two are needed"):
            fit_texts(text_network(kind, TEXTS, 2), TEXTS, [label] * len(TEXTS))


def test_three_classes_have_softmax_outputs_and_words_that_speak():
    texts = [*TEXTS, *(f"a plain {thing}" for thing in THINGS), "a usual film", "a usual book"]
    labels = [*LABELS, *["so"] * 6]
    net = _trained("bag", texts, labels, validation=(texts[:4], labels[:4]), patience=30)
    assert net.stack.activation.name == "softmax"
    assert net.predict(texts).tolist() == labels
    words = speaking(net, 3)
    assert list(words) == ["no", "so", "yes"]
    told = {"no": BAD, "so": ["plain", "usual"], "yes": GOOD}
    for name, shown in words.items():
        assert len(shown) == 3
        assert all(set(entry.split()) & set(told[name]) for entry in shown)


def test_words_speak_for_the_side_on_which_their_weight_is():
    net = _trained("bag")
    words = speaking(net, 100)
    for name, sign in (("yes", 1), ("no", -1)):
        for word in words[name]:
            place = net.text.bag.words.index(word)
            assert sign * net.parameters["output.w"][0, place] > 0
    with pytest.raises(ArgumentError, match="only the weights of one layer"):
        speaking(_trained("average"))


def test_what_does_not_go_together_is_refused():
    with pytest.raises(ArgumentError, match="text must be one of bag, average, lstm; got 'tree'"):
        text_network("tree", TEXTS, 2)
    with pytest.raises(ArgumentError, match="reads no texts"):
        fit_texts(gn.Network([gn.Dense(1)], inputs=2), TEXTS, LABELS)
    with pytest.raises(DataError, match="no word stands in two of the 60 texts"):
        text_network("bag", [f"w{i}" for i in range(60)], 2)
    with pytest.raises(DataError, match="text 0"):
        text_network("bag", [None] * 60, 2)
    with pytest.raises(DataError, match=r"text 1 \(counted from 0\) is empty"):
        text_network("bag", ["good", " "], 2)
    bag, mean = text_network("bag", TEXTS, 2), text_network("average", TEXTS, 2)
    with pytest.raises(DataError, match=r"gives shape \(3,\), the network takes"):
        check_reader(mean.text, bag.stack)
    other = gn.Network([gn.Embedding(3, 2), gn.Average(), gn.Dense(1)], inputs=3)
    with pytest.raises(DataError, match="no mask and embedding"):
        check_reader(mean.text, other.stack)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "least"), [("bag", 0.79), ("average", 0.78), ("lstm", 0.78)])
def test_reviews_are_told_apart(kind, least, full_data):
    found = read_sentences(full_data / "sentiment-sentences")
    labels, recipe, shares = np.array(found.labels), KINDS[kind], []
    for seed in range(5):
        parts = split(len(labels), test=0.2, validation=0.1, seed=seed, labels=labels)
        learnt, held, tested = (
            ([found.texts[i] for i in rows], labels[rows].tolist())
            for rows in (parts.train, parts.validation, parts.test)
        )
        net = text_network(kind, learnt[0], 2, seed=seed)
        fit_texts(net, *learnt, held, optimizer=recipe.optimizer, batch_size=recipe.batch_size,
                  epochs=recipe.epochs, patience=recipe.patience, l2=recipe.l2, seed=seed,
                  progress=False)  # fmt: skip
        shares.append(float((net.predict(tested[0]) == tested[1]).mean()))
    assert statistics.median(shares) >= least, shares
