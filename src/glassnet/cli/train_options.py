"""The options of `glassnet train` alone, as types for its parameters."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from glassnet.cli.options import FILES, LEARNING, NETWORK, READING, STOPPING

Target = Annotated[
    str | None,
    typer.Option(
        metavar="COLUMN",
        help="What is to be learnt: a column's name, or its number from 1; the last if not said.",
        show_default=False,
    ),
]
Task = Annotated[
    str | None,
    typer.Option(
        metavar="TASK",
        help="classification or regression; decided by the target's column if not said.",
        show_default=False,
    ),
]
RuleOption = Annotated[
    str | None,
    typer.Option(
        "--rule",
        metavar="TEXT",
        help="A classical learning rule and its settings in place of a network, as in "
        "'perceptron', 'nearest k=3' or 'som rows=10 columns=12'; `glassnet rules` lists them.",
        rich_help_panel=NETWORK,
        show_default=False,
    ),
]
Layers = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="The layers, as in '32 relu, dropout 0.2, softmax': the last is softmax for classes, "
        "linear for numbers, and gets the outputs that are needed. One layer of 32 tanh neurons "
        "if not said (64 relu for many rows).",
        rich_help_panel=NETWORK,
        show_default=False,
    ),
]
DType = Annotated[
    str | None,
    typer.Option(
        metavar="TYPE",
        help="The type of all numbers, float32 or float64; float32 if not said (of a rule, its "
        "own).",
        rich_help_panel=NETWORK,
        show_default=False,
    ),
]
Loss = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="cross_entropy, binary_cross_entropy, mse, half_squared_error; what fits the "
        "outputs if not said.",
        rich_help_panel=LEARNING,
        show_default=False,
    ),
]
OptimizerOption = Annotated[
    str | None,
    typer.Option(
        "--optimizer",
        metavar="TEXT",
        help="The optimiser and its settings, as in 'nesterov 0.05' or 'adam 0.01 beta1=0.8'; "
        "adam 0.01 if not said (adam 0.003 for many rows).",
        rich_help_panel=LEARNING,
        show_default=False,
    ),
]
Mode = Annotated[
    str,
    typer.Option(
        metavar="MODE",
        help="Whether a step learns from a few examples (minibatch), one (online) or all (batch).",
        rich_help_panel=LEARNING,
    ),
]
BatchSize = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="The examples in a mini-batch; 32 if not said (128 for very many rows).",
        rich_help_panel=LEARNING,
        show_default=False,
    ),
]
ClassWeight = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT",
        help="'balanced', so that rare classes count as much as frequent ones; or a weight for "
        "each, as in 'yes=3,no=1'.",
        rich_help_panel=LEARNING,
        show_default=False,
    ),
]
ClipNorm = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        help="The largest norm of the gradients.",
        rich_help_panel=LEARNING,
        show_default=False,
    ),
]
ClipValue = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        help="The largest size of a gradient's entries.",
        rich_help_panel=LEARNING,
        show_default=False,
    ),
]
L1 = Annotated[
    float,
    typer.Option(
        "--l1",
        metavar="X",
        help="λ of a penalty λ Σ|w| on the weights; 0 if not said.",
        rich_help_panel=LEARNING,
        show_default=False,
    ),
]
L2 = Annotated[
    float | None,
    typer.Option(
        "--l2",
        metavar="X",
        help="λ of a penalty (λ/2) Σw² on the weights; 0.001 if not said (0.0001 for many rows).",
        rich_help_panel=LEARNING,
        show_default=False,
    ),
]
Seed = Annotated[
    int,
    typer.Option(
        metavar="N",
        help="Where all that is random is drawn from: the split, the first weights, the order.",
        rich_help_panel=LEARNING,
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="native (C++) or reference (NumPy, every value kept); the native one if not said, "
        "where it can be used.",
        rich_help_panel=LEARNING,
        show_default=False,
    ),
]
Epochs = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="How often each example is learnt from, at most; 300 if not said.",
        rich_help_panel=STOPPING,
        show_default=False,
    ),
]
Patience = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Stop when the validation loss has not improved for N epochs, and go back to the "
        "best; 20 if not said (10 for many rows); 0: never stop early.",
        rich_help_panel=STOPPING,
        show_default=False,
    ),
]
Validation = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="The share of the rows that early stopping looks at; 0.2 if not said, 0 for none.",
        rich_help_panel=STOPPING,
        show_default=False,
    ),
]
Test = Annotated[
    float | None,
    typer.Option(
        metavar="SHARE",
        help="The share of the rows held back for the final test; 0.2 if not said, 0 for none. "
        "An official test part is taken where there is one.",
        rich_help_panel=STOPPING,
        show_default=False,
    ),
]
TestData = Annotated[
    str | None,
    typer.Option(
        metavar="DATA",
        help="Test on this file instead of a share of the rows.",
        rich_help_panel=STOPPING,
        show_default=False,
    ),
]
Minutes = Annotated[
    float | None,
    typer.Option(
        metavar="X",
        help="Of texts: learn for so long, in place of a number of epochs.",
        rich_help_panel=STOPPING,
        show_default=False,
    ),
]
Truncate = Annotated[
    str | None,
    typer.Option(
        metavar="K",
        help="Of texts: how many characters gradients go back (64 if not said); or k1,k2: an "
        "update after each k1 characters, gradients k2 back.",
        rich_help_panel=LEARNING,
        show_default=False,
    ),
]
Streams = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        help="Of texts: in how many parts, learnt from side by side, it is cut (32 if not said).",
        rich_help_panel=LEARNING,
        show_default=False,
    ),
]
Text = Annotated[
    str | None,
    typer.Option(
        "--text",
        metavar="KIND",
        help="Of sentences with labels: how they are read: bag (a bag of words and pairs), average "
        "(of learnt rows, one for each word), lstm, or all three side by side; bag if not said.",
        rich_help_panel=NETWORK,
        show_default=False,
    ),
]
TargetText = Annotated[
    str | None,
    typer.Option(
        "--target-text",
        metavar="FILE",
        help="The translations of the lines of DATA, a line each: an encoder–decoder learns them.",
        rich_help_panel=NETWORK,
        show_default=False,
    ),
]
LongestWords = Annotated[
    int | None,
    typer.Option(
        "--words",
        metavar="N",
        help="Of parallel text: leave out pairs with more words in one of them (20 if not said).",
        rich_help_panel=STOPPING,
        show_default=False,
    ),
]
Attention = Annotated[
    bool | None,
    typer.Option(
        "--attention/--no-attention",
        help="Of pairs of texts: whether the decoder looks back at each word (yes if not said).",
        rich_help_panel=NETWORK,
        show_default=False,
    ),
]
TeacherForcing = Annotated[
    str | None,
    typer.Option(
        metavar="SHARE",
        help="Of pairs: the share of the steps that are given the right symbol before, or a "
        "schedule such as 'cosine 1 final=0.5'; 1 if not said.",
        rich_help_panel=LEARNING,
        show_default=False,
    ),
]
Standardize = Annotated[
    bool,
    typer.Option(
        "--standardize/--no-standardize",
        help="Whether numbers are brought to mean 0 and standard deviation 1.",
        rich_help_panel=READING,
    ),
]
Impute = Annotated[
    bool,
    typer.Option(
        "--impute/--no-impute",
        help="Whether missing values are filled in; if not, they are errors.",
        rich_help_panel=READING,
    ),
]
Out = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="The model's file. If not said, a new one in this folder, named after the data.",
        rich_help_panel=FILES,
        show_default=False,
    ),
]
Plot = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Draw the learning curves, or what a rule has learnt: .svg, .png or .pdf.",
        rich_help_panel=FILES,
        show_default=False,
    ),
]
HistoryOption = Annotated[
    Path | None,
    typer.Option(
        "--history",
        metavar="FILE",
        help="Write the measures of each epoch as CSV.",
        rich_help_panel=FILES,
        show_default=False,
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Print nothing but errors.", rich_help_panel=FILES),
]
ShowProgress = Annotated[
    bool,
    typer.Option(
        "--progress/--no-progress",
        help="Whether to show a progress bar, where someone is there to see it.",
        rich_help_panel=FILES,
    ),
]
