"""Bags of words: against scikit-learn's with the same words, and as a page of the notes (K1)."""

from __future__ import annotations

import json

import numpy as np
import pytest

import glassnet as gn
from glassnet.data.text import END, UNKNOWN, WORDS, BagOfWords, Vocabulary
from glassnet.errors import ArgumentError, DataError, ModelFileError

TEXTS = [
    "The film was good, very good!",
    "A bad film.",
    "Don't watch this film; watch the other film, or none.",
    "Good? No: not good at all.",
]


@pytest.mark.parametrize("ngrams", [(1, 1), (1, 2), (2, 3)])
@pytest.mark.parametrize("tfidf", [False, True])
@pytest.mark.parametrize("least", [1, 2])
@pytest.mark.parametrize("binary", [False, True])
def test_the_matrix_is_scikit_learns(ngrams, tfidf, least, binary):
    text = pytest.importorskip("sklearn.feature_extraction.text", reason="an oracle")
    kind = text.TfidfVectorizer if tfidf else text.CountVectorizer
    settings = {"tokenizer": WORDS.split, "token_pattern": None, "lowercase": False}
    theirs = kind(ngram_range=ngrams, min_df=least, binary=binary, **settings)
    if ngrams == (2, 3) and least == 2:
        with pytest.raises(DataError, match="at least 2 of the 4 texts"):
            BagOfWords(ngrams, tfidf=tfidf, least=least).fit(TEXTS)
        return
    expected = theirs.fit_transform(TEXTS).toarray()
    ours = BagOfWords(ngrams, tfidf=tfidf, least=least, binary=binary)
    found = ours.fit_transform(TEXTS).toarray()
    order = [ours.words.index(word) for word in theirs.get_feature_names_out()]
    assert len(order) == len(ours.words)
    np.testing.assert_allclose(found[:, order], expected, rtol=1e-12)


def test_words_that_were_not_met_count_nothing():
    bag = BagOfWords().fit(TEXTS)
    matrix = bag.transform(["unheard-of words"])
    assert matrix.shape == (1, len(bag.words))
    assert matrix.nnz == 0


def test_the_table_shows_texts_words_and_counts():
    bag = BagOfWords()
    bag.fit(["a b b", "b c"])
    shown = str(bag.table(["a b b", "b c"]))
    assert shown.splitlines()[0].split() == ["b", "a", "c"]
    assert shown.splitlines()[1].split() == ["a", "b", "b", "2", "1", "0"]
    assert "2 texts × 3 words; 66.7%" in shown
    assert "<th>a b b</th><td>2</td>" in bag.table(["a b b"])._repr_html_()


def test_a_bag_is_kept_as_plain_data():
    bag = BagOfWords((1, 2), tfidf=True).fit(TEXTS)
    again = BagOfWords.from_json(json.loads(json.dumps(bag.to_json())))
    assert (again.transform(TEXTS) != bag.transform(TEXTS)).nnz == 0


@pytest.mark.parametrize(
    "change",
    [
        {"ngrams": [0, 9]},
        {"ngrams": "12"},
        {"words": ["a", "a"]},
        {"words": 3},
        {"idf": [1.0]},
        {"idf": None},
        {"tfidf": "yes"},
    ],
)
def test_hostile_data_are_refused(change):
    data = {**BagOfWords().fit(["a b"]).to_json(), **change}
    with pytest.raises(ModelFileError):
        BagOfWords.from_json(data)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: BagOfWords(0), "ngrams must be"),
        (lambda: BagOfWords((2, 1)), "ngrams must be"),
        (lambda: BagOfWords(least=0), "least must be a whole number"),
        (lambda: BagOfWords().words, "`fit` it to texts first"),
    ],
)
def test_settings_that_are_not_allowed(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


@pytest.mark.parametrize(
    ("texts", "message"),
    [([], "no text"), ("one text", "a list of texts"), (["a", 3], "text 1"), ([" "], "are empty")],
)
def test_what_is_no_list_of_texts(texts, message):
    with pytest.raises(DataError, match=message):
        BagOfWords().fit(texts)


def test_a_logistic_regression_on_a_bag_of_words():
    bag = gn.BagOfWords()
    x = bag.fit_transform(["good film", "bad film", "good book", "bad book"]).toarray()
    net = gn.Network([gn.Dense(1, "logistic")], inputs=x.shape[1])
    gn.fit(net, x, [1, 0, 1, 0], epochs=100, progress=False)
    unseen = bag.transform(["a good day", "a bad day"]).toarray()
    assert net.predict(unseen).tolist() == [1, 0]


# --- vocabularies ---------------------------------------------------------------------------------
def test_the_most_frequent_symbol_comes_first_and_ties_go_by_the_alphabet():
    known = Vocabulary.of([list("banana"), list("cab")], specials=(END,))
    assert known.symbols == (END, "a", "b", "n", "c")
    assert Vocabulary.of([list("banana")], most=2).symbols == ("a", "n")
    assert Vocabulary.of([list("banana")], least=2).symbols == ("a", "n")


def test_numbers_and_symbols_are_each_others_inverse():
    known = Vocabulary.of([list("hello")])
    assert known.words(known.numbers(list("hell"))) == list("hell")
    assert known.words([-1, known.number("h"), -1]) == ["h"]


def test_a_symbol_that_is_not_known_is_named():
    known = Vocabulary.of([list("abc")])
    with pytest.raises(DataError, match=r"line 3: symbol 2, 'ж', was not met.*'abc'"):
        known.numbers(["a", "ж"], "line 3")
    words = Vocabulary.of([["a"]], specials=(UNKNOWN,))
    assert words.numbers(["ж", "a"]).tolist() == [0, 1]


@pytest.mark.parametrize("data", [None, [], [1], ["a", "a"], {"a": 1}])
def test_hostile_vocabularies_are_refused(data):
    with pytest.raises(ModelFileError, match="vocabulary"):
        Vocabulary.from_json(data)
