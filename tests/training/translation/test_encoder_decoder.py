"""Encoders and decoders: against PyTorch written out, both engines, padding, files, bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import glassnet as gn
from glassnet.data.text.tokens import CHARACTERS, WORDS
from glassnet.engines import Program
from glassnet.engines.native import is_available
from glassnet.errors import ArgumentError, DataError, GlassnetError, ModelFileError, ShapeError
from glassnet.learning.optimizer import Optimizer
from glassnet.training.translation import EncoderDecoder, fit_pairs
from glassnet.training.translation.graphs import PairRecipe
from glassnet.training.translation.recipes import spelling_network, translation_network
from glassnet.training.translation.symbols import SourceReader, TargetReader

SOURCES = ["abc", "ba", "cab", "b", "aab", "cc"]
TARGETS = [text[::-1] for text in SOURCES]
ENGINES = ["reference", *(["native"] if is_available() else [])]


def _network(attention: bool = True, dtype: str = "float64", **others: Any) -> EncoderDecoder:
    return translation_network(
        SOURCES, TARGETS, 'bidirectional "lstm 3" | 4 lstm', embedding=2, attention=attention,
        seed=3, dtype=dtype, **others,
    )  # fmt: skip


def _pytorch(net: EncoderDecoder, x: Any, target: Any) -> tuple[float, dict[str, Any]]:
    """Return loss and gradients by a forward pass written out symbol by symbol."""
    torch = pytest.importorskip("torch", reason="an oracle")
    w = {
        key: torch.tensor(value, dtype=torch.float64, requires_grad=True)
        for key, value in net.parameters.items()
    }

    def lstm(name: str, row: Any, h: Any, c: Any) -> Any:
        v = row @ w[f"{name}w"].T + h @ w[f"{name}u"].T + w[f"{name}b"]
        f, i, g, o = v.chunk(4)
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

    total, count = torch.zeros((), dtype=torch.float64), 0
    for row, right in zip(x, target, strict=True):
        symbols = [int(s) for s in row if s >= 0]
        rows = [w["encoder_embedding1.w"][s] for s in symbols]
        halves = []
        for direction, order in (("forward", rows), ("backward", rows[::-1])):
            h = c = torch.zeros(3, dtype=torch.float64)
            states = []
            for entry in order:
                h, c = lstm(f"encoder_bidirectional1.{direction}_", entry, h, c)
                states.append(h)
            halves.append(states if direction == "forward" else states[::-1])
        memory = torch.stack([torch.cat(pair) for pair in zip(*halves, strict=True)])
        summary = torch.cat([halves[0][-1], halves[1][0]])
        state = [
            torch.tanh(w[f"bridge_lstm1_{key}.w"] @ summary + w[f"bridge_lstm1_{key}.b"])
            for key in ("h", "c")
        ]
        before = 0
        for symbol in right:
            if symbol == 0:
                break
            state = list(lstm("decoder_lstm1.", w["decoder_embedding1.w"][before], *state))
            answer = state[0]
            if net.parts.attention:
                shares = torch.softmax(memory @ (answer @ w["attention.score"]), 0)
                answer = torch.tanh(w["attention.w"] @ torch.cat([shares @ memory, answer]))
            scores = w["head_output.w"] @ answer + w["head_output.b"]
            total = total - torch.log_softmax(scores, 0)[symbol]
            count += 1
            before = int(symbol)
    loss = total / count
    gradients = torch.autograd.grad(loss, list(w.values()))
    return float(loss.detach()), dict(zip(w, [g.numpy() for g in gradients], strict=True))


@pytest.mark.parametrize("attention", [False, True])
def test_loss_and_gradients_are_those_of_a_loop_written_out(attention: bool) -> None:
    net = _network(attention)
    x, target = net.rows(SOURCES), net.target.rows(TARGETS)
    loss, gradients = _pytorch(net, net.source.rows(SOURCES), target)
    recipe = PairRecipe(net.parts, Optimizer.of("sgd 1"), net.dtype)
    values = {f"parameters/{key}": value for key, value in net.parameters.items()}
    batch = {"batch/x": x, "batch/target": target, "rate": 1.0, "step": 1, "seed": 0, "counter": 1}
    found = Program(recipe.training_graph(len(x))).run({**values, **batch})
    np.testing.assert_allclose(found["measures/loss"], loss, rtol=1e-12)
    for key, value in gradients.items():
        moved = net.parameters[key] - found[f"parameters/{key}"]
        np.testing.assert_allclose(moved, value, rtol=1e-9, atol=1e-13, err_msg=key)
    measured = Program(recipe.evaluation_graph(len(x))).run(
        {**values, "batch/x": x, "batch/target": target}
    )
    np.testing.assert_allclose(measured["measures/loss"], loss, rtol=1e-12)


@pytest.mark.parametrize("attention", [False, True])
@pytest.mark.parametrize("forcing", [1.0, 0.0, "cosine 1 final=0.3"])
def test_both_engines_learn_the_same(attention: bool, forcing: Any) -> None:
    learnt = []
    for engine in ENGINES:
        net = _network(attention, dropout=0.2)
        run = fit_pairs(net, SOURCES, TARGETS, epochs=3, batch_size=4, optimizer="adam 0.05",
                        engine=engine, teacher_forcing=forcing, progress=False, l2=0.01,
                        validation=(SOURCES[:2], TARGETS[:2]))  # fmt: skip
        assert run.settings["engine"] == engine
        learnt.append((net.parameters, run.history["validation_loss"]))
    for parameters, losses in learnt[1:]:
        np.testing.assert_allclose(losses, learnt[0][1], rtol=1e-9)
        for key, value in learnt[0][0].items():
            np.testing.assert_allclose(parameters[key], value, rtol=1e-7, atol=1e-10)


def test_without_teacher_forcing_the_own_symbols_are_read() -> None:
    """With a share of 0, the loss is that after the symbols which the network answers itself."""
    net = _network()
    run = fit_pairs(net, SOURCES, TARGETS, epochs=1, batch_size=6, optimizer="sgd 1e-12",
                    teacher_forcing=0.0, progress=False, clip_norm=None)  # fmt: skip
    x, target = net.rows(SOURCES), net.target.rows(TARGETS)
    values = {f"parameters/{key}": value for key, value in net.parameters.items()}
    y = _probabilities(net, x, values, before=_shifted(target))
    own = _shifted(y.argmax(-1))
    p = _probabilities(net, x, values, before=own)
    rows, steps = np.nonzero(target)
    wanted = -np.log(p[rows, steps, target[rows, steps]]).mean()
    assert run.history["loss"][0] == pytest.approx(wanted, rel=1e-9)


def _shifted(numbers: Any) -> Any:
    return np.concatenate([np.zeros_like(numbers[:, :1]), numbers[:, :-1]], 1)


def _probabilities(net: EncoderDecoder, x: Any, values: Any, before: Any) -> Any:
    from glassnet.graph import trace
    from glassnet.graph.types import TensorType
    from glassnet.ops import constant

    def answer(rows: Any, symbols: Any) -> Any:
        known = {key[11:]: constant(value) for key, value in values.items()}
        encoded, _ = net.parts.encode(rows, known, {})
        return net.parts.decode(symbols, encoded, known)[0].y

    kinds = {"rows": TensorType(x.shape, net.dtype), "symbols": TensorType(before.shape, net.dtype)}
    run = Program(trace(answer, **kinds)).run({"rows": x, "symbols": before.astype(float)})
    return run["result"]


@pytest.mark.parametrize("attention", [False, True])
def test_padding_changes_no_answer(attention: bool) -> None:
    net = _network(attention)
    alone = [net.score([s], [t])[0] for s, t in zip(SOURCES, TARGETS, strict=True)]
    np.testing.assert_allclose(net.score(SOURCES, TARGETS), alone, rtol=1e-12)
    assert net.translate(SOURCES, width=2) == [net.translate([s], width=2)[0] for s in SOURCES]


def test_a_score_is_the_sum_of_the_logarithms() -> None:
    net = _network()
    for beam in net.search(SOURCES, width=3):
        for h in beam.hypotheses:
            assert h.score == pytest.approx(sum(h.logarithms), rel=1e-9)
            if h.text:
                assert h.score == pytest.approx(net.score([beam.source], [h.text])[0], rel=1e-9)


def test_attention_looks_at_the_steps_that_are_there() -> None:
    net = _network()
    shares = net.attention("ba", "ab")
    assert shares.shape == (3, 2)
    np.testing.assert_allclose(shares.sum(1), 1, rtol=1e-12)
    with pytest.raises(ArgumentError, match="no attention"):
        _network(False).attention("ba", "ab")


def test_words_reversed_are_learnt_and_kept(tmp_path: Any) -> None:
    sources = [f"{a} {b} {c}" for a in "abcd" for b in "abcd" for c in "abcd"]
    targets = [" ".join(reversed(text.split())) for text in sources]
    net = translation_network(
        sources, targets, "12 gru | 12 gru", tokens="word", embedding=8, seed=1
    )
    fit_pairs(net, sources, targets, epochs=80, optimizer="adam 0.02", progress=False)
    assert np.mean([a == b for a, b in zip(net.translate(sources), targets, strict=True)]) > 0.9
    net.save(tmp_path / "m.safetensors")
    again = gn.load(tmp_path / "m.safetensors")
    assert isinstance(again, EncoderDecoder)
    np.testing.assert_array_equal(again.score(sources, targets), net.score(sources, targets))
    assert again.training["epochs_done"] == 80


def test_pictures_are_spelt() -> None:
    x = np.eye(4)
    names = ["up", "down", "left", "right"]
    net = spelling_network(4, names, "8 tanh | 12 rnn", seed=2)
    fit_pairs(net, np.repeat(x, 8, 0), [n for n in names for _ in range(8)], epochs=60,
              optimizer="adam 0.02", progress=False)  # fmt: skip
    assert net.translate(x) == names


def test_rare_words_are_never_answered() -> None:
    target = TargetReader.of(["a b", "a b", "a c"], WORDS, least=2)
    assert target.unknown == 2
    source = SourceReader.of(["x y", "x z"], WORDS)
    net = EncoderDecoder([gn.Mask(), gn.Embedding(4, 2), gn.RNN(2)], [gn.RNN(2)],
                         inputs=2, source=source, target=target, seed=0)  # fmt: skip
    net.parameters["head_output.b"][2] = 50.0
    assert "⟨" not in net.translate(["x y"], width=3)[0]
    assert source.unread(["x q x x", "y"]) == (
        "1 of 2 texts are longer than the 2 words that are read",
        "not known from training: 'q'",
    )


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda n: n.translate([""]), DataError, "text 1 is empty"),
        (lambda n: n.translate([]), DataError, "one at least"),
        (lambda n: n.translate("abc"), ArgumentError, "list of texts"),
        (lambda n: n.translate([1.0]), DataError, "must be texts"),
        (lambda n: n.translate(["a"], width=0), ArgumentError, "width"),
        (lambda n: n.translate(["a"], penalty=-1), ArgumentError, "penalty"),
        (lambda n: n.score(["a", "b"], ["a"]), ShapeError, "2 sources"),
        (lambda n: n.score(["a"], ["xyz"]), DataError, "was not met"),
        (lambda n: n.score(["a"], ["abcabc"]), DataError, "at most 3"),
        (lambda n: fit_pairs(n, SOURCES, TARGETS[:3]), ShapeError, "need 6 targets"),
        (lambda n: fit_pairs(n, SOURCES, "abc"), DataError, "list of texts"),
        (lambda n: fit_pairs(n, SOURCES, TARGETS, patience=2), ArgumentError, "validation"),
        (lambda n: fit_pairs(n, SOURCES, TARGETS, validation=1.5), ArgumentError, "validation"),
        (lambda n: fit_pairs(n, SOURCES, TARGETS, teacher_forcing=2), ArgumentError, "forcing"),
        (lambda n: fit_pairs(n, SOURCES, TARGETS, teacher_forcing="x"), ArgumentError, "schedule"),
        (lambda _: translation_network(SOURCES, TARGETS, "4 lstm"), ArgumentError, r"\|"),
        (lambda _: translation_network(SOURCES, TARGETS, "4 lstm | 4 relu"),
         ArgumentError, "recurrent"),
        (lambda _: translation_network(SOURCES, TARGETS, tokens="byte"), ArgumentError, "tokens"),
        (lambda _: translation_network(SOURCES, TARGETS, '4 lstm | bidirectional "lstm 3"'),
         ArgumentError, "both ways"),
        (lambda _: translation_network(SOURCES, [""] * 6), DataError, "all target texts are empty"),
    ],
)  # fmt: skip
def test_what_cannot_be(call: Any, error: type[GlassnetError], message: str) -> None:
    with pytest.raises(error, match=message):
        call(_network())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"symbols": 99}, "symbols"),
        ({"steps": 7}, "steps"),
        ({"inputs": ["a"]}, "inputs"),
        ({"attention": "yes"}, "attention"),
        ({"attention": False}, "no layer needs"),
        ({"dropout": 7.0}, "damaged"),
        ({"embedding": 10}, "decoder_embedding1.w"),
        ({"embedding": 10**12}, "decoder_embedding1.w"),
        ({"dtype": "int8"}, "damaged"),
        ({"target": {"tokens": "word", "symbols": ["a"], "longest": 4}}, "first symbols"),
        ({"target": {"tokens": "w", "symbols": ["a"], "longest": 4}}, "tokens"),
        ({"source": {"tokens": "word", "symbols": ["⟨unknown⟩"], "longest": -1}}, "longest"),
        ({"source": {"tokens": "word", "symbols": ["⟨unknown⟩", "q"], "longest": 3}}, "embedding"),
    ],
)
def test_files_are_not_trusted(tmp_path: Any, change: dict[str, Any], message: str) -> None:
    import json

    from safetensors import safe_open
    from safetensors.numpy import save_file

    path = tmp_path / "m.safetensors"
    _network().save(path)
    opened: Any = safe_open(str(path), framework="numpy")
    with opened as file:
        about = json.loads(file.metadata()["glassnet"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    about["encoder_decoder"] |= change
    save_file(tensors, str(path), {"glassnet": json.dumps(about)})
    with pytest.raises(ModelFileError, match=message):
        gn.load(path)


def test_characters_and_readers() -> None:
    reader = TargetReader.of(["ab", "b"], CHARACTERS)
    assert reader.vocabulary.symbols == ("⟨start⟩", "⟨end⟩", "b", "a")
    assert reader.rows(["ab", "b"]).tolist() == [[3, 2, 1], [2, 1, 0]]
    assert reader.text([3, 2, 1, 0]) == "ab"
