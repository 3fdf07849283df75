"""An encoder–decoder as a file, in the format of all models."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from glassnet.errors import ModelFileError
from glassnet.files import write_file
from glassnet.graph.types import Array, DType
from glassnet.nn.layers import Layer

if TYPE_CHECKING:
    from glassnet.training.model_file import Document
    from glassnet.training.translation.model import EncoderDecoder

__all__ = ["restore", "save"]


def save(net: EncoderDecoder, path: str | os.PathLike[str]) -> Path:
    """Write an encoder–decoder to a file; return its path."""
    from safetensors.numpy import save as serialise

    import glassnet
    from glassnet.training.model_file import FORMAT, KEY

    about = {
        "format": FORMAT,
        "version": glassnet.__version__,
        "encoder_decoder": {
            **net.parts.to_json(),
            "seed": net.seed,
            "dtype": str(net.dtype),
            "source": None if net.source is None else net.source.to_json(),
            "target": net.target.to_json(),
        },
        "training": net.training,
        "conventions": {"weights": "[to, from]"},
    }
    tensors = {f"parameters/{key}": np.ascontiguousarray(v) for key, v in net.parameters.items()}
    tensors |= {f"statistics/{key}": np.ascontiguousarray(v) for key, v in net.statistics.items()}
    text = json.dumps(about, ensure_ascii=False, allow_nan=False)
    return write_file(path, bytes(serialise(tensors, {KEY: text})))


def restore(about: Document, tensors: dict[str, Array]) -> EncoderDecoder:
    """Return an encoder–decoder from a document and tensors that are not trusted."""
    from glassnet.training.model_file import compare
    from glassnet.training.translation.model import EncoderDecoder
    from glassnet.training.translation.parts import Parts
    from glassnet.training.translation.symbols import SourceReader, TargetReader

    known = about.inside("encoder_decoder")
    target = TargetReader.from_json(known.get("target", dict))
    stored = known.get("source", dict, type(None))
    source = None if stored is None else SourceReader.from_json(stored)
    inputs = known.get("inputs", list)
    if not inputs or not all(type(length) is int for length in inputs):
        raise ModelFileError("encoder_decoder: inputs must be whole numbers")
    if known.get("symbols", int) != len(target.vocabulary):
        raise ModelFileError("encoder_decoder: symbols and the vocabulary differ")
    if known.get("steps", int) != target.longest:
        raise ModelFileError("encoder_decoder: steps and the target's length differ")
    encoder = [Layer.from_json(entry) for entry in known.get("encoder", list)]
    decoder = [Layer.from_json(entry) for entry in known.get("decoder", list)]
    dtype = DType(known.get("dtype", str))
    # Compared before anything of the size that the file asks for is made.
    parts = Parts(
        tuple(encoder),
        tuple(inputs),
        tuple(decoder),
        len(target.vocabulary),
        target.longest,
        known.get("embedding", int),
        known.get("attention", bool),
        float(known.get("dropout", float, int)),
    )
    expected = {f"parameters/{key}": entry for key, entry in parts.parameters().items()}
    expected |= {f"statistics/{key}": entry for key, entry in parts.statistics().items()}
    compare(expected, tensors, dtype)
    net = EncoderDecoder(
        encoder,
        decoder,
        inputs=inputs,
        target=target,
        source=source,
        embedding=parts.embedding,
        attention=parts.attention,
        dropout=parts.dropout,
        seed=known.get("seed", int),
        dtype=dtype,
    )
    if source is not None:
        tables = [layer for layer in net.parts.encoder if layer.name == "embedding"]
        sizes = [getattr(layer, "vocabulary", None) for layer in tables]
        if sizes != [len(source.vocabulary)]:
            raise ModelFileError("encoder_decoder: the embedding and the source's symbols differ")
    for key in net.parameters:
        net.parameters[key] = np.array(tensors[f"parameters/{key}"])
    for key in net.statistics:
        net.statistics[key] = np.array(tensors[f"statistics/{key}"])
    net.training = about.inside("training").data
    return net
