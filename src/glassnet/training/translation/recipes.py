"""Encoder–decoders for pairs of texts and for pictures, from layers written as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from glassnet.data.text.tokens import CHARACTERS, Tokens
from glassnet.errors import ArgumentError
from glassnet.nn.layers import Embedding, Layer, Mask
from glassnet.nn.stack import parse_layers
from glassnet.training.translation.model import EncoderDecoder
from glassnet.training.translation.symbols import SourceReader, TargetReader
from glassnet.unit import check_choice

__all__ = ["spelling_network", "translation_network"]


def translation_network(
    sources: Sequence[str],
    targets: Sequence[str],
    layers: str = 'bidirectional "lstm 64" | 64 lstm',
    *,
    tokens: Tokens | str = "character",
    embedding: int = 32,
    attention: bool = True,
    dropout: float = 0.0,
    least: int = 1,
    seed: int = 0,
    dtype: str = "float32",
) -> EncoderDecoder:
    """Return an encoder–decoder for pairs of texts, its symbols taken from those of the training.

    Args:
        sources: The texts that are read.
        targets: The right answers.
        layers: The encoder's layers and the decoder's, with | between; the mask and the embeddings
            are added.
        tokens: "word" or "character": what the symbols are.
        embedding: How many numbers stand for a symbol.
        attention: Whether the decoder looks back at the encoder's steps.
        dropout: The share that is dropped before the softmax, in training.
        least: How often a symbol must be there; the others are one symbol, unknown.
        seed: Where the first weights are drawn from.
        dtype: "float32" or "float64".

    Raises:
        ArgumentError, ShapeError: The layers cannot be read, or do not fit together.
        DataError: There is no text.
    """
    if isinstance(tokens, str):
        check_choice("tokens", tokens, ("word", "character"))
        tokens = Tokens.named(tokens)
    reader = SourceReader.of(sources, tokens, least=least)
    encoder, decoder = _two(layers)
    rows: list[Layer] = [Mask(), Embedding(len(reader.vocabulary), embedding)]
    return EncoderDecoder(
        [*rows, *encoder],
        decoder,
        inputs=(reader.longest,),
        source=reader,
        target=TargetReader.of(targets, tokens, least=least),
        embedding=embedding,
        attention=attention,
        dropout=dropout,
        seed=seed,
        dtype=dtype,
    )


def spelling_network(
    inputs: int,
    targets: Sequence[str],
    layers: str = "64 relu | 32 lstm",
    *,
    embedding: int = 16,
    seed: int = 0,
    dtype: str = "float32",
) -> EncoderDecoder:
    """Return an encoder–decoder from pictures to words that are spelt (one to many, K2).

    Args:
        inputs: How many numbers a picture has.
        targets: The words of the training.
        layers: The encoder's layers and the decoder's, with | between.
        embedding: How many numbers stand for a character.
        seed: Where the first weights are drawn from.
        dtype: "float32" or "float64".
    """
    encoder, decoder = _two(layers)
    return EncoderDecoder(
        encoder,
        decoder,
        inputs=inputs,
        target=TargetReader.of(targets, CHARACTERS),
        embedding=embedding,
        seed=seed,
        dtype=dtype,
    )


def _two(layers: str) -> tuple[Sequence[Any], Sequence[Any]]:
    encoder, bar, decoder = layers.partition("|")
    if not bar or not encoder.strip() or not decoder.strip():
        raise ArgumentError(
            f"layers {layers!r}: write the encoder's layers, |, and the decoder's, as in "
            "'bidirectional \"lstm 64\" | 64 lstm'"
        )
    return parse_layers(encoder.strip(), 1), parse_layers(decoder.strip(), 1)
