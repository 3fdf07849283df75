"""The names that users see as `glassnet.…`, gathered from their rooms.

They are loaded when one of them is first used (see `glassnet/__init__.py`), so that the command
line answers to Ctrl-C from its first moment on, and loads only what a command needs.
"""

from typing import TYPE_CHECKING, Any

from glassnet.engines import Program
from glassnet.errors import ConvergenceWarning, GlassnetError
from glassnet.graph import DType, Graph, Tensor, TensorType, grad, trace, verify
from glassnet.learning import (
    Adagrad,
    Adam,
    AdamW,
    AdaptiveGain,
    Constant,
    Cosine,
    Exponential,
    GradientDescent,
    Momentum,
    Nesterov,
    ReduceOnPlateau,
    RMSProp,
    StepDecay,
    WarmUp,
)
from glassnet.nn import activations, initializers, losses
from glassnet.nn.activations import (
    bipolar_logistic,
    elu,
    gelu,
    leaky_relu,
    log_softmax,
    relu,
    signum,
    softmax,
    softsign,
    threshold,
)
from glassnet.nn.layers import (
    GRU,
    LSTM,
    RNN,
    Apply,
    Average,
    BatchNorm,
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    Mask,
    Recurrent,
    cell,
)
from glassnet.ops import absolute as abs  # noqa: A004
from glassnet.ops import (
    add,
    argmax,
    broadcast,
    cast,
    clip,
    concatenate,
    cos,
    divide,
    equal,
    erf,
    exp,
    expm1,
    floor,
    gather,
    less,
    less_equal,
    log,
    log1p,
    logical_not,
    logistic,
    logsumexp,
    matmul,
    maximum,
    mean,
    minimum,
    multiply,
    negate,
    not_equal,
    one_hot,
    ones,
    pad,
    power,
    random_normal,
    random_uniform,
    reshape,
    scan,
    scatter_add,
    select,
    sign,
    sin,
    softplus,
    sqrt,
    square,
    stack,
    stop_gradient,
    subtract,
    tanh,
    tensor,
    transpose,
    zeros,
)
from glassnet.ops import max_ as max  # noqa: A004
from glassnet.ops import slice_ as slice  # noqa: A004
from glassnet.ops import sum_ as sum  # noqa: A004
from glassnet.training import History, Network, Run, Runs, fit, fit_many, load

if TYPE_CHECKING:
    from glassnet.data.text import BagOfWords
    from glassnet.explain import (
        check,
        derivation,
        draw,
        exercise,
        explain,
        paths,
        program,
        worksheet,
    )
    from glassnet.explain.time import (
        gates_over_time,
        gradient_through_time,
        unrolled,
        vanishing,
    )
    from glassnet.rules import (
        LVQ,
        Adaline,
        Competitive,
        Hebb,
        LeastMeanSquares,
        NearestNeighbours,
        Oja,
        Perceptron,
        Sanger,
        SelfOrganisingMap,
        StochasticNeuron,
        logic,
    )

# What shows networks that go through time, loaded in the same way.
TIME = ("gates_over_time", "gradient_through_time", "unrolled", "vanishing")

# Classical rules, loaded when one of them is first used.
RULES = (
    "Adaline",
    "Competitive",
    "Hebb",
    "LVQ",
    "LeastMeanSquares",
    "NearestNeighbours",
    "Oja",
    "Perceptron",
    "Sanger",
    "SelfOrganisingMap",
    "StochasticNeuron",
    "logic",
)

__all__ = [
    "GRU",
    "LSTM",
    "LVQ",
    "RNN",
    "Adagrad",
    "Adaline",
    "Adam",
    "AdamW",
    "AdaptiveGain",
    "Apply",
    "Average",
    "BagOfWords",
    "BatchNorm",
    "Bidirectional",
    "Competitive",
    "Constant",
    "ConvergenceWarning",
    "Cosine",
    "DType",
    "Dense",
    "Dropout",
    "Embedding",
    "Exponential",
    "GlassnetError",
    "GradientDescent",
    "Graph",
    "Hebb",
    "History",
    "LeastMeanSquares",
    "Mask",
    "Momentum",
    "NearestNeighbours",
    "Nesterov",
    "Network",
    "Oja",
    "Perceptron",
    "Program",
    "RMSProp",
    "Recurrent",
    "ReduceOnPlateau",
    "Run",
    "Runs",
    "Sanger",
    "SelfOrganisingMap",
    "StepDecay",
    "StochasticNeuron",
    "Tensor",
    "TensorType",
    "WarmUp",
    "abs",
    "activations",
    "add",
    "argmax",
    "bipolar_logistic",
    "broadcast",
    "cast",
    "cell",
    "check",
    "clip",
    "concatenate",
    "cos",
    "derivation",
    "divide",
    "draw",
    "elu",
    "equal",
    "erf",
    "exercise",
    "exp",
    "explain",
    "expm1",
    "fit",
    "fit_many",
    "floor",
    "gates_over_time",
    "gather",
    "gelu",
    "grad",
    "gradient_through_time",
    "initializers",
    "leaky_relu",
    "less",
    "less_equal",
    "load",
    "log",
    "log1p",
    "log_softmax",
    "logic",
    "logical_not",
    "logistic",
    "logsumexp",
    "losses",
    "matmul",
    "max",
    "maximum",
    "mean",
    "minimum",
    "multiply",
    "negate",
    "not_equal",
    "one_hot",
    "ones",
    "pad",
    "paths",
    "power",
    "program",
    "random_normal",
    "random_uniform",
    "relu",
    "reshape",
    "scan",
    "scatter_add",
    "select",
    "sign",
    "signum",
    "sin",
    "slice",
    "softmax",
    "softplus",
    "softsign",
    "sqrt",
    "square",
    "stack",
    "stop_gradient",
    "subtract",
    "sum",
    "tanh",
    "tensor",
    "threshold",
    "trace",
    "transpose",
    "unrolled",
    "vanishing",
    "verify",
    "worksheet",
    "zeros",
]


def __getattr__(name: str) -> Any:
    """Load what few programs use when it is first used."""
    if name in (
        "check",
        "derivation",
        "draw",
        "exercise",
        "explain",
        "paths",
        "program",
        "worksheet",
    ):
        from glassnet import explain

        return explain if name == "explain" else getattr(explain, name)
    if name in TIME:
        from glassnet.explain import time

        return getattr(time, name)
    if name == "BagOfWords":
        from glassnet.data.text import BagOfWords

        return BagOfWords
    if name in RULES:
        from glassnet import rules

        return getattr(rules, name)
    raise AttributeError(f"module 'glassnet.public' has no attribute {name!r}")
