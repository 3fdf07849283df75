"""ONNX Runtime: a network of four nodes, with the session's own settings."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from glassnet.bench.rungs import Rung, Runner, Timing

__all__ = ["RUNNERS"]

CALLS = 500


def _model(rung: Rung) -> bytes:
    onnx: Any = import_module("onnx")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    random = np.random.default_rng(0)
    shapes = {
        "w1": (rung.hidden, rung.inputs),
        "b1": (rung.hidden,),
        "w2": (rung.classes, rung.hidden),
        "b2": (rung.classes,),
    }
    weights = [
        onnx.numpy_helper.from_array(random.normal(size=shape).astype(np.float32) / 8, name)
        for name, shape in shapes.items()
    ]
    nodes = [
        helper.make_node("Gemm", ["x", "w1", "b1"], ["v1"], transB=1),
        helper.make_node("Tanh", ["v1"], ["y1"]),
        helper.make_node("Gemm", ["y1", "w2", "b2"], ["v2"], transB=1),
        helper.make_node("ArgMax", ["v2"], ["class"], axis=1, keepdims=0),
    ]
    x = helper.make_tensor_value_info("x", floats, [None, rung.inputs])
    found = helper.make_tensor_value_info("class", onnx.TensorProto.INT64, [None])
    graph = helper.make_graph(nodes, "network", [x], [found], weights)
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=8).SerializeToString()


def _predict(rung: Rung) -> Runner:
    runtime: Any = import_module("onnxruntime")
    session = runtime.InferenceSession(_model(rung), providers=["CPUExecutionProvider"])
    x = np.random.default_rng(0).normal(size=(1, rung.inputs)).astype(np.float32)

    def run(rounds: int) -> Timing:
        start = time.perf_counter()
        for _ in range(CALLS * rounds):
            session.run(None, {"x": x})
        return Timing(time.perf_counter() - start, CALLS * rounds)

    return run


RUNNERS: dict[str, Callable[[Rung], Runner]] = {"predict": _predict}
