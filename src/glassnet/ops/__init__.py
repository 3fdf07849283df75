"""The primitive operations, one file each or one for a close family; everything is made of them."""

from glassnet.ops.arithmetic import add, divide, multiply, negate, power, square, subtract
from glassnet.ops.compare import equal, less, less_equal, logical_not, not_equal
from glassnet.ops.erf import erf
from glassnet.ops.exponential import exp, expm1, log, log1p, sqrt
from glassnet.ops.extremes import absolute, clip, floor, maximum, minimum, sign
from glassnet.ops.gather import gather, one_hot, scatter_add
from glassnet.ops.joining import concatenate, pad, slice_, stack
from glassnet.ops.logsumexp import logsumexp
from glassnet.ops.matmul import matmul
from glassnet.ops.random import random_normal, random_uniform
from glassnet.ops.reductions import argmax, max_, mean, sum_
from glassnet.ops.scan import scan
from glassnet.ops.select import cast, select
from glassnet.ops.shape import broadcast, reshape, transpose
from glassnet.ops.sigmoid import logistic, tanh
from glassnet.ops.softplus import softplus
from glassnet.ops.sources import constant, input_tensor, ones, tensor, zeros
from glassnet.ops.stop_gradient import stop_gradient
from glassnet.ops.trigonometric import cos, sin

__all__ = [
    "absolute",
    "add",
    "argmax",
    "broadcast",
    "cast",
    "clip",
    "concatenate",
    "constant",
    "cos",
    "divide",
    "equal",
    "erf",
    "exp",
    "expm1",
    "floor",
    "gather",
    "input_tensor",
    "less",
    "less_equal",
    "log",
    "log1p",
    "logical_not",
    "logistic",
    "logsumexp",
    "matmul",
    "max_",
    "maximum",
    "mean",
    "minimum",
    "multiply",
    "negate",
    "not_equal",
    "one_hot",
    "ones",
    "pad",
    "power",
    "random_normal",
    "random_uniform",
    "reshape",
    "scan",
    "scatter_add",
    "select",
    "sign",
    "sin",
    "slice_",
    "softplus",
    "sqrt",
    "square",
    "stack",
    "stop_gradient",
    "subtract",
    "sum_",
    "tanh",
    "tensor",
    "transpose",
    "zeros",
]
